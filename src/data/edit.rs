use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::entry::DataStoreEntry;
use super::handle::DataStore;
use super::metadata::EntryMetadata;
use super::raw::{RawEntry, Texts};
use super::stores::DataStoreSnapshot;
use super::update::{BeforeWrite, Change, LockStep};
use crate::error::{Error, Result};
use crate::plain::quoted_path;

/// How the value before an edit is kept, for [`DataStore::edit`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeforeEdit {
    /// By a [snapshot](crate::Experience::snapshot_data_stores), as a revision, for 30 days.
    Snapshot,
    /// As a line of JSON that is added to this file, before the write.
    BackUp(PathBuf),
}

impl BeforeEdit {
    /// Keeps the value in a file of JSON lines.
    pub fn back_up(path: impl AsRef<Path>) -> Self {
        Self::BackUp(path.as_ref().to_owned())
    }
}

impl DataStore {
    /// Updates an entry as [`update`](Self::update) does, after the value that it has is kept: for edits by hand.
    ///
    /// The service keeps nothing of a value that is overwritten in the hour of UTC in which it was written. The game may have
    /// written the entry a minute ago, so without a precaution, an edit that goes wrong can't be taken back.
    ///
    /// Only one snapshot is taken each day. If there is one already, and the entry was written since and in this hour, a snapshot
    /// wouldn't keep it: the edit is refused. A file always can.
    ///
    /// Calls [`SNAPSHOT_DATA_STORES`](crate::endpoints::SNAPSHOT_DATA_STORES) for a snapshot, and
    /// [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY),
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY) and
    /// [`DELETE_DATA_STORE_ENTRY`](crate::endpoints::DELETE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY),
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`DELETE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::DELETE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.control:snapshot`, `universe-datastores.objects:read`, `universe-datastores.objects:update`,
    /// `universe-datastores.objects:create` and `universe-datastores.objects:delete`.
    ///
    /// ```
    /// use rblxopencloud::data::{BeforeEdit, Change};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &7)?;
    /// store.edit("user_156", BeforeEdit::Snapshot, |coins: Option<u64>| {
    ///     Ok(coins.map_or(Change::Keep, |coins| Change::Set(coins + 100)))
    /// })?;
    /// # assert_eq!(store.list_revisions("user_156").count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`update`](Self::update). Also returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if a snapshot wouldn't keep the
    /// value, and [`Io`](crate::ErrorKind::Io) if the file can't be written. Nothing is changed then.
    pub fn edit<T, F>(&self, key: impl AsRef<str>, before: BeforeEdit, f: F) -> Result<Option<DataStoreEntry<T>>>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> Result<Change<T>>,
    {
        let (key, metadata) = (key.as_ref(), EntryMetadata::new());
        let mut keep: Box<BeforeWrite<'_>> = match before {
            BeforeEdit::Snapshot => {
                self.check(key)?;
                let snapshot = self.experience().snapshot_data_stores()?;
                Box::new(move |old: Option<&RawEntry>, new: Option<(&str, &Texts)>| {
                    match new.is_none() || old.is_none_or(|old| is_kept(&snapshot, old, Timestamp::now())) {
                        true => Ok(()),
                        false => Err(not_kept(&snapshot)),
                    }
                })
            }
            BeforeEdit::BackUp(path) => Box::new(move |old: Option<&RawEntry>, _: Option<(&str, &Texts)>| {
                let Some(old) = old else { return Ok(()) };
                let line = self.line(key, old)?;
                append(&path, &line).map_err(|error| Error::io(format!("the file {}", quoted_path(&path)), error))
            }),
        };
        LockStep::new(self, key, &metadata).before_write(&mut *keep).update(f)
    }

    /// Returns an entry as a line of JSON.
    fn line(&self, key: &str, entry: &RawEntry) -> Result<String> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Line<'a> {
            universe: u64,
            data_store: &'a str,
            scope: &'a str,
            id: &'a str,
            value: Option<&'a RawValue>,
            users: Option<&'a RawValue>,
            attributes: Option<&'a RawValue>,
            etag: Option<&'a str>,
            revision_id: Option<&'a str>,
            revision_create_time: Option<Timestamp>,
        }
        let line = Line {
            universe: self.experience().id(),
            data_store: self.name(),
            scope: self.scope(),
            id: key,
            value: entry.value.as_deref(),
            users: entry.users.as_deref(),
            attributes: entry.attributes.as_deref(),
            etag: entry.etag.as_deref(),
            revision_id: entry.revision_id.as_deref(),
            revision_create_time: entry.revision_create_time,
        };
        let text = serde_json::to_string(&line);
        let text = text.map_err(|error| Error::invalid_input(format!("the entry can't be backed up: {error}")))?;
        // Within JSON, breaks of lines stand between values only.
        Ok(text.replace(['\n', '\r'], " "))
    }
}

/// Whether the service keeps this revision when it is overwritten now.
fn is_kept(snapshot: &DataStoreSnapshot, entry: &RawEntry, now: Timestamp) -> bool {
    const HOUR: i64 = 3600;
    // This machine's clock may be wrong, so the end of an hour isn't trusted.
    let hour = |time: Timestamp| time.as_second().div_euclid(HOUR);
    match entry.revision_create_time {
        Some(written) => written < snapshot.taken_at || hour(written) + 1 < hour(now),
        None => snapshot.is_new,
    }
}

fn not_kept(snapshot: &DataStoreSnapshot) -> Error {
    Error::invalid_input(format!(
        "the entry was written after the snapshot of this day, of {}, so its value wouldn't be kept",
        snapshot.taken_at
    ))
    .advise("use BeforeEdit::BackUp, which keeps it in a file")
}

/// Adds a line to a file, and waits until it is stored. A line that was cut off before is ended.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = open(path)?;
    let is_cut = match file.seek(SeekFrom::End(-1)) {
        Ok(_) => {
            let mut last = [0];
            file.read_exact(&mut last)?;
            last != *b"\n"
        }
        // It is empty.
        Err(_) => false,
    };
    let start = if is_cut { "\n" } else { "" };
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()
}

/// Opens a file of player data, which only its user can read if it is new.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_snapshot_keeps_what_was_written_before_it() {
        let now = time("2026-01-01T10:30:00Z");
        let snapshot = |taken: &str, is_new| DataStoreSnapshot { is_new, taken_at: time(taken) };
        let entry = |written: &str| RawEntry { revision_create_time: Some(time(written)), ..RawEntry::default() };
        for (taken, written, kept) in [
            ("2026-01-01T10:30:00Z", "2026-01-01T10:29:59Z", true),
            ("2026-01-01T10:10:00Z", "2026-01-01T10:20:00Z", false),
            ("2026-01-01T00:10:00Z", "2026-01-01T08:59:59Z", true),
            ("2026-01-01T00:10:00Z", "2026-01-01T09:59:59Z", false),
        ] {
            assert_eq!(is_kept(&snapshot(taken, false), &entry(written), now), kept, "{taken} {written}");
        }
        assert!(is_kept(&snapshot("2026-01-01T10:30:00Z", true), &RawEntry::default(), now));
        assert!(!is_kept(&snapshot("2026-01-01T10:30:00Z", false), &RawEntry::default(), now));
    }
}
