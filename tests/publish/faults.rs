//! Publishing folders when something goes wrong.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rblxopencloud::publish::{PlannedAction, PublishEvent, PublishProblemKind, Publisher, Stopped};
use rblxopencloud::{AssetType, Client, ErrorKind, ErrorScope};
use rblxopencloud_sandbox::{Fault, OperationFailure};
use serde_json::json;

use crate::support::folder::{Folder, USER, complete, image, sandbox, uploads};
use crate::support::{Reply, Server};

#[test]
fn a_refused_key_stops_the_run_before_the_second_request() {
    let sandbox = sandbox();
    let folder = Folder::of_images(20);
    let client = Client::builder("wrong-key").base_url(sandbox.url()).build().expect("the settings are good");
    let publisher = Publisher::new(&client.user(USER)).lock_file(folder.lock()).folder(folder.assets());
    let report = publisher.run().expect("there is a report");
    assert_eq!(sandbox.requests().len(), 1);
    assert!(matches!(&report.stopped, Some(Stopped::Failed(error)) if error.kind() == ErrorKind::Unauthenticated));
    assert_eq!((report.exit_code(), report.problems.len(), report.unpublished.len()), (3, 0, 20));
    // A file that isn't even sent doesn't let the others go.
    folder.write("aaa.png", b"");
    sandbox.clear_requests();
    let _ = publisher.run().expect("there is a report");
    assert_eq!(sandbox.requests().len(), 1);
    fs::remove_file(folder.assets().join("aaa.png")).expect("it is there");
    complete(&folder.run(&sandbox));
    assert_eq!(sandbox.assets().len(), 20);
}

#[test]
fn an_upload_costs_no_more_than_expected() {
    for price in [None, Some(10)] {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&bodies);
        let server = Server::start(move |request| {
            seen.lock().unwrap().push(String::from_utf8_lossy(&request.body).into_owned());
            Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "No." }))
        });
        let folder = Folder::of_images(1);
        let publisher = Publisher::new(&server.user_without_retries()).lock_file(folder.lock()).folder(folder.assets());
        let publisher = price.into_iter().fold(publisher, Publisher::expected_price);
        assert_eq!(publisher.run().expect("there is a report").exit_code(), 1);
        let has_price = bodies.lock().unwrap()[0].contains("\"expectedPrice\":10");
        assert_eq!(has_price, price.is_some());
    }
}

/// With the usual retries.
#[test]
fn a_service_that_cannot_be_reached_stops_the_run_soon() {
    for stage in ["uploads", "versions", "doubts", "grants"] {
        let sandbox = sandbox();
        let folder = Folder::of_images(30);
        let client = Client::builder(sandbox.api_key()).base_url(sandbox.url()).build().expect("the settings are good");
        let told = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&told);
        let publisher = Publisher::new(&client.user(USER))
            .lock_file(folder.lock())
            .folder(folder.assets())
            .images_as(AssetType::Decal)
            .new_versions(true)
            .on_event(move |event| {
                counted.fetch_add(usize::from(matches!(event, PublishEvent::Problem { .. })), Ordering::SeqCst);
            });
        match stage {
            "versions" => {
                (0..30).for_each(|number| {
                    folder.write(&format!("{number}.rbxmx"), format!("<roblox>{number}</roblox>").as_bytes())
                });
                complete(&folder.publisher(&sandbox).images_as(AssetType::Decal).run().expect("there is a report"));
                (0..30).for_each(|number| {
                    folder.write(&format!("{number}.rbxmx"), format!("<roblox>{number}+</roblox>").as_bytes())
                });
            }
            "doubts" => {
                sandbox.inject(Fault::reset_before_answer().on("POST", "/assets/v1/assets").times(9));
                let report = folder.publisher(&sandbox).images_as(AssetType::Decal).run().expect("there is a report");
                assert_eq!(report.problems.len(), 9, "{report}");
            }
            "grants" => {
                complete(&folder.publisher(&sandbox).images_as(AssetType::Decal).run().expect("there is a report"));
            }
            _ => {}
        }
        drop(sandbox);
        let began = Instant::now();
        let publisher = if stage == "grants" { publisher.grant_to(5) } else { publisher };
        let report = publisher.run().expect("there is a report");
        assert!(began.elapsed() < Duration::from_secs(15), "{stage}: {:?}", began.elapsed());
        let Some(Stopped::Failed(error)) = &report.stopped else { panic!("{stage}: {report}") };
        assert_eq!((error.kind(), error.scope()), (ErrorKind::Connection, ErrorScope::Run), "{stage}");
        assert_eq!(report.exit_code(), 3, "{stage}");
        // Those in doubt are known from the run before.
        let in_doubt = if stage == "doubts" { 9 } else { 0 };
        assert_eq!((report.problems.len(), told.load(Ordering::SeqCst)), (in_doubt, in_doubt), "{stage}: {report}");
        assert!(!report.check().expect_err("it was stopped").to_string().contains('\n'));
    }
}

#[test]
fn an_exhausted_quota_stops_one_type() {
    let sandbox = sandbox();
    let sound = |number: usize| format!("OggS{number}").into_bytes();
    let folder = Folder::new(&[("a.ogg", sound(1)), ("b.ogg", sound(2)), ("c.ogg", sound(3)), ("d.png", image(1))]);
    sandbox.set_quota(AssetType::Audio, 1);
    let report = folder.publisher(&sandbox).concurrency(1).run().expect("there is a report");
    assert_eq!(report.uploaded(), 2, "{:#?}", report.problems);
    let problems: Vec<_> = report.problems.iter().map(|problem| (problem.path.as_str(), problem.kind)).collect();
    assert_eq!(problems, [("b.ogg", PublishProblemKind::NotSent)]);
    assert_eq!(report.unpublished, ["c.ogg"], "the problem before is that of all");
    assert!(report.stopped.is_none());
    assert_eq!(uploads(&sandbox), 3, "the third sound isn't tried");
}

#[test]
fn rejected_assets_are_not_handed_to_the_game() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("bad.png", image(1))]);
    let rejected = json!({ "path": "operations/1", "done": true, "response": {
        "assetId": "4242", "moderationResult": { "moderationState": "Rejected" },
    } });
    sandbox.inject(Fault::status(200).body(rejected.to_string()).on("POST", "/assets/v1/assets"));
    for round in 0..2 {
        sandbox.clear_requests();
        let told = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&told);
        let publisher = folder.publisher(&sandbox).grant_to(5).on_event(move |event| {
            counted.fetch_add(usize::from(matches!(event, PublishEvent::Published { .. })), Ordering::SeqCst);
        });
        let report = publisher.run().expect("there is a report");
        assert_eq!((report.problems.len(), report.problems[0].kind), (1, PublishProblemKind::Rejected));
        assert_eq!((told.load(Ordering::SeqCst), uploads(&sandbox)), (0, 1 - round));
        assert!(!sandbox.requests().iter().any(|request| request.path.contains("permissions")), "nobody may use it");
        assert!(report.problems[0].message.contains("4242"), "{}", report.problems[0]);
        assert!(report.files.is_empty() && !report.module().luau().expect("it is empty").contains("4242"));
        // It is on record: the next run doesn't send it again.
        assert_eq!((report.exit_code(), uploads(&sandbox)), (1, 1 - round));
    }
    assert_eq!(
        folder.publisher(&sandbox).plan().expect("there is a plan").problems[0].kind,
        PublishProblemKind::Rejected
    );
}

#[test]
fn reviews_are_looked_at_until_they_are_decided() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("crate.png", image(1))]);
    let asset = |state: &str| json!({ "assetId": "4242", "moderationResult": { "moderationState": state } });
    let done = json!({ "path": "operations/1", "done": true, "response": asset("Reviewing") });
    sandbox.inject(Fault::status(200).body(done.to_string()).on("POST", "/assets/v1/assets"));
    complete(&folder.run(&sandbox));
    sandbox.clear_requests();
    complete(&folder.run(&sandbox));
    assert_eq!(sandbox.requests().len(), 0, "by default, nothing is asked");
    let run = |state: &str| {
        sandbox.clear_requests();
        sandbox.inject(Fault::status(200).body(asset(state).to_string()).on("GET", "/assets/v1/assets/4242"));
        let report = folder.publisher(&sandbox).grant_to(5).check_reviews(true).run().expect("there is a report");
        sandbox.clear_faults();
        (report.ids().contains_key("crate.png"), report.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>())
    };
    assert!(run("Reviewing").0);
    assert_eq!(run("Rejected"), (false, vec![PublishProblemKind::Rejected]));
    run("Approved");
    assert_eq!(sandbox.requests().len(), 0, "it is decided");
    // A refused key stops that, too.
    folder.write("door.png", &image(2));
    let done = json!({ "path": "operations/2", "done": true, "response": asset("Reviewing") });
    sandbox.inject(Fault::status(200).body(done.to_string()).on("POST", "/assets/v1/assets"));
    complete(&folder.publisher(&sandbox).exclude("crate.png").run().expect("there is a report"));
    folder.write("tree.png", &image(3));
    sandbox.set_key_enabled(false);
    sandbox.clear_requests();
    let report = folder.publisher(&sandbox).check_reviews(true).run().expect("there is a report");
    assert_eq!((sandbox.requests().len(), report.exit_code()), (1, 3), "{report}");
}

#[test]
fn a_moderated_name_can_be_replaced() {
    let sandbox = sandbox();
    sandbox.set_moderated_words(["badword"]);
    let folder = Folder::new(&[("badword.png", image(1)), ("fine.png", image(2))]);
    let report = folder.run(&sandbox);
    assert_eq!((report.uploaded(), report.problems.len()), (1, 1));
    let report = folder.publisher(&sandbox).neutral_names(true).run().expect("there is a report");
    complete(&report);
    let asset = sandbox.asset(report.ids()["badword.png"]).expect("it is there");
    assert!(asset.display_name.expect("it has a name").starts_with("asset-"));
}

#[test]
fn failed_operations_are_sent_again_by_the_next_run() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    sandbox.fail_next_operation(OperationFailure::error("INTERNAL", "It broke."));
    let report = folder.run(&sandbox);
    assert_eq!((report.uploaded(), report.problems.len()), (2, 1));
    assert_eq!(report.problems[0].kind, PublishProblemKind::Failed);
    complete(&folder.run(&sandbox));
    assert_eq!(sandbox.assets().len(), 3);
}

#[test]
fn two_runs_at_once_are_kept_apart() {
    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    let refused = Arc::new(Mutex::new(None));
    let (other, told) = (folder.publisher(&sandbox), Arc::clone(&refused));
    let publisher = folder.publisher(&sandbox).on_event(move |_| {
        told.lock().unwrap().get_or_insert_with(|| other.run().expect_err("a run is in progress"));
    });
    complete(&publisher.run().expect("there is a report"));
    let error = refused.lock().unwrap().take().expect("it was tried");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    complete(&folder.run(&sandbox));
}

#[test]
fn permissions_that_are_not_granted_are_told_and_asked_for_again() {
    let sandbox = sandbox();
    let folder = Folder::of_images(2);
    let publisher = || folder.publisher(&sandbox).grant_to(13_058);
    sandbox.inject(Fault::status(403).on("PATCH", "/asset-permissions-api"));
    let report = publisher().run().expect("there is a report");
    assert_eq!((report.files.len(), report.exit_code()), (2, 1));
    assert!(
        report.problems.iter().all(|problem| problem.kind == PublishProblemKind::NotGranted),
        "{:?}",
        report.problems
    );
    assert!(report.problems[0].message.contains("13058") && report.problems[0].message.contains("403"));
    complete(&publisher().run().expect("there is a report"));
    assert_eq!((sandbox.asset_permissions(report.files[0].id).len(), uploads(&sandbox)), (1, 2));
}

#[test]
fn a_key_that_cannot_grant_is_not_tried_for_each_experience() {
    let sandbox = sandbox();
    sandbox.set_scopes(["asset:read", "asset:write"]);
    let folder = Folder::of_images(3);
    let report = folder.publisher(&sandbox).grant_to(1).grant_to(2).run().expect("there is a report");
    assert!(report.problems.iter().all(|problem| problem.kind == PublishProblemKind::NotGranted));
    assert_eq!((report.problems.len(), report.uploaded(), report.exit_code()), (6, 3, 1), "{:#?}", report.problems);
    let grants = sandbox.requests().iter().filter(|request| request.path.contains("permissions")).count();
    assert_eq!(grants, 1);
}

#[test]
fn a_cancelled_run_does_not_wait_for_operations_and_lets_the_next_one_begin() {
    let sandbox = sandbox();
    let folder = Folder::new(&[("tree.rbxmx", b"<roblox>1</roblox>".to_vec())]);
    let publisher = || folder.publisher(&sandbox).new_versions(true);
    complete(&publisher().run().expect("there is a report"));
    folder.write("tree.rbxmx", b"<roblox>2</roblox>");
    folder.write("crate.png", &image(1));
    sandbox.set_operation_time(Duration::from_secs(600));
    let accepted = Arc::new(AtomicUsize::new(0));
    let (counted, asked) = (Arc::clone(&accepted), Arc::clone(&accepted));
    let cancelled = publisher()
        .on_event(move |event| {
            counted.fetch_add(usize::from(matches!(event, PublishEvent::Accepted { .. })), Ordering::SeqCst);
        })
        .stop_when(move || asked.load(Ordering::SeqCst) > 0);
    // A thread of the run still polls.
    sandbox.inject(Fault::delay(Duration::from_secs(20)).on("GET", "/assets/v1/operations"));
    let report = cancelled.run().expect("there is a report");
    assert!(matches!(report.stopped, Some(Stopped::Cancelled)), "{report}");
    let next = publisher().stop_when(|| true).run().expect("the lock is free");
    assert!(matches!(next.stopped, Some(Stopped::Cancelled)), "{next}");
}

#[test]
fn a_run_that_is_cancelled_late_says_so() {
    let sandbox = sandbox();
    let folder = Folder::of_images(3);
    let published = Arc::new(AtomicUsize::new(0));
    let (counted, asked) = (Arc::clone(&published), Arc::clone(&published));
    let publisher = folder.publisher(&sandbox).grant_to(5).on_event(move |event| {
        counted.fetch_add(usize::from(matches!(event, PublishEvent::Published { .. })), Ordering::SeqCst);
    });
    let report = publisher.stop_when(move || asked.load(Ordering::SeqCst) == 3).run().expect("there is a report");
    assert_eq!((report.files.len(), report.exit_code()), (3, 130), "nothing was granted: {report}");
}

#[test]
fn an_exhausted_quota_stops_versions() {
    let sandbox = sandbox();
    let text = |number: usize| format!("<roblox>{number}</roblox>").into_bytes();
    let folder = Folder::new(&[("a.rbxmx", text(1)), ("b.rbxmx", text(2)), ("c.rbxmx", text(3))]);
    let run = || folder.publisher(&sandbox).new_versions(true).run().expect("there is a report");
    complete(&run());
    for (number, name) in ["a.rbxmx", "b.rbxmx", "c.rbxmx"].into_iter().enumerate() {
        folder.write(name, &text(10 + number));
    }
    let refusal = "{\"code\":\"RESOURCE_EXHAUSTED\",\"message\":\"The upload quota is exhausted.\"}";
    sandbox.inject(Fault::status(429).body(refusal).on("PATCH", "/assets/v1/assets").times(9));
    sandbox.clear_requests();
    let report = run();
    assert!(
        report.problems.iter().all(|problem| problem.kind == PublishProblemKind::NotSent),
        "{:#?}",
        report.problems
    );
    assert_eq!(sandbox.requests().iter().filter(|request| request.method == "PATCH").count(), 1);
}

#[test]
fn a_cancelled_run_ends_soon_and_the_next_one_goes_on() {
    let sandbox = sandbox();
    let folder = Folder::of_images(30);
    let accepted = Arc::new(AtomicUsize::new(0));
    let (counted, asked) = (Arc::clone(&accepted), Arc::clone(&accepted));
    let publisher = folder
        .publisher(&sandbox)
        .on_event(move |event| {
            if matches!(event, PublishEvent::Accepted { .. }) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        })
        .stop_when(move || asked.load(Ordering::SeqCst) >= 5);
    sandbox.set_operation_time(Duration::from_millis(500));
    let report = publisher.run().expect("there is a report");
    assert!(matches!(report.stopped, Some(Stopped::Cancelled)));
    assert_eq!(report.exit_code(), 130);
    let sent = uploads(&sandbox);
    assert!(sent < 30, "{sent}");
    complete(&folder.run(&sandbox));
    assert_eq!(sandbox.assets().len(), 30);
    let names: BTreeSet<_> = sandbox.assets().into_iter().map(|asset| asset.display_name).collect();
    assert_eq!(names.len(), 30, "each once");
}

/// What is refused after the run was cancelled is not in doubt, although nobody waits for its outcome.
#[test]
fn an_upload_that_is_refused_after_the_end_of_a_cancelled_run_is_not_in_doubt() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_millis(1500));
        Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "No." }))
    });
    let folder = Folder::of_images(1);
    let is_sent = Arc::new(AtomicUsize::new(0));
    let (sent, asked) = (Arc::clone(&is_sent), Arc::clone(&is_sent));
    let publisher = Publisher::new(&server.user_without_retries())
        .lock_file(folder.lock())
        .folder(folder.assets())
        .on_event(move |event| {
            if matches!(event, PublishEvent::Progress { .. }) {
                sent.fetch_add(1, Ordering::SeqCst);
            }
        })
        .stop_when(move || asked.load(Ordering::SeqCst) > 0);
    let report = publisher.run().expect("there is a report");
    assert!(matches!(report.stopped, Some(Stopped::Cancelled)));
    assert_eq!((server.count(), report.unpublished.as_slice()), (1, &["image000.png".to_owned()][..]));
    assert_eq!(publisher.plan().expect("there is a plan").files[0].action, PlannedAction::Upload);
}
