//! Reads JSON with a byte order mark or with broken characters.

use std::borrow::Cow;

use serde::de::{self, DeserializeOwned, Visitor};
use serde_json::de::StrRead;
use serde_json::{Deserializer, Value};

/// Reads a model.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut model = None;
    fill_from_slice(&mut model, body)?;
    filled(model)
}

/// Reads a model from a text, which may have broken characters.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    from_slice(text.as_bytes())
}

/// Reads a caller's model from a value, by way of its text, so that it is compiled for texts only. See `wire::from_value` for
/// those of this crate.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
    let mut model = None;
    fill_from_value(&mut model, value)?;
    filled(model)
}

/// Reads the one form of input that models are compiled for.
pub(crate) type StrDeserializer<'t> = Deserializer<StrRead<'t>>;

/// A model that is still to be read. What doesn't depend on its type is compiled once.
pub(crate) trait Fill {
    fn fill(&mut self, deserializer: &mut Deserializer<StrRead<'_>>) -> Result<(), serde_json::Error>;
}

impl<T: DeserializeOwned> Fill for Option<T> {
    fn fill(&mut self, deserializer: &mut Deserializer<StrRead<'_>>) -> Result<(), serde_json::Error> {
        *self = Some(T::deserialize(Objects(deserializer))?);
        Ok(())
    }
}

pub(crate) fn fill_from_slice(model: &mut dyn Fill, body: &[u8]) -> Result<(), serde_json::Error> {
    read(body, &mut |text| fill_from_str(model, text))
}

fn fill_from_value(model: &mut dyn Fill, value: &Value) -> Result<(), serde_json::Error> {
    fill_from_str(model, &value.to_string())
}

fn fill_from_str(model: &mut dyn Fill, text: &str) -> Result<(), serde_json::Error> {
    let mut deserializer = Deserializer::from_str(text);
    model.fill(&mut deserializer)?;
    deserializer.end()
}

fn filled<T>(model: Option<T>) -> Result<T, serde_json::Error> {
    model.ok_or_else(|| de::Error::custom("expected a value"))
}

/// Passes the text to `read`. If that fails and the text has broken characters, passes a repaired copy: a string that was cut
/// in the middle of a character must not fail the whole response.
pub(crate) fn read<E>(body: &[u8], read: &mut dyn FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let text = text(body);
    read(&text).or_else(|error| match mended(&text) {
        Some(mended) => read(&mended).map_err(|_| error),
        None => Err(error),
    })
}

/// Returns the text of a body, without its byte order mark.
fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // Much faster than `from_utf8_lossy` alone.
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}

/// Replaces each unpaired surrogate escape, as in `"cut \ud83d"`. `None` if there is none.
pub(crate) fn mended(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let escape = |at: usize| {
        let digits = text.get(at + 2..at + 6).filter(|_| bytes[at..].starts_with(b"\\u"))?;
        u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let (mut mended, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match escape(at) {
            Some(0xd800..=0xdbff) if matches!(escape(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                mended.push_str(&text[copied..at]);
                mended.push('\u{fffd}');
                at += 6;
                copied = at;
            }
            // Another escape, whose second character may be a backslash.
            _ => at += 2,
        }
        if at >= bytes.len() {
            break;
        }
    }
    if copied == 0 {
        return None;
    }
    mended.push_str(&text[copied..]);
    Some(mended)
}

/// Reads a struct from an object only. Those that serde derives can also be read from a list of their fields, so that a list in
/// place of a model would be taken for one.
pub(crate) struct Objects<D>(pub(crate) D);

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
                self.0.$method($($argument,)* visitor)
            }
        )*
    };
}

impl<'de, D: de::Deserializer<'de>> de::Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string() deserialize_bytes()
        deserialize_byte_buf() deserialize_option() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str) deserialize_seq() deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize) deserialize_map()
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) deserialize_identifier()
        deserialize_ignored_any()
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn broken_characters_do_not_fail_the_document() {
        for (text, value) in [
            (&br#"{"a":"cut \ud83d"}"#[..], json!({ "a": "cut \u{fffd}" })),
            (br#"{"a":"\ud83d\ude00"}"#, json!({ "a": "\u{1f600}" })),
            (br#"{"a":"\ud83d\ud83d\ude00"}"#, json!({ "a": "\u{fffd}\u{1f600}" })),
            (br#"{"a":"\ude00\ud83d and more"}"#, json!({ "a": "\u{fffd}\u{fffd} and more" })),
            (br#"{"a":"\\ud83d \ud83d"}"#, json!({ "a": "\\ud83d \u{fffd}" })),
            (br#"{"a":"\\\ud83d"}"#, json!({ "a": "\\\u{fffd}" })),
            (br#"{"\ud83d":1,"b":2}"#, json!({ "\u{fffd}": 1, "b": 2 })),
            (br#"{"a":"\uD83D\u0041"}"#, json!({ "a": "\u{fffd}A" })),
            (b"{\"a\":\"cut \xf0\x9f\"}", json!({ "a": "cut \u{fffd}" })),
            (b"{\"a\":\"\xff\",\"b\":\"\\ud83d\"}", json!({ "a": "\u{fffd}", "b": "\u{fffd}" })),
            (b"\xef\xbb\xbf{\"a\":1}", json!({ "a": 1 })),
            (b"\xef\xbb\xbf\r\n {\"a\":\"\\ud800\"} ", json!({ "a": "\u{fffd}" })),
        ] {
            assert_eq!(from_slice::<Value>(text).expect("it is read"), value, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn other_broken_json_is_refused() {
        for text in
            [&br#"{"a":"\ud83"}"#[..], br#"{"a":"\ud83d"#, br#"{"a":"\u"}"#, b"\\", b"\"\\", b"", b"\xff", br#""\x""#]
        {
            assert!(from_slice::<Value>(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_struct_is_read_from_an_object_only() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Pair {
            first: u64,
            second: Option<String>,
        }
        let pair = Pair { first: 1, second: None };
        assert_eq!(from_slice::<Pair>(br#"{"first":1,"third":[]}"#).expect("it is read"), pair);
        for text in [&b"[1,null]"[..], b" [1,\"a\"]", b"1", b"", b"{\"first\":1} x"] {
            assert!(from_slice::<Pair>(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(from_slice::<Vec<u64>>(b"[1,2]").expect("it is read"), [1, 2]);
        assert_eq!(from_slice::<Option<u64>>(b"null").expect("it is read"), None);
        assert_eq!(from_slice::<(u64, bool)>(b"[1,true]").expect("it is read"), (1, true));
    }
}
