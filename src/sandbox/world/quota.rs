//! Upload quotas by asset type.

use std::collections::HashMap;

use crate::asset::AssetType;
use crate::sandbox::http::Answer;

/// The remaining uploads of the types with a quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas(HashMap<AssetType, u64>);

impl Quotas {
    pub(crate) fn set(&mut self, asset_type: AssetType, uploads: u64) {
        self.0.insert(asset_type, uploads);
    }

    /// Counts an upload, or refuses it.
    pub(crate) fn take(&mut self, asset_type: &AssetType) -> Result<(), Answer> {
        let Some(left) = self.0.get_mut(asset_type) else { return Ok(()) };
        *left = left
            .checked_sub(1)
            .ok_or_else(|| Answer::v1(429, "RESOURCE_EXHAUSTED", format!("{asset_type} upload quota exceeded.")))?;
        Ok(())
    }
}
