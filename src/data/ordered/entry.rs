use std::fmt;

use crate::page::{PageItem, Values};
use crate::wire::{Field, Json, Unreadable, model};

model! {
    prepare Self::complete;
    /// An entry of an [`OrderedDataStore`](crate::data::OrderedDataStore).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/OrderedDataStoreEntry>
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct OrderedEntry {
        /// The resource path, `universes/{universe}/ordered-data-stores/{store}/scopes/{scope}/entries/{entry}`.
        #[lenient]
        pub path: String,
        /// The id.
        #[lenient]
        pub id: String,
        /// The value. The service keeps numbers as doubles, which are exact up to 2^53.
        #[with(whole)]
        pub value: i64,
    }
}

impl OrderedEntry {
    /// Takes the id from the path if the response has none of its own.
    #[allow(clippy::unnecessary_wraps, reason = "`model!` takes functions that can fail")]
    fn complete(fields: &mut crate::wire::Fields<'_>) -> Result<(), Unreadable> {
        if matches!(fields.get_mut("id"), Some(None | Some(Json::Null))) {
            let path = match fields.get_mut("path") {
                Some(Some(Json::Text(path))) => path.split_once("/entries/").map(|(_, id)| id.to_owned()),
                _ => None,
            };
            if let Some(id) = fields.get_mut("id") {
                *id = path.map(|id| Json::Text(id.into()));
            }
        }
        Ok(())
    }

    /// Sets the id if the response doesn't name it.
    pub(super) fn or_id(mut self, id: &str) -> Self {
        if self.id.is_empty() {
            id.clone_into(&mut self.id);
        }
        self
    }
}

/// `user_156: 700`.
impl fmt::Display for OrderedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.value)
    }
}

impl PageItem for OrderedEntry {
    const FIELD: &'static str = "orderedDataStoreEntries";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields().filter(|entry: &Self| !entry.id.is_empty())
    }
}

/// Reads a whole number, which the service can write as a double: `7.0`.
fn whole(json: Option<Json<'_>>) -> Result<i64, Unreadable> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    match json {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and in the range")]
        Some(Json::Float(number)) if number.fract() == 0.0 && (-END..END).contains(&number) => Ok(number as i64),
        Some(json) => i64::read(json),
        None => Err(Unreadable::new("missing field `value`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire;

    #[test]
    fn values_are_whole_numbers_in_any_form() {
        let value = |text: &str| {
            let body = format!(r#"{{"id":"a","value":{text}}}"#);
            wire::from_slice::<OrderedEntry>(body.as_bytes()).ok().map(|entry| entry.value)
        };
        for (text, number) in [
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("0", Some(0)),
            ("7.0", Some(7)),
            ("1e3", Some(1000)),
            ("-0.0", Some(0)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9.223372036854775808e18", Some(i64::MIN)),
            ("9.3e18", None),
            ("7.5", None),
            ("\"7\"", Some(7)),
            ("null", None),
            ("true", None),
        ] {
            assert_eq!(value(text), number, "{text}");
        }
        assert!(wire::from_slice::<OrderedEntry>(br#"{"id":"a"}"#).is_err(), "a missing value isn't zero");
    }

    #[test]
    fn the_id_can_be_that_of_the_path() {
        let id = |json| wire::from_value::<OrderedEntry>(&json).expect("an entry").id;
        let path = "universes/1/ordered-data-stores/a/scopes/global/entries/b/c";
        assert_eq!(id(json!({ "path": path, "id": "x", "value": 1 })), "x");
        assert_eq!(id(json!({ "path": path, "value": 1 })), "b/c");
        assert_eq!(id(json!({ "path": path, "id": null, "value": 1 })), "b/c");
        assert_eq!(id(json!({ "value": 1 })), "");
    }
}
