//! Hashes.

use std::fmt::Write;

use ring::digest::{Context, SHA256};
use serde_json::Value;

use crate::json;

/// The SHA-256 of what was written.
#[derive(Clone)]
pub(super) struct Sha256(Context);

impl Sha256 {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns it as hexadecimal digits.
    pub(super) fn hex(self) -> String {
        self.0.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Returns a hash of an entry's content, which doesn't depend on how the service writes numbers and in what order it has keys.
pub(super) fn of_content(value: &str, users: &str, attributes: &str) -> String {
    let mut hash = Sha256::new();
    for text in [value, users, attributes] {
        let mut plain = String::with_capacity(text.len());
        match json::from_text::<Value>(text) {
            Ok(value) => write_plain(&mut plain, &value),
            Err(_) => plain.push_str(text),
        }
        hash.update(plain.as_bytes());
        hash.update(b"\n");
    }
    hash.hex()
}

fn write_plain(text: &mut String, value: &Value) {
    match value {
        // The service keeps numbers as doubles.
        Value::Number(number) => {
            let _ = write!(text, "{:?}", number.as_f64().unwrap_or_default());
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_plain(text, item);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // Another crate may have turned on the order of insertion.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in fields {
                let _ = write!(text, "{name:?}:");
                write_plain(text, value);
                text.push(',');
            }
            text.push('}');
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_depend_on_the_content_only() {
        let hash = of_content(r#"{"a":1.0,"b":[1,"x"]}"#, "[]", "{}");
        assert_eq!(hash, of_content(r#"{ "b": [1.0, "x"], "a": 1 }"#, "[ ]", "{}"));
        for other in [r#"{"a":1,"b":["x",1]}"#, r#"{"a":"1","b":[1,"x"]}"#, r#"{"a":1}"#] {
            assert_ne!(hash, of_content(other, "[]", "{}"), "{other}");
        }
        assert_ne!(of_content("1", r#"["users/1"]"#, "{}"), of_content("1", "[]", "{}"));
        assert_eq!(Sha256::new().hex().len(), 64);
    }
}
