//! Writes a world as JSON that the schema accepts.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rblxopencloud::InventoryItem;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::schema::write_as;
use super::settings;
use crate::state::RateLimit;
use crate::world::{AssetContent, Group, Member, StoredAsset, World, item_path};

/// Whether a dump has the contents of assets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Contents {
    Whole,
    /// Only names, types and lengths, which can't be loaded.
    Described,
}

/// Returns the world, without what is made by requests only, such as operations, versions of places and tokens.
pub(super) fn dump(world: &World, limit: Option<RateLimit>, contents: Contents) -> Value {
    let mut dump = Map::new();
    put_list(&mut dump, "users", user_ids(world).into_iter().map(|id| written("user", user(world, id))).collect());
    put_list(&mut dump, "groups", world.groups.all().map(|it| written("group", group(it))).collect());
    let experiences = world.experiences.iter().map(|(id, info)| {
        let mut json = object(info);
        json.remove("path");
        json.insert("id".to_owned(), json!(id.to_string()));
        written("experience", json)
    });
    put_list(&mut dump, "experiences", experiences.collect());
    // Without the versions of a place, its asset would tell of contents that the place doesn't have.
    let is_place = |id: &u64, it: &StoredAsset| world.places.by_id.contains_key(id) && it.text("assetType") == "Place";
    let assets = world.assets.iter().filter(|(id, it)| !is_place(id, it));
    let assets = assets.map(|(id, it)| written("asset", asset(world, *id, it, contents)));
    put_list(&mut dump, "assets", assets.collect());
    let mut subscriptions: Vec<_> = world.people.subscriptions.iter().collect();
    subscriptions.sort_by_key(|(key, _)| *key);
    let subscriptions = subscriptions.into_iter().map(|((universe, product, user), subscription)| {
        let mut json = object(subscription);
        json.remove("path");
        json.remove("user");
        json.insert("universeId".to_owned(), json!(universe.to_string()));
        json.insert("productId".to_owned(), json!(product));
        json.insert("userId".to_owned(), json!(user.to_string()));
        written("subscription", json)
    });
    put_list(&mut dump, "subscriptions", subscriptions.collect());
    let mut apps: Vec<_> = world.sign_ins.apps.iter().collect();
    apps.sort_by_key(|(id, _)| *id);
    let apps = apps.into_iter().map(|(id, app)| {
        let mut json = object(&json!({ "clientId": id, "redirectUris": app.redirect_uris }));
        put(&mut json, "secret", app.secret.as_ref());
        Value::Object(json)
    });
    put_list(&mut dump, "apps", apps.collect());
    let settings = settings::changed(world, limit);
    if !settings.is_empty() {
        dump.insert("settings".to_owned(), written("settings", settings));
    }
    Value::Object(dump)
}

/// Returns the users with a profile, and those of whom something else is known.
fn user_ids(world: &World) -> BTreeSet<u64> {
    let people = &world.people;
    let mut ids: BTreeSet<u64> = world.users.keys().chain(world.inventories.keys()).copied().collect();
    ids.extend(&world.private_inventories);
    ids.extend(people.followings.iter().filter(|(_, followed)| !followed.is_empty()).map(|(id, _)| id));
    ids.extend(&people.declines_notifications);
    ids.extend(people.notifications.iter().map(|(id, _)| id));
    ids.extend(world.sign_ins.experiences.keys());
    ids
}

fn user(world: &World, id: u64) -> Map<String, Value> {
    let mut json: Map<String, Value> =
        world.users.get(&id).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    json.remove("path");
    json.insert("id".to_owned(), json!(id.to_string()));
    if let Some(profiles) = json.get_mut("socialNetworkProfiles").and_then(Value::as_object_mut) {
        profiles.retain(|_, value| value != "");
    }
    if let Some(inventory) = world.inventories.get(&id) {
        let items = inventory.items().enumerate().map(|(index, text)| item(id, index, text));
        json.insert("inventory".to_owned(), items.collect());
    }
    if world.private_inventories.contains(&id) {
        json.insert("inventoryPrivate".to_owned(), json!(true));
    }
    let followed = world.people.followings.get(&id).into_iter().flatten();
    let followed = followed.map(|(universe, time)| json!({ "universeId": universe.to_string(), "time": time }));
    put_list(&mut json, "followings", followed.collect());
    if world.people.declines_notifications.contains(&id) {
        json.insert("acceptsNotifications".to_owned(), json!(false));
    }
    let sent = world.people.notifications.iter().filter(|(user, _)| *user == id);
    put_list(&mut json, "notifications", sent.map(|(_, body)| body.clone()).collect());
    if let Some(granted) = world.sign_ins.experiences.get(&id) {
        json.insert("grantedExperiences".to_owned(), granted.iter().map(u64::to_string).collect());
    }
    json
}

/// An item that the schema doesn't know is written as it is.
fn item(user: u64, index: usize, text: &[u8]) -> Value {
    let mut json: Value = serde_json::from_slice(text).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        if fields.get("path").is_some_and(|path| *path == item_path(user, index)) {
            fields.remove("path");
        }
    }
    let is_known = !matches!(serde_json::from_value(json.clone()), Ok(InventoryItem::Unknown(_)) | Err(_));
    match write_as("item", &json) {
        // It is written with its user.
        Ok(_) if is_known => json,
        _ => json!({ "unknown": json }),
    }
}

fn group(group: &Group) -> Map<String, Value> {
    let mut json = object(&group.info);
    json.remove("path");
    let without_path = |value: &dyn Fn() -> Map<String, Value>| {
        let mut json = value();
        json.remove("path");
        Value::Object(json)
    };
    let roles = group.roles.values().map(|role| without_path(&|| object(role)));
    put_list(&mut json, "roles", roles.collect());
    put_list(&mut json, "members", group.members.iter().map(member).collect());
    let requests = group.requests.iter();
    let requests = requests.map(|(user, time)| json!({ "userId": user.to_string(), "createTime": time }));
    put_list(&mut json, "joinRequests", requests.collect());
    put_list(&mut json, "auditLog", group.audit_log.iter().map(|entry| Value::Object(object(entry))).collect());
    json
}

fn member(member: &Member) -> Value {
    let membership = &member.membership;
    let written = object(membership);
    let mut json = object(&json!({ "userId": membership.user_id.to_string() }));
    // Whether responses tell the highest-ranked role is known only to the membership.
    if written.contains_key("role") {
        put(&mut json, "roleId", membership.role_id.map(|id| id.to_string()));
    }
    put_list(&mut json, "roleIds", membership.role_ids.iter().map(|id| json!(id.to_string())).collect());
    put(&mut json, "createTime", membership.created_at);
    put(&mut json, "updateTime", membership.updated_at);
    Value::Object(json)
}

fn asset(world: &World, id: u64, asset: &StoredAsset, contents: Contents) -> Map<String, Value> {
    let mut json = asset.fields.clone();
    json.remove("path");
    json.insert("assetId".to_owned(), json!(id.to_string()));
    let versions = asset.versions().iter().map(|content| content.as_deref().map(|it| content_json(it, contents)));
    put_list(&mut json, "versions", versions.map(Value::from).collect());
    let granted = world.permissions.get(&id).into_iter().flatten().map(|(subject, action)| {
        let mut json = object(&json!({ "subjectType": subject.type_name(), "action": action }));
        put(&mut json, "subjectId", subject.id().map(|id| id.to_string()));
        Value::Object(json)
    });
    put_list(&mut json, "permissions", granted.collect());
    put(&mut json, "product", world.products.get(&id));
    json
}

fn content_json(content: &AssetContent, contents: Contents) -> Value {
    let mut json = json!({ "fileName": content.file_name, "contentType": content.content_type });
    if contents == Contents::Described {
        json["length"] = json!(content.length);
        return json;
    }
    json["base64"] = json!(STANDARD.encode(&content.bytes));
    if content.bytes.len() as u64 != content.length {
        json["length"] = json!(content.length);
        json["hash"] = json!(content.hash.to_string());
    }
    json
}

/// Returns the JSON as a file has it. What the schema doesn't know is written as it is, rather than lost.
fn written(definition: &str, json: Map<String, Value>) -> Value {
    let json = Value::Object(json);
    write_as(definition, &json).unwrap_or(json)
}

fn object(model: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(model) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Serialize>) {
    if let Some(value) = value.and_then(|value| serde_json::to_value(value).ok()) {
        object.insert(name.to_owned(), value);
    }
}

fn put_list(object: &mut Map<String, Value>, name: &str, items: Vec<Value>) {
    if !items.is_empty() {
        object.insert(name.to_owned(), Value::Array(items));
    }
}
