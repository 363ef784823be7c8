//! Assets and the operations on them, with the checks of the service.

use rblxopencloud::asset::limits::{
    MAX_DESCRIPTION_LENGTH, MAX_FILE_SIZE, MAX_NAME_LENGTH, MAX_SOCIAL_LINKS, MAX_VIDEO_SIZE,
};
use rblxopencloud::asset::{AssetField, SocialLinkKind};
use rblxopencloud::endpoints::{CREATE_ASSET, GET_ASSET, GET_ASSET_OPERATION, UPDATE_ASSET};
use rblxopencloud::{AssetType, Creator};
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::{Answer, Part};
use crate::world::filter::decimal;
use crate::world::{Change, World, content};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(CREATE_ASSET, create).with_form(),
    Route::new(GET_ASSET, get),
    Route::new(UPDATE_ASSET, update).with_form(),
    Route::new(GET_ASSET_OPERATION, operation).with_names(),
];

pub(super) fn invalid(message: impl AsRef<str>) -> Answer {
    Answer::v1(400, "INVALID_ARGUMENT", message)
}

pub(super) fn no_such_asset(id: u64) -> Answer {
    Answer::v1(404, "NOT_FOUND", format!("The asset {id} doesn't exist."))
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let mut fields = world.assets.get(&id).ok_or_else(|| no_such_asset(id))?.fields.clone();
    if let Some(mask) = call.head.query_value("readMask").filter(|mask| !mask.is_empty()) {
        let named: Vec<&str> = mask.split(',').collect();
        let is_unknown =
            |field: &str| matches!(AssetField::from(field), AssetField::Unknown(_)) && field != "socialLink";
        if let Some(field) = named.iter().find(|field| is_unknown(field)) {
            return Err(invalid(format!("The readMask names the unknown field '{field}'.")));
        }
        let is_named =
            |field: &str| named.contains(&field) || (link_kind(field).is_some() && named.contains(&"socialLink"));
        fields.retain(|field, _| matches!(field.as_str(), "path" | "assetId") || is_named(field));
        if named.contains(&"previews") {
            fields.entry("previews").or_insert_with(|| json!([]));
        }
    } else {
        fields.retain(|field, _| !matches!(field.as_str(), "icon" | "previews") && link_kind(field).is_none());
    }
    Ok(Answer::json(&Value::Object(fields)))
}

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let parts = call.parts;
    let request = request_part(&parts)?;
    let text = |field: &str| request.get(field).and_then(Value::as_str);
    let asset_type = match text("assetType").map(AssetType::from) {
        None => return Err(invalid("The assetType is missing.")),
        // The long form occurs only in responses.
        Some(known) if Some(known.as_str()) == text("assetType") && !matches!(known, AssetType::Unknown(_)) => known,
        Some(_) => return Err(invalid("The assetType is unknown.")),
    };
    let mut fields = Map::new();
    fields.insert("displayName".to_owned(), display_name(request.get("displayName"))?);
    let description = request.get("description").ok_or_else(|| invalid("The description is missing."))?;
    if let Some(description) = checked_description(description)? {
        fields.insert("description".to_owned(), description);
    }
    fields.insert("assetType".to_owned(), json!(asset_type));
    fields.insert("creationContext".to_owned(), json!({ "creator": creator(world, &request)? }));

    let file = file_part(parts)?.ok_or_else(|| invalid("The fileContent is missing."))?;
    check_file(world, &file, &asset_type)?;
    moderate(world, &fields)?;
    world.quotas.take(&asset_type)?;
    Ok(world.begin(Change::Create { fields, content: file.into() }))
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (id, head) = (call.id(0), call.head);
    let parts = call.parts;
    let asset = world.assets.get(&id).ok_or_else(|| no_such_asset(id))?;
    if let Some(creator) = creator_of(&asset.fields) {
        world.access().check_creator(creator, &world.groups)?;
    }
    let request = request_part(&parts)?;
    if request.get("assetId").is_some_and(|given| id_of(given) != Some(id)) {
        return Err(invalid("The assetId is not the one of the path."));
    }
    let mask = head.query_value("updateMask").unwrap_or_default();
    let mask: Vec<&str> = mask.split(',').filter(|_| !mask.is_empty()).collect();
    // Other fields, such as the type, only repeat what is known.
    let mut given = request.iter().filter(|(field, value)| is_changeable(field) && !value.is_null());
    if let Some((field, _)) = given.find(|(field, _)| !mask.contains(&field.as_str())) {
        return Err(invalid(format!("The updateMask doesn't name the given field '{field}'.")));
    }
    let mut changes = Vec::new();
    for field in mask {
        let value = request.get(field).filter(|value| !value.is_null());
        changes.push((field.to_owned(), checked_change(field, value)?));
    }
    let asset_type = asset.fields.get("assetType").and_then(Value::as_str).map(AssetType::from);

    let is_limited = |field: &str| link_kind(field).is_some_and(|kind| kind != SocialLinkKind::TryAsset);
    let mut links: Vec<&str> = asset.fields.keys().map(String::as_str).filter(|field| is_limited(field)).collect();
    for (field, value) in changes.iter().filter(|(field, _)| is_limited(field)) {
        links.retain(|known| known != field);
        links.extend(value.as_ref().map(|_| field.as_str()));
    }
    if links.len() > MAX_SOCIAL_LINKS {
        return Err(invalid("An asset has at most 3 social links."));
    }

    let content = match file_part(parts)? {
        None => None,
        Some(_) if asset_type != Some(AssetType::Model) => {
            return Err(invalid("The content can be updated only of a Model."));
        }
        Some(file) => {
            check_file(world, &file, &AssetType::Model)?;
            Some(file.into())
        }
    };
    if changes.is_empty() && content.is_none() {
        return Err(invalid("The updateMask is empty, and there is no fileContent."));
    }
    moderate(world, &changes.iter().filter_map(|(field, value)| Some((field.clone(), value.clone()?))).collect())?;
    if world.bare_updates && content.is_none() {
        return Ok(world.update_at_once(id, changes));
    }
    Ok(world.begin(Change::Update { id, changes, content }))
}

fn operation(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    world.operations.get(call.name(0))
}

/// Refuses moderated fields.
fn moderate(world: &World, fields: &Map<String, Value>) -> Result<(), Answer> {
    world.moderation.check_account()?;
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default();
    world.moderation.check_name(text("displayName"))?;
    world.moderation.check_description(text("description"))
}

/// Returns the JSON of the part `request`.
fn request_part(parts: &[Part]) -> Result<Map<String, Value>, Answer> {
    let mut named = parts.iter().filter(|part| part.name == "request");
    let part = named.next().ok_or_else(|| invalid("The part request is missing."))?;
    if named.next().is_some() {
        return Err(invalid("The part request is there twice."));
    }
    serde_json::from_slice(&part.beginning).map_err(|error| invalid(format!("The part request isn't JSON: {error}.")))
}

fn file_part(parts: Vec<Part>) -> Result<Option<Part>, Answer> {
    let mut files = parts.into_iter().filter(|part| part.name == "fileContent");
    let file = files.next();
    if files.next().is_some() {
        return Err(invalid("The part fileContent is there twice."));
    }
    Ok(file)
}

fn check_file(world: &World, file: &Part, asset_type: &AssetType) -> Result<(), Answer> {
    if file.file_name.as_ref().is_none_or(String::is_empty) {
        return Err(invalid("The fileContent has no filename."));
    }
    let fitting: &[&str] = match asset_type {
        AssetType::Audio => &["audio/mpeg", "audio/ogg", "audio/wav", "audio/flac"],
        AssetType::Decal | AssetType::Image => &["image/png", "image/jpeg", "image/bmp", "image/tga"],
        AssetType::Model => &["model/fbx", "model/gltf+json", "model/gltf-binary", "model/x-rbxm"],
        AssetType::Animation => &["model/x-rbxm"],
        AssetType::Mesh => &["model/x-file-mesh-data"],
        AssetType::Video => &["video/mp4", "video/mov"],
        _ => &[],
    };
    let content_type = file.content_type.as_deref().and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if !fitting.iter().any(|known| known.eq_ignore_ascii_case(content_type)) {
        return Err(invalid(format!("The content type '{content_type}' doesn't fit the asset type {asset_type}.")));
    }
    let largest = if *asset_type == AssetType::Video { MAX_VIDEO_SIZE } else { MAX_FILE_SIZE };
    if file.length > largest {
        return Err(Answer::gateway(413, "Request Entity Too Large"));
    }
    if file.length == 0 {
        return Err(invalid("The fileContent is empty."));
    }
    if !world.skips_content_checks && !content::fits(content_type, &file.beginning) {
        return Err(invalid(content::invalid_content(asset_type)));
    }
    Ok(())
}

fn display_name(value: Option<&Value>) -> Result<Value, Answer> {
    match value.and_then(Value::as_str) {
        None => Err(invalid("The displayName is missing.")),
        Some(name) if name.trim().is_empty() => Err(invalid("The displayName is empty.")),
        Some(name) if name.chars().count() > MAX_NAME_LENGTH => Err(invalid("The displayName is too long.")),
        Some(name) => Ok(json!(name)),
    }
}

/// Returns `None` for an empty description, which the service leaves out.
fn checked_description(value: &Value) -> Result<Option<Value>, Answer> {
    match value.as_str() {
        None => Err(invalid("The description is not a string.")),
        Some(text) if text.chars().count() > MAX_DESCRIPTION_LENGTH => Err(invalid("The description is too long.")),
        Some("") => Ok(None),
        Some(text) => Ok(Some(json!(text))),
    }
}

pub(super) fn id_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| decimal(value.as_str()?))
}

fn creator(world: &World, request: &Map<String, Value>) -> Result<Value, Answer> {
    let context = request.get("creationContext").and_then(Value::as_object);
    let context = context.ok_or_else(|| invalid("The creationContext is missing."))?;
    if context.get("expectedPrice").is_some_and(|price| id_of(price).is_none()) {
        return Err(invalid("The expectedPrice is not a number."));
    }
    let privacy = context.get("assetPrivacy");
    if privacy.is_some_and(|privacy| !matches!(privacy.as_str(), Some("default" | "restricted" | "openUse"))) {
        return Err(invalid("The assetPrivacy is unknown."));
    }
    let creator = context.get("creator").and_then(Value::as_object);
    let creator = creator.ok_or_else(|| invalid("The creator is missing."))?;
    let (field, value, of_id): (_, _, fn(u64) -> Creator) = match (creator.get("userId"), creator.get("groupId")) {
        (Some(id), None) => ("userId", id, Creator::User),
        (None, Some(id)) => ("groupId", id, Creator::Group),
        _ => return Err(invalid("The creator is not exactly one of userId and groupId.")),
    };
    let unknown = || invalid(format!("The {field} of the creator is unknown."));
    let id = id_of(value).ok_or_else(unknown)?;
    world.access().check_creator(of_id(id), &world.groups)?;
    let is_known = match of_id(id) {
        Creator::User(id) => world.users.contains_key(&id),
        Creator::Group(id) => world.groups.get(id).is_some(),
        _ => false,
    };
    if !is_known {
        return Err(unknown());
    }
    Ok(json!({ field: id.to_string() }))
}

/// Returns the creator of an asset, if it is known.
pub(super) fn creator_of(fields: &Map<String, Value>) -> Option<Creator> {
    let creator = fields.get("creationContext")?.get("creator")?;
    let id = |field: &str| creator.get(field).and_then(id_of);
    id("userId").map(Creator::User).or_else(|| id("groupId").map(Creator::Group))
}

/// Returns the kind of link that a field holds.
fn link_kind(field: &str) -> Option<SocialLinkKind> {
    let kind = field.strip_suffix("SocialLink").filter(|kind| !kind.is_empty()).map(SocialLinkKind::from);
    kind.filter(|kind| !matches!(kind, SocialLinkKind::Unknown(_)))
}

fn is_changeable(field: &str) -> bool {
    // A read mask knows `socialLink` for all links.
    matches!(field, "displayName" | "description" | "icon" | "previews" | "socialLink") || link_kind(field).is_some()
}

/// Returns the new value of a field in the mask. `None` removes it.
fn checked_change(field: &str, value: Option<&Value>) -> Result<Option<Value>, Answer> {
    match field {
        "displayName" => display_name(value).map(Some),
        "description" => value.map_or(Ok(None), checked_description),
        "icon" => match value {
            Some(value) if !value.as_str().is_some_and(is_asset_path) => Err(invalid("The icon is not an asset.")),
            value => Ok(value.cloned()),
        },
        "previews" => match value {
            Some(value) if !is_previews(value) => Err(invalid("The previews are not a list of assets.")),
            value => Ok(value.cloned()),
        },
        _ if link_kind(field).is_some() => match value {
            Some(value) if value.get("uri").and_then(Value::as_str).is_none_or(str::is_empty) => {
                Err(invalid(format!("The {field} has no uri.")))
            }
            Some(link) if link_kind(field) == Some(SocialLinkKind::TryAsset) && place_of(link).is_none() => {
                Err(invalid(format!("The uri of the {field} is not the ID of a place.")))
            }
            value => Ok(value.cloned()),
        },
        _ => Err(invalid(format!("The updateMask names the unknown field '{field}'."))),
    }
}

/// Returns the place that a link to try an asset leads to.
fn place_of(link: &Value) -> Option<u64> {
    decimal(link.get("uri")?.as_str()?)
}

fn is_asset_path(path: &str) -> bool {
    path.strip_prefix("assets/").and_then(decimal).is_some()
}

fn is_previews(value: &Value) -> bool {
    let is_preview = |preview: &Value| preview.get("asset").and_then(Value::as_str).is_some_and(is_asset_path);
    value.as_array().is_some_and(|previews| previews.iter().all(is_preview))
}
