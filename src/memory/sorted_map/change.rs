use super::handle::{SortedMap, check_id};
use super::item::{NewSortedMapItem, SortedMapItem};
use crate::api::{Budget, Endpoint};
use crate::error::Result;

/// Creates an item of a sorted map.
pub const CREATE_SORTED_MAP_ITEM: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items")
        .with_scopes(&["memory-store.sorted-map:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Sets an item of a sorted map.
pub const UPDATE_SORTED_MAP_ITEM: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items/{item}")
        .with_scopes(&["memory-store.sorted-map:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Deletes an item of a sorted map.
pub const DELETE_SORTED_MAP_ITEM: Endpoint =
    Endpoint::delete("/cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items/{item}")
        .with_scopes(&["memory-store.sorted-map:write"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// # Changes
///
/// None of them is repeated if it may have been carried out: then [`outcome_unknown`](crate::Error::outcome_unknown) is true.
/// The game could have changed the item in the meantime.
impl SortedMap {
    /// Creates an item.
    ///
    /// Calls [`CREATE_SORTED_MAP_ITEM`], which needs the scope `memory-store.sorted-map:write`.
    ///
    /// # Errors
    /// Returns the service's refusal if there is an item with this id, and
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id doesn't have 1 to 127 characters, or the item is one that the
    /// service doesn't take. See [`NewSortedMapItem`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_CreateMemoryStoreSortedMapItem>
    pub fn create(&self, id: &str, item: NewSortedMapItem) -> Result<SortedMapItem> {
        check_id(id)?;
        // The service refuses an id in the body.
        let request = self.call(&CREATE_SORTED_MAP_ITEM)?.query("id", id).echo(id).json(&item.json()?);
        Ok(request.fetch_model::<SortedMapItem>()?.or_id(id))
    }

    /// Sets an item, which is created if there is none.
    ///
    /// Calls [`UPDATE_SORTED_MAP_ITEM`], which needs the scope `memory-store.sorted-map:write`.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_UpdateMemoryStoreSortedMapItem>
    #[doc(alias = "upsert")]
    pub fn set(&self, id: &str, item: NewSortedMapItem) -> Result<SortedMapItem> {
        self.update(id, &item, true)
    }

    /// Sets an item that is there.
    ///
    /// Calls [`UPDATE_SORTED_MAP_ITEM`], which needs the scope `memory-store.sorted-map:write`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if there is no item with this id. See also [`create`](Self::create).
    #[doc(alias = "update")]
    pub fn set_existing(&self, id: &str, item: NewSortedMapItem) -> Result<SortedMapItem> {
        self.update(id, &item, false)
    }

    fn update(&self, id: &str, item: &NewSortedMapItem, allow_missing: bool) -> Result<SortedMapItem> {
        let request = self.call_item(&UPDATE_SORTED_MAP_ITEM, id)?;
        let request = if allow_missing { request.query("allowMissing", true) } else { request };
        Ok(request.json(&item.json()?).fetch_model::<SortedMapItem>()?.or_id(id))
    }

    /// Deletes an item. One that isn't there is a success.
    ///
    /// Calls [`DELETE_SORTED_MAP_ITEM`], which needs the scope `memory-store.sorted-map:write`.
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_DeleteMemoryStoreSortedMapItem>
    #[doc(alias = "remove")]
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.call_item(&DELETE_SORTED_MAP_ITEM, id)?.send() {
            Err(error) if error.is_no_such_resource() => Ok(()),
            ended => ended,
        }
    }
}
