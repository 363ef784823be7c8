//! Requests to endpoints that have no method of their own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rblxopencloud::endpoints::Slots;
use rblxopencloud::{
    AttemptEvent, Body, CancelToken, Client, Endpoint, ErrorKind, ErrorScope, Method, Multipart, Paging, WaitOptions,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{self, KEY, Reply, Server, fails, free_address};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    id: String,
    display_name: String,
}

const ROLES: &str = "/cloud/v2/groups/{group}/roles";

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
fn bodies_are_json_or_a_form() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let request = |method| server.client().request(method, "/cloud/v2/things");
    request(Method::Post).json(&json!({ "topic": "news" })).send().expect("it is sent");
    request(Method::Patch).json("text").send().expect("it is sent");
    request(Method::Put).form([("a b", "c&d"), ("é", "")]).send().expect("it is sent");
    request(Method::Post).send().expect("it is sent");
    request(Method::Delete).send().expect("it is sent");
    let sent = server.requests();
    let body = |at: usize| String::from_utf8(sent[at].body.clone()).expect("the body is text");
    assert_eq!(body(0), r#"{"topic":"news"}"#);
    assert_eq!(sent[0].header("content-type"), Some("application/json"));
    assert_eq!(body(1), r#""text""#);
    assert_eq!(body(2), "a%20b=c%26d&%C3%A9=");
    assert_eq!(sent[2].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!((body(3).as_str(), sent[3].header("content-type")), ("", None));
    let methods: Vec<&str> = sent.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PATCH", "PUT", "POST", "DELETE"]);
}

#[test]
fn send_takes_an_empty_response_and_any_json() {
    for body in ["", " \r\n", "{}", "[1]", "null", "true", "\"OK\""] {
        let server = Server::script([Reply::text(if body.is_empty() { 204 } else { 200 }, body)]);
        server.client().request(Method::Post, "/a").send().unwrap_or_else(|error| panic!("{body}: {error}"));
    }
    // The page of a proxy that asks for a login isn't the service's response.
    for body in ["<html>Login</html>", "<p>", "OK", "{"] {
        let server = Server::script([Reply::text(200, body)]);
        let error = fails(server.client().request(Method::Post, "/a").send(), ErrorKind::InvalidResponse);
        assert!(error.outcome_unknown(), "{body}");
    }
    let server = Server::script([Reply::text(200, "")]);
    fails(server.client().request(Method::Get, "/a").fetch::<Value>(), ErrorKind::InvalidResponse);
}

/// Bodies of a success that hold nothing but an error, and what the service says in them.
fn errors_alone() -> Vec<(Value, Option<&'static str>)> {
    vec![
        (json!({ "errors": [{ "code": 0, "message": "no" }] }), Some("no")),
        (json!({ "errors": ["no"] }), Some("no")),
        (
            json!({ "errors": { "field": ["no"] }, "title": "Bad", "status": 400, "type": "about:blank", "traceId": "1" }),
            Some("field: no"),
        ),
        (json!({ "errors": [{ "code": 0 }] }), None),
        (json!({ "errors": [{ "code": 0, "message": "no" }], "data": null }), Some("no")),
        (json!({ "error": "INVALID_ARGUMENT", "message": "no", "errorDetails": [] }), Some("no")),
        (json!({ "error": { "code": 13, "message": "no" } }), Some("no")),
        (json!({ "error": { "code": "CannotManageAsset" } }), Some("CannotManageAsset")),
        (json!({ "error": "no" }), Some("no")),
        (json!({ "error": "invalid_grant", "error_description": "no" }), Some("no")),
        (json!({ "code": "NOT_FOUND", "message": "no", "details": [] }), Some("no")),
        (json!({ "code": 5, "message": "no" }), Some("no")),
        (json!({ "errorCode": 7, "errorMessage": "no" }), Some("no")),
        (json!({ "title": "no", "status": 400 }), Some("no")),
    ]
}

/// Bodies of a success whose fields are data, although one of them is named like that of an error.
fn data_named_like_errors() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "id": "1", "errors": [{ "code": 0, "message": "no" }] }),
        json!({ "state": "FAILED", "error": { "code": "SCRIPT_ERROR", "message": "no" } }),
        json!({ "code": "SUMMER", "message": "Thanks!", "reward": 5 }),
        json!({ "status": "failed", "error": "no" }),
        json!({ "title": "a title", "error": "no" }),
        json!({ "code": "SUMMER" }),
        json!({ "message": "Thanks!" }),
        json!({ "title": "a title", "detail": "more" }),
        json!({ "errors": [], "error": null }),
        json!({ "errors": {}, "error": "", "code": 0, "message": "Success" }),
        json!({ "code": "OK", "message": "Success" }),
    ]
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Lenient {
    #[allow(dead_code)]
    id: Option<String>,
}

#[test]
fn a_success_that_holds_nothing_but_an_error_is_an_error() {
    for (body, words) in errors_alone() {
        let server = Server::script([Reply::ok(&body)]);
        let request = |method| server.client().request(method, "/cloud/v2/things");
        let errors = [
            request(Method::Post).send().err(),
            request(Method::Get).send().err(),
            request(Method::Get).fetch::<Lenient>().err(),
            request(Method::Get).fetch::<Value>().err(),
            request(Method::Get).pages_of::<Lenient>("items").next().and_then(Result::err),
            request(Method::Post).operation::<Lenient>().err(),
        ];
        for (at, error) in errors.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("end {at}: {body} is called a success"));
            let kind = if at == 5 { ErrorKind::OperationFailed } else { ErrorKind::InvalidResponse };
            assert_eq!((error.kind(), error.message().or(error.code())), (kind, words), "end {at}: {body}");
            assert_eq!(error.outcome_unknown(), at == 0, "end {at}: {body}");
        }
        let user = server.user();
        fails(user.follow_experience(5), ErrorKind::InvalidResponse);
        fails(user.fetch_experience_following(5), ErrorKind::InvalidResponse);
    }
}

#[test]
fn a_code_or_a_message_alone_is_no_model_of_this_crate() {
    for body in [json!({ "message": "no" }), json!({ "code": "NOT_FOUND" }), json!({ "title": "no" })] {
        let server = Server::script([Reply::ok(&body)]);
        let user = server.user();
        // No model is expected here, so words are no error.
        user.follow_experience(5).unwrap_or_else(|error| panic!("{body}: {error}"));
        fails(user.fetch_experience_following(5), ErrorKind::InvalidResponse);
        fails(user.list_inventory().next().expect("not the end"), ErrorKind::InvalidResponse);
        let own = server.client().request(Method::Get, "/a").pages_of::<Value>("items").next();
        fails(own.expect("not the end"), ErrorKind::InvalidResponse);
    }
    let server = Server::script([Reply::ok(&json!({ "code": 0, "message": "" }))]);
    server.user().follow_experience(5).expect("the code stands for success");
}

#[test]
fn an_empty_list_beside_data_is_an_empty_page() {
    let items = |body: &Value| -> Result<Vec<Value>, _> {
        let server = Server::script([Reply::ok(body)]);
        server.client().request(Method::Get, "/a").pages_of::<Value>("items").collect()
    };
    for body in [
        json!({ "items": [], "title": "Wishlist" }),
        json!({ "items": [], "message": "No results", "total": 0 }),
        json!({ "items": [], "message": "No results" }),
        json!({ "items": [], "errors": [], "error": null, "code": 0, "message": "Success" }),
        json!({ "message": "No results", "total": 0 }),
    ] {
        assert_eq!(items(&body).unwrap_or_else(|error| panic!("{body}: {error}")), [json!(null); 0], "{body}");
    }
    for body in [
        json!({ "items": [], "errors": ["no"] }),
        json!({ "items": [], "error": "no" }),
        json!({ "items": null, "message": "no" }),
        json!({ "code": 5, "message": "no", "nextPageToken": "" }),
    ] {
        fails(items(&body), ErrorKind::InvalidResponse);
    }
}

#[test]
fn an_unreadable_model_is_told_by_the_services_words_only_if_they_are_an_error() {
    #[derive(Debug, Deserialize)]
    struct Priced {
        #[allow(dead_code)]
        price: u64,
    }
    let error = |body: &Value, data: &'static str| {
        let server = Server::script([Reply::ok(body)]);
        let request = server.client().request(Method::Get, "/a").error_as_data(data);
        fails(request.fetch::<Priced>(), ErrorKind::InvalidResponse)
    };
    for field in ["title", "message", "detail"] {
        let error = error(&json!({ field: "Sword", "price": "free" }), "none");
        assert!(error.message().is_none() && error.to_string().contains("free"), "{error}");
    }
    let body = json!({ "price": "free", "errors": [{ "code": 3, "message": "no" }] });
    assert_eq!(error(&body, "none").message(), Some("no"));
    assert_eq!(error(&body, "errors").message(), None);
}

#[test]
fn data_that_is_named_like_an_error_is_data() {
    for body in data_named_like_errors() {
        let server = Server::script([Reply::ok(&body)]);
        let request = |method| server.client().request(method, "/cloud/v2/things");
        request(Method::Post).send().unwrap_or_else(|error| panic!("{body}: {error}"));
        let read: Value = request(Method::Get).fetch().unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(read, body);
    }
}

#[test]
fn the_result_of_an_operation_is_data_unless_it_is_nothing_but_an_error() {
    let outcome = |response: Value| {
        let done = json!({ "path": "universes/1/operations/a", "done": true, "response": response });
        let server = Server::script([Reply::ok(&done)]);
        let operation = server.client().request(Method::Post, "/cloud/v2/universes/1:do").operation::<Value>();
        operation.expect("it has a name").wait()
    };
    for (response, words) in errors_alone() {
        let error = fails(outcome(response.clone()), ErrorKind::OperationFailed);
        assert_eq!(error.message().or(error.code()), words, "{response}");
        assert!(error.is_operation_failure() && !error.outcome_unknown(), "{response}");
    }
    for response in data_named_like_errors() {
        assert_eq!(outcome(response.clone()).unwrap_or_else(|error| panic!("{response}: {error}")), response);
    }
}

#[test]
fn a_request_can_declare_the_error_field_to_be_data() {
    for (field, body) in [
        ("errors", json!({ "errors": [{ "assetId": 5, "code": "CannotManageAsset" }] })),
        ("error", json!({ "error": { "code": "SCRIPT_ERROR", "message": "no" } })),
        ("code", json!({ "code": "SUMMER", "message": "Thanks!" })),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let request = || server.client().request(Method::Get, "/cloud/v2/things");
        let read: Value = request().error_as_data(field).fetch().unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(read, body);
        request().error_as_data(field).send().unwrap_or_else(|error| panic!("{body}: {error}"));
        fails(request().error_as_data("other").send(), ErrorKind::InvalidResponse);
    }
    // Only that field: the service can still refuse the whole request.
    let server = Server::script([Reply::ok(&json!({ "error": { "code": 13, "message": "no" } }))]);
    fails(server.client().request(Method::Get, "/a").error_as_data("errors").send(), ErrorKind::InvalidResponse);
}

#[test]
fn tasks_are_told_from_operations() {
    let path = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
    for (body, shown) in [
        (json!({ "path": path, "state": "PROCESSING", "user": "156", "script": "" }), "PROCESSING"),
        (json!({ "path": path, "state": "COMPLETE", "output": { "results": [1] } }), "COMPLETE"),
        (json!({ "path": path, "state": "FAILED", "error": { "code": "SCRIPT_ERROR", "message": "no" } }), "FAILED"),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let start =
            server.client().request(Method::Post, "/cloud/v2/universes/1/places/2/luau-execution-session-tasks");
        let error = fails(start.json(&json!({})).operation::<Value>(), ErrorKind::InvalidResponse);
        let line = error.to_string();
        assert!(line.contains(path) && line.contains(shown) && line.contains("not an operation"), "{line}");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{line}");
        assert!(error.operation().is_none() && !error.can_wait_again(), "there is no operation to wait for: {line}");
        assert_eq!(server.count(), 1);
        // A task that is only looked at has no unknown outcome.
        let poll = server.client().request(Method::Get, format!("/cloud/v2/{path}"));
        let error = fails(poll.operation::<Value>(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains(path) && !error.outcome_unknown(), "{error}");
    }
}

#[test]
fn pages_are_followed_and_strange_items_are_counted() {
    let server = Server::start(|request| {
        Reply::ok(&match request.query("pageToken").as_deref() {
            None => json!({ "groupRoles": [{ "id": "1", "displayName": "Guest" }, 5], "nextPageToken": "n" }),
            Some("n") => json!({ "groupRoles": [{ "id": "2", "displayName": "Owner" }], "nextPageToken": "" }),
            Some(other) => panic!("unexpected page token {other}"),
        })
    });
    let request = || server.client().request(Method::Get, ROLES).param("group", 7).query("maxPageSize", 20);
    let mut roles = request().pages_of::<Role>("groupRoles");
    let ids: Vec<String> = roles.by_ref().map(|role| role.expect("the pages are good").id).collect();
    assert_eq!((ids, roles.unreadable_count()), (vec!["1".to_owned(), "2".to_owned()], 1));
    let sizes: Vec<_> = server.requests().iter().map(|request| request.query("maxPageSize")).collect();
    assert_eq!(sizes, [Some("20".to_owned()), Some("20".to_owned())]);

    let mut first = request().pages_of::<Role>("groupRoles");
    first.next().expect("an item").expect("a role");
    let rest = request().pages_of::<Role>("groupRoles").resume_from(first.cursor());
    assert_eq!(rest.map(|role| role.expect("a role").id).collect::<Vec<_>>(), ["2"]);
    let other = server.client().request(Method::Get, ROLES).param("group", 8).pages_of::<Role>("groupRoles");
    let error = other.resume_from(first.cursor()).next().expect("an error");
    fails(error, ErrorKind::InvalidInput);
    let error = request().pages_of::<Role>("roles").next().expect("an error");
    assert!(fails(error, ErrorKind::InvalidResponse).to_string().contains("groupRoles"));
}

#[test]
fn operations_are_polled_at_their_service() {
    #[derive(Clone, Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thumbnail {
        image_uri: String,
    }
    let path = "users/156/operations/AAUA==";
    let server = Server::start(move |request| {
        Reply::ok(&match request.path() {
            "/cloud/v2/users/156:generateThumbnail" => json!({ "path": path }),
            "/cloud/v2/users/156/operations/AAUA%3D%3D" | "/cloud/v2/users/156/operations/AAUA==" => {
                json!({ "path": path, "done": true, "response": { "imageUri": "https://picture" } })
            }
            other => panic!("unexpected path {other}"),
        })
    });
    let request = server.client().request(Method::Get, "/cloud/v2/users/{user}:generateThumbnail").param("user", 156);
    let operation = request.operation::<Thumbnail>().expect("it begins");
    assert_eq!(operation.name().expect("it has a name").to_string(), path);
    assert_eq!(operation.wait().expect("it ends").image_uri, "https://picture");

    let resumed = server.client().request(Method::Get, format!("/cloud/v2/{path}"));
    assert_eq!(
        resumed.operation::<Thumbnail>().expect("it goes on").wait().expect("it ends").image_uri,
        "https://picture"
    );
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
fn requests_with_one_template_share_a_rate_limit() {
    let server = Server::start(|request| match request.path() {
        "/cloud/v2/data/a" => Reply::text(429, "").with("retry-after", "30"),
        _ => Reply::ok(&json!({})),
    });
    let client = server.client().with_timeout(Duration::from_secs(5));
    let request = |name: &str| client.request(Method::Get, "/cloud/v2/data/{name}").param("name", name).send();
    fails(request("a"), ErrorKind::RateLimited);
    let error = fails(request("b"), ErrorKind::RateLimited);
    assert!(error.to_string().contains("not sent"), "{error}");
    client.request(Method::Get, "/cloud/v2/other/b").send().expect("another limit");
    assert_eq!(server.count(), 2);
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
fn dot_segments_are_refused_before_the_key_is_sent() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let client = server.client();
    for path in [
        "/a/../b",
        "/a/..",
        "/./b",
        "/a/%2e%2e/b",
        "/a/%2E%2e",
        "/a/.%2e/b",
        "/a/%2e",
        "/a/..%2fb",
        "/a/%2e%2e%2Fb",
        "/a/..%5cb",
        "/a/..\\b",
        "/a\\..\\b",
    ] {
        for whole in [path.to_owned(), format!("{}{path}", server.url())] {
            let error = fails(client.request(Method::Get, whole.as_str()).send(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("/a") || path == "/./b", "{error}");
            fails(client.request(Method::Get, format!("{whole}?b=c")).send(), ErrorKind::InvalidInput);
            let next = client.request(Method::Get, whole.as_str()).pages_of::<Value>("items").next();
            fails(next.expect("an error"), ErrorKind::InvalidInput);
            fails(client.request(Method::Post, whole.as_str()).operation::<Value>(), ErrorKind::InvalidInput);
            fails(client.request(Method::Get, whole).download(&mut Vec::new()), ErrorKind::InvalidInput);
        }
    }
    for (template, value) in [("/a/.{b}", "."), ("/a/%2e{b}", "."), ("/a/{b}.", "."), ("/a/{b}/c", "..")] {
        for whole in [template.to_owned(), format!("{}{template}", server.url())] {
            fails(client.request(Method::Get, whole).param("b", value).send(), ErrorKind::InvalidInput);
        }
    }
    assert_eq!(server.count(), 0);
    for (path, sent) in [("/a/..b", "/a/..b"), ("/a/...", "/a/..."), ("/a.b/.c", "/a.b/.c"), ("/a%20b", "/a%20b")] {
        client.request(Method::Get, path).send().expect("no segment is made of dots");
        client.request(Method::Get, format!("{}{path}", server.url())).send().expect("no segment is made of dots");
        assert_eq!(server.requests().last().expect("a request").target, sent);
    }
}

#[test]
fn a_parameter_cannot_leave_its_segment() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let request = || server.client().request(Method::Get, "/things/{name}");
    for (value, segment) in
        [("a?b#c", "a%3Fb%23c"), ("%2e%2e", "%252e%252e"), ("...", "..."), ("a b@é", "a%20b%40%C3%A9")]
    {
        for request in [request().param("name", value), request().key_param("name", value)] {
            request.send().expect("it is sent");
            assert_eq!(server.requests().last().unwrap().target, format!("/things/{segment}"));
        }
    }
    // Only a key that an experience chooses can have a slash.
    request().key_param("name", "a/b").send().expect("it is sent");
    assert_eq!(server.requests().last().unwrap().target, "/things/a%2Fb");
    let sent = server.count();
    for value in ["a/b", "/", "a\\b", "", ".", "..", "../x"] {
        let error = fails(request().param("name", value).send(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("\"name\""), "{error}");
    }
    for value in ["", ".", "..", "../x", "a/../b", "a/.", "..\\b"] {
        fails(request().key_param("name", value).send(), ErrorKind::InvalidInput);
    }
    assert_eq!(server.count(), sent);
}

#[test]
fn another_host_never_sees_the_key() {
    let elsewhere = Server::start(|request| match request.path() {
        "/no" => Reply::text(401, ""),
        _ => Reply::ok(&json!({ "data": [] })),
    });
    let service = Server::script([Reply::ok(&json!({}))]);
    for client in
        [service.client(), service.client().with_credentials(rblxopencloud::Credentials::access_token("token-1"))]
    {
        let names = json!({ "usernames": ["builderman"] });
        let url = format!("{}/v1/usernames/users", elsewhere.url());
        client.request(Method::Post, url).json(&names).idempotent().fetch::<Value>().expect("it is JSON");
        let error = fails(
            client.request(Method::Get, format!("{}/no?key=x", elsewhere.url())).send(),
            ErrorKind::Unauthenticated,
        );
        assert_eq!(error.scope(), ErrorScope::Call);
        assert!(error.to_string().contains(&elsewhere.url()) && !error.to_string().contains("key="), "{error}");
        // The service itself is not another host.
        client.request(Method::Get, format!("{}/a?b=c", service.url())).query("d", 1).send().expect("it is sent");
    }
    for request in elsewhere.requests() {
        assert!(request.header("x-api-key").is_none() && request.header("authorization").is_none(), "{request:?}");
    }
    let own = service.requests();
    assert_eq!(own[0].header("x-api-key"), Some(KEY));
    assert_eq!(own[1].header("authorization"), Some("Bearer token-1"));
    assert_eq!(own[0].target, "/a?b=c&d=1");
}

#[test]
fn a_request_is_shown_without_its_query() {
    let client = Client::new(KEY);
    let request = client.request(Method::Post, "https://host.example/a?signature=secret").json("secret");
    assert_eq!(format!("{request:?}"), r#"Request { method: Post, path: "https://host.example/a", .. }"#);
}

#[test]
fn a_request_is_shown_without_user_password_and_key() {
    let key = "zq7WvK3xJm9Rt5Yb2Hc8Lp4Nd6Gf1S";
    let client = Client::new(key);
    for url in [
        "https://me:secret@host.example/a".to_owned(),
        "https://me:se?cret@host.example/a".to_owned(),
        "https://me:secret@host.example/{a".to_owned(),
        "https://me:secret@host.example/{a}?signature=secret".to_owned(),
        "https://host.example/{a}?signature=secret".to_owned(),
        "https://host.example/{a?signature=secret".to_owned(),
        "http://host.example/a?signature=secret".to_owned(),
        "ftp://me:secret@host.example".to_owned(),
        format!("https://{key}@host.example/"),
        format!("http://{key}"),
        format!("http://{key}.example/"),
        key.to_owned(),
        format!("{key}.example"),
    ] {
        let request = || client.request(Method::Get, url.as_str()).max_size(1);
        let mut shown = format!("{:?} {:#?}", request(), request());
        for error in [
            fails(request().send(), ErrorKind::InvalidInput),
            fails(request().download(&mut Vec::new()), ErrorKind::InvalidInput),
            fails(request().pages_of::<Value>("items").next().expect("an error"), ErrorKind::InvalidInput),
            fails(request().operation::<Value>(), ErrorKind::InvalidInput),
        ] {
            shown.push_str(&format!(" {error} {error:?}"));
        }
        shown.push_str(&format!(" {:?}", request().pages_of::<Value>("items")));
        for secret in ["secret", "se?", "cret", key, &key.to_lowercase(), "me:"] {
            assert!(!shown.contains(secret), "{url}: {secret}: {shown}");
        }
    }
}

#[test]
fn redirects_are_refused_without_their_secrets() {
    for location in [
        "http://host.example/a?signature=secret",
        "https://me:secret@host.example/a",
        "ftp://me:secret@host.example/a",
        "https://ho st.example/?secret",
        &format!("https://{KEY}.example@host.example/"),
        &format!("http://{KEY}/"),
    ] {
        let server = Server::script([Reply::text(302, "").with("location", location)]);
        let error = fails(
            server.client().request(Method::Get, "/content").download(&mut Vec::new()),
            ErrorKind::InvalidResponse,
        );
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret") && !shown.contains(KEY), "{location}: {shown}");
        assert_eq!(server.count(), 1);
    }
}

/// ureq tells by the name of an error only whether the request or the response is at fault.
#[test]
fn urls_that_are_too_long_are_errors_of_the_input() {
    let server = Server::script([Reply::ok(&json!({}))]);
    for length in [40_000, 70_000] {
        let request = server.client().request(Method::Get, "/a").query("secret", "x".repeat(length));
        let error = fails(request.send(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("can't be sent") && !error.to_string().contains("secret"), "{error}");
        assert!(!error.is_retryable() && !error.outcome_unknown(), "{error}");
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
fn the_wait_for_an_operation_ends_at_the_deadline_of_the_client() {
    let server = Server::start(|_| Reply::ok(&json!({ "path": "operations/abc", "done": false })));
    let began = Instant::now();
    let client = server.client().with_deadline(began + Duration::from_millis(300));
    let options = WaitOptions::new().timeout(Duration::from_secs(600)).initial_delay(Duration::from_millis(50));
    let error = fails(
        client.operation("operations/abc".parse().expect("a name")).wait_with(&options),
        ErrorKind::OperationPending,
    );
    assert!(error.to_string().contains("at the deadline of the client"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn redirects_with_hidden_dot_segments_are_refused() {
    for location in ["/a/..%2f..%2fb", "/x/%2e%2e%2fb"] {
        let server = Server::start(move |request| match request.path() {
            "/start" => Reply::text(302, "").with("location", location),
            _ => Reply::text(200, "content"),
        });
        let result = server.client().request(Method::Get, "/start").download(&mut Vec::new());
        fails(result, ErrorKind::InvalidResponse);
        assert_eq!(server.count(), 1, "{location}");
    }
}

#[test]
fn the_location_of_a_content_is_no_template() {
    let host = Server::script([Reply::text(200, "content")]);
    let server = Server::script([Reply::ok(&json!({ "location": format!("{}/a?sig={{b}}", host.url()) }))]);
    let mut content = Vec::new();
    server.client().asset(5).locate().and_then(|request| request.download(&mut content)).expect("it is there");
    assert_eq!(content, b"content");
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

fn published(version: u64) -> Value {
    json!({ "versionNumber": version })
}

#[test]
fn a_file_is_streamed_and_sent_again_after_a_refusal() {
    let directory = support::TempDir::new();
    let content = support::noise(300_000);
    let path = directory.path().join("game.rbxl");
    std::fs::write(&path, &content).expect("it can be written");
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), Reply::ok(&published(7))]);
    let progress = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&progress);
    let body = Body::file(&path).expect("it is there").on_progress(move |step| kept.lock().unwrap().push(step.sent));
    let request = server.client().request(Method::Post, "/universes/v1/{universe}/places/{place}/versions");
    let version: Value = request
        .param("universe", 1)
        .param("place", 2)
        .query("versionType", "Published")
        .body(body)
        .fetch()
        .expect("it is published");
    assert_eq!(version, published(7));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.header("content-type"), Some("application/octet-stream"));
        assert_eq!(request.header("content-length"), Some("300000"));
        assert!(request.body == content, "the whole file is sent each time");
    }
    let progress = progress.lock().unwrap();
    assert_eq!((progress.iter().filter(|sent| **sent == 300_000).count(), progress.last()), (2, Some(&300_000)));
}

#[test]
fn a_reader_is_sent_once_and_has_its_declared_length() {
    let refused = || Server::script([Reply::text(429, "").with("retry-after", "0"), Reply::ok(&json!({}))]);
    let request = |server: &Server, length| {
        let reader = std::io::Cursor::new(b"0123456789".to_vec());
        server.client().request(Method::Put, "/a").body(Body::reader(reader, length).content_type("text/plain"))
    };
    let server = refused();
    let error = fails(request(&server, 10).send(), ErrorKind::RateLimited);
    assert!(error.to_string().contains("reader"), "{error}");
    assert_eq!((server.count(), server.requests()[0].body.as_slice()), (1, &b"0123456789"[..]));
    for length in [9, 11] {
        let server = Server::script([Reply::ok(&json!({}))]);
        let error = fails(request(&server, length).send(), ErrorKind::Io);
        assert!(!error.outcome_unknown(), "{error}");
    }
}

#[test]
fn a_form_has_several_files() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let form = Multipart::new()
        .text("name", "Double \"coins\"")
        .text("price", 25)
        .part("imageFile", Body::bytes("image/png", *b"\x89PNG").file_name("a \"b\"\r\n.png"))
        .part("file", Body::reader(std::io::Cursor::new(b"second".to_vec()), 6))
        .part("more", Body::json(&json!({ "a": 1 })).expect("it is JSON"));
    server.client().request(Method::Post, "/game-passes").body(form).send().expect("it is sent");
    let request = &server.requests()[0];
    let content_type = request.header("content-type").expect("it has one");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form");
    let sent = String::from_utf8_lossy(&request.body);
    let expected = [
        "content-disposition: form-data; name=\"name\"\r\n\r\nDouble \"coins\"",
        "content-disposition: form-data; name=\"price\"\r\n\r\n25",
        "content-disposition: form-data; name=\"imageFile\"; filename=\"a %22b%22%0D%0A.png\"\r\ncontent-type: image/png\r\n\r\n\u{fffd}PNG",
        "content-disposition: form-data; name=\"file\"\r\ncontent-type: application/octet-stream\r\n\r\nsecond",
        "content-disposition: form-data; name=\"more\"\r\ncontent-type: application/json\r\n\r\n{\"a\":1}",
    ];
    let whole: String = expected.iter().map(|part| format!("--{boundary}\r\n{part}\r\n")).collect();
    assert_eq!(sent, format!("{whole}--{boundary}--\r\n"));

    let empty = Multipart::new();
    server.client().request(Method::Post, "/empty").body(empty).send().expect("it is sent");
    assert!(String::from_utf8_lossy(&server.requests()[1].body).starts_with("--rblxopencloud-"));
    let bad = Multipart::new().part("a", Body::bytes("text/plain\r\nx: y", "b"));
    fails(server.client().request(Method::Post, "/a").body(bad).send(), ErrorKind::InvalidInput);
    fails(server.client().request(Method::Post, "/a").body(Body::bytes("png", "b")).send(), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 2);
}

#[test]
fn deleting_can_have_a_body() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let request =
        server.client().request(Method::Delete, "/legacy-develop/v1/universes/{universe}/teamcreate/memberships");
    request.param("universe", 1).json(&json!({ "userId": 156 })).send().expect("it is sent");
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), request.body.as_slice()), ("DELETE", &br#"{"userId":156}"#[..]));
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
fn a_redirect_to_another_host_carries_no_header_of_the_caller() {
    let elsewhere = Server::script([Reply::text(200, "content")]);
    let target = format!("{}/file", elsewhere.url());
    let server = Server::start(move |_| Reply::text(302, "").with("location", &target));
    let mut content = Vec::new();
    let request = server.client().request(Method::Get, "/a").header("x-csrf-token", "secret");
    request.download(&mut content).expect("it is downloaded");
    assert_eq!(server.requests()[0].header("x-csrf-token"), Some("secret"));
    assert_eq!((elsewhere.requests()[0].header("x-csrf-token"), content.as_slice()), (None, &b"content"[..]));
}

/// Each form of paging, to the end.
#[test]
fn every_form_of_paging_is_followed() {
    let pages = |paging: Paging, method: Method| {
        let server = Server::start(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let get = |name: &str| {
                let in_body =
                    body.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                request.query(name).or(in_body)
            };
            let token = ["pageToken", "cursor", "PageToken", "Skip", "page"].into_iter().find_map(get);
            let at = match (token.as_deref(), get("page").is_some() || request.path() == "/numbered") {
                (None, _) => 0,
                (Some(page), true) => 2 * (page.parse::<usize>().expect("a number") - 1),
                (Some(token), false) => token.parse().expect("a number"),
            };
            let items: Vec<usize> = (at..5.min(at + 2)).collect();
            let next = at + 2;
            Reply::ok(&match request.path() {
                "/tokens" | "/capitals" if next < 5 => json!({ "items": items, "nextPageToken": next.to_string() }),
                "/tokens" => json!({ "items": items, "nextPageToken": null }),
                "/capitals" => json!({ "items": items, "nextPageToken": "" }),
                "/cursors" if next < 5 => {
                    json!({ "items": items, "nextPageCursor": next.to_string(), "previousPageCursor": "0" })
                }
                "/cursors" => json!({ "items": items, "previousPageCursor": "0" }),
                "/more" => json!({ "items": items, "nextCursor": next.to_string(), "hasMore": next < 5 }),
                _ => json!({ "items": items }),
            })
        });
        let path = match (paging, method) {
            _ if paging == Paging::skip().page_size(2) => "/skip",
            _ if paging == Paging::page_numbers().page_size(2) => "/numbered",
            _ if paging == Paging::cursors().page_size(2) => "/cursors",
            _ if paging == Paging::cursors_with_more().page_size(2) => "/more",
            (_, Method::Post) => "/tokens",
            _ => "/capitals",
        };
        let request = server.client().request(method, path).paging(paging);
        let request =
            if method == Method::Post { request.json(&json!({ "query": "tree" })).idempotent() } else { request };
        let items: Vec<usize> =
            request.pages_of("items").collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(items, [0, 1, 2, 3, 4], "{path}");
        let requests = server.requests();
        for request in &requests {
            match method {
                Method::Post => {
                    let body: Value = serde_json::from_slice(&request.body).expect("it is JSON");
                    assert_eq!((&body["query"], &body["maxPageSize"]), (&json!("tree"), &json!(2)));
                    assert!(!request.target.contains('?'), "{}", request.target);
                }
                _ => assert!(request.target.contains("=2"), "{}", request.target),
            }
        }
        (path, requests.len())
    };
    let capitals = Paging::page_tokens().parameter("PageToken").size_parameter("MaxPageSize");
    assert_eq!(pages(capitals.page_size(2), Method::Get), ("/capitals", 3));
    assert_eq!(pages(Paging::cursors().page_size(2), Method::Get), ("/cursors", 3));
    assert_eq!(pages(Paging::cursors_with_more().page_size(2), Method::Get), ("/more", 3));
    assert_eq!(pages(Paging::skip().page_size(2), Method::Get), ("/skip", 4));
    assert_eq!(pages(Paging::page_numbers().page_size(2), Method::Get), ("/numbered", 4));
    assert_eq!(pages(Paging::page_tokens().page_size(2).in_body(), Method::Post), ("/tokens", 3));
}

#[test]
fn an_empty_page_with_a_token_goes_on_unless_it_is_the_end() {
    let server = || {
        Server::start(|request| match request.query("pageToken") {
            None => Reply::ok(&json!({ "items": [], "nextPageToken": "n" })),
            Some(_) => Reply::ok(&json!({ "items": [1] })),
        })
    };
    let items = |paging: Paging| {
        let server = server();
        let request = server.client().request(Method::Get, "/a").paging(paging);
        request.pages_of::<u64>("items").collect::<Result<Vec<_>, _>>().expect("the pages are good")
    };
    assert_eq!(items(Paging::page_tokens()), [1]);
    assert_eq!(items(Paging::page_tokens().ends_when_empty()), [0; 0]);
}

#[test]
fn tasks_are_waited_for_and_their_failure_is_data() {
    let path = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
    let polled = format!("/cloud/v2/{path}");
    for (state, extra) in [
        ("COMPLETE", json!({ "output": { "results": [2] } })),
        ("FAILED", json!({ "error": { "code": "SCRIPT_ERROR", "message": "no" } })),
        ("CANCELLED", json!({})),
    ] {
        let (mut ended, polled) = (json!({ "path": path, "state": state }), polled.clone());
        ended.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let last = ended.clone();
        let states = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |request| {
            if request.method == "POST" {
                return Reply::ok(&json!({ "path": path, "state": "QUEUED", "user": "156" }));
            }
            assert_eq!(request.path(), polled);
            match states.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Reply::ok(&json!({ "path": path, "state": "PROCESSING" })),
                1 => Reply::ok(&json!({ "path": path, "state": "A_NEW_ONE" })),
                _ => Reply::ok(&last),
            }
        });
        let client = server.client();
        let request = client.request(Method::Post, "/cloud/v2/universes/1/places/2/luau-execution-session-tasks");
        let task = request.json(&json!({ "script": "return 1 + 1" })).task::<Value>().expect("it is accepted");
        assert_eq!(task.name().expect("it has a name").to_string(), path);
        let quick = WaitOptions::new().initial_delay(Duration::from_millis(1));
        assert_eq!(task.wait_with(&quick).expect("it ends"), ended, "{state}");
        // It is resumed by its path.
        let resumed = client.request(Method::Get, format!("/cloud/v2/{path}")).task::<Value>().expect("it is there");
        assert_eq!(resumed.poll().expect("it has ended"), Some(ended));
    }
    for body in
        [json!({ "path": path }), json!({ "state": "QUEUED" }), json!({ "code": 5, "message": "no" }), json!([])]
    {
        let server = Server::script([Reply::ok(&body)]);
        let start = server.client().request(Method::Post, "/cloud/v2/a").json(&json!({})).task::<Value>();
        assert!(fails(start, ErrorKind::InvalidResponse).outcome_unknown(), "{body}");
    }
}

#[test]
fn operations_of_any_service_are_polled_where_they_are() {
    let path = "cloud/v2/universes/1/memory-store/operations/AA==";
    let server = Server::start(move |request| {
        Reply::ok(&match request.path() {
            "/cloud/v2/universes/1/memory-store:flush" => json!({ "path": path }),
            "/cloud/v2/universes/1/memory-store/operations/AA%3D%3D" => {
                json!({ "path": path, "done": true, "response": {} })
            }
            other => panic!("unexpected path {other}"),
        })
    });
    let request = server.client().request(Method::Post, "/cloud/v2/universes/{universe}/memory-store:flush");
    let flush = request.param("universe", 1).operation::<Value>().expect("it begins");
    assert_eq!(flush.wait().expect("it ends"), json!({}));
}

#[test]
fn attempts_are_journaled_and_a_failed_journal_sends_nothing() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), Reply::ok(&json!({}))]);
    let kept = Arc::clone(&events);
    let request = server.client().request(Method::Post, "/a").json(&json!({}));
    request
        .on_attempt(move |event| {
            kept.lock().unwrap().push(event);
            Ok(())
        })
        .send()
        .expect("the second attempt succeeds");
    let expected = [AttemptEvent::Begins, AttemptEvent::HadNoEffect, AttemptEvent::Begins];
    assert_eq!(*events.lock().unwrap(), expected);

    // An attempt that may have had its effect is repeated if that does no harm, and isn't said to have had none.
    let lost = Server::script([Reply::text(503, ""), Reply::text(503, "")]);
    let (events, policy) = (Arc::new(Mutex::new(Vec::new())), support::hasty().max_attempts(2));
    let (kept, client) = (Arc::clone(&events), lost.builder().retry(policy).build().expect("the settings are good"));
    let request = client.request(Method::Put, "/a").json(&json!({})).idempotent().on_attempt(move |event| {
        kept.lock().unwrap().push(event);
        Ok(())
    });
    fails(request.send(), ErrorKind::Server);
    assert_eq!(*events.lock().unwrap(), [AttemptEvent::Begins, AttemptEvent::Begins]);

    let sent = server.count();
    let request = server.client().request(Method::Post, "/a").json(&json!({ "a": 1 }));
    let full = || Client::builder("").build().map(drop);
    let error = request.on_attempt(move |_| full()).send();
    fails(error, ErrorKind::InvalidInput);
    assert!(server.requests()[sent..].iter().all(|request| request.body.is_empty()), "nothing of the body is sent");
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
fn what_is_declared_secret_is_redacted_and_what_is_echoed_is_no_reason() {
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
fn work_takes_a_slot_until_it_is_known_to_have_ended() {
    const SLOTS: Slots = Slots::new("tasks of requests", &["place"], 1, Duration::from_secs(300));
    const START: Endpoint = Endpoint::post("/cloud/v2/places/{place}/tasks").with_slots(SLOTS);
    let server = Server::start(|request| {
        let path = request.path().trim_start_matches("/cloud/v2/").to_owned();
        Reply::ok(&match request.method.as_str() {
            "POST" => json!({ "path": format!("{path}/5"), "state": "QUEUED" }),
            _ => json!({ "path": path, "state": "COMPLETE" }),
        })
    });
    let client = server.client();
    let start = |place: u64| {
        let request = client.call(&START).param("place", place).json(&json!({}));
        request.timeout(Duration::from_secs(20)).task::<Value>()
    };
    let first = start(1).expect("there is a slot");
    let error = fails(start(1), ErrorKind::RateLimited);
    assert!(error.to_string().contains("unfinished") && error.is_retryable(), "{error}");
    let _ = start(2).expect("another place has slots of its own");
    assert_eq!(server.count(), 2, "nothing is sent without a slot");
    assert_eq!(first.wait().expect("it ends")["state"], "COMPLETE");
    let _ = start(1).expect("the slot is free");
}
