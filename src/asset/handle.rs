use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::file::AssetFile;
use super::model::Asset;
use super::permission::{AssetPermission, GrantedPermissions};
use super::update::AssetUpdate;
use super::version::AssetVersion;
use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::json;
use crate::open_enum::open_enum;
use crate::operation::Operation;
use crate::page::Pager;
use crate::request::Request;

/// Fetches an asset.
pub const GET_ASSET: Endpoint =
    Endpoint::get("/assets/v1/assets/{asset}").with_scopes(&["asset:read"]).with_budget(120, 120);

/// Lists the versions of an asset.
pub const LIST_ASSET_VERSIONS: Endpoint =
    Endpoint::get("/assets/v1/assets/{asset}/versions").with_scopes(&["asset:read"]).with_budget(100, 100);

/// Fetches a version of an asset.
pub const GET_ASSET_VERSION: Endpoint =
    Endpoint::get("/assets/v1/assets/{asset}/versions/{version}").with_scopes(&["asset:read"]).with_budget(100, 100);

/// Makes an earlier version the current one.
pub const ROLLBACK_ASSET: Endpoint = Endpoint::post("/assets/v1/assets/{asset}/versions:rollback")
    .with_scopes(&["asset:read", "asset:write"])
    .with_denied_hint("check that the owner of the credentials may edit this asset")
    .with_budget(100, 100);

/// Archives an asset.
pub const ARCHIVE_ASSET: Endpoint = Endpoint::post("/assets/v1/assets/{asset}:archive")
    .with_scopes(&["asset:read", "asset:write"])
    .with_denied_hint("check that the owner of the credentials may edit this asset")
    .with_budget(100, 100);

/// Restores an archived asset.
pub const RESTORE_ASSET: Endpoint = Endpoint::post("/assets/v1/assets/{asset}:restore")
    .with_scopes(&["asset:read", "asset:write"])
    .with_denied_hint("check that the owner of the credentials may edit this asset")
    .with_budget(100, 100);

open_enum! {
    /// A field of an [`Asset`], for [`AssetHandle::fetch_fields`].
    #[allow(missing_docs)]
    AssetField {
        Path = "path",
        AssetId = "assetId",
        AssetType = "assetType",
        DisplayName = "displayName",
        Description = "description",
        CreationContext = "creationContext",
        ModerationResult = "moderationResult",
        State = "state",
        RevisionId = "revisionId",
        RevisionCreateTime = "revisionCreateTime",
        Icon = "icon",
        Previews = "previews",
        FacebookSocialLink = "facebookSocialLink",
        TwitterSocialLink = "twitterSocialLink",
        YouTubeSocialLink = "youtubeSocialLink",
        TwitchSocialLink = "twitchSocialLink",
        DiscordSocialLink = "discordSocialLink",
        GitHubSocialLink = "githubSocialLink",
        RobloxSocialLink = "robloxSocialLink",
        GuildedSocialLink = "guildedSocialLink",
        DevForumSocialLink = "devForumSocialLink",
        /// The place in which the asset can be tried.
        TryAssetSocialLink = "tryAssetSocialLink",
    }
}

/// A handle for an asset.
///
/// Creating one makes no request. Clones share the client.
///
/// ```
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
/// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
/// let asset = client.asset(id).fetch()?;
/// println!("{asset}");
/// client.asset(id).archive()?;
/// # assert_eq!(client.asset(id).fetch()?.state, Some(rblxopencloud::asset::AssetState::Archived));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AssetHandle {
    pub(super) id: u64,
    pub(super) client: Client,
}

impl Client {
    /// Returns a handle for the asset with this id. Makes no request.
    #[must_use]
    pub fn asset(&self, id: u64) -> AssetHandle {
        AssetHandle { id, client: self.clone() }
    }
}

impl AssetHandle {
    /// Returns the asset's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the client that makes the requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches the asset, with all of its fields but the link to Guilded, which the service may no longer know.
    /// [`fetch_fields`](Self::fetch_fields) can name that too.
    ///
    /// Calls [`GET_ASSET`], which needs the scope `asset:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let fetched = asset.fetch()?;
    /// println!("{fetched}");
    /// # assert_eq!(fetched.display_name.as_deref(), Some("crate"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the asset doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_GetAsset>
    pub fn fetch(&self) -> Result<Asset> {
        // Without a mask, the service leaves out the icon, the previews and the links. A mask with a field that the service
        // has given up is refused as a whole.
        let fields = AssetField::KNOWN.iter().filter(|field| **field != AssetField::GuildedSocialLink);
        self.fetch_fields(fields.cloned())
    }

    /// Fetches the fields of the asset that are named, and its id. See [`fetch`](Self::fetch).
    ///
    /// Calls [`GET_ASSET`], which needs the scope `asset:read`.
    ///
    /// ```
    /// use rblxopencloud::asset::AssetField;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// let asset = client.asset(id).fetch_fields([AssetField::DisplayName, AssetField::Previews])?;
    /// # assert_eq!(asset.display_name.as_deref(), Some("crate"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`fetch`](Self::fetch). Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if no field is named.
    pub fn fetch_fields(&self, fields: impl IntoIterator<Item = AssetField>) -> Result<Asset> {
        let fields: Vec<String> = fields.into_iter().map(|field| field.to_string()).collect();
        if fields.is_empty() {
            return Err(Error::invalid_input("no field of the asset is named"));
        }
        if let Some(field) = fields.iter().find(|field| !field.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Err(Error::invalid_input(format!("{field:?} can't be a field of an asset")));
        }
        self.asset_from(self.call(&GET_ASSET).query("readMask", fields.join(",")))
    }

    /// Gives the asset, a model, new content, which becomes a new version. The service accepts it for models only.
    ///
    /// The file is a path, an open file, bytes, or an [`AssetFile`]. [`update_with`](Self::update_with) changes names,
    /// descriptions, links and icons.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```no_run
    /// # use rblxopencloud::{AssetHandle, Result};
    /// # fn run(asset: &AssetHandle) -> Result<()> {
    /// asset.update("new.rbxm")?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`User::update_asset`](crate::User::update_asset).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    pub fn update(&self, file: impl Into<AssetFile>) -> Result<Operation<Asset>> {
        self.update_with(AssetUpdate::default().file(file))
    }

    /// Updates the asset: its content, name, description, links, icon or previews. `update` is made with
    /// [`AssetUpdate::default`], or for this asset.
    ///
    /// Calls [`UPDATE_ASSET`](crate::endpoints::UPDATE_ASSET), which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// use rblxopencloud::AssetUpdate;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// let update = AssetUpdate::default().display_name("new name").description("");
    /// let asset = client.asset(id).update_with(update)?.wait()?;
    /// # assert_eq!(asset.display_name.as_deref(), Some("new name"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the update is one of another asset, or changes nothing. See
    /// also [`User::update_asset_with`](crate::User::update_asset_with).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_UpdateAsset>
    pub fn update_with(&self, update: AssetUpdate) -> Result<Operation<Asset>> {
        update.of_asset(self.id)?.send(&self.client)
    }

    /// Lists the versions of the asset, newest first.
    ///
    /// Calls [`LIST_ASSET_VERSIONS`], which needs the scope `asset:read`. A page has 50 versions.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// for version in client.asset(id).list_versions() {
    ///     println!("{:?}", version?.number());
    /// }
    /// # assert_eq!(client.asset(id).list_versions().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#listAssetVersions>
    pub fn list_versions(&self) -> Pager<AssetVersion> {
        self.call(&LIST_ASSET_VERSIONS).pages()
    }

    /// Fetches a version of the asset by its number, starting at 1.
    ///
    /// Calls [`GET_ASSET_VERSION`], which needs the scope `asset:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let first = asset.fetch_version(1)?;
    /// println!("{first} is {:?}", first.moderation_state());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the asset or the version doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_GetAssetVersion>
    pub fn fetch_version(&self, number: u64) -> Result<AssetVersion> {
        self.call(&GET_ASSET_VERSION).param("version", number).fetch_model()
    }

    /// Makes the content of an earlier version the current one. Returns the version that results, which is a new one.
    ///
    /// Calls [`ROLLBACK_ASSET`], which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let version = asset.rollback(1)?;
    /// assert_eq!(version.number(), Some(2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the asset or the version doesn't exist. If
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, [`list_versions`](Self::list_versions) shows what happened.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_RollbackAssetVersion>
    #[doc(alias = "revert")]
    #[doc(alias = "undo")]
    pub fn rollback(&self, number: u64) -> Result<AssetVersion> {
        // The reference describes a form, and shows JSON in its sample. The service was seen to accept JSON.
        let version = format!("assets/{}/versions/{number}", self.id);
        self.call(&ROLLBACK_ASSET).json(&json!({ "assetVersion": version })).fetch_model()
    }

    /// Archives the asset: it disappears from the website and from experiences until it is [restored](Self::restore).
    ///
    /// Calls [`ARCHIVE_ASSET`], which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// use rblxopencloud::asset::AssetState;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// assert_eq!(asset.archive()?.state, Some(AssetState::Archived));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the asset doesn't exist. If
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, [`fetch`](Self::fetch) shows what happened.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_ArchiveAsset>
    #[doc(alias = "delete")]
    #[doc(alias = "remove")]
    pub fn archive(&self) -> Result<Asset> {
        self.asset_from(self.call(&ARCHIVE_ASSET))
    }

    /// Restores the asset after it was archived.
    ///
    /// Calls [`RESTORE_ASSET`], which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// use rblxopencloud::asset::AssetState;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// asset.archive()?;
    /// assert_eq!(asset.restore()?.state, Some(AssetState::Active));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`archive`](Self::archive).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_RestoreAsset>
    pub fn restore(&self) -> Result<Asset> {
        self.asset_from(self.call(&RESTORE_ASSET))
    }

    fn call(&self, endpoint: &Endpoint) -> Request {
        self.client.call(endpoint).param("asset", self.id)
    }

    fn asset_from(&self, request: Request) -> Result<Asset> {
        request.read(|body| {
            let fields: Map<String, Value> = json::from_slice(body)?;
            Ok(Asset::from_answer(&Value::Object(fields), Some(self.id))?)
        })
    }

    /// Grants a permission for the asset. See [`Client::grant_asset_permissions`].
    ///
    /// Calls [`GRANT_ASSET_PERMISSIONS`](crate::endpoints::GRANT_ASSET_PERMISSIONS), which needs the scope
    /// `asset-permissions:write`.
    ///
    /// ```
    /// use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// # let asset = client.asset(id);
    /// let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use);
    /// assert!(asset.grant_permission(&permission)?.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Client::grant_asset_permissions`].
    #[doc(alias = "share")]
    #[doc(alias = "collaborate")]
    pub fn grant_permission(&self, permission: &AssetPermission) -> Result<GrantedPermissions> {
        self.client.grant_asset_permissions(permission, [self.id])
    }
}

impl AssetHandle {
    /// Returns a handle with a time limit for each call. See [`Client::with_timeout`].
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { client: self.client.with_timeout(timeout), ..self.clone() }
    }

    /// Returns a handle whose calls must all have ended at `deadline`. See [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { client: self.client.with_deadline(deadline), ..self.clone() }
    }
}
