//! The steps of a run, and what each makes of the lock file.

use serde::{Deserialize, Serialize};

use super::lock::{Doubt, Entry, Key, Lock};
use crate::api::OperationName;

/// A step.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// The first byte is about to be sent.
    Begun(Key, Doubt),
    Accepted(Key, OperationName),
    /// The upload had no effect.
    Over(Key),
    /// Nobody will find out whether the upload had an effect.
    Unsure(Key),
    /// The asset exists. If it is a new version, its earlier content is gone.
    Published {
        key: Key,
        entry: Entry,
        #[serde(default)]
        is_version: bool,
    },
    Granted(Key, u64),
    /// The caller has chosen to send the uploads in doubt of a file again.
    SentAgain {
        path: String,
        keys: Vec<Key>,
    },
    /// The caller has chosen this asset for a file.
    Adopted {
        path: String,
        key: Key,
        entry: Entry,
        is_version: bool,
    },
}

impl Change {
    /// Returns the name of the file and the keys that the step has.
    pub(super) fn recorded(&self) -> (Option<&String>, Vec<&Key>) {
        match self {
            Self::Begun(key, doubt) => (Some(&doubt.path), vec![key]),
            Self::Adopted { path, key, .. } => (Some(path), vec![key]),
            Self::SentAgain { path, keys } => (Some(path), keys.iter().collect()),
            Self::Accepted(key, _)
            | Self::Over(key)
            | Self::Unsure(key)
            | Self::Published { key, .. }
            | Self::Granted(key, _) => (None, vec![key]),
        }
    }
}

impl Lock {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Begun(key, doubt) => drop(self.doubts.insert(key, doubt)),
            Change::Accepted(key, operation) => {
                if let Some(doubt) = self.doubts.get_mut(&key) {
                    doubt.operation = Some(operation);
                }
            }
            Change::Over(key) => drop(self.doubts.remove(&key)),
            Change::Unsure(key) => self.drop_doubt(&key),
            Change::SentAgain { path, keys } => {
                keys.iter().for_each(|key| self.drop_doubt(key));
                self.sent_again.insert(path);
            }
            Change::Published { key, entry, is_version } => self.publish(key, entry, is_version),
            Change::Adopted { path, key, entry, is_version } => {
                self.adopted.retain(|(other, _)| *other != path);
                self.adopted.insert((path.clone(), entry.id));
                self.publish(key.clone(), entry, is_version);
                self.files.insert(path, key);
            }
            Change::Granted(key, universe) => {
                if let Some(entry) = self.assets.get_mut(&key) {
                    entry.granted.insert(universe);
                }
            }
        }
    }

    /// Gives up finding out what became of an upload.
    fn drop_doubt(&mut self, key: &Key) {
        if let Some(id) = self.doubts.remove(key).and_then(|doubt| doubt.version_of) {
            self.forget_content(id);
        }
    }

    fn publish(&mut self, key: Key, entry: Entry, is_version: bool) {
        let doubt = self.doubts.remove(&key);
        if is_version {
            self.rename_content(entry.id, &key);
        }
        self.assets.insert(key.clone(), entry);
        // A run that is killed doesn't write what the files are.
        if let Some(doubt) = doubt {
            self.moved.remove(&doubt.path);
            self.add_name(doubt.path, key);
        }
    }
}
