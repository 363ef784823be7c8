//! What is to be done with each file.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Cache;
use super::files::{self, Found};
use super::lock::{Key, Lock};
use super::plan::PlannedAction;
use super::publisher::Publisher;
use super::report::{PublishProblem, PublishProblemKind};
use super::run::problem;
use crate::asset::{AssetType, default_name};
use crate::error::{Error, Result};

/// A file and what it is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) file: Found,
    pub(super) key: Key,
    pub(super) asset_type: AssetType,
    /// The display name.
    pub(super) name: String,
}

/// Lists and hashes the files, until `stop` returns `true`.
pub(super) fn read_files(
    publisher: &Publisher,
    cache: &mut Cache,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<Item>, Vec<PublishProblem>)> {
    publisher.type_patterns.check()?;
    let mut bad = Vec::new();
    let found = files::scan(&publisher.inputs, &publisher.lock, &publisher.include, &publisher.exclude, &mut bad)?;
    let mut problems: Vec<PublishProblem> =
        bad.into_iter().map(|(path, error)| problem(&path, PublishProblemKind::Unreadable, error)).collect();
    let mut items = Vec::with_capacity(found.len());
    for file in found {
        if stop() {
            break;
        }
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

/// Returns what is to be done with each file.
pub(super) fn decide(publisher: &Publisher, lock: &Lock, items: &[Item]) -> Vec<PlannedAction> {
    let current: BTreeSet<&Key> = items.iter().map(|item| &item.key).collect();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    // An asset gets one new version at most.
    let mut versioned: BTreeSet<u64> = BTreeSet::new();
    let versions_in_doubt = lock.versions_in_doubt();
    let mut actions = Vec::with_capacity(items.len());
    for item in items {
        let by_hand = |paths: &[String]| paths.contains(&item.file.name);
        actions.push(if let Some(id) = adoption(publisher, lock, item) {
            PlannedAction::Nothing(id)
        } else if let Some(entry) = lock.assets.get(&item.key) {
            match versions_in_doubt.contains(&entry.id) {
                true => PlannedAction::Resolve,
                false => PlannedAction::Nothing(entry.id),
            }
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
                (Some(entry), _) if versions_in_doubt.contains(&entry.id) => PlannedAction::Resolve,
                (Some(entry), _) => PlannedAction::NewVersion(entry.id),
                (None, Some(_)) => PlannedAction::UploadChanged,
                (None, None) => PlannedAction::Upload,
            }
        });
        first.entry(&item.key).or_insert(&item.file.name);
    }
    actions
}

/// Returns the asset that the caller has chosen for a file, unless that was carried out before: the call may stay in a build
/// script.
pub(super) fn adoption(publisher: &Publisher, lock: &Lock, item: &Item) -> Option<u64> {
    let (path, id) = publisher.adopt.iter().rfind(|(path, _)| *path == item.file.name)?;
    let is_new = lock.adopted.get(path) != Some(id) || lock.doubts.contains_key(&item.key);
    is_new.then_some(*id)
}

pub(super) fn rejection(item: &Item, lock: &Lock) -> Option<PublishProblem> {
    let entry = lock.assets.get(&item.key).filter(|entry| entry.rejected)?;
    Some(PublishProblem {
        path: item.file.name.clone(),
        kind: PublishProblemKind::Rejected,
        message: format!("moderation has rejected asset {}; change or remove the file", entry.id),
        error: None,
    })
}
