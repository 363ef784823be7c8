use std::io::{self, Cursor, Read};

use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use zeroize::Zeroize;

use super::Payload;
use crate::api::SEGMENT;
use crate::error::Error;

/// A body in memory.
#[derive(Debug)]
pub(crate) struct Bytes {
    content_type: &'static str,
    content: Cursor<Vec<u8>>,
}

impl Bytes {
    pub(crate) fn new(content_type: &'static str, content: Vec<u8>) -> Self {
        Self { content_type, content: Cursor::new(content) }
    }

    /// Names and values as an HTML form sends them.
    pub(crate) fn form<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        // It doesn't grow, so no copy of a secret stays in memory.
        let room = fields.clone().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
        let mut content = Vec::with_capacity(room);
        for (name, value) in fields {
            if !content.is_empty() {
                content.push(b'&');
            }
            for (text, end) in [(name, &b"="[..]), (value, b"")] {
                utf8_percent_encode(text, SEGMENT).for_each(|piece| content.extend_from_slice(piece.as_bytes()));
                content.extend_from_slice(end);
            }
        }
        Self::new("application/x-www-form-urlencoded", content)
    }

    pub(crate) fn json(json: &Value) -> Self {
        Self::new("application/json", json.to_string().into_bytes())
    }
}

/// A body can hold a secret.
impl Drop for Bytes {
    fn drop(&mut self) {
        self.content.get_mut().zeroize();
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

impl Payload for Bytes {
    fn content_type(&self) -> String {
        self.content_type.to_owned()
    }

    fn len(&self) -> u64 {
        self.content.get_ref().len() as u64
    }

    fn is_sent(&self) -> bool {
        self.content.position() >= self.len()
    }

    fn rewind(&mut self) -> bool {
        self.content.set_position(0);
        true
    }

    fn take_problem(&mut self) -> Option<Error> {
        None
    }
}
