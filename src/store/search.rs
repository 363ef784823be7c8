use std::fmt;

use super::asset::StoreAsset;
use super::kinds::{ModelSubType, StoreAudioType};
use crate::api::Endpoint;
use crate::asset::Creator;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::open_enum::open_enum;
use crate::page::Pager;
use crate::request::Request;

/// Searches the creator store. Also accepts calls without credentials.
pub const SEARCH_ASSETS: Endpoint = Endpoint::get("/toolbox-service/v2/assets:search")
    .with_scopes(&["creator-store-product:read"])
    .with_budget(1000, 1000)
    .with_optional_key();

open_enum! {
    /// The kind of assets to search for.
    #[allow(missing_docs)]
    AssetSearchCategory {
        Audio = "Audio",
        Model = "Model",
        Decal = "Decal",
        Plugin = "Plugin",
        MeshPart = "MeshPart",
        Video = "Video",
        FontFamily = "FontFamily",
    }
}

open_enum! {
    /// What the results of a search are sorted by.
    #[allow(missing_docs)]
    AssetSearchSort {
        Relevance = "Relevance",
        Trending = "Trending",
        Top = "Top",
        AudioDuration = "AudioDuration",
        CreateTime = "CreateTime",
        UpdatedTime = "UpdatedTime",
        Ratings = "Ratings",
    }
}

open_enum! {
    /// The direction in which the results of a search are sorted.
    #[allow(missing_docs)]
    SortDirection {
        None = "None",
        Ascending = "Ascending",
        Descending = "Descending",
    }
}

open_enum! {
    /// A kind of instance that models contain.
    #[allow(missing_docs)]
    ModelInstanceType {
        Script = "Script",
        MeshPart = "MeshPart",
        Decal = "Decal",
        Animation = "Animation",
        Audio = "Audio",
        Tool = "Tool",
    }
}

open_enum! {
    /// How much the results of a search contain.
    #[allow(missing_docs)]
    AssetSearchView {
        Ids = "IDs",
        Core = "Core",
        Full = "Full",
    }
}

open_enum! {
    /// The period of a music chart.
    #[allow(missing_docs)]
    MusicChart {
        None = "None",
        Current = "Current",
        Week = "Week",
        Month = "Month",
        Year = "Year",
    }
}

/// A search of the creator store, for [`Client::search_assets`].
///
/// ```
/// use rblxopencloud::Creator;
/// use rblxopencloud::store::{AssetSearch, AssetSearchCategory, AssetSearchSort};
///
/// let search = AssetSearch::new(AssetSearchCategory::Model).query("tree").sort_by(AssetSearchSort::Top);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct AssetSearch {
    query: Vec<(&'static str, String)>,
    creator: Option<Creator>,
}

impl AssetSearch {
    /// Creates a search for assets of one kind.
    pub fn new(category: AssetSearchCategory) -> Self {
        Self { query: vec![("searchCategoryType", category.to_string())], creator: None }
    }

    /// Creates a search for assets of all kinds below a path of categories, such as `3d__characters`.
    pub fn in_category_path(path: impl Into<String>) -> Self {
        Self { query: vec![("categoryPath", path.into())], creator: None }
    }

    /// Sets the terms to search for.
    pub fn query(self, terms: impl Into<String>) -> Self {
        self.set("query", terms.into())
    }

    /// Finds only assets of this user or group.
    pub fn creator(mut self, creator: Creator) -> Self {
        self.creator = Some(creator);
        self
    }

    /// Sets whether only assets of verified creators are found. Defaults to `true`.
    pub fn only_verified_creators(self, only: bool) -> Self {
        self.set("includeOnlyVerifiedCreators", only.to_string())
    }

    /// Sets what the results are sorted by. Defaults to relevance.
    pub fn sort_by(self, sort: AssetSearchSort) -> Self {
        self.set("sortCategory", sort.to_string())
    }

    /// Sets the direction of the sort.
    pub fn sort_direction(self, direction: SortDirection) -> Self {
        self.set("sortDirection", direction.to_string())
    }

    /// Finds only assets that cost at least this many US cents.
    pub fn min_price_cents(self, cents: u32) -> Self {
        self.set("minPriceCents", cents.to_string())
    }

    /// Finds only assets that cost at most this many US cents.
    pub fn max_price_cents(self, cents: u32) -> Self {
        self.set("maxPriceCents", cents.to_string())
    }

    /// Finds only sounds that last at least this many seconds.
    pub fn min_duration_seconds(self, seconds: u32) -> Self {
        self.set("audioMinDurationSeconds", seconds.to_string())
    }

    /// Finds only sounds that last at most this many seconds.
    pub fn max_duration_seconds(self, seconds: u32) -> Self {
        self.set("audioMaxDurationSeconds", seconds.to_string())
    }

    /// Finds only sounds of this artist.
    pub fn artist(self, artist: impl Into<String>) -> Self {
        self.set("audioArtist", artist.into())
    }

    /// Finds only sounds of this album.
    pub fn album(self, album: impl Into<String>) -> Self {
        self.set("audioAlbum", album.into())
    }

    /// Finds only sounds of these types.
    pub fn audio_types(self, types: impl IntoIterator<Item = StoreAudioType>) -> Self {
        self.set_all("audioTypes", types)
    }

    /// Finds only music of this chart.
    pub fn music_chart(self, chart: MusicChart) -> Self {
        self.set("musicChartType", chart.to_string())
    }

    /// Finds only models of these subtypes.
    pub fn model_sub_types(self, types: impl IntoIterator<Item = ModelSubType>) -> Self {
        self.set_all("modelSubTypes", types)
    }

    /// Finds no models of these subtypes.
    pub fn excluded_model_sub_types(self, types: impl IntoIterator<Item = ModelSubType>) -> Self {
        self.set_all("excludedModelSubTypes", types)
    }

    /// Finds only models that contain these kinds of instances.
    pub fn included_instance_types(self, types: impl IntoIterator<Item = ModelInstanceType>) -> Self {
        self.set_all("includedInstanceTypes", types)
    }

    /// Adds further keywords.
    pub fn facets<F: Into<String>>(self, facets: impl IntoIterator<Item = F>) -> Self {
        self.set_all("facets", facets.into_iter().map(Into::into))
    }

    /// Finds only assets with these tags.
    pub fn tags<T: Into<String>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        self.set_all("tags", tags.into_iter().map(Into::into))
    }

    /// Finds only assets of this swimlane.
    pub fn swimlane(self, swimlane: impl Into<String>) -> Self {
        self.set("swimlane", swimlane.into())
    }

    /// Sets how much the results contain. Defaults to [`Core`](AssetSearchView::Core).
    pub fn view(self, view: AssetSearchView) -> Self {
        self.set("searchView", view.to_string())
    }

    fn set(mut self, name: &'static str, value: String) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value));
        self
    }

    fn set_all(mut self, name: &'static str, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.extend(values.into_iter().map(|value| (name, value.to_string())));
        self
    }

    /// Returns the query, with repeated names for lists.
    fn parameters(mut self) -> Result<Vec<(&'static str, String)>> {
        if self.query.iter().any(|(name, value)| *name == "categoryPath" && value.trim().is_empty()) {
            return Err(Error::invalid_input("the path of categories to search in is empty"));
        }
        match self.creator {
            Some(Creator::User(id)) => self.query.push(("userId", id.to_string())),
            Some(Creator::Group(id)) => self.query.push(("groupId", id.to_string())),
            None => {}
        }
        Ok(self.query)
    }

    /// Adds the search to a request.
    pub(super) fn search(self, request: Request) -> Request {
        match self.parameters() {
            Ok(parameters) => parameters.iter().fold(request, |request, (name, value)| request.query(name, value)),
            Err(problem) => request.failed(problem),
        }
    }
}

impl Client {
    /// Searches the creator store. It has only what its creators distribute.
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
    /// for asset in client.search_assets(AssetSearch::new(AssetSearchCategory::Model).query("tree")).take(10) {
    ///     println!("{}", asset?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
    #[doc(alias = "toolbox")]
    #[doc(alias = "marketplace")]
    #[doc(alias = "catalog")]
    pub fn search_assets(&self, search: AssetSearch) -> Pager<StoreAsset> {
        search.search(self.call(&SEARCH_ASSETS)).pages()
    }
}
