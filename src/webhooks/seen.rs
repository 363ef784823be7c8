use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};

/// The newest notifications that were received, by their ids, so that a repetition is known. Serde reads and writes it, so that
/// it can outlast the process.
///
/// ```
/// use rblxopencloud::webhooks::SeenNotifications;
///
/// let mut seen = SeenNotifications::new(1000);
/// assert!(seen.insert("8f2c"));
/// assert!(!seen.insert("8f2c"), "it is a repetition");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct SeenNotifications {
    capacity: usize,
    /// The oldest first.
    order: VecDeque<String>,
    known: HashSet<String>,
}

/// What is kept of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    capacity: usize,
    ids: VecDeque<String>,
}

impl SeenNotifications {
    /// Creates an empty one that remembers the newest `capacity` ids, at least one. Roblox sends a notification six times at most,
    /// so it needs room for those that arrive in between.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), order: VecDeque::new(), known: HashSet::new() }
    }

    /// Remembers an id. Returns whether it is new.
    pub fn insert(&mut self, notification_id: &str) -> bool {
        if !self.known.insert(notification_id.to_owned()) {
            return false;
        }
        self.order.push_back(notification_id.to_owned());
        if self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Returns whether an id is known.
    #[must_use]
    pub fn contains(&self, notification_id: &str) -> bool {
        self.known.contains(notification_id)
    }

    /// Forgets an id, because its event couldn't be handled, so that the repetition counts as new. Returns whether it was known.
    pub fn remove(&mut self, notification_id: &str) -> bool {
        let was_known = self.known.remove(notification_id);
        if was_known {
            self.order.retain(|known| known != notification_id);
        }
        was_known
    }

    /// Returns how many ids are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns whether no id is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl From<Kept> for SeenNotifications {
    fn from(kept: Kept) -> Self {
        let mut seen = Self::new(kept.capacity);
        for id in kept.ids {
            seen.insert(&id);
        }
        seen
    }
}

impl From<SeenNotifications> for Kept {
    fn from(seen: SeenNotifications) -> Self {
        Self { capacity: seen.capacity, ids: seen.order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let mut seen = SeenNotifications::new(3);
        assert!(["a", "b", "c", "d"].into_iter().all(|id| seen.insert(id)));
        assert!(!seen.insert("b") && !seen.contains("a") && seen.len() == 3);
        let kept = serde_json::to_string(&seen).expect("it is JSON");
        assert_eq!(kept, r#"{"capacity":3,"ids":["b","c","d"]}"#);
        let mut again: SeenNotifications = serde_json::from_str(&kept).expect("it is readable");
        assert_eq!(again, seen);
        assert!(again.remove("c") && !again.remove("c") && again.insert("c"));
        assert!(again.insert("e") && !again.contains("b"));
        assert!(SeenNotifications::new(0).insert("a"));
    }
}
