use serde::Serialize;

use super::check;
use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::metadata::{EntryMetadata, Texts};
use super::raw::RawEntry;
use super::revisions::EntryRevision;
use super::share::Use;
use super::update::{LockStep, Step};
use crate::api::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::request::Body;

/// What keys need beside the documented scope, in some cases.
const NEW_STORE: &str =
    "creating the first entry of a data store also needs the scope universe-datastores.control:create";

/// Creates an entry of a data store. The parameter `id` of its query is the key.
pub const CREATE_DATA_STORE_ENTRY: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/data-stores/{store}/entries")
        .with_scopes(&["universe-datastores.objects:create"])
        .with_denied_hint(NEW_STORE)
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Creates an entry in a scope of a data store. The parameter `id` of its query is the key.
pub const CREATE_SCOPED_DATA_STORE_ENTRY: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries")
        .with_scopes(&["universe-datastores.objects:create"])
        .with_denied_hint(NEW_STORE)
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Writes an entry of a data store. The service erases the `users` and the `attributes` that the body leaves out, and takes a
/// revision in the path for a part of the key.
pub const UPDATE_DATA_STORE_ENTRY: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:update"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

/// Writes an entry in a scope of a data store. See [`UPDATE_DATA_STORE_ENTRY`].
pub const UPDATE_SCOPED_DATA_STORE_ENTRY: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe-datastores.objects:update"])
        .with_key_budget(DOCUMENTED)
        .for_keys_only();

const CREATE: Endpoints =
    Endpoints { global: &CREATE_DATA_STORE_ENTRY, scoped: &CREATE_SCOPED_DATA_STORE_ENTRY, used: Use::Write };
const UPDATE: Endpoints =
    Endpoints { global: &UPDATE_DATA_STORE_ENTRY, scoped: &UPDATE_SCOPED_DATA_STORE_ENTRY, used: Use::Write };

impl DataStore {
    /// Creates an entry, without users and attributes.
    ///
    /// Calls [`CREATE_DATA_STORE_ENTRY`], or in a scope [`CREATE_SCOPED_DATA_STORE_ENTRY`], which need the scope
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
    /// Calls [`CREATE_DATA_STORE_ENTRY`], or in a scope [`CREATE_SCOPED_DATA_STORE_ENTRY`], which need the scope
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
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY), [`UPDATE_DATA_STORE_ENTRY`] and
    /// [`CREATE_DATA_STORE_ENTRY`], or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY), [`UPDATE_SCOPED_DATA_STORE_ENTRY`] and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`], which need the scopes `universe-datastores.objects:read`,
    /// `universe-datastores.objects:update` and `universe-datastores.objects:create`.
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
    /// Calls [`GET_DATA_STORE_ENTRY`](crate::endpoints::GET_DATA_STORE_ENTRY), [`UPDATE_DATA_STORE_ENTRY`] and
    /// [`CREATE_DATA_STORE_ENTRY`], or in a scope
    /// [`GET_SCOPED_DATA_STORE_ENTRY`](crate::endpoints::GET_SCOPED_DATA_STORE_ENTRY), [`UPDATE_SCOPED_DATA_STORE_ENTRY`] and
    /// [`CREATE_SCOPED_DATA_STORE_ENTRY`], which need the scopes `universe-datastores.objects:read`,
    /// `universe-datastores.objects:update` and `universe-datastores.objects:create`.
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

    /// Creates an entry of a text. Never an upsert, which would overwrite what somebody else has created in between.
    pub(super) fn post_raw(&self, key: &str, value: &str, metadata: &Texts) -> Result<RawEntry> {
        let request = match self.check(key) {
            Ok(()) => self.of_scope(CREATE),
            Err(problem) => self.of_scope(CREATE).failed(problem),
        };
        request.query("id", key).echo(key).body(body(value, metadata, None)).fetch()
    }

    /// Writes a text over the revision that has this etag, and over no other.
    pub(super) fn patch_raw(&self, key: &str, value: &str, metadata: &Texts, etag: &str) -> Result<RawEntry> {
        self.of_entry(UPDATE, key, key).body(body(value, metadata, Some(etag))).fetch()
    }
}

/// Whether the reason can be that the entry exists.
pub(super) fn is_refused_create(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict || error.status() == Some(400)
}

fn body(value: &str, metadata: &Texts, etag: Option<&str>) -> Body {
    let Texts { users, attributes } = metadata;
    let etag = match etag {
        Some(etag) => format!(",\"etag\":{}", serde_json::Value::from(etag)),
        None => String::new(),
    };
    let json = format!("{{\"value\":{value},\"users\":{users},\"attributes\":{attributes}{etag}}}");
    Body::bytes("application/json", json)
}
