//! Failures below HTTP. ureq passes them on inside [`ureq::Error::Other`].

use std::error::Error as StdError;
use std::fmt;
use std::io;

use ureq::Timeout;

/// Why a connection couldn't be made, or broke.
#[derive(Debug)]
pub(in crate::transport) enum Failure {
    /// The host name can't be resolved.
    LookUp { host: String, error: io::Error },
    /// No address of the host accepts a connection.
    Connect { to: String, error: io::Error },
    /// Resolving, connecting or the TLS handshake took too long.
    Late { to: String, passed: Timeout },
    /// The certificate of the host isn't trusted. A retry won't help.
    Certificate { host: String, problem: String, unknown_issuer: bool },
    /// Any other failure of a TLS handshake.
    Tls { host: String, problem: String },
    /// A proxy refused the connection.
    Proxy(ProxyRefusal),
    /// The connection broke while `100 Continue` was awaited. Nothing of the body was sent.
    BrokeBeforeBody(io::Error),
    /// The connection broke while the request was sent.
    BrokeWhileSending(io::Error),
    /// The connection broke during a response that only the end of the connection ends.
    BrokeAtEnd(io::Error),
    /// There were too many interim responses.
    Interim,
}

/// A proxy's refusal.
#[derive(Debug)]
pub(in crate::transport) struct ProxyRefusal {
    /// The proxy's URL, without its password.
    pub(in crate::transport) proxy: String,
    pub(in crate::transport) problem: String,
    pub(in crate::transport) reason: ProxyReason,
}

/// Why a proxy refused a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum ProxyReason {
    /// It requires a user name and password, or other ones.
    Login,
    /// Its rules don't allow the connection.
    Rules,
    /// A transient failure.
    Passing,
}

impl Failure {
    pub(in crate::transport) fn late(to: impl Into<String>, passed: Timeout) -> ureq::Error {
        Self::Late { to: to.into(), passed }.into()
    }
}

impl From<Failure> for ureq::Error {
    fn from(failure: Failure) -> Self {
        Self::Other(Box::new(failure))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookUp { host, error } => write!(f, "looking up {host} failed: {error}"),
            Self::Connect { to, error } => write!(f, "connecting to {to} failed: {error}"),
            Self::Late { to, .. } => write!(f, "no connection to {to} in time"),
            Self::Certificate { host, problem, .. } => write!(f, "the certificate of {host} is not trusted: {problem}"),
            Self::Tls { host, problem } => write!(f, "the TLS handshake with {host} failed: {problem}"),
            Self::Proxy(refusal) => {
                write!(f, "the proxy {} did not let the connection through: {}", refusal.proxy, refusal.problem)
            }
            Self::BrokeBeforeBody(error) => write!(f, "the connection broke before the body was sent: {error}"),
            Self::BrokeWhileSending(error) => write!(f, "the connection broke while the request was sent: {error}"),
            Self::BrokeAtEnd(error) => write!(f, "the connection broke during the response: {error}"),
            Self::Interim => f.write_str("too many interim responses, and no final one"),
        }
    }
}

impl StdError for Failure {}

/// Distinguishes an untrusted certificate from other failures of a TLS handshake.
pub(super) fn of_handshake(host: &str, error: ureq::Error) -> ureq::Error {
    let host = host.to_owned();
    let problem = match error {
        ureq::Error::Timeout(passed) => return Failure::late(host, passed),
        ureq::Error::Other(other) => return ureq::Error::Other(other),
        ureq::Error::Io(error) => {
            if let Some((problem, unknown_issuer)) = untrusted(&error) {
                return Failure::Certificate { host, problem, unknown_issuer }.into();
            }
            error.to_string()
        }
        #[cfg(feature = "native-tls")]
        ureq::Error::NativeTls(error) => {
            // Each platform library has its own error type, but their messages mention a certificate.
            let problem = error.to_string();
            let words = problem.to_ascii_lowercase();
            if words.contains("certificate") || words.contains("not trusted") {
                let unknown_issuer = words.contains("issuer") || words.contains("self") || words.contains("trust");
                return Failure::Certificate { host, problem, unknown_issuer }.into();
            }
            problem
        }
        // Settings that can't work, such as a TLS library that isn't compiled in.
        error @ (ureq::Error::TlsRequired | ureq::Error::Tls(_)) => return error,
        error => error.to_string(),
    };
    Failure::Tls { host, problem }.into()
}

/// Returns what is wrong with the certificate, and whether its issuer is unknown. `None` if the failure isn't about one.
#[cfg(feature = "rustls")]
pub(in crate::transport) fn untrusted(error: &io::Error) -> Option<(String, bool)> {
    use rustls::CertificateError;
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(problem) => {
            let self_signed = matches!(problem, CertificateError::Other(_));
            let unknown_issuer = self_signed || matches!(problem, CertificateError::UnknownIssuer);
            Some((problem.to_string(), unknown_issuer))
        }
        _ => None,
    }
}

#[cfg(not(feature = "rustls"))]
pub(in crate::transport) fn untrusted(_: &io::Error) -> Option<(String, bool)> {
    None
}
