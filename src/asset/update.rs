use serde_json::{Map, Value, json};

use super::check::{Check, Checks};
use super::file::AssetFile;
use super::limits::MAX_SOCIAL_LINKS;
use super::model::{Asset, AssetType, Preview, SOCIAL_LINK, SocialLink, SocialLinkKind};
use super::operation::{decode, work};
use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::operation::Operation;
#[cfg(feature = "publish")]
use crate::request::AttemptEvent;
use crate::request::{Body, Multipart, OnAttempt, Request, UploadProgress};

/// Updates an asset.
pub const UPDATE_ASSET: Endpoint = Endpoint::patch("/assets/v1/assets/{asset}")
    .with_scopes(&["asset:read", "asset:write"])
    .with_denied_hint("check that the owner of the credentials may edit this asset")
    .with_budget(120, 120);

/// An update of an asset, for [`User::update_asset_with`](crate::User::update_asset_with). Fields that aren't set stay unchanged.
///
/// ```no_run
/// use rblxopencloud::asset::{SocialLink, SocialLinkKind};
/// use rblxopencloud::{AssetUpdate, User};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let update = AssetUpdate::new(1234)
///     .display_name("new name")
///     .remove_description()
///     .social_link(SocialLinkKind::GitHub, SocialLink::new("https://github.com/your-repo"));
/// let asset = user.update_asset_with(update)?.wait()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an update does nothing until it is handed to a user"]
pub struct AssetUpdate {
    asset_id: u64,
    file: Option<AssetFile>,
    on_progress: Option<OnProgress>,
    /// `null` removes a field: the mask names it, and the body leaves it out.
    fields: Map<String, Value>,
    checks: Checks,
    on_attempt: OnAttempt,
}

type OnProgress = Box<dyn FnMut(UploadProgress) + Send>;

impl std::fmt::Debug for AssetUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssetUpdate")
            .field("asset_id", &self.asset_id)
            .field("file", &self.file)
            .field("fields", &self.fields)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}

/// An update for [`AssetHandle::update_with`](crate::AssetHandle::update_with), which names the asset.
impl Default for AssetUpdate {
    fn default() -> Self {
        Self::new(0)
    }
}

impl AssetUpdate {
    /// Creates an update of the asset with this id, which changes nothing yet.
    pub fn new(asset_id: u64) -> Self {
        let (fields, checks, on_attempt) = (Map::new(), Checks::default(), OnAttempt::default());
        Self { asset_id, file: None, on_progress: None, fields, checks, on_attempt }
    }

    /// Returns the update for a handle's asset.
    pub(crate) fn of_asset(self, asset_id: u64) -> Result<Self> {
        if self.asset_id != 0 && self.asset_id != asset_id {
            let problem = format!("the update is for asset {}, and the handle is for asset {asset_id}", self.asset_id);
            return Err(Error::invalid_input(problem));
        }
        Ok(Self { asset_id, ..self })
    }

    /// Sets new content, which becomes a new version. The service accepts it for models only.
    ///
    /// It is an [`AssetFile`], or a path, an open file or bytes, which are converted to one.
    pub fn file(mut self, file: impl Into<AssetFile>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Sets a callback for the progress of the upload. See [`AssetUpload::on_progress`](crate::AssetUpload::on_progress).
    pub fn on_progress(mut self, f: impl FnMut(UploadProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(f));
        self
    }

    /// Skips a check. All checks are made by default.
    pub fn skip_check(mut self, check: Check) -> Self {
        self.checks.add(check);
        self
    }

    /// Sets the display name, of at most 50 characters. It can't be removed.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        self.set("displayName", Value::String(name.into()))
    }

    /// Sets the description, of at most 1000 characters. An empty one removes it.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.set("description", Value::String(description.into()))
    }

    /// Removes the description. The same as setting an empty one.
    pub fn remove_description(self) -> Self {
        self.description("")
    }

    /// Sets a link. An asset has at most one of each kind, and at most three to other sites.
    pub fn social_link(self, kind: SocialLinkKind, link: SocialLink) -> Self {
        self.set(kind.field(), json!(link))
    }

    /// Removes a link.
    pub fn remove_social_link(self, kind: SocialLinkKind) -> Self {
        self.set(kind.field(), Value::Null)
    }

    /// Sets the icon: the id of a square image.
    pub fn icon(self, image_id: u64) -> Self {
        self.set("icon", Value::String(format!("assets/{image_id}")))
    }

    /// Removes the icon.
    pub fn remove_icon(self) -> Self {
        self.set("icon", Value::Null)
    }

    /// Sets the previews, which replace all existing ones.
    pub fn previews(self, previews: impl IntoIterator<Item = Preview>) -> Self {
        let previews: Vec<Preview> = previews.into_iter().collect();
        self.set("previews", json!(previews))
    }

    /// Removes all previews.
    pub fn remove_previews(self) -> Self {
        self.set("previews", Value::Null)
    }

    fn set(mut self, field: impl Into<String>, value: Value) -> Self {
        self.fields.insert(field.into(), value);
        self
    }

    fn check(&mut self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), AssetFile::check)?;
        if self.fields.is_empty() && self.file.is_none() {
            return Err(Error::invalid_input("the update changes nothing"));
        }
        if self.asset_id == 0 {
            return Err(Error::invalid_input("the id of the asset to update is 0"));
        }
        let empty_link = self.fields.iter().find(|(field, value)| {
            let uri = value.get("uri").and_then(Value::as_str);
            *field == SOCIAL_LINK || uri.is_some_and(|uri| uri.trim().is_empty())
        });
        if let Some((field, _)) = empty_link {
            let error = Error::invalid_input(format!("the link {field} has no URL"));
            return Err(error.advise("set its kind and URL, or remove it"));
        }
        let text = |field: &str| self.fields.get(field)?.as_str();
        if let Some(name) = text("displayName") {
            self.checks.check_name(name)?;
        }
        if let Some(description) = text("description") {
            self.checks.check_description(description)?;
        }
        let is_limited = |field: &str| SocialLinkKind::of_field(field).is_some_and(|kind| kind.is_limited());
        let links = self.fields.iter().filter(|(field, link)| !link.is_null() && is_limited(field)).count();
        self.checks.unless(Check::SocialLinks, || {
            if links > MAX_SOCIAL_LINKS {
                let most = format!("an asset has at most {MAX_SOCIAL_LINKS} social links, not {links}");
                return Err(Error::invalid_input(most));
            }
            Ok(())
        })?;
        if let Some(file) = &mut self.file {
            self.checks.check_update_format(file)?;
            // The file's format is checked above, and a skipped format fits no known type.
            self.checks.add(Check::Format);
            self.checks.check_file(file, &AssetType::Model)?;
        }
        if let Some(field) = self.fields.keys().find(|field| !field.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Err(Error::invalid_input(format!("{field:?} can't be a field of an asset")));
        }
        Ok(())
    }

    /// Tells `f` about each attempt to send it.
    #[cfg(feature = "publish")]
    pub(crate) fn on_attempt(mut self, f: impl FnMut(AttemptEvent) -> Result<()> + Send + 'static) -> Self {
        self.on_attempt = OnAttempt::new(f);
        self
    }

    /// Sends the update.
    pub(crate) fn send(mut self, client: &Client) -> Result<Operation<Asset>> {
        self.check()?;
        let mask: Vec<&str> = self.fields.keys().map(String::as_str).collect();
        let mask = mask.join(",");
        let texts = self.fields.values().filter_map(Value::as_str).map(str::to_owned);
        let texts: Vec<String> = texts.chain(self.file.as_ref().map(|file| file.name().to_owned())).collect();
        let mut fields = Map::new();
        fields.insert("assetId".to_owned(), json!(self.asset_id));
        for (field, value) in self.fields.into_iter().filter(|(_, value)| !value.is_null()) {
            fields.insert(field, value);
        }

        let mut form = Multipart::new().part("request", Body::json(&fields)?);
        if let Some(mut file) = self.file {
            if let Some(f) = self.on_progress {
                file.set_on_progress(f);
            }
            form = form.part("fileContent", file.into_body()?);
        }
        let mut request = client.call(&UPDATE_ASSET).param("asset", self.asset_id).body(form);
        if !mask.is_empty() {
            request = request.query("updateMask", mask);
        }
        let request = texts.into_iter().fold(request, Request::echo);
        request.with_on_attempt(self.on_attempt).start(work(Some(self.asset_id)), decode(Some(self.asset_id)))
    }
}
