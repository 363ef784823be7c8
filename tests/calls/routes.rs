//! Where a request goes: paths, parameters, URLs and redirects.

use std::time::Duration;

use rblxopencloud::{Client, ErrorKind, ErrorScope, Method};
use serde_json::{Value, json};

use crate::support::{KEY, Reply, Server, fails};

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
fn the_location_of_a_content_is_not_a_template() {
    let host = Server::script([Reply::text(200, "content")]);
    let server = Server::script([Reply::ok(&json!({ "location": format!("{}/a?sig={{b}}", host.url()) }))]);
    let mut content = Vec::new();
    server.client().asset(5).locate().and_then(|request| request.download(&mut content)).expect("it is there");
    assert_eq!(content, b"content");
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
