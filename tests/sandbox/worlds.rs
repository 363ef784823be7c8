//! Worlds as JSON: loading, dumping, and what is refused.

use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
use rblxopencloud::group::GroupPermission;
use rblxopencloud::{
    AssetFile, AssetType, AssetUpdate, AssetUpload, Creator, InventoryAssetType, InventoryItem, LuauScript,
};
use rblxopencloud_sandbox::{RateLimit, Sandbox};
use serde_json::{Value, json};

use crate::support::local::{crate_png, get, sandbox};
use crate::support::samples::PLACE;

/// Returns what a sandbox that was loaded with a dump dumps.
fn reloaded(dump: &str) -> String {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.load_world(dump).expect("a dump is a world");
    sandbox.dump_world()
}

fn parsed(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.dump_world()).expect("it is JSON")
}

#[test]
fn the_sample_data_survives_a_dump() {
    let demo = Sandbox::builder().demo().unknown_kinds().start().expect("a free port");
    let dump = demo.dump_world();
    assert!(reloaded(&dump) == dump, "it is another one");
    let sandbox = Sandbox::builder().world(&*dump).start().expect("a dump is a world");
    let items = |sandbox: &Sandbox| -> Vec<InventoryItem> {
        sandbox.client().user(156).list_inventory().collect::<Result<_, _>>().expect("a list")
    };
    assert_eq!(items(&sandbox), items(&demo));
    assert_eq!(
        sandbox.client().user(156).fetch_info().expect("a user"),
        demo.client().user(156).fetch_info().expect("a user")
    );
    let roles = |sandbox: &Sandbox| sandbox.client().group(7).list_roles().collect::<Result<Vec<_>, _>>();
    assert_eq!(roles(&sandbox).expect("roles"), roles(&demo).expect("roles"));
    let members = |sandbox: &Sandbox| sandbox.client().group(7).list_memberships().collect::<Result<Vec<_>, _>>();
    assert_eq!(members(&sandbox).expect("members"), members(&demo).expect("members"));
}

#[test]
fn what_was_done_by_requests_survives_a_dump() {
    let demo = Sandbox::builder().demo().start().expect("a free port");
    demo.set_quota(AssetType::Audio, 3);
    let user = demo.client().user(156);
    let asset = user.upload_asset_with(crate_png()).expect("accepted").wait().expect("done");
    let bytes = b"<roblox!\x89\xff\r\n\x1a\n\0".to_vec();
    let model = AssetUpload::new(AssetFile::from_bytes("m.rbxm", bytes.clone()), AssetType::Model, "model", "");
    let model = user.upload_asset_with(model).expect("accepted").wait().expect("done");
    let update = AssetUpdate::new(model.id).description("two").file(AssetFile::from_bytes("n.rbxm", bytes.clone()));
    user.update_asset_with(update).expect("accepted").wait().expect("done");
    let handle = demo.client().asset(model.id);
    handle.rollback(1).expect("it is rolled back");
    let permission = AssetPermission::new(PermissionSubject::User(157), AssetAction::Use);
    let _ = demo.client().grant_asset_permissions(&permission, [model.id]).expect("granted");
    demo.client().asset(asset.id).archive().expect("archived");
    user.follow_experience(13058).expect("it follows");
    demo.client().group(7).update_member(1007, 97).expect("another role");

    let dump = demo.dump_world();
    assert_eq!(reloaded(&dump), dump);
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.load_world(&dump).expect("a dump is a world");
    assert_eq!(sandbox.assets(), demo.assets());
    assert_eq!(sandbox.asset_content(model.id), demo.asset_content(model.id));
    assert_eq!(sandbox.asset_content(model.id).expect("content").bytes, bytes);
    assert_eq!(sandbox.asset_permissions(model.id), demo.asset_permissions(model.id));
    assert_eq!(sandbox.client().asset(model.id).list_versions().count(), 3);
    let next = sandbox.client().user(156).upload_asset_with(crate_png()).expect("accepted").wait().expect("done");
    assert!(next.id > model.id, "new ids are new");
}

/// A world has no versions of places, so none of the contents of versions either.
#[test]
fn places_of_a_dump_have_no_versions() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let place = sandbox.client().experience(13058).place(1818);
    place.publish([PLACE, b"before"].concat()).expect("published");
    sandbox.on_luau(|_, _| json!("judged"));
    let dump = sandbox.dump_world();
    sandbox.load_world(&dump).expect("a dump is a world");
    assert!(sandbox.place_versions(1818).is_empty() && sandbox.asset_content(1818).is_none());
    let content = [PLACE, b"after"].concat();
    assert_eq!(place.publish(content.clone()).expect("published").number, 1);
    let mut downloaded = Vec::new();
    place.version(1).download(&mut downloaded).expect("it is there");
    assert!(downloaded == content, "version 1 is another one");
    assert_eq!(sandbox.dump_world(), dump);
    // What judges scripts isn't a part of it, and stays.
    let run = place.run_luau(LuauScript::new("x")).expect("accepted").wait().expect("it ends");
    assert_eq!(run.results, ["judged"]);
}

#[test]
fn rules_survive_a_dump() {
    let sandbox = sandbox();
    sandbox.set_key_owner(Creator::User(1));
    sandbox.set_scopes(["user:read", "asset:read"]);
    sandbox.set_key_expiration(Some("2031-01-01T00:00:00Z".parse().expect("a time")));
    sandbox.set_rate_limit(Some(RateLimit::new(3, std::time::Duration::from_millis(250)).aligned_to_clock(true)));
    sandbox.set_quota(AssetType::Audio, 7);
    sandbox.set_moderated_words(["bad"]);
    sandbox.set_content_checks(false);
    sandbox.set_bare_updates(true);
    sandbox.set_operation_time(std::time::Duration::from_secs(3));
    sandbox.set_inventory_private(1, true);
    sandbox.set_notifications_accepted(2, false);
    sandbox.set_browser_user(1);
    let dump = sandbox.dump_world();
    assert_eq!(reloaded(&dump), dump);
    let settings = &parsed(&sandbox)["settings"];
    let expected = json!({
        "keyOwner": { "userId": "1" }, "scopes": ["asset:read", "user:read"],
        "keyExpirationTime": "2031-01-01T00:00:00Z", "quotas": { "Audio": { "capacity": 7 } },
        "rateLimit": { "requests": 3, "milliseconds": 250, "alignedToClock": true }, "moderatedWords": ["bad"],
        "contentChecks": false, "bareUpdates": true, "operationMilliseconds": 3000, "browserUserId": "1",
    });
    assert_eq!(settings, &expected);
    sandbox.load_world("{}").expect("an empty world");
    assert_eq!(parsed(&sandbox), json!({}), "the settings are those of the world");
}

#[test]
fn a_world_can_be_written_by_hand() {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox
        .load_world(
            r#"{
              "users": [{
                "id": 156, "name": "builderman",
                "inventory": [
                  { "assetDetails": { "assetId": 5, "inventoryItemAssetType": "HAT" } },
                  { "assetDetails": { "assetId": 6, "inventoryItemAssetType": "?TIME_MACHINE" } },
                  { "unknown": { "hologramDetails": { "hologramId": "4" } } },
                  { "badgeDetails": { "badgeId": "111" }, "addTime": "2024-02-29T12:00:00Z" }
                ]
              }],
              "groups": [{
                "id": 7, "displayName": "Roblox", "owner": "users/156",
                "roles": [{ "id": 99, "displayName": "Owner", "rank": 255, "permissions": { "changeRank": true } }],
                "members": [{ "userId": 156, "roleId": 99, "roleIds": [99] }]
              }],
              "experiences": [{ "id": 13058, "displayName": "Crossroads" }],
              "assets": [{
                "assetId": 10, "displayName": "Crate", "assetType": "Decal",
                "creationContext": { "creator": { "userId": 156 } },
                "versions": [{ "fileName": "a.png", "contentType": "image/png", "base64": "iVBORw0KGgo=" }]
              }]
            }"#,
        )
        .expect("it is a world");
    let client = sandbox.client();
    let items: Vec<_> = client.user(156).list_inventory().collect::<Result<_, _>>().expect("a list");
    let InventoryItem::Asset(asset) = &items[1] else { panic!("{:?} is no asset", items[1]) };
    assert_eq!(asset.asset_type, InventoryAssetType::from("TIME_MACHINE"));
    assert!(matches!(items[2], InventoryItem::Unknown(_)) && items[3].id() == Some(111));
    let role = client.group(7).fetch_role(99).expect("a role");
    assert_eq!(role.permissions.expect("they are shown"), [GroupPermission::ChangeRank]);
    assert_eq!(client.user(156).list_groups().count(), 1);
    assert_eq!(client.experience(13058).fetch_info().expect("it is there").display_name, "Crossroads");
    assert_eq!(client.asset(10).list_versions().count(), 1);
    assert_eq!(sandbox.asset_content(10).expect("content").bytes, b"\x89PNG\r\n\x1a\n");
    let dump = sandbox.dump_world();
    assert!(dump.contains("?TIME_MACHINE") && dump.contains("hologramDetails"), "{dump}");
    assert_eq!(reloaded(&dump), dump);
}

/// The message says where the problem is and what it is, and nothing of the world is changed.
#[test]
fn what_is_wrong_with_a_world_is_told() {
    let sandbox = sandbox();
    let before = sandbox.dump_world();
    let item = |item: &str| format!(r#"{{ "users": [{{ "id": 1, "inventory": [{item}] }}] }}"#);
    let group = |rest: &str| format!(r#"{{ "groups": [{{ "id": 7, "displayName": "g", {rest} }}] }}"#);
    for (world, problem) in [
        ("[]".to_owned(), "expected an object"),
        ("{".to_owned(), "EOF while parsing"),
        (r#"{ "user": [] }"#.to_owned(), "unknown property \"user\"; expected one of"),
        (r#"{ "users": {} }"#.to_owned(), "users: expected a list"),
        (r#"{ "users": [], "users": [] }"#.to_owned(), "the property \"users\" is there twice"),
        (r#"{ "users": [{ "name": "a" }] }"#.to_owned(), "users[0]: the property \"id\" is missing"),
        (r#"{ "users": [{ "id": -1 }] }"#.to_owned(), "users[0].id: expected a number or a string of the form 156"),
        (r#"{ "users": [{ "id": 1.5 }] }"#.to_owned(), "users[0].id: expected a number"),
        (r#"{ "users": [{ "id": "99999999999999999999" }] }"#.to_owned(), "users[0].id: the id"),
        (r#"{ "users": [{ "id": 1 }, { "id": "1" }] }"#.to_owned(), "users[1].id: \"1\" is there twice"),
        (r#"{ "users": [{ "id": 1, "name": 2 }] }"#.to_owned(), "users[0].name: expected a string"),
        (
            r#"{ "users": [{ "id": 1, "nmae": "a" }] }"#.to_owned(),
            "users[0]: unknown property \"nmae\"; expected one of",
        ),
        (r#"{ "users": [{ "id": 1, "about": "a" }] }"#.to_owned(), "users[0]: the property \"name\" is missing"),
        (
            r#"{ "users": [{ "id": 1, "name": "a", "createTime": "soon" }] }"#.to_owned(),
            "users[0].createTime: expected a string of the form 2024-02-29T12:00:00Z",
        ),
        (
            item(r#"{ "assetDetails": { "assetId": 1, "inventoryItemAssetType": "Hat" } }"#),
            "users[0].inventory[0].assetDetails.inventoryItemAssetType: unknown value \"Hat\"; did you mean \"HAT\"?",
        ),
        (
            item(r#"{ "assetDetails": { "assetId": 1, "inventoryItemAssetType": "SPOON" } }"#),
            "unknown value \"SPOON\"; expected one of 52 values, such as CLASSIC_TSHIRT",
        ),
        (item("{}"), "users[0].inventory[0]: expected one of"),
        (item(r#"{ "path": "x" }"#), "users[0].inventory[0]: expected one of assetDetails, badgeDetails"),
        (group(r#""owner": "156""#), "groups[0].owner: expected a string of the form users/156"),
        (group(r#""members": [{ "userId": 1, "roleIds": [5] }]"#), "groups[0].members[0]: the group 7 has no role 5"),
        (
            group(r#""roles": [{ "id": 1, "displayName": "r", "rank": 1, "permissions": { "fly": true } }]"#),
            "groups[0].roles[0].permissions: unknown value \"fly\"",
        ),
        (
            r#"{ "assets": [{ "assetId": 1, "creationContext": { "creator": {} } }] }"#.to_owned(),
            "assets[0].creationContext.creator: expected one of groupId, userId",
        ),
        (
            r#"{ "assets": [{ "assetId": 1, "versions": [{ "base64": "?" }] }] }"#.to_owned(),
            "assets[0].versions[0].base64: it isn't base64",
        ),
        (
            r#"{ "assets": [{ "assetId": 1, "revisionId": 1, "versions": [null, null] }] }"#.to_owned(),
            "assets[0].revisionId: the asset has 2 versions",
        ),
        (
            r#"{ "settings": { "rateLimit": { "requests": 1 } } }"#.to_owned(),
            "settings.rateLimit: expected either documented, or requests and milliseconds",
        ),
        (r#"{ "settings": { "scopes": "all" } }"#.to_owned(), "settings.scopes: expected a list or null"),
    ] {
        let error = sandbox.load_world(&world).expect_err(&world).to_string();
        assert!(error.contains(problem), "{world}: {error}");
        assert!(!error.contains('\n'), "{error}");
        let error = Sandbox::builder().world(&*world).start().expect_err(&world).to_string();
        assert!(error.contains(problem), "{world}: {error}");
    }
    assert_eq!(sandbox.dump_world(), before);
}

#[test]
fn reset_goes_back_to_the_start() {
    let sandbox = Sandbox::builder().world(r#"{ "users": [{ "id": 1, "name": "one" }] }"#).start().expect("a world");
    let before = sandbox.dump_world();
    let user = sandbox.client().user(1);
    user.upload_asset_with(crate_png()).expect("accepted").wait().expect("done");
    sandbox.set_scopes(["none"]);
    sandbox.inject(rblxopencloud_sandbox::Fault::status(503).times(99));
    sandbox.reset();
    assert_eq!(sandbox.dump_world(), before);
    assert!(sandbox.requests().is_empty() && user.fetch_info().is_ok());
    let (_, thumbnail) = get(&sandbox, "/cloud/v2/users/1:generateThumbnail");
    assert!(thumbnail.contains("http://127.0.0.1:"), "it still knows its own address: {thumbnail}");
}
