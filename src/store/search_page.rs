use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::asset::StoreAsset;
use super::search::{AssetSearch, SEARCH_ASSETS};
use crate::call::DecodeError;
use crate::client::Client;
use crate::error::Result;
use crate::json;
use crate::page::{Contents, Cursor, Names, PageItem, decode_page};
use crate::wire::{self, model};

/// The first page of a search, with its totals, from [`Client::fetch_search_page`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssetSearchPage {
    /// The assets on the page.
    pub assets: Vec<StoreAsset>,
    /// The unreadable assets, as the service sent them. Almost always empty.
    pub unreadable: Vec<Value>,
    /// How many assets all pages have together. `None` if the service doesn't tell, or not in a readable form.
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

/// What a page has beside its list. A field that can't be read is missing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Totals<'a> {
    #[serde(borrow)]
    total_results: Option<&'a RawValue>,
    #[serde(borrow)]
    query_facets: Option<&'a RawValue>,
    #[serde(borrow)]
    filtered_keyword: Option<&'a RawValue>,
    #[serde(borrow)]
    query_correction: Option<&'a RawValue>,
}

model! {
    #[derive(Default)]
    struct Facets {
        #[lenient]
        applied_facets: Vec<String>,
        #[lenient]
        available_facets: Vec<String>,
    }
}

model! {
    #[derive(Default)]
    struct Correction {
        suggested_query: Option<String>,
    }
}

impl AssetSearchPage {
    fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let names = Names { error_as_data: SEARCH_ASSETS.error_as_data(), ..Names::of(StoreAsset::FIELD) };
        let Contents { items, unreadable, next } = decode_page::<StoreAsset>(body, names)?;
        let mut totals = Self::default();
        let read = |text: &str| serde_json::from_str(text).map(|fields: Totals<'_>| totals = fields.read());
        // Fields that can't be read are missing.
        let _ = json::read::<serde_json::Error>(body, &mut { read });
        Ok(Self { assets: items, unreadable, next_cursor: next.token.map(Cursor::at_page), ..totals })
    }
}

impl Totals<'_> {
    fn read(&self) -> AssetSearchPage {
        let Facets { applied_facets, available_facets } = read(self.query_facets).unwrap_or_default();
        let Correction { suggested_query } = read(self.query_correction).unwrap_or_default();
        let is_something = |text: &String| !text.is_empty();
        AssetSearchPage {
            total_results: self.total_results.and_then(|total| wire::lenient::<_, Option<u64>>(total).ok().flatten()),
            applied_facets,
            available_facets,
            filtered_keyword: read(self.filtered_keyword).filter(is_something),
            suggested_query: suggested_query.filter(is_something),
            ..AssetSearchPage::default()
        }
    }
}

fn read<T: DeserializeOwned>(field: Option<&RawValue>) -> Option<T> {
    json::from_text(field?.get()).ok()
}

impl Client {
    /// Fetches the first page of a search, of at most 100 assets, with its totals and facets. See
    /// [`search_assets`](Self::search_assets), which lists all assets and can continue after this page.
    ///
    /// Calls [`SEARCH_ASSETS`], which needs no credentials; a key or an authorization needs the scope
    /// `creator-store-product:read`.
    ///
    /// ```
    /// use rblxopencloud::store::{AssetSearch, AssetSearchCategory};
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
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response isn't a page of assets, or if its next page
    /// can't be followed.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
    pub fn fetch_search_page(&self, search: AssetSearch) -> Result<AssetSearchPage> {
        let size = StoreAsset::PAGING.size.unwrap_or_default();
        search.search(self.call(&SEARCH_ASSETS)).query("maxPageSize", size).read(AssetSearchPage::decode)
    }
}
