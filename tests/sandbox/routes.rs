//! The paths and methods that the sandbox serves, and its responses to others.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rblxopencloud::{Asset, UserInfo};
use rblxopencloud_sandbox::Sandbox;
use serde_json::Value;

/// A sandbox with user 1, group 7 and asset 7.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(1, "one"));
    sandbox.add_group(7, "seven");
    sandbox.add_asset(Asset::new(7));
    sandbox
}

struct Answer {
    status: u16,
    allow: Option<String>,
    body: String,
}

fn fetch(sandbox: &Sandbox, method: &str, path: &str) -> Answer {
    let address = sandbox.url().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let key = sandbox.api_key();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-api-key: {key}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let allow = head.lines().find_map(|line| line.strip_prefix("allow: ")).map(str::to_owned);
    Answer { status, allow, body: body.to_owned() }
}

#[test]
fn unserved_paths_are_not_implemented() {
    let sandbox = sandbox();
    for (method, path, code) in [
        ("GET", "/cloud/v2/groups/7/forum-categories", "\"code\""),
        ("GET", "/cloud/v2/groups/7/forum%2Dcategories?maxPageSize=5", "\"code\""),
        ("GET", "/cloud/v2/universes/5/secrets", "\"code\""),
        ("GET", "/cloud/v2/universes/5/places/6/instances/root", "\"code\""),
        ("POST", "/cloud/v2/universes/5:translateText", "\"code\""),
        ("GET", "/toolbox-service/v1/saves", "\"code\""),
    ] {
        let Answer { status, body, .. } = fetch(&sandbox, method, path);
        assert_eq!(status, 501, "{method} {path}: {body}");
        assert!(body.contains(&format!("{code}:\"NOT_IMPLEMENTED\"")), "{body}");
        assert!(body.contains(&format!("\"message\":\"The sandbox doesn't serve {method} /")), "{body}");
    }
}

#[test]
fn unknown_paths_are_not_found() {
    let sandbox = sandbox();
    for path in [
        "/",
        "/cloud/v3/users/1",
        "/cloud/v2/users",
        "/cloud/v2/users/",
        "/cloud/v2/users/1/",
        "/cloud/v2/users/1/hats",
        "/cloud/v2/users/1:frobnicate",
        "/cloud/v2/users/:generateThumbnail",
        "/cloud/v2/users/1:generatethumbnail",
        "/cloud/v2/users/1/inventory-items:count",
        "/cloud/v2//users/1",
        "/assets/v1/assets/7:frobnicate",
        "/assets/v1/assets/7/versions:frobnicate",
        "/assets/v1/assets/7/",
        "/assets/v1/operations",
        "/assets/v1/operations/",
        "/assets/v2/assets/7",
        "*",
    ] {
        for method in ["GET", "POST"] {
            let Answer { status, body, .. } = fetch(&sandbox, method, path);
            assert_eq!((status, body.contains("NotFound")), (404, true), "{method} {path}: {body}");
        }
    }
}

#[test]
fn other_methods_are_not_allowed() {
    let sandbox = sandbox();
    for (method, path, allowed) in [
        ("POST", "/cloud/v2/users/1", "GET"),
        ("DELETE", "/cloud/v2/users/x", "GET"),
        ("PUT", "/cloud/v2/users/1/inventory-items", "GET"),
        ("POST", "/cloud/v2/groups/-/memberships", "GET"),
        ("GET", "/assets/v1/assets", "POST"),
        ("DELETE", "/assets/v1/assets/7", "GET, PATCH"),
        ("POST", "/assets/v1/operations/x", "GET"),
        ("GET", "/assets/v1/assets/7:archive", "POST"),
        ("POST", "/cloud/v2/users/1:generateThumbnail", "GET"),
        ("OPTIONS", "/cloud/v2/groups/7", "GET"),
    ] {
        let Answer { status, allow, body } = fetch(&sandbox, method, path);
        assert_eq!((status, allow.as_deref()), (405, Some(allowed)), "{method} {path}: {body}");
    }
    let Answer { status, body, .. } = fetch(&sandbox, "HEAD", "/cloud/v2/users/1");
    assert_eq!((status, body.as_str()), (405, ""), "an answer to HEAD has no body");
}

#[test]
fn ids_that_are_not_decimal_are_refused() {
    let sandbox = sandbox();
    for (path, code) in [
        ("/cloud/v2/users/x", "\"code\""),
        ("/cloud/v2/users/-1", "\"code\""),
        ("/cloud/v2/users/+1", "\"code\""),
        ("/cloud/v2/users/1.0", "\"code\""),
        ("/cloud/v2/users/99999999999999999999", "\"code\""),
        ("/cloud/v2/users/%20/inventory-items", "\"code\""),
        ("/cloud/v2/groups/seven/memberships", "\"code\""),
        ("/assets/v1/assets/x", "\"error\""),
    ] {
        let Answer { status, body, .. } = fetch(&sandbox, "GET", path);
        assert_eq!(status, 400, "{path}: {body}");
        assert!(
            body.contains(&format!("{code}:\"INVALID_ARGUMENT\"")) && body.contains("not a decimal number"),
            "{body}"
        );
    }
    assert_eq!(fetch(&sandbox, "GET", "/cloud/v2/users/%31").status, 200, "an escaped digit is one");
    assert_eq!(fetch(&sandbox, "GET", &format!("/cloud/v2/users/{}", u64::MAX)).status, 404);
}

/// Compares the paths with Roblox's document, if `OPEN_CLOUD_SPEC` is its path.
#[test]
fn every_path_of_the_service_is_known() {
    let Ok(document) = std::env::var("OPEN_CLOUD_SPEC") else {
        eprintln!("OPEN_CLOUD_SPEC is not set: nothing was compared");
        return;
    };
    let document = std::fs::read_to_string(document).expect("a description");
    let document: Value = serde_json::from_str(&document).expect("the description is JSON");
    let sandbox = sandbox();
    for (template, methods) in document["paths"].as_object().expect("it has paths") {
        let path = template.replace(['{', '}'], "");
        let known: BTreeSet<String> = methods.as_object().expect("methods").keys().map(|m| m.to_uppercase()).collect();
        let known: BTreeSet<String> =
            known.into_iter().filter(|method| ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&&**method)).collect();
        for method in &known {
            let Answer { status, body, .. } = fetch(&sandbox, method, &path);
            let is_unknown = status == 405 || body.contains("\"NotFound\"");
            assert!(!is_unknown, "{method} {path}: {status} {body}");
        }
        let Answer { status, allow, .. } = fetch(&sandbox, "TRACE", &path);
        let allow: BTreeSet<String> = allow.unwrap_or_default().split(", ").map(str::to_owned).collect();
        assert_eq!((status, allow), (405, known), "{path}");
    }
}
