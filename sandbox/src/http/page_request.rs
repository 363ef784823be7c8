//! Page sizes and page tokens of all listings.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use serde_json::{Map, Value, json};

use super::multipart::Fnv;
use super::{Answer, Head};

const DEFAULT_SIZE: u64 = 10;
const LARGEST_SIZE: u64 = 100;

/// The page that a request names.
#[derive(Debug)]
pub(crate) struct PageRequest {
    /// How many items of the unfiltered listing precede it.
    pub(crate) offset: usize,
    pub(crate) size: usize,
    resource: u32,
    filter_hash: u32,
}

impl PageRequest {
    /// Reads `maxPageSize` and `pageToken`. A token is valid for the same path and the same filter.
    pub(crate) fn read(head: &Head, filter: Option<&str>) -> Result<Self, Answer> {
        Self::read_up_to(LARGEST_SIZE, head, filter)
    }

    /// Reads the page of a listing with a smaller limit.
    pub(crate) fn read_up_to(largest: u64, head: &Head, filter: Option<&str>) -> Result<Self, Answer> {
        Self::read_sized(DEFAULT_SIZE, largest, head, filter)
    }

    /// Reads the page of a listing with other sizes.
    pub(crate) fn read_sized(default: u64, largest: u64, head: &Head, filter: Option<&str>) -> Result<Self, Answer> {
        let invalid = |message: &str| Answer::v2(400, "INVALID_ARGUMENT", message);
        if filter.is_none() && head.query_value("filter").is_some_and(|filter| !filter.is_empty()) {
            return Err(invalid("This listing has no filter."));
        }
        let size = match head.query_value("maxPageSize") {
            None => default,
            Some(text) => match text.parse::<i64>().ok().and_then(|size| u64::try_from(size).ok()) {
                None | Some(0) => return Err(invalid("The maxPageSize is not a number from 1 to 100.")),
                Some(size) => size.min(largest),
            },
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut request =
            Self { offset: 0, size, resource: short_hash(&head.path), filter_hash: short_hash(filter.unwrap_or("")) };
        if let Some(token) = head.query_value("pageToken").filter(|token| !token.is_empty()) {
            let (offset, filter_hash) =
                request.read_token(token).ok_or_else(|| invalid("The page token is invalid."))?;
            if filter_hash != request.filter_hash {
                return Err(invalid("The filter is not the one that the page token was given for."));
            }
            request.offset = offset;
        }
        Ok(request)
    }

    /// Responds with the page of a listing.
    pub(crate) fn page(&self, field: &str, items: impl Iterator<Item = Value>) -> Answer {
        Answer::json(&Value::Object(self.page_json(field, items)))
    }

    /// Returns the page of a listing, for further fields.
    pub(crate) fn page_json(&self, field: &str, items: impl Iterator<Item = Value>) -> Map<String, Value> {
        let mut items = items.skip(self.offset);
        let page: Vec<Value> = items.by_ref().take(self.size).collect();
        let next = items.next().map(|_| self.token(self.offset + page.len())).unwrap_or_default();
        Map::from_iter([(field.to_owned(), json!(page)), ("nextPageToken".to_owned(), json!(next))])
    }

    /// Returns the token of the page that begins at `offset`.
    pub(crate) fn token(&self, offset: usize) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(offset as u64).to_be_bytes());
        bytes[8..12].copy_from_slice(&self.resource.to_be_bytes());
        bytes[12..].copy_from_slice(&self.filter_hash.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_token(&self, token: &str) -> Option<(usize, u32)> {
        let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        if bytes[8..12] != self.resource.to_be_bytes() {
            return None;
        }
        let offset = u64::from_be_bytes(bytes[..8].try_into().ok()?);
        let filter_hash = u32::from_be_bytes(bytes[12..].try_into().ok()?);
        Some((usize::try_from(offset).ok()?, filter_hash))
    }
}

#[allow(clippy::cast_possible_truncation)]
fn short_hash(text: &str) -> u32 {
    Fnv::of(text.as_bytes()) as u32
}
