//! What can become of an attempt, and what is said of it.

use std::time::Duration;

use ureq::Timeout;

use super::body::ReadProblem;
use super::net::{Failure, ProxyReason, untrusted};
use super::request::Request;
use super::timeouts::Timeouts;
use crate::call::OperationName;
use crate::credentials::Scheme;
use crate::error::{Asked, Error, ErrorKind, Outcome, ServiceError, classify};
use crate::rate_limit::Limits;

/// Why a good answer could not be read.
#[derive(Debug)]
pub(crate) enum Undecodable {
    Json(serde_json::Error),
    /// The result of an operation, whose name could be read.
    Operation(OperationName, serde_json::Error),
    /// A 200 whose body is an error.
    Service(ServiceError),
}

impl Undecodable {
    pub(crate) fn of_operation(name: Option<OperationName>, problem: serde_json::Error) -> Self {
        match name {
            Some(name) => Self::Operation(name, problem),
            None => Self::Json(problem),
        }
    }
}

impl From<serde_json::Error> for Undecodable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// No answer came.
pub(super) fn broken_exchange(
    timeouts: &Timeouts,
    subject: String,
    error: ureq::Error,
    upload: Option<u64>,
    limit: Duration,
) -> Error {
    let lost = |what: &str, error: &dyn std::error::Error| {
        Error::new(ErrorKind::Connection, subject.as_str()).explain(format!("{what}: {error}"))
    };
    let late = |passed: Timeout| timeouts.explain(passed, upload, limit);
    let unsendable = |problem: String| Error::invalid_input(format!("the request can't be sent: {problem}"));
    match error {
        ureq::Error::Timeout(passed) => Error::new(ErrorKind::Timeout, subject).explain(late(passed)).passing(),
        ureq::Error::Other(other) => match other.downcast::<Failure>() {
            Ok(failure) => lost_connection(subject, *failure, late),
            Err(other) => lost("the connection failed", &*other),
        },
        ureq::Error::Io(error) => match untrusted(&error) {
            Some((_, unknown_issuer)) => lost("the certificate of the service is not trusted", &error)
                .advise(certificate_advice(unknown_issuer))
                .concerning_run(),
            None => lost("the connection broke", &error).caused_by(error).passing(),
        },
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::BodyStalled => lost("the connection failed", &error).caused_by(error).passing(),
        ureq::Error::Protocol(error) if is_of_request(&error) => {
            unsendable(format!("its address or a header is too long or malformed ({error}); split what is asked for"))
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            Error::invalid_response(subject, format!("invalid HTTP response: {error}")).caused_by(error)
        }
        #[cfg(feature = "gzip")]
        ureq::Error::Decompress(_, error) => {
            Error::invalid_response(subject, format!("the answer could not be unpacked: {error}"))
                .caused_by(error)
                .passing()
        }
        ureq::Error::Http(error) => unsendable(error.to_string()),
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) | ureq::Error::InvalidProxyUrl => {
            unsendable(error.to_string())
        }
        ureq::Error::TlsRequired | ureq::Error::Tls(_) => lost("no TLS connection", &error)
            .advise("build with one of the features rustls, native-tls or platform-verifier")
            .caused_by(error),
        error => lost("the connection failed", &error).caused_by(error),
    }
}

/// The connection could not be made, or broke before an answer.
fn lost_connection(subject: String, failure: Failure, late: impl Fn(Timeout) -> String) -> Error {
    let lost = |what: String| Error::new(ErrorKind::Connection, subject.as_str()).explain(what);
    let words = failure.to_string();
    match failure {
        Failure::LookUp { error, .. } | Failure::Connect { error, .. } => lost(words).caused_by(error).passing(),
        Failure::BrokeBeforeBody(error) | Failure::BrokeWhileSending(error) => lost(words).caused_by(error).passing(),
        Failure::Late { to, passed } => {
            Error::new(ErrorKind::Timeout, subject).explain(format!("{} ({to})", late(passed))).passing()
        }
        Failure::Certificate { unknown_issuer, .. } => {
            lost(words).advise(certificate_advice(unknown_issuer)).concerning_run()
        }
        Failure::Tls { .. } => lost(words).passing(),
        Failure::Proxy(refusal) => match refusal.reason {
            ProxyReason::Login => lost(words)
                .advise(
                    "write the user name and the password into the variable that names the proxy: \
                     http://user:password@host:port",
                )
                .concerning_run(),
            ProxyReason::Rules => lost(words).concerning_run(),
            ProxyReason::Passing => lost(words).passing(),
        },
    }
}

fn certificate_advice(unknown_issuer: bool) -> &'static str {
    if unknown_issuer && !cfg!(feature = "platform-verifier") {
        "if a proxy or a virus scanner of this network signs certificates, build with the feature platform-verifier, \
         which trusts what the operating system trusts, or hand in an agent with that root"
    } else {
        "check the clock of this machine and the base URL, and who signed the certificate"
    }
}

/// Whether ureq could not write the request, in contrast to read the answer. It has one type for both, and no name for it.
fn is_of_request(error: &impl std::fmt::Debug) -> bool {
    let name = format!("{error:?}");
    [
        "OutputOverflow",
        "MethodVersionMismatch",
        "TooManyHostHeaders",
        "BadHostHeader",
        "BadAuthorizationHeader",
        "BodyNotAllowed",
        "BodyLargerThanContentLength",
    ]
    .iter()
    .any(|known| name.starts_with(known))
}

/// A good answer is packed in a way that nobody asked for.
pub(super) fn packed(request: &Request<'_>, packing: &str) -> Error {
    let error = Error::invalid_response(request.subject(), format!("the answer can't be unpacked: {packing}"))
        .with_unknown_outcome(!request.only_reads());
    if packing.contains("gzip") && !cfg!(feature = "gzip") {
        error.advise("build with the feature gzip")
    } else {
        error
    }
}

/// The head of a good answer came, but not its body.
pub(super) fn broken_answer(
    timeouts: &Timeouts,
    request: &Request<'_>,
    status: u16,
    problem: ReadProblem,
    limit: Duration,
) -> Error {
    let subject = request.subject();
    let error = match problem {
        ReadProblem::TooLarge(bound) => Error::invalid_response(
            subject,
            format!("the answer is larger than {bound} bytes, which no answer of the service is"),
        ),
        ReadProblem::Read(ureq::Error::Io(error)) => Error::new(ErrorKind::Connection, subject)
            .explain(format!("the connection broke in the middle of the answer: {error}"))
            .caused_by(error)
            .passing(),
        ReadProblem::Read(error) => broken_exchange(timeouts, subject, error, request.upload_size(), limit),
    };
    error.with_status(status).with_unknown_outcome(!request.only_reads())
}

/// The service answered with a status that says no.
pub(super) fn refusal(scheme: Scheme, request: &Request<'_>, status: u16, limits: Limits, body: &[u8]) -> Error {
    let said = ServiceError::from_body(body);
    let pause = match status {
        429 => limits.pause(),
        _ => limits.retry_after,
    };
    let asked = Asked {
        endpoint: request.endpoint,
        moment: request.moment(),
        by_key: scheme == Scheme::ApiKey,
        echoes: request.echoes,
    };
    let verdict = classify(&asked, Outcome::Status { status, pause }, &said);
    let error = Error::refused(verdict, request.subject(), said).with_status(status).with_retry_after(pause);
    if (300..400).contains(&status) {
        return error.explain("a redirect; redirects are never followed, because the key would go to another place");
    }
    error
}

/// A good answer came whole, and says nothing that makes sense.
pub(super) fn undecodable(request: &Request<'_>, body: &[u8], problem: Undecodable) -> Error {
    let (problem, accepted) = match problem {
        Undecodable::Operation(name, problem) => (Undecodable::Json(problem), Some(name)),
        problem => (problem, None),
    };
    let json = crate::json::from_slice(body).ok();
    let problem = match (problem, json.as_ref().and_then(ServiceError::from_json)) {
        // An error in the place of a model.
        (Undecodable::Json(_), Some(said)) if said.message.is_some() => Undecodable::Service(said),
        (problem, _) => problem,
    };
    let error = match problem {
        Undecodable::Json(json) | Undecodable::Operation(_, json) => {
            let error = Error::invalid_response(request.subject(), unreadable(body, &json));
            // Without a length, a truncated answer shows only here.
            let error = if json.is_eof() { error.passing() } else { error };
            error.caused_by(json)
        }
        Undecodable::Service(said) => Error::service(ErrorKind::InvalidResponse, request.subject(), said)
            .explain("an error came with a status that says success"),
    };
    error.with_unknown_outcome(!request.only_reads()).about_operation(accepted)
}

/// Says what came in place of the JSON that was expected.
fn unreadable(body: &[u8], json: &serde_json::Error) -> String {
    let begin = String::from_utf8_lossy(&body[..body.len().min(256)]).trim_start().to_ascii_lowercase();
    if body.iter().all(u8::is_ascii_whitespace) {
        "the response is empty; expected JSON".to_owned()
    } else if ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| begin.starts_with(mark)) {
        let words = ServiceError::from_body(body).message.unwrap_or_default();
        format!("the response is a web page, not JSON: {words}")
    } else if begin.starts_with('<') {
        "the response is XML, not JSON".to_owned()
    } else if !matches!(begin.chars().next(), Some('{' | '[' | '"' | '-' | '0'..='9' | 't' | 'f' | 'n')) {
        format!("the response isn't JSON: {json}")
    } else {
        format!("the response isn't what the service sends: {json}")
    }
}
