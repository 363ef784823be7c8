//! A run from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::book::{Book, Change};
use super::content::Cache;
use super::doubt::{Ended, resolve};
use super::event::PublishEvent;
use super::files::{self, Found};
use super::lock::{Entry, Key, Lock};
use super::plan::{Plan, PlannedAction, PlannedFile};
use super::publisher::Publisher;
use super::report::{PublishProblem, PublishProblemKind, Published, PublishedFile, Report, Stopped};
use super::upload;
use crate::asset::{AssetAction, AssetPermission, AssetType, PermissionSubject, default_name};
use crate::error::{Error, ErrorScope, Result};

/// How many assets a request grants permissions for. The service documents no limit.
const MOST_GRANTED: usize = 100;

/// A file and what it is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) file: Found,
    pub(super) key: Key,
    pub(super) asset_type: AssetType,
    /// The display name.
    pub(super) name: String,
}

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) publisher: &'a Publisher,
    pub(super) book: Arc<Book>,
    pub(super) items: Arc<Vec<Item>>,
    /// The places of the items of each content.
    places: BTreeMap<Key, Vec<usize>>,
    pub(super) problems: Vec<PublishProblem>,
    /// How the assets came to be that weren't there before.
    pub(super) how: BTreeMap<Key, Published>,
    pub(super) stopped: Option<Stopped>,
}

pub(super) fn plan(publisher: &Publisher, lock: &Lock) -> Result<Plan> {
    let mut cache = Cache::read(&publisher.lock);
    let (items, mut problems) = read_files(publisher, &mut cache)?;
    let actions = decide(publisher, lock, &items);
    problems.extend(items.iter().filter_map(|item| rejection(item, lock)));
    let files = items.into_iter().zip(actions).map(|(item, action)| PlannedFile {
        path: item.file.name,
        asset_type: item.asset_type,
        size: item.file.size,
        action,
    });
    let mut plan = Plan { files: files.collect(), problems, quotas: BTreeMap::new() };
    plan.problems.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(plan)
}

/// Returns what a run would, if it could send nothing.
pub(super) fn published(publisher: &Publisher, lock: &Lock) -> Result<Report> {
    let mut cache = Cache::read(&publisher.lock);
    let (items, mut problems) = read_files(publisher, &mut cache)?;
    let files = published_files(lock, &items, &BTreeMap::new(), &mut problems);
    problems.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Report { files, problems, stopped: None })
}

/// Returns the files that have an asset. What became of the others is a problem, if there is none yet.
fn published_files(
    lock: &Lock,
    items: &[Item],
    how: &BTreeMap<Key, Published>,
    problems: &mut Vec<PublishProblem>,
) -> Vec<PublishedFile> {
    let known: BTreeSet<String> = problems.iter().map(|problem| problem.path.clone()).collect();
    let mut published = Vec::new();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    for item in items {
        if let Some(problem) = rejection(item, lock) {
            problems.push(problem);
        } else if let Some(entry) = lock.assets.get(&item.key) {
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

pub(super) fn run(publisher: &Publisher) -> Result<Report> {
    let book = Book::open(&publisher.lock, &publisher.owner.to_string())?;
    let mut cache = Cache::read(&publisher.lock);
    let (items, problems) = read_files(publisher, &mut cache)?;
    let files: Vec<Found> = items.iter().map(|item| item.file.clone()).collect();
    cache.write(&files)?;
    let mut places: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        places.entry(item.key.clone()).or_default().push(place);
    }
    let mut run = Run {
        publisher,
        book: Arc::new(book),
        items: Arc::new(items),
        places,
        problems: Vec::new(),
        how: BTreeMap::new(),
        stopped: None,
    };
    problems.into_iter().for_each(|problem| run.problem(problem));
    run.decide_by_hand()?;
    run.resolve_doubts()?;
    run.upload()?;
    run.grant()?;
    run.finish()
}

/// Lists and hashes the files.
fn read_files(publisher: &Publisher, cache: &mut Cache) -> Result<(Vec<Item>, Vec<PublishProblem>)> {
    publisher.type_patterns.check()?;
    let mut bad = Vec::new();
    let found = files::scan(&publisher.inputs, &publisher.lock, &publisher.include, &publisher.exclude, &mut bad)?;
    let mut problems: Vec<PublishProblem> =
        bad.into_iter().map(|(path, error)| problem(&path, PublishProblemKind::Unreadable, error)).collect();
    let mut items = Vec::with_capacity(found.len());
    for file in found {
        let Some(asset_type) = type_of(publisher, &file.name) else {
            let error = Error::invalid_input("its extension names no known asset type")
                .advise("exclude it, or set its type with Publisher::asset_type");
            problems.push(problem(&file.name, PublishProblemKind::Unfit, error));
            continue;
        };
        match cache.hash(&file) {
            Ok(hash) => {
                let key = Key::new(&hash, &asset_type);
                items.push(Item { name: default_name(&file.path), key, asset_type, file });
            }
            Err(error) => problems.push(problem(&file.name, PublishProblemKind::Unreadable, error)),
        }
    }
    Ok((items, problems))
}

fn type_of(publisher: &Publisher, name: &str) -> Option<AssetType> {
    if let Some(place) = publisher.type_patterns.last_match(name) {
        return publisher.types.get(place).cloned();
    }
    match AssetType::usual_for(name)? {
        AssetType::Image => Some(publisher.images.clone()),
        other => Some(other),
    }
}

pub(super) fn problem(path: &str, kind: PublishProblemKind, error: Error) -> PublishProblem {
    PublishProblem { path: path.to_owned(), kind, message: error.to_string(), error: Some(error) }
}

/// Returns what is to be done with each file.
fn decide(publisher: &Publisher, lock: &Lock, items: &[Item]) -> Vec<PlannedAction> {
    let current: BTreeSet<&Key> = items.iter().map(|item| &item.key).collect();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    // An asset gets one new version at most.
    let mut versioned: BTreeSet<u64> = BTreeSet::new();
    let mut actions = Vec::with_capacity(items.len());
    for item in items {
        let by_hand = |paths: &[String]| paths.contains(&item.file.name);
        actions.push(if let Some(entry) = lock.assets.get(&item.key) {
            PlannedAction::Nothing(entry.id)
        } else if let Some((_, id)) = publisher.adopt.iter().find(|(path, _)| *path == item.file.name) {
            PlannedAction::Nothing(*id)
        } else if let Some(other) = first.get(&item.key) {
            PlannedAction::SameAs((*other).to_owned())
        } else if lock.doubts.contains_key(&item.key) && !by_hand(&publisher.send_again) {
            PlannedAction::Resolve
        } else {
            let old = lock.files.get(&item.file.name).filter(|old| **old != item.key);
            let replaceable = old
                .filter(|old| publisher.new_versions && item.asset_type == AssetType::Model && !current.contains(*old))
                .filter(|old| old.asset_type() == AssetType::Model)
                .and_then(|old| lock.assets.get(old))
                .filter(|entry| versioned.insert(entry.id));
            match (replaceable, old) {
                (Some(entry), _) => PlannedAction::NewVersion(entry.id),
                (None, Some(_)) => PlannedAction::UploadChanged,
                (None, None) => PlannedAction::Upload,
            }
        });
        first.entry(&item.key).or_insert(&item.file.name);
    }
    actions
}

fn rejection(item: &Item, lock: &Lock) -> Option<PublishProblem> {
    let entry = lock.assets.get(&item.key).filter(|entry| entry.rejected)?;
    Some(PublishProblem {
        path: item.file.name.clone(),
        kind: PublishProblemKind::Rejected,
        message: format!("moderation has rejected asset {}; change or remove the file", entry.id),
        error: None,
    })
}

impl Run<'_> {
    pub(super) fn problem(&mut self, problem: PublishProblem) {
        self.tell(&PublishEvent::Problem { path: &problem.path, message: &problem.message });
        self.problems.push(problem);
    }

    pub(super) fn tell(&self, event: &PublishEvent<'_>) {
        (self.publisher.on_event)(event);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        (self.publisher.stop_when)()
    }

    fn items_of(&self, key: &Key) -> impl Iterator<Item = &Item> {
        self.places.get(key).into_iter().flatten().map(|place| &self.items[*place])
    }

    /// Writes down that a file has its asset.
    pub(super) fn published(&mut self, key: &Key, entry: Entry, how: Published, replaces: Option<Key>) -> Result<()> {
        let id = entry.id;
        self.book.note(Change::Published { key: key.clone(), entry, replaces })?;
        self.how.insert(key.clone(), how);
        for item in self.items_of(key) {
            self.tell(&PublishEvent::Published { path: &item.file.name, id });
        }
        Ok(())
    }

    /// Carries out what the caller has decided about single files.
    fn decide_by_hand(&mut self) -> Result<()> {
        let items = Arc::clone(&self.items);
        let find = |path: &str| {
            items
                .iter()
                .find(|item| item.file.name == path)
                .ok_or_else(|| Error::invalid_input(format!("there is no file {path:?} to publish")).concerning_run())
        };
        for (path, id) in &self.publisher.adopt {
            let item = find(path)?;
            if self.book.look(|lock| lock.assets.get(&item.key).is_some_and(|entry| entry.id == *id)) {
                continue;
            }
            let entry = Entry { id: *id, name: item.name.clone(), rejected: false, granted: BTreeSet::new() };
            self.published(&item.key, entry, Published::Adopted("by hand".to_owned()), None)?;
        }
        for path in &self.publisher.send_again {
            let item = find(path)?;
            if self.book.look(|lock| lock.doubts.contains_key(&item.key)) {
                self.book.note(Change::Over(item.key.clone()))?;
            }
        }
        Ok(())
    }

    /// Finds out how the uploads of an earlier run ended.
    fn resolve_doubts(&mut self) -> Result<()> {
        let doubts = self.book.look(|lock| lock.doubts.clone());
        for (key, doubt) in doubts {
            if self.is_cancelled() {
                self.stopped = Some(Stopped::Cancelled);
                return Ok(());
            }
            let item = self.items_of(&key).next().cloned();
            let path = item.as_ref().map_or(doubt.path.as_str(), |item| item.file.name.as_str());
            self.tell(&PublishEvent::Resolving { path });
            match resolve(&self.publisher.owner, &self.book.lock(), &key, &doubt) {
                Ended::Arrived(entry, reason) => {
                    let id = doubt.version_of;
                    let old = self.book.look(|lock| {
                        let mut of_asset =
                            lock.assets.iter().filter(|(known, entry)| Some(entry.id) == id && **known != key);
                        of_asset.next().map(|(old, _)| old.clone())
                    });
                    self.published(&key, entry, Published::Adopted(reason), old)?;
                }
                Ended::Failed(error) => {
                    log::info!("{path}: an earlier upload failed: {error}");
                    self.book.note(Change::Over(key))?;
                }
                Ended::Unknown(message, error) => {
                    // Without its file, nothing waits for it.
                    let is_refusal = error.as_ref().is_some_and(|error| error.scope() == ErrorScope::Run);
                    if let Some(error) = error.clone().filter(|_| is_refusal && self.stopped.is_none()) {
                        self.stopped = Some(Stopped::Failed(error));
                    }
                    if item.is_some() {
                        let (path, kind) = (path.to_owned(), PublishProblemKind::InDoubt);
                        self.problem(PublishProblem { path, kind, message, error });
                    }
                    if is_refusal {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn upload(&mut self) -> Result<()> {
        let lock = self.book.lock();
        let actions = decide(self.publisher, &lock, &self.items);
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
        self.tell(&PublishEvent::Begun { files: self.items.len(), uploads: count, bytes });
        upload::upload_all(self, uploads, false)?;
        upload::update_all(self, versions)
    }

    /// Grants permissions for the assets that don't have them yet.
    fn grant(&mut self) -> Result<()> {
        for universe in &self.publisher.grant_to {
            let keys: BTreeSet<&Key> = self.items.iter().map(|item| &item.key).collect();
            let due: Vec<(Key, u64)> = self.book.look(|lock| {
                let entries = keys.iter().filter_map(|key| Some(((*key).clone(), lock.assets.get(*key)?)));
                let due = entries.filter(|(_, entry)| !entry.rejected && !entry.granted.contains(universe));
                due.map(|(key, entry)| (key, entry.id)).collect()
            });
            let permission = AssetPermission::new(PermissionSubject::Universe(*universe), AssetAction::Use);
            for some in due.chunks(MOST_GRANTED) {
                if self.stopped.is_some() || self.is_cancelled() {
                    return Ok(());
                }
                let client = self.publisher.owner.client();
                let mut refused: BTreeMap<u64, String> = BTreeMap::new();
                let mut granted: BTreeSet<u64> = BTreeSet::new();
                match client.grant_asset_permissions(&permission, some.iter().map(|(_, id)| *id)) {
                    Ok(answer) => {
                        granted.extend(answer.success_asset_ids.iter().copied());
                        refused.extend(answer.errors.iter().map(|error| {
                            (error.asset_id, error.code.as_ref().map_or_else(String::new, ToString::to_string))
                        }));
                    }
                    Err(error) => refused.extend(some.iter().map(|(_, id)| (*id, error.to_string()))),
                }
                for (key, id) in some {
                    if granted.contains(id) {
                        self.book.note(Change::Granted(key.clone(), *universe))?;
                        continue;
                    }
                    let reason = refused.get(id).map_or("the service doesn't say why", String::as_str);
                    let message = format!("asset {id} was not granted to experience {universe}: {reason}");
                    let paths: Vec<String> = self.items_of(key).map(|item| item.file.name.clone()).collect();
                    for path in paths {
                        let kind = PublishProblemKind::NotGranted;
                        self.problem(PublishProblem { path, kind, message: message.clone(), error: None });
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Report> {
        let lock = self.book.lock();
        let items = Arc::clone(&self.items);
        let mut rest = std::mem::take(&mut self.problems);
        let known = rest.len();
        let published = published_files(&lock, &items, &self.how, &mut rest);
        let new = rest.split_off(known);
        self.problems = rest;
        new.into_iter().for_each(|problem| self.problem(problem));
        // What is not published keeps its old name, so that a change is known as one.
        let files = items.iter().filter_map(|item| {
            let key = match lock.assets.contains_key(&item.key) {
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
        self.book.close(files)?;
        self.problems.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Report { files: published, problems: self.problems, stopped: self.stopped })
    }
}
