//! An operation is done or failed only if the service says so, and no wait exceeds its deadline.

use std::time::{Duration, Instant};

use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Error, ErrorKind, Operation, OperationName, RetryPolicy,
    User, WaitOptions,
};
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails, unchecked, within};

fn asset() -> Value {
    json!({ "assetId": "4242", "displayName": "name", "path": "assets/4242" })
}

fn pending() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "operationId": "abc", "done": false }))
}

fn done() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "done": true, "response": asset() }))
}

fn hasty() -> WaitOptions {
    WaitOptions::new().initial_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(2))
}

fn resumed(user: &User) -> Operation<Asset> {
    user.client().operation("operations/abc".parse().expect("a name"))
}

fn upload(user: &User) -> Result<Operation<Asset>, Error> {
    let file = AssetFile::from_bytes("a.png", b"content".to_vec());
    user.upload_asset_with(unchecked(AssetUpload::new(file, AssetType::Decal, "name", "words")))
}

fn update(user: &User) -> Result<Operation<Asset>, Error> {
    user.update_asset_with(AssetUpdate::new(4242).display_name("name"))
}

/// The results of the same response to a poll, an upload and an update, after waiting this long at most.
fn outcomes(answer: &Value, timeout: Duration) -> [(&'static str, Result<Asset, Error>); 3] {
    let server = Server::script([Reply::ok(answer)]);
    let user = server.user_without_retries();
    let wait = |operation: Operation<Asset>| operation.wait_with(&hasty().timeout(timeout));
    [("poll", wait(resumed(&user))), ("upload", upload(&user).and_then(wait)), ("update", update(&user).and_then(wait))]
}

#[test]
fn every_form_of_pending_is_pending() {
    for answer in [
        json!({ "path": "operations/abc", "operationId": "abc", "done": false }),
        json!({ "path": "operations/abc", "operationId": "abc" }),
        json!({ "path": "operations/abc" }),
        json!({ "operationId": "abc" }),
        json!({ "operationId": "abc", "done": null, "response": null, "error": null }),
        json!({ "path": "operations/abc", "done": false, "metadata": { "@type": "…", "step": 3 } }),
        json!({ "path": "operations/abc", "status": { "code": 0 } }),
        json!({ "path": "operations/abc", "futureField": [1] }),
        // What isn't done hasn't failed: these are problems of an attempt.
        json!({ "path": "operations/abc", "done": false, "error": { "code": 14, "message": "Trying again." } }),
        json!({ "path": "operations/abc", "done": false, "error": "UNAVAILABLE", "message": "Trying again." }),
        json!({ "path": "operations/abc", "done": false, "status": { "code": 14, "message": "Trying again." } }),
        json!({ "operationId": "abc", "done": false, "status": { "code": "UNAVAILABLE" } }),
        json!({ "path": "operations/abc", "done": false, "response": { "code": 14, "message": "Trying again." } }),
        json!({ "path": "operations/abc", "done": false, "metadata": { "errors": [{ "error": { "message": "no" } }] } }),
    ] {
        for (question, outcome) in outcomes(&answer, Duration::from_millis(30)) {
            match outcome {
                Err(error) if error.kind() == ErrorKind::OperationPending => {
                    assert!(error.to_string().contains("operations/abc"), "{error}");
                }
                other => panic!("{question} answered with {answer}: {other:?}"),
            }
        }
    }
}

/// Without a name, there is no operation that could still succeed after it began.
#[test]
fn errors_of_pending_operations_without_a_name_refuse_the_start_only() {
    for answer in [
        json!({ "done": false, "error": { "code": 14, "message": "no" } }),
        json!({ "done": false, "status": { "code": 14, "message": "no" } }),
    ] {
        let [(_, poll), (_, upload), (_, update)] = outcomes(&answer, Duration::from_millis(30));
        assert_eq!(poll.unwrap_err().kind(), ErrorKind::OperationPending, "{answer}");
        for error in [upload.unwrap_err(), update.unwrap_err()] {
            assert_eq!((error.code(), error.message()), (Some("14"), Some("no")), "{answer}: {error}");
        }
    }
}

#[test]
fn every_form_of_done_gives_the_result() {
    for answer in [
        json!({ "path": "operations/abc", "operationId": "abc", "done": true, "response": asset() }),
        json!({ "path": "operations/abc", "response": asset() }),
        json!({ "operationId": "abc", "done": true, "response": asset(), "error": null, "metadata": null }),
        json!({ "path": "operations/abc", "done": true, "response": asset(), "status": { "code": 0 } }),
        json!({ "path": "operations/abc", "done": true, "response": { "assetId": 4242, "@type": "type.googleapis.com/Asset" } }),
        json!({ "path": "operations/abc", "done": true, "response": { "path": "assets/4242" } }),
        json!({ "path": "operations/abc", "done": true, "response": asset(), "metadata": { "errors": [] } }),
    ] {
        for (question, outcome) in outcomes(&answer, Duration::from_secs(60)) {
            let asset = outcome.unwrap_or_else(|error| panic!("{question} answered with {answer}: {error}"));
            assert_eq!(asset.id, 4242, "{question} answered with {answer}");
        }
    }
}

#[test]
fn every_form_of_failure_is_a_failure_with_the_services_words() {
    let words = "Could not \"make\" it";
    let in_operation = |field: &str, value: Value| json!({ "path": "operations/abc", "done": true, field: value });
    for (answer, code) in [
        (
            in_operation("error", json!({ "code": "INVALID_ARGUMENT", "message": words, "details": [] })),
            Some("INVALID_ARGUMENT"),
        ),
        (in_operation("error", json!({ "code": 3, "message": words })), Some("3")),
        (in_operation("error", json!({ "error": "INVALID_ARGUMENT", "message": words })), Some("INVALID_ARGUMENT")),
        (in_operation("response", json!({ "code": "INVALID_ARGUMENT", "message": words })), Some("INVALID_ARGUMENT")),
        (in_operation("response", json!({ "code": 3, "message": words })), Some("3")),
        (in_operation("status", json!({ "code": "INVALID_ARGUMENT", "message": words })), Some("INVALID_ARGUMENT")),
        (in_operation("status", json!({ "code": 3, "message": words })), Some("3")),
        (json!({ "path": "operations/abc", "error": { "code": 3, "message": words } }), Some("3")),
        (json!({ "path": "operations/abc", "error": "INVALID_ARGUMENT", "message": words }), Some("INVALID_ARGUMENT")),
        (json!({ "code": "INVALID_ARGUMENT", "message": words }), Some("INVALID_ARGUMENT")),
        (json!({ "code": 3, "message": words }), Some("3")),
        (in_operation("metadata", json!({ "errors": [{ "error": { "message": words } }] })), None),
    ] {
        for (question, outcome) in outcomes(&answer, Duration::from_secs(60)) {
            let error = match outcome {
                Err(error) if error.kind() == ErrorKind::OperationFailed => error,
                other => panic!("{question} answered with {answer}: {other:?}"),
            };
            assert_eq!((error.code(), error.message()), (code, Some(words)), "{question} answered with {answer}");
            assert!(!error.is_retryable() && !error.outcome_unknown());
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

#[test]
fn an_error_in_place_of_an_operation_is_not_a_failure_of_the_operation() {
    for answer in [
        json!({ "errors": [{ "code": 0, "message": "Internal Server Error" }] }),
        json!({ "errors": [{ "code": 13 }] }),
        json!({ "errors": ["no"] }),
        json!({ "errors": { "field": ["no"] }, "title": "Bad", "status": 400 }),
        json!({ "errors": ["no"], "done": false }),
        json!({ "errors": ["no"], "code": 3, "message": "no" }),
        json!({ "title": "Too Many Requests", "status": 429 }),
        json!({ "done": false, "code": 3, "message": "no" }),
        json!({ "error": "invalid_token", "error_description": "no" }),
        json!({ "error": "INVALID_ARGUMENT", "message": "no" }),
        json!({ "errorCode": 7, "errorMessage": "no" }),
        json!({ "message": "Upload is being processed" }),
    ] {
        let server = Server::script([Reply::ok(&answer), done()]);
        let operation = resumed(&server.user_without_retries());
        let error = operation.poll().unwrap_err();
        assert!(!error.is_operation_failure() && error.kind() != ErrorKind::OperationFailed, "{answer}: {error}");
        assert_eq!(error.operation().map(ToString::to_string).as_deref(), Some("operations/abc"), "{answer}: {error}");
        assert!(error.can_wait_again() && !operation.is_done(), "{answer}: {error}");
        assert_eq!(operation.poll().unwrap().map(|asset| asset.id), Some(4242), "{answer}");
    }
}

#[test]
fn other_responses_are_never_done() {
    for answer in [
        json!({ "path": "operations/abc", "done": true }),
        json!({ "path": "operations/abc", "done": true, "response": {} }),
        json!({ "path": "operations/abc", "done": true, "response": [] }),
        json!({ "path": "operations/abc", "done": true, "response": { "assetId": "many" } }),
        json!([]),
        json!("done"),
        json!(null),
    ] {
        for (question, outcome) in outcomes(&answer, Duration::from_secs(60)) {
            // An update names its asset, so an empty response is still about that asset.
            if question != "update" || !answer["response"].is_object() {
                assert!(outcome.is_err(), "{question} answered with {answer}: {outcome:?}");
            }
        }
    }
}

#[test]
fn partial_failures_accompany_the_result() {
    let answer = json!({
        "path": "operations/abc",
        "done": true,
        "response": asset(),
        "metadata": { "errors": [{ "error": { "code": 3, "message": "The icon was refused." } }] },
    });
    let server = Server::script([Reply::ok(&answer)]);
    let operation = resumed(&server.user());
    assert!(operation.partial_failures().is_empty());
    assert_eq!(operation.wait().expect("it has a result").id, 4242);
    assert_eq!(operation.partial_failures(), ["The icon was refused."]);
}

#[test]
fn an_update_may_be_answered_with_the_bare_fields() {
    for answer in [
        json!({ "assetId": "4242", "displayName": "name", "path": "assets/4242" }),
        json!({ "displayName": "name", "description": "" }),
        json!({ "displayName": "name" }),
    ] {
        let server = Server::script([Reply::json(200, &answer)]);
        let operation = update(&server.user()).expect("it was taken");
        assert!(operation.is_done());
        let asset = operation.wait().expect("it is done");
        assert_eq!((asset.id, asset.display_name.as_deref()), (4242, Some("name")), "{answer}");
        assert_eq!(server.count(), 1);
    }
    let server = Server::script([Reply::ok(&json!({ "displayName": "name" }))]);
    fails(upload(&server.user()), ErrorKind::InvalidResponse);
}

#[test]
fn names_come_from_the_path_or_the_id() {
    for begun in [
        json!({ "path": "operations/abc", "done": false }),
        json!({ "path": "operations/abc", "operationId": "abc" }),
        json!({ "operationId": "abc" }),
        json!({ "path": "https://elsewhere.example/operations/x", "operationId": "abc" }),
        json!({ "path": "operations/../../secrets", "operationId": "abc" }),
    ] {
        let server = Server::script([Reply::ok(&begun), done()]);
        let operation = upload(&server.user()).expect("it begins");
        assert_eq!(operation.name().map(OperationName::to_string).as_deref(), Some("operations/abc"), "{begun}");
        assert!(!operation.is_done());
        operation.wait_with(&hasty()).expect("it is done");
        let poll = &server.requests()[1];
        assert_eq!((poll.method.as_str(), poll.target.as_str()), ("GET", "/assets/v1/operations/abc"), "{begun}");
    }
}

#[test]
fn wait_polls_at_once_and_then_after_delays() {
    let server = Server::script([pending(), pending(), pending(), done()]);
    let operation = resumed(&server.user());
    let pause = Duration::from_millis(100);
    let began = Instant::now();
    operation.wait_with(&WaitOptions::new().initial_delay(pause).max_delay(pause)).expect("it is done");
    let times: Vec<Instant> = server.requests().iter().map(|request| request.at).collect();
    assert_eq!(times.len(), 4);
    assert!(times[0] - began < pause / 2, "the first question comes at once");
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= pause / 2, "a pause lies between two questions");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn waiting_ends_at_the_deadline_whatever_the_server_does() {
    let limit = Duration::from_millis(100);
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n".to_vec();
    let busy = |status| Reply::text(status, "").with("retry-after", "60");
    let slow = Reply::Slow([answer, vec![b' '; 9000]].concat(), Duration::from_millis(10));
    for reply in [pending(), Reply::Stall, slow, Reply::HangUp, busy(429), busy(503), Reply::text(503, "")] {
        let shown = format!("{reply:?}").chars().take(60).collect::<String>();
        let server = Server::script([reply]);
        let user = server.user();
        // Nothing but the deadline ends it within this time.
        let outcome = within(Duration::from_secs(40), move || resumed(&user).wait_with(&hasty().timeout(limit)));
        let error = match outcome {
            Err(error) if error.kind() == ErrorKind::OperationPending => error,
            other => panic!("{shown}: {other:?}"),
        };
        assert!(error.to_string().contains("operations/abc"), "{shown}: {error}");
        assert!(error.can_wait_again() && !error.is_retryable(), "{shown}: waiting can go on, sending must not");
    }
}

#[test]
fn a_zero_timeout_polls_once() {
    let server = Server::script([pending()]);
    let user = server.user();
    let outcome = within(Duration::from_secs(10), move || resumed(&user).wait_with(&hasty().timeout(Duration::ZERO)));
    fails(outcome, ErrorKind::OperationPending);
    assert_eq!(server.count(), 1);
}

#[test]
fn wait_can_be_repeated_after_the_deadline() {
    let server = Server::script([pending(), pending(), done()]);
    let operation = resumed(&server.user());
    let short = WaitOptions::new().timeout(Duration::from_millis(20)).initial_delay(Duration::from_secs(1));
    fails(operation.wait_with(&short), ErrorKind::OperationPending);
    assert_eq!(operation.wait_with(&hasty()).expect("it is done").id, 4242);
}

#[test]
fn wait_survives_a_busy_service() {
    let trouble = [
        Reply::text(503, ""),
        Reply::json(500, &json!({ "code": "INTERNAL", "message": "words" })),
        Reply::HangUp,
        Reply::text(502, "<html></html>"),
        Reply::text(429, "").with("retry-after", "0"),
        pending(),
        Reply::text(504, ""),
        Reply::text(503, ""),
    ];
    let server = Server::script(trouble.into_iter().chain([done()]));
    let operation = resumed(&server.user_without_retries());
    assert_eq!(operation.wait_with(&hasty()).expect("it is done").id, 4242);
    assert_eq!(server.count(), 9);
}

#[test]
fn wait_ends_at_lasting_errors() {
    for (status, kind) in [
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
    ] {
        let server = Server::script([pending(), Reply::json(status, &json!({ "code": "CODE", "message": "words" }))]);
        fails(resumed(&server.user()).wait_with(&hasty()), kind);
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn ended_operations_make_no_request() {
    let server = Server::script([done()]);
    let operation = upload(&server.user()).expect("it begins");
    assert!(operation.is_done());
    for _ in 0..3 {
        assert_eq!(operation.wait().expect("it is done").id, 4242);
        assert_eq!(operation.poll().expect("it is done").map(|asset| asset.id), Some(4242));
    }
    assert_eq!(server.count(), 1);

    let failure = json!({ "path": "operations/abc", "done": true, "error": { "code": 3, "message": "words" } });
    let server = Server::script([Reply::ok(&failure)]);
    let operation = resumed(&server.user());
    for _ in 0..3 {
        fails(operation.wait(), ErrorKind::OperationFailed);
        fails(operation.poll(), ErrorKind::OperationFailed);
    }
    assert!(operation.is_done());
    assert_eq!(server.count(), 1);
}

#[test]
fn poll_makes_one_request() {
    let server = Server::script([pending(), done()]);
    let operation = resumed(&server.user());
    assert_eq!(operation.poll().expect("the question is answered"), None);
    assert!(!operation.is_done());
    assert_eq!(server.count(), 1);
    assert_eq!(operation.poll().expect("the question is answered").map(|asset| asset.id), Some(4242));
    assert_eq!(server.count(), 2);
}

#[test]
fn failed_polls_do_not_fail_the_operation() {
    let server = Server::script([Reply::text(503, ""), done()]);
    let user = server.builder().retry(RetryPolicy::none()).build().expect("the settings are good").user(1);
    let operation = resumed(&user);
    fails(operation.poll(), ErrorKind::Server);
    assert!(!operation.is_done());
    assert!(operation.poll().expect("the question is answered").is_some());
}

#[test]
fn unsafe_operation_names_are_refused() {
    for bad in [
        "",
        " ",
        "operations/",
        "operations",
        "abc",
        "/operations/abc",
        "operations/abc/",
        "operations/a/b",
        "operations//abc",
        "operations/.",
        "operations/..",
        "operations/../abc",
        "operations/%2e%2e",
        "operations/a b",
        " operations/abc",
        "operations/abc ",
        "operations/abc\r\nx: y",
        "operations/abc?x=y",
        "operations/abc#x",
        "operations/a\\b",
        "operations/ä",
        "https://elsewhere.example/operations/abc",
        "//elsewhere.example/operations/abc",
        "users/operations/abc",
        "users/1/operations",
    ] {
        let error = fails(bad.parse::<OperationName>(), ErrorKind::InvalidInput);
        assert!(!error.to_string().contains(['\r', '\n']), "{error:?}");
        serde_json::from_value::<OperationName>(json!(bad)).expect_err("serde refuses it too");
    }
}

#[test]
fn names_can_be_stored_and_read_again() {
    let of_another_service: OperationName = "users/1/operations/eyJhIjoxfQ==".parse().expect("a name");
    let stranger = Server::script([done()]);
    fails(stranger.client().operation(of_another_service).poll(), ErrorKind::InvalidInput);
    assert_eq!(stranger.count(), 0);
    for good in ["operations/abc", "operations/8f2c-11_~.A", "operations/eyJhIjoxfQ=="] {
        let name: OperationName = good.parse().expect("a name");
        assert_eq!(name.to_string(), good);
        assert_eq!(serde_json::to_value(&name).expect("JSON"), json!(good));
        assert_eq!(serde_json::from_value::<OperationName>(json!(good)).expect("a name"), name);
        let server = Server::script([done()]);
        server.client().operation(name).wait().expect("it is done");
        let target = server.requests()[0].target.clone();
        let target = percent_encoding::percent_decode_str(&target).decode_utf8().expect("UTF-8").into_owned();
        assert_eq!(target, format!("/assets/v1/{good}"));
    }
}
