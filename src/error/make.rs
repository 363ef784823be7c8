//! How this crate makes errors and adds to them.

use std::error::Error as StdError;
use std::io;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use super::body::{LONGEST_MESSAGE, shorten_to};
use super::classify::{Verdict, classify};
use super::event::{Event, FailedCall, Problem};
use super::value::Detail;
use super::{Error, ErrorKind, ErrorScope, one_line, shorten};
use crate::api::OperationName;

/// The subject of an error that kept a call from being sent.
const NOTHING_SENT: &str = "nothing was sent";

/// The longest part of a caller's text that is kept. The caller chose to say that much.
const LONGEST_OF_CALLER: usize = 4096;

impl Error {
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
                may_have_effect: false,
                outcome_unknown: false,
                operation: None,
                attempts: 1,
                source: None,
            }),
        }
    }

    /// An error of a caller. The line is its text.
    pub(super) fn of_caller(cause: Box<dyn StdError + Send + Sync>) -> Self {
        let cause = Arc::<dyn StdError + Send + Sync>::from(cause);
        let is_transient = cause.downcast_ref::<io::Error>().is_some_and(|error| is_transient(error.kind()));
        Self::new(ErrorKind::Other, "").explain(cause.to_string()).with(|detail| {
            detail.transient = is_transient;
            detail.source = Some(cause);
        })
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
        Self::new(ErrorKind::InvalidInput, format!("invalid {what} {:?}", shorten(text))).explain(explanation)
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

    /// The error of a call. `subject` is its method and path.
    pub(crate) fn of_call(call: &FailedCall<'_>, subject: String, problem: Problem) -> Self {
        let Verdict { kind, scope, transient, may_have_effect, outcome_unknown, advice } =
            classify(call, &problem.event);
        let subject = if kind == ErrorKind::InvalidInput { NOTHING_SENT.to_owned() } else { subject };
        Self::new(kind, subject).with(|detail| {
            detail.scope = Some(scope);
            detail.transient = transient;
            detail.may_have_effect = may_have_effect;
            detail.outcome_unknown = outcome_unknown;
            detail.advice = advice;
            detail.explanation = problem.words.map(|words| one_line(&words));
            detail.source = problem.cause;
            match problem.event {
                Event::Status { status, pause, reported } => {
                    detail.status = Some(status);
                    detail.retry_after = pause;
                    (detail.code, detail.message) = (reported.code, reported.message);
                }
                Event::AcceptedEarly(reported) | Event::ErrorInSuccess(reported) | Event::OperationFailed(reported) => {
                    (detail.code, detail.message) = (reported.code, reported.message);
                }
                Event::LimitExhausted(wait) => detail.retry_after = Some(wait),
                _ => {}
            }
            if let Some(operation) = problem.operation {
                detail.outcome_unknown = true;
                detail.operation = Some(operation);
            }
        })
    }

    /// An error with the service's code and message.
    #[cfg(any(feature = "oauth2", fuzzing))]
    pub(crate) fn service(kind: ErrorKind, subject: impl Into<String>, reported: super::ServiceError) -> Self {
        Self::new(kind, subject).with(|detail| (detail.code, detail.message) = (reported.code, reported.message))
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

    /// Says that a refusal is about the state of the resource, which a status alone doesn't tell.
    pub(crate) fn in_conflict(self, advice: &str) -> Self {
        self.with(|detail| detail.kind = ErrorKind::Conflict).advise(advice)
    }

    pub(crate) fn explain(self, explanation: impl Into<String>) -> Self {
        self.with(|detail| detail.explanation = Some(one_line(&explanation.into())))
    }

    /// Names the environment variable that is wrong.
    pub(crate) fn about_variable(self, name: &str) -> Self {
        self.with(|detail| detail.subject = name.to_owned())
    }

    /// Names the user that the error concerns.
    pub(crate) fn about_user(self, user_id: u64) -> Self {
        self.with(|detail| {
            let explanation = detail.explanation.take().unwrap_or_default();
            detail.explanation = Some(format!("user {user_id}: {explanation}"));
        })
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
        self.reaching(ErrorScope::Run)
    }

    pub(crate) fn reaching(self, scope: ErrorScope) -> Self {
        self.with(|detail| detail.scope = Some(scope))
    }

    /// Marks a cause that may be gone later.
    pub(crate) fn transient(self) -> Self {
        self.with(|detail| detail.transient = true)
    }

    pub(crate) fn is_transient(&self) -> bool {
        self.detail.transient
    }

    /// Whether no connection was made, which may succeed later.
    pub(crate) fn is_unconnected(&self) -> bool {
        self.kind() == ErrorKind::Connection && self.is_transient() && !self.may_have_effect()
    }

    /// Whether the last request may have had an effect. Unlike [`outcome_unknown`](Self::outcome_unknown), it can be true although a
    /// second one would be harmless.
    pub(crate) fn may_have_effect(&self) -> bool {
        self.detail.may_have_effect
    }

    /// Describes in a few words what became of a call.
    pub(crate) fn brief(&self) -> String {
        let Detail { status, code, explanation, kind, .. } = &*self.detail;
        // That of a success doesn't tell what went wrong.
        let refusal = status.filter(|status| !(200..300).contains(status));
        match (refusal, code, explanation) {
            (Some(status), Some(code), _) => format!("got {status} {code}"),
            (Some(status), None, _) => format!("got {status}"),
            (None, _, Some(explanation)) => format!("failed: {explanation}"),
            (None, _, None) => format!("failed: {kind:?}"),
        }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.with(|detail| detail.status = Some(status))
    }

    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        self.with(|detail| detail.retry_after = retry_after)
    }

    /// Says that the call certainly had no effect.
    pub(crate) fn without_effect(self) -> Self {
        self.with(|detail| (detail.may_have_effect, detail.outcome_unknown) = (false, false))
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
    pub(crate) fn redact(self, redact: &dyn Fn(&str) -> String) -> Self {
        self.with(|detail| {
            // The advice can repeat what a message names; otherwise, its words are this crate's.
            if detail.message.as_deref().is_some_and(|message| redact(message) != message) {
                detail.advice = detail.advice.as_deref().map(redact);
            }
            let longest = if detail.kind == ErrorKind::Other { LONGEST_OF_CALLER } else { LONGEST_MESSAGE };
            for text in [&mut detail.code, &mut detail.message, &mut detail.explanation].into_iter().flatten() {
                *text = shorten_to(&redact(text), longest);
            }
            detail.subject = redact(&detail.subject);
            let tells = |cause: &dyn StdError| {
                let text = format!("{cause} {cause:?}");
                redact(&text) != text
            };
            if causes(detail.source.as_deref()).any(tells) {
                detail.source = None;
            }
        })
    }
}

/// Whether the cause of a system error may be gone later.
fn is_transient(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(
        kind,
        K::TimedOut
            | K::WouldBlock
            | K::Interrupted
            | K::ResourceBusy
            | K::BrokenPipe
            | K::ConnectionRefused
            | K::ConnectionReset
            | K::ConnectionAborted
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
    )
}

/// Returns a cause, its cause, and so on.
fn causes<'a>(first: Option<&'a (dyn StdError + Send + Sync)>) -> impl Iterator<Item = &'a dyn StdError> {
    let first: Option<&'a dyn StdError> = first.map(|cause| cause as _);
    iter::successors(first, |&cause| cause.source().map(|cause| cause as _))
}
