use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

/// What became of each entry of a user, from [`Erasure::run`](super::builder::Erasure::run).
///
/// Serde writes it, and [`Display`](fmt::Display) is a text for a person: one of them belongs into the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[must_use = "entries can fail; `is_complete` tells whether all are erased"]
pub struct ErasureReport {
    /// The id of the user.
    pub user_id: u64,
    /// Whether nothing was to be deleted.
    pub is_dry_run: bool,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// What was done in each experience.
    pub experiences: Vec<ErasedExperience>,
    /// The experiences in which nothing was done.
    pub unreached: Vec<UnreachedExperience>,
}

/// What was done in an experience, for an [`ErasureReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ErasedExperience {
    /// The universe id.
    pub id: u64,
    /// Each entry that was looked for.
    pub entries: Vec<ErasedEntry>,
    /// The data stores of [`Erasure::stores`](super::builder::Erasure::stores) that the experience doesn't have. A name may be
    /// misspelled.
    pub absent_stores: Vec<String>,
    /// The deleted data stores. They can't be searched, and can be brought back until they are gone.
    pub deleted_stores: Vec<DeletedStore>,
}

/// A data store that was deleted with all its entries, for an [`ErasedExperience`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeletedStore {
    /// The name.
    pub name: String,
    /// When it will be gone, if the service tells it.
    pub gone_at: Option<Timestamp>,
}

/// An experience in which nothing could be done, for an [`ErasureReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnreachedExperience {
    /// The id of the start place by which it was named.
    pub start_place_id: u64,
    /// The universe id, if it is known.
    pub id: Option<u64>,
    /// Why, and what to do.
    pub problem: String,
}

/// An entry that was looked for, for an [`ErasedExperience`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ErasedEntry {
    /// What it is in.
    pub kind: ErasedKind,
    /// The name of the store or the map.
    pub store: String,
    /// The scope. `None` if it is in a map, or if not all scopes are known that have such an entry.
    pub scope: Option<String>,
    /// The key.
    pub key: String,
    /// What became of it.
    pub outcome: ErasureOutcome,
    /// Until when revisions of it can still be read. `None` if it has none, or if it isn't known.
    pub readable_until: Option<Timestamp>,
    /// What went wrong, and what to do.
    pub problem: Option<String>,
}

/// What an [`ErasedEntry`] is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErasedKind {
    /// A data store.
    DataStore,
    /// An ordered data store.
    OrderedDataStore,
    /// A sorted map of the memory store.
    SortedMap,
}

/// What became of an [`ErasedEntry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErasureOutcome {
    /// It was deleted.
    Deleted,
    /// It wasn't there, or was deleted before.
    Missing,
    /// It is there. Only a dry run finds it so.
    Found,
    /// It was deleted, and has been written again. The player may be in the game.
    WrittenAgain,
    /// It couldn't be deleted. It may be there.
    Failed,
}

/// How far a run is, for [`Erasure::on_progress`](super::builder::Erasure::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErasureProgress {
    /// The universe id of the experience.
    pub experience_id: u64,
    /// How many of its stores and maps are done.
    pub stores_done: usize,
    /// How many stores and maps it has.
    pub stores: usize,
    /// How many entries were deleted in it, or found in a dry run.
    pub entries: usize,
    /// How many entries failed in it, or were written again.
    pub failed: usize,
}

impl ErasureReport {
    /// Returns whether nothing is left to be erased. If it isn't, the run can be repeated.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unreached.is_empty() && self.entries().all(|entry| entry.outcome.is_gone())
    }

    /// Returns the entries of all experiences.
    pub fn entries(&self) -> impl Iterator<Item = &ErasedEntry> {
        self.experiences.iter().flat_map(|experience| &experience.entries)
    }

    /// Returns how many entries have this outcome.
    #[must_use]
    pub fn count(&self, outcome: ErasureOutcome) -> usize {
        self.entries().filter(|entry| entry.outcome == outcome).count()
    }

    /// Returns until when revisions of some entry can still be read, as far as it is known. `None` if there are none.
    #[must_use]
    pub fn readable_until(&self) -> Option<Timestamp> {
        self.entries().filter_map(|entry| entry.readable_until).max()
    }
}

impl ErasureOutcome {
    /// Returns whether the entry isn't there any more.
    #[must_use]
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Deleted | Self::Missing)
    }
}

/// A text for a person, of several lines.
impl fmt::Display for ErasureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, user) = (if self.is_dry_run { "Dry run of the erasure" } else { "Erasure" }, self.user_id);
        writeln!(f, "{what} of user {user}, from {:.0} to {:.0}", self.started_at, self.ended_at)?;
        for experience in &self.experiences {
            writeln!(f, "Experience {}:", experience.id)?;
            experience.entries.iter().try_for_each(|entry| writeln!(f, "  {entry}"))?;
            for name in &experience.absent_stores {
                writeln!(f, "  there is no data store {name:?}")?;
            }
            for DeletedStore { name, gone_at } in &experience.deleted_stores {
                write!(f, "  data store {name:?} is deleted with all its entries, and can be brought back")?;
                match gone_at {
                    Some(time) => writeln!(f, " until {time:.0}")?,
                    None => writeln!(f)?,
                }
            }
        }
        for UnreachedExperience { start_place_id, id, problem } in &self.unreached {
            match id {
                Some(id) => writeln!(f, "Experience {id} of place {start_place_id}: not reached: {problem}")?,
                None => writeln!(f, "The experience of place {start_place_id}: not reached: {problem}")?,
            }
        }
        let mut counts = String::new();
        for (outcome, words) in WORDS {
            match self.count(*outcome) {
                0 => {}
                count => counts.push_str(&format!("{count} {words}, ")),
            }
        }
        match (self.is_complete(), self.is_dry_run) {
            (true, true) => write!(f, "{counts}nothing is to be deleted"),
            (true, false) => write!(f, "{counts}complete"),
            (false, true) => write!(f, "{counts}nothing was deleted"),
            (false, false) => write!(f, "{counts}not complete: repeat the run"),
        }
    }
}

/// The outcomes in words.
const WORDS: &[(ErasureOutcome, &str)] = &[
    (ErasureOutcome::Deleted, "deleted"),
    (ErasureOutcome::Missing, "missing"),
    (ErasureOutcome::Found, "found"),
    (ErasureOutcome::WrittenAgain, "deleted and written again"),
    (ErasureOutcome::Failed, "failed"),
];

/// `data store "Players", scope "global", key "user_156": deleted; revisions can be read until 2026-01-31T00:00:00Z`
impl fmt::Display for ErasedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}, ", self.kind, self.store)?;
        match &self.scope {
            Some(scope) => write!(f, "scope {scope:?}, ")?,
            None if self.kind != ErasedKind::SortedMap => f.write_str("other scopes, ")?,
            None => {}
        }
        write!(f, "key {:?}: {}", self.key, self.outcome)?;
        if let Some(until) = self.readable_until {
            write!(f, "; revisions can be read until {until:.0}")?;
        }
        match &self.problem {
            Some(problem) => write!(f, "; {problem}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ErasedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataStore => "data store",
            Self::OrderedDataStore => "ordered data store",
            Self::SortedMap => "sorted map",
        })
    }
}

impl fmt::Display for ErasureOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = WORDS.iter().find(|(outcome, _)| outcome == self);
        f.write_str(words.map_or("unknown", |(_, words)| words))
    }
}

/// `3 of 12 stores, 2 entries, 0 failed`
impl fmt::Display for ErasureProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stores_done, stores, entries, failed, .. } = self;
        write!(f, "{stores_done} of {stores} stores, {entries} entries, {failed} failed")
    }
}
