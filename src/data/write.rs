//! The requests that write an entry.

use super::handle::{DOCUMENTED, DataStore, Endpoints};
use super::raw::{RawEntry, Texts};
use super::share::Use;
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
