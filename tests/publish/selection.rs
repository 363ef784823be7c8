//! Which files of a folder are published: patterns, ignore files, and what isn't an asset.

use std::collections::BTreeSet;
use std::fs;

use rblxopencloud::ErrorKind;
use rblxopencloud::publish::Publisher;

use crate::support::fails;
use crate::support::folder::{Folder, complete, image, paths, plan_of, problems, sandbox, uploads, user};

/// The files of the table of patterns.
const FILES: &[&str] = &[
    "Photo.PNG",
    "crate.png",
    "drafts/old/s2.png",
    "drafts/photo.jpg.png",
    "drafts/secret.png",
    "ui/button.png",
    "ui/drafts/deep.png",
    "ui/icons/a.png",
];

fn folder() -> Folder {
    let files: Vec<(&str, Vec<u8>)> = FILES.iter().enumerate().map(|(number, name)| (*name, image(number))).collect();
    Folder::new(&files)
}

#[test]
fn excluded_files_are_never_sent() {
    let rest = ["Photo.PNG", "crate.png", "ui/button.png", "ui/icons/a.png"];
    let without_root_drafts = ["Photo.PNG", "crate.png", "ui/button.png", "ui/drafts/deep.png", "ui/icons/a.png"];
    for (pattern, published) in [
        ("drafts/", &rest[..]),
        ("drafts", &rest),
        ("DRAFTS", &rest),
        ("**/drafts", &rest),
        ("**/drafts/**", &rest),
        ("draft*", &rest),
        ("{drafts,old}/", &rest),
        ("/drafts", &without_root_drafts),
        ("./drafts/", &without_root_drafts),
        ("drafts/**", &without_root_drafts),
        ("drafts/*", &without_root_drafts),
        ("drafts//**", &without_root_drafts),
        ("drafts/**/*.{png,jpg}", &without_root_drafts),
        ("/{drafts,old}/**", &without_root_drafts),
        ("[d]rafts/**", &without_root_drafts),
        ("dr?fts/", &rest),
    ] {
        let sandbox = sandbox();
        let report = folder().publisher(&sandbox).exclude(pattern).run().expect("there is a report");
        complete(&report);
        assert_eq!(paths(&report), published, "{pattern}");
        assert_eq!(sandbox.assets().len(), published.len(), "{pattern}");
    }
}

#[test]
fn included_files_are_those_that_the_pattern_means() {
    for (pattern, published) in [
        ("**/*.png", FILES),
        ("*.png", FILES),
        ("**", FILES),
        (".", FILES),
        ("/*.png", &["Photo.PNG", "crate.png"]),
        ("./*.PNG", &["Photo.PNG", "crate.png"]),
        ("photo.png", &["Photo.PNG"]),
        ("UI/", &["ui/button.png", "ui/drafts/deep.png", "ui/icons/a.png"]),
        ("/ui", &["ui/button.png", "ui/drafts/deep.png", "ui/icons/a.png"]),
        ("ui/**", &["ui/button.png", "ui/drafts/deep.png", "ui/icons/a.png"]),
        ("ui/*", &["ui/button.png"]),
        ("ui/*/", &["ui/drafts/deep.png", "ui/icons/a.png"]),
        ("{crate,photo}.png", &["Photo.PNG", "crate.png"]),
        ("ui/{icons,missing}", &["ui/icons/a.png"]),
        ("crat?.[pq]ng", &["crate.png"]),
        ("[!p]*.png", &["crate.png", "drafts/secret.png", "drafts/old/s2.png"]),
    ] {
        let sandbox = sandbox();
        let report = folder().publisher(&sandbox).include(pattern).run().expect("there is a report");
        complete(&report);
        let (found, expected): (BTreeSet<&str>, BTreeSet<&str>) =
            (paths(&report).into_iter().collect(), published.iter().copied().collect());
        match pattern.starts_with("[!") {
            true => assert!(found.is_superset(&expected) && !found.contains("Photo.PNG"), "{pattern}: {found:?}"),
            false => assert_eq!(found, expected, "{pattern}"),
        }
    }
}

#[test]
fn patterns_that_are_not_understood_are_refused_with_the_right_form() {
    let sandbox = sandbox();
    let folder = folder();
    for (pattern, says) in [
        ("!crate.png", ".assetignore"),
        ("drafts\\secret.png", "/"),
        ("drafts\\*.png", "/"),
        ("../other/*.png", ".."),
        ("**.png", "**/*.png"),
        ("a/***", "**"),
        ("{a,b", "{"),
        ("[ab", "["),
        (" drafts", "white space"),
        ("drafts/ ", "white space"),
        ("", "empty"),
    ] {
        for publisher in [
            folder.publisher(&sandbox).exclude(pattern),
            folder.publisher(&sandbox).include(pattern),
            folder.publisher(&sandbox).asset_type(pattern, rblxopencloud::AssetType::Decal),
        ] {
            for result in [
                publisher.run().map(drop),
                publisher.plan().map(drop),
                publisher.check(),
                publisher.published().map(drop),
            ] {
                let error = fails(result, ErrorKind::InvalidInput).to_string();
                assert!(error.contains(says) && error.contains(&format!("{pattern:?}")), "{pattern}: {error}");
            }
        }
    }
    assert_eq!(sandbox.requests().len(), 0);
    assert!(fs::read_dir(folder.0.path()).expect("it is there").count() == 1, "nothing is created");
}

#[test]
fn an_include_that_matches_nothing_is_a_problem_before_anything_is_sent() {
    for (patterns, right_form) in [
        (&["assets/**/*.png"][..], Some("**/*.png")),
        (&["assets/ui/"], Some("/ui/")),
        (&["missing/"], None),
        (&["**/*.png", "missing/**"], None),
        (&["*.jpeg"], None),
    ] {
        let sandbox = sandbox();
        let folder = folder();
        let mut publisher = folder.publisher(&sandbox);
        for pattern in patterns {
            publisher = publisher.include(*pattern);
        }
        let last = patterns[patterns.len() - 1];
        let is_told = |text: &str| {
            assert!(text.contains("matches no file") && text.contains(last), "{last}: {text}");
            assert!(right_form.is_none_or(|form| text.contains(&format!("{form:?}"))), "{last}: {text}");
        };
        is_told(&problems(&plan_of(&publisher).problems));
        is_told(&publisher.check().expect_err("it is a problem").to_string());
        is_told(&problems(&publisher.published().expect("there is a report").problems));
        let report = publisher.run().expect("there is a report");
        is_told(&problems(&report.problems));
        assert!(report.exit_code() != 0 && !report.is_complete(), "{report}");
        assert_eq!(uploads(&sandbox), 0, "{patterns:?}");
    }
}

#[test]
fn a_missing_folder_is_told_before_anything_is_created() {
    let sandbox = sandbox();
    let folder = Folder::new(&[]);
    let missing = folder.0.path().join("missing");
    for lock in [missing.join("assets.lock.json"), missing.join("deep/assets.lock.json"), folder.lock()] {
        let publisher = Publisher::new(&user(&sandbox)).lock_file(&lock).folder(&missing);
        for result in [publisher.run().map(drop), publisher.plan().map(drop), publisher.check()] {
            let error = fails(result, ErrorKind::Io).to_string();
            assert!(error.contains("missing"), "{error}");
        }
        assert!(!missing.exists() && !lock.exists());
        assert_eq!(fs::read_dir(folder.0.path()).expect("it is there").count(), 1);
    }
}

#[test]
fn no_file_at_all_is_a_problem_if_the_lock_knows_some() {
    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    complete(&folder.run(&sandbox));
    let lock = fs::read(folder.lock()).expect("it is there");
    let empty = |publisher: Publisher| {
        sandbox.clear_requests();
        let report = publisher.run().expect("there is a report");
        assert!(report.exit_code() != 0, "{report}");
        assert!(problems(&report.problems).contains("no file"), "{}", problems(&report.problems));
        assert!(problems(&plan_of(&publisher).problems).contains("no file"));
        assert!(publisher.check().expect_err("it is a problem").to_string().contains("no file"));
        assert_eq!(sandbox.requests().len(), 0);
        assert_eq!(fs::read(folder.lock()).expect("it is there"), lock, "the names stay");
    };
    empty(folder.publisher(&sandbox).exclude("**"));
    fs::remove_dir_all(folder.assets()).expect("it is there");
    fs::create_dir(folder.assets()).expect("its name is free");
    empty(folder.publisher(&sandbox));
    // A submodule that isn't there.
    folder.write(".git", b"gitdir: ../.git/modules/assets");
    folder.write("README.md", b"text");
    empty(folder.publisher(&sandbox));
}

#[test]
fn ignore_files_are_read_in_each_folder() {
    let sandbox = sandbox();
    let folder = folder();
    folder.write(".assetignore", b"# drafts\ndrafts/\n*.jpg\nicons/*\n!icons/keep.png\n/photo.png\n");
    folder.write("ui/.assetignore", b"/button.png\n!deep.png\n");
    folder.write("ui/icons/keep.png", &image(50));
    folder.write("icons/keep.png", &image(51));
    folder.write("button.png", &image(52));
    let report = folder.run(&sandbox);
    complete(&report);
    assert_eq!(paths(&report), ["button.png", "crate.png", "icons/keep.png", "ui/icons/a.png", "ui/icons/keep.png"]);
    // The same folder and a file in it, added again.
    let again =
        folder.publisher(&sandbox).folder(folder.assets().join("ui/..")).file(folder.assets().join("./crate.png"));
    complete(&again.run().expect("there is a report"));
    let report = folder.publisher(&sandbox).include("**/*.png").run().expect("there is a report");
    assert_eq!(report.files.len(), 5, "an include takes nothing back");
    for (text, says) in [("a\n*.{png,jpg}\n", "line 2"), ("[a\n", "line 1")] {
        folder.write(".assetignore", text.as_bytes());
        let error = fails(folder.publisher(&sandbox).plan(), ErrorKind::InvalidInput).to_string();
        assert!(error.contains(says) && error.contains(".assetignore"), "{error}");
    }
}

#[test]
fn patterns_without_a_match_are_noted_and_those_in_a_wrong_form_are_problems() {
    let sandbox = sandbox();
    let folder = folder();
    let absolute = folder.assets().join("drafts").to_str().expect("it is UTF-8").replace('\\', "/");
    for (pattern, right_form) in [
        ("assets/drafts", "/drafts"),
        ("assets/drafts/**", "drafts/**"),
        ("./assets/drafts/**/*.{png,jpg}", "drafts/**/*.{png,jpg}"),
        (absolute.as_str(), "/drafts"),
    ] {
        let report = folder.publisher(&sandbox).exclude(pattern).run().expect("there is a report");
        let told = problems(&report.problems);
        assert!(told.contains("Publisher::exclude") && told.contains(&format!("{right_form:?}")), "{pattern}: {told}");
        assert_eq!(uploads(&sandbox), 0, "{pattern}");
        let typed = folder.publisher(&sandbox).asset_type(pattern, rblxopencloud::AssetType::Decal);
        assert!(problems(&plan_of(&typed).problems).contains("Publisher::asset_type"), "{pattern}");
    }
    let publisher = folder.publisher(&sandbox).exclude("missing/").exclude("*.psd").exclude(".git/").exclude("ui");
    let (plan, report) = (plan_of(&publisher), publisher.run().expect("there is a report"));
    complete(&report);
    for notes in [&plan.notes, &report.notes] {
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].contains("\"missing/\"") && notes[1].contains("\"*.psd\""), "{notes:?}");
    }
    publisher.check().expect("everything is published");
}

#[test]
fn a_note_tells_how_many_files_of_which_kinds_are_left_out() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    for name in ["a.psd", "b.PSD", "ui/c.blend", "notes.txt", "Makefile", "x.p\u{e9}"] {
        folder.write(name, b"x");
    }
    let report = folder.run(&sandbox);
    let note =
        "6 files are left out, because their extensions aren't those of assets: 2 .psd, 1 .blend, 1 .txt, 2 others";
    assert_eq!((report.notes.as_slice(), report.exit_code()), (&[note.to_owned()][..], 0));
    assert_eq!(plan_of(&folder.publisher(&sandbox)).notes, [note]);
}

/// Work files and what systems and editors leave.
#[test]
fn files_that_are_no_assets_are_left_out_in_one_line() {
    let sandbox = sandbox();
    let folder = Folder::new(&[
        ("crate.png", image(1)),
        ("notes.txt", b"x".to_vec()),
        ("crate.blend", b"x".to_vec()),
        ("crate.blend1", b"x".to_vec()),
        ("logo.svg", b"x".to_vec()),
        ("icon.psd", b"x".to_vec()),
        ("ui/icon.PSD", b"x".to_vec()),
        ("crate.png.import", b"x".to_vec()),
        ("crate.png.meta", b"x".to_vec()),
        ("crate.png~", b"x".to_vec()),
        ("crate.png.bak", b"x".to_vec()),
        ("Makefile", b"x".to_vec()),
        ("Thumbs.db", b"x".to_vec()),
        ("ehthumbs.db", b"x".to_vec()),
        (".DS_Store", b"x".to_vec()),
        ("._crate.png", b"x".to_vec()),
        ("__MACOSX/._crate.png", b"x".to_vec()),
        ("@eaDir/crate.png/thumb.png", image(7)),
        ("assets.luau", b"x".to_vec()),
    ]);
    for publisher in [
        folder.publisher(&sandbox),
        folder.publisher(&sandbox).include("**"),
        folder.publisher(&sandbox).asset_type("**", rblxopencloud::AssetType::Image),
    ] {
        let report = publisher.run().expect("there is a report");
        complete(&report);
        assert_eq!(paths(&report), ["crate.png"]);
        publisher.check().expect("everything is published");
        assert_eq!(plan_of(&publisher).problems.len(), 0);
    }
    assert_eq!(uploads(&sandbox), 1);
    // What is named on purpose is told.
    let publisher = folder.publisher(&sandbox).include("**/*.psd");
    assert!(problems(&plan_of(&publisher).problems).contains("known asset type"));
}

/// What people write who know other tools. It must not publish what was meant to stay.
#[test]
fn excludes_in_a_form_that_matches_nothing_are_problems() {
    let sandbox = sandbox();
    let folder = Folder::new(&[
        ("crate.png", image(1)),
        ("drafts/secret.png", image(2)),
        ("drafts/old/s2.png", image(3)),
        ("wave.wav", b"RIFF".to_vec()),
    ]);
    for (pattern, words) in [
        ("drafts/secret", "write \"drafts/secret.*\""),
        ("secret", "write \"secret.*\", or \"secret/\" for a folder"),
        (".wav", "\"*.wav\""),
        ("wav", "\"*.wav\""),
        ("WAV", "\"*.WAV\""),
        ("drafts/, *.psd", "call Publisher::exclude once for each pattern"),
        ("*.psd;drafts/**", "call Publisher::exclude once for each pattern"),
        ("src/a.png,drafts", "call Publisher::exclude once for each pattern"),
        ("/home/me/game/assets/drafts", "write \"/drafts\""),
        ("another-checkout/Assets/drafts/*.png", "write \"drafts/*.png\""),
    ] {
        let publisher = folder.publisher(&sandbox).exclude(pattern);
        let report = publisher.run().expect("there is a report");
        assert_eq!(report.exit_code(), 3, "{pattern}");
        assert!(problems(&report.problems).contains(words), "{pattern}: {}", problems(&report.problems));
        assert!(problems(&plan_of(&publisher).problems).contains(words), "{pattern}");
        fails(publisher.check(), ErrorKind::InvalidInput);
    }
    for (pattern, words) in [
        ("~/game/assets/drafts", "only a shell knows ~"),
        ("drafts|old", "there are no alternatives with |"),
        ("@(drafts|old)/**", "write each of them as a pattern"),
        ("\u{feff}drafts", "it has characters that nobody sees; write \"drafts\""),
        ("dra\u{200b}fts", "write \"drafts\""),
        ("drafts\u{7}", "write \"drafts\""),
        ("drafts\r", "it has white space around it"),
    ] {
        let error = fails(folder.publisher(&sandbox).exclude(pattern).run(), ErrorKind::InvalidInput).to_string();
        assert!(error.contains(words), "{pattern}: {error}");
    }
    assert_eq!(uploads(&sandbox), 0);
    // What names nothing at all is noted, as before.
    for pattern in ["missing", "missing/secret", ".ogg", "*.psd,*.blend", "missing/"] {
        let plan = plan_of(&folder.publisher(&sandbox).exclude(pattern));
        assert_eq!((plan.problems.len(), plan.notes.len()), (1, usize::from(pattern != ".ogg")), "{pattern}: {plan:?}");
    }
    for pattern in ["drafts/**/", "drafts/**", "./drafts/**/", "**/drafts/**/"] {
        let plan = plan_of(&folder.publisher(&sandbox).exclude(pattern));
        assert!(plan.files.iter().all(|file| !file.path.contains("drafts")), "{pattern}: {plan:?}");
        let plan = plan_of(&folder.publisher(&sandbox).include(pattern));
        assert_eq!(plan.files.len(), 2, "{pattern}: {plan:?}");
    }
}

#[test]
fn what_was_meant_to_be_an_ignore_file_is_an_error() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("drafts/secret.png", image(2))]);
    for name in [
        ".assetIgnore",
        ".ASSETIGNORE",
        ".assetignore.txt",
        ".assetsignore",
        "assetignore",
        "drafts/.AssetIgnore",
        ".asset-ignore",
    ] {
        folder.write(name, b"drafts/");
        // Some systems know one name for both.
        if !folder.assets().join(name.to_lowercase()).exists() || name.to_lowercase() == name {
            let error = fails(folder.publisher(&sandbox).run(), ErrorKind::InvalidInput).to_string();
            assert!(error.contains("rename it to \".assetignore\""), "{name}: {error}");
        }
        fs::remove_file(folder.assets().join(name)).expect("it is there");
    }
    for (text, words) in [
        (&b"assets/drafts\n"[..], "line 1: \"assets/drafts\" matches nothing"),
        (b"# drafts\n\nassets/drafts/\n", "line 3: \"assets/drafts/\" matches nothing"),
        (b"/assets/drafts/*.png", "write \"drafts/*.png\""),
        (&[b'#'; 1024 * 1024 + 1], "more than 1048576 bytes"),
    ] {
        folder.write(".assetignore", text);
        for result in [folder.publisher(&sandbox).run().map(drop), folder.publisher(&sandbox).check()] {
            let error = fails(result, ErrorKind::InvalidInput).to_string();
            assert!(error.contains(".assetignore") && error.contains(words), "{words}: {error}");
        }
    }
    assert_eq!(uploads(&sandbox), 0);
    // Two files that were joined, and paths that are elsewhere or nowhere.
    for text in ["\u{feff}*.psd\n\u{feff}drafts\n", "src/drafts\ndrafts/**", "drafts/secret.png\n!x/y.png"] {
        folder.write(".assetignore", text.as_bytes());
        let plan = plan_of(&folder.publisher(&sandbox));
        assert_eq!(plan.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["crate.png"], "{text:?}");
    }
}
