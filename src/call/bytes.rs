use std::io::{self, Cursor, Read};

use serde_json::Value;
use zeroize::Zeroize;

use super::Payload;
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
