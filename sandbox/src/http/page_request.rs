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

    /// Reads `limit`, which is one of `sizes` and defaults to the first, and `cursor`, for the listings of older APIs. Returns
    /// `None` if one of them is invalid. A cursor is valid for the same path and the same filter.
    pub(crate) fn read_cursor(sizes: &[u64], head: &Head, filter: &str) -> Option<Self> {
        let size = match head.query_value("limit") {
            None => *sizes.first()?,
            Some(limit) => limit.parse().ok().filter(|size| sizes.contains(size))?,
        };
        let (resource, filter_hash) = (short_hash(&head.path), short_hash(filter));
        let mut request = Self { offset: 0, size: usize::try_from(size).ok()?, resource, filter_hash };
        if let Some(cursor) = head.query_value("cursor").filter(|cursor| !cursor.is_empty()) {
            let (offset, of_filter) = request.read_token(cursor)?;
            request.offset = Some(offset).filter(|_| of_filter == filter_hash)?;
        }
        Some(request)
    }

    /// Responds with the page of a listing with cursors. At an end of the listing, the cursor is null.
    pub(crate) fn cursor_page(&self, items: impl Iterator<Item = Value>) -> Answer {
        let mut items = items.skip(self.offset);
        let page: Vec<Value> = items.by_ref().take(self.size).collect();
        let next = items.next().map(|_| self.token(self.offset + page.len()));
        let previous = (self.offset > 0).then(|| self.token(self.offset.saturating_sub(self.size)));
        Answer::json(&json!({ "previousPageCursor": previous, "nextPageCursor": next, "data": page }))
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
        Map::from_iter([(field.to_owned(), Value::Array(page)), ("nextPageToken".to_owned(), json!(next))])
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
