use std::collections::BTreeMap;
use std::fmt;

use super::filter::{AssetSelection, Filter, ItemSelection};
use super::item::{InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItem, InventoryPrivateServer};
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::user::User;

/// The most ids that one call answers.
const MAX_IDS: usize = 10_000;

/// Whether a user owns something, from [`User::owns_asset`] and its relatives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership<T> {
    /// The user owns it. Of several copies, this is the first that the service lists.
    Owned(T),
    /// The user doesn't own it. The service doesn't tell whether something with this id exists.
    NotOwned,
    /// The inventory is private, so the service doesn't tell. What it listed before it refused stays owned.
    Private,
}

impl<T> Ownership<T> {
    /// Returns whether the user is known to own it.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        matches!(self, Self::Owned(_))
    }

    /// Returns the item, if the user is known to own it.
    #[must_use]
    pub fn into_item(self) -> Option<T> {
        match self {
            Self::Owned(item) => Some(item),
            Self::NotOwned | Self::Private => None,
        }
    }
}

/// `owned`, `not owned`, or that the inventory is private.
impl<T> fmt::Display for Ownership<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Owned(_) => "owned",
            Self::NotOwned => "not owned",
            Self::Private => "not known: the inventory is private",
        })
    }
}

impl User {
    /// Returns whether the user owns an asset, in one request.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory and for purchased places, with a key or an authorization of
    /// the user.
    ///
    /// ```
    /// use rblxopencloud::inventory::Ownership;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// if user.owns_asset(1_365_001)?.is_owned() {
    ///     println!("owned");
    /// }
    ///
    /// // What else is known.
    /// match user.owns_asset(1_365_001)? {
    ///     Ownership::Owned(item) => println!("owned since {:?}", item.added_at),
    ///     Ownership::NotOwned => println!("not owned"),
    ///     Ownership::Private => println!("the inventory is private"),
    ///     _ => {}
    /// }
    /// # assert!(user.owns_asset(1_365_001)?.is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, which may be the one.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    #[doc(alias = "has_asset")]
    #[doc(alias = "owns_item")]
    pub fn owns_asset(&self, id: u64) -> Result<Ownership<InventoryAsset>> {
        self.owns_assets([id]).map(|answers| only(answers, id))
    }

    /// Returns for each of these ids whether the user owns an asset, in as few requests as fit.
    ///
    /// At most 10,000 ids are allowed. A request takes a few hundred of them.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory and for purchased places, with a key or an authorization of
    /// the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let answers = user.owns_assets([1_365_001, 404])?;
    /// println!("{} of them are owned", answers.values().filter(|answer| answer.is_owned()).count());
    /// # assert!(answers[&1_365_001].is_owned() && !answers[&404].is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 10,000 ids,
    /// [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, unless the user owns all of them.
    pub fn owns_assets(&self, ids: impl IntoIterator<Item = u64>) -> Result<BTreeMap<u64, Ownership<InventoryAsset>>> {
        let filter = |ids| Filter { assets: Some(AssetSelection::ids(ids)), ..Filter::default() };
        self.ownership(ids, filter, |item| match item {
            InventoryItem::Asset(item) => Some((item.id, item)),
            _ => None,
        })
    }

    /// Returns whether the user owns a badge, in one request.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory, with a key or an authorization of the user.
    ///
    /// ```
    /// use rblxopencloud::inventory::Ownership;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// if user.owns_badge(111)?.is_owned() {
    ///     println!("owned");
    /// }
    ///
    /// // What else is known.
    /// match user.owns_badge(111)? {
    ///     Ownership::Owned(item) => println!("owned since {:?}", item.added_at),
    ///     Ownership::NotOwned => println!("not owned"),
    ///     Ownership::Private => println!("the inventory is private"),
    ///     _ => {}
    /// }
    /// # assert!(user.owns_badge(111)?.is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, which may be the one.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    #[doc(alias = "has_badge")]
    pub fn owns_badge(&self, id: u64) -> Result<Ownership<InventoryBadge>> {
        self.owns_badges([id]).map(|answers| only(answers, id))
    }

    /// Returns for each of these ids whether the user owns a badge, in as few requests as fit.
    ///
    /// At most 10,000 ids are allowed. A request takes a few hundred of them.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory, with a key or an authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let answers = user.owns_badges([111, 404])?;
    /// println!("{} of them are owned", answers.values().filter(|answer| answer.is_owned()).count());
    /// # assert!(answers[&111].is_owned() && !answers[&404].is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 10,000 ids,
    /// [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, unless the user owns all of them.
    pub fn owns_badges(&self, ids: impl IntoIterator<Item = u64>) -> Result<BTreeMap<u64, Ownership<InventoryBadge>>> {
        let filter = |ids| Filter { badges: Some(ItemSelection::ids(ids)), ..Filter::default() };
        self.ownership(ids, filter, |item| match item {
            InventoryItem::Badge(item) => Some((item.id, item)),
            _ => None,
        })
    }

    /// Returns whether the user owns a game pass, in one request.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory, with a key or an authorization of the user.
    ///
    /// ```
    /// use rblxopencloud::inventory::Ownership;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// if user.owns_game_pass(777)?.is_owned() {
    ///     println!("owned");
    /// }
    ///
    /// // What else is known.
    /// match user.owns_game_pass(777)? {
    ///     Ownership::Owned(item) => println!("owned since {:?}", item.added_at),
    ///     Ownership::NotOwned => println!("not owned"),
    ///     Ownership::Private => println!("the inventory is private"),
    ///     _ => {}
    /// }
    /// # assert!(user.owns_game_pass(777)?.is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, which may be the one.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    #[doc(alias = "has_game_pass")]
    #[doc(alias = "has_gamepass")]
    #[doc(alias = "owns_gamepass")]
    #[doc(alias = "user_has_pass")]
    pub fn owns_game_pass(&self, id: u64) -> Result<Ownership<InventoryGamePass>> {
        self.owns_game_passes([id]).map(|answers| only(answers, id))
    }

    /// Returns for each of these ids whether the user owns a game pass, in as few requests as fit.
    ///
    /// At most 10,000 ids are allowed. A request takes a few hundred of them.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read` for a private inventory, with a key or an authorization of the user.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let answers = user.owns_game_passes([777, 404])?;
    /// println!("{} of them are owned", answers.values().filter(|answer| answer.is_owned()).count());
    /// # assert!(answers[&777].is_owned() && !answers[&404].is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 10,000 ids,
    /// [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, unless the user owns all of them.
    pub fn owns_game_passes(
        &self,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<BTreeMap<u64, Ownership<InventoryGamePass>>> {
        let filter = |ids| Filter { game_passes: Some(ItemSelection::ids(ids)), ..Filter::default() };
        self.ownership(ids, filter, |item| match item {
            InventoryItem::GamePass(item) => Some((item.id, item)),
            _ => None,
        })
    }

    /// Returns whether the user owns a private server, in one request.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read`, also if the inventory is public: without it, the service can leave private servers
    /// out, and the answer is [`NotOwned`](Ownership::NotOwned).
    ///
    /// ```
    /// use rblxopencloud::inventory::Ownership;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// if user.owns_private_server(175_156)?.is_owned() {
    ///     println!("owned");
    /// }
    ///
    /// // What else is known.
    /// match user.owns_private_server(175_156)? {
    ///     Ownership::Owned(item) => println!("owned since {:?}", item.added_at),
    ///     Ownership::NotOwned => println!("not owned"),
    ///     Ownership::Private => println!("the inventory is private"),
    ///     _ => {}
    /// }
    /// # assert!(user.owns_private_server(175_156)?.is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, which may be the one.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    pub fn owns_private_server(&self, id: u64) -> Result<Ownership<InventoryPrivateServer>> {
        self.owns_private_servers([id]).map(|answers| only(answers, id))
    }

    /// Returns for each of these ids whether the user owns a private server, in as few requests as fit.
    ///
    /// At most 10,000 ids are allowed. A request takes a few hundred of them.
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`](crate::endpoints::LIST_INVENTORY_ITEMS), which needs the scope
    /// `user.inventory-item:read`: see [`owns_private_server`](Self::owns_private_server).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let answers = user.owns_private_servers([175_156, 404])?;
    /// println!("{} of them are owned", answers.values().filter(|answer| answer.is_owned()).count());
    /// # assert!(answers[&175_156].is_owned() && !answers[&404].is_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 10,000 ids,
    /// [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, unless the user owns all of them.
    pub fn owns_private_servers(
        &self,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<BTreeMap<u64, Ownership<InventoryPrivateServer>>> {
        let filter = |ids| Filter { private_servers: Some(ItemSelection::ids(ids)), ..Filter::default() };
        self.ownership(ids, filter, |item| match item {
            InventoryItem::PrivateServer(item) => Some((item.id, item)),
            _ => None,
        })
    }

    fn ownership<T: Clone>(
        &self,
        ids: impl IntoIterator<Item = u64>,
        filter: impl FnOnce(Vec<u64>) -> Filter,
        read: impl Fn(InventoryItem) -> Option<(u64, T)>,
    ) -> Result<BTreeMap<u64, Ownership<T>>> {
        // One more tells that there are too many, and an endless iterator ends.
        let ids: Vec<u64> = ids.into_iter().take(MAX_IDS + 1).collect();
        if ids.len() > MAX_IDS {
            let error = Error::invalid_input(format!("more than {MAX_IDS} ids in one call"));
            return Err(error.advise("split them into several calls"));
        }
        let mut answers: BTreeMap<u64, Ownership<T>> = ids.into_iter().map(|id| (id, Ownership::NotOwned)).collect();
        let filter = filter(answers.keys().copied().collect());
        let mut items = self.items_that_match(Some(&filter));
        let mut open = answers.len();
        let mut has_unknown = false;
        // Of what is known already, no further copy is needed.
        while open > 0 {
            match items.next() {
                Some(Ok(InventoryItem::Unknown(_))) => has_unknown = true,
                Some(Ok(item)) => {
                    let Some((id, item)) = read(item) else { continue };
                    if let Some(answer @ Ownership::NotOwned) = answers.get_mut(&id) {
                        *answer = Ownership::Owned(item);
                        open -= 1;
                    }
                }
                Some(Err(error)) if is_private(&error) => {
                    let unseen = answers.values_mut().filter(|answer| !answer.is_owned());
                    unseen.for_each(|answer| *answer = Ownership::Private);
                    return Ok(answers);
                }
                Some(Err(error)) => return Err(error),
                None => {
                    let unseen = answers.iter().find(|(_, answer)| !answer.is_owned());
                    let question = format!("whether the user owns {}", unseen.map_or(0, |(id, _)| *id));
                    if has_unknown {
                        return Err(items.unread(&question));
                    }
                    return items.check_all_read(&question).map(|()| answers);
                }
            }
        }
        Ok(answers)
    }
}

/// Returns the answer for the only id.
fn only<T>(mut answers: BTreeMap<u64, Ownership<T>>, id: u64) -> Ownership<T> {
    answers.remove(&id).unwrap_or(Ownership::NotOwned)
}

/// A missing scope reaches further than one user, and a proxy's refusal has another code.
fn is_private(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
        && error.code() == Some("PERMISSION_DENIED")
        && error.scope() != ErrorScope::Run
}
