use serde::Serialize;

use super::{AssetFile, AssetType, Creator};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::multipart::Form;
use crate::open_enum::open_enum;
use crate::operation::Operation;
use crate::rate_limit::Endpoint;
use crate::transport::Request;

/// An asset to create, for [`User::upload_asset`](crate::User::upload_asset).
///
/// ```no_run
/// use rblxopencloud::{AssetFile, AssetType, AssetUpload, User};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let file = AssetFile::open("path-to/image.png")?;
/// let upload = AssetUpload::new(file, AssetType::Decal, "asset name", "asset description");
/// let asset = user.upload_asset(upload)?.wait()?;
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
}

open_enum! {
    /// Who may use an asset, where its type leaves a choice.
    ///
    /// <https://create.roblox.com/docs/projects/assets/privacy>
    AssetPrivacy {
        /// What the creator's settings say.
        Default = "default",
        /// The creator, and those who are given the permission.
        Restricted = "restricted",
        /// Everybody.
        OpenUse = "openUse",
    }
}

impl AssetUpload {
    /// Describes an asset: its content, its type, its name (at most 50 characters) and its description (at most 1000).
    pub fn new(
        file: AssetFile,
        asset_type: AssetType,
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            file,
            asset_type,
            name: name.into(),
            description: description.into(),
            expected_price: None,
            privacy: None,
        }
    }

    /// The highest fee in Robux to pay for the upload. If it costs more, the upload fails and nothing is paid. Without
    /// this, uploads that cost something fail.
    pub fn expected_price(mut self, robux: u64) -> Self {
        self.expected_price = Some(robux);
        self
    }

    /// Who may use the asset.
    pub fn privacy(mut self, privacy: AssetPrivacy) -> Self {
        self.privacy = Some(privacy);
        self
    }

    /// Sends the upload in the name of `creator`.
    pub(crate) fn send(self, client: &Client, creator: Creator) -> Result<Operation<super::Asset>> {
        if self.name.trim().is_empty() {
            return Err(Error::invalid_input("the asset has an empty name").advise("give it one of 1 to 50 characters"));
        }
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
        let content_type = self.file.checked_content_type()?;
        let mut form = Form::new(&request, Some((self.file, content_type)))?;
        let request = Request::post(Endpoint::AssetCreate, "/assets/v1/assets", &mut form).needs("asset:write");
        Operation::start(client.clone(), request, None)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateAsset<'a> {
    asset_type: &'a AssetType,
    display_name: &'a str,
    description: &'a str,
    creation_context: CreationContext<'a>,
}

/// The service refuses `null` where a field can be left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationContext<'a> {
    creator: CreatorId,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_privacy: Option<&'a AssetPrivacy>,
}

/// A creator in a request: the document says integers there.
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
