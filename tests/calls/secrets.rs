//! A key or a token is never part of printed text, whatever a server sends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use rblxopencloud::{
    AssetFile, AssetType, AssetUpdate, AssetUpload, Body, Client, Credentials, Error, ErrorKind, Method, Request,
    RetryPolicy, User, WaitOptions,
};
use serde_json::{Value, json};

use crate::support::calls::calls;
use crate::support::{self, Reply, Server, USER, fails, unchecked};

const SECRET: &str = "zq7Wv+K3/xJm9Rt5Yb2Hc8Lp4Nd6Gf1S==";
/// This much of a secret is as bad as all of it.
const TELLING: usize = 16;

thread_local! {
    /// The log of this test; calls log in the thread that makes them.
    static LINES: RefCell<Vec<(Level, String, String)>> = const { RefCell::new(Vec::new()) };
    static LEVEL: Cell<LevelFilter> = const { Cell::new(LevelFilter::Off) };
}

struct Collector;

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= LEVEL.get()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = (record.level(), record.target().to_owned(), record.args().to_string());
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

#[track_caller]
fn assert_hidden(what: &str, text: &str, secret: &str) {
    for part in secret.as_bytes().windows(TELLING.min(secret.len())) {
        let part = std::str::from_utf8(part).expect("secrets are ASCII");
        assert!(!text.contains(part), "{what} tells the secret: {text}");
    }
}

#[track_caller]
fn assert_no_debug(what: &impl Debug, secret: &str) {
    assert_hidden("Debug", &format!("{what:?} {what:#?}"), secret);
}

#[track_caller]
fn assert_error_is_clean(what: &str, error: &Error, secret: &str) {
    let mut text = format!("{error} {error:#} {error:?} {error:#?} {:?} {:?}", error.message(), error.code());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert_hidden(what, &text, secret);
}

fn upload() -> AssetUpload {
    unchecked(AssetUpload::new(AssetFile::from_bytes("a.png", b"content".to_vec()), AssetType::Decal, "name", "words"))
}

/// The errors of every call.
fn errors_of_every_call(user: &User) -> Vec<Error> {
    // Those of OAuth 2.0 have secrets of their own.
    let calls = calls().into_iter().filter(|call| !call.endpoint.path().starts_with("/oauth/"));
    let mut errors: Vec<Option<Error>> = calls.map(|call| (call.make)(user.client()).err()).collect();
    for started in [user.upload_asset_with(upload()), user.update_asset_with(AssetUpdate::new(1).display_name("name"))]
    {
        errors.push(started.and_then(|operation| operation.poll()).err());
    }
    errors.into_iter().flatten().collect()
}

#[track_caller]
fn assert_every_call_is_clean(what: &str, user: &User, secret: &str) {
    for error in errors_of_every_call(user) {
        assert_error_is_clean(what, &error, secret);
    }
}

fn hostile_user(server: &Server, credentials: Credentials) -> User {
    let client = Client::builder(credentials).base_url(server.url()).retry(RetryPolicy::none());
    client.build().expect("the settings are good").user(USER)
}

fn both(secret: &str) -> [Credentials; 2] {
    [Credentials::api_key(secret), Credentials::access_token(secret)]
}

#[test]
fn debug_of_handles_hides_the_secret() {
    let server = Server::script([Reply::ok(&json!({ "path": "operations/1" }))]);
    for credentials in both(SECRET) {
        let builder = Client::builder(credentials.clone()).base_url(server.url());
        assert_no_debug(&builder, SECRET);
        let user = builder.build().expect("the settings are good").user(USER);
        assert_no_debug(&user, SECRET);
        assert_no_debug(user.client(), SECRET);
        assert_no_debug(&credentials, SECRET);
        assert_no_debug(&user.list_inventory(), SECRET);
        assert_no_debug(&user.list_groups().pages(), SECRET);
        assert_no_debug(&user.client().operation("operations/1".parse().expect("a name")), SECRET);
        assert_no_debug(&user.upload_asset_with(upload()).expect("it begins"), SECRET);
    }
}

#[test]
fn errors_about_invalid_secrets_hide_them() {
    for bad in [format!("{SECRET}\n"), format!("{SECRET} {SECRET}"), format!("{SECRET}é"), format!("\0{SECRET}")] {
        for credentials in both(&bad) {
            assert_no_debug(&credentials, SECRET);
            let builder = Client::builder(credentials.clone()).base_url("http://127.0.0.1:1");
            assert_error_is_clean("the builder's error", &builder.build().expect_err("it can't be sent"), SECRET);
        }
    }
}

#[test]
fn error_bodies_are_redacted() {
    let bodies = [
        json!({ "code": SECRET, "message": SECRET, "details": [SECRET] }),
        json!({ "code": 3, "message": format!("The key {SECRET}, I say \"{SECRET}\", is wrong.") }),
        json!({ "error": SECRET, "message": format!("{SECRET}{SECRET}"), "errorDetails": [{ "a": SECRET }] }),
        json!({ "errors": [{ "code": SECRET, "message": SECRET }, SECRET] }),
        json!({ "errors": { "x-api-key": [SECRET], SECRET: SECRET, "a": { SECRET: SECRET } }, "title": SECRET }),
        json!({ "error": SECRET, "error_description": SECRET }),
        json!({ "errorCode": SECRET, "errorMessage": SECRET }),
        json!({ "error": { "code": SECRET, "message": SECRET } }),
        json!({ "detail": SECRET }),
        json!({ "title": SECRET }),
        json!(SECRET),
    ];
    let texts = [SECRET.to_owned(), format!("<html><body>x-api-key: {SECRET}</body></html>")];
    for body in bodies.iter().map(Value::to_string).chain(texts) {
        for status in [302, 400, 401, 403, 404, 409, 429, 500, 503] {
            let server = Server::script([Reply::text(status, body.clone()).with("location", format!("/{SECRET}"))]);
            for credentials in both(SECRET) {
                let error = hostile_user(&server, credentials).fetch_info().expect_err("this status is an error");
                assert_error_is_clean(&body, &error, SECRET);
            }
        }
    }
    let server = Server::script([Reply::Raw(format!("HTTP/1.1 401 Not {SECRET}\r\ncontent-length: 0\r\n\r\n").into())]);
    for credentials in both(SECRET) {
        let error = hostile_user(&server, credentials).fetch_info().expect_err("this status is an error");
        assert_eq!(error.message(), Some("Not [redacted]"));
        assert_error_is_clean("the reason phrase", &error, SECRET);
    }
}

#[test]
fn errors_of_every_call_are_redacted() {
    let body = json!({ "code": SECRET, "message": format!("The key is {SECRET}.") });
    for status in [200, 400, 401, 403, 500] {
        let server = Server::script([Reply::json(status, &body)]);
        for credentials in both(SECRET) {
            assert_every_call_is_clean(&format!("{status}"), &hostile_user(&server, credentials), SECRET);
        }
    }
}

#[test]
fn responses_of_the_wrong_type_are_redacted() {
    for body in [
        json!({ "id": SECRET, "name": SECRET }),
        json!({ "id": 1, "name": { SECRET: SECRET } }),
        json!({ "id": 1, "premium": SECRET }),
        json!({ "id": 1, "socialNetworkProfiles": SECRET }),
        json!({ "inventoryItems": SECRET, "groupMemberships": SECRET }),
        json!({ "inventoryItems": [], "nextPageToken": { SECRET: 1 } }),
        json!({ "groupMemberships": [{ "path": SECRET, "user": SECRET }] }),
        json!({ "groupMemberships": [{ "path": 1, "user": { SECRET: SECRET } }] }),
        json!({ "errors": [SECRET], "error": SECRET }),
        json!({ "done": true, "response": { "assetId": SECRET } }),
        json!({ "done": true, "response": { "assetId": "1", "previews": SECRET } }),
        json!({ "done": SECRET, "path": SECRET }),
        json!([SECRET]),
        json!(SECRET),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        for credentials in both(SECRET) {
            assert_every_call_is_clean(&body.to_string(), &hostile_user(&server, credentials), SECRET);
        }
    }
    for raw in [
        format!("{SECRET}\r\n\r\n"),
        format!("HTTP/1.1 {SECRET}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{SECRET}\r\n\r\n"),
    ] {
        let server = Server::script([Reply::Raw(raw.clone().into_bytes())]);
        assert_every_call_is_clean(&raw, &hostile_user(&server, Credentials::api_key(SECRET)), SECRET);
    }
}

#[test]
fn failed_operations_are_redacted() {
    let refusal = json!({ "code": SECRET, "message": format!("The key is {SECRET}.") });
    for body in [
        json!({ "path": "operations/1", "done": true, "error": refusal }),
        json!({ "path": "operations/1", "done": true, "error": { "error": SECRET, "message": SECRET } }),
        json!({ "path": "operations/1", "done": true, "error": SECRET }),
        json!({ "path": "operations/1", "done": true, "response": refusal }),
        json!({ "path": "operations/1", "done": true, "status": refusal }),
        json!({ "path": "operations/1", "done": true, "metadata": { "errors": [{ "error": refusal }] } }),
        refusal,
    ] {
        let server = Server::script([Reply::ok(&body)]);
        for credentials in both(SECRET) {
            let user = hostile_user(&server, credentials);
            let operation = user.client().operation("operations/1".parse().expect("a name"));
            let error = operation.wait().expect_err("it failed");
            assert_error_is_clean(&body.to_string(), &error, SECRET);
            assert_no_debug(&operation, SECRET);
            assert_every_call_is_clean(&body.to_string(), &user, SECRET);
        }
    }
}

#[test]
fn partial_failures_are_redacted() {
    let server = Server::script([Reply::ok(&json!({
        "path": "operations/1",
        "done": true,
        "response": { "assetId": "1" },
        "metadata": { "errors": [{ "error": { "code": SECRET, "message": format!("The key is {SECRET}.") } }] },
    }))]);
    let user = hostile_user(&server, Credentials::api_key(SECRET));
    let operation = user.client().operation("operations/1".parse().expect("a name"));
    operation.wait().expect("it has a result");
    assert_hidden("partial_failures", &format!("{:?}", operation.partial_failures()), SECRET);
}

#[test]
fn debug_of_listings_hides_the_secret() {
    let item = json!({ "path": SECRET, "kindDetails": SECRET });
    let bodies = [
        json!({ "inventoryItems": [item, item], "nextPageToken": SECRET }),
        json!({ "inventoryItems": [item, item], "nextPageToken": "a", "message": SECRET }),
    ];
    for body in bodies {
        let server = Server::script([Reply::ok(&body)]);
        let user = hostile_user(&server, Credentials::api_key(SECRET));
        let mut items = user.list_inventory();
        for _ in 0..6 {
            if let Some(Err(error)) = items.next() {
                assert_error_is_clean("a listing", &error, SECRET);
            }
            assert_no_debug(&items, SECRET);
        }
    }
}

#[test]
fn cut_messages_contain_no_part_of_the_secret() {
    // As long as real keys, without repetition.
    let secret: String = (0..120).map(|part| format!("{:08x}", 0x9e37_79b9_u32.wrapping_mul(part + 1))).collect();
    for lead in [0, 100, 300, 450, 490] {
        let message = format!("{}{secret}", "w ".repeat(lead / 2));
        for reply in [
            Reply::json(401, &json!({ "code": secret, "message": message })),
            Reply::text(401, message.clone()),
            Reply::ok(&json!({ "id": message })),
            Reply::ok(&json!({ "path": "operations/1", "done": true, "error": { "message": message } })),
        ] {
            let server = Server::script([reply]);
            assert_every_call_is_clean(
                &format!("after {lead}"),
                &hostile_user(&server, Credentials::api_key(&*secret)),
                &secret,
            );
        }
    }
}

/// The log records of this thread while `work` runs: level, target and line.
fn log_of(work: impl FnOnce()) -> Vec<(Level, String, String)> {
    log_of_level(LevelFilter::Trace, work)
}

fn log_of_level(level: LevelFilter, work: impl FnOnce()) -> Vec<(Level, String, String)> {
    static COLLECTOR: Collector = Collector;
    let _ = log::set_logger(&COLLECTOR);
    log::set_max_level(LevelFilter::Trace);
    LEVEL.set(level);
    LINES.take();
    work();
    LINES.take()
}

#[test]
fn log_lines_hide_the_secret() {
    let refusal = json!({ "code": SECRET, "message": SECRET });
    let lines = log_of(|| {
        for reply in [
            Reply::ok(&json!({ "id": "1", "name": "name", "path": "operations/1" })),
            Reply::json(401, &refusal),
            Reply::text(302, "").with("location", "/elsewhere"),
            Reply::json(503, &refusal),
            Reply::ok(&refusal),
            Reply::HangUp,
        ] {
            let server = Server::script([reply]);
            for credentials in both(SECRET) {
                errors_of_every_call(&hostile_user(&server, credentials));
            }
        }
    });
    let is_call = |target: &str, line: &str| target == "rblxopencloud" && line.contains("GET /cloud/v2/users/");
    assert!(lines.iter().any(|(_, target, line)| is_call(target, line)), "the calls are logged");
    for (level, target, line) in lines {
        if !is_dump(level, &target) {
            assert_hidden(&format!("a line of {target} at {level}"), &line, SECRET);
        }
    }
}

fn is_dump(level: Level, target: &str) -> bool {
    level == Level::Trace && target == "ureq_proto::util"
}

/// At `trace`, ureq logs the bytes that it sends, in rows. This can't be prevented, so it is documented, and must be the only
/// place.
#[test]
fn only_the_trace_dump_shows_the_secret() {
    let server = Server::script([Reply::ok(&json!({ "id": "1" }))]);
    for credentials in both(SECRET) {
        let user = hostile_user(&server, credentials);
        let lines = log_of(|| drop(user.fetch_info().expect("the profile is good")));
        // Each row has 16 bytes: hexadecimal, two spaces, text.
        let text = |line: &str| line.split_once("  ").map_or(line, |(_, text)| text).to_owned();
        let others = lines.iter().filter(|(level, target, _)| !is_dump(*level, target));
        let all: String = others.map(|(.., line)| text(line)).collect();
        assert!(!all.contains(SECRET), "the secret is logged elsewhere");
    }
}

/// The log records of a download from a signed URL that redirects to another one, and their signature.
fn log_of_signed_urls(level: LevelFilter) -> (Vec<(Level, String, String)>, String) {
    let signature = SECRET.replace(['+', '/', '='], "x");
    let location = format!("/content?signature={signature}");
    let server = Server::start(move |request| match request.path() {
        "/start" => Reply::text(302, "").with("location", location.clone()),
        _ => Reply::text(200, "content").with("set-cookie", "session=abc"),
    });
    let client = Client::builder(SECRET).base_url(server.url()).build().expect("the settings are good");
    let url = format!("{}/start?signature={signature}", server.url());
    let download = || client.request(Method::Get, &*url).download(&mut Vec::new()).expect("it is received");
    (log_of_level(level, || assert_eq!(download(), 7)), signature)
}

/// The targets that log signed URLs at `trace`, or because `trace` is on for them. The guide names them.
#[test]
fn only_the_documented_targets_show_signed_urls() {
    let (lines, signature) = log_of_signed_urls(LevelFilter::Trace);
    let documented = include_str!("../../src/guide/logging.md");
    let mut showing = BTreeSet::new();
    for (level, target, line) in lines {
        if line.contains(&signature) {
            assert!(documented.contains(&format!("`{target}`")), "the guide doesn't name {target} ({level})");
            showing.insert(target);
        }
    }
    assert!(showing.contains("ureq::run"), "the guide can be shorter: {showing:?}");
    // The lines of ureq_proto have 16 bytes each.
    assert!(documented.contains("`ureq_proto::util`"));
}

/// The level that the documentation recommends.
#[test]
fn at_debug_no_target_shows_a_secret() {
    let (lines, signature) = log_of_signed_urls(LevelFilter::Debug);
    assert!(!lines.is_empty());
    for (level, target, line) in lines {
        assert_hidden(&format!("a line of {target} at {level}"), &line, &signature);
        assert_hidden(&format!("a line of {target} at {level}"), &line, SECRET);
    }
}

/// A proxy that reads the calls sees its own login, and can repeat it in the name of the service.
#[test]
fn logins_of_proxies_are_redacted_in_responses() {
    const LOGIN: &str = "cHJveHktdXNlcjp3cTdXdkszeEptOVJ0NQ";
    let proxy = support::Wire::start(|connection| {
        let Some(head) = connection.head() else { return };
        assert!(head.starts_with("CONNECT") && head.contains(&format!("Basic {LOGIN}==")), "{head}");
        connection.send("HTTP/1.1 200 Connected\r\n\r\n");
        let _ = connection.request();
        let body =
            json!({ "code": LOGIN, "message": format!("{LOGIN}==, proxy-user:wq7WvK3xJm9Rt5 and wq7WvK3xJm9Rt5") });
        let body = body.to_string();
        connection.send(format!("HTTP/1.1 403 No\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    });
    let address = ureq::Proxy::new(&format!("http://proxy-user:wq7WvK3xJm9Rt5@127.0.0.1:{}", proxy.port()));
    let agent = ureq::Agent::config_builder().proxy(Some(address.expect("it is a proxy"))).build().new_agent();
    let builder = Client::builder(SECRET).base_url("http://127.0.0.1:1").agent(agent).retry(RetryPolicy::none());
    assert_no_debug(&builder, LOGIN);
    assert_no_debug(&builder, "wq7WvK3xJm9Rt5");
    let error = builder.build().expect("the settings are good").user(USER).fetch_info().expect_err("it is refused");
    assert_eq!(error.status(), Some(403), "{error}");
    assert!(error.to_string().contains("[redacted]"), "{error}");
    for secret in [LOGIN, "wq7WvK3xJm9Rt5", "proxy-user"] {
        assert_error_is_clean("a response", &error, secret);
    }
}

#[test]
fn errors_of_token_sources_are_redacted() {
    /// Hides its cause from its own texts.
    struct Opaque(std::io::Error);
    impl std::fmt::Display for Opaque {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the vault failed")
        }
    }
    impl std::fmt::Debug for Opaque {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Opaque")
        }
    }
    impl std::error::Error for Opaque {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let failures: [fn() -> Error; 4] = [
        || Error::other(format!("can't renew {SECRET}")),
        || Error::other(std::io::Error::other(format!("can't renew {SECRET}"))),
        || Error::other(Opaque(std::io::Error::other(SECRET))),
        || Error::other(Opaque(std::io::Error::other(Opaque(std::io::Error::other(SECRET))))),
    ];
    for failure in failures {
        let server = Server::script([Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" }))]);
        let first = std::sync::atomic::AtomicBool::new(true);
        let credentials = Credentials::access_tokens_from(move || {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) { Ok(SECRET.to_owned()) } else { Err(failure()) }
        });
        let error = fails(hostile_user(&server, credentials).fetch_info(), ErrorKind::Other);
        assert_error_is_clean("the source's error", &error, SECRET);
        let mut cause = error.get_ref().map(|cause| cause as &(dyn std::error::Error + 'static));
        while let Some(inner) = cause {
            assert!(!format!("{inner} {inner:?}").contains(SECRET), "{inner}");
            cause = inner.source();
        }
    }
}

/// A request's errors hide what it declares secret, whichever its end and whoever repeats it.
#[test]
fn a_declared_secret_is_hidden_from_every_end() {
    let refusal = |status| Reply::text(status, json!({ "code": "INVALID_ARGUMENT", "message": SECRET }).to_string());
    let named = json!({ "path": "operations/a" });
    let failed = json!({ "path": "operations/a", "done": true, "error": { "code": 3, "message": SECRET } });
    let strange = json!({ "path": "operations/a", "done": true, "response": { "id": SECRET } });
    let partly = json!({
        "path": "operations/a", "done": true, "response": { "id": 5 },
        "metadata": { "errors": [{ "error": { "message": SECRET } }] },
    });
    type Replies = Vec<Reply>;
    #[derive(Clone, Debug, serde::Deserialize)]
    struct Numbered {
        #[expect(dead_code, reason = "only whether it can be read counts")]
        id: u64,
    }
    let end = |what: &str, replies: Replies, call: &dyn Fn(Request) -> Option<Error>| {
        let server = Server::script(replies);
        let client = Client::builder("key").base_url(server.url()).retry(RetryPolicy::none());
        let client = client.build().expect("the settings are good");
        let request = client.request(Method::Post, "/cloud/v2/a").json(&json!({})).secret(SECRET);
        let error = call(request).unwrap_or_else(|| panic!("{what} succeeds"));
        assert_error_is_clean(what, &error, SECRET);
    };
    let refused = || vec![refusal(400)];
    let unreadable = || vec![Reply::ok(&json!({ "id": SECRET }))];
    end("send", refused(), &|request| request.send().err());
    end("fetch", refused(), &|request| request.fetch::<Value>().err());
    end("fetch of another model", unreadable(), &|request| request.fetch::<Numbered>().err());
    end("response", refused(), &|request| request.response().err());
    end("json of a response", unreadable(), &|request| {
        request.response().expect("a response").json::<Numbered>().err()
    });
    end("download", refused(), &|request| request.download(&mut Vec::new()).err());
    end("pages", refused(), &|request| request.pages_of::<Value>("items").next()?.err());
    let strange_page = || vec![Reply::ok(&json!({ "items": SECRET }))];
    end("strange pages", strange_page(), &|request| request.pages_of::<Value>("items").next()?.err());
    let circle = || vec![Reply::ok(&json!({ "items": [], "nextPageToken": SECRET }))];
    end("pages in a circle", circle(), &|request| request.pages_of::<Value>("items").find_map(Result::err));
    end("operation", refused(), &|request| request.operation::<Value>().err());
    end("task", refused(), &|request| request.task::<Value>().err());
    end(
        "task of another model",
        vec![Reply::ok(&json!({ "path": "tasks/a", "state": "COMPLETE", "id": SECRET }))],
        &|request| request.task::<Numbered>().err(),
    );
    for (what, polled) in [
        ("a refused poll", refusal(400)),
        ("an operation that failed", Reply::ok(&failed)),
        ("an operation of another model", Reply::ok(&strange)),
    ] {
        let replies = vec![Reply::ok(&named), polled];
        end(what, replies, &|request| request.operation::<Numbered>().expect("it begins").poll().err());
    }
    end("a wait that ends", vec![Reply::ok(&named), refusal(503)], &|request| {
        let once = WaitOptions::new().timeout(Duration::ZERO);
        request.operation::<Value>().expect("it begins").wait_with(&once).err()
    });
    end("a parameter", refused(), &|request| request.param("name", SECRET).send().err());
    end("a content type", refused(), &|request| request.body(Body::bytes(SECRET, "a")).send().err());
    end("a header", refused(), &|request| request.header("x-a", format!("{SECRET}\n")).send().err());

    let server = Server::script([Reply::ok(&named), Reply::ok(&partly)]);
    let client = Client::builder("key").base_url(server.url()).build().expect("the settings are good");
    let operation = client.request(Method::Post, "/cloud/v2/a").secret(SECRET).operation::<Value>().expect("it begins");
    operation.wait().expect("it ends");
    assert_eq!(operation.partial_failures().len(), 1);
    assert_hidden("partial failures", &operation.partial_failures()[0], SECRET);

    let location = format!("/{SECRET}/../b");
    let server = Server::start(move |_| Reply::text(302, "").with("location", &location));
    let client = Client::builder("key").base_url(server.url()).build().expect("the settings are good");
    let download = client.request(Method::Get, "/a").secret(SECRET).download(&mut Vec::new());
    assert_error_is_clean("a redirect", &download.expect_err("it leads elsewhere"), SECRET);
}

/// Numbered tokens, and how many there were.
fn numbered() -> (Credentials, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let fetched = Arc::clone(&count);
    let credentials = Credentials::access_tokens_from(move || {
        Ok(format!("token-of-some-length-{}", fetched.fetch_add(1, Ordering::SeqCst)))
    });
    (credentials, count)
}

#[test]
fn a_token_that_was_replaced_during_a_call_is_redacted() {
    // The first call is answered once the others have had their tokens refused several times.
    let renewed = Arc::new(Barrier::new(2));
    let answered = Arc::clone(&renewed);
    let refused = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if request.path().ends_with("/1") {
            renewed.wait();
            renewed.wait();
            let token = request.header("authorization").unwrap_or_default().to_owned();
            return Reply::json(400, &json!({ "code": "BAD", "message": format!("what is {token}?") }));
        }
        match refused.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Reply::json(401, &json!({ "code": "UNAUTHENTICATED", "message": "no" })),
            _ => Reply::json(404, &json!({ "code": "NOT_FOUND", "message": "no" })),
        }
    });
    let (credentials, count) = numbered();
    let client = Client::builder(credentials).base_url(server.url()).retry(RetryPolicy::none());
    let client = client.build().expect("the settings are good");
    thread::scope(|scope| {
        let first = scope.spawn(|| client.user(1).fetch_info());
        answered.wait();
        // The budget of a minute is ten requests.
        for _ in 0..4 {
            fails(client.user(2).fetch_info(), ErrorKind::NotFound);
        }
        answered.wait();
        let error = fails(first.join().expect("no panic"), ErrorKind::Rejected);
        assert!(error.to_string().contains("[redacted]"), "{error}");
        assert_error_is_clean("a late response", &error, "token-of-some-length-0");
    });
    assert_eq!(count.load(Ordering::SeqCst), 5);
}

#[test]
fn no_token_is_fetched_where_a_key_is_needed() {
    let server = Server::script([]);
    let (credentials, count) = numbered();
    let client = Client::builder(credentials).base_url(server.url()).build().expect("the settings are good");
    let error = fails(client.inspect_key(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("only an API key"), "{error}");
    assert_eq!((count.load(Ordering::SeqCst), server.count()), (0, 0));
}
