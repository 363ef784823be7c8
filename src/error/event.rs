//! What can go wrong with a call, as plain data.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use super::ServiceError;
use crate::api::{Endpoint, OperationName, Scheme};

/// The call that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedCall<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) arrival: Arrival,
    /// How the call was authorized. `None` if it went to another host, without credentials.
    pub(crate) scheme: Option<Scheme>,
    /// Texts of the request that the service may repeat in its message.
    pub(crate) echoes: &'a [String],
    /// The size of the request's body.
    pub(crate) upload: Option<u64>,
}

/// How much of a request the service has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nothing.
    NotSent,
    /// A part. What isn't whole has no effect.
    CutShort,
    /// All of it, or it isn't known.
    MayHaveArrived,
    /// All of it, or a part that it was content with: it has responded with a success.
    Accepted,
}

/// Why a call failed. [`classify`](super::classify::classify) decides what that means.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// It was cancelled before it was sent.
    Cancelled,
    /// The rate limit is exhausted for so long.
    LimitExhausted(Duration),
    /// There was no time left to send it.
    OutOfTime,

    /// No valid request can be made of it.
    Unsendable,
    /// The host can't be found, or doesn't accept a connection.
    Unreachable,
    /// The connection took too long.
    LateConnection,
    /// This build has no TLS, or a setting of it can't work.
    NoTls,
    /// The certificate isn't trusted.
    Untrusted { unknown_issuer: bool },
    /// Any other failure of a TLS handshake.
    Handshake,
    /// The proxy requires a user name and password, or other ones.
    ProxyLogin,
    /// The rules of the proxy don't allow the connection.
    ProxyRules,
    /// The proxy failed for now.
    ProxyFailed,
    /// The connection broke, before the response or in it.
    Broken,
    /// The response can't be written where the caller wants it.
    Unwritten,
    /// The response, or a part of it, took too long.
    Late,
    /// A failure of the transport that this crate doesn't know.
    Unknown,

    /// The response isn't HTTP.
    NotHttp,
    /// The response isn't compressed as it says.
    #[cfg_attr(not(feature = "gzip"), allow(dead_code))]
    Garbled,
    /// The response has an unknown compression.
    Packed { needs_gzip: bool },
    /// The response is larger than its bound, or can't be used for another reason.
    Unusable,
    /// The JSON ends too early.
    Truncated,
    /// A resource in place of an operation.
    NotAnOperation,
    /// A page that continues by a field that isn't followed.
    Unfollowed,
    /// A success that came before the whole request was sent.
    AcceptedEarly(ServiceError),
    /// An error with the status of a success.
    ErrorInSuccess(ServiceError),

    /// A status other than that of a success. `pause` is the delay that the service requested.
    Status { status: u16, pause: Option<Duration>, reported: ServiceError },
    /// The operation failed.
    OperationFailed(ServiceError),
}

impl Event {
    /// Returns the code and the message of the service.
    pub(super) fn reported(&self) -> Option<&ServiceError> {
        match self {
            Self::AcceptedEarly(reported)
            | Self::ErrorInSuccess(reported)
            | Self::Status { reported, .. }
            | Self::OperationFailed(reported) => Some(reported),
            _ => None,
        }
    }

    /// Whether it shows that nothing of the request was sent.
    pub(crate) fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::Unsendable
                | Self::Unreachable
                | Self::LateConnection
                | Self::NoTls
                | Self::Untrusted { .. }
                | Self::Handshake
                | Self::ProxyLogin
                | Self::ProxyRules
                | Self::ProxyFailed
        )
    }
}

/// An event, and how to describe it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) event: Event,
    /// This crate's message.
    pub(super) words: Option<String>,
    pub(super) cause: Option<Arc<dyn StdError + Send + Sync>>,
    /// The operation that the service has started although the call failed.
    pub(super) operation: Option<OperationName>,
}

impl Problem {
    pub(crate) fn new(event: Event, words: impl Into<String>) -> Self {
        Self { words: Some(words.into()), ..Self::from(event) }
    }

    pub(crate) fn caused_by(mut self, cause: impl StdError + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    pub(crate) fn about_operation(mut self, operation: Option<OperationName>) -> Self {
        self.operation = operation;
        self
    }
}

/// The message of the service describes it.
impl From<Event> for Problem {
    fn from(event: Event) -> Self {
        Self { event, words: None, cause: None, operation: None }
    }
}
