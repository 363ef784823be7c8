//! Broken and hostile servers cause no panic, no unbounded memory, no stack overflow, and no success.

#[cfg(feature = "gzip")]
mod gzip;
#[cfg(target_os = "linux")]
mod memory;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rblxopencloud::{Client, ClientBuilder, Error, ErrorKind, RetryPolicy, Timeouts};

use crate::support::call::{Call, Returns};
use crate::support::calls::{calls, one_of_each_kind};
use crate::support::{KEY, Reply, Server, USER, Wire, answer, fails, hasty, within};

const MIB: usize = 1024 * 1024;
/// Much longer than any test here takes.
const SOON: Duration = Duration::from_secs(60);

fn client(builder: ClientBuilder) -> Client {
    builder.build().expect("the settings are good")
}

/// The result of a call, which must end.
fn end_of(call: &Call, client: Client) -> Result<(), Error> {
    let make = call.make;
    within(SOON, move || make(&client))
}

/// Checks that a call of each kind ends in this error after one request.
fn all_kinds_end_in(server: &Wire, kind: ErrorKind, what: &str) {
    for (index, call) in one_of_each_kind().iter().enumerate() {
        let error = fails(end_of(call, client(server.builder())), kind);
        assert!(error.to_string().len() < 10_000, "{what}, {}: the error is too long", call.method);
        // A refusal leaves only open what became of work that was accepted before.
        let is_unknown = call.may_have_acted() && (kind == ErrorKind::InvalidResponse || !call.is_change());
        assert_eq!(error.outcome_unknown(), is_unknown, "{what}: {error}");
        assert_eq!(server.connections(), index + 1, "{what}, {}: one request is made", call.method);
    }
}

/// Checks that every call fails, and that changes have an unknown outcome and are sent once. `reply` is `None` where the response
/// is a success.
fn everything_fails(what: &str, reply: impl Fn(&Call) -> Option<Reply>) {
    for call in calls() {
        let Some(reply) = reply(&call) else { continue };
        let server = Server::script([reply]);
        // A read may be repeated, and fails in the end.
        let policy = if call.is_sent_once() { hasty() } else { RetryPolicy::none() };
        let Err(error) = end_of(&call, client(server.builder().retry(policy))) else {
            panic!("{what}, {}: it is called a success", call.method);
        };
        assert!(error.outcome_unknown() || !call.is_change(), "{what}, {}: {error}", call.method);
        assert_eq!(server.count(), 1, "{what}, {}: it was sent again", call.method);
    }
}

/// A response as it is sent, to every call.
fn raw(head: &str, body: &[u8]) -> impl Fn(&Call) -> Option<Reply> {
    let bytes = [head.as_bytes(), body].concat();
    move |_| Some(Reply::Raw(bytes.clone()))
}

/// A server that sends a head and then this forever, and counts what was received.
fn endless(head: &'static str, again: Vec<u8>) -> (Wire, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let server = Wire::start(move |connection| {
        connection.request();
        connection.send(head);
        count.fetch_add(connection.send_endlessly(&again), Ordering::SeqCst);
    });
    (server, taken)
}

#[test]
fn endless_successes_are_not_read_to_their_end() {
    let spaces = || vec![b' '; 64 * 1024];
    let chunk = || [&b"10000\r\n"[..], &vec![b' '; 64 * 1024], b"\r\n"].concat();
    for (what, head, again) in [
        ("4 GB of spaces", "HTTP/1.1 200 OK\r\ncontent-length: 4294967296\r\n\r\n", spaces()),
        ("the longest length", "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n", spaces()),
        ("no length", "HTTP/1.1 200 OK\r\n\r\n", spaces()),
        ("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk()),
        (
            "small chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            [&b"64\r\n"[..], &[b' '; 100], b"\r\n"].concat().repeat(100),
        ),
        ("a string", "HTTP/1.1 200 OK\r\n\r\n{\"name\":\"", vec![b'x'; 64 * 1024]),
        ("an array", "HTTP/1.1 200 OK\r\n\r\n{\"inventoryItems\":[", b"{},".repeat(20_000)),
    ] {
        let (server, _) = endless(head, again);
        all_kinds_end_in(&server, ErrorKind::InvalidResponse, what);
    }
}

#[test]
fn unread_data_is_not_received() {
    let (server, taken) = endless("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 64 * 1024]);
    fails(server.user().fetch_info(), ErrorKind::InvalidResponse);
    within(SOON, {
        let taken = Arc::clone(&taken);
        move || {
            while taken.load(Ordering::SeqCst) == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    // 8 MiB and the buffers of the system.
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < 32 * MIB as u64, "{taken} bytes were taken");
}

#[test]
fn responses_are_read_up_to_the_size_limit() {
    let profile = |length: usize| {
        let mut body = br#"{"id":"156","name":"builderman","about":""#.to_vec();
        body.resize(length - 2, b'x');
        body.extend_from_slice(b"\"}");
        body
    };
    for length in [MIB, 8 * MIB - 100] {
        let server = Server::script([Reply::text(200, profile(length))]);
        assert!(server.user().fetch_info().expect("it is large, and good").about.len() > length - 100);
    }
    for length in [8 * MIB + 100, 9 * MIB, 20 * MIB] {
        let server = Wire::says(answer(profile(length)));
        let user = server.user();
        fails(within(SOON, move || user.fetch_info()), ErrorKind::InvalidResponse);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn endless_responses_to_changes_leave_the_outcome_unknown() {
    for call in calls().iter().filter(|call| call.is_change()) {
        let (server, _) = endless("HTTP/1.1 200 OK\r\ncontent-length: 4294967296\r\n\r\n", vec![b' '; 64 * 1024]);
        let error = fails(end_of(call, client(server.builder())), ErrorKind::InvalidResponse);
        assert!(error.outcome_unknown() && !error.is_retryable(), "{}: {error}", call.method);
        assert_eq!(server.connections(), 1, "{}", call.method);
    }
}

#[test]
fn refusals_may_have_bodies_of_any_size() {
    for length in [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, 320 * 1024, MIB, 9 * MIB] {
        for body in [vec![b' '; length], vec![b'x'; length], vec![0; length], vec![0xff; length], vec![b'<'; length]] {
            let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {length}\r\n\r\n");
            let server = Wire::says([head.into_bytes(), body].concat());
            let user = server.user();
            let error = fails(within(SOON, move || user.fetch_info()), ErrorKind::PermissionDenied);
            assert!(error.to_string().len() < 10_000, "the error is too long");
        }
    }
    for head in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 18446744073709551615\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let again = if head.contains("chunked") { b"4\r\nabcd\r\n".repeat(5000) } else { vec![b'x'; 64 * 1024] };
        let (server, _) = endless(head, again);
        all_kinds_end_in(&server, ErrorKind::PermissionDenied, head);
    }
}

#[test]
fn endless_headers_are_an_error() {
    let lines: String = (0..100_000).map(|number| format!("x-{number}: {number}\r\n")).collect();
    let good = r#"{"id":"156","name":"builderman"}"#;
    for (what, head) in [
        ("many lines", format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{lines}\r\n{good}", good.len())),
        ("a long line", format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n{good}", "x".repeat(MIB))),
        ("a long name", format!("HTTP/1.1 200 OK\r\n{}: x\r\n\r\n{good}", "x".repeat(MIB))),
        ("a long reason", format!("HTTP/1.1 200 {}\r\n\r\n{good}", "x".repeat(MIB))),
        ("a line without end", "x".repeat(4 * MIB)),
        ("the same line", format!("HTTP/1.1 200 OK\r\n{}\r\n{good}", "x: y\r\n".repeat(100_000))),
    ] {
        for status in ["200", "404"] {
            let server = Wire::says(head.replacen("200", status, 1));
            let user = server.user();
            let outcome = within(SOON, move || user.fetch_info());
            let error = outcome.expect_err(what);
            assert!(error.to_string().len() < 10_000, "{what}: the error is too long");
        }
    }
    for (what, head, again) in [
        ("lines for ever", "HTTP/1.1 200 OK\r\n", b"x-again: and again\r\n".repeat(1000)),
        ("a line for ever", "HTTP/1.1 200 OK\r\nx: ", vec![b'x'; 4096]),
        ("a status line for ever", "", vec![b'x'; 4096]),
    ] {
        let (server, _) = endless(head, again);
        let user = server.user();
        within(SOON, move || user.fetch_info()).expect_err(what);
    }
}

#[test]
fn long_heads_are_read() {
    let lines: String = (0..60).map(|number| format!("x-{number}: {}\r\n", "y".repeat(200))).collect();
    let good = r#"{"id":"156","name":"builderman"}"#;
    let server = Wire::says(format!("HTTP/1.1 200 OK\r\n{lines}\r\n{good}"));
    let _ = server.user().fetch_info().expect("60 lines are not many");
}

#[test]
fn nested_json_does_not_overflow_the_stack() {
    let one = || calls().drain(..1).collect();
    for (depth, calls, statuses, every_body) in [
        (200, calls(), &[200, 500][..], false),
        (200, one_of_each_kind(), &[200, 400, 500], true),
        (30_000, one_of_each_kind(), &[200, 400], true),
        // Megabytes of it.
        (1_000_000, one(), &[200], true),
    ] {
        let open = "[".repeat(depth);
        let objects = "{\"a\":".repeat(depth);
        let closed = format!("{open}{}", "]".repeat(depth));
        let mut bodies = vec![
            open.clone(),
            objects.clone(),
            closed.clone(),
            format!("{{\"id\":{open}"),
            format!("{{\"path\":\"operations/abc\",\"done\":true,\"response\":{closed}}}"),
            format!("{{\"path\":\"operations/abc\",\"error\":{closed}}}"),
            format!("{{\"path\":\"operations/abc\",\"metadata\":{{\"errors\":{closed}}}}}"),
            format!("{{\"inventoryItems\":{closed}}}"),
            format!("{{\"inventoryItems\":[{closed}]}}"),
            format!("{{\"inventoryItems\":[{objects}"),
            format!("{{\"groupMemberships\":[{{\"path\":{closed}}}]}}"),
            format!("{{\"errors\":{closed}}}"),
            format!("{{\"message\":{closed}}}"),
        ];
        // In an unknown field, it may be ignored.
        bodies.push(format!("{{\"id\":\"156\",\"name\":\"builderman\",\"newField\":{closed}}}"));
        bodies.push(format!("{{\"inventoryItems\":[],\"newField\":{closed}}}"));
        if !every_body {
            bodies.truncate(3);
        }
        for body in bodies {
            let shown: String = body.chars().take(60).collect();
            for &status in statuses {
                let server = Server::script([Reply::text(status, body.as_str())]);
                for call in &calls {
                    let make = call.make;
                    let client = client(server.builder().retry(RetryPolicy::none()));
                    let outcome = within(Duration::from_secs(60), move || make(&client));
                    assert!(status == 200 || outcome.is_err(), "{shown} with {status}, {}: {outcome:?}", call.method);
                }
            }
        }
    }
}

#[test]
fn unknown_fields_may_be_deeply_nested() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let server = Server::script([Reply::text(200, format!(r#"{{"id":"156","name":"a","newField":{deep}}}"#))]);
    assert_eq!(server.user().fetch_info().expect("it is skipped").username, "a");
}

#[test]
fn non_utf8_bodies_are_an_error() {
    for (what, body) in [
        ("NUL around it", &b"\0{\"id\":\"156\",\"name\":\"a\"}\0"[..]),
        ("NUL in a string", b"{\"id\":\"156\",\"name\":\"a\0b\"}"),
        ("only NUL", &[0; 1000]),
        ("UTF-16", b"\xff\xfe{\0}\0"),
        ("two values", b"{\"id\":\"156\",\"name\":\"a\"}{}"),
    ] {
        everything_fails(what, |_| Some(Reply::text(200, body)));
        for status in [400, 404, 500] {
            let server = Server::script([Reply::text(status, body)]);
            let error = server.user_without_retries().fetch_info().expect_err(what);
            assert_eq!(error.status(), Some(status), "{what}");
            assert!(!error.to_string().contains(['\0', '\r', '\n']), "{what}: {error:?}");
        }
    }
}

#[test]
fn non_utf8_headers_do_not_panic() {
    let good = r#"{"id":"156","name":"builderman"}"#;
    for name in ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "content-type", "location", "x-any"] {
        for value in [&b"\xff\xfe"[..], b"\0", b"\x7f", b"\x01", "é".as_bytes(), b"a\nb", b"a\rb", b"\t", b""] {
            for status in ["200 OK", "429 Too Many Requests", "302 Found"] {
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{name}: ", good.len());
                let server = Wire::says([head.as_bytes(), value, b"\r\n\r\n", good.as_bytes()].concat());
                let policy = hasty().max_elapsed(Duration::from_millis(20));
                let user = server.builder().retry(policy).build().expect("the settings are good").user(USER);
                // The client may interpret it in any way, but must continue.
                let _ = within(SOON, move || user.fetch_info());
            }
        }
    }
}

#[test]
fn wrong_lengths_are_errors() {
    type Headers = fn(usize) -> String;
    let wrong: [Headers; 7] = [
        |length| format!("content-length: {}", length - 1),
        |length| format!("content-length: {}", length + 1),
        |_| "content-length: 0".to_owned(),
        |_| "content-length: 18446744073709551616".to_owned(),
        |_| "content-length: 99999999999999999999999999".to_owned(),
        |length| format!("content-length: {length}\r\ncontent-length: {}", length - 1),
        |_| "transfer-encoding: chunked".to_owned(),
    ];
    for headers in wrong {
        everything_fails(&headers(100), |call| {
            let good = (call.answer)().to_string();
            let headers = headers(good.len());
            let is_success = headers == "content-length: 0" && call.returns == Returns::Nothing;
            (!is_success).then(|| Reply::Raw(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{good}").into_bytes()))
        });
    }
    let good = r#"{"id":"156","name":"builderman"}"#;
    // These have no clear meaning, but must not hang.
    for headers in ["content-length: -1", "content-length: abc", "content-length: ", "content-length: 5, 5"] {
        let server = Wire::says(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{good}"));
        let user = server.user();
        let _ = within(SOON, move || user.fetch_info());
    }
}

#[test]
fn wrong_chunks_are_errors() {
    for chunks in [
        "x\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n{}",
        "fffffffffffffffff\r\n{}",
        "2\r\n{}xx0\r\n\r\n",
        "\r\n\r\n\r\n",
        "2;extension\r\n{",
    ] {
        everything_fails(chunks, raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunks.as_bytes()));
    }
    let (server, _) = endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", vec![b'0'; 64 * 1024]);
    let user = server.user();
    within(SOON, move || user.fetch_info()).expect_err("a length without end");
    let (server, _) = endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;", vec![b'x'; 64 * 1024]);
    let user = server.user();
    within(SOON, move || user.fetch_info()).expect_err("an extension without end");
}

#[test]
fn non_http_responses_are_errors() {
    for response in [
        &b"{\"id\":\"156\",\"name\":\"builderman\"}"[..],
        b"<html>hello</html>\r\n\r\n",
        b"hello\r\n\r\n",
        b"\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n{\"id\":\"156\",\"name\":\"builderman\"}",
        b"HTTP/2 200 OK\r\n\r\n{\"id\":\"156\",\"name\":\"builderman\"}",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 000 OK\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0",
        b"\x15\x03\x03\0\x02\x02\x28",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 smtp.example ready\r\n",
    ] {
        everything_fails(&String::from_utf8_lossy(response), raw("", response));
    }
}

#[test]
fn endless_informational_responses_end_with_the_call() {
    for response in
        ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n"]
    {
        let (server, _) = endless("", response.repeat(1000).into_bytes());
        for url in [server.url(), server.url().replace("127.0.0.1", "localhost")] {
            let timeouts = Timeouts::default().attempt(Duration::from_secs(2));
            let client = client(Client::builder(KEY).base_url(url).timeouts(timeouts).retry(RetryPolicy::none()));
            for call in one_of_each_kind() {
                let error = end_of(&call, client.clone()).expect_err("there is no end");
                assert!(error.outcome_unknown() || !call.is_change(), "{}: {error}", call.method);
            }
        }
    }
}

#[test]
fn informational_responses_are_skipped() {
    for call in calls() {
        let good = (call.answer)().to_string();
        let server = Wire::says(format!(
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
             HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{good}",
            good.len()
        ));
        end_of(&call, client(server.builder())).unwrap_or_else(|error| panic!("{}: {error}", call.method));
    }
}

#[test]
fn empty_responses_are_errors() {
    const NOTHING: &[Returns] = &[Returns::Nothing];
    for (what, answer, successes) in [
        ("an empty 200", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", NOTHING),
        ("a 200 without length", "HTTP/1.1 200 OK\r\n\r\n", NOTHING),
        ("an empty 201", "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", NOTHING),
        ("an empty 202", "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", NOTHING),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", NOTHING),
        ("205", "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n", NOTHING),
        ("206", "HTTP/1.1 206 Partial Content\r\ncontent-length: 0\r\n\r\n", NOTHING),
        ("no chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", NOTHING),
        ("spaces", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n \r\n ", NOTHING),
        ("null", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull", &[]),
        ("a string", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\"\"", &[]),
        ("a number", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n0", &[]),
        ("true", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue", &[]),
        ("a list", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]", &[Returns::List]),
    ] {
        everything_fails(what, |call| {
            (!successes.contains(&call.returns)).then(|| Reply::Raw(answer.as_bytes().to_vec()))
        });
    }
}
