use std::fmt;
use std::iter::FusedIterator;

use jiff::Timestamp;

use super::handle::{DOCUMENTED, DataStore};
use super::list::starts_with;
use crate::api::{Budget, Endpoint};
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::open_enum::open_enum;
use crate::page::{PageItem, Pager, Values};
use crate::wire::model;

/// Lists the data stores of an experience.
pub const LIST_DATA_STORES: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}/data-stores")
    .with_scopes(&["universe-datastores.control:list"])
    .with_key_budget(DOCUMENTED)
    .for_keys_only();

/// Deletes a data store, 30 days later.
pub const DELETE_DATA_STORE: Endpoint = Endpoint::delete("/cloud/v2/universes/{universe}/data-stores/{store}")
    .with_scopes(&["universe-datastores.control:delete"])
    .with_key_budget(DOCUMENTED)
    .for_keys_only()
    .harmless();

/// Keeps a data store that is to be deleted.
pub const UNDELETE_DATA_STORE: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}/data-stores/{store}:undelete")
    .with_scopes(&["universe-datastores.control:delete"])
    .with_key_budget(DOCUMENTED)
    .for_keys_only()
    .harmless();

/// Takes a snapshot of all data stores of an experience.
pub const SNAPSHOT_DATA_STORES: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}/data-stores:snapshot")
    .with_scopes(&["universe-datastores.control:snapshot"])
    .with_key_budget(Budget::per_minute(60))
    .for_keys_only()
    .harmless();

open_enum! {
    /// The state of a data store.
    DataStoreState {
        /// It is there.
        Active = "ACTIVE",
        /// It will be deleted.
        Deleted = "DELETED",
    }
}

model! {
    /// A data store, from [`Experience::list_data_stores`](crate::Experience::list_data_stores).
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct DataStoreInfo {
        /// The resource path, `universes/{universe}/data-stores/{store}`.
        #[lenient]
        pub path: String,
        /// The name.
        pub id: String,
        /// When it was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When it will be gone, if it was deleted.
        #[serde(rename = "expireTime")]
        pub expires_at: Option<Timestamp>,
        /// Whether it is there or will be deleted.
        pub state: Option<DataStoreState>,
    }
}

model! {
    /// The newest snapshot of an experience, from
    /// [`Experience::snapshot_data_stores`](crate::Experience::snapshot_data_stores).
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct DataStoreSnapshot {
        /// Whether this call has taken it. Only one a day of UTC is.
        #[serde(rename = "newSnapshotTaken")]
        pub is_new: bool,
        /// When it was taken.
        #[serde(rename = "latestSnapshotTime")]
        pub taken_at: Timestamp,
    }
}

/// `Players`
impl fmt::Display for DataStoreInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl PageItem for DataStoreInfo {
    const FIELD: &'static str = "dataStores";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl Experience {
    /// Lists the data stores of the experience.
    ///
    /// Calls [`LIST_DATA_STORES`], which needs the scope `universe-datastores.control:list`. A page has 100 stores.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// # experience.data_store("Players").create("user_156", &1)?;
    /// for store in experience.list_data_stores() {
    ///     println!("{}", store?);
    /// }
    /// # assert_eq!(experience.list_data_stores().prefix("Pl").count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ListDataStoresAsync")]
    pub fn list_data_stores(&self) -> DataStores {
        DataStores { experience: self.clone(), prefix: String::new(), deleted: false, pager: None }
    }

    /// Takes a snapshot of all data stores of the experience: the next write of each entry keeps the value that it replaces, for 30
    /// days. Without it, a value that was written in the same hour of UTC is lost when it is overwritten.
    ///
    /// Only one snapshot is taken each day of UTC. A second call tells when the first one was.
    ///
    /// Calls [`SNAPSHOT_DATA_STORES`], which needs the scope `universe-datastores.control:snapshot`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// let snapshot = experience.snapshot_data_stores()?;
    /// println!("taken at {}", snapshot.taken_at);
    /// # assert!(snapshot.is_new && !experience.snapshot_data_stores()?.is_new);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response doesn't tell when it was taken.
    pub fn snapshot_data_stores(&self) -> Result<DataStoreSnapshot> {
        self.client().call(&SNAPSHOT_DATA_STORES).param("universe", self.id()).json(&NOTHING).fetch_model()
    }
}

/// An empty object.
#[derive(serde::Serialize)]
struct Nothing {}

const NOTHING: Nothing = Nothing {};

impl DataStore {
    /// Deletes the store with all its scopes and entries. It can't be used from now on, and is gone 30 days later; until then,
    /// [`undelete_store`](Self::undelete_store) keeps it. Reads can succeed for up to a day.
    ///
    /// Calls [`DELETE_DATA_STORE`], which needs the scope `universe-datastores.control:delete`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if there is no such store.
    pub fn delete_store(&self) -> Result<DataStoreInfo> {
        self.of_store(&DELETE_DATA_STORE).fetch_model()
    }

    /// Keeps a store that was deleted in the last 30 days.
    ///
    /// Calls [`UNDELETE_DATA_STORE`], which needs the scope `universe-datastores.control:delete`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if there is no such store.
    pub fn undelete_store(&self) -> Result<DataStoreInfo> {
        self.of_store(&UNDELETE_DATA_STORE).json(&NOTHING).fetch_model()
    }
}

/// The data stores of an experience, from [`Experience::list_data_stores`]: an iterator with setters, which count before the first
/// `next`.
#[derive(Debug)]
#[must_use = "a listing makes no request until it is iterated over"]
pub struct DataStores {
    experience: Experience,
    prefix: String,
    deleted: bool,
    /// Once the listing has begun.
    pager: Option<Pager<DataStoreInfo>>,
}

impl DataStores {
    /// Lists only the stores whose names begin with `prefix`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets whether deleted stores are listed too. Defaults to `false`.
    #[doc(alias = "showDeleted")]
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Returns an error if a store couldn't be read: it may be the one that is looked for.
    #[cfg(feature = "bulk")]
    pub(super) fn check_all_read(&self, question: &str) -> Result<()> {
        self.pager.as_ref().map_or(Ok(()), |pager| pager.check_all_read(question))
    }

    fn begin(&self) -> Pager<DataStoreInfo> {
        let mut request = self.experience.client().call(&LIST_DATA_STORES).param("universe", self.experience.id());
        if !self.prefix.is_empty() {
            request = request.query("filter", starts_with(&self.prefix));
        }
        if self.deleted {
            request = request.query("showDeleted", true);
        }
        request.pages()
    }
}

impl Iterator for DataStores {
    type Item = Result<DataStoreInfo>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pager.is_none() {
            self.pager = Some(self.begin());
        }
        self.pager.as_mut()?.next()
    }
}

impl FusedIterator for DataStores {}
