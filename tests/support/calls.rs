//! All calls. A row in this table puts a new endpoint into all tests that iterate over it.

use std::time::Duration;

use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
use rblxopencloud::data::OrderedDataStore;
use rblxopencloud::data::{DataStore, DataStoreEntry};
use rblxopencloud::experience::{ExperienceUpdate, PlaceUpdate, RestartOptions, Restriction, UniverseRestartOptions};
use rblxopencloud::memory::{NewQueueItem, NewSortedMapItem, Queue, SortedMap};
use rblxopencloud::oauth2::TokenSet;
use rblxopencloud::store::{AssetSearch, AssetSearchCategory, CreatorStoreProductType, Money, StoreProductUpdate};
use rblxopencloud::user::Notification;
use rblxopencloud::{AssetFile, AssetUpdate, Client, LuauScript, OAuth2App, Place, ThumbnailOptions, endpoints};
use serde_json::{Value, json};

use super::call::{Call, Returns, call};
use super::samples::PLACE;
use super::{KEY, USER, noise, upload};

fn membership() -> Value {
    json!({ "path": "groups/7/memberships/MTAwNw", "user": "users/1007", "role": "groups/7/roles/97" })
}

fn asset() -> Value {
    json!({ "path": "assets/4242", "assetId": "4242", "displayName": "name" })
}

fn version() -> Value {
    json!({ "path": "assets/4242/versions/1" })
}

fn product() -> Value {
    json!({ "path": "creator-store-products/4242", "modelAssetId": "4242" })
}

fn thumbnail() -> Value {
    json!({ "path": "users/156/operations/abc", "done": true, "response": { "imageUri": "https://host.example/a" } })
}

/// An app of the sandbox's sample data.
fn app(client: &Client) -> OAuth2App {
    OAuth2App::new("840974200211308101", "http://localhost:4000/callback").client(client)
}

fn place(client: &Client) -> Place {
    client.experience(13058).place(1818)
}

fn restriction() -> Value {
    json!({ "path": "universes/13058/user-restrictions/156", "gameJoinRestriction": { "active": false } })
}

/// The data store of all calls.
fn players(client: &Client) -> DataStore {
    client.experience(13058).data_store("Players")
}

fn data_entry() -> Value {
    json!({ "id": "user_156", "value": 7, "etag": "e", "revisionId": "r" })
}

fn started() -> Value {
    json!({ "path": "operations/abc", "operationId": "abc", "done": false })
}

fn coins(client: &Client) -> OrderedDataStore {
    client.experience(13058).ordered_data_store("Coins")
}

fn coin() -> Value {
    json!({ "id": "user_156", "value": 7 })
}

fn servers(client: &Client) -> SortedMap {
    client.experience(13058).memory_store().sorted_map("servers")
}

fn new_map_item() -> NewSortedMapItem {
    NewSortedMapItem::new(&7, Duration::from_secs(60))
}

fn map_item() -> Value {
    json!({ "id": "eu", "value": 7 })
}

fn jobs(client: &Client) -> Queue {
    client.experience(13058).memory_store().queue("jobs")
}

/// The path of a flush.
const FLUSH: &str = "cloud/v2/universes/13058/memory-store/operations/8f2c";

/// The path of a Luau task.
const TASK: &str = "universes/13058/places/1818/versions/7/luau-execution-sessions/8f2c/tasks/8f2c";

fn queued() -> Value {
    json!({ "path": TASK, "state": "QUEUED" })
}

/// Where an input is uploaded to.
#[derive(serde::Deserialize)]
struct Upload {
    #[serde(rename = "uploadUri")]
    _uri: String,
}

/// One call of each kind, for responses of many megabytes.
pub fn one_of_each_kind() -> Vec<Call> {
    let mut kinds = Vec::new();
    let mut is_new = |call: &Call| {
        let kind = (call.returns, call.is_page(), call.is_change(), call.may_have_acted());
        let is_new = !kinds.contains(&kind);
        kinds.push(kind);
        is_new
    };
    calls().into_iter().filter(|call| is_new(call)).collect()
}

pub fn calls() -> Vec<Call> {
    vec![
        call(
            "User::fetch_info",
            endpoints::GET_USER,
            &["156"],
            |client| client.user(USER).fetch_info().map(drop),
            || json!({ "id": "156", "name": "builderman" }),
        ),
        call(
            "User::list_inventory",
            endpoints::LIST_INVENTORY_ITEMS,
            &["156"],
            |client| client.user(USER).list_inventory().try_for_each(|item| item.map(drop)),
            || json!({ "inventoryItems": [], "nextPageToken": "" }),
        ),
        call(
            "User::list_groups",
            endpoints::LIST_GROUP_MEMBERSHIPS,
            &["-"],
            |client| client.user(USER).list_groups().try_for_each(|member| member.map(drop)),
            || json!({ "groupMemberships": [], "nextPageToken": "" }),
        ),
        call(
            "Group::fetch_info",
            endpoints::GET_GROUP,
            &["7"],
            |client| client.group(7).fetch_info().map(drop),
            || json!({ "id": "7", "displayName": "Roblox" }),
        ),
        call(
            "User::upload_asset",
            endpoints::CREATE_ASSET,
            &[],
            |client| upload(&client.user(USER), AssetFile::from_bytes("a.png", noise(1000))).map(drop),
            started,
        )
        .returns(Returns::Operation),
        call(
            "User::update_asset",
            endpoints::UPDATE_ASSET,
            &["4242"],
            |client| client.user(USER).update_asset_with(AssetUpdate::new(4242).display_name("name")).map(drop),
            started,
        )
        .returns(Returns::Operation),
        call(
            "Client::operation",
            endpoints::GET_ASSET_OPERATION,
            &["abc"],
            |client| client.operation("operations/abc".parse()?).poll().map(drop),
            started,
        ),
        call(
            "User::generate_thumbnail",
            endpoints::GENERATE_THUMBNAIL,
            &["156"],
            |client| client.user(USER).generate_thumbnail_with(&ThumbnailOptions::new()).map(drop),
            thumbnail,
        )
        .returns(Returns::Operation),
        call(
            "Client::thumbnail_operation",
            endpoints::GET_THUMBNAIL_OPERATION,
            &["156", "abc"],
            |client| client.thumbnail_operation("users/156/operations/abc".parse()?).poll().map(drop),
            thumbnail,
        ),
        call(
            "User::list_asset_quotas",
            endpoints::LIST_ASSET_QUOTAS,
            &["156"],
            |client| client.user(USER).list_asset_quotas().try_for_each(|quota| quota.map(drop)),
            || json!({ "assetQuotas": [], "nextPageToken": "" }),
        ),
        call(
            "User::send_notification",
            endpoints::CREATE_NOTIFICATION,
            &["156"],
            |client| {
                client
                    .user(USER)
                    .send_notification(&Notification::new(13058, "5dd7024b-68e3-ac4d-8232-4217f86ca244"))
                    .map(drop)
            },
            || json!({ "path": "users/156/notifications/1", "id": "1" }),
        ),
        call(
            "User::fetch_experience_followings",
            endpoints::LIST_EXPERIENCE_FOLLOWINGS,
            &["156"],
            |client| client.user(USER).fetch_experience_followings().map(drop),
            || json!({ "followedSources": {} }),
        ),
        call(
            "User::fetch_experience_following",
            endpoints::GET_EXPERIENCE_FOLLOWING,
            &["156", "13058"],
            |client| client.user(USER).fetch_experience_following(13058).map(drop),
            || json!({ "UniverseId": 13058, "UserId": 156, "IsFollowing": true }),
        ),
        call(
            "User::follow_experience",
            endpoints::FOLLOW_EXPERIENCE,
            &["156", "13058"],
            |client| client.user(USER).follow_experience(13058),
            || json!({ "universeId": 13058, "userId": 156 }),
        )
        .returns(Returns::Nothing),
        call(
            "User::unfollow_experience",
            endpoints::UNFOLLOW_EXPERIENCE,
            &["156", "13058"],
            |client| client.user(USER).unfollow_experience(13058),
            || json!({ "universeId": 13058, "userId": 156 }),
        )
        .returns(Returns::Nothing),
        call(
            "User::fetch_subscription",
            endpoints::GET_SUBSCRIPTION,
            &["13058", "EXP-1", "156"],
            |client| client.user(USER).fetch_subscription(13058, "EXP-1").map(drop),
            || json!({ "active": true }),
        ),
        call(
            "Client::list_memberships_of",
            endpoints::LIST_GROUP_MEMBERSHIPS,
            &["-"],
            |client| client.list_memberships_of([156]).try_for_each(|member| member.map(drop)),
            || json!({ "groupMemberships": [], "nextPageToken": "" }),
        ),
        call(
            "Group::list_memberships",
            endpoints::LIST_GROUP_MEMBERSHIPS,
            &["7"],
            |client| client.group(7).list_memberships().try_for_each(|member| member.map(drop)),
            || json!({ "groupMemberships": [], "nextPageToken": "" }),
        ),
        call(
            "Group::list_roles",
            endpoints::LIST_GROUP_ROLES,
            &["7"],
            |client| client.group(7).list_roles().try_for_each(|role| role.map(drop)),
            || json!({ "groupRoles": [], "nextPageToken": "" }),
        ),
        call(
            "Group::fetch_role",
            endpoints::GET_GROUP_ROLE,
            &["7", "99"],
            |client| client.group(7).fetch_role(99).map(drop),
            || json!({ "id": "99", "rank": 255 }),
        ),
        call(
            "Group::update_member",
            endpoints::UPDATE_GROUP_MEMBERSHIP,
            &["7", "MTAwNw"],
            |client| client.group(7).update_member(1007, 97).map(drop),
            membership,
        ),
        call(
            "Group::assign_role",
            endpoints::ASSIGN_GROUP_ROLE,
            &["7", "MTAwNw"],
            |client| client.group(7).assign_role(1007, 97).map(drop),
            membership,
        ),
        call(
            "Group::unassign_role",
            endpoints::UNASSIGN_GROUP_ROLE,
            &["7", "MTAwNw"],
            |client| client.group(7).unassign_role(1007, 97).map(drop),
            membership,
        ),
        call(
            "Group::list_join_requests",
            endpoints::LIST_GROUP_JOIN_REQUESTS,
            &["7"],
            |client| client.group(7).list_join_requests().try_for_each(|request| request.map(drop)),
            || json!({ "groupJoinRequests": [], "nextPageToken": "" }),
        ),
        call(
            "Group::accept_join_request",
            endpoints::ACCEPT_GROUP_JOIN_REQUEST,
            &["7", "42"],
            |client| client.group(7).accept_join_request(42),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Group::decline_join_request",
            endpoints::DECLINE_GROUP_JOIN_REQUEST,
            &["7", "42"],
            |client| client.group(7).decline_join_request(42),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Group::list_audit_log",
            endpoints::LIST_GROUP_AUDIT_LOG,
            &["7"],
            |client| client.group(7).list_audit_log().try_for_each(|entry| entry.map(drop)),
            || json!({ "data": [], "nextPageCursor": null }),
        ),
        call(
            "Client::list_manageable_groups",
            endpoints::LIST_MANAGEABLE_GROUPS,
            &[],
            |client| client.list_manageable_groups().try_for_each(|group| group.map(drop)),
            || json!({ "data": [] }),
        ),
        call(
            "Client::find_users",
            endpoints::FIND_USERS,
            &[],
            |client| client.find_users(["builderman"]).map(drop),
            || json!({ "data": [{ "requestedUsername": "builderman", "id": 156, "name": "builderman" }] }),
        ),
        call(
            "Client::inspect_key",
            endpoints::INSPECT_KEY,
            &[],
            |client| client.inspect_key().map(drop),
            || json!({ "name": "key", "enabled": true, "expired": false, "scopes": [] }),
        ),
        call(
            "Experience::fetch_info",
            endpoints::GET_EXPERIENCE,
            &["13058"],
            |client| client.experience(13058).fetch_info().map(drop),
            || json!({ "path": "universes/13058", "displayName": "Crossroads" }),
        ),
        call(
            "Experience::update",
            endpoints::UPDATE_EXPERIENCE,
            &["13058"],
            |client| client.experience(13058).update(ExperienceUpdate::new().console(true)).map(drop),
            || json!({ "consoleEnabled": true }),
        ),
        call(
            "Experience::activate",
            endpoints::ACTIVATE_EXPERIENCE,
            &["13058"],
            |client| client.experience(13058).activate(),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Experience::deactivate",
            endpoints::DEACTIVATE_EXPERIENCE,
            &["13058"],
            |client| client.experience(13058).deactivate(),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Experience::list_places",
            endpoints::LIST_PLACES,
            &["13058"],
            |client| client.experience(13058).list_places().try_for_each(|place| place.map(drop)),
            || json!({ "data": [{ "id": 1818, "name": "Crossroads" }], "nextPageCursor": null }),
        )
        .returns(Returns::List),
        call(
            "Experience::has_team_create",
            endpoints::GET_TEAM_CREATE,
            &["13058"],
            |client| client.experience(13058).has_team_create().map(drop),
            || json!({ "isEnabled": true }),
        ),
        call(
            "Experience::set_team_create",
            endpoints::SET_TEAM_CREATE,
            &["13058"],
            |client| client.experience(13058).set_team_create(true),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Place::experience_id",
            endpoints::GET_PLACE_EXPERIENCE,
            &["1818"],
            |client| client.place(1818).experience_id().map(drop),
            || json!({ "universeId": 13058 }),
        ),
        call(
            "Place::fetch_info",
            endpoints::GET_PLACE,
            &["13058", "1818"],
            |client| client.experience(13058).place(1818).fetch_info().map(drop),
            || json!({ "path": "universes/13058/places/1818", "displayName": "Crossroads" }),
        ),
        call(
            "Place::update",
            endpoints::UPDATE_PLACE,
            &["13058", "1818"],
            |client| client.experience(13058).place(1818).update(PlaceUpdate::new().server_size(30)).map(drop),
            || json!({ "serverSize": 30 }),
        ),
        call(
            "Place::list_team_create_members",
            endpoints::LIST_TEAM_CREATE_MEMBERS,
            &["1818"],
            |client| client.place(1818).list_team_create_members().try_for_each(|user| user.map(drop)),
            || json!({ "data": [{ "id": 156, "name": "builderman" }], "nextPageCursor": null }),
        )
        .returns(Returns::List),
        call(
            "Place::publish",
            endpoints::CREATE_PLACE_VERSION,
            &["13058", "1818"],
            |client| client.experience(13058).place(1818).publish(PLACE).map(drop),
            || json!({ "versionNumber": 7 }),
        ),
        call(
            "Place::list_history",
            endpoints::LIST_PLACE_HISTORY,
            &["1818"],
            |client| client.place(1818).list_history().try_for_each(|entry| entry.map(drop)),
            || json!({ "placeVersions": [{ "version": "7" }], "nextCursor": null, "hasMore": false }),
        )
        .returns(Returns::List),
        call(
            "Place::list_contributors",
            endpoints::LIST_PLACE_CONTRIBUTORS,
            &["1818"],
            |client| client.place(1818).list_contributors().try_for_each(|user| user.map(drop)),
            || json!({ "contributors": [156], "nextCursor": null, "hasMore": false }),
        )
        .returns(Returns::List),
        call(
            "PlaceVersionHandle::set_notes",
            endpoints::SET_PLACE_VERSION_NOTES,
            &["1818", "7"],
            |client| client.place(1818).version(7).set_notes("title", "description").map(drop),
            || json!({ "placeVersion": { "version": "7" } }),
        ),
        call(
            "Experience::restart_servers",
            endpoints::RESTART_SERVERS,
            &["13058"],
            |client| client.experience(13058).restart_servers(RestartOptions::new().settle(false)).map(drop),
            || json!({ "id": "8f2c", "playersImpacted": 3, "instancesImpacted": 1 }),
        ),
        call(
            "Experience::list_restarts",
            endpoints::LIST_RESTARTS,
            &["13058"],
            |client| client.experience(13058).list_restarts().map(drop),
            || json!({ "restartStatuses": {} }),
        ),
        call(
            "Experience::forecast_restart",
            endpoints::FORECAST_RESTART,
            &["13058"],
            |client| client.experience(13058).forecast_restart().map(drop),
            || json!({ "placeForecasts": {} }),
        ),
        call(
            "Experience::restart_universe_servers",
            endpoints::RESTART_UNIVERSE_SERVERS,
            &["13058"],
            |client| client.experience(13058).restart_universe_servers(UniverseRestartOptions::new()),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Experience::publish_message",
            endpoints::PUBLISH_MESSAGE,
            &["13058"],
            |client| client.experience(13058).publish_message("updates", "restart"),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "OrderedDataStore::fetch",
            endpoints::GET_ORDERED_ENTRY,
            &["13058", "Coins", "global", "user_156"],
            |client| coins(client).fetch("user_156").map(drop),
            coin,
        ),
        call(
            "OrderedDataStore::list_entries",
            endpoints::LIST_ORDERED_ENTRIES,
            &["13058", "Coins", "global"],
            |client| coins(client).list_entries().try_for_each(|entry| entry.map(drop)),
            || json!({ "orderedDataStoreEntries": [], "nextPageToken": "" }),
        ),
        call(
            "OrderedDataStore::create",
            endpoints::CREATE_ORDERED_ENTRY,
            &["13058", "Coins", "global"],
            |client| coins(client).create("user_156", 7).map(drop),
            coin,
        ),
        call(
            "OrderedDataStore::set",
            endpoints::UPDATE_ORDERED_ENTRY,
            &["13058", "Coins", "global", "user_156"],
            |client| coins(client).set("user_156", 7).map(drop),
            coin,
        ),
        call(
            "OrderedDataStore::increment",
            endpoints::INCREMENT_ORDERED_ENTRY,
            &["13058", "Coins", "global", "user_156"],
            |client| coins(client).increment("user_156", 7).map(drop),
            coin,
        ),
        call(
            "OrderedDataStore::delete",
            endpoints::DELETE_ORDERED_ENTRY,
            &["13058", "Coins", "global", "user_156"],
            |client| coins(client).delete("user_156"),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "SortedMap::fetch",
            endpoints::GET_SORTED_MAP_ITEM,
            &["13058", "servers", "eu"],
            |client| servers(client).fetch("eu").map(drop),
            map_item,
        ),
        call(
            "SortedMap::list_items",
            endpoints::LIST_SORTED_MAP_ITEMS,
            &["13058", "servers"],
            |client| servers(client).list_items().try_for_each(|item| item.map(drop)),
            || json!({ "items": [], "nextPageToken": "" }),
        ),
        call(
            "SortedMap::create",
            endpoints::CREATE_SORTED_MAP_ITEM,
            &["13058", "servers"],
            |client| servers(client).create("eu", new_map_item()).map(drop),
            map_item,
        ),
        call(
            "SortedMap::set",
            endpoints::UPDATE_SORTED_MAP_ITEM,
            &["13058", "servers", "eu"],
            |client| servers(client).set("eu", new_map_item()).map(drop),
            map_item,
        ),
        call(
            "SortedMap::delete",
            endpoints::DELETE_SORTED_MAP_ITEM,
            &["13058", "servers", "eu"],
            |client| servers(client).delete("eu"),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "Queue::add",
            endpoints::ADD_QUEUE_ITEM,
            &["13058", "jobs"],
            |client| jobs(client).add(NewQueueItem::new(&7)).map(drop),
            || json!({ "id": "1", "data": 7 }),
        ),
        call(
            "Queue::read",
            endpoints::READ_QUEUE_ITEMS,
            &["13058", "jobs"],
            |client| jobs(client).read(1, Duration::from_secs(30)).map(drop),
            || json!({ "id": "", "queueItems": [] }),
        ),
        call(
            "Queue::discard",
            endpoints::DISCARD_QUEUE_ITEMS,
            &["13058", "jobs"],
            |client| jobs(client).discard("8f2c"),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "MemoryStore::flush",
            endpoints::FLUSH_MEMORY_STORE,
            &["13058"],
            |client| client.experience(13058).memory_store().flush().map(drop),
            || json!({ "path": FLUSH, "done": false }),
        )
        .returns(Returns::Operation),
        call(
            "Client::memory_store_operation",
            endpoints::GET_MEMORY_STORE_OPERATION,
            &["13058", "8f2c"],
            |client| client.memory_store_operation(FLUSH.parse()?).poll().map(drop),
            || json!({ "path": FLUSH, "done": false }),
        ),
        call(
            "Place::list_game_servers",
            endpoints::LIST_GAME_SERVERS,
            &["13058", "1818", "7"],
            |client| place(client).list_game_servers(7).try_for_each(|server| server.map(drop)),
            || json!({ "gameServers": [], "nextPageToken": null }),
        ),
        call(
            "Place::count_game_servers",
            endpoints::LIST_GAME_SERVERS,
            &["13058", "1818", "7"],
            |client| place(client).count_game_servers(7).map(drop),
            || json!({ "gameServers": [], "totalCount": 3 }),
        ),
        call(
            "Place::list_game_server_logs",
            endpoints::LIST_GAME_SERVER_LOGS,
            &["13058", "1818", "7", "8f2c"],
            |client| place(client).list_game_server_logs(7, "8f2c").try_for_each(|entry| entry.map(drop)),
            || json!({ "gameServerLogs": [], "nextPageToken": null }),
        ),
        call(
            "Place::fetch_game_server_filters",
            endpoints::GET_GAME_SERVER_FILTERS,
            &["13058", "1818"],
            |client| place(client).fetch_game_server_filters().map(drop),
            || json!({ "filters": {} }),
        ),
        call(
            "Experience::list_data_stores",
            endpoints::LIST_DATA_STORES,
            &["13058"],
            |client| client.experience(13058).list_data_stores().try_for_each(|store| store.map(drop)),
            || json!({ "dataStores": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            "DataStore::delete_store",
            endpoints::DELETE_DATA_STORE,
            &["13058", "Players"],
            |client| players(client).delete_store().map(drop),
            || json!({ "id": "Players", "state": "DELETED" }),
        ),
        call(
            "DataStore::undelete_store",
            endpoints::UNDELETE_DATA_STORE,
            &["13058", "Players"],
            |client| players(client).undelete_store().map(drop),
            || json!({ "id": "Players", "state": "ACTIVE" }),
        ),
        call(
            "Experience::snapshot_data_stores",
            endpoints::SNAPSHOT_DATA_STORES,
            &["13058"],
            |client| client.experience(13058).snapshot_data_stores().map(drop),
            || json!({ "newSnapshotTaken": true, "latestSnapshotTime": "2026-01-01T00:00:00Z" }),
        ),
        call(
            "DataStore::list_entries",
            endpoints::LIST_DATA_STORE_ENTRIES,
            &["13058", "Players"],
            |client| players(client).list_entries().try_for_each(|entry| entry.map(drop)),
            || json!({ "dataStoreEntries": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            // To the method, a missing entry is no error.
            "DataStore::fetch",
            endpoints::GET_DATA_STORE_ENTRY,
            &["13058", "Players", "user_156"],
            |client| {
                let request = client.call(&endpoints::GET_DATA_STORE_ENTRY).param("universe", 13058);
                request.param("store", "Players").param("entry", "user_156").fetch::<DataStoreEntry>().map(drop)
            },
            data_entry,
        ),
        call(
            // The method looks for the entry after a refusal.
            "DataStore::create",
            endpoints::CREATE_DATA_STORE_ENTRY,
            &["13058", "Players"],
            |client| {
                let request = client.call(&endpoints::CREATE_DATA_STORE_ENTRY).param("universe", 13058);
                let request = request.param("store", "Players").query("id", "user_156");
                request.json(&json!({ "value": 7 })).fetch::<DataStoreEntry>().map(drop)
            },
            data_entry,
        ),
        call(
            // The method reads the entry first.
            "DataStore::set",
            endpoints::UPDATE_DATA_STORE_ENTRY,
            &["13058", "Players", "user_156"],
            |client| {
                let request =
                    client.call(&endpoints::UPDATE_DATA_STORE_ENTRY).param("universe", 13058).param("store", "Players");
                request.param("entry", "user_156").json(&json!({ "value": 7 })).fetch::<DataStoreEntry>().map(drop)
            },
            data_entry,
        ),
        call(
            // The method reads the entry first.
            "DataStore::increment",
            endpoints::INCREMENT_DATA_STORE_ENTRY,
            &["13058", "Players", "user_156"],
            |client| {
                let request = client
                    .call(&endpoints::INCREMENT_DATA_STORE_ENTRY)
                    .param("universe", 13058)
                    .param("store", "Players");
                request.param("entry", "user_156").json(&json!({ "amount": 7 })).fetch::<DataStoreEntry>().map(drop)
            },
            data_entry,
        ),
        call(
            // The method can be repeated, but not what else deletes entries.
            "DataStore::delete",
            endpoints::DELETE_DATA_STORE_ENTRY,
            &["13058", "Players", "user_156"],
            |client| {
                let request =
                    client.call(&endpoints::DELETE_DATA_STORE_ENTRY).param("universe", 13058).param("store", "Players");
                request.param("entry", "user_156").send()
            },
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "DataStore::list_revisions",
            endpoints::LIST_DATA_STORE_ENTRY_REVISIONS,
            &["13058", "Players", "user_156"],
            |client| players(client).list_revisions("user_156").try_for_each(|revision| revision.map(drop)),
            || json!({ "dataStoreEntries": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            "DataStore::list_entries",
            endpoints::LIST_SCOPED_DATA_STORE_ENTRIES,
            &["13058", "Players", "eu"],
            |client| players(client).with_scope("eu").list_entries().try_for_each(|entry| entry.map(drop)),
            || json!({ "dataStoreEntries": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            // To the method, a missing entry is no error.
            "DataStore::fetch",
            endpoints::GET_SCOPED_DATA_STORE_ENTRY,
            &["13058", "Players", "eu", "user_156"],
            |client| {
                let request = client.call(&endpoints::GET_SCOPED_DATA_STORE_ENTRY).param("universe", 13058);
                request
                    .param("store", "Players")
                    .param("scope", "eu")
                    .param("entry", "user_156")
                    .fetch::<DataStoreEntry>()
                    .map(drop)
            },
            data_entry,
        ),
        call(
            // The method looks for the entry after a refusal.
            "DataStore::create",
            endpoints::CREATE_SCOPED_DATA_STORE_ENTRY,
            &["13058", "Players", "eu"],
            |client| {
                let request = client.call(&endpoints::CREATE_SCOPED_DATA_STORE_ENTRY).param("universe", 13058);
                let request = request.param("store", "Players").param("scope", "eu").query("id", "user_156");
                request.json(&json!({ "value": 7 })).fetch::<DataStoreEntry>().map(drop)
            },
            data_entry,
        ),
        call(
            // The method reads the entry first.
            "DataStore::set",
            endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY,
            &["13058", "Players", "eu", "user_156"],
            |client| {
                let request = client
                    .call(&endpoints::UPDATE_SCOPED_DATA_STORE_ENTRY)
                    .param("universe", 13058)
                    .param("store", "Players");
                request
                    .param("scope", "eu")
                    .param("entry", "user_156")
                    .json(&json!({ "value": 7 }))
                    .fetch::<DataStoreEntry>()
                    .map(drop)
            },
            data_entry,
        ),
        call(
            // The method reads the entry first.
            "DataStore::increment",
            endpoints::INCREMENT_SCOPED_DATA_STORE_ENTRY,
            &["13058", "Players", "eu", "user_156"],
            |client| {
                let request = client
                    .call(&endpoints::INCREMENT_SCOPED_DATA_STORE_ENTRY)
                    .param("universe", 13058)
                    .param("store", "Players");
                request
                    .param("scope", "eu")
                    .param("entry", "user_156")
                    .json(&json!({ "amount": 7 }))
                    .fetch::<DataStoreEntry>()
                    .map(drop)
            },
            data_entry,
        ),
        call(
            // The method can be repeated, but not what else deletes entries.
            "DataStore::delete",
            endpoints::DELETE_SCOPED_DATA_STORE_ENTRY,
            &["13058", "Players", "eu", "user_156"],
            |client| {
                let request = client
                    .call(&endpoints::DELETE_SCOPED_DATA_STORE_ENTRY)
                    .param("universe", 13058)
                    .param("store", "Players");
                request.param("scope", "eu").param("entry", "user_156").send()
            },
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "DataStore::list_revisions",
            endpoints::LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS,
            &["13058", "Players", "eu", "user_156"],
            |client| {
                players(client).with_scope("eu").list_revisions("user_156").try_for_each(|revision| revision.map(drop))
            },
            || json!({ "dataStoreEntries": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            "Experience::fetch_restriction",
            endpoints::GET_USER_RESTRICTION,
            &["13058", "156"],
            |client| client.experience(13058).fetch_restriction(USER).map(drop),
            restriction,
        ),
        call(
            "Experience::restrict_user",
            endpoints::UPDATE_USER_RESTRICTION,
            &["13058", "156"],
            |client| client.experience(13058).restrict_user(USER, Restriction::permanent()).map(drop),
            restriction,
        ),
        call(
            "Experience::lift_restriction",
            endpoints::UPDATE_USER_RESTRICTION,
            &["13058", "156"],
            |client| client.experience(13058).lift_restriction(USER).map(drop),
            restriction,
        ),
        call(
            "Experience::list_restrictions",
            endpoints::LIST_USER_RESTRICTIONS,
            &["13058"],
            |client| client.experience(13058).list_restrictions().try_for_each(|restriction| restriction.map(drop)),
            || json!({ "userRestrictions": [], "nextPageToken": "" }),
        ),
        call(
            "Experience::list_restriction_logs",
            endpoints::LIST_USER_RESTRICTION_LOGS,
            &["13058"],
            |client| client.experience(13058).list_restriction_logs().try_for_each(|change| change.map(drop)),
            || json!({ "logs": [], "nextPageToken": "" }),
        ),
        call(
            "Place::fetch_restriction",
            endpoints::GET_PLACE_USER_RESTRICTION,
            &["13058", "1818", "156"],
            |client| place(client).fetch_restriction(USER).map(drop),
            restriction,
        ),
        call(
            "Place::restrict_user",
            endpoints::UPDATE_PLACE_USER_RESTRICTION,
            &["13058", "1818", "156"],
            |client| place(client).restrict_user(USER, Restriction::permanent()).map(drop),
            restriction,
        ),
        call(
            "Place::lift_restriction",
            endpoints::UPDATE_PLACE_USER_RESTRICTION,
            &["13058", "1818", "156"],
            |client| place(client).lift_restriction(USER).map(drop),
            restriction,
        ),
        call(
            "Place::list_restrictions",
            endpoints::LIST_PLACE_USER_RESTRICTIONS,
            &["13058", "1818"],
            |client| place(client).list_restrictions().try_for_each(|restriction| restriction.map(drop)),
            || json!({ "userRestrictions": [], "nextPageToken": "" }),
        ),
        call(
            "Place::list_restriction_logs",
            endpoints::LIST_USER_RESTRICTION_LOGS,
            &["13058"],
            |client| place(client).list_restriction_logs().try_for_each(|change| change.map(drop)),
            || json!({ "logs": [], "nextPageToken": "" }),
        ),
        call(
            "AssetHandle::fetch",
            endpoints::GET_ASSET,
            &["4242"],
            |client| client.asset(4242).fetch().map(drop),
            asset,
        ),
        call(
            "AssetHandle::update",
            endpoints::UPDATE_ASSET,
            &["4242"],
            |client| client.asset(4242).update_with(AssetUpdate::default().display_name("name")).map(drop),
            started,
        )
        .returns(Returns::Operation),
        call(
            "AssetHandle::list_versions",
            endpoints::LIST_ASSET_VERSIONS,
            &["4242"],
            |client| client.asset(4242).list_versions().try_for_each(|version| version.map(drop)),
            || json!({ "assetVersions": [], "nextPageToken": "" }),
        )
        .returns(Returns::List),
        call(
            "AssetHandle::fetch_version",
            endpoints::GET_ASSET_VERSION,
            &["4242", "1"],
            |client| client.asset(4242).fetch_version(1).map(drop),
            version,
        ),
        call(
            "AssetHandle::rollback",
            endpoints::ROLLBACK_ASSET,
            &["4242"],
            |client| client.asset(4242).rollback(1).map(drop),
            version,
        ),
        call(
            "AssetHandle::archive",
            endpoints::ARCHIVE_ASSET,
            &["4242"],
            |client| client.asset(4242).archive().map(drop),
            asset,
        ),
        call(
            "AssetHandle::restore",
            endpoints::RESTORE_ASSET,
            &["4242"],
            |client| client.asset(4242).restore().map(drop),
            asset,
        ),
        call(
            "AssetHandle::locate",
            endpoints::GET_ASSET_DELIVERY,
            &["4242"],
            |client| client.asset(4242).locate().map(drop),
            || json!({ "location": "https://host.example/a" }),
        ),
        call(
            "AssetHandle::locate_version",
            endpoints::GET_ASSET_VERSION_DELIVERY,
            &["4242", "1"],
            |client| client.asset(4242).locate_version(1).map(drop),
            || json!({ "location": "https://host.example/a" }),
        ),
        call(
            "AssetHandle::fetch_delivery",
            endpoints::GET_ASSET_DELIVERY,
            &["4242"],
            |client| client.asset(4242).fetch_delivery().map(drop),
            || json!({ "location": "https://host.example/a" }),
        ),
        call(
            "AssetHandle::fetch_version_delivery",
            endpoints::GET_ASSET_VERSION_DELIVERY,
            &["4242", "1"],
            |client| client.asset(4242).fetch_version_delivery(1).map(drop),
            || json!({ "location": "https://host.example/a" }),
        ),
        call(
            "Client::grant_asset_permissions",
            endpoints::GRANT_ASSET_PERMISSIONS,
            &[],
            |client| {
                let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use);
                client.grant_asset_permissions(&permission, [4242]).map(drop)
            },
            || json!({ "successAssetIds": [4242], "errors": [] }),
        ),
        call(
            "AssetHandle::create_store_product",
            endpoints::CREATE_CREATOR_STORE_PRODUCT,
            &[],
            |client| {
                let free = StoreProductUpdate::new().base_price(Money::usd("0")?);
                client.asset(4242).create_store_product(&CreatorStoreProductType::Model, &free).map(drop)
            },
            product,
        ),
        call(
            "AssetHandle::fetch_store_product",
            endpoints::GET_CREATOR_STORE_PRODUCT,
            &["CreatorMarketplaceAsset-Model-4242"],
            |client| client.asset(4242).fetch_store_product(&CreatorStoreProductType::Model).map(drop),
            product,
        ),
        call(
            "AssetHandle::update_store_product",
            endpoints::UPDATE_CREATOR_STORE_PRODUCT,
            &["CreatorMarketplaceAsset-Model-4242"],
            |client| {
                client
                    .asset(4242)
                    .update_store_product(&CreatorStoreProductType::Model, &StoreProductUpdate::new().published(true))
                    .map(drop)
            },
            product,
        ),
        call(
            "Client::search_assets",
            endpoints::SEARCH_ASSETS,
            &[],
            |client| {
                let search = AssetSearch::new(AssetSearchCategory::Model).query("tree");
                client.search_assets(search).try_for_each(|asset| asset.map(drop))
            },
            || json!({ "creatorStoreAssets": [], "nextPageToken": null }),
        ),
        call(
            "Client::fetch_search_page",
            endpoints::SEARCH_ASSETS,
            &[],
            |client| client.fetch_search_page(AssetSearch::new(AssetSearchCategory::Model).query("tree")).map(drop),
            || json!({ "creatorStoreAssets": [], "nextPageToken": null, "totalResults": 0 }),
        ),
        call(
            "OAuth2App::refresh",
            endpoints::GET_TOKEN,
            &[],
            |client| app(client).refresh(&TokenSet::from_refresh_token(KEY)).map(drop),
            || json!({ "access_token": "a", "refresh_token": "b", "expires_in": 899 }),
        ),
        call(
            "OAuth2App::introspect",
            endpoints::INTROSPECT_TOKEN,
            &[],
            |client| app(client).introspect(KEY).map(drop),
            || json!({ "active": true }),
        ),
        call(
            "OAuth2App::revoke",
            endpoints::REVOKE_TOKEN,
            &[],
            |client| app(client).revoke(&TokenSet::from_refresh_token(KEY)),
            || json!({}),
        )
        .returns(Returns::Nothing),
        call(
            "AccessToken::fetch_resources",
            endpoints::GET_TOKEN_RESOURCES,
            &[],
            |client| {
                let tokens = TokenSet::from_access_token(KEY, "2100-01-01T00:00:00Z".parse().expect("a time"));
                app(client).access_token(tokens).fetch_resources().map(drop)
            },
            || json!({ "resource_infos": [] }),
        ),
        call(
            "Place::run_luau",
            endpoints::CREATE_LUAU_TASK,
            &["13058", "1818"],
            |client| client.experience(13058).place(1818).run_luau(LuauScript::new("return 1")).map(drop),
            queued,
        ),
        call(
            "PlaceVersionHandle::run_luau",
            endpoints::CREATE_LUAU_VERSION_TASK,
            &["13058", "1818", "7"],
            |client| client.experience(13058).place(1818).version(7).run_luau(LuauScript::new("return 1")).map(drop),
            queued,
        ),
        call(
            "Client::luau_task",
            endpoints::GET_LUAU_TASK,
            &["13058", "1818", "7", "8f2c", "8f2c"],
            |client| client.luau_task(TASK)?.poll().map(drop),
            queued,
        ),
        call(
            "LuauTask::list_logs",
            endpoints::LIST_LUAU_TASK_LOGS,
            &["13058", "1818", "7", "8f2c", "8f2c"],
            |client| client.luau_task(TASK)?.list_logs().try_for_each(|log| log.map(drop)),
            || json!({ "luauExecutionSessionTaskLogs": [], "nextPageToken": "" }),
        ),
        call(
            // The method uploads the bytes too, to where the response says.
            "Experience::upload_luau_input",
            endpoints::CREATE_LUAU_BINARY_INPUT,
            &["13058"],
            |client| {
                let request = client.call(&endpoints::CREATE_LUAU_BINARY_INPUT).param("universe", 13058);
                request.json(&json!({ "size": 4 })).fetch::<Upload>().map(drop)
            },
            || json!({ "path": "universes/13058/luau-execution-session-task-binary-inputs/8f2c", "uploadUri": "https://host.example/a" }),
        ),
    ]
}
