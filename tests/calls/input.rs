//! Invalid settings are refused before anything is sent.

use std::time::Duration;

use rblxopencloud::store::{CreatorStoreProductType, StoreProductUpdate};
use rblxopencloud::{Client, Credentials, ErrorKind, OperationName, User};
use serde_json::json;

use crate::support::{self, KEY, Reply, Server, USER, fails, free_address, within};

const SOON: Duration = Duration::from_secs(10);

fn bad_secrets() -> Vec<String> {
    let mut bad: Vec<String> = ["", " ", "key ", " key", "a key", "kéy", "key\u{feff}"].map(str::to_owned).into();
    let controls = (0..32).chain([127]).map(char::from);
    bad.extend(controls.flat_map(|c| [format!("key{c}"), format!("{c}key"), format!("k{c}ey"), c.to_string()]));
    bad
}

#[test]
fn invalid_secrets_are_refused_by_build() {
    let server = Server::script([Reply::text(200, "{}")]);
    for secret in bad_secrets() {
        for credentials in [Credentials::api_key(&*secret), Credentials::access_token(&*secret)] {
            let error = fails(Client::builder(credentials).base_url(server.url()).build(), ErrorKind::InvalidInput);
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            assert!(!error.is_retryable() && !error.outcome_unknown());
        }
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn invalid_secrets_are_refused_by_the_first_call() {
    for secret in bad_secrets() {
        let user = User::new(USER, secret);
        within(SOON, move || {
            fails(user.fetch_info(), ErrorKind::InvalidInput);
            let mut items = user.list_inventory();
            fails(items.next().expect("an error"), ErrorKind::InvalidInput);
            assert!(items.next().is_none());
            fails(user.list_groups().next().expect("an error"), ErrorKind::InvalidInput);
            fails(user.client().operation("operations/1".parse().expect("a name")).wait(), ErrorKind::InvalidInput);
        });
    }
}

#[test]
fn unsafe_base_urls_are_refused() {
    for url in [
        "",
        " ",
        "/",
        "apis.roblox.com",
        "127.0.0.1:4000",
        "localhost:4000",
        "http://",
        "https://",
        "http:///path",
        "https://:443",
        "//127.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "ws://127.0.0.1",
        "https://exa mple.com",
        "https://example.com\r\nx: y",
        // Plain HTTP to another machine, in disguise or not.
        "http://apis.roblox.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[2001:db8::1]",
        "http://localhost.example.com",
        "http://localhost..",
        "http://.localhost",
        "http://notlocalhost",
        "http://[::ffff:127.0.0.1]",
        "http://2130706433",
        "http://0x7f.1",
        "http://127.0.0.1.example.com",
        "http://example.com/127.0.0.1",
        "http://example.com:80",
        // A user, a query, a fragment.
        "https://user@apis.roblox.com",
        "https://user:password@apis.roblox.com",
        "http://127.0.0.1@example.com",
        "http://user:password@127.0.0.1",
        "https://apis.roblox.com?key=value",
        "https://apis.roblox.com/?",
        "https://apis.roblox.com/#here",
    ] {
        let refused = within(SOON, move || Client::builder(KEY).base_url(url).build());
        let error = fails(refused, ErrorKind::InvalidInput);
        assert!(!error.to_string().contains("password"), "{error}");
        assert!(!error.to_string().contains(['\r', '\n']), "{error:?}");
    }
}

/// The key is given as the URL, or as its host.
#[test]
fn a_key_in_the_base_url_is_neither_shown_nor_looked_up() {
    for key in [
        "zq7WvK3xJm9Rt5Yb2Hc8Lp4Nd6Gf1Szq7WvK3",
        "zq7Wv+K3/xJm9Rt5Yb2Hc8Lp4Nd6Gf1S==",
        "eyJhbGciOi.JSUzI1NiIs.ImtpZCI6",
    ] {
        for credentials in [Credentials::api_key(key), Credentials::access_token(key)] {
            for url in [
                key.to_owned(),
                format!("http://{key}"),
                format!("https://{key}"),
                format!("https://{}", key.to_lowercase()),
                format!("{key}.example"),
                format!("http://{key}.example"),
                format!("https://{key}.example:443/path"),
                format!("https://host.example/{key}"),
                format!("https://{key}@host.example"),
                format!("ftp://{key}"),
                format!("http://{key}:0"),
                format!("http://host.example:{key}"),
                format!("https://host.example?{key}"),
            ] {
                let builder = Client::builder(credentials.clone()).base_url(&*url);
                let shown = format!("{builder:?} {builder:#?}");
                let error = fails(builder.build(), ErrorKind::InvalidInput);
                let shown = format!("{shown} {error} {error:?}").to_lowercase();
                assert!(
                    !shown.contains(&key.to_lowercase()) && !shown.contains(&key.to_lowercase()[..8]),
                    "{url}: {shown}"
                );
            }
        }
    }
    // Words that happen to be parts of the URL are fine.
    for key in ["key", "api", "roblox", "a", "localhost"] {
        Client::builder(key).build().expect("it is a key");
        Client::builder(key).base_url("http://localhost:4000").build().expect("it is a key");
    }
}

#[test]
fn valid_base_urls_are_accepted() {
    for url in [
        "https://apis.roblox.com",
        "https://apis.roblox.com/",
        "https://apis.roblox.com:8443",
        "https://proxy.example.com/roblox",
        "http://127.0.0.1:4000",
        "http://127.1.2.3",
        "http://localhost:4000/",
        "http://LOCALHOST",
        "http://localhost.:4000",
        "http://sandbox.localhost:4000",
        "https://host_1.example.com.",
        "https://10.0.0.1",
        "http://[::1]:4000",
    ] {
        let client = Client::builder(KEY).base_url(url).build().unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(client.base_url(), url.trim_end_matches('/'));
    }
}

#[test]
fn a_base_url_may_have_a_path_and_a_slash_at_its_end() {
    let server = Server::script([Reply::text(200, "{\"id\":\"156\"}")]);
    for (end, path) in [("", ""), ("/", ""), ("/proxy", "/proxy"), ("/proxy/", "/proxy")] {
        let client = Client::builder(KEY).base_url(format!("{}{end}", server.url())).build().expect("it is good");
        let _ = client.user(USER).fetch_info().expect("the profile is good");
        let target = server.requests().pop().expect("a request").target;
        assert_eq!(target, format!("{path}/cloud/v2/users/{USER}"));
    }
}

#[test]
fn settings_are_refused_in_words_of_settings() {
    let refused = [
        Client::builder("two words").build(),
        Client::builder(KEY).base_url("http://elsewhere.example").build(),
        Client::builder(KEY).base_url("https://host.example/a/../b").build(),
        Client::builder(KEY).base_url("https://host.example/%2e%2e").build(),
        Client::builder(KEY).user_agent("a\r\nx: y").build(),
    ];
    for outcome in refused {
        let line = fails(outcome, ErrorKind::InvalidInput).to_string();
        assert!(line.starts_with("invalid setting: ") && !line.contains("nothing was sent"), "{line}");
    }
    // A call that is not made because of them is another matter.
    let error = fails(User::new(USER, "two words").fetch_info(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("nothing was sent: "), "{error}");
}

#[test]
fn values_that_would_change_the_path_are_refused() {
    let server = Server::script([Reply::ok(&json!({ "path": "x" }))]);
    let client = server.client();
    for value in ["x/../../users/1?", "x/y", "..\\x", "a/", "/", "x\\y"] {
        let asset = client.asset(5);
        let product_type = CreatorStoreProductType::from(value);
        let update = StoreProductUpdate::new().published(true);
        fails(asset.fetch_store_product(&product_type), ErrorKind::InvalidInput);
        fails(asset.update_store_product(&product_type, &update), ErrorKind::InvalidInput);
    }
    for value in ["", ".", "..", "x/../../users/1?", "../..", "x/y", "..\\x"] {
        fails(client.user(USER).fetch_subscription(1, value), ErrorKind::InvalidInput);
        assert!(format!("operations/{value}").parse::<OperationName>().is_err(), "{value}");
        assert!(format!("users/{value}/operations/1").parse::<OperationName>().is_err(), "{value}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn invalid_user_agents_are_refused() {
    for user_agent in ["a\r\nx: y", "a\0"] {
        let builder = Client::builder(KEY).base_url("http://127.0.0.1:1").user_agent(user_agent);
        fails(builder.build(), ErrorKind::InvalidInput);
    }
}

#[test]
fn refused_connections_are_errors() {
    let url = format!("http://{}", free_address());
    let client = Client::builder(KEY).base_url(url).retry(support::hasty()).build().expect("the settings are good");
    let error = fails(within(SOON, move || client.user(USER).fetch_info()), ErrorKind::Connection);
    assert!(error.is_retryable() && !error.outcome_unknown());
}

#[test]
fn silent_servers_time_out() {
    let server = Server::script([Reply::Stall]);
    let limit = Duration::from_millis(50);
    let builder = server
        .builder()
        .retry(rblxopencloud::RetryPolicy::none())
        .timeouts(rblxopencloud::Timeouts::new().attempt(limit));
    let client = builder.build().expect("the settings are good");
    fails(within(SOON, move || client.user(USER).fetch_info()), ErrorKind::Timeout);
}

/// Which settings of a custom agent are used, as the documentation of `ClientBuilder::agent` tells.
#[test]
fn settings_of_custom_agents_are_used_ignored_or_refused() {
    use ureq::config::IpFamily;
    use ureq::middleware::MiddlewareNext;
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::DefaultConnector;
    use ureq::{Agent, SendBody, http};

    let mark = |mut request: http::Request<SendBody>, next: MiddlewareNext| {
        request.headers_mut().insert("x-mark", http::HeaderValue::from_static("mark"));
        next.handle(request)
    };
    let config = || Agent::config_builder().proxy(None);
    let server = Server::script([Reply::text(200, "{\"id\":\"156\"}"), Reply::text(302, "").with("location", "/a")]);
    let builder = |agent: Agent| server.builder().retry(rblxopencloud::RetryPolicy::none()).agent(agent);
    let user = |agent: Agent| builder(agent).build().expect("the settings are good").user(USER);

    let ignored = config()
        .user_agent("other")
        .accept("text/html")
        .accept_encoding("br")
        .http_status_as_error(true)
        .max_redirects(10)
        .max_response_header_size(1)
        .timeout_global(Some(Duration::from_nanos(1)))
        .timeout_recv_body(Some(Duration::from_nanos(1)));
    let own = user(ignored.middleware(mark).build().new_agent());
    let _ = own.fetch_info().expect("the profile is good");
    let error = own.fetch_info().expect_err("redirects aren't followed");
    assert_eq!(error.status(), Some(302), "{error}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.header("x-mark"), Some("mark"), "middleware is used");
        assert!(request.header("user-agent").is_some_and(|agent| agent.starts_with("rblxopencloud/")), "{request:?}");
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_ne!(request.header("accept-encoding"), Some("br"));
    }

    let error = fails(user(config().https_only(true).build().new_agent()).fetch_info(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("HTTPS") && !error.to_string().contains("127.0.0.1"), "{error}");
    let deletion = builder(config().https_only(true).build().new_agent()).build().expect("the settings are good");
    let error = fails(deletion.request(rblxopencloud::Method::Delete, "/a").send(), ErrorKind::InvalidInput);
    assert!(!error.outcome_unknown(), "nothing was sent: {error}");
    let error =
        fails(user(config().ip_family(IpFamily::Ipv6Only).build().new_agent()).fetch_info(), ErrorKind::Connection);
    assert!(error.to_string().contains("family"), "{error}");
    for refused in [
        Agent::with_parts(config().build(), DefaultConnector::new(), DefaultResolver::default()),
        config().input_buffer_size(0).build().new_agent(),
        config().output_buffer_size(1).build().new_agent(),
    ] {
        let error = fails(builder(refused).build(), ErrorKind::InvalidInput);
        assert_eq!(error.scope(), rblxopencloud::ErrorScope::Run, "{error}");
    }
    assert_eq!(server.count(), 2);
}

/// Built without TLS, an `https` URL must not be used without it.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn https_without_tls_is_refused_before_anything_is_sent() {
    use std::sync::{Arc, Mutex};
    let received = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&received);
    let server = support::Wire::start(move |connection| heads.lock().unwrap().extend(connection.head()));
    let url = server.url().replace("http://", "https://");
    let client = Client::builder(KEY).base_url(url).retry(support::hasty()).build().expect("the settings are good");
    for result in [client.user(USER).fetch_info().map(drop), client.request(rblxopencloud::Method::Delete, "/a").send()]
    {
        let error = fails(result, ErrorKind::Connection);
        assert!(error.to_string().contains("build with one of the features") && !error.outcome_unknown(), "{error}");
    }
    drop(client);
    assert!(received.lock().unwrap().is_empty());
}
