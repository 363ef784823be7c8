use super::filter::SortedMapFilter;
use super::item::SortedMapItem;
use crate::api::{Budget, Endpoint};
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::memory::value::{check_length, check_name};
use crate::page::Pager;
use crate::request::Request;

/// Fetches an item of a sorted map.
pub const GET_SORTED_MAP_ITEM: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items/{item}")
        .with_scopes(&["memory-store.sorted-map:read"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Lists the items of a sorted map.
pub const LIST_SORTED_MAP_ITEMS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items")
        .with_scopes(&["memory-store.sorted-map:read"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// The most characters of the id of an item.
const LONGEST_ID: usize = 127;

/// A handle for a sorted map of a memory store: items with ids, which are sorted by their sort keys.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::memory::{NewSortedMapItem, SortedMapFilter};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// let auction = client.experience(13058).memory_store().sorted_map("auction");
/// let bid = NewSortedMapItem::new(&serde_json::json!({ "bidder": 156 }), Duration::from_secs(3600));
/// auction.set("bid-1", bid.sort_key(500))?;
/// for item in auction.list_items_with(SortedMapFilter::new().sort_keys_above(100)) {
///     println!("{}", item?);
/// }
/// # assert_eq!(auction.list_items().count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "MemoryStoreSortedMap")]
pub struct SortedMap {
    pub(in crate::memory) experience: Experience,
    pub(in crate::memory) name: String,
}

impl SortedMap {
    /// Returns the name of the map.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Fetches an item. Returns `None` if there is none with this id, or it has expired.
    ///
    /// Calls [`GET_SORTED_MAP_ITEM`], which needs the scope `memory-store.sorted-map:read`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id doesn't have 1 to 127 characters.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_GetMemoryStoreSortedMapItem>
    pub fn fetch(&self, id: &str) -> Result<Option<SortedMapItem>> {
        match self.call_item(&GET_SORTED_MAP_ITEM, id)?.fetch_model::<SortedMapItem>() {
            Ok(item) => Ok(Some(item.or_id(id))),
            Err(error) if error.is_no_such_resource() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists all items. A map that doesn't exist is empty.
    ///
    /// Calls [`LIST_SORTED_MAP_ITEMS`], which needs the scope `memory-store.sorted-map:read`. A page has 100 of them.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_ListMemoryStoreSortedMapItems>
    pub fn list_items(&self) -> Pager<SortedMapItem> {
        self.list_items_with(SortedMapFilter::new())
    }

    /// Lists the items that a filter matches. See [`list_items`](Self::list_items).
    ///
    /// Calls [`LIST_SORTED_MAP_ITEMS`], which needs the scope `memory-store.sorted-map:read`.
    pub fn list_items_with(&self, filter: SortedMapFilter) -> Pager<SortedMapItem> {
        match self.call(&LIST_SORTED_MAP_ITEMS).and_then(|request| filter.add_to(request)) {
            Ok(request) => request.pages(),
            Err(problem) => self.experience.client().call(&LIST_SORTED_MAP_ITEMS).failed(problem).pages(),
        }
    }

    /// Starts a call about the map.
    pub(super) fn call(&self, endpoint: &Endpoint) -> Result<Request> {
        check_name("name of the sorted map", &self.name)?;
        let request = self.experience.client().call(endpoint).param("universe", self.experience.id());
        Ok(request.key_param("map", &self.name).echo(&*self.name))
    }

    /// Starts a call about an item.
    pub(crate) fn call_item(&self, endpoint: &Endpoint, id: &str) -> Result<Request> {
        check_id(id)?;
        Ok(self.call(endpoint)?.key_param("item", id).echo(id))
    }
}

pub(super) fn check_id(id: &str) -> Result<()> {
    check_length("id of the item", id, LONGEST_ID)
}
