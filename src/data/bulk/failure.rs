//! What an error means for a job.

use std::time::Duration;

use super::report::{Outcome, SkipReason, SkippedEntry};
use crate::data::handle::DataStore;
use crate::error::{Error, ErrorKind, ErrorScope, Result};

/// Makes a call until the limit allows it. The share has become slower each time that it didn't.
pub(super) fn unthrottled<T>(store: &DataStore, mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if is_throttle(&error) => {
                store.pause(error.retry_after().unwrap_or_default().min(LONGEST_PAUSE));
            }
            made => return made,
        }
    }
}

/// How long a call that was throttled waits at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether the same call can succeed once the limit allows it.
fn is_throttle(error: &Error) -> bool {
    error.kind() == ErrorKind::RateLimited && error.scope() == ErrorScope::Later
}

/// What to do after an error that ends a run.
pub(super) const GO_ON: &str = "what was done is kept: run it again to go on";

/// Decides what an error means for the job: either the entry is skipped, or the run ends, and the next one goes on.
pub(super) fn skipped(scope: &str, id: &str, error: Error) -> Result<Outcome> {
    if error.scope() != ErrorScope::Call || error.kind() == ErrorKind::Cancelled || error.outcome_unknown() {
        return Err(error.advise(GO_ON));
    }
    let reason = match error.kind() {
        ErrorKind::InvalidResponse => SkipReason::Unreadable,
        _ => SkipReason::Refused,
    };
    Ok(Outcome::Skipped(SkippedEntry::new(scope, id, reason, error.to_string())))
}
