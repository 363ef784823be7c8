//! A run from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::book::Book;
use super::change::Change;
use super::content::Cache;
use super::decide::{Item, by_hand, decide, read_files, rejection};
use super::doubt::{Ended, entry_of, resolve};
use super::event::PublishEvent;
use super::files::Found;
use super::lock::{Doubt, Entry, Key, Lock};
use super::module_files;
use super::plan::{Plan, PlannedAction, PlannedFile, shortest_time};
use super::report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
use super::settings::Settings;
use super::state::Run;
use super::upload;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::log_target::LOG_TARGET;

pub(super) fn plan(settings: &Settings, lock: &Lock) -> Result<Plan> {
    let (items, mut problems) = read_files(settings, &mut Cache::read(&settings.lock), &|| false)?;
    let mut lock = lock.clone();
    by_hand(settings, &lock, &items)?.into_iter().for_each(|change| lock.apply(change));
    check_found(settings, &lock, &items, &problems)?;
    let actions = decide(settings, &lock, &items);
    let published = report(settings, &lock, &items, &BTreeMap::new(), problems.clone(), None);
    problems.extend(module_files::clashes(settings, &lock, &items, &problems));
    problems.extend(items.iter().filter_map(|item| rejection(item, &lock)));
    let mut files = Vec::with_capacity(items.len());
    for (item, action) in items.into_iter().zip(actions) {
        if action.is_upload() {
            if let Err(error) = upload::check(&item) {
                problems.push(PublishProblem::new(&item.file.name, PublishProblemKind::of(&error), error));
                continue;
            }
        }
        let Item { file, asset_type, .. } = item;
        files.push(PlannedFile { path: file.name, asset_type, size: file.size, action });
    }
    let stale_modules = module_files::stale(settings, &published);
    let mut plan = Plan { files, problems, stale_modules, quotas: Vec::new() };
    plan.problems.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(plan)
}

/// Returns what a run would, if it could send nothing.
pub(super) fn published(settings: &Settings, lock: &Lock) -> Result<Report> {
    let (items, problems) = read_files(settings, &mut Cache::read(&settings.lock), &|| false)?;
    check_found(settings, lock, &items, &problems)?;
    Ok(report(settings, lock, &items, &BTreeMap::new(), problems, None))
}

/// Refuses a folder without files if there were some, such as that of a submodule that wasn't checked out.
fn check_found(settings: &Settings, lock: &Lock, items: &[Item], problems: &[PublishProblem]) -> Result<()> {
    module_files::check_paths(settings)?;
    if !items.is_empty() || !problems.is_empty() || lock.files.is_empty() {
        return Ok(());
    }
    let (subject, known) = (super::lock::subject(&settings.lock), lock.files.len());
    Err(Error::invalid_input(format!("there is no file to publish, but {subject} has {known}"))
        .advise("check the folder out; if all files are gone for good, remove the lock file, too")
        .concerning_run())
}

/// Returns what is published, as a lock file has it.
fn report(
    settings: &Settings,
    lock: &Lock,
    items: &[Item],
    how: &BTreeMap<Key, Published>,
    mut problems: Vec<PublishProblem>,
    stopped: Option<Stopped>,
) -> Report {
    let mut files = published_files(lock, items, how, &mut problems);
    module_files::add_outdated(lock, items, &problems, &mut files);
    Report::new(&settings.module, files, problems, stopped)
}

/// Returns the files that have an asset. What became of the others is a problem, if there is none yet.
fn published_files(
    lock: &Lock,
    items: &[Item],
    how: &BTreeMap<Key, Published>,
    problems: &mut Vec<PublishProblem>,
) -> Vec<PublishedFile> {
    let known: BTreeSet<String> = problems.iter().map(|problem| problem.path.clone()).collect();
    let versions_in_doubt = lock.versions_in_doubt();
    let mut published = Vec::new();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    for item in items {
        if let Some(problem) = rejection(item, lock) {
            problems.push(problem);
        } else if let Some(entry) = lock.assets.get(&item.key) {
            if versions_in_doubt.contains(&entry.id) && !known.contains(&item.file.name) {
                let message =
                    format!("another version of asset {} may have arrived; the next run looks for it", entry.id);
                let (path, kind) = (item.file.name.clone(), PublishProblemKind::InDoubt);
                problems.push(PublishProblem { path, kind, message, error: None });
            }
            let how = match (how.get(&item.key), first.get(&item.key)) {
                (None, _) => Published::Unchanged,
                (Some(_), Some(other)) => Published::SameAs((*other).to_owned()),
                (Some(how), None) => how.clone(),
            };
            let (path, asset_type) = (item.file.name.clone(), item.asset_type.clone());
            published.push(PublishedFile { path, id: entry.id, asset_type, how });
            first.entry(&item.key).or_insert(&item.file.name);
        } else if !known.contains(&item.file.name) {
            let (kind, message) = match lock.doubts.get(&item.key).map(|doubt| &doubt.operation) {
                Some(Some(operation)) => {
                    let message = format!("its upload was accepted as {operation}; the next run waits for it");
                    (PublishProblemKind::InDoubt, message)
                }
                Some(None) => {
                    (PublishProblemKind::InDoubt, "its upload may have arrived; the next run looks for it".to_owned())
                }
                None => (PublishProblemKind::NotSent, "it is not published; run the publisher".to_owned()),
            };
            problems.push(PublishProblem { path: item.file.name.clone(), kind, message, error: None });
        }
    }
    published
}

pub(super) fn run(settings: &Settings) -> Result<Report> {
    /// Lets another run begin, also after a panic of a callback: threads of this one may still have the book.
    struct Release(Arc<Book>);
    impl Drop for Release {
        fn drop(&mut self) {
            self.0.release();
        }
    }
    let book = Release(Arc::new(Book::open(&settings.lock, &settings.owner.to_string())?));
    run_with(settings, &book.0)
}

fn run_with(settings: &Settings, book: &Arc<Book>) -> Result<Report> {
    let mut cache = Cache::read(&settings.lock);
    let (items, problems) = read_files(settings, &mut cache, &*settings.stop_when)?;
    if (settings.stop_when)() {
        // Nothing was done yet.
        return Ok(Report::new(&settings.module, Vec::new(), Vec::new(), Some(Stopped::Cancelled)));
    }
    book.look(|lock| {
        check_found(settings, lock, &items, &problems)?;
        module_files::check(settings, lock, &items, &problems)
    })?;
    let files: Vec<Found> = items.iter().map(|item| item.file.clone()).collect();
    if book.refusal().is_none() {
        cache.write(&files)?;
    }
    let mut places: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        places.entry(item.key.clone()).or_default().push(place);
    }
    let mut run = Run {
        settings,
        book: Arc::clone(book),
        items: Arc::new(items),
        places,
        problems: Vec::new(),
        how: BTreeMap::new(),
        stopped: None,
    };
    problems.into_iter().for_each(|problem| run.problem(problem));
    run.decide_by_hand()?;
    run.resolve_doubts();
    run.look_at_reviews();
    run.upload();
    run.grant();
    let mut report = run.finish();
    module_files::write_all(settings, &mut report);
    Ok(report)
}

/// Whether no call can succeed any more. A key that can't read inventories can still upload.
fn refuses_all(error: &Error) -> bool {
    let kinds =
        [ErrorKind::Unauthenticated, ErrorKind::AccountModerated, ErrorKind::InvalidGrant, ErrorKind::Connection];
    error.scope() == ErrorScope::Run && kinds.contains(&error.kind())
}

impl Run<'_> {
    /// Carries out what the caller has decided about single files.
    fn decide_by_hand(&mut self) -> Result<()> {
        let changes = self.book.look(|lock| by_hand(self.settings, lock, &self.items))?;
        for change in changes {
            let adopted = match &change {
                Change::Adopted { key, entry, .. } => Some((key.clone(), entry.id)),
                _ => None,
            };
            self.note(change)?;
            if let Some((key, id)) = adopted {
                self.how.insert(key.clone(), Published::Adopted("by hand".to_owned()));
                self.items_of(&key).for_each(|item| self.tell(&PublishEvent::Published { path: &item.file.name, id }));
            }
        }
        Ok(())
    }

    /// Finds out how the uploads of an earlier run ended.
    fn resolve_doubts(&mut self) {
        let mut doubts: Vec<(Key, Doubt)> = self.book.look(|lock| lock.doubts.clone()).into_iter().collect();
        // Those that are known for certain tell which asset isn't that of another one.
        doubts.sort_by_key(|(_, doubt)| doubt.operation.is_none());
        for (key, doubt) in doubts {
            if self.has_stopped() {
                return;
            }
            let item = self.items_of(&key).next().or_else(|| self.item_of_asset(doubt.version_of?)).cloned();
            // Nothing waits for an upload whose content is gone, until it comes back. If its operation is known, that is final.
            if item.is_none() && doubt.operation.is_none() {
                continue;
            }
            let path = item.as_ref().map_or(doubt.path.as_str(), |item| item.file.name.as_str());
            self.tell(&PublishEvent::Resolving { path });
            let wait = self.wait_options();
            match resolve(&self.settings.owner, &self.book.lock(), &key, &doubt, &wait) {
                Ended::Arrived(entry, reason) => {
                    self.published(&key, entry, Published::Adopted(reason), doubt.version_of.is_some());
                }
                Ended::Failed(error) => {
                    log::info!(target: LOG_TARGET, "{path}: an earlier upload failed: {error}");
                    let _ = self.note(Change::Over(key));
                }
                Ended::Unsure => drop(self.note(Change::Unsure(key))),
                Ended::Unknown(message, error) => {
                    if item.is_some() {
                        let (path, kind) = (path.to_owned(), PublishProblemKind::InDoubt);
                        self.problem(PublishProblem { path, kind, message, error: error.clone() });
                    } else if error.is_none() {
                        // The service has forgotten the operation.
                        let _ = self.note(Change::Begun(key, Doubt { operation: None, ..doubt }));
                    }
                    if let Some(error) = error.filter(refuses_all) {
                        self.stopped = Some(Stopped::Failed(error));
                    }
                    // The wait may have been cancelled.
                    self.has_stopped();
                }
            }
        }
    }

    /// Asks what became of assets that were under review.
    fn look_at_reviews(&mut self) {
        if !self.settings.check_reviews {
            return;
        }
        let keys: BTreeSet<&Key> = self.items.iter().map(|item| &item.key).collect();
        let under_review: Vec<(Key, Entry)> = self.book.look(|lock| {
            let entries = keys.iter().filter_map(|key| Some(((*key).clone(), lock.assets.get(*key)?.clone())));
            entries.filter(|(_, entry)| entry.in_review).collect()
        });
        for (key, known) in under_review {
            if self.has_stopped() {
                return;
            }
            match self.settings.owner.client().asset(known.id).fetch() {
                Ok(asset) => {
                    let Entry { rejected, in_review, .. } = entry_of(&asset, &known.name);
                    if !in_review {
                        let entry = Entry { rejected, in_review, ..known };
                        let _ = self.note(Change::Published { key, entry, is_version: false });
                    }
                }
                Err(error) => {
                    let message = format!("whether moderation has rejected asset {} is not known: {error}", known.id);
                    let paths: Vec<String> = self.items_of(&key).map(|item| item.file.name.clone()).collect();
                    for path in paths {
                        let (kind, message) = (PublishProblemKind::Failed, message.clone());
                        self.problem(PublishProblem { path, kind, message, error: Some(error.clone()) });
                    }
                    if refuses_all(&error) {
                        self.stopped = Some(Stopped::Failed(error));
                    } else if error.scope() == ErrorScope::Run {
                        return;
                    }
                }
            }
        }
    }

    /// Returns a file whose asset this is, or was before the file changed.
    fn item_of_asset(&self, id: u64) -> Option<&Item> {
        self.book.look(|lock| {
            let has_it = |key: &Key| lock.assets.get(key).is_some_and(|entry| entry.id == id);
            self.items.iter().find(|item| has_it(&item.key) || lock.files.get(&item.file.name).is_some_and(has_it))
        })
    }

    fn upload(&mut self) {
        let lock = self.book.lock();
        let actions = decide(self.settings, &lock, &self.items);
        let (mut uploads, mut versions) = (Vec::new(), Vec::new());
        for (place, action) in actions.iter().enumerate() {
            match action {
                PlannedAction::Upload | PlannedAction::UploadChanged => uploads.push(place),
                PlannedAction::NewVersion(id) => versions.push((place, *id)),
                PlannedAction::Nothing(_) | PlannedAction::SameAs(_) | PlannedAction::Resolve => {}
            }
        }
        let sent = uploads.iter().copied().chain(versions.iter().map(|(place, _)| *place));
        let bytes = sent.map(|place| self.items[place].file.size).sum();
        let count = uploads.len() + versions.len();
        let shortest_time = shortest_time(count);
        self.tell(&PublishEvent::Begun { files: self.items.len(), uploads: count, bytes, shortest_time });
        if count > 0 && self.stopped.is_none() {
            self.stopped = self.book.refusal().map(Stopped::Failed);
        }
        upload::upload_all(self, uploads, false);
        upload::update_all(self, versions);
    }

    fn finish(mut self) -> Report {
        let lock = self.book.lock();
        let items = Arc::clone(&self.items);
        let mut rest = std::mem::take(&mut self.problems);
        let known = rest.len();
        let published = published_files(&lock, &items, &self.how, &mut rest);
        let new = rest.split_off(known);
        self.problems = rest;
        new.into_iter().for_each(|problem| self.problem(problem));
        let mut published = published;
        module_files::add_outdated(&lock, &items, &self.problems, &mut published);
        // What is not published keeps its old name, so that a change is known as one.
        let files = items.iter().filter_map(|item| {
            let key = match lock.assets.get(&item.key).is_some_and(|entry| !entry.rejected) {
                true => Some(&item.key),
                false => lock.files.get(&item.file.name),
            };
            Some((item.file.name.clone(), key?.clone()))
        });
        let mut files: BTreeMap<String, Key> = files.collect();
        // So does what could not be read.
        for problem in &self.problems {
            if let (false, Some(key)) = (files.contains_key(&problem.path), lock.files.get(&problem.path)) {
                files.insert(problem.path.clone(), key.clone());
            }
        }
        // What is in the journal then is read by the next run.
        if let (Err(error), None) = (self.book.close(files), &self.stopped) {
            self.stopped = Some(Stopped::Failed(error));
        }
        Report::new(&self.settings.module, published, self.problems, self.stopped)
    }
}
