//! Names of files: one form on all systems, and nothing that acts on what shows them.

use std::fs;

use rblxopencloud::ErrorKind;

use crate::support::fails;
use crate::support::folder::{Folder, complete, image, paths, plan_of, problems, sandbox};

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
