use std::collections::HashSet;

use super::entry::OrderedEntry;
use super::filter::OrderedFilter;
use super::handle::OrderedDataStore;
use crate::api::{Budget, Endpoint};
use crate::error::Result;
use crate::page::Pager;
use crate::request::{Paging, Request};

/// Lists the entries of an ordered data store.
pub const LIST_ORDERED_ENTRIES: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries")
        .with_scopes(&["universe.ordered-data-store.scope.entry:read"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

const LARGEST_PAGE: u32 = 100;

/// # Listings
///
/// An entry whose value changes in the meantime can be listed twice or not at all.
impl OrderedDataStore {
    /// Returns the entries with the highest values, at most `count`, the highest one first.
    ///
    /// Calls [`LIST_ORDERED_ENTRIES`], which needs the scope `universe.ordered-data-store.scope.entry:read`, once for each 100
    /// entries.
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an entry can't be read: another one would have its rank.
    #[doc(alias = "leaderboard")]
    pub fn top(&self, count: usize) -> Result<Vec<OrderedEntry>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let size = u32::try_from(count).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
        let request = self.list_request(OrderedFilter::new().descending(true))?;
        let mut entries: Pager<OrderedEntry> = request.paging(Paging::page_tokens().page_size(size)).pages();
        let (mut top, mut seen) = (Vec::new(), HashSet::new());
        while top.len() < count {
            let Some(entry) = entries.next().transpose()? else { break };
            // One that has moved down in the meantime has the rank that it had first.
            if seen.insert(entry.id.clone()) {
                top.push(entry);
            }
        }
        entries.check_all_read("which entries have the highest values")?;
        Ok(top)
    }

    /// Lists all entries, the lowest value first.
    ///
    /// Calls [`LIST_ORDERED_ENTRIES`], which needs the scope `universe.ordered-data-store.scope.entry:read`. A page has 100 of
    /// them.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_ListOrderedDataStoreEntries>
    pub fn list_entries(&self) -> Pager<OrderedEntry> {
        self.list_entries_with(OrderedFilter::new())
    }

    /// Lists the entries whose values are in a range, or the highest value first. See [`list_entries`](Self::list_entries).
    ///
    /// Calls [`LIST_ORDERED_ENTRIES`], which needs the scope `universe.ordered-data-store.scope.entry:read`.
    ///
    /// ```
    /// use rblxopencloud::data::OrderedFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let coins = sandbox.client().experience(13058).ordered_data_store("Coins");
    /// # coins.set("user_156", 700)?;
    /// for entry in coins.list_entries_with(OrderedFilter::new().range(100..1_000).descending(true)) {
    ///     println!("{}", entry?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_entries_with(&self, filter: OrderedFilter) -> Pager<OrderedEntry> {
        match self.list_request(filter) {
            Ok(request) => request.pages(),
            Err(problem) => self.experience().client().call(&LIST_ORDERED_ENTRIES).failed(problem).pages(),
        }
    }

    fn list_request(&self, filter: OrderedFilter) -> Result<Request> {
        filter.add_to(self.call(&LIST_ORDERED_ENTRIES)?)
    }
}
