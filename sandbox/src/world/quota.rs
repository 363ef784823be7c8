//! Upload quotas by asset type.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rblxopencloud::AssetType;

use crate::http::Answer;

/// The used and the allowed uploads of the types with a quota.
#[derive(Debug, Default)]
pub(crate) struct Quotas(BTreeMap<AssetType, (u64, u64)>);

impl Quotas {
    pub(crate) fn set(&mut self, asset_type: AssetType, uploads: u64) {
        self.0.insert(asset_type, (0, uploads));
    }

    /// Replaces all quotas with these types, used and allowed uploads.
    pub(crate) fn replace(&mut self, quotas: impl Iterator<Item = (AssetType, u64, u64)>) {
        self.0 = quotas.map(|(asset_type, used, capacity)| (asset_type, (used, capacity))).collect();
    }

    /// Returns each type, with the used and the allowed uploads.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&AssetType, u64, u64)> {
        self.0.iter().map(|(asset_type, (used, capacity))| (asset_type, *used, *capacity))
    }

    /// Returns the start of the next month.
    pub(crate) fn reset_time(&self) -> Option<Timestamp> {
        let next =
            Timestamp::now().to_zoned_datetime(TimeZone::UTC).first_of_month().ok()?.checked_add(1.month()).ok()?;
        Some(next.start_of_day().ok()?.timestamp())
    }

    /// Counts an upload, or refuses it.
    pub(crate) fn take(&mut self, asset_type: &AssetType) -> Result<(), Answer> {
        let Some((used, capacity)) = self.0.get_mut(asset_type) else { return Ok(()) };
        if used >= capacity {
            return Err(Answer::v1(429, "RESOURCE_EXHAUSTED", format!("{asset_type} upload quota exceeded.")));
        }
        *used += 1;
        Ok(())
    }
}
