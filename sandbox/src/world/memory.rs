//! Memory stores: sorted maps, queues and flushes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{after, written};
use super::ordered::number;

/// What an item of a sorted map is sorted by. Numbers come before texts, and items without a key last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SortKey {
    Number(f64),
    Text(String),
}

#[derive(Clone, Debug)]
pub(crate) struct MapItem {
    pub(crate) value: Value,
    pub(crate) sort_key: Option<SortKey>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) etag: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct QueueItem {
    /// 16 hexadecimal digits.
    pub(crate) id: u64,
    pub(crate) data: Value,
    pub(crate) priority: f64,
    pub(crate) expires: Option<Timestamp>,
    /// The last read, and until when it hides the item.
    pub(crate) read: Option<(u64, Timestamp)>,
}

/// The universe, and the name of the map or queue.
pub(crate) type Named = (u64, String);

#[derive(Debug, Default)]
pub(crate) struct Memory {
    maps: BTreeMap<Named, BTreeMap<String, MapItem>>,
    queues: BTreeMap<Named, Vec<QueueItem>>,
    /// When each flush began, by its path.
    flushes: BTreeMap<String, Timestamp>,
    /// How many ids were given out.
    ids: u64,
    /// Whether reads of queues are answered as in the document.
    pub(crate) has_documented_reads: bool,
}

impl Memory {
    pub(crate) fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    pub(crate) fn maps(&self) -> impl Iterator<Item = (&Named, &BTreeMap<String, MapItem>)> {
        self.maps.iter()
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = (&Named, &Vec<QueueItem>)> {
        self.queues.iter()
    }

    /// Puts the items of a map, or replaces them. Later ids are other ones.
    pub(crate) fn put_map(&mut self, map: Named, items: BTreeMap<String, MapItem>) {
        self.ids = items.values().map(|item| item.etag).fold(self.ids, u64::max);
        self.maps.insert(map, items);
    }

    /// Puts the items of a queue, its front first, or replaces them. Later ids are other ones.
    pub(crate) fn put_queue(&mut self, queue: Named, items: Vec<QueueItem>) {
        let ids = items.iter().flat_map(|item| [Some(item.id), item.read.map(|(read, _)| read)]);
        self.ids = ids.flatten().fold(self.ids, u64::max);
        self.queues.insert(queue, items);
    }

    /// Removes all of an experience.
    pub(crate) fn clear(&mut self, universe: u64) {
        self.maps.retain(|(of, _), _| *of != universe);
        self.queues.retain(|(of, _), _| *of != universe);
    }

    /// Removes the items that have expired.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let is_there = |expires: Option<Timestamp>| expires.is_none_or(|end| end > now);
        for items in self.maps.values_mut() {
            items.retain(|_, item| is_there(item.expires));
        }
        for items in self.queues.values_mut() {
            items.retain(|item| is_there(item.expires));
        }
        self.maps.retain(|_, items| !items.is_empty());
        self.queues.retain(|_, items| !items.is_empty());
    }

    pub(crate) fn map_item(&self, map: &Named, id: &str) -> Option<&MapItem> {
        self.maps.get(map)?.get(id)
    }

    /// Sets an item of a map, and returns it as the service writes it.
    pub(crate) fn set_map_item(
        &mut self,
        map: &Named,
        id: &str,
        value: Value,
        sort_key: Option<SortKey>,
        expires: Option<Timestamp>,
    ) -> Value {
        let item = MapItem { value, sort_key, expires, etag: self.id() };
        let json = item.json(map, id);
        self.maps.entry(map.clone()).or_default().insert(id.to_owned(), item);
        json
    }

    pub(crate) fn remove_map_item(&mut self, map: &Named, id: &str) -> bool {
        self.maps.get_mut(map).is_some_and(|items| items.remove(id).is_some())
    }

    /// Returns the items of a map in ascending order: by their sort keys, and by their ids.
    pub(crate) fn map_items(&self, map: &Named) -> Vec<(&str, &MapItem)> {
        let items = self.maps.get(map).into_iter().flatten();
        let mut items: Vec<(&str, &MapItem)> = items.map(|(id, item)| (id.as_str(), item)).collect();
        items.sort_by(|(_, one), (_, other)| match (&one.sort_key, &other.sort_key) {
            (Some(SortKey::Number(one)), Some(SortKey::Number(other))) => one.total_cmp(other),
            (Some(SortKey::Text(one)), Some(SortKey::Text(other))) => one.cmp(other),
            (one, other) => rank(one.as_ref()).cmp(&rank(other.as_ref())),
        });
        items
    }

    /// Adds an item to a queue, behind those of its priority. Returns it as the service writes it.
    pub(crate) fn enqueue(&mut self, queue: &Named, data: Value, priority: f64, expires: Option<Timestamp>) -> Value {
        let item = QueueItem { id: self.id(), data, priority, expires, read: None };
        let json = item.json(queue);
        let items = self.queues.entry(queue.clone()).or_default();
        let at = items.iter().position(|other| other.priority < priority).unwrap_or(items.len());
        items.insert(at, item);
        json
    }

    /// Reads up to `count` visible items, and hides them. `None` if all are wanted and there are fewer.
    pub(crate) fn read(
        &mut self,
        queue: &Named,
        count: usize,
        wants_all: bool,
        window: Duration,
        now: Timestamp,
    ) -> Option<Value> {
        let id = self.id();
        let is_visible = |item: &QueueItem| item.read.is_none_or(|(_, until)| until <= now);
        let items = self.queues.get_mut(queue).map(Vec::as_mut_slice).unwrap_or_default();
        if wants_all && items.iter().filter(|item| is_visible(item)).count() < count {
            return None;
        }
        let mut read = Vec::new();
        for item in items.iter_mut().filter(|item| is_visible(item)).take(count) {
            item.read = Some((id, after(now, window)));
            read.push(item.json(queue));
        }
        let id = if read.is_empty() { String::new() } else { digits(id) };
        Some(match self.has_documented_reads {
            true => json!({ "readId": id, "items": read }),
            false => json!({ "id": id, "queueItems": read }),
        })
    }

    /// Removes the items of a read that nobody has read since.
    pub(crate) fn discard(&mut self, queue: &Named, read: &str) {
        if let Some(items) = self.queues.get_mut(queue) {
            items.retain(|item| item.read.is_none_or(|(id, _)| digits(id) != read));
        }
    }

    /// Returns the values of a queue, visible or not, its front first.
    pub(crate) fn queue(&self, queue: &Named) -> Vec<Value> {
        self.queues.get(queue).into_iter().flatten().map(|item| item.data.clone()).collect()
    }

    /// Removes everything of a universe. Returns the path of the operation.
    pub(crate) fn flush(&mut self, universe: u64, now: Timestamp) -> String {
        self.clear(universe);
        let path = format!("cloud/v2/universes/{universe}/memory-store/operations/{}", digits(self.id()));
        self.flushes.insert(path.clone(), now);
        path
    }

    /// Returns when a flush began.
    pub(crate) fn flush_began(&self, path: &str) -> Option<Timestamp> {
        self.flushes.get(path).copied()
    }
}

/// Writes an id.
pub(crate) fn digits(id: u64) -> String {
    format!("{id:016x}")
}

fn rank(key: Option<&SortKey>) -> u8 {
    match key {
        Some(SortKey::Number(_)) => 0,
        Some(SortKey::Text(_)) => 1,
        None => 2,
    }
}

impl MapItem {
    /// Returns the item as the service writes it.
    pub(crate) fn json(&self, (universe, map): &Named, id: &str) -> Value {
        let mut json = Map::from_iter([
            (
                "path".to_owned(),
                json!(format!("cloud/v2/universes/{universe}/memory-store/sorted-maps/{map}/items/{id}")),
            ),
            ("id".to_owned(), json!(id)),
            ("value".to_owned(), self.value.clone()),
            ("etag".to_owned(), json!(format!("{:x}", self.etag))),
        ]);
        if let Some(expires) = self.expires {
            json.insert("expireTime".to_owned(), json!(written(expires)));
        }
        match &self.sort_key {
            None => {}
            Some(SortKey::Number(key)) => drop(json.insert("numericSortKey".to_owned(), number(*key))),
            Some(SortKey::Text(key)) => drop(json.insert("stringSortKey".to_owned(), json!(key))),
        }
        Value::Object(json)
    }
}

impl QueueItem {
    /// Returns the item as the service writes it.
    fn json(&self, (universe, queue): &Named) -> Value {
        let id = digits(self.id);
        let mut json = json!({
            "path": format!("cloud/v2/universes/{universe}/memory-store/queues/{queue}/items/{id}"),
            "id": id, "data": self.data, "priority": number(self.priority),
        });
        if let Some(expires) = self.expires {
            json["expireTime"] = json!(written(expires));
        }
        json
    }
}

/// A filter of a sorted map, such as `id > "key-001" && sortKey < 7`.
#[derive(Debug, Default)]
pub(crate) struct MapQuery(Vec<Bound>);

#[derive(Debug)]
struct Bound {
    is_of_id: bool,
    is_above: bool,
    value: SortKey,
}

impl MapQuery {
    /// # Errors
    /// Returns the message of the refusal.
    pub(crate) fn parse(filter: &str) -> Result<Self, String> {
        let invalid = || format!("The filter '{filter}' is invalid.");
        let (mut bounds, mut rest) = (Vec::new(), filter.trim());
        while !rest.is_empty() {
            let (is_of_id, after) = match (rest.strip_prefix("id"), rest.strip_prefix("sortKey")) {
                (Some(after), _) => (true, after),
                (None, Some(after)) => (false, after),
                _ => return Err(invalid()),
            };
            let after = after.trim_start();
            let (is_above, after) = match (after.strip_prefix('>'), after.strip_prefix('<')) {
                (Some(after), _) => (true, after),
                (None, Some(after)) => (false, after),
                _ => return Err(invalid()),
            };
            // A string or a number, whose forms are those of JSON.
            let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
            let value = match values.next().ok_or_else(invalid)?.map_err(|_| invalid())? {
                Value::String(text) => SortKey::Text(text),
                Value::Number(number) if !is_of_id => SortKey::Number(number.as_f64().ok_or_else(invalid)?),
                _ => return Err(invalid()),
            };
            bounds.push(Bound { is_of_id, is_above, value });
            rest = after[values.byte_offset()..].trim_start();
            if !rest.is_empty() {
                rest =
                    rest.strip_prefix("&&").map(str::trim_start).filter(|rest| !rest.is_empty()).ok_or_else(invalid)?;
            }
        }
        Ok(Self(bounds))
    }

    pub(crate) fn matches(&self, id: &str, item: &MapItem) -> bool {
        self.0.iter().all(|bound| {
            let order = match (&bound.value, bound.is_of_id, &item.sort_key) {
                (SortKey::Text(text), true, _) => Some(id.cmp(text)),
                (SortKey::Text(text), false, Some(SortKey::Text(key))) => Some(key.cmp(text)),
                (SortKey::Number(number), false, Some(SortKey::Number(key))) => key.partial_cmp(number),
                _ => None,
            };
            order.is_some_and(|order| if bound.is_above { order.is_gt() } else { order.is_lt() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_sorted_maps_are_read() {
        let item = |key: Option<SortKey>| MapItem { value: Value::Null, sort_key: key, expires: None, etag: 1 };
        let numbered = item(Some(SortKey::Number(5.0)));
        for (filter, id, matches) in [
            ("", "a", true),
            (r#"id > "a" && id < "c""#, "b", true),
            (r#"id > "a" && id < "c""#, "a", false),
            (r#"id>"a\"""#, "b", true),
            ("sortKey > 4 && sortKey < 5.5", "a", true),
            ("sortKey > 5", "a", false),
            (r#"sortKey > "4""#, "a", false),
        ] {
            assert_eq!(MapQuery::parse(filter).expect("it is valid").matches(id, &numbered), matches, "{filter}");
        }
        assert!(!MapQuery::parse("sortKey > 1").expect("it is valid").matches("a", &item(None)));
        for bad in
            ["id", "id >= \"a\"", "id > 5", "id > \"a\" || id < \"b\"", "id > \"a\" &&", "name > \"a\"", "id > 'a'"]
        {
            assert!(MapQuery::parse(bad).is_err(), "{bad}");
        }
    }
}
