//! Bodies of requests: JSON, forms, files and readers.

use std::sync::{Arc, Mutex};

use rblxopencloud::{AttemptEvent, Body, Client, ErrorKind, Method, Multipart};
use serde_json::{Value, json};

use crate::support::{self, Reply, Server, fails};

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

    // An attempt that may have had its effect is repeated if that does no harm, and isn't reported to have had none.
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
fn an_empty_body_is_checked_and_journaled_too() {
    let server = Server::script([Reply::ok(&json!({}))]);
    let events = Arc::new(Mutex::new(Vec::new()));
    let request = |body: Body| {
        let kept = Arc::clone(&events);
        server.client().request(Method::Put, "/a").body(body).on_attempt(move |event| {
            kept.lock().unwrap().push(event);
            Ok(())
        })
    };
    request(Body::bytes("text/plain", "")).send().expect("it is sent");
    request(Body::reader(std::io::empty(), 0)).send().expect("it is sent");
    assert_eq!(std::mem::take(&mut *events.lock().unwrap()), [AttemptEvent::Begins, AttemptEvent::Begins]);
    assert_eq!(server.requests()[1].header("content-length"), Some("0"));

    let sent = server.count();
    fails(request(Body::reader(&b"longer"[..], 0)).send(), ErrorKind::Io);
    let full = request(Body::bytes("text/plain", "")).on_attempt(|_| Client::builder("").build().map(drop));
    fails(full.send(), ErrorKind::InvalidInput);
    assert_eq!(server.count(), sent, "nothing is sent");
}

#[test]
fn a_form_is_sent_again_unless_a_part_is_a_reader() {
    let refused = || Server::script([Reply::text(429, "").with("retry-after", "0"), Reply::ok(&json!({}))]);
    let directory = support::TempDir::new();
    let (path, content) = (directory.path().join("game.rbxl"), support::noise(100_000));
    std::fs::write(&path, &content).expect("it can be written");
    let progress = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&progress);
    let file = Body::file(&path).expect("it is there").on_progress(move |step| kept.lock().unwrap().push(step));
    let server = refused();
    let form = Multipart::new().text("name", "coins").part("file", file);
    server.client().request(Method::Post, "/a").body(form).send().expect("the second attempt succeeds");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].body == requests[1].body, "it is the same form");
    assert!(requests[1].body.windows(content.len()).any(|part| part == content), "the whole file is in it");
    let progress = progress.lock().unwrap();
    assert!(progress.iter().all(|step| step.total == 100_000), "the part alone is reported");
    assert_eq!(progress.iter().filter(|step| step.sent == 100_000).count(), 2);

    let server = refused();
    let form = Multipart::new().text("name", "coins").part("file", Body::reader(&b"coins"[..], 5));
    let error = fails(server.client().request(Method::Post, "/a").body(form).send(), ErrorKind::RateLimited);
    assert!(error.to_string().contains("reader") && server.count() == 1, "{error}");
}
