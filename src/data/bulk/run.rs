//! What the runs of all jobs have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::options::Bulk;
use super::report::{BulkProgress, BulkReport, Counts, Outcome};
use crate::data::handle::DataStore;
use crate::data::share::OF_A_JOB;

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

    pub(super) fn set(&self, entries: u64) {
        self.0.store(entries, Ordering::Relaxed);
    }

    fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN)
    }
}

/// Returns a handle with the share of the limits and the token of a job.
pub(super) fn prepared(store: &DataStore, bulk: &Bulk) -> DataStore {
    let store = match bulk.share() {
        Some(requests) => store.with_requests_per_minute(requests),
        None if store.has_share() => store.clone(),
        None => store.with_requests_per_minute(OF_A_JOB),
    };
    match &bulk.cancel {
        Some(cancel) => store.cancel_by(cancel),
        None => store,
    }
}
