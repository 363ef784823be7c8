//! Errors after the service has accepted an upload don't invite a second upload.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use rblxopencloud::{Asset, AssetFile, AssetUpdate, Error, ErrorKind, ErrorScope, Operation, User, WaitOptions};
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails, started, upload};

fn quick() -> WaitOptions {
    WaitOptions::new()
        .initial_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2))
        .timeout(Duration::from_millis(200))
}

fn png() -> AssetFile {
    AssetFile::from_bytes("a.png", b"content".to_vec())
}

/// Responses to a poll that don't end the operation.
fn strange_polls() -> Vec<(&'static str, Reply)> {
    let v2 = |status, code: &str| Reply::json(status, &json!({ "code": code, "message": "no" }));
    let ok = |body: Value| Reply::ok(&body);
    vec![
        ("401", v2(401, "UNAUTHENTICATED")),
        ("401 of the gateway", Reply::json(401, &json!({ "errors": [{ "code": 0, "message": "Invalid API Key" }] }))),
        ("403", v2(403, "PERMISSION_DENIED")),
        ("403 without the scope", v2(403, "INSUFFICIENT_SCOPE")),
        ("404", v2(404, "NOT_FOUND")),
        ("404 without words", Reply::text(404, "")),
        ("400", v2(400, "INVALID_ARGUMENT")),
        (
            "400 that names a quota",
            Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "Quota exceeded" })),
        ),
        ("410", Reply::text(410, "")),
        ("302", Reply::text(302, "").with("location", "/login")),
        ("501", v2(501, "NOT_IMPLEMENTED")),
        ("503", Reply::text(503, "")),
        ("429", Reply::text(429, "")),
        ("a web page", Reply::text(200, "<!DOCTYPE html><html><body>Sign in</body></html>")),
        ("nothing", Reply::text(200, "")),
        ("half an answer", Reply::text(200, "{\"path\":\"operations/abc\",\"done\":tr")),
        ("a list", ok(json!([1]))),
        ("done without a result", ok(json!({ "path": "operations/abc", "done": true }))),
        ("an unreadable result", ok(json!({ "path": "operations/abc", "done": true, "response": [1] }))),
        ("still pending", started()),
        ("no answer", Reply::HangUp),
        ("garbage", Reply::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())),
    ]
}

#[track_caller]
fn assert_accepted(what: &str, error: &Error) {
    assert_eq!(error.operation().map(ToString::to_string).as_deref(), Some("operations/abc"), "{what}: {error}");
    assert!(error.outcome_unknown() && !error.is_retryable(), "{what}: {error}");
    assert!(error.can_wait_again() && !error.is_operation_failure(), "{what}: {error}");
    let line = error.to_string();
    assert!(line.contains("operations/abc") && line.contains("do not send it again"), "{what}: {line}");
}

type Begin = fn(&User) -> Result<Operation<Asset>, Error>;

const BEGINNINGS: [(&str, Begin); 3] = [
    ("upload", |user| upload(user, png())),
    ("update", |user| user.update_asset_with(AssetUpdate::new(4242).display_name("name"))),
    ("resumed", |user| Ok(user.client().operation("operations/abc".parse()?))),
];

#[test]
fn errors_after_acceptance_name_the_operation_and_are_not_retryable() {
    for (poll, reply) in strange_polls() {
        for (beginning, begin) in BEGINNINGS {
            let first = (beginning != "resumed").then(started);
            let server = Server::script(first.into_iter().chain([reply.clone()]));
            let user = server.user_without_retries();
            let what = format!("{beginning}, {poll}");
            let operation = begin(&user).expect("it is accepted");
            assert_accepted(&what, &operation.wait_with(&quick()).expect_err("it hasn't ended"));
            if let Err(error) = operation.poll() {
                assert_accepted(&what, &error);
            }
        }
    }
}

#[test]
fn retry_loops_by_is_retryable_upload_once() {
    for (poll, reply) in strange_polls() {
        let server = Server::script([started(), reply]);
        let user = server.user_without_retries();
        for _ in 0..3 {
            match upload(&user, png()).and_then(|operation| operation.wait_with(&quick())) {
                Err(error) if error.is_retryable() => {}
                _ => break,
            }
        }
        let uploads = server.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(uploads, 1, "{poll}");
    }
}

#[test]
fn stopping_a_wait_does_not_fail_the_upload() {
    let server = Server::script([started()]);
    let operation = upload(&server.user(), png()).expect("it is accepted");
    let error = operation.wait_with(&quick().on_poll(|_| ControlFlow::Break(()))).expect_err("it was stopped");
    assert_eq!((error.kind(), error.scope()), (ErrorKind::OperationPending, ErrorScope::Later));
    assert_accepted("stopped", &error);
}

#[test]
fn failed_operations_are_named_and_can_be_repeated() {
    let failure = json!({ "path": "operations/abc", "done": true, "error": { "code": 3, "message": "words" } });
    for first in [Some(started()), None] {
        let server = Server::script(first.into_iter().chain([Reply::ok(&failure)]));
        let operation = upload(&server.user(), png()).expect("it is accepted");
        let error = fails(operation.wait_with(&quick()), ErrorKind::OperationFailed);
        assert_eq!(error.operation().map(ToString::to_string).as_deref(), Some("operations/abc"), "{error}");
        assert!(error.is_operation_failure() && !error.can_wait_again(), "{error}");
        assert!(!error.outcome_unknown() && !error.is_retryable(), "{error}");
    }
}

#[test]
fn unreadable_first_responses_with_a_name_are_acceptances() {
    for body in [
        json!({ "path": "operations/abc", "done": true }),
        json!({ "operationId": "abc", "done": true, "response": {} }),
        json!({ "path": "operations/abc", "done": true, "response": { "assetId": "many" } }),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        assert_accepted(&body.to_string(), &upload(&server.user(), png()).expect_err("it makes no sense"));
    }
}

#[test]
fn a_refused_upload_has_no_operation() {
    for (status, unknown) in [(400, false), (401, false), (403, false), (429, false), (503, true)] {
        let server = Server::script([Reply::text(status, "")]);
        let error = upload(&server.user_without_retries(), png()).expect_err("it is refused");
        assert!(error.operation().is_none() && !error.can_wait_again(), "{error}");
        assert_eq!(error.outcome_unknown(), unknown, "{error}");
    }
}

#[test]
fn the_name_in_an_error_can_be_parsed_back() {
    let server = Server::script([started(), Reply::text(404, "")]);
    let error = upload(&server.user(), png()).and_then(|operation| operation.wait()).expect_err("404");
    let saved = error.operation().expect("it is named").to_string();
    let name = saved.parse().expect("what is displayed can be parsed");
    assert_eq!(Some(&name), error.operation());
}

#[test]
fn an_error_does_not_repeat_itself_in_its_sources() {
    let replies: BTreeMap<_, _> = strange_polls().into_iter().collect();
    for (what, reply) in replies {
        let server = Server::script([reply]);
        let Err(error) = server.user_without_retries().fetch_info() else { continue };
        let line = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            assert!(!line.contains(&cause.to_string()), "{what}: {line} / {cause}");
            source = cause.source();
        }
    }
}
