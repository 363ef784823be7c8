//! Where a job that changes entries goes on.

use super::journal::{Earlier, Job, Journal, Mark, Touches};
use super::keys::{Keys, Resumed};
use super::options::Bulk;
use super::report::Counts;
use crate::data::handle::DataStore;
use crate::error::Result;

/// What is left to do.
pub(super) struct Rest {
    /// `None` if all was listed.
    pub(super) keys: Option<Keys>,
    /// What earlier runs have done with entries that may be listed.
    pub(super) touched: Touches,
    /// The numbers of the entries before.
    pub(super) counts: Counts,
}

impl Rest {
    /// All of a job without a journal.
    pub(super) fn all(store: &DataStore, bulk: &Bulk) -> Self {
        Self { keys: Some(Keys::new(store, bulk)), touched: Touches::default(), counts: Counts::default() }
    }

    /// What an earlier run has left.
    pub(super) fn after(
        earlier: Earlier,
        journal: &Journal,
        job: &Job,
        store: &DataStore,
        bulk: &Bulk,
    ) -> Result<Self> {
        let start = Mark::default();
        let (keys, earlier) = match Keys::after(earlier.mark.as_ref().unwrap_or(&start), store, bulk)? {
            Resumed::Keys(keys) => (Some(keys), earlier),
            Resumed::Anew(keys) => (Some(keys), journal.begin_anew(job, &earlier)?),
            Resumed::End => (None, earlier),
        };
        let Earlier { mark, touched, .. } = earlier;
        Ok(Self { keys, touched, counts: mark.unwrap_or(start).counts })
    }
}
