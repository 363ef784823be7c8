//! What people and version control do to a lock file.

use std::fs;
use std::process::Command;

use rblxopencloud::publish::{PlannedAction, PublishEvent, Publisher};
use rblxopencloud::{AssetType, AssetUpdate, ErrorKind};
use rblxopencloud_sandbox::Sandbox;

use crate::support::fails;
use crate::support::folder::{Folder, complete, image, sandbox, uploads};

fn lock(folder: &Folder) -> String {
    fs::read_to_string(folder.lock()).expect("there is a lock file")
}

/// A lock file of a branch that has published some more images than the base.
fn branch(sandbox: &Sandbox, folder: &Folder, base: &str, images: &[usize]) -> String {
    fs::write(folder.lock(), base).expect("it can be written");
    for number in images {
        folder.write(&format!("image{number}.png"), &image(*number));
    }
    complete(&folder.run(sandbox));
    for number in images {
        fs::remove_file(folder.assets().join(format!("image{number}.png"))).expect("it is there");
    }
    lock(folder)
}

/// What `git merge` leaves in a file. `None` if there is no Git.
fn merged_by_git(folder: &Folder, [ours, base, theirs]: [&str; 3], flags: &[&str]) -> Option<String> {
    let [ours, base, theirs] = [("ours", ours), ("base", base), ("theirs", theirs)]
        .map(|(name, text)| folder.0.file(&format!("{name}.lock"), text.as_bytes()));
    let merged = Command::new("git").args(["merge-file", "-p"]).args(flags).args([ours, base, theirs]).output().ok()?;
    Some(String::from_utf8(merged.stdout).expect("it is text"))
}

/// As the advice of the error says.
fn without_conflict_marks(text: &str) -> String {
    let is_mark = |line: &&str| ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    text.lines().filter(|line| !is_mark(line)).map(|line| format!("{line}\n")).collect()
}

#[test]
fn keeping_the_lines_of_both_sides_loses_nothing() {
    for (in_base, ours, theirs) in [
        (vec![], vec![1], vec![2]),
        (vec![0], vec![1], vec![2]),
        (vec![1], vec![0], vec![2]),
        (vec![0, 1, 2, 3], vec![4, 6, 8], vec![5, 7]),
    ] {
        let (sandbox, folder) = (sandbox(), Folder::new(&[("first.png", image(99))]));
        let base = branch(&sandbox, &folder, "lock 1\nend\n", &in_base);
        let ours_lock = branch(&sandbox, &folder, &base, &ours);
        let theirs_lock = branch(&sandbox, &folder, &base, &theirs);
        let all: Vec<usize> = [in_base, ours, theirs].concat();
        for number in &all {
            folder.write(&format!("image{number}.png"), &image(*number));
        }
        let of_git = |flags: &[&str]| merged_by_git(&folder, [&ours_lock, &base, &theirs_lock], flags);
        let mut resolved = vec![
            format!("{ours_lock}{theirs_lock}"),
            format!("{}{theirs_lock}", ours_lock.replace('\n', "\r\n")),
            format!("{ours_lock}\u{feff}{theirs_lock}  \n\n"),
        ];
        resolved.extend(of_git(&["--union"]));
        for flags in [&[][..], &["--diff3"], &["--zdiff3"]] {
            let Some(text) = of_git(flags) else { continue };
            if text.contains("<<<<<<<") {
                fs::write(folder.lock(), &text).expect("it can be written");
                let error = fails(folder.publisher(&sandbox).run(), ErrorKind::CorruptFile).to_string();
                assert!(error.contains("delete the lines that begin with <<<<<<<"), "{error}");
            }
            resolved.push(without_conflict_marks(&text));
        }
        sandbox.clear_requests();
        for text in resolved {
            fs::write(folder.lock(), &text).expect("it can be written");
            folder.publisher(&sandbox).check().unwrap_or_else(|error| panic!("{error}: {text}"));
            let report = folder.run(&sandbox);
            complete(&report);
            assert_eq!((report.files.len(), uploads(&sandbox)), (all.len() + 1, 0), "{text}");
        }
        assert_eq!(sandbox.assets().len(), all.len() + 1);
    }
}

/// Both branches have published the same picture.
#[test]
fn one_content_with_two_assets_is_refused_until_one_line_is_deleted() {
    let (sandbox, folder) = (sandbox(), Folder::new(&[("first.png", image(99))]));
    let base = branch(&sandbox, &folder, "lock 1\nend\n", &[]);
    let [ours, theirs] = [(); 2].map(|()| branch(&sandbox, &folder, &base, &[1]));
    folder.write("image1.png", &image(1));
    fs::write(folder.lock(), format!("{ours}{theirs}")).expect("it can be written");
    sandbox.clear_requests();
    let publisher = folder.publisher(&sandbox);
    for error in [
        publisher.run().map(drop).unwrap_err(),
        publisher.plan().map(drop).unwrap_err(),
        publisher.published().map(drop).unwrap_err(),
        publisher.check().unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::CorruptFile);
        let text = error.to_string();
        assert!(text.contains("\"image1.png\"") && text.contains("delete the line of the asset"), "{text}");
    }
    for number in [1, 2] {
        let both = format!("{ours}{theirs}");
        let lines =
            both.lines().enumerate().filter(|(_, line)| line.contains("\"image1.png\"")).map(|(place, _)| place);
        let deleted = lines.take(number).last().expect("there are two lines");
        let kept = both.lines().enumerate().filter(|(place, _)| *place != deleted);
        fs::write(folder.lock(), kept.map(|(_, line)| format!("{line}\n")).collect::<String>()).expect("it is text");
        complete(&folder.run(&sandbox));
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn a_lock_file_whose_end_is_missing_is_refused() {
    let (sandbox, folder) = (sandbox(), Folder::of_images(3));
    let _ = folder.run(&sandbox);
    let whole = lock(&folder);
    sandbox.clear_requests();
    let lines: Vec<&str> = whole.lines().collect();
    for length in 0..lines.len() {
        fs::write(folder.lock(), lines[..length].join("\n")).expect("it can be written");
        fails(folder.publisher(&sandbox).run(), ErrorKind::CorruptFile);
    }
    assert_eq!(sandbox.requests().len(), 0);
    // A merge has dropped that line alone.
    fs::write(folder.lock(), whole.replace("end\n", "")).expect("it can be written");
    let error = fails(folder.publisher(&sandbox).run(), ErrorKind::CorruptFile);
    assert!(error.to_string().contains("add it"), "{error}");
    fs::write(folder.lock(), whole).expect("it can be written");
    complete(&folder.run(&sandbox));
    assert_eq!(sandbox.requests().len(), 0);
}

fn model(number: usize) -> Vec<u8> {
    format!("<roblox>{number}</roblox>").into_bytes()
}

/// Why a file is away for a run: it is deleted, excluded, or another folder has the same lock file.
#[test]
fn a_file_that_was_away_is_the_same_when_it_comes_back_changed() {
    fn without_file(folder: &Folder, publisher: Publisher) -> Publisher {
        fs::remove_file(folder.assets().join("tree.rbxmx")).expect("it is there");
        publisher
    }
    fn excluded(_: &Folder, publisher: Publisher) -> Publisher {
        publisher.exclude("tree.rbxmx")
    }
    fn other_files_included(_: &Folder, publisher: Publisher) -> Publisher {
        publisher.include("*.png")
    }
    type Away = fn(&Folder, Publisher) -> Publisher;
    for (away, runs) in [(without_file as Away, 1), (without_file, 3), (excluded, 1), (other_files_included, 2)] {
        let sandbox = sandbox();
        let folder = Folder::new(&[("tree.rbxmx", model(1)), ("crate.png", image(1))]);
        let publisher = || folder.publisher(&sandbox).new_versions(true);
        let id = publisher().run().expect("there is a report").ids()["tree.rbxmx"];
        let other = Folder::new(&[("door.png", image(2))]);
        complete(&publisher().folder(other.assets()).exclude("tree.rbxmx").run().expect("there is a report"));
        for number in 0..runs {
            folder.write("tree.rbxmx", &model(1));
            folder.write("crate.png", &image(10 + number));
            complete(&away(&folder, publisher()).run().expect("there is a report"));
        }
        let remembered = lock(&folder);
        complete(&away_again(&folder, publisher()).run().expect("there is a report"));
        assert_eq!(lock(&folder), remembered, "nothing is written where nothing is new");
        folder.write("tree.rbxmx", &model(2));
        let plan = publisher().plan().expect("there is a plan");
        assert_eq!(plan.files[1].action, PlannedAction::NewVersion(id));
        let report = publisher().run().expect("there is a report");
        complete(&report);
        assert_eq!(report.ids()["tree.rbxmx"], id);
    }
    fn away_again(folder: &Folder, publisher: Publisher) -> Publisher {
        let _ = fs::remove_file(folder.assets().join("tree.rbxmx"));
        publisher
    }
}

#[test]
fn a_name_that_is_used_again_does_not_take_the_asset_of_the_file_that_moved() {
    for (old, new) in [("a.rbxmx", "b.rbxmx"), ("b.rbxmx", "a.rbxmx")] {
        let sandbox = sandbox();
        let folder = Folder::new(&[(old, model(1))]);
        let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
        let id = run().ids()[old];
        fs::rename(folder.assets().join(old), folder.assets().join(new)).expect("it is there");
        complete(&run());
        folder.write(new, &model(2));
        folder.write(old, &model(3));
        let report = run();
        complete(&report);
        assert_eq!(report.ids()[new], id);
        assert_ne!(report.ids()[old], id);
        // Both go on by themselves.
        let ids = report.ids().into_iter().map(|(name, id)| (name.to_owned(), id)).collect::<Vec<_>>();
        folder.write(new, &model(4));
        folder.write(old, &model(5));
        let report = run();
        assert_eq!(report.ids().into_iter().map(|(name, id)| (name.to_owned(), id)).collect::<Vec<_>>(), ids);
        assert_eq!(sandbox.assets().len(), 2);
    }
}

#[test]
fn a_file_that_moved_and_came_back_is_the_same() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a.rbxmx", model(1))]);
    let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
    let id = run().ids()["a.rbxmx"];
    let (a, b) = (folder.assets().join("a.rbxmx"), folder.assets().join("b.rbxmx"));
    fs::rename(&a, &b).expect("it is there");
    complete(&run());
    // As on the branch that hasn't renamed it.
    fs::remove_file(&b).expect("it is there");
    folder.write("a.rbxmx", &model(2));
    assert_eq!(run().ids()["a.rbxmx"], id);
    assert_eq!(sandbox.assets().len(), 1);
}

#[test]
fn pruning_forgets_the_names_of_files_that_are_gone_and_no_asset() {
    let sandbox = sandbox();
    let folder =
        Folder::new(&[("tree.rbxmx", model(1)), ("oak.rbxmx", model(2)), ("bad.png", Vec::new()), ("a.png", image(1))]);
    let publisher = || folder.publisher(&sandbox).new_versions(true);
    let ids = publisher().run().expect("there is a report");
    for name in ["tree.rbxmx", "oak.rbxmx"] {
        fs::remove_file(folder.assets().join(name)).expect("it is there");
    }
    sandbox.clear_requests();
    assert_eq!(publisher().prune().expect("there is a lock file"), ["oak.rbxmx", "tree.rbxmx"]);
    assert_eq!(publisher().prune().expect("there is a lock file"), [""; 0]);
    assert!(!lock(&folder).contains("tree.rbxmx"));
    folder.write("tree.rbxmx", &model(3));
    folder.write("oak.rbxmx", &model(2));
    let plan = publisher().plan().expect("there is a plan");
    let actions: Vec<&PlannedAction> = plan.files.iter().map(|file| &file.action).collect();
    let nothing = |name: &str| PlannedAction::Nothing(ids.ids()[name]);
    assert_eq!(actions, [&nothing("a.png"), &nothing("oak.rbxmx"), &PlannedAction::Upload]);
    assert!(sandbox.requests().iter().all(|request| request.target.contains("quotas")), "{:?}", sandbox.requests());
}

/// It comes with a pull request, say, because everybody's ignore list hides it in the author's folder.
#[test]
fn a_journal_of_another_machine_is_refused_until_it_is_accepted() {
    let (sandbox, folder) = (sandbox(), Folder::of_images(2));
    let ids = folder.run(&sandbox).files.iter().map(|file| file.id).collect::<Vec<_>>();
    let asset = lock(&folder).lines().find_map(|line| line.strip_prefix("asset ").map(str::to_owned)).expect("a line");
    let planted = format!("{{\"published\":{{\"key\":{asset},\"entry\":{{\"id\":666,\"name\":\"x\"}}}}}}\n");
    let journal = folder.0.path().join("assets.lock.journal");
    for (header, has_mark) in [
        ("", true),
        ("{\"machine\":\"\"}\n", true),
        ("{\"machine\":\"\"}\n", false),
        ("{\"machine\":\"1-2\"}\n", true),
        ("{\"machine\":\"1-2\"}\n", false),
        ("{\"machine\":null}\n", true),
    ] {
        fs::write(&journal, format!("{header}{planted}")).expect("it can be written");
        let mark = folder.0.path().join("assets.lock.running");
        if !has_mark {
            fs::remove_file(mark).expect("it is there");
        }
        sandbox.clear_requests();
        let publisher = folder.publisher(&sandbox);
        for error in [
            publisher.check().unwrap_err(),
            publisher.published().map(drop).unwrap_err(),
            publisher.plan().map(drop).unwrap_err(),
            publisher.run().map(drop).unwrap_err(),
            publisher.prune().map(drop).unwrap_err(),
        ] {
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::CorruptFile, "{text}");
            assert!(text.contains("assets.lock.journal") && text.contains("delete it if it came"), "{text}");
        }
        assert!(journal.exists() && sandbox.requests().is_empty(), "{header}");
        if header.contains("1-2") {
            let accepted = folder.publisher(&sandbox).accept_journal(true).published().expect("it is accepted");
            assert!(accepted.ids().values().any(|id| *id == 666));
        }
        // As the advice says.
        fs::remove_file(&journal).expect("it is there");
        let now = folder.run(&sandbox).files.iter().map(|file| file.id).collect::<Vec<_>>();
        assert_eq!(now, ids);
    }
}

/// A run was killed, and the folder was copied to another machine.
#[test]
fn an_accepted_journal_is_used_once_and_gone() {
    let (sandbox, folder) = (sandbox(), Folder::of_images(2));
    let killed = folder.publisher(&sandbox).concurrency(1);
    let killed = killed.on_event(|event| assert!(!matches!(event, PublishEvent::Published { .. }), "killed"));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.run())).expect_err("it was killed");
    let copy = Folder::of_images(2);
    for ending in ["", ".journal", ".running"] {
        let name = format!("assets.lock{ending}");
        fs::copy(folder.0.path().join(&name), copy.0.path().join(&name)).expect("it is there");
    }
    fails(copy.publisher(&sandbox).run(), ErrorKind::CorruptFile);
    complete(&copy.publisher(&sandbox).accept_journal(true).run().expect("there is a report"));
    complete(&copy.run(&sandbox));
    assert_eq!(sandbox.assets().len(), 2);
    // At its own place, nobody needs to accept it.
    let _ = folder.publisher(&sandbox).published().expect("it is this machine's");
}

/// A changed line of a pull request.
#[test]
fn a_new_version_goes_only_to_the_asset_that_the_lock_file_means() {
    let (sandbox, folder) = (sandbox(), Folder::new(&[("tree.rbxmx", model(1))]));
    let other = Folder::new(&[("castle.rbxmx", model(7)), ("castle.png", image(7))]);
    let others = other.publisher(&sandbox).images_as(AssetType::Decal).run().expect("there is a report");
    let publisher = || folder.publisher(&sandbox).new_versions(true);
    let id = publisher().run().expect("there is a report").ids()["tree.rbxmx"];
    let right = lock(&folder);
    folder.write("tree.rbxmx", &model(2));
    for (wrong, words) in [("castle.rbxmx", "has the name \"castle\""), ("castle.png", "has the type Decal")] {
        let victim = others.ids()[wrong];
        fs::write(folder.lock(), right.replace(&id.to_string(), &victim.to_string())).expect("it can be written");
        let before = sandbox.asset_content(victim).expect("it is there").bytes;
        let plan = publisher().plan().expect("there is a plan");
        let report = publisher().run().expect("there is a report");
        for problem in [&plan.problems[0], &report.problems[0]] {
            let text = problem.to_string();
            assert!(text.contains(words) && text.contains(&victim.to_string()), "{text}");
            assert!(text.contains("tree.rbxmx") && text.contains("compare the id"), "{text}");
        }
        assert_eq!((plan.uploads().count(), report.uploaded(), report.exit_code()), (0, 0, 1));
        assert_eq!(sandbox.asset_content(victim).expect("it is there").bytes, before);
    }
    fs::write(folder.lock(), right).expect("it can be written");
    complete(&publisher().run().expect("there is a report"));
    assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, model(2));
}

/// The advice of the error, word for word: the asset was renamed on the Creator Hub.
#[test]
fn a_name_that_is_corrected_in_the_lock_file_lets_the_next_version_through() {
    let (sandbox, folder) = (sandbox(), Folder::new(&[("tree.rbxmx", model(1))]));
    let publisher = || folder.publisher(&sandbox).new_versions(true);
    let id = publisher().run().expect("there is a report").ids()["tree.rbxmx"];
    let user = crate::support::folder::user(&sandbox);
    let renamed = user.client().asset(id).update_with(AssetUpdate::new(id).display_name("Old Oak"));
    renamed.and_then(|operation| operation.wait()).expect("it can be renamed");
    folder.write("tree.rbxmx", &model(2));
    assert_eq!(publisher().run().expect("there is a report").exit_code(), 1);
    let corrected = lock(&folder).replace("\"name\":\"tree\"", "\"name\":\"Old Oak\"");
    fs::write(folder.lock(), corrected).expect("it can be written");
    complete(&publisher().run().expect("there is a report"));
    folder.write("tree.rbxmx", &model(3));
    complete(&publisher().run().expect("there is a report"));
    assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, model(3));
}
