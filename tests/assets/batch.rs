//! Uploads of many files: each has exactly one outcome, whatever happens to the others.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, ErrorScope, User, UserInfo, WaitOptions};
use rblxopencloud_sandbox::{OperationFailure, RateLimit, Sandbox};
use serde_json::json;

use crate::support::batch::{
    LONG, assert_all_right, collect, done, error, error_of, failed, image, images, impatient, pending, posted, run,
    service, until,
};
use crate::support::samples::{jpeg, png};
use crate::support::{KEY, Reply, Server, TempDir, USER, hasty, within};

#[test]
fn nothing_is_sent_before_the_first_next() {
    let server = service(|_, _| None);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let counting = images(3).into_iter().inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let uploads = server.user().upload_assets(counting).wait_options(impatient()).on_accepted(|_, _| {});
    thread::sleep(Duration::from_millis(100));
    assert_eq!((server.count(), taken.load(Ordering::SeqCst)), (0, 0));
    drop(uploads);
    assert_eq!((server.count(), taken.load(Ordering::SeqCst)), (0, 0));
}

#[test]
fn each_upload_has_exactly_one_outcome() {
    for concurrency in [0, 1, 2, 8, 50] {
        // Higher numbers take longer to be accepted, so that outcomes come in another order.
        let server = service(|method, number| {
            if method == "POST" {
                thread::sleep(Duration::from_millis((number % 7) as u64 * 3));
            }
            (method == "POST" && number % 3 == 0).then(|| done(number))
        });
        let uploads = server.user().upload_assets(images(40)).concurrency(concurrency).wait_options(impatient());
        let results = run(uploads);
        assert_all_right(&results, 40, &[]);
        assert_eq!(posted(&server), (0..40).collect::<Vec<_>>(), "each is sent once");
    }
}

#[test]
fn concurrency_is_limited_by_the_available_threads() {
    let server = service(|_, _| None);
    let uploads = server.user().upload_assets(images(3)).concurrency(usize::MAX).wait_options(impatient());
    assert_all_right(&run(uploads), 3, &[]);
}

#[test]
fn empty_batches_end_at_once() {
    let server = service(|_, _| None);
    let user = server.user();
    let (first, second) = within(LONG, move || {
        let mut uploads = user.upload_assets(Vec::new());
        (uploads.next().is_none(), uploads.next().is_none())
    });
    assert!(first && second);
    assert_eq!(server.count(), 0);
}

#[test]
fn debug_shows_the_state_but_no_key() {
    let server = service(|_, _| None);
    let mut uploads = server.user().upload_assets(images(2)).wait_options(impatient());
    let before = format!("{uploads:?}");
    assert!(uploads.next().is_some());
    let after = format!("{uploads:?}");
    assert!(before.contains("AssetUploads") && before != after, "{before} {after}");
    assert!(!before.contains(KEY) && !after.contains(KEY), "{before} {after}");
}

#[test]
fn concurrency_limits_uploads_but_not_pending_operations() {
    for concurrency in [1, 3] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let taken = Arc::new(AtomicUsize::new(0));
        let (under_way, peak, counted) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&taken));
        let server = service(move |method, number| {
            if method == "POST" {
                peak.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(15));
                under_way.fetch_sub(1, Ordering::SeqCst);
                counted.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            // None is done before all are accepted, so they are all pending at the same time.
            (counted.load(Ordering::SeqCst) < 20).then(|| pending(number))
        });
        let uploads = server.user().upload_assets(images(20)).concurrency(concurrency).wait_options(impatient());
        assert_all_right(&run(uploads), 20, &[]);
        assert_eq!(most.load(Ordering::SeqCst), concurrency);
    }
}

/// The benchmark of uploads measures how much sooner they end.
#[test]
fn more_operations_are_pending_than_uploads_are_sent_at_once_without_a_429() {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_operation_time(Duration::from_secs(3));
    sandbox.set_rate_limit(Some(RateLimit::new(1000, Duration::from_secs(60))));
    let options = WaitOptions::new().initial_delay(Duration::from_secs(1)).max_delay(Duration::from_secs(2));
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    let uploads = sandbox.client().user(USER).upload_assets(images(60)).concurrency(4).wait_options(options);
    let mut uploads = uploads.on_accepted(move |_, _| _ = count.fetch_add(1, Ordering::SeqCst));
    assert!(uploads.next().is_some_and(|outcome| outcome.result.is_ok()));
    let pending = accepted.load(Ordering::SeqCst);
    assert!(pending > 4, "only {pending} uploads were accepted before the first one was done");
    assert_eq!(uploads.filter(|outcome| outcome.result.is_ok()).count(), 59);
    assert_eq!(sandbox.rate_limited(), 0);
    let polls = sandbox.requests().iter().filter(|request| request.method == "GET").count();
    assert!(polls <= 10 * 60, "{polls} polls");
}

#[test]
fn a_bad_file_does_not_stop_the_others() {
    let dir = TempDir::new();
    let path = |name: &str| dir.file(name, &png(64, 64));
    let of_path = |name: &str, number: usize| {
        let file = AssetFile::open(path(name)).expect("it is there");
        AssetUpload::new(file, AssetType::Image, format!("n{number}"), "")
    };
    let mut uploads = images(20);
    uploads[4] = of_path("gone.png", 4);
    uploads[5] = of_path("longer.png", 5);
    uploads[6] = of_path("shorter.png", 6);
    uploads[7] = AssetUpload::new(AssetFile::from_bytes("a.png", jpeg(9, 9)), AssetType::Image, "n7", "");
    uploads[8] = AssetUpload::new(AssetFile::from_bytes("a.png", png(9, 9)), AssetType::Image, "n".repeat(51), "");
    uploads[9] =
        AssetUpload::new(AssetFile::from_reader("a.png", &*png(9, 9).leak(), 1000), AssetType::Image, "n9", "");
    std::fs::remove_file(dir.path().join("gone.png")).expect("it was there");
    dir.file("longer.png", &[png(64, 64), vec![0]].concat());
    dir.file("shorter.png", &png(64, 64)[..20]);

    let server = service(|method, number| match (method, number) {
        ("POST", 0) => Some(error(400, "\"InvalidImage\"")),
        ("GET", 1) => Some(failed(1, "InvalidImage")),
        ("GET", 2) => Some(failed(2, "AssetName is moderated.")),
        ("POST", 3) => Some(error(413, "Request Entity Too Large")),
        _ => None,
    });
    let results = run(server.user().upload_assets(uploads).concurrency(2).wait_options(impatient()));
    let kinds = [
        (0, ErrorKind::InvalidContent),
        (1, ErrorKind::InvalidContent),
        (2, ErrorKind::Moderated),
        (3, ErrorKind::Rejected),
        (4, ErrorKind::Io),
        (5, ErrorKind::Io),
        (6, ErrorKind::Io),
        (7, ErrorKind::InvalidInput),
        (8, ErrorKind::InvalidInput),
        (9, ErrorKind::Io),
    ];
    assert_all_right(&results, 20, &kinds.map(|(which, _)| which));
    for (which, kind) in kinds {
        let error = error_of(&results, which);
        assert_eq!((error.kind(), error.scope()), (kind, ErrorScope::Call), "{which}: {error}");
    }
    for (which, name) in [(4, "gone.png"), (5, "longer.png"), (6, "shorter.png")] {
        let error = error_of(&results, which).to_string();
        assert!(error.contains(name), "{error}");
    }
}

/// A response to the sixth upload, or to its poll, after which no other upload can succeed.
fn fatal() -> Vec<(&'static str, &'static str, Reply, ErrorKind)> {
    let quota = "The quota of uploads is exhausted.";
    let key = json!({ "errors": [{ "code": 0, "message": "Invalid API Key" }] });
    vec![
        ("401", "POST", Reply::json(401, &key), ErrorKind::Unauthenticated),
        ("401 to a poll", "GET", Reply::json(401, &key), ErrorKind::Unauthenticated),
        ("moderated", "POST", error(400, "User is moderated"), ErrorKind::AccountModerated),
        ("moderated, as the operation ends", "GET", failed(5, "User is moderated"), ErrorKind::AccountModerated),
        ("quota", "POST", error(400, quota), ErrorKind::QuotaExhausted),
        ("quota, forbidden", "POST", error(403, quota), ErrorKind::QuotaExhausted),
        ("quota, as the operation ends", "GET", failed(5, quota), ErrorKind::QuotaExhausted),
        ("403", "POST", error(403, "Forbidden"), ErrorKind::PermissionDenied),
    ]
}

#[test]
fn fatal_refusals_stop_unsent_uploads_only() {
    for (label, method, reply, kind) in fatal() {
        // The quota is that of these images.
        let scope = if kind == ErrorKind::QuotaExhausted { ErrorScope::AssetType } else { ErrorScope::Run };
        let is_moderated = Arc::new(AtomicBool::new(false));
        let server = service(move |method_sent, number| {
            if (method_sent, number) == (method, 5) {
                is_moderated.store(true, Ordering::SeqCst);
                return Some(reply.clone());
            }
            let is_known = is_moderated.load(Ordering::SeqCst);
            if method_sent == "POST" && number > 5 {
                // These are being sent at that time.
                let deadline = Instant::now() + Duration::from_secs(10);
                while !is_moderated.load(Ordering::SeqCst) && Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(1));
                }
                thread::sleep(Duration::from_millis(300));
            }
            (method_sent == "GET" && !is_known).then(|| pending(number))
        });
        let results = run(server.user().upload_assets(images(40)).concurrency(3).wait_options(impatient()));
        assert!(results.keys().copied().eq(0..40), "{label}: {:?}", results.keys());
        let posted = posted(&server);
        assert!(posted.len() <= 9 && posted.contains(&5), "{label}: {posted:?} were sent");
        for (which, outcome) in &results {
            match &outcome.result {
                Ok(asset) => {
                    assert!(posted.contains(which) && *which != 5, "{label}: {which}");
                    assert_eq!(asset.display_name, Some(format!("n{which}")));
                }
                Err(error) => {
                    assert!(!posted.contains(which) || *which == 5, "{label}: {which}: {error}");
                    assert_eq!((error.scope(), error.kind()), (scope, kind), "{label}: {which}: {error}");
                    let was_accepted = *which == 5 && method == "GET";
                    assert_eq!(outcome.operation.is_some(), was_accepted, "{label}: {which}");
                    assert!(was_accepted || !error.outcome_unknown(), "{label}: {which}: {error}");
                }
            }
        }
    }
}

/// A service that accepts four uploads in four seconds, and refuses the fourth late. The first four are being sent before
/// the first response tells the limit.
fn four_at_a_time(refusal: &'static str) -> Server {
    let under_way = Barrier::new(4);
    service(move |method, number| {
        if method != "POST" {
            return None;
        }
        if number < 4 {
            under_way.wait();
        }
        if number == 3 {
            thread::sleep(Duration::from_millis(400));
            return Some(error(400, refusal));
        }
        let reply = pending(number).with("x-ratelimit-limit", "4, 4;w=4").with("x-ratelimit-remaining", "0");
        Some(reply.with("x-ratelimit-reset", "4"))
    })
}

#[test]
fn fatal_refusals_stop_uploads_that_wait_for_the_rate_limit() {
    let server = four_at_a_time("User is moderated");
    let results = run(server.user().upload_assets(images(20)).concurrency(4).wait_options(impatient()));
    assert!(results.keys().copied().eq(0..20));
    let posted = posted(&server);
    assert_eq!(posted, [0, 1, 2, 3], "sent after the account was reported as moderated");
    for (which, outcome) in &results {
        if let Err(error) = &outcome.result {
            assert_eq!(error.scope(), ErrorScope::Run, "{which}: {error}");
        }
    }
}

#[test]
fn transient_failures_are_retried() {
    let seen: Mutex<HashMap<(String, usize), usize>> = Mutex::default();
    let server = service(move |method, number| {
        let mut seen = seen.lock().expect("no test panics here");
        let times = seen.entry((method.to_owned(), number)).or_default();
        *times += 1;
        match (method, *times) {
            ("POST", 1) if number % 5 == 0 => Some(Reply::text(429, "").with("retry-after", "0.01")),
            ("GET", 1..=7) if number % 3 == 0 => Some(Reply::text(503, "")),
            ("GET", 1) if number % 3 == 1 => Some(Reply::text(429, "").with("retry-after", "0.01")),
            ("GET", 1) => Some(Reply::HangUp),
            _ => None,
        }
    });
    let results = run(server.user().upload_assets(images(20)).wait_options(impatient()));
    assert_all_right(&results, 20, &[]);
}

#[test]
fn waiting_polls_do_not_block_uploads() {
    let began = Instant::now();
    let server = service(move |method, number| {
        let is_early = began.elapsed() < Duration::from_secs(6);
        (method == "GET" && is_early).then(|| {
            pending(number)
                .with("x-ratelimit-limit", "1, 1;w=8")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "8")
        })
    });
    let uploads = server.user().upload_assets(images(20)).concurrency(2).wait_options(impatient());
    let results = run(uploads);
    assert_all_right(&results, 20, &[]);
    let last = server.requests().iter().filter(|request| request.method == "POST").map(|request| request.at).max();
    let last = last.expect("it was sent").duration_since(began);
    assert!(last < Duration::from_secs(7), "the last upload was sent after {last:?}");
}

#[test]
fn pending_operations_are_named_and_do_not_stop_others() {
    let server = service(|method, number| (method == "GET" && number == 3).then(|| pending(3)));
    let options = impatient().timeout(Duration::from_secs(3));
    let results = run(server.user().upload_assets(images(10)).wait_options(options));
    assert_all_right(&results, 10, &[3]);
    let error = error_of(&results, 3);
    assert_eq!((error.kind(), error.scope()), (ErrorKind::OperationPending, ErrorScope::Later));
    assert!(error.to_string().contains("operations/n3"), "{error}");
}

#[test]
fn on_accepted_is_called_with_the_index_before_the_outcome() {
    let server = service(|_, _| None);
    let reported: Arc<Mutex<BTreeMap<usize, String>>> = Arc::default();
    let recorded = Arc::clone(&reported);
    let uploads = server.user().upload_assets(images(20)).wait_options(impatient()).on_accepted(move |which, name| {
        let known = recorded.lock().expect("no test panics here").insert(which, name.to_string());
        assert_eq!(known, None, "{which} was reported twice");
    });
    let results = within(LONG, move || {
        uploads
            .map(|outcome| {
                let name = reported.lock().expect("no test panics here").get(&outcome.index).cloned();
                (name, outcome)
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(results.len(), 20);
    for (name, outcome) in results {
        let index = outcome.index;
        assert_eq!(name, Some(format!("operations/n{index}")));
        assert_eq!(name, outcome.operation.map(|name| name.to_string()));
        assert_eq!(outcome.result.expect("it is made").display_name, Some(format!("n{index}")));
    }
}

#[test]
fn accepted_operations_can_be_resumed_after_dropping_the_batch() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let reported: Arc<Mutex<Vec<rblxopencloud::OperationName>>> = Arc::default();
    let recorded = Arc::clone(&reported);
    let user: User = server.user();
    let slow = WaitOptions::new().initial_delay(Duration::from_secs(30));
    let mut uploads = user.upload_assets(images(5)).wait_options(slow).on_accepted(move |_, name| {
        recorded.lock().expect("no test panics here").push(name.clone());
    });
    assert!(uploads.next().is_some());
    until("not all began", || reported.lock().expect("no test panics here").len() == 5);
    within(LONG, move || drop(uploads));
    for name in reported.lock().expect("no test panics here").clone() {
        let asset = user.client().operation(name.clone()).wait().expect("it is made");
        assert_eq!(format!("operations/{}", asset.display_name.expect("a name")), name.to_string());
    }
}

#[test]
fn two_batches_of_one_client_share_its_budget() {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_rate_limit(Some(RateLimit::new(15, Duration::from_millis(500))));
    let client = sandbox.client_with(|settings| settings.retry(hasty())).expect("the settings are good");
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let user = client.user(USER);
            thread::spawn(move || collect(user.upload_assets(images(15)).wait_options(impatient())))
        })
        .collect();
    for run in runs {
        assert_all_right(&run.join().expect("it ends"), 15, &[]);
    }
}

#[test]
fn partial_failures_are_in_the_outcome() {
    let sandbox = Sandbox::start().expect("there is a free port");
    sandbox.add_user(UserInfo::new(USER, "one"));
    sandbox.fail_next_operation(OperationFailure::partial("The icon was refused."));
    let outcomes = run(sandbox.client().user(USER).upload_assets(images(3)).wait_options(impatient()));
    assert_all_right(&outcomes, 3, &[]);
    let failures: Vec<String> = outcomes.into_values().flat_map(|outcome| outcome.partial_failures).collect();
    assert_eq!(failures, ["The icon was refused."]);
}

#[test]
fn only_accepted_uploads_have_an_operation() {
    let refusal = |status| Reply::json(status, &json!({ "code": "PERMISSION_DENIED", "message": "asset:read" }));
    let to_polls = [
        ("401", refusal(401)),
        ("403", refusal(403)),
        ("404", Reply::text(404, "")),
        ("302", Reply::text(302, "").with("location", "/elsewhere")),
        ("a web page", Reply::text(200, "<!DOCTYPE html><html>portal</html>")),
        ("nothing", Reply::ok(&json!({ "path": "operations/n0", "done": true }))),
        ("pending", pending(0)),
        ("500", Reply::text(500, "")),
        ("a broken connection", Reply::HangUp),
        ("a failure", failed(0, "InvalidImage")),
    ];
    for (label, reply) in to_polls {
        let server = service(move |method, _| (method == "GET").then(|| reply.clone()));
        let options = impatient().timeout(Duration::from_millis(200));
        let outcomes = run(server.user().upload_assets(images(1)).wait_options(options));
        let outcome = &outcomes[&0];
        assert!(outcome.result.is_err(), "{label}");
        assert_eq!(outcome.operation, Some("operations/n0".parse().expect("a name")), "{label}");
    }
    let to_uploads = [
        ("400", error(400, "InvalidImage"), false),
        ("401", refusal(401), false),
        ("403", refusal(403), false),
        ("a web page", Reply::text(200, "<!DOCTYPE html><html>portal</html>"), true),
        ("a broken connection", Reply::HangUp, true),
    ];
    for (label, reply, is_unknown) in to_uploads {
        let server = service(move |method, _| (method == "POST").then(|| reply.clone()));
        let outcomes = run(server.user().upload_assets(images(1)).wait_options(impatient()));
        assert_eq!(outcomes[&0].operation, None, "{label}");
        assert_eq!(error_of(&outcomes, 0).outcome_unknown(), is_unknown, "{label}");
    }
}

/// Images with even numbers, decals with odd ones.
fn mixed(count: usize) -> impl Iterator<Item = AssetUpload> {
    let of_type = |number: usize| if number % 2 == 0 { AssetType::Image } else { AssetType::Decal };
    (0..count).map(move |number| image(number).asset_type(of_type(number)))
}

#[test]
fn exhausted_quotas_stop_one_asset_type() {
    let quota = "The quota of decals is exhausted.";
    let replies = [
        ("400", "POST", error(400, quota)),
        ("403", "POST", error(403, quota)),
        ("429", "POST", Reply::json(429, &json!({ "code": "RESOURCE_EXHAUSTED", "message": quota }))),
        ("as the operation ends", "GET", failed(5, quota)),
    ];
    for (label, method, reply) in replies {
        for concurrency in [1, 4] {
            let reply = reply.clone();
            let server =
                service(move |method_sent, number| ((method_sent, number) == (method, 5)).then(|| reply.clone()));
            let outcomes =
                run(server.user().upload_assets(mixed(60)).concurrency(concurrency).wait_options(impatient()));
            assert!(outcomes.keys().copied().eq(0..60), "{label}");
            let posted = posted(&server);
            for (index, outcome) in &outcomes {
                match &outcome.result {
                    Ok(_) => assert!(posted.contains(index), "{label}: {index}"),
                    Err(error) => {
                        assert!(
                            index % 2 == 1 && (*index == 5 || !posted.contains(index)),
                            "{label}: {index}: {error}"
                        );
                        let problem = (error.kind(), error.scope());
                        assert_eq!(problem, (ErrorKind::QuotaExhausted, ErrorScope::AssetType), "{label}: {index}");
                        assert!(!error.is_retryable() && !error.outcome_unknown(), "{label}: {index}: {error}");
                        assert!(*index == 5 || error.to_string().contains("Decal"), "{label}: {index}: {error}");
                    }
                }
            }
            let images_sent = posted.iter().filter(|number| **number % 2 == 0).count();
            assert_eq!(images_sent, 30, "{label}: all images are sent");
            if method == "POST" {
                let decals_sent = posted.len() - images_sent;
                assert!(decals_sent <= 3 + 2 * concurrency, "{label}: {decals_sent} decals were sent");
            }
        }
    }
}

#[test]
fn exhausted_quotas_stop_waiting_uploads_of_one_type() {
    let server = four_at_a_time("The quota of decals is exhausted.");
    let outcomes = run(server.user().upload_assets(mixed(8)).concurrency(4).wait_options(impatient()));
    assert!(outcomes.keys().copied().eq(0..8));
    assert_eq!(posted(&server), [0, 1, 2, 3, 4, 6], "decals were sent without a quota");
    for (index, outcome) in &outcomes {
        assert_eq!(outcome.result.is_ok(), ![3, 5, 7].contains(index), "{outcome:?}");
    }
    for index in [3, 5, 7] {
        assert_eq!(error_of(&outcomes, index).scope(), ErrorScope::AssetType);
    }
}
