//! Sample data.

use rblxopencloud::experience::{AgeRating, ExperienceVisibility};
use rblxopencloud::group::{AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser, GroupPermission};
use rblxopencloud::inventory::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass,
    InventoryPrivateServer,
};
use rblxopencloud::user::{SocialNetworkProfiles, SocialNetworkVisibility};
use rblxopencloud::{
    ExperienceInfo, GroupInfo, GroupMembership, GroupRole, InventoryAssetType, InventoryItem, UserInfo,
};
use serde_json::json;

use super::world::{Inventory, World};

const BUILDERMAN: u64 = 156;
/// The client id of the app.
pub(crate) const CLIENT_ID: &str = "840974200211308101";
const ITEMS: u64 = 250;
/// What members of groups can do. It changes nothing of the group.
const MEMBERS: &[GroupPermission] =
    &[GroupPermission::ViewForums, GroupPermission::CreateComments, GroupPermission::CreatePosts];

pub(super) fn fill(world: &mut World, unknown_kinds: bool) {
    world.add_user(&builderman());
    world.inventories.insert(BUILDERMAN, Inventory::new(BUILDERMAN, inventory(unknown_kinds)));
    world.add_experience(crossroads());
    let coins = (crossroads().id().unwrap_or_default(), "Coins".to_owned(), "global".to_owned());
    for (user, value) in [(BUILDERMAN, 1_500.0), (1_007, 700.0), (2_200, 2_400.0), (37_000, 60.0)] {
        world.ordered.set(&coins, &format!("user_{user}"), value);
    }
    world.sign_ins.register(CLIENT_ID, None, vec!["http://localhost:4000/callback".to_owned()]);
    for (group, name, role) in [(7, "Roblox", 99), (1_200, "Builders Club", 41), (36_000, "Sandbox Testers", 12)] {
        let mut info = GroupInfo::new(group, name);
        info.owner_id = Some(BUILDERMAN);
        info.description = format!("The group {name} of the sandbox.");
        info.created_at = "2009-07-29T19:05:03.123Z".parse().ok();
        info.updated_at = "2024-02-29T12:00:00Z".parse().ok();
        world.groups.set_info(info);
        for (id, name, rank, permissions) in [
            (role, "Owner", 255, GroupPermission::KNOWN),
            (role - 1, "Member", 10, MEMBERS),
            (role - 2, "Fan", 5, &MEMBERS[..1]),
        ] {
            let mut role = GroupRole::new(group, id, name, rank);
            role.description = Some(format!("The role {name}."));
            role.created_at = "2009-07-29T19:05:03.123Z".parse().ok();
            role.updated_at = "2024-02-29T12:00:00Z".parse().ok();
            role.permissions = Some(permissions.to_vec());
            world.groups.add_role(group, role);
        }
        let mut builderman = GroupMembership::new(group, BUILDERMAN, role);
        builderman.role_ids.push(role - 1);
        builderman.created_at = "2009-07-29T19:05:03.123Z".parse().ok();
        let mut user = UserInfo::new(group + 1_000, format!("Member{group}"));
        user.created_at = "2012-10-01T08:00:00Z".parse().ok();
        let mut member = GroupMembership::new(group, user.id, role - 1);
        member.created_at = "2013-01-01T00:00:00.125Z".parse().ok();
        world.add_user(&user);
        for mut membership in [builderman, member] {
            membership.updated_at = "2024-02-29T12:00:00Z".parse().ok();
            world.groups.join(&membership);
        }
        for (action, time, description) in [
            ("AcceptJoinRequest", "2013-01-01T00:00:00.125Z", json!({ "TargetId": group + 1_000 })),
            ("ChangeRank", "2024-02-29T12:00:00Z", json!({ "TargetId": group + 1_000, "NewRoleSetId": role - 1 })),
        ] {
            let (owner, role) = (AuditLogUser::new(BUILDERMAN, "builderman"), AuditLogRole::new(role, "Owner", 255));
            let mut entry = AuditLogEntry::new(action);
            entry.actor = Some(AuditLogActor::new(owner, role));
            entry.description = description;
            entry.created_at = time.parse().ok();
            world.groups.log(group, entry);
        }
    }
}

fn crossroads() -> ExperienceInfo {
    let mut info = ExperienceInfo::new(13_058, "Classic: Crossroads");
    info.description = "The classic battle of the sandbox.".to_owned();
    info.user = Some(format!("users/{BUILDERMAN}"));
    info.visibility = Some(ExperienceVisibility::Public);
    info.age_rating = Some(AgeRating::From9);
    info.desktop_enabled = Some(true);
    info.mobile_enabled = Some(true);
    info.tablet_enabled = Some(true);
    info.private_server_price_robux = Some(0);
    info.root_place = Some("universes/13058/places/1818".to_owned());
    info.created_at = "2007-05-01T01:07:04.78Z".parse().ok();
    info.updated_at = "2024-02-29T12:00:00Z".parse().ok();
    info
}

fn builderman() -> UserInfo {
    let mut user = UserInfo::new(BUILDERMAN, "builderman");
    user.display_name = "Builderman".to_owned();
    user.created_at = "2006-03-08T18:26:20.443Z".parse().ok();
    user.about = "Welcome to Roblox! I have nothing to sell, and much to build.".to_owned();
    user.locale = Some("en_us".to_owned());
    user.premium = Some(true);
    user.id_verified = Some(true);
    let mut profiles = SocialNetworkProfiles::default();
    profiles.twitter = Some("https://twitter.com/Roblox".to_owned());
    profiles.youtube = Some("https://www.youtube.com/roblox".to_owned());
    profiles.visibility = Some(SocialNetworkVisibility::Everyone);
    user.social_network_profiles = Some(profiles);
    user
}

/// Special items first, then assets of every type.
fn inventory(unknown_kinds: bool) -> Vec<InventoryItem> {
    let time = |day: u64| format!("2023-07-{:02}T12:34:56.789Z", day % 31 + 1).parse().ok();
    let mut items: Vec<InventoryItem> = Vec::new();
    for id in [111, 222] {
        let mut badge = InventoryBadge::new(id);
        badge.added_at = time(id);
        items.push(InventoryItem::Badge(badge));
    }
    items.push(InventoryItem::GamePass(InventoryGamePass::new(777)));
    let mut server = InventoryPrivateServer::new(175_156);
    server.added_at = time(1);
    items.push(InventoryItem::PrivateServer(server));
    if unknown_kinds {
        items.push(InventoryItem::Unknown(json!({
            "path": format!("users/{BUILDERMAN}/inventory-items/hologram-1"),
            "hologramDetails": { "hologramId": "4242" },
            "addTime": "2031-01-01T00:00:00Z",
        })));
        items.push(InventoryItem::Asset(asset(1_700_000, InventoryAssetType::from("TIME_MACHINE"))));
    }
    for serial in 1..=5 {
        let mut hat = asset(1_365_000 + serial, InventoryAssetType::Hat);
        hat.added_at = time(serial);
        let mut details = CollectibleDetails::default();
        details.item_id = Some(format!("521cca19-75bb-4e05-a0af-{serial:012}"));
        details.instance_id = Some(format!("a8a27d38-ee51-4cf4-8b0a-{serial:012}"));
        details.instance_state =
            Some(if serial == 1 { CollectibleInstanceState::Hold } else { CollectibleInstanceState::Available });
        details.serial_number = Some(serial);
        hat.collectible_details = Some(details);
        items.push(InventoryItem::Asset(hat));
    }
    let types = InventoryAssetType::KNOWN.iter().cycle().cloned();
    for (number, asset_type) in (items.len() as u64..ITEMS).zip(types) {
        let mut asset = asset(100_000_000_000_000 + number, asset_type);
        asset.added_at = time(number);
        items.push(InventoryItem::Asset(asset));
    }
    items
}

fn asset(id: u64, asset_type: InventoryAssetType) -> InventoryAsset {
    let mut asset = InventoryAsset::new(id, asset_type);
    asset.instance_id = Some(173_413_000_000 + id % 1_000_000);
    asset
}
