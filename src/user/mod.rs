//! A user: who they are, what they own, which groups they are in, and the assets that they publish.

mod groups;
mod info;
mod inventory;
mod inventory_asset_type;
mod inventory_filter;

pub use groups::GroupMembership;
pub use info::{SocialNetworkProfiles, SocialNetworkVisibility, UserInfo};
pub use inventory::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItem,
    InventoryItemKind, InventoryPrivateServer,
};
pub use inventory_asset_type::InventoryAssetType;
pub use inventory_filter::{InventoryFilter, InventoryIds, InventoryKinds};

use crate::asset::publishing;
use crate::call::{Call, Endpoint};
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::page::{Listing, Pager};

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

/// Lists the members of a group, or the groups of some users.
pub const LIST_GROUP_MEMBERSHIPS: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/memberships")
    .with_undocumented_scope("group:read")
    .with_budget(300, 90)
    .for_user_keys();

/// A user of Roblox, and the way to what Open Cloud says of them.
///
/// A handle: making one costs no request, and clones share one pool of connections.
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
    /// Returns a handle of the user with this id. Makes no request.
    #[must_use]
    pub fn user(&self, id: u64) -> User {
        User { id, client: self.clone() }
    }
}

impl User {
    /// The user with this id, asked for with a client of its own: `Client::new(credentials).user(id)`.
    #[must_use]
    pub fn new(id: u64, credentials: impl Into<Credentials>) -> Self {
        Client::new(credentials).user(id)
    }

    /// The user's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The client that this handle asks with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches the profile.
    ///
    /// Needs no scope; `premium` and `id_verified` are told only with `user.advanced:read`, and
    /// `social_network_profiles` only with `user.social:read`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no such user;
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) also with a key that belongs to a group.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/users#Cloud_GetUser>
    pub fn fetch_info(&self) -> Result<UserInfo> {
        self.client.session().fetch(Call::new(&GET_USER, &GET_USER.fill(&[&self.id])))
    }

    /// Lists all that the user owns.
    ///
    /// Needs no scope if everybody may see the inventory; else a key of the user, or an authorization with the scope
    /// `user.inventory-item:read`, which private servers and bought places always need.
    ///
    /// Items give [`PermissionDenied`](crate::ErrorKind::PermissionDenied), with the service's own words, if the inventory
    /// is private.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    pub fn list_inventory(&self) -> Pager<InventoryItem> {
        self.inventory(Ok(vec![None]))
    }

    /// Lists what the user owns of these kinds, or with these ids. See [`list_inventory`](Self::list_inventory).
    ///
    /// A filter that names nothing gives nothing, and costs no request.
    ///
    /// ```no_run
    /// # use rblxopencloud::{InventoryFilter, Result, User};
    /// # fn run(user: &User) -> Result<()> {
    /// let has_badge = user.list_inventory_with(InventoryFilter::ids().badges([111])).next().transpose()?.is_some();
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_inventory_with(&self, filter: impl Into<InventoryFilter>) -> Pager<InventoryItem> {
        let filters = filter.into().expressions().map_err(Error::invalid_input);
        self.inventory(filters.map(|filters| filters.into_iter().map(Some).collect()))
    }

    fn inventory(&self, filters: Result<Vec<Option<String>>>) -> Pager<InventoryItem> {
        let path = LIST_INVENTORY_ITEMS.fill(&[&self.id]);
        let listing = filters.map(|filters| Listing {
            endpoint: LIST_INVENTORY_ITEMS,
            template: None,
            path,
            query: String::new(),
            filters,
        });
        Pager::new(self.client.session().clone(), listing)
    }

    /// Lists the groups that the user is in, and their role in each.
    ///
    /// Works for any user with a key that has the Groups API.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
    pub fn list_groups(&self) -> Pager<GroupMembership> {
        let listing = Listing {
            endpoint: LIST_GROUP_MEMBERSHIPS,
            template: None,
            path: LIST_GROUP_MEMBERSHIPS.fill(&[&"-"]),
            query: String::new(),
            // With `-`, the reference documents this form alone.
            filters: vec![Some(format!("user in ['users/{}']", self.id))],
        };
        Pager::new(self.client.session().clone(), Ok(listing))
    }
}

publishing!(User, owner "user", creator User, key "a key or an authorization of the user");
