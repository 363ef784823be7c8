//! Users: profile, inventory, groups and published assets.

mod find_upload;
mod followings;
mod info;
mod inventory;
mod inventory_asset_type;
mod inventory_filter;
mod names;
mod notification;
mod ownership;
mod quotas;
mod subscription;
mod thumbnail;

pub use followings::{
    ExperienceFollowing, ExperienceFollowingStatus, FOLLOW_EXPERIENCE, GET_EXPERIENCE_FOLLOWING,
    LIST_EXPERIENCE_FOLLOWINGS, UNFOLLOW_EXPERIENCE,
};
pub use info::{SocialNetworkProfiles, SocialNetworkVisibility, UserInfo};
pub use inventory::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItem,
    InventoryItemKind, InventoryPrivateServer,
};
pub use inventory_asset_type::InventoryAssetType;
pub use inventory_filter::{InventoryFilter, InventoryIds, InventoryKinds};
pub use names::{FIND_USERS, FoundUser};
pub use notification::{CREATE_NOTIFICATION, Notification, NotificationParameter, SentNotification};
pub use ownership::Ownership;
pub use quotas::{AssetQuota, AssetQuotaFilter, AssetQuotaKind, AssetQuotaPeriod, AssetQuotaType, LIST_ASSET_QUOTAS};
pub use subscription::{
    GET_SUBSCRIPTION, Subscription, SubscriptionExpirationDetails, SubscriptionExpirationReason,
    SubscriptionPaymentProvider, SubscriptionPurchasePlatform, SubscriptionState,
};
pub use thumbnail::{
    GENERATE_THUMBNAIL, GET_THUMBNAIL_OPERATION, Thumbnail, ThumbnailFormat, ThumbnailOptions, ThumbnailShape,
    ThumbnailSize,
};

use crate::api::Endpoint;
use crate::asset::publishing;
use crate::client::{Client, time_limits};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::group::GroupMembership;
use crate::page::Pager;

/// Fetches a user's profile.
///
/// `premium` and `id_verified` need `user.advanced:read`, `social_network_profiles` needs `user.social:read`.
pub const GET_USER: Endpoint = Endpoint::get("/cloud/v2/users/{user}")
    .with_optional_scopes(&["user.advanced:read", "user.social:read"])
    .with_budget(1000, 10)
    .for_user_keys();

/// Lists a user's inventory. Public inventories need no scope.
pub const LIST_INVENTORY_ITEMS: Endpoint = Endpoint::get("/cloud/v2/users/{user}/inventory-items")
    .with_optional_scopes(&["user.inventory-item:read"])
    .with_denied_hint("if the inventory is private, only its owner's key or authorization with the scope user.inventory-item:read opens it")
    .with_budget(100, 20)
    .for_user_keys();

/// A handle for a Roblox user.
///
/// Creating one makes no request. Clones share the client.
///
/// ```no_run
/// use rblxopencloud::User;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let info = user.fetch_info()?;
/// println!("{} {}", info.display_name, info.username);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct User {
    id: u64,
    client: Client,
}

impl Client {
    /// Returns a handle for the user with this id. Makes no request.
    #[must_use]
    pub fn user(&self, id: u64) -> User {
        User { id, client: self.clone() }
    }
}

impl User {
    /// Creates a handle with its own client. The same as `Client::new(credentials).user(id)`.
    #[must_use]
    pub fn new(id: u64, credentials: impl Into<Credentials>) -> Self {
        Client::new(credentials).user(id)
    }

    /// Returns the user's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the client that makes the requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches the user's profile.
    ///
    /// Needs no scope, except that `premium` and `id_verified` need `user.advanced:read`, and `social_network_profiles` needs
    /// `user.social:read`.
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) also for a key that a group owns.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GetUser>
    pub fn fetch_info(&self) -> Result<UserInfo> {
        self.client.call(&GET_USER).param("user", self.id).fetch()
    }

    /// Lists everything that the user owns.
    ///
    /// A public inventory needs no scope. A private inventory needs a key or an authorization of the user with the scope
    /// `user.inventory-item:read`, and so do private servers and purchased places.
    ///
    /// If the inventory is private, the first item is a [`PermissionDenied`](crate::ErrorKind::PermissionDenied) error with the
    /// service's message.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    pub fn list_inventory(&self) -> Pager<InventoryItem> {
        self.client.call(&LIST_INVENTORY_ITEMS).param("user", self.id).pages()
    }

    /// Lists the items that a filter matches. See [`list_inventory`](Self::list_inventory).
    ///
    /// An empty filter lists nothing and makes no request.
    ///
    /// ```no_run
    /// # use rblxopencloud::{InventoryFilter, Result, User};
    /// # fn run(user: &User) -> Result<()> {
    /// let has_badge = user.list_inventory_with(InventoryFilter::ids().badges([111])).next().transpose()?.is_some();
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_inventory_with(&self, filter: impl Into<InventoryFilter>) -> Pager<InventoryItem> {
        let request = self.client.call(&LIST_INVENTORY_ITEMS).param("user", self.id);
        match filter.into().expressions() {
            Ok(filters) => request.query_each("filter", filters).pages(),
            Err(problem) => request.failed(Error::invalid_input(problem)).pages(),
        }
    }

    /// Lists the groups that the user is in, with the user's role in each.
    ///
    /// An API key needs the Groups API. Any user's groups can be listed.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
    pub fn list_groups(&self) -> Pager<GroupMembership> {
        self.client.list_memberships_of([self.id])
    }
}

time_limits!(User);
publishing!(User, owner "user", creator User, key "a key or an authorization of the user");
