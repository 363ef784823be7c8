//! Writes in lock step.

use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::check;
use super::entry::DataStoreEntry;
use super::handle::DataStore;
use super::metadata::EntryMetadata;
use super::patch::{is_same, patch};
use super::raw::RawEntry;
use super::raw::Texts;
use super::write::is_refused_create;
use crate::error::{Error, ErrorKind, Result};
use crate::json;

/// What becomes of an entry, from the closure of [`DataStore::update`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It has this value, and is created if it doesn't exist.
    Set(T),
    /// It stays as it is.
    Keep,
    /// It is deleted.
    Delete,
}

/// How many races an update loses before it fails.
const MOST_RACES: u32 = 100;
/// How many outcomes can be unknown before it fails.
const MOST_DOUBTS: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl DataStore {
    /// Reads an entry, lets `f` decide what becomes of it, and writes that in lock step: only if nobody else has written the entry
    /// in between. Otherwise it reads the entry again, and calls `f` again. Returns the entry after it, or `None` if there is none.
    ///
    /// - Users and attributes stay, and so does all of the value that `T` doesn't hold: unknown fields, the order of keys, and the
    ///   text of numbers that didn't change, such as `1.0` or one beyond 2⁵³.
    /// - An entry that doesn't exist is created only if nobody else has created it in between.
    /// - After a write whose outcome is unknown, as that of a broken connection, the entry is read and compared with what was
    ///   written. `f` is called again only if the write certainly had no effect, so that no change is made twice. If somebody else
    ///   has written the entry since, it can't be told apart, and the error's
    ///   [`outcome_unknown`](crate::Error::outcome_unknown) is true.
    /// - The service can't delete in lock step: what somebody else writes between the read and the deletion is deleted too. Its
    ///   revision can be read for 30 days.
    ///
    /// A value that was written in this hour of UTC isn't kept when it is overwritten: see [`edit`](Self::edit).
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY),
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY) and
    /// [`DELETE_DATA_STORE_ENTRY`](crate::endpoints::DELETE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY),
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`DELETE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::DELETE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:read`, `universe-datastores.objects:update`, `universe-datastores.objects:create` and
    /// `universe-datastores.objects:delete`.
    ///
    /// ```
    /// use rblxopencloud::data::Change;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Profile {
    ///     coins: u64,
    /// }
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// store.update("user_156", |profile: Option<Profile>| {
    ///     let mut profile = profile.unwrap_or(Profile { coins: 0 });
    ///     profile.coins += 100;
    ///     Ok(Change::Set(profile))
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the error of `f`, [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the value isn't a `T`,
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the new value can't be written, and
    /// [`Conflict`](crate::ErrorKind::Conflict) if others have written the entry each time.
    #[doc(alias = "UpdateAsync")]
    pub fn update<T, F>(&self, key: impl AsRef<str>, f: F) -> Result<Option<DataStoreEntry<T>>>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> Result<Change<T>>,
    {
        self.update_with(key, EntryMetadata::new(), f)
    }

    /// Updates an entry as [`update`](Self::update) does, and its users or attributes with it.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY),
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY) and
    /// [`DELETE_DATA_STORE_ENTRY`](crate::endpoints::DELETE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY),
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`DELETE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::DELETE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:read`, `universe-datastores.objects:update`, `universe-datastores.objects:create` and
    /// `universe-datastores.objects:delete`.
    ///
    /// # Errors
    /// See [`update`](Self::update).
    pub fn update_with<T, F>(
        &self,
        key: impl AsRef<str>,
        metadata: EntryMetadata,
        f: F,
    ) -> Result<Option<DataStoreEntry<T>>>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> Result<Change<T>>,
    {
        LockStep::new(self, key.as_ref(), &metadata).update(f)
    }
}

/// What a write does.
#[derive(Debug)]
pub(super) enum Step {
    /// The text of the new value.
    Set(String),
    Keep,
    Delete,
}

/// Called before each write, with what it replaces and with the new content, unless it deletes.
pub(super) type BeforeWrite<'a> = dyn FnMut(Option<&RawEntry>, Option<(&str, &Texts)>) -> Result<()> + 'a;

/// A write of one entry in lock step.
pub(super) struct LockStep<'a> {
    store: &'a DataStore,
    key: &'a str,
    metadata: &'a EntryMetadata,
    before_write: Option<&'a mut BeforeWrite<'a>>,
}

/// A write whose outcome is unknown.
struct Doubt {
    base: Option<RawEntry>,
    /// `None` is a deletion.
    written: Option<(String, Texts)>,
    error: Error,
}

/// What became of the writes whose outcomes were unknown.
#[derive(Debug, PartialEq)]
enum Settled {
    Made,
    NotMade,
    Unknown,
}

impl<'a> LockStep<'a> {
    pub(super) fn new(store: &'a DataStore, key: &'a str, metadata: &'a EntryMetadata) -> Self {
        Self { store, key, metadata, before_write: None }
    }

    pub(super) fn before_write(mut self, f: &'a mut BeforeWrite<'a>) -> Self {
        self.before_write = Some(f);
        self
    }

    /// Writes what a closure makes of the value.
    pub(super) fn update<T, F>(self, mut f: F) -> Result<Option<DataStoreEntry<T>>>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> Result<Change<T>>,
    {
        let (key, shown) = (self.key, self.store.shown(self.key));
        let after = self.run(&mut |current| {
            let (value, before) = match current {
                None => (None, None),
                Some(entry) => {
                    let value: T = entry.read(&shown)?;
                    let before = check::to_text(&value)?;
                    (Some(value), Some((entry.value(&shown)?, before)))
                }
            };
            Ok(match f(value)? {
                Change::Keep => Step::Keep,
                Change::Delete => Step::Delete,
                Change::Set(value) => Step::Set(text_of(before, &value)?),
            })
        })?;
        let Some(entry) = after else { return Ok(None) };
        let value = entry.read(&shown)?;
        Ok(Some(entry.with_value(key, value)))
    }

    /// Writes what `decide` makes of the entry, until nobody else has written it in between. Returns the entry after it.
    pub(super) fn run(mut self, decide: &mut dyn FnMut(Option<&RawEntry>) -> Result<Step>) -> Result<Option<RawEntry>> {
        self.store.check(self.key)?;
        self.metadata.check()?;
        let mut doubts: Vec<Doubt> = Vec::new();
        let mut refused_create: Option<Error> = None;
        let mut races = 0;
        loop {
            let current = match (self.store.fetch_raw(self.key), doubts.last()) {
                (Ok(current), _) => current,
                (Err(error), None) => return Err(error),
                (Err(error), Some(doubt)) => {
                    let advice = format!("the entry can't be read to find out: {}", error.brief());
                    return Err(doubt.error.clone().advise(advice));
                }
            };
            match settle(&doubts, current.as_ref()) {
                Settled::NotMade => {}
                Settled::Made => return Ok(current),
                Settled::Unknown => return Err(self.unknown(&doubts)),
            }
            if let (Some(refused), None) = (refused_create.take(), &current) {
                // It wasn't refused because the entry exists.
                return Err(if doubts.is_empty() { refused } else { self.unknown(&doubts) });
            }
            let step = decide(current.as_ref())?;
            let (written, outcome) = match (step, &current) {
                (Step::Keep, _) => return Ok(current),
                (Step::Delete, None) => return Ok(None),
                (Step::Delete, Some(entry)) => {
                    self.announce(Some(entry), None)?;
                    match self.store.delete_once(self.key) {
                        Ok(()) => return Ok(None),
                        Err(error) if error.is_no_such_resource() => return Ok(None),
                        Err(error) => (None, error),
                    }
                }
                (Step::Set(text), known) => {
                    check::value(&text)?;
                    let metadata = self.metadata.texts(known.as_ref())?;
                    let made = match known {
                        Some(entry) => {
                            let etag = self.etag(entry)?.to_owned();
                            self.announce(known.as_ref(), Some((&text, &metadata)))?;
                            self.store.patch_raw(self.key, &text, &metadata, &etag)
                        }
                        None => {
                            self.announce(None, Some((&text, &metadata)))?;
                            self.store.post_raw(self.key, &text, &metadata)
                        }
                    };
                    match made {
                        Ok(response) => return Ok(Some(written_entry(response, &text, &metadata)?)),
                        Err(error) => (Some((text, metadata)), error),
                    }
                }
            };
            if outcome.outcome_unknown() {
                if doubts.len() >= MOST_DOUBTS {
                    return Err(outcome);
                }
                doubts.push(Doubt { base: current, written, error: outcome });
            } else if is_lost_race(&outcome, current.is_some()) && races < MOST_RACES {
                refused_create = Some(outcome).filter(|error| current.is_none() && error.kind() != ErrorKind::Conflict);
            } else {
                return Err(outcome);
            }
            races += 1;
            thread::sleep(pause_after(races));
        }
    }

    fn announce(&mut self, old: Option<&RawEntry>, new: Option<(&str, &Texts)>) -> Result<()> {
        self.before_write.as_mut().map_or(Ok(()), |f| f(old, new))
    }

    fn etag<'e>(&self, entry: &'e RawEntry) -> Result<&'e str> {
        let etag = entry.etag.as_deref().filter(|etag| !etag.is_empty());
        etag.ok_or_else(|| {
            let problem = "the response has no etag, without which a write could overwrite that of somebody else";
            Error::invalid_response(self.store.shown(self.key), problem)
        })
    }

    fn unknown(&self, doubts: &[Doubt]) -> Error {
        let error = doubts.last().map(|doubt| doubt.error.clone());
        let error = error.unwrap_or_else(|| Error::new(ErrorKind::Conflict, self.store.shown(self.key)));
        error.advise(format!(
            "{} has been written since, so it isn't known whether this change was made: fetch it, and decide anew",
            self.store.shown(self.key)
        ))
    }
}

/// Finds out what became of writes by what the entry is now.
fn settle(doubts: &[Doubt], current: Option<&RawEntry>) -> Settled {
    let is_base = |doubt: &Doubt| match (&doubt.base, current) {
        (Some(base), Some(current)) => base.is_same_revision(current),
        (None, None) => true,
        _ => false,
    };
    let is_written = |doubt: &Doubt| match (&doubt.written, current) {
        (None, None) => true,
        (Some((value, metadata)), Some(current)) => has_content(current, value, metadata),
        _ => false,
    };
    match doubts {
        [] => Settled::NotMade,
        doubts if doubts.iter().any(is_written) && !doubts.iter().all(is_base) => Settled::Made,
        doubts if doubts.iter().all(is_base) => Settled::NotMade,
        _ => Settled::Unknown,
    }
}

/// Whether an entry has this value, these users and these attributes.
pub(super) fn has_content(entry: &RawEntry, value: &str, metadata: &Texts) -> bool {
    let Texts { users, attributes } = entry.texts();
    entry.value.as_deref().is_some_and(|known| is_same_value(value, known.get()))
        && is_same_value(&metadata.users, &users)
        && is_same_value(&metadata.attributes, &attributes)
}

/// Whether two texts say the same, also if the service writes numbers and keys in another way.
fn is_same_value(one: &str, other: &str) -> bool {
    let value = |text: &str| json::from_text::<Value>(text).ok();
    is_same(one, other, true)
        || value(one).is_some_and(|one| value(other).is_some_and(|other| is_same_json(&one, &other)))
}

fn is_same_json(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_json(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| is_same_json(one, other)))
        }
        _ => one == other,
    }
}

/// Returns the text of a new value, with what the old one has and the type doesn't hold.
pub(super) fn text_of<T: Serialize + DeserializeOwned>(old: Option<(&str, String)>, value: &T) -> Result<String> {
    let after = check::to_text(value)?;
    let text = match &old {
        None => after.clone(),
        Some((old, before)) => patch(old, before, &after).map_err(|problem| {
            Error::invalid_input(format!("the value can't be changed without a loss: {problem}"))
                .advise("use serde_json::Value as the type of the value, or set to replace the whole value")
        })?,
    };
    // What can't be read again would be lost for the next one who reads it with this type.
    let read = json::from_text::<T>(&text).map_err(|error| {
        Error::invalid_input(format!("the new value couldn't be read again: {error}"))
            .advise("a field that the type reads under another name than it writes can't be changed: use set")
    })?;
    match is_same(&check::to_text(&read)?, &after, false) {
        true => Ok(text),
        false => Err(Error::invalid_input("the new value would be read as another one")
            .advise("a field that the type reads under another name than it writes can't be changed: use set")),
    }
}

/// Returns the entry after a write. The service may leave out of its response what was sent.
fn written_entry(mut response: RawEntry, value: &str, metadata: &Texts) -> Result<RawEntry> {
    let text = |text: &str| {
        RawValue::from_string(text.to_owned())
            .map_err(|error| Error::invalid_input(format!("the value isn't JSON: {error}")))
    };
    response.value = Some(text(value)?);
    response.users = Some(text(&metadata.users)?);
    response.attributes = Some(text(&metadata.attributes)?);
    Ok(response)
}

/// Whether somebody else can have written the entry in between.
fn is_lost_race(error: &Error, exists: bool) -> bool {
    match exists {
        true => matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound),
        false => is_refused_create(error),
    }
}

/// Returns a pause that others who have lost the same race hardly have too.
fn pause_after(races: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << races.min(10)).min(LONGEST_PAUSE);
    let mut byte = [128];
    // Without random numbers, the pause is the middle one.
    let _ = getrandom::getrandom(&mut byte);
    longest.mul_f64(f64::from(byte[0]) / 255.0)
}
