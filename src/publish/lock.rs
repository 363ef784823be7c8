//! What was published: a file that people read, review and merge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::OperationName;
use crate::asset::{Asset, AssetType, ModerationState};
use crate::disk::{self, newer_version};
use crate::error::{Error, ErrorKind, Result};

const VERSION: u64 = 1;

/// What an asset is made of: the hash of the content, and the asset type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn new(hash: &str, asset_type: &AssetType) -> Self {
        Self(format!("{hash}:{asset_type}"))
    }

    pub(super) fn asset_type(&self) -> AssetType {
        AssetType::from(self.0.split_once(':').map_or("", |(_, asset_type)| asset_type))
    }

    /// The key of an asset whose content isn't known.
    fn unknown(&self, id: u64) -> Self {
        Self::new(&format!("unknown-{id}"), &self.asset_type())
    }

    /// Returns the first characters of the hash.
    pub(super) fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A published asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// The display name.
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
            ..Self::new(asset.id, name)
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
    /// What each file was at the end of the last run.
    pub(super) files: BTreeMap<String, Key>,
    pub(super) doubts: BTreeMap<Key, Doubt>,
    /// The assets that the caller has chosen for files: each choice counts once.
    pub(super) adopted: BTreeMap<String, u64>,
}

impl Lock {
    /// Reads a lock file. An empty lock if there is none.
    pub(super) fn read(path: &Path) -> Result<Self> {
        match disk::read(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::io(subject(path), error).concerning_run()),
        }
    }

    pub(super) fn parse(text: &[u8], path: &Path) -> Result<Self> {
        if text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<")) {
            return Err(corrupt(path, "it has a merge conflict")
                .advise("keep the lines of both sides, or merge the two files with Publisher::merge"));
        }
        let json: Value = serde_json::from_slice(text).map_err(|error| corrupt(path, &error.to_string()))?;
        if let Some(error) = newer_version(&json, VERSION, subject(path)) {
            return Err(error);
        }
        if json.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err(corrupt(path, "it has no version"));
        }
        let mut lock = Self {
            owner: part(&json, "owner", path)?,
            assets: part(&json, "assets", path)?,
            files: part(&json, "files", path)?,
            doubts: part(&json, "doubts", path)?,
            adopted: part(&json, "adopted", path)?,
        };
        // Lines of both sides may have been kept by hand.
        lock.keep_newest_versions(&BTreeSet::new());
        Ok(lock)
    }

    /// Returns the text of the file: one line for each entry, in order.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{{\n  \"version\": {VERSION},\n  \"owner\": {},\n", json(&self.owner));
        section(&mut text, "assets", &self.assets);
        text.push_str(",\n");
        section(&mut text, "files", &self.files);
        text.push_str(",\n");
        section(&mut text, "doubts", &self.doubts);
        if !self.adopted.is_empty() {
            text.push_str(",\n");
            section(&mut text, "adopted", &self.adopted);
        }
        text.push_str("\n}\n");
        text
    }

    /// Adds what another lock knows. Where both have published the same content, this one's asset stays, and the other's id is
    /// returned.
    pub(super) fn merge(&mut self, other: Self) -> Vec<(u64, u64)> {
        let mut twice = Vec::new();
        let only_ours = self.assets.iter().filter(|(key, _)| !other.assets.contains_key(key));
        let only_ours: BTreeSet<u64> = only_ours.map(|(_, entry)| entry.id).collect();
        let only_theirs = other.assets.iter().filter(|(key, _)| !self.assets.contains_key(key));
        let changed = only_theirs.map(|(_, entry)| entry.id).filter(|id| only_ours.contains(id)).collect();
        for (key, entry) in other.assets {
            match self.assets.get_mut(&key) {
                Some(known) if known.id != entry.id => twice.push((known.id, entry.id)),
                Some(known) => known.learn(entry),
                None => drop(self.assets.insert(key, entry)),
            }
        }
        for (path, key) in other.files {
            self.files.entry(path).or_insert(key);
        }
        for (path, id) in other.adopted {
            self.adopted.entry(path).or_insert(id);
        }
        for (key, doubt) in other.doubts {
            self.doubts.entry(key).or_insert(doubt);
        }
        let published = &self.assets;
        let is_settled = |key: &Key, doubt: &Doubt| {
            published.get(key).is_some_and(|entry| doubt.version_of.is_none_or(|id| id == entry.id))
        };
        self.doubts.retain(|key, doubt| !is_settled(key, doubt));
        self.keep_newest_versions(&changed);
        twice
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

    /// Returns the assets of which a new version may have arrived: their content isn't known.
    pub(super) fn versions_in_doubt(&self) -> BTreeSet<u64> {
        self.doubts.values().filter_map(|doubt| doubt.version_of).collect()
    }
}

/// A part of the file, which may be missing.
fn part<T: DeserializeOwned + Default>(json: &Value, name: &str, path: &Path) -> Result<T> {
    let Some(value) = json.get(name) else { return Ok(T::default()) };
    T::deserialize(value).map_err(|error| corrupt(path, &format!("{name}: {error}")))
}

fn section<K: Serialize, V: Serialize>(text: &mut String, name: &str, entries: &BTreeMap<K, V>) {
    let _ = write!(text, "  \"{name}\": {{");
    for (place, (key, value)) in entries.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\n    {}: {}", json(key), json(value));
    }
    text.push_str(if entries.is_empty() { "}" } else { "\n  }" });
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn subject(path: &Path) -> String {
    format!("the lock file {path:?}")
}

fn corrupt(path: &Path, problem: &str) -> Error {
    Error::new(ErrorKind::CorruptFile, subject(path))
        .explain(problem)
        .advise("restore it; without it, everything is uploaded again")
        .concerning_run()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hash: &str) -> Key {
        Key::new(hash, &AssetType::Image)
    }

    fn entry(id: u64) -> Entry {
        Entry::new(id, "crate")
    }

    fn lock() -> Lock {
        let doubt = Doubt {
            since: Timestamp::UNIX_EPOCH,
            operation: "operations/abc".parse().ok(),
            ..Doubt::new("b.png", "b \"b\"")
        };
        Lock {
            owner: "user 156 at https://apis.roblox.com".to_owned(),
            assets: [(key("aa"), entry(1)), (key("bb"), Entry { rejected: true, granted: [5].into(), ..entry(2) })]
                .into(),
            files: [("a/crate.png".to_owned(), key("aa"))].into(),
            doubts: [(key("cc"), doubt)].into(),
            adopted: [("d.png".to_owned(), 7)].into(),
        }
    }

    #[test]
    fn a_lock_survives_a_round_trip_with_a_line_for_each_entry() {
        let path = Path::new("assets.lock.json");
        for lock in [lock(), Lock::default()] {
            let text = lock.text();
            assert_eq!(Lock::parse(text.as_bytes(), path).unwrap(), lock);
            assert!(text.ends_with("}\n"));
        }
        let text = lock().text();
        assert_eq!(text.lines().filter(|line| line.contains("\"id\"")).count(), 2, "{text}");
        assert!(text.contains("    \"a/crate.png\": \"aa:Image\"\n"), "{text}");
    }

    #[test]
    fn unusable_locks_are_told() {
        let parse = |text: &str| Lock::parse(text.as_bytes(), Path::new("a.lock.json")).unwrap_err();
        let whole = lock().text();
        for length in 0..whole.len() - 2 {
            let error = parse(&whole[..length]);
            assert_eq!(error.kind(), ErrorKind::CorruptFile, "{}", &whole[..length]);
            assert!(error.to_string().contains("a.lock.json"), "{error}");
        }
        assert_eq!(parse(&whole.replace("\"version\": 1", "\"version\": 2")).kind(), ErrorKind::NewerFile);
        let conflict = format!("<<<<<<< ours\n{whole}=======\n{whole}>>>>>>> theirs\n");
        assert!(parse(&conflict).to_string().contains("Publisher::merge"));
        assert!(parse(&whole.replace("\"id\":1", "\"id\":\"x\"")).to_string().contains("assets"));
    }

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
    fn lines_of_two_versions_are_one_asset() {
        let key = |hash: &str| Key::new(hash, &AssetType::Model);
        let version = |version| Entry { version: Some(version), ..entry(1) };
        let assets = [(key("aa"), version(3)), (key("bb"), version(2))].into();
        let files = [("a.rbxm".to_owned(), key("bb"))].into();
        let lock = Lock { owner: "user 1".to_owned(), assets, files, ..Lock::default() };
        let read = Lock::parse(lock.text().as_bytes(), Path::new("a.lock.json")).unwrap();
        assert_eq!((read.assets.len(), &read.files["a.rbxm"]), (1, &key("aa")));
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
