//! Reads the properties of objects that the schema has accepted.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::schema::Problem;

pub(super) type Object = Map<String, Value>;

/// Calls `f` with each object of a list, and where it stands.
pub(super) fn each(
    object: &Object,
    name: &str,
    path: &str,
    mut f: impl FnMut(&Object, &str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (index, item) in list(object, name).unwrap_or_default().iter().enumerate() {
        if let Some(item) = item.as_object() {
            f(item, &format!("{path}[{index}]"))?;
        }
    }
    Ok(())
}

pub(super) fn list<'a>(object: &'a Object, name: &str) -> Option<&'a [Value]> {
    object.get(name)?.as_array().map(Vec::as_slice)
}

pub(super) fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns an id, which the schema has made a string of digits.
pub(super) fn id(object: &Object, name: &str) -> u64 {
    object.get(name).map_or(0, id_of)
}

pub(super) fn id_of(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

pub(super) fn time(object: &Object, name: &str) -> Option<Timestamp> {
    text(object, name).parse().ok()
}
