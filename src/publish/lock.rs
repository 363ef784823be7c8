//! What was published: a file that people read, review and merge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::OperationName;
use crate::asset::{Asset, AssetType, ModerationState};
use crate::plain::is_control;

/// What an asset is made of: the hash of the file's content, the preparation, and the asset type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(rename = "type")]
    asset_type: String,
    sha256: String,
    /// The identity of the preparation that has converted the content. Empty if none has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    prepared: String,
}

impl Key {
    pub(super) fn new(hash: &str, asset_type: &AssetType) -> Self {
        Self { asset_type: asset_type.to_string(), sha256: hash.to_owned(), prepared: String::new() }
    }

    /// The key of what a preparation makes of the content.
    pub(super) fn prepared(self, prepared: String) -> Self {
        Self { prepared, ..self }
    }

    pub(super) fn has_hash(&self, hash: &str) -> bool {
        self.sha256 == hash
    }

    pub(super) fn asset_type(&self) -> AssetType {
        AssetType::from(self.asset_type.as_str())
    }

    /// The key of an asset whose content isn't known.
    fn unknown(&self, id: u64) -> Self {
        Self { sha256: format!("unknown-{id}"), ..self.clone() }
    }

    /// Returns what is wrong with a key that was read.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let mut texts = [&self.asset_type, &self.sha256, &self.prepared].into_iter();
        texts.any(|text| text.contains(is_control)).then_some("its type or its hash has a control character")
    }

    /// Returns the first characters of the hash.
    pub(super) fn short(&self) -> &str {
        self.sha256.get(..8).unwrap_or(&self.sha256)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.sha256, self.prepared, self.asset_type)
    }
}

/// A published asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// The display name that the service has. Empty if it isn't known, such as that of an asset that was adopted.
    #[serde(default)]
    pub(super) name: String,
    /// Moderation has rejected it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) rejected: bool,
    /// Moderation had not decided when the upload ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) in_review: bool,
    /// The number of its version. `None` for the first one, and if it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<u64>,
    /// The experiences that were granted the use of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) granted: BTreeSet<u64>,
}

impl Entry {
    /// Adds what another lock knows of the same asset.
    fn learn(&mut self, other: Self) {
        // The name of the newest version. One of several, whatever the order of the lines is.
        if (self.version, &self.name) < (other.version, &other.name) {
            self.name = other.name;
        }
        self.rejected |= other.rejected;
        self.in_review &= other.in_review;
        self.version = self.version.max(other.version);
        self.granted.extend(other.granted);
    }

    /// What the service says of an asset. `name` is used if it doesn't say its name.
    pub(super) fn of(asset: &Asset, name: &str) -> Self {
        let state = asset.moderation_state.as_ref();
        Self {
            rejected: state == Some(&ModerationState::Rejected),
            in_review: state == Some(&ModerationState::Reviewing),
            version: asset.revision_id.filter(|version| *version > 1),
            ..Self::new(asset.id, asset.display_name.as_deref().unwrap_or(name))
        }
    }

    pub(super) fn new(id: u64, name: &str) -> Self {
        Self { id, name: name.to_owned(), rejected: false, in_review: false, version: None, granted: BTreeSet::new() }
    }
}

/// An upload that may have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubt {
    /// The file, as it was named then.
    #[serde(rename = "file")]
    pub(super) path: String,
    /// The display name.
    pub(super) name: String,
    pub(super) since: Timestamp,
    /// The operation, once the service has accepted the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<OperationName>,
    /// The asset of which it is a new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version_of: Option<u64>,
    /// The number of the newest version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after_version: Option<u64>,
}

impl Doubt {
    /// An upload that begins now.
    pub(super) fn new(path: &str, name: &str) -> Self {
        Self {
            path: path.to_owned(),
            name: name.to_owned(),
            since: Timestamp::now(),
            operation: None,
            version_of: None,
            after_version: None,
        }
    }
}

/// The contents of a lock file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lock {
    /// Whose assets they are.
    pub(super) owner: String,
    pub(super) assets: BTreeMap<Key, Entry>,
    /// What each file was when it was last seen. A file that is away for a run, such as on another branch, is still known.
    pub(super) files: BTreeMap<String, Key>,
    /// Those of the names whose content was last seen under another name.
    pub(super) moved: BTreeSet<String>,
    pub(super) doubts: BTreeMap<Key, Doubt>,
    /// The assets that the caller has chosen for files: each choice counts once.
    pub(super) adopted: BTreeSet<(String, u64)>,
    /// The files whose upload in doubt was sent again because the caller has chosen so: that counts once, too.
    pub(super) sent_again: BTreeSet<String>,
}

impl Lock {
    /// Adds what another lock knows. Where both have published the same content, this one's asset stays, and the other's id is
    /// returned.
    pub(super) fn merge(&mut self, other: Self) -> Vec<(u64, u64)> {
        let mut twice = Vec::new();
        let changed = self.changed_on_both_sides(&other);
        for (key, entry) in other.assets {
            twice.extend(self.learn(key, entry));
        }
        for (name, key) in other.files {
            // A name that one side has for a file counts more than one that the other has moved.
            match (self.files.contains_key(&name), self.moved.contains(&name), other.moved.contains(&name)) {
                (true, false, true) => {}
                (true, true, false) => {
                    self.moved.remove(&name);
                    self.files.insert(name, key);
                }
                (is_known, _, is_moved) => {
                    if is_moved && !is_known {
                        self.moved.insert(name.clone());
                    }
                    self.add_name(name, key);
                }
            }
        }
        self.adopted.extend(other.adopted);
        self.sent_again.extend(other.sent_again);
        for (key, doubt) in other.doubts {
            self.add_doubt(key, doubt);
        }
        self.settle(&changed);
        twice
    }

    /// Returns the assets that have another content in each of two locks.
    fn changed_on_both_sides(&self, other: &Self) -> BTreeSet<u64> {
        let only_in = |one: &Self, other: &Self| -> BTreeSet<u64> {
            let only = one.assets.iter().filter(|(key, _)| !other.assets.contains_key(key));
            only.map(|(_, entry)| entry.id).collect()
        };
        only_in(self, other).intersection(&only_in(other, self)).copied().collect()
    }

    /// Adds an asset. If another one is known for this content, that one stays, and both ids are returned.
    pub(super) fn learn(&mut self, key: Key, entry: Entry) -> Option<(u64, u64)> {
        match self.assets.get_mut(&key) {
            Some(known) if known.id != entry.id => return Some((known.id, entry.id)),
            Some(known) => known.learn(entry),
            None => drop(self.assets.insert(key, entry)),
        }
        None
    }

    /// Adds what a file was. If two branches have published it, the newer asset counts.
    pub(super) fn add_name(&mut self, name: String, key: Key) {
        let rank = |key: &Key| (self.assets.get(key).map(|entry| (entry.id, entry.version)), key.clone());
        if self.files.get(&name).is_none_or(|known| rank(known) < rank(&key)) {
            self.files.insert(name, key);
        }
    }

    /// Learns what the files are now. The names of others are kept.
    pub(super) fn see(&mut self, now: BTreeMap<String, Key>) {
        let contents: BTreeSet<&Key> = now.values().collect();
        let is_away = |name: &String| !now.contains_key(name);
        let moved = self.files.iter().filter(|(name, key)| is_away(name) && contents.contains(key));
        let moved: BTreeSet<String> = moved.map(|(name, _)| name.clone()).collect();
        self.moved.retain(is_away);
        self.moved.extend(moved);
        self.files.extend(now);
    }

    /// Forgets the names that aren't among these, and returns them. What their files were published as stays known.
    pub(super) fn forget_names(&mut self, present: &BTreeSet<String>) -> Vec<String> {
        let gone: Vec<String> = self.files.keys().filter(|name| !present.contains(*name)).cloned().collect();
        for name in &gone {
            self.files.remove(name);
            self.moved.remove(name);
        }
        gone
    }

    /// Adds an upload in doubt. If it is known already, the operation that one side may know counts.
    pub(super) fn add_doubt(&mut self, key: Key, doubt: Doubt) {
        let rank = |doubt: &Doubt| (doubt.operation.is_none(), doubt.since);
        if self.doubts.get(&key).is_none_or(|known| rank(&doubt) < rank(known)) {
            self.doubts.insert(key, doubt);
        }
    }

    /// Ends a merge: what one side knows for certain isn't in doubt, and each model has one content.
    pub(super) fn settle(&mut self, changed: &BTreeSet<u64>) {
        let published = &self.assets;
        let is_settled = |key: &Key, doubt: &Doubt| {
            published.get(key).is_some_and(|entry| doubt.version_of.is_none_or(|id| id == entry.id))
        };
        self.doubts.retain(|key, doubt| !is_settled(key, doubt));
        self.keep_newest_versions(changed);
    }

    /// Keeps the newest version of each model. `changed` are those that have another content on each side of a merge.
    fn keep_newest_versions(&mut self, changed: &BTreeSet<u64>) {
        let mut contents: BTreeMap<u64, Vec<(Option<u64>, Key)>> = BTreeMap::new();
        for (key, entry) in self.assets.iter().filter(|(key, _)| key.asset_type() == AssetType::Model) {
            contents.entry(entry.id).or_default().push((entry.version, key.clone()));
        }
        for (id, mut versions) in contents {
            versions.sort_unstable();
            match versions.as_slice() {
                [.., (before, _), (newest, key)] if before < newest => self.rename_content(id, key),
                // Nobody knows which one is the newest.
                [_, .., (newest, _)] if newest.is_some() || changed.contains(&id) => self.forget_content(id),
                _ => {}
            }
        }
    }

    /// Makes this the only content of an asset. Files of its other contents have changed since then.
    pub(super) fn rename_content(&mut self, id: u64, content: &Key) {
        let is_other = |key: &Key, entry: &Entry| entry.id == id && key != content;
        for file in self.files.values_mut() {
            if self.assets.get(file).is_some_and(|entry| is_other(file, entry)) {
                file.clone_from(content);
            }
        }
        self.assets.retain(|key, entry| !is_other(key, entry));
    }

    /// Keeps an asset whose content isn't known: whatever its file has then becomes the next version.
    pub(super) fn forget_content(&mut self, id: u64) {
        let known = self.assets.iter().find(|(_, entry)| entry.id == id);
        let Some((unknown, entry)) = known.map(|(key, entry)| (key.unknown(id), entry.clone())) else { return };
        self.rename_content(id, &unknown);
        self.assets.insert(unknown, entry);
    }

    pub(super) fn entry_of(&self, id: u64) -> Option<&Entry> {
        self.assets.values().find(|entry| entry.id == id)
    }

    /// Returns the assets of which a new version may have arrived: their content isn't known.
    pub(super) fn versions_in_doubt(&self) -> BTreeSet<u64> {
        self.doubts.values().filter_map(|doubt| doubt.version_of).collect()
    }
}

pub(super) fn subject(path: &Path) -> String {
    format!("the lock file {path:?}")
}

/// What the tests of lock files have in common.
#[cfg(test)]
pub(super) mod sample {
    use super::*;

    pub(in crate::publish) fn key(hash: &str) -> Key {
        Key::new(hash, &AssetType::Image)
    }

    pub(in crate::publish) fn entry(id: u64) -> Entry {
        Entry::new(id, "crate")
    }

    pub(in crate::publish) fn lock() -> Lock {
        let doubt = Doubt {
            since: Timestamp::UNIX_EPOCH,
            operation: "operations/abc".parse().ok(),
            ..Doubt::new("b.png", "b \"b\"\n")
        };
        Lock {
            owner: "user 156 at https://apis.roblox.com".to_owned(),
            assets: [(key("aa"), entry(1)), (key("bb"), Entry { rejected: true, granted: [5].into(), ..entry(2) })]
                .into(),
            files: ["a/crate.png", "copy.png", "old.png"].map(|name| (name.to_owned(), key("aa"))).into(),
            moved: ["old.png".to_owned()].into(),
            doubts: [(key("cc"), doubt)].into(),
            adopted: [("d.png".to_owned(), 7)].into(),
            sent_again: ["e.png".to_owned()].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{entry, key, lock};
    use super::*;

    #[test]
    fn locks_of_two_branches_are_merged() {
        let mut ours = lock();
        let mut theirs = lock();
        theirs.assets = [(key("aa"), entry(9)), (key("cc"), entry(3)), (key("dd"), entry(4))].into();
        assert_eq!(ours.merge(theirs), [(1, 9)]);
        let ids: Vec<u64> = ours.assets.values().map(|entry| entry.id).collect();
        assert_eq!(ids, [1, 2, 3, 4]);
        assert!(ours.doubts.is_empty(), "the other branch knows how it ended");
    }

    #[test]
    fn merging_learns_what_moderation_has_decided() {
        let of = |entry: Entry| Lock { assets: [(key("aa"), entry)].into(), ..Lock::default() };
        let mut ours = of(Entry { in_review: true, granted: [1].into(), ..entry(1) });
        ours.merge(of(Entry { rejected: true, granted: [2].into(), version: Some(3), ..entry(1) }));
        let expected = Entry { rejected: true, granted: [1, 2].into(), version: Some(3), ..entry(1) };
        assert_eq!(ours.assets[&key("aa")], expected);
    }

    #[test]
    fn a_version_in_doubt_stays_in_doubt() {
        let doubt = |id| Doubt { version_of: Some(id), ..Doubt::new("a.rbxm", "a") };
        for (id, remains) in [(1, false), (2, true)] {
            let mut ours = Lock { doubts: [(key("aa"), doubt(id))].into(), ..Lock::default() };
            ours.merge(Lock { assets: [(key("aa"), entry(1))].into(), ..Lock::default() });
            assert_eq!(ours.doubts.contains_key(&key("aa")), remains);
        }
    }

    /// Images can be adopted for several files.
    #[test]
    fn only_models_have_versions() {
        let of = |hash: &str| Lock { assets: [(key(hash), entry(1))].into(), ..Lock::default() };
        let mut ours = of("aa");
        ours.merge(of("bb"));
        assert_eq!(ours.assets.len(), 2);
    }

    #[test]
    fn the_newest_version_of_two_branches_is_kept() {
        let key = |hash: &str| Key::new(hash, &AssetType::Model);
        let of = |(hash, version): (&str, Option<u64>)| Lock {
            assets: [(key(hash), Entry { version, ..entry(1) }), (key("same"), entry(2))].into(),
            files: [("tree.rbxm".to_owned(), key(hash)), ("b.rbxm".to_owned(), key("same"))].into(),
            ..Lock::default()
        };
        for (one, other, kept) in [
            (("aa", Some(2)), ("bb", None), "aa"),
            (("aa", None), ("bb", Some(2)), "bb"),
            (("bb", Some(3)), ("aa", Some(2)), "bb"),
            // Nobody knows which one is the newest.
            (("aa", Some(2)), ("bb", Some(2)), "unknown-1"),
            (("bb", None), ("aa", None), "unknown-1"),
        ] {
            let mut merged = of(one);
            assert_eq!(merged.merge(of(other)), []);
            let mut ids: Vec<(Key, u64)> = merged.assets.iter().map(|(key, entry)| (key.clone(), entry.id)).collect();
            ids.sort_by_key(|(_, id)| *id);
            assert_eq!(ids, [(key(kept), 1), (key("same"), 2)]);
            assert_eq!((&merged.files["tree.rbxm"], &merged.files["b.rbxm"]), (&key(kept), &key("same")));
        }
    }
}
