//! Transient failures are retried, delays of the service are respected, and no change is sent twice.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use rblxopencloud::endpoints::Slots;
use rblxopencloud::{AssetFile, Client, Endpoint, Error, ErrorKind, Method, RetryPolicy, User};

use crate::support::{
    self, CHANGES, KEY, Reply, Request, Server, USER, Wire, answer, fails, free_address, hasty, noise, profile,
    started, upload, within,
};

/// Less than half a minute, which no call here may wait, and more than other threads take on a busy machine.
const TOLERANCE: Duration = Duration::from_secs(20);

fn user(server: &Server, policy: RetryPolicy) -> User {
    server.builder().retry(policy).build().expect("the settings are good").user(USER)
}

/// The time between each request and the one before it.
fn gaps(server: &Server) -> Vec<Duration> {
    server.requests().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

/// Broken responses, as bytes before the end of the connection.
const BREAKS: [(&str, &str); 8] = [
    ("nothing", ""),
    ("half a status line", "HTTP/1.1 20"),
    ("half a head", "HTTP/1.1 200 OK\r\ncontent-le"),
    ("only an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("no body", "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"),
    ("half a body", "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\""),
    ("half a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"id\""),
    ("no last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n"),
];

/// A server that starts late.
fn late_server(address: SocketAddr, reply: Reply) -> thread::JoinHandle<Server> {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        let listener = TcpListener::bind(address).expect("nobody has taken the port");
        Server::start_on(listener, |_| None, move |_| reply.clone())
    })
}

fn patient_user_of(address: SocketAddr) -> User {
    let patient = RetryPolicy::default()
        .max_attempts(10_000)
        .initial_backoff(Duration::from_millis(10))
        .max_backoff(Duration::from_millis(10));
    let client = Client::builder(KEY).base_url(format!("http://{address}")).retry(patient).build();
    client.expect("the settings are good").user(USER)
}

#[test]
fn reads_are_retried_after_transient_failures() {
    let breaks = BREAKS.map(|(what, bytes)| (what.to_owned(), raw(bytes)));
    let statuses = [408, 429, 500, 502, 503, 504].map(|status| (status.to_string(), Reply::text(status, "words")));
    let unended = raw("HTTP/1.1 200 OK\r\n\r\n{\"id\"");
    for (what, trouble) in breaks.into_iter().chain(statuses).chain([("no length, no end".to_owned(), unended)]) {
        let server = Server::script([trouble.clone(), trouble, profile()]);
        let info = server.user().fetch_info().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(info.id, USER, "{what}");
        assert_eq!(server.count(), 3, "{what}");
    }
}

#[test]
fn reads_are_retried_after_a_reset_anywhere() {
    for (what, response) in BREAKS {
        let server = Wire::start(move |connection| {
            if connection.number < 2 {
                connection.leave_unread();
                connection.send(response);
            } else {
                connection.request();
                connection.send(answer(r#"{"id":"156","name":"builderman"}"#));
            }
        });
        let info = server.user().fetch_info().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(info.id, USER, "{what}");
        assert_eq!(server.connections(), 3, "{what}");
    }
}

#[test]
fn reads_are_not_retried_after_lasting_failures() {
    for status in [300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 501, 505, 511] {
        let reply = Reply::text(status, "").with("retry-after", "0").with("location", "/cloud/v2/users/156");
        let server = Server::script([reply, profile()]);
        let error = server.user().fetch_info().expect_err("the status says no");
        assert_eq!(error.status(), Some(status));
        assert!(!error.is_retryable() && !error.outcome_unknown(), "{error}");
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[test]
fn refused_connections_are_retried() {
    let once = RetryPolicy::none();
    let address = free_address();
    let client = Client::builder(KEY).base_url(format!("http://{address}")).retry(once).build().expect("it is good");
    let error = fails(client.user(USER).fetch_info(), ErrorKind::Connection);
    assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
    for (what, change) in CHANGES {
        let error = fails(change(&client.user(USER)), ErrorKind::Connection);
        assert!(error.is_retryable() && !error.outcome_unknown(), "{what}: {error}");
    }

    let late = late_server(address, profile());
    let _ = patient_user_of(address).fetch_info().expect("it is there at last");
    assert_eq!(late.join().expect("it started").count(), 1);
}

#[test]
fn changes_are_sent_once_after_refused_connections() {
    for (what, change) in CHANGES {
        let address = free_address();
        let late = late_server(address, started());
        let operation = change(&patient_user_of(address)).unwrap_or_else(|error| panic!("{what}: {error}"));
        drop(operation);
        assert_eq!(late.join().expect("it started").count(), 1, "{what}");
    }
}

#[test]
fn unread_readers_are_sent_after_refused_connections() {
    let address = free_address();
    let late = late_server(address, started());
    let content = noise(50_000);
    let file = AssetFile::from_reader("a.png", io::Cursor::new(content.clone()), 50_000);
    let _ = upload(&patient_user_of(address), file).expect("it is there at last");
    let server = late.join().expect("it started");
    assert_eq!(server.count(), 1);
    assert!(server.requests()[0].body.windows(content.len()).any(|window| window == content));
}

#[test]
fn attempts_are_limited_by_the_policy() {
    let quick = |attempts| hasty().max_attempts(attempts);
    for (policy, expected) in
        [(quick(0), 1), (quick(1), 1), (quick(2), 2), (quick(7), 7), (hasty(), 5), (RetryPolicy::none(), 1)]
    {
        for trouble in [Reply::text(503, ""), Reply::HangUp] {
            let server = Server::script([trouble.clone()]);
            let error = user(&server, policy.clone()).fetch_info().expect_err("it never goes well");
            assert!(error.is_retryable(), "{error}");
            assert_eq!(server.count(), expected, "{trouble:?}, {policy:?}");
        }
    }
}

#[test]
fn no_retry_starts_after_max_elapsed() {
    let budget = Duration::from_secs(1);
    let pause = Duration::from_millis(10);
    let policy = hasty().max_attempts(u32::MAX).initial_backoff(pause).max_backoff(pause).max_elapsed(budget);
    let server = Server::script([Reply::text(503, "")]);
    let one = user(&server, policy.clone());
    let error = within(Duration::from_secs(60), move || one.fetch_info()).expect_err("it never goes well");
    assert_eq!(error.kind(), ErrorKind::Server);
    let requests = server.requests();
    assert!(requests.len() > 1, "there was time for more than one attempt");
    assert!(requests[requests.len() - 1].at - requests[0].at <= budget + TOLERANCE);

    // A delay that exceeds the budget isn't started.
    for status in [429, 503] {
        let server = Server::script([Reply::text(status, "").with("retry-after", "30")]);
        let began = Instant::now();
        let error = user(&server, policy.clone()).fetch_info().expect_err("the pause is too long");
        assert!(began.elapsed() < TOLERANCE);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn unbounded_policies_do_not_panic() {
    let endless = RetryPolicy::default()
        .max_attempts(u32::MAX)
        .initial_backoff(Duration::from_millis(1))
        .max_backoff(Duration::MAX)
        .max_elapsed(Duration::MAX)
        .max_retry_after(Duration::MAX);
    let server = Server::script([Reply::text(503, ""), Reply::text(503, "").with("retry-after", "0"), profile()]);
    let _ = user(&server, endless).fetch_info().expect("the third answer is good");

    // The longest delay of a header, with a policy that accepts it but a budget that doesn't.
    let server = Server::script([Reply::text(503, "").with("retry-after", "31536000"), profile()]);
    let patient = hasty().max_retry_after(Duration::MAX);
    fails(user(&server, patient).fetch_info(), ErrorKind::Server);
    assert_eq!(server.count(), 1);
}

#[test]
fn delays_of_more_than_a_year_are_ignored() {
    for absurd in ["18446744073709549568", "31622401", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        for status in [429, 503] {
            let server = Server::script([Reply::text(status, "").with("retry-after", absurd), profile()]);
            let _ = server.user().fetch_info().unwrap_or_else(|error| panic!("{status}, {absurd}: {error}"));
            assert_eq!(server.count(), 2, "{status}, {absurd}");
        }
    }
}

fn http_date(from_now: Duration) -> String {
    let at = Timestamp::now() + from_now;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).expect("it is a date")
}

#[test]
fn delays_above_the_policy_are_errors() {
    let day = Duration::from_secs(86_400);
    for status in [429, 500, 503] {
        for delay in ["86400".to_owned(), http_date(day)] {
            let server = Server::script([Reply::text(status, "").with("retry-after", delay.clone())]);
            let began = Instant::now();
            let error = server.user().fetch_info().expect_err("it is not waited for");
            assert!(began.elapsed() < TOLERANCE, "{delay}: it waited");
            assert_eq!(error.status(), Some(status));
            let announced = error.retry_after().expect("the error carries the pause");
            assert!(announced <= day && announced >= day - Duration::from_secs(30), "{delay}: {announced:?}");
            assert_eq!(server.count(), 1, "{status} {delay}");
        }
    }
    for (what, change) in CHANGES {
        let server = Server::script([Reply::text(429, "").with("retry-after", "86400")]);
        let error = fails(change(&server.user()), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(day), "{what}");
        assert!(!error.outcome_unknown() && error.is_retryable(), "{what}: {error}");
        assert_eq!(server.count(), 1, "{what}");
    }
    // Exactly the limit of the policy.
    let policy = hasty().max_retry_after(Duration::from_millis(100));
    let server = Server::script([
        Reply::text(503, "").with("retry-after", "0.1"),
        Reply::text(503, "").with("retry-after", "0.101"),
        profile(),
    ]);
    let error = fails(user(&server, policy).fetch_info(), ErrorKind::Server);
    assert_eq!(error.retry_after(), Some(Duration::from_millis(101)));
    assert_eq!(server.count(), 2);
}

#[test]
fn the_service_determines_the_delay() {
    let ms = Duration::from_millis;
    let busy = |status: u16, headers: &[(&'static str, &str)]| {
        headers.iter().fold(Reply::text(status, ""), |reply, (name, value)| reply.with(name, *value))
    };
    for (reply, least, most) in [
        (busy(503, &[("retry-after", "0.2")]), ms(200), ms(200)),
        (busy(500, &[("retry-after", "0.2")]), ms(200), ms(200)),
        (busy(429, &[("retry-after", "0.2")]), ms(200), ms(200)),
        (busy(429, &[("retry-after", "1")]), ms(1000), ms(1000)),
        (busy(503, &[("retry-after", "1")]), ms(1000), ms(1000)),
        (busy(429, &[("x-ratelimit-reset", "0.2")]), ms(200), ms(200)),
        // After a refusal by the rate limit, the longer delay counts; after a failure, only its own does.
        (busy(429, &[("retry-after", "0.2"), ("x-ratelimit-reset", "0.4, 0")]), ms(400), ms(400)),
        (busy(429, &[("retry-after", "0.4"), ("x-ratelimit-reset", "0.2")]), ms(400), ms(400)),
        (busy(503, &[("retry-after", "0.2"), ("x-ratelimit-reset", "60")]), ms(200), ms(200)),
        (busy(429, &[("retry-after", "0.2"), ("x-ratelimit-reset", "0")]), ms(200), ms(200)),
        (busy(429, &[("retry-after", "nonsense"), ("x-ratelimit-reset", "0.2")]), ms(200), ms(200)),
        // Past dates and unreadable values don't cause a long wait.
        (busy(429, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), ms(0), ms(0)),
        (busy(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), ms(0), ms(0)),
        (busy(429, &[("retry-after", "nonsense")]), ms(0), ms(2)),
        (busy(503, &[("retry-after", "-5")]), ms(0), ms(2)),
        (busy(503, &[]), ms(0), ms(2)),
        (busy(429, &[]), ms(0), ms(2)),
    ] {
        let server = Server::script([reply.clone(), profile()]);
        let _ = server.user().fetch_info().unwrap_or_else(|error| panic!("{reply:?}: {error}"));
        let pause = gaps(&server)[0];
        assert!(pause >= least && pause <= most + TOLERANCE, "{reply:?}: {pause:?}");
    }
}

#[test]
fn delays_may_be_dates() {
    let ahead = Duration::from_secs(2);
    for status in [429, 503] {
        let began = Instant::now();
        let date = http_date(ahead);
        let server = Server::script([Reply::text(status, "").with("retry-after", date.clone()), profile()]);
        let _ = server.user().fetch_info().unwrap_or_else(|error| panic!("{date}: {error}"));
        // A date has whole seconds, so at least one of the two is left.
        let took = began.elapsed();
        assert!(took >= ahead - Duration::from_millis(1100) && took <= ahead + TOLERANCE, "{status}: {took:?}");
    }
}

#[test]
fn delays_are_random_under_a_bound_by_default() {
    // Long beside what a call takes.
    let bound = Duration::from_millis(200);
    let policy = hasty().max_attempts(21).initial_backoff(bound).max_backoff(bound);
    let server = Server::script([Reply::text(503, "")]);
    fails(user(&server, policy).fetch_info(), ErrorKind::Server);
    let gaps = gaps(&server);
    assert_eq!(gaps.len(), 20);
    assert!(gaps.iter().any(|gap| *gap < bound / 2) && gaps.iter().any(|gap| *gap > bound / 4), "{gaps:?}");

    // The bound doesn't exceed the largest backoff.
    let policy = hasty().max_attempts(60).max_backoff(Duration::from_millis(2));
    let server = Server::script([Reply::text(503, "")]);
    let one = user(&server, policy);
    fails(within(Duration::from_secs(60), move || one.fetch_info()), ErrorKind::Server);
    assert_eq!(server.count(), 60);
}

#[test]
fn changes_that_may_have_arrived_are_not_retried() {
    let statuses = [302, 303, 408, 499, 500, 502, 503, 504]
        .map(|status| (status.to_string(), Reply::text(status, "").with("retry-after", "0")));
    let breaks = BREAKS.map(|(what, bytes)| (what.to_owned(), raw(bytes)));
    let unreadable = ["", "<html></html>", "[]", "null", "{\"path\":", "\u{0}"]
        .map(|body| (format!("200 with {body:?}"), Reply::text(200, body)));
    let empty = ("204".to_owned(), raw("HTTP/1.1 204 No Content\r\n\r\n"));
    let garbage = ("no HTTP".to_owned(), raw("SSH-2.0-OpenSSH_9.6\r\n\r\n"));
    let all = statuses.into_iter().chain(breaks).chain(unreadable).chain([empty, garbage]);
    for (trouble, reply) in all {
        for (what, change) in CHANGES {
            let server = Server::script([reply.clone(), started()]);
            let Err(error) = change(&server.user()) else { panic!("{what} with {trouble} isn't a success") };
            assert!(error.outcome_unknown() && !error.is_retryable(), "{what} with {trouble}: {error}");
            assert_eq!(server.count(), 1, "{what} with {trouble}");
            assert!(server.settle().is_empty(), "{what} with {trouble}: nothing follows");
        }
    }
}

/// A call that can be repeated without harm may have started its work all the same.
#[test]
fn work_that_may_have_started_keeps_its_slot() {
    const SLOTS: Slots = Slots::new("work of retries", &["place"], 1, Duration::from_secs(300));
    const START: Endpoint = Endpoint::post("/places/{place}/work").with_slots(SLOTS);
    const REPEATABLE: Endpoint = START.harmless();
    for (endpoint, status, keeps) in
        [(&START, 503, true), (&REPEATABLE, 503, true), (&START, 400, false), (&REPEATABLE, 400, false)]
    {
        let shown = format!("{status}, harmless: {}", endpoint.is_harmless());
        let server = Server::script([Reply::text(status, ""), Reply::text(200, "{}")]);
        let builder = server.builder().retry(RetryPolicy::none().max_retry_after(Duration::from_secs(1)));
        let client = builder.build().expect("the settings are good");
        let start = || client.call(endpoint).param("place", 1).json(&serde_json::json!({})).send();
        assert_eq!(start().expect_err("it is refused").status(), Some(status), "{shown}");
        let second = start();
        assert_eq!(
            second.as_ref().is_err_and(|error| error.kind() == ErrorKind::RateLimited),
            keeps,
            "{shown}: {second:?}"
        );
        assert_eq!(server.count(), if keeps { 1 } else { 2 }, "{shown}");
    }
}

#[test]
fn errors_of_a_journal_are_returned_at_once() {
    let lost = Server::script([Reply::text(503, "")]);
    let of_another_call = lost.client().request(Method::Post, "/journal").json(&serde_json::json!({})).send();
    let of_another_call = fails(of_another_call, ErrorKind::Server);
    assert!(of_another_call.outcome_unknown());
    let busy = Error::other(io::Error::from(io::ErrorKind::TimedOut));
    for problem in [busy, of_another_call] {
        for is_idempotent in [false, true] {
            let server = Server::script([Reply::text(200, "{}")]);
            let announced = Arc::new(AtomicUsize::new(0));
            let (counted, returned) = (Arc::clone(&announced), problem.clone());
            let request = server.client().request(Method::Post, "/a").json(&serde_json::json!({}));
            let request = if is_idempotent { request.idempotent() } else { request };
            let request = request.on_attempt(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Err(returned.clone())
            });
            let error = fails(request.send(), problem.kind());
            assert!(!error.outcome_unknown(), "{error}");
            assert_eq!((announced.load(Ordering::SeqCst), server.count()), (1, 0), "{problem}, {is_idempotent}");
        }
    }
}

#[test]
fn calls_that_are_not_sent_again_tell_of_the_attempt_before() {
    let exhausted = |reply: Reply| reply.with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", "500");
    let broken = exhausted(Reply::json(503, &serde_json::json!({ "code": "UNAVAILABLE", "message": "Later." })));
    let cut =
        raw("HTTP/1.1 200 OK\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 500\r\ncontent-length: 9\r\n\r\n{");
    for (replies, words, attempts) in [
        (vec![broken.clone()], "; the attempt before got 503 UNAVAILABLE", None),
        (vec![Reply::text(500, ""), broken], "; the attempt before got 503 UNAVAILABLE", Some("(tried 2 times)")),
        (vec![cut], "; the attempt before failed: the connection broke", None),
    ] {
        let server = Server::script(replies.clone());
        let error = fails(user(&server, hasty()).fetch_info(), ErrorKind::RateLimited);
        let line = error.to_string();
        assert!(line.contains(": not sent again: the rate limit is exhausted") && line.contains(words), "{line}");
        assert_eq!(line.contains("tried"), attempts.is_some(), "{line}");
        assert!(attempts.is_none_or(|attempts| line.contains(attempts)), "{line}");
        assert!(error.is_retryable() && error.retry_after() > Some(Duration::from_secs(90)), "{error:#?}");
        assert_eq!(server.count(), replies.len());
    }
}

#[test]
fn changes_reset_after_their_last_byte_are_not_retried() {
    for (what, change) in CHANGES {
        for (trouble, response) in BREAKS {
            let server = Wire::start(move |connection| {
                connection.leave_unread();
                connection.send(response);
            });
            let Err(error) = change(&server.user()) else { panic!("{what} with {trouble} isn't a success") };
            assert!(error.outcome_unknown() && !error.is_retryable(), "{what} with {trouble}: {error}");
            assert_eq!(server.connections(), 1, "{what} with {trouble}");
        }
    }
}

#[test]
fn refused_changes_have_a_known_outcome() {
    for status in [301, 307, 308, 400, 401, 403, 404, 409, 413] {
        for (what, change) in CHANGES {
            let server = Server::script([Reply::text(status, "").with("location", "/elsewhere"), started()]);
            let Err(error) = change(&server.user()) else { panic!("{what} with {status} isn't a success") };
            assert!(!error.outcome_unknown() && !error.is_retryable(), "{what}: {error}");
            assert_eq!(server.count(), 1, "{what} with {status}");
        }
    }
}

fn assert_same(one: &Request, other: &Request) {
    assert_eq!(one.method, other.method);
    assert_eq!(one.target, other.target);
    assert_eq!(one.headers, other.headers);
    assert!(one.body == other.body, "the bodies differ");
}

#[test]
fn rate_limited_changes_are_sent_again_unchanged() {
    let busy = || Reply::text(429, "").with("retry-after", "0");
    for (what, change) in CHANGES {
        let server = Server::script([busy(), busy(), started()]);
        let _ = change(&server.user()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "{what}");
        assert_same(&requests[0], &requests[1]);
        assert_same(&requests[0], &requests[2]);
    }
    // Without and with `Expect: 100-continue`.
    let path = std::env::temp_dir().join(format!("rblxopencloud-retry-{}.png", std::process::id()));
    for length in [0, 1, 70_000, 3 * 1024 * 1024] {
        let content = noise(length);
        fs::write(&path, &content).expect("a file can be written");
        for file in [AssetFile::open(&path).expect("it is there"), AssetFile::from_bytes("a.png", content.clone())] {
            let server = Server::script([busy(), started()]);
            let _ = upload(&server.user(), file).expect("the second answer is good");
            let requests = server.requests();
            assert_eq!(requests.len(), 2);
            assert_same(&requests[0], &requests[1]);
            let tail = requests[1].body.windows(4).rposition(|window| window == b"\r\n--").expect("a last line");
            assert!(requests[1].body[..tail].ends_with(&content), "the content is whole");
        }
    }
    fs::remove_file(&path).expect("it is there");
}

#[test]
fn used_readers_are_not_sent_again() {
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), started()]);
    let file = AssetFile::from_reader("a.png", io::Cursor::new(noise(1000)), 1000);
    let error = fails(upload(&server.user(), file), ErrorKind::RateLimited);
    assert_eq!(server.count(), 1);
    assert!(!error.outcome_unknown());
    assert_eq!(error.retry_after(), Some(Duration::ZERO));
    assert!(error.to_string().contains("reader"), "it doesn't say why it wasn't tried again: {error}");
}

#[test]
fn readers_refused_by_their_head_are_sent_whole() {
    let length = 2 * 1024 * 1024;
    let content = noise(length);
    let heads = AtomicUsize::new(0);
    let server = Server::start_with_head_check(
        move |_| {
            let busy = Reply::text(429, "").with("retry-after", "0").with("connection", "close");
            (heads.fetch_add(1, Ordering::SeqCst) < 2).then_some(busy)
        },
        |_| started(),
    );
    let file = AssetFile::from_reader("a.png", io::Cursor::new(content.clone()), length as u64);
    let _ = upload(&server.user(), file).expect("the third head is taken");
    assert_eq!(server.count(), 1);
    assert!(server.requests()[0].body.windows(length).any(|window| window == content));
}

/// More than the buffers between a client and a server that doesn't read.
const LARGE: usize = 24 * 1024 * 1024;

/// A server that breaks the first `times` connections during the upload, and keeps complete bodies.
fn breaking_server(times: usize) -> (Wire, Arc<Mutex<Vec<Vec<u8>>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    let server = Wire::start(move |connection| {
        if connection.number < times {
            connection.head();
            connection.send(support::CONTINUE);
            // Some of the body arrives, and stays unread.
            let _ = connection.stream.socket().peek(&mut [0; 1024]);
            return;
        }
        if let Some((_, body)) = connection.request() {
            kept.lock().unwrap().push(body);
            connection.send(answer(r#"{"path":"operations/abc","done":false}"#));
        }
    });
    (server, bodies)
}

#[test]
fn broken_uploads_are_sent_again_whole() {
    let content = noise(LARGE);
    let (server, bodies) = breaking_server(2);
    let _ = upload(&server.user(), AssetFile::from_bytes("a.png", content.clone()))
        .expect("the third time it gets through");
    assert_eq!(server.connections(), 3);
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 1);
    let start = bodies[0].windows(64).position(|window| window == &content[..64]).expect("the content is there");
    assert!(bodies[0][start..start + LARGE] == content, "the content is whole");
}

#[test]
fn broken_uploads_have_a_known_outcome() {
    let (server, bodies) = breaking_server(usize::MAX);
    let once = server.builder().retry(RetryPolicy::none()).build().expect("the settings are good").user(USER);
    let error = fails(upload(&once, AssetFile::from_bytes("a.png", vec![7; LARGE])), ErrorKind::Connection);
    assert!(!error.outcome_unknown() && error.is_retryable(), "{error}");
    // A reader is used up by then, but nothing was created.
    let file = AssetFile::from_reader("a.png", io::Read::take(io::repeat(7), LARGE as u64), LARGE as u64);
    let error = fails(upload(&server.user(), file), ErrorKind::Connection);
    assert!(!error.outcome_unknown(), "{error}");
    assert_eq!(server.connections(), 2);
    assert!(bodies.lock().unwrap().is_empty());
}

#[test]
fn closing_servers_fail_no_call_and_repeat_no_upload() {
    let server = Server::start(|request| {
        let body = match request.method.as_str() {
            "GET" => r#"{"id":"156","name":"builderman"}"#,
            _ => r#"{"path":"operations/abc","done":false}"#,
        };
        Reply::Raw(answer(body))
    });
    let user = server.user();
    for number in 0..200 {
        let _ = user.fetch_info().unwrap_or_else(|error| panic!("read {number}: {error}"));
        if number % 10 < 3 && number < 100 {
            let _ = CHANGES[0].1(&user).unwrap_or_else(|error| panic!("upload {number}: {error}"));
        }
    }
    let of = |method: &str| server.requests().iter().filter(|request| request.method == method).count();
    assert_eq!((of("GET"), of("POST")), (200, 30));
    assert!(server.settle().is_empty(), "nothing came in part");
}

#[test]
fn uploads_after_a_pause_use_a_new_connection() {
    // The server drops connections while they are idle in the pool.
    let server = Wire::start(|connection| {
        connection.request();
        connection.send(answer(r#"{"id":"156","name":"builderman","path":"operations/abc"}"#));
        thread::sleep(Duration::from_millis(5));
    });
    let user = server.builder().retry(RetryPolicy::none()).build().expect("the settings are good").user(USER);
    let tries = hasty().max_attempts(3);
    let reader = server.builder().retry(tries).build().expect("the settings are good").user(USER);
    for _ in 0..5 {
        for _ in 0..3 {
            let _ = reader.fetch_info().expect("a read is repeated over a new connection");
        }
        thread::sleep(Duration::from_millis(10));
        for (what, change) in CHANGES {
            let _ = change(&user).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
    }
}
