//! Writing an entry of a back-up or of another data store.

use super::digest::of_content;
use super::failure::{skipped, unthrottled};
use super::format::Line;
use super::journal::{Begun, Journal, Key, Touched};
use super::options::Overwrite;
use super::report::{Outcome, SkipReason, SkippedEntry};
use crate::data::handle::DataStore;
use crate::data::metadata::EntryMetadata;
use crate::data::raw::{RawEntry, Texts};
use crate::data::update::{LockStep, Step, has_content};
use crate::error::Result;

/// How entries are written.
pub(super) struct Put<'a> {
    /// The destination.
    pub(super) store: &'a DataStore,
    /// `None` is a dry run.
    pub(super) journal: Option<&'a Journal>,
    pub(super) overwrite: Overwrite,
}

impl Put<'_> {
    /// Writes an entry. `earlier` is what a run that ended early has done with it.
    pub(super) fn put(&self, key: &Key, line: &Line, earlier: Option<&Touched>) -> Result<Outcome> {
        let begun = match earlier {
            Some(Touched::Done(outcome)) => return Ok(outcome.clone()),
            Some(Touched::Begun(begun)) => Some(begun),
            None => None,
        };
        let made = unthrottled(self.store, || self.try_put(key, line, begun));
        let outcome = made.or_else(|error| skipped(&key.scope, &key.id, error))?;
        if let Some(journal) = self.journal {
            journal.done(key, &outcome)?;
        }
        Ok(outcome)
    }

    fn try_put(&self, key: &Key, line: &Line, begun: Option<&Begun>) -> Result<Outcome> {
        let store = self.store.with_scope(&key.scope);
        let value = line.value.get();
        let texts = texts_of(line);
        let metadata = EntryMetadata::verbatim(texts.clone());
        let mut outcome = Outcome::Unchanged;
        let mut before_write = recorder(self.journal, key);
        let step = LockStep::new(&store, &key.id, &metadata).before_write(&mut before_write);
        step.run(&mut |current| {
            let skip =
                |reason, message: &str| Outcome::Skipped(SkippedEntry::new(&line.scope, &line.id, reason, message));
            outcome = match (begun.map(|begun| state(begun, current)), current) {
                (Some(State::Made), _) => Outcome::Written,
                (Some(State::Unknown), _) => skip(SkipReason::InDoubt, IN_DOUBT),
                (_, Some(current)) if has_content(current, value, &texts) => Outcome::Unchanged,
                (_, Some(_)) if self.overwrite == Overwrite::Never => skip(SkipReason::Exists, "it exists"),
                (_, Some(current)) if self.overwrite == Overwrite::Older && is_newer(current, line) => {
                    skip(SkipReason::Newer, "it was written since")
                }
                _ if self.journal.is_none() => Outcome::Written,
                _ => {
                    outcome = Outcome::Written;
                    return Ok(Step::Set(value.to_owned()));
                }
            };
            Ok(Step::Keep)
        })?;
        Ok(outcome)
    }
}

/// Why an entry is in doubt.
pub(super) const IN_DOUBT: &str =
    "a run ended while it was written, and it has been written since: it isn't known whether the change was made";

/// What became of a write that an earlier run has begun.
#[derive(Debug, PartialEq)]
pub(super) enum State {
    Made,
    NotMade,
    Unknown,
}

/// Finds out what became of a write by what the entry is now.
pub(super) fn state(begun: &Begun, current: Option<&RawEntry>) -> State {
    let etag = current.and_then(|current| current.etag.as_deref());
    let hash = current.and_then(|current| {
        let Texts { users, attributes } = current.texts();
        Some(of_content(current.value.as_deref()?.get(), &users, &attributes))
    });
    match begun {
        _ if current.is_some() == begun.etag.is_some() && etag == begun.etag.as_deref() => State::NotMade,
        begun if begun.hash == hash => State::Made,
        _ => State::Unknown,
    }
}

/// Returns what records a write in the journal before it is sent.
pub(super) fn recorder<'a>(
    journal: Option<&'a Journal>,
    key: &'a Key,
) -> impl FnMut(Option<&RawEntry>, Option<(&str, &Texts)>) -> Result<()> + 'a {
    move |old, new| {
        let Some(journal) = journal else { return Ok(()) };
        let etag = old.and_then(|old| old.etag.as_deref());
        let hash = new.map(|(value, texts)| of_content(value, &texts.users, &texts.attributes));
        journal.begin(key, etag, hash)
    }
}

fn texts_of(line: &Line) -> Texts {
    RawEntry { users: line.users.clone(), attributes: line.attributes.clone(), ..RawEntry::default() }.texts()
}

/// Whether an entry was written after the one of the back-up. If it isn't known, it may have been.
fn is_newer(current: &RawEntry, line: &Line) -> bool {
    let is_same = current.etag.is_some() && current.etag == line.etag;
    match (current.revision_create_time, line.revision_create_time) {
        _ if is_same => false,
        (Some(current), Some(known)) => current > known,
        _ => true,
    }
}
