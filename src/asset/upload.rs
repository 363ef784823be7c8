use std::path::Path;

use serde::Serialize;

use super::check::{Check, Checks};
use super::content::Format;
use super::creator::Creator;
use super::file::AssetFile;
use super::limits::MAX_NAME_LENGTH;
use super::model::{Asset, AssetPrivacy, AssetType};
use super::operation::{decode, work};
use crate::api::Endpoint;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::operation::Operation;
#[cfg(feature = "publish")]
use crate::request::AttemptEvent;
use crate::request::{Body, Multipart, OnAttempt, Request, UploadProgress};

/// An asset to create, with settings, for [`User::upload_asset_with`](crate::User::upload_asset_with).
///
/// ```no_run
/// use rblxopencloud::{AssetType, AssetUpload, User};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let upload = AssetUpload::new("path-to/image.png", AssetType::Decal, "asset name", "asset description");
/// let asset = user.upload_asset_with(upload.expected_price(10))?.wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "an upload does nothing until it is handed to a user"]
pub struct AssetUpload {
    file: AssetFile,
    asset_type: AssetType,
    name: String,
    description: String,
    expected_price: Option<u64>,
    privacy: Option<AssetPrivacy>,
    checks: Checks,
    on_attempt: OnAttempt,
}

/// Creates an asset.
pub const CREATE_ASSET: Endpoint = Endpoint::post("/assets/v1/assets")
    .with_scopes(&["asset:read", "asset:write"])
    .with_denied_hint("check that the owner of the credentials may upload for this creator")
    .with_budget(120, 120);

impl AssetUpload {
    /// Creates an upload from a file, a type, a name (at most 50 characters) and a description (at most 1000 characters).
    ///
    /// The file is an [`AssetFile`], or a path, an open file or bytes, which are converted to one.
    pub fn new(
        file: impl Into<AssetFile>,
        asset_type: AssetType,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            asset_type,
            name: name.into(),
            description: description.into(),
            expected_price: None,
            privacy: None,
            checks: Checks::default(),
            on_attempt: OnAttempt::default(),
        }
    }

    /// Creates an upload from a path alone. The type is the usual one for the extension, the name is the file name without
    /// its extension, cut to 50 characters, and the description is empty.
    ///
    /// An image becomes an [`Image`](AssetType::Image), whose asset id textures use.
    ///
    /// # Errors
    /// See [`AssetFile::open`]. Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) also if the extension is unknown.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = AssetFile::open(path)?;
        let format = Format::of_name(file.name()).ok_or_else(|| {
            Error::invalid_text("file name", file.name(), "its extension isn't that of a known asset type")
                .advise("use AssetUpload::new and AssetFile::content_type")
        })?;
        Ok(Self::new(file, format.usual_asset_type(), default_name(path), ""))
    }

    /// Returns the file.
    #[must_use]
    pub fn file(&self) -> &AssetFile {
        &self.file
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    /// Returns the asset type.
    #[must_use]
    pub fn declared_type(&self) -> &AssetType {
        &self.asset_type
    }

    /// Sets the asset type.
    pub fn asset_type(mut self, asset_type: AssetType) -> Self {
        self.asset_type = asset_type;
        self
    }

    /// Calls `f` after each piece of the file, about 100 KiB of a large one, on the thread that sends. It should return
    /// quickly.
    pub fn on_progress(mut self, f: impl FnMut(UploadProgress) + Send + 'static) -> Self {
        self.file.set_on_progress(f);
        self
    }

    /// Tells `f` about each attempt to send it.
    #[cfg(feature = "publish")]
    pub(crate) fn on_attempt(mut self, f: impl FnMut(AttemptEvent) -> Result<()> + Send + 'static) -> Self {
        self.on_attempt = OnAttempt::new(f);
        self
    }

    /// Skips a check. All checks are made by default.
    pub fn skip_check(mut self, check: Check) -> Self {
        self.checks.add(check);
        self
    }

    /// Sets the highest fee to pay, in Robux. If the upload costs more, it fails and nothing is paid. Defaults to none: an
    /// upload that costs something fails.
    #[doc(alias = "robux")]
    #[doc(alias = "fee")]
    #[doc(alias = "cost")]
    pub fn expected_price(mut self, robux: u64) -> Self {
        self.expected_price = Some(robux);
        self
    }

    /// Sets who may use the asset. Defaults to the creator's settings.
    pub fn privacy(mut self, privacy: AssetPrivacy) -> Self {
        self.privacy = Some(privacy);
        self
    }

    /// Checks what can be checked without a request.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.file.check()?;
        if self.asset_type.as_str().is_empty() {
            return Err(Error::invalid_input("the asset has an empty type"));
        }
        let name = self.file.name();
        let of_file = |error: Error| error.about_file(name);
        self.checks.check_name(&self.name).map_err(of_file)?;
        self.checks.check_description(&self.description).map_err(of_file)?;
        self.checks.check_file(&mut self.file, &self.asset_type)
    }

    /// Sends the upload for `creator`, unless it is cancelled while it waits for the rate limit.
    pub(crate) fn send(
        mut self,
        client: &Client,
        creator: Creator,
        cancelled: Option<&CancelToken>,
    ) -> Result<Operation<Asset>> {
        self.check()?;
        let request = CreateAsset {
            asset_type: &self.asset_type,
            display_name: &self.name,
            description: &self.description,
            creation_context: CreationContext {
                creator: CreatorId::from(creator),
                expected_price: self.expected_price,
                asset_privacy: self.privacy.as_ref(),
            },
        };
        let form = Multipart::new().part("request", Body::json(&request)?);
        let request = client.call(&CREATE_ASSET).echo(&self.name).echo(&self.description).echo(self.file.name());
        let request = cancelled.into_iter().fold(request, Request::cancel_by);
        request
            .body(form.part("fileContent", self.file.into_body()?))
            .with_on_attempt(self.on_attempt)
            .start(work(None), decode(None))
    }
}

/// Returns the display name of an asset that has no other one: the file name without its extension, cut.
pub(crate) fn default_name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().chars().take(MAX_NAME_LENGTH).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateAsset<'a> {
    asset_type: &'a AssetType,
    display_name: &'a str,
    description: &'a str,
    creation_context: CreationContext<'a>,
}

/// The service refuses `null` for fields that can be left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationContext<'a> {
    creator: CreatorId,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_privacy: Option<&'a AssetPrivacy>,
}

/// A creator in a request, where ids are integers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum CreatorId {
    UserId(u64),
    GroupId(u64),
}

impl From<Creator> for CreatorId {
    fn from(creator: Creator) -> Self {
        match creator {
            Creator::User(id) => Self::UserId(id),
            Creator::Group(id) => Self::GroupId(id),
        }
    }
}
