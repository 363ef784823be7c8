//! What other crates enable in the shared `ureq` changes nothing: neither what is sent nor what is received.

use rblxopencloud::{Client, Credentials, ErrorKind, Method};
use serde_json::json;

use crate::support::early::{After, Early, Script, When};
use crate::support::{self, CHANGES, KEY, Reply, Request, Server, USER, Wire, fails, hasty, noise};

const COOKIE: &str = "session=first-user; Path=/";

/// An agent that holds a cookie for this server.
fn agent_with_cookie(url: &str) -> ureq::Agent {
    let agent = ureq::Agent::config_builder().build().new_agent();
    let uri = url.parse().expect("it is a URL");
    let cookie = ureq::Cookie::parse("own=cookie; Path=/", &uri).expect("it is a cookie");
    agent.cookie_jar_lock().insert(cookie, &uri).expect("it is for this host");
    agent
}

/// Both kinds of clients: with the default agent and with a custom one.
fn clients(url: &str) -> [Client; 2] {
    let builder = || Client::builder(KEY).base_url(url).retry(hasty());
    [builder(), builder().agent(agent_with_cookie(url))].map(|builder| builder.build().expect("the settings are good"))
}

#[track_caller]
fn assert_no_cookies(requests: &[Request]) {
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.header("cookie"), None, "{} {}", request.method, request.target);
    }
}

#[test]
fn no_cookie_is_kept_or_sent() {
    for status in [200, 302, 401, 404, 503] {
        for client in 0..2 {
            let server = Server::start(move |request| {
                let body = json!({ "id": USER.to_string(), "name": "builderman", "path": "operations/abc" });
                let status = if request.target.contains("second") { 200 } else { status };
                Reply::json(status, &body)
                    .with("set-cookie", COOKIE)
                    .with("Set-Cookie", "other=x; Path=/; HttpOnly")
                    .with("location", "/second")
                    .with("SET-COOKIE2", "old=x")
            });
            let first = &clients(&server.url())[client];
            let second = first.with_credentials(Credentials::access_token("second-token"));
            for client in [first, &second, first] {
                let _ = client.user(USER).fetch_info();
                let _ = client.request(Method::Get, "/content").download(&mut Vec::new());
                let _ = CHANGES[0].1(&client.user(USER));
            }
            assert_no_cookies(&server.requests());
        }
    }
}

#[test]
fn cookies_of_early_and_slow_responses_are_dropped_too() {
    let head = |status: u16| {
        let body = r#"{"id":"156","name":"builderman"}"#;
        format!(
            "HTTP/1.1 {status} Status\r\nset-cookie: {COOKIE}\r\ncontent-length: {}\r\nSet-Cookie: {COOKIE}\r\n\r\n{body}",
            body.len()
        )
    };
    let interim = format!("HTTP/1.1 103 Early Hints\r\nset-cookie: {COOKIE}\r\n\r\n");
    // Byte by byte, with line feeds alone, and after informational responses.
    for raw in [head(200), head(200).replace("\r\n", "\n"), format!("{interim}{}", head(200))] {
        let server = Wire::start(move |connection| {
            while let Some((head, _)) = connection.request() {
                assert!(!head.to_ascii_lowercase().contains("cookie:"), "{head}");
                for byte in raw.bytes() {
                    connection.send([byte]);
                }
            }
        });
        for client in clients(&server.url()) {
            for _ in 0..3 {
                let _ = client.user(USER).fetch_info().expect("the profile is good");
            }
        }
    }
    for when in [When::AtOnce, When::After(64 * 1024)] {
        let server = Early::start([Script::new(when, head(413), After::HangUp)]);
        for client in clients(&server.url) {
            for _ in 0..3 {
                let user = client.user(USER);
                let file = rblxopencloud::AssetFile::from_bytes("a.png", noise(2 * 1024 * 1024));
                support::upload(&user, file).expect_err("it is refused");
            }
        }
        let heads = server.heads();
        assert!(
            heads.len() >= 6 && heads.iter().all(|head| !head.to_ascii_lowercase().contains("cookie:")),
            "{heads:?}"
        );
    }
}

#[test]
fn requests_accept_only_what_this_crate_decodes() {
    let server = Server::script([support::profile()]);
    for client in clients(&server.url()) {
        let _ = client.user(USER).fetch_info().expect("the profile is good");
        client.request(Method::Get, "/content").download(&mut Vec::new()).expect("it is received");
    }
    let accepted: Vec<_> =
        server.requests().iter().map(|request| request.header("accept-encoding").map(str::to_owned)).collect();
    let (call, download) = (Some("gzip".to_owned()), Some("identity".to_owned()));
    assert_eq!(accepted, [call.clone(), download.clone(), call, download]);
}

#[test]
fn content_is_received_as_it_is() {
    let latin = b"caf\xe9 \xff\xfe".to_vec();
    let utf_16 = b"\xff\xfeh\0i\0".to_vec();
    for (kind, content) in [
        ("text/plain; charset=iso-8859-1", latin.clone()),
        ("text/plain;charset=ISO-8859-1", latin.clone()),
        ("Text/plain; Charset=windows-1252", latin.clone()),
        ("text/csv; charset=shift_jis", latin),
        ("text/plain; charset=utf-16", utf_16.clone()),
        ("text/x-lua; charset=utf-16le", utf_16),
    ] {
        let server = Server::script([Reply::text(200, content.clone()).with("content-type", kind)]);
        for client in clients(&server.url()) {
            let mut received = Vec::new();
            let written = client.request(Method::Get, "/content").download(&mut received);
            assert_eq!(written.unwrap_or_else(|error| panic!("{kind}: {error}")), content.len() as u64, "{kind}");
            assert_eq!(received, content, "{kind}");
        }
    }
}

/// With cookies, ureq parses each URL a second time, and panics if that fails.
#[test]
fn strange_hosts_are_errors() {
    let hosts = [
        "1.2.3.256",
        "1.2.3.4.5",
        "a.1",
        "a.0x1",
        "0x",
        "a%41b",
        "a%zzb",
        "a!b",
        "a$b",
        "a&b",
        "a'b",
        "a(b)",
        "a*b",
        "a,b",
        "a;b",
        "a=b",
        "a+b",
        "~a",
        "[::1%25lo]",
        "[v1.a]",
        "xn--0",
        "xn--a.example",
        "..",
        ".",
    ];
    for host in hosts {
        let url = format!("https://{host}/");
        // A caller may use an internationalized name, which is valid then.
        if !host.starts_with("xn--") {
            fails(Client::builder(KEY).base_url(&url).build(), ErrorKind::InvalidInput);
        }
        let server = Server::script([Reply::text(302, "").with("location", url.clone())]);
        for client in clients(&server.url()) {
            fails(client.request(Method::Get, "/content").download(&mut Vec::new()), ErrorKind::InvalidResponse);
            if !host.starts_with("xn--") {
                fails(client.request(Method::Get, url.as_str()).send(), ErrorKind::InvalidInput);
            }
        }
    }
}
