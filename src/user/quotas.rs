use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::handle::User;
use crate::api::Endpoint;
use crate::asset::AssetType;
use crate::open_enum::open_enum;
use crate::page::{PageItem, Pager, Values};
use crate::wire::model;

/// Lists how many more assets a user can upload.
pub const LIST_ASSET_QUOTAS: Endpoint = Endpoint::get("/cloud/v2/users/{user}/asset-quotas")
    .with_scopes(&["asset:read"])
    .with_budget(60, 60)
    .for_user_keys();

open_enum! {
    /// What an [`AssetQuota`] limits.
    AssetQuotaKind {
        /// Uploads.
        RateLimitUpload = "RATE_LIMIT_UPLOAD",
        /// Distribution on the creator store.
        RateLimitCreatorStoreDistribute = "RATE_LIMIT_CREATOR_STORE_DISTRIBUTE",
    }
}

open_enum! {
    /// The period of an [`AssetQuota`].
    AssetQuotaPeriod {
        /// A month.
        Month = "MONTH",
        /// A day.
        Day = "DAY",
    }
}

open_enum! {
    /// The asset type of an [`AssetQuota`]. An [`AssetType`] converts to it.
    #[allow(missing_docs)]
    AssetQuotaType, prefix "ASSET_TYPE_" {
        Image = "IMAGE",
        Tshirt = "TSHIRT",
        Audio = "AUDIO",
        Mesh = "MESH",
        Lua = "LUA",
        Hat = "HAT",
        Place = "PLACE",
        Model = "MODEL",
        Shirt = "SHIRT",
        Pants = "PANTS",
        Decal = "DECAL",
        Head = "HEAD",
        Face = "FACE",
        Gear = "GEAR",
        Animation = "ANIMATION",
        Torso = "TORSO",
        RightArm = "RIGHT_ARM",
        LeftArm = "LEFT_ARM",
        LeftLeg = "LEFT_LEG",
        RightLeg = "RIGHT_LEG",
        YoutubeVideo = "YOUTUBE_VIDEO",
        App = "APP",
        Code = "CODE",
        Plugin = "PLUGIN",
        SolidModel = "SOLID_MODEL",
        MeshPart = "MESH_PART",
        HairAccessory = "HAIR_ACCESSORY",
        FaceAccessory = "FACE_ACCESSORY",
        NeckAccessory = "NECK_ACCESSORY",
        ShoulderAccessory = "SHOULDER_ACCESSORY",
        FrontAccessory = "FRONT_ACCESSORY",
        BackAccessory = "BACK_ACCESSORY",
        WaistAccessory = "WAIST_ACCESSORY",
        ClimbAnimation = "CLIMB_ANIMATION",
        DeathAnimation = "DEATH_ANIMATION",
        FallAnimation = "FALL_ANIMATION",
        IdleAnimation = "IDLE_ANIMATION",
        JumpAnimation = "JUMP_ANIMATION",
        RunAnimation = "RUN_ANIMATION",
        SwimAnimation = "SWIM_ANIMATION",
        WalkAnimation = "WALK_ANIMATION",
        PoseAnimation = "POSE_ANIMATION",
        LocalizationTableManifest = "LOCALIZATION_TABLE_MANIFEST",
        LocalizationTableTranslation = "LOCALIZATION_TABLE_TRANSLATION",
        EmoteAnimation = "EMOTE_ANIMATION",
        Video = "VIDEO",
        TexturePack = "TEXTURE_PACK",
        TshirtAccessory = "TSHIRT_ACCESSORY",
        ShirtAccessory = "SHIRT_ACCESSORY",
        PantsAccessory = "PANTS_ACCESSORY",
        JacketAccessory = "JACKET_ACCESSORY",
        SweaterAccessory = "SWEATER_ACCESSORY",
        ShortsAccessory = "SHORTS_ACCESSORY",
        LeftShoeAccessory = "LEFT_SHOE_ACCESSORY",
        RightShoeAccessory = "RIGHT_SHOE_ACCESSORY",
        DressSkirtAccessory = "DRESS_SKIRT_ACCESSORY",
        FontFamily = "FONT_FAMILY",
        FontFace = "FONT_FACE",
        MeshHiddenSurfaceRemoval = "MESH_HIDDEN_SURFACE_REMOVAL",
        EyebrowAccessory = "EYEBROW_ACCESSORY",
        EyelashAccessory = "EYELASH_ACCESSORY",
        MoodAnimation = "MOOD_ANIMATION",
        DynamicHead = "DYNAMIC_HEAD",
        CodeSnippet = "CODE_SNIPPET",
        AdsVideo = "ADS_VIDEO",
    }
}

impl From<AssetType> for AssetQuotaType {
    fn from(asset_type: AssetType) -> Self {
        Self::from(asset_type.as_str().to_uppercase())
    }
}

model! {
    /// How many assets of a type a user can upload or distribute in a period, from [`User::list_asset_quotas`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_ListAssetQuotas>
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct AssetQuota {
        /// The resource path, `users/{user}/asset-quotas/{quota}`.
        #[optional]
        pub path: String,
        /// What the quota limits.
        #[serde(rename = "quotaType")]
        pub kind: Option<AssetQuotaKind>,
        /// The asset type that the quota is for.
        pub asset_type: Option<AssetQuotaType>,
        /// How much of the quota is used. The service leaves out a zero. `None` if it can't be read.
        #[serde(default = "unused")]
        pub usage: Option<u64>,
        /// How much can be used in a period. `None` if the response doesn't tell it.
        pub capacity: Option<u64>,
        /// The period.
        pub period: Option<AssetQuotaPeriod>,
        /// When the usage becomes zero again.
        #[serde(rename = "usageResetTime")]
        pub resets_at: Option<Timestamp>,
    }
}

fn unused() -> Option<u64> {
    Some(0)
}

impl AssetQuota {
    /// Returns how much of the quota is left. `None` if the response doesn't tell it.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        Some(self.capacity?.saturating_sub(self.usage?))
    }
}

/// `AUDIO RATE_LIMIT_UPLOAD: 3 of 10 left`.
impl fmt::Display for AssetQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asset_type = self.asset_type.as_ref().map_or("assets", AssetQuotaType::as_str);
        let kind = self.kind.as_ref().map_or("quota", AssetQuotaKind::as_str);
        write!(f, "{asset_type} {kind}: ")?;
        match (self.remaining(), self.capacity) {
            (Some(remaining), Some(capacity)) => write!(f, "{remaining} of {capacity} left"),
            _ => f.write_str("unknown"),
        }
    }
}

impl PageItem for AssetQuota {
    const FIELD: &'static str = "assetQuotas";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

/// Which quotas to list, for [`User::list_asset_quotas_with`].
///
/// ```
/// use rblxopencloud::AssetType;
/// use rblxopencloud::user::{AssetQuotaFilter, AssetQuotaKind};
///
/// let filter = AssetQuotaFilter::new().kind(AssetQuotaKind::RateLimitUpload).asset_type(AssetType::Audio);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct AssetQuotaFilter {
    kind: Option<AssetQuotaKind>,
    asset_type: Option<AssetQuotaType>,
}

impl AssetQuotaFilter {
    /// Creates a filter that matches everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists only quotas of this kind.
    pub fn kind(mut self, kind: AssetQuotaKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Lists only quotas for this asset type.
    pub fn asset_type(mut self, asset_type: impl Into<AssetQuotaType>) -> Self {
        self.asset_type = Some(asset_type.into());
        self
    }

    fn expression(&self) -> Option<String> {
        let kind = self.kind.as_ref().map(|kind| format!("quotaType == {}", camel_case(kind.as_str())));
        let asset_type = self.asset_type.as_ref().map(|named| format!("assetType == {}", camel_case(named.as_str())));
        let parts: Vec<String> = kind.into_iter().chain(asset_type).collect();
        Some(parts.join(" && ")).filter(|filter| !filter.is_empty())
    }
}

/// Returns `RATE_LIMIT_UPLOAD` as `RateLimitUpload`: filters are written so, responses are not. Other characters are left out,
/// so that a value can't add to the filter.
fn camel_case(text: &str) -> String {
    let word = |word: &str| {
        let letters: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        match letters.split_at_checked(1) {
            Some((first, rest)) => first.to_ascii_uppercase() + &rest.to_ascii_lowercase(),
            None => letters,
        }
    };
    text.split('_').map(word).collect()
}

impl User {
    /// Lists how many more assets the user can upload, for each asset type with a limit.
    ///
    /// Calls [`LIST_ASSET_QUOTAS`], which needs the scope `asset:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.set_quota(rblxopencloud::AssetType::Audio, 10);
    /// # let user = sandbox.client().user(156);
    /// for quota in user.list_asset_quotas() {
    ///     let quota = quota?;
    ///     println!("{quota}");
    ///     # assert_eq!((quota.remaining(), quota.capacity), (Some(10), Some(10)));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_ListAssetQuotas>
    #[doc(alias = "usage")]
    pub fn list_asset_quotas(&self) -> Pager<AssetQuota> {
        self.list_asset_quotas_with(AssetQuotaFilter::new())
    }

    /// Lists the quotas that a filter matches. See [`list_asset_quotas`](Self::list_asset_quotas).
    ///
    /// Calls [`LIST_ASSET_QUOTAS`], which needs the scope `asset:read`.
    ///
    /// ```
    /// use rblxopencloud::AssetType;
    /// use rblxopencloud::user::AssetQuotaFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.set_quota(AssetType::Audio, 10);
    /// # sandbox.set_quota(AssetType::Video, 2);
    /// # let user = sandbox.client().user(156);
    /// let audio = AssetQuotaFilter::new().asset_type(AssetType::Audio);
    /// let quota = user.list_asset_quotas_with(audio).next().transpose()?.expect("audio has a quota");
    /// assert_eq!(quota.remaining(), Some(10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_asset_quotas_with(&self, filter: AssetQuotaFilter) -> Pager<AssetQuota> {
        let request = self.client.call(&LIST_ASSET_QUOTAS).param("user", self.id);
        filter.expression().into_iter().fold(request, |request, filter| request.query("filter", filter)).pages()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_use_the_spelling_of_the_reference() {
        let filter = AssetQuotaFilter::new().kind(AssetQuotaKind::RateLimitUpload).asset_type(AssetType::Audio);
        assert_eq!(filter.expression().as_deref(), Some("quotaType == RateLimitUpload && assetType == Audio"));
        let filter = AssetQuotaFilter::new().asset_type(AssetQuotaType::MeshPart);
        assert_eq!(filter.expression().as_deref(), Some("assetType == MeshPart"));
        assert_eq!(AssetQuotaFilter::new().expression(), None);
        let forged = AssetQuotaFilter::new().asset_type(AssetQuotaType::from("X && quotaType == Y"));
        assert_eq!(forged.expression().as_deref(), Some("assetType == Xquotatypey"));
    }

    #[test]
    fn strange_fields_do_not_fail_a_quota() {
        let json = serde_json::json!({ "usage": "3", "capacity": null, "period": 7, "assetType": "HOLOGRAM" });
        let quota: AssetQuota = serde_json::from_value(json).expect("it is a quota");
        assert_eq!((quota.usage, quota.capacity, quota.remaining()), (Some(3), None, None));
        assert_eq!(quota.to_string(), "HOLOGRAM quota: unknown");
        assert_eq!(quota.asset_type, Some(AssetQuotaType::Unknown("HOLOGRAM".to_owned())));
    }
}
