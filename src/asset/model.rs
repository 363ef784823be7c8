use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::creator::Creator;
use crate::open_enum::open_enum;
use crate::wire::{self, model};

/// An asset.
///
/// A field that the response leaves out is `None`: the response to an update may have the updated fields only.
///
/// <https://create.roblox.com/docs/cloud/reference/features/assets>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asset {
    /// The asset's id.
    pub id: u64,
    /// The display name.
    pub display_name: Option<String>,
    /// The description. The service leaves out an empty one.
    pub description: Option<String>,
    /// The type.
    pub asset_type: Option<AssetType>,
    /// The user or group that owns the asset.
    pub creator: Option<Creator>,
    /// The highest fee to pay for the upload, in Robux. Requests have it; responses leave it out so far.
    pub expected_price: Option<u64>,
    /// Who may use the asset. Requests have it; responses leave it out so far.
    pub privacy: Option<AssetPrivacy>,
    /// The state of moderation.
    pub moderation_state: Option<ModerationState>,
    /// Whether the asset is active or archived.
    pub state: Option<AssetState>,
    /// The number of the current version, starting at 1.
    pub revision_id: Option<u64>,
    /// When the current version was created.
    pub revision_created_at: Option<Timestamp>,
    /// The id of the icon's image.
    pub icon_id: Option<u64>,
    /// The preview images.
    pub previews: Vec<Preview>,
    /// Links to other sites, at most three, and to a place in which the asset can be tried.
    pub social_links: BTreeMap<SocialLinkKind, SocialLink>,
    /// A link without a kind. The reference has it; the service sends [`social_links`](Self::social_links) in its place.
    pub social_link: Option<SocialLink>,
}

impl Asset {
    /// Creates an asset with an id and nothing else, for tests.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self {
            id,
            display_name: None,
            description: None,
            asset_type: None,
            creator: None,
            expected_price: None,
            privacy: None,
            moderation_state: None,
            state: None,
            revision_id: None,
            revision_created_at: None,
            icon_id: None,
            previews: Vec::new(),
            social_links: BTreeMap::new(),
            social_link: None,
        }
    }

    /// Reads a response that may leave out the id that was requested.
    pub(crate) fn from_answer(answer: &Value, asked_for: Option<u64>) -> Result<Self, serde_json::Error> {
        let wire = wire::from_value::<WireAsset>(answer)?;
        let id = wire.asset_id.or_else(|| wire::path_id(&wire.path, "assets")).or(asked_for);
        let id = id.ok_or_else(|| de::Error::custom("an asset without an id"))?;
        let mut asset = wire.into_asset(id);
        for (field, link) in answer.as_object().into_iter().flatten() {
            if let (Some(kind), Ok(link)) = (SocialLinkKind::of_field(field), wire::from_value(link)) {
                asset.social_links.insert(kind, link);
            }
        }
        Ok(asset)
    }
}

/// The type, the id and the name: `Decal 1234 "Crate"`.
impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asset_type {
            Some(asset_type) => write!(f, "{asset_type} {}", self.id)?,
            None => write!(f, "asset {}", self.id)?,
        }
        match &self.display_name {
            Some(name) => write!(f, " {name:?}"),
            None => Ok(()),
        }
    }
}

open_enum! {
    /// The type of an asset that can be uploaded. The service is case-sensitive: `Decal`, not `decal`.
    ///
    /// <https://create.roblox.com/docs/cloud/guides/usage-assets#supported-asset-types-and-limits>
    AssetType, prefix "ASSET_TYPE_" {
        /// An animation, as `.rbxm` or `.rbxmx`.
        Animation = "Animation",
        /// A sound of at most 7 minutes, as `.mp3`, `.ogg`, `.wav` or `.flac`.
        Audio = "Audio",
        /// An image under 8000×8000 pixels, as `.png`, `.jpg`, `.bmp` or `.tga`. The asset id is that of the decal; textures
        /// need the id of an [`Image`](Self::Image).
        Decal = "Decal",
        /// An image under 8000×8000 pixels, as `.png`, `.jpg`, `.bmp` or `.tga`. Textures use its asset id.
        Image = "Image",
        /// A mesh in Roblox's own format.
        Mesh = "Mesh",
        /// A model, as `.fbx`, `.gltf`, `.glb`, `.rbxm` or `.rbxmx`. The only type whose content can be updated.
        Model = "Model",
        /// A video of at most 5 minutes and 3.75 GB, as `.mp4` or `.mov`.
        Video = "Video",
    }
}

open_enum! {
    /// The state of an asset's moderation.
    ModerationState, prefix "MODERATION_STATE_" {
        /// Under review. Only the owner can see the asset.
        Reviewing = "Reviewing",
        /// Rejected.
        Rejected = "Rejected",
        /// Approved.
        Approved = "Approved",
    }
}

open_enum! {
    /// Whether an asset is in use or archived.
    AssetState, prefix "STATE_" {
        /// In use.
        Active = "Active",
        /// Archived. It can be restored.
        Archived = "Archived",
    }
}

open_enum! {
    /// Who may use an asset, for types that offer a choice.
    ///
    /// <https://create.roblox.com/docs/projects/assets/privacy>
    AssetPrivacy {
        /// As the creator's settings say.
        Default = "default",
        /// The creator, and those with a permission.
        Restricted = "restricted",
        /// Everyone.
        OpenUse = "openUse",
    }
}

model! {
    /// A preview image of an asset.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Preview {
        /// The resource path of the image, `assets/{id}`.
        #[lenient]
        pub asset: String,
        /// The alternative text.
        #[lenient]
        pub alt_text: String,
    }
}

impl Preview {
    /// Creates a preview from the id of an image and its alternative text.
    #[must_use]
    pub fn new(image_id: u64, alt_text: impl Into<String>) -> Self {
        Self { asset: format!("assets/{image_id}"), alt_text: alt_text.into() }
    }
}

model! {
    /// A link from an asset to another site.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct SocialLink {
        /// The title of the link.
        #[optional]
        pub title: String,
        /// The URL. Each kind of link accepts only URLs of its own site.
        #[lenient]
        pub uri: String,
    }
}

impl SocialLink {
    /// Creates a link without a title.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self { title: String::new(), uri: uri.into() }
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }
}

open_enum! {
    /// What a [`SocialLink`] leads to. An asset has at most one link of each kind, and at most three to other sites.
    SocialLinkKind {
        /// A page on Facebook.
        Facebook = "facebook",
        /// A profile on Twitter.
        Twitter = "twitter",
        /// A channel on YouTube.
        YouTube = "youtube",
        /// A channel on Twitch.
        Twitch = "twitch",
        /// A server on Discord.
        Discord = "discord",
        /// A repository or profile on GitHub.
        GitHub = "github",
        /// A group on Roblox.
        Roblox = "roblox",
        /// A server on Guilded.
        Guilded = "guilded",
        /// A thread on Roblox's developer forum.
        DevForum = "devForum",
        /// A place in which the asset can be tried. The URL is the place's id, and the link isn't one of the three.
        TryAsset = "tryAsset",
    }
}

/// The suffix of the fields that hold social links, such as `twitchSocialLink`.
pub(super) const SOCIAL_LINK: &str = "SocialLink";

impl SocialLinkKind {
    /// Returns the asset's field that holds this link.
    pub(crate) fn field(&self) -> String {
        format!("{self}{SOCIAL_LINK}")
    }

    /// Returns the kind of link that a field holds.
    pub(crate) fn of_field(field: &str) -> Option<Self> {
        field.strip_suffix(SOCIAL_LINK).filter(|kind| !kind.is_empty()).map(Self::from)
    }

    /// Whether the link is one of the three that an asset can have.
    pub(crate) fn is_limited(&self) -> bool {
        *self != Self::TryAsset
    }
}

model! {
    /// The JSON form of an asset.
    struct WireAsset {
        #[lenient]
        path: String,
        #[serde(serialize_with = "wire::option_id::serialize")]
        asset_id: Option<u64>,
        display_name: Option<String>,
        description: Option<String>,
        asset_type: Option<AssetType>,
        #[optional]
        creation_context: CreationContext,
        #[optional]
        moderation_result: Moderation,
        state: Option<AssetState>,
        #[serde(serialize_with = "wire::option_id::serialize")]
        revision_id: Option<u64>,
        revision_create_time: Option<Timestamp>,
        icon: Option<String>,
        #[optional]
        previews: Vec<Preview>,
        social_link: Option<SocialLink>,
        /// The social links, by field. They are read apart, because a flattened field would buffer all others.
        #[written]
        #[serde(flatten)]
        others: Map<String, Value>,
    }
}

model! {
    /// How an asset was made.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub(super) struct CreationContext {
        pub(super) creator: Option<Creator>,
        expected_price: Option<u64>,
        asset_privacy: Option<AssetPrivacy>,
    }
}

model! {
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub(super) struct Moderation {
        pub(super) moderation_state: Option<ModerationState>,
    }
}

impl WireAsset {
    fn into_asset(self, id: u64) -> Asset {
        Asset {
            id,
            display_name: self.display_name,
            description: self.description,
            asset_type: self.asset_type,
            creator: self.creation_context.creator,
            expected_price: self.creation_context.expected_price,
            privacy: self.creation_context.asset_privacy,
            moderation_state: self.moderation_result.moderation_state,
            state: self.state,
            revision_id: self.revision_id,
            revision_created_at: self.revision_create_time,
            icon_id: self.icon.and_then(|path| wire::path_id(&path, "assets")),
            previews: self.previews,
            social_links: BTreeMap::new(),
            social_link: self.social_link,
        }
    }
}

impl<'de> Deserialize<'de> for Asset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_answer(&Value::deserialize(deserializer)?, None).map_err(de::Error::custom)
    }
}

impl Serialize for Asset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut others = Map::new();
        for (kind, link) in &self.social_links {
            others.insert(kind.field(), serde_json::to_value(link).map_err(serde::ser::Error::custom)?);
        }
        WireAsset {
            path: format!("assets/{}", self.id),
            asset_id: Some(self.id),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            asset_type: self.asset_type.clone(),
            creation_context: CreationContext {
                creator: self.creator,
                expected_price: self.expected_price,
                asset_privacy: self.privacy.clone(),
            },
            moderation_result: Moderation { moderation_state: self.moderation_state.clone() },
            state: self.state.clone(),
            revision_id: self.revision_id,
            revision_create_time: self.revision_created_at,
            icon: self.icon_id.map(|id| format!("assets/{id}")),
            previews: self.previews.clone(),
            social_link: self.social_link.clone(),
            others,
        }
        .serialize(serializer)
    }
}
