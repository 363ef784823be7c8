//! The lines of a back-up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::data::raw::RawEntry;
use crate::error::{Error, Result};

/// What the first line says of a file of this crate.
pub(super) const FORMAT: &str = "rblxopencloud-data-store";
/// The version of the format.
pub(super) const VERSION: u64 = 1;
/// With what the last line begins.
pub(super) const END: &[u8] = b"{\"end\":";
/// With what the line of an entry begins that couldn't be read.
pub(super) const SKIPPED: &[u8] = b"{\"skipped\":";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) universe: u64,
    pub(super) data_store: String,
    /// `None` is all scopes.
    pub(super) scope: Option<String>,
    #[serde(default)]
    pub(super) prefix: String,
    pub(super) created: Timestamp,
}

/// The line of an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) scope: String,
    pub(super) id: String,
    pub(super) value: Box<RawValue>,
    pub(super) users: Option<Box<RawValue>>,
    pub(super) attributes: Option<Box<RawValue>>,
    pub(super) etag: Option<String>,
    pub(super) revision_id: Option<String>,
    pub(super) revision_create_time: Option<Timestamp>,
    pub(super) create_time: Option<Timestamp>,
}

/// The line of an entry that couldn't be read.
#[derive(Debug, Serialize)]
pub(super) struct Skipped<'a> {
    pub(super) skipped: SkippedLine<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct SkippedLine<'a> {
    pub(super) scope: &'a str,
    pub(super) id: &'a str,
    pub(super) reason: &'a str,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) end: Summary,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) entries: u64,
    /// Of all bytes before this line.
    pub(super) sha256: String,
}

impl Line {
    pub(super) fn of(scope: &str, id: &str, entry: RawEntry) -> Option<Self> {
        Some(Self {
            scope: scope.to_owned(),
            id: id.to_owned(),
            value: entry.value?,
            users: entry.users,
            attributes: entry.attributes,
            etag: entry.etag,
            revision_id: entry.revision_id,
            revision_create_time: entry.revision_create_time,
            create_time: entry.create_time,
        })
    }
}

/// Writes one line of JSON.
pub(super) fn to_line(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)
        .map_err(|error| Error::invalid_input(format!("the line can't be written as JSON: {error}")))?;
    // Within JSON, breaks of lines stand between values only.
    for byte in &mut line {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    line.push(b'\n');
    Ok(line)
}
