//! The limits that Roblox documents, or that others have found, for what is uploaded.
//!
//! They are checked before anything is sent. The service may change its mind; until this crate follows, each check can be
//! [checks](crate::AssetUpload::skip_check).
//!
//! <https://create.roblox.com/docs/cloud/guides/usage-assets#supported-asset-types-and-limits>

/// The largest file in bytes, but for videos: 20 MB.
pub const MAX_FILE_SIZE: u64 = 20 * 1024 * 1024;

/// The largest video in bytes: 3.75 GB.
pub const MAX_VIDEO_SIZE: u64 = 3840 * 1024 * 1024;

/// The largest width and height of an image, in pixels.
pub const MAX_IMAGE_SIDE: u32 = 7999;

/// The longest name, in characters. Roblox doesn't document it; other tools found it out.
pub const MAX_NAME_LENGTH: usize = 50;

/// The longest description, in characters.
pub const MAX_DESCRIPTION_LENGTH: usize = 1000;

/// The most social links of an asset.
pub const MAX_SOCIAL_LINKS: usize = 3;
