//! Experiences.

use rblxopencloud::endpoints::{
    ACTIVATE_EXPERIENCE, DEACTIVATE_EXPERIENCE, GET_EXPERIENCE, GET_TEAM_CREATE, SET_TEAM_CREATE, UPDATE_EXPERIENCE,
};
use rblxopencloud::experience::ExperienceVisibility;
use rblxopencloud::{Creator, ExperienceInfo};
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::Answer;
use crate::world::World;

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_EXPERIENCE, get),
    Route::new(UPDATE_EXPERIENCE, update),
    Route::new(ACTIVATE_EXPERIENCE, activate),
    Route::new(DEACTIVATE_EXPERIENCE, deactivate),
    Route::new(GET_TEAM_CREATE, get_team_create),
    Route::new(SET_TEAM_CREATE, set_team_create),
];

/// The fields that an update can change, beside [`ENABLED`] and the links.
const PRICE: &str = "privateServerPriceRobux";
const LINKS: [&str; 7] = [
    "facebookSocialLink",
    "twitterSocialLink",
    "youtubeSocialLink",
    "twitchSocialLink",
    "discordSocialLink",
    "robloxGroupSocialLink",
    "guildedSocialLink",
];

/// The devices and features whose fields the service never leaves out.
const ENABLED: [&str; 6] =
    ["voiceChatEnabled", "desktopEnabled", "mobileEnabled", "tabletEnabled", "consoleEnabled", "vrEnabled"];

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    experience(world, call.id(0)).map(|info| Answer::json(&Value::Object(experience_json(info))))
}

fn experience(world: &World, id: u64) -> Result<&ExperienceInfo, Answer> {
    let missing = || Answer::v2(404, "NOT_FOUND", format!("The universe {id} doesn't exist."));
    world.experiences.get(&id).ok_or_else(missing)
}

pub(super) fn check_universe(world: &World, id: u64) -> Result<(), Answer> {
    experience(world, id).map(drop)
}

fn experience_json(info: &ExperienceInfo) -> Map<String, Value> {
    let enabled = ENABLED.into_iter().map(|field| (field.to_owned(), json!(false)));
    let mut json = Map::from_iter(enabled.chain([
        ("visibility".to_owned(), json!("PRIVATE")),
        ("ageRating".to_owned(), json!("AGE_RATING_UNSPECIFIED")),
    ]));
    if let Value::Object(fields) = json!(info) {
        json.extend(fields);
    }
    json
}

/// Returns the owner of an experience, if it is known.
pub(super) fn owner(info: &ExperienceInfo) -> Option<Creator> {
    let id = |path: &Option<String>| path.as_deref()?.rsplit('/').next()?.parse().ok();
    id(&info.user).map(Creator::User).or_else(|| id(&info.group).map(Creator::Group))
}

/// Checks that the owner of the credentials may change an experience.
pub(super) fn check_owner(world: &World, universe: u64) -> Result<(), Answer> {
    match world.experiences.get(&universe).and_then(owner) {
        Some(creator) => world.access().check_creator(creator, &world.groups),
        None => Ok(()),
    }
}

/// Returns the fields that `updateMask` names. Each must be one that can change, and the body must have no other.
pub(super) fn check_mask(call: &Call<'_>, body: &Map<String, Value>, fields: &[&str]) -> Result<Vec<String>, Answer> {
    let mask = call.head.query_value("updateMask").unwrap_or_default();
    let mask: Vec<String> = mask.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
    if mask.is_empty() {
        return Err(call.invalid("The updateMask is empty."));
    }
    if let Some(field) = mask.iter().find(|field| !fields.contains(&field.as_str())) {
        return Err(call.invalid(format!("The updateMask names the field '{field}', which can't be updated.")));
    }
    match body.keys().find(|field| fields.contains(&field.as_str()) && !mask.contains(*field)) {
        Some(field) => Err(call.invalid(format!("The updateMask doesn't name the given field '{field}'."))),
        None => Ok(mask),
    }
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let mut json = experience_json(experience(world, id)?);
    check_owner(world, id)?;
    let body = call.json()?;
    let fields: Vec<&str> = ENABLED.into_iter().chain(LINKS).chain([PRICE]).collect();
    let mask = check_mask(&call, &body, &fields)?;
    for field in &mask {
        let is_valid = match body.get(field).filter(|value| !value.is_null()) {
            Some(Value::Bool(_)) => ENABLED.contains(&field.as_str()),
            Some(Value::Number(price)) => {
                field == PRICE && price.as_u64().is_some_and(|price| !(1..10).contains(&price))
            }
            Some(Value::Object(link)) => {
                let uri = link.get("uri").and_then(Value::as_str).unwrap_or_default();
                LINKS.contains(&field.as_str()) && !uri.is_empty()
            }
            None => !ENABLED.contains(&field.as_str()),
            _ => false,
        };
        if !is_valid {
            return Err(call.invalid(format!("The {field} is invalid.")));
        }
        match body.get(field).filter(|value| !value.is_null()) {
            Some(value) => drop(json.insert(field.clone(), value.clone())),
            None => drop(json.remove(field)),
        }
    }
    let info: ExperienceInfo = serde_json::from_value(Value::Object(json))
        .map_err(|error| call.invalid(format!("The update is invalid: {error}.")))?;
    let answer = experience_json(&info);
    world.experiences.insert(id, info);
    let bare = world.bare_updates;
    let answer = answer.into_iter().filter(|(field, _)| !bare || mask.contains(field)).collect();
    Ok(Answer::json(&Value::Object(answer)))
}

fn activate(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    set_visibility(world, call.id(0), ExperienceVisibility::Public)
}

fn deactivate(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    set_visibility(world, call.id(0), ExperienceVisibility::Private)
}

fn set_visibility(world: &mut World, id: u64, visibility: ExperienceVisibility) -> Result<Answer, Answer> {
    check_develop(world, id, Answer::numbered(400, 1, "The universe does not exist."), 3)?;
    if let Some(info) = world.experiences.get_mut(&id) {
        info.visibility = Some(visibility);
    }
    Ok(Answer::json(&json!({})))
}

/// Checks that an experience exists, and that the owner of the credentials may change it.
fn check_develop(world: &World, id: u64, missing: Answer, denied: u32) -> Result<(), Answer> {
    if !world.experiences.contains_key(&id) {
        return Err(missing);
    }
    let refused = |_| Answer::numbered(403, denied, "You are not authorized to configure this universe.");
    check_owner(world, id).map_err(refused)
}

fn get_team_create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    check_develop(world, id, Answer::numbered(400, 1, "The universe is invalid."), 2)?;
    Ok(Answer::json(&json!({ "isEnabled": world.team_create.contains(&id) })))
}

fn set_team_create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    check_develop(world, id, Answer::numbered(400, 1, "The universe is invalid."), 2)?;
    if call.json()?.get("isEnabled").and_then(Value::as_bool).unwrap_or_default() {
        world.team_create.insert(id);
    } else {
        world.team_create.remove(&id);
        world.places.by_id.values_mut().filter(|place| place.universe == id).for_each(|place| place.session.clear());
    }
    Ok(Answer::json(&json!({})))
}
