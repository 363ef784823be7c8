use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::memory::value::{NewValue, check_finite, check_ttl};
use crate::page::{PageItem, Values};
use crate::wire::{self, model};

model! {
    /// An item of a [`SortedMap`](crate::memory::SortedMap).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/MemoryStoreSortedMapItem>
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct SortedMapItem {
        /// The resource path, which begins with `cloud/v2/universes/{universe}/memory-store`.
        #[lenient]
        pub path: String,
        /// The id.
        #[lenient]
        pub id: String,
        /// The value.
        pub value: Value,
        /// The tag of this state of the item.
        #[with(wire::non_empty)]
        pub etag: Option<String>,
        /// When the item will be removed.
        #[serde(rename = "expireTime")]
        pub expires_at: Option<Timestamp>,
        /// The text by which it is sorted.
        pub string_sort_key: Option<String>,
        /// The number by which it is sorted.
        pub numeric_sort_key: Option<f64>,
    }
}

impl SortedMapItem {
    /// Reads the value.
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if it isn't a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.value).map_err(|error| {
            Error::invalid_response(format!("the item {:?} of a sorted map", self.id), error.to_string())
        })
    }

    /// Returns what it is sorted by. `None` if it has no sort key.
    #[must_use]
    pub fn sort_key(&self) -> Option<SortKey> {
        let text = || self.string_sort_key.clone().map(SortKey::Text);
        self.numeric_sort_key.map(SortKey::Number).or_else(text)
    }

    /// Sets the id if the response doesn't name it.
    pub(super) fn or_id(mut self, id: &str) -> Self {
        if self.id.is_empty() {
            id.clone_into(&mut self.id);
        }
        self
    }
}

/// `bid-1: {"bidder":156}`.
impl fmt::Display for SortedMapItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.value)
    }
}

impl PageItem for SortedMapItem {
    const FIELD: &'static str = "items";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        let mut item: Self = values.read_fields()?;
        if item.id.is_empty() {
            item.id = item.path.split_once("/items/").map(|(_, id)| id.to_owned()).unwrap_or_default();
        }
        Some(item).filter(|item| !item.id.is_empty())
    }
}

/// What an item of a sorted map is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl SortKey {
    pub(super) fn check(&self) -> Result<&Self> {
        if let Self::Number(number) = self {
            check_finite("sort key", *number)?;
        }
        Ok(self)
    }
}

impl From<f64> for SortKey {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for SortKey {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for SortKey {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SortKey {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// An item for [`SortedMap::set`](crate::memory::SortedMap::set) and [`create`](crate::memory::SortedMap::create).
///
/// Its value has at most 32 KiB of JSON. It is kept for a time, at most 45 days.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::memory::NewSortedMapItem;
///
/// let item = NewSortedMapItem::new(&"open", Duration::from_secs(60)).sort_key("eu");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct NewSortedMapItem {
    value: NewValue,
    ttl: Duration,
    sort_key: Option<SortKey>,
}

impl NewSortedMapItem {
    /// Creates an item from its value, and how long it is kept.
    pub fn new(value: &(impl Serialize + ?Sized), ttl: Duration) -> Self {
        Self { value: NewValue::of(value), ttl, sort_key: None }
    }

    /// Sets what the item is sorted by: a number or a text. Defaults to nothing.
    pub fn sort_key(mut self, key: impl Into<SortKey>) -> Self {
        self.sort_key = Some(key.into());
        self
    }

    pub(super) fn json(&self) -> Result<Value> {
        let mut json = json!({ "value": self.value.check()?, "ttl": check_ttl(self.ttl)? });
        match self.sort_key.as_ref().map(SortKey::check).transpose()? {
            None => {}
            Some(SortKey::Number(number)) => json["numericSortKey"] = json!(number),
            Some(SortKey::Text(text)) => json["stringSortKey"] = json!(text),
        }
        Ok(json)
    }
}
