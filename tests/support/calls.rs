//! All calls. A row in this table puts a new endpoint into all tests that iterate over it.

use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
use rblxopencloud::oauth2::TokenSet;
use rblxopencloud::store::{AssetSearch, AssetSearchCategory, CreatorStoreProductType, Money, StoreProductUpdate};
use rblxopencloud::user::Notification;
use rblxopencloud::{AssetFile, AssetUpdate, Client, Endpoint, Error, OAuth2App, ThumbnailOptions, endpoints};
use serde_json::{Value, json};

use super::{KEY, USER, noise, upload};

/// A call, with what tests need to know.
pub struct Call {
    /// The method's name in the documentation of `endpoints`.
    pub method: &'static str,
    pub endpoint: Endpoint,
    /// The parameters of the path, in order.
    pub parameters: &'static [&'static str],
    /// Makes one request.
    pub make: fn(&Client) -> Result<(), Error>,
    /// A successful response.
    pub answer: fn() -> Value,
    pub returns: Returns,
}

/// What a call returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Returns {
    Model,
    /// A page, or a bare list.
    List,
    Operation,
    Nothing,
}

/// A call that returns a model or a page.
fn call(
    method: &'static str,
    endpoint: Endpoint,
    parameters: &'static [&'static str],
    make: fn(&Client) -> Result<(), Error>,
    answer: fn() -> Value,
) -> Call {
    Call { method, endpoint, parameters, make, answer, returns: Returns::Model }
}

impl Call {
    fn returns(mut self, returns: Returns) -> Self {
        self.returns = returns;
        self
    }

    /// Whether it may do more when it is made twice.
    pub fn is_change(&self) -> bool {
        !self.endpoint.is_harmless()
    }

    /// Whether a failure after it was sent may leave something undecided: a change, or an accepted operation that it polls,
    /// which may succeed whatever becomes of the poll.
    pub fn may_have_acted(&self) -> bool {
        self.is_change() || self.endpoint.path().contains("operations")
    }

    /// Whether its response is a page with a token for the next one.
    fn is_page(&self) -> bool {
        (self.answer)().get("nextPageToken").is_some()
    }

    /// The path of the request.
    pub fn path(&self) -> String {
        let mut parameters = self.parameters.iter();
        let segments = self.endpoint.path().split('/').map(|segment| match segment.split_once('}') {
            Some((_, verb)) => format!("{}{verb}", parameters.next().expect("a parameter for each name")),
            None => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

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

fn started() -> Value {
    json!({ "path": "operations/abc", "operationId": "abc", "done": false })
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
    ]
}
