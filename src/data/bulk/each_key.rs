//! Jobs that go through the keys of a data store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::journal::{Journal, Mark, Touches};
use super::keys::{Keys, Listed, PageEnd};
use super::options::Bulk;
use super::order::{Fed, in_order};
use super::report::{BulkReport, Outcome};
use super::resume::Rest;
use super::run::{Run, Total};
use crate::data::handle::DataStore;
use crate::error::Result;

/// Works on the keys that are left. `work` returns `None` for an entry that is in the numbers already. Without a journal, it is a
/// dry run.
pub(super) fn each_key(
    store: &DataStore,
    bulk: &Bulk,
    journal: Option<&Journal>,
    rest: Rest,
    work: impl Fn(Listed, &Touches) -> Result<Option<Outcome>> + Sync,
) -> Result<BulkReport> {
    counting(store, bulk, |total| {
        let Rest { keys, touched, counts } = rest;
        let mut run = Run::new(bulk, counts, total);
        let Some(keys) = keys else { return Ok(run.end()) };
        in_order(
            bulk.threads(),
            keys,
            |listed| work(listed, &touched),
            |fed| match (fed, journal) {
                (Fed::Item(outcome), _) => {
                    outcome?.into_iter().for_each(|outcome| run.add(outcome));
                    Ok(())
                }
                (Fed::Mark(PageEnd { page, cursor }), Some(journal)) => {
                    journal.mark(Mark { page, cursor, counts: run.report.counts(), ..Mark::default() })
                }
                (Fed::Mark(_), None) => Ok(()),
            },
        )?;
        Ok(run.end())
    })
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
            total.set(count);
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
