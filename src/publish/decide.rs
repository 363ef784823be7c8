//! What is to be done with each file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::change::Change;
use super::content::Cache;
use super::files::{self, Found};
use super::lock::{Doubt, Entry, Key, Lock};
use super::plan::PlannedAction;
use super::report::{PublishProblem, PublishProblemKind};
use super::settings::Settings;
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
    settings: &Settings,
    cache: &mut Cache,
    stop: &dyn Fn() -> bool,
) -> Result<(Vec<Item>, Vec<PublishProblem>)> {
    settings.type_patterns.check()?;
    let mut bad = Vec::new();
    let found = files::scan(&settings.inputs, &settings.lock, &settings.include, &settings.exclude, &mut bad)?;
    let mut problems: Vec<PublishProblem> = bad
        .into_iter()
        .map(|(path, error)| PublishProblem::new(&path, PublishProblemKind::Unreadable, error))
        .collect();
    let mut items = Vec::with_capacity(found.len());
    for file in found {
        if stop() {
            break;
        }
        let Some(asset_type) = type_of(settings, &file.name) else {
            let error = Error::invalid_input("its extension isn't that of a known asset type")
                .advise("exclude it, or set its type with Publisher::asset_type");
            problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unfit, error));
            continue;
        };
        match cache.hash(&file) {
            Ok(hash) => {
                let is_chosen = settings.type_patterns.last_match(&file.name).is_some();
                let asset_type = match cache.is_animation(&file) && !is_chosen {
                    true => AssetType::Animation,
                    false => asset_type,
                };
                let key = Key::new(&hash, &asset_type);
                items.push(Item { name: default_name(&file.path), key, asset_type, file });
            }
            Err(error) => problems.push(PublishProblem::new(&file.name, PublishProblemKind::Unreadable, error)),
        }
    }
    Ok((items, problems))
}

fn type_of(settings: &Settings, name: &str) -> Option<AssetType> {
    if let Some(place) = settings.type_patterns.last_match(name) {
        return settings.types.get(place).cloned();
    }
    match AssetType::usual_for(name)? {
        AssetType::Image => Some(settings.images.clone()),
        other => Some(other),
    }
}

/// Returns what is to be done with each file.
pub(super) fn decide(settings: &Settings, lock: &Lock, items: &[Item]) -> Vec<PlannedAction> {
    let current: BTreeSet<&Key> = items.iter().map(|item| &item.key).collect();
    let mut first: BTreeMap<&Key, &str> = BTreeMap::new();
    // The asset of which a content is the next version. It gets one at most, also if another file has that content, too.
    let mut versions: BTreeMap<&Key, u64> = BTreeMap::new();
    let mut versioned: BTreeSet<u64> = BTreeSet::new();
    for item in items.iter().filter(|item| settings.new_versions && item.asset_type == AssetType::Model) {
        let old = lock.files.get(&item.file.name).filter(|old| !current.contains(old));
        let old = old.filter(|old| old.asset_type() == AssetType::Model).and_then(|old| lock.assets.get(old));
        if let Some(entry) = old.filter(|entry| !versions.contains_key(&item.key) && versioned.insert(entry.id)) {
            versions.insert(&item.key, entry.id);
        }
    }
    let versions_in_doubt = lock.versions_in_doubt();
    let mut actions = Vec::with_capacity(items.len());
    for item in items {
        actions.push(if let Some(entry) = lock.assets.get(&item.key) {
            match versions_in_doubt.contains(&entry.id) {
                true => PlannedAction::Resolve,
                false => PlannedAction::Nothing(entry.id),
            }
        } else if let Some(other) = first.get(&item.key) {
            PlannedAction::SameAs((*other).to_owned())
        } else if lock.doubts.contains_key(&item.key) {
            PlannedAction::Resolve
        } else {
            match versions.get(&item.key) {
                Some(id) if versions_in_doubt.contains(id) => PlannedAction::Resolve,
                Some(id) => PlannedAction::NewVersion(*id),
                None if lock.files.contains_key(&item.file.name) => PlannedAction::UploadChanged,
                None => PlannedAction::Upload,
            }
        });
        first.entry(&item.key).or_insert(&item.file.name);
    }
    actions
}

/// Returns what the caller has decided about single files, unless that was carried out before: the calls may stay in a build
/// script.
pub(super) fn by_hand(settings: &Settings, lock: &Lock, items: &[Item]) -> Result<Vec<Change>> {
    let item_at = |path: &str| items.iter().find(|item| item.file.name == path);
    // Of contents that the file doesn't have any more, too.
    let doubts_of = |path: &str| -> Vec<Key> {
        let item = item_at(path);
        let is_of_path =
            |(key, doubt): &(&Key, &Doubt)| doubt.path == path || item.is_some_and(|item| item.key == **key);
        lock.doubts.iter().filter(is_of_path).map(|(key, _)| key.clone()).collect()
    };
    let missing = |path: &str| {
        Error::invalid_input(format!("there is no file {path:?} to publish, nor an upload of it in doubt"))
            .concerning_run()
    };
    let mut changes = Vec::new();
    for (path, id) in &settings.adopt {
        let is_last = settings.adopt.iter().rfind(|(other, _)| other == path) == Some(&(path.clone(), *id));
        if !is_last || lock.adopted.get(path) == Some(id) {
            continue;
        }
        let (name, keys) = match item_at(path) {
            Some(item) => (item.name.clone(), vec![item.key.clone()]),
            None => (default_name(Path::new(path)), doubts_of(path)),
        };
        if keys.is_empty() && !lock.files.contains_key(path) {
            return Err(missing(path));
        }
        for key in keys {
            // A model that has this content now doesn't have the one before.
            let before = lock.assets.iter().find(|(other, entry)| entry.id == *id && **other != key);
            let is_version = key.asset_type() == AssetType::Model
                && before.is_some_and(|(before, _)| !items.iter().any(|item| item.key == *before));
            let known = lock.assets.get(&key).filter(|entry| entry.id == *id);
            let entry = known.cloned().unwrap_or_else(|| Entry::new(*id, &name));
            changes.push(Change::Adopted { path: path.clone(), key, entry, is_version });
        }
    }
    for path in &settings.send_again {
        let doubts = doubts_of(path);
        if doubts.is_empty() && item_at(path).is_none() {
            return Err(missing(path));
        }
        changes.extend(doubts.into_iter().map(Change::Unsure));
    }
    Ok(changes)
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
