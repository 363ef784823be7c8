//! Objects whose keys are ids.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::wire::{self, Json, Model};

/// Reads an object of models by their keys. `null` is an empty one.
pub(super) fn by_key<'de, D: Deserializer<'de>, K: Ord, T: Model>(
    deserializer: D,
    key: fn(&str) -> Option<K>,
) -> Result<BTreeMap<K, T>, D::Error> {
    let fields = match Json::deserialize(deserializer)? {
        Json::Null => return Ok(BTreeMap::new()),
        Json::Object(fields) => fields,
        _ => return Err(de::Error::custom("expected an object")),
    };
    let read = |(name, value): (String, Value)| {
        let key = key(&name).ok_or_else(|| de::Error::custom(format_args!("invalid id {name:?}")))?;
        let model = wire::from_value(&value).map_err(|error| de::Error::custom(format_args!("{name:?}: {error}")))?;
        Ok((key, model))
    };
    fields.into_iter().map(read).collect()
}

/// Reads an object of models by decimal ids.
pub(super) fn by_id<'de, D: Deserializer<'de>, T: Model>(deserializer: D) -> Result<BTreeMap<u64, T>, D::Error> {
    by_key(deserializer, wire::decimal)
}

/// Reads an object of models by texts.
pub(super) fn by_name<'de, D: Deserializer<'de>, T: Model>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
    by_key(deserializer, |name| Some(name.to_owned()))
}
