//! Errors about broken exchanges.

use std::time::Duration;

use ureq::Timeout;

use super::body::ReadProblem;
use super::net::{Failure, ProxyReason, untrusted};
use crate::call::{Call, Timeouts};
use crate::error::{Error, ErrorKind, rounded};

/// The error of a request without a response.
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
    let late = |passed: Timeout| explain(timeouts, passed, upload, limit);
    let unsendable = |problem: String| Error::invalid_input(format!("the request can't be sent: {problem}"));
    match error {
        ureq::Error::Timeout(passed) => Error::new(ErrorKind::Timeout, subject).explain(late(passed)).transient(),
        ureq::Error::Other(other) => match other.downcast::<Failure>() {
            Ok(failure) => lost_connection(subject, *failure, late),
            Err(other) => lost("the connection failed", &*other),
        },
        ureq::Error::Io(error) => match untrusted(&error) {
            Some((_, unknown_issuer)) => lost("the certificate of the service is not trusted", &error)
                .advise(certificate_advice(unknown_issuer))
                .concerning_run(),
            None => lost("the connection broke", &error).caused_by(error).transient(),
        },
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::BodyStalled => lost("the connection failed", &error).caused_by(error).transient(),
        ureq::Error::Protocol(error) if is_of_request(&error) => {
            unsendable(format!("its URL or a header is too long or malformed ({error}); request less at once"))
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            Error::invalid_response(subject, format!("invalid HTTP response: {error}")).caused_by(error)
        }
        #[cfg(feature = "gzip")]
        ureq::Error::Decompress(_, error) => {
            Error::invalid_response(subject, format!("the response can't be decompressed: {error}"))
                .caused_by(error)
                .transient()
        }
        ureq::Error::Http(error) => unsendable(error.to_string()),
        // ureq's words have the whole URL in them.
        ureq::Error::BadUri(_) => unsendable("its URL is invalid".to_owned()),
        ureq::Error::RequireHttpsOnly(_) => unsendable("the agent allows HTTPS only".to_owned()),
        ureq::Error::InvalidProxyUrl => unsendable(error.to_string()),
        ureq::Error::TlsRequired | ureq::Error::Tls(_) => lost("no TLS connection", &error)
            .advise("build with one of the features rustls, native-tls or platform-verifier")
            .caused_by(error),
        error => lost("the connection failed", &error).caused_by(error),
    }
}

/// Whether an exchange failed before anything of the request was sent.
pub(super) fn is_before_sending(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(passed) => matches!(passed, Timeout::Resolve | Timeout::Connect),
        ureq::Error::Other(other) => matches!(
            other.downcast_ref(),
            Some(
                Failure::LookUp { .. }
                    | Failure::Connect { .. }
                    | Failure::Late { .. }
                    | Failure::Certificate { .. }
                    | Failure::Tls { .. }
                    | Failure::Proxy(_)
            )
        ),
        error => matches!(
            error,
            // The request itself couldn't be built.
            ureq::Error::Http(_)
                | ureq::Error::HostNotFound
                | ureq::Error::ConnectionFailed
                | ureq::Error::ConnectProxyFailed(_)
                | ureq::Error::TlsRequired
                | ureq::Error::Tls(_)
                | ureq::Error::BadUri(_)
                | ureq::Error::RequireHttpsOnly(_)
                | ureq::Error::InvalidProxyUrl
        ),
    }
}

/// The error of a connection that couldn't be made, or broke before a response.
fn lost_connection(subject: String, failure: Failure, late: impl Fn(Timeout) -> String) -> Error {
    let lost = |what: String| Error::new(ErrorKind::Connection, subject.as_str()).explain(what);
    let words = failure.to_string();
    match failure {
        Failure::LookUp { error, .. } | Failure::Connect { error, .. } => lost(words).caused_by(error).transient(),
        Failure::BrokeBeforeBody(error) | Failure::BrokeWhileSending(error) => lost(words).caused_by(error).transient(),
        Failure::Late { to, passed } => {
            Error::new(ErrorKind::Timeout, subject).explain(format!("{} ({to})", late(passed))).transient()
        }
        Failure::Certificate { unknown_issuer, .. } => {
            lost(words).advise(certificate_advice(unknown_issuer)).concerning_run()
        }
        Failure::BrokeAtEnd(error) => lost(words).caused_by(error).transient(),
        Failure::Interim => Error::invalid_response(subject, words),
        Failure::Tls { .. } => lost(words).transient(),
        Failure::Proxy(refusal) => match refusal.reason {
            ProxyReason::Login => lost(words)
                .advise(
                    "write the user name and the password into the variable that names the proxy: \
                     http://user:password@host:port",
                )
                .concerning_run(),
            ProxyReason::Rules => lost(words).concerning_run(),
            ProxyReason::Passing => lost(words).transient(),
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

/// The error of a successful response with an unknown compression.
pub(super) fn packed(call: &Call<'_>, packing: &str) -> Error {
    let error = Error::invalid_response(call.subject(), format!("the response can't be decompressed: {packing}"))
        .with_unknown_outcome(!call.only_reads());
    if packing.contains("gzip") && !cfg!(feature = "gzip") {
        error.advise("build with the feature gzip")
    } else {
        error
    }
}

/// The error of a successful response whose body is incomplete.
pub(super) fn broken_answer(
    timeouts: &Timeouts,
    call: &Call<'_>,
    status: u16,
    problem: ReadProblem,
    limit: Duration,
) -> Error {
    let subject = call.subject();
    let error = match problem {
        ReadProblem::TooLarge(bound) => {
            Error::invalid_response(subject, format!("the response is larger than the limit of {bound} bytes"))
        }
        ReadProblem::Refused(problem) => Error::invalid_response(subject, problem),
        ReadProblem::Read(ureq::Error::Io(error)) => Error::new(ErrorKind::Connection, subject)
            .explain(format!("the connection broke during the response: {error}"))
            .caused_by(error)
            .transient(),
        ReadProblem::Read(error) => broken_exchange(timeouts, subject, error, call.upload_size(), limit),
    };
    error.with_status(status).with_unknown_outcome(!call.only_reads())
}

/// Describes which limit expired.
fn explain(timeouts: &Timeouts, passed: Timeout, upload: Option<u64>, limit: Duration) -> String {
    match passed {
        Timeout::Resolve | Timeout::Connect => format!("no connection within {:?}", timeouts.connect),
        Timeout::PerRead => format!("no data was received for {:?}", timeouts.read_with(upload)),
        Timeout::RecvBody => format!("no content was received for {:?}", timeouts.read_with(upload)),
        Timeout::RecvResponse => format!("the response did not begin within {:?}", timeouts.attempt_with(upload)),
        Timeout::PerWrite => format!("no data could be sent for {:?}", timeouts.write),
        _ => format!("the call did not end after {:?}", rounded(limit)),
    }
}
