//! `GET /cloud/v2/users/{id}`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::state::World;
use crate::user::UserInfo;

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
    Ok(Answer::new(200, json.as_bytes()))
}

pub(super) fn no_such_user(id: u64) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The user {id} doesn't exist."))
}
