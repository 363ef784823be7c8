//! Assets that a user publishes.

use super::handle::User;
use crate::asset::{Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, AssetUploads, Creator};
use crate::error::Result;
use crate::operation::Operation;

impl User {
    /// Uploads a file as a new asset, owned by the user.
    ///
    /// The file is a path, an open file, bytes, or an [`AssetFile`]. The name has at most 50 characters, and the description at
    /// most 1000. [`upload_asset_with`](Self::upload_asset_with) has further settings.
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with a key or an authorization of the user. The file is streamed, whatever its size.
    ///
    /// ```
    /// use rblxopencloud::AssetType;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// # let path = "examples/assets/crate.png";
    /// let operation = user.upload_asset(path, AssetType::Decal, "asset name", "asset description")?;
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
    /// # let user = sandbox.client().user(156);
    /// # let path = "examples/assets/crate.png";
    /// let upload = AssetUpload::new(path, AssetType::Decal, "asset name", "asset description");
    /// let upload = upload.on_progress(|progress| println!("{} of {} bytes", progress.sent, progress.total));
    /// let asset = user.upload_asset_with(upload)?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset).
    pub fn upload_asset_with(&self, upload: AssetUpload) -> Result<Operation<Asset>> {
        upload.send(self.client(), Creator::User(self.id()), None)
    }

    /// Uploads many files, several at the same time, and waits until each is done. Yields an
    /// [`UploadOutcome`](crate::UploadOutcome) as each ends.
    ///
    /// ```no_run
    /// # use rblxopencloud::{AssetUpload, User, Result};
    /// # fn run(user: &User) -> Result<()> {
    /// let uploads = vec![AssetUpload::from_path("crate.png")?, AssetUpload::from_path("creak.ogg")?];
    /// for outcome in user.upload_assets(uploads) {
    ///     println!("{}: {:?}", outcome.index, outcome.result.map(|asset| asset.id));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls [`CREATE_ASSET`](crate::endpoints::CREATE_ASSET) for each, which needs the scopes `asset:read` and
    /// `asset:write`. Keys and errors are those of [`upload_asset`](Self::upload_asset).
    #[doc(alias = "bulk")]
    #[doc(alias = "batch")]
    #[doc(alias = "upload_folder")]
    pub fn upload_assets<I>(&self, uploads: I) -> AssetUploads
    where
        I: IntoIterator<Item = AssetUpload>,
        I::IntoIter: Send + 'static,
    {
        AssetUploads::new(self.client().clone(), Creator::User(self.id()), uploads.into_iter())
    }

    /// Gives a model that the user owns new content, which becomes a new version. The service accepts it for models only.
    ///
    /// The file is a path, an open file, bytes, or an [`AssetFile`]. [`update_asset_with`](Self::update_asset_with) changes
    /// names, descriptions, links and icons.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with the keys of [`upload_asset`](Self::upload_asset).
    ///
    /// ```no_run
    /// # use rblxopencloud::{User, Result};
    /// # fn run(user: &User) -> Result<()> {
    /// let asset = user.update_asset(1234, "new.rbxm")?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`upload_asset`](Self::upload_asset).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    #[doc(alias = "overwrite")]
    #[doc(alias = "replace")]
    pub fn update_asset(&self, asset_id: u64, file: impl Into<AssetFile>) -> Result<Operation<Asset>> {
        self.update_asset_with(AssetUpdate::new(asset_id).file(file))
    }

    /// Updates an asset that the user owns: its content, name, description, links, icon or previews.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`,
    /// with the keys of [`upload_asset`](Self::upload_asset).
    ///
    /// ```no_run
    /// # use rblxopencloud::{AssetUpdate, User, Result};
    /// # fn run(user: &User) -> Result<()> {
    /// let asset = user.update_asset_with(AssetUpdate::new(1234).display_name("new name"))?.wait()?;
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
}
