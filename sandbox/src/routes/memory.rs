//! Memory stores: sorted maps, queues and flushes.

use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud::endpoints::{
    ADD_QUEUE_ITEM, CREATE_SORTED_MAP_ITEM, DELETE_SORTED_MAP_ITEM, DISCARD_QUEUE_ITEMS, FLUSH_MEMORY_STORE,
    GET_MEMORY_STORE_OPERATION, GET_SORTED_MAP_ITEM, LIST_SORTED_MAP_ITEMS, READ_QUEUE_ITEMS, UPDATE_SORTED_MAP_ITEM,
};
use serde_json::{Map, Value, json};

use super::experiences::check_universe;
use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::clock::after;
use crate::world::memory::{MapQuery, Named, SortKey};

pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_SORTED_MAP_ITEM, get).with_names(),
    Route::new(LIST_SORTED_MAP_ITEMS, list).with_names(),
    Route::new(CREATE_SORTED_MAP_ITEM, create).with_names(),
    Route::new(UPDATE_SORTED_MAP_ITEM, update).with_names(),
    Route::new(DELETE_SORTED_MAP_ITEM, delete).with_names(),
    Route::new(ADD_QUEUE_ITEM, enqueue).with_names(),
    Route::new(READ_QUEUE_ITEMS, read).with_names(),
    Route::new(DISCARD_QUEUE_ITEMS, discard).with_names(),
    Route::new(FLUSH_MEMORY_STORE, flush),
    Route::new(GET_MEMORY_STORE_OPERATION, operation).with_names(),
];

/// The most characters of the id of an item.
const LONGEST_ID: usize = 127;
/// The largest value of an item, in bytes of JSON.
const LARGEST_VALUE: usize = 32 * 1024;
const LONGEST_TTL: Duration = Duration::from_secs(45 * 24 * 3600);
/// The most items of a read.
const MOST_READ: usize = 200;
/// The invisibility window of a read that names none.
const WINDOW: Duration = Duration::from_secs(30);

/// Removes what has expired, and returns the map or queue that a call is about.
fn named(world: &mut World, call: &Call<'_>) -> Result<(Named, Timestamp), Answer> {
    check_universe(world, call.id(0))?;
    let now = world.clock().timestamp();
    world.memory.settle(now);
    Ok(((call.id(0), call.name(1).to_owned()), now))
}

fn check_id<'i>(call: &Call<'_>, id: &'i str) -> Result<&'i str, Answer> {
    match id.chars().count() {
        1..=LONGEST_ID => Ok(id),
        _ => Err(call.invalid(format!("The ID doesn't have 1 to {LONGEST_ID} characters."))),
    }
}

fn no_such_item() -> Answer {
    Answer::v2(404, "NOT_FOUND", "The item doesn't exist.")
}

/// Reads a duration such as `5s` or `1.5s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.strip_suffix('s').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))?;
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok().filter(|duration| !duration.is_zero())
}

/// Reads the value of an item.
fn value(call: &Call<'_>, body: &Map<String, Value>, field: &str) -> Result<Value, Answer> {
    let value = body.get(field).ok_or_else(|| call.invalid(format!("The field {field} is missing.")))?;
    match value.to_string().len() {
        0..=LARGEST_VALUE => Ok(value.clone()),
        size => Err(call.invalid(format!("The value has {size} bytes, more than {LARGEST_VALUE}."))),
    }
}

/// Reads when an item expires.
fn expires(call: &Call<'_>, body: &Map<String, Value>, now: Timestamp) -> Result<Option<Timestamp>, Answer> {
    let Some(ttl) = body.get("ttl").filter(|ttl| !ttl.is_null()) else { return Ok(None) };
    let ttl = ttl.as_str().and_then(seconds).filter(|ttl| *ttl <= LONGEST_TTL);
    let ttl = ttl.ok_or_else(|| call.invalid("The ttl isn't a duration of up to 45 days."))?;
    Ok(Some(after(now, ttl)))
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (map, _) = named(world, &call)?;
    let id = check_id(&call, call.name(2))?;
    let item = world.memory.map_item(&map, id).ok_or_else(no_such_item)?;
    Ok(Answer::json(&item.json(&map, id)))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (map, _) = named(world, &call)?;
    let filter = call.head.query_value("filter").unwrap_or_default();
    let query = MapQuery::parse(filter).map_err(|message| call.invalid(message))?;
    let is_descending = match call.head.query_value("orderBy").map(str::trim) {
        None | Some("" | "id" | "id asc") => false,
        Some("id desc") => true,
        Some(order) => return Err(call.invalid(format!("The order '{order}' is invalid."))),
    };
    // Without a size, a page has one item.
    let request = PageRequest::read_sized(1, 100, call.head, Some(filter))?;
    let mut items = world.memory.map_items(&map);
    if is_descending {
        items.reverse();
    }
    let items = items.into_iter().filter(|(id, item)| query.matches(id, item));
    Ok(request.page("items", items.map(|(id, item)| item.json(&map, id))))
}

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (map, now) = named(world, &call)?;
    let id = check_id(&call, call.head.query_value("id").unwrap_or_default())?;
    if call.json()?.contains_key("id") {
        return Err(call.invalid("The field id is read-only."));
    }
    if world.memory.map_item(&map, id).is_some() {
        return Err(Answer::v2(409, "ALREADY_EXISTS", "The item already exists."));
    }
    set(world, &call, &map, id, now)
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (map, now) = named(world, &call)?;
    let id = check_id(&call, call.name(2))?;
    let allows_missing = call.head.query_value("allowMissing") == Some("true");
    if !allows_missing && world.memory.map_item(&map, id).is_none() {
        return Err(no_such_item());
    }
    set(world, &call, &map, id, now)
}

fn set(world: &mut World, call: &Call<'_>, map: &Named, id: &str, now: Timestamp) -> Result<Answer, Answer> {
    let body = call.json()?;
    let key = match (body.get("numericSortKey"), body.get("stringSortKey")) {
        (None, None) => None,
        (Some(Value::Number(key)), None) => key.as_f64().map(SortKey::Number),
        (None, Some(Value::String(key))) => Some(SortKey::Text(key.clone())),
        _ => return Err(call.invalid("The item doesn't have one sort key, a number or a text.")),
    };
    let (value, expires) = (value(call, &body, "value")?, expires(call, &body, now)?);
    Ok(Answer::json(&world.memory.set_map_item(map, id, value, key, expires)))
}

fn delete(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (map, _) = named(world, &call)?;
    match world.memory.remove_map_item(&map, check_id(&call, call.name(2))?) {
        true => Ok(Answer::json(&json!({}))),
        false => Err(no_such_item()),
    }
}

fn enqueue(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (queue, now) = named(world, &call)?;
    let body = call.json()?;
    let priority = match body.get("priority") {
        None | Some(Value::Null) => 0.0,
        Some(priority) => priority.as_f64().ok_or_else(|| call.invalid("The priority isn't a number."))?,
    };
    let (data, expires) = (value(&call, &body, "data")?, expires(&call, &body, now)?);
    Ok(Answer::json(&world.memory.enqueue(&queue, data, priority, expires)))
}

fn read(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (queue, now) = named(world, &call)?;
    let count = match call.head.query_value("count") {
        None => 1,
        Some(count) => match count.parse() {
            Ok(0) | Err(_) => return Err(call.invalid("The count isn't a number above 0.")),
            Ok(count) => MOST_READ.min(count),
        },
    };
    let window = call.head.query_value("invisibilityWindow").map(seconds);
    let window = window.unwrap_or(Some(WINDOW)).ok_or_else(|| call.invalid("The invisibility window is invalid."))?;
    let wants_all = call.head.query_value("allOrNothing") == Some("true");
    let read = world.memory.read(&queue, count, wants_all, window, now);
    let fewer = || Answer::v2(404, "NOT_FOUND", "The queue has fewer items than were requested.");
    Ok(Answer::json(&read.ok_or_else(fewer)?))
}

fn discard(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (queue, _) = named(world, &call)?;
    let body = call.json()?;
    let read = body.get("readId").and_then(Value::as_str).filter(|id| !id.is_empty());
    world.memory.discard(&queue, read.ok_or_else(|| call.invalid("The readId is missing."))?);
    Ok(Answer::json(&json!({})))
}

fn flush(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    check_universe(world, call.id(0))?;
    if !matches!(call.head.query_value("scope"), None | Some("LIVE" | "TEST")) {
        return Err(call.invalid("The scope is unknown."));
    }
    let now = world.clock().timestamp();
    let path = world.memory.flush(call.id(0), now);
    Ok(Answer::json(&json!({ "path": path, "done": false })))
}

fn operation(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let path = format!("cloud/v2/universes/{}/memory-store/operations/{}", call.name(0), call.name(1));
    let unknown = || Answer::v2(404, "NOT_FOUND", "The operation doesn't exist.");
    let began = world.memory.flush_began(&path).ok_or_else(unknown)?;
    let age = world.clock().timestamp().duration_since(began).unsigned_abs();
    Ok(Answer::json(&match age >= world.operations.time {
        true => json!({
            "path": path, "done": true,
            "response": { "@type": "type.googleapis.com/roblox.open_cloud.cloud.v2.FlushMemoryStoreResponse" },
        }),
        false => json!({ "path": path, "done": false }),
    }))
}
