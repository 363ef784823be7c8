//! Uploads of many files with callers that drop, block, are slow, or panic.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{AssetFile, AssetType, AssetUpload, AssetUploads, ErrorKind, User, UserInfo, WaitOptions};
use rblxopencloud_sandbox::{Fault, Sandbox};

use crate::support::batch::{
    LONG, collect, done, error, failed, image, images, impatient, pending, polls, posted, service, until,
};
use crate::support::random::Random;
use crate::support::{self, Reply, Server, USER, hasty, within};

#[test]
fn drop_stops_sending_but_cuts_off_nothing() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_dropped);
    let server = service(move |method, number| {
        if method == "POST" && number > 0 {
            while !ends.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(300));
        }
        (number == 0).then(|| done(0))
    });
    let mut uploads = server.user().upload_assets(images(50)).concurrency(4).wait_options(impatient());
    assert_eq!(uploads.next().expect("an outcome").index, 0);
    is_dropped.store(true, Ordering::SeqCst);
    within(LONG, move || drop(uploads));
    let requests = server.count();
    thread::sleep(Duration::from_millis(500));
    assert_eq!(server.count(), requests, "something was sent after it was dropped");
    assert!(posted(&server).len() < 20, "{:?}", posted(&server));
    assert!(server.settle().is_empty(), "one was cut in the middle");
}

/// Drops the batch after the first outcome, when it only waits.
#[track_caller]
fn dropped_without_waiting(server: &Server, uploads: AssetUploads, is_waiting: impl Fn(&Server) -> bool) {
    let mut uploads = uploads;
    assert!(uploads.next().is_some_and(|outcome| outcome.result.is_ok()));
    until("nobody waits", || is_waiting(server));
    thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    within(LONG, move || drop(uploads));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn drop_does_not_wait_for_pending_operations() {
    let server = service(|_, number| (number == 0).then(|| done(0)));
    let options = WaitOptions::new().initial_delay(Duration::from_secs(60)).max_delay(Duration::from_secs(60));
    let uploads = server.user().upload_assets(images(10)).wait_options(options);
    dropped_without_waiting(&server, uploads, |server| posted(server).len() == 10);
}

#[test]
fn drop_does_not_wait_for_the_rate_limit_of_uploads() {
    let server = service(|method, number| {
        let reply = if number == 0 { done(0) } else { pending(number) };
        (method == "POST").then(|| {
            reply
                .with("x-ratelimit-limit", "8, 8;w=60")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "60")
        })
    });
    let uploads = server.user().upload_assets(images(50)).concurrency(4).wait_options(impatient());
    dropped_without_waiting(&server, uploads, |server| polls(server) > 0);
    assert!(posted(&server).len() < 10, "{:?}", posted(&server));
}

#[test]
fn drop_does_not_wait_for_the_rate_limit_of_polls() {
    for status in [429, 503] {
        let server = service(move |method, number| match method {
            "POST" => (number == 0).then(|| done(0)),
            _ => Some(Reply::text(status, "").with("retry-after", "60")),
        });
        let uploads = server.user().upload_assets(images(3)).wait_options(impatient());
        dropped_without_waiting(&server, uploads, |server| polls(server) > 0);
    }
}

/// Uploads from a channel. The iterator waits for more as long as the sender exists.
fn channel(count: usize) -> (mpsc::Sender<AssetUpload>, mpsc::IntoIter<AssetUpload>) {
    let (sender, receiver) = mpsc::channel();
    images(count).into_iter().for_each(|upload| sender.send(upload).expect("it is received"));
    (sender, receiver.into_iter())
}

#[test]
fn uploads_that_are_done_at_once_wait_for_no_poll() {
    let polled = Arc::new(AtomicUsize::new(0));
    let server = service(move |method, number| match (method, number) {
        ("GET", _) => {
            polled.fetch_add(1, Ordering::SeqCst);
            Some(Reply::Stall)
        }
        ("POST", 2) => {
            until("the others are polled", || polled.load(Ordering::SeqCst) >= 2);
            Some(done(2))
        }
        _ => None,
    });
    let mut uploads = server.user().upload_assets(images(3)).wait_options(impatient());
    let first = within(Duration::from_secs(20), move || uploads.next()).expect("an outcome");
    assert!(first.index == 2 && first.result.is_ok(), "{first:?}");
}

#[test]
fn drop_does_not_wait_for_the_iterator() {
    for concurrency in [1, 4] {
        for count in [1, 5] {
            let server = service(|_, _| None);
            let (sender, uploads) = channel(count);
            let mut uploads = server.user().upload_assets(uploads).concurrency(concurrency).wait_options(impatient());
            for _ in 0..count {
                assert!(uploads.next().is_some_and(|outcome| outcome.result.is_ok()));
            }
            let began = Instant::now();
            within(LONG, move || drop(uploads));
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
            // An upload that is sent too late is dropped, and so is the iterator.
            let _ = sender.send(image(99));
            until("the iterator is kept", || sender.send(image(100)).is_err());
            assert_eq!(posted(&server).len(), count);
        }
    }
}

#[test]
fn leaving_the_loop_does_not_wait_for_the_iterator() {
    for panics in [false, true] {
        let server = service(|_, _| None);
        let (sender, uploads) = channel(3);
        let uploads = server.user().upload_assets(uploads).wait_options(impatient());
        within(LONG, move || {
            let left = catch_unwind(AssertUnwindSafe(|| {
                for outcome in uploads {
                    assert!(!panics, "a panic of the test's own after {}", outcome.index);
                    if outcome.result.is_ok() {
                        break;
                    }
                }
            }));
            assert_eq!(left.is_err(), panics);
        });
        let _ = sender.send(image(99));
        until("the iterator is kept", || sender.send(image(100)).is_err());
    }
}

#[test]
fn a_leaked_batch_sends_a_bounded_number() {
    let server = service(|_, number| (number % 2 == 0).then(|| done(number)));
    let mut uploads = server.user().upload_assets(images(100)).concurrency(3).run_ahead(10).wait_options(impatient());
    assert!(uploads.next().is_some());
    std::mem::forget(uploads);
    assert!(settled(&server) <= 11, "{:?}", posted(&server));
}

#[test]
fn drop_does_not_wait_for_unanswered_polls() {
    let server = service(|method, number| match (method, number) {
        ("POST", 0) => Some(done(0)),
        ("GET", _) => Some(Reply::Stall),
        _ => None,
    });
    let uploads = server.user().upload_assets(images(3)).wait_options(impatient());
    dropped_without_waiting(&server, uploads, |server| polls(server) > 1);
}

#[test]
fn drop_waits_for_on_accepted() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let reported = Arc::new(AtomicUsize::new(0));
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&reported));
    let counted = Arc::clone(&begun);
    let mut uploads =
        server.user().upload_assets(images(4)).concurrency(4).wait_options(impatient()).on_accepted(move |index, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(if index == 0 { 0 } else { 400 }));
            ended.fetch_add(1, Ordering::SeqCst);
        });
    assert_eq!(uploads.next().map(|outcome| outcome.index), Some(0));
    until("nothing is reported", || begun.load(Ordering::SeqCst) > 1);
    within(LONG, move || drop(uploads));
    assert_eq!(reported.load(Ordering::SeqCst), begun.load(Ordering::SeqCst));
}

#[test]
fn one_blocked_callback_does_not_block_others() {
    let server = service(|_, _| None);
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let uploads = server.user().upload_assets(images(20)).concurrency(2).wait_options(impatient());
    let mut uploads = uploads.on_accepted(move |index, _| {
        if index == 3 {
            let _ = gate.lock().expect("no panic under it").recv();
        }
    });
    within(LONG, move || {
        let first: BTreeSet<usize> = uploads.by_ref().take(19).map(|outcome| outcome.index).collect();
        assert!(first.len() == 19 && !first.contains(&3), "{first:?}");
        go_on.send(()).expect("it waits");
        assert_eq!(uploads.map(|outcome| outcome.index).collect::<Vec<_>>(), [3]);
    });
}

const PANIC: &str = "a panic of the test's own";

/// Returns the indexes that were yielded before the panic, which must be one of the test.
#[track_caller]
fn yielded_before_the_panic(uploads: AssetUploads) -> BTreeSet<usize> {
    within(LONG, move || {
        let mut uploads = uploads;
        let mut yielded = BTreeSet::new();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            for outcome in uploads.by_ref() {
                // An upload that was stopped before it was sent is cancelled.
                let was_sent = outcome.result.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::Cancelled);
                if was_sent {
                    assert_eq!(outcome.result.expect("it is made").display_name, Some(format!("n{}", outcome.index)));
                    assert!(yielded.insert(outcome.index), "{} came twice", outcome.index);
                }
            }
        }))
        .expect_err("the panic is lost");
        let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        assert!(message.is_some_and(|message| message.contains(PANIC)), "{message:?}");
        assert!(uploads.next().is_none() && uploads.next().is_none());
        yielded
    })
}

/// A reader that panics at its end.
struct Panics(usize);

impl std::io::Read for Panics {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        assert!(self.0 > 0, "{PANIC}");
        let length = buffer.len().min(self.0);
        self.0 -= length;
        buffer[..length].fill(0);
        Ok(length)
    }
}

#[test]
fn panics_are_resumed_after_all_outcomes() {
    type Make = fn(&User) -> AssetUploads;
    let makers: [(&str, Make); 7] = [
        ("on_accepted", |user| user.upload_assets(images(100)).on_accepted(|index, _| assert_ne!(index, 7, "{PANIC}"))),
        ("on_accepted, always", |user| user.upload_assets(images(100)).on_accepted(|_, _| panic!("{PANIC}"))),
        ("on_progress", |user| {
            let panics = |upload: AssetUpload| upload.on_progress(|_| panic!("{PANIC}"));
            let uploads = (0..100).map(image).enumerate();
            user.upload_assets(uploads.map(move |(n, upload)| if n == 7 { panics(upload) } else { upload }))
        }),
        ("a reader", |user| {
            user.upload_assets((0..100).map(|number| match number {
                7 => {
                    let file = AssetFile::from_reader("a.png", Panics(300_000), 300_001);
                    support::unchecked(AssetUpload::new(file, AssetType::Image, "n7", ""))
                }
                _ => image(number),
            }))
        }),
        ("on_poll", |user| user.upload_assets(images(100)).wait_options(impatient().on_poll(|_| panic!("{PANIC}")))),
        ("the iterator, once", |user| {
            user.upload_assets((0..100).inspect(|n| assert_ne!(*n, 7, "{PANIC}")).map(image))
        }),
        ("the iterator, always", |user| {
            user.upload_assets((0..100).inspect(|n| assert!(*n < 3, "{PANIC}")).map(image))
        }),
    ];
    for (whose, make) in makers {
        for concurrency in [1, 4] {
            // Each is still pending at the first poll.
            let polled = Mutex::new(BTreeSet::new());
            let server = service(move |method, number| {
                let is_first = method == "GET" && polled.lock().expect("no panic under it").insert(number);
                is_first.then(|| pending(number))
            });
            let uploads = make(&server.user()).concurrency(concurrency);
            let uploads = if whose == "on_poll" { uploads } else { uploads.wait_options(impatient()) };
            let yielded = yielded_before_the_panic(uploads);
            let posted: BTreeSet<usize> = posted(&server).into_iter().collect();
            assert_eq!(yielded, posted, "{whose}, {concurrency} at once");
            assert!(posted.len() < 100, "{whose}: it went on with the sending");
        }
    }
}

#[test]
fn a_panic_of_the_last_upload_keeps_the_other_outcomes() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&arrived);
    let server = service(move |method, _| {
        counted.fetch_add(usize::from(method == "POST"), Ordering::SeqCst);
        None
    });
    let uploads = (0..20).map(move |number| {
        let arrived = Arc::clone(&arrived);
        image(number).on_progress(move |_| {
            if number == 19 {
                until("the others don't arrive", || arrived.load(Ordering::SeqCst) == 19);
                panic!("{PANIC}");
            }
        })
    });
    let yielded = yielded_before_the_panic(server.user().upload_assets(uploads).wait_options(impatient()));
    assert!(yielded.into_iter().eq(0..19));
}

#[test]
fn blocked_iterators_do_not_delay_panics() {
    let (sender, uploads) = channel(3);
    let accepted = AtomicUsize::new(0);
    let server = service(|_, _| None);
    let uploads = server.user().upload_assets(uploads).wait_options(impatient());
    let uploads = uploads.on_accepted(move |index, _| {
        accepted.fetch_add(1, Ordering::SeqCst);
        if index == 1 {
            // The others have been sent, and the iterator is blocked.
            until("the others aren't accepted", || accepted.load(Ordering::SeqCst) == 3);
            panic!("{PANIC}");
        }
    });
    assert!(yielded_before_the_panic(uploads).into_iter().eq(0..3));
    drop(sender);
}

#[test]
fn panics_in_drop_are_resumed() {
    struct PanicsAtItsEnd(u8);
    impl Drop for PanicsAtItsEnd {
        fn drop(&mut self) {
            assert!(thread::panicking(), "{PANIC} {}", self.0);
        }
    }
    let server = service(|_, _| None);
    let end = PanicsAtItsEnd(0);
    let uploads = (0..5).map(move |number| {
        let _ = &end;
        image(number)
    });
    let uploads = server.user().upload_assets(uploads).wait_options(impatient());
    // The iterator ends while some uploads may not be sent yet.
    let yielded = yielded_before_the_panic(uploads);
    assert!(yielded.into_iter().eq(posted(&server).into_iter().collect::<BTreeSet<_>>()));

    // The uploads behind the first are refused, and dropped.
    let server = service(|_, _| Some(error(400, "User is moderated")));
    let uploads = (0..5).map(|number| {
        let end = PanicsAtItsEnd(1);
        image(number).on_progress(move |_| _ = &end)
    });
    let uploads = server.user().upload_assets(uploads).concurrency(1).wait_options(impatient());
    within(LONG, move || {
        let panic = catch_unwind(AssertUnwindSafe(|| uploads.count())).expect_err("the panic is lost");
        assert!(panic.downcast_ref::<String>().is_some_and(|message| message.contains(PANIC)));
    });
}

#[test]
fn drop_after_a_panic_neither_hangs_nor_aborts() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let uploads = server.user().upload_assets(images(20)).wait_options(impatient());
    let uploads = uploads.on_accepted(|index, _| assert_ne!(index, 3, "{PANIC}"));
    within(LONG, move || {
        let mut uploads = uploads;
        let _ = catch_unwind(AssertUnwindSafe(|| uploads.next().is_some()));
        drop(uploads);
    });
}

#[test]
fn iterators_can_wait_for_outcomes() {
    for concurrency in [1, 4] {
        let server = service(|_, _| None);
        let (sender, uploads) = channel(1);
        let mut uploads = server.user().upload_assets(uploads).concurrency(concurrency).wait_options(impatient());
        within(LONG, move || {
            for number in 1..10 {
                assert_eq!(uploads.next().map(|outcome| outcome.index), Some(number - 1));
                sender.send(image(number)).expect("it is received");
            }
            drop(sender);
            assert_eq!(uploads.count(), 1);
        });
    }
}

/// Returns how many uploads were sent, once no more are.
#[track_caller]
fn settled(server: &Server) -> usize {
    let mut last = (usize::MAX, Instant::now());
    until("it goes on and on", || {
        let sent = server.requests().iter().filter(|request| request.method == "POST").count();
        if sent != last.0 {
            last = (sent, Instant::now());
        }
        last.1.elapsed() > Duration::from_millis(400)
    });
    last.0
}

#[test]
fn run_ahead_is_respected() {
    // Done at the first poll, and not while the test looks.
    for (label, polls) in [("at once", 0), ("at the first poll", 1), ("later", usize::MAX)] {
        for (concurrency, run_ahead) in [(1, 100), (8, 100), (4, 10), (8, 3)] {
            let looks = Arc::new(AtomicBool::new(true));
            let ends = Arc::clone(&looks);
            let server = service(move |method, number| match (method, polls) {
                ("POST", 0) => Some(done(number)),
                // The first upload is done early, so that there is an outcome to take.
                ("GET", usize::MAX) if number > 0 && looks.load(Ordering::SeqCst) => Some(pending(number)),
                _ => None,
            });
            let uploads = server.user().upload_assets(images(300)).concurrency(concurrency).run_ahead(run_ahead);
            let mut uploads = uploads.wait_options(impatient());
            assert!(uploads.next().is_some_and(|outcome| outcome.result.is_ok()));
            if polls == usize::MAX {
                until("too few are sent", || posted(&server).len() == 1 + run_ahead);
            }
            let sent = settled(&server);
            // No upload is sent while this many outcomes wait; those that are being sent come on top of it.
            let most = if polls == 0 { run_ahead.min(2 * concurrency) } else { run_ahead };
            assert!(sent <= 1 + most, "{label}, {concurrency} at once: {sent} in place of {most}");

            ends.store(false, Ordering::SeqCst);
            let rest = within(LONG, move || collect(uploads));
            assert_eq!(rest.len(), 299, "{label}");
            assert_eq!(posted(&server), (0..300).collect::<Vec<_>>(), "{label}");
        }
    }
}

/// The bound counts when an upload is sent, not when it is taken from the iterator.
#[test]
fn an_iterator_that_blocks_does_not_send_ahead_of_waiting_outcomes() {
    let server = service(|_, _| Some(error(400, "it is bad")));
    let (sender, uploads) = channel(5);
    let mut uploads = server.user().upload_assets(uploads).concurrency(4).wait_options(impatient());
    assert!(uploads.next().is_some_and(|outcome| outcome.result.is_err()));
    until("too few are sent", || posted(&server).len() == 5);
    settled(&server);
    sender.send(image(5)).expect("the batch waits for it");
    assert_eq!(settled(&server), 5, "four outcomes are waiting");

    assert!(uploads.next().is_some_and(|outcome| outcome.index < 5));
    until("there is room for it", || posted(&server).len() == 6);
    drop(sender);
    assert_eq!(within(LONG, move || collect(uploads)).len(), 4);
}

#[test]
fn run_ahead_is_respected_for_refused_uploads() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let endless = (0..).map(image).inspect(move |_| _ = counted.fetch_add(1, Ordering::SeqCst));
    let server = service(|_, _| Some(error(400, "User is moderated")));
    let mut uploads = server.user().upload_assets(endless).concurrency(4).wait_options(impatient());
    for _ in 0..30 {
        assert!(uploads.next().is_some_and(|outcome| outcome.result.is_err()));
    }
    thread::sleep(Duration::from_millis(300));
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken <= 30 + 8, "{taken} were taken for 30 outcomes");
    within(LONG, move || drop(uploads));
}

#[test]
fn operations_are_polled_while_the_caller_is_busy() {
    let server = service(|method, number| (method == "POST" && number == 0).then(|| done(0)));
    let mut uploads = server.user().upload_assets(images(30)).wait_options(impatient());
    assert!(uploads.next().is_some());
    until("nothing is polled", || polls(&server) >= 8);
    assert_eq!(within(LONG, move || uploads.count()), 29);
}

#[test]
fn three_hundred_uploads_with_slow_operations_and_faults_stay_within_the_bound() {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_operation_time(Duration::from_millis(150));
    sandbox.inject(Fault::status(503).times(20).on("GET", "/assets/v1/operations"));
    sandbox.inject(Fault::status(429).header("retry-after", "0.02").times(10).on("POST", "/assets"));
    sandbox.inject(Fault::reset_before_reading().after(30).times(5).on("POST", "/assets"));
    sandbox.inject(Fault::reset_in_answer().times(5).on("GET", "/assets/v1/operations"));
    let client = sandbox.client_with(|settings| settings.retry(hasty())).expect("the settings are good");
    let mut uploads = client.user(USER).upload_assets(images(300)).run_ahead(40).wait_options(impatient());
    let mut yielded = BTreeSet::new();
    for taken in [1, 20, 50] {
        while yielded.len() < taken {
            let outcome = uploads.next().expect("an outcome");
            assert!(yielded.insert(outcome.index));
        }
        thread::sleep(Duration::from_millis(600));
        let made = sandbox.assets().len();
        assert!(made <= taken + 40, "{made} were made when {taken} were taken");
    }
    let rest = within(LONG, move || collect(uploads));
    yielded.extend(rest.keys());
    assert!(rest.len() == 250 && yielded.into_iter().eq(0..300));
    let failures = rest.values().filter(|outcome| outcome.result.is_err()).count();
    assert!(failures <= 5, "{failures} failed");
}

#[test]
fn each_upload_has_exactly_one_outcome_whatever_happens() {
    let mut choices = Random::new();
    let mut random = |below| choices.below(below);
    for round in 0..25 {
        let (seed, count) = (random(1000), 1 + random(50) as usize);
        let (concurrency, run_ahead) = (1 + random(9) as usize, 1 + random(30) as usize);
        let what = format!("round {round}: {count} uploads, seed {seed}, {concurrency} at once, {run_ahead} ahead");
        let seen = AtomicUsize::new(0);
        let server = service(move |method, number| {
            // A different response each time, but the same ones in each run.
            let time = seen.fetch_add(1, Ordering::SeqCst) as u64;
            let dice = (seed + time * 7919 + number as u64 * 104_729) % 97;
            thread::sleep(Duration::from_millis(dice % 4));
            match (method, dice) {
                (_, 0..=5) => Some(Reply::text(429, "").with("retry-after", "0.01")),
                (_, 6..=9) => Some(Reply::HangUp),
                (_, 10..=12) => Some(Reply::text(503, "")),
                (_, 13) => Some(Reply::text(200, "<html>portal</html>")),
                (_, 14) => Some(error(400, "The quota of uploads is exhausted.")).filter(|_| seed % 3 == 0),
                (_, 15) => Some(error(400, "User is moderated")).filter(|_| seed % 5 == 0),
                ("POST", 16..=40) => Some(done(number)),
                ("POST", 41..=43) => Some(error(400, "InvalidImage")),
                ("GET", 16..=60) => Some(pending(number)),
                ("GET", 61..=65) => Some(failed(number, "InvalidImage")),
                _ => None,
            }
        });
        let mut uploads = server.user().upload_assets(images(count)).concurrency(concurrency).run_ahead(run_ahead);
        uploads = uploads.wait_options(impatient().timeout(Duration::from_secs(2)));
        let pauses: Vec<u64> = (0..count).map(|_| random(12).saturating_sub(8) * 10).collect();
        let mut yielded = within(LONG, move || {
            uploads
                .zip(pauses.into_iter().chain(std::iter::repeat(0)))
                .map(|(outcome, pause)| {
                    thread::sleep(Duration::from_millis(pause));
                    outcome.index
                })
                .collect::<Vec<_>>()
        });
        yielded.sort_unstable();
        assert!(yielded.into_iter().eq(0..count), "{what}");
    }
}

#[cfg(target_os = "linux")]
mod threads {
    use super::*;
    use crate::support::batch::{assert_all_right, error_of};
    use crate::support::{KEY, TempDir};
    use rblxopencloud::{Client, ErrorScope};
    use std::collections::BTreeSet;
    use std::fs;
    use std::process::Command;

    const URL: &str = "BATCH_TEST_URL";

    /// The threads of this process, by id.
    fn threads() -> BTreeSet<String> {
        let threads = fs::read_dir("/proc/self/task").expect("Linux tells of its processes");
        threads.filter_map(|thread| thread.ok()?.file_name().into_string().ok()).collect()
    }

    /// Runs in a child process, where no thread belongs to a server. Does nothing in the ordinary run.
    #[test]
    fn a_hundred_uploads_in_a_child_process() {
        let Ok(url) = std::env::var(URL) else { return };
        let client = Client::builder(KEY).base_url(url).build().expect("the settings are good");
        let (before, is_over) = (threads(), Arc::new(AtomicBool::new(false)));
        let (known, ends) = (before, Arc::clone(&is_over));
        // A thread that is seen twice is permanent; resolving a name has a thread for a short time.
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
        let calm = impatient().initial_delay(Duration::from_millis(200)).max_delay(Duration::from_secs(1));
        let uploads = client.user(USER).upload_assets(images(100)).wait_options(calm);
        let results = collect(uploads);
        is_over.store(true, Ordering::SeqCst);
        assert_all_right(&results, 100, &[]);
        let new = watch.join().expect("it ends");
        // It counted itself too.
        assert!(new > 1 && new - 1 < 8 + 8, "{new} new threads");
    }

    /// Runs in a child process in which no thread can be started. Does nothing in the ordinary run.
    #[test]
    fn five_uploads_in_a_child_process_without_threads() {
        let Ok(url) = std::env::var(URL) else { return };
        let client = Client::builder(KEY).base_url(url).build().expect("the settings are good");
        // The limit must be used up, or the test shows nothing.
        let thread = thread::Builder::new().spawn(|| {}).map(|thread| thread.join());
        assert!(thread.is_err(), "a thread can be started");
        let outcomes = collect(client.user(USER).upload_assets(images(5)).wait_options(impatient()));
        assert!(outcomes.keys().copied().eq(0..5), "{outcomes:?}");
        for index in 0..5 {
            let error = error_of(&outcomes, index);
            assert_eq!((error.kind(), error.scope()), (ErrorKind::Io, ErrorScope::Run), "{error}");
            assert!(!error.is_retryable() && !error.outcome_unknown(), "{error}");
            assert!(error.to_string().contains("thread"), "{error}");
        }
    }

    #[test]
    fn without_threads_each_upload_fails_without_being_sent() {
        let server = service(|_, _| None);
        let is_root =
            fs::read_to_string("/proc/self/status").expect("Linux tells of its processes").contains("Uid:\t0\t");
        // The limit doesn't apply to root.
        let words = if is_root {
            "setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --nproc=1:1"
        } else {
            "prlimit --nproc=1:1"
        };
        let mut words = words.split(' ');
        // The program may be in a directory that only root can read.
        let dir = TempDir::new();
        let program = dir.path().join("batch");
        fs::copy(std::env::current_exe().expect("a test is a program"), &program).expect("it can be copied");
        let output = Command::new(words.next().expect("a program"))
            .args(words)
            .arg(&program)
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg(support::test_name(module_path!(), "five_uploads_in_a_child_process_without_threads"))
            .env(URL, server.url())
            .output();
        let Ok(output) = output else { return eprintln!("not tested: setpriv or prlimit is missing") };
        let message = String::from_utf8_lossy(&output.stdout);
        if !message.contains("running 1 test") {
            return eprintln!("not tested, because the program may not be run so: {output:?}");
        }
        assert!(output.status.success() && message.contains("1 passed"), "{output:?}");
        assert_eq!(server.count(), 0);
    }

    #[test]
    fn a_few_threads_wait_for_a_hundred_operations() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let polls = AtomicUsize::new(0);
        let server = service(move |method, number| {
            if method == "POST" {
                counted.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            let all_are_pending = counted.load(Ordering::SeqCst) == 100;
            let polls = polls.fetch_add(usize::from(all_are_pending), Ordering::SeqCst);
            (!all_are_pending || polls < 100).then(|| pending(number))
        });
        let output = support::test_process(module_path!(), "a_hundred_uploads_in_a_child_process")
            .env(URL, server.url())
            .output()
            .expect("a test can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(posted(&server).len(), 100);
    }
}
