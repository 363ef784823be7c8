use std::fmt;

use super::creator::Creator;
use super::model::{CreationContext, Moderation, ModerationState};
use crate::page::{PageItem, Values};
use crate::request::Paging;
use crate::wire::{self, model};

model! {
    /// A version of an asset, from [`AssetHandle::list_versions`](crate::AssetHandle::list_versions).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_GetAssetVersion>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct AssetVersion {
        /// The resource path, `assets/{asset}/versions/{version}`.
        pub path: String,
        #[optional]
        creation_context: CreationContext,
        #[optional]
        moderation_result: Moderation,
        /// Whether a place was published. `None` for other types.
        pub published: Option<bool>,
    }
}

impl AssetVersion {
    /// Returns the id of the asset. `None` if the path doesn't name it.
    #[must_use]
    pub fn asset_id(&self) -> Option<u64> {
        wire::path_id(&self.path, "assets")
    }

    /// Returns the number of the version, starting at 1. `None` if the path doesn't name it.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        wire::path_id(&self.path, "versions")
    }

    /// Returns the user or group that made the version.
    #[must_use]
    pub fn creator(&self) -> Option<Creator> {
        self.creation_context.creator
    }

    /// Returns the state of moderation.
    #[must_use]
    pub fn moderation_state(&self) -> Option<&ModerationState> {
        self.moderation_result.moderation_state.as_ref()
    }
}

/// `version 3 of asset 1234`.
impl fmt::Display for AssetVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.number(), self.asset_id()) {
            (Some(number), Some(asset)) => write!(f, "version {number} of asset {asset}"),
            _ => f.write_str(&self.path),
        }
    }
}

// The document has a bare list; the service sends an object.
impl PageItem for AssetVersion {
    const FIELD: &'static str = "assetVersions";
    const PAGING: Paging = Paging::page_tokens().page_size(50);
    const MAY_BE_BARE: bool = true;

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}
