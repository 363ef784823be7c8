use std::iter::FusedIterator;

use jiff::Timestamp;

use super::entry::EntryState;
use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::raw::RawEntry;
use super::share::Use;
use crate::api::Endpoint;
use crate::error::Result;
use crate::page::{PageItem, Pager, Values};
use crate::wire::model;

/// Lists the revisions of an entry of a data store.
pub const LIST_DATA_STORE_ENTRY_REVISIONS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}:listRevisions")
        .with_scopes(&["universe-datastores.versions:list"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Lists the revisions of an entry in a scope of a data store.
pub const LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries/{entry}:listRevisions")
        .with_scopes(&["universe-datastores.versions:list"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const REVISIONS: Endpoints = Endpoints {
    global: &LIST_DATA_STORE_ENTRY_REVISIONS,
    scoped: &LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS,
    used: Use::List,
};

model! {
    /// A revision of an entry, from [`DataStore::list_revisions`] and from writes. It has no value: see
    /// [`DataStore::fetch_revision`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct EntryRevision {
        /// The resource path, as the service writes it.
        #[lenient]
        pub path: String,
        /// The id of the revision.
        #[lenient]
        #[serde(rename = "revisionId")]
        pub id: String,
        /// When it was made.
        #[serde(rename = "revisionCreateTime")]
        pub created_at: Option<Timestamp>,
        /// When the entry was created.
        #[serde(rename = "createTime")]
        pub entry_created_at: Option<Timestamp>,
        /// Whether the entry was there or deleted.
        pub state: Option<EntryState>,
        /// What tells the revision from others.
        pub etag: Option<String>,
    }
}

impl From<RawEntry> for EntryRevision {
    fn from(entry: RawEntry) -> Self {
        Self {
            path: entry.path,
            id: entry.revision_id.unwrap_or_default(),
            created_at: entry.revision_create_time,
            entry_created_at: entry.create_time,
            state: entry.state,
            etag: entry.etag,
        }
    }
}

impl PageItem for EntryRevision {
    const FIELD: &'static str = "dataStoreEntries";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

impl DataStore {
    /// Lists the revisions of an entry, also of a deleted one.
    ///
    /// A write keeps the value before it as a revision only if that value was written in another hour of UTC, or before the
    /// newest [snapshot](crate::Experience::snapshot_data_stores). Revisions are kept for 30 days.
    ///
    /// Calls [`LIST_DATA_STORE_ENTRY_REVISIONS`], or in a scope [`LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS`], which need the scope
    /// `universe-datastores.versions:list`. A page has 100 revisions.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let store = sandbox.client().experience(13058).data_store("Players");
    /// # store.create("user_156", &1)?;
    /// for revision in store.list_revisions("user_156") {
    ///     let revision = revision?;
    ///     println!("{:?} {:?}", revision.created_at, store.fetch_revision::<u64>("user_156", &revision.id)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ListVersionsAsync")]
    pub fn list_revisions(&self, key: impl AsRef<str>) -> EntryRevisions {
        EntryRevisions { store: self.clone(), key: key.as_ref().to_owned(), since: None, until: None, pager: None }
    }
}

/// The revisions of an entry, from [`DataStore::list_revisions`]: an iterator with setters, which count before the first `next`.
#[derive(Debug)]
#[must_use = "a listing makes no request until it is iterated over"]
pub struct EntryRevisions {
    store: DataStore,
    key: String,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Once the listing has begun.
    pager: Option<Pager<EntryRevision>>,
}

impl EntryRevisions {
    /// Lists only the revisions that were made at this time or later.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Lists only the revisions that were made at this time or earlier.
    pub fn until(mut self, time: Timestamp) -> Self {
        self.until = Some(time);
        self
    }

    fn begin(&self) -> Pager<EntryRevision> {
        let request = self.store.of_entry(REVISIONS, &self.key, &self.key);
        let bounds = [(">=", self.since), ("<=", self.until)].into_iter();
        let filter = bounds.filter_map(|(sign, time)| Some(format!("revision_create_time {sign} {}", time?)));
        let filter = filter.collect::<Vec<_>>().join(" && ");
        match filter.is_empty() {
            true => request.pages(),
            false => request.query("filter", filter).pages(),
        }
    }

    /// Returns an error if a revision couldn't be read: it may be the one that is looked for.
    pub(super) fn check_all_read(&self, question: &str) -> Result<()> {
        self.pager.as_ref().map_or(Ok(()), |pager| pager.check_all_read(question))
    }
}

impl Iterator for EntryRevisions {
    type Item = Result<EntryRevision>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pager.is_none() {
            self.pager = Some(self.begin());
        }
        self.pager.as_mut()?.next()
    }
}

impl FusedIterator for EntryRevisions {}
