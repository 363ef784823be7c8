use jiff::Timestamp;

use super::asset_type::InventoryAssetType;
use super::filter::Filter;
use super::item::{InventoryAsset, InventoryItem};
use crate::asset::{Asset, AssetType, AssetUpload, Creator, UploadCandidate, UploadSearch};
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::user::User;

impl AssetType {
    /// Returns the type under which inventories list an asset. `None` if they don't.
    fn inventory_type(&self) -> Option<InventoryAssetType> {
        Some(match self {
            Self::Animation => InventoryAssetType::Animation,
            Self::Audio => InventoryAssetType::Audio,
            Self::Decal => InventoryAssetType::Decal,
            Self::Model => InventoryAssetType::Model,
            Self::Video => InventoryAssetType::Video,
            Self::Image | Self::Mesh | Self::Unknown(_) => return None,
        })
    }
}

impl User {
    /// Looks for an upload of the user whose [outcome is unknown](crate::Error::outcome_unknown).
    ///
    /// It lists the inventory's assets of the upload's type that were added since `since`, and fetches each of them to compare
    /// name, description and creator. `since` should be a little before the upload began, because clocks differ. The answer
    /// says what it rests on, and never that the upload doesn't exist.
    ///
    /// Inventories have animations, sounds, decals, models and videos. Other types can't be looked for.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` if the inventory is private, and [`GET_ASSET`](crate::endpoints::GET_ASSET), which
    /// needs the scope `asset:read`.
    ///
    /// ```
    /// use jiff::{SignedDuration, Timestamp};
    /// use rblxopencloud::asset::UploadSearch;
    /// use rblxopencloud::{AssetFile, AssetType, AssetUpload};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let since = Timestamp::now() - SignedDuration::from_mins(2);
    /// let upload = || -> rblxopencloud::Result<_> {
    ///     Ok(AssetUpload::new(AssetFile::open("examples/assets/crate.png")?, AssetType::Decal, "Crate", "of wood"))
    /// };
    /// match user.upload_asset_with(upload()?) {
    ///     Err(error) if error.outcome_unknown() => match user.find_upload(&upload()?, since)? {
    ///         UploadSearch::One(candidate) => println!("it is probably {candidate}"),
    ///         other => println!("look yourself: {other:?}"),
    ///     },
    ///     result => println!("{}", result?.wait()?.id),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](ErrorKind::PermissionDenied) if the inventory is private or a scope is missing, and
    /// [`InvalidResponse`](ErrorKind::InvalidResponse) if an item of the inventory can't be read.
    pub fn find_upload(&self, upload: &AssetUpload, since: Timestamp) -> Result<UploadSearch> {
        let asset_type = upload.declared_type();
        let Some(listed_as) = asset_type.inventory_type() else {
            let reason = format!("inventories don't list assets of the type {asset_type}");
            return Ok(UploadSearch::CannotLook { reason });
        };
        let mut added = self.added_since(listed_as, since)?;
        added.sort_by_key(|item| std::cmp::Reverse(item.added_at));
        let (mut candidates, mut unread) = (Vec::new(), Vec::new());
        for item in &added {
            match self.client().asset(item.id).fetch() {
                Ok(asset) if matches(&asset, upload, Creator::User(self.id())) => {
                    candidates.push(UploadCandidate { asset, added_at: item.added_at, unread: Vec::new() });
                }
                Ok(asset) if asset.display_name.is_none() || asset.creator.is_none() => unread.push(item.id),
                Ok(_) => {}
                // The asset of someone else, which was acquired.
                Err(error) if is_about_the_asset(&error) => unread.push(item.id),
                Err(error) => return Err(error),
            }
        }
        candidates.iter_mut().for_each(|candidate| candidate.unread.clone_from(&unread));
        Ok(match candidates.len() {
            0 => UploadSearch::NoneSeen { added: added.len(), unread },
            1 => UploadSearch::One(Box::new(candidates.remove(0))),
            _ => UploadSearch::Several(candidates),
        })
    }

    fn added_since(&self, listed_as: InventoryAssetType, since: Timestamp) -> Result<Vec<InventoryAsset>> {
        let filter = Filter { assets: Some([listed_as].into()), ..Filter::default() };
        let mut items = self.items_that_match(Some(&filter));
        let question = "whether the upload has arrived";
        let mut assets = Vec::new();
        while let Some(item) = items.next() {
            match item? {
                // Without a time, it can be new.
                InventoryItem::Asset(asset) if asset.added_at.is_none_or(|added| added >= since) => assets.push(asset),
                InventoryItem::Unknown(_) => return Err(items.unread(question)),
                _ => {}
            }
        }
        items.check_all_read(question).map(|()| assets)
    }
}

/// A missing scope reaches further than one asset.
fn is_about_the_asset(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) && error.scope() != ErrorScope::Run
}

fn matches(asset: &Asset, upload: &AssetUpload, creator: Creator) -> bool {
    asset.display_name.as_deref() == Some(upload.name())
        && asset.description.as_deref().unwrap_or_default() == upload.description()
        && asset.creator == Some(creator)
        && asset.asset_type.as_ref().is_none_or(|asset_type| asset_type == upload.declared_type())
}
