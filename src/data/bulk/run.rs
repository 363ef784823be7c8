//! What the jobs have in common.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::keys::Keys;
use super::options::Bulk;
use super::order::Fed;
use super::report::{BulkProgress, BulkReport, Counts, Outcome, SkipReason, SkippedEntry};
use crate::data::handle::DataStore;
use crate::error::{Error, ErrorKind, ErrorScope, Result};

/// A run of a job.
pub(super) struct Run<'a> {
    bulk: &'a Bulk,
    pub(super) report: BulkReport,
    started: Instant,
    /// How many entries earlier runs have done.
    before: u64,
    total: &'a Total,
}

/// How many entries there are.
pub(super) struct Total(AtomicU64);

const UNKNOWN: u64 = u64::MAX;

impl<'a> Run<'a> {
    pub(super) fn new(bulk: &'a Bulk, counts: Counts, total: &'a Total) -> Self {
        Self { bulk, report: BulkReport::of(counts), started: Instant::now(), before: counts.entries, total }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        self.report.add(outcome);
        let Some(on_progress) = &self.bulk.on_progress else { return };
        let (done, elapsed) = (self.report.entries, self.started.elapsed());
        let total = self.total.get();
        let left = total.map(|total| {
            let made = u32::try_from(done - self.before).unwrap_or(u32::MAX).max(1);
            // What was added since it was counted isn't known.
            elapsed.mul_f64(total.saturating_sub(done) as f64 / f64::from(made))
        });
        on_progress(&BulkProgress { done, total: total.map(|total| total.max(done)), elapsed, left });
    }

    pub(super) fn end(self) -> BulkReport {
        BulkReport { elapsed: self.started.elapsed(), ..self.report }
    }
}

impl Total {
    pub(super) fn unknown() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }

    pub(super) fn known(entries: u64) -> Self {
        Self(AtomicU64::new(entries))
    }

    fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN)
    }
}

/// Runs a job, and counts the keys meanwhile if somebody wants to know how long it takes.
pub(super) fn counting<T>(store: &DataStore, bulk: &Bulk, job: impl FnOnce(&Total) -> Result<T>) -> Result<T> {
    let (total, has_ended) = (Total::unknown(), AtomicBool::new(false));
    if bulk.on_progress.is_none() {
        return job(&total);
    }
    thread::scope(|scope| {
        let end = EndOnDrop(&has_ended);
        scope.spawn(|| {
            let mut count = 0;
            for listed in Keys::new(store, bulk) {
                match listed {
                    Ok(Fed::Item(_)) => count += 1,
                    Ok(Fed::Mark(_)) if has_ended.load(Ordering::Relaxed) => return,
                    Ok(Fed::Mark(_)) => {}
                    // There is no estimate then.
                    Err(_) => return,
                }
            }
            total.0.store(count, Ordering::Relaxed);
        });
        let made = job(&total);
        drop(end);
        made
    })
}

struct EndOnDrop<'a>(&'a AtomicBool);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns a handle with the share of the limits and the token of a job.
pub(super) fn prepared(store: &DataStore, bulk: &Bulk) -> DataStore {
    let store = match bulk.share() {
        Some(requests) => store.with_requests_per_minute(requests),
        None if store.has_share() => store.clone(),
        None => store.with_requests_per_minute(Bulk::default_share()),
    };
    match &bulk.cancel {
        Some(cancel) => store.cancel_by(cancel),
        None => store,
    }
}

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
