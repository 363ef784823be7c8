//! A run from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change::Change;
use super::content::Cache;
use super::decide::{by_hand, decide, rejection};
use super::event::PublishEvent;
use super::files::{self, Found};
use super::grant::grant;
use super::item::{Files, Item, read_files};
use super::lock::{Key, Lock};
use super::module_files;
use super::plan::{Plan, PlannedAction, PlannedFile, shortest_time};
use super::record::Record;
use super::report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
use super::reviews::fetch_reviews;
use super::settings::Settings;
use super::settle::settle_doubts;
use super::state::Run;
use super::upload;
use super::version;
use crate::error::{Error, ErrorKind, ErrorScope, Result};

pub(super) fn plan(settings: &Settings, lock: &Lock) -> Result<Plan> {
    module_files::check_paths(settings)?;
    let Files { items, mut problems, notes, .. } =
        read_files(settings, lock, &mut Cache::read(&settings.lock), &|| false)?;
    let mut lock = lock.clone();
    by_hand(settings, &lock, &items)?.into_iter().for_each(|change| lock.apply(change));
    let published = report(settings, &lock, &items, problems.clone(), Vec::new(), None);
    problems.extend(module_files::clashes(settings, &lock, &items, &problems));
    problems.extend(items.iter().filter_map(|item| rejection(item, &lock)));
    let unfit = unfit(&lock, &items);
    let refused: BTreeSet<usize> = unfit.keys().copied().collect();
    let fit: BTreeSet<Key> = indexes_by_key(&items, |index| !refused.contains(&index)).into_keys().collect();
    let actions = decide(settings.new_versions, &lock, &items, &refused);
    // A file is published as a copy of it that can be sent.
    let unfit = unfit.into_iter().filter(|(index, _)| !fit.contains(&items[*index].key));
    let unfit: BTreeMap<usize, Error> = unfit.collect();
    let mut files = Vec::with_capacity(items.len());
    for (index, (item, action)) in items.into_iter().zip(actions).enumerate() {
        let Item { file, asset_type, .. } = item;
        match unfit.get(&index) {
            Some(error) => {
                problems.push(PublishProblem::new(&file.name, PublishProblemKind::of(error), error.clone()));
            }
            None => files.push(PlannedFile { path: file.name, asset_type, size: file.size, action }),
        }
    }
    let stale_modules = module_files::stale(settings, &published);
    let mut plan = Plan { files, problems, notes, stale_modules, quotas: Vec::new() };
    plan.problems.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(plan)
}

/// Fetches the assets that would get new versions. A file whose asset isn't the one that the lock file means is a problem.
pub(super) fn compare_versions(settings: &Settings, lock: &Lock, plan: &mut Plan) {
    let mut others = BTreeSet::new();
    for file in &plan.files {
        let PlannedAction::NewVersion(id) = file.action else { continue };
        let Some(entry) = lock.entry_of(id) else { continue };
        let Err(error) = version::fetch(&settings.owner, &file.path, entry) else { continue };
        let concerns_run = error.scope() == ErrorScope::Run;
        if error.kind() == ErrorKind::InvalidInput {
            others.insert(file.path.clone());
        }
        plan.problems.push(PublishProblem::new(&file.path, PublishProblemKind::of(&error), error));
        if concerns_run {
            break;
        }
    }
    plan.files.retain(|file| !others.contains(&file.path));
    plan.problems.sort_by(|one, other| one.path.cmp(&other.path));
}

/// Returns which files can't be sent, of those that may have to be.
fn unfit(lock: &Lock, items: &[Item]) -> BTreeMap<usize, Error> {
    let is_due = |item: &Item| !lock.assets.contains_key(&item.key) && !lock.doubts.contains_key(&item.key);
    let due = items.iter().enumerate().filter(|(_, item)| is_due(item));
    due.filter_map(|(index, item)| Some((index, upload::check(item).err()?))).collect()
}

/// Returns the indexes of the items of each content.
fn indexes_by_key(items: &[Item], filter: impl Fn(usize) -> bool) -> BTreeMap<Key, Vec<usize>> {
    let mut indexes: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate().filter(|(index, _)| filter(*index)) {
        indexes.entry(item.key.clone()).or_default().push(index);
    }
    indexes
}

/// Returns what a run would, if it could send nothing.
pub(super) fn published(settings: &Settings, lock: &Lock) -> Result<Report> {
    module_files::check_paths(settings)?;
    let Files { items, problems, notes, wrong } =
        read_files(settings, lock, &mut Cache::read(&settings.lock), &|| false)?;
    module_files::check_files(settings, &items)?;
    Ok(report(settings, lock, &items, problems, notes, wrong.map(Stopped::Failed)))
}

/// Returns what is published, as a lock file has it.
fn report(
    settings: &Settings,
    lock: &Lock,
    items: &[Item],
    mut problems: Vec<PublishProblem>,
    notes: Vec<String>,
    stopped: Option<Stopped>,
) -> Report {
    let mut files = published_files(lock, items, &BTreeMap::new(), &mut problems);
    module_files::add_outdated(lock, items, &problems, &mut files);
    Report::new(&settings.module, files, problems, notes, stopped)
}

/// Returns the files that have an asset. What became of the others is a problem, if there is none yet.
fn published_files(
    lock: &Lock,
    items: &[Item],
    outcomes: &BTreeMap<Key, Published>,
    problems: &mut Vec<PublishProblem>,
) -> Vec<PublishedFile> {
    let known: BTreeSet<String> = problems.iter().map(|problem| problem.path.clone()).collect();
    let versions_in_doubt = lock.versions_in_doubt();
    let mut published = Vec::new();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    let refused = items.iter().filter(|item| known.contains(&item.file.name));
    let refused: BTreeMap<&Key, &str> = refused.map(|item| (&item.key, item.file.name.as_str())).collect();
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
            let how = match (outcomes.get(&item.key), first.get(&item.key)) {
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
                None if refused.contains_key(&item.key) => {
                    let message = format!("it has the same content as {}, which is not published", refused[&item.key]);
                    (PublishProblemKind::NotSent, message)
                }
                None => (PublishProblemKind::NotSent, "it is not published; run the publisher".to_owned()),
            };
            problems.push(PublishProblem { path: item.file.name.clone(), kind, message, error: None });
        }
    }
    published
}

/// Carries out only which assets the caller has chosen for files.
pub(super) fn write_adopted(settings: &Settings) -> Result<Report> {
    files::check(settings.selection())?;
    module_files::check_paths(settings)?;
    let record = Record::open(&settings.lock, &settings.owner.to_string(), settings.accept_journal)?;
    let Files { items, problems, notes, wrong } =
        read_files(settings, &record.lock(), &mut Cache::read(&settings.lock), &|| false)?;
    let stopped = wrong.map(Stopped::Failed);
    if stopped.is_none() {
        let changes = record.look(|lock| by_hand(settings, lock, &items))?;
        let mut adopted = changes.into_iter().filter(|change| matches!(change, Change::Adopted { .. }));
        adopted.try_for_each(|change| record.note(change))?;
        record.close()?;
    }
    Ok(report(settings, &record.lock(), &items, problems, notes, stopped))
}

/// Forgets the names of files that aren't there, and returns them.
pub(super) fn prune(settings: &Settings) -> Result<Vec<String>> {
    let record = Record::open(&settings.lock, &settings.owner.to_string(), settings.accept_journal)?;
    let lock = record.lock();
    let Files { items, problems, .. } = read_files(settings, &lock, &mut Cache::read(&settings.lock), &|| false)?;
    let unfit = problems.iter().flat_map(|problem| module_files::names_of(&lock, problem)).map(str::to_owned);
    let present: BTreeSet<String> = items.into_iter().map(|item| item.file.name).chain(unfit).collect();
    let forgotten = record.update(|lock| lock.forget_names(&present));
    record.close()?;
    Ok(forgotten)
}

pub(super) fn run(settings: &Settings) -> Result<Report> {
    /// Lets another run begin, also after a panic of a callback: threads of this one may still have the record.
    struct Release(Arc<Record>);
    impl Drop for Release {
        fn drop(&mut self) {
            self.0.release();
        }
    }
    // Before the files beside the lock are created.
    files::check(settings.selection())?;
    module_files::check_paths(settings)?;
    let record = Release(Arc::new(Record::open(&settings.lock, &settings.owner.to_string(), settings.accept_journal)?));
    run_with(settings, &record.0)
}

fn run_with(settings: &Settings, record: &Arc<Record>) -> Result<Report> {
    let mut cache = Cache::read(&settings.lock);
    let lock = record.lock();
    let Files { items, problems, notes, wrong } = read_files(settings, &lock, &mut cache, &*settings.stop_when)?;
    if (settings.stop_when)() {
        // Nothing was done yet.
        return Ok(Report::new(&settings.module, Vec::new(), Vec::new(), notes, Some(Stopped::Cancelled)));
    }
    if let Some(error) = wrong {
        let report = report(settings, &lock, &items, problems, notes, Some(Stopped::Failed(error)));
        for PublishProblem { path, message, .. } in &report.problems {
            (settings.on_event)(&PublishEvent::Problem { path, message });
        }
        return Ok(report);
    }
    module_files::check(settings, &lock, &items, &problems)?;
    let files: Vec<Found> = items.iter().map(|item| item.file.clone()).collect();
    if record.refusal().is_none() {
        cache.write(&files)?;
    }
    let mut run = Run {
        settings,
        record: Arc::clone(record),
        indexes: indexes_by_key(&items, |_| true),
        items: Arc::new(items),
        problems: Vec::new(),
        notes,
        refused: Vec::new(),
        outcomes: BTreeMap::new(),
        stopped: None,
    };
    problems.into_iter().for_each(|problem| run.problem(problem));
    apply_choices(&mut run)?;
    settle_doubts(&mut run);
    fetch_reviews(&mut run);
    upload_changes(&mut run);
    grant(&mut run);
    let mut report = finish(run);
    module_files::write_all(settings, &mut report);
    Ok(report)
}

/// Carries out what the caller has decided about single files.
fn apply_choices(run: &mut Run<'_>) -> Result<()> {
    let changes = run.record.look(|lock| by_hand(run.settings, lock, &run.items))?;
    for change in changes {
        let adopted = match &change {
            Change::Adopted { key, entry, .. } => Some((key.clone(), entry.id)),
            _ => None,
        };
        run.note(change)?;
        if let Some((key, id)) = adopted {
            run.outcomes.insert(key.clone(), Published::Adopted("by hand".to_owned()));
            run.items_of(&key).for_each(|item| run.emit(&PublishEvent::Published { path: &item.file.name, id }));
        }
    }
    Ok(())
}

fn upload_changes(run: &mut Run<'_>) {
    let lock = run.record.lock();
    let actions = decide(run.settings.new_versions, &lock, &run.items, &BTreeSet::new());
    let (mut uploads, mut versions) = (Vec::new(), Vec::new());
    for (index, action) in actions.iter().enumerate() {
        match action {
            PlannedAction::Upload | PlannedAction::UploadChanged => uploads.push(index),
            PlannedAction::NewVersion(id) => versions.push((index, *id)),
            PlannedAction::Nothing(_) | PlannedAction::SameAs(_) | PlannedAction::Resolve => {}
        }
    }
    let sent = uploads.iter().copied().chain(versions.iter().map(|(index, _)| *index));
    let bytes = sent.map(|index| run.items[index].file.size).sum();
    let count = uploads.len() + versions.len();
    let shortest_time = shortest_time(count);
    run.emit(&PublishEvent::Begun { files: run.items.len(), uploads: count, bytes, shortest_time });
    if count > 0 && run.stopped.is_none() {
        run.stopped = run.record.refusal().map(Stopped::Failed);
    }
    upload::upload_all(run, uploads);
    upload::update_all(run, versions);
    // Other files of the same content may have been refused, too.
    for (key, problem) in std::mem::take(&mut run.refused) {
        if run.record.look(|lock| !lock.assets.contains_key(&key)) {
            run.problem(problem);
        }
    }
}

fn finish(mut run: Run<'_>) -> Report {
    let lock = run.record.lock();
    let items = Arc::clone(&run.items);
    let mut rest = std::mem::take(&mut run.problems);
    let known = rest.len();
    let mut published = published_files(&lock, &items, &run.outcomes, &mut rest);
    let new = rest.split_off(known);
    run.problems = rest;
    new.into_iter().for_each(|problem| run.problem(problem));
    module_files::add_outdated(&lock, &items, &run.problems, &mut published);
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
    for name in run.problems.iter().flat_map(|problem| module_files::names_of(&lock, problem)) {
        if let (false, Some(key)) = (files.contains_key(name), lock.files.get(name)) {
            files.insert(name.to_owned(), key.clone());
        }
    }
    let (send_again, seen) = (&run.settings.send_again, &run.items);
    run.record.update(|lock| {
        lock.see(files);
        // Without the call, the choice is over: the next one is a new choice.
        let is_over = |path: &String| !send_again.contains(path) && seen.iter().any(|item| item.file.name == *path);
        lock.sent_again.retain(|path| !is_over(path));
    });
    // What is in the journal then is read by the next run.
    if let (Err(error), None) = (run.record.close(), &run.stopped) {
        run.stopped = Some(Stopped::Failed(error));
    }
    Report::new(&run.settings.module, published, run.problems, run.notes, run.stopped)
}
