//! Assets that a group publishes.

use jiff::Timestamp;

use super::handle::Group;
use crate::asset::{Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, AssetUploads, Creator, UploadSearch};
use crate::error::Result;
use crate::operation::Operation;

impl Group {
    /// Uploads a file as a new asset, owned by the group.
    ///
    /// The file is a path, an open file, bytes, or an [`AssetFile`]. The name has at most 50 characters, and the description at
    /// most 1000. [`upload_asset_with`](Self::upload_asset_with) has further settings.
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with a key of the group, or of a user who may manage its assets. The file is streamed, whatever its size.
    ///
    /// ```
    /// use rblxopencloud::AssetType;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// # let path = "examples/assets/crate.png";
    /// let operation = group.upload_asset(path, AssetType::Decal, "asset name", "asset description")?;
    /// let asset = operation.wait()?;
    /// println!("{asset}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Content that breaks Roblox's terms can get the account moderated: the one that owns the key or, under OAuth 2.0, the one
    /// that gave the authorization.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) or [`Io`](crate::ErrorKind::Io) if the file can't be opened, or
    /// can't be sent as it is. If [`outcome_unknown`](crate::Error::outcome_unknown) is true, the asset may exist: an upload is
    /// never repeated once it may have arrived.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_CreateAsset>
    #[doc(alias = "upload_file")]
    #[doc(alias = "create_asset")]
    pub fn upload_asset(
        &self,
        file: impl Into<AssetFile>,
        asset_type: AssetType,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Result<Operation<Asset>> {
        self.upload_asset_with(AssetUpload::new(file, asset_type, name, description))
    }

    /// Uploads a file as a new asset with these settings. See [`upload_asset`](Self::upload_asset).
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET), which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// use rblxopencloud::{AssetType, AssetUpload};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// # let path = "examples/assets/crate.png";
    /// let upload = AssetUpload::new(path, AssetType::Decal, "asset name", "asset description");
    /// let upload = upload.on_progress(|progress| println!("{} of {} bytes", progress.sent, progress.total));
    /// let asset = group.upload_asset_with(upload)?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset).
    pub fn upload_asset_with(&self, upload: AssetUpload) -> Result<Operation<Asset>> {
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

    /// Gives a model that the group owns new content, which becomes a new version. The service accepts it for models only.
    ///
    /// The file is a path, an open file, bytes, or an [`AssetFile`]. [`update_asset_with`](Self::update_asset_with) changes
    /// names, descriptions, links and icons.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with the keys of [`upload_asset`](Self::upload_asset).
    ///
    /// ```no_run
    /// # use rblxopencloud::{Group, Result};
    /// # fn run(group: &Group) -> Result<()> {
    /// let asset = group.update_asset(1234, "new.rbxm")?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    pub fn update_asset(&self, asset_id: u64, file: impl Into<AssetFile>) -> Result<Operation<Asset>> {
        self.update_asset_with(AssetUpdate::new(asset_id).file(file))
    }

    /// Updates an asset that the group owns: its content, name, description, links, icon or previews.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with the keys of [`upload_asset`](Self::upload_asset).
    ///
    /// ```no_run
    /// # use rblxopencloud::{AssetUpdate, Group, Result};
    /// # fn run(group: &Group) -> Result<()> {
    /// let asset = group.update_asset_with(AssetUpdate::new(1234).display_name("new name"))?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset). Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) also if the update
    /// changes nothing.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    pub fn update_asset_with(&self, update: AssetUpdate) -> Result<Operation<Asset>> {
        update.send(self.client())
    }

    /// Looks for an upload of the group. It can't: groups have no inventory. The counterpart of
    /// [`User::find_upload`](crate::User::find_upload).
    #[must_use]
    pub fn find_upload(&self, _upload: &AssetUpload, _since: Timestamp) -> UploadSearch {
        UploadSearch::CannotLook { reason: format!("group {} has no inventory to look into", self.id()) }
    }
}
