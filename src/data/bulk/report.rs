use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a back-up, a restore, a copy or an edit of many entries has done, with all runs that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkReport {
    /// How many entries there were.
    pub entries: u64,
    /// How many of them were written: to the file, or to a data store. After a dry run, how many would be.
    pub written: u64,
    /// How many were deleted. After a dry run, how many would be.
    pub deleted: u64,
    /// How many needed no change.
    pub unchanged: u64,
    /// How many were skipped.
    pub skipped_count: u64,
    /// Those that this run has skipped, at most 1000 of them.
    pub skipped: Vec<SkippedEntry>,
    /// How long this run took.
    pub elapsed: Duration,
}

/// An entry that was skipped, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkippedEntry {
    /// The scope.
    pub scope: String,
    /// The key. Empty if the listing has an item that can't be read.
    pub id: String,
    /// Why it was skipped.
    pub reason: SkipReason,
    /// The reason in words.
    pub message: String,
}

/// Why an entry was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SkipReason {
    /// It was deleted after it was listed.
    Gone,
    /// It exists in the destination.
    Exists,
    /// It was written in the destination since. See [`Overwrite`](super::options::Overwrite).
    Newer,
    /// Its value can't be read.
    Unreadable,
    /// The service refuses it.
    Refused,
    /// A run ended while it was written, and others have written it since: it isn't known whether the change was made.
    InDoubt,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkProgress {
    /// How many entries are done, with those of earlier runs.
    pub done: u64,
    /// How many there are. `None` until they are counted.
    pub total: Option<u64>,
    /// How long this run has taken.
    pub elapsed: Duration,
    /// How long it will probably take from now on. `None` if it isn't known yet.
    pub left: Option<Duration>,
}

/// How many skipped entries are kept, so that the memory is bounded.
const MOST_SKIPPED: usize = 1000;

/// The numbers of a report, as a journal keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) entries: u64,
    pub(super) written: u64,
    pub(super) deleted: u64,
    pub(super) unchanged: u64,
    pub(super) skipped: u64,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    Written,
    Deleted,
    Unchanged,
    Skipped(SkippedEntry),
}

impl BulkReport {
    /// Whether no entry was skipped.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.skipped_count == 0
    }

    pub(super) fn of(counts: Counts) -> Self {
        let Counts { entries, written, deleted, unchanged, skipped } = counts;
        Self { entries, written, deleted, unchanged, skipped_count: skipped, ..Self::default() }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            entries: self.entries,
            written: self.written,
            deleted: self.deleted,
            unchanged: self.unchanged,
            skipped: self.skipped_count,
        }
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        self.entries += 1;
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::Deleted => self.deleted += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Skipped(entry) => {
                self.skipped_count += 1;
                if self.skipped.len() < MOST_SKIPPED {
                    self.skipped.push(entry);
                }
            }
        }
    }
}

impl SkippedEntry {
    pub(super) fn new(scope: &str, id: &str, reason: SkipReason, message: impl Into<String>) -> Self {
        Self { scope: scope.to_owned(), id: id.to_owned(), reason, message: message.into() }
    }
}

/// `1000 entries: 990 written, 10 skipped`.
impl fmt::Display for BulkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entries, if self.entries == 1 { "entry" } else { "entries" })?;
        let parts = [
            (self.written, "written"),
            (self.deleted, "deleted"),
            (self.unchanged, "unchanged"),
            (self.skipped_count, "skipped"),
        ];
        let mut separator = ": ";
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{separator}{count} {what}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// `scope/key: reason`.
impl fmt::Display for SkippedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.scope, self.id, self.message)
    }
}

/// `500 of 2000 (25 %), about 3m left`.
impl fmt::Display for BulkProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.done)?;
        if let Some(total) = self.total {
            let percent = (self.done * 100).checked_div(total).unwrap_or(100).min(100);
            write!(f, " of {total} ({percent} %)")?;
        }
        match self.left.map(|left| left.as_secs()) {
            Some(seconds @ 0..120) => write!(f, ", about {seconds} s left"),
            Some(seconds) => write!(f, ", about {} min left", seconds.div_ceil(60)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_and_progress_are_lines() {
        let mut report = BulkReport::default();
        assert_eq!(report.to_string(), "0 entries");
        report.add(Outcome::Written);
        assert_eq!(report.to_string(), "1 entry: 1 written");
        report.add(Outcome::Skipped(SkippedEntry::new("global", "a", SkipReason::Gone, "it was deleted")));
        assert_eq!(report.to_string(), "2 entries: 1 written, 1 skipped");
        assert_eq!(report.skipped[0].to_string(), "global/a: it was deleted");
        assert_eq!(BulkReport::of(report.counts()).counts(), report.counts());
        let mut progress = BulkProgress { done: 5, total: None, elapsed: Duration::ZERO, left: None };
        assert_eq!(progress.to_string(), "5");
        (progress.total, progress.left) = (Some(20), Some(Duration::from_secs(30)));
        assert_eq!(progress.to_string(), "5 of 20 (25 %), about 30 s left");
        progress.left = Some(Duration::from_secs(121));
        assert_eq!(progress.to_string(), "5 of 20 (25 %), about 3 min left");
    }
}
