//! Which files of a folder are published: patterns, ignore files, names, links, and what isn't an asset.

use std::collections::BTreeSet;
use std::fs;

use rblxopencloud::ErrorKind;
use rblxopencloud::publish::{Plan, PublishProblem, Publisher, Report};

use crate::support::fails;
use crate::support::folder::{Folder, complete, image, sandbox, uploads};

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

fn paths(report: &Report) -> Vec<&str> {
    report.files.iter().map(|file| file.path.as_str()).collect()
}

fn problems(problems: &[PublishProblem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn plan_of(publisher: &Publisher) -> Plan {
    publisher.plan().expect("there is a plan")
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

/// macOS, zip and rsync write names in another Unicode form.
#[test]
fn names_are_compared_in_one_unicode_form() {
    let (composed, decomposed) = ("caf\u{e9}/\u{fc}ber.png", "cafe\u{301}/u\u{308}ber.png");
    for (on_disk, given) in [(composed, decomposed), (decomposed, composed)] {
        let sandbox = sandbox();
        let folder = Folder::new(&[(on_disk, image(1)), ("other.png", image(2))]);
        let report = folder.publisher(&sandbox).adopt(given, 77).run().expect("there is a report");
        complete(&report);
        assert_eq!((report.ids()[composed], report.uploaded()), (77, 1));
        let module = report.module().luau().expect("the names are different");
        assert!(module.contains("caf\u{e9}") && module.contains("\u{fc}ber"), "{module}");
        for pattern in [given, "CAF\u{c9}", "**/\u{dc}BER.png"] {
            let report = folder.publisher(&sandbox).include(pattern).run().expect("there is a report");
            assert_eq!(paths(&report), [composed], "{pattern}");
        }
        // The same content changes its form, and then itself.
        let from = folder.assets().join(on_disk.split('/').next().expect("a folder"));
        fs::remove_dir_all(from).expect("it is there");
        folder.write(given, &image(1));
        sandbox.clear_requests();
        complete(&folder.run(&sandbox));
        assert_eq!(sandbox.requests().len(), 0);
        folder.write(given, &image(3));
        let plan = plan_of(&folder.publisher(&sandbox));
        assert_eq!(plan.uploads().map(|file| file.action.to_string()).collect::<Vec<_>>(), ["upload: changed"]);
    }
}

/// Not on systems whose file systems have one of the names only.
#[cfg(target_os = "linux")]
#[test]
fn names_that_other_systems_take_for_one_are_problems() {
    for (one, other, says) in [
        ("crate.png", "Crate.png", "case"),
        ("\u{fc}ber.png", "\u{dc}ber.png", "case"),
        ("\u{3c3}.png", "\u{3c2}.png", "case"),
        ("UI/a.png", "ui/a.png", "case"),
        ("UI/a.png", "ui/b.png", "case"),
        ("caf\u{e9}.png", "cafe\u{301}.png", "Unicode"),
        ("caf\u{e9}/a.png", "cafe\u{301}/b.png", "Unicode"),
    ] {
        let sandbox = sandbox();
        let folder = Folder::new(&[(one, image(1)), (other, image(2)), ("good.png", image(3))]);
        let plan = plan_of(&folder.publisher(&sandbox));
        let told = problems(&plan.problems);
        assert!(told.contains(says) && told.contains("rename"), "{one}, {other}: {told}");
        let report = folder.run(&sandbox);
        assert_eq!((report.uploaded(), paths(&report)), (1, vec!["good.png"]), "{one}, {other}");
        assert!(folder.publisher(&sandbox).check().is_err());
    }
}

#[test]
fn a_missing_folder_is_told_before_anything_is_created() {
    let sandbox = sandbox();
    let folder = Folder::new(&[]);
    let missing = folder.0.path().join("missing");
    for lock in [missing.join("assets.lock.json"), missing.join("deep/assets.lock.json"), folder.lock()] {
        let publisher = Publisher::new(&crate::support::folder::user(&sandbox)).lock_file(&lock).folder(&missing);
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

/// The names, and whether they can't be published.
const HOSTILE: &[&str] = &[
    "y\ncargo::rustc-env=INJECTED=yes\n.png",
    "y\r::set-output name=x::y.png",
    "red\u{1b}[31m.png",
    "bell\u{7}.png",
    "tab\t.png",
    "delete\u{7f}.png",
    "c1\u{9b}31m.png",
    "next\u{85}line.png",
    "line\u{2028}break.png",
    "paragraph\u{2029}break.png",
    "gnp\u{202e}txt.png",
    "isolate\u{2066}x\u{2069}.png",
    "mark\u{200f}.png",
    "fold\ner/crate.png",
];

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(unix)]
#[test]
fn names_with_control_characters_are_problems_and_never_shown_as_they_are() {
    use std::sync::{Arc, Mutex};

    let sandbox = sandbox();
    let mut files: Vec<(&str, Vec<u8>)> =
        HOSTILE.iter().enumerate().map(|(number, name)| (*name, image(number))).collect();
    files.push(("good.png", image(99)));
    let folder = Folder::new(&files);
    let printed = Arc::new(Mutex::new(Vec::new()));
    let print = {
        let printed = Arc::clone(&printed);
        move |texts: &[String]| printed.lock().expect("no panic").extend_from_slice(texts)
    };
    let events = print.clone();
    let publisher = folder.publisher(&sandbox).on_event(move |event| {
        events(&[format!("{event:?}")]);
        if let rblxopencloud::publish::PublishEvent::Problem { path, message } = event {
            events(&[(*path).to_owned(), (*message).to_owned()]);
        }
    });
    let plan = plan_of(&publisher);
    let report = publisher.run().expect("there is a report");
    assert_eq!((report.uploaded(), sandbox.assets().len()), (1, 1));
    assert_eq!(report.problems.len(), HOSTILE.len(), "{}", problems(&report.problems));
    let check = publisher.check().expect_err("it is a problem");
    let read = publisher.published().expect("there is a report");
    print(&[format!("{check}"), format!("{check:?}"), format!("{report}"), format!("{read}")]);
    print(&[format!("{report:?}"), format!("{plan:?}"), format!("{read:?}"), format!("{publisher:?}")]);
    for problem in plan.problems.iter().chain(&report.problems).chain(&read.problems) {
        print(&[format!("{problem}"), format!("{problem:?}"), problem.path.clone(), problem.message.clone()]);
        let error = problem.error.as_ref().expect("there is an error");
        print(&[format!("{error}"), format!("{error:?}")]);
    }
    for file in &plan.files {
        print(&[format!("{}", file.action), file.path.clone()]);
    }
    // A caller can name anything, and a program prints the error.
    for name in HOSTILE {
        for result in [
            folder.publisher(&sandbox).adopt(*name, 7).run().map(drop),
            folder.publisher(&sandbox).send_again(*name).plan().map(drop),
            folder.publisher(&sandbox).folder(folder.0.path().join(name)).run().map(drop),
            folder.publisher(&sandbox).lock_file(folder.assets().join("good.png").join(name)).run().map(drop),
            folder.publisher(&sandbox).include(*name).check(),
        ] {
            let error = result.expect_err(name);
            print(&[format!("{error}"), format!("{error:?}")]);
        }
        let own = rblxopencloud::Error::other(*name);
        print(&[format!("{own}"), format!("{own:?}")]);
        let report = folder.publisher(&sandbox).file(folder.0.path().join(name)).run().expect("there is a report");
        print(&[problems(&report.problems).replace('\n', "|"), format!("{:?}", report.problems)]);
    }
    for text in printed.lock().expect("no panic").iter() {
        assert!(!text.contains(is_hostile), "{text:?}");
    }
}

#[test]
fn modules_have_no_control_characters() {
    use rblxopencloud::publish::AssetModule;

    let twice = AssetModule::new([("caf\u{e9}.png", 7), ("cafe\u{301}.png", 8)]).keep_extensions(true);
    fails(twice.luau(), ErrorKind::InvalidInput);

    for name in HOSTILE {
        let module = AssetModule::new([(*name, 7)]);
        for text in [module.luau(), module.typescript(), module.json(), module.rust(), Ok(format!("{module:?}"))] {
            let text = text.expect("there is one name");
            let is_layout = |c| c == '\n' || c == '\t';
            assert!(!text.contains(|c| is_hostile(c) && !is_layout(c)), "{text:?}");
            assert!(!text.lines().any(|line| line.contains("::") && !line.contains(['"', '`'])), "{text}");
        }
    }
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
/// Links to what lies outside of the folder: a file, a folder, the folder around it.
#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_folder() {
    use std::os::unix::fs::symlink;

    for (link, target, is_folder) in [
        ("ui", "elsewhere/Pictures", true),
        ("up", "", true),
        ("x.gltf", "elsewhere/.netrc", false),
        ("deep/x.png", "elsewhere/Pictures/me.png", false),
        ("sibling.png", "assets-of-mine/a.png", false),
    ] {
        for is_relative in [false, true] {
            let sandbox = sandbox();
            let folder = Folder::new(&[("crate.png", image(1)), ("deep/b.png", image(2))]);
            for directory in ["elsewhere/Pictures", "assets-of-mine"] {
                fs::create_dir_all(folder.0.path().join(directory)).expect("a folder");
            }
            folder.0.file("elsewhere/Pictures/me.png", &image(3));
            folder.0.file("elsewhere/.netrc", b"machine x login y password z");
            folder.0.file("assets-of-mine/a.png", &image(4));
            let up = if link.starts_with("deep/") { "../.." } else { ".." };
            let target = match is_relative {
                true => std::path::Path::new(up).join(target),
                false => folder.0.path().join(target),
            };
            symlink(target, folder.assets().join(link)).expect("a link");
            let report = folder.run(&sandbox);
            assert_eq!((report.uploaded(), sandbox.assets().len()), (2, 2), "{link}");
            assert_eq!(report.problems.len(), 1, "{link}: {}", problems(&report.problems));
            let told = problems(&plan_of(&folder.publisher(&sandbox)).problems);
            assert!(told.contains("outside of the folder") && told.starts_with(link), "{link}: {told}");
            // It is nobody's concern if it isn't published.
            let of_folder = [format!("{link}/"), format!("{link}/**"), format!("{link}/*")];
            for pattern in [link.to_owned()].into_iter().chain(of_folder.into_iter().filter(|_| is_folder)) {
                complete(&folder.publisher(&sandbox).exclude(pattern).run().expect("there is a report"));
            }
            folder.write(".assetignore", format!("/{link}{}\n", if is_folder { "/" } else { "" }).as_bytes());
            complete(&folder.run(&sandbox));
            fs::remove_file(folder.assets().join(".assetignore")).expect("it is there");
            let allowed = folder.publisher(&sandbox).links_outside(true);
            let (told, uploads) = (problems(&plan_of(&allowed).problems), plan_of(&allowed).uploads().count());
            match link {
                "ui" => assert_eq!((told.as_str(), uploads), ("", 1)),
                "up" => assert!(told.contains("contains it"), "{told}"),
                "x.gltf" => assert!(told.contains("x.gltf") && !told.contains("outside"), "{told}"),
                _ => assert_eq!((told.as_str(), uploads, is_folder), ("", 1, false)),
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_a_link_is_read() {
    use std::os::unix::fs::symlink;

    let sandbox = sandbox();
    let folder = Folder::new(&[("ui/crate.png", image(1)), ("b.png", image(2))]);
    symlink("ui/crate.png", folder.assets().join("also.png")).expect("a link");
    let link = folder.0.path().join("link");
    symlink("assets", &link).expect("a link");
    let user = crate::support::folder::user(&sandbox);
    let report = Publisher::new(&user).lock_file(folder.lock()).folder(link).run().expect("there is a report");
    complete(&report);
    assert_eq!(paths(&report), ["also.png", "b.png", "ui/crate.png"]);
    assert_eq!(report.ids()["also.png"], report.ids()["ui/crate.png"]);
}

/// Each folder has two links to the next one: 2 to the power of 40 paths.
#[cfg(unix)]
#[test]
fn each_real_folder_is_read_once() {
    use std::os::unix::fs::symlink;

    let sandbox = sandbox();
    let folder = Folder::new(&[]);
    for depth in 0..40 {
        folder.write(&format!("d{depth}/a.png"), &image(depth));
        for name in ["x", "y"] {
            let target = format!("../d{}", depth + 1);
            symlink(target, folder.assets().join(format!("d{depth}/{name}"))).expect("a link");
        }
    }
    folder.write("d40/a.png", &image(40));
    let publisher = folder.publisher(&sandbox);
    let plan = crate::support::within(std::time::Duration::from_secs(60), move || plan_of(&publisher));
    assert_eq!((plan.uploads().count(), plan.problems.len()), (41, 0), "{}", problems(&plan.problems));
    assert!(plan.notes.iter().any(|note| note.contains("80 links")), "{:?}", plan.notes);
}

/// What is left out stays left out, by whatever name.
#[cfg(unix)]
#[test]
fn links_to_files_that_are_left_out_are_problems() {
    use std::os::unix::fs::symlink;

    for (link, target) in [
        ("latest.png", "drafts/secret.png"),
        ("new", "drafts"),
        ("x.png", ".hidden/a.png"),
        ("y.png", "private/deep/p.png"),
        ("z", "private"),
        ("w", "private/deep"),
    ] {
        let sandbox = sandbox();
        let folder = Folder::new(&[
            ("crate.png", image(1)),
            ("drafts/secret.png", image(2)),
            (".hidden/a.png", image(3)),
            ("private/deep/p.png", image(4)),
            (".assetignore", b"private\n".to_vec()),
        ]);
        symlink(target, folder.assets().join(link)).expect("a link");
        let report = folder.publisher(&sandbox).exclude("drafts/").run().expect("there is a report");
        assert_eq!(sandbox.assets().len(), 1, "{link}");
        assert!(problems(&report.problems).contains("left out"), "{link}: {}", problems(&report.problems));
    }
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
