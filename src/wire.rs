//! JSON forms of single fields: ids that are strings or integers, times that jiff can't hold, and values of the wrong type.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The type of a field, which can be read from JSON of another type. It isn't read by serde, of which there would be a copy for
/// each type and for each form of input.
pub(crate) trait Field: Sized {
    /// What is expected, for errors.
    const EXPECTED: &'static str;

    /// Reads a value. `None` if it has the wrong type.
    fn of(json: Json<'_>) -> Option<Self>;
}

/// Reads a value of the wrong type as the default, so that a minor field can't fail the whole model.
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
/// truth values can be strings.
pub(crate) fn strict<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Field,
{
    let json = Json::deserialize(deserializer)?;
    let found = json.kind();
    T::of(json).ok_or_else(|| unexpected(T::EXPECTED, found))
}

#[cold]
fn unexpected<E: Error>(expected: &str, found: &str) -> E {
    E::custom(format_args!("expected {expected}, found {found}"))
}

/// Reads a value like [`strict`], and `null` as the default.
pub(crate) fn strict_or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Field + Default,
{
    strict::<D, Option<T>>(deserializer).map(Option::unwrap_or_default)
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

/// Reads an empty string, which the service sends for "not set", as `None`.
pub(crate) fn non_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::<D, Option<String>>(deserializer)?.filter(|text| !text.is_empty()))
}

/// An id: read from a decimal string or an integer, and written as a string.
pub(crate) mod id {
    use super::{Deserializer, strict};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        strict(deserializer)
    }
}

/// An [`id`] that may be missing or `null`.
pub(crate) mod option_id {
    use super::{Deserializer, strict};
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        strict(deserializer)
    }
}

/// A value whose strings are borrowed if possible.
#[derive(Debug)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Map<String, Value>),
}

impl<'a> Json<'a> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Returns a string. Anything else is an empty string.
    fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            _ => Cow::default(),
        }
    }
}

impl From<Value> for Json<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Self::Unsigned(number),
                (None, Some(number)) => Self::Signed(number),
                (None, None) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Text(text.into()),
            Value::Array(values) => Self::List(values.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Object(fields),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        Json::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(u64::try_from(number).map_or(Json::Signed(number), Json::Unsigned))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = map.next_entry()? {
            fields.insert(name, value);
        }
        Ok(Json::Object(fields))
    }
}

impl<T: Field> Field for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            json => T::of(json).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::List(values) => values.into_iter().map(T::of).collect(),
            _ => None,
        }
    }
}

impl Field for bool {
    const EXPECTED: &'static str = "a boolean";

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(value),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl Field for String {
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text.into_owned()),
            Json::Unsigned(number) => Some(number.to_string()),
            Json::Signed(number) => Some(number.to_string()),
            Json::Float(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Field for u64 {
    const EXPECTED: &'static str = "a decimal string or an integer";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Unsigned(number) => Some(number),
            Json::Text(text) => decimal(&text),
            _ => None,
        }
    }
}

impl Field for u32 {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        u64::of(json)?.try_into().ok()
    }
}

impl Field for i64 {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Signed(number) => Some(number),
            Json::Text(text) if text.starts_with('-') => text.parse().ok(),
            json => u64::of(json)?.try_into().ok(),
        }
    }
}

impl Field for i32 {
    const EXPECTED: &'static str = i64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        i64::of(json)?.try_into().ok()
    }
}

impl Field for Timestamp {
    const EXPECTED: &'static str = "an RFC 3339 time";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => parse_timestamp(&text),
            _ => None,
        }
    }
}

/// Reads a model that is a field of another one from its text: so it is compiled once.
pub(crate) fn model<T: DeserializeOwned>(json: Json<'_>) -> Option<T> {
    match json {
        Json::Object(fields) => crate::json::from_value(&Value::Object(fields)).ok(),
        _ => None,
    }
}

/// Makes models that can be fields of other ones.
macro_rules! model_fields {
    ($($model:ty),+) => {$(
        impl $crate::wire::Field for $model {
            const EXPECTED: &'static str = "an object";

            fn of(json: $crate::wire::Json<'_>) -> Option<Self> {
                $crate::wire::model(json)
            }
        }
    )+};
}

pub(crate) use model_fields;

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
        fn read<T: Field>(json: &str) -> Option<T> {
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
            assert_eq!(id::deserialize(Value::from(text)).ok(), number, "{text:?}");
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
