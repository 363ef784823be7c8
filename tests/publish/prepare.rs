//! Files that are prepared.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use rblxopencloud::publish::{PlannedAction, Preparation, PublishProblemKind, Published, Publisher};
use rblxopencloud::{AssetType, ErrorKind};
use rblxopencloud_sandbox::Fault;

use crate::support::fails;
use crate::support::folder::{Folder, IMAGE, complete, how, image, paths, plan_of, problems, sandbox, uploads};

/// Makes an image of any text, and counts how often.
fn drawing(version: &str, calls: &Arc<AtomicUsize>) -> Preparation {
    let calls = Arc::clone(calls);
    Preparation::new("png", version, move |file| {
        calls.fetch_add(1, Ordering::SeqCst);
        Ok([IMAGE, file.content].concat())
    })
}

#[test]
fn files_are_prepared_once_for_each_version() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("ui/logo.svg", b"<svg>1</svg>".to_vec()), ("crate.png", image(1))]);
    folder.write("notes.txt", b"x");
    let calls = Arc::new(AtomicUsize::new(0));
    let count = || calls.swap(0, Ordering::SeqCst);
    let publisher = |version: &str| folder.publisher(&sandbox).prepare("*.svg", drawing(version, &calls));
    let report = publisher("1").run().expect("there is a report");
    complete(&report);
    assert_eq!((paths(&report), count(), uploads(&sandbox)), (vec!["crate.png", "ui/logo.svg"], 1, 2));
    let first = report.ids()["ui/logo.svg"];
    let asset = sandbox.asset(first).expect("it is there");
    assert_eq!((asset.display_name.as_deref(), &report.files[1].asset_type), (Some("logo"), &AssetType::Image));
    assert!(report.module().luau().expect("a module").contains("logo = "));
    // Unchanged: nothing is prepared.
    assert!(plan_of(&publisher("1")).is_empty());
    publisher("1").check().expect("everything is published");
    publisher("1").published().expect("there is a report").check().expect("everything is published");
    complete(&publisher("1").run().expect("there is a report"));
    assert_eq!((count(), uploads(&sandbox)), (0, 2));
    // Another version of the preparation.
    let plan = plan_of(&publisher("2"));
    assert_eq!(plan.files[1].action, PlannedAction::UploadChanged);
    fails(publisher("2").check(), ErrorKind::OutOfDate);
    let second = publisher("2").run().expect("there is a report").ids()["ui/logo.svg"];
    assert_eq!((second == first, count(), uploads(&sandbox)), (false, 3, 3));
    // An earlier one is still published.
    assert_eq!(publisher("1").run().expect("there is a report").ids()["ui/logo.svg"], first);
    // Changed content, and a renamed file.
    folder.write("ui/logo.svg", b"<svg>2</svg>");
    fs::rename(folder.assets().join("ui/logo.svg"), folder.assets().join("logo.SVG")).expect("it is there");
    let report = publisher("1").run().expect("there is a report");
    complete(&report);
    assert_eq!((paths(&report), count(), uploads(&sandbox)), (vec!["crate.png", "logo.SVG"], 1, 4));
    // Without the preparation, it is a work file.
    let report = folder.run(&sandbox);
    assert_eq!((paths(&report), uploads(&sandbox)), (vec!["crate.png"], 4));
}

/// Formats that are taken as they are, too.
#[test]
fn patterns_choose_what_is_prepared() {
    let sandbox = sandbox();
    let folder = Folder::new(&[
        ("big/a.png", image(1)),
        ("big/b.svg", b"b".to_vec()),
        ("big/c.svg", b"c".to_vec()),
        ("d.png", image(1)),
        ("tree.xml", b"<roblox></roblox>".to_vec()),
    ]);
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = |to: &'static str| {
        let seen = Arc::clone(&seen);
        move |path: &str| seen.lock().expect("nobody panicked").push(format!("{path} {to}"))
    };
    let (small, large, model) = (note("small"), note("large"), note("model"));
    let of_image = move |content: &[u8]| [IMAGE, content].concat();
    let publisher = folder
        .publisher(&sandbox)
        .prepare(
            "big/**",
            Preparation::new(".PNG", "small", move |file| {
                small(file.path);
                Ok(of_image(file.content))
            }),
        )
        .prepare(
            "b.svg",
            Preparation::new("png", "large", move |file| {
                large(file.path);
                Ok(of_image(file.content))
            }),
        )
        .prepare(
            "*.xml",
            Preparation::new("rbxmx", "1", move |file| {
                model(file.path);
                Ok(file.content.to_vec())
            }),
        );
    let report = publisher.run().expect("there is a report");
    complete(&report);
    // A pattern for a folder doesn't bring its work files.
    assert_eq!(paths(&report), ["big/a.png", "big/b.svg", "d.png", "tree.xml"]);
    let mut seen = seen.lock().expect("nobody panicked").clone();
    seen.sort();
    assert_eq!(seen, ["big/a.png small", "big/b.svg large", "tree.xml model"]);
    assert_eq!(report.files[3].asset_type, AssetType::Model);
    // The same content as it is, and prepared.
    assert_ne!(report.ids()["big/a.png"], report.ids()["d.png"]);
    assert_eq!(sandbox.assets().len(), 4);
    let decal = publisher.asset_type("*.svg", AssetType::Decal).exclude("*.png");
    assert_eq!(decal.run().expect("there is a report").files[0].asset_type, AssetType::Decal);
}

#[test]
fn what_cannot_be_prepared_is_a_problem_of_its_file() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("good.svg", b"good".to_vec()), ("x.svg", b"good before".to_vec())]);
    let to_png = || {
        Preparation::new("png", "1", |file| match file.content {
            content if content.starts_with(b"good") => Ok([IMAGE, content].concat()),
            b"error" => Err("no such\ncolor")?,
            b"panic" => panic!("at the {}", "disco"),
            b"empty" => Ok(Vec::new()),
            content => Ok(content.to_vec()),
        })
        .largest(20)
    };
    let publisher = || folder.publisher(&sandbox).luau(folder.0.path().join("assets.luau")).prepare("*.svg", to_png());
    let report = publisher().run().expect("there is a report");
    complete(&report);
    let last = report.ids()["x.svg"];
    for (content, words) in [
        (&b"error"[..], "it can't be prepared: no such color"),
        (b"panic", "preparing it panicked: at the disco"),
        (b"empty", "empty"),
        (b"\xff\xd8\xff\xe0JFIF", ".jpg file"),
        (b"text", "begin as a .png file"),
        (&[b'x'; 21], "it has 21 bytes, but at most 20 are read to prepare it"),
    ] {
        folder.write("x.svg", content);
        folder.write("other.svg", &[b"good ", content.get(..4).unwrap_or_default()].concat());
        let plan = plan_of(&publisher());
        assert!(problems(&plan.problems).contains(words), "{words}: {:?}", plan.problems);
        assert_eq!(plan.uploads().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["other.svg"], "{words}");
        fails(publisher().check(), ErrorKind::OutOfDate);
        let report = publisher().run().expect("there is a report");
        assert_eq!((report.exit_code(), report.uploaded(), report.problems.len()), (1, 1, 1), "{words}: {report}");
        let problem = &report.problems[0];
        assert_eq!((problem.path.as_str(), problem.kind), ("x.svg", PublishProblemKind::Unfit), "{words}");
        assert!(problem.message.contains(words) && !problem.to_string().contains('\n'), "{words}: {problem}");
        assert_eq!((report.ids()["x.svg"], how(&report)[2].1), (last, &Published::Outdated), "{words}");
    }
}

#[test]
fn settings_of_preparations_are_checked_before_anything_is_read() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.svg", b"a".to_vec())]);
    let with = |pattern: &str, extension: &str, version: &str| {
        let preparation = Preparation::new(extension, version, |_| panic!("it isn't called"));
        folder.publisher(&sandbox).prepare(pattern, preparation)
    };
    for (extension, version, words) in [
        ("svg", "1", "the extension \"svg\""),
        ("", "1", "the extension \"\""),
        ("1", "png", "the extension \"1\""),
        ("a/b.png/", "1", "the extension"),
        ("png", " ", "the version \" \""),
        ("png", "1\n2", "the version \"1\\n2\""),
    ] {
        for result in [
            with("*.svg", extension, version).run().map(drop),
            with("*.svg", extension, version).plan().map(drop),
            with("*.svg", extension, version).check(),
        ] {
            let error = fails(result, ErrorKind::InvalidInput).to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
    assert!(!folder.lock().exists());
    let error = fails(with("!a", "png", "1").check(), ErrorKind::InvalidInput).to_string();
    assert!(error.contains("Publisher::prepare"), "{error}");
    let plan = plan_of(&with("assets/*.svg", "png", "1"));
    assert!(problems(&plan.problems).contains("write \"/*.svg\""), "{:?}", plan.problems);
    let plan = plan_of(&with("*.psd", "png", "1"));
    assert!(plan.notes[1].contains("Publisher::prepare matches no file"), "{:?}", plan.notes);
}

/// A changed preparation of a model is a new version of its asset, also after an interruption.
#[test]
fn prepared_models_have_versions_and_doubts() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.xml", b"<roblox>1</roblox>".to_vec())]);
    let publisher = |version: &str| {
        let preparation = Preparation::new("rbxmx", version, |file| Ok(file.content.to_vec()));
        folder.publisher(&sandbox).prepare("*.xml", preparation).new_versions(true)
    };
    sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/v1/assets"));
    let report = publisher("1").run().expect("there is a report");
    assert_eq!(report.exit_code(), 2, "{report}");
    let report = publisher("1").run().expect("there is a report");
    complete(&report);
    let id = report.ids()["tree.xml"];
    let report = publisher("2").run().expect("there is a report");
    complete(&report);
    assert_eq!((report.ids()["tree.xml"], &report.files[0].how), (id, &Published::NewVersion));
    assert_eq!((sandbox.assets().len(), plan_of(&publisher("2")).is_empty()), (1, true));
    let lock = fs::read_to_string(folder.lock()).expect("there is one");
    assert!(lock.contains(r#""prepared":"rbxmx 2""#), "{lock}");
}

#[test]
fn a_file_that_changes_while_it_is_prepared_is_not_sent() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.svg", b"a".to_vec()), ("b.svg", b"b".to_vec())]);
    let other = folder.assets().join("b.svg");
    let preparation = Preparation::new("png", "1", move |file| {
        fs::write(&other, b"changed").expect("it can be written");
        Ok([IMAGE, file.content].concat())
    });
    let report = folder.publisher(&sandbox).prepare("*.svg", preparation).run().expect("there is a report");
    assert_eq!((paths(&report), uploads(&sandbox)), (vec!["a.svg"], 1));
    assert!(report.problems[0].message.contains("it changed after it was read"), "{:?}", report.problems);
}

/// A preparation may take as much memory as one file needs.
#[test]
fn one_file_is_prepared_at_a_time() {
    let sandbox = sandbox();
    let folder = Folder::new(&[]);
    (0..8).for_each(|number| folder.write(&format!("{number}.svg"), number.to_string().as_bytes()));
    let running = AtomicUsize::new(0);
    let preparation = Preparation::new("png", "1", move |file| {
        let others = running.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(5));
        running.fetch_sub(1, Ordering::SeqCst);
        if others == 0 { Ok([IMAGE, file.content].concat()) } else { Err("another file is being prepared")? }
    });
    let publisher = folder.publisher(&sandbox).concurrency(8).prepare("*.svg", preparation);
    complete(&publisher.run().expect("there is a report"));
    assert_eq!(uploads(&sandbox), 8);
}

/// Ids of files that are prepared can be adopted.
#[test]
fn an_adopted_file_is_not_prepared() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.svg", b"a".to_vec())]);
    let preparation = Preparation::new("png", "1", |_| panic!("it isn't called"));
    let publisher: Publisher = folder.publisher(&sandbox).prepare("*.svg", preparation).adopt("a.svg", 77);
    complete(&publisher.run().expect("there is a report"));
    publisher.check().expect("everything is published");
    assert_eq!(uploads(&sandbox), 0);
}
