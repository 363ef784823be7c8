//! JSON forms of single fields: ids that are strings or integers, times that jiff can't hold, and values of the wrong type.

mod field;
mod fields;
mod finite;
mod json;
mod model;

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub(crate) use field::Field;
pub(crate) use fields::{Fields, Name, Names, Unread, Unreadable, from_fields, from_slice, from_value, read};
pub(crate) use finite::{to_text as to_finite_text, to_value as to_finite_value};
pub(crate) use json::Json;
pub(crate) use model::{Model, is_default, model};

use self::json::JsonVisitor;

/// Reads a value of the wrong type as the default, so that a minor field can't fail the whole struct. It is for structs that
/// aren't models.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Field + Default,
{
    Ok(T::of(Json::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a value like [`lenient`], without a [`Json`] in memory. It is for the fields of which a page has hundreds: there is a
/// copy of its visitor for each type.
pub(crate) fn direct<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Field + Default,
{
    direct_with(deserializer, |json| T::of(json).unwrap_or_default())
}

/// Reads a value with a function, like [`direct`].
pub(crate) fn direct_with<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(Json<'_>) -> T,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(Direct(read))
}

/// Passes on a value as it is read.
struct Direct<F>(F);

impl<'de, T, F: FnOnce(Json<'_>) -> T> Visitor<'de> for Direct<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        JsonVisitor.visit_unit().map(self.0)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        JsonVisitor.visit_bool(value).map(self.0)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        JsonVisitor.visit_u64(number).map(self.0)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        JsonVisitor.visit_i64(number).map(self.0)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        JsonVisitor.visit_f64(number).map(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(self.0(Json::Text(Cow::Borrowed(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<T, A::Error> {
        JsonVisitor.visit_seq(sequence).map(self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        JsonVisitor.visit_map(map).map(self.0)
    }
}

/// Reads a value that answers a question of the caller: one of the wrong type is an error, and never the default. Numbers and
/// truth values can be strings. A missing one is the default.
pub(crate) fn strict<T: Field + Default>(json: Option<Json<'_>>) -> Result<T, Unreadable> {
    json.map_or_else(|| Ok(T::default()), T::read)
}

/// Reads a value like [`strict`], and `null` as the default.
pub(crate) fn strict_or_null<T: Field + Default>(json: Option<Json<'_>>) -> Result<T, Unreadable> {
    strict::<Option<T>>(json).map(Option::unwrap_or_default)
}

/// Reads an empty string, which the service sends for "not set", as `None`.
pub(crate) fn non_empty(json: Option<Json<'_>>) -> Result<Option<String>, Unreadable> {
    Ok(json.and_then(String::of).filter(|text| !text.is_empty()))
}

/// Reads `null` or a missing field as the default, for `#[serde(default, deserialize_with = …)]`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads an object straight into a model whose fields are all lenient. Anything else is `None`.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct ObjectVisitor<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Option<T>, A::Error> {
            IgnoredAny.visit_seq(sequence).map(|_| None)
        }

        fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Option<T>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(ObjectVisitor(std::marker::PhantomData))
}

/// Reads a string, borrowed if possible. Anything else is an empty string.
pub(crate) fn path<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    Json::deserialize(deserializer).map(Json::into_text)
}

/// Reads the strings of a list, and other values as empty strings. Anything but a list is an empty one.
pub(crate) fn paths<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cow<'a, str>>, D::Error> {
    Ok(match Json::deserialize(deserializer)? {
        Json::List(values) => values.into_iter().map(Json::into_text).collect(),
        _ => Vec::new(),
    })
}

/// Writes an id, which is read from a decimal string or an integer, as a string.
pub(crate) mod id {
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }
}

/// An [`id`] that may be missing or `null`.
pub(crate) mod option_id {
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }
}

/// Returns the id that follows `collection` in a resource path: `("groups/7/roles/9", "roles")` is 9.
pub(crate) fn path_id(path: &str, collection: &str) -> Option<u64> {
    decimal(path_segment(path, collection)?)
}

/// Parses a decimal number as services write it: one text for each number. `parse` would accept a sign and leading zeros, so that
/// several texts would be one user's id.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    match text.as_bytes() {
        b"0" => Some(0),
        [b'1'..=b'9', ..] => text.parse().ok(),
        _ => None,
    }
}

/// Returns the segment that follows `collection` in a resource path.
pub(crate) fn path_segment<'a>(path: &'a str, collection: &str) -> Option<&'a str> {
    let mut segments = path.split('/');
    segments.find(|segment| *segment == collection)?;
    segments.next().filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn numbers_and_strings_of_digits_are_both_read() {
        let ids =
            |json: &str| super::lenient::<_, Option<Vec<u64>>>(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!(ids(r#"["1", 2]"#), Some(Some(vec![1, 2])));
        assert_eq!(ids(r#"["one"]"#), Some(None));
        let text = |json: &str| super::lenient::<_, String>(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!((text("7").as_deref(), text("true").as_deref()), (Some("7"), Some("")));
        let number = |json: &str| super::lenient::<_, u32>(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!((number("\"7\""), number("\"-7\""), number("null")), (Some(7), Some(0), Some(0)));
    }

    #[test]
    fn answers_have_no_default() {
        fn read<T: Field>(json: &str) -> Option<T> {
            T::read(serde_json::from_str(json).expect("it is JSON")).ok()
        }
        assert_eq!((read::<bool>("true"), read::<bool>("\"false\"")), (Some(true), Some(false)));
        assert_eq!((read::<u64>("7"), read::<u64>("\"7\"")), (Some(7), Some(7)));
        for json in ["null", "1", "\"yes\"", "{}", "[]"] {
            assert_eq!(read::<bool>(json), None, "{json}");
        }
        for json in ["null", "-1", "1.5", "\"-1\"", "\"\"", "true", "{}"] {
            assert_eq!(read::<u64>(json), None, "{json}");
        }
        let flag = |json: &str| strict_or_null::<bool>(serde_json::from_str(json).ok()).ok();
        assert_eq!((flag("null"), flag("true"), flag("1")), (Some(false), Some(true), None));
    }

    #[test]
    fn each_number_has_one_text() {
        for (text, number) in [
            ("0", Some(0)),
            ("156", Some(156)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("", None),
            ("+156", None),
            ("-0", None),
            ("0156", None),
            ("00", None),
            (" 156", None),
            ("156\n", None),
            ("1e3", None),
            ("\u{661}", None),
        ] {
            assert_eq!(decimal(text), number, "{text:?}");
            assert_eq!(path_id(&format!("users/{text}/x"), "users"), number, "{text:?}");
            assert_eq!(u64::of(Json::from(Value::from(text))), number, "{text:?}");
        }
    }

    #[test]
    fn ids_are_read_from_paths() {
        assert_eq!(path_id("groups/7/roles/9", "roles"), Some(9));
        assert_eq!(path_id("groups/7/roles/9", "groups"), Some(7));
        assert_eq!(path_id("groups/7", "roles"), None);
        assert_eq!(path_id("groups", "groups"), None);
    }
}
