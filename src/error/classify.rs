//! Decides what a failure means: its kind, how far it reaches, whether the call can be retried, and what to do.
//!
//! [`classify`] is a pure function. The table in its test has a row for each case, and is its documentation.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::advice;
use super::event::{Arrival, Event, FailedCall};
use super::missing_scope::missing_scopes;
use super::table::{Advice, Reach, Row, of_event, of_reason};
use super::words::{self, Reason};
use super::{ErrorKind, ErrorScope};

/// The service's windows last a minute. A longer pause isn't that of its request limit.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// What a failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) scope: ErrorScope,
    /// Whether the cause may be gone later.
    pub(crate) transient: bool,
    /// Whether this request may have had an effect. The call loop derives from it whether the call is repeated, whether its work may
    /// run, and what a journal records.
    pub(crate) may_have_effect: bool,
    /// Whether the call may have taken effect, and a second one would not be harmless.
    pub(crate) outcome_unknown: bool,
    pub(crate) advice: Option<String>,
}

/// Decides what a failure means.
pub(crate) fn classify(call: &FailedCall<'_>, event: &Event) -> Verdict {
    let missing = match event {
        Event::Status { status: 401 | 403, reported, .. }
        | Event::ErrorInSuccess(reported)
        | Event::OperationFailed(reported) => missing_scopes(reported, call.echoes),
        _ => None,
    };
    let row = reason(call, event, missing.is_some()).map_or_else(|| of_event(event), of_reason);
    // A scope is missing in all calls, whatever the status is.
    let row = match missing {
        Some(_) => Row { scope: Reach::Is(ErrorScope::Run), advice: Advice::Scopes, ..row },
        None => row,
    };
    let may_have_effect = may_have_effect(call, event, row);
    Verdict {
        kind: row.kind,
        scope: scope(call, row.scope),
        transient: row.transient,
        may_have_effect,
        outcome_unknown: outcome_unknown(call, event, may_have_effect),
        advice: advice::text(call, row.advice, event, &missing.unwrap_or_default()),
    }
}

/// Returns the reason that the service gives, where its status doesn't tell enough.
fn reason(call: &FailedCall<'_>, event: &Event, lacks_scope: bool) -> Option<Reason> {
    // The name of a scope isn't read as words.
    let reason_of = |reported| match words::reason(reported, call.echoes).filter(|_| !lacks_scope) {
        Some(Reason::Precondition) if call.endpoint.precondition().is_none() => Some(Reason::Conflict),
        reason => reason,
    };
    match event {
        Event::OperationFailed(reported) => reason_of(reported),
        Event::Status { status, pause, reported } => match status {
            401 => words::reason_of_sign_in(reported),
            400 | 403 => words::reason_of_sign_in(reported).or_else(|| reason_of(reported)),
            404 | 407..=409 | 412 | 499 => None,
            429 => {
                let is_long = pause.is_none_or(|pause| pause > LONGEST_WINDOW);
                (is_long && words::names_a_quota(reported, call.echoes)).then_some(Reason::QuotaExhausted)
            }
            402..=498 => reason_of(reported),
            _ => None,
        },
        _ => None,
    }
}

fn scope(call: &FailedCall<'_>, reach: Reach) -> ErrorScope {
    let has_key = call.scheme.is_some() || call.endpoint.has_key_in_body();
    match reach {
        Reach::Is(scope) => scope,
        Reach::OfCredentials if has_key => ErrorScope::Run,
        Reach::OfResource if !call.endpoint.names_a_resource() => ErrorScope::Run,
        Reach::OfCredentials | Reach::OfResource => ErrorScope::Call,
    }
}

fn may_have_effect(call: &FailedCall<'_>, event: &Event, row: Row) -> bool {
    match call.arrival {
        _ if matches!(event, Event::OperationFailed(_)) => false,
        Arrival::NotSent | Arrival::CutShort => false,
        Arrival::MayHaveArrived => row.unclear,
        Arrival::Accepted => true,
    }
}

fn outcome_unknown(call: &FailedCall<'_>, event: &Event, may_have_effect: bool) -> bool {
    // An operation exists only because the service accepted a call. Nothing but its failure tells that it had no effect.
    let is_about_accepted = call.endpoint.is_poll() && !matches!(event, Event::OperationFailed(_));
    is_about_accepted || (may_have_effect && !call.endpoint.is_harmless())
}
