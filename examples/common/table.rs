//! A bounded table for what visitors make a server remember.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A table whose entries last for a time. If it is full, a new entry takes the place of the oldest one.
pub struct Table<K, V> {
    most: usize,
    lasts: Duration,
    entries: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Table<K, V> {
    pub fn new(most: usize, lasts: Duration) -> Self {
        Self { most, lasts, entries: Mutex::default() }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let entries = self.lock();
        entries.get(key).filter(|(at, _)| at.elapsed() < self.lasts).map(|(_, value)| value.clone())
    }

    /// Returns an entry, and makes it the newest.
    pub fn renew(&self, key: &K) -> Option<V> {
        let mut entries = self.lock();
        let (at, value) = entries.get_mut(key).filter(|(at, _)| at.elapsed() < self.lasts)?;
        *at = Instant::now();
        Some(value.clone())
    }

    /// Returns an entry, and makes it the newest. If there is none, adds one.
    pub fn renew_or_insert(&self, key: K, new: impl FnOnce() -> V) -> V {
        let mut entries = self.lock();
        let known = entries.remove(&key).filter(|(at, _)| at.elapsed() < self.lasts);
        let value = known.map_or_else(new, |(_, value)| value);
        self.add(&mut entries, key, value.clone());
        value
    }

    pub fn insert(&self, key: K, value: V) {
        let mut entries = self.lock();
        entries.remove(&key);
        self.add(&mut entries, key, value);
    }

    fn add(&self, entries: &mut HashMap<K, (Instant, V)>, key: K, value: V) {
        if entries.len() >= self.most {
            remove_oldest(entries, self.most, |_| true);
        }
        entries.insert(key, (Instant::now(), value));
    }

    /// Removes the oldest of the entries that have this in common, until there are fewer than `most`.
    pub fn make_room(&self, most: usize, in_common: impl Fn(&V) -> bool) {
        remove_oldest(&mut self.lock(), most, in_common);
    }

    pub fn remove(&self, key: &K) -> Option<V> {
        self.lock().remove(key).map(|(_, value)| value)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_oldest<K: Clone + Eq + Hash, V>(
    entries: &mut HashMap<K, (Instant, V)>,
    most: usize,
    in_common: impl Fn(&V) -> bool,
) {
    loop {
        let group = || entries.iter().filter(|(_, (_, value))| in_common(value));
        if group().count() < most {
            return;
        }
        let Some(oldest) = group().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone()) else { return };
        entries.remove(&oldest);
    }
}
