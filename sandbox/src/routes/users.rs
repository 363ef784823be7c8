//! Users: profiles, pictures, quotas, notifications, followed experiences and subscriptions.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rblxopencloud::endpoints::{
    CREATE_NOTIFICATION, FIND_USERS, FOLLOW_EXPERIENCE, GENERATE_THUMBNAIL, GET_EXPERIENCE_FOLLOWING, GET_SUBSCRIPTION,
    GET_THUMBNAIL_OPERATION, GET_USER, LIST_ASSET_QUOTAS, LIST_EXPERIENCE_FOLLOWINGS, UNFOLLOW_EXPERIENCE,
};
use rblxopencloud::user::{AssetQuotaKind, AssetQuotaType, ThumbnailSize};
use rblxopencloud::{AssetType, Creator, UserInfo};
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::access::{READ_ADVANCED, READ_SOCIAL};
use crate::world::filter::QuotaQuery;
use crate::world::people::MOST_FOLLOWED;

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_USER, get),
    Route::new(GENERATE_THUMBNAIL, generate_thumbnail),
    Route::new(GET_THUMBNAIL_OPERATION, thumbnail_operation).with_names(),
    Route::new(LIST_ASSET_QUOTAS, list_quotas),
    Route::new(CREATE_NOTIFICATION, notify),
    Route::new(LIST_EXPERIENCE_FOLLOWINGS, list_followings),
    Route::new(GET_EXPERIENCE_FOLLOWING, get_following),
    Route::new(FOLLOW_EXPERIENCE, follow),
    Route::new(UNFOLLOW_EXPERIENCE, unfollow),
    Route::new(GET_SUBSCRIPTION, get_subscription).with_names(),
    Route::new(FIND_USERS, find),
];

/// The fields that are left out without a scope.
const HIDDEN: &[(&str, &[&str])] =
    &[(READ_ADVANCED, &["premium", "idVerified"]), (READ_SOCIAL, &["socialNetworkProfiles"])];

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let json = world.users.get(&id).ok_or_else(|| no_such_user(id))?;
    let hidden = HIDDEN.iter().filter(|(scope, _)| !world.access().has(scope)).flat_map(|(_, fields)| *fields);
    let hidden: Vec<&str> = hidden.copied().collect();
    if hidden.is_empty() {
        return Ok(Answer::new(200, json.as_bytes()));
    }
    let mut fields: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    fields.retain(|field, _| !hidden.contains(&field.as_str()));
    Ok(Answer::json(&Value::Object(fields)))
}

pub(crate) fn no_such_user(id: u64) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The user {id} doesn't exist."))
}

fn check_user(world: &World, id: u64) -> Result<(), Answer> {
    if world.users.contains_key(&id) { Ok(()) } else { Err(no_such_user(id)) }
}

fn generate_thumbnail(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let user = call.id(0);
    check_user(world, user)?;
    let value = |name: &str| call.head.query_value(name);
    let size = value("size").unwrap_or("420");
    if !ThumbnailSize::ALL.iter().any(|known| known.pixels().to_string() == size) {
        return Err(call.invalid(format!("The size '{size}' is not supported.")));
    }
    let format = match value("format") {
        None | Some("FORMAT_UNSPECIFIED" | "PNG") => "PNG",
        Some("JPEG") => "JPEG",
        Some(_) => return Err(call.invalid("The format is unknown.")),
    };
    let shape = match value("shape") {
        None | Some("SHAPE_UNSPECIFIED" | "ROUND") => "ROUND",
        Some("SQUARE") => "SQUARE",
        Some(_) => return Err(call.invalid("The shape is unknown.")),
    };
    let picture = format!("{user}/{size}/{format}/{shape}");
    // A delay shows the other form of the answer.
    let is_done = world.operations.time.is_zero();
    let response = thumbnail(world, &picture);
    let path = format!("users/{user}/operations/{}", operation_id(&picture));
    world.pictures.insert(path.clone(), world.clock().timestamp());
    Ok(Answer::json(&match is_done {
        true => json!({ "path": path, "done": true, "response": response }),
        false => json!({ "path": path, "done": false }),
    }))
}

fn thumbnail(world: &World, picture: &str) -> Value {
    json!({
        "@type": "apis.roblox.com/roblox.open_cloud.cloud.v2.GenerateUserThumbnailResponse",
        "imageUri": format!("{}/pictures/{picture}", world.delivery_url),
    })
}

/// The service's ids are base64 with padding.
fn operation_id(picture: &str) -> String {
    STANDARD.encode(picture.replace('/', "_")).replace('/', "-")
}

fn thumbnail_operation(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, id) = (call.name(0), call.name(1));
    let path = format!("users/{user}/operations/{id}");
    let unknown = || Answer::v2(404, "NOT_FOUND", "The operation doesn't exist.");
    let began = *world.pictures.get(&path).ok_or_else(unknown)?;
    let picture = STANDARD.decode(id.replace('-', "/")).map_err(|_| unknown())?;
    let picture = String::from_utf8_lossy(&picture).replace('_', "/");
    let age = world.clock().timestamp().duration_since(began);
    Ok(Answer::json(&match age.unsigned_abs() >= world.operations.time {
        true => json!({ "path": path, "done": true, "response": thumbnail(world, &picture) }),
        false => json!({ "path": path, "done": false }),
    }))
}

fn list_quotas(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, head) = (call.id(0), call.head);
    check_user(world, user)?;
    let filter = head.query_value("filter").filter(|filter| !filter.is_empty());
    let query = filter.map(QuotaQuery::parse).transpose().map_err(|message| call.invalid(message))?;
    let request = PageRequest::read(head, filter)?;
    let quotas = world.quotas.list().filter(|(asset_type, ..)| {
        query.as_ref().is_none_or(|query| query.matches(&AssetQuotaKind::RateLimitUpload, &quota_type(asset_type)))
    });
    let quotas = quotas.map(|(asset_type, used, capacity)| {
        json!({
            "path": format!("users/{user}/asset-quotas/upload-{asset_type}"),
            "quotaType": AssetQuotaKind::RateLimitUpload,
            "assetType": quota_type(asset_type),
            "usage": used,
            "capacity": capacity,
            "period": "MONTH",
            "usageResetTime": world.quotas.reset_time(),
        })
    });
    Ok(request.page("assetQuotas", quotas))
}

fn quota_type(asset_type: &AssetType) -> AssetQuotaType {
    asset_type.clone().into()
}

fn notify(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let user = call.id(0);
    check_user(world, user)?;
    let body = Value::Object(call.json()?);
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/source/universe").strip_prefix("universes/").is_none_or(str::is_empty) {
        return Err(call.invalid("The source has no universe."));
    }
    if text("/payload/type") != "MOMENT" || text("/payload/messageId").is_empty() {
        return Err(call.invalid("The payload has no type or no messageId."));
    }
    if text("/payload/joinExperience/launchData").len() > 200 {
        return Err(call.invalid("The launchData is longer than 200 bytes."));
    }
    if world.people.declines_notifications.contains(&user) {
        return Err(Answer::v2(400, "FAILED_PRECONDITION", "The user doesn't accept notifications."));
    }
    world.people.notifications.push((user, body));
    let id = format!("00000000-0000-4000-8000-{:012}", world.people.notifications.len());
    Ok(Answer::json(&json!({ "path": format!("users/{user}/notifications/{id}"), "id": id })))
}

/// Followings are their user's own.
fn check_follower(world: &World, user: u64) -> Result<(), Answer> {
    check_user(world, user)?;
    match world.access().owner {
        None => Ok(()),
        Some(Creator::User(owner)) if owner == user => Ok(()),
        Some(_) => Err(Answer::gateway(403, "User is not authorized for this action.")),
    }
}

fn list_followings(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let user = call.id(0);
    check_follower(world, user)?;
    let followed = world.people.followings.get(&user).into_iter().flatten();
    let followed: Map<String, Value> = followed.map(|(id, time)| (id.to_string(), json!(time))).collect();
    Ok(Answer::json(&json!({ "followerType": 1, "followerId": user, "sourceType": 1, "followedSources": followed })))
}

fn get_following(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, universe) = (call.id(0), call.id(1));
    check_follower(world, user)?;
    let followed = world.people.followings.entry(user).or_default();
    Ok(Answer::json(&json!({
        "UniverseId": universe,
        "UserId": user,
        "CanFollow": followed.len() < MOST_FOLLOWED,
        "IsFollowing": followed.contains_key(&universe),
        "FollowingCountByType": followed.len(),
        "FollowingLimitByType": MOST_FOLLOWED,
    })))
}

fn follow(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, universe) = (call.id(0), call.id(1));
    check_follower(world, user)?;
    let now = world.clock().timestamp();
    let followed = world.people.followings.entry(user).or_default();
    if followed.len() >= MOST_FOLLOWED && !followed.contains_key(&universe) {
        return Err(Answer::gateway(400, "The user has reached the limit of number of followed universes."));
    }
    followed.entry(universe).or_insert(now);
    Ok(Answer::json(&json!({ "universeId": universe, "userId": user })))
}

fn unfollow(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (user, universe) = (call.id(0), call.id(1));
    check_follower(world, user)?;
    world.people.followings.entry(user).or_default().remove(&universe);
    Ok(Answer::json(&json!({ "universeId": universe, "userId": user })))
}

fn get_subscription(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, product, user) = (call.id(0), call.name(1).to_owned(), call.id(2));
    let path = format!("universes/{universe}/subscription-products/{product}/subscriptions/{user}");
    let subscription = world.people.subscriptions.get(&(universe, product, user));
    let subscription = subscription.ok_or_else(|| Answer::v2(404, "NOT_FOUND", "The subscription doesn't exist."))?;
    let is_full = match call.head.query_value("view") {
        None | Some("VIEW_UNSPECIFIED" | "BASIC") => false,
        Some("FULL") => true,
        Some(_) => return Err(call.invalid("The view is unknown.")),
    };
    if !is_full {
        return Ok(Answer::json(&json!({ "active": subscription.active, "willRenew": subscription.will_renew })));
    }
    let mut json = json!(subscription);
    json["path"] = json!(path);
    json["user"] = json!(format!("users/{user}"));
    Ok(Answer::json(&json))
}

fn find(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let body = call.json()?;
    let names = body.get("usernames").and_then(Value::as_array);
    let names = names.filter(|names| names.iter().all(Value::is_string));
    let names = names.ok_or_else(|| Answer::gateway(400, "BadRequest"))?;
    if names.len() > 100 {
        return Err(Answer::gateway(400, "Too many usernames."));
    }
    let by_name: HashMap<String, UserInfo> = world
        .users
        .values()
        .filter_map(|json| serde_json::from_str::<UserInfo>(json).ok())
        .map(|user| (user.username.to_lowercase(), user))
        .collect();
    let found = names.iter().filter_map(Value::as_str).filter_map(|name| {
        let user = by_name.get(&name.to_lowercase())?;
        Some(json!({
            "requestedUsername": name,
            "hasVerifiedBadge": false,
            "id": user.id,
            "name": user.username,
            "displayName": user.display_name,
        }))
    });
    Ok(Answer::json(&json!({ "data": found.collect::<Vec<_>>() })))
}
