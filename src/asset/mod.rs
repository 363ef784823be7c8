//! Assets: their states, versions, permissions and contents, and the checks of uploads.
//!
//! [`Client::asset`](crate::Client::asset) returns the handle, [`AssetHandle`].
//! [`User::upload_asset`](crate::User::upload_asset) and [`Group::upload_asset`](crate::Group::upload_asset) create an [`Asset`].

// First, so that the page of `AssetHandle` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod batch;
mod check;
mod content;
pub(crate) mod creator;
pub(crate) mod delivery;
pub(crate) mod file;
pub mod limits;
pub(crate) mod model;
pub(crate) mod operation;
pub(crate) mod permission;
pub(crate) mod update;
pub(crate) mod upload;
mod upload_search;
mod version;

pub use check::Check;
pub use delivery::AssetDelivery;
pub use handle::AssetField;
pub use model::{AssetPrivacy, AssetState, ModerationState, Preview, SocialLink, SocialLinkKind};
pub use permission::{
    AssetAction, AssetPermission, GrantError, GrantedPermissions, PermissionErrorCode, PermissionSubject,
};
pub use upload_search::{UploadCandidate, UploadSearch};
pub use version::AssetVersion;

pub(crate) use batch::AssetUploads;
#[cfg(feature = "publish")]
pub(crate) use batch::{NextOutcome, UploadOutcome};
#[cfg(fuzzing)]
pub(crate) use check::judge;
pub(crate) use creator::Creator;
pub(crate) use file::AssetFile;
pub(crate) use handle::AssetHandle;
pub(crate) use model::{Asset, AssetType};
pub(crate) use update::AssetUpdate;
pub(crate) use upload::AssetUpload;
#[cfg(feature = "publish")]
pub(crate) use upload::default_name;
