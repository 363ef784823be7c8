use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::memory::value::{NewValue, check_finite, check_ttl};
use crate::wire::{self, model};

model! {
    /// An item of a [`Queue`](crate::memory::Queue).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/MemoryStoreQueueItem>
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct QueueItem {
        /// The resource path, which begins with `cloud/v2/universes/{universe}/memory-store`.
        #[lenient]
        pub path: String,
        /// The id.
        #[lenient]
        pub id: String,
        /// The value.
        pub data: Value,
        /// The priority: items with a higher one are nearer to the front.
        pub priority: Option<f64>,
        /// When the item will be removed.
        #[serde(rename = "expireTime")]
        pub expires_at: Option<Timestamp>,
    }
}

impl QueueItem {
    /// Reads the value.
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if it isn't a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.data)
            .map_err(|error| Error::invalid_response(format!("the item {:?} of a queue", self.id), error.to_string()))
    }
}

/// The value, as JSON.
impl fmt::Display for QueueItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.data)
    }
}

model! {
    /// What was read from a [`Queue`](crate::memory::Queue).
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct QueueRead {
        /// The id of the read, for [`Queue::discard`](crate::memory::Queue::discard). Empty if there is no item.
        #[with(wire::strict_or_null)]
        #[serde(rename = "readId", alias = "id")]
        pub read_id: String,
        /// The items, the front of the queue first.
        #[with(wire::strict_or_null)]
        #[serde(rename = "items", alias = "queueItems")]
        pub items: Vec<QueueItem>,
    }
}

impl QueueRead {
    /// Refuses items that couldn't be discarded.
    pub(super) fn check(self) -> Result<Self> {
        if self.read_id.is_empty() && !self.items.is_empty() {
            return Err(Error::invalid_response("a read of a queue", "it has items and no id to discard them by"));
        }
        Ok(self)
    }
}

/// An item for [`Queue::add`](crate::memory::Queue::add). Its value has at most 32 KiB of JSON.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::memory::NewQueueItem;
///
/// let item = NewQueueItem::new(&serde_json::json!({ "job": 7 })).priority(2.0).ttl(Duration::from_secs(600));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct NewQueueItem {
    data: NewValue,
    priority: Option<f64>,
    ttl: Option<Duration>,
}

impl NewQueueItem {
    /// Creates an item from its value.
    pub fn new(value: &(impl Serialize + ?Sized)) -> Self {
        Self { data: NewValue::of(value), priority: None, ttl: None }
    }

    /// Sets the priority: an item is put before those with a lower one, and behind those with the same. Defaults to that of the
    /// service.
    pub fn priority(mut self, priority: f64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets how long the item is kept, at most 45 days. Defaults to what the service does.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    pub(super) fn json(&self) -> Result<Value> {
        let mut json = json!({ "data": self.data.check()? });
        if let Some(priority) = self.priority {
            json["priority"] = json!(check_finite("priority", priority)?);
        }
        if let Some(ttl) = self.ttl {
            json["ttl"] = json!(check_ttl(ttl)?);
        }
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_have_two_spellings() {
        let item = json!({ "id": "a", "data": 7 });
        for body in [
            json!({ "readId": "r", "items": [item] }),
            json!({ "id": "r", "queueItems": [item] }),
            json!({ "id": "r", "items": [item] }),
        ] {
            let read: QueueRead = wire::from_value(&body).expect("a read");
            assert_eq!((read.read_id.as_str(), read.items.len(), &read.items[0].data), ("r", 1, &json!(7)), "{body}");
        }
        for body in [json!({}), json!({ "readId": "r" }), json!({ "id": "", "queueItems": null })] {
            assert!(wire::from_value::<QueueRead>(&body).expect("an empty read").check().is_ok(), "{body}");
        }
        // Items that can't be read or discarded aren't an empty queue.
        assert!(wire::from_value::<QueueRead>(&json!({ "id": "r", "items": [7] })).is_err());
        let read: QueueRead = wire::from_value(&json!({ "items": [item] })).expect("a read");
        assert!(read.check().is_err());
    }
}
