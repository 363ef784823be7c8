//! Objects whose keys are ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::wire::{self, Field, Json, Model, Unreadable};

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
    // `collect` would sort them, in a copy of the sort for each type.
    let mut models = BTreeMap::new();
    for (name, value) in fields(json)? {
        let key = key(&name).ok_or_else(|| Unreadable::new(format!("invalid id {name:?}")))?;
        models.insert(key, read(&name, value)?);
    }
    Ok(models)
}

/// Returns the fields of an object, which must be there. `null` is an empty one.
pub(super) fn fields(json: Option<Json<'_>>) -> Result<Map<String, Value>, Unreadable> {
    match json {
        Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(fields)) => Ok(fields),
        _ => Err(Unreadable::new("expected an object")),
    }
}

/// Reads the model in the field of this name.
pub(super) fn read<T: Model>(name: &str, value: Value) -> Result<T, Unreadable> {
    T::read(value.into()).map_err(|error| Unreadable::new(format!("{name:?}: {error}")))
}
