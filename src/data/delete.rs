use std::cmp::Reverse;

use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::metadata::EntryMetadata;
use super::revisions::EntryRevision;
use super::share::Use;
use crate::api::Endpoint;
use crate::error::{Error, ErrorKind, Result};

/// Deletes an entry of a data store.
pub const DELETE_DATA_STORE_ENTRY: Endpoint =
    Endpoint::delete("/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:delete"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Deletes an entry in a scope of a data store.
pub const DELETE_SCOPED_DATA_STORE_ENTRY: Endpoint =
    Endpoint::delete("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:delete"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const DELETE: Endpoints =
    Endpoints { global: &DELETE_DATA_STORE_ENTRY, scoped: &DELETE_SCOPED_DATA_STORE_ENTRY, used: Use::Remove };

impl DataStore {
    /// Deletes an entry. One that doesn't exist is a success, so that the call can be repeated.
    ///
    /// The revisions of a deleted entry can be read for 30 days, also by others; [`undelete`](Self::undelete) brings it back.
    ///
    /// Calls [`DELETE_DATA_STORE_ENTRY`], or in a scope [`DELETE_SCOPED_DATA_STORE_ENTRY`], which need the scope
    /// `universe-datastores.objects:delete`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &7)?;
    /// store.delete("user_156")?;
    /// # store.delete("user_156")?;
    /// # assert!(store.fetch::<u64>("user_156")?.is_none());
    /// store.undelete("user_156")?;
    /// # assert_eq!(store.fetch::<u64>("user_156")?.expect("it is back").value, 7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the key can't be one.
    #[doc(alias = "RemoveAsync")]
    pub fn delete(&self, key: impl AsRef<str>) -> Result<()> {
        self.remove(key.as_ref()).map(|_| ())
    }

    /// Deletes an entry. Returns whether there was one.
    pub(super) fn remove(&self, key: &str) -> Result<bool> {
        match self.of_entry(DELETE, key, key).idempotent().send() {
            Ok(()) => Ok(true),
            Err(error) if error.is_no_such_resource() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes an entry without repeating the call after an unknown outcome: a repetition could delete what somebody else has
    /// created in between.
    pub(super) fn delete_once(&self, key: &str) -> Result<()> {
        self.of_entry(DELETE, key, key).send()
    }

    /// Brings a deleted entry back, as its newest revision has it, with its users and attributes.
    ///
    /// Calls [`LIST_DATA_STORE_ENTRY_REVISIONS`](crate::endpoints::LIST_DATA_STORE_ENTRY_REVISIONS),
    /// [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY) and
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS`](crate::endpoints::LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS),
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY) and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.versions:list`, `universe-datastores.objects:read` and `universe-datastores.objects:create`.
    ///
    /// # Errors
    /// Returns [`Conflict`](crate::ErrorKind::Conflict) if the entry isn't deleted, and
    /// [`NotFound`](crate::ErrorKind::NotFound) if it has no revision any more.
    pub fn undelete(&self, key: impl AsRef<str>) -> Result<EntryRevision> {
        let key = key.as_ref();
        let exists = || {
            Error::new(ErrorKind::Conflict, self.shown(key))
                .explain("it isn't deleted")
                .advise("call fetch to read it, and fetch_revision for its earlier values")
        };
        if self.fetch_raw(key)?.is_some() {
            return Err(exists());
        }
        let mut listed = self.list_revisions(key);
        let mut revisions = listed.by_ref().collect::<Result<Vec<_>>>()?;
        listed.check_all_read("which revision is the newest")?;
        // The order of the listing isn't documented.
        revisions.sort_by_key(|revision| Reverse(revision.created_at));
        for revision in revisions.iter().filter(|revision| !revision.id.is_empty()) {
            // A revision that marks the deletion has no value.
            let Some(entry) = self.fetch_raw_at(key, format_args!("{key}@{}", revision.id))? else { continue };
            let Ok(value) = entry.value("") else { continue };
            let metadata = EntryMetadata::new().texts(Some(&entry))?;
            return match self.post_raw(key, value, &metadata) {
                Ok(created) => Ok(created.into()),
                Err(error) if super::write::is_refused_create(&error) && self.fetch_raw(key)?.is_some() => {
                    Err(exists())
                }
                Err(error) => Err(error),
            };
        }
        Err(Error::new(ErrorKind::NotFound, self.shown(key)).explain("it has no revision that could be brought back"))
    }
}
