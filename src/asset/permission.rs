use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::api::{Budget, Endpoint};
use crate::call::DecodeError;
use crate::client::Client;
use crate::error::{Error, ErrorFields, Result};
use crate::json as json_text;
use crate::open_enum::open_enum;
use crate::wire::{self, Field, model};

/// Grants a permission for assets. The document has no budget for OAuth 2.0.
pub const GRANT_ASSET_PERMISSIONS: Endpoint = Endpoint::patch("/asset-permissions-api/v1/assets/permissions")
    .with_scopes(&["asset-permissions:write"])
    .naming_in_body()
    .with_denied_hint("check that the owner of the credentials may manage the asset and whom it is granted to")
    .with_key_budget(Budget::per_minute(100))
    .with_error_as_data("errors")
    .harmless();

open_enum! {
    /// What an [`AssetPermission`] allows.
    AssetAction {
        /// Edit the asset.
        Edit = "Edit",
        /// Use the asset.
        Use = "Use",
        /// Download the asset.
        Download = "Download",
        /// Copy the asset from an experience's server.
        CopyFromRcc = "CopyFromRcc",
        /// Update the asset from an experience's server.
        UpdateFromRcc = "UpdateFromRcc",
    }
}

/// Who gets an [`AssetPermission`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PermissionSubject {
    /// A user, by id.
    User(u64),
    /// A group, by id.
    Group(u64),
    /// The members of a group with a role, by the id of the role.
    GroupRoleset(u64),
    /// An experience, by the id of its universe.
    Universe(u64),
    /// Everyone.
    All,
}

impl PermissionSubject {
    /// Returns the subject's type as the service writes it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Group(_) => "Group",
            Self::GroupRoleset(_) => "GroupRoleset",
            Self::Universe(_) => "Universe",
            Self::All => "All",
        }
    }

    /// Returns the subject's id. `None` for everyone.
    #[must_use]
    pub const fn id(&self) -> Option<u64> {
        match self {
            Self::User(id) | Self::Group(id) | Self::GroupRoleset(id) | Self::Universe(id) => Some(*id),
            Self::All => None,
        }
    }
}

/// A permission for assets, for [`Client::grant_asset_permissions`].
///
/// ```
/// use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
///
/// let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use).with_dependencies();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a permission does nothing until it is granted"]
pub struct AssetPermission {
    subject: PermissionSubject,
    action: AssetAction,
    grant_to_dependencies: bool,
}

impl AssetPermission {
    /// Creates a permission for a subject to do something.
    pub fn new(subject: PermissionSubject, action: AssetAction) -> Self {
        Self { subject, action, grant_to_dependencies: false }
    }

    /// Grants the permission also for the assets that each asset depends on. The service does this later.
    pub fn with_dependencies(mut self) -> Self {
        self.grant_to_dependencies = true;
        self
    }

    fn json(&self, asset_ids: &[u64]) -> Value {
        let request = |id: &u64| match self.grant_to_dependencies {
            true => json!({ "assetId": id, "grantToDependencies": true }),
            false => json!({ "assetId": id }),
        };
        let mut body = json!({
            "subjectType": self.subject.type_name(),
            "action": self.action,
            "requests": asset_ids.iter().map(request).collect::<Vec<_>>(),
        });
        if let Some(id) = self.subject.id() {
            body["subjectId"] = json!(id.to_string());
        }
        body
    }
}

open_enum! {
    /// Why a permission couldn't be granted for an asset.
    #[allow(missing_docs)]
    PermissionErrorCode {
        UnknownError = "UnknownError",
        InvalidRequest = "InvalidRequest",
        AssetNotFound = "AssetNotFound",
        CannotManageAsset = "CannotManageAsset",
        PublicAssetCannotBeGrantedTo = "PublicAssetCannotBeGrantedTo",
        CannotManageSubject = "CannotManageSubject",
        SubjectNotFound = "SubjectNotFound",
        AssetTypeNotEnabled = "AssetTypeNotEnabled",
        PermissionLimitReached = "PermissionLimitReached",
        DependenciesLimitReached = "DependenciesLimitReached",
        NotRequestable = "NotRequestable",
        RequesterNotAConnection = "RequesterNotAConnection",
        AlreadyPending = "AlreadyPending",
        AlreadyHasAccess = "AlreadyHasAccess",
        RequestNotFound = "RequestNotFound",
        InvalidRequestStatus = "InvalidRequestStatus",
        RateLimited = "RateLimited",
        CallerNotOwner = "CallerNotOwner",
        BatchSizeLimitExceeded = "BatchSizeLimitExceeded",
    }
}

/// For which assets a permission was granted, from [`Client::grant_asset_permissions`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[must_use = "some assets can have failed"]
pub struct GrantedPermissions {
    /// The ids of the assets for which it was granted.
    #[serde(default, deserialize_with = "readable")]
    pub success_asset_ids: Vec<u64>,
    /// The assets for which it wasn't.
    #[serde(default, deserialize_with = "readable")]
    pub errors: Vec<GrantError>,
    /// The ids of the assets of which the response says nothing. Almost always empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<u64>,
}

/// Reads a list without the items that can't be read: the assets that they are about are unanswered.
fn readable<'de, D: Deserializer<'de>, T: Field>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let items: Vec<Value> = wire::or_default(deserializer)?;
    Ok(items.into_iter().filter_map(|item| T::of(item.into())).collect())
}

impl GrantedPermissions {
    /// Returns whether the service says that the permission was granted for all assets.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.unanswered.is_empty() && !self.success_asset_ids.is_empty()
    }

    /// Reads the response to a grant for these assets.
    fn read(body: &[u8], asset_ids: &[u64]) -> Result<Self, DecodeError> {
        let mut granted: Self = json_text::from_slice(body)?;
        if granted.success_asset_ids.is_empty() && granted.errors.is_empty() {
            // The gateway's errors have the same name.
            if let Some(refusal) = ErrorFields::read(body, None).and_then(|fields| fields.alone()) {
                return Err(DecodeError::Service(refusal));
            }
        }
        let failed = granted.errors.iter().map(|error| error.asset_id);
        let answered: HashSet<u64> = granted.success_asset_ids.iter().copied().chain(failed).collect();
        granted.unanswered = asset_ids.iter().copied().filter(|id| !answered.contains(id)).collect();
        Ok(granted)
    }
}

model! {
    /// An asset for which a permission couldn't be granted.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[non_exhaustive]
    pub struct GrantError {
        /// The asset's id.
        #[serde(deserialize_with = "wire::id::deserialize")]
        pub asset_id: u64,
        /// Why.
        pub code: Option<PermissionErrorCode>,
    }
}

impl Client {
    /// Grants a permission for assets. The result tells for which assets it was granted.
    ///
    /// Calls [`GRANT_ASSET_PERMISSIONS`], which needs the scope `asset-permissions:write`, with a key of someone who
    /// may manage the assets.
    ///
    /// ```
    /// use rblxopencloud::asset::{AssetAction, AssetPermission, PermissionSubject};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// # let upload = rblxopencloud::AssetUpload::from_path("examples/assets/crate.png")?;
    /// # let id = client.user(156).upload_asset_with(upload)?.wait()?.id;
    /// let permission = AssetPermission::new(PermissionSubject::Universe(13058), AssetAction::Use);
    /// let granted = client.grant_asset_permissions(&permission, [id, 404])?;
    /// for error in &granted.errors {
    ///     println!("asset {}: {:?}", error.asset_id, error.code);
    /// }
    /// # assert_eq!((granted.success_asset_ids, granted.errors.len()), (vec![id], 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if no asset is named.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/assets>
    pub fn grant_asset_permissions(
        &self,
        permission: &AssetPermission,
        asset_ids: impl IntoIterator<Item = u64>,
    ) -> Result<GrantedPermissions> {
        let asset_ids: Vec<u64> = asset_ids.into_iter().collect();
        if asset_ids.is_empty() {
            return Err(Error::invalid_input("no asset to grant a permission for"));
        }
        let request = self.call(&GRANT_ASSET_PERMISSIONS).json(&permission.json(&asset_ids));
        request.read(|body| GrantedPermissions::read(body, &asset_ids))
    }
}
