//! TLS is on and verified.
#![cfg(feature = "rustls")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rblxopencloud::{Client, ErrorKind, RetryPolicy};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A service with a certificate that nobody vouches for.
struct TlsServer {
    url: String,
    certificate: Vec<u8>,
    /// Requests whose bytes could be read.
    requests: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let certificate = made.cert.der().to_vec();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a key that fits");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
        let requests = Arc::new(AtomicUsize::new(0));
        let (config, counter) = (Arc::new(config), Arc::clone(&requests));
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(connection, socket);
                // The handshake happens in the first read, and fails there if the client doesn't trust the certificate.
                if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let body = r#"{"id":"156","name":"builderman","displayName":"Builderman"}"#;
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    let _ = stream.flush();
                }
            }
        });
        Self { url, certificate, requests }
    }
}

#[test]
fn an_untrusted_certificate_is_refused_before_the_key_is_sent() {
    let server = TlsServer::start();
    let client = Client::builder("secret-key").base_url(&server.url).retry(RetryPolicy::none()).build().expect("fine");
    let error = client.user(156).fetch_info().expect_err("nobody vouches for it");
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(!error.is_retryable(), "another try meets the same certificate");
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
}

#[test]
fn a_callers_own_agent_brings_its_own_roots() {
    let server = TlsServer::start();
    let root = Certificate::from_der(&server.certificate).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    let agent = ureq::Agent::config_builder().tls_config(tls).build().new_agent();
    let client = Client::builder("secret-key").base_url(&server.url).agent(agent).build().expect("fine");
    assert_eq!(client.user(156).fetch_info().expect("trusted").username, "builderman");
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}
