//! JSON forms of single fields: ids that are strings or integers, and times that jiff can't hold.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Reads `null` or a missing field as the default, for `#[serde(default, deserialize_with = …)]`.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a value of the wrong type as the default, so that a minor field can't fail the whole model.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    let read = T::deserialize(&value).ok();
    // 64-bit numbers are strings in some places.
    Ok(read.or_else(|| T::deserialize(swapped(value)?).ok()).unwrap_or_default())
}

/// Reads a value that answers a question of the caller: one of the wrong type is an error, and never the default. Numbers and
/// truth values can be strings.
pub(crate) fn strict<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    T::deserialize(&value).or_else(|problem| {
        swapped(value).and_then(|value| T::deserialize(value).ok()).ok_or_else(|| D::Error::custom(problem))
    })
}

/// Reads a value like [`strict`], and `null` as the default.
pub(crate) fn strict_or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    strict::<D, Option<T>>(deserializer).map(Option::unwrap_or_default)
}

/// Returns a number as a string, or a string of digits as a number, also in a list.
fn swapped(value: Value) -> Option<Value> {
    Some(match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::String(text) if text == "true" || text == "false" => Value::Bool(text == "true"),
        Value::String(text) => decimal(&text)?.into(),
        Value::Array(values) => {
            let number = |value: Value| value.as_str().and_then(decimal).map(Value::from).unwrap_or(value);
            values.into_iter().map(number).collect()
        }
        _ => return None,
    })
}

/// Reads a string, borrowed if possible. Anything else is an empty string.
pub(crate) fn path<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    Ok(Texts::deserialize(deserializer)?.0.into_iter().next().unwrap_or_default())
}

/// Reads the strings of a list, and other values as empty strings. Anything but a list is an empty one.
pub(crate) fn paths<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cow<'a, str>>, D::Error> {
    let Texts(texts, is_list) = Texts::deserialize(deserializer)?;
    Ok(if is_list { texts } else { Vec::new() })
}

/// A string or a list of strings, and whether it is a list.
struct Texts<'a>(Vec<Cow<'a, str>>, bool);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Borrowed(text)], false))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Owned(text.to_owned())], false))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Texts(Vec::new(), false))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                self.visit_unit()
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                self.visit_unit()
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                self.visit_unit()
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                self.visit_unit()
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Texts(texts, is_list)) = sequence.next_element()? {
                    all.push(texts.into_iter().next().filter(|_| !is_list).unwrap_or_default());
                }
                Ok(Texts(all, true))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                IgnoredAny.visit_map(map)?;
                self.visit_unit()
            }
        }

        deserializer.deserialize_any(TextsVisitor)
    }
}

/// Reads an empty string, which the service sends for "not set", as `None`.
pub(crate) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a decimal string or an integer")
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<u64, E> {
        Ok(id)
    }

    fn visit_i64<E: Error>(self, id: i64) -> Result<u64, E> {
        u64::try_from(id).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        decimal(text).ok_or_else(|| E::custom(format_args!("{text:?} is not a decimal id")))
    }
}

struct OptionIdVisitor;

impl<'de> Visitor<'de> for OptionIdVisitor {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IdVisitor.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_any(IdVisitor).map(Some)
    }
}

/// An id: read from a decimal string or an integer, and written as a string.
pub(crate) mod id {
    use super::{Deserializer, IdVisitor};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

/// An [`id`] that may be missing or `null`.
pub(crate) mod option_id {
    use super::{Deserializer, OptionIdVisitor};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_option(OptionIdVisitor)
    }
}

/// Reads an invalid id as missing.
pub(crate) fn lenient_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(id::deserialize(Value::deserialize(deserializer)?).ok())
}

/// Reads a number that may be a string. Anything else is 0, which the service leaves out.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    lenient_id(deserializer).map(Option::unwrap_or_default)
}

/// Reads a time that may be missing. An invalid time is read as missing, so that it can't fail a page.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    struct TimeVisitor;

    impl<'de> Visitor<'de> for TimeVisitor {
        type Value = Option<Timestamp>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an RFC 3339 time")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(parse_timestamp(text))
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_seq(sequence).map(|_| None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_map(map).map(|_| None)
        }
    }

    deserializer.deserialize_any(TimeVisitor)
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    match text.parse() {
        Ok(time) => Some(time),
        // .NET services send this for "never". It is an hour after jiff's maximum.
        Err(_) if text.starts_with("9999-12-3") => Some(Timestamp::MAX),
        Err(_) => None,
    }
}

/// Returns the id that follows `collection` in a resource path: `("groups/7/roles/9", "roles")` is 9.
pub(crate) fn path_id(path: &str, collection: &str) -> Option<u64> {
    decimal(path_segment(path, collection)?)
}

/// Parses a decimal number as services write it: one text for each number. `parse` would accept a sign and leading zeros, so that
/// several texts would be one user's id.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

/// Returns the segment that follows `collection` in a resource path.
pub(crate) fn path_segment<'a>(path: &'a str, collection: &str) -> Option<&'a str> {
    let mut segments = path.split('/');
    segments.find(|segment| *segment == collection)?;
    segments.next().filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_the_maximum_are_clamped() {
        assert_eq!(parse_timestamp("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
        assert_eq!(parse_timestamp("9999-12-31T23:59:59.9999999Z"), Some(Timestamp::MAX));
        assert!(parse_timestamp("0001-01-01T00:00:00Z").is_some());
        assert_eq!(parse_timestamp("yesterday"), None);
    }

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
        fn read<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
            strict(&mut serde_json::Deserializer::from_str(json)).ok()
        }
        assert_eq!((read::<bool>("true"), read::<bool>("\"false\"")), (Some(true), Some(false)));
        assert_eq!((read::<u64>("7"), read::<u64>("\"7\"")), (Some(7), Some(7)));
        for json in ["null", "1", "\"yes\"", "{}", "[]"] {
            assert_eq!(read::<bool>(json), None, "{json}");
        }
        for json in ["null", "-1", "1.5", "\"-1\"", "\"\"", "true", "{}"] {
            assert_eq!(read::<u64>(json), None, "{json}");
        }
        let flag = |json: &str| strict_or_null::<_, bool>(&mut serde_json::Deserializer::from_str(json)).ok();
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
            let read = |json: serde_json::Value| id::deserialize(json).ok();
            assert_eq!(read(text.into()), number, "{text:?}");
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
