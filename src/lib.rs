//! Roblox Open Cloud for programs that don't want an async runtime: a user's profile, inventory and groups, and asset
//! uploads of any size. Calls block, listings are plain iterators, uploads stream from disk, and no asset is made twice.
//!
//! ```no_run
//! use rblxopencloud::{AssetFile, AssetType, AssetUpload, User};
//!
//! # fn main() -> rblxopencloud::Result<()> {
//! let user = User::new(156, "api-key");
//! println!("{}", user.fetch_info()?.display_name);
//!
//! for item in user.list_inventory() {
//!     println!("{:?}", item?);
//! }
//!
//! let file = AssetFile::open("path-to/image.png")?;
//! let upload = AssetUpload::new(file, AssetType::Decal, "asset name", "asset description");
//! let asset = user.upload_asset(upload)?.wait()?;
//! # Ok(())
//! # }
//! ```
//!
//! # A map
//!
//! [`User`] is where to begin. It is a handle: it costs nothing to make, and its methods make the calls. Handles that
//! share connections and rate limits come from one [`Client`], whose [builder](Client::builder) sets all there is to set.
//!
//! A call returns one of three shapes:
//!
//! - a model, such as [`UserInfo`]: plain data with public fields, which can be read and written with serde in the
//!   service's own JSON;
//! - a [`Pager`]: an iterator over models, which fetches pages as it goes;
//! - an [`Operation`]: work that the service goes on with, to [wait](Operation::wait) for.
//!
//! A [`Group`] publishes assets as a user does. [`User::upload_assets`] publishes many at once.
//!
//! Roblox adds fields, kinds and values without notice. What this version doesn't know is kept
//! ([`InventoryItem::Unknown`], `Unknown(String)` of each enum) and never fails a page.
//!
//! Every failure is an [`Error`], which knows whether it makes sense to [try again](Error::is_retryable) and whether a
//! change [may have happened](Error::outcome_unknown) all the same, and [how far](Error::scope) the failure reaches. What the client tries again by itself is in
//! [`RetryPolicy`]; how long it waits for what is in [`Timeouts`].
//!
//! # Use in a server
//!
//! One [`Client`] serves all threads: clones are cheap and share connections and rate limits. Give its calls a deadline, so
//! that a slow service, retries and a used-up rate limit can't hold a thread for longer than your own callers wait:
//!
//! ```
//! use std::time::Duration;
//!
//! use rblxopencloud::{Client, Error, ErrorKind, InventoryFilter};
//!
//! /// The status to answer with, and for how long to ask the caller to wait.
//! fn owns_pass(client: &Client, user: u64, pass: u64) -> Result<bool, (u16, Option<Duration>)> {
//!     let filter = InventoryFilter::ids().game_passes([pass]);
//!     let mut items = client.with_timeout(Duration::from_secs(2)).user(user).list_inventory_with(filter);
//!     items.next().transpose().map(|item| item.is_some()).map_err(|error: Error| match error.kind() {
//!         ErrorKind::RateLimited => (503, error.retry_after()),
//!         ErrorKind::Timeout => (504, None),
//!         _ if error.is_retryable() => (503, error.retry_after()),
//!         _ => (502, None),
//!     })
//! }
//! # let _ = owns_pass;
//! ```
//!
//! - [`Client::with_timeout`] limits a whole call: its attempts, its backoff, and its wait for the rate limit. A call that
//!   would have to wait longer than that fails at once, as [`RateLimited`](ErrorKind::RateLimited) with
//!   [`retry_after`](Error::retry_after).
//! - Budgets are per endpoint and per owner of the key; see [`endpoints`]. All threads of a client wait for one window. To keep
//!   one kind of caller from using up the budget of another, use keys of different owners.
//! - The crate has no threads of its own, but for [`User::upload_assets`] and the look-up of a host name that isn't known yet.
//!
//! With the feature `sandbox`, the module `sandbox` has a local Open Cloud for tests.
//!
//! Types of other crates that stand in this one's API are those of `jiff` 1, `serde_json` 1 and `ureq` 3.
//!
//! Each call logs its method, path, status, attempt and duration with [`log`] at `debug`, and nothing of keys or contents.
#![forbid(unsafe_code)]

mod asset;
mod call;
mod client;
mod credentials;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod group;
mod json;
mod open_enum;
mod operation;
mod page;
mod request;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod user;
mod wire;

/// The endpoints that this crate has methods for: their scopes and their budgets.
pub mod endpoints {
    pub use crate::asset::{CREATE_ASSET, GET_ASSET_OPERATION, UPDATE_ASSET};
    pub use crate::group::GET_GROUP;
    pub use crate::user::{GET_USER, LIST_GROUP_MEMBERSHIPS, LIST_INVENTORY_ITEMS};
}

pub use asset::limits;
pub use asset::{
    Asset, AssetFile, AssetPrivacy, AssetState, AssetType, AssetUpdate, AssetUpload, AssetUploads, Check, Creator,
    ModerationState, Preview, SocialLink, SocialLinkKind, UploadOutcome, UploadProgress,
};
pub use call::{DownloadProgress, Endpoint, Method, OperationName, RetryPolicy, Timeouts};
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, ErrorScope, Result};
pub use group::{Group, GroupInfo};
pub use operation::{Operation, WaitOptions, WaitProgress};
pub use page::{Cursor, Page, Pager, Pages};
pub use request::Request;
pub use user::{
    CollectibleDetails, CollectibleInstanceState, GroupMembership, InventoryAsset, InventoryAssetType, InventoryBadge,
    InventoryFilter, InventoryGamePass, InventoryIds, InventoryItem, InventoryItemKind, InventoryKinds,
    InventoryPrivateServer, SocialNetworkProfiles, SocialNetworkVisibility, User, UserInfo,
};

#[cfg(all(doctest, feature = "sandbox"))]
#[doc = include_str!("../README.md")]
struct Readme;
