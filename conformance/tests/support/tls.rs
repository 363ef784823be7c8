//! A TLS server with its own certificate.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::early::{Early, Script};
use super::wire::Talk;

impl Talk for StreamOwned<ServerConnection, TcpStream> {
    fn hang_up(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
        let _ = self.sock.shutdown(Shutdown::Write);
    }

    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

/// A self-signed certificate for `localhost`, and a server with it.
pub struct Identity {
    pub certificate: Vec<u8>,
    key: Vec<u8>,
    config: Arc<ServerConfig>,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl Identity {
    pub fn new() -> Self {
        Self::for_names(["localhost".to_owned()])
    }

    pub fn for_names<const N: usize>(names: [String; N]) -> Self {
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = made.signing_key.serialize_der();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], private_key(&key))
            .expect("a key that fits");
        Self { certificate: made.cert.der().to_vec(), key, config: Arc::new(config), handshakes: Arc::default() }
    }

    pub fn serve(&self, scripts: impl IntoIterator<Item = Script>) -> Early {
        let config = Arc::clone(&self.config);
        let handshakes = Arc::clone(&self.handshakes);
        Early::start_with("https://localhost", scripts, move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            let mut stream = StreamOwned::new(connection, stream);
            // The handshake, which fails here if the client doesn't trust the certificate.
            while stream.conn.is_handshaking() {
                stream.conn.complete_io(&mut stream.sock).ok()?;
            }
            handshakes.lock().unwrap().extend(stream.conn.handshake_kind());
            Some(Box::new(stream))
        })
    }

    /// Returns this identity with a server that accepts only clients with the certificate of another one.
    pub fn accepting_only(self, client: &Self) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(client.certificate.clone())).expect("a root");
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients.build().expect("a root is there"))
            .with_single_cert(vec![CertificateDer::from(self.certificate.clone())], private_key(&self.key))
            .expect("a key that fits");
        Self { config: Arc::new(config), ..self }
    }

    /// Returns this certificate with its key, for a client to present.
    pub fn client_cert(&self) -> ClientCert {
        let key = base64::engine::general_purpose::STANDARD.encode(&self.key);
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        let key = PrivateKey::from_pem(key.as_bytes()).expect("a key");
        ClientCert::new_with_certs(&[Certificate::from_der(&self.certificate).to_owned()], key)
    }

    /// Returns how the sessions began, in order.
    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.handshakes.lock().unwrap().clone()
    }

    /// Returns an agent that trusts the certificate.
    pub fn agent(&self) -> ureq::Agent {
        let root = Certificate::from_der(&self.certificate).to_owned();
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
        ureq::Agent::config_builder().tls_config(tls).build().new_agent()
    }
}

fn private_key(der: &[u8]) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))
}

/// A response with a profile.
pub fn profile() -> Vec<u8> {
    let body = r#"{"id":"156","name":"builderman"}"#;
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads until the other side closes the connection.
pub fn drain(stream: &mut impl Read) {
    let mut chunk = [0; 4096];
    while matches!(stream.read(&mut chunk), Ok(1..)) {}
}
