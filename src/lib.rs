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
//! - [Save, test, publish and roll back places](guide::release), [restart game servers](Experience::restart_servers), and
//!   [send them messages](Experience::publish_message)
//! - [Run Luau in a place](guide::run_tests), as in CI
//! - [Keep users out](guide::moderation)
//! - [Read and change the data of players](guide::player_data), [keep a leaderboard](data::OrderedDataStore), and
//!   [work through a queue](memory::Queue::process) of the servers
//! - [Search the creator store](Client::search_assets), and [put assets on it](AssetHandle::create_store_product)
//! - [Notify users](User::send_notification), and [read their subscriptions](User::fetch_subscription)
//! - [Sign users in](guide::signing_in) with OAuth 2.0
//! - [Receive notifications](https://docs.rs/rblxopencloud/latest/rblxopencloud/webhooks/) in a server, and
//!   [erase what is stored of a person](https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.Erasure.html)
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
//! [`Client`] holds the key, the connections and the rate limits. It makes handles: [`User`], [`Group`], [`AssetHandle`],
//! [`Experience`] and [`Place`]. Creating one makes no request; its methods make the calls. What they return are models, which are plain data
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

pub mod experience;
mod page;
pub mod user;

mod api;
pub mod asset;
mod call;
mod cancel;
mod credentials;
pub mod data;
mod disk;
mod error;
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
pub mod memory;
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
#[cfg(feature = "webhooks")]
pub mod webhooks;
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
/// | `UPDATE_EXPERIENCE` | `Experience::update` | `universe:write` | 100 / 100 |
/// | `ACTIVATE_EXPERIENCE` | `Experience::activate` | `legacy-universe:manage` | 100 / 100 |
/// | `DEACTIVATE_EXPERIENCE` | `Experience::deactivate` | `legacy-universe:manage` | 100 / 100 |
/// | `LIST_PLACES` | `Experience::list_places` | no key | - / - |
/// | `GET_TEAM_CREATE` | `Experience::has_team_create` | `legacy-team-collaboration:manage` | 100 / 100 |
/// | `SET_TEAM_CREATE` | `Experience::set_team_create` | `legacy-team-collaboration:manage` | 100 / 100 |
/// | `GET_PLACE_EXPERIENCE` | `Place::experience_id`, `Erasure::run` | no key | - / - |
/// | `CREATE_LUAU_TASK` | `Place::run_luau` | `universe.place.luau-execution-session:write` | 40 / - |
/// | `CREATE_LUAU_VERSION_TASK` | `PlaceVersionHandle::run_luau`, `Place::run_luau` | `universe.place.luau-execution-session:write` | 5 / - |
/// | `GET_LUAU_TASK` | `LuauTask::poll`, `LuauTask::wait`, `LuauTask::wait_with`, `LuauTask::download_output`, `LuauTask::save_output`, `Client::luau_task` | `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write` | 200 / - |
/// | `LIST_LUAU_TASK_LOGS` | `LuauTask::list_logs`, `LuauTask::list_flat_logs`, `LuauTask::poll`, `LuauTask::wait`, `LuauTask::wait_with` | `universe.place.luau-execution-session:read` or `universe.place.luau-execution-session:write` | 45 / - |
/// | `CREATE_LUAU_BINARY_INPUT` | `Experience::upload_luau_input` | `universe.place.luau-execution-session:write` | 5 / - |
/// | `GET_PLACE` | `Place::fetch_info` | | 100 / 100 |
/// | `UPDATE_PLACE` | `Place::update` | `universe.place:write` | 100 / 100 |
/// | `LIST_TEAM_CREATE_MEMBERS` | `Place::list_team_create_members` | `legacy-team-collaboration:manage` | 100 / 100 |
/// | `CREATE_PLACE_VERSION` | `Place::publish`, `Place::save`, `Place::promote` | `universe-places:write` | 30 / - |
/// | `LIST_PLACE_HISTORY` | `Place::list_history` | `universe.place:read` | 1000 / - |
/// | `LIST_PLACE_CONTRIBUTORS` | `Place::list_contributors` | `universe.place:read` | 1000 / - |
/// | `SET_PLACE_VERSION_NOTES` | `PlaceVersionHandle::set_notes` | `universe.place:write` | 100 / - |
/// | `RESTART_SERVERS` | `Experience::restart_servers` | `universe:write` | 100 / 100 |
/// | `LIST_RESTARTS` | `Experience::list_restarts`, `Experience::restart_status`, `Experience::restart_servers` | `universe:read` | 100 / 100 |
/// | `FORECAST_RESTART` | `Experience::forecast_restart` | `universe:read` | 100 / 100 |
/// | `RESTART_UNIVERSE_SERVERS` | `Experience::restart_universe_servers` | `universe:write` | 30 / 30 |
/// | `LIST_GAME_SERVERS` | `Place::list_game_servers`, `Place::list_game_servers_with`, `Place::count_game_servers` | `universe:read` | 100 / 100 |
/// | `LIST_GAME_SERVER_LOGS` | `Place::list_game_server_logs` | `universe:read` | 100 / 100 |
/// | `GET_GAME_SERVER_FILTERS` | `Place::fetch_game_server_filters` | `universe:read` | 100 / 100 |
/// | `PUBLISH_MESSAGE` | `Experience::publish_message` | `universe-messaging-service:publish` | 5000 / 5000 |
/// | `GET_USER_RESTRICTION` | `Experience::fetch_restriction` | `universe.user-restriction:read` | 150 a second / 30 a second |
/// | `UPDATE_USER_RESTRICTION` | `Experience::restrict_user`, `Experience::lift_restriction` | `universe.user-restriction:write` | 150 a second / 30 a second |
/// | `LIST_USER_RESTRICTIONS` | `Experience::list_restrictions` | `universe.user-restriction:read` | 150 a second / 30 a second |
/// | `LIST_USER_RESTRICTION_LOGS` | `Experience::list_restriction_logs`, `Experience::list_restriction_logs_with`, `Place::list_restriction_logs` | `universe.user-restriction:read` | 150 a second / 30 a second |
/// | `GET_PLACE_USER_RESTRICTION` | `Place::fetch_restriction` | `universe.user-restriction:read` | 150 a second / 30 a second |
/// | `UPDATE_PLACE_USER_RESTRICTION` | `Place::restrict_user`, `Place::lift_restriction` | `universe.user-restriction:write` | 150 a second / 30 a second |
/// | `LIST_PLACE_USER_RESTRICTIONS` | `Place::list_restrictions` | `universe.user-restriction:read` | 150 a second / 30 a second |
/// | `LIST_DATA_STORES` | `Experience::list_data_stores`, `Erasure::run` | `universe-datastores.control:list` | 1000000 / - |
/// | `DELETE_DATA_STORE` | `DataStore::delete_store` | `universe-datastores.control:delete` | 1000000 / - |
/// | `UNDELETE_DATA_STORE` | `DataStore::undelete_store` | `universe-datastores.control:delete` | 1000000 / - |
/// | `SNAPSHOT_DATA_STORES` | `Experience::snapshot_data_stores`, `DataStore::edit` | `universe-datastores.control:snapshot` | 60 / - |
/// | `LIST_DATA_STORE_ENTRIES` | `DataStore::list_entries` | `universe-datastores.objects:list` | 1000000 / - |
/// | `GET_DATA_STORE_ENTRY` | `DataStore::fetch`, `DataStore::fetch_revision`, `DataStore::fetch_as_of`, `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `DataStore::increment`, `DataStore::undelete`, `Erasure::run` | `universe-datastores.objects:read` | 1000000 / - |
/// | `CREATE_DATA_STORE_ENTRY` | `DataStore::create`, `DataStore::create_with`, `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `DataStore::undelete` | `universe-datastores.objects:create` | 1000000 / - |
/// | `UPDATE_DATA_STORE_ENTRY` | `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit` | `universe-datastores.objects:update` | 1000000 / - |
/// | `INCREMENT_DATA_STORE_ENTRY` | `DataStore::increment` | `universe-datastores.objects:create`, `universe-datastores.objects:update` | 1000000 / - |
/// | `DELETE_DATA_STORE_ENTRY` | `DataStore::delete`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `Erasure::run` | `universe-datastores.objects:delete` | 1000000 / - |
/// | `LIST_DATA_STORE_ENTRY_REVISIONS` | `DataStore::list_revisions`, `DataStore::undelete`, `Erasure::run` | `universe-datastores.versions:list` | 1000000 / - |
/// | `LIST_SCOPED_DATA_STORE_ENTRIES` | `DataStore::list_entries`, `Erasure::run` | `universe-datastores.objects:list` | 1000000 / - |
/// | `GET_SCOPED_DATA_STORE_ENTRY` | `DataStore::fetch`, `DataStore::fetch_revision`, `DataStore::fetch_as_of`, `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `DataStore::increment`, `DataStore::undelete`, `Erasure::run` | `universe-datastores.objects:read` | 1000000 / - |
/// | `CREATE_SCOPED_DATA_STORE_ENTRY` | `DataStore::create`, `DataStore::create_with`, `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `DataStore::undelete` | `universe-datastores.objects:create` | 1000000 / - |
/// | `UPDATE_SCOPED_DATA_STORE_ENTRY` | `DataStore::set`, `DataStore::set_with`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit` | `universe-datastores.objects:update` | 1000000 / - |
/// | `INCREMENT_SCOPED_DATA_STORE_ENTRY` | `DataStore::increment` | `universe-datastores.objects:create`, `universe-datastores.objects:update` | 1000000 / - |
/// | `DELETE_SCOPED_DATA_STORE_ENTRY` | `DataStore::delete`, `DataStore::update`, `DataStore::update_with`, `DataStore::edit`, `Erasure::run` | `universe-datastores.objects:delete` | 1000000 / - |
/// | `LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS` | `DataStore::list_revisions`, `DataStore::undelete`, `Erasure::run` | `universe-datastores.versions:list` | 1000000 / - |
/// | `GET_ORDERED_ENTRY` | `OrderedDataStore::fetch`, `Erasure::run` | `universe.ordered-data-store.scope.entry:read` | 1000000 / - |
/// | `LIST_ORDERED_ENTRIES` | `OrderedDataStore::list_entries`, `OrderedDataStore::list_entries_with`, `OrderedDataStore::top`, `OrderedDataStore::export` | `universe.ordered-data-store.scope.entry:read` | 1000000 / - |
/// | `CREATE_ORDERED_ENTRY` | `OrderedDataStore::create` | `universe.ordered-data-store.scope.entry:write` | 1000000 / - |
/// | `UPDATE_ORDERED_ENTRY` | `OrderedDataStore::set`, `OrderedDataStore::set_existing` | `universe.ordered-data-store.scope.entry:write` | 1000000 / - |
/// | `INCREMENT_ORDERED_ENTRY` | `OrderedDataStore::increment` | `universe.ordered-data-store.scope.entry:write` | 1000000 / - |
/// | `DELETE_ORDERED_ENTRY` | `OrderedDataStore::delete`, `Erasure::run` | `universe.ordered-data-store.scope.entry:write` | 1000000 / - |
/// | `GET_SORTED_MAP_ITEM` | `SortedMap::fetch`, `Erasure::run` | `memory-store.sorted-map:read` | 1000000 / - |
/// | `LIST_SORTED_MAP_ITEMS` | `SortedMap::list_items`, `SortedMap::list_items_with` | `memory-store.sorted-map:read` | 1000000 / - |
/// | `CREATE_SORTED_MAP_ITEM` | `SortedMap::create` | `memory-store.sorted-map:write` | 1000000 / - |
/// | `UPDATE_SORTED_MAP_ITEM` | `SortedMap::set`, `SortedMap::set_existing` | `memory-store.sorted-map:write` | 1000000 / - |
/// | `DELETE_SORTED_MAP_ITEM` | `SortedMap::delete`, `Erasure::run` | `memory-store.sorted-map:write` | 1000000 / - |
/// | `ADD_QUEUE_ITEM` | `Queue::add` | `memory-store.queue:add` | 1000000 / - |
/// | `READ_QUEUE_ITEMS` | `Queue::read`, `Queue::read_exactly`, `Queue::process` | `memory-store.queue:dequeue` | 1000000 / - |
/// | `DISCARD_QUEUE_ITEMS` | `Queue::discard`, `Queue::process` | `memory-store.queue:discard` | 1000000 / - |
/// | `FLUSH_MEMORY_STORE` | `MemoryStore::flush` | `memory-store:flush` | 1000000 / - |
/// | `GET_MEMORY_STORE_OPERATION` | `Client::memory_store_operation` | | 1000000 / - |
/// | `CREATE_ASSET` | `User::upload_asset`, `User::upload_asset_with`, `User::upload_assets`, `Group::upload_asset`, `Group::upload_asset_with`, `Group::upload_assets` | `asset:read`, `asset:write` | 120 / 120 |
/// | `UPDATE_ASSET` | `User::update_asset`, `User::update_asset_with`, `Group::update_asset`, `Group::update_asset_with`, `AssetHandle::update`, `AssetHandle::update_with` | `asset:read`, `asset:write` | 120 / 120 |
/// | `GET_ASSET_OPERATION` | `Client::operation` | `asset:read` | 300 / 300 |
/// | `GET_ASSET` | `AssetHandle::fetch`, `AssetHandle::fetch_fields`, `User::find_upload` | `asset:read` | 120 / 120 |
/// | `LIST_ASSET_VERSIONS` | `AssetHandle::list_versions`, `Place::list_versions`, `Place::live_version` | `asset:read` | 100 / 100 |
/// | `GET_ASSET_VERSION` | `AssetHandle::fetch_version`, `PlaceVersionHandle::fetch_info` | `asset:read` | 100 / 100 |
/// | `ROLLBACK_ASSET` | `AssetHandle::rollback`, `Place::rollback` | `asset:read`, `asset:write` | 100 / 100 |
/// | `ARCHIVE_ASSET` | `AssetHandle::archive` | `asset:read`, `asset:write` | 100 / 100 |
/// | `RESTORE_ASSET` | `AssetHandle::restore` | `asset:read`, `asset:write` | 100 / 100 |
/// | `GET_ASSET_DELIVERY` | `AssetHandle::locate`, `AssetHandle::fetch_delivery`, `AssetHandle::download`, `AssetHandle::download_to` | `legacy-asset:manage` | 1000 / 1000 |
/// | `GET_ASSET_VERSION_DELIVERY` | `AssetHandle::locate_version`, `AssetHandle::fetch_version_delivery`, `PlaceVersionHandle::locate`, `PlaceVersionHandle::download`, `PlaceVersionHandle::download_to`, `Place::download_version`, `Place::promote` | `legacy-asset:manage` | 1000 / 1000 |
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
/// Requests about restrictions also have [limits](Endpoint::keyed_budgets) for each experience, and for each user of one.
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
    pub use crate::data::delete::{DELETE_DATA_STORE_ENTRY, DELETE_SCOPED_DATA_STORE_ENTRY};
    pub use crate::data::increment::{INCREMENT_DATA_STORE_ENTRY, INCREMENT_SCOPED_DATA_STORE_ENTRY};
    pub use crate::data::list::{LIST_DATA_STORE_ENTRIES, LIST_SCOPED_DATA_STORE_ENTRIES};
    pub use crate::data::ordered::change::{
        CREATE_ORDERED_ENTRY, DELETE_ORDERED_ENTRY, INCREMENT_ORDERED_ENTRY, UPDATE_ORDERED_ENTRY,
    };
    pub use crate::data::ordered::handle::GET_ORDERED_ENTRY;
    pub use crate::data::ordered::list::LIST_ORDERED_ENTRIES;
    pub use crate::data::read::{GET_DATA_STORE_ENTRY, GET_SCOPED_DATA_STORE_ENTRY};
    pub use crate::data::revisions::{LIST_DATA_STORE_ENTRY_REVISIONS, LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS};
    pub use crate::data::stores::{DELETE_DATA_STORE, LIST_DATA_STORES, SNAPSHOT_DATA_STORES, UNDELETE_DATA_STORE};
    pub use crate::data::write::{
        CREATE_DATA_STORE_ENTRY, CREATE_SCOPED_DATA_STORE_ENTRY, UPDATE_DATA_STORE_ENTRY,
        UPDATE_SCOPED_DATA_STORE_ENTRY,
    };
    pub use crate::experience::activation::{ACTIVATE_EXPERIENCE, DEACTIVATE_EXPERIENCE};
    pub use crate::experience::info::GET_EXPERIENCE;
    pub use crate::experience::luau::input::CREATE_LUAU_BINARY_INPUT;
    pub use crate::experience::luau::log::LIST_LUAU_TASK_LOGS;
    pub use crate::experience::luau::task::{CREATE_LUAU_TASK, CREATE_LUAU_VERSION_TASK, GET_LUAU_TASK};
    pub use crate::experience::message::PUBLISH_MESSAGE;
    pub use crate::experience::place::handle::GET_PLACE_EXPERIENCE;
    pub use crate::experience::place::history::{LIST_PLACE_CONTRIBUTORS, LIST_PLACE_HISTORY, SET_PLACE_VERSION_NOTES};
    pub use crate::experience::place::info::{GET_PLACE, UPDATE_PLACE};
    pub use crate::experience::place::members::LIST_TEAM_CREATE_MEMBERS;
    pub use crate::experience::place::publish::CREATE_PLACE_VERSION;
    pub use crate::experience::places::LIST_PLACES;
    pub use crate::experience::restriction::of_experience::{
        GET_USER_RESTRICTION, LIST_USER_RESTRICTION_LOGS, LIST_USER_RESTRICTIONS, UPDATE_USER_RESTRICTION,
    };
    pub use crate::experience::restriction::of_place::{
        GET_PLACE_USER_RESTRICTION, LIST_PLACE_USER_RESTRICTIONS, UPDATE_PLACE_USER_RESTRICTION,
    };
    pub use crate::experience::servers::filter::GET_GAME_SERVER_FILTERS;
    pub use crate::experience::servers::forecast::FORECAST_RESTART;
    pub use crate::experience::servers::game_server::LIST_GAME_SERVERS;
    pub use crate::experience::servers::log::LIST_GAME_SERVER_LOGS;
    pub use crate::experience::servers::restart::RESTART_SERVERS;
    pub use crate::experience::servers::restart_all::RESTART_UNIVERSE_SERVERS;
    pub use crate::experience::servers::restart_status::LIST_RESTARTS;
    pub use crate::experience::team_create::{GET_TEAM_CREATE, SET_TEAM_CREATE};
    pub use crate::experience::update::UPDATE_EXPERIENCE;
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
    pub use crate::memory::flush::{FLUSH_MEMORY_STORE, GET_MEMORY_STORE_OPERATION};
    pub use crate::memory::queue::handle::{ADD_QUEUE_ITEM, DISCARD_QUEUE_ITEMS, READ_QUEUE_ITEMS};
    pub use crate::memory::sorted_map::change::{
        CREATE_SORTED_MAP_ITEM, DELETE_SORTED_MAP_ITEM, UPDATE_SORTED_MAP_ITEM,
    };
    pub use crate::memory::sorted_map::handle::{GET_SORTED_MAP_ITEM, LIST_SORTED_MAP_ITEMS};
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
pub use experience::luau::script::LuauScript;
pub use experience::luau::task::LuauTask;
pub use experience::place::handle::Place;
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
