use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::handle::{IN_TEAM_CREATE, Place};
use crate::asset::handle::{GET_ASSET_VERSION, ROLLBACK_ASSET};
use crate::asset::{Creator, ModerationState};
use crate::error::Result;
use crate::page::{PageItem, Values};
use crate::request::{Paging, Request};
use crate::wire::{self, Fields, Model, Name, Unreadable, model};

/// A handle for a version of a place, from [`Place::version`].
///
/// ```
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let place = sandbox.client().experience(13058).place(1818);
/// # let saved = place.save(b"<roblox!\x89\xff\r\n\x1a\n")?;
/// let mut content = Vec::new();
/// place.version(saved.number).download(&mut content)?;
/// # assert!(content.starts_with(b"<roblox!"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PlaceVersionHandle {
    pub(in crate::experience) place: Place,
    pub(in crate::experience) number: u64,
}

impl Place {
    /// Returns a handle for the version of the place with this number, starting at 1. Makes no request.
    #[must_use]
    pub fn version(&self, number: u64) -> PlaceVersionHandle {
        PlaceVersionHandle { place: self.clone(), number }
    }

    /// Makes the content of an earlier version the published one, for new servers at once. Returns the version that results,
    /// which is a new one.
    ///
    /// Calls [`ROLLBACK_ASSET`], which needs the scopes `asset:read` and `asset:write`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// # place.publish(b"<roblox!\x89\xff\r\n\x1a\n")?;
    /// let before = place.list_versions().published().next().transpose()?;
    /// # place.publish(b"<roblox!\x89\xff\r\n\x1a\n ")?;
    /// // And when it goes wrong:
    /// if let Some(before) = before {
    ///     place.rollback(before.number)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the place or the version doesn't exist, and
    /// [`Conflict`](crate::ErrorKind::Conflict) while the place is open in Team Create. If
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, [`list_versions`](Self::list_versions) shows what happened.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_RollbackAssetVersion>
    pub fn rollback(&self, number: u64) -> Result<PlaceVersion> {
        let version = format!("assets/{}/versions/{number}", self.id);
        let request = self.client.call(&ROLLBACK_ASSET.with_advice(IN_TEAM_CREATE)).param("asset", self.id);
        request.json(&json!({ "assetVersion": version })).fetch_model()
    }

    /// Saves the content of a version as a file, which appears under its name only when it is complete. Returns the number of
    /// bytes. The same as [`PlaceVersionHandle::download_to`].
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`](crate::endpoints::GET_ASSET_VERSION_DELIVERY), which needs the scope
    /// `legacy-asset:manage`.
    ///
    /// # Errors
    /// See [`PlaceVersionHandle::download_to`].
    pub fn download_version(&self, number: u64, path: impl AsRef<Path>) -> Result<u64> {
        self.version(number).download_to(path)
    }
}

impl PlaceVersionHandle {
    /// Returns the place.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the number of the version.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Fetches the version.
    ///
    /// Calls [`GET_ASSET_VERSION`], which needs the scope `asset:read`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the place or the version doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_GetAssetVersion>
    pub fn fetch_info(&self) -> Result<PlaceVersion> {
        let request = self.place.client.call(&GET_ASSET_VERSION).param("asset", self.place.id);
        request.param("version", self.number).fetch_model()
    }

    /// Locates the content of the version, and returns the request that downloads it.
    ///
    /// The content comes from another host, which never sees the credentials. The request is valid for a short time.
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`](crate::endpoints::GET_ASSET_VERSION_DELIVERY), which needs the scope
    /// `legacy-asset:manage`.
    ///
    /// # Errors
    /// See [`AssetHandle::locate_version`](crate::AssetHandle::locate_version).
    pub fn locate(&self) -> Result<Request> {
        self.place.client.asset(self.place.id).locate_version(self.number)
    }

    /// Copies the content of the version to `writer`. Returns the number of bytes. See [`locate`](Self::locate).
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`](crate::endpoints::GET_ASSET_VERSION_DELIVERY), which needs the scope
    /// `legacy-asset:manage`.
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download`].
    pub fn download(&self, writer: &mut dyn Write) -> Result<u64> {
        self.locate()?.download(writer)
    }

    /// Saves the content of the version as a file, which appears under its name only when it is complete. Returns the number of
    /// bytes. See [`locate`](Self::locate).
    ///
    /// Calls [`GET_ASSET_VERSION_DELIVERY`](crate::endpoints::GET_ASSET_VERSION_DELIVERY), which needs the scope
    /// `legacy-asset:manage`.
    ///
    /// # Errors
    /// See [`locate`](Self::locate) and [`Request::download_to`].
    pub fn download_to(&self, path: impl AsRef<Path>) -> Result<u64> {
        self.locate()?.download_to(path)
    }
}

/// `version 7 of place 1818`.
impl fmt::Display for PlaceVersionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of place {}", self.number, self.place.id)
    }
}

/// A version of a place, from [`Place::publish`], [`Place::save`], [`Place::rollback`] and [`Place::list_versions`].
///
/// <https://create.roblox.com/docs/cloud/reference/features/assets#Assets_GetAssetVersion>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireVersion", into = "WireVersion")]
#[non_exhaustive]
pub struct PlaceVersion {
    /// The id of the place.
    pub place_id: u64,
    /// The number of the version, starting at 1.
    pub number: u64,
    /// Whether the version was published, and not only saved. `None` if the response doesn't tell it.
    pub is_published: Option<bool>,
    /// The user or group that made the version. `None` if the response doesn't tell it.
    pub creator: Option<Creator>,
    /// The state of moderation. `None` if the response doesn't tell it.
    pub moderation_state: Option<ModerationState>,
}

impl PlaceVersion {
    /// Creates a version of which only the number is known, as for a version that was just saved.
    #[must_use]
    pub fn new(place_id: u64, number: u64) -> Self {
        Self { place_id, number, is_published: None, creator: None, moderation_state: None }
    }
}

/// `version 7 of place 1818`.
impl fmt::Display for PlaceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of place {}", self.number, self.place_id)
    }
}

model! {
    /// The JSON form of a version.
    struct WireVersion {
        path: String,
        creation_context: Option<WireContext>,
        moderation_result: Option<WireModeration>,
        #[with(wire::strict)]
        published: Option<bool>,
    }
}

model! {
    struct WireContext {
        creator: Option<Creator>,
    }
}

model! {
    struct WireModeration {
        moderation_state: Option<ModerationState>,
    }
}

impl Model for PlaceVersion {
    const NAMES: &'static [Name] = WireVersion::NAMES;

    fn of(fields: &mut Fields<'_>) -> std::result::Result<Self, Unreadable> {
        WireVersion::of(fields)?.try_into().map_err(Unreadable::new)
    }
}

impl TryFrom<WireVersion> for PlaceVersion {
    type Error = String;

    fn try_from(wire: WireVersion) -> Result<Self, String> {
        let id = |collection| wire::path_id(&wire.path, collection);
        let (Some(place_id), Some(number)) = (id("assets"), id("versions")) else {
            return Err(format!("expected the path of a version, found {:?}", wire.path));
        };
        Ok(Self {
            place_id,
            number,
            is_published: wire.published,
            creator: wire.creation_context.and_then(|context| context.creator),
            moderation_state: wire.moderation_result.and_then(|result| result.moderation_state),
        })
    }
}

impl From<PlaceVersion> for WireVersion {
    fn from(version: PlaceVersion) -> Self {
        Self {
            path: format!("assets/{}/versions/{}", version.place_id, version.number),
            creation_context: version.creator.map(|creator| WireContext { creator: Some(creator) }),
            moderation_result: version.moderation_state.map(|state| WireModeration { moderation_state: Some(state) }),
            published: version.is_published,
        }
    }
}

// The document has a bare list; the service sends an object.
impl PageItem for PlaceVersion {
    const FIELD: &'static str = "assetVersions";
    const PAGING: Paging = Paging::page_tokens().page_size(50);
    const MAY_BE_BARE: bool = true;

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}
