//! Sends what is new or has changed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::change::Change;
use super::content::hash_file;
use super::event::PublishEvent;
use super::item::Item;
use super::lock::{Doubt, Entry};
use super::prepare::prepare;
use super::record::Record;
use super::report::{PublishProblem, PublishProblemKind, Published, Stopped};
use super::settings::Settings;
use super::stamp::Stamp;
use super::state::Run;
use super::version;
use crate::asset::file::AssetFile;
use crate::asset::{Asset, AssetUpdate, AssetUpload, AssetUploads, NextOutcome, UploadOutcome};
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::log_target::LOG_TARGET;
use crate::operation::Operation;
use crate::request::AttemptEvent;

/// How often the run looks whether it is cancelled.
const PAUSE: Duration = Duration::from_millis(100);

/// The uploads, which the threads of the batch take.
struct Source {
    settings: Settings,
    record: Arc<Record>,
    items: Arc<Vec<Item>>,
    indexes: std::vec::IntoIter<usize>,
    is_neutral: bool,
    shared: Arc<Shared>,
}

/// What the run learns from the threads of the batch.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    is_cancelled: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The index of the item of each upload.
    sent: Vec<usize>,
    /// Files that turned out to be unfit when their turn came.
    unfit: Vec<(usize, Error)>,
    /// How many uploads have failed without a request.
    unfit_when_sent: usize,
    /// The service has accepted or refused an upload.
    is_tried: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tried(&self) {
        self.state().is_tried = true;
        self.changed.notify_all();
    }

    fn ended(&self, outcome: &UploadOutcome) {
        let is_local = |error: &Error| {
            let is_of_file =
                matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidContent | ErrorKind::Io);
            is_of_file && error.status().is_none() && error.operation().is_none()
        };
        if outcome.result.as_ref().is_err_and(is_local) {
            self.state().unfit_when_sent += 1;
            self.changed.notify_all();
        } else {
            self.tried();
        }
    }
}

impl Iterator for Source {
    type Item = AssetUpload;

    fn next(&mut self) -> Option<AssetUpload> {
        // A refused key must not be tried by all threads at once.
        let mut state = self.shared.state();
        while state.sent.len() > state.unfit_when_sent
            && !state.is_tried
            && !self.shared.is_cancelled.load(Ordering::Relaxed)
        {
            state = self.shared.changed.wait_timeout(state, PAUSE).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        loop {
            let index = self.indexes.next()?;
            if self.shared.is_cancelled.load(Ordering::Relaxed) || (self.settings.stop_when)() {
                return None;
            }
            match self.upload(index) {
                Ok(upload) => {
                    self.shared.state().sent.push(index);
                    return Some(upload);
                }
                Err(error) => self.shared.state().unfit.push((index, error)),
            }
        }
    }
}

impl Source {
    fn upload(&self, index: usize) -> Result<AssetUpload> {
        let item = &self.items[index];
        let file = open_unchanged(item)?;
        let name = if self.is_neutral { format!("asset-{}", item.key.short()) } else { item.name.clone() };
        let begin = begin(&self.record, item, Doubt::new(&item.file.name, &name));
        let (on_event, path) = (Arc::clone(&self.settings.on_event), item.file.name.clone());
        let upload = new_upload(&self.settings, file, item, &name);
        Ok(upload.on_attempt(begin).on_progress(move |progress| {
            on_event(&PublishEvent::Progress { path: &path, sent: progress.sent, total: progress.total });
        }))
    }
}

fn new_upload(settings: &Settings, file: AssetFile, item: &Item, name: &str) -> AssetUpload {
    let upload = AssetUpload::new(file, item.asset_type.clone(), name, "");
    match settings.expected_price {
        Some(robux) => upload.expected_price(robux),
        None => upload,
    }
}

/// Opens what is to be sent, which must be the file that was hashed, or is made of it.
fn open_unchanged(item: &Item) -> Result<AssetFile> {
    if let Some(preparation) = &item.preparation {
        return prepare(preparation, item);
    }
    let path = &item.file.path;
    let file = AssetFile::open(path)?;
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    // Another mode or another link has another stamp, too.
    let has_changed = || -> std::io::Result<bool> {
        Ok(Stamp::of(&std::fs::metadata(path)?) != item.file.stamp && !item.key.has_hash(&hash_file(path)?))
    };
    if has_changed().map_err(failed)? {
        return Err(item.has_changed());
    }
    Ok(file)
}

/// Returns what writes each attempt to send an upload down. One that had no effect, such as one that the rate limit refused,
/// leaves no doubt while the next one waits for its turn.
fn begin(record: &Arc<Record>, item: &Item, doubt: Doubt) -> impl FnMut(AttemptEvent) -> Result<()> + Send + 'static {
    let (record, key) = (Arc::clone(record), item.key.clone());
    move |attempt| {
        record.note(match attempt {
            AttemptEvent::Begins => Change::Begun(key.clone(), Doubt { since: Timestamp::now(), ..doubt.clone() }),
            AttemptEvent::HadNoEffect => Change::Over(key.clone()),
        })
    }
}

/// Uploads the items with these indexes, or copies of those that are refused.
pub(super) fn upload_all(run: &mut Run<'_>, indexes: Vec<usize>) {
    let mut rounds = VecDeque::from([(indexes, false)]);
    while let Some((indexes, is_neutral)) = rounds.pop_front() {
        if !indexes.is_empty() && run.stopped.is_none() {
            let round = upload_round(run, indexes, is_neutral);
            rounds.extend([(round.moderated, true), (round.copies, false)]);
        }
    }
}

/// What is to be sent after a round of uploads.
#[derive(Default)]
struct Round {
    /// Files to send again under a neutral name.
    moderated: Vec<usize>,
    /// Copies of files that were refused.
    copies: Vec<usize>,
}

fn upload_round(run: &mut Run<'_>, indexes: Vec<usize>, is_neutral: bool) -> Round {
    let shared = Arc::new(Shared::default());
    let source = Source {
        settings: run.settings.clone(),
        record: Arc::clone(&run.record),
        items: Arc::clone(&run.items),
        indexes: indexes.into_iter(),
        is_neutral,
        shared: Arc::clone(&shared),
    };
    let (accepted, record, items) = (Arc::clone(&shared), Arc::clone(&run.record), Arc::clone(&run.items));
    let on_event = Arc::clone(&run.settings.on_event);
    let owner = &run.settings.owner;
    let mut uploads = AssetUploads::new(owner.client().clone(), owner.creator(), source)
        .concurrency(run.settings.concurrency)
        .on_accepted(move |upload_index, operation| {
            let index = accepted.state().sent[upload_index];
            accepted.tried();
            let item = &items[index];
            // Its space is kept, so only a broken disk gets here. The outcome names it, too.
            if let Err(error) = record.note(Change::Accepted(item.key.clone(), operation.clone())) {
                log::error!(target: LOG_TARGET, "{} is {operation}, but that is not on record: {error}", item.file.name);
            }
            on_event(&PublishEvent::Accepted { path: &item.file.name, operation });
        });
    let mut round = Round::default();
    loop {
        match uploads.next_within(PAUSE) {
            NextOutcome::Outcome(outcome) => {
                shared.ended(&outcome);
                let index = shared.state().sent[outcome.index];
                let is_moderated =
                    outcome.result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Moderated && !is_neutral);
                if is_moderated && run.settings.neutral_names {
                    let _ = run.note(Change::Over(run.items[index].key.clone()));
                    round.moderated.push(index);
                } else {
                    round.copies.extend(handle(run, index, *outcome));
                }
                // Nothing more may begin that couldn't be written down.
                if run.stopped.is_some() {
                    shared.is_cancelled.store(true, Ordering::Relaxed);
                }
            }
            NextOutcome::End => break,
            NextOutcome::NotYet if run.is_cancelled() => {
                shared.is_cancelled.store(true, Ordering::Relaxed);
                break;
            }
            NextOutcome::NotYet => {}
        }
    }
    // Waits for the uploads that are being sent.
    drop(uploads);
    run.has_stopped();
    for (index, error) in std::mem::take(&mut shared.state().unfit) {
        round.copies.extend(failed(run, index, error));
    }
    round
}

/// Writes down how an upload ended. Returns a copy of the file to send instead.
fn handle(run: &mut Run<'_>, index: usize, outcome: UploadOutcome) -> Option<usize> {
    let item = run.items[index].clone();
    let path = item.file.name.clone();
    for failure in &outcome.partial_failures {
        let message = format!("it is published, but: {failure}");
        run.problem(PublishProblem { path: path.clone(), kind: PublishProblemKind::Failed, message, error: None });
    }
    match outcome.result {
        Ok(asset) => {
            run.published(&item.key, Entry::of(&asset, &item.name), Published::Uploaded, false);
            None
        }
        Err(error) => failed(run, index, error),
    }
}

/// Whether a copy of the file may be accepted: it has another name and perhaps another extension.
fn is_of_one_copy(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Moderated | ErrorKind::Rejected => true,
        ErrorKind::InvalidInput | ErrorKind::InvalidContent | ErrorKind::Io => {
            error.status().is_none() && error.operation().is_none()
        }
        _ => false,
    }
}

/// Writes down that an upload failed. Returns a copy of the file to send instead.
fn failed(run: &mut Run<'_>, index: usize, error: Error) -> Option<usize> {
    let item = run.items[index].clone();
    let (key, path) = (&item.key, &item.file.name);
    let may_exist = error.outcome_unknown() || error.can_wait_again();
    let was_begun = run.record.look(|lock| lock.doubts.contains_key(key));
    if was_begun && !may_exist {
        let _ = run.note(Change::Over(key.clone()));
    }
    // A response that can't be used can name the operation, too.
    if let Some(name) = error.operation().filter(|_| may_exist) {
        let is_new = |doubt: &Doubt| doubt.operation.as_ref() != Some(name);
        if run.record.look(|lock| lock.doubts.get(key).is_some_and(is_new)) {
            let _ = run.note(Change::Accepted(key.clone(), name.clone()));
        }
    }
    let kind = if may_exist { PublishProblemKind::InDoubt } else { PublishProblemKind::of(&error) };
    if error.scope() == ErrorScope::Run && run.stopped.is_none() {
        run.stopped = Some(Stopped::Failed(error.clone()));
    }
    let copy = run.next_copy(index).filter(|_| !may_exist && run.stopped.is_none() && is_of_one_copy(&error));
    let problem = PublishProblem::new(path, kind, error);
    match copy {
        Some(_) => run.refused.push((item.key, problem)),
        None => run.problem(problem),
    }
    copy
}

/// Checks what can be checked without sending a file.
pub(super) fn check(item: &Item) -> Result<()> {
    AssetUpload::new(open_unchanged(item)?, item.asset_type.clone(), item.name.clone(), "").check()
}

/// Uploads new versions of models, then waits for all of them.
pub(super) fn update_all(run: &mut Run<'_>, versions: Vec<(usize, u64)>) {
    let mut accepted = Vec::new();
    let mut versions = VecDeque::from(versions);
    while let Some((index, id)) = versions.pop_front() {
        if run.has_stopped() {
            break;
        }
        let item = run.items[index].clone();
        match update(run, &item, id) {
            Ok(operation) => accepted.push((index, item, operation)),
            Err(error) => {
                let is_of_type = error.scope() == ErrorScope::AssetType;
                versions.extend(failed(run, index, error).map(|copy| (copy, id)));
                // The quota is used up.
                if is_of_type {
                    break;
                }
            }
        }
    }
    for (index, item, operation) in accepted {
        match operation.wait_with(&run.wait_options()) {
            Ok(asset) => run.published(&item.key, Entry::of(&asset, &item.name), Published::NewVersion, true),
            Err(error) => {
                let _ = failed(run, index, error);
                // The wait may have been cancelled.
                run.has_stopped();
            }
        }
    }
}

fn update(run: &mut Run<'_>, item: &Item, id: u64) -> Result<Operation<Asset>> {
    let owner = &run.settings.owner;
    let entry = run.record.look(|lock| lock.entry_of(id).cloned());
    let entry = entry.ok_or_else(|| Error::invalid_input(format!("the lock file doesn't have asset {id} any more")))?;
    let after_version = version::fetch(owner, &item.file.name, &entry)?.revision_id;
    let asset = owner.client().asset(id);
    let doubt = Doubt { version_of: Some(id), after_version, ..Doubt::new(&item.file.name, &item.name) };
    let begin = begin(&run.record, item, doubt);
    let operation = asset.update_with(AssetUpdate::new(id).file(open_unchanged(item)?).on_attempt(begin))?;
    if let Some(name) = operation.name() {
        // If that fails, the run is stopped, and the outcome names it.
        let _ = run.note(Change::Accepted(item.key.clone(), name.clone()));
        run.emit(&PublishEvent::Accepted { path: &item.file.name, operation: name });
    }
    Ok(operation)
}
