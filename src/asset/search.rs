use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Creator, Money};
use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::open_enum::open_enum;
use crate::page::{Listing, Pager, page_item};
use crate::wire;

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
    /// The type of a sound.
    #[allow(missing_docs)]
    StoreAudioType {
        Music = "Music",
        SoundEffect = "SoundEffect",
    }
}

open_enum! {
    /// The subtype of a model.
    #[allow(missing_docs)]
    ModelSubType {
        Ad = "Ad",
        MaterialPack = "MaterialPack",
        Package = "Package",
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
/// use rblxopencloud::{AssetSearch, AssetSearchCategory, AssetSearchSort, Creator};
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

    fn listing(mut self) -> Result<Listing> {
        if self.query.iter().any(|(name, value)| *name == "categoryPath" && value.trim().is_empty()) {
            return Err(Error::invalid_input("the path of categories to search in is empty"));
        }
        match self.creator {
            Some(Creator::User(id)) => self.query.push(("userId", id.to_string())),
            Some(Creator::Group(id)) => self.query.push(("groupId", id.to_string())),
            None => {}
        }
        let listing = Listing::new(SEARCH_ASSETS, SEARCH_ASSETS.fill(&[]), vec![None]);
        Ok(self.query.iter().fold(listing, |listing, (name, value)| listing.query(name, value)))
    }
}

/// An asset of the creator store, from [`Client::search_assets`].
///
/// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoreAsset {
    /// The asset.
    pub asset: StoreAssetInfo,
    /// Who made it.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub creator: Option<StoreCreator>,
    /// Its price.
    #[serde(
        rename = "creatorStoreProduct",
        default,
        deserialize_with = "wire::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub product: Option<StorePrice>,
    /// What users think of it.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub voting: Option<StoreVoting>,
}

/// `asset 1234 "Tree"`.
impl fmt::Display for StoreAsset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asset {}", self.asset.id)?;
        match &self.asset.name {
            Some(name) => write!(f, " {name:?}"),
            None => Ok(()),
        }
    }
}

page_item!(StoreAsset, "creatorStoreAssets", Some(100));

/// Declares a model whose fields can all be missing.
macro_rules! optional_fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
        }
    };
}

/// An asset of the creator store. Fields that its type doesn't have are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoreAssetInfo {
    /// The asset's id.
    #[serde(deserialize_with = "wire::id::deserialize")]
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The description.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The number of the asset's type: 3 is audio, 10 a model, 13 a decal, 38 a plugin, 40 a mesh part.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub asset_type_id: Option<u32>,
    /// When the asset was created.
    #[serde(
        rename = "createTime",
        default,
        deserialize_with = "wire::timestamp",
        skip_serializing_if = "Option::is_none"
    )]
    pub created_at: Option<Timestamp>,
    /// When the asset last changed.
    #[serde(
        rename = "updateTime",
        default,
        deserialize_with = "wire::timestamp",
        skip_serializing_if = "Option::is_none"
    )]
    pub updated_at: Option<Timestamp>,
    /// The links to other sites.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Vec::is_empty")]
    pub social_links: Vec<StoreSocialLink>,
    /// The images and videos that show the asset.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub preview_assets: Option<StorePreviews>,
    /// The id of the universe in which the asset was made.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub creating_universe_id: Option<u64>,
    /// The path of the asset's category, such as `3d__characters`.
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    pub category_path: Option<String>,
    /// What only some types have.
    #[serde(flatten)]
    pub details: StoreAssetDetails,
}

optional_fields! {
    /// What only some types of assets have.
    StoreAssetDetails {
        /// The length of a sound in seconds.
        duration_seconds: u64,
        /// The type of a sound.
        audio_type: StoreAudioType,
        /// The artist of a sound.
        artist: String,
        /// The title of a sound.
        title: String,
        /// The album of a piece of music.
        album: String,
        /// The genre of a piece of music.
        genre: String,
        /// The category of a sound effect.
        category: String,
        /// The subcategory of a sound effect.
        subcategory: String,
        /// The id of the texture of a decal or a mesh part.
        texture_id: u64,
        /// The id of the mesh of a mesh part.
        mesh_id: u64,
        /// The subtypes of a model.
        sub_types: Vec<ModelSubType>,
        /// Whether a model or a plugin has scripts.
        has_scripts: bool,
        /// The number of scripts in a model or a plugin.
        script_count: u64,
        /// The size of the meshes in a model.
        object_mesh_summary: StoreMeshSummary,
        /// The numbers of instances in a model.
        instance_counts: StoreInstanceCounts,
        /// What the scripts of a model may do.
        capabilities: StoreCapabilities,
    }
}

optional_fields! {
    /// The size of the meshes in a model.
    StoreMeshSummary {
        /// The number of triangles.
        triangles: u64,
        /// The number of vertices.
        vertices: u64,
    }
}

optional_fields! {
    /// The numbers of instances in a model.
    #[allow(missing_docs)]
    StoreInstanceCounts {
        script: u64,
        mesh_part: u64,
        animation: u64,
        decal: u64,
        audio: u64,
        tool: u64,
    }
}

optional_fields! {
    /// What the scripts of a model may do.
    StoreCapabilities {
        /// Whether the model is sandboxed if it has scripts.
        should_sandbox: bool,
    }
}

optional_fields! {
    /// A link from an asset to another site.
    StoreSocialLink {
        /// The number of the site: 1 is Facebook, 2 Twitter, 3 YouTube, 4 Twitch, 5 Discord, 6 GitHub, 7 Guilded, 8 Roblox, 9
        /// the developer forum, 10 an experience.
        link_type: u32,
        /// The URL.
        url: String,
        /// The title.
        title: String,
    }
}

optional_fields! {
    /// The images and videos that show an asset.
    StorePreviews {
        /// The ids of the images.
        image_preview_assets: Vec<u64>,
        /// The ids of the videos.
        video_preview_assets: Vec<u64>,
    }
}

optional_fields! {
    /// Who made an asset of the creator store.
    StoreCreator {
        /// The creator as `user/123` or `group/456`. Deprecated by Roblox.
        creator: String,
        /// The id, if the creator is a user.
        user_id: u64,
        /// The id, if the creator is a group.
        group_id: u64,
        /// The name.
        name: String,
        /// Whether the creator is verified.
        verified: bool,
        /// The id of the user who last updated an asset of a group.
        latest_group_updater_user_id: u64,
        /// The name of the user who last updated an asset of a group.
        latest_group_updater_user_name: String,
    }
}

impl StoreCreator {
    /// Returns the user or group.
    #[must_use]
    pub fn id(&self) -> Option<Creator> {
        self.group_id.map(Creator::Group).or(self.user_id.map(Creator::User))
    }
}

optional_fields! {
    /// The price of an asset of the creator store.
    StorePrice {
        /// The price.
        purchase_price: Money,
        /// Whether the asset can be acquired.
        purchasable: bool,
    }
}

optional_fields! {
    /// What users think of an asset of the creator store.
    StoreVoting {
        /// Whether votes are shown.
        show_votes: bool,
        /// The number of votes for it.
        up_votes: u64,
        /// The number of votes against it.
        down_votes: u64,
        /// Whether the owner of the credentials can vote.
        can_vote: bool,
        /// Whether the owner of the credentials voted for it.
        user_vote: bool,
        /// Whether the owner of the credentials voted.
        has_voted: bool,
        /// The number of votes.
        vote_count: u64,
        /// The percentage of votes for it.
        up_vote_percent: u32,
    }
}

impl Client {
    /// Searches the creator store. It has only what its creators distribute.
    ///
    /// Needs no credentials. A key or an authorization needs the scope `creator-store-product:read`. The service accepts 1000
    /// requests a minute.
    ///
    /// ```
    /// use rblxopencloud::{AssetSearch, AssetSearchCategory};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for asset in client.search_assets(AssetSearch::new(AssetSearchCategory::Model).query("tree")).take(10) {
    ///     println!("{}", asset?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
    pub fn search_assets(&self, search: AssetSearch) -> Pager<StoreAsset> {
        Pager::new(self.session().clone(), search.listing())
    }
}
