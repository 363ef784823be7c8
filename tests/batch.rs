//! Many uploads at once: each ends exactly once with its own result, whatever happens to the others.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::sandbox::{OperationFailure, RateLimit, Sandbox};
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpload, AssetUploads, Client, Error, ErrorKind, ErrorScope, User, UserInfo,
    WaitOptions,
};
use serde_json::json;
use support::samples::{jpeg, png};
use support::{KEY, Reply, Request, Server, TempDir, USER, hasty, within};

/// What no test here needs, however busy the machine is.
const LONG: Duration = Duration::from_secs(40);

type Results = BTreeMap<usize, Result<Asset, Error>>;

fn image(number: usize) -> AssetUpload {
    AssetUpload::new(AssetFile::from_bytes("a.png", png(64, 64)), AssetType::Image, format!("n{number}"), "")
}

fn images(count: usize) -> Vec<AssetUpload> {
    (0..count).map(image).collect()
}

/// Short pauses, and all the time there is.
fn impatient() -> WaitOptions {
    WaitOptions::new()
        .first_pause(Duration::from_millis(2))
        .longest_pause(Duration::from_millis(20))
        .timeout(Duration::from_secs(30))
}

/// The number in the name of what a request is for: that of the asset, or that of the operation.
fn number(request: &Request) -> usize {
    let text = if request.method == "POST" {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let name = body.split("\"displayName\":\"n").nth(1).expect("a name of ours");
        name.split('"').next().expect("its end").to_owned()
    } else {
        request.path().rsplit("/n").next().expect("a name of ours").to_owned()
    };
    text.parse().expect("a number")
}

fn posted(server: &Server) -> Vec<usize> {
    let mut posted: Vec<usize> = server.requests().iter().filter(|r| r.method == "POST").map(number).collect();
    posted.sort_unstable();
    posted
}

fn polls(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method == "GET").count()
}

fn pending(number: usize) -> Reply {
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": false }))
}

fn done(number: usize) -> Reply {
    let asset = json!({ "assetId": (1000 + number).to_string(), "displayName": format!("n{number}") });
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": true, "response": asset }))
}

fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": "INVALID_ARGUMENT", "message": message }))
}

fn failed(number: usize, message: &str) -> Reply {
    let error = json!({ "code": "INVALID_ARGUMENT", "message": message });
    Reply::ok(&json!({ "path": format!("operations/n{number}"), "done": true, "error": error }))
}

/// Takes every upload, and is done with each when it is asked for it, but for what `special` says.
fn service(special: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let number = number(request);
        special(&request.method, number).unwrap_or_else(|| match request.method.as_str() {
            "POST" => pending(number),
            _ => done(number),
        })
    })
}

/// All results, each of which may come once.
fn collect(uploads: AssetUploads) -> Results {
    let mut results = Results::new();
    for (which, result) in uploads {
        assert!(results.insert(which, result).is_none(), "{which} came twice");
    }
    results
}

fn run(uploads: AssetUploads) -> Results {
    within(LONG, move || collect(uploads))
}

/// Each is there, and is what was asked for, but for these.
#[track_caller]
fn assert_all_right(results: &Results, count: usize, but: &[usize]) {
    assert!(results.keys().copied().eq(0..count), "{:?}", results.keys());
    for (which, result) in results.iter().filter(|(which, _)| !but.contains(which)) {
        match result {
            Ok(asset) => assert_eq!(asset.display_name, Some(format!("n{which}"))),
            Err(error) => panic!("{which}: {error}"),
        }
    }
}

/// Waits until it is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn nothing_is_sent_or_even_looked_at_before_the_first_item_is_asked_for() {
    let server = service(|_, _| None);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let counting = images(3).into_iter().inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let uploads = server.user().upload_assets(counting).wait_options(impatient()).on_started(|_, _| {});
    thread::sleep(Duration::from_millis(100));
    assert_eq!((server.count(), taken.load(Ordering::SeqCst)), (0, 0));
    drop(uploads);
    assert_eq!((server.count(), taken.load(Ordering::SeqCst)), (0, 0));
}

#[test]
fn each_upload_ends_exactly_once_with_its_own_result() {
    for concurrency in [0, 1, 2, 8, 50] {
        // Those with higher numbers take longer to be taken, so that results come in another order.
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
fn more_at_once_than_there_can_be_threads_is_as_many_as_there_are() {
    let server = service(|_, _| None);
    let uploads = server.user().upload_assets(images(3)).concurrency(usize::MAX).wait_options(impatient());
    assert_all_right(&run(uploads), 3, &[]);
}

#[test]
fn nothing_to_upload_ends_at_once() {
    let server = service(|_, _| None);
    let user = server.user();
    let began = Instant::now();
    let (first, second) = within(LONG, move || {
        let mut uploads = user.upload_assets(Vec::new());
        (uploads.next().is_none(), uploads.next().is_none())
    });
    assert!(first && second && began.elapsed() < Duration::from_secs(1));
    assert_eq!(server.count(), 0);
}

#[test]
fn its_debug_form_says_how_it_stands_and_tells_no_key() {
    let server = service(|_, _| None);
    let mut uploads = server.user().upload_assets(images(2)).wait_options(impatient());
    let before = format!("{uploads:?}");
    assert!(uploads.next().is_some());
    let after = format!("{uploads:?}");
    assert!(before.contains("AssetUploads") && before != after, "{before} {after}");
    assert!(!before.contains(KEY) && !after.contains(KEY), "{before} {after}");
}

#[test]
fn no_more_are_sent_at_the_same_time_than_was_said_while_more_are_pending() {
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
            // None is done before all are taken: they are all pending at the same time.
            (counted.load(Ordering::SeqCst) < 20).then(|| pending(number))
        });
        let uploads = server.user().upload_assets(images(20)).concurrency(concurrency).wait_options(impatient());
        assert_all_right(&run(uploads), 20, &[]);
        assert_eq!(most.load(Ordering::SeqCst), concurrency);
    }
}

#[cfg(target_os = "linux")]
mod threads {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::process::Command;

    const URL: &str = "BATCH_TEST_URL";

    /// The threads of this process, by id.
    fn threads() -> BTreeSet<String> {
        let threads = fs::read_dir("/proc/self/task").expect("Linux tells of its processes");
        threads.filter_map(|thread| thread.ok()?.file_name().into_string().ok()).collect()
    }

    /// Runs in a process of its own, where no thread is a server's. Does nothing in the ordinary run.
    #[test]
    fn a_hundred_uploads_in_a_process_of_their_own() {
        let Ok(url) = std::env::var(URL) else { return };
        let client = Client::builder(KEY).base_url(url).build().expect("the settings are good");
        let (before, is_over) = (threads(), Arc::new(AtomicBool::new(false)));
        let (known, ends) = (before, Arc::clone(&is_over));
        // What is there at both looks is there to stay; the look-up of an address has a thread for a moment.
        let watch = thread::spawn(move || {
            let (mut most, mut last) = (0, known.clone());
            while !ends.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(30));
                let now = threads();
                most = most.max(now.intersection(&last).filter(|thread| !known.contains(*thread)).count());
                last = now;
            }
            most
        });
        let calm = impatient().first_pause(Duration::from_millis(200)).longest_pause(Duration::from_secs(1));
        let uploads = client.user(USER).upload_assets(images(100)).wait_options(calm);
        let results = collect(uploads);
        is_over.store(true, Ordering::SeqCst);
        assert_all_right(&results, 100, &[]);
        let new = watch.join().expect("it ends");
        // It saw itself, too.
        assert!(new > 1 && new - 1 < 8 + 8, "{new} new threads");
    }

    #[test]
    fn a_hundred_pending_operations_are_waited_for_by_a_few_threads() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let asked = AtomicUsize::new(0);
        let server = service(move |method, number| {
            if method == "POST" {
                counted.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            let all_are_pending = counted.load(Ordering::SeqCst) == 100;
            let asked = asked.fetch_add(usize::from(all_are_pending), Ordering::SeqCst);
            (!all_are_pending || asked < 100).then(|| pending(number))
        });
        let output = Command::new(std::env::current_exe().expect("a test is a program"))
            .args(["--exact", "threads::a_hundred_uploads_in_a_process_of_their_own", "--nocapture"])
            .env(URL, server.url())
            .output()
            .expect("a test can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(posted(&server).len(), 100);
    }
}

#[test]
fn sixty_images_end_eight_times_sooner_than_one_after_the_other_without_a_429_and_with_few_polls() {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_operation_time(Duration::from_millis(200));
    sandbox.set_rate_limit(Some(RateLimit::new(1000, Duration::from_secs(60))));
    let user = sandbox.client().user(USER);
    // A seventh of the usual pauses, as the operations take a seventh of the usual time.
    let options = WaitOptions::new().first_pause(Duration::from_millis(114)).longest_pause(Duration::from_millis(714));

    let began = Instant::now();
    for number in 0..3 {
        user.upload_asset(image(number)).expect("it is taken").wait_with(&options).expect("it is made");
    }
    let one_after_the_other = began.elapsed() * 20;

    sandbox.clear_requests();
    let began = Instant::now();
    let uploads = user.upload_assets(images(60)).wait_options(options);
    let results = run(uploads);
    let at_once = began.elapsed();
    assert_all_right(&results, 60, &[]);
    assert!(at_once * 8 <= one_after_the_other, "{at_once:?} and {one_after_the_other:?}");
    assert_eq!(sandbox.rate_limited(), 0);
    let polls = sandbox.requests().iter().filter(|request| request.method == "GET").count();
    assert!(polls <= 4 * 60, "{polls} polls");
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
        (3, ErrorKind::InvalidArgument),
        (4, ErrorKind::File),
        (5, ErrorKind::File),
        (6, ErrorKind::File),
        (7, ErrorKind::InvalidInput),
        (8, ErrorKind::InvalidInput),
        (9, ErrorKind::File),
    ];
    assert_all_right(&results, 20, &kinds.map(|(which, _)| which));
    for (which, kind) in kinds {
        let error = results[&which].as_ref().expect_err("it is bad");
        assert_eq!((error.kind(), error.scope()), (kind, ErrorScope::Call), "{which}: {error}");
    }
    for (which, name) in [(4, "gone.png"), (5, "longer.png"), (6, "shorter.png")] {
        let error = results[&which].as_ref().expect_err("it is bad").to_string();
        assert!(error.contains(name), "{error}");
    }
}

/// An answer to the sixth upload, or to the question for it, after which nothing else can pass.
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
fn a_fatal_answer_stops_what_is_unsent_and_what_was_sent_is_still_waited_for() {
    for (label, method, reply, kind) in fatal() {
        let is_said = Arc::new(AtomicBool::new(false));
        let server = service(move |asked, number| {
            if (asked, number) == (method, 5) {
                is_said.store(true, Ordering::SeqCst);
                return Some(reply.clone());
            }
            let said = is_said.load(Ordering::SeqCst);
            if asked == "POST" && number > 5 {
                // These are on their way when it is said.
                let deadline = Instant::now() + Duration::from_secs(10);
                while !is_said.load(Ordering::SeqCst) && Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(1));
                }
                thread::sleep(Duration::from_millis(300));
            }
            (asked == "GET" && !said).then(|| pending(number))
        });
        let results = run(server.user().upload_assets(images(40)).concurrency(3).wait_options(impatient()));
        assert!(results.keys().copied().eq(0..40), "{label}: {:?}", results.keys());
        let posted = posted(&server);
        assert!(posted.len() <= 9 && posted.contains(&5), "{label}: {posted:?} were sent");
        for (which, result) in &results {
            match result {
                Ok(asset) => {
                    assert!(posted.contains(which) && *which != 5, "{label}: {which}");
                    assert_eq!(asset.display_name, Some(format!("n{which}")));
                }
                Err(error) => {
                    assert!(!posted.contains(which) || *which == 5, "{label}: {which}: {error}");
                    assert_eq!((error.scope(), error.kind()), (ErrorScope::Run, kind), "{label}: {which}: {error}");
                    assert!(!error.outcome_unknown(), "{label}: {which}: {error}");
                }
            }
        }
    }
}

#[test]
fn what_waits_for_its_turn_when_a_fatal_answer_comes_is_not_sent_either() {
    let server = service(|method, number| match (method, number) {
        ("POST", 3) => {
            thread::sleep(Duration::from_millis(400));
            Some(error(400, "User is moderated"))
        }
        ("POST", _) => Some(
            pending(number)
                .with("x-ratelimit-limit", "4, 4;w=2")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "2"),
        ),
        _ => None,
    });
    let results = run(server.user().upload_assets(images(20)).concurrency(4).wait_options(impatient()));
    assert!(results.keys().copied().eq(0..20));
    let posted = posted(&server);
    assert_eq!(posted, [0, 1, 2, 3], "sent after the account was said to be moderated");
    for (which, result) in &results {
        if let Err(error) = result {
            assert_eq!(error.scope(), ErrorScope::Run, "{which}: {error}");
        }
    }
}

#[test]
fn refusals_and_failures_that_pass_are_ridden_out() {
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
fn questions_that_wait_for_their_turn_do_not_keep_uploads_from_being_sent() {
    let began = Instant::now();
    let server = service(move |method, number| {
        let is_early = began.elapsed() < Duration::from_secs(3);
        (method == "GET" && is_early).then(|| {
            pending(number)
                .with("x-ratelimit-limit", "1, 1;w=4")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "4")
        })
    });
    let uploads = server.user().upload_assets(images(20)).concurrency(2).wait_options(impatient());
    let results = run(uploads);
    assert_all_right(&results, 20, &[]);
    let last = server.requests().iter().filter(|request| request.method == "POST").map(|request| request.at).max();
    let last = last.expect("it was sent").duration_since(began);
    assert!(last < Duration::from_secs(2), "the last upload was sent after {last:?}");
}

#[test]
fn an_operation_that_stays_pending_is_named_and_does_not_stop_the_others() {
    let server = service(|method, number| (method == "GET" && number == 3).then(|| pending(3)));
    let options = impatient().timeout(Duration::from_millis(500));
    let results = run(server.user().upload_assets(images(10)).wait_options(options));
    assert_all_right(&results, 10, &[3]);
    let error = results[&3].as_ref().expect_err("it is pending");
    assert_eq!((error.kind(), error.scope()), (ErrorKind::OperationPending, ErrorScope::Later));
    assert!(error.to_string().contains("operations/n3"), "{error}");
}

#[test]
fn dropping_it_sends_no_more_and_cuts_nothing_that_is_being_sent() {
    let server = service(|method, number| {
        if method == "POST" && number > 0 {
            thread::sleep(Duration::from_millis(300));
        }
        (number == 0).then(|| done(0))
    });
    let mut uploads = server.user().upload_assets(images(50)).concurrency(4).wait_options(impatient());
    assert_eq!(uploads.next().expect("a result").0, 0);
    let began = Instant::now();
    within(LONG, move || drop(uploads));
    assert!(began.elapsed() < Duration::from_millis(1200), "{:?}", began.elapsed());
    let requests = server.count();
    thread::sleep(Duration::from_millis(500));
    assert_eq!(server.count(), requests, "something was sent after it was dropped");
    assert!(posted(&server).len() < 20, "{:?}", posted(&server));
    assert!(server.settle().is_empty(), "one was cut in the middle");
}

/// Drops it after the first result, when all that is left to do is to wait.
#[track_caller]
fn dropped_within_a_second(server: &Server, uploads: AssetUploads, is_waiting: impl Fn(&Server) -> bool) {
    let mut uploads = uploads;
    assert!(uploads.next().is_some_and(|(_, result)| result.is_ok()));
    until("nobody waits", || is_waiting(server));
    thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    within(LONG, move || drop(uploads));
    assert!(began.elapsed() < Duration::from_millis(1200), "{:?}", began.elapsed());
}

#[test]
fn dropping_it_does_not_wait_for_what_is_pending() {
    let server = service(|_, number| (number == 0).then(|| done(0)));
    let options = WaitOptions::new().first_pause(Duration::from_secs(30)).longest_pause(Duration::from_secs(30));
    let uploads = server.user().upload_assets(images(10)).wait_options(options);
    dropped_within_a_second(&server, uploads, |server| posted(server).len() == 10);
}

#[test]
fn dropping_it_does_not_wait_for_a_turn_to_send() {
    let server = service(|method, number| {
        let reply = if number == 0 { done(0) } else { pending(number) };
        (method == "POST").then(|| {
            reply
                .with("x-ratelimit-limit", "8, 8;w=10")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "10")
        })
    });
    let uploads = server.user().upload_assets(images(50)).concurrency(4).wait_options(impatient());
    dropped_within_a_second(&server, uploads, |server| polls(server) > 0);
    assert!(posted(&server).len() < 10, "{:?}", posted(&server));
}

#[test]
fn dropping_it_does_not_wait_for_a_turn_to_ask_for_an_operation() {
    for status in [429, 503] {
        let server = service(move |method, number| match method {
            "POST" => (number == 0).then(|| done(0)),
            _ => Some(Reply::text(status, "").with("retry-after", "4")),
        });
        let uploads = server.user().upload_assets(images(3)).wait_options(impatient());
        dropped_within_a_second(&server, uploads, |server| polls(server) > 0);
    }
}

#[test]
fn each_operation_is_told_with_its_place_before_its_result() {
    let server = service(|_, _| None);
    let told: Arc<Mutex<BTreeMap<usize, String>>> = Arc::default();
    let telling = Arc::clone(&told);
    let uploads = server.user().upload_assets(images(20)).wait_options(impatient()).on_started(move |which, name| {
        let known = telling.lock().expect("no test panics here").insert(which, name.to_string());
        assert_eq!(known, None, "{which} was told twice");
    });
    let results = within(LONG, move || {
        uploads
            .map(|(which, result)| {
                let name = told.lock().expect("no test panics here").get(&which).cloned();
                (which, name, result)
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(results.len(), 20);
    for (which, name, result) in results {
        assert_eq!(name, Some(format!("operations/n{which}")));
        assert_eq!(result.expect("it is made").display_name, Some(format!("n{which}")));
    }
}

#[test]
fn what_was_told_can_be_waited_for_after_the_run_was_dropped() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let told: Arc<Mutex<Vec<rblxopencloud::OperationName>>> = Arc::default();
    let telling = Arc::clone(&told);
    let user: User = server.user();
    let slow = WaitOptions::new().first_pause(Duration::from_secs(30));
    let mut uploads = user.upload_assets(images(5)).wait_options(slow).on_started(move |_, name| {
        telling.lock().expect("no test panics here").push(name.clone());
    });
    assert!(uploads.next().is_some());
    until("not all began", || told.lock().expect("no test panics here").len() == 5);
    within(LONG, move || drop(uploads));
    for name in told.lock().expect("no test panics here").clone() {
        let asset = user.client().operation(name.clone()).wait().expect("it is made");
        assert_eq!(format!("operations/{}", asset.display_name.expect("a name")), name.to_string());
    }
}

#[test]
fn a_panic_of_the_callers_code_comes_out_and_nothing_hangs() {
    type Make = fn(&User) -> AssetUploads;
    let makers: [(&str, Make); 5] = [
        ("on_started", |user| {
            user.upload_assets(images(20)).on_started(|which, _| assert_ne!(which, 7, "a panic of the test's own"))
        }),
        ("on_progress", |user| {
            let panics = |upload: AssetUpload| upload.on_progress(|_| panic!("a panic of the test's own"));
            let uploads = (0..20).map(image).enumerate();
            user.upload_assets(uploads.map(move |(n, upload)| if n == 7 { panics(upload) } else { upload }))
        }),
        ("on_poll", |user| {
            user.upload_assets(images(20)).wait_options(impatient().on_poll(|_| panic!("a panic of the test's own")))
        }),
        ("the iterator, once", |user| {
            user.upload_assets((0..20).inspect(|n| assert_ne!(*n, 7, "a panic of the test's own")).map(image))
        }),
        ("the iterator, always", |user| {
            user.upload_assets((0..20).inspect(|n| assert!(*n < 3, "a panic of the test's own")).map(image))
        }),
    ];
    for (whose, make) in makers {
        for concurrency in [1, 4] {
            let asked = AtomicBool::new(false);
            let server = service(move |method, number| {
                (method == "GET" && !asked.swap(true, Ordering::SeqCst)).then(|| pending(number))
            });
            let uploads = make(&server.user()).concurrency(concurrency);
            let uploads = if whose == "on_poll" { uploads } else { uploads.wait_options(impatient()) };
            let outcome =
                within(LONG, move || catch_unwind(AssertUnwindSafe(|| collect(uploads))).map(|results| results.len()));
            assert!(outcome.is_err(), "{whose}: the panic was lost; {outcome:?} results");
        }
    }
}

#[test]
fn dropping_it_after_a_panic_of_the_callers_code_neither_hangs_nor_aborts() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let uploads = server
        .user()
        .upload_assets(images(20))
        .wait_options(impatient())
        .on_started(|which, _| assert_ne!(which, 3, "a panic of the test's own"));
    within(LONG, move || {
        let mut uploads = uploads;
        let _ = catch_unwind(AssertUnwindSafe(|| uploads.next().is_some()));
        drop(uploads);
    });
}

#[test]
fn an_iterator_that_takes_its_time_holds_up_nothing_that_was_sent() {
    let server = service(|_, _| None);
    let slow = (0..2).map(|number| {
        // Reading and hashing the next file takes a while.
        thread::sleep(Duration::from_millis(if number == 0 { 0 } else { 2500 }));
        image(number)
    });
    let mut uploads = server.user().upload_assets(slow).wait_options(impatient());
    let began = Instant::now();
    let (which, result) = uploads.next().expect("a result");
    let elapsed = began.elapsed();
    assert_eq!((which, result.is_ok()), (0, true));
    assert!(elapsed < Duration::from_millis(1500), "the first result came after {elapsed:?}");
    let _ = within(LONG, move || uploads.count());
}

#[test]
fn two_runs_of_one_client_share_its_budget() {
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
fn what_went_wrong_beside_a_result_is_told_before_the_result() {
    let sandbox = Sandbox::start().expect("there is a free port");
    sandbox.add_user(UserInfo::new(USER, "one"));
    sandbox.fail_next_operation(OperationFailure::partial("The icon was refused."));
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let uploads = sandbox.client().user(USER).upload_assets(images(2)).wait_options(impatient());
    let uploads = uploads.on_partial_failure(move |which, failures| {
        heard.lock().expect("no panic under it").push((which, failures.to_vec()));
    });
    let mut of_which = Vec::new();
    for (which, result) in uploads {
        result.expect("it is a success all the same");
        of_which.push(which);
    }
    assert_eq!(of_which.len(), 2);
    let told = told.lock().expect("no panic under it");
    let [(which, failures)] = told.as_slice() else { panic!("{told:?}") };
    assert!(of_which.contains(which) && *failures == ["The icon was refused."], "{told:?}");
}
