//! The error type, and what callers learn from it.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use super::{ErrorKind, ErrorScope};
use crate::api::OperationName;

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// [`Display`](std::fmt::Display) is one line: the request (method and path), the response and, if it is known, what to do. It
/// never holds a key or a token.
///
/// ```
/// use rblxopencloud::{ErrorKind, User};
///
/// # fn run(user: &User) {
/// match user.fetch_info() {
///     Ok(info) => println!("{}", info.username),
///     Err(error) if error.kind() == ErrorKind::NotFound => println!("no such user"),
///     Err(error) => eprintln!("{error}"),
/// }
/// # }
/// ```
///
/// [`source`](StdError::source) is the cause behind that line, and doesn't repeat it.
#[derive(Clone)]
pub struct Error {
    pub(super) detail: Arc<Detail>,
}

/// The contents of an error.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) kind: ErrorKind,
    /// `GET /cloud/v2/users/1`, or what else failed.
    pub(super) subject: String,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    /// The service's message.
    pub(super) message: Option<String>,
    /// This crate's message.
    pub(super) explanation: Option<String>,
    pub(super) advice: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// Whether the cause may be gone later.
    pub(super) transient: bool,
    /// `None` for the usual one.
    pub(super) scope: Option<ErrorScope>,
    pub(super) is_operation_failure: bool,
    /// Whether the request may have had an effect, also if a second one would be harmless.
    pub(super) may_have_effect: bool,
    pub(super) outcome_unknown: bool,
    pub(super) operation: Option<OperationName>,
    pub(super) attempts: u32,
    pub(super) source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error of the caller's own, of the kind [`Other`](ErrorKind::Other): a message, or any error.
    ///
    /// A source of access tokens returns one to say why it has none. [`Display`](std::fmt::Display) is the text of `cause`, on one
    /// line; a call that returns it removes secrets and what is beyond 4096 bytes. If `cause` is an error of this crate, it is returned
    /// unchanged.
    ///
    /// It is final, unless `cause` is an [`io::Error`](std::io::Error) whose kind says that the cause may be gone later, such as
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), `WouldBlock`, `Interrupted`, `ResourceBusy`, or one of a lost connection or network.
    /// Then it is [retryable](Self::is_retryable), and its scope is [`Later`](ErrorScope::Later).
    ///
    /// ```
    /// use rblxopencloud::{Client, Credentials, Error, ErrorKind};
    ///
    /// let credentials = Credentials::access_tokens_from(|| Err(Error::other("the vault is sealed")));
    /// let error = Client::new(credentials).user(156).fetch_info().unwrap_err();
    /// assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Other, "the vault is sealed"));
    ///
    /// let credentials = Credentials::access_tokens_from(|| std::fs::read_to_string("no-such-file").map_err(Error::other));
    /// let error = Client::new(credentials).user(156).fetch_info().unwrap_err();
    /// assert!(error.get_ref().unwrap().is::<std::io::Error>());
    ///
    /// let busy = Error::other(std::io::Error::new(std::io::ErrorKind::TimedOut, "the vault is busy"));
    /// assert!(busy.is_retryable() && busy.to_string() == "the vault is busy");
    /// ```
    #[must_use]
    pub fn other(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match cause.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(cause) => Self::of_caller(cause),
        }
    }

    /// Returns the error that [`other`](Self::other) was given. `None` for an error of this crate, and if its texts contain the
    /// credentials.
    #[must_use]
    pub fn get_ref(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.detail.source.as_deref().filter(|_| self.detail.kind == ErrorKind::Other)
    }

    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.detail.kind
    }

    /// Returns the HTTP status, if there was a response. With a success, it is that of a response that can't be used.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.detail.status
    }

    /// Returns the service's code, such as `INVALID_ARGUMENT`. Some services send numbers.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.detail.code.as_deref()
    }

    /// Whether the service has no such resource. The 404 of a gateway tells nothing about resources.
    pub(crate) fn is_no_such_resource(&self) -> bool {
        self.kind() == ErrorKind::NotFound && self.code() == Some("NOT_FOUND")
    }

    /// Returns the service's message, on one line.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.detail.message.as_deref()
    }

    /// Returns how long to wait before a retry: as long as the service requested, or, for a call that wasn't sent, until there is
    /// room again in the rate limit or among the unfinished tasks, as far as the client knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.detail.retry_after
    }

    /// Returns whether the same call can be retried: the cause is transient, and a second call does no harm.
    ///
    /// It is `false` if [`outcome_unknown`](Self::outcome_unknown) is true, and once the service has accepted the call. To wait
    /// for an accepted call, see [`can_wait_again`](Self::can_wait_again).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.detail.transient && !self.detail.outcome_unknown
    }

    /// Returns whether an [`Operation`](crate::Operation) failed, so that the call had no effect.
    ///
    /// It is `false` if only a poll failed or the wait ended.
    #[must_use]
    pub fn is_operation_failure(&self) -> bool {
        self.detail.is_operation_failure
    }

    /// Returns how far the failure reaches.
    #[must_use]
    pub fn scope(&self) -> ErrorScope {
        let usual = if self.detail.transient { ErrorScope::Later } else { ErrorScope::Call };
        self.detail.scope.unwrap_or(usual)
    }

    /// Returns whether the call may have taken effect although it failed.
    ///
    /// It is `true` if the whole request may have arrived, and then
    /// - the connection broke or a timeout expired before the response was complete,
    /// - the service failed (5xx) or gave up (408, 499), or redirects to what may be the result (302, 303),
    /// - or a success can't be used: it can't be read, is too large, is an error, or could not be written as a download.
    ///
    /// It is also `true` if the service accepted the call and its [`operation`](Self::operation) isn't known to have failed. The asset
    /// exists or may exist; sending the call again may create a second one.
    ///
    /// It is `false` if the call certainly had no effect, and for calls that only read or are
    /// [idempotent](crate::Request::idempotent), of which a second one does no harm.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.detail.outcome_unknown
    }

    /// Returns the name of the operation that this error is about, if the service had accepted the call.
    ///
    /// Unless [`is_operation_failure`](Self::is_operation_failure) is true, the operation continues: its result exists or may
    /// exist. Don't send the call again; wait with [`Client::operation`](crate::Client::operation).
    #[must_use]
    pub fn operation(&self) -> Option<&OperationName> {
        self.detail.operation.as_ref()
    }

    /// Returns whether the [`operation`](Self::operation) can be waited for again.
    ///
    /// Waiting doesn't send the call again: [`is_retryable`](Self::is_retryable) is `false` once the service has accepted a
    /// call.
    #[must_use]
    pub fn can_wait_again(&self) -> bool {
        self.detail.operation.is_some() && !self.detail.is_operation_failure
    }
}
