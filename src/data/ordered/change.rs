use serde_json::json;

use super::entry::OrderedEntry;
use super::handle::{OrderedDataStore, check_id};
use crate::api::{Budget, Endpoint};
use crate::error::{Error, Result};

/// Creates an entry of an ordered data store.
pub const CREATE_ORDERED_ENTRY: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries")
        .with_scopes(&["universe.ordered-data-store.scope.entry:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Sets the value of an entry of an ordered data store.
pub const UPDATE_ORDERED_ENTRY: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe.ordered-data-store.scope.entry:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Adds a number to an entry of an ordered data store.
pub const INCREMENT_ORDERED_ENTRY: Endpoint = Endpoint::post(
    "/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries/{entry}:increment",
)
.with_scopes(&["universe.ordered-data-store.scope.entry:write"])
.with_key_budget(Budget::per_minute(1_000_000))
.for_keys_only();

/// Deletes an entry of an ordered data store.
pub const DELETE_ORDERED_ENTRY: Endpoint =
    Endpoint::delete("/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries/{entry}")
        .with_scopes(&["universe.ordered-data-store.scope.entry:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// The largest number that the service, which has doubles, keeps exactly.
const LARGEST: i64 = 1 << 53;

/// # Changes
///
/// None of them is repeated if it may have been carried out: then [`outcome_unknown`](crate::Error::outcome_unknown) is true.
/// The game could have changed the entry in the meantime.
impl OrderedDataStore {
    /// Creates an entry.
    ///
    /// Calls [`CREATE_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:write`.
    ///
    /// # Errors
    /// Returns the service's refusal, with the status 400, if there is an entry with this id, and
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id doesn't have 1 to 63 characters, or the value is beyond 2^53.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_CreateOrderedDataStoreEntry>
    pub fn create(&self, id: &str, value: i64) -> Result<OrderedEntry> {
        check_id(id)?;
        check_number("value", value)?;
        let request = self.call(&CREATE_ORDERED_ENTRY)?.query("id", id).echo(id).json(&json!({ "value": value }));
        Ok(request.fetch_model::<OrderedEntry>()?.or_id(id))
    }

    /// Sets the value of an entry, which is created if there is none.
    ///
    /// Calls [`UPDATE_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:write`.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_UpdateOrderedDataStoreEntry>
    #[doc(alias = "upsert")]
    pub fn set(&self, id: &str, value: i64) -> Result<OrderedEntry> {
        self.update(id, value, true)
    }

    /// Sets the value of an entry that is there.
    ///
    /// Calls [`UPDATE_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:write`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if there is no entry with this id. See also [`create`](Self::create).
    #[doc(alias = "update")]
    pub fn set_existing(&self, id: &str, value: i64) -> Result<OrderedEntry> {
        self.update(id, value, false)
    }

    fn update(&self, id: &str, value: i64, allow_missing: bool) -> Result<OrderedEntry> {
        check_number("value", value)?;
        let request = self.call_entry(&UPDATE_ORDERED_ENTRY, id)?;
        let request = if allow_missing { request.query("allowMissing", true) } else { request };
        Ok(request.json(&json!({ "value": value })).fetch_model::<OrderedEntry>()?.or_id(id))
    }

    /// Adds a number to the value of an entry, in one step. An entry that isn't there is created with this number. Returns the
    /// entry with the new value.
    ///
    /// The service doesn't check whether the sum is in the range of its numbers: it then returns the end of the range, and may
    /// keep another number.
    ///
    /// Calls [`INCREMENT_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:write`.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_IncrementOrderedDataStoreEntry>
    #[doc(alias = "add")]
    pub fn increment(&self, id: &str, amount: i64) -> Result<OrderedEntry> {
        check_number("amount", amount)?;
        let request = self.call_entry(&INCREMENT_ORDERED_ENTRY, id)?.json(&json!({ "amount": amount }));
        Ok(request.fetch_model::<OrderedEntry>()?.or_id(id))
    }

    /// Deletes an entry for good. One that isn't there is a success.
    ///
    /// Calls [`DELETE_ORDERED_ENTRY`], which needs the scope `universe.ordered-data-store.scope.entry:write`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_DeleteOrderedDataStoreEntry>
    #[doc(alias = "remove")]
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.call_entry(&DELETE_ORDERED_ENTRY, id)?.send() {
            Err(error) if error.is_no_such_resource() => Ok(()),
            ended => ended,
        }
    }
}

/// Refuses a number that the service would change.
fn check_number(what: &str, number: i64) -> Result<()> {
    if (-LARGEST..=LARGEST).contains(&number) {
        return Ok(());
    }
    let problem = format!("the {what} {number} is beyond 2^53, up to which the service keeps numbers exactly");
    Err(Error::invalid_input(problem))
}
