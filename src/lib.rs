//! A blocking client for Roblox Open Cloud: users, inventories, groups and asset uploads, without an async runtime.
//!
//! Listings are plain iterators. Uploads of any size are streamed, and no asset is created twice.
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
//! # Overview
//!
//! Start with [`User`]. It is a handle: creating one makes no request, and its methods make the calls. Handles of one
//! [`Client`] share connections and rate limits. [`Client::builder`] has all settings.
//!
//! A call returns one of these:
//!
//! - a model, such as [`UserInfo`]: plain data with public fields, which serde reads and writes in the service's JSON;
//! - a [`Pager`]: an iterator over models, which fetches pages as needed;
//! - an [`Operation`]: work that the service continues, to [wait](Operation::wait) for.
//!
//! A [`Group`] publishes assets as a user does. [`User::upload_assets`] uploads many files at once. [`Client::request`] calls
//! endpoints that have no method here.
//!
//! Roblox adds fields, kinds and values without notice. Unknown ones are kept ([`InventoryItem::Unknown`], and
//! `Unknown(String)` of each enum) and never fail a page.
//!
//! Every failure is an [`Error`]. It tells whether to [retry](Error::is_retryable), whether a change
//! [may have happened](Error::outcome_unknown), and [how far](Error::scope) the failure reaches. [`RetryPolicy`] controls which
//! calls the client retries, and [`Timeouts`] how long an attempt may take.
//!
//! # Use in a server
//!
//! One [`Client`] serves all threads: clones are cheap and share connections and rate limits. Give its calls a time limit, so
//! that a slow service, retries or an exhausted rate limit don't block a thread for longer than your callers wait:
//!
//! ```
//! use std::time::Duration;
//!
//! use rblxopencloud::{Client, Error, ErrorKind, InventoryFilter};
//!
//! /// Returns the status to respond with, and how long the caller should wait.
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
//!   would have to wait longer fails at once, as [`RateLimited`](ErrorKind::RateLimited) with
//!   [`retry_after`](Error::retry_after).
//! - [`Client::with_deadline`] limits several calls together: those that a server makes for one of its own requests.
//! - Budgets are per endpoint and per owner of the key; see [`endpoints`]. All threads of a client share them, and keep within
//!   the documented ones until a response announces how much is left. To keep one kind of caller from exhausting the budget of
//!   another, use keys of different owners.
//! - Threads are started only by [`User::upload_assets`], to resolve a host name that isn't cached, and to renew an access token
//!   for a call with a time limit.
//!
//! # Signing in
//!
//! With the feature `oauth2`, the module `oauth2` signs users in with their Roblox accounts and keeps them signed in.
//!
//! # Publishing folders
//!
//! With the feature `publish`, the module `publish` makes each file of a folder an asset, once, and tells the game the ids.
//!
//! # Testing
//!
//! The crate `rblxopencloud-sandbox` is a local Open Cloud for tests: `cargo add --dev rblxopencloud-sandbox`.
//!
//! # Logging
//!
//! Each call logs its method, path, status, attempt and duration with [`log`] at `debug`, but neither keys nor contents. All
//! records have the target `rblxopencloud`: with `env_logger`, `RUST_LOG=rblxopencloud=debug` shows them alone.
//!
//! The crate `ureq`, which speaks HTTP, logs more. Up to `debug`, its lines hold no secret. At `trace`, these targets log what is
//! sent and received:
//!
//! | target | what it logs |
//! |---|---|
//! | `ureq_proto::util` | all bytes: keys, tokens, signed URLs, contents |
//! | `ureq::run` | whole URLs, with the signature in their query, and redirects. The lines have the level `debug`; the URLs in them are whole if `trace` is on for `ureq::util` |
//!
//! Keep both crates at `debug`: `RUST_LOG=trace,ureq=debug,ureq_proto=debug` with `env_logger`. The feature
//! `release_max_level_debug` of `log` leaves `trace` out of a release build.
//!
//! # Public dependencies
//!
//! Types of `jiff` 1, `serde_json` 1 and `ureq` 3 are part of this crate's API.
#![forbid(unsafe_code)]

/// The target of all log records.
const LOG_TARGET: &str = "rblxopencloud";

mod api;
mod asset;
mod call;
mod client;
mod credentials;
mod disk;
mod error;
mod experience;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod group;
#[cfg(feature = "oauth2")]
mod host;
mod json;
mod key;
#[cfg(feature = "oauth2")]
pub mod oauth2;
mod open_enum;
mod operation;
mod page;
#[cfg(feature = "publish")]
pub mod publish;
mod request;
mod single_flight;
mod user;
mod wire;

/// The endpoints that this crate has methods for, with their scopes and budgets.
pub mod endpoints {
    pub use crate::api::{KeyedBudget, Slots};
    pub use crate::asset::{
        ARCHIVE_ASSET, CREATE_ASSET, CREATE_CREATOR_STORE_PRODUCT, GET_ASSET, GET_ASSET_DELIVERY, GET_ASSET_OPERATION,
        GET_ASSET_VERSION, GET_ASSET_VERSION_DELIVERY, GET_CREATOR_STORE_PRODUCT, GRANT_ASSET_PERMISSIONS,
        LIST_ASSET_VERSIONS, RESTORE_ASSET, ROLLBACK_ASSET, SEARCH_ASSETS, UPDATE_ASSET, UPDATE_CREATOR_STORE_PRODUCT,
    };
    pub use crate::experience::GET_EXPERIENCE;
    pub use crate::group::{
        ACCEPT_GROUP_JOIN_REQUEST, ASSIGN_GROUP_ROLE, DECLINE_GROUP_JOIN_REQUEST, GET_GROUP, GET_GROUP_ROLE,
        LIST_GROUP_AUDIT_LOG, LIST_GROUP_JOIN_REQUESTS, LIST_GROUP_MEMBERSHIPS, LIST_GROUP_ROLES,
        LIST_MANAGEABLE_GROUPS, UNASSIGN_GROUP_ROLE, UPDATE_GROUP_MEMBERSHIP,
    };
    pub use crate::key::INSPECT_KEY;
    #[cfg(feature = "oauth2")]
    pub use crate::oauth2::{
        access_token::{GET_TOKEN_RESOURCES, GET_USER_INFO},
        app::{AUTHORIZE, GET_TOKEN, INTROSPECT_TOKEN, REVOKE_TOKEN},
        keys::LIST_SIGNING_KEYS,
    };
    pub use crate::user::{
        CREATE_NOTIFICATION, FIND_USERS, FOLLOW_EXPERIENCE, GENERATE_THUMBNAIL, GET_EXPERIENCE_FOLLOWING,
        GET_SUBSCRIPTION, GET_THUMBNAIL_OPERATION, GET_USER, LIST_ASSET_QUOTAS, LIST_EXPERIENCE_FOLLOWINGS,
        LIST_INVENTORY_ITEMS, UNFOLLOW_EXPERIENCE,
    };
}

pub use api::{Budget, Endpoint, Method, OperationName, ResourcePath};
pub use asset::limits;
pub use asset::{
    Asset, AssetAction, AssetDelivery, AssetField, AssetFile, AssetHandle, AssetPermission, AssetPrivacy, AssetSearch,
    AssetSearchCategory, AssetSearchPage, AssetSearchSort, AssetSearchView, AssetState, AssetType, AssetUpdate,
    AssetUpload, AssetUploads, AssetVersion, Check, Creator, CreatorStoreProduct, CreatorStoreProductType, Decimal,
    GrantError, GrantedPermissions, ModelInstanceType, ModelSubType, ModerationState, Money, MusicChart,
    PermissionErrorCode, PermissionSubject, Preview, ProductRestriction, SocialLink, SocialLinkKind, SortDirection,
    StoreAsset, StoreAssetDetails, StoreAssetInfo, StoreAudioType, StoreCapabilities, StoreCreator,
    StoreInstanceCounts, StoreMeshSummary, StorePreviews, StorePrice, StoreProductUpdate, StoreSocialLink, StoreVoting,
    UploadCandidate, UploadOutcome, UploadSearch,
};
pub use call::{CancelToken, DownloadProgress, RetryPolicy, Timeouts};
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, ErrorScope, Result};
pub use experience::{AgeRating, Experience, ExperienceInfo, ExperienceVisibility};
pub use group::{
    AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser, Group, GroupInfo, GroupJoinRequest, GroupMembership,
    GroupPermission, GroupRole, ManageableGroup, MembershipFilter, RoleRef,
};
pub use key::{KeyDataStore, KeyInfo, KeyScope, KeyTargets};
pub use operation::{Operation, WaitOptions, WaitProgress};
pub use page::{Cursor, Page, PageItem, Pager, Pages};
pub use request::{AttemptEvent, Body, Multipart, Paging, Request, Response, UploadProgress};
pub use user::{
    AssetQuota, AssetQuotaFilter, AssetQuotaKind, AssetQuotaPeriod, AssetQuotaType, CollectibleDetails,
    CollectibleInstanceState, ExperienceFollowing, ExperienceFollowingStatus, FoundUser, InventoryAsset,
    InventoryAssetType, InventoryBadge, InventoryFilter, InventoryGamePass, InventoryIds, InventoryItem,
    InventoryItemKind, InventoryKinds, InventoryPrivateServer, Notification, NotificationParameter, Ownership,
    SentNotification, SocialNetworkProfiles, SocialNetworkVisibility, Subscription, SubscriptionExpirationDetails,
    SubscriptionExpirationReason, SubscriptionPaymentProvider, SubscriptionPurchasePlatform, SubscriptionState,
    Thumbnail, ThumbnailFormat, ThumbnailOptions, ThumbnailShape, ThumbnailSize, User, UserInfo,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
