//! Files, lock files and disks that are not as they should be.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rblxopencloud::ErrorKind;
use rblxopencloud::publish::{PublishEvent, PublishProblemKind, Publisher, Stopped};

use crate::support::fails;
use crate::support::folder::{Folder, USER, complete, image, sandbox, uploads, user};

/// A model that is broken for a while is still the same model afterwards.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_keeps_its_asset() {
    use rblxopencloud::publish::Published;

    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.rbxmx", b"<roblox>1</roblox>".to_vec())]);
    let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
    let id = run().ids()["tree.rbxmx"];
    let path = folder.assets().join("tree.rbxmx");
    fs::remove_file(&path).expect("it is there");
    std::os::unix::fs::symlink("nowhere", &path).expect("a link");
    assert_eq!(run().exit_code(), 1);
    fs::remove_file(&path).expect("it is there");
    folder.write("tree.rbxmx", b"");
    assert_eq!(run().exit_code(), 1);
    folder.write("tree.rbxmx", b"<roblox>2</roblox>");
    let report = run();
    complete(&report);
    assert_eq!((report.ids()["tree.rbxmx"], &report.files[0].how), (id, &Published::NewVersion));
}

#[test]
fn bad_files_are_told_and_the_others_go_on() {
    let sandbox = sandbox();
    let folder = Folder::new(&[
        ("good.png", image(1)),
        ("photo.png", b"\xff\xd8\xff\xe0JFIF".to_vec()),
        ("empty.png", Vec::new()),
        ("source.psd", b"8BPS".to_vec()),
    ]);
    let report = folder.run(&sandbox);
    let problems: Vec<(&str, PublishProblemKind)> =
        report.problems.iter().map(|problem| (problem.path.as_str(), problem.kind)).collect();
    assert_eq!(problems, [("empty.png", PublishProblemKind::Unfit), ("photo.png", PublishProblemKind::Unfit),]);
    assert_eq!((report.exit_code(), report.uploaded(), uploads(&sandbox)), (1, 1, 1));
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    // They are told again, without a request.
    sandbox.clear_requests();
    let publisher = folder.publisher(&sandbox).exclude("*.psd");
    assert_eq!(publisher.run().expect("there is a report").problems.len(), 2);
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn what_is_published_is_told_if_the_lock_file_cannot_be_written_at_the_end() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    let lock = folder.lock();
    let publisher = folder.publisher(&sandbox).on_event(move |event| {
        if matches!(event, PublishEvent::Published { .. }) && lock.is_file() {
            fs::remove_file(&lock).expect("it is there");
            fs::create_dir(&lock).expect("its name is free");
        }
    });
    let report = publisher.run().expect("there is a report");
    assert_eq!((report.files.len(), report.exit_code()), (3, 3), "{report}");
    assert!(matches!(&report.stopped, Some(Stopped::Failed(error)) if error.to_string().contains("assets.lock")));
    fs::remove_dir(folder.lock()).expect("it is empty");
    let owner = format!("lock 1\nowner user {USER} at {}\nend\n", sandbox.url());
    fs::write(folder.lock(), owner).expect("it can be written");
    let report = folder.run(&sandbox);
    complete(&report);
    assert_eq!(report.uploaded(), 0, "the journal has everything");
}

/// Tools set the times of files: archives, `cp -p`, Nix and Bazel.
#[test]
fn changed_content_of_the_same_size_and_time_is_published() {
    use std::time::SystemTime;

    let sandbox = sandbox();
    let now = SystemTime::now();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let hour = Duration::from_secs(3600);
    for time in [long_ago, SystemTime::UNIX_EPOCH, now - hour, now, now + hour] {
        let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(4))]);
        let path = folder.assets().join("crate.png");
        let set = |path: &Path| {
            let file = fs::File::options().write(true).open(path).expect("it is there");
            file.set_modified(time).expect("it can be set");
        };
        set(&path);
        complete(&folder.run(&sandbox));
        // Written in place, and replaced by another file.
        folder.write("crate.png", &image(2));
        set(&path);
        fails(folder.publisher(&sandbox).check(), ErrorKind::OutOfDate);
        assert_eq!(folder.run(&sandbox).uploaded(), 1, "{time:?}");
        let other = folder.0.file("other.png", &image(3));
        set(&other);
        fs::rename(other, &path).expect("it is there");
        assert_eq!(folder.run(&sandbox).uploaded(), 1, "{time:?}");
        // Nothing but its time has changed.
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(now)).expect("it can be set");
        assert_eq!(folder.run(&sandbox).uploaded(), 0, "{time:?}");
    }
}

#[test]
fn a_file_whose_times_change_during_the_run_is_sent() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    let path = folder.assets().join("image001.png");
    let publisher = folder.publisher(&sandbox).on_event(move |event| {
        if matches!(event, PublishEvent::Begun { .. }) {
            let file = fs::File::options().write(true).open(&path).expect("it is there");
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("it can be set");
        }
    });
    complete(&publisher.run().expect("there is a report"));
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("old/door.png", image(2))]);
    let pipe = folder.assets().join("pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    // An editor marks files that it has open with a link to nowhere.
    for link in [".#crate.png", "old/missing.png"] {
        std::os::unix::fs::symlink("nowhere", folder.assets().join(link)).expect("a link");
    }
    let report = folder.publisher(&sandbox).exclude("old/**").run().expect("there is a report");
    assert_eq!((report.uploaded(), report.problems.len()), (1, 1), "{:#?}", report.problems);
    assert!(report.problems[0].to_string().contains("\"pipe.png\" is not a regular file"), "{}", report.problems[0]);
}

#[test]
fn links_that_lead_back_are_told() {
    #[cfg(unix)]
    {
        let sandbox = sandbox();
        let folder = Folder::new(&[("ui/a.png", image(1))]);
        std::os::unix::fs::symlink(folder.assets(), folder.assets().join("ui").join("loop")).expect("a link");
        std::os::unix::fs::symlink("nowhere.png", folder.assets().join("broken.png")).expect("a link");
        let report = folder.run(&sandbox);
        assert_eq!(report.uploaded(), 1);
        let paths: Vec<&str> = report.problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["broken.png", "ui/loop"]);
        assert!(report.problems[1].message.contains("contains it"), "{}", report.problems[1]);
    }
}

#[test]
fn a_file_that_changes_during_the_run_is_told() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    let changing = folder.assets().join("image001.png");
    let path = changing.clone();
    let publisher = folder.publisher(&sandbox).on_event(move |event| {
        if matches!(event, PublishEvent::Begun { .. }) {
            fs::write(&path, image(77)).expect("it can be written");
            let later = std::time::SystemTime::now() + Duration::from_secs(5);
            fs::File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(later))
                .expect("it can be set");
        }
    });
    let report = publisher.run().expect("there is a report");
    assert_eq!((report.uploaded(), report.problems.len()), (2, 1));
    assert_eq!(
        (report.problems[0].path.as_str(), report.problems[0].kind),
        ("image001.png", PublishProblemKind::Unreadable)
    );
    assert!(report.problems[0].message.contains("image001.png"), "{}", report.problems[0]);
    complete(&folder.run(&sandbox));
    assert_eq!(
        sandbox.asset_content(folder.run(&sandbox).ids()["image001.png"]).expect("it is there").bytes,
        image(77)
    );
}

#[test]
fn a_lock_file_that_cannot_be_used_is_told_before_a_request() {
    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    let run_with = |lock: std::path::PathBuf| {
        Publisher::new(&user(&sandbox)).lock_file(lock).folder(folder.assets()).run().expect_err("it can't be used")
    };
    let file = folder.0.file("file", b"");
    for (lock, kind) in [(file.join("assets.lock"), ErrorKind::Io), (folder.assets(), ErrorKind::Io)] {
        let error = run_with(lock);
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("the lock file"), "{error}");
    }
    let damaged = folder.0.file("damaged.lock", b"{ half");
    let error = run_with(damaged.clone());
    assert_eq!(error.kind(), ErrorKind::CorruptFile);
    assert_eq!(fs::read(&damaged).expect("it is there"), b"{ half");
    let journal = folder.0.file("j.lock.journal", b"{ whole line of nonsense\n");
    assert_eq!(run_with(folder.0.path().join("j.lock")).kind(), ErrorKind::CorruptFile);
    assert!(journal.exists(), "it is left as it is");
    assert_eq!(sandbox.requests().len(), 0);
    fails(Publisher::new(&user(&sandbox)).lock_file(folder.lock()).run(), ErrorKind::InvalidInput);
    fails(folder.publisher(&sandbox).folder(folder.0.path().join("missing")).run(), ErrorKind::Io);
    fails(folder.publisher(&sandbox).include("a/***").run(), ErrorKind::InvalidInput);
}

/// A journal that was cut by a kill: the last line isn't whole, so what it says was not done.
#[test]
fn a_torn_journal_is_read_as_far_as_it_goes() {
    let sandbox = sandbox();
    let folder = Folder::of_images(1);
    let ids: Vec<u64> = folder.run(&sandbox).files.iter().map(|file| file.id).collect();
    let lock = fs::read_to_string(folder.lock()).expect("it is there");
    let asset = lock.lines().find_map(|line| line.strip_prefix("asset ")).expect("a line");
    // Of the line, the journal reads the fields that it needs.
    let published = format!(r#"{{"published":{{"key":{asset},"entry":{asset}}}}}"#);
    // The first line is that of a run on this machine.
    folder.write("other.png", &image(7));
    let killed = folder.publisher(&sandbox).on_event(|event| assert!(!matches!(event, PublishEvent::Accepted { .. })));
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.run()));
    fs::remove_file(folder.assets().join("other.png")).expect("it is there");
    let journal = fs::read_to_string(folder.0.path().join("assets.lock.journal")).expect("the run was killed");
    let header = journal.lines().next().expect("a line");
    for torn in ["", "{\"begun\":[\"", "{\"over\":\"x\"}"] {
        let _ = fs::remove_file(folder.lock());
        folder.0.file("assets.lock.journal", format!("{header}\n{published}\n{torn}").as_bytes());
        sandbox.clear_requests();
        let report = folder.run(&sandbox);
        complete(&report);
        assert_eq!((report.files[0].id, sandbox.requests().len()), (ids[0], 0));
    }
}

/// A run on a full disk, as a child of the test below: the lock file fits, the journal doesn't.
#[cfg(unix)]
#[test]
fn child_run_on_a_full_disk() {
    if std::env::var_os("FULL_DISK_TEST").is_none() {
        return;
    }
    let sandbox = sandbox();
    let folder = Folder::of_images(4);
    let report = folder.run(&sandbox);
    assert_eq!((report.uploaded(), report.exit_code()), (0, 3));
    assert!(
        matches!(&report.stopped, Some(Stopped::Failed(error)) if error.to_string().contains("assets.lock.journal")),
        "{report}"
    );
    assert_eq!(sandbox.assets().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_before_something_is_sent_that_is_not_on_record() {
    // No file may have more than 16 blocks.
    let child = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().expect("this test has a file"))
        .arg(crate::support::test_name(module_path!(), "child_run_on_a_full_disk"))
        .env("FULL_DISK_TEST", "1")
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

/// What others may have laid beside the lock file.
#[cfg(unix)]
#[test]
fn the_files_beside_the_lock_are_never_opened_through_a_link() {
    use std::os::unix::fs::symlink;

    for (ending, is_dangling) in [
        (".journal", false),
        (".journal", true),
        (".running", false),
        (".running", true),
        (".pid", false),
        (".pid", true),
        (".cache", false),
        (".cache", true),
    ] {
        let sandbox = sandbox();
        let folder = Folder::of_images(1);
        let notes = folder.0.path().join("notes.txt");
        if !is_dangling {
            fs::write(&notes, "mine").expect("it can be written");
        }
        let path = folder.0.path().join(format!("assets.lock{ending}"));
        symlink("notes.txt", &path).expect("a link");
        let error = match folder.publisher(&sandbox).run() {
            Ok(report) => match report.stopped {
                Some(Stopped::Failed(error)) => error,
                _ => panic!("{ending}: {report}"),
            },
            Err(error) => error,
        };
        assert!(error.to_string().contains("is a link"), "{ending}: {error}");
        assert_eq!(fs::read_to_string(&notes).ok(), (!is_dangling).then(|| "mine".to_owned()), "{ending}");
        assert_eq!(sandbox.assets().len(), 0, "{ending}");
        fs::remove_file(&path).expect("the link is still there");
        complete(&folder.run(&sandbox));
    }
}

/// For root, permissions don't hold, so this shows it only for other users.
#[cfg(unix)]
#[test]
fn a_read_only_folder_is_enough_if_nothing_is_new() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    let module = folder.0.path().join("src.luau");
    let publisher = || folder.publisher(&sandbox).luau(&module);
    complete(&publisher().run().expect("there is a report"));
    let companions = || -> Vec<_> {
        let names = fs::read_dir(folder.0.path()).expect("it is there");
        names.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
    };
    // As in a checkout.
    companions().iter().filter(|path| **path != folder.lock() && **path != module).for_each(|path| {
        fs::remove_file(path).expect("it is there");
    });
    let set = |mode| fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(mode)).expect("it can be set");
    set(0o555);
    if fs::write(folder.0.path().join("probe"), b"").is_err() {
        sandbox.clear_requests();
        complete(&publisher().run().expect("nothing is new"));
        assert_eq!(companions().len(), 2, "{:?}", companions());
        folder.write("new.png", &image(7));
        let report = publisher().run().expect("there is a report");
        let error = report.check().expect_err("nothing can be written down");
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("assets.lock"), "{error}");
        assert_eq!(sandbox.requests().len(), 0, "nothing is sent that isn't on record");
    }
    set(0o755);
}

/// A pipe of such a name must not stop a run for ever.
#[cfg(unix)]
#[test]
fn the_files_beside_the_lock_are_regular_ones() {
    for ending in ["", ".journal", ".running", ".pid", ".cache"] {
        let sandbox = sandbox();
        let folder = Folder::of_images(1);
        let path = folder.0.path().join(format!("assets.lock{ending}"));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
        let publisher = folder.publisher(&sandbox);
        let stopped = crate::support::within(Duration::from_secs(60), move || match publisher.run() {
            Ok(report) => report.stopped.map(|stopped| format!("{stopped:?}")),
            Err(error) => Some(error.to_string()),
        });
        assert!(stopped.is_some_and(|text| text.contains("is not a regular file")), "{ending}");
        assert_eq!(sandbox.assets().len(), 0, "{ending}");
    }
}

#[cfg(unix)]
#[test]
fn two_names_of_a_lock_file_are_one_lock() {
    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    complete(&folder.run(&sandbox));
    let link = folder.0.path().join("link.json");
    std::os::unix::fs::symlink("assets.lock", &link).expect("a link");
    let publisher = folder.publisher(&sandbox).lock_file(&link);
    folder.write("new.png", &image(7));
    let inner = folder.publisher(&sandbox);
    let events = publisher.on_event(move |event| {
        if matches!(event, PublishEvent::Begun { .. }) {
            fails(inner.run(), ErrorKind::Conflict);
        }
    });
    let report = events.run().expect("there is a report");
    complete(&report);
    assert_eq!(report.uploaded(), 1);
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert_eq!(folder.run(&sandbox).uploaded(), 0, "both names have everything");
}

#[cfg(unix)]
#[test]
fn files_beside_a_linked_lock_are_no_assets() {
    let sandbox = sandbox();
    let folder = Folder::of_images(1);
    let link = folder.0.path().join("link.json");
    std::os::unix::fs::symlink("assets/real.lock", &link).expect("a link");
    for _ in 0..2 {
        let report = folder.publisher(&sandbox).lock_file(&link).run().expect("there is a report");
        complete(&report);
        assert_eq!(report.problems.len(), 0);
    }
    assert!(folder.assets().join("real.lock").exists());
}
