//! Data stores, ordered data stores and memory stores in a world.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::given::{Object, each, id, list, text, time};
use super::schema::Problem;
use super::text::parse;
use crate::world::World;
use crate::world::data_stores::{Content, EntryId, Revision, Store, StoredEntry};
use crate::world::memory::{MapItem, QueueItem, SortKey, digits};
use crate::world::ordered::number;

const GLOBAL: &str = "global";

/// Returns the lists of a world, by their names.
pub(super) fn dump(world: &World) -> [(&'static str, Vec<Value>); 5] {
    let stores = world.data_stores.all().map(|((universe, name), store)| {
        let mut json = named(*universe, name);
        json.insert("createTime".to_owned(), json!(store.created));
        put(&mut json, "expireTime", store.expires);
        let entries = store.entries.iter().map(|((scope, key), entry)| entry_json(scope, key, entry));
        json.insert("entries".to_owned(), entries.collect());
        Value::Object(json)
    });
    let snapshots = world.data_stores.snapshots().iter();
    let snapshots = snapshots.map(|(universe, taken)| json!({ "universeId": universe.to_string(), "time": taken }));
    let ordered = world.ordered.all().map(|((universe, name, scope), entries)| {
        let mut json = named(*universe, name);
        put_scope(&mut json, scope);
        let entries = entries.iter().map(|(id, value)| (id.clone(), number(*value)));
        json.insert("entries".to_owned(), Value::Object(entries.collect()));
        Value::Object(json)
    });
    let maps = world.memory.maps().map(|((universe, name), items)| {
        let mut json = named(*universe, name);
        json.insert("items".to_owned(), items.iter().map(|(id, item)| map_item_json(id, item)).collect());
        Value::Object(json)
    });
    let queues = world.memory.queues().map(|((universe, name), items)| {
        let mut json = named(*universe, name);
        json.insert("items".to_owned(), items.iter().map(queue_item_json).collect());
        Value::Object(json)
    });
    [
        ("dataStores", stores.collect()),
        ("dataStoreSnapshots", snapshots.collect()),
        ("orderedDataStores", ordered.collect()),
        ("sortedMaps", maps.collect()),
        ("queues", queues.collect()),
    ]
}

fn named(universe: u64, name: &str) -> Object {
    Map::from_iter([("universeId".to_owned(), json!(universe.to_string())), ("name".to_owned(), json!(name))])
}

fn put_scope(json: &mut Object, scope: &str) {
    if scope != GLOBAL {
        json.insert("scope".to_owned(), json!(scope));
    }
}

fn put(json: &mut Object, name: &str, time: Option<Timestamp>) {
    if let Some(time) = time {
        json.insert(name.to_owned(), json!(time));
    }
}

fn entry_json(scope: &str, key: &str, entry: &StoredEntry) -> Value {
    let mut json = Map::from_iter([("id".to_owned(), json!(key)), ("createTime".to_owned(), json!(entry.created))]);
    put_scope(&mut json, scope);
    put_revision(&mut json, entry.last());
    let earlier = &entry.revisions[..entry.revisions.len() - 1];
    if !earlier.is_empty() {
        let revisions = earlier.iter().map(|revision| {
            let mut json = Map::new();
            put_revision(&mut json, revision);
            Value::Object(json)
        });
        json.insert("earlier".to_owned(), revisions.collect());
    }
    Value::Object(json)
}

fn put_revision(json: &mut Object, revision: &Revision) {
    json.insert("revisionId".to_owned(), json!(revision.id));
    json.insert("revisionCreateTime".to_owned(), json!(revision.at));
    let Some(content) = &revision.content else {
        json.insert("deleted".to_owned(), json!(true));
        return;
    };
    put_json(json, "value", &content.value);
    if content.users != "[]" {
        json.insert("users".to_owned(), parse(&content.users).unwrap_or_default());
    }
    if content.attributes != "{}" {
        put_json(json, "attributes", &content.attributes);
    }
}

/// Puts JSON, or its text if it would be written otherwise: with other numbers, or in another order.
fn put_json(json: &mut Object, name: &str, text: &str) {
    let value = parse(text).unwrap_or_default();
    let written = value.to_string();
    match written == text {
        true => json.insert(name.to_owned(), value),
        false => json.insert(format!("{name}Text"), json!(text)),
    };
}

fn map_item_json(id: &str, item: &MapItem) -> Value {
    let mut json = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("value".to_owned(), item.value.clone()),
        ("etag".to_owned(), json!(format!("{:x}", item.etag))),
    ]);
    match &item.sort_key {
        None => {}
        Some(SortKey::Number(key)) => drop(json.insert("numericSortKey".to_owned(), number(*key))),
        Some(SortKey::Text(key)) => drop(json.insert("stringSortKey".to_owned(), json!(key))),
    }
    put(&mut json, "expireTime", item.expires);
    Value::Object(json)
}

fn queue_item_json(item: &QueueItem) -> Value {
    let mut json = Map::from_iter([
        ("id".to_owned(), json!(digits(item.id))),
        ("data".to_owned(), item.data.clone()),
        ("priority".to_owned(), number(item.priority)),
    ]);
    put(&mut json, "expireTime", item.expires);
    if let Some((read, until)) = item.read {
        json.insert("readId".to_owned(), json!(digits(read)));
        put(&mut json, "hiddenUntil", Some(until));
    }
    Value::Object(json)
}

/// Adds what is given. A store, map or queue that is there already is replaced.
pub(super) fn fill(world: &mut World, given: &Object) -> Result<(), Problem> {
    let now = world.clock().timestamp();
    let mut seen = HashSet::new();
    each(given, "dataStores", "", |store, path| {
        let (universe, name) = once(world, &mut seen, "dataStores", store, path)?;
        let mut read = Store {
            created: time(store, "createTime").unwrap_or(now),
            expires: time(store, "expireTime"),
            entries: BTreeMap::new(),
        };
        if list(store, "entries").is_none() {
            let known = world.data_stores.any_store(universe, &name);
            read.entries = known.map(|known| std::mem::take(&mut known.entries)).unwrap_or_default();
        }
        each(store, "entries", path, |entry, path| {
            let (scope, key, entry) = read_entry(world, entry, path, now)?;
            match read.entries.insert((scope, key.clone()), entry) {
                None => Ok(()),
                Some(_) => Err(Problem::new(path, format!("the entry {key:?} is there twice"))),
            }
        })?;
        world.data_stores.put(universe, &name, read);
        Ok(())
    })?;
    each(given, "dataStoreSnapshots", "", |snapshot, _| {
        world.data_stores.put_snapshot(id(snapshot, "universeId"), time(snapshot, "time").unwrap_or(now));
        Ok(())
    })?;
    each(given, "orderedDataStores", "", |store, path| {
        let (universe, name) = once(world, &mut seen, "orderedDataStores", store, path)?;
        let scope = (universe, name, scope(store).to_owned());
        world.ordered.remove_scope(&scope);
        for (id, value) in store.get("entries").and_then(Value::as_object).into_iter().flatten() {
            world.ordered.set(&scope, id, value.as_f64().unwrap_or_default());
        }
        Ok(())
    })?;
    each(given, "sortedMaps", "", |map, path| {
        let named = once(world, &mut seen, "sortedMaps", map, path)?;
        let mut items = BTreeMap::new();
        each(map, "items", path, |item, path| {
            let etag = hexadecimal(item, "etag", path)?.unwrap_or_else(|| world.memory.id());
            let sort_key = match (item.get("numericSortKey"), item.get("stringSortKey")) {
                (None, None) => None,
                (Some(key), None) => key.as_f64().map(SortKey::Number),
                (None, Some(key)) => key.as_str().map(|key| SortKey::Text(key.to_owned())),
                _ => return Err(Problem::new(path, "expected only one of numericSortKey and stringSortKey")),
            };
            let value = item.get("value").cloned().unwrap_or_default();
            let read = MapItem { value, sort_key, expires: time(item, "expireTime"), etag };
            match items.insert(text(item, "id").to_owned(), read) {
                None => Ok(()),
                Some(_) => Err(Problem::new(path, format!("the item {:?} is there twice", text(item, "id")))),
            }
        })?;
        world.memory.put_map(named, items);
        Ok(())
    })?;
    each(given, "queues", "", |queue, path| {
        let named = once(world, &mut seen, "queues", queue, path)?;
        let mut items = Vec::new();
        each(queue, "items", path, |item, path| {
            let read = hexadecimal(item, "readId", path)?;
            items.push(QueueItem {
                id: hexadecimal(item, "id", path)?.unwrap_or_else(|| world.memory.id()),
                data: item.get("data").cloned().unwrap_or_default(),
                priority: item.get("priority").and_then(Value::as_f64).unwrap_or_default(),
                expires: time(item, "expireTime"),
                read: read.zip(time(item, "hiddenUntil")),
            });
            Ok(())
        })?;
        // The front has the highest priority.
        items.sort_by(|one, other| other.priority.total_cmp(&one.priority));
        world.memory.put_queue(named, items);
        Ok(())
    })
}

/// Returns the experience, which is added if it isn't there, and the name. Two of a list can't have the same, and the same scope.
fn once(
    world: &mut World,
    seen: &mut HashSet<(&'static str, u64, String, String)>,
    what: &'static str,
    given: &Object,
    path: &str,
) -> Result<(u64, String), Problem> {
    let (universe, name) = (id(given, "universeId"), text(given, "name").to_owned());
    if !seen.insert((what, universe, name.clone(), scope(given).to_owned())) {
        return Err(Problem::new(path, format!("{name:?} of experience {universe} is there twice")));
    }
    world.ensure_experience(universe);
    Ok((universe, name))
}

fn scope(given: &Object) -> &str {
    given.get("scope").and_then(Value::as_str).unwrap_or(GLOBAL)
}

fn hexadecimal(given: &Object, name: &str, path: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = given.get(name).and_then(Value::as_str) else { return Ok(None) };
    let number = u64::from_str_radix(text, 16);
    number.map(Some).map_err(|_| Problem::new(format!("{path}.{name}"), "expected hexadecimal digits"))
}

fn read_entry(
    world: &mut World,
    given: &Object,
    path: &str,
    now: Timestamp,
) -> Result<(String, String, StoredEntry), Problem> {
    let (scope, key) = (scope(given).to_owned(), text(given, "id").to_owned());
    for (what, name) in [("scope", &scope), ("entry", &key)] {
        EntryId::check(what, name, false).map_err(|message| Problem::new(path, message))?;
    }
    let mut revisions = Vec::new();
    each(given, "earlier", path, |revision, path| {
        revisions.push(read_revision(world, revision, path, now)?);
        Ok(())
    })?;
    let last = read_revision(world, given, path, now)?;
    let created = time(given, "createTime").unwrap_or_else(|| revisions.first().map_or(last.at, |first| first.at));
    revisions.push(last);
    if revisions.windows(2).any(|pair| pair[0].at > pair[1].at) {
        return Err(Problem::new(path, "the earlier revisions aren't in the order of their times, the oldest first"));
    }
    // It gets its number with the store.
    Ok((scope, key, StoredEntry { number: 0, created, revisions }))
}

fn read_revision(world: &mut World, given: &Object, path: &str, now: Timestamp) -> Result<Revision, Problem> {
    let json = |name: &str| match (given.get(name), given.get(&format!("{name}Text"))) {
        (Some(_), Some(_)) => Err(Problem::new(path, format!("expected only one of {name} and {name}Text"))),
        (Some(value), None) => Ok(Some(value.to_string())),
        (None, written) => Ok(written.and_then(Value::as_str).map(str::to_owned)),
    };
    let is_deleted = given.get("deleted") == Some(&Value::Bool(true));
    let content = match (json("value")?, is_deleted) {
        (None, true) => None,
        (Some(_), true) => return Err(Problem::new(path, "what is deleted has no value")),
        (None, false) => return Err(Problem::new(path, "the property \"value\" is missing")),
        (Some(value), false) => {
            if serde_json::from_str::<serde::de::IgnoredAny>(&value).is_err() {
                return Err(Problem::new(format!("{path}.valueText"), "expected JSON"));
            }
            let users = list(given, "users").map(|users| Value::from(users.to_vec()).to_string());
            let content = Content::new(&value, users.as_deref(), json("attributes")?.as_deref());
            Some(content.map_err(|message| Problem::new(path, message))?)
        }
    };
    let revision_id = match text(given, "revisionId") {
        "" => world.data_stores.revision_id(),
        known => known.to_owned(),
    };
    Ok(Revision { id: revision_id, at: time(given, "revisionCreateTime").unwrap_or(now), content })
}
