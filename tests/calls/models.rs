//! Models are read and written without loss, including values that this version doesn't know.

use std::collections::HashSet;
use std::fmt::Debug;

use jiff::Timestamp;
use rblxopencloud::asset::{AssetPrivacy, AssetState, ModerationState, SocialLinkKind};
use rblxopencloud::inventory::CollectibleInstanceState;
use rblxopencloud::user::SocialNetworkVisibility;
use rblxopencloud::{Asset, AssetType, Creator, GroupMembership, InventoryAssetType, InventoryItem, UserInfo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[track_caller]
fn read<T: DeserializeOwned>(json: &Value) -> T {
    T::deserialize(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Reads JSON of the service, and checks that it survives a round trip.
#[track_caller]
fn round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &Value) -> T {
    let model: T = read(json);
    let written = serde_json::to_value(&model).expect("a model can be written");
    assert_eq!(read::<T>(&written), model, "{written}");
    let text = serde_json::to_string(&model).expect("a model can be written");
    assert_eq!(serde_json::from_str::<T>(&text).expect("and read"), model, "{text}");
    model
}

/// Like [`round_trip`], for JSON that has only the model's fields: it must come back unchanged.
#[track_caller]
fn exact_round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &Value) -> T {
    let model: T = round_trip(json);
    assert_eq!(&serde_json::to_value(&model).expect("a model can be written"), json);
    model
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a time"))
}

#[test]
fn a_profile_round_trips() {
    let json = json!({
        "path": "users/156",
        "createTime": "2006-02-27T21:06:40.3Z",
        "id": "156",
        "name": "builderman",
        "displayName": "Builder Man",
        "about": "Welcome.\nHave fun.",
        "locale": "en_us",
        "premium": true,
        "idVerified": false,
        "socialNetworkProfiles": {
            "facebook": "", "twitter": "@builderman", "youtube": null, "twitch": "", "guilded": "",
            "visibility": "FRIENDS_AND_FOLLOWING",
        },
        "futureField": { "a": [1] },
    });
    let info: UserInfo = round_trip(&json);
    assert_eq!((info.id, info.username.as_str(), info.display_name.as_str()), (156, "builderman", "Builder Man"));
    assert_eq!((info.about.as_str(), info.locale.as_deref()), ("Welcome.\nHave fun.", Some("en_us")));
    assert_eq!((info.premium, info.id_verified), (Some(true), Some(false)));
    assert_eq!(info.created_at, time("2006-02-27T21:06:40.3Z"));
    let profiles = info.social_network_profiles.expect("the response has them");
    assert_eq!((profiles.twitter.as_deref(), profiles.facebook, profiles.youtube), (Some("@builderman"), None, None));
    assert_eq!(profiles.visibility, Some(SocialNetworkVisibility::FriendsAndFollowing));
}

#[test]
fn a_profile_needs_its_id_alone() {
    let spare: UserInfo = round_trip(&json!({ "id": 156 }));
    assert_eq!((spare.id, spare.username.as_str(), spare.created_at, spare.premium), (156, "", None, None));
    let nulls: UserInfo = round_trip(&json!({
        "id": "156", "name": null, "displayName": null, "about": null, "locale": null, "createTime": null,
        "premium": null, "idVerified": null, "socialNetworkProfiles": null, "path": null,
    }));
    assert_eq!(nulls, spare);
    assert!(UserInfo::deserialize(&json!({ "name": "builderman" })).is_err());
}

#[test]
fn times_have_any_number_of_digits() {
    for text in [
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00:00.123Z",
        "2024-05-01T10:00:00.123456Z",
        "2024-05-01T10:00:00.123456789Z",
        "2024-05-01T10:00:00.1234567Z",
        "2024-05-01T12:00:00+02:00",
        "0001-01-01T00:00:00Z",
    ] {
        let info: UserInfo = round_trip(&json!({ "id": "1", "createTime": text }));
        assert_eq!(info.created_at, time(text));
    }
}

#[test]
fn the_last_instant_of_the_calendar_is_a_time() {
    let soon = time("2100-01-01T00:00:00Z");
    for text in
        ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z", "9999-12-31T00:00:00Z"]
    {
        let info: UserInfo = round_trip(&json!({ "id": "1", "createTime": text }));
        assert!(info.created_at > soon, "{text}: {:?}", info.created_at);
    }
}

#[test]
fn invalid_times_are_none() {
    for value in [json!(null), json!(""), json!("soon"), json!("2024-13-01T00:00:00Z"), json!(1_714_557_600), json!({})]
    {
        let info: UserInfo = round_trip(&json!({ "id": "1", "createTime": value }));
        assert_eq!(info.created_at, None, "{value}");
    }
}

#[test]
fn every_kind_of_inventory_item_round_trips() {
    let asset = json!({
        "path": "users/156/inventory-items/a",
        "addTime": "2024-05-01T10:00:00Z",
        "assetDetails": {
            "assetId": "123456789012345678",
            "inventoryItemAssetType": "CLASSIC_TSHIRT",
            "instanceId": "987654321098765432",
            "collectibleDetails": {
                "itemId": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "instanceId": "f81d4fae-7dec-11d0-a765-00a0c91e6bf7",
                "instanceState": "HOLD",
                "serialNumber": 17,
            },
        },
    });
    let InventoryItem::Asset(item) = exact_round_trip(&asset) else { panic!("it is an asset") };
    assert_eq!((item.id, item.instance_id), (123_456_789_012_345_678, Some(987_654_321_098_765_432)));
    assert_eq!(item.asset_type, InventoryAssetType::ClassicTShirt);
    assert_eq!(item.added_at, time("2024-05-01T10:00:00Z"));
    let details = item.collectible_details.expect("it is a collectible");
    assert_eq!(details.serial_number, Some(17));
    assert_eq!(details.instance_state, Some(CollectibleInstanceState::Hold));

    for (field, id_field) in
        [("badgeDetails", "badgeId"), ("gamePassDetails", "gamePassId"), ("privateServerDetails", "privateServerId")]
    {
        let spare = json!({ field: { id_field: "5" } });
        let item: InventoryItem = exact_round_trip(&spare);
        assert_eq!((item.added_at(), item.path()), (None, ""));
        let full = json!({ "path": "users/156/inventory-items/b", "addTime": "2024-05-01T10:00:00Z", field: { id_field: "5" } });
        let item: InventoryItem = exact_round_trip(&full);
        assert_eq!((item.added_at(), item.path()), (time("2024-05-01T10:00:00Z"), "users/156/inventory-items/b"));
        let id = match item {
            InventoryItem::Badge(badge) => badge.id,
            InventoryItem::GamePass(game_pass) => game_pass.id,
            InventoryItem::PrivateServer(server) => server.id,
            other => panic!("{field}: {other:?}"),
        };
        assert_eq!(id, 5);
    }
}

#[test]
fn an_item_of_an_unknown_kind_keeps_its_json() {
    let json = json!({ "path": "users/156/inventory-items/c", "spaceshipDetails": { "id": "1", "b": [null, 2.5] } });
    let item: InventoryItem = exact_round_trip(&json);
    assert_eq!(item, InventoryItem::Unknown(json));
    assert_eq!(item.path(), "users/156/inventory-items/c");
}

#[test]
fn null_fields_are_missing_fields() {
    let spare: InventoryItem = read(&json!({ "assetDetails": { "assetId": "1", "inventoryItemAssetType": "HAT" } }));
    let nulls: InventoryItem = read(&json!({
        "path": null, "addTime": null, "badgeDetails": null, "gamePassDetails": null, "privateServerDetails": null,
        "assetDetails": {
            "assetId": "1", "inventoryItemAssetType": "HAT", "instanceId": null, "collectibleDetails": null,
        },
    }));
    assert_eq!(nulls, spare);
}

#[test]
fn a_membership_round_trips() {
    let membership: GroupMembership = round_trip(&json!({
        "path": "groups/7/memberships/MTU2",
        "createTime": "2023-01-01T00:00:00Z",
        "updateTime": "2023-01-02T00:00:00.123456Z",
        "user": "users/156",
        "role": "groups/7/roles/70",
        "roles": ["groups/7/roles/70", "groups/7/roles/71"],
    }));
    assert_eq!((membership.group_id, membership.user_id, membership.role_id), (7, 156, Some(70)));
    assert_eq!(membership.role_ids, [70, 71]);
    assert_eq!(membership.created_at, time("2023-01-01T00:00:00Z"));
    assert_eq!(membership.updated_at, time("2023-01-02T00:00:00.123456Z"));
}

#[test]
fn a_membership_without_one_of_its_role_fields_has_its_roles_still() {
    let with = |fields: Value| {
        let mut json = json!({ "path": "groups/123456789012345/memberships/MTU2", "user": "users/123456789012346" });
        json.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let membership: GroupMembership = round_trip(&json);
        assert_eq!((membership.group_id, membership.user_id), (123_456_789_012_345, 123_456_789_012_346));
        (membership.role_id, membership.role_ids)
    };
    let role = |id: u64| format!("groups/123456789012345/roles/{id}");
    assert_eq!(with(json!({ "role": role(9) })), (Some(9), vec![9]));
    assert_eq!(with(json!({ "role": role(9), "roles": null })), (Some(9), vec![9]));
    assert_eq!(with(json!({ "role": role(9), "roles": [] })), (Some(9), vec![9]));
    assert_eq!(with(json!({ "roles": [role(9), role(8)] })), (Some(9), vec![9, 8]));
    assert_eq!(with(json!({ "role": null, "roles": [role(9)] })), (Some(9), vec![9]));
    assert_eq!(with(json!({})), (None, vec![]));
}

fn asset() -> Value {
    json!({
        "path": "assets/123456789012345678",
        "assetId": "123456789012345678",
        "displayName": "name",
        "description": "words",
        "assetType": "Model",
        "creationContext": { "creator": { "userId": "156" } },
        "moderationResult": { "moderationState": "Approved" },
        "state": "Active",
        "revisionId": "3",
        "revisionCreateTime": "2024-05-01T10:00:00.123456Z",
        "icon": "assets/11",
        "previews": [{ "asset": "assets/12", "altText": "a preview" }],
        "twitchSocialLink": { "title": "a link", "uri": "https://www.twitch.tv/roblox" },
        "devForumSocialLink": { "uri": "https://devforum.roblox.com/t/1" },
    })
}

#[test]
fn an_asset_round_trips() {
    let asset: Asset = exact_round_trip(&asset());
    assert_eq!(asset.id, 123_456_789_012_345_678);
    assert_eq!((asset.display_name.as_deref(), asset.description.as_deref()), (Some("name"), Some("words")));
    assert_eq!(asset.asset_type, Some(AssetType::Model));
    assert_eq!(asset.creator, Some(Creator::User(156)));
    assert_eq!(asset.moderation_state, Some(ModerationState::Approved));
    assert_eq!(asset.state, Some(AssetState::Active));
    assert_eq!((asset.revision_id, asset.icon_id), (Some(3), Some(11)));
    assert_eq!(asset.revision_created_at, time("2024-05-01T10:00:00.123456Z"));
    assert_eq!((asset.previews.len(), asset.previews[0].alt_text.as_str()), (1, "a preview"));
    assert_eq!(asset.social_links[&SocialLinkKind::Twitch].title, "a link");
    assert_eq!(asset.social_links[&SocialLinkKind::DevForum].uri, "https://devforum.roblox.com/t/1");
}

#[test]
fn both_spellings_of_an_assets_enums_are_the_same() {
    for (field, pointer, short, long) in [
        ("type", "/assetType", "Model", "ASSET_TYPE_MODEL"),
        ("moderation", "/moderationResult/moderationState", "Approved", "MODERATION_STATE_APPROVED"),
        ("state", "/state", "Active", "STATE_ACTIVE"),
    ] {
        let mut json = asset();
        *json.pointer_mut(pointer).expect("a field") = json!(short);
        let by_short: Asset = round_trip(&json);
        *json.pointer_mut(pointer).expect("a field") = json!(long);
        assert_eq!(round_trip::<Asset>(&json), by_short, "{field}");
    }
    for state in ["Reviewing", "Rejected", "Approved"] {
        let long = format!("MODERATION_STATE_{}", state.to_uppercase());
        assert_eq!(ModerationState::from(&*long), ModerationState::from(state));
    }
    for known in AssetType::KNOWN {
        let long = format!("ASSET_TYPE_{}", known.as_str().to_uppercase());
        assert_eq!(&AssetType::from(&*long), known);
    }
}

#[test]
fn an_asset_needs_its_id_alone() {
    let by_id: Asset = round_trip(&json!({ "assetId": 5 }));
    let by_path: Asset = round_trip(&json!({ "path": "assets/5" }));
    assert_eq!((by_id.id, &by_path), (5, &by_id));
    let nulls: Asset = round_trip(&json!({
        "assetId": "5", "path": null, "displayName": null, "description": null, "assetType": null, "state": null,
        "creationContext": null, "moderationResult": null, "revisionId": null, "revisionCreateTime": null,
        "icon": null, "previews": null, "twitchSocialLink": null, "@type": "type.googleapis.com/Asset",
    }));
    assert_eq!(nulls, by_id);
    assert!(Asset::deserialize(&json!({ "displayName": "name" })).is_err());
}

#[test]
fn the_creator_is_a_user_or_a_group() {
    for (creator, expected) in [
        (json!({ "userId": "156" }), Some(Creator::User(156))),
        (json!({ "userId": 156 }), Some(Creator::User(156))),
        (json!({ "groupId": "7" }), Some(Creator::Group(7))),
        (json!({ "userId": null, "groupId": 7 }), Some(Creator::Group(7))),
        (json!({ "clanId": "7" }), None),
        (json!(null), None),
    ] {
        let asset: Asset = round_trip(&json!({ "assetId": "5", "creationContext": { "creator": creator } }));
        assert_eq!(asset.creator, expected, "{creator}");
    }
}

#[test]
fn values_that_are_not_known_yet_round_trip() {
    fn check<T: DeserializeOwned + Serialize + PartialEq + Debug + for<'a> From<&'a str>>() {
        for text in ["SOMETHING_NEW", "somethingNew", "ASSET_TYPE_NEW", "", "ä \"'"] {
            assert_eq!(exact_round_trip::<T>(&json!(text)), T::from(text));
        }
    }
    check::<AssetPrivacy>();
    check::<AssetState>();
    check::<AssetType>();
    check::<CollectibleInstanceState>();
    check::<InventoryAssetType>();
    check::<ModerationState>();
    check::<SocialLinkKind>();
    check::<SocialNetworkVisibility>();

    let json = json!({ "assetDetails": { "assetId": "1", "inventoryItemAssetType": "SPACESHIP" } });
    let InventoryItem::Asset(item) = exact_round_trip(&json) else { panic!("it is an asset") };
    assert_eq!(item.asset_type, InventoryAssetType::Unknown("SPACESHIP".to_owned()));

    let mut json = asset();
    json["newSocialLink"] = json!({ "uri": "https://new.example" });
    let asset: Asset = exact_round_trip(&json);
    assert_eq!(asset.social_links[&SocialLinkKind::Unknown("new".to_owned())].uri, "https://new.example");
}

#[test]
fn all_documented_asset_types_are_known() {
    let names: HashSet<&str> = InventoryAssetType::KNOWN.iter().map(InventoryAssetType::as_str).collect();
    assert_eq!((InventoryAssetType::KNOWN.len(), names.len()), (52, 52));
    for known in InventoryAssetType::KNOWN {
        assert!(!matches!(known, InventoryAssetType::Unknown(_)));
        assert_eq!(&exact_round_trip::<InventoryAssetType>(&json!(known.as_str())), known);
        assert_eq!(known.to_string(), known.as_str());
    }
}
