//! Assets: uploads, updates, versions, permissions, and the models.

// First, so that the page of `AssetHandle` begins with the handle itself.
mod handle;

mod batch;
mod check;
mod content;
mod creator;
mod delivery;
mod file;
pub mod limits;
mod model;
pub(crate) mod operation;
mod permission;
mod update;
mod upload;
mod upload_search;
mod version;

#[cfg(feature = "publish")]
pub(crate) use batch::NextOutcome;
pub use batch::{AssetUploads, UploadOutcome};
pub use check::Check;
#[cfg(fuzzing)]
pub(crate) use check::judge;
pub use creator::Creator;
pub use delivery::{AssetDelivery, GET_ASSET_DELIVERY, GET_ASSET_VERSION_DELIVERY};
pub use file::AssetFile;
pub use handle::{
    ARCHIVE_ASSET, AssetField, AssetHandle, GET_ASSET, GET_ASSET_VERSION, LIST_ASSET_VERSIONS, RESTORE_ASSET,
    ROLLBACK_ASSET,
};
pub use model::{Asset, AssetPrivacy, AssetState, AssetType, ModerationState, Preview, SocialLink, SocialLinkKind};
pub use operation::GET_ASSET_OPERATION;
pub use permission::{
    AssetAction, AssetPermission, GRANT_ASSET_PERMISSIONS, GrantError, GrantedPermissions, PermissionErrorCode,
    PermissionSubject,
};
pub use update::{AssetUpdate, UPDATE_ASSET};
#[cfg(feature = "publish")]
pub(crate) use upload::default_name;
pub use upload::{AssetUpload, CREATE_ASSET};
pub use upload_search::{UploadCandidate, UploadSearch};
pub use version::AssetVersion;
