use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::open_enum::open_enum;
use crate::page::{PageItem, Values};
use crate::request::Paging;
use crate::wire::{self, model};

open_enum! {
    /// The state of an entry or of one of its revisions.
    EntryState {
        /// It is there.
        Active = "ACTIVE",
        /// It is deleted.
        Deleted = "DELETED",
    }
}

/// An entry of a data store, from [`DataStore::fetch`](crate::data::DataStore::fetch).
///
/// <https://create.roblox.com/docs/cloud/reference/features/data-stores#Cloud_GetDataStoreEntry>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataStoreEntry<T = Value> {
    /// The resource path, as the service writes it.
    #[serde(default)]
    pub path: String,
    /// The key.
    pub id: String,
    /// The value.
    pub value: T,
    /// The resource paths of the users that it is about, `users/{user}`.
    #[serde(default)]
    pub users: Vec<String>,
    /// Attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// What tells this revision from others, for writes in lock step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The id of the revision. See [`DataStore::fetch_revision`](crate::data::DataStore::fetch_revision).
    #[serde(rename = "revisionId", default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// When the revision was made.
    #[serde(rename = "revisionCreateTime", default, skip_serializing_if = "Option::is_none")]
    pub revision_created_at: Option<Timestamp>,
    /// When the entry was created.
    #[serde(rename = "createTime", default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Whether it is there or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<EntryState>,
}

impl<T> DataStoreEntry<T> {
    /// Creates an entry, for tests.
    #[must_use]
    pub fn new(key: impl Into<String>, value: T) -> Self {
        Self {
            path: String::new(),
            id: key.into(),
            value,
            users: Vec::new(),
            attributes: Map::new(),
            etag: None,
            revision: None,
            revision_created_at: None,
            created_at: None,
            state: None,
        }
    }

    /// Returns the ids of the users that the entry is about. A user whose path isn't `users/{user}` is left out.
    #[must_use]
    pub fn user_ids(&self) -> Vec<u64> {
        self.users.iter().filter_map(|user| wire::path_id(user, "users").or_else(|| wire::decimal(user))).collect()
    }
}

model! {
    /// A key in a listing, from [`DataStore::list_entries`](crate::data::DataStore::list_entries).
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct ListedEntry {
        /// The resource path, as the service writes it.
        #[lenient]
        pub path: String,
        /// The key.
        pub id: String,
        /// Whether it is there or deleted, if the service tells it.
        pub state: Option<EntryState>,
    }
}

impl ListedEntry {
    /// Returns the scope of the entry, which its path names. It is `global` if it doesn't.
    #[must_use]
    pub fn scope(&self) -> Cow<'_, str> {
        self.named_scope().unwrap_or(Cow::Borrowed("global"))
    }

    /// Returns the scope of the entry, for whom a wrong one does harm. `None` if its path can't be read.
    #[cfg(feature = "bulk")]
    pub(super) fn certain_scope(&self) -> Option<Cow<'_, str>> {
        let has_none = !self.parent()?.contains("/scopes/");
        if has_none { Some(Cow::Borrowed("global")) } else { self.named_scope() }
    }

    /// Finds the scope between the store and the key, escaped or not.
    fn named_scope(&self) -> Option<Cow<'_, str>> {
        let (_, scope) = self.parent()?.split_once("/scopes/")?;
        let is_escaped = !self.path.ends_with(&self.id) || !self.id.contains('/') && self.path.contains('%');
        Some(if is_escaped { percent_decode_str(scope).decode_utf8().ok()? } else { Cow::Borrowed(scope) })
    }

    /// Returns the store and the scope in the path, before the key, which may have slashes in it, escaped or not.
    fn parent(&self) -> Option<&str> {
        let (_, store) = self.path.split_once("/data-stores/")?;
        match store.strip_suffix(&self.id) {
            Some(parent) => parent.strip_suffix("/entries/"),
            None => Some(store.rsplit_once("/entries/")?.0),
        }
    }
}

/// `user_156`, or in another scope than `global`, `scope/user_156`.
impl fmt::Display for ListedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named_scope() {
            Some(scope) if scope != "global" => write!(f, "{scope}/{}", self.id),
            _ => f.write_str(&self.id),
        }
    }
}

impl PageItem for ListedEntry {
    const FIELD: &'static str = "dataStoreEntries";
    const PAGING: Paging = Paging::page_tokens().page_size(256);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_are_read_from_paths() {
        for (path, id, scope) in [
            ("universes/1/data-stores/a/entries/k", "k", "global"),
            ("universes/1/data-stores/a/scopes/s/entries/k", "k", "s"),
            ("universes/1/data-stores/a/scopes/s/entries/x/entries/k", "x/entries/k", "s"),
            ("universes/1/data-stores/a/scopes/s%2Ft/entries/x%2Fk", "x/k", "s/t"),
            ("universes/1/data-stores/a/scopes/s%20t/entries/k", "k", "s t"),
            ("", "k", "global"),
        ] {
            let entry: ListedEntry = serde_json::from_value(json!({ "path": path, "id": id })).expect("it is an entry");
            assert_eq!(entry.scope(), scope, "{path}");
            #[cfg(feature = "bulk")]
            assert_eq!(entry.certain_scope().as_deref(), Some(scope).filter(|_| !path.is_empty()), "{path}");
        }
        assert!(serde_json::from_value::<ListedEntry>(json!({ "path": "a" })).is_err());
    }
}
