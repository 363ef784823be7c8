//! Reading a response as a whole.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, Visitor};

use crate::call::DecodeError;
use crate::json;

/// Reads a model.
pub(super) fn model<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    json::read(body, |text| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let model = T::deserialize(Objects(&mut deserializer))?;
        deserializer.end()?;
        Ok(model)
    })
}

/// Accepts an empty body and JSON: an object, or unless it must be one, anything.
pub(super) fn nothing(body: &[u8], is_object: bool) -> Result<(), DecodeError> {
    /// Whatever its fields are.
    #[derive(Deserialize)]
    struct AnObject {}

    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    if is_object {
        return model::<AnObject>(body).map(drop);
    }
    Ok(json::from_slice::<IgnoredAny>(body).map(drop)?)
}

/// Reads a struct from an object only. Those that serde derives can also be read from a list of their fields, so that a list in
/// place of a model would be taken for one.
struct Objects<D>(D);

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
                self.0.$method($($argument,)* visitor)
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
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

impl<D> fmt::Debug for Objects<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objects")
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_struct_is_read_from_an_object_only() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Pair {
            first: u64,
            second: Option<String>,
        }
        let pair = Pair { first: 1, second: None };
        assert_eq!(model::<Pair>(br#"{"first":1,"third":[]}"#).expect("it is read"), pair);
        for text in [&b"[1,null]"[..], b" [1,\"a\"]", b"1", b"", b"{\"first\":1} x"] {
            assert!(model::<Pair>(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(model::<Vec<u64>>(b"[1,2]").expect("it is read"), [1, 2]);
        assert_eq!(model::<Option<u64>>(b"null").expect("it is read"), None);
        assert_eq!(model::<(u64, bool)>(b"[1,true]").expect("it is read"), (1, true));
    }

    #[test]
    fn nothing_is_empty_or_json() {
        for body in [&b""[..], b" \r\n", b"{}", b"[1]", b"null", b"\"OK\"", b"\xef\xbb\xbf{}"] {
            assert!(nothing(body, false).is_ok(), "{}", String::from_utf8_lossy(body));
            let is_object = !matches!(body, b"[1]" | b"null" | b"\"OK\"");
            assert_eq!(nothing(body, true).is_ok(), is_object, "{}", String::from_utf8_lossy(body));
        }
        for body in [&b"<p>"[..], b"OK", b"{", b"{} {}"] {
            assert!(nothing(body, false).is_err() && nothing(body, true).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
