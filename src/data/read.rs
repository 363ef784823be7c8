use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::entry::DataStoreEntry;
use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::raw::RawEntry;
use super::share::Use;
use crate::api::Endpoint;
use crate::error::Result;

/// Fetches an entry of a data store.
///
/// The last `@` of a key begins the id of a revision, so one is added where a key has it: `key@latest`.
pub const GET_DATA_STORE_ENTRY: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:read"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Fetches an entry in a scope of a data store.
pub const GET_SCOPED_DATA_STORE_ENTRY: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:read"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const GET: Endpoints =
    Endpoints { global: &GET_DATA_STORE_ENTRY, scoped: &GET_SCOPED_DATA_STORE_ENTRY, used: Use::Read };

impl DataStore {
    /// Fetches an entry. `None` if there is none with this key, or if it is deleted.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`], or in a scope [`GET_SCOPED_DATA_STORE_ENTRY`], which need the scope
    /// `universe-datastores.objects:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &serde_json::json!({ "coins": 7 }))?;
    /// if let Some(entry) = store.fetch::<serde_json::Value>("user_156")? {
    ///     println!("{} {:?} {:?}", entry.value, entry.users, entry.etag);
    /// }
    /// # assert!(store.fetch::<serde_json::Value>("user_157")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the value isn't a `T`.
    #[doc(alias = "GetAsync")]
    pub fn fetch<T: DeserializeOwned>(&self, key: impl AsRef<str>) -> Result<Option<DataStoreEntry<T>>> {
        let key = key.as_ref();
        self.read(key, self.fetch_raw(key)?)
    }

    /// Fetches a revision of an entry, also of a deleted one. `None` if there is none of this id, or if it marks that the entry was
    /// deleted. Old revisions are kept for 30 days.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`], or in a scope [`GET_SCOPED_DATA_STORE_ENTRY`], which need the scope
    /// `universe-datastores.objects:read`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub fn fetch_revision<T: DeserializeOwned>(
        &self,
        key: impl AsRef<str>,
        revision: impl AsRef<str>,
    ) -> Result<Option<DataStoreEntry<T>>> {
        let (key, revision) = (key.as_ref(), revision.as_ref());
        self.read(key, self.fetch_raw_at(key, format_args!("{key}@{revision}"))?)
    }

    /// Fetches an entry as it was at a time. `None` if there was none.
    ///
    /// Of the values that were overwritten within one hour of UTC, only the last one is kept; see
    /// [`edit`](Self::edit).
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`], or in a scope [`GET_SCOPED_DATA_STORE_ENTRY`], which need the scope
    /// `universe-datastores.objects:read`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    pub fn fetch_as_of<T: DeserializeOwned>(
        &self,
        key: impl AsRef<str>,
        time: Timestamp,
    ) -> Result<Option<DataStoreEntry<T>>> {
        let key = key.as_ref();
        self.read(key, self.fetch_raw_at(key, format_args!("{key}@latest:{time}"))?)
    }

    /// Fetches an entry as it is.
    pub(super) fn fetch_raw(&self, key: &str) -> Result<Option<RawEntry>> {
        match key.contains('@') {
            true => self.fetch_raw_at(key, format_args!("{key}@latest")),
            false => self.fetch_raw_at(key, key),
        }
    }

    /// Fetches a revision, which the segment of the path names.
    pub(super) fn fetch_raw_at(&self, key: &str, segment: impl fmt::Display) -> Result<Option<RawEntry>> {
        match self.of_entry(GET, key, segment).fetch::<RawEntry>() {
            Ok(entry) if entry.is_deleted() => Ok(None),
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.is_no_such_resource() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read<T: DeserializeOwned>(&self, key: &str, entry: Option<RawEntry>) -> Result<Option<DataStoreEntry<T>>> {
        let Some(entry) = entry else { return Ok(None) };
        let value = entry.read(&self.shown(key))?;
        Ok(Some(entry.with_value(key, value)))
    }
}
