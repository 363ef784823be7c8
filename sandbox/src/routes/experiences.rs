//! Experiences.

use rblxopencloud::endpoints::GET_EXPERIENCE;
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::Answer;
use crate::world::World;

pub(crate) const ROUTES: &[Route] = &[Route::new(GET_EXPERIENCE, get)];

/// The devices and features whose fields the service never leaves out.
const ENABLED: [&str; 6] =
    ["voiceChatEnabled", "desktopEnabled", "mobileEnabled", "tabletEnabled", "consoleEnabled", "vrEnabled"];

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let info = world.experiences.get(&id);
    let info = info.ok_or_else(|| Answer::v2(404, "NOT_FOUND", format!("The universe {id} doesn't exist.")))?;
    let enabled = ENABLED.into_iter().map(|field| (field.to_owned(), json!(false)));
    let mut json = Map::from_iter(enabled.chain([
        ("visibility".to_owned(), json!("PRIVATE")),
        ("ageRating".to_owned(), json!("AGE_RATING_UNSPECIFIED")),
    ]));
    if let Value::Object(fields) = json!(info) {
        json.extend(fields);
    }
    Ok(Answer::json(&Value::Object(json)))
}
