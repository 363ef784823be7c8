//! Each form of refusal becomes an error that says what happened.

use std::time::Duration;

use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
use rblxopencloud::store::{Decimal, Money};
use rblxopencloud::{
    AssetFile, AssetType, AssetUpload, Client, Credentials, Cursor, Error, ErrorKind, ErrorScope, OperationName,
};
use serde_json::json;

use crate::support::{self, KEY, Reply, Server, USER, fails};

fn profile() -> Reply {
    Reply::ok(&json!({ "id": "156", "name": "builderman" }))
}

#[test]
fn every_form_of_error_body_is_read() {
    let words = "It is not \"valid\".";
    let forms = [
        (json!({ "code": "INVALID_ARGUMENT", "message": words, "details": [] }), Some("INVALID_ARGUMENT")),
        (json!({ "code": 3, "message": words }), Some("3")),
        (json!({ "error": "INVALID_ARGUMENT", "message": words, "errorDetails": [{}] }), Some("INVALID_ARGUMENT")),
        (json!({ "errors": [{ "code": 0, "message": words }] }), None),
        (json!({ "errors": [{ "code": 7, "message": words }] }), Some("7")),
        (json!({ "errors": [{ "code": "BAD", "message": words }] }), Some("BAD")),
        (json!({ "error": "invalid_grant", "error_description": words }), Some("invalid_grant")),
        (json!({ "errorCode": "BadRequest", "errorMessage": words }), Some("BadRequest")),
        (json!({ "errorCode": 12, "errorMessage": words }), Some("12")),
        (json!({ "error": { "code": "INVALID_ARGUMENT", "message": words } }), Some("INVALID_ARGUMENT")),
        (json!(words), None),
    ];
    for (body, code) in forms {
        let server = Server::script([Reply::json(400, &body)]);
        let kind = if code == Some("invalid_grant") { ErrorKind::InvalidGrant } else { ErrorKind::Rejected };
        let error = fails(server.user().fetch_info(), kind);
        assert_eq!((error.status(), error.code(), error.message()), (Some(400), code, Some(words)), "{body}");
        assert!(error.to_string().contains(words.trim_end_matches('.')), "{error}");
        assert_eq!(server.count(), 1, "a refused request is not repeated");
    }
}

#[test]
fn words_of_the_status_line_are_the_message_of_a_refusal_without_words() {
    const WORDS: &str = "It is not \"valid\".";
    for (line, body, message) in [
        ("401 It is not \"valid\".", "", Some(WORDS)),
        ("400 It is not \"valid\".", "{}", Some(WORDS)),
        ("400 It is not \"valid\".", r#"{"code":"INVALID_ARGUMENT"}"#, Some(WORDS)),
        ("400 It is not \"valid\".", r#"{"message":"It is too long."}"#, Some("It is too long.")),
        ("400 It is not \"valid\".", "<html>It is too long.</html>", Some("It is too long.")),
        ("599 It \t is   not \"valid\".", "", Some(WORDS)),
        ("400 Bad Request", "", None),
        ("404 not found", "", None),
        ("413 Request Entity Too Large", "", None),
        ("404 ", "", None),
        ("404", "", None),
    ] {
        let reply = format!("HTTP/1.1 {line}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let server = Server::script([Reply::Raw(reply.into())]);
        let error = server.user_without_retries().fetch_info().expect_err(line);
        assert_eq!((error.status(), error.message()), (line[..3].parse().ok(), message), "{line} {body}");
        assert!(message.is_none_or(|words| error.to_string().contains(words.trim_end_matches('.'))), "{error}");
    }
    // They are read like all words of the service, and hold no key.
    let reply = format!("HTTP/1.1 403 User is moderated, {KEY}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::script([Reply::Raw(reply.into())]);
    let error = fails(server.user().fetch_info(), ErrorKind::AccountModerated);
    assert_eq!(error.message(), Some("User is moderated, [redacted]"));
    // A success has no message, whatever its status line says.
    let reply = "HTTP/1.1 200 Not at all\r\ncontent-length: 12\r\n\r\n{\"id\":\"156\"}";
    let server = Server::script([Reply::Raw(reply.into())]);
    let _ = server.user().fetch_info().expect("it is a success");
}

#[test]
fn validation_errors_name_the_fields() {
    let body = json!({
        "errors": { "displayName": ["It is too long."], "assetType": ["It is unknown."] },
        "title": "One or more validation errors occurred.",
        "status": 400,
    });
    let server = Server::script([Reply::json(400, &body)]);
    let error = fails(server.user().fetch_info(), ErrorKind::Rejected);
    let message = error.message().expect("the service sent a message");
    for word in ["displayName", "It is too long.", "assetType", "It is unknown."] {
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn text_of_other_bodies_is_kept() {
    let page = "<!DOCTYPE html>\n<html><head><style>p { color: red }</style></head>\n<body><h1>502 Bad Gateway</h1></body></html>";
    for (body, message) in [
        ("", None),
        (" \r\n", None),
        ("null", None),
        ("{}", None),
        ("[]", None),
        ("upstream connect\r\nerror", Some("upstream connect error")),
        (page, Some("502 Bad Gateway")),
    ] {
        let server = Server::script([Reply::text(502, body)]);
        let error = fails(server.user_without_retries().fetch_info(), ErrorKind::Server);
        assert_eq!((error.status(), error.code(), error.message()), (Some(502), None, message), "{body:?}");
    }
    let server = Server::script([Reply::text(500, b"\xff\xfe\x00".to_vec())]);
    fails(server.user_without_retries().fetch_info(), ErrorKind::Server);
}

#[test]
fn each_status_has_its_kind() {
    for (status, kind) in [
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (418, ErrorKind::UnexpectedStatus),
        (429, ErrorKind::RateLimited),
        (499, ErrorKind::UnexpectedStatus),
        (500, ErrorKind::Server),
        (501, ErrorKind::Server),
        (503, ErrorKind::Server),
        (504, ErrorKind::Server),
    ] {
        let server = Server::script([Reply::json(status, &json!({ "code": "CODE", "message": "words" }))]);
        let error = fails(server.user_without_retries().fetch_info(), kind);
        assert_eq!((error.status(), error.code(), error.message()), (Some(status), Some("CODE"), Some("words")));
    }
}

#[test]
fn delays_above_the_policy_are_returned_at_once() {
    let busy = Reply::json(429, &json!({ "code": "RESOURCE_EXHAUSTED", "message": "busy" })).with("retry-after", "120");
    let server = Server::script([busy]);
    let error = fails(server.user().fetch_info(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    assert!(error.is_retryable());
    assert_eq!(server.count(), 1);
}

#[test]
fn display_is_one_line_with_the_method_and_the_path_and_never_the_query() {
    let server =
        Server::script([Reply::json(403, &json!({ "code": "PERMISSION_DENIED", "message": "a\r\nb\u{7}\tc" }))]);
    let error =
        server.user().list_inventory().badges([424_242]).next().expect("an error").expect_err("403 is an error");
    let line = error.to_string();
    assert!(line.contains(&format!("GET /cloud/v2/users/{USER}/inventory-items")), "{line}");
    assert!(line.contains("403") && line.contains("PERMISSION_DENIED") && line.contains("a b c"), "{line}");
    for hidden in ["?", "filter", "424242", "maxPageSize", "127.0.0.1"] {
        assert!(!line.contains(hidden), "{line}");
    }
    assert!(!line.contains(char::is_control), "{line:?}");
}

#[test]
fn a_long_body_gives_a_short_line() {
    let server = Server::script([Reply::text(400, "é ".repeat(20_000))]);
    let error = fails(server.user().fetch_info(), ErrorKind::Rejected);
    assert!(error.to_string().len() < 1000, "{} bytes", error.to_string().len());
}

#[test]
fn keys_of_groups_are_mentioned() {
    let refusal = Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" }));
    let server = Server::script([refusal]);
    let user = server.user();
    for error in [
        user.fetch_info().expect_err("401 is an error"),
        user.list_inventory().next().expect("an error").expect_err("401 is an error"),
        user.list_groups().next().expect("an error").expect_err("401 is an error"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.to_string().contains("group"), "{error}");
    }
    // A key that the gateway doesn't know is different.
    let server =
        Server::script([Reply::json(401, &json!({ "errors": [{ "code": 0, "message": "Invalid API Key" }] }))]);
    let error = fails(server.user().fetch_info(), ErrorKind::Unauthenticated);
    assert!(!error.to_string().contains("group"), "{error}");
    assert!(error.to_string().contains("Invalid API Key"), "{error}");
}

#[test]
fn a_missing_scope_is_named() {
    let refusal = Reply::json(403, &json!({ "code": "INSUFFICIENT_SCOPE", "message": "no" }));
    let server = Server::script([refusal]);
    let key = server.client();
    let token = Client::builder(Credentials::access_token("token")).base_url(server.url()).build().unwrap();
    for client in [key, token] {
        let user = client.user(USER);
        let inventory = user.list_inventory().next().expect("an error").expect_err("403 is an error");
        assert!(inventory.to_string().contains("user.inventory-item:read"), "{inventory}");
        let operation = fails(client.operation("operations/1".parse().unwrap()).poll(), ErrorKind::PermissionDenied);
        assert!(operation.to_string().contains("asset:read"), "{operation}");
    }
}

/// The refusals of a missing scope, and the scope that each names.
fn missing_scopes() -> Vec<(String, &'static str)> {
    let v2 = |message: &str| json!({ "code": "PERMISSION_DENIED", "message": message, "details": [] }).to_string();
    vec![
        (v2("The required scope <universe:write> is missing."), "universe:write"),
        (v2("The required scope <universe:write> is missing"), "universe:write"),
        (
            v2("The required scope <universe.place.luau-execution-session:1:write> is missing."),
            "universe.place.luau-execution-session:write",
        ),
        (v2("The required scopes <asset:read>, <asset:write> are missing."), "asset:read and asset:write"),
        (
            json!({ "errors": [{ "code": 0, "message": "The required scope <asset:read> is missing." }] }).to_string(),
            "asset:read",
        ),
        (
            json!({ "error": "INSUFFICIENT_SCOPE", "message": "The required scope <asset:read> is missing." })
                .to_string(),
            "asset:read",
        ),
    ]
}

#[test]
fn the_scope_that_the_service_names_is_advised() {
    for (body, scope) in missing_scopes() {
        let server = Server::script([Reply::text(403, body.clone())]);
        let client = server.client();
        let permission = AssetPermission::new(PermissionSubject::Universe(1), AssetAction::Use);
        let errors = [
            client.group(7).update_member(156, 9).expect_err("403 is an error"),
            client.user(USER).fetch_info().expect_err("403 is an error"),
            client.user(USER).fetch_subscription(1, "EXP-1").expect_err("403 is an error"),
            client.asset(5).fetch().expect_err("403 is an error"),
            client.asset(5).grant_permission(&permission).expect_err("403 is an error"),
            client.operation("operations/1".parse().expect("a name")).poll().expect_err("403 is an error"),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.scope()), (ErrorKind::PermissionDenied, ErrorScope::Run), "{error}");
            let word = if scope.contains(" and ") { "scopes" } else { "scope" };
            assert!(error.to_string().contains(&format!("give the key the {word} {scope}")), "{error}");
        }
        let token =
            Client::builder(Credentials::access_token("token")).base_url(server.url()).build().expect("a client");
        let error = fails(token.user(USER).fetch_info(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains(scope) && error.to_string().contains("when authorizing"), "{error}");
    }
    let targeted = Reply::json(
        403,
        &json!({ "code": "PERMISSION_DENIED", "message": "The required scope <universe.place:13058:write> is missing." }),
    );
    let error = fails(Server::script([targeted]).user().fetch_info(), ErrorKind::PermissionDenied).to_string();
    assert!(error.ends_with("give the key the scope universe.place:write for 13058"), "{error}");
}

#[test]
fn refusals_of_one_resource_advise_no_scope() {
    for body in [
        json!({ "code": "PERMISSION_DENIED", "message": "The authorized user does not have sufficient permissions" }),
        json!({ "error": "PERMISSION_DENIED", "message": "The authorized user does not have sufficient permissions." }),
        json!({ "errors": [{ "code": 0, "message": "The authorized user does not have sufficient permissions" }] }),
        json!({ "error": { "code": "CannotManageAsset", "message": "The asset isn't yours." } }),
        json!({ "error": { "code": "CannotManageSubject", "message": "No." } }),
    ] {
        let server = Server::script([Reply::json(403, &body)]);
        let client = server.client();
        let permission = AssetPermission::new(PermissionSubject::Universe(1), AssetAction::Use);
        for error in [
            client.group(7).update_member(156, 9).expect_err("403 is an error"),
            client.user(USER).fetch_subscription(1, "EXP-1").expect_err("403 is an error"),
            client.asset(5).fetch().expect_err("403 is an error"),
            client.asset(5).archive().expect_err("403 is an error"),
            client.asset(5).grant_permission(&permission).expect_err("403 is an error"),
        ] {
            assert_eq!(
                (error.kind(), error.scope()),
                (ErrorKind::PermissionDenied, ErrorScope::Call),
                "{body}: {error}"
            );
            assert!(!error.to_string().contains("scope"), "{body}: {error}");
        }
    }
}

#[test]
fn a_name_that_reads_like_a_missing_scope_is_not_one() {
    let name = "The required scope <asset:write> is missing";
    for (status, message) in [
        (400, format!("{name} is moderated.")),
        (400, format!("AssetName \"{name}\" is moderated.")),
        (400, name.to_owned()),
        (403, format!("AssetName {name}. is moderated.")),
        (403, format!("The name is moderated: {name}.")),
        (403, format!("You may not use '{name}'")),
    ] {
        let server = Server::script([Reply::json(status, &json!({ "code": "PERMISSION_DENIED", "message": message }))]);
        let file = AssetFile::from_bytes("a.png", b"\x89PNG\r\n\x1a\n".to_vec());
        let upload = AssetUpload::new(file, AssetType::Decal, name, "of wood");
        let error = server.user().upload_asset_with(upload).expect_err("it is refused").to_string();
        assert!(!error.contains("give the key"), "{status} {message}: {error}");
    }
}

#[test]
fn of_alternative_scopes_the_narrow_one_is_advised() {
    let refusal = Reply::json(403, &json!({ "error": "INSUFFICIENT_SCOPE", "message": "no" }));
    let error = fails(Server::script([refusal]).user().fetch_subscription(1, "EXP-1"), ErrorKind::PermissionDenied);
    let line = error.to_string();
    assert!(
        line.contains("universe.subscription-product.subscription:read") && !line.contains("universe:write"),
        "{line}"
    );
}

#[test]
fn a_401_of_assets_may_be_a_missing_scope() {
    let server = Server::script([Reply::json(401, &json!({ "errors": [{ "code": 0, "message": "Unauthorized" }] }))]);
    let token = Client::builder(Credentials::access_token("token")).base_url(server.url()).build().expect("a client");
    for client in [server.client(), token] {
        let error = fails(client.asset(5).archive(), ErrorKind::Unauthenticated).to_string();
        assert!(error.contains("scope asset:write") || error.contains("scopes asset:read and asset:write"), "{error}");
        assert!(error.contains("expired") || error.contains("new access token"), "{error}");
        let error = fails(client.user(USER).fetch_info(), ErrorKind::Unauthenticated).to_string();
        assert!(!error.contains("scope"), "{error}");
    }
}

#[test]
fn an_invalid_key_of_an_inspection_concerns_the_run() {
    let server =
        Server::script([Reply::json(401, &json!({ "errors": [{ "code": 0, "message": "Invalid API Key" }] }))]);
    let error = fails(server.client().inspect_key(), ErrorKind::Unauthenticated);
    assert_eq!(error.scope(), ErrorScope::Run);
    assert!(error.to_string().contains("check that the key is complete"), "{error}");
}

#[test]
fn a_missing_scope_in_a_success_concerns_the_run() {
    let body = json!({ "code": "PERMISSION_DENIED", "message": "The required scope <user:read> is missing." });
    let error = fails(Server::script([Reply::ok(&body)]).user().fetch_info(), ErrorKind::InvalidResponse);
    assert_eq!(error.scope(), ErrorScope::Run, "{error}");
    assert!(error.to_string().contains("give the key the scope user:read"), "{error}");
}

#[test]
fn a_key_in_place_of_a_scope_is_redacted() {
    let body =
        json!({ "code": "PERMISSION_DENIED", "message": format!("The required scope <{}> is missing.", support::KEY) });
    let error = fails(Server::script([Reply::json(403, &body)]).user().fetch_info(), ErrorKind::PermissionDenied);
    assert!(!format!("{error} {error:?} {error:#?}").contains(support::KEY), "{error:#?}");
}

#[test]
fn texts_that_are_parsed_are_named() {
    fn problem<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        fails(result, ErrorKind::InvalidInput).to_string()
    }
    for (problem, expected) in [
        (problem("4,99".parse::<Decimal>()), r#"invalid decimal number "4,99": expected the form 4.99"#),
        (problem(Money::usd("4,99")), r#"invalid price "4,99": expected the form 4.99"#),
        (problem(Money::usd("-1")), r#"invalid price "-1": it is negative"#),
        (problem("x".parse::<OperationName>()), r#"invalid operation name "x": expected the form operations/8f2c"#),
        (problem("x".parse::<Cursor>()), r#"invalid cursor "x": expected the text of a Cursor"#),
    ] {
        assert!(problem.starts_with(expected), "{problem}");
    }
    for problem in [
        problem(Client::builder("key").base_url("localhost").build()),
        problem(Client::builder("two words").build()),
        problem(Client::builder("").build()),
    ] {
        assert!(problem.starts_with("invalid setting: "), "{problem}");
    }
    // Where a call was made, it says so.
    let call = problem(Client::new("two words").user(1).fetch_info());
    assert!(call.starts_with("nothing was sent: "), "{call}");
    let long = problem("x".repeat(1_000_000).parse::<Decimal>());
    assert!(long.len() < 1000, "{} bytes", long.len());
}

#[test]
fn redirects_are_errors_and_not_followed() {
    let target = Server::script([profile()]);
    for status in [300, 301, 302, 303, 307, 308] {
        for location in [format!("{}/elsewhere", target.url()), "/here".to_owned()] {
            let server = Server::script([Reply::text(status, "").with("location", location)]);
            let error = fails(server.user().fetch_info(), ErrorKind::UnexpectedStatus);
            assert_eq!(error.status(), Some(status));
            assert_eq!(server.count(), 1, "{status} was followed");
        }
    }
    assert_eq!(target.count(), 0);
    assert!(target.settle().is_empty());
}

#[test]
fn successes_with_unreadable_bodies_are_invalid_responses() {
    for body in ["", "<html>hello</html>", "[]", "{\"id\":\"1\"", "{\"id\":\"one\"}", "{}"] {
        let server = Server::script([Reply::text(200, body)]);
        let error = fails(server.user().fetch_info(), ErrorKind::InvalidResponse);
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let server = Server::script([Reply::Raw(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())]);
    fails(server.user().fetch_info(), ErrorKind::InvalidResponse);
}

#[test]
fn endless_responses_are_cut_off() {
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n\"".to_vec();
    endless.resize(20_000_000, b'a');
    let server = Server::script([Reply::Raw(endless)]);
    fails(server.user_without_retries().fetch_info(), ErrorKind::InvalidResponse);
}

#[test]
fn error_bodies_are_drained_to_reuse_the_connection() {
    let chunked = |size: usize| {
        let body = "x".repeat(size);
        format!("HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n")
    };
    for size in [0, 10, 100_000, 200_000] {
        let server = Server::script([Reply::text(404, "x".repeat(size))]);
        let user = server.user();
        for _ in 0..5 {
            fails(user.fetch_info(), ErrorKind::NotFound);
        }
        assert_eq!((server.count(), server.connections()), (5, 1), "error bodies of {size} bytes");
    }
    let server = Server::script([Reply::Raw(chunked(1000).into_bytes())]);
    let error = fails(server.user().fetch_info(), ErrorKind::NotFound);
    assert_eq!(error.status(), Some(404));
}

#[test]
fn one_connection_serves_sequential_calls_and_clones() {
    let server = Server::script([profile()]);
    let client = server.client();
    for client in [client.clone(), client.clone(), client] {
        let user = client.user(USER);
        for user in [user.clone(), user] {
            let _ = user.fetch_info().expect("the profile is good");
        }
    }
    assert_eq!((server.count(), server.connections()), (6, 1));
}

#[test]
fn transient_failures_are_retried_and_attempts_are_counted() {
    for passing in [Reply::text(503, ""), Reply::text(502, "<html></html>"), Reply::HangUp] {
        let server = Server::script([passing.clone(), passing.clone(), profile()]);
        let _ = server.user().fetch_info().expect("the third answer is good");
        let server = Server::script([passing]);
        let policy = support::hasty().max_attempts(3);
        let user = server.builder().retry(policy).build().unwrap().user(USER);
        let error = user.fetch_info().expect_err("no answer is good");
        assert!(error.to_string().contains("3 times"), "{error}");
        assert!(error.is_retryable() && !error.outcome_unknown());
        assert_eq!(server.count(), 3);
    }
}

#[test]
fn lost_races_have_one_kind_and_are_not_repeated() {
    let forms = |code: &str| {
        [
            json!({ "code": code, "message": "The etag doesn't match.", "details": [] }).to_string(),
            json!({ "error": code, "message": "The etag doesn't match.", "errorDetails": [] }).to_string(),
            json!({ "errors": [{ "code": code, "message": "The etag doesn't match." }] }).to_string(),
        ]
    };
    let mut refusals: Vec<(u16, String)> = Vec::new();
    refusals.extend(forms("ABORTED").map(|body| (409, body)));
    refusals.extend(forms("FAILED_PRECONDITION").map(|body| (400, body)));
    refusals.extend(forms("PRECONDITION").map(|body| (412, body)));
    for body in ["", "<html><body>Conflict</body></html>", "Changed."] {
        refusals.extend([(409, body.to_owned()), (412, body.to_owned())]);
    }
    for (status, body) in refusals {
        let server = Server::script([Reply::text(status, body.clone())]);
        let client = server.client();
        let change = || client.request(rblxopencloud::Method::Patch, "/cloud/v2/entries/{id}").param("id", 1);
        let errors = [
            change().json(&json!({ "value": 2, "etag": "1" })).send().expect_err("it is refused"),
            client.group(7).update_member(156, 9).expect_err("it is refused"),
            client.user(USER).fetch_info().expect_err("it is refused"),
        ];
        for error in &errors {
            assert_eq!((error.kind(), error.scope()), (ErrorKind::Conflict, ErrorScope::Call), "{body}: {error}");
            assert!(!error.is_retryable() && !error.outcome_unknown(), "{body}: {error}");
            assert!(
                error
                    .to_string()
                    .ends_with("fetch the resource again before you repeat the call: its state may have changed"),
                "{error}"
            );
        }
        assert_eq!(server.count(), 3, "the same call would be refused again");
    }
    // A code of its own, or a precondition that isn't about a change.
    for (status, body, kind) in [
        (400, json!({ "code": "INVALID_ARGUMENT", "message": "The precondition failed." }), ErrorKind::Rejected),
        (500, json!({ "code": "ABORTED", "message": "no" }), ErrorKind::Server),
    ] {
        fails(Server::script([Reply::json(status, &body)]).user_without_retries().fetch_info(), kind);
    }
    let unmet = Reply::json(400, &json!({ "code": "FAILED_PRECONDITION", "message": "Not opted in." }));
    let notification = rblxopencloud::user::Notification::new(13058, "message");
    let error = fails(Server::script([unmet]).user().send_notification(&notification), ErrorKind::Rejected);
    assert!(error.to_string().ends_with("the user has to turn on the notifications of the experience"), "{error}");
}

/// An error type of the caller, with a cause.
#[derive(Debug)]
struct VaultError(&'static str, Option<Box<VaultError>>);

impl std::fmt::Display for VaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for VaultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

/// A client whose source of tokens fails.
fn without_tokens(server: &Server, error: impl Fn() -> Error + Send + Sync + 'static) -> Client {
    let credentials = Credentials::access_tokens_from(move || Err(error()));
    Client::builder(credentials).base_url(server.url()).retry(support::hasty()).build().expect("the settings are good")
}

#[test]
fn errors_of_callers_are_messages_or_errors_on_one_line() {
    for (error, line) in [
        (Error::other("the vault is sealed"), "the vault is sealed"),
        (Error::other(String::from("the\r\n vault\tis\u{7} sealed")), "the vault is sealed"),
        (Error::other(VaultError("sealed", Some(Box::new(VaultError("no quorum", None))))), "sealed"),
        (Error::other(std::io::Error::from(std::io::ErrorKind::NotFound)), "entity not found"),
        (Error::other(""), ""),
    ] {
        let copy = error.clone();
        assert_eq!((copy.kind(), copy.to_string().as_str()), (ErrorKind::Other, line));
        assert_eq!(format!("{copy:?}"), format!("Other: {line}"));
        assert!(!copy.is_retryable() && !copy.outcome_unknown() && copy.status().is_none() && copy.message().is_none());
    }
    let error = Error::other(VaultError("sealed", Some(Box::new(VaultError("no quorum", None)))));
    assert_eq!(error.get_ref().and_then(|cause| cause.downcast_ref::<VaultError>()).expect("the cause").0, "sealed");
    assert_eq!(std::error::Error::source(&error).expect("the cause behind it").to_string(), "no quorum");
    let refused = fails("x".parse::<Decimal>(), ErrorKind::InvalidInput);
    assert!(refused.get_ref().is_none());
    let line = refused.to_string();
    let same = Error::other(refused);
    assert_eq!((same.kind(), same.to_string()), (ErrorKind::InvalidInput, line));
    let denied = std::io::Error::from(Error::other(std::io::Error::from(std::io::ErrorKind::PermissionDenied)));
    assert_eq!(denied.kind(), std::io::ErrorKind::PermissionDenied);
}

#[test]
fn errors_of_token_sources_are_returned_as_they_were_made() {
    let server = Server::script([profile()]);
    let client = without_tokens(&server, || Error::other(VaultError("the vault is sealed", None)));
    for client in [client.clone(), client.with_timeout(Duration::from_secs(60))] {
        let error = fails(client.user(USER).fetch_info(), ErrorKind::Other);
        assert_eq!((error.to_string().as_str(), error.scope()), ("the vault is sealed", ErrorScope::Run));
        assert!(error.get_ref().is_some_and(|cause| cause.is::<VaultError>()), "{error:#?}");
        assert!(!error.is_retryable() && !error.outcome_unknown(), "{error:#?}");
        fails(client.user(USER).list_inventory().next().expect("an error"), ErrorKind::Other);
    }
    let passed_on = without_tokens(&server, || Error::other("4,99".parse::<Decimal>().expect_err("a comma")));
    fails(passed_on.user(USER).fetch_info(), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 0, "nothing was sent without a token");

    // After a 401, too.
    let refusing = Server::script([Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" }))]);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let credentials =
        Credentials::access_tokens_from(move || match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Ok("token-of-sixteen".to_owned()),
            _ => Err(Error::other("no second token")),
        });
    let client = Client::builder(credentials).base_url(refusing.url()).build().expect("the settings are good");
    assert_eq!(fails(client.user(USER).fetch_info(), ErrorKind::Other).to_string(), "no second token");
    assert_eq!(refusing.count(), 1);
}

#[test]
fn errors_of_token_sources_stop_a_batch() {
    let server = Server::script([profile()]);
    let client = without_tokens(&server, || Error::other("the vault is sealed"));
    let uploads = (0..20).map(|number| {
        let file = AssetFile::from_bytes("a.png", b"\x89PNG\r\n\x1a\n".to_vec());
        support::unchecked(AssetUpload::new(file, AssetType::Image, format!("n{number}"), ""))
    });
    for outcome in client.user(USER).upload_assets(uploads).concurrency(1) {
        let error = fails(outcome.result, ErrorKind::Other);
        assert!(error.to_string().ends_with("the vault is sealed") && error.scope() == ErrorScope::Run, "{error}");
        assert_eq!(error.to_string().starts_with("nothing was sent: "), outcome.index > 0, "{error}");
    }
    assert_eq!(server.count(), 0);
}

/// What the kind of an `io::Error` says of the cause is kept.
#[test]
fn errors_of_callers_are_transient_if_their_io_kind_is() {
    use std::io::{Error as IoError, ErrorKind as IoKind};
    for (kind, is_transient) in [
        (IoKind::TimedOut, true),
        (IoKind::WouldBlock, true),
        (IoKind::Interrupted, true),
        (IoKind::ConnectionRefused, true),
        (IoKind::ConnectionReset, true),
        (IoKind::ConnectionAborted, true),
        (IoKind::BrokenPipe, true),
        (IoKind::NotFound, false),
        (IoKind::PermissionDenied, false),
        (IoKind::InvalidData, false),
        (IoKind::Other, false),
    ] {
        let error = Error::other(IoError::new(kind, VaultError("the vault is busy", None)));
        let scope = if is_transient { ErrorScope::Later } else { ErrorScope::Call };
        assert_eq!((error.is_retryable(), error.scope()), (is_transient, scope), "{kind:?}");
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Other, "the vault is busy"), "{kind:?}");
        assert!(error.get_ref().is_some_and(|cause| cause.is::<IoError>()), "{kind:?}");
    }
    for error in [Error::other("the vault is busy"), Error::other(VaultError("busy", None))] {
        assert!(!error.is_retryable() && error.scope() == ErrorScope::Call, "{error}");
    }
}

fn busy() -> Error {
    Error::other(std::io::Error::new(std::io::ErrorKind::TimedOut, "the vault is busy"))
}

#[test]
fn a_source_without_a_token_for_now_stops_no_batch() {
    let server =
        Server::start(|_| Reply::ok(&json!({ "path": "operations/1", "done": true, "response": { "assetId": "1" } })));
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let credentials =
        Credentials::access_tokens_from(move || match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Err(busy()),
            _ => Ok("token-of-sixteen".to_owned()),
        });
    let client = Client::builder(credentials).base_url(server.url()).build().expect("the settings are good");
    let uploads = (0..5).map(|number| {
        let file = AssetFile::from_bytes("a.png", b"\x89PNG\r\n\x1a\n".to_vec());
        support::unchecked(AssetUpload::new(file, AssetType::Image, format!("n{number}"), ""))
    });
    for outcome in client.user(USER).upload_assets(uploads).concurrency(1) {
        if outcome.index > 0 {
            let _ = outcome.result.unwrap_or_else(|error| panic!("{}: {error}", outcome.index));
            continue;
        }
        let error = fails(outcome.result, ErrorKind::Other);
        assert!(error.is_retryable() && error.scope() == ErrorScope::Later, "{error:#?}");
    }
    assert_eq!(server.count(), 4);
}

#[test]
fn a_wait_goes_on_while_a_source_has_no_token_for_now() {
    let server = Server::script([
        Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" })),
        Reply::ok(&json!({ "path": "operations/1", "done": true, "response": { "assetId": "5" } })),
    ]);
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let credentials =
        Credentials::access_tokens_from(move || match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 | 2 => Err(busy()),
            _ => Ok("token-of-sixteen".to_owned()),
        });
    let client = Client::builder(credentials).base_url(server.url()).build().expect("the settings are good");
    let name: OperationName = "operations/1".parse().expect("a name");
    let options = rblxopencloud::WaitOptions::new().initial_delay(Duration::from_millis(1));
    let asset = client.operation(name).wait_with(&options).expect("it ends");
    assert_eq!(asset.id, 5);
}

#[test]
fn texts_of_callers_are_kept_up_to_a_bound() {
    let text =
        |length: usize| (0..length / 10).map(|word| format!("word-{word:04} ")).collect::<String>().trim().to_owned();
    let server = Server::script([]);
    for (length, is_whole) in [(400, true), (3000, true), (4000, true), (9000, false)] {
        let client = without_tokens(&server, move || Error::other(text(length)));
        let line = fails(client.user(USER).fetch_info(), ErrorKind::Other).to_string();
        assert_eq!(line == text(length), is_whole, "{length}: {} bytes", line.len());
        assert!(text(length).starts_with(line.trim_end_matches('…')) && line.len() >= length.min(4000) - 1, "{line}");
    }
}

#[test]
fn a_cause_that_tells_of_a_removed_secret_is_kept() {
    let server = Server::script([Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" }))]);
    let first = std::sync::atomic::AtomicBool::new(true);
    let credentials = Credentials::access_tokens_from(move || {
        let is_first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        if is_first { Ok("token-of-sixteen".to_owned()) } else { Err(Error::other(VaultError("bad [redacted]", None))) }
    });
    let client = Client::builder(credentials).base_url(server.url()).build().expect("the settings are good");
    let error = fails(client.user(USER).fetch_info(), ErrorKind::Other);
    assert!(error.get_ref().is_some_and(|cause| cause.is::<VaultError>()), "{error:#?}");
}

#[test]
fn every_response_has_its_status() {
    let garbled = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-encoding: br\r\n\r\nabcdefghi".to_vec());
    let cut = Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec());
    for (reply, status) in [
        (Reply::text(200, "<html>"), Some(200)),
        (Reply::text(201, "{\"id\":"), Some(201)),
        (Reply::text(200, " ".repeat(9 << 20)), Some(200)),
        (garbled, Some(200)),
        (cut, Some(200)),
        (Reply::ok(&json!({ "errors": [{ "code": 7, "message": "no" }] })), Some(200)),
        (Reply::text(301, "").with("location", "/a"), Some(301)),
        (Reply::text(404, ""), Some(404)),
        (Reply::text(503, ""), Some(503)),
        (Reply::Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()), None),
        (Reply::Raw(Vec::new()), None),
    ] {
        let server = Server::script([reply]);
        let error = server.user_without_retries().fetch_info().expect_err("it fails");
        assert_eq!(error.status(), status, "{error}");
    }
}
