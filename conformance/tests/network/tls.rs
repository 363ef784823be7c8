//! TLS is used and verified, and a network failure isn't reported as an untrusted certificate.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rblxopencloud::oauth2::TokenSet;
use rblxopencloud::{AssetFile, Client, Error, ErrorKind, ErrorScope, Method, OAuth2App, RetryPolicy, User};
use rustls::HandshakeKind;

use crate::support::early::{AFTERS, After, Early, Script, When, refusal, taken};
use crate::support::tls::{Identity, drain, profile};
use crate::support::{KEY, USER, fails, hasty, noise, upload, within};

const AT_ONCE: Duration = Duration::from_secs(15);
const KIB: usize = 1024;

fn answering() -> Script {
    Script::new(When::AtOnce, profile(), After::ReadOn)
}

fn trusting(identity: &Identity, server: &Early) -> Client {
    server.builder().agent(identity.agent()).retry(RetryPolicy::none()).build().expect("the settings are good")
}

fn user_of(url: &str) -> User {
    Client::builder(KEY).base_url(url).retry(hasty()).build().expect("the settings are good").user(USER)
}

#[test]
fn an_untrusted_certificate_is_refused_before_the_key_is_sent() {
    for (identity, advice) in [
        (Identity::new(), !cfg!(feature = "platform-verifier")),
        (Identity::for_names(["elsewhere.example".to_owned()]), !cfg!(feature = "platform-verifier")),
    ] {
        let server = identity.serve([answering()]);
        let error = fails(user_of(&server.url).fetch_info(), ErrorKind::Connection);
        assert!(error.to_string().contains("certificate") && error.to_string().contains("localhost"), "{error}");
        assert_eq!(error.to_string().contains("platform-verifier"), advice, "{error}");
        assert!(!error.is_retryable(), "another try meets the same certificate");
        assert_eq!(error.scope(), ErrorScope::Run, "{error}");
        assert!(server.heads().is_empty());
    }
}

#[test]
fn signed_in_users_share_the_tls_sessions() {
    let identity = Identity::new();
    let server = identity.serve([Script::new(When::AtOnce, profile(), After::HangUp)]);
    let app = OAuth2App::new("42", "https://app.example/callback").client(&trusting(&identity, &server));
    for number in 0..20 {
        let tokens = TokenSet::from_access_token(format!("token-{number}"), "2100-01-01T00:00:00Z".parse().unwrap());
        let client = app.access_token(tokens).client();
        assert_eq!(client.user(USER).fetch_info().expect("trusted").username, "builderman");
        // Its session ticket has arrived, and the connection has ended.
        thread::sleep(Duration::from_millis(20));
    }
    let handshakes = identity.handshakes();
    let whole = handshakes.iter().filter(|kind| !matches!(kind, HandshakeKind::Resumed)).count();
    assert!(handshakes.len() >= 20 && whole <= 2, "{handshakes:?}");
    let tokens: BTreeSet<String> = server.heads().iter().filter_map(|head| bearer(head)).collect();
    assert_eq!(tokens.len(), 20);
}

/// A response without a length ends with the connection. Without a TLS closure alert, something may be missing.
#[test]
fn a_download_without_a_length_ends_only_with_a_closure_alert() {
    let identity = Identity::new();
    let fetch = |answer: &str, after| {
        let server = identity.serve([Script::new(When::AtOnce, answer, after)]);
        let client = trusting(&identity, &server);
        let mut content = Vec::new();
        let downloaded = client.request(Method::Get, "/content").download(&mut content).map(|_| content);
        (downloaded, client.user(USER).fetch_info())
    };
    let answer = "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"156\",\"name\":\"builderman\"}";
    let (downloaded, info) = fetch(answer, After::HangUp);
    assert!(answer.as_bytes().ends_with(&downloaded.expect("it is complete")));
    assert_eq!(info.expect("it is complete").username, "builderman");
    let (downloaded, info) = fetch(answer, After::Reset);
    fails(downloaded, ErrorKind::Connection);
    // JSON tells itself whether it is whole.
    assert_eq!(info.expect("it is complete").username, "builderman");
    let (_, info) = fetch(&answer[..answer.len() - 3], After::Reset);
    fails(info, ErrorKind::InvalidResponse);
}

fn bearer(head: &str) -> Option<String> {
    head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ").map(str::to_owned))
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let identity = Identity::for_names(["elsewhere.example".to_owned()]);
    let server = identity.serve([answering()]);
    let error = fails(trusting(&identity, &server).user(USER).fetch_info(), ErrorKind::Connection);
    assert!(error.to_string().contains("certificate") && !error.is_retryable(), "{error}");
    assert!(server.heads().is_empty());
}

#[test]
fn custom_agents_bring_their_roots() {
    let identity = Identity::new();
    let server = identity.serve([answering()]);
    assert_eq!(trusting(&identity, &server).user(USER).fetch_info().expect("trusted").username, "builderman");
    assert_eq!(server.heads().len(), 1);
}

/// The TLS settings of an agent are prepared for its first connection and used for all of them.
#[test]
fn each_client_has_the_tls_settings_of_its_own_agent() {
    let identities = [Identity::new(), Identity::new()];
    let servers =
        identities.each_ref().map(|identity| identity.serve([Script::new(When::AtOnce, profile(), After::HangUp)]));
    for first in [0, 1] {
        let clients = [0, 1].map(|own| {
            [0, 1].map(|other| {
                let builder = servers[other].builder().agent(identities[own].agent()).retry(RetryPolicy::none());
                builder.build().expect("the settings are good")
            })
        });
        // The order doesn't matter, and neither do connections that were made before.
        for _ in 0..2 {
            for own in [first, 1 - first] {
                for other in [first, 1 - first] {
                    let result = clients[own][other].user(USER).fetch_info();
                    assert_eq!(result.is_ok(), own == other, "{result:?}");
                }
            }
        }
    }
    // One agent in two clients is still one set of settings.
    let agent = identities[0].agent();
    let trusted = servers[0].builder().agent(agent.clone()).build().expect("the settings are good");
    let other = servers[1].builder().agent(agent).retry(RetryPolicy::none()).build().expect("the settings are good");
    let _ = trusted.user(USER).fetch_info().expect("trusted");
    fails(other.user(USER).fetch_info(), ErrorKind::Connection);
}

/// A server that calls `act` with each connection.
fn server(act: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(act));
    format!("https://localhost:{port}")
}

#[test]
fn broken_handshakes_are_retried() {
    type Act = fn(TcpStream);
    let cut: [(&str, Act); 5] = [
        ("closed at once", drop),
        ("closed after the first bytes", |mut stream| drop(stream.read(&mut [0; 100]))),
        ("garbage", |mut stream| {
            let _ = stream.read(&mut [0; 100]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }),
        ("an alert", |mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
            drain(&mut stream);
        }),
        ("half a record", |mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[22, 3, 3, 2, 0, 1]);
        }),
    ];
    for (what, act) in cut {
        let error = fails(user_of(&server(act)).fetch_info(), ErrorKind::Connection);
        assert!(!error.to_string().contains("certificate"), "{what}: {error}");
        assert!(error.is_retryable() && error.scope() == ErrorScope::Later, "{what}: {error}");
        assert!(error.to_string().contains("tried 5 times"), "{what}: {error}");
        assert!(error.to_string().contains("localhost"), "{what}: {error}");
    }
}

#[test]
fn client_certificates_of_an_agent_are_presented() {
    let client = Identity::new();
    let identity = Identity::new().accepting_only(&client);
    let server = identity.serve([Script::new(When::AtOnce, profile(), After::HangUp)]);
    let tls = identity.agent().config().tls_config().clone();
    let root_certs = || tls.root_certs().clone();
    for (certificate, is_accepted) in
        [(Some(client.client_cert()), true), (None, false), (Some(Identity::new().client_cert()), false)]
    {
        let tls = ureq::tls::TlsConfig::builder().root_certs(root_certs()).client_cert(certificate).build();
        let agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
        let client = server.builder().agent(agent).retry(RetryPolicy::none()).build().expect("the settings are good");
        let result = client.user(USER).fetch_info();
        assert_eq!(result.is_ok(), is_accepted, "{result:?}");
    }
    assert_eq!(server.heads().len(), 1);
}

/// Pinning, a way through Tor and the like would be skipped, and the key sent in another way than was configured.
#[test]
fn agents_with_connectors_of_their_own_are_refused() {
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};
    #[derive(Debug)]
    struct Pinning(DefaultConnector);

    impl Connector for Pinning {
        type Out = Box<dyn Transport>;

        fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, ureq::Error> {
            self.0.connect(details, None)
        }
    }

    let identity = Identity::new();
    let server = identity.serve([answering()]);
    let config = identity.agent().config().clone();
    let pinning = Pinning(DefaultConnector::new());
    let agent = ureq::Agent::with_parts(config, pinning, DefaultResolver::default());
    let error = fails(server.builder().agent(agent).build(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("connector") && error.scope() == ErrorScope::Run, "{error}");
    assert!(server.heads().is_empty());

    // An ordinary agent is accepted, also after it was used, and with cookies.
    let agent = identity.agent();
    agent.get(&server.url).call().expect("it is answered");
    let uri = server.url.parse().expect("it is a URL");
    let cookie = ureq::Cookie::parse("a=b; Path=/", &uri).expect("a cookie");
    agent.cookie_jar_lock().insert(cookie, &uri).expect("it is for this host");
    let client = server.builder().agent(agent).build().expect("the settings are good");
    let _ = client.user(USER).fetch_info().expect("trusted");
    assert!(server.heads().iter().all(|head| !head.contains("cookie")), "{:?}", server.heads());
}

#[test]
fn failed_connections_name_the_host_and_port() {
    let unused = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    for (scheme, host) in [("https", "localhost"), ("http", "localhost"), ("http", "127.0.0.1")] {
        let error = fails(user_of(&format!("{scheme}://{host}:{unused}")).fetch_info(), ErrorKind::Connection);
        let line = error.to_string();
        assert!(line.contains(&format!("{host}:{unused}")) && line.to_lowercase().contains("refused"), "{line}");
        assert!(error.is_retryable(), "{error}");
    }
}

fn upload_of(client: &Client, size: usize) -> Result<(), Error> {
    let client = client.clone();
    within(AT_ONCE, move || upload(&client.user(USER), AssetFile::from_bytes("a.png", noise(size))).map(drop))
}

#[test]
fn early_refusals_over_tls_are_returned_at_once() {
    let identity = Identity::new();
    for size in [KIB, 900 * KIB, 1024 * KIB, 8 * 1024 * KIB] {
        for after in AFTERS {
            for when in [When::AtOnce, When::After(64 * KIB)] {
                for status in [401, 413] {
                    let server = identity.serve([Script::new(when, refusal(status, r#"{"message":"words"}"#), after)]);
                    let what = format!("{status} to {size} bytes, {when:?}, then {after:?}");
                    let error = upload_of(&trusting(&identity, &server), size).expect_err(&what);
                    assert_eq!((error.status(), error.message()), (Some(status), Some("words")), "{what}: {error}");
                    assert!(!error.outcome_unknown(), "{what}: {error}");
                }
            }
        }
    }
}

#[test]
fn informational_responses_over_tls_are_skipped() {
    let identity = Identity::new();
    let before = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\ndate: x\r\n\r\n";
    for size in [KIB, 3 * 1024 * KIB] {
        let script = Script::new(When::After(usize::MAX), taken(), After::ReadOn).saying_first(before);
        let server = identity.serve([script]);
        upload_of(&trusting(&identity, &server), size).unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(server.connections(), 1);
        assert!(server.bodies()[0] >= size);
    }
    let refused = Script::new(When::AtOnce, refusal(417, ""), After::Keep);
    let server = identity.serve([refused, Script::new(When::After(usize::MAX), taken(), After::ReadOn)]);
    upload_of(&trusting(&identity, &server), 2048 * KIB).expect("it is sent without the question");
}
