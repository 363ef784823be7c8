use serde::Serialize;

use super::check;
use super::handle::DataStore;
use super::metadata::EntryMetadata;
use super::revisions::EntryRevision;
use super::update::{LockStep, Step};
use super::write::is_refused_create;
use crate::error::Result;

impl DataStore {
    /// Creates an entry, without users and attributes.
    ///
    /// Calls [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scope
    /// `universe-datastores.objects:create`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// let revision = store.create("user_156", &serde_json::json!({ "coins": 7 }))?;
    /// println!("{}", revision.id);
    /// # assert!(store.create("user_156", &1).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Conflict`](crate::ErrorKind::Conflict) if the entry exists, and [`InvalidInput`](crate::ErrorKind::InvalidInput) if the
    /// key or the value is too long, or the value has a number that isn't finite.
    pub fn create(&self, key: impl AsRef<str>, value: &(impl Serialize + ?Sized)) -> Result<EntryRevision> {
        self.create_with(key, value, EntryMetadata::new())
    }

    /// Creates an entry with users and attributes. See [`create`](Self::create).
    ///
    /// Calls [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scope
    /// `universe-datastores.objects:create`.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    pub fn create_with(
        &self,
        key: impl AsRef<str>,
        value: &(impl Serialize + ?Sized),
        metadata: EntryMetadata,
    ) -> Result<EntryRevision> {
        let key = key.as_ref();
        metadata.check()?;
        let text = check::to_text(value)?;
        let refused = match self.post_raw(key, &text, &metadata.texts(None)?) {
            Ok(created) => return Ok(created.into()),
            Err(error) => error,
        };
        // The service says with 400 that the entry exists, as that the value is wrong.
        if is_refused_create(&refused) && self.fetch_raw(key).is_ok_and(|entry| entry.is_some()) {
            return Err(refused.in_conflict("the entry exists: call update or set"));
        }
        Err(refused)
    }

    /// Sets the value of an entry, or creates it. Users and attributes stay as they are.
    ///
    /// Since the service would erase users and attributes, this reads the entry first, and writes it in lock step as
    /// [`update`](Self::update) does.
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY) and
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:read`, `universe-datastores.objects:update` and `universe-datastores.objects:create`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// store.set("user_156", &serde_json::json!({ "coins": 7 }))?;
    /// # assert!(store.fetch::<serde_json::Value>("user_156")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`update`](Self::update).
    #[doc(alias = "SetAsync")]
    pub fn set(&self, key: impl AsRef<str>, value: &(impl Serialize + ?Sized)) -> Result<EntryRevision> {
        self.set_with(key, value, EntryMetadata::new())
    }

    /// Sets the value of an entry, or creates it, with other users or attributes. See [`set`](Self::set).
    ///
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY),
    /// [`UPDATE_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_DATA_STORE_ENTRY) and
    /// [`CREATE_DATA_STORE_ENTRY`](crate::endpoints::CREATE_DATA_STORE_ENTRY), or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY),
    /// [`UPDATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY) and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::CREATE_SCOPED_DATA_STORE_ENTRY), which need the scopes
    /// `universe-datastores.objects:read`, `universe-datastores.objects:update` and `universe-datastores.objects:create`.
    ///
    /// # Errors
    /// See [`update`](Self::update).
    pub fn set_with(
        &self,
        key: impl AsRef<str>,
        value: &(impl Serialize + ?Sized),
        metadata: EntryMetadata,
    ) -> Result<EntryRevision> {
        let text = check::to_text(value)?;
        let written = LockStep::new(self, key.as_ref(), &metadata).run(&mut |_| Ok(Step::Set(text.clone())))?;
        Ok(written.map(EntryRevision::from).unwrap_or_default())
    }
}
