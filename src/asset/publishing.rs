//! The methods by which users and groups publish assets.

/// Adds the methods that upload and update assets to a handle with the fields `id` and `client`.
macro_rules! publishing {
    ($handle:ident, owner $owner:literal, creator $creator:ident, key $key:literal) => {
        impl $handle {
            #[doc = concat!("Uploads a file as a new asset, owned by the ", $owner, ".")]
            ///
            #[doc = concat!("Needs the scopes `asset:read` and `asset:write`, with ", $key, ". The file is streamed, whatever its size.")]
            ///
            /// Content that breaks Roblox's terms can get the account moderated: the one that owns the key or, under OAuth
            /// 2.0, the one that gave the authorization.
            ///
            /// # Errors
            /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) or [`Io`](crate::ErrorKind::Io) if the file can't be
            /// sent as it is. If [`outcome_unknown`](crate::Error::outcome_unknown) is true, the asset may exist: an upload is
            /// never repeated once it may have arrived.
            ///
            /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_CreateAsset>
            pub fn upload_asset(&self, upload: $crate::AssetUpload) -> $crate::Result<$crate::Operation<$crate::Asset>> {
                upload.send(&self.client, $crate::Creator::$creator(self.id), None)
            }

            /// Uploads many files, several at the same time, and waits until each is done. Yields an
            /// [`UploadOutcome`](crate::UploadOutcome) as each ends.
            ///
            /// ```no_run
            #[doc = concat!("# use rblxopencloud::{AssetUpload, ", stringify!($handle), ", Result};")]
            #[doc = concat!("# fn run(", $owner, ": &", stringify!($handle), ") -> Result<()> {")]
            /// let uploads = vec![AssetUpload::from_path("crate.png")?, AssetUpload::from_path("creak.ogg")?];
            #[doc = concat!("for outcome in ", $owner, ".upload_assets(uploads) {")]
            ///     println!("{}: {:?}", outcome.index, outcome.result.map(|asset| asset.id));
            /// }
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// Scopes and errors are those of [`upload_asset`](Self::upload_asset).
            pub fn upload_assets<I>(&self, uploads: I) -> $crate::AssetUploads
            where
                I: IntoIterator<Item = $crate::AssetUpload>,
                I::IntoIter: Send + 'static,
            {
                $crate::AssetUploads::new(self.client.clone(), $crate::Creator::$creator(self.id), uploads.into_iter())
            }

            #[doc = concat!("Updates an asset that the ", $owner, " owns.")]
            ///
            #[doc = concat!("Needs the scopes `asset:read` and `asset:write`, with ", $key, ".")]
            ///
            /// # Errors
            /// See [`upload_asset`](Self::upload_asset). Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) also if the
            /// update changes nothing.
            ///
            /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
            pub fn update_asset(&self, update: $crate::AssetUpdate) -> $crate::Result<$crate::Operation<$crate::Asset>> {
                update.send(&self.client)
            }
        }
    };
}

pub(crate) use publishing;
