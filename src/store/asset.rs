use std::fmt;

use jiff::Timestamp;

use super::kinds::{ModelSubType, StoreAudioType};
use super::money::Money;
use crate::asset::Creator;
use crate::page::{PageItem, Values};
use crate::wire::model;

model! {
    /// An asset of the creator store, from [`Client::search_assets`](crate::Client::search_assets).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/creator-store>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreAsset {
        /// The asset.
        pub asset: StoreAssetInfo,
        /// Who made it.
        pub creator: Option<StoreCreator>,
        /// Its price.
        #[serde(rename = "creatorStoreProduct")]
        pub product: Option<StorePrice>,
        /// What users think of it.
        pub voting: Option<StoreVoting>,
    }
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

impl PageItem for StoreAsset {
    const FIELD: &'static str = "creatorStoreAssets";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

model! {
    /// An asset of the creator store. Fields that its type doesn't have are `None`.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreAssetInfo {
        /// The asset's id.
        pub id: u64,
        /// The name.
        pub name: Option<String>,
        /// The description.
        pub description: Option<String>,
        /// The number of the asset's type: 3 is audio, 10 a model, 13 a decal, 38 a plugin, 40 a mesh part.
        pub asset_type_id: Option<u32>,
        /// When the asset was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the asset last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
        /// The links to other sites.
        #[optional]
        pub social_links: Vec<StoreSocialLink>,
        /// The images and videos that show the asset.
        pub preview_assets: Option<StorePreviews>,
        /// The id of the universe in which the asset was made.
        pub creating_universe_id: Option<u64>,
        /// The path of the asset's category, such as `3d__characters`.
        pub category_path: Option<String>,
        /// What only some types have.
        #[flatten]
        pub details: StoreAssetDetails,
    }
}

model! {
    /// What only some types of assets have.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreAssetDetails {
        /// The length of a sound in seconds.
        pub duration_seconds: Option<u64>,
        /// The type of a sound.
        pub audio_type: Option<StoreAudioType>,
        /// The artist of a sound.
        pub artist: Option<String>,
        /// The title of a sound.
        pub title: Option<String>,
        /// The album of a piece of music.
        pub album: Option<String>,
        /// The genre of a piece of music.
        pub genre: Option<String>,
        /// The category of a sound effect.
        pub category: Option<String>,
        /// The subcategory of a sound effect.
        pub subcategory: Option<String>,
        /// The id of the texture of a decal or a mesh part.
        pub texture_id: Option<u64>,
        /// The id of the mesh of a mesh part.
        pub mesh_id: Option<u64>,
        /// The subtypes of a model.
        pub sub_types: Option<Vec<ModelSubType>>,
        /// Whether a model or a plugin has scripts.
        pub has_scripts: Option<bool>,
        /// The number of scripts in a model or a plugin.
        pub script_count: Option<u64>,
        /// The size of the meshes in a model.
        pub object_mesh_summary: Option<StoreMeshSummary>,
        /// The numbers of instances in a model.
        pub instance_counts: Option<StoreInstanceCounts>,
        /// What the scripts of a model may do.
        pub capabilities: Option<StoreCapabilities>,
    }
}

model! {
    /// The size of the meshes in a model.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreMeshSummary {
        /// The number of triangles.
        pub triangles: Option<u64>,
        /// The number of vertices.
        pub vertices: Option<u64>,
    }
}

model! {
    /// The numbers of instances in a model.
    #[allow(missing_docs)]
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreInstanceCounts {
        pub script: Option<u64>,
        pub mesh_part: Option<u64>,
        pub animation: Option<u64>,
        pub decal: Option<u64>,
        pub audio: Option<u64>,
        pub tool: Option<u64>,
    }
}

model! {
    /// What the scripts of a model may do.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreCapabilities {
        /// Whether the model is sandboxed if it has scripts.
        pub should_sandbox: Option<bool>,
    }
}

model! {
    /// A link from an asset to another site.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreSocialLink {
        /// The number of the site: 1 is Facebook, 2 Twitter, 3 YouTube, 4 Twitch, 5 Discord, 6 GitHub, 7 Guilded, 8 Roblox, 9
        /// the developer forum, 10 an experience.
        pub link_type: Option<u32>,
        /// The URL.
        pub url: Option<String>,
        /// The title.
        pub title: Option<String>,
    }
}

model! {
    /// The images and videos that show an asset.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StorePreviews {
        /// The ids of the images.
        pub image_preview_assets: Option<Vec<u64>>,
        /// The ids of the videos.
        pub video_preview_assets: Option<Vec<u64>>,
    }
}

model! {
    /// Who made an asset of the creator store.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreCreator {
        /// The creator as `user/123` or `group/456`. Deprecated by Roblox.
        pub creator: Option<String>,
        /// The id, if the creator is a user.
        pub user_id: Option<u64>,
        /// The id, if the creator is a group.
        pub group_id: Option<u64>,
        /// The name.
        pub name: Option<String>,
        /// Whether the creator is verified.
        pub verified: Option<bool>,
        /// The id of the user who last updated an asset of a group.
        pub latest_group_updater_user_id: Option<u64>,
        /// The name of the user who last updated an asset of a group.
        pub latest_group_updater_user_name: Option<String>,
    }
}

impl StoreCreator {
    /// Returns the user or group.
    #[must_use]
    pub fn id(&self) -> Option<Creator> {
        self.group_id.map(Creator::Group).or(self.user_id.map(Creator::User))
    }
}

model! {
    /// The price of an asset of the creator store.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StorePrice {
        /// The price.
        pub purchase_price: Option<Money>,
        /// Whether the asset can be acquired.
        pub purchasable: Option<bool>,
    }
}

model! {
    /// What users think of an asset of the creator store.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct StoreVoting {
        /// Whether votes are shown.
        pub show_votes: Option<bool>,
        /// The number of votes for it.
        pub up_votes: Option<u64>,
        /// The number of votes against it.
        pub down_votes: Option<u64>,
        /// Whether the owner of the credentials can vote.
        pub can_vote: Option<bool>,
        /// Whether the owner of the credentials voted for it.
        pub user_vote: Option<bool>,
        /// Whether the owner of the credentials voted.
        pub has_voted: Option<bool>,
        /// The number of votes.
        pub vote_count: Option<u64>,
        /// The percentage of votes for it.
        pub up_vote_percent: Option<u32>,
    }
}
