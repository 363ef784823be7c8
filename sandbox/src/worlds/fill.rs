//! Fills a world from JSON that the schema has accepted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rblxopencloud::asset::{AssetAction, PermissionSubject};
use rblxopencloud::group::AuditLogEntry;
use rblxopencloud::user::{Subscription, SubscriptionState};
use rblxopencloud::{ExperienceInfo, GroupInfo, GroupMembership, GroupRole, InventoryItem, UserInfo};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::given::{Object, each, id, id_of, list, text, time};
use super::schema::Problem;
use super::{player_data, settings};
use crate::http::multipart::Fnv;
use crate::state::RateLimit;
use crate::world::{AssetContent, Inventory, World};

/// The properties of a user that aren't part of the profile.
const BESIDE_PROFILE: &[&str] = &[
    "id",
    "inventory",
    "inventoryPrivate",
    "followings",
    "acceptsNotifications",
    "notifications",
    "grantedExperiences",
];

/// Adds what is given. What has the same id is replaced, and lists that aren't given stay.
///
/// `beside` is the world to which all of it will be added next, where roles of members may be.
pub(super) fn fill(
    world: &mut World,
    limit: &mut Option<RateLimit>,
    given: &Object,
    beside: Option<&World>,
) -> Result<(), Problem> {
    each(given, "users", "", |user, path| fill_user(world, user, path))?;
    each(given, "groups", "", |group, path| fill_group(world, group, path, beside))?;
    each(given, "experiences", "", |experience, path| {
        let info: ExperienceInfo = model(experience, path, ("path", format!("universes/{}", id(experience, "id"))))?;
        world.add_experience(info);
        Ok(())
    })?;
    each(given, "assets", "", |asset, path| fill_asset(world, asset, path))?;
    each(given, "subscriptions", "", |subscription, path| {
        let mut fields = subscription.clone();
        let state = subscription.get("state").and_then(Value::as_str).map(SubscriptionState::from);
        if matches!(state, None | Some(SubscriptionState::Unknown(_))) {
            // Nothing else tells it.
            for name in ["active", "willRenew"] {
                fields.entry(name).or_insert(Value::Bool(true));
            }
        }
        let read: Subscription = model(&fields, path, ("path", String::new()))?;
        let product = text(subscription, "productId").to_owned();
        let key = (id(subscription, "universeId"), product, id(subscription, "userId"));
        world.people.subscriptions.insert(key, read);
        Ok(())
    })?;
    each(given, "apps", "", |app, _| {
        let secret = app.get("secret").and_then(Value::as_str).map(str::to_owned);
        let uris = list(app, "redirectUris").unwrap_or_default();
        let uris = uris.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        world.sign_ins.register(text(app, "clientId"), secret, uris);
        Ok(())
    })?;
    player_data::fill(world, given)?;
    match given.get("settings").and_then(Value::as_object) {
        Some(given) => settings::apply(world, limit, given),
        None => Ok(()),
    }
}

fn fill_user(world: &mut World, user: &Object, path: &str) -> Result<(), Problem> {
    let number = id(user, "id");
    if user.contains_key("name") {
        let mut info: UserInfo = model(user, path, ("path", format!("users/{number}")))?;
        if !user.contains_key("displayName") {
            info.display_name.clone_from(&info.username);
        }
        world.add_user(&info);
    } else if let Some(field) = user.keys().find(|field| !BESIDE_PROFILE.contains(&field.as_str())) {
        return Err(Problem::new(path, format!("the property \"name\" is missing, and a profile has {field:?}")));
    }
    if let Some(items) = list(user, "inventory") {
        let items =
            items.iter().enumerate().map(|(index, item)| read_item(item, &format!("{path}.inventory[{index}]")));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        world.inventories.insert(number, Inventory::new(number, items));
    }
    if let Some(is_private) = user.get("inventoryPrivate").and_then(Value::as_bool) {
        set_member(&mut world.private_inventories, number, is_private);
    }
    if let Some(followings) = list(user, "followings") {
        let followings = followings.iter().filter_map(Value::as_object);
        let followings = followings.filter_map(|one| Some((id(one, "universeId"), time(one, "time")?)));
        world.people.followings.insert(number, followings.collect());
    }
    if let Some(accepts) = user.get("acceptsNotifications").and_then(Value::as_bool) {
        set_member(&mut world.people.declines_notifications, number, !accepts);
    }
    if let Some(bodies) = list(user, "notifications") {
        world.people.notifications.retain(|(other, _)| *other != number);
        world.people.notifications.extend(bodies.iter().map(|body| (number, body.clone())));
    }
    if let Some(experiences) = list(user, "grantedExperiences") {
        let experiences = experiences.iter().map(id_of).collect();
        world.sign_ins.experiences.insert(number, experiences);
    }
    Ok(())
}

fn read_item(item: &Value, path: &str) -> Result<InventoryItem, Problem> {
    let wrong = |reason: &str| Problem::new(path, reason);
    let fields = item.as_object().ok_or_else(|| wrong("expected an object"))?;
    let kinds = fields.keys().filter(|field| field.ends_with("Details") || *field == "unknown").count();
    if kinds != 1 || (fields.contains_key("unknown") && fields.len() > 1) {
        return Err(wrong(
            "expected one of assetDetails, badgeDetails, gamePassDetails, privateServerDetails, unknown",
        ));
    }
    let item = fields.get("unknown").unwrap_or(item);
    serde_json::from_value(item.clone()).map_err(|error| wrong(&error.to_string()))
}

fn fill_group(world: &mut World, group: &Object, path: &str, beside: Option<&World>) -> Result<(), Problem> {
    let number = id(group, "id");
    let info: GroupInfo = model(group, path, ("path", format!("groups/{number}")))?;
    world.groups.set_info(info);
    if list(group, "roles").is_some() {
        world.groups.clear_roles(number);
    }
    each(group, "roles", path, |role, path| {
        let role: GroupRole = model(role, path, ("path", format!("groups/{number}/roles/{}", id(role, "id"))))?;
        world.groups.add_role(number, role);
        Ok(())
    })?;
    if list(group, "members").is_some() {
        world.groups.clear_members(number);
    }
    let roles_given = group.contains_key("roles");
    let has_role =
        |world: &World, role: u64| world.groups.get(number).is_some_and(|group| group.roles.contains_key(&role));
    each(group, "members", path, |member, path| {
        let membership = read_member(number, member, path)?;
        for role in membership.role_ids.iter().chain(&membership.role_id) {
            let is_beside = !roles_given && beside.is_some_and(|beside| has_role(beside, *role));
            if !has_role(world, *role) && !is_beside {
                return Err(Problem::new(path, format!("the group {number} has no role {role}")));
            }
        }
        world.groups.join(&membership);
        Ok(())
    })?;
    if let Some(there) = beside.and_then(|beside| beside.groups.get(number)).filter(|_| roles_given) {
        let stays = there.members.iter().filter(|_| !group.contains_key("members"));
        let mut lost = stays.filter(|member| member.membership.role_ids.iter().any(|role| !has_role(world, *role)));
        if let Some(member) = lost.next() {
            let reason = format!("user {} has a role that isn't there anymore", member.membership.user_id);
            return Err(Problem::new(format!("{path}.roles"), reason));
        }
    }
    if list(group, "joinRequests").is_some() {
        world.groups.clear_requests(number);
    }
    each(group, "joinRequests", path, |request, _| {
        world.groups.add_request(number, id(request, "userId"), time(request, "createTime"));
        Ok(())
    })?;
    if list(group, "auditLog").is_some() {
        world.groups.clear_log(number);
    }
    each(group, "auditLog", path, |entry, path| {
        let entry: AuditLogEntry = model(entry, path, ("", String::new()))?;
        world.groups.log(number, entry);
        Ok(())
    })
}

fn read_member(group: u64, member: &Object, path: &str) -> Result<GroupMembership, Problem> {
    let role = |id: &Value| json!(format!("groups/{group}/roles/{}", id_of(id)));
    let user = id(member, "userId");
    let mut written = json!({ "path": format!("groups/{group}/memberships/{user}"), "user": format!("users/{user}") });
    if let Some(id) = member.get("roleId") {
        written["role"] = role(id);
    }
    if let Some(ids) = list(member, "roleIds") {
        written["roles"] = ids.iter().map(role).collect();
    }
    for name in ["createTime", "updateTime"] {
        if let Some(time) = member.get(name) {
            written[name] = time.clone();
        }
    }
    let mut membership: GroupMembership =
        serde_json::from_value(written).map_err(|error| Problem::new(path, error.to_string()))?;
    membership.path.clear();
    Ok(membership)
}

fn fill_asset(world: &mut World, asset: &Object, path: &str) -> Result<(), Problem> {
    let number = id(asset, "assetId");
    let mut fields = asset.clone();
    for beside in ["versions", "permissions", "product"] {
        fields.remove(beside);
    }
    fields.insert("path".to_owned(), json!(format!("assets/{number}")));
    let versions = list(asset, "versions").map(|versions| {
        let versions = versions.iter().enumerate();
        versions.map(|(index, content)| read_content(content, &format!("{path}.versions[{index}]"))).collect()
    });
    let versions: Option<Vec<_>> = versions.transpose()?;
    if let (Some(versions), Some(revision)) = (&versions, fields.get("revisionId")) {
        if id_of(revision) < versions.len() as u64 {
            let reason = format!("the asset has {} versions, so this can't be {revision}", versions.len());
            return Err(Problem::new(format!("{path}.revisionId"), reason));
        }
    }
    world.put_asset(number, fields, versions);
    if let Some(permissions) = list(asset, "permissions") {
        let permissions = permissions.iter().filter_map(Value::as_object).enumerate();
        let permissions = permissions.map(|(index, one)| {
            let subject = subject(text(one, "subjectType"), one.get("subjectId").map(id_of));
            let wrong =
                || Problem::new(format!("{path}.permissions[{index}]"), "the property \"subjectId\" is missing");
            Ok((subject.ok_or_else(wrong)?, AssetAction::from(text(one, "action"))))
        });
        world.permissions.insert(number, permissions.collect::<Result<_, Problem>>()?);
    }
    if let Some(product) = asset.get("product").and_then(Value::as_object) {
        world.products.insert(number, product.clone());
    }
    Ok(())
}

fn read_content(content: &Value, path: &str) -> Result<Option<AssetContent>, Problem> {
    let Some(content) = content.as_object() else { return Ok(None) };
    let wrong =
        |error: base64::DecodeError| Problem::new(format!("{path}.base64"), format!("it isn't base64: {error}"));
    let bytes = STANDARD.decode(text(content, "base64")).map_err(wrong)?;
    let length = content.get("length").and_then(Value::as_u64).unwrap_or(bytes.len() as u64);
    if length < bytes.len() as u64 {
        return Err(Problem::new(format!("{path}.length"), format!("there are {} bytes", bytes.len())));
    }
    let hash = content.get("hash").map_or_else(|| Fnv::of(&bytes), id_of);
    let name = |name: &str| text(content, name).to_owned();
    Ok(Some(AssetContent {
        length,
        hash,
        bytes,
        ..AssetContent::new(name("fileName"), name("contentType"), Vec::new())
    }))
}

fn subject(kind: &str, id: Option<u64>) -> Option<PermissionSubject> {
    Some(match kind {
        "User" => PermissionSubject::User(id?),
        "Group" => PermissionSubject::Group(id?),
        "GroupRoleset" => PermissionSubject::GroupRoleset(id?),
        "Universe" => PermissionSubject::Universe(id?),
        _ => PermissionSubject::All,
    })
}

/// Reads a model, with one more property. It ignores those that it doesn't have.
fn model<T: DeserializeOwned>(object: &Object, path: &str, (name, value): (&str, String)) -> Result<T, Problem> {
    let mut object = object.clone();
    if !name.is_empty() {
        object.insert(name.to_owned(), json!(value));
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| Problem::new(path, error.to_string()))
}

fn set_member(set: &mut std::collections::HashSet<u64>, id: u64, is_in: bool) {
    if is_in {
        set.insert(id);
    } else {
        set.remove(&id);
    }
}
