//! The limits of uploads, as Roblox documents them or other tools have found them.
//!
//! They are checked before anything is sent. [`skip_check`](crate::AssetUpload::skip_check) skips a check, in case the
//! service has changed a limit.
//!
//! <https://create.roblox.com/docs/cloud/guides/usage-assets#supported-asset-types-and-limits>

/// The largest size of a file other than a video, in bytes: 20 MB.
pub const MAX_FILE_SIZE: u64 = 20 * 1024 * 1024;

/// The largest size of a video, in bytes: 3.75 GB.
pub const MAX_VIDEO_SIZE: u64 = 3840 * 1024 * 1024;

/// The largest width and height of an image, in pixels.
pub const MAX_IMAGE_SIDE: u32 = 7999;

/// The longest name, in characters. Roblox doesn't document it; other tools found it.
pub const MAX_NAME_LENGTH: usize = 50;

/// The longest description, in characters.
pub const MAX_DESCRIPTION_LENGTH: usize = 1000;

/// The largest number of social links.
pub const MAX_SOCIAL_LINKS: usize = 3;
