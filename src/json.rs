//! Reads JSON with a byte order mark or with broken characters.

use std::borrow::Cow;

use serde::de::{self, DeserializeOwned};
use serde_json::Value;

/// Reads a model.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    read(body, |text| serde_json::from_str(text))
}

/// Reads a model that is an object. serde's derived models also accept a list of their fields.
pub(crate) fn object_from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    read(body, |text| match text.trim_start().as_bytes().first() {
        Some(b'[') => Err(de::Error::custom("invalid type: sequence, expected an object")),
        _ => serde_json::from_str(text),
    })
}

/// Reads a model from a text, which may have broken characters.
pub(crate) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| match mended(text) {
        Some(mended) => serde_json::from_str(&mended).map_err(|_| error),
        None => Err(error),
    })
}

/// Reads a model from a value, by way of its text: models are compiled for texts only.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
    serde_json::from_str(&value.to_string())
}

/// Passes the text to `read`. If that fails and the text has broken characters, passes a repaired copy: a string that was cut
/// in the middle of a character must not fail the whole response.
pub(crate) fn read<T, E: From<serde_json::Error>>(body: &[u8], read: impl Fn(&str) -> Result<T, E>) -> Result<T, E> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // Much faster than `from_utf8_lossy` alone.
    let text = std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    read(&text).or_else(|error| match mended(&text) {
        Some(mended) => read(&mended).map_err(|_| error),
        None => Err(error),
    })
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

#[cfg(test)]
mod tests {
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
}
