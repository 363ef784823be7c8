//! `GET /cloud/v2/users/{id}`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::access::{READ_ADVANCED, READ_SOCIAL};
use super::answer::Answer;
use super::state::World;
use crate::user::UserInfo;

/// The fields that are left out without a scope.
const HIDDEN: &[(&str, &[&str])] =
    &[(READ_ADVANCED, &["premium", "idVerified"]), (READ_SOCIAL, &["socialNetworkProfiles"])];

/// A profile as the service writes it.
pub(super) fn user_json(info: &UserInfo) -> Arc<str> {
    let mut json = serde_json::to_value(info).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        fields.insert("path".to_owned(), json!(format!("users/{}", info.id)));
    }
    json.to_string().into()
}

pub(super) fn get(world: &World, id: u64) -> Result<Answer, Answer> {
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

pub(super) fn no_such_user(id: u64) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The user {id} doesn't exist."))
}
