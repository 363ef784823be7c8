//! Uploads of a folder that may have arrived.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rblxopencloud::publish::{PublishEvent, PublishProblemKind, Published, Publisher, Report};
use rblxopencloud::{AssetType, ErrorKind};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::fails;
use crate::support::folder::{Folder, complete, image, sandbox, uploads};

const UPLOAD: &str = "/assets/v1/assets";

/// Publishes decals one by one: inventories list them.
fn decals(folder: &Folder, sandbox: &Sandbox) -> Publisher {
    folder.publisher(sandbox).images_as(AssetType::Decal).concurrency(1)
}

fn run(publisher: &Publisher) -> Report {
    publisher.run().expect("there is a report")
}

const MODEL: &[u8] = b"<roblox>1</roblox>";

/// A model that was published, and whose second version has arrived without an answer.
fn version_without_answer() -> (Sandbox, Folder, u64) {
    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.rbxmx", MODEL.to_vec())]);
    let publisher = folder.publisher(&sandbox).new_versions(true);
    let id = run(&publisher).ids()["tree.rbxmx"];
    folder.write("tree.rbxmx", b"<roblox>2</roblox>");
    sandbox.inject(Fault::reset_before_answer().on("PATCH", UPLOAD));
    let _ = run(&publisher);
    (sandbox, folder, id)
}

/// A publisher that is cancelled as soon as the service has accepted an upload.
fn until_accepted(publisher: Publisher) -> Publisher {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    publisher
        .on_event(move |event| {
            if matches!(event, PublishEvent::Accepted { .. }) {
                stop.store(true, Ordering::SeqCst);
            }
        })
        .stop_when(move || asked.load(Ordering::SeqCst))
}

#[test]
fn an_upload_without_an_answer_is_found_and_adopted() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/v1/assets").after(1));
    let publisher = || folder.publisher(&sandbox).images_as(AssetType::Decal).concurrency(1);
    let report = publisher().run().expect("there is a report");
    assert_eq!(report.problems[0].kind, PublishProblemKind::InDoubt, "{:#?}", report.problems);
    assert_eq!(report.exit_code(), 2);
    let report = publisher().run().expect("there is a report");
    complete(&report);
    assert!(matches!(&report.files[1].how, Published::Adopted(reason) if reason.contains("it is the only")));
    assert_eq!(sandbox.assets().len(), 2);
    // The record is whole: a third run has nothing to do.
    sandbox.clear_requests();
    complete(&publisher().run().expect("there is a report"));
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn a_version_without_an_answer_is_sent_again_only_if_it_is_missing() {
    for (fault, has_arrived) in [(Fault::reset_before_answer(), true), (Fault::status(500), false)] {
        let sandbox = sandbox();
        let folder = Folder::new(&[("tree.rbxmx", b"<roblox>1</roblox>".to_vec())]);
        let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
        let id = run().ids()["tree.rbxmx"];
        folder.write("tree.rbxmx", b"<roblox>2</roblox>");
        sandbox.inject(fault.on("PATCH", "/assets/v1/assets"));
        let report = run();
        assert_eq!((report.exit_code(), report.problems[0].kind), (2, PublishProblemKind::InDoubt), "{report}");
        let report = run();
        complete(&report);
        assert_eq!(report.ids()["tree.rbxmx"], id);
        assert_eq!(matches!(report.files[0].how, Published::Adopted(_)), has_arrived, "{:?}", report.files[0].how);
        assert_eq!(sandbox.asset(id).expect("it is there").revision_id, Some(2));
        assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, b"<roblox>2</roblox>");
        // The next change is a version of the same asset.
        folder.write("tree.rbxmx", b"<roblox>3</roblox>");
        assert_eq!(run().ids()["tree.rbxmx"], id);
    }
}

#[test]
fn a_doubt_that_cannot_be_resolved_is_decided_by_the_caller() {
    let sandbox = sandbox();
    // Inventories don't list images.
    let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/v1/assets").times(2));
    let report = folder.publisher(&sandbox).concurrency(1).run().expect("there is a report");
    assert_eq!(report.problems.len(), 2, "{:#?}", report.problems);
    sandbox.clear_requests();
    let report = folder.run(&sandbox);
    assert_eq!(uploads(&sandbox), 0, "nothing is sent again");
    let text = report.problems[0].to_string();
    assert!(text.contains("adopt \"crate.png\" with its id, or send \"crate.png\" again"), "{text}");
    let arrived = sandbox.assets();
    let id = arrived.iter().find(|asset| asset.display_name.as_deref() == Some("crate")).expect("it arrived").id;
    let report = folder.publisher(&sandbox).adopt("crate.png", id).send_again("door.png").run();
    let report = report.expect("there is a report");
    complete(&report);
    assert_eq!(report.ids()["crate.png"], id);
    assert_eq!(sandbox.assets().len(), 3);
    fails(folder.publisher(&sandbox).adopt("missing.png", 1).run(), ErrorKind::InvalidInput);
}

#[test]
fn content_that_is_gone_is_not_waited_for_and_known_when_it_comes_back() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    let publisher = decals(&folder, &sandbox);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    assert_eq!(run(&publisher).exit_code(), 2);
    let lost = sandbox.assets()[0].id;
    // The file is edited, and then deleted.
    folder.write("crate.png", &image(2));
    sandbox.clear_requests();
    let report = run(&publisher);
    complete(&report);
    assert_eq!((uploads(&sandbox), report.uploaded()), (1, 1));
    fs::remove_file(folder.assets().join("crate.png")).expect("it is there");
    folder.write("door.png", &image(3));
    complete(&run(&publisher));
    sandbox.clear_requests();
    complete(&run(&publisher));
    assert_eq!(sandbox.requests().len(), 0, "nothing is new");
    // The asset of the second content is known, so it isn't that of the first.
    folder.write("crate.png", &image(1));
    let report = run(&publisher);
    complete(&report);
    assert_eq!((report.ids()["crate.png"], sandbox.assets().len()), (lost, 3));
}

#[test]
fn content_that_is_gone_is_not_looked_for() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
    sandbox.inject(Fault::status(500).on("POST", UPLOAD));
    assert_eq!(run(&decals(&folder, &sandbox)).exit_code(), 2);
    fs::remove_file(folder.assets().join("crate.png")).expect("it is there");
    sandbox.clear_requests();
    complete(&run(&decals(&folder, &sandbox)));
    assert_eq!(sandbox.requests().len(), 0);

    // An operation that is known is asked, once.
    folder.write("tree.png", &image(3));
    sandbox.set_operation_time(Duration::from_secs(600));
    assert_eq!(run(&until_accepted(folder.publisher(&sandbox).exclude("door.png"))).exit_code(), 130);
    fs::remove_file(folder.assets().join("tree.png")).expect("it is there");
    sandbox.inject(Fault::status(404).on("GET", "/assets/v1/operations").times(9));
    for requests in [1, 0] {
        sandbox.clear_requests();
        let _ = run(&decals(&folder, &sandbox));
        assert_eq!(sandbox.requests().len(), requests);
    }
}

#[test]
fn content_that_is_gone_can_be_forgotten_or_adopted() {
    for adopts in [true, false] {
        let sandbox = sandbox();
        let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
        sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
        assert_eq!(folder.publisher(&sandbox).concurrency(1).run().expect("there is a report").exit_code(), 2);
        let id =
            sandbox.assets().iter().find(|asset| asset.display_name.as_deref() == Some("crate")).map(|asset| asset.id);
        fs::remove_file(folder.assets().join("crate.png")).expect("it is there");
        let publisher = folder.publisher(&sandbox);
        let publisher = match adopts {
            true => publisher.adopt("crate.png", id.expect("it arrived")),
            false => publisher.send_again("crate.png"),
        };
        complete(&run(&publisher));
        assert!(!fs::read_to_string(folder.lock()).expect("there is a lock").contains("since"), "nothing is in doubt");
        folder.write("crate.png", &image(1));
        let report = folder.run(&sandbox);
        assert_eq!(report.uploaded(), usize::from(!adopts));
    }
}

#[test]
fn a_key_that_cannot_look_publishes_the_rest() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    let _ = run(&decals(&folder, &sandbox));
    folder.write("door.png", &image(2));
    let refusal = "{\"errors\":[{\"code\":\"INSUFFICIENT_SCOPE\",\"message\":\"The key lacks a scope.\"}]}";
    sandbox.inject(Fault::status(403).body(refusal).on("GET", "/cloud/v2/users").times(9));
    let report = run(&decals(&folder, &sandbox));
    assert_eq!((report.exit_code(), report.uploaded(), report.problems.len()), (2, 1, 1), "{:#?}", report.problems);
    assert!(report.stopped.is_none());
}

#[test]
fn what_is_known_for_certain_is_settled_first() {
    for number in 0..4 {
        let sandbox = sandbox();
        let folder = Folder::new(&[("a/crate.png", image(number)), ("b/crate.png", image(10 + number))]);
        sandbox.set_operation_time(Duration::from_millis(1));
        sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
        let report = run(&until_accepted(decals(&folder, &sandbox)));
        assert_eq!(report.exit_code(), 130, "{report}");
        // The asset of the operation isn't that of the other upload, which has the same name.
        complete(&run(&decals(&folder, &sandbox)));
        assert_eq!(sandbox.assets().len(), 2);
    }
}

#[test]
fn uploads_of_one_name_are_not_confused() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("a/crate.png", image(1)), ("b/crate.png", image(2))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    sandbox.inject(Fault::status(500).on("POST", UPLOAD));
    let _ = run(&decals(&folder, &sandbox));
    assert_eq!(sandbox.assets().len(), 1, "one of them has arrived");
    let report = run(&decals(&folder, &sandbox));
    assert_eq!((report.exit_code(), report.problems.len()), (2, 2), "{:#?}", report.problems);
    assert!(report.problems[0].message.contains("the same name"), "{}", report.problems[0]);
}

#[test]
fn an_asset_that_cannot_be_read_leaves_a_doubt() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    let _ = run(&decals(&folder, &sandbox));
    sandbox.inject(Fault::status(403).on("GET", "/assets/v1/assets/"));
    let report = run(&decals(&folder, &sandbox));
    assert_eq!(report.exit_code(), 2, "{report}");
    complete(&run(&decals(&folder, &sandbox)));
    assert_eq!(sandbox.assets().len(), 2);
}

#[test]
fn an_operation_that_only_an_error_names_is_polled() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    let accepted = r#"{"path":"operations/abc","done":true,"response":{}}"#;
    sandbox.inject(Fault::status(200).body(accepted).on("POST", UPLOAD));
    let report = run(&decals(&folder, &sandbox));
    assert_eq!(report.problems[0].kind, PublishProblemKind::InDoubt, "{report}");
    sandbox.clear_requests();
    let _ = run(&decals(&folder, &sandbox));
    let requests = sandbox.requests();
    assert!(requests.iter().any(|request| request.target == "/assets/v1/operations/abc"), "{requests:?}");
}

#[test]
fn an_operation_that_was_forgotten_leaves_its_asset() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    sandbox.set_operation_time(Duration::from_millis(1));
    sandbox.inject(Fault::status(404).on("GET", "/assets/v1/operations").times(9));
    assert_eq!(run(&until_accepted(decals(&folder, &sandbox))).exit_code(), 130);
    let report = run(&decals(&folder, &sandbox));
    complete(&report);
    assert!(matches!(&report.files[0].how, Published::Adopted(reason) if reason.contains("it is the only")));
    assert_eq!(sandbox.assets().len(), 1);
}

#[test]
fn a_version_in_doubt_makes_the_content_of_its_asset_unknown() {
    let (sandbox, folder, id) = version_without_answer();
    let (one, publisher) = (MODEL, || folder.publisher(&sandbox).new_versions(true));
    // The file goes back to what it was, but the asset may not have.
    folder.write("tree.rbxmx", one);
    fails(publisher().check(), ErrorKind::OutOfDate);
    assert_eq!(publisher().published().expect("there is a report").problems[0].kind, PublishProblemKind::InDoubt);
    let report = run(&publisher());
    complete(&report);
    assert_eq!((report.ids()["tree.rbxmx"], sandbox.asset_content(id).expect("it is there").bytes), (id, one.to_vec()));
    assert_eq!(sandbox.asset(id).expect("it is there").revision_id, Some(3));
    publisher().check().expect("everything is published");
}

#[test]
fn a_version_in_doubt_is_settled_before_the_next_one() {
    for (fault, back_to_two, versions) in
        [(Fault::reset_before_answer(), false, 3), (Fault::status(500), false, 2), (Fault::status(500), true, 3)]
    {
        let sandbox = sandbox();
        let text = |number: usize| format!("<roblox>{number}</roblox>").into_bytes();
        let folder = Folder::new(&[("tree.rbxmx", text(1))]);
        let publisher = || folder.publisher(&sandbox).new_versions(true);
        let id = run(&publisher()).ids()["tree.rbxmx"];
        folder.write("tree.rbxmx", &text(2));
        sandbox.inject(fault.on("PATCH", UPLOAD));
        let _ = run(&publisher());
        let mut last = 3;
        folder.write("tree.rbxmx", &text(3));
        complete(&run(&publisher()));
        if back_to_two {
            last = 2;
            folder.write("tree.rbxmx", &text(2));
            complete(&run(&publisher()));
        }
        complete(&run(&publisher()));
        assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, text(last));
        assert_eq!(sandbox.asset(id).expect("it is there").revision_id, Some(versions));
        assert_eq!(sandbox.assets().len(), 1);
    }
}

#[test]
fn a_version_that_is_adopted_by_hand_replaces_the_content_before() {
    let (sandbox, folder, id) = version_without_answer();
    let publisher = || folder.publisher(&sandbox).new_versions(true);
    complete(&run(&publisher().adopt("tree.rbxmx", id)));
    folder.write("tree.rbxmx", b"<roblox>1</roblox>");
    let report = run(&publisher());
    assert_eq!((&report.files[0].how, report.ids()["tree.rbxmx"]), (&Published::NewVersion, id));
}

#[test]
fn an_adoption_is_carried_out_once_whatever_happens_to_the_file() {
    // The new content is in doubt.
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    let publisher = || decals(&folder, &sandbox).adopt("crate.png", 77);
    complete(&run(&publisher()));
    folder.write("crate.png", &image(2));
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    assert_eq!(run(&publisher()).exit_code(), 2);
    let report = run(&publisher());
    complete(&report);
    assert_eq!(report.ids()["crate.png"], sandbox.assets()[0].id);
    // The choice is replaced by another one, and the file is gone.
    folder.write("door.png", &image(3));
    let publisher = publisher().adopt("door.png", 78).adopt("door.png", 79);
    assert_eq!(run(&publisher).ids()["door.png"], 79);
    folder.write("tree.png", &image(4));
    for name in ["crate.png", "door.png"] {
        fs::remove_file(folder.assets().join(name)).expect("it is there");
    }
    complete(&run(&publisher));
}

#[test]
fn a_run_that_was_killed_knows_which_asset_gets_the_next_version() {
    for adopts in [true, false] {
        let sandbox = sandbox();
        let folder = Folder::new(&[("tree.rbxmx", b"<roblox>1</roblox>".to_vec())]);
        let publisher = || folder.publisher(&sandbox).new_versions(true);
        if adopts {
            let _ = run(&publisher());
            fs::remove_file(folder.lock()).expect("it is there");
        }
        let killed = match adopts {
            true => publisher().adopt("tree.rbxmx", sandbox.assets()[0].id),
            false => publisher(),
        };
        let killed = killed.on_event(|event| assert!(!matches!(event, PublishEvent::Published { .. }), "killed"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.run())).expect_err("it was killed");
        folder.write("tree.rbxmx", b"<roblox>2</roblox>");
        // A copy doesn't make it another asset.
        folder.write("copy.rbxmx", b"<roblox>2</roblox>");
        complete(&run(&publisher()));
        assert_eq!(sandbox.assets().len(), 1, "{adopts}");
        assert_eq!(sandbox.assets()[0].revision_id, Some(2));
    }
}

/// The file had another asset before.
#[test]
fn a_run_that_was_killed_knows_the_newest_asset_of_a_file() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.rbxmx", MODEL.to_vec())]);
    let first = run(&folder.publisher(&sandbox)).ids()["tree.rbxmx"];
    folder.write("tree.rbxmx", b"<roblox>2</roblox>");
    let killed = folder.publisher(&sandbox);
    let killed = killed.on_event(|event| assert!(!matches!(event, PublishEvent::Published { .. }), "killed"));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.run())).expect_err("it was killed");
    folder.write("tree.rbxmx", b"<roblox>3</roblox>");
    let report = run(&folder.publisher(&sandbox).new_versions(true));
    complete(&report);
    assert_ne!(report.ids()["tree.rbxmx"], first, "the game has had the second asset since then");
    assert_eq!(sandbox.assets().len(), 2);
}

#[test]
fn a_version_that_nobody_can_find_is_replaced_by_what_the_file_has() {
    let (sandbox, folder, id) = version_without_answer();
    let (one, publisher) = (MODEL, || folder.publisher(&sandbox).new_versions(true));
    folder.write("tree.rbxmx", one);
    // The asset may hold the second content.
    let again = publisher().send_again("tree.rbxmx");
    assert_eq!(again.plan().expect("there is a plan").uploads().count(), 1);
    complete(&run(&again));
    assert_eq!(sandbox.asset_content(id).expect("it is there").bytes, one);
}

#[test]
fn an_adoption_that_stays_in_a_script_does_not_hide_a_change() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    let publisher = || folder.publisher(&sandbox).adopt("crate.png", 77);
    assert_eq!(run(&publisher()).ids()["crate.png"], 77);
    folder.write("crate.png", &image(2));
    fails(publisher().check(), ErrorKind::OutOfDate);
    let report = run(&publisher());
    assert_eq!((report.uploaded(), report.ids()["crate.png"]), (1, sandbox.assets()[0].id));
    let report = run(&publisher());
    assert_eq!((report.uploaded(), report.ids()["crate.png"]), (0, sandbox.assets()[0].id), "nothing has changed");
    // Another id is a new choice.
    assert_eq!(run(&folder.publisher(&sandbox).adopt("crate.png", 78)).ids()["crate.png"], 78);
}

/// The call stays in a script, and each further upload is interrupted, too.
#[test]
fn sending_again_counts_once() {
    for (changes, is_version) in [(false, false), (true, false), (true, true)] {
        let sandbox = sandbox();
        let name = if is_version { "c.rbxmx" } else { "c.png" };
        let content =
            |number: usize| if is_version { format!("<roblox>{number}</roblox>").into() } else { image(number) };
        let folder = Folder::new(&[(name, content(0))]);
        // Nothing is known of images, and sent again is what nobody can find.
        let publisher = || folder.publisher(&sandbox);
        sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD).times(9));
        assert_eq!(run(&publisher()).exit_code(), 2);
        for round in 0..3 {
            if changes && round == 1 {
                folder.write(name, &content(1));
            }
            let _ = run(&publisher().send_again(name));
        }
        // The first upload, the choice, and content that is new.
        let most = 2 + usize::from(changes);
        assert!(sandbox.assets().len() <= most, "{changes} {is_version}: {}", sandbox.assets().len());
        if is_version {
            continue;
        }
        let report = run(&publisher().send_again(name));
        assert_eq!(report.exit_code(), 2, "{report}");
        assert!(report.problems[0].message.contains("run without send_again first"), "{}", report.problems[0]);
        // A run without the call ends the choice.
        sandbox.clear_faults();
        assert_eq!(run(&publisher()).exit_code(), 2);
        complete(&run(&publisher().send_again(name)));
        complete(&run(&publisher().send_again(name)));
        assert_eq!(sandbox.assets().len(), most + 1);
    }
}

/// A kill right after the choice was carried out.
#[test]
fn a_choice_to_send_again_survives_a_kill() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("c.png", image(1))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD).times(9));
    assert_eq!(run(&folder.publisher(&sandbox)).exit_code(), 2);
    for _ in 0..3 {
        let killed = folder.publisher(&sandbox).send_again("c.png");
        let killed = killed.on_event(|event| assert!(!matches!(event, PublishEvent::Problem { .. }), "killed"));
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| killed.run()));
    }
    assert_eq!(sandbox.assets().len(), 2);
}

/// Makes the uploads in doubt older.
fn age(folder: &Folder, minutes: i64) {
    let lock = fs::read_to_string(folder.lock()).expect("there is a lock file");
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
    let lines = lock.lines().map(|line| match line.split_once("\"since\":\"") {
        Some((start, rest)) => {
            let (_, end) = rest.split_once('"').expect("it ends");
            format!("{start}\"since\":\"{since}\"{end}\n")
        }
        None => format!("{line}\n"),
    });
    fs::write(folder.lock(), lines.collect::<String>()).expect("it can be written");
}

/// It was killed before its first byte.
#[test]
fn an_upload_that_is_nowhere_to_be_seen_is_sent_again_if_the_caller_allows_it() {
    for (allowed, minutes, unread, is_image, is_sent) in [
        (true, 20, false, false, true),
        (false, 20, false, false, false),
        (true, 5, false, false, false),
        (true, 20, true, false, false),
        (true, 20, false, true, false),
    ] {
        let sandbox = sandbox();
        let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
        let publisher = || match is_image {
            true => folder.publisher(&sandbox).concurrency(1),
            false => decals(&folder, &sandbox),
        };
        // Neither of them has an effect, but nobody knows.
        sandbox.inject(Fault::status(500).on("POST", UPLOAD));
        assert_eq!(run(&publisher()).exit_code(), 2);
        age(&folder, minutes);
        if unread {
            sandbox.inject(Fault::status(403).on("GET", "/assets/v1/assets/").times(9));
        }
        let lost = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&lost);
        let report = run(&publisher().send_lost_again(allowed).on_event(move |event| {
            if let PublishEvent::Lost { path: "crate.png", message } = event {
                assert!(message.contains("has not arrived"), "{message}");
                seen.store(true, Ordering::SeqCst);
            }
        }));
        let case = format!("{allowed} {minutes} {unread} {is_image}: {report}");
        assert_eq!((report.uploaded(), lost.load(Ordering::SeqCst)), (usize::from(is_sent), is_sent), "{case}");
        assert_eq!(report.exit_code(), if is_sent { 0 } else { 2 }, "{case}");
        assert_eq!(sandbox.assets().len(), 1 + usize::from(is_sent), "{case}");
    }
}

#[test]
fn an_upload_that_has_arrived_is_never_lost() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1)), ("door.png", image(2))]);
    sandbox.inject(Fault::reset_before_answer().on("POST", UPLOAD));
    assert_eq!(run(&decals(&folder, &sandbox)).exit_code(), 2);
    age(&folder, 20);
    let report = run(&decals(&folder, &sandbox).send_lost_again(true));
    complete(&report);
    assert_eq!((report.uploaded(), sandbox.assets().len()), (0, 2));
}
