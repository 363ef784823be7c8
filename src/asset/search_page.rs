use serde::Deserialize;
use serde_json::Value;

use super::{AssetSearch, SEARCH_ASSETS, StoreAsset};
use crate::call::{Call, DecodeError};
use crate::client::Client;
use crate::error::{Result, ServiceError};
use crate::page::{Cursor, PageItem};
use crate::{json, wire};

/// The first page of a search, with its totals, from [`Client::fetch_search_page`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssetSearchPage {
    /// The assets on the page.
    pub assets: Vec<StoreAsset>,
    /// The unreadable assets, as the service sent them. Almost always empty.
    pub unreadable: Vec<Value>,
    /// How many assets all pages have together. `None` if the service doesn't tell.
    pub total_results: Option<u64>,
    /// The facets that the search was narrowed by.
    pub applied_facets: Vec<String>,
    /// The facets that it can be narrowed by, with [`AssetSearch::facets`].
    pub available_facets: Vec<String>,
    /// The terms that were searched for, after Roblox has filtered them.
    pub filtered_keyword: Option<String>,
    /// The terms that were probably meant.
    pub suggested_query: Option<String>,
    /// The position of the next page, for [`Pager::resume_from`](crate::Pager::resume_from) of the same search. `None` on the
    /// last page.
    pub next_cursor: Option<Cursor>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePage {
    creator_store_assets: Option<Vec<Value>>,
    next_page_token: Option<String>,
    #[serde(deserialize_with = "wire::lenient_id")]
    total_results: Option<u64>,
    #[serde(deserialize_with = "wire::lenient")]
    query_facets: WireFacets,
    #[serde(deserialize_with = "wire::lenient")]
    filtered_keyword: Option<String>,
    #[serde(deserialize_with = "wire::lenient")]
    query_correction: WireCorrection,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireFacets {
    #[serde(deserialize_with = "wire::lenient")]
    applied_facets: Vec<String>,
    #[serde(deserialize_with = "wire::lenient")]
    available_facets: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCorrection {
    #[serde(deserialize_with = "wire::lenient")]
    suggested_query: Option<String>,
}

impl AssetSearchPage {
    fn from_answer(body: &[u8]) -> Result<Self, DecodeError> {
        let wire: WirePage = json::object_from_slice(body)?;
        // The list may be null where nothing was found.
        if wire.creator_store_assets.is_none() && wire.total_results.is_none() {
            let said = ServiceError::from_json(&json::from_slice(body)?).filter(|said| !said.is_ok());
            let missing = || DecodeError::expected("the list \"creatorStoreAssets\"");
            return Err(said.map_or_else(missing, DecodeError::Service));
        }
        let mut page = Self {
            total_results: wire.total_results,
            applied_facets: wire.query_facets.applied_facets,
            available_facets: wire.query_facets.available_facets,
            filtered_keyword: wire.filtered_keyword.filter(|keyword| !keyword.is_empty()),
            suggested_query: wire.query_correction.suggested_query,
            next_cursor: wire.next_page_token.filter(|token| !token.is_empty()).map(Cursor::at_page),
            ..Self::default()
        };
        for item in wire.creator_store_assets.into_iter().flatten() {
            match StoreAsset::deserialize(&item) {
                Ok(asset) => page.assets.push(asset),
                Err(_) => page.unreadable.push(item),
            }
        }
        Ok(page)
    }
}

impl Client {
    /// Fetches the first page of a search, of at most 100 assets, with its totals and facets. See
    /// [`search_assets`](Self::search_assets), which lists all assets and can continue after this page.
    ///
    /// ```
    /// use rblxopencloud::{AssetSearch, AssetSearchCategory};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let search = AssetSearch::new(AssetSearchCategory::Model).query("tree");
    /// let page = client.fetch_search_page(search.clone())?;
    /// println!("{} of {:?}", page.assets.len(), page.total_results);
    /// if let Some(cursor) = page.next_cursor {
    ///     for asset in client.search_assets(search).resume_from(cursor) {
    ///         println!("{}", asset?);
    ///     }
    /// }
    /// # assert_eq!(page.total_results, Some(0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the search is in an empty path of categories, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response has no list of assets.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
    pub fn fetch_search_page(&self, search: AssetSearch) -> Result<AssetSearchPage> {
        let parameters = search.parameters()?;
        let path = SEARCH_ASSETS.fill(&[]);
        let size = StoreAsset::MAX_PAGE_SIZE.unwrap_or_default();
        let call = Call::new(&SEARCH_ASSETS, &path).query("maxPageSize", size.to_string());
        let call = parameters.iter().fold(call, |call, (name, value)| call.query(name, value));
        self.session().run(call, AssetSearchPage::from_answer)
    }
}
