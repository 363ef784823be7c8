//! Uploaded assets, and the contents of their versions.

use std::sync::Arc;

use rblxopencloud::AssetType;
use rblxopencloud::asset::AssetState;
use serde_json::{Map, Value};

use crate::http::Part;
use crate::http::multipart::Fnv;

/// The uploaded content of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssetContent {
    /// The name of the file in the form.
    pub file_name: String,
    /// The content type of the file.
    pub content_type: String,
    /// The length of the whole content in bytes.
    pub length: u64,
    /// The first 20 MiB. If all contents together exceed 256 MiB, the oldest are emptied.
    pub bytes: Vec<u8>,
    /// The 64-bit FNV-1a hash of the whole content.
    pub hash: u64,
}

impl AssetContent {
    pub(crate) fn new(file_name: String, content_type: String, bytes: Vec<u8>) -> Self {
        Self { file_name, content_type, length: bytes.len() as u64, hash: Fnv::of(&bytes), bytes }
    }
}

impl From<Part> for AssetContent {
    fn from(part: Part) -> Self {
        Self {
            file_name: part.file_name.unwrap_or_default(),
            content_type: part.content_type.unwrap_or_default(),
            length: part.length,
            bytes: part.beginning,
            hash: part.hash,
        }
    }
}

#[derive(Debug)]
pub(crate) struct StoredAsset {
    /// As the service writes it.
    pub(crate) fields: Map<String, Value>,
    /// How many versions precede those in `versions`.
    pub(super) earlier: u64,
    /// The contents of the versions, oldest first. `None` if it isn't known.
    pub(super) versions: Vec<Option<Arc<AssetContent>>>,
}

impl StoredAsset {
    pub(super) fn new(fields: Map<String, Value>) -> Self {
        let number = fields.get("revisionId").and_then(Value::as_str).and_then(|id| id.parse().ok());
        Self { fields, earlier: number.unwrap_or_default(), versions: Vec::new() }
    }

    /// Returns the number of the current version.
    pub(crate) fn last_version(&self) -> u64 {
        self.earlier.saturating_add(self.versions.len() as u64).max(1)
    }

    /// Returns the content of a version, if it is known.
    pub(crate) fn version(&self, number: u64) -> Option<&Arc<AssetContent>> {
        let index = number.checked_sub(1)?.checked_sub(self.earlier)?;
        self.versions.get(usize::try_from(index).ok()?)?.as_ref()
    }

    /// Returns the content that was last uploaded.
    pub(crate) fn content(&self) -> Option<&Arc<AssetContent>> {
        self.versions.last()?.as_ref()
    }

    /// Returns the contents of the last versions, oldest first.
    pub(crate) fn versions(&self) -> &[Option<Arc<AssetContent>>] {
        &self.versions
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn asset_type(&self) -> Option<AssetType> {
        self.fields.get("assetType").and_then(Value::as_str).map(AssetType::from)
    }

    pub(crate) fn is_active(&self) -> bool {
        AssetState::Archived != self.text("state")
    }
}
