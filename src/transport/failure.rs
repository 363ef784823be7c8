//! What can become of an attempt, and what is said of it.

use std::time::Duration;

use ureq::Timeout;

use super::body::ReadProblem;
use super::net::{Failure, ProxyReason, untrusted};
use super::request::Request;
use super::timeouts::Timeouts;
use crate::credentials::Scheme;
use crate::error::{Error, ErrorKind, ServiceError};
use crate::rate_limit::{Endpoint, Limits};

/// Why a good answer could not be read.
#[derive(Debug)]
pub(crate) enum Undecodable {
    Json(serde_json::Error),
    /// A 200 whose body is an error.
    Service(ServiceError),
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
    let kind = match status {
        400 | 413 | 415 | 422 => ErrorKind::InvalidArgument,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::UnexpectedStatus,
    };
    let said = ServiceError::from_body(body);
    // A limit that says when it ends is one of the minute; a quota is one of the day or the month.
    let is_quota = status == 429 && limits.pause().is_none() && said.names_a_quota();
    let kind = if is_quota { ErrorKind::QuotaExhausted } else { kind };
    let advice = advice(request, scheme, status, &said);
    let pause = match status {
        429 => limits.pause(),
        _ => limits.retry_after,
    };
    // A redirect can be the way to the result of what was done.
    let says_nothing = kind == ErrorKind::Server || matches!(status, 302 | 303 | 408 | 499);
    let unknown = request.may_have_arrived() && says_nothing;
    let mut error = Error::service(kind, request.subject(), said)
        .with_status(status)
        .with_retry_after(pause)
        .with_unknown_outcome(unknown);
    if !is_quota && matches!(status, 408 | 429 | 500 | 502 | 503 | 504) {
        error = error.passing();
    }
    if (300..400).contains(&status) {
        error = error.explain("a redirect, which is never followed: the key would go to another place");
    }
    match advice {
        Some(advice) => error.advise(advice),
        None => error,
    }
}

/// A good answer came whole, and says nothing that makes sense.
pub(super) fn undecodable(request: &Request<'_>, body: &[u8], problem: Undecodable) -> Error {
    let json = serde_json::from_slice(body).ok();
    let problem = match (problem, json.as_ref().and_then(ServiceError::from_json)) {
        // An error in the place of a model.
        (Undecodable::Json(_), Some(said)) if said.message.is_some() => Undecodable::Service(said),
        (problem, _) => problem,
    };
    let error = match problem {
        Undecodable::Json(json) => {
            let error =
                Error::invalid_response(request.subject(), format!("the answer is not what the service sends: {json}"));
            // Without a length, a truncated answer shows only here.
            let error = if json.is_eof() { error.passing() } else { error };
            error.caused_by(json)
        }
        Undecodable::Service(said) => Error::service(ErrorKind::InvalidResponse, request.subject(), said)
            .explain("an error came with a status that says success"),
    };
    error.with_unknown_outcome(!request.only_reads())
}

/// What to do about a refusal, where that is known.
fn advice(request: &Request<'_>, scheme: Scheme, status: u16, said: &ServiceError) -> Option<String> {
    let needs = |scope: &str| match scheme {
        Scheme::ApiKey => format!("give the key the scope {scope}"),
        Scheme::AccessToken => format!("ask for the scope {scope} when authorizing"),
    };
    match (status, request.endpoint) {
        // The gateway answers a key that it doesn't know with a list of errors; this code comes from behind it.
        (401, Endpoint::User | Endpoint::Inventory | Endpoint::Memberships)
            if scheme == Scheme::ApiKey && said.code.as_deref() == Some("UNAUTHENTICATED") =>
        {
            Some("a key that a group owns is not taken here: use a key of a user, or OAuth 2.0".to_owned())
        }
        (401, _) => Some(match scheme {
            Scheme::ApiKey => "check that the key is whole, enabled, not expired, and allowed from this address".into(),
            Scheme::AccessToken => "get a new access token: they last 15 minutes".into(),
        }),
        (403, Endpoint::Inventory) => Some(format!(
            "if the inventory is private, only its owner's key or authorization opens it: {}",
            needs(request.scope)
        )),
        (403, _) if !request.scope.is_empty() => Some(needs(request.scope)),
        (413, _) => Some("send a smaller file".to_owned()),
        (429, _) => Some("ask less often".to_owned()),
        _ => None,
    }
}
