//! What went wrong with an exchange, from the errors of ureq and of the connections.

use std::time::{Duration, Instant};

use ureq::Timeout;

use super::body::ReadProblem;
use super::net::{Failure, ProxyReason, untrusted};
use super::timeouts::Timeouts;
use crate::error::{Arrival, Error, Event, Problem, rounded};

/// Why an attempt failed.
pub(crate) enum Failed {
    /// The body of the request can't be read, so that the service can't have all of it.
    Local(Error),
    /// The exchange failed.
    Remote { arrival: Arrival, problem: Box<Problem> },
}

impl Failed {
    pub(super) fn remote(arrival: Arrival, problem: Problem) -> Self {
        Self::Remote { arrival, problem: Box::new(problem) }
    }

    /// A success that can't be used.
    pub(crate) fn accepted(problem: Problem) -> Self {
        Self::remote(Arrival::Accepted, problem)
    }
}

/// The time limits of an attempt.
#[derive(Clone, Copy)]
pub(super) struct Limit<'a> {
    pub(super) timeouts: &'a Timeouts,
    /// The size of the request's body.
    pub(super) upload: Option<u64>,
    pub(super) whole: Duration,
    pub(super) end: Instant,
}

/// Reads why there is no response.
pub(super) fn of_exchange(error: ureq::Error, limit: Limit<'_>) -> Problem {
    match error {
        ureq::Error::Timeout(passed) => Problem::new(late(passed), limit.explain(passed)),
        ureq::Error::Other(other) => match other.downcast::<Failure>() {
            Ok(failure) => of_connection(*failure, limit),
            Err(other) => Problem::new(Event::Unknown, format!("the connection failed: {other}")),
        },
        ureq::Error::Io(error) => match untrusted(&error) {
            Some((_, unknown_issuer)) => {
                let words = format!("the certificate of the service is not trusted: {error}");
                Problem::new(Event::Untrusted { unknown_issuer }, words)
            }
            None => Problem::new(Event::Broken, format!("the connection broke: {error}")).caused_by(error),
        },
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::ConnectProxyFailed(_) => {
            failed(Event::Unreachable, error)
        }
        ureq::Error::BodyStalled => failed(Event::Broken, error),
        ureq::Error::Protocol(error) if is_of_request(&error) => {
            unsendable(&format!("its URL or a header is too long or malformed ({error}); request less at once"))
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            Problem::new(Event::NotHttp, format!("invalid HTTP response: {error}")).caused_by(error)
        }
        #[cfg(feature = "gzip")]
        ureq::Error::Decompress(_, error) => {
            Problem::new(Event::Garbled, format!("the response can't be decompressed: {error}")).caused_by(error)
        }
        ureq::Error::Http(error) => unsendable(&error.to_string()),
        // ureq's words have the whole URL in them.
        ureq::Error::BadUri(_) => unsendable("its URL is invalid"),
        ureq::Error::RequireHttpsOnly(_) => unsendable("the agent allows HTTPS only"),
        ureq::Error::InvalidProxyUrl => unsendable(&error.to_string()),
        ureq::Error::TlsRequired | ureq::Error::Tls(_) => {
            Problem::new(Event::NoTls, format!("no TLS connection: {error}")).caused_by(error)
        }
        error => failed(Event::Unknown, error),
    }
}

/// Reads why a connection couldn't be made, or broke before a response.
fn of_connection(failure: Failure, limit: Limit<'_>) -> Problem {
    let words = failure.to_string();
    match failure {
        Failure::LookUp { error, .. } | Failure::Connect { error, .. } => {
            Problem::new(Event::Unreachable, words).caused_by(error)
        }
        Failure::BrokeBeforeBody(error) | Failure::BrokeWhileSending(error) | Failure::BrokeAtEnd(error) => {
            Problem::new(Event::Broken, words).caused_by(error)
        }
        Failure::Late { to, passed } => {
            Problem::new(Event::LateConnection, format!("{} ({to})", limit.explain(passed)))
        }
        Failure::Certificate { unknown_issuer, .. } => Problem::new(Event::Untrusted { unknown_issuer }, words),
        Failure::Interim => Problem::new(Event::NotHttp, words),
        Failure::Tls { .. } => Problem::new(Event::Handshake, words),
        Failure::Proxy(refusal) => {
            let event = match refusal.reason {
                ProxyReason::Login => Event::ProxyLogin,
                ProxyReason::Rules => Event::ProxyRules,
                ProxyReason::Passing => Event::ProxyFailed,
            };
            Problem::new(event, words)
        }
    }
}

/// Reads why the body of a success is incomplete.
pub(super) fn of_body(problem: ReadProblem, limit: Limit<'_>) -> Problem {
    match problem {
        ReadProblem::TooLarge(bound) => {
            Problem::new(Event::Unusable, format!("the response is larger than the limit of {bound} bytes"))
        }
        ReadProblem::Refused(problem) => Problem::new(Event::Unusable, problem),
        ReadProblem::Read(ureq::Error::Io(error)) => {
            Problem::new(Event::Broken, format!("the connection broke during the response: {error}")).caused_by(error)
        }
        ReadProblem::Read(error) => of_exchange(error, limit),
    }
}

/// An unknown compression of a success.
pub(super) fn packed(packing: &str) -> Problem {
    let needs_gzip = packing.contains("gzip") && !cfg!(feature = "gzip");
    Problem::new(Event::Packed { needs_gzip }, format!("the response can't be decompressed: {packing}"))
}

fn failed(event: Event, error: ureq::Error) -> Problem {
    Problem::new(event, format!("the connection failed: {error}")).caused_by(error)
}

fn unsendable(problem: &str) -> Problem {
    Problem::new(Event::Unsendable, format!("the request can't be sent: {problem}"))
}

fn late(passed: Timeout) -> Event {
    match passed {
        Timeout::Resolve | Timeout::Connect => Event::LateConnection,
        _ => Event::Late,
    }
}

/// Whether ureq couldn't write the request, as opposed to reading the response. It has one error type for both.
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

impl Limit<'_> {
    /// Describes which limit expired.
    fn explain(&self, passed: Timeout) -> String {
        let Self { timeouts, upload, whole, .. } = *self;
        match passed {
            Timeout::Resolve | Timeout::Connect => format!("no connection within {:?}", timeouts.connect),
            Timeout::PerRead => format!("no data was received for {:?}", timeouts.read_with(upload)),
            Timeout::RecvBody => format!("no content was received for {:?}", timeouts.read_with(upload)),
            Timeout::RecvResponse => format!("the response did not begin within {:?}", timeouts.attempt_with(upload)),
            Timeout::PerWrite => format!("no data could be sent for {:?}", timeouts.write),
            _ => format!("the call did not end after {:?}", rounded(whole)),
        }
    }
}
