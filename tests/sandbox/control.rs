//! The control routes, as a test in any language uses them.

use std::time::Duration;

use rblxopencloud::{ErrorKind, RetryPolicy};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::local::{KEY, crate_png, hasty, raw, sandbox, send};

/// Sends a control request and returns the JSON of a success.
fn control(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, answer) = send(sandbox, method, path, "", &body);
    assert_eq!(status, 200, "{method} {path}: {answer}");
    serde_json::from_str(&answer).expect("it is JSON")
}

fn refused(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, String) {
    let (status, answer) = send(sandbox, method, path, "", body);
    let answer: Value = serde_json::from_str(&answer).expect("it is JSON");
    (status, answer["message"].as_str().expect("a message").to_owned())
}

#[test]
fn the_world_is_read_and_changed() {
    let sandbox = sandbox();
    let world = control(&sandbox, "GET", "/sandbox/world", &Value::Null);
    assert_eq!(world, serde_json::from_str::<Value>(&sandbox.dump_world()).expect("it is JSON"));
    let two = json!({ "users": [{ "id": 2, "name": "two" }] });
    control(&sandbox, "PATCH", "/sandbox/world", &two);
    let client = sandbox.client();
    assert!(client.user(1).fetch_info().is_ok() && client.user(2).fetch_info().is_ok());
    control(&sandbox, "DELETE", "/sandbox/world/users/1", &Value::Null);
    assert_eq!(client.user(1).fetch_info().expect_err("it is gone").kind(), ErrorKind::NotFound);
    control(&sandbox, "PUT", "/sandbox/world", &two);
    assert_eq!(client.group(7).fetch_info().expect_err("it is gone").kind(), ErrorKind::NotFound);

    let (status, message) = refused(&sandbox, "PUT", "/sandbox/world", r#"{"users":[{"id":3,"nmae":"x"}]}"#);
    assert_eq!(status, 400);
    assert!(message.starts_with("users[0]: unknown property \"nmae\"; expected one of "), "{message}");
    assert_eq!(refused(&sandbox, "DELETE", "/sandbox/world/users/9", "").0, 404);
    assert_eq!(refused(&sandbox, "DELETE", "/sandbox/world/users/me", "").0, 400);
    assert_eq!(refused(&sandbox, "DELETE", "/sandbox/world/pets/1", "").0, 404);
    assert!(client.user(2).fetch_info().is_ok(), "what is refused changes nothing");
}

#[test]
fn an_entry_keeps_the_lists_that_a_change_leaves_out() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let asset = sandbox.client().user(156).upload_asset_with(crate_png()).expect("accepted").wait().expect("done");
    let change = json!({
        "users": [{ "id": 156, "name": "renamed" }],
        "groups": [{ "id": 7, "displayName": "Renamed" }],
        "assets": [{ "assetId": asset.id, "displayName": "Renamed", "assetType": "Decal" }],
    });
    control(&sandbox, "PATCH", "/sandbox/world", &change);
    let client = sandbox.client();
    assert_eq!(client.user(156).fetch_info().expect("a user").username, "renamed");
    assert_eq!(client.user(156).list_inventory().count(), 251);
    assert_eq!(client.group(7).list_memberships().count(), 2);
    assert_eq!(client.asset(asset.id).list_versions().count(), 1);
    assert!(sandbox.asset_content(asset.id).is_some());

    // A change is made whole or not at all.
    let before = sandbox.dump_world();
    for change in [
        json!({ "users": [{ "id": 156, "name": "x" }], "groups": [{ "id": 7, "displayName": "x", "roles": [] }] }),
        json!({ "users": [{ "id": 156, "name": "x" }],
                "groups": [{ "id": 7, "displayName": "x", "members": [{ "userId": 1, "roleId": 5 }] }] }),
    ] {
        assert_eq!(refused(&sandbox, "PATCH", "/sandbox/world", &change.to_string()).0, 400, "{change}");
    }
    assert_eq!(sandbox.dump_world(), before);
    let member = json!({ "groups": [{ "id": 7, "displayName": "x", "members": [{ "userId": 156, "roleId": 99 }] }] });
    control(&sandbox, "PATCH", "/sandbox/world", &member);
    assert_eq!(client.group(7).list_memberships().count(), 1, "a list that is given replaces the one before");
}

#[test]
fn every_fault_can_be_injected() {
    let sandbox = sandbox();
    let user = hasty(&sandbox).user(1);
    let inject = |fault: Value| control(&sandbox, "POST", "/sandbox/faults", &fault);
    let listed = inject(json!([
        { "kind": "status", "status": 503, "headers": { "retry-after": ["7"] }, "method": "GET", "path": "/cloud/v2/users/1" },
        { "kind": "status", "status": 500, "path": "/elsewhere", "times": 5 },
    ]));
    assert_eq!(listed["faults"].as_array().map(Vec::len), Some(2), "{listed}");
    let error = user.fetch_info().expect_err("a fault");
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(Duration::from_secs(7))));
    control(&sandbox, "DELETE", "/sandbox/faults", &Value::Null);
    assert_eq!(control(&sandbox, "GET", "/sandbox/faults", &Value::Null), json!({ "faults": [] }));
    assert!(user.fetch_info().is_ok());
    for fault in [
        json!({ "kind": "status", "status": 500, "body": "<html>" }),
        json!({ "kind": "resetBeforeAnswer" }),
        json!({ "kind": "resetBeforeReading" }),
        json!({ "kind": "resetInAnswer" }),
        json!({ "kind": "truncatedBody" }),
        json!({ "kind": "raw", "base64": "AAEC" }),
        json!({ "kind": "raw", "body": "HTTP/1.1 500 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" }),
        json!({ "kind": "earlyAnswer", "status": 401 }),
    ] {
        // What is listed can be injected again.
        let listed = inject(fault.clone())["faults"].clone();
        control(&sandbox, "DELETE", "/sandbox/faults", &Value::Null);
        assert_eq!(inject(listed.clone())["faults"], listed, "{fault}");
        assert!(user.fetch_info().is_err(), "{fault}");
        assert!(user.fetch_info().is_ok(), "{fault}");
    }
    inject(json!({ "kind": "delay", "milliseconds": 20, "after": 1 }));
    assert!(user.fetch_info().is_ok());
    let began = std::time::Instant::now();
    assert!(user.fetch_info().is_ok() && began.elapsed() >= Duration::from_millis(20));
    for form in ["error", "errorWord", "response", "status", "bare", "metadata", "partial"] {
        let mut failure = json!({ "kind": "operationFailure", "form": form, "message": "moderated" });
        if !matches!(form, "metadata" | "partial") {
            failure["code"] = json!(if form == "status" { json!(3) } else { json!("INVALID_ARGUMENT") });
        }
        assert_eq!(inject(failure.clone())["faults"], json!([failure]));
        let result = user.upload_asset_with(crate_png()).expect("accepted").wait();
        assert_eq!(result.is_err(), form != "partial", "{form}");
    }
    inject(json!({ "kind": "idToken", "fault": "Expired" }));
    assert_eq!(control(&sandbox, "DELETE", "/sandbox/faults", &Value::Null), json!({}));
}

#[test]
fn wrong_faults_are_refused() {
    let sandbox = sandbox();
    for (fault, problem) in [
        (r#"{}"#, "the property \"kind\" is missing"),
        (r#"{"kind":"explode"}"#, "kind: unknown value \"explode\"; expected one of status, delay"),
        (r#"{"kind":"status"}"#, "the property \"status\" is missing, which status needs"),
        (r#"{"kind":"status","status":1000}"#, "status: expected a number from 100 to 999"),
        (r#"{"kind":"delay","milliseconds":1,"status":500}"#, "delay has no property \"status\""),
        (r#"{"kind":"raw"}"#, "the property \"body\" is missing, which raw needs"),
        (r#"{"kind":"raw","base64":"?"}"#, "the property \"base64\" isn't"),
        (r#"[{"kind":"status","status":503},{"kind":"status","statsu":503}]"#, "[1]: unknown property \"statsu\""),
        (r#"{"kind":"operationFailure","form":"error","message":"x"}"#, "the property \"code\" is missing"),
        (r#"{"kind":"operationFailure","form":"partial","code":1,"message":"x"}"#, "partial has no code"),
        (r#"{"kind":"status","status":500,"headers":{"a\r\nb":"c"}}"#, "has a line break or no name"),
        ("503", "expected an object"),
        ("", "the text is empty; expected JSON"),
    ] {
        let (status, message) = refused(&sandbox, "POST", "/sandbox/faults", fault);
        assert!(status == 400 && message.contains(problem), "{fault}: {status} {message}");
    }
    assert_eq!(control(&sandbox, "GET", "/sandbox/faults", &Value::Null), json!({ "faults": [] }));
    assert!(hasty(&sandbox).user(1).fetch_info().is_ok());
}

#[test]
fn settings_are_read_and_changed() {
    let sandbox = sandbox();
    // Each with a client of its own, which knows nothing of the limits.
    let fetch = || hasty(&sandbox).user(1).fetch_info();
    let change = |settings: Value| control(&sandbox, "PATCH", "/sandbox/settings", &settings);
    let usual = control(&sandbox, "GET", "/sandbox/settings", &Value::Null);
    assert_eq!(
        (&usual["keyEnabled"], &usual["rateLimit"], &usual["scopes"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    change(json!({ "keyEnabled": false }));
    assert_eq!(fetch().expect_err("a disabled key").status(), Some(401));
    let changed = change(json!({ "keyEnabled": true, "rateLimit": { "requests": 1, "milliseconds": 60_000 } }));
    assert_eq!(changed["rateLimit"], json!({ "requests": 1, "milliseconds": 60_000 }));
    assert!(fetch().is_ok());
    change(json!({ "moderatedWords": ["bad"] }));
    assert_eq!(fetch().expect_err("a limit").status(), Some(429), "another setting leaves the window alone");
    assert_eq!(control(&sandbox, "GET", "/sandbox/info", &Value::Null)["rateLimited"], 1);
    let mut others = usual.clone();
    others["moderatedWords"] = json!(["bad"]);
    assert_eq!(change(json!({ "rateLimit": null })), others);
    // All that is told can be set.
    assert_eq!(change(usual.clone()), usual);
    // Null sets the default of each, whatever it is.
    change(
        json!({ "keyEnabled": false, "operationMilliseconds": 5, "clockOffsetSeconds": 9, "quotas": { "Audio": { "capacity": 1 } } }),
    );
    let nulls: Value = usual.as_object().expect("an object").keys().map(|name| (name.clone(), Value::Null)).collect();
    assert_eq!(change(nulls), usual);
    let (status, message) = refused(&sandbox, "PATCH", "/sandbox/settings", r#"{"keyEnabeld":true}"#);
    assert!(status == 400 && message.contains("unknown property \"keyEnabeld\"; expected one of"), "{message}");
    assert_eq!(refused(&sandbox, "PATCH", "/sandbox/settings", r#"{"keyEnabled":1}"#).0, 400);
}

#[test]
fn requests_are_listed_from_a_number_on() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let _ = client.user(1).fetch_info().expect("a user");
    let _ = client.user(1).upload_asset_with(crate_png()).expect("accepted");
    let seen = control(&sandbox, "GET", "/sandbox/requests", &Value::Null);
    let requests = seen["requests"].as_array().expect("a list");
    assert_eq!(requests.len(), 2, "control requests aren't listed");
    assert_eq!((&requests[0]["path"], &requests[0]["status"]), (&json!("/cloud/v2/users/1"), &json!(200)));
    assert!(requests[0]["headers"].as_array().expect("a list").contains(&json!(["x-api-key", "sandbox-api-key"])));
    let parts = requests[1]["parts"].as_array().expect("a form");
    assert_eq!((&parts[1]["fileName"], &parts[1]["bodyBase64"]), (&json!("crate.png"), &json!("iVBORw0KGgo=")));
    assert!(parts[0]["body"].as_str().expect("text").contains("\"displayName\":\"Crate\""));
    let next = seen["next"].as_u64().expect("a number");
    let _ = client.group(7).fetch_info().expect("a group");
    let seen = control(&sandbox, "GET", &format!("/sandbox/requests?after={next}"), &Value::Null);
    assert_eq!(seen["requests"].as_array().map(Vec::len), Some(1), "{seen}");
    control(&sandbox, "DELETE", "/sandbox/requests", &Value::Null);
    let seen = control(&sandbox, "GET", &format!("/sandbox/requests?after={next}"), &Value::Null);
    assert_eq!(seen, json!({ "requests": [], "next": next + 1 }));
    // A key that isn't the sandbox's own may be a real one.
    send(&sandbox, "GET", "/cloud/v2/users/1", "x-api-key: real-secret\r\nauthorization: Bearer real-secret\r\n", "");
    let (_, seen) = send(&sandbox, "GET", "/sandbox/requests", "", "");
    assert!(seen.contains("[redacted]") && !seen.contains("real-secret"), "{seen}");
    assert_eq!(refused(&sandbox, "GET", "/sandbox/requests?after=x", "").0, 400);
}

#[test]
fn the_clock_is_moved_on() {
    let sandbox = sandbox();
    let fetch = || hasty(&sandbox).user(1).fetch_info();
    sandbox.set_rate_limit(Some(rblxopencloud_sandbox::RateLimit::new(1, Duration::from_secs(60))));
    assert!(fetch().is_ok());
    assert_eq!(fetch().expect_err("a limit").status(), Some(429));
    let moved = control(&sandbox, "POST", "/sandbox/clock", &json!({ "advanceSeconds": 60 }));
    assert_eq!(moved["aheadSeconds"], 60);
    assert!(fetch().is_ok(), "the window has ended");
    sandbox.set_rate_limit(None);

    sandbox.set_operation_time(Duration::from_secs(600));
    let operation = sandbox.client().user(1).upload_asset_with(crate_png()).expect("accepted");
    assert!(sandbox.assets().is_empty());
    sandbox.advance_clock(Duration::from_secs(600));
    assert_eq!(sandbox.assets().len(), 1, "the operation has ended");
    drop(operation);

    let now: jiff::Timestamp = moved["now"].as_str().and_then(|now| now.parse().ok()).expect("a time");
    sandbox.set_key_expiration(Some(now + Duration::from_secs(3600)));
    assert!(fetch().is_ok());
    sandbox.advance_clock(Duration::from_secs(3600));
    assert_eq!(fetch().expect_err("the key has expired").status(), Some(401));
    // A clock has an end.
    sandbox.advance_clock(Duration::MAX);
    control(&sandbox, "POST", "/sandbox/clock", &json!({ "advanceSeconds": u64::MAX }));
    assert_eq!(refused(&sandbox, "POST", "/sandbox/clock", r#"{"advanceSeconds":-1}"#).0, 400);
    control(&sandbox, "POST", "/sandbox/reset", &Value::Null);
    let moved = control(&sandbox, "POST", "/sandbox/clock", &json!({ "advanceSeconds": 0 }));
    assert_eq!(moved["aheadSeconds"], 0);
}

#[test]
fn authorizations_end_on_demand() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let sign_in = || {
        let app = sandbox.oauth2_app("https://app.example/callback");
        let pending = app.authorize_url([rblxopencloud::oauth2::Scope::OPENID]).expect("a URL");
        let redirect = sandbox.authorize(pending.url(), 156).expect("the page is fine");
        app.exchange_code(&redirect, &pending)
    };
    let token = sign_in().expect("signed in");
    let is_accepted = || token.client().user(156).fetch_info().is_ok();
    assert!(is_accepted());
    control(&sandbox, "POST", "/sandbox/rotate-signing-key", &Value::Null);
    assert!(sign_in().is_ok(), "the new key is published");
    assert_eq!(refused(&sandbox, "POST", "/sandbox/revoke-authorizations", "{}").0, 400);
    control(&sandbox, "POST", "/sandbox/revoke-authorizations", &json!({ "userId": 1 }));
    assert!(is_accepted(), "it is another user's");
    control(&sandbox, "POST", "/sandbox/revoke-authorizations", &json!({ "userId": 156 }));
    assert!(!is_accepted());
}

#[test]
fn operations_and_the_start_are_there() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let start = sandbox.assets();
    sandbox.set_operation_time(Duration::from_secs(3600));
    let _ = sandbox.client().user(156).upload_asset_with(crate_png()).expect("accepted");
    let pending = control(&sandbox, "GET", "/sandbox/operations", &Value::Null);
    assert_eq!(pending["operations"][0]["done"], false);
    control(&sandbox, "PATCH", "/sandbox/settings", &json!({ "operationMilliseconds": 0 }));
    let _ = sandbox.client().user(156).upload_asset_with(crate_png()).expect("accepted");
    let both = control(&sandbox, "GET", "/sandbox/operations", &Value::Null);
    assert_eq!((&both["operations"][0]["done"], &both["operations"][1]["done"]), (&json!(false), &json!(true)));
    control(&sandbox, "POST", "/sandbox/reset", &Value::Null);
    assert_eq!(control(&sandbox, "GET", "/sandbox/operations", &Value::Null), json!({ "operations": [] }));
    assert!(sandbox.assets() == start && sandbox.client().user(156).fetch_info().is_ok());
    let info = control(&sandbox, "GET", "/sandbox/info", &Value::Null);
    assert_eq!(info["rateLimited"], 0);
    assert_eq!((&info["url"], &info["apiKey"]), (&json!(sandbox.url()), &json!(sandbox.api_key())));
    let (status, schema) = send(&sandbox, "GET", "/sandbox/world.schema.json", "", "");
    assert!(status == 200 && schema.contains("\"$defs\""), "{schema}");
}

#[test]
fn unknown_routes_and_methods_are_refused() {
    let sandbox = sandbox();
    let (status, message) = refused(&sandbox, "GET", "/sandbox/wrold", "");
    assert!(status == 404 && message.contains("GET /sandbox/world"), "{message}");
    let (status, message) = refused(&sandbox, "POST", "/sandbox/world", "{}");
    assert!(status == 405 && message == "/sandbox/world takes GET, PUT, PATCH.", "{message}");
    assert_eq!(refused(&sandbox, "GET", "/sandbox/world?contents=some", "").0, 400);
    // The service's own paths are as before.
    assert_eq!(send(&sandbox, "GET", "/sandboxes", KEY, "").0, 404);
    assert_eq!(send(&sandbox, "GET", "/", KEY, "").0, 404);
    assert_eq!(send(&sandbox, "GET", "/", "", "").0, 401);
}

#[test]
fn faults_spare_the_control_routes() {
    let sandbox = sandbox();
    control(&sandbox, "POST", "/sandbox/faults", &json!({ "kind": "resetBeforeReading", "times": 99 }));
    control(&sandbox, "PATCH", "/sandbox/settings", &json!({ "keyEnabled": false }));
    control(&sandbox, "POST", "/sandbox/reset", &Value::Null);
    control(&sandbox, "PATCH", "/sandbox/world", &json!({ "users": [{ "id": 1, "name": "one" }] }));
    assert!(hasty(&sandbox).user(1).fetch_info().is_ok());
}

/// A page of another site can send requests to this machine, and its browser tells from where they come.
#[test]
fn pages_of_other_sites_are_refused() {
    let sandbox = sandbox();
    let address = sandbox.url().strip_prefix("http://").expect("an address").to_owned();
    let port = address.rsplit(':').next().expect("a port").to_owned();
    let status = |method: &str, path: &str, host: &str, headers: &str| {
        let answer = raw(
            &sandbox,
            &format!(
                "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 2\r\n{headers}\r\n{{}}"
            ),
        );
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{answer}");
        answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).unwrap_or_default()
    };
    let own = format!("origin: http://{address}\r\nsec-fetch-site: same-origin\r\n");
    assert_eq!(status("PATCH", "/sandbox/world", &address, &own), 200, "its own page");
    assert_eq!(status("PATCH", "/sandbox/world", &address, ""), 200, "a program");
    let host = format!("localhost:{port}");
    assert_eq!(status("PATCH", "/sandbox/world", &host, &format!("origin: http://localhost:{port}\r\n")), 200);
    for headers in [
        "origin: http://evil.example\r\n".to_owned(),
        "origin: null\r\n".to_owned(),
        format!("origin: https://{address}\r\n"),
        format!("origin: http://localhost:{port}\r\n"),
        "origin: http://127.0.0.1\r\n".to_owned(),
        "origin: http://127.0.0.1:1\r\n".to_owned(),
        "sec-fetch-site: cross-site\r\n".to_owned(),
        "sec-fetch-site: same-site\r\n".to_owned(),
    ] {
        for (method, path) in [
            ("PATCH", "/sandbox/world"),
            ("PUT", "/sandbox/world"),
            ("POST", "/sandbox/faults"),
            ("POST", "/sandbox/reset"),
            ("DELETE", "/sandbox/requests"),
            ("GET", "/sandbox/world"),
            ("GET", "/sandbox/requests"),
            ("OPTIONS", "/sandbox/world"),
        ] {
            assert_eq!(status(method, path, &address, &headers), 403, "{method} {path} {headers}");
        }
    }
    // The name of another site that leads here (DNS rebinding).
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example"] {
        assert_eq!(status("PATCH", "/sandbox/world", host, &format!("origin: http://{host}\r\n")), 421, "{host}");
        assert_eq!(status("GET", "/sandbox/world", host, ""), 421, "{host}");
        assert_eq!(status("GET", "/sandbox", host, "sec-fetch-site: none\r\n"), 421, "{host}");
    }
    // A link may lead to the page, but not into a frame of it.
    let opened = "sec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\n";
    assert_eq!(status("GET", "/sandbox", &address, opened), 200);
    assert_eq!(status("POST", "/sandbox", &address, opened), 403);
    assert_eq!(status("GET", "/sandbox/world", &address, opened), 403);
    assert!(sandbox.client().user(1).fetch_info().is_ok(), "nothing was changed");
}

#[test]
fn the_page_is_allowed_little() {
    let sandbox = sandbox();
    let answer = raw(&sandbox, "GET /sandbox HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let (head, page) = answer.split_once("\r\n\r\n").expect("an answer");
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none';",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    // It loads nothing from elsewhere, and makes no markup of data.
    for taboo in ["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!page.contains(taboo), "{taboo}");
    }
    let redirect = raw(&sandbox, "GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\nconnection: close\r\n\r\n");
    assert!(redirect.starts_with("HTTP/1.1 302") && redirect.contains("location: /sandbox"), "{redirect}");
}

#[test]
fn clients_of_a_sandbox_retry_quickly() {
    const CALLS: usize = 20;
    let sandbox = sandbox();
    sandbox.inject(rblxopencloud_sandbox::Fault::status(503).times(9_999));
    let user = sandbox.client().user(1);
    let began = std::time::Instant::now();
    for call in 1..=CALLS {
        let error = user.fetch_info().expect_err("it lasts");
        assert_eq!((error.status(), sandbox.requests().len()), (Some(503), 5 * call), "as many attempts as usual");
    }
    // By default, the waits of a call are random up to 0.5, 1, 2 and 4 s, so those of 20 calls take some 75 s.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let custom = sandbox.client_with(|settings| settings.retry(RetryPolicy::none())).expect("a client");
    sandbox.clear_requests();
    assert!(custom.user(1).fetch_info().is_err() && sandbox.requests().len() == 1);
}
