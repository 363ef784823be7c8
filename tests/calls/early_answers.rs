//! Responses that come before the whole request was sent are returned at once, whatever happens to the connection.

use std::time::Duration;

use rblxopencloud::{AssetFile, Client, Error, ErrorKind, RetryPolicy};

use crate::support::early::{AFTERS, After, Early, Script, When, refusal, taken};
use crate::support::{CONTINUE, USER, fails, noise, upload, within};

/// Much longer than any test here takes, and much shorter than a read timeout.
const AT_ONCE: Duration = Duration::from_secs(12);
const KIB: usize = 1024;

fn upload_of(client: &Client, size: usize) -> Result<(), Error> {
    let client = client.clone();
    within(AT_ONCE, move || upload(&client.user(USER), AssetFile::from_bytes("a.png", noise(size))).map(drop))
}

fn once(server: &Early) -> Client {
    server.builder().retry(RetryPolicy::none()).build().expect("the settings are good")
}

fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        429 => ErrorKind::RateLimited,
        _ => ErrorKind::Rejected,
    }
}

#[test]
fn early_refusals_are_returned_at_once() {
    for size in [KIB, 900 * KIB, 1024 * KIB, 8 * 1024 * KIB] {
        for after in AFTERS {
            for when in [When::AtOnce, When::After(64 * KIB)] {
                for status in [401, 403, 413, 429] {
                    let answer = refusal(status, r#"{"code":"CODE","message":"words"}"#);
                    let server = Early::start([Script::new(when, answer, after)]);
                    let what = format!("{status} to {size} bytes, {when:?}, then {after:?}");
                    let error = upload_of(&once(&server), size).expect_err(&what);
                    assert_eq!((error.kind(), error.status()), (kind_of(status), Some(status)), "{what}: {error}");
                    assert_eq!((error.code(), error.message()), (Some("CODE"), Some("words")), "{what}: {error}");
                    assert!(!error.outcome_unknown(), "{what}: {error}");
                    assert_eq!(server.connections(), 1, "{what}");
                }
            }
        }
    }
}

#[test]
fn early_refusals_may_be_empty_or_chunked() {
    for answer in [
        &b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"[..],
        b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"wor",
        b"HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwords\r\n0\r\n\r\n",
        b"HTTP/1.0 403\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\ndate: x\r\n\r\nHTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
    ] {
        let has_end =
            [&b"content-length"[..], b"chunked"].iter().any(|part| answer.windows(part.len()).any(|w| w == *part));
        // A body that ends with the connection doesn't end while the connection is open.
        for after in AFTERS.into_iter().filter(|after| has_end || matches!(after, After::HangUp | After::Reset)) {
            for size in [KIB, 2048 * KIB] {
                let server = Early::start([Script::new(When::AtOnce, answer, after)]);
                let what = format!("{:?}, {size} bytes, then {after:?}", String::from_utf8_lossy(answer));
                let error = upload_of(&once(&server), size).expect_err(&what);
                assert_eq!(error.status(), Some(403), "{what}: {error}");
            }
        }
    }
}

#[test]
fn informational_responses_of_any_number_are_skipped() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\nx-any: 1\r\n\r\n".to_vec();
    let with_headers =
        b"HTTP/1.1 100 Continue\r\ndate: Wed, 25 Nov 2026 05:00:00 GMT\r\nvia: 1.1 proxy\r\n\r\n".to_vec();
    let processing = b"HTTP/1.1 102 Processing\r\n\r\n".to_vec();
    let many = [hints.clone(), processing.clone(), hints.clone(), with_headers.clone()].concat();
    for before in [
        CONTINUE.to_vec(),
        with_headers.clone(),
        [hints.clone(), CONTINUE.to_vec()].concat(),
        [CONTINUE.to_vec(), hints.clone(), processing].concat(),
        many.repeat(20),
    ] {
        for size in [KIB, 1024 * KIB, 3 * 1024 * KIB] {
            let script = Script::new(When::After(usize::MAX), [hints.clone(), taken()].concat(), After::Keep);
            let server = Early::start([script.saying_first(before.clone())]);
            upload_of(&once(&server), size).unwrap_or_else(|error| panic!("{size}: {error}"));
            assert_eq!(server.connections(), 1);
            assert!(server.bodies()[0] >= size, "the whole body was sent");
        }
    }
}

#[test]
fn informational_responses_to_reads_are_skipped() {
    let profile = r#"{"id":"156","name":"builderman"}"#;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{profile}", profile.len());
    for before in [
        "HTTP/1.1 100 Continue\r\ndate: x\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nx: y\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        for apart in [false, true] {
            let script = match apart {
                true => Script::new(When::AtOnce, answer.as_str(), After::Keep).saying_first(before),
                false => Script::new(When::AtOnce, format!("{before}{answer}"), After::Keep),
            };
            let server = Early::start([script]);
            let user = once(&server).user(USER);
            let info = within(AT_ONCE, move || user.fetch_info()).unwrap_or_else(|error| panic!("{before}: {error}"));
            assert_eq!(info.username, "builderman");
        }
    }
}

#[test]
fn a_417_is_repeated_without_expect_and_without_counting() {
    for after in AFTERS {
        let refused = Script::new(When::AtOnce, refusal(417, ""), after);
        let good = Script::new(When::After(usize::MAX), taken(), After::Keep);
        let server = Early::start([refused, good]);
        upload_of(&once(&server), 2048 * KIB).unwrap_or_else(|error| panic!("{after:?}: {error}"));
        let expects: Vec<bool> = server.heads().iter().map(|head| head.to_lowercase().contains("expect:")).collect();
        assert_eq!(expects, [true, false], "{after:?}");
    }
    // A small upload doesn't send `Expect`, so that a 417 is like any other status.
    let server = Early::start([Script::new(When::AtOnce, refusal(417, ""), After::ReadOn)]);
    let error = fails(upload_of(&once(&server), KIB), ErrorKind::UnexpectedStatus);
    assert_eq!((error.status(), server.connections()), (Some(417), 1));
}

#[test]
fn connections_that_break_on_expect_are_repeated_without_it() {
    for after in [After::HangUp, After::Reset] {
        let broken = Script::new(When::AtOnce, "", after);
        let good = Script::new(When::After(usize::MAX), taken(), After::Keep);
        let server = Early::start([broken.clone(), good]);
        upload_of(&once(&server), 2048 * KIB).unwrap_or_else(|error| panic!("{after:?}: {error}"));
        assert_eq!(server.connections(), 2);
        // One repetition is enough: the error says that nothing was received.
        let server = Early::start([broken]);
        let error = fails(upload_of(&once(&server), 32 * 1024 * KIB), ErrorKind::Connection);
        assert!(!error.outcome_unknown(), "{error}");
        assert_eq!(server.connections(), 2);
    }
}

#[test]
fn early_successes_are_errors_that_name_the_operation_and_the_asset() {
    let answer = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let asset = r#"{"path":"operations/abc","done":true,"response":{"path":"assets/4242","assetId":"4242"}}"#;
    for after in AFTERS {
        let when = if after == After::Keep { When::AtOnce } else { When::After(64 * KIB) };
        for (body, operation, words) in [
            (r#"{"path":"operations/abc","operationId":"abc","done":false}"#, Some("operations/abc"), ""),
            (r#"{"operationId":"abc"}"#, Some("operations/abc"), ""),
            (asset, Some("operations/abc"), "asset 4242"),
            (r#"{"assetId":4242,"displayName":"a"}"#, None, "asset 4242"),
            (r#"{"code":"ABORTED","message":"words"}"#, None, "words"),
            ("{}", None, ""),
            ("junk", None, ""),
        ] {
            let server = Early::start([Script::new(when, answer(body), after)]);
            let what = format!("{body} {when:?}, then {after:?}");
            let client = once(&server);
            let file = AssetFile::from_bytes("a.png", vec![7; 8 * 1024 * KIB]);
            let outcome = within(AT_ONCE, move || upload(&client.user(USER), file).map(drop));
            let error = outcome.expect_err(&what);
            assert!(error.outcome_unknown() && !error.is_retryable(), "{what}: {error}");
            assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Some(200)), "{what}: {error}");
            assert_eq!(error.operation().map(ToString::to_string).as_deref(), operation, "{what}: {error}");
            assert_eq!(error.can_wait_again(), operation.is_some(), "{what}: {error}");
            assert!(error.to_string().contains(words), "{what}: {error}");
            assert_eq!(server.connections(), 1, "{what}");
        }
    }
    // A response that breaks off names nothing.
    let half = &answer(asset)[..60];
    let server = Early::start([Script::new(When::After(64 * KIB), half, After::HangUp)]);
    let error = upload_of(&once(&server), 8 * 1024 * KIB).expect_err("the service can't have it");
    assert!(error.outcome_unknown() && error.operation().is_none(), "{error}");
}

#[test]
fn early_transient_refusals_are_retried() {
    for after in AFTERS {
        let busy = "HTTP/1.1 429 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
        let refused = Script::new(When::AtOnce, busy, after);
        let good = Script::new(When::After(usize::MAX), taken(), After::Keep);
        let server = Early::start([refused, good]);
        let client = server.builder().build().expect("the settings are good");
        upload_of(&client, 2048 * KIB).unwrap_or_else(|error| panic!("{after:?}: {error}"));
        assert_eq!(server.connections(), 2);
    }
}
