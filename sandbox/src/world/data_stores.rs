//! Data stores: entries with their revisions, as the service keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::clock::{after, written};
use super::filter::decimal;

/// How long what was deleted or replaced can be read.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// The largest value, in bytes of JSON.
const LARGEST_VALUE: usize = 4_194_304;
/// What the id of a revision begins with, before its number, and ends with.
const FIRST_DIGITS: &str = "08DE";
const LAST_DIGITS: &str = ".0000000001";

/// The value, the users and the attributes of an entry, as JSON. Numbers keep their text.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) value: Arc<str>,
    pub(crate) users: String,
    pub(crate) attributes: String,
}

impl Content {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn new(value: &str, users: Option<&str>, attributes: Option<&str>) -> Result<Self, String> {
        if value.len() > LARGEST_VALUE {
            return Err(format!("The value is larger than {LARGEST_VALUE} bytes."));
        }
        let (users, attributes) = metadata(users, attributes)?;
        Ok(Self { value: value.into(), users, attributes })
    }
}

/// Returns the users and the attributes, as JSON. Those that are left out are empty.
///
/// # Errors
/// Returns the message of the refusal.
pub(crate) fn metadata(users: Option<&str>, attributes: Option<&str>) -> Result<(String, String), String> {
    let (users, attributes) = (users.unwrap_or("[]"), attributes.unwrap_or("{}"));
    let is_user = |user: &String| user.strip_prefix("users/").and_then(decimal).is_some();
    let listed: Vec<String> =
        serde_json::from_str(users).map_err(|_| "The users aren't a list of resource paths.".to_owned())?;
    if !listed.iter().all(is_user) {
        return Err("A user isn't in the form users/{user_id}.".to_owned());
    }
    let fields: Map<String, Value> =
        serde_json::from_str(attributes).map_err(|_| "The attributes aren't an object.".to_owned())?;
    let length = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().count();
    let lengths = fields.iter().map(|(name, value)| (name.chars().count(), length(value)));
    let is_long = lengths.clone().any(|(name, value)| name > 50 || value > 250);
    if is_long || lengths.map(|(name, value)| name + value).sum::<usize>() > 300 {
        return Err("The attributes are too long.".to_owned());
    }
    Ok((users.to_owned(), attributes.to_owned()))
}

#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// `None` marks that the entry was deleted.
    pub(crate) content: Option<Content>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredEntry {
    /// Of the entries of all stores, in the order in which they were created.
    pub(crate) number: u64,
    pub(crate) created: Timestamp,
    /// The oldest first. There is always one.
    pub(crate) revisions: Vec<Revision>,
}

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) created: Timestamp,
    /// When it will be gone.
    pub(crate) expires: Option<Timestamp>,
    /// By scope and key.
    pub(crate) entries: BTreeMap<(String, String), StoredEntry>,
}

/// How a write is refused whose etag isn't the current one. It isn't known what the service does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Stale {
    #[default]
    Aborted,
    PreconditionFailed,
    FailedPrecondition,
}

#[derive(Debug, Default)]
pub(crate) struct DataStores {
    stores: BTreeMap<(u64, String), Store>,
    snapshots: BTreeMap<u64, Timestamp>,
    /// When what was deleted long ago was forgotten last.
    settled: Option<Timestamp>,
    revisions_made: u64,
    entries_made: u64,
    pub(crate) stale: Stale,
    /// Whether names are measured in bytes, not in characters.
    pub(crate) counts_bytes: bool,
}

/// An entry's place: the experience, the store, the scope and the key.
#[derive(Clone, Debug)]
pub(crate) struct EntryId {
    pub(crate) universe: u64,
    pub(crate) store: String,
    pub(crate) scope: String,
    pub(crate) key: String,
}

impl Stale {
    /// Returns the way of this status. Any other counts as 409.
    pub(crate) fn of_status(status: u64) -> Self {
        match status {
            412 => Self::PreconditionFailed,
            400 => Self::FailedPrecondition,
            _ => Self::Aborted,
        }
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Aborted => 409,
            Self::PreconditionFailed => 412,
            Self::FailedPrecondition => 400,
        }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Aborted => "ABORTED",
            Self::PreconditionFailed | Self::FailedPrecondition => "FAILED_PRECONDITION",
        }
    }
}

/// Entries to be added to a data store: their scopes, keys and contents.
#[derive(Clone, Debug)]
pub(crate) struct Entries {
    pub(crate) universe: u64,
    pub(crate) store: String,
    pub(crate) entries: Vec<(String, String, Content)>,
}

impl EntryId {
    /// The longest names of stores, scopes and keys.
    const LONGEST: usize = 50;

    /// # Errors
    /// Returns the message of the refusal of a name of a store, a scope or an entry.
    pub(crate) fn check(what: &str, name: &str, counts_bytes: bool) -> Result<(), String> {
        let length = if counts_bytes { name.len() } else { name.chars().count() };
        match length {
            1..=Self::LONGEST => Ok(()),
            _ => Err(format!("The {what} ID must have 1 to {} characters.", Self::LONGEST)),
        }
    }
}

impl StoredEntry {
    pub(crate) fn last(&self) -> &Revision {
        self.revisions.last().expect("an entry has a revision")
    }

    /// Returns the newest revision if the entry isn't deleted.
    pub(crate) fn current(&self) -> Option<&Revision> {
        Some(self.last()).filter(|revision| revision.content.is_some())
    }

    /// Forgets the revisions that were replaced long ago. Returns whether something is left.
    fn settle(&mut self, now: Timestamp) -> bool {
        let replaced: Vec<Timestamp> = self.revisions.iter().skip(1).map(|revision| revision.at).collect();
        let gone = replaced.iter().take_while(|at| after(**at, KEPT) <= now).count();
        self.revisions.drain(..gone);
        self.current().is_some() || after(self.last().at, KEPT) > now
    }
}

impl DataStores {
    /// Returns a store that isn't deleted.
    pub(crate) fn store(&self, universe: u64, name: &str) -> Option<&Store> {
        self.stores.get(&(universe, name.to_owned())).filter(|store| store.expires.is_none())
    }

    /// Returns a store, also a deleted one.
    pub(crate) fn any_store(&mut self, universe: u64, name: &str) -> Option<&mut Store> {
        self.stores.get_mut(&(universe, name.to_owned()))
    }

    pub(crate) fn stores(&self, universe: u64) -> impl Iterator<Item = (&str, &Store)> {
        self.stores.iter().filter(move |((of, _), _)| *of == universe).map(|((_, name), store)| (name.as_str(), store))
    }

    pub(crate) fn entry(&self, id: &EntryId) -> Option<&StoredEntry> {
        self.store(id.universe, &id.store)?.entries.get(&(id.scope.clone(), id.key.clone()))
    }

    /// Forgets what was deleted long ago. Looks once a second: it goes through all entries.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let second = Some(now.as_second());
        if self.settled.map(Timestamp::as_second) == second {
            return;
        }
        self.settled = Some(now);
        self.stores.retain(|_, store| store.expires.is_none_or(|expires| expires > now));
        for store in self.stores.values_mut() {
            store.entries.retain(|_, entry| entry.settle(now));
        }
    }

    pub(crate) fn revision_id(&mut self) -> String {
        self.revisions_made += 1;
        format!("{FIRST_DIGITS}{:012X}{LAST_DIGITS}", self.revisions_made)
    }

    /// Puts a store as it is, or replaces it. Later revisions get other ids than its own.
    pub(crate) fn put(&mut self, universe: u64, name: &str, mut store: Store) {
        let revisions = store.entries.values().flat_map(|entry| &entry.revisions);
        let number = |id: &str| u64::from_str_radix(id.strip_prefix(FIRST_DIGITS)?.strip_suffix(LAST_DIGITS)?, 16).ok();
        let last = revisions.filter_map(|revision| number(&revision.id)).max();
        self.revisions_made = self.revisions_made.max(last.unwrap_or_default());
        for entry in store.entries.values_mut() {
            self.entries_made += 1;
            entry.number = self.entries_made;
        }
        self.stores.insert((universe, name.to_owned()), store);
    }

    /// Returns all stores, also deleted ones, by the experience and the name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&(u64, String), &Store)> {
        self.stores.iter()
    }

    /// Removes all of an experience.
    pub(crate) fn clear(&mut self, universe: u64) {
        self.stores.retain(|(of, _), _| *of != universe);
        self.snapshots.remove(&universe);
    }

    pub(crate) fn snapshots(&self) -> &BTreeMap<u64, Timestamp> {
        &self.snapshots
    }

    /// Sets when the newest snapshot of an experience was taken.
    pub(crate) fn put_snapshot(&mut self, universe: u64, taken: Timestamp) {
        self.snapshots.insert(universe, taken);
    }

    /// Writes an entry, or with `None` deletes it.
    pub(crate) fn write(&mut self, id: &EntryId, content: Option<Content>, now: Timestamp) {
        // As precise as what is written, so that a revision is there at the time that it tells.
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let revision = Revision { id: self.revision_id(), at: now, content };
        let snapshot = self.snapshots.get(&id.universe).copied();
        let store = self.stores.entry((id.universe, id.store.clone()));
        let store = store.or_insert_with(|| Store { created: now, expires: None, entries: BTreeMap::new() });
        match store.entries.get_mut(&(id.scope.clone(), id.key.clone())) {
            None => {
                self.entries_made += 1;
                let entry = StoredEntry { number: self.entries_made, created: now, revisions: vec![revision] };
                store.entries.insert((id.scope.clone(), id.key.clone()), entry);
            }
            Some(entry) => {
                if entry.current().is_none() && revision.content.is_some() {
                    entry.created = now;
                }
                let last = entry.last();
                let is_same_hour = last.at.as_second().div_euclid(HOUR) == now.as_second().div_euclid(HOUR);
                let is_kept_by_snapshot = snapshot.is_some_and(|snapshot| last.at <= snapshot);
                // An overwrite within an hour keeps nothing of the value before.
                if is_same_hour && !is_kept_by_snapshot && last.content.is_some() && revision.content.is_some() {
                    entry.revisions.pop();
                }
                entry.revisions.push(revision);
            }
        }
    }

    /// Takes a snapshot, unless there is one of the same day. Returns whether it did, and when the newest was taken.
    pub(crate) fn snapshot(&mut self, universe: u64, now: Timestamp) -> (bool, Timestamp) {
        let day = |time: Timestamp| time.as_second().div_euclid(DAY);
        match self.snapshots.get(&universe) {
            Some(taken) if day(*taken) == day(now) => (false, *taken),
            _ => {
                self.snapshots.insert(universe, now);
                (true, now)
            }
        }
    }

    /// Deletes a store.
    pub(crate) fn expire(&mut self, universe: u64, name: &str, now: Timestamp) -> Option<&mut Store> {
        let store = self.any_store(universe, name)?;
        store.expires.get_or_insert(after(now, KEPT));
        Some(store)
    }
}

impl Store {
    /// Returns the store as the service writes it.
    pub(crate) fn json(&self, universe: u64, name: &str) -> serde_json::Value {
        let mut json = serde_json::json!({
            "path": format!("universes/{universe}/data-stores/{name}"), "createTime": written(self.created),
            "id": name, "state": "ACTIVE",
        });
        if let Some(expires) = self.expires {
            json["state"] = "DELETED".into();
            json["expireTime"] = written(expires).into();
        }
        json
    }
}
