//! The settings of a [`Sandbox`] that tell what is allowed.

use super::Sandbox;
use crate::asset::{AssetType, Creator};

impl Sandbox {
    /// Sets whose the key and the token are. Defaults to nobody in particular, who may do everything but look into a
    /// private inventory.
    ///
    /// A user uploads and updates for themselves and for the groups that they are a member of, a group for itself; for
    /// others it is refused with 403 `PERMISSION_DENIED`. A user's own private inventory is open to them, given the scope
    /// `user.inventory-item:read`. A group's key is refused as [`set_group_owned_key`](Self::set_group_owned_key) says.
    ///
    /// ```
    /// use rblxopencloud::sandbox::Sandbox;
    /// use rblxopencloud::{Creator, ErrorKind};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.set_inventory_private(156, true);
    /// let inventory = || sandbox.client().user(156).list_inventory().next();
    ///
    /// sandbox.set_key_owner(Creator::User(157));
    /// assert_eq!(inventory().unwrap().unwrap_err().kind(), ErrorKind::PermissionDenied);
    /// sandbox.set_key_owner(Creator::User(156));
    /// assert!(inventory().unwrap().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_key_owner(&self, owner: impl Into<Option<Creator>>) {
        self.world().access.owner = owner.into();
    }

    /// Sets the scopes of the key and of the token. Defaults to all.
    ///
    /// | scope | without it |
    /// |---|---|
    /// | `asset:write` | uploads and updates are refused with 403 `INSUFFICIENT_SCOPE` |
    /// | `asset:read` | uploads, updates, assets and operations are refused with 403 `INSUFFICIENT_SCOPE` |
    /// | `user.inventory-item:read` | private servers and purchased places are left out of inventories; the key's owner is refused their private inventory |
    /// | `user.advanced:read` | profiles have neither `premium` nor `idVerified` |
    /// | `user.social:read` | profiles have no `socialNetworkProfiles` |
    pub fn set_scopes<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) {
        self.world().access.set_scopes(scopes.into_iter().map(Into::into));
    }

    /// Whether the API key is one that a group owns: users, inventories and memberships refuse it. `false` by default.
    pub fn set_group_owned_key(&self, is_owned_by_group: bool) {
        self.world().access.is_of_a_group = is_owned_by_group;
    }

    /// Sets how many more assets of this type can be uploaded. Defaults to no limit; `u64::MAX` is as good as none.
    ///
    /// After that, uploads of this type are refused with 429 `RESOURCE_EXHAUSTED`, words that name the type's quota, and
    /// no header that tells when it ends. Other types go on.
    ///
    /// ```
    /// use rblxopencloud::sandbox::Sandbox;
    /// use rblxopencloud::{AssetFile, AssetType, AssetUpload, UserInfo};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_user(UserInfo::new(156, "builderman"));
    /// sandbox.set_quota(AssetType::Audio, 1);
    ///
    /// let user = sandbox.client().user(156);
    /// let sound = || AssetUpload::new(AssetFile::from_bytes("a.ogg", b"OggS".to_vec()), AssetType::Audio, "a", "");
    /// assert!(user.upload_asset(sound()).is_ok());
    /// let error = user.upload_asset(sound()).unwrap_err();
    /// assert_eq!(error.message(), Some("Audio upload quota exceeded."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_quota(&self, asset_type: AssetType, uploads: u64) {
        self.world().quotas.set(asset_type, uploads);
    }

    /// Sets the words that are moderated, in upper and lower case. Defaults to none.
    ///
    /// An upload or an update is refused with 400 if its name (`AssetName is moderated.`) or its description
    /// (`AssetDescription is moderated.`) contains one.
    pub fn set_moderated_words<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) {
        self.world().moderation.set_words(words.into_iter().map(Into::into));
    }

    /// Sets whether a file is looked at: one whose first bytes are not of its content type is refused with 400 and
    /// `InvalidImage`, `InvalidAudio` and so on. Defaults to `true`.
    ///
    /// Switch it off to upload made-up content. The client has a [check](crate::Check::Content) of its own, which comes
    /// first.
    pub fn set_content_checks(&self, are_on: bool) {
        self.world().skips_content_checks = !are_on;
    }

    /// Sets whether the account behind the key is moderated: all uploads and updates are refused with 400
    /// `User is moderated` then. Defaults to `false`.
    pub fn set_account_moderated(&self, is_moderated: bool) {
        self.world().moderation.is_account_moderated = is_moderated;
    }
}
