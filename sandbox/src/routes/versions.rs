//! The life of an asset after its upload: versions, archiving, permissions and delivery.

use rblxopencloud::asset::{AssetAction, PermissionErrorCode, PermissionSubject};
use rblxopencloud::endpoints::{
    ARCHIVE_ASSET, GET_ASSET_DELIVERY, GET_ASSET_VERSION, GET_ASSET_VERSION_DELIVERY, GRANT_ASSET_PERMISSIONS,
    LIST_ASSET_VERSIONS, RESTORE_ASSET, ROLLBACK_ASSET,
};
use serde_json::{Value, json};

use super::assets::{creator_of, id_of, invalid, no_such_asset};
use super::places::check_not_open;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::filter::decimal;
use crate::world::places::Place;
use crate::world::{StoredAsset, World};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(LIST_ASSET_VERSIONS, list),
    Route::new(GET_ASSET_VERSION, get),
    Route::new(ROLLBACK_ASSET, rollback),
    Route::new(ARCHIVE_ASSET, archive),
    Route::new(RESTORE_ASSET, restore),
    Route::new(GRANT_ASSET_PERMISSIONS, grant),
    Route::new(GET_ASSET_DELIVERY, deliver),
    Route::new(GET_ASSET_VERSION_DELIVERY, deliver_version),
];

/// The type of metadata that has the size of a content.
const SIZE: u64 = 1;
const LARGEST_PAGE: u64 = 50;
const DEFAULT_PAGE: u64 = 8;

fn asset(world: &World, id: u64) -> Result<&StoredAsset, Answer> {
    world.assets.get(&id).ok_or_else(|| no_such_asset(id))
}

fn no_such_version(number: u64) -> Answer {
    Answer::v1(404, "NOT_FOUND", format!("The version {number} doesn't exist."))
}

fn version_json(world: &World, id: u64, number: u64, asset: &StoredAsset) -> Value {
    let mut json = json!({
        "path": format!("assets/{id}/versions/{number}"),
        "creationContext": asset.fields.get("creationContext").cloned().unwrap_or_else(|| json!({})),
        "moderationResult": { "moderationState": "Approved" },
    });
    if let Some(version) = world.places.by_id.get(&id).and_then(|place| place.version(number)) {
        json["published"] = json!(version.is_published);
    }
    json
}

/// Returns the number of the newest version. A place can have none.
fn newest(world: &World, id: u64, asset: &StoredAsset) -> u64 {
    world.places.by_id.get(&id).map_or_else(|| asset.last_version(), Place::newest)
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let asset = asset(world, id)?;
    let request = PageRequest::read_sized(DEFAULT_PAGE, LARGEST_PAGE, call.head, None)?;
    let newest_first = (1..=newest(world, id, asset)).rev();
    Ok(request.page("assetVersions", newest_first.map(|number| version_json(world, id, number, asset))))
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (id, number) = (call.id(0), call.id(1));
    let asset = asset(world, id)?;
    if number == 0 || number > newest(world, id, asset) {
        return Err(no_such_version(number));
    }
    Ok(Answer::json(&version_json(world, id, number, asset)))
}

/// Checks that the owner of the credentials may change an asset.
fn check(world: &World, id: u64) -> Result<(), Answer> {
    match creator_of(&asset(world, id)?.fields) {
        Some(creator) => world.access().check_creator(creator, &world.groups),
        None => Ok(()),
    }
}

fn rollback(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    check(world, id)?;
    // The document has a form, and the service's guide has JSON.
    let path = match call.parts.iter().find(|part| part.name == "assetVersion") {
        Some(part) => String::from_utf8_lossy(&part.beginning).into_owned(),
        None => call.json()?.get("assetVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let number = path.strip_prefix(&format!("assets/{id}/versions/")).and_then(decimal);
    let number = number.ok_or_else(|| invalid(format!("The assetVersion '{path}' is none of this asset.")))?;
    let asset = asset(world, id)?;
    if number == 0 || number > newest(world, id, asset) {
        return Err(no_such_version(number));
    }
    let content = asset.version(number).cloned();
    check_not_open(world, id)?;
    world.add_version(id, content);
    let by = world.publisher(id);
    world.add_place_version(id, true, by);
    let asset = self::asset(world, id)?;
    Ok(Answer::json(&version_json(world, id, asset.last_version(), asset)))
}

fn archive(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    set_state(world, call.id(0), "Archived")
}

fn restore(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    set_state(world, call.id(0), "Active")
}

fn set_state(world: &mut World, id: u64, state: &str) -> Result<Answer, Answer> {
    check(world, id)?;
    let asset = world.assets.get_mut(&id).ok_or_else(|| no_such_asset(id))?;
    asset.fields.insert("state".to_owned(), json!(state));
    Ok(Answer::json(&Value::Object(asset.fields.clone())))
}

fn grant(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let refused = |code: PermissionErrorCode, message: &str| {
        Answer::new(400, json!({ "error": { "code": code, "message": message } }).to_string())
    };
    let body = call.json()?;
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    let action = AssetAction::from(text("action"));
    if matches!(action, AssetAction::Unknown(_)) {
        return Err(refused(PermissionErrorCode::InvalidRequest, "The action is unknown."));
    }
    let id = decimal(text("subjectId"));
    let subject = match (text("subjectType"), id) {
        ("User", Some(id)) => PermissionSubject::User(id),
        ("Group", Some(id)) => PermissionSubject::Group(id),
        ("GroupRoleset", Some(id)) => PermissionSubject::GroupRoleset(id),
        ("Universe", Some(id)) => PermissionSubject::Universe(id),
        ("All", None) if text("subjectId").is_empty() => PermissionSubject::All,
        _ => return Err(refused(PermissionErrorCode::InvalidRequest, "The subject is invalid.")),
    };
    let requests = body.get("requests").and_then(Value::as_array).into_iter().flatten();
    let ids: Option<Vec<u64>> = requests.map(|request| id_of(request.get("assetId")?)).collect();
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        return Err(refused(PermissionErrorCode::InvalidRequest, "The requests don't each name an asset."));
    };
    let (mut granted, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let code = match check(world, id) {
            Ok(()) => {
                let permissions = world.permissions.entry(id).or_default();
                if !permissions.contains(&(subject, action.clone())) {
                    permissions.push((subject, action.clone()));
                }
                granted.push(id);
                continue;
            }
            Err(refusal) if refusal.status == 404 => PermissionErrorCode::AssetNotFound,
            Err(_) => PermissionErrorCode::CannotManageAsset,
        };
        errors.push(json!({ "assetId": id, "code": code }));
    }
    Ok(Answer::json(&json!({ "successAssetIds": granted, "errors": errors })))
}

fn deliver(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let number = world.assets.get(&id).map_or(0, StoredAsset::last_version);
    Ok(location(world, id, number))
}

fn deliver_version(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    Ok(location(world, call.id(0), call.id(1)))
}

/// Refusals have a success status.
fn location(world: &World, id: u64, number: u64) -> Answer {
    let refused = |code: u16, message: &str| Answer::json(&json!({ "errors": [{ "code": code, "message": message }] }));
    let Some(asset) = world.assets.get(&id) else { return refused(404, "Request asset was not found") };
    let may_download = world.permissions.get(&id).into_iter().flatten().any(|(subject, action)| {
        *subject == PermissionSubject::All && matches!(action, AssetAction::Download | AssetAction::Use)
    });
    if check(world, id).is_err() && !may_download {
        return refused(403, "User is not authorized to access Asset.");
    }
    match asset.version(number).filter(|content| content.bytes.len() as u64 == content.length) {
        Some(content) => Answer::json(&json!({
            "location": format!("{}/contents/{id}/{number}", world.delivery_url),
            "requestId": "0",
            "isArchived": !asset.is_active(),
            "isRecordable": true,
            "assetMetadatas": [{ "metadataType": SIZE, "value": content.length.to_string() }],
        })),
        None => refused(404, "Request asset was not found"),
    }
}
