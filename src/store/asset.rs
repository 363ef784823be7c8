use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kinds::{ModelSubType, StoreAudioType};
use super::money::Money;
use crate::asset::Creator;
use crate::page::PageItem;
use crate::wire;

/// An asset of the creator store, from [`Client::search_assets`](crate::Client::search_assets).
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

impl PageItem for StoreAsset {
    const FIELD: &'static str = "creatorStoreAssets";
}

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

        $crate::wire::model_fields!($name);
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
        deserialize_with = "wire::lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub created_at: Option<Timestamp>,
    /// When the asset last changed.
    #[serde(
        rename = "updateTime",
        default,
        deserialize_with = "wire::lenient",
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
