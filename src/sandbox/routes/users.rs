//! Profiles.

use serde_json::{Map, Value};

use super::{Asked, Route};
use crate::endpoints::GET_USER;
use crate::sandbox::http::Answer;
use crate::sandbox::world::World;
use crate::sandbox::world::access::{READ_ADVANCED, READ_SOCIAL};

pub(crate) const ROUTES: &[Route] = &[Route::new(GET_USER, get)];

/// The fields that are left out without a scope.
const HIDDEN: &[(&str, &[&str])] =
    &[(READ_ADVANCED, &["premium", "idVerified"]), (READ_SOCIAL, &["socialNetworkProfiles"])];

fn get(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let id = asked.id(0);
    let json = world.users.get(&id).ok_or_else(|| no_such_user(id))?;
    let hidden = HIDDEN.iter().filter(|(scope, _)| !world.access.has(scope)).flat_map(|(_, fields)| *fields);
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
