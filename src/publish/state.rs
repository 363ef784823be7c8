//! What a run has done so far.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::change::Change;
use super::event::PublishEvent;
use super::item::Item;
use super::lock::{Entry, Key};
use super::record::Record;
use super::report::{PublishProblem, PublishProblemKind, Published, Stopped};
use super::settings::Settings;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::operation::WaitOptions;

/// The longest delay between polls, so that a run that is cancelled ends soon.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) settings: &'a Settings,
    pub(super) record: Arc<Record>,
    pub(super) items: Arc<Vec<Item>>,
    /// The indexes of the items of each content.
    pub(super) indexes: BTreeMap<Key, Vec<usize>>,
    pub(super) problems: Vec<PublishProblem>,
    pub(super) notes: Vec<String>,
    /// Problems of files of which a copy is sent instead. They count if none of the copies is published.
    pub(super) refused: Vec<(Key, PublishProblem)>,
    /// How the assets came to be that weren't there before.
    pub(super) outcomes: BTreeMap<Key, Published>,
    pub(super) stopped: Option<Stopped>,
}

/// Whether no call can succeed any more. A key that can't read inventories can still upload.
pub(super) fn refuses_all(error: &Error) -> bool {
    let kinds =
        [ErrorKind::Unauthenticated, ErrorKind::AccountModerated, ErrorKind::InvalidGrant, ErrorKind::Connection];
    error.scope() == ErrorScope::Run && kinds.contains(&error.kind())
}

impl Run<'_> {
    pub(super) fn problem(&mut self, problem: PublishProblem) {
        if !problem.is_of_others() {
            self.emit(&PublishEvent::Problem { path: &problem.path, message: &problem.message });
        }
        self.problems.push(problem);
    }

    pub(super) fn emit(&self, event: &PublishEvent<'_>) {
        (self.settings.on_event)(event);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        (self.settings.stop_when)()
    }

    /// Returns whether nothing more may begin.
    pub(super) fn has_stopped(&mut self) -> bool {
        if self.stopped.is_none() && self.is_cancelled() {
            self.stopped = Some(Stopped::Cancelled);
        }
        self.stopped.is_some()
    }

    pub(super) fn items_of(&self, key: &Key) -> impl Iterator<Item = &Item> {
        self.indexes.get(key).into_iter().flatten().map(|index| &self.items[*index])
    }

    /// Returns the next file of the same content, if there is one.
    pub(super) fn next_copy(&self, index: usize) -> Option<usize> {
        self.indexes.get(&self.items[index].key)?.iter().copied().find(|other| *other > index)
    }

    /// Writes a change down. If that fails, the run is stopped.
    pub(super) fn note(&mut self, change: Change) -> Result<()> {
        let noted = self.record.note(change);
        if let (Err(error), None) = (&noted, &self.stopped) {
            self.stopped = Some(Stopped::Failed(error.clone()));
        }
        noted
    }

    /// Writes down that a file has its asset.
    pub(super) fn published(&mut self, key: &Key, entry: Entry, outcome: Published, is_version: bool) {
        let (id, is_rejected) = (entry.id, entry.rejected);
        let noted = self.note(Change::Published { key: key.clone(), entry, is_version });
        self.outcomes.insert(key.clone(), outcome);
        let paths: Vec<String> = self.items_of(key).map(|item| item.file.name.clone()).collect();
        for path in paths {
            match &noted {
                Ok(()) if is_rejected => {}
                Ok(()) => self.emit(&PublishEvent::Published { path: &path, id }),
                Err(error) => {
                    let message = format!(
                        "it is asset {id}, but that could not be written down: {error}; adopt {path:?} with this id"
                    );
                    let (kind, error) = (PublishProblemKind::InDoubt, Some(error.clone()));
                    self.problem(PublishProblem { path, kind, message, error });
                }
            }
        }
    }

    /// Returns how to wait for an operation: not longer than the run lasts.
    pub(super) fn wait_options(&self) -> WaitOptions {
        let stop = Arc::clone(&self.settings.stop_when);
        WaitOptions::new().max_delay(LONGEST_DELAY).on_poll(move |_| match stop() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}
