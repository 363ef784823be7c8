//! Links in a folder: where they may lead.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use rblxopencloud::publish::Publisher;

use crate::support::folder::{Folder, complete, image, paths, plan_of, problems, sandbox, user};

/// Links to what lies outside of the folder: a file, a folder, the folder around it.
#[test]
fn links_do_not_lead_out_of_the_folder() {
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

#[test]
fn a_folder_that_is_a_link_is_read() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("ui/crate.png", image(1)), ("b.png", image(2))]);
    symlink("ui/crate.png", folder.assets().join("also.png")).expect("a link");
    let link = folder.0.path().join("link");
    symlink("assets", &link).expect("a link");
    let user = user(&sandbox);
    let report = Publisher::new(&user).lock_file(folder.lock()).folder(link).run().expect("there is a report");
    complete(&report);
    assert_eq!(paths(&report), ["also.png", "b.png", "ui/crate.png"]);
    assert_eq!(report.ids()["also.png"], report.ids()["ui/crate.png"]);
}

/// Each folder has two links to the next one: 2 to the power of 40 paths.
#[test]
fn each_real_folder_is_read_once() {
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
#[test]
fn links_to_files_that_are_left_out_are_problems() {
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
