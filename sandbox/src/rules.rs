//! Settings of a [`Sandbox`] for what is allowed.

use jiff::Timestamp;
use rblxopencloud::user::Subscription;
use rblxopencloud::{AssetType, Creator};
use serde_json::Value;

use super::Sandbox;

impl Sandbox {
    /// Sets the owner of the key and the token. Defaults to `None`: they act for everyone, but can't list a private inventory.
    ///
    /// A user publishes for themselves and for the groups that they are a member of; a group for itself. Anything else is refused
    /// with 403 `PERMISSION_DENIED`. A user can list their own private inventory with the scope `user.inventory-item:read`. A
    /// group's key is limited as by [`set_group_owned_key`](Self::set_group_owned_key).
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
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
    /// A call without one of the [required scopes](rblxopencloud::Endpoint::required_scopes) of its endpoint is refused with 403
    /// `INSUFFICIENT_SCOPE`, or in version 2 of the API with 403 `PERMISSION_DENIED` and a message that names the scope. Others
    /// change what a response has:
    ///
    /// | scope | without it |
    /// |---|---|
    /// | `user.inventory-item:read` | private servers and purchased places are left out of inventories; the key's owner is refused their private inventory |
    /// | `user.advanced:read` | profiles have neither `premium` nor `idVerified` |
    /// | `user.social:read` | profiles have no `socialNetworkProfiles` |
    pub fn set_scopes<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) {
        self.world().access.set_scopes(scopes.into_iter().map(Into::into));
    }

    /// Sets whether a group owns the API key. Users, inventories and memberships refuse such a key. Defaults to `false`.
    pub fn set_group_owned_key(&self, is_owned_by_group: bool) {
        self.world().access.is_of_a_group = is_owned_by_group;
    }

    /// Sets whether the key is enabled. A disabled key is refused with 401. Defaults to `true`.
    pub fn set_key_enabled(&self, is_enabled: bool) {
        self.world().access.key_is_disabled = !is_enabled;
    }

    /// Sets when the key expires. After that, it is refused with 401. Defaults to never.
    pub fn set_key_expiration(&self, time: impl Into<Option<Timestamp>>) {
        self.world().access.key_expires_at = time.into();
    }

    /// Sets how many more assets of this type can be uploaded. Defaults to no limit.
    ///
    /// After that, uploads of this type are refused with 429 `RESOURCE_EXHAUSTED` and a message that names the quota, but without
    /// a header that tells when it ends. Other types are not affected.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    /// use rblxopencloud::{AssetFile, AssetType, AssetUpload, UserInfo};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_user(UserInfo::new(156, "builderman"));
    /// sandbox.set_quota(AssetType::Audio, 1);
    ///
    /// let user = sandbox.client().user(156);
    /// let sound = || AssetUpload::new(AssetFile::from_bytes("a.ogg", b"OggS".to_vec()), AssetType::Audio, "a", "");
    /// assert!(user.upload_asset_with(sound()).is_ok());
    /// let error = user.upload_asset_with(sound()).unwrap_err();
    /// assert_eq!(error.message(), Some("Audio upload quota exceeded."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_quota(&self, asset_type: AssetType, uploads: u64) {
        self.world().quotas.set(asset_type, uploads);
    }

    /// Adds a user's subscription to a product of a universe, or replaces it.
    pub fn add_subscription(
        &self,
        universe_id: u64,
        product_id: impl Into<String>,
        user_id: u64,
        subscription: Subscription,
    ) {
        self.world().people.subscriptions.insert((universe_id, product_id.into(), user_id), subscription);
    }

    /// Sets whether a user accepts notifications. Otherwise they are refused with 400 `FAILED_PRECONDITION`. Defaults to
    /// `true`.
    pub fn set_notifications_accepted(&self, user_id: u64, accepted: bool) {
        let mut world = self.world();
        if accepted {
            world.people.declines_notifications.remove(&user_id);
        } else {
            world.people.declines_notifications.insert(user_id);
        }
    }

    /// Returns the bodies of the notifications that were sent to a user, oldest first.
    #[must_use]
    pub fn notifications(&self, user_id: u64) -> Vec<Value> {
        let world = self.world();
        world.people.notifications.iter().filter(|(user, _)| *user == user_id).map(|(_, body)| body.clone()).collect()
    }

    /// Sets the moderated words, which are case-insensitive. Defaults to none.
    ///
    /// An upload or an update is refused with 400 if its name (`AssetName is moderated.`) or its description
    /// (`AssetDescription is moderated.`) contains one.
    pub fn set_moderated_words<W: Into<String>>(&self, words: impl IntoIterator<Item = W>) {
        self.world().moderation.set_words(words.into_iter().map(Into::into));
    }

    /// Sets whether the content of files is checked: a file whose first bytes don't match its content type is refused with 400
    /// and `InvalidImage`, `InvalidAudio` and so on. Defaults to `true`.
    ///
    /// Disable it to upload made-up content. The client has its own [check](rblxopencloud::asset::Check::Content), which comes
    /// first.
    pub fn set_content_checks(&self, are_on: bool) {
        self.world().skips_content_checks = !are_on;
    }

    /// Sets whether the account of the key is moderated: all uploads and updates are refused with 400 `User is moderated`.
    /// Defaults to `false`.
    pub fn set_account_moderated(&self, is_moderated: bool) {
        self.world().moderation.is_account_moderated = is_moderated;
    }
}
