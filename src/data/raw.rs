//! An entry as the service sent it.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::entry::{DataStoreEntry, EntryState};
use crate::error::{Error, Result};
use crate::json;
use crate::wire;

/// An entry whose value, users and attributes are texts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawEntry {
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) path: String,
    pub(super) value: Option<Box<RawValue>>,
    pub(super) users: Option<Box<RawValue>>,
    pub(super) attributes: Option<Box<RawValue>>,
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) etag: Option<String>,
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) revision_id: Option<String>,
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) revision_create_time: Option<Timestamp>,
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) create_time: Option<Timestamp>,
    #[serde(deserialize_with = "wire::lenient")]
    pub(super) state: Option<EntryState>,
}

/// Users and attributes as JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Texts {
    pub(super) users: String,
    pub(super) attributes: String,
}

impl RawEntry {
    /// Returns the text of the value. An entry without one can't be written back.
    pub(super) fn value(&self, shown: &str) -> Result<&str> {
        let value = self.value.as_deref().map(RawValue::get);
        value.ok_or_else(|| Error::invalid_response(shown, "the response has no value"))
    }

    /// Reads the value.
    pub(super) fn read<T: DeserializeOwned>(&self, shown: &str) -> Result<T> {
        json::from_text(self.value(shown)?).map_err(|error| {
            Error::invalid_response(shown, format!("the value isn't in the expected format: {error}")).caused_by(error)
        })
    }

    /// Returns users and attributes as texts of JSON.
    pub(super) fn texts(&self) -> Texts {
        let text =
            |text: &Option<Box<RawValue>>, default: &str| text.as_deref().map_or(default, RawValue::get).to_owned();
        Texts { users: text(&self.users, "[]"), attributes: text(&self.attributes, "{}") }
    }

    /// Whether the revision marks that the entry was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.state == Some(EntryState::Deleted)
    }

    /// Whether both are the same revision, as far as it is known.
    pub(super) fn is_same_revision(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(one), Some(other)) => one == other,
            _ => self.revision_id.is_some() && self.revision_id == other.revision_id,
        }
    }

    /// Makes an entry with this value.
    pub(super) fn with_value<T>(self, key: &str, value: T) -> DataStoreEntry<T> {
        let text = |text: Option<Box<RawValue>>| text.map(|text| text.get().to_owned()).unwrap_or_default();
        DataStoreEntry {
            path: self.path,
            id: key.to_owned(),
            value,
            // Those that can't be read are still written back.
            users: json::from_text(&text(self.users)).unwrap_or_default(),
            attributes: json::from_text(&text(self.attributes)).unwrap_or_default(),
            etag: self.etag,
            revision: self.revision_id,
            revision_created_at: self.revision_create_time,
            created_at: self.create_time,
            state: self.state,
        }
    }
}
