//! The limits that Roblox documents, or that others have found, for what is uploaded.
//!
//! They are checked before anything is sent. The service may change its mind; until this crate follows, each check can be
//! [waived](crate::AssetUpload::waive).
//!
//! <https://create.roblox.com/docs/cloud/guides/usage-assets#supported-asset-types-and-limits>

/// The largest file in bytes, but for videos: 20 MB.
pub const LARGEST_FILE: u64 = 20 * 1024 * 1024;

/// The largest video in bytes: 3.75 GB.
pub const LARGEST_VIDEO: u64 = 3840 * 1024 * 1024;

/// An image's width and height are less than this many pixels.
pub const IMAGE_SIDE: u32 = 8000;

/// The longest name, in characters. Roblox doesn't document it; other tools found it out.
pub const LONGEST_NAME: usize = 50;

/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 1000;

/// The most social links of an asset.
pub const MOST_SOCIAL_LINKS: usize = 3;
