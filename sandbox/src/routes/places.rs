//! Places: publishing, their history, and who has them open.

use rblxopencloud::Creator;
use rblxopencloud::endpoints::{
    CREATE_PLACE_VERSION, GET_PLACE, GET_PLACE_EXPERIENCE, LIST_PLACE_CONTRIBUTORS, LIST_PLACE_HISTORY, LIST_PLACES,
    LIST_TEAM_CREATE_MEMBERS, SET_PLACE_VERSION_NOTES, UPDATE_PLACE,
};
use serde_json::{Map, Value, json};

use super::experiences::{check_mask, check_owner, owner};
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::places::{Place, Version};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_PLACE_EXPERIENCE, get_experience),
    Route::new(GET_PLACE, get),
    Route::new(UPDATE_PLACE, update),
    Route::new(LIST_PLACES, list),
    Route::new(CREATE_PLACE_VERSION, create_version).with_file(),
    Route::new(LIST_TEAM_CREATE_MEMBERS, list_members),
    Route::new(LIST_PLACE_HISTORY, list_history),
    Route::new(LIST_PLACE_CONTRIBUTORS, list_contributors),
    Route::new(SET_PLACE_VERSION_NOTES, set_notes),
];

/// The sizes that a page of an older API can have.
const PAGES: [u64; 4] = [10, 25, 50, 100];
/// The sizes of a page of the history.
const HISTORY_PAGE: usize = 20;
const LARGEST_HISTORY_PAGE: usize = 100;
/// The longest title and description of notes.
const LONGEST_NOTE: usize = 100;
const BINARY: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n";

fn place(world: &World, id: u64) -> Result<&Place, Answer> {
    world.places.by_id.get(&id).ok_or_else(|| no_such_place(id))
}

fn no_such_place(id: u64) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The place {id} doesn't exist."))
}

/// Returns a place of an experience.
fn place_of(world: &World, universe: u64, id: u64) -> Result<&Place, Answer> {
    place(world, id).and_then(|place| if place.universe == universe { Ok(place) } else { Err(no_such_place(id)) })
}

/// Refuses to change a place that somebody has open.
pub(super) fn check_not_open(world: &World, id: u64) -> Result<(), Answer> {
    match world.places.by_id.get(&id) {
        Some(place) if !place.session.is_empty() => {
            Err(Answer::v2(409, "ABORTED", "The place is open in an active Team Create session."))
        }
        _ => Ok(()),
    }
}

impl World {
    /// Returns who changes a place: the user who owns the credentials, or the experience.
    pub(super) fn publisher(&self, id: u64) -> Option<u64> {
        let universe = self.places.by_id.get(&id)?.universe;
        match self.access().owner.or_else(|| owner(self.experiences.get(&universe)?)) {
            Some(Creator::User(user)) => Some(user),
            _ => None,
        }
    }
}

fn get_experience(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = world.places.by_id.get(&call.id(0)).map(|place| place.universe);
    Ok(Answer::json(&json!({ "universeId": universe })))
}

fn place_json(place: &Place) -> Map<String, Value> {
    let mut json =
        Map::from_iter([("root".to_owned(), json!(false)), ("universeRuntimeCreation".to_owned(), json!(false))]);
    if let Value::Object(fields) = json!(place.info) {
        json.extend(fields);
    }
    json
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    place_of(world, call.id(0), call.id(1)).map(|place| Answer::json(&Value::Object(place_json(place))))
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, id) = (call.id(0), call.id(1));
    place_of(world, universe, id)?;
    check_owner(world, universe)?;
    check_not_open(world, id)?;
    let body = call.json()?;
    let mask = check_mask(&call, &body, &["displayName", "description", "serverSize"])?;
    let bare = world.bare_updates;
    let Some(place) = world.places.by_id.get_mut(&id) else { return Err(no_such_place(id)) };
    let mut info = place.info.clone();
    for field in &mask {
        match (field.as_str(), body.get(field)) {
            ("displayName", Some(Value::String(name))) if !name.trim().is_empty() => {
                info.display_name = Some(name.clone())
            }
            ("description", Some(Value::String(text))) => info.description = Some(text.clone()),
            ("description", None) => info.description = None,
            ("serverSize", Some(size)) => match size.as_u64().and_then(|size| u32::try_from(size).ok()) {
                Some(size @ 1..) => info.server_size = Some(size),
                _ => return Err(call.invalid("The serverSize is invalid.")),
            },
            _ => return Err(call.invalid(format!("The {field} is invalid."))),
        }
    }
    place.info = info.clone();
    let answer = place_json(place);
    if info.is_root == Some(true) {
        if let Some(experience) = world.experiences.get_mut(&universe) {
            experience.display_name = info.display_name.unwrap_or_default();
            experience.description = info.description.unwrap_or_default();
        }
    }
    let answer = answer.into_iter().filter(|(field, _)| !bare || mask.contains(field)).collect();
    Ok(Answer::json(&Value::Object(answer)))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = call.id(0);
    if !world.experiences.contains_key(&universe) {
        return Err(Answer::numbered(400, 1, "The universe does not exist."));
    }
    let request = PageRequest::read_cursor(&PAGES, call.head, "")
        .ok_or_else(|| Answer::numbered(400, 8, "The limit or the cursor is invalid."))?;
    let places = world.places.by_id.iter().filter(|(_, place)| place.universe == universe);
    Ok(request.cursor_page(places.map(|(id, place)| {
        let (name, description) = (&place.info.display_name, place.info.description.as_deref().unwrap_or_default());
        json!({ "id": id, "universeId": universe, "name": name, "description": description })
    })))
}

fn create_version(world: &mut World, mut call: Call<'_>) -> Result<Answer, Answer> {
    let (universe, id) = (call.id(0), call.id(1));
    let refused = |status: u16, message: &str| Answer::new(status, json!({ "message": message }).to_string());
    let is_published = match call.head.query_value("versionType") {
        Some("Published") => true,
        Some("Saved") => false,
        _ => return Err(refused(400, "Invalid version type.")),
    };
    if !world.experiences.contains_key(&universe) || !world.places.by_id.contains_key(&id) {
        return Err(refused(404, "Place or universe does not exist."));
    }
    check_owner(world, universe).map_err(|_| refused(403, "Publish not allowed on place."))?;
    // The service has the same words for both.
    if place(world, id)?.universe != universe || check_not_open(world, id).is_err() {
        return Err(refused(409, "Place not part of the universe."));
    }
    let file = call.parts.pop().filter(|file| file.length > 0).ok_or_else(|| refused(400, "Invalid file content."))?;
    if world.places.largest.is_some_and(|largest| file.length > largest) {
        return Err(Answer::new(413, "<html><body><h1>413 Request Entity Too Large</h1></body></html>"));
    }
    if world.places.failing_from.is_some_and(|size| file.length >= size) {
        return Err(Answer::new(500, ""));
    }
    let is_place = match file.content_type.as_deref().unwrap_or_default() {
        "application/octet-stream" => file.beginning.starts_with(BINARY),
        "application/xml" => String::from_utf8_lossy(&file.beginning).contains("<roblox"),
        _ => false,
    };
    if !is_place && !world.skips_content_checks {
        return Err(refused(400, "Invalid file content."));
    }
    let by = world.publisher(id);
    let number = world.save_place(id, file.into(), is_published, by).ok_or_else(|| no_such_place(id))?;
    // The service says that it is plain text.
    let answer = Answer::json(&json!({ "versionNumber": number }));
    Ok(answer.with_header("content-type", "text/plain; charset=utf-8"))
}

fn list_members(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let place = world.places.by_id.get(&call.id(0)).ok_or_else(|| Answer::numbered(400, 5, "The place is invalid."))?;
    if !world.team_create.contains(&place.universe) {
        return Err(Answer::numbered(403, 4, "TeamCreate on universe is disabled."));
    }
    let request = PageRequest::read_cursor(&PAGES, call.head, "")
        .ok_or_else(|| Answer::numbered(400, 0, "The limit or the cursor is invalid."))?;
    Ok(request.cursor_page(place.session.iter().map(|id| {
        let user: Value = world.users.get(id).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let text = |field: &str| user.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        json!({ "id": id, "name": text("name"), "displayName": text("displayName") })
    })))
}

fn list_history(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let head = call.head;
    let place = place(world, call.id(0))?;
    let is_so = |name: &str, is: bool| head.query_value(name).is_none_or(|given| given == is.to_string());
    let time = |name: &str| head.query_value(name).and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let user = |version: &Version| {
        head.query_value("contributor").is_none_or(|id| version.created_by.is_some_and(|by| by.to_string() == id))
    };
    let term = head.query_value("searchTerm").unwrap_or_default().to_lowercase();
    let matches = |version: &Version| {
        is_so("isPublished", version.is_published)
            && is_so("hasNotes", version.has_notes())
            && user(version)
            && time("startTime").is_none_or(|start| version.created_at >= start)
            && time("endTime").is_none_or(|end| version.created_at <= end)
            && [&version.title, &version.description].iter().any(|text| text.to_lowercase().contains(&term))
    };
    let numbered: Vec<(u64, &Version)> = (1..).zip(&place.versions).collect();
    let versions = numbered.into_iter().rev();
    let versions = versions.filter(|(_, version)| matches(version)).map(|(number, version)| version.json(number));
    page(&call, "placeVersions", versions)
}

fn list_contributors(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let place = place(world, call.id(0))?;
    let mut users: Vec<u64> = place.versions.iter().filter_map(|version| version.created_by).collect();
    users.sort_unstable();
    users.dedup();
    page(&call, "contributors", users.into_iter().map(Value::from))
}

/// Responds with a page whose cursor is the number of items before it.
fn page(call: &Call<'_>, field: &str, items: impl Iterator<Item = Value>) -> Result<Answer, Answer> {
    let number = |name: &str| match call.head.query_value(name) {
        None | Some("") => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| call.invalid(format!("The {name} is invalid."))),
    };
    let size = number("pageSize")?.unwrap_or(HISTORY_PAGE).clamp(1, LARGEST_HISTORY_PAGE);
    let offset = number("cursor")?.unwrap_or_default();
    let mut items = items.skip(offset);
    let page: Vec<Value> = items.by_ref().take(size).collect();
    let next = items.next().map(|_| (offset + page.len()).to_string());
    Ok(Answer::json(&json!({ field: page, "nextCursor": next, "hasMore": next.is_some() })))
}

fn set_notes(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (id, number) = (call.id(0), call.id(1));
    let body = call.json()?;
    check_owner(world, place(world, id)?.universe)?;
    let missing = || Answer::v2(404, "NOT_FOUND", format!("The version {number} doesn't exist."));
    let version = world.places.by_id.get_mut(&id).and_then(|place| place.version_mut(number)).ok_or_else(missing)?;
    for (field, note) in [("title", &mut version.title), ("description", &mut version.description)] {
        match body.get(field) {
            Some(Value::String(text)) if text.chars().count() > LONGEST_NOTE => {
                return Err(call.invalid(format!("The {field} is too long.")));
            }
            Some(Value::String(text)) => note.clone_from(text),
            _ => {}
        }
    }
    Ok(Answer::json(&json!({ "placeVersion": version.json(number) })))
}
