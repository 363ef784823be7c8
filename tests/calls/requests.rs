//! Requests to endpoints that have no method of their own.

use std::time::{Duration, Instant};

use rblxopencloud::{CancelToken, Client, Endpoint, ErrorKind, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{self, KEY, Reply, Server, fails, free_address};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    id: String,
    display_name: String,
}

#[test]
fn a_model_is_read_from_the_response() {
    let server = Server::script([Reply::ok(&json!({ "id": "9", "displayName": "Owner", "rank": 255 }))]);
    let request = server.client().request(Method::Get, "/cloud/v2/groups/{group}/roles/{role}");
    let role: Role = request.param("role", 9).param("group", 7).query("a b", "c&d=é").fetch().expect("it is a role");
    assert_eq!(role, Role { id: "9".to_owned(), display_name: "Owner".to_owned() });
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.path()), ("GET", "/cloud/v2/groups/7/roles/9"));
    assert_eq!(request.target.split_once('?').unwrap().1, "a%20b=c%26d%3D%C3%A9");
    assert_eq!(request.header("x-api-key"), Some(KEY));
    assert!(request.header("content-type").is_none() && request.body.is_empty());
}

#[test]
fn send_takes_an_empty_response_and_any_json() {
    for body in ["", " \r\n", "{}", "[1]", "null", "true", "\"OK\""] {
        let server = Server::script([Reply::text(if body.is_empty() { 204 } else { 200 }, body)]);
        server.client().request(Method::Post, "/a").send().unwrap_or_else(|error| panic!("{body}: {error}"));
    }
    // The page of a proxy that needs a login isn't the service's response.
    for body in ["<html>Login</html>", "<p>", "OK", "{"] {
        let server = Server::script([Reply::text(200, body)]);
        let error = fails(server.client().request(Method::Post, "/a").send(), ErrorKind::InvalidResponse);
        assert!(error.outcome_unknown(), "{body}");
    }
    let server = Server::script([Reply::text(200, "")]);
    fails(server.client().request(Method::Get, "/a").fetch::<Value>(), ErrorKind::InvalidResponse);
}

#[test]
fn only_calls_without_a_second_effect_are_repeated() {
    let busy = || Server::script([Reply::text(503, ""), Reply::ok(&json!({}))]);
    let request = |server: &Server, method| server.client().request(method, "/cloud/v2/things");
    for method in [Method::Post, Method::Patch, Method::Put, Method::Delete] {
        let server = busy();
        let error = fails(request(&server, method).send(), ErrorKind::Server);
        assert!(error.outcome_unknown() && server.count() == 1, "{method}");
        let server = busy();
        request(&server, method).idempotent().send().expect("it is tried again");
        assert_eq!(server.count(), 2, "{method}");
    }
    let server = busy();
    request(&server, Method::Get).send().expect("it is tried again");
    assert_eq!(server.count(), 2);
}

#[test]
fn a_change_without_a_body_is_repeated_if_nothing_was_sent() {
    let url = format!("http://{}", free_address());
    let client = Client::builder(KEY).base_url(url).retry(support::hasty()).build().unwrap();
    for method in [Method::Post, Method::Delete] {
        let error = fails(client.request(method, "/a").send(), ErrorKind::Connection);
        assert!(error.is_retryable() && error.to_string().contains("tried 5 times"), "{error}");
    }
}

/// A connection that turns out to be closed must not leave a change in doubt.
#[test]
fn a_change_goes_over_a_new_connection() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let client = server.client();
    for method in [Method::Get, Method::Get, Method::Post, Method::Delete, Method::Get] {
        client.request(method, "/a").send().expect("it is sent");
    }
    let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections[0], connections[1]);
    assert!(connections[2] != connections[1] && connections[3] != connections[2], "{connections:?}");
}

#[test]
fn invalid_requests_are_refused_before_sending() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let client = server.client();
    let get = |path: &str| client.request(Method::Get, path);
    for (request, named) in [
        (get("cloud/v2/users/1"), "invalid path"),
        (get(""), "invalid path"),
        (get("/a?b=c"), "query"),
        (get("/a#b"), "query"),
        (get("/a b"), "param"),
        (get("/é"), "param"),
        (get("/a/../b"), "param"),
        (get("/a/./b"), "param"),
        (get("/a\\b"), "param"),
        (get("/cloud/v2/x?a=1"), "\"/cloud/v2/x?a=…\""),
        (get("/cloud/v2/x?secret"), "\"/cloud/v2/x?…\""),
        (get("cloud/v2/x?a=secret"), "begins with a slash"),
        (get("/a#secret"), "fragment"),
        (get("/a/{b?c=secret"), "}"),
        (get("/a/{b}?c=secret"), "param(\"b\", …)"),
        (get("https://me:secret@elsewhere.example/a/../b"), "user name"),
        (get("/a/{b}"), "param(\"b\", …)"),
        (get("/a/{b"), "}"),
        (get("/a/{b}").param("b", ""), "\"b\""),
        (get("/a/{b}").param("b", ".."), "\"b\""),
        (get("/a").param("b", 1), "\"b\""),
        (get("/a").json(&1), "GET"),
        (client.request(Method::Post, "/a").json(&std::collections::HashMap::from([((1, 2), 3)])), "JSON"),
        (get("http://elsewhere.example/a"), "HTTPS"),
        (get("https://me:secret@elsewhere.example/a"), "user name"),
    ] {
        let error = fails(request.send(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(named) && !error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_request_that_cannot_be_built_was_not_sent() {
    let server = Server::script([Reply::ok(&json!({}))]);
    for method in [Method::Post, Method::Delete] {
        let error = server.client().request(method, "/a").query("q", "x".repeat(70_000)).send().expect_err("too long");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::InvalidInput, false), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_long_download_has_its_time_for_retries_after_each_break() {
    const TOTAL: usize = 3_000_000;
    let server = Server::start(|request| {
        let from = request
            .header("range")
            .map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a position"));
        std::thread::sleep(Duration::from_millis(600));
        let head = match from {
            0 => format!("HTTP/1.1 200 OK\r\netag: \"a\"\r\ncontent-length: {TOTAL}\r\n\r\n"),
            _ => format!(
                "HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\ncontent-range: bytes {from}-{}/{TOTAL}\r\n\
                 content-length: {}\r\n\r\n",
                TOTAL - 1,
                TOTAL - from
            ),
        };
        Reply::Raw([head.into_bytes(), vec![7; 1_500_000.min(TOTAL - from)]].concat())
    });
    let policy = support::hasty().max_elapsed(Duration::from_millis(300));
    let client = server.builder().retry(policy).build().expect("the settings are good");
    let size = client.request(Method::Get, "/a").download(&mut Vec::new()).expect("it is resumed");
    assert_eq!((size, server.count()), (TOTAL as u64, 2));
}

#[test]
fn requests_that_are_too_large_to_send_have_no_effect() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let long = "x".repeat(300_000);
    for method in [Method::Get, Method::Post, Method::Patch, Method::Put, Method::Delete] {
        let error = fails(
            server.client().request(method, "/cloud/v2/things").query("q", &long).send(),
            ErrorKind::InvalidInput,
        );
        assert!(!error.outcome_unknown() && !error.is_retryable(), "{method}: {error}");
        assert!(error.to_string().starts_with("nothing was sent: "), "{method}: {error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn headers_go_out_and_come_back() {
    let server =
        Server::start(|_| Reply::text(200, "text").with("etag", "\"abc\"").with("X-Twice", "1").with("x-twice", "2"));
    let request =
        || server.client().request(Method::Get, "/a").header("If-None-Match", "\"abc\"").header("accept", "text/html");
    let response = request().response().expect("it answers");
    assert_eq!((response.status(), response.body(), response.header("ETag")), (200, &b"text"[..], Some("\"abc\"")));
    assert_eq!(response.headers().filter(|(name, _)| *name == "x-twice").count(), 2);
    fails(response.json::<Value>(), ErrorKind::InvalidResponse);
    let sent = &server.requests()[0];
    assert_eq!((sent.header("if-none-match"), sent.header("accept")), (Some("\"abc\""), Some("text/html")));
    assert!(!format!("{response:?}").contains("abc") && response.into_body() == b"text");

    for own in ["x-api-key", "Authorization", "cookie", "Content-Length", "host", "range"] {
        let error = fails(request().header(own, "secret").send(), ErrorKind::InvalidInput);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.count(), 1);
    let refused = Server::script([Reply::text(404, r#"{"code":"NOT_FOUND","message":"no"}"#)]);
    fails(refused.client().request(Method::Get, "/a").response(), ErrorKind::NotFound);
}

#[test]
fn a_request_has_limits_of_its_own() {
    let server = Server::script([Reply::text(503, "")]);
    let request = || server.client().request(Method::Get, "/a");
    let past = Instant::now();
    assert!(fails(request().deadline(past).send(), ErrorKind::Timeout).to_string().contains("deadline"));
    assert!(fails(request().timeout(Duration::ZERO).send(), ErrorKind::Timeout).to_string().contains("timeout"));
    assert_eq!(server.count(), 0);
    let token = CancelToken::new();
    token.cancel();
    fails(request().cancel_by(&token).send(), ErrorKind::Cancelled);
    assert_eq!(server.count(), 0);
}

#[test]
fn declared_secrets_are_redacted_and_echoed_texts_are_not_a_reason() {
    let server = Server::script([Reply::text(400, r#"{"code":"INVALID_ARGUMENT","message":"bad hunter-2-hunter"}"#)]);
    let request = server.client().request(Method::Post, "/a").form([("password", "hunter-2-hunter")]);
    let error = fails(request.secret("hunter-2-hunter").send(), ErrorKind::Rejected);
    assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
    let moderated = || Server::script([Reply::text(400, r#"{"message":"The name \"User is moderated\" is taken."}"#)]);
    let request = |server: &Server| server.client().request(Method::Post, "/a").json(&json!({}));
    fails(request(&moderated()).send(), ErrorKind::AccountModerated);
    fails(request(&moderated()).echo("User is moderated").send(), ErrorKind::Rejected);
}

#[test]
fn an_endpoint_of_the_caller_has_named_parameters() {
    const GET_CONFIG: Endpoint = Endpoint::get("/configs/{universe}/repositories/{repository}");
    let server = Server::script([Reply::ok(&json!({ "entries": {} }))]);
    let call = || server.client().call(&GET_CONFIG);
    let config: Value =
        call().param("repository", "InExperienceConfig").param("universe", 1).fetch().expect("it is there");
    assert_eq!(config, json!({ "entries": {} }));
    assert_eq!(server.requests()[0].target, "/configs/1/repositories/InExperienceConfig");
    for (request, named) in [
        (call().param("universe", 1), "repository"),
        (call().param("universe", 1).param("repository", "a").param("place", 2), "place"),
    ] {
        let error = fails(request.send(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(named), "{error}");
    }
    assert_eq!(server.count(), 1);
}

#[test]
fn a_header_that_is_set_again_is_replaced() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let request = server.client().request(Method::Get, "/a").header("Accept-Language", "de");
    request.header("accept-language", "en").send().expect("it is sent");
    let sent = &server.requests()[0];
    let values: Vec<_> = sent.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("accept-language")).collect();
    assert!(matches!(values.as_slice(), [(_, value)] if value == "en"), "{values:?}");
}

#[test]
fn a_declared_path_with_a_query_or_a_dot_segment_is_refused() {
    const WITH_QUERY: Endpoint = Endpoint::get("/cloud/v2/things?view=FULL");
    const WITH_DOTS: Endpoint = Endpoint::get("/cloud/v2/groups/../users/{user}");
    let server = Server::script([Reply::ok(&json!({}))]);
    for (request, problem) in [
        (server.client().call(&WITH_QUERY), "query"),
        (server.client().call(&WITH_DOTS).param("user", 156), "dot segment"),
    ] {
        let error = fails(request.send(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(server.count(), 0);
}
