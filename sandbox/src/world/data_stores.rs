//! Data stores: entries with their revisions, as the service keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::{after, written};

/// How long what was deleted or replaced can be read.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The value, the users and the attributes of an entry, as JSON. Numbers keep their text.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) value: Arc<str>,
    pub(crate) users: String,
    pub(crate) attributes: String,
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

/// What a request does, of which each has a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Use {
    Read,
    Write,
    List,
    Remove,
}

impl Use {
    /// Returns how many requests a minute all of an experience can make, its game servers among them.
    fn limit(self, players: u64) -> u64 {
        let by_player = match self {
            Self::Read | Self::Remove => 40,
            Self::Write => 20,
            Self::List => 2,
        };
        300 + by_player * players
    }
}

/// The limits of an experience, which its game shares.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    players: u64,
    /// How many requests of each kind the game makes each minute.
    used_by_game: u64,
    /// The number of the minute, and how many requests there were in it: reads, writes, lists and removals.
    minute: i64,
    used: [u64; 4],
}

#[derive(Debug, Default)]
pub(crate) struct DataStores {
    limits: BTreeMap<u64, Limits>,
    stores: BTreeMap<(u64, String), Store>,
    snapshots: BTreeMap<u64, Timestamp>,
    revisions_made: u64,
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

    /// Sets the limits of an experience, or with `None` removes them.
    pub(crate) fn set_limits(&mut self, universe: u64, limits: Option<(u64, u64)>) {
        match limits {
            Some((players, used_by_game)) => {
                self.limits.insert(universe, Limits { players, used_by_game, ..Limits::default() });
            }
            None => _ = self.limits.remove(&universe),
        }
    }

    /// Counts a request. Returns whether it is within the limits.
    pub(crate) fn count(&mut self, universe: u64, what: Use, now: Timestamp) -> bool {
        let Some(limits) = self.limits.get_mut(&universe) else { return true };
        let minute = now.as_second().div_euclid(60);
        if limits.minute != minute {
            (limits.minute, limits.used) = (minute, [limits.used_by_game; 4]);
        }
        let used = &mut limits.used[what as usize];
        let is_within = *used < what.limit(limits.players);
        *used += u64::from(is_within);
        is_within
    }

    /// Forgets what was deleted long ago.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.stores.retain(|_, store| store.expires.is_none_or(|expires| expires > now));
        for store in self.stores.values_mut() {
            store.entries.retain(|_, entry| entry.settle(now));
        }
    }

    /// Writes an entry, or with `None` deletes it.
    pub(crate) fn write(&mut self, id: &EntryId, content: Option<Content>, now: Timestamp) {
        self.revisions_made += 1;
        let revision = Revision { id: format!("08DE{:012X}.0000000001", self.revisions_made), at: now, content };
        let snapshot = self.snapshots.get(&id.universe).copied();
        let store = self.stores.entry((id.universe, id.store.clone()));
        let store = store.or_insert_with(|| Store { created: now, expires: None, entries: BTreeMap::new() });
        match store.entries.get_mut(&(id.scope.clone(), id.key.clone())) {
            None => {
                let entry = StoredEntry { number: self.revisions_made, created: now, revisions: vec![revision] };
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
