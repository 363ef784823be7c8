//! Whether an asset is the one that the lock file means, before it gets a new version.

use super::lock::Entry;
use super::settings::PublishOwner;
use crate::asset::{Asset, AssetType, Creator};
use crate::error::{Error, Result};

/// Fetches the asset that is to get a new version. A changed id in a lock file must not overwrite another asset.
pub(super) fn fetch(owner: &PublishOwner, path: &str, entry: &Entry) -> Result<Asset> {
    let asset = owner.client().asset(entry.id).fetch()?;
    match difference(&asset, entry, owner.creator()) {
        None => Ok(asset),
        Some((is, expected)) => Err(Error::invalid_input(format!(
            "{path:?} would become a new version of asset {}, which {is}, but the lock file means one that {expected}",
            entry.id
        ))
        .advise("compare the id in the lock file with its history; if it is right, correct the name there")),
    }
}

/// Returns what the asset is, and what it should be.
fn difference(asset: &Asset, entry: &Entry, owner: Creator) -> Option<(String, String)> {
    let is_model = asset.asset_type == Some(AssetType::Model);
    if !is_model {
        let asset_type = asset.asset_type.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        return Some((format!("has the type {asset_type}"), format!("has the type {}", AssetType::Model)));
    }
    if let Some(creator) = asset.creator.filter(|creator| *creator != owner) {
        return Some((format!("belongs to {creator}"), format!("belongs to {owner}")));
    }
    // The name of an asset that was adopted isn't known until its first version.
    let name = asset.display_name.as_deref().unwrap_or_default();
    (!entry.name.is_empty() && name != entry.name)
        .then(|| (format!("has the name {name:?}"), format!("has the name {:?}", entry.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_owner_and_name_must_agree() {
        let owner = Creator::User(156);
        for (asset_type, creator, name, entry_name, expected) in [
            (Some(AssetType::Model), Some(owner), Some("tree"), "tree", None),
            (Some(AssetType::Model), None, Some("tree"), "tree", None),
            (Some(AssetType::Model), Some(owner), Some("tree"), "", None),
            (Some(AssetType::Model), Some(owner), None, "", None),
            (Some(AssetType::Decal), Some(owner), Some("tree"), "tree", Some("has the type Decal")),
            (None, Some(owner), Some("tree"), "tree", Some("has the type unknown")),
            (Some(AssetType::Model), Some(Creator::User(7)), Some("tree"), "tree", Some("belongs to user 7")),
            (Some(AssetType::Model), Some(Creator::Group(156)), Some("tree"), "tree", Some("belongs to group 156")),
            (Some(AssetType::Model), Some(owner), Some("castle"), "tree", Some("has the name \"castle\"")),
            (Some(AssetType::Model), Some(owner), Some("Tree"), "tree", Some("has the name \"Tree\"")),
            (Some(AssetType::Model), Some(owner), None, "tree", Some("has the name \"\"")),
        ] {
            let mut asset = Asset::new(5);
            (asset.asset_type, asset.creator) = (asset_type, creator);
            asset.display_name = name.map(str::to_owned);
            let difference = difference(&asset, &Entry::new(5, entry_name), owner);
            assert_eq!(difference.as_ref().map(|(is, _)| is.as_str()), expected);
        }
    }
}
