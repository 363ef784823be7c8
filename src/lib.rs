//! A blocking client for Roblox Open Cloud: users, inventories, groups and asset uploads, without an async runtime.
//!
//! Listings are plain iterators. Uploads of any size are streamed, and no asset is created twice.
//!
//! ```no_run
//! use rblxopencloud::{AssetType, Client};
//!
//! fn main() -> rblxopencloud::Result<()> {
//!     // The key is in the variable ROBLOX_API_KEY.
//!     let user = Client::from_env()?.user(156);
//!     println!("{}", user.fetch_info()?.display_name);
//!
//!     for item in user.list_inventory() {
//!         println!("{}", item?);
//!     }
//!
//!     let operation = user.upload_asset("path-to/image.png", AssetType::Decal, "asset name", "asset description")?;
//!     println!("{}", operation.wait()?);
//!     Ok(())
//! }
//! ```
//!
//! # By task
//!
//! - [Write a first program](guide::first_program), with a key or without one
//! - [Come from Python](guide::from_python), or [from `rbxcloud`](guide::from_rbxcloud)
//! - [Look up users, and list what they own](guide::users)
//! - [Read and manage groups](guide::groups)
//! - [Upload files](guide::uploading), one or many
//! - [Rename, archive, download and share assets](guide::after_the_upload)
//! - [Publish a folder in a build step](guide::publishing)
//! - [Read what an experience is](Client::experience)
//! - [Search the creator store](Client::search_assets), and [put assets on it](AssetHandle::create_store_product)
//! - [Notify users](User::send_notification), and [read their subscriptions](User::fetch_subscription)
//! - [Sign users in](guide::signing_in) with OAuth 2.0
//! - [Call any other endpoint](guide::other_endpoints)
//! - [Handle errors](guide::errors): each kind, and what to do about it
//! - [Find out which scopes a key needs](guide::limits), and how fast calls can be
//! - [Serve many users from many threads](guide::servers)
//! - [Test a program without Roblox](guide::testing)
//! - [See what is sent](guide::logging)
//! - [Choose features](guide::features): TLS, proxies, and what else is optional
//!
//! # By type
//!
//! [`Client`] holds the key, the connections and the rate limits. It makes handles: [`User`], [`Group`], [`AssetHandle`] and
//! [`Experience`]. Creating one makes no request; its methods make the calls. What they return are models, which are plain data
//! with public fields and serde in the service's JSON; [`Pager`]s, which are iterators over models; and [`Operation`]s, which can
//! be waited for. Every failure is an [`Error`].
//!
//! The root of the crate has the types that most programs name. The modules have the rest, each type in one of them.
//!
//! Roblox adds fields, kinds and values without notice. Unknown ones are kept ([`InventoryItem::Unknown`], and
//! `Unknown(String)` of each enum) and never fail a page.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// First, so that the pages of `Client`, `Request`, `Pager` and `User` begin with their constructors and setters.
mod client;
mod request;

mod page;
pub mod user;

mod api;
pub mod asset;
mod call;
mod cancel;
mod credentials;
mod disk;
mod error;
pub mod experience;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
pub mod group;
#[cfg(doc)]
pub mod guide;
pub mod inventory;
mod json;
pub mod key;
mod log_target;
#[cfg(feature = "oauth2")]
pub mod oauth2;
mod open_enum;
mod operation;
mod plain;
#[cfg(feature = "publish")]
pub mod publish;
mod retry;
mod single_flight;
pub mod store;
mod transport;
mod wire;

/// The endpoints that this crate has methods for, with their scopes and budgets.
///
/// [`Client::call`] makes a request to one of them, and each is what a method of this crate is made of:
///
/// ```no_run
/// # use rblxopencloud::{Client, GroupInfo, Result, endpoints};
/// # fn run(client: &Client) -> Result<()> {
/// let group: GroupInfo = client.call(&endpoints::GET_GROUP).param("group", 7).fetch()?;
/// # Ok(())
/// # }
/// ```
///
/// An API key needs these scopes, and an OAuth 2.0 authorization the same ones. [`Client::inspect_key`] and
/// [`KeyInfo::check`](crate::key::KeyInfo::check) compare a key with the calls of a program.
///
/// | endpoint | methods | scopes | requests a minute, or as stated: key / OAuth |
/// |---|---|---|---|
/// | `GET_USER` | `User::fetch_info` | `user.advanced:read`, `user.social:read` | 1000 / 10 |
/// | `LIST_INVENTORY_ITEMS` | `User::list_inventory`, `User::find_upload`, `User::owns_asset`, `User::owns_assets`, `User::owns_badge`, `User::owns_badges`, `User::owns_game_pass`, `User::owns_game_passes`, `User::owns_private_server`, `User::owns_private_servers` | `user.inventory-item:read` | 100 / 20 |
/// | `LIST_GROUP_MEMBERSHIPS` | `User::list_groups`, `Client::list_memberships_of`, `Group::list_memberships`, `Group::list_memberships_with`, `Group::membership_of`, `Group::rank_of`, `Group::role_of` | `group:read`, with an API key | 300 / 90 |
/// | `GENERATE_THUMBNAIL` | `User::thumbnail_url`, `User::thumbnail_url_with`, `User::generate_thumbnail`, `User::generate_thumbnail_with`, `User::generate_headshot`, `User::download_thumbnail`, `User::download_thumbnail_with`, `User::save_thumbnail`, `User::save_thumbnail_with` | | 1000 / 10 |
/// | `GET_THUMBNAIL_OPERATION` | `Client::thumbnail_operation` | | 1000 / 10 |
/// | `LIST_ASSET_QUOTAS` | `User::list_asset_quotas`, `User::list_asset_quotas_with` | `asset:read` | 60 / 60 |
/// | `CREATE_NOTIFICATION` | `User::send_notification` | `user.user-notification:write` | 4000 a second / 4000 a second |
/// | `LIST_EXPERIENCE_FOLLOWINGS` | `User::fetch_experience_followings` | `legacy-universe.following:read` | 100 / 100 |
/// | `GET_EXPERIENCE_FOLLOWING` | `User::fetch_experience_following` | `legacy-universe.following:read` | 100 / 100 |
/// | `FOLLOW_EXPERIENCE` | `User::follow_experience` | `legacy-universe.following:write` | 100 / 100 |
/// | `UNFOLLOW_EXPERIENCE` | `User::unfollow_experience` | `legacy-universe.following:write` | 100 / 100 |
/// | `GET_SUBSCRIPTION` | `User::fetch_subscription` | `universe.subscription-product.subscription:read` or `universe:write` | 500 / 3 a second |
/// | `GET_GROUP` | `Group::fetch_info` | | 150 / 30 |
/// | `LIST_GROUP_ROLES` | `Group::list_roles`, `Group::rank_of`, `Group::role_of` | `group:read` | 300 / 90 |
/// | `GET_GROUP_ROLE` | `Group::fetch_role` | `group:read` | 300 / 90 |
/// | `UPDATE_GROUP_MEMBERSHIP` | `Group::update_member` | `group:write` | 300 / 90 |
/// | `ASSIGN_GROUP_ROLE` | `Group::assign_role` | `group:write` | 300 / 90 |
/// | `UNASSIGN_GROUP_ROLE` | `Group::unassign_role` | `group:write` | 300 / 90 |
/// | `LIST_GROUP_JOIN_REQUESTS` | `Group::list_join_requests`, `Group::join_request_of` | `group:read` | 300 / 90 |
/// | `ACCEPT_GROUP_JOIN_REQUEST` | `Group::accept_join_request` | `group:write` | 100 / 90 |
/// | `DECLINE_GROUP_JOIN_REQUEST` | `Group::decline_join_request` | `group:write` | 100 / 90 |
/// | `LIST_GROUP_AUDIT_LOG` | `Group::list_audit_log` | `legacy-group:manage` | 100 / 100 |
/// | `LIST_MANAGEABLE_GROUPS` | `Client::list_manageable_groups` | `legacy-group:manage` | 100 / 100 |
/// | `GET_EXPERIENCE` | `Experience::fetch_info` | | 100 / 100 |
/// | `CREATE_ASSET` | `User::upload_asset`, `User::upload_asset_with`, `User::upload_assets`, `Group::upload_asset`, `Group::upload_asset_with`, `Group::upload_assets` | `asset:read`, `asset:write` | 120 / 120 |
/// | `UPDATE_ASSET` | `User::update_asset`, `User::update_asset_with`, `Group::update_asset`, `Group::update_asset_with`, `AssetHandle::update`, `AssetHandle::update_with` | `asset:read`, `asset:write` | 120 / 120 |
/// | `GET_ASSET_OPERATION` | `Client::operation` | `asset:read` | 300 / 300 |
/// | `GET_ASSET` | `AssetHandle::fetch`, `AssetHandle::fetch_fields`, `User::find_upload` | `asset:read` | 120 / 120 |
/// | `LIST_ASSET_VERSIONS` | `AssetHandle::list_versions` | `asset:read` | 100 / 100 |
/// | `GET_ASSET_VERSION` | `AssetHandle::fetch_version` | `asset:read` | 100 / 100 |
/// | `ROLLBACK_ASSET` | `AssetHandle::rollback` | `asset:read`, `asset:write` | 100 / 100 |
/// | `ARCHIVE_ASSET` | `AssetHandle::archive` | `asset:read`, `asset:write` | 100 / 100 |
/// | `RESTORE_ASSET` | `AssetHandle::restore` | `asset:read`, `asset:write` | 100 / 100 |
/// | `GET_ASSET_DELIVERY` | `AssetHandle::locate`, `AssetHandle::fetch_delivery`, `AssetHandle::download`, `AssetHandle::download_to` | `legacy-asset:manage` | 1000 / 1000 |
/// | `GET_ASSET_VERSION_DELIVERY` | `AssetHandle::locate_version`, `AssetHandle::fetch_version_delivery` | `legacy-asset:manage` | 1000 / 1000 |
/// | `GRANT_ASSET_PERMISSIONS` | `Client::grant_asset_permissions`, `AssetHandle::grant_permission` | `asset-permissions:write` | 100 / - |
/// | `CREATE_CREATOR_STORE_PRODUCT` | `AssetHandle::create_store_product` | `creator-store-product:write` | 30 / 30 |
/// | `GET_CREATOR_STORE_PRODUCT` | `AssetHandle::fetch_store_product` | `creator-store-product:read` | 30 / 30 |
/// | `UPDATE_CREATOR_STORE_PRODUCT` | `AssetHandle::update_store_product` | `creator-store-product:write` | 30 / 30 |
/// | `SEARCH_ASSETS` | `Client::search_assets`, `Client::fetch_search_page` | `creator-store-product:read`, or no key | 1000 / 1000 |
/// | `FIND_USERS` | `Client::find_users` | no key | - / - |
/// | `INSPECT_KEY` | `Client::inspect_key` | | - / - |
/// | `GET_TOKEN` | `OAuth2App::exchange_code`, `OAuth2App::refresh` | | - / - |
/// | `INTROSPECT_TOKEN` | `OAuth2App::introspect` | | - / - |
/// | `REVOKE_TOKEN` | `OAuth2App::revoke` | | - / - |
/// | `GET_TOKEN_RESOURCES` | `AccessToken::fetch_resources` | | - / - |
///
/// `User::fetch_info` needs a scope for some fields only: `user.advanced:read` for `premium` and `id_verified`,
/// `user.social:read` for the social profiles. A public inventory needs no scope; a private inventory, private servers and
/// purchased places do. `AccessToken::fetch_user_info` needs `openid`, and `profile` for more than the id. Keys of groups are
/// accepted for assets only.
///
/// All keys of one owner share a budget, and so do all tokens of one authorization. A client waits instead of exceeding it.
pub mod endpoints {
    pub use crate::api::{Budget, KeyedBudget, Slots};
    pub use crate::asset::delivery::{GET_ASSET_DELIVERY, GET_ASSET_VERSION_DELIVERY};
    pub use crate::asset::handle::{
        ARCHIVE_ASSET, GET_ASSET, GET_ASSET_VERSION, LIST_ASSET_VERSIONS, RESTORE_ASSET, ROLLBACK_ASSET,
    };
    pub use crate::asset::operation::GET_ASSET_OPERATION;
    pub use crate::asset::permission::GRANT_ASSET_PERMISSIONS;
    pub use crate::asset::update::UPDATE_ASSET;
    pub use crate::asset::upload::CREATE_ASSET;
    pub use crate::experience::info::GET_EXPERIENCE;
    pub use crate::group::audit_log::LIST_GROUP_AUDIT_LOG;
    pub use crate::group::info::GET_GROUP;
    pub use crate::group::join_request::{
        ACCEPT_GROUP_JOIN_REQUEST, DECLINE_GROUP_JOIN_REQUEST, LIST_GROUP_JOIN_REQUESTS,
    };
    pub use crate::group::manageable::LIST_MANAGEABLE_GROUPS;
    pub use crate::group::members::{ASSIGN_GROUP_ROLE, UNASSIGN_GROUP_ROLE, UPDATE_GROUP_MEMBERSHIP};
    pub use crate::group::membership::LIST_GROUP_MEMBERSHIPS;
    pub use crate::group::roles::{GET_GROUP_ROLE, LIST_GROUP_ROLES};
    pub use crate::inventory::items::LIST_INVENTORY_ITEMS;
    pub use crate::key::info::INSPECT_KEY;
    #[cfg(feature = "oauth2")]
    pub use crate::oauth2::{
        access_token::{GET_TOKEN_RESOURCES, GET_USER_INFO},
        app::{AUTHORIZE, GET_TOKEN, INTROSPECT_TOKEN, REVOKE_TOKEN},
        keys::LIST_SIGNING_KEYS,
    };
    pub use crate::store::product::{
        CREATE_CREATOR_STORE_PRODUCT, GET_CREATOR_STORE_PRODUCT, UPDATE_CREATOR_STORE_PRODUCT,
    };
    pub use crate::store::search::SEARCH_ASSETS;
    pub use crate::user::followings::{
        FOLLOW_EXPERIENCE, GET_EXPERIENCE_FOLLOWING, LIST_EXPERIENCE_FOLLOWINGS, UNFOLLOW_EXPERIENCE,
    };
    pub use crate::user::info::GET_USER;
    pub use crate::user::names::FIND_USERS;
    pub use crate::user::notification::CREATE_NOTIFICATION;
    pub use crate::user::quotas::LIST_ASSET_QUOTAS;
    pub use crate::user::subscription::GET_SUBSCRIPTION;
    pub use crate::user::thumbnail::{GENERATE_THUMBNAIL, GET_THUMBNAIL_OPERATION};
}

pub use api::{Endpoint, Method, OperationName, ResourcePath};
pub use asset::batch::{AssetUploads, UploadOutcome};
pub use asset::creator::Creator;
pub use asset::file::AssetFile;
pub use asset::handle::AssetHandle;
pub use asset::model::{Asset, AssetType};
pub use asset::update::AssetUpdate;
pub use asset::upload::AssetUpload;
pub use cancel::CancelToken;
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, ErrorScope, Result};
pub use experience::handle::Experience;
pub use experience::info::ExperienceInfo;
pub use group::handle::Group;
pub use group::info::GroupInfo;
pub use group::members::MembershipFilter;
pub use group::membership::GroupMembership;
pub use group::role::GroupRole;
pub use inventory::asset_type::InventoryAssetType;
pub use inventory::item::InventoryItem;
pub use inventory::items::InventoryItems;
#[cfg(feature = "oauth2")]
pub use oauth2::app::OAuth2App;
pub use operation::{Operation, WaitOptions, WaitProgress};
pub use page::{Cursor, Page, PageItem, Pager, Pages};
pub use request::{AttemptEvent, Body, Multipart, Paging, Request, Response, UploadProgress};
pub use retry::RetryPolicy;
pub use transport::{DownloadProgress, Timeouts};
pub use user::handle::User;
pub use user::info::UserInfo;
pub use user::thumbnail::{Thumbnail, ThumbnailOptions};
