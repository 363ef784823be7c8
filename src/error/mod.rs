//! What can go wrong, said once and for all calls.

mod body;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

pub(crate) use body::ServiceError;

use crate::operation_name::OperationName;

/// What every call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// [`Display`](fmt::Display) is one line that says what was asked (method and path), what came back and, where it is
/// known, what to do about it. It never holds a key or a token.
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
#[derive(thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    detail: Box<Detail>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call was refused before anything was sent: a key, an address or an argument can't be right.
    InvalidInput,
    /// A local file could not be read, or was not what it was declared to be.
    File,
    /// The service could not be reached, or the connection broke.
    Connection,
    /// One of the client's time limits passed.
    Timeout,
    /// The service answered something that isn't an answer: not its format, too large, or pages that go round in circles.
    InvalidResponse,
    /// 400, 413, 415, 422: the service refused an argument.
    InvalidArgument,
    /// The service could make nothing of the file: an image that is broken, say.
    InvalidContent,
    /// The name or the description was moderated.
    Moderated,
    /// The account is moderated. Whatever is sent next is refused too, and the account may be in trouble.
    AccountModerated,
    /// The account's quota of uploads is used up, for hours or for the month.
    QuotaExhausted,
    /// 401: the service doesn't know the key or the token, or doesn't take it here.
    Unauthenticated,
    /// 403: the key or the token may not do this.
    PermissionDenied,
    /// 404: there is no such thing.
    NotFound,
    /// 409: somebody else changed it at the same time.
    Conflict,
    /// 429: too many requests.
    RateLimited,
    /// 5xx: the service failed.
    Server,
    /// A status with no kind of its own; redirects among them, which are never followed.
    UnexpectedStatus,
    /// An [`Operation`](crate::Operation) ended, and failed.
    OperationFailed,
    /// An [`Operation`](crate::Operation) was still pending when the time to wait for it was over.
    OperationPending,
    /// The call was given up before it was sent, because nobody waits for it any more.
    Cancelled,
}

/// How far a failure reaches, for programs that do many things in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorScope {
    /// This call alone: its file, its name, its id. The next one can succeed.
    Call,
    /// All calls of this run: the key, the account or its quota. Nothing else will pass until somebody does something
    /// about it.
    Run,
    /// All uploads of one asset type: its quota is used up. Uploads of other types can succeed.
    AssetType,
    /// This call for now: it can succeed later, as it is.
    Later,
}

/// All that is known of a failure.
#[derive(Debug)]
struct Detail {
    kind: ErrorKind,
    /// `GET /cloud/v2/users/1`, or what else was tried.
    subject: String,
    status: Option<u16>,
    code: Option<String>,
    /// The service's words.
    message: Option<String>,
    /// Ours.
    explanation: Option<String>,
    advice: Option<String>,
    retry_after: Option<Duration>,
    /// The cause can be gone the next time.
    passing: bool,
    /// The cause is one that all calls of the client share.
    concerns_run: bool,
    is_operation_failure: bool,
    outcome_unknown: bool,
    operation: Option<OperationName>,
    attempts: u32,
}

impl Error {
    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.detail.kind
    }

    /// The HTTP status, if the service answered with one that made this an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.detail.status
    }

    /// The service's own code, such as `INVALID_ARGUMENT`; some parts of the service send numbers.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.detail.code.as_deref()
    }

    /// The service's own words, on one line.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.detail.message.as_deref()
    }

    /// How long the service asked to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.detail.retry_after
    }

    /// Whether the same call can succeed later without a change: the cause is passing, and a second call does no harm
    /// that the first one hadn't done.
    ///
    /// `false` while [`outcome_unknown`](Self::outcome_unknown): look first whether the call took effect.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.detail.passing && !self.detail.outcome_unknown
    }

    /// Whether it is the failure of an [`Operation`](crate::Operation) that has ended: nothing came of it, and nothing
    /// will. `false` if asking for it failed, or the waiting for it, which says nothing of the operation.
    #[must_use]
    pub fn is_operation_failure(&self) -> bool {
        self.detail.is_operation_failure
    }

    /// How far the failure reaches.
    #[must_use]
    pub fn scope(&self) -> ErrorScope {
        match self.detail.kind {
            _ if self.detail.concerns_run => ErrorScope::Run,
            ErrorKind::Unauthenticated | ErrorKind::PermissionDenied | ErrorKind::AccountModerated => ErrorScope::Run,
            ErrorKind::QuotaExhausted => ErrorScope::AssetType,
            // What doesn't pass by itself: a certificate that isn't trusted, say.
            ErrorKind::Connection if !self.detail.passing => ErrorScope::Run,
            ErrorKind::Connection
            | ErrorKind::Timeout
            | ErrorKind::RateLimited
            | ErrorKind::Server
            | ErrorKind::OperationPending
            | ErrorKind::Cancelled => ErrorScope::Later,
            _ if self.detail.passing => ErrorScope::Later,
            _ => ErrorScope::Call,
        }
    }

    /// Whether it can't be known if a call that changes something took effect: the request was on its way when the
    /// connection broke, say. The asset may be there, or not; repeating the call may make a second one.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.detail.outcome_unknown
    }

    /// Returns the name of the operation that this error is about, if the service had accepted the call.
    ///
    /// Unless [`is_operation_failure`](Self::is_operation_failure), the operation goes on: its result exists or may
    /// exist. Don't send the call again; wait with [`Client::operation`](crate::Client::operation).
    #[must_use]
    pub fn operation(&self) -> Option<&OperationName> {
        self.detail.operation.as_ref()
    }

    /// Returns whether waiting for the [`operation`](Self::operation) again can succeed.
    ///
    /// Waiting again is not sending again: [`is_retryable`](Self::is_retryable) is `false` once the service has accepted
    /// a call.
    #[must_use]
    pub fn can_wait_again(&self) -> bool {
        self.detail.operation.is_some() && !self.detail.is_operation_failure
    }

    pub(crate) fn new(kind: ErrorKind, subject: impl Into<String>) -> Self {
        Self {
            detail: Box::new(Detail {
                kind,
                subject: subject.into(),
                status: None,
                code: None,
                message: None,
                explanation: None,
                advice: None,
                retry_after: None,
                passing: false,
                concerns_run: false,
                is_operation_failure: false,
                outcome_unknown: false,
                operation: None,
                attempts: 1,
            }),
            source: None,
        }
    }

    pub(crate) fn invalid_input(explanation: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, "nothing was sent").explain(explanation)
    }

    /// A local file or socket.
    pub(crate) fn io(subject: impl Into<String>, source: std::io::Error) -> Self {
        Self::new(ErrorKind::File, subject).explain(source.to_string()).caused_by(source)
    }

    /// A file that is not as long as it was said to be.
    pub(crate) fn changed_file(name: &str, declared: u64, how: &str) -> Self {
        Self::new(ErrorKind::File, format!("the file {name:?}"))
            .explain(format!("it is {how} than the {declared} bytes that it was declared to have"))
            .advise("nothing was created; send it again when nothing writes to it")
    }

    pub(crate) fn invalid_response(subject: impl Into<String>, explanation: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidResponse, subject).explain(explanation)
    }

    /// The service said no, by status or inside an answer.
    pub(crate) fn service(kind: ErrorKind, subject: impl Into<String>, said: ServiceError) -> Self {
        let mut error = Self::new(said.kind().filter(|_| has_details(kind)).unwrap_or(kind), subject);
        error.detail.code = said.code;
        error.detail.message = said.message;
        error
    }

    /// Names the operation that was accepted, and that this error is about.
    #[allow(dead_code)]
    pub(crate) fn about_operation(mut self, name: Option<OperationName>) -> Self {
        self.detail.operation = name;
        self
    }

    pub(crate) fn explain(mut self, explanation: impl Into<String>) -> Self {
        self.detail.explanation = Some(body::one_line(&explanation.into()));
        self
    }

    /// Says which file it is about.
    pub(crate) fn about_file(mut self, name: &str) -> Self {
        self.detail.subject = format!("the file {name:?}: {}", self.detail.subject);
        self
    }

    /// Replaces what was advised before.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.detail.advice = Some(advice.into());
        self
    }

    /// Nothing was sent, because of what happened to another call.
    pub(crate) fn stopped(kind: ErrorKind, cause: &str) -> Self {
        let mut error =
            Self::new(kind, "nothing was sent").explain(format!("another call failed as all would: {cause}"));
        error.detail.concerns_run = true;
        error
    }

    /// Marks the end of an operation.
    pub(crate) fn of_operation(mut self) -> Self {
        self.detail.is_operation_failure = true;
        self
    }

    /// Marks a cause that all calls of the client share.
    pub(crate) fn concerning_run(mut self) -> Self {
        self.detail.concerns_run = true;
        self
    }

    /// Marks a cause that can be gone the next time.
    pub(crate) fn passing(mut self) -> Self {
        self.detail.passing = true;
        self
    }

    pub(crate) fn is_passing(&self) -> bool {
        self.detail.passing
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.detail.status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.detail.retry_after = retry_after;
        self
    }

    pub(crate) fn with_unknown_outcome(mut self, unknown: bool) -> Self {
        self.detail.outcome_unknown = unknown;
        self
    }

    pub(crate) fn after_attempts(mut self, made: u32) -> Self {
        self.detail.attempts = made;
        self
    }

    /// Takes a secret out of everything that came from outside, and cuts what is too long; in this order, so that no part
    /// of the secret stays at the cut.
    pub(crate) fn without(mut self, secret: &str) -> Self {
        let detail = &mut *self.detail;
        for text in [&mut detail.code, &mut detail.message, &mut detail.explanation].into_iter().flatten() {
            *text = body::shorten(&redacted(text, secret));
        }
        detail.subject = redacted(&detail.subject, secret);
        if self
            .source
            .as_ref()
            .is_some_and(|source| redacted(&format!("{source} {source:?}"), secret).contains(REDACTED))
        {
            self.source = None;
        }
        self
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

/// `{:?}` is the line of [`Display`](fmt::Display) behind the kind, so that a `main` that returns an error reads well;
/// `{:#?}` is all that is known.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{:?}: {}", self.detail.kind, self.detail);
        }
        f.debug_struct("Error").field("detail", &self.detail).field("source", &self.source).finish()
    }
}

/// Whether the words of the service can say more than this kind does.
fn has_details(kind: ErrorKind) -> bool {
    use ErrorKind::{InvalidArgument, OperationFailed, PermissionDenied, UnexpectedStatus};
    matches!(kind, InvalidArgument | OperationFailed | PermissionDenied | UnexpectedStatus)
}

const REDACTED: &str = "[redacted]";

/// The text without the secret.
pub(crate) fn redacted(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, REDACTED) }
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
        if self.outcome_unknown {
            more.push_str("; it can't be known whether the call took effect, so look before you repeat it");
        }
        if let Some(advice) = &self.advice {
            more.push_str(&format!("; {advice}"));
        }
        for text in [&self.explanation, &self.message].into_iter().flatten() {
            // A full stop before a semicolon is one too many.
            let text = if more.is_empty() { text.as_str() } else { text.strip_suffix('.').unwrap_or(text) };
            write!(f, "{separator}{text}")?;
            separator = ": ";
        }
        f.write_str(&more)
    }
}
