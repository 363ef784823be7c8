//! What is to be done with each file.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::item::Item;
use super::lock::{Doubt, Entry, Key, Lock};
use super::plan::PlannedAction;
use super::report::{PublishProblem, PublishProblemKind};
use super::settings::Settings;
use crate::asset::AssetType;
use crate::error::{Error, Result};

/// Returns what is to be done with each file. Those at the indexes in `refused` can't be sent: if other files have the same
/// content, the first of them is sent instead.
pub(super) fn decide(new_versions: bool, lock: &Lock, items: &[Item], refused: &BTreeSet<usize>) -> Vec<PlannedAction> {
    let current: BTreeSet<&Key> = items.iter().map(|item| &item.key).collect();
    // The index of the file that stands for each content.
    let mut first: BTreeMap<&Key, usize> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let first = first.entry(&item.key).or_insert(index);
        if refused.contains(first) && !refused.contains(&index) {
            *first = index;
        }
    }
    // The asset of which a content is the next version. It gets one at most, also if another file has that content, too.
    let mut versions: BTreeMap<&Key, u64> = BTreeMap::new();
    let mut versioned: BTreeSet<u64> = BTreeSet::new();
    let mut models: Vec<&Item> =
        items.iter().filter(|item| new_versions && item.asset_type == AssetType::Model).collect();
    // A name that the content had before counts only if no file has a better claim.
    models.sort_by_key(|item| lock.moved.contains(&item.file.name));
    for item in models {
        let old = lock.files.get(&item.file.name).filter(|old| !current.contains(old));
        let old = old.filter(|old| old.asset_type() == AssetType::Model).and_then(|old| lock.assets.get(old));
        if let Some(entry) = old.filter(|entry| !versions.contains_key(&item.key) && versioned.insert(entry.id)) {
            versions.insert(&item.key, entry.id);
        }
    }
    let versions_in_doubt = lock.versions_in_doubt();
    // The asset of a file that has changed since its first upload was cut off would get the next version.
    let is_first_in_doubt = |item: &Item| {
        let is_of_file = |key: &Key, doubt: &Doubt| {
            doubt.path == item.file.name && doubt.version_of.is_none() && key.asset_type() == AssetType::Model
        };
        new_versions
            && item.asset_type == AssetType::Model
            && !lock.files.contains_key(&item.file.name)
            && lock.doubts.iter().any(|(key, doubt)| is_of_file(key, doubt))
    };
    let mut actions = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let first = first.get(&item.key).copied().filter(|first| *first != index);
        actions.push(if let Some(entry) = lock.assets.get(&item.key) {
            match versions_in_doubt.contains(&entry.id) {
                true => PlannedAction::Resolve,
                false => PlannedAction::Nothing(entry.id),
            }
        } else if let Some(first) = first {
            PlannedAction::SameAs(items[first].file.name.clone())
        } else if lock.doubts.contains_key(&item.key) {
            PlannedAction::Resolve
        } else {
            match versions.get(&item.key) {
                Some(id) if versions_in_doubt.contains(id) => PlannedAction::Resolve,
                Some(id) => PlannedAction::NewVersion(*id),
                None if is_first_in_doubt(item) => PlannedAction::Resolve,
                None if lock.files.contains_key(&item.file.name) => PlannedAction::UploadChanged,
                None => PlannedAction::Upload,
            }
        });
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
        if !is_last || lock.adopted.contains(&(path.clone(), *id)) {
            continue;
        }
        if *id == 0 {
            let problem = format!("asset 0 is adopted for {path:?}, but no asset has this id");
            return Err(Error::invalid_input(problem).concerning_run());
        }
        let keys = item_at(path).map_or_else(|| doubts_of(path), |item| vec![item.key.clone()]);
        if keys.is_empty() && !lock.files.contains_key(path) {
            return Err(missing(path));
        }
        for key in keys {
            // A model that has this content now doesn't have the one before.
            let before = lock.assets.iter().find(|(other, entry)| entry.id == *id && **other != key);
            let is_version = key.asset_type() == AssetType::Model
                && before.is_some_and(|(before, _)| !items.iter().any(|item| item.key == *before));
            let known = lock.assets.get(&key).filter(|entry| entry.id == *id);
            let entry = known.cloned().unwrap_or_else(|| Entry::new(*id, ""));
            changes.push(Change::Adopted { path: path.clone(), key, entry, is_version });
        }
    }
    for path in settings.send_again.iter().filter(|path| !lock.sent_again.contains(*path)) {
        let doubts = doubts_of(path);
        if doubts.is_empty() && item_at(path).is_none() {
            return Err(missing(path));
        }
        if !doubts.is_empty() {
            changes.push(Change::SentAgain { path: path.clone(), keys: doubts });
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::files::Found;

    /// A model, whose content is this letter. `!` marks a file that can't be sent.
    fn items(files: &[&str]) -> (Vec<Item>, BTreeSet<usize>) {
        let refused = files.iter().enumerate().filter(|(_, file)| file.ends_with('!')).map(|(index, _)| index);
        let item = |file: &&str| {
            let (name, content) = file.trim_end_matches('!').split_once('=').expect("a name and a content");
            let found = Found { path: name.into(), name: name.to_owned(), size: 1, stamp: Default::default() };
            Item {
                file: found,
                key: key(content),
                asset_type: AssetType::Model,
                name: name.to_owned(),
                preparation: None,
            }
        };
        (files.iter().map(item).collect(), refused.collect())
    }

    fn key(content: &str) -> Key {
        Key::new(content, &AssetType::Model)
    }

    /// Names, contents and ids: `a=x1`. `~` marks a name whose content went to another one.
    fn lock(known: &[&str], doubts: &[(&str, Option<u64>)]) -> Lock {
        let mut lock = Lock::default();
        for known in known {
            let (name, rest) = known.trim_start_matches('~').split_once('=').expect("a name and a content");
            let (content, id) = rest.split_at(1);
            lock.assets.insert(key(content), Entry::new(id.parse().expect("an id"), "a"));
            lock.files.insert(name.to_owned(), key(content));
            if known.starts_with('~') {
                lock.moved.insert(name.to_owned());
            }
        }
        for (content, version_of) in doubts {
            lock.doubts.insert(key(content), Doubt { version_of: *version_of, ..Doubt::new("a", "a") });
        }
        lock
    }

    #[test]
    fn what_is_done_follows_from_the_lock_and_the_files() {
        use PlannedAction::{NewVersion, Nothing, Resolve, SameAs, Upload, UploadChanged};

        let same_as = |name: &str| SameAs(name.to_owned());
        for (known, doubts, files, new_versions, expected) in [
            // New, unchanged, renamed and copied files.
            (&[][..], &[][..], &["a=x", "b=y"][..], true, vec![Upload, Upload]),
            (&["a=x1"], &[], &["a=x"], true, vec![Nothing(1)]),
            (&["a=x1"], &[], &["b=x"], true, vec![Nothing(1)]),
            (&["a=x1"], &[], &["a=x", "b=x"], true, vec![Nothing(1), Nothing(1)]),
            (&[], &[], &["a=x", "b=x"], true, vec![Upload, same_as("a")]),
            // Changed files.
            (&["a=x1"], &[], &["a=y"], false, vec![UploadChanged]),
            (&["a=x1"], &[], &["a=y"], true, vec![NewVersion(1)]),
            (&["a=x1"], &[], &["a=y", "b=y"], true, vec![NewVersion(1), same_as("a")]),
            (&["b=x1"], &[], &["a=y", "b=y"], true, vec![NewVersion(1), same_as("a")]),
            // Another file has the old content still.
            (&["a=x1"], &[], &["a=y", "b=x"], true, vec![UploadChanged, Nothing(1)]),
            // Two files had it: only one of them can go on with the asset.
            (&["a=x1", "b=x1"], &[], &["a=y", "b=z"], true, vec![NewVersion(1), UploadChanged]),
            (&["~a=x1", "b=x1"], &[], &["a=y", "b=z"], true, vec![UploadChanged, NewVersion(1)]),
            (&["~a=x1", "b=x1"], &[], &["a=y"], true, vec![NewVersion(1)]),
            // Two files with two assets get the same content.
            (&["a=x1", "b=y2"], &[], &["a=z", "b=z"], true, vec![NewVersion(1), same_as("a")]),
            // Uploads in doubt.
            (&[], &[("x", None)], &["a=x", "b=x"], true, vec![Resolve, same_as("a")]),
            (&["a=x1"], &[("y", Some(1))], &["a=x"], true, vec![Resolve]),
            (&["a=x1"], &[("y", Some(1))], &["a=y"], true, vec![Resolve]),
            (&["a=x1"], &[("y", Some(1))], &["a=z"], true, vec![Resolve]),
            (&["a=x1"], &[("y", Some(1))], &["a=z"], false, vec![UploadChanged]),
            (&[], &[("y", None)], &["a=z"], true, vec![Resolve]),
            (&[], &[("y", None)], &["a=z"], false, vec![Upload]),
            (&[], &[("y", None)], &["b=z"], true, vec![Upload]),
            (&["a=x1"], &[("y", None)], &["a=z"], true, vec![NewVersion(1)]),
            // Copies that can't be sent.
            (&[], &[], &["a=x!", "b=x", "c=x"], true, vec![same_as("b"), Upload, same_as("b")]),
            (&[], &[], &["a=x!", "b=x!", "c=x"], true, vec![same_as("c"), same_as("c"), Upload]),
            (&[], &[], &["a=x!", "b=x!"], true, vec![Upload, same_as("a")]),
            (&["a=x1"], &[], &["a=y!", "b=y"], true, vec![same_as("b"), NewVersion(1)]),
            (&["a=x1"], &[], &["a=x!", "b=x"], true, vec![Nothing(1), Nothing(1)]),
        ] {
            let (items, refused) = items(files);
            let actions = decide(new_versions, &lock(known, doubts), &items, &refused);
            assert_eq!(actions, expected, "{known:?} {doubts:?} {files:?}");
        }
    }
}
