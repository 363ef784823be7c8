//! Assets that a group publishes.

use jiff::Timestamp;

use super::handle::Group;
use crate::asset::{Asset, AssetUpdate, AssetUpload, AssetUploads, Creator, UploadSearch};
use crate::error::Result;
use crate::operation::Operation;

impl Group {
    /// Uploads a file as a new asset, owned by the group.
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with a key of the group, or of a user who may manage its assets. The file is streamed, whatever its size.
    ///
    /// Content that breaks Roblox's terms can get the account moderated: the one that owns the key or, under OAuth 2.0, the one
    /// that gave the authorization.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) or [`Io`](crate::ErrorKind::Io) if the file can't be sent as it
    /// is. If [`outcome_unknown`](crate::Error::outcome_unknown) is true, the asset may exist: an upload is never repeated once it
    /// may have arrived.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_CreateAsset>
    pub fn upload_asset(&self, upload: AssetUpload) -> Result<Operation<Asset>> {
        upload.send(self.client(), Creator::Group(self.id()), None)
    }

    /// Uploads many files, several at the same time, and waits until each is done. Yields an
    /// [`UploadOutcome`](crate::UploadOutcome) as each ends.
    ///
    /// ```no_run
    /// # use rblxopencloud::{AssetUpload, Group, Result};
    /// # fn run(group: &Group) -> Result<()> {
    /// let uploads = vec![AssetUpload::from_path("crate.png")?, AssetUpload::from_path("creak.ogg")?];
    /// for outcome in group.upload_assets(uploads) {
    ///     println!("{}: {:?}", outcome.index, outcome.result.map(|asset| asset.id));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET) for each, which needs the scopes `asset:read` and
    /// `asset:write`. Keys and errors are those of [`upload_asset`](Self::upload_asset).
    pub fn upload_assets<I>(&self, uploads: I) -> AssetUploads
    where
        I: IntoIterator<Item = AssetUpload>,
        I::IntoIter: Send + 'static,
    {
        AssetUploads::new(self.client().clone(), Creator::Group(self.id()), uploads.into_iter())
    }

    /// Updates an asset that the group owns.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with the keys of [`upload_asset`](Self::upload_asset).
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset). Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) also if the update
    /// changes nothing.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    pub fn update_asset(&self, update: AssetUpdate) -> Result<Operation<Asset>> {
        update.send(self.client())
    }

    /// Looks for an upload of the group. It can't: groups have no inventory. The counterpart of
    /// [`User::find_upload`](crate::User::find_upload).
    #[must_use]
    pub fn find_upload(&self, _upload: &AssetUpload, _since: Timestamp) -> UploadSearch {
        UploadSearch::CannotLook { reason: format!("group {} has no inventory to look into", self.id()) }
    }
}
