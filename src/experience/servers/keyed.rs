//! Objects whose keys are ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::wire::{self, Json, Model, Unreadable};

/// Reads an object of models by decimal ids, which must be there. `null` is an empty one.
pub(super) fn by_id<T: Model>(json: Option<Json<'_>>) -> Result<BTreeMap<u64, T>, Unreadable> {
    by_key(json, wire::decimal)
}

/// Reads an object of models like [`by_id`]. A missing one is empty.
pub(super) fn by_id_if_any<T: Model>(json: Option<Json<'_>>) -> Result<BTreeMap<u64, T>, Unreadable> {
    by_id(json.or(Some(Json::Null)))
}

/// Reads an object of models by texts, which must be there. `null` is an empty one.
pub(super) fn by_name<T: Model>(json: Option<Json<'_>>) -> Result<BTreeMap<String, T>, Unreadable> {
    by_key(json, |name| Some(name.to_owned()))
}

fn by_key<K: Ord, T: Model>(json: Option<Json<'_>>, key: fn(&str) -> Option<K>) -> Result<BTreeMap<K, T>, Unreadable> {
    let fields = match json {
        Some(Json::Null) => Map::new(),
        Some(Json::Object(fields)) => fields,
        _ => return Err(Unreadable::new("expected an object")),
    };
    let read = |(name, value): (String, Value)| {
        let key = key(&name).ok_or_else(|| Unreadable::new(format!("invalid id {name:?}")))?;
        let model = wire::from_value(&value).map_err(|error| Unreadable::new(format!("{name:?}: {error}")))?;
        Ok((key, model))
    };
    fields.into_iter().map(read).collect()
}
