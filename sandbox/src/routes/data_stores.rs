//! Data stores and their entries.

use jiff::Timestamp;
use rblxopencloud::endpoints::{
    CREATE_DATA_STORE_ENTRY, CREATE_SCOPED_DATA_STORE_ENTRY, DELETE_DATA_STORE, DELETE_DATA_STORE_ENTRY,
    DELETE_SCOPED_DATA_STORE_ENTRY, GET_DATA_STORE_ENTRY, GET_SCOPED_DATA_STORE_ENTRY, INCREMENT_DATA_STORE_ENTRY,
    INCREMENT_SCOPED_DATA_STORE_ENTRY, LIST_DATA_STORE_ENTRIES, LIST_DATA_STORE_ENTRY_REVISIONS, LIST_DATA_STORES,
    LIST_SCOPED_DATA_STORE_ENTRIES, LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS, SNAPSHOT_DATA_STORES, UNDELETE_DATA_STORE,
    UPDATE_DATA_STORE_ENTRY, UPDATE_SCOPED_DATA_STORE_ENTRY,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::World;
use crate::world::clock::written;
use crate::world::data_stores::{Content, EntryId, Revision, Stale, StoredEntry, Use};
use crate::world::filter::decimal;

pub(crate) const ROUTES: &[Route] = &[
    Route::new(LIST_DATA_STORES, list_stores),
    Route::new(DELETE_DATA_STORE, delete_store).with_names(),
    Route::new(UNDELETE_DATA_STORE, undelete_store).with_names(),
    Route::new(SNAPSHOT_DATA_STORES, snapshot),
    Route::new(LIST_DATA_STORE_ENTRIES, list).with_names(),
    Route::new(LIST_SCOPED_DATA_STORE_ENTRIES, list).with_names(),
    Route::new(GET_DATA_STORE_ENTRY, get).with_names(),
    Route::new(GET_SCOPED_DATA_STORE_ENTRY, get).with_names(),
    Route::new(CREATE_DATA_STORE_ENTRY, create).with_names().reading(LARGEST_BODY),
    Route::new(CREATE_SCOPED_DATA_STORE_ENTRY, create).with_names().reading(LARGEST_BODY),
    Route::new(UPDATE_DATA_STORE_ENTRY, update).with_names().reading(LARGEST_BODY),
    Route::new(UPDATE_SCOPED_DATA_STORE_ENTRY, update).with_names().reading(LARGEST_BODY),
    Route::new(INCREMENT_DATA_STORE_ENTRY, increment).with_names(),
    Route::new(INCREMENT_SCOPED_DATA_STORE_ENTRY, increment).with_names(),
    Route::new(DELETE_DATA_STORE_ENTRY, delete).with_names(),
    Route::new(DELETE_SCOPED_DATA_STORE_ENTRY, delete).with_names(),
    Route::new(LIST_DATA_STORE_ENTRY_REVISIONS, list_revisions).with_names(),
    Route::new(LIST_SCOPED_DATA_STORE_ENTRY_REVISIONS, list_revisions).with_names(),
];

const LARGEST_BODY: usize = 8 * 1024 * 1024;
const LARGEST_VALUE: usize = 4_194_304;
const LONGEST_NAME: usize = 50;
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
/// The scope of the first entry of a store.
const CREATE_STORES: &str = "universe-datastores.control:create";

fn missing(what: &str, id: &str) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The {what} '{id}' doesn't exist."))
}

/// Returns the id of the experience, which must exist.
fn universe(world: &mut World, call: &Call<'_>) -> Result<u64, Answer> {
    let id = decimal(call.name(0)).ok_or_else(|| call.invalid("The universe ID isn't a number."))?;
    let now = world.clock().timestamp();
    world.data_stores.settle(now);
    match world.experiences.contains_key(&id) {
        true => Ok(id),
        false => Err(missing("universe", call.name(0))),
    }
}

/// Returns what the path names: the scope, unless it is the global one, and the key if there is one.
fn place(world: &mut World, call: &Call<'_>, key: Option<&str>) -> Result<EntryId, Answer> {
    let universe = universe(world, call)?;
    let is_scoped = call.endpoint.path().contains("/scopes/");
    let scope = if is_scoped { call.name(2) } else { "global" };
    let key = key.unwrap_or_else(|| call.name(if is_scoped { 3 } else { 2 }));
    for (what, name) in [("data store", call.name(1)), ("scope", scope)] {
        check_name(world, call, what, name)?;
    }
    Ok(EntryId { universe, store: call.name(1).to_owned(), scope: scope.to_owned(), key: key.to_owned() })
}

/// Returns what the path names like [`place`], and counts the request.
fn used(world: &mut World, call: &Call<'_>, key: Option<&str>, what: Use) -> Result<EntryId, Answer> {
    let id = place(world, call, key)?;
    count(world, id.universe, what)?;
    Ok(id)
}

fn count(world: &mut World, universe: u64, what: Use) -> Result<(), Answer> {
    let now = world.clock().timestamp();
    match world.data_stores.count(universe, what, now) {
        true => Ok(()),
        false => {
            let message =
                format!("{what:?}ExperienceThrottled: too many requests of the experience and its game servers.");
            Err(Answer::v2(429, "RESOURCE_EXHAUSTED", message))
        }
    }
}

fn check_name(world: &World, call: &Call<'_>, what: &str, name: &str) -> Result<(), Answer> {
    let length = if world.data_stores.counts_bytes { name.len() } else { name.chars().count() };
    match length {
        1..=LONGEST_NAME => Ok(()),
        _ => Err(call.invalid(format!("The {what} ID must have 1 to {LONGEST_NAME} characters."))),
    }
}

/// Returns the JSON of an entry. Its value isn't read, so that numbers keep their text.
fn entry_json(call: &Call<'_>, id: &EntryId, entry: &StoredEntry, revision: &Revision, is_full: bool) -> String {
    let suffix = if is_full { String::new() } else { format!("@{}", revision.id) };
    let mut json = json!({
        "path": format!("{}{suffix}", path(call, id, &id.scope, &id.key)), "createTime": written(entry.created),
        "revisionId": revision.id, "revisionCreateTime": format!("{:.6}", revision.at),
        "state": if revision.content.is_some() { "ACTIVE" } else { "DELETED" }, "etag": revision.id,
        "id": format!("{}{suffix}", id.key),
    })
    .to_string();
    if let (Some(content), true) = (&revision.content, is_full) {
        let Content { value, users, attributes } = content;
        json.pop();
        json.push_str(&format!(",\"value\":{value},\"users\":{users},\"attributes\":{attributes}}}"));
    }
    json
}

fn path(call: &Call<'_>, id: &EntryId, scope: &str, key: &str) -> String {
    let scope = match call.endpoint.path().contains("/scopes/") {
        true => format!("/scopes/{scope}"),
        false => String::new(),
    };
    format!("universes/{}/data-stores/{}{scope}/entries/{key}", id.universe, id.store)
}

fn answer(json: String) -> Answer {
    Answer::new(200, json)
}

/// The body of a write. Numbers keep their text.
#[derive(Deserialize)]
struct Written {
    value: Option<Box<RawValue>>,
    users: Option<Box<RawValue>>,
    attributes: Option<Box<RawValue>>,
    etag: Option<String>,
    amount: Option<f64>,
}

fn read_body(call: &Call<'_>) -> Result<Written, Answer> {
    serde_json::from_slice(&call.body).map_err(|error| call.invalid(format!("The body isn't a JSON object: {error}.")))
}

impl Written {
    /// Returns the users and the attributes. Those that are left out are erased.
    fn metadata(&self, call: &Call<'_>) -> Result<(String, String), Answer> {
        let text =
            |json: &Option<Box<RawValue>>, default: &str| json.as_deref().map_or(default, RawValue::get).to_owned();
        let (users, attributes) = (text(&self.users, "[]"), text(&self.attributes, "{}"));
        let is_user = |user: &String| user.strip_prefix("users/").and_then(decimal).is_some();
        let listed: Vec<String> =
            serde_json::from_str(&users).map_err(|_| call.invalid("The users aren't a list of resource paths."))?;
        if !listed.iter().all(is_user) {
            return Err(call.invalid("A user isn't in the form users/{user_id}."));
        }
        let fields: Map<String, Value> =
            serde_json::from_str(&attributes).map_err(|_| call.invalid("The attributes aren't an object."))?;
        let length = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().count();
        let lengths = fields.iter().map(|(name, value)| (name.chars().count(), length(value)));
        let is_long = lengths.clone().any(|(name, value)| name > 50 || value > 250);
        if is_long || lengths.map(|(name, value)| name + value).sum::<usize>() > 300 {
            return Err(call.invalid("The attributes are too long."));
        }
        Ok((users, attributes))
    }

    fn content(&self, call: &Call<'_>) -> Result<Content, Answer> {
        let value = self.value.as_deref().map(RawValue::get).ok_or_else(|| call.invalid("The value is missing."))?;
        if value.len() > LARGEST_VALUE {
            return Err(call.invalid("The value is larger than 4194304 bytes."));
        }
        let (users, attributes) = self.metadata(call)?;
        Ok(Content { value: value.into(), users, attributes })
    }
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let mut id = used(world, &call, None, Use::Read)?;
    // What follows the last @ is a revision.
    let suffix = match id.key.rfind('@') {
        Some(at) => {
            let suffix = id.key.split_off(at);
            suffix[1..].to_owned()
        }
        None => "latest".to_owned(),
    };
    let not_found = || missing("entry", &id.key);
    let entry = world.data_stores.entry(&id).ok_or_else(not_found)?;
    let found = match suffix.split_once(':') {
        Some(("latest", time)) => {
            let time: Timestamp = time.parse().map_err(|_| call.invalid("The time isn't in RFC 3339."))?;
            entry.revisions.iter().rfind(|revision| revision.at <= time)
        }
        _ if suffix == "latest" => entry.current(),
        _ => entry.revisions.iter().find(|revision| revision.id == suffix),
    };
    let found = found.filter(|revision| revision.content.is_some()).ok_or_else(not_found)?;
    Ok(answer(entry_json(&call, &id, entry, found, true)))
}

/// Writes an entry, and responds with it.
fn write(world: &mut World, call: &Call<'_>, id: &EntryId, content: Content) -> Result<Answer, Answer> {
    let has_store = world.data_stores.store(id.universe, &id.store).is_some();
    if !has_store {
        if world.data_stores.any_store(id.universe, &id.store).is_some() {
            return Err(missing("data store", &id.store));
        }
        if !world.access().has(CREATE_STORES) {
            return Err(Answer::missing_scope(CREATE_STORES));
        }
    }
    let now = world.clock().timestamp();
    world.data_stores.write(id, Some(content), now);
    let entry = world.data_stores.entry(id).ok_or_else(|| missing("entry", &id.key))?;
    Ok(answer(entry_json(call, id, entry, entry.last(), true)))
}

fn create(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let key = call.head.query_value("id").unwrap_or_default();
    let id = used(world, &call, Some(key), Use::Write)?;
    check_name(world, &call, "entry", key)?;
    let content = read_body(&call)?.content(&call)?;
    if world.data_stores.entry(&id).is_some_and(|entry| entry.current().is_some()) {
        return Err(call.invalid("The entry already exists."));
    }
    write(world, &call, &id, content)
}

fn update(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = used(world, &call, None, Use::Write)?;
    check_name(world, &call, "entry", &id.key)?;
    let body = read_body(&call)?;
    let content = body.content(&call)?;
    let current = world.data_stores.entry(&id).and_then(StoredEntry::current);
    match (current, &body.etag) {
        (None, _) if call.head.query_value("allowMissing") != Some("true") => return Err(missing("entry", &id.key)),
        (Some(current), Some(etag)) if *etag != current.id => {
            let message = "The etag isn't that of the entry.";
            return Err(match world.data_stores.stale {
                Stale::Aborted => Answer::v2(409, "ABORTED", message),
                Stale::PreconditionFailed => Answer::v2(412, "FAILED_PRECONDITION", message),
                Stale::FailedPrecondition => Answer::v2(400, "FAILED_PRECONDITION", message),
            });
        }
        _ => {}
    }
    write(world, &call, &id, content)
}

fn increment(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = used(world, &call, None, Use::Write)?;
    check_name(world, &call, "entry", &id.key)?;
    let body = read_body(&call)?;
    let whole = |number: f64| Some(number).filter(|number| number.fract() == 0.0);
    let amount = body.amount.and_then(whole).ok_or_else(|| call.invalid("The amount isn't a whole number."))?;
    let current = world.data_stores.entry(&id).and_then(StoredEntry::current);
    let value = match current.and_then(|revision| revision.content.as_ref()) {
        None => 0.0,
        Some(content) => {
            let number = content.value.parse::<f64>().ok().and_then(whole);
            number.ok_or_else(|| call.invalid("The value isn't a whole number."))?
        }
    };
    let sum = (value + amount).clamp(-LARGEST_EXACT, LARGEST_EXACT);
    let (users, attributes) = body.metadata(&call)?;
    write(world, &call, &id, Content { value: format!("{sum}").into(), users, attributes })
}

fn delete(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = used(world, &call, None, Use::Remove)?;
    if world.data_stores.entry(&id).and_then(StoredEntry::current).is_none() {
        return Err(missing("entry", &id.key));
    }
    let now = world.clock().timestamp();
    world.data_stores.write(&id, None, now);
    Ok(Answer::json(&json!({})))
}

/// Reads the filter `id.startsWith("…")`.
fn prefix(call: &Call<'_>) -> Result<(String, String), Answer> {
    let filter = call.head.query_value("filter").unwrap_or_default();
    if filter.is_empty() {
        return Ok((String::new(), String::new()));
    }
    let invalid = || call.invalid(format!("The filter '{filter}' is invalid."));
    let text = filter.strip_prefix("id.startsWith(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(invalid)?;
    Ok((filter.to_owned(), serde_json::from_str(text).map_err(|_| invalid())?))
}

fn shows_deleted(call: &Call<'_>) -> bool {
    call.head.query_value("showDeleted") == Some("true")
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = used(world, &call, Some(""), Use::List)?;
    let (filter, prefix) = prefix(&call)?;
    let page = PageRequest::read_sized(10, 256, call.head, Some(&filter))?;
    let store = world.data_stores.store(id.universe, &id.store);
    let listed = store.into_iter().flat_map(|store| &store.entries).filter(|((scope, key), entry)| {
        (id.scope == "-" || *scope == id.scope)
            && key.starts_with(&prefix)
            && (entry.current().is_some() || shows_deleted(&call))
    });
    // By number, so that no page leaves out an entry or repeats one when others are created or deleted.
    let number = |entry: &StoredEntry| usize::try_from(entry.number).unwrap_or(usize::MAX);
    let mut listed: Vec<_> = listed.filter(|(_, entry)| number(entry) >= page.offset).collect();
    listed.sort_unstable_by_key(|(_, entry)| entry.number);
    let next = listed.get(page.size).map(|(_, entry)| page.token(number(entry))).unwrap_or_default();
    let items = listed
        .iter()
        .take(page.size)
        .map(|((scope, key), _)| json!({ "path": path(&call, &id, scope, key), "id": key }));
    Ok(Answer::json(&json!({ "dataStoreEntries": items.collect::<Vec<_>>(), "nextPageToken": next })))
}

fn list_revisions(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = used(world, &call, None, Use::List)?;
    let filter = call.head.query_value("filter").unwrap_or_default();
    let (mut since, mut until) = (Timestamp::MIN, Timestamp::MAX);
    for part in filter.split("&&").map(str::trim).filter(|part| !part.is_empty()) {
        let invalid = || call.invalid(format!("The filter '{part}' is invalid."));
        let (sign, time) =
            part.strip_prefix("revision_create_time ").and_then(|rest| rest.split_once(' ')).ok_or_else(invalid)?;
        let time: Timestamp = time.parse().map_err(|_| invalid())?;
        match sign {
            ">=" => since = time,
            "<=" => until = time,
            _ => return Err(invalid()),
        }
    }
    let page = PageRequest::read(call.head, Some(filter))?;
    let entry = world.data_stores.entry(&id).ok_or_else(|| missing("entry", &id.key))?;
    let listed = entry.revisions.iter().rev().filter(|revision| (since..=until).contains(&revision.at));
    let items = listed
        .map(|revision| serde_json::from_str(&entry_json(&call, &id, entry, revision, false)).unwrap_or_default());
    Ok(page.page("dataStoreEntries", items))
}

fn list_stores(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = universe(world, &call)?;
    let (filter, prefix) = prefix(&call)?;
    let page = PageRequest::read(call.head, Some(&filter))?;
    let listed = world
        .data_stores
        .stores(universe)
        .filter(|(name, store)| name.starts_with(&prefix) && (store.expires.is_none() || shows_deleted(&call)));
    Ok(page.page("dataStores", listed.map(|(name, store)| store.json(universe, name))))
}

fn delete_store(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = universe(world, &call)?;
    let (now, name) = (world.clock().timestamp(), call.name(1));
    let store = world.data_stores.expire(universe, name, now).ok_or_else(|| missing("data store", name))?;
    Ok(Answer::json(&store.json(universe, name)))
}

fn undelete_store(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = universe(world, &call)?;
    let name = call.name(1);
    let store = world.data_stores.any_store(universe, name).ok_or_else(|| missing("data store", name))?;
    store.expires = None;
    Ok(Answer::json(&store.json(universe, name)))
}

fn snapshot(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let universe = universe(world, &call)?;
    let now = world.clock().timestamp();
    let (is_new, taken) = world.data_stores.snapshot(universe, now);
    Ok(Answer::json(&json!({ "newSnapshotTaken": is_new, "latestSnapshotTime": format!("{taken:.6}") })))
}
