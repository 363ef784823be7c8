//! The error type of all calls.

mod body;
mod classify;
mod missing_scope;
mod rounded;
mod success;
mod words;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use body::{ServiceError, one_line, shorten};
pub(crate) use classify::{Asked, Moment, Outcome, Verdict, classify};
pub(crate) use rounded::rounded;
pub(crate) use success::ErrorFields;

use crate::api::OperationName;

/// The replacement of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The subject of an error that kept a call from being sent.
const NOTHING_SENT: &str = "nothing was sent";

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// [`Display`](fmt::Display) is one line: the request (method and path), the response and, if it is known, what to do. It
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
    detail: Arc<Detail>,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key, the base URL, a setting, an argument or a text is invalid. Nothing was sent.
    InvalidInput,
    /// A local file can't be read, or has changed.
    Io,
    /// The service can't be reached, or the connection broke.
    Connection,
    /// A timeout expired.
    Timeout,
    /// The response is invalid: not in the service's format, an error with a success status, too large, or a page that can't be
    /// followed.
    InvalidResponse,
    /// 400, 413, 415, 422: the service rejected an argument.
    Rejected,
    /// The service can't read the content of the file, such as a broken image.
    InvalidContent,
    /// The name or the description was moderated.
    Moderated,
    /// The account is moderated. All further uploads are refused too.
    AccountModerated,
    /// The upload quota of this asset type is exhausted, for hours or for the month.
    QuotaExhausted,
    /// 401: the key or token is unknown, or not accepted here. For assets, it can also lack a scope.
    Unauthenticated,
    /// 403: the key or token lacks the permission.
    PermissionDenied,
    /// 407: the proxy requires credentials.
    ProxyRefused,
    /// 404: the resource doesn't exist.
    NotFound,
    /// 409: someone else changed the resource at the same time.
    Conflict,
    /// 429: too many requests.
    RateLimited,
    /// 5xx: the service failed.
    Server,
    /// Any other status, such as that of a redirect. Redirects aren't followed, except by downloads.
    UnexpectedStatus,
    /// An [`Operation`](crate::Operation) failed.
    OperationFailed,
    /// An [`Operation`](crate::Operation) was still pending at the end of the wait.
    OperationPending,
    /// The call was cancelled before it was sent.
    Cancelled,
    /// The user declined to authorize the app.
    ConsentDenied,
    /// A redirect belongs to another sign-in: its state is missing or wrong.
    StateMismatch,
    /// A redirect of a sign-in is invalid: it has neither a code nor an error, or two of them.
    InvalidRedirect,
    /// An authorization code or a refresh token is wrong, expired, revoked, or was used before. The user has to sign in again.
    InvalidGrant,
    /// A client that stays signed in sent its refresh token, but got no response: it may be spent, and the next one lost.
    RefreshUnknown,
    /// An id token can't be trusted: its signature, its issuer, its audience, its nonce or its age is wrong.
    InvalidIdToken,
    /// The local clock differs too much from the service's.
    ClockSkew,
    /// A file that this crate keeps, such as stored tokens, is damaged or incomplete.
    CorruptFile,
    /// A newer version of this crate wrote a file that it keeps.
    NewerFile,
    /// Stored tokens belong to another app or another user.
    ForeignTokens,
    /// Files are new or have changed, and are not published.
    OutOfDate,
}

/// How far a failure reaches, for programs that make many calls in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorScope {
    /// This call only: its file, its name, or the resource that it names. The next call can succeed.
    Call,
    /// All calls of this run: the key, its scopes, or the account. No call succeeds until someone changes that.
    Run,
    /// All uploads of one asset type, whose quota is exhausted. Uploads of other types can succeed.
    AssetType,
    /// This call for now. The same call can succeed later.
    Later,
}

/// The contents of an error.
#[derive(Clone, Debug)]
struct Detail {
    kind: ErrorKind,
    /// `GET /cloud/v2/users/1`, or what else failed.
    subject: String,
    status: Option<u16>,
    code: Option<String>,
    /// The service's message.
    message: Option<String>,
    /// This crate's message.
    explanation: Option<String>,
    advice: Option<String>,
    retry_after: Option<Duration>,
    /// Whether the cause may be gone later.
    transient: bool,
    /// `None` if it follows from the kind.
    scope: Option<ErrorScope>,
    is_operation_failure: bool,
    outcome_unknown: bool,
    operation: Option<OperationName>,
    attempts: u32,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.detail.kind
    }

    /// Returns the HTTP status, if a response caused the error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.detail.status
    }

    /// Returns the service's code, such as `INVALID_ARGUMENT`. Some services send numbers.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.detail.code.as_deref()
    }

    /// Returns the service's message, on one line.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.detail.message.as_deref()
    }

    /// Returns how long the service asked to wait before a retry.
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
        if let Some(scope) = self.detail.scope {
            return scope;
        }
        match self.detail.kind {
            ErrorKind::Unauthenticated
            | ErrorKind::AccountModerated
            | ErrorKind::ProxyRefused
            | ErrorKind::InvalidGrant
            | ErrorKind::ClockSkew => ErrorScope::Run,
            ErrorKind::QuotaExhausted => ErrorScope::AssetType,
            // A failure that isn't transient, such as an untrusted certificate.
            ErrorKind::Connection if !self.detail.transient => ErrorScope::Run,
            ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::RateLimited
            | ErrorKind::Server
            | ErrorKind::OperationPending
            | ErrorKind::RefreshUnknown
            | ErrorKind::Cancelled => ErrorScope::Later,
            _ if self.detail.transient => ErrorScope::Later,
            _ => ErrorScope::Call,
        }
    }

    /// Returns whether the call may have taken effect although it failed.
    ///
    /// Either the connection broke after the request was sent, or the service accepted the call and its
    /// [`operation`](Self::operation) hasn't ended. The asset exists or may exist; sending the call again may create a second
    /// one.
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

    pub(crate) fn new(kind: ErrorKind, subject: impl Into<String>) -> Self {
        Self {
            detail: Arc::new(Detail {
                kind,
                subject: subject.into(),
                status: None,
                code: None,
                message: None,
                explanation: None,
                advice: None,
                retry_after: None,
                transient: false,
                scope: None,
                is_operation_failure: false,
                outcome_unknown: false,
                operation: None,
                attempts: 1,
                source: None,
            }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Detail)) -> Self {
        change(Arc::make_mut(&mut self.detail));
        self
    }

    /// An argument of a call that was refused before it was sent.
    pub(crate) fn invalid_input(explanation: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, NOTHING_SENT).explain(explanation)
    }

    /// A text that isn't a value of some type.
    pub(crate) fn invalid_text(what: &str, text: &str, explanation: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, format!("invalid {what} {:?}", body::shorten(text))).explain(explanation)
    }

    /// Says that a setting is invalid, not a call: none was made.
    pub(crate) fn of_setting(self) -> Self {
        self.with(|detail| {
            if detail.subject == NOTHING_SENT {
                detail.subject = "invalid setting".to_owned();
            }
        })
    }

    /// A failure of a local file or socket.
    pub(crate) fn io(subject: impl Into<String>, source: io::Error) -> Self {
        Self::new(ErrorKind::Io, subject).explain(source.to_string()).caused_by(source)
    }

    /// A file that doesn't have its declared length.
    pub(crate) fn changed_file(subject: String, declared: u64, how: &str) -> Self {
        Self::new(ErrorKind::Io, subject)
            .explain(format!("it is {how} than its declared {declared} bytes"))
            .advise("nothing was created; send it again when nothing writes to it")
    }

    pub(crate) fn invalid_response(subject: impl Into<String>, explanation: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidResponse, subject).explain(explanation)
    }

    /// A refusal, and its verdict.
    pub(crate) fn refused(verdict: Verdict, subject: impl Into<String>, said: ServiceError) -> Self {
        Self::service(verdict.kind, subject, said).with(|detail| {
            detail.scope = Some(verdict.scope);
            detail.transient = verdict.transient;
            detail.outcome_unknown = verdict.outcome_unknown;
            detail.advice = verdict.advice;
        })
    }

    /// An error with the service's code and message.
    pub(crate) fn service(kind: ErrorKind, subject: impl Into<String>, said: ServiceError) -> Self {
        Self::new(kind, subject).with(|detail| (detail.code, detail.message) = (said.code, said.message))
    }

    /// Nothing was sent, because another call failed.
    pub(crate) fn stopped(kind: ErrorKind, cause: &str) -> Self {
        Self::new(kind, NOTHING_SENT).explain(format!("a failed call concerns all others: {cause}")).concerning_run()
    }

    /// Replaces the kind.
    #[cfg(feature = "oauth2")]
    pub(crate) fn of_kind(self, kind: ErrorKind) -> Self {
        self.with(|detail| detail.kind = kind)
    }

    pub(crate) fn explain(self, explanation: impl Into<String>) -> Self {
        self.with(|detail| detail.explanation = Some(body::one_line(&explanation.into())))
    }

    /// Names the environment variable that is wrong.
    pub(crate) fn about_variable(self, name: &str) -> Self {
        self.with(|detail| detail.subject = name.to_owned())
    }

    /// Names the file that the error concerns.
    pub(crate) fn about_file(self, name: &str) -> Self {
        self.with(|detail| detail.subject = format!("the file {name:?}: {}", detail.subject))
    }

    /// Replaces the advice.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        self.with(|detail| detail.advice = Some(advice.into()))
    }

    /// Marks the failure of an operation.
    pub(crate) fn of_operation(self) -> Self {
        self.with(|detail| detail.is_operation_failure = true)
    }

    /// Names the operation. Unless it has failed, the call was accepted: its result exists or may exist.
    pub(crate) fn about_operation(self, name: Option<OperationName>) -> Self {
        self.with(|detail| {
            detail.outcome_unknown = !detail.is_operation_failure && (name.is_some() || detail.outcome_unknown);
            detail.operation = name;
        })
    }

    /// Marks a cause that concerns all calls of the client.
    pub(crate) fn concerning_run(self) -> Self {
        self.with(|detail| detail.scope = Some(ErrorScope::Run))
    }

    /// Marks a cause that may be gone later.
    pub(crate) fn transient(self) -> Self {
        self.with(|detail| detail.transient = true)
    }

    pub(crate) fn is_transient(&self) -> bool {
        self.detail.transient
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.with(|detail| detail.status = Some(status))
    }

    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        self.with(|detail| detail.retry_after = retry_after)
    }

    pub(crate) fn with_unknown_outcome(self, unknown: bool) -> Self {
        self.with(|detail| detail.outcome_unknown = unknown)
    }

    pub(crate) fn after_attempts(self, made: u32) -> Self {
        self.with(|detail| detail.attempts = made)
    }

    pub(crate) fn caused_by(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with(|detail| detail.source = Some(Arc::new(source)))
    }

    /// Removes secrets from all texts of other origin, then cuts texts that are too long. In this order, no part of a secret
    /// remains at the cut.
    pub(crate) fn redact(self, redact: impl Fn(&str) -> String) -> Self {
        self.with(|detail| {
            // The advice can repeat what a message names; otherwise, its words are this crate's.
            if detail.message.as_deref().is_some_and(|message| redact(message) != message) {
                detail.advice = detail.advice.as_deref().map(&redact);
            }
            for text in [&mut detail.code, &mut detail.message, &mut detail.explanation].into_iter().flatten() {
                *text = body::shorten(&redact(text));
            }
            detail.subject = redact(&detail.subject);
            let tells =
                |source: &(dyn StdError + Send + Sync)| redact(&format!("{source} {source:?}")).contains(REDACTED);
            if detail.source.as_deref().is_some_and(tells) {
                detail.source = None;
            }
        })
    }
}

impl StdError for Error {
    /// The line has the text of the direct cause, so this is the cause behind it.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.detail.source.as_ref()?.source()
    }
}

/// Keeps the kind of a system error, and maps other kinds to the nearest one. [`io::Error::get_ref`] returns the whole error.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let from_system = error.detail.source.as_ref().and_then(|source| source.downcast_ref::<Self>());
        let kind = match (error.kind(), from_system) {
            (ErrorKind::Io | ErrorKind::Connection, Some(source)) => source.kind(),
            (ErrorKind::InvalidInput, _) => io::ErrorKind::InvalidInput,
            (ErrorKind::InvalidResponse | ErrorKind::InvalidContent | ErrorKind::CorruptFile, _) => {
                io::ErrorKind::InvalidData
            }
            (ErrorKind::Timeout, _) => io::ErrorKind::TimedOut,
            (ErrorKind::NotFound, _) => io::ErrorKind::NotFound,
            (ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::ConsentDenied, _) => {
                io::ErrorKind::PermissionDenied
            }
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

// An error is immutable, so a panic can't leave it in an inconsistent state.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail.fmt(f)
    }
}

/// `{:?}` is the kind and the line of [`Display`](fmt::Display), so that a `main` that returns an error reads well. `{:#?}`
/// has all details.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{:?}: {}", self.detail.kind, self.detail);
        }
        f.debug_struct("Error").field("detail", &self.detail).finish()
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.subject)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        let mut separator = if self.status.is_some() || self.code.is_some() { ": " } else { " " };
        let mut more = String::new();
        if self.attempts > 1 {
            more.push_str(&format!(" (tried {} times)", self.attempts));
        }
        if let Some(operation) = self.operation.as_ref().filter(|_| !self.is_operation_failure) {
            more.push_str(&format!("; the call was accepted; do not send it again, wait for {operation}"));
        } else if self.outcome_unknown {
            more.push_str("; the call may have taken effect; check before you repeat it");
        }
        if let Some(advice) = &self.advice {
            more.push_str(&format!("; {advice}"));
        }
        for text in [&self.explanation, &self.message].into_iter().flatten() {
            // No full stop before a semicolon.
            let text = if more.is_empty() { text.as_str() } else { text.strip_suffix('.').unwrap_or(text) };
            write!(f, "{separator}{text}")?;
            separator = ": ";
        }
        f.write_str(&more)
    }
}
