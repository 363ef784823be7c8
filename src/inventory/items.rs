//! The listing of an inventory, and what it is limited to.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;

use serde_json::Value;

use super::filter::{AssetSelection, Filter, ItemSelection};
use super::item::InventoryItem;
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::page::{Cursor, Pager, Pages};
use crate::request::Request;
use crate::user::User;

/// Lists a user's inventory. Public inventories need no scope.
pub const LIST_INVENTORY_ITEMS: Endpoint = Endpoint::get("/cloud/v2/users/{user}/inventory-items")
    .with_optional_scopes(&["user.inventory-item:read"])
    .with_denied_hint(
        "listing a private inventory needs its owner's key or authorization, with the scope user.inventory-item:read",
    )
    .with_budget(100, 20)
    .for_user_keys();

impl User {
    /// Lists what the user owns: everything, or what the setters of [`InventoryItems`] name.
    ///
    /// ```
    /// use rblxopencloud::InventoryAssetType;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// for item in user.list_inventory() {
    ///     println!("{}", item?);
    /// }
    ///
    /// let shirts = user.list_inventory().assets([InventoryAssetType::ClassicShirt]);
    /// for item in shirts.badges(true).game_passes([777]) {
    ///     println!("{}", item?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls [`LIST_INVENTORY_ITEMS`], which needs the scope `user.inventory-item:read` for a private inventory, for
    /// private servers and for purchased places, with a key or an authorization of the user.
    ///
    /// If the inventory is private, the first item is a [`PermissionDenied`](crate::ErrorKind::PermissionDenied) error with the
    /// service's message.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
    #[doc(alias = "items")]
    #[doc(alias = "collectibles")]
    pub fn list_inventory(&self) -> InventoryItems {
        InventoryItems { user: self.clone(), filter: None, cursor: None, problem: None, has_ended: false, pager: None }
    }

    fn inventory_request(&self) -> Request {
        self.client().call(&LIST_INVENTORY_ITEMS).param("user", self.id())
    }

    /// Lists what a filter matches.
    pub(super) fn items_that_match(&self, filter: Option<&Filter>) -> Pager<InventoryItem> {
        let request = self.inventory_request();
        match filter.map(Filter::expressions) {
            None => request.pages(),
            Some(Ok(filters)) => request.query_each("filter", filters).pages(),
            Some(Err(problem)) => request.failed(Error::invalid_input(problem)).pages(),
        }
    }
}

/// A listing of what a user owns, from [`User::list_inventory`]: an iterator with setters, which fetches pages as needed.
///
/// Without a setter, it lists everything. With setters, it lists what they name: kinds of items by `true`, asset types, or ids.
/// What they don't name is left out, and so is what they set to `false`. If nothing is left, the listing is empty and makes no
/// request; it never becomes "everything". Of each kind, the last call counts.
///
/// ```no_run
/// # use rblxopencloud::{Result, User};
/// # fn run(user: &User) -> Result<()> {
/// let has_badge = user.list_inventory().badges([111]).next().transpose()?.is_some();
/// let kinds_and_ids = user.list_inventory().assets(true).badges([1, 2, 3]);
/// # Ok(())
/// # }
/// ```
///
/// The service refuses a mix of kinds and ids, so a mix is listed in sequence: first the kinds, then the ids. More ids than fit
/// in a request are listed in several. The [`cursor`](Self::cursor) resumes exactly across all of them.
///
/// No request is made until the first [`next`](Iterator::next). A setter after that makes the next item an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) error, which ends the listing. Otherwise it behaves as a [`Pager`] does.
#[must_use = "a listing makes no request until it is iterated over"]
#[doc(alias = "filter")]
#[doc(alias = "InventoryFilter")]
pub struct InventoryItems {
    user: User,
    /// `None` lists everything.
    filter: Option<Filter>,
    /// Where to begin.
    cursor: Option<Cursor>,
    /// A setter came too late.
    problem: Option<Error>,
    /// The problem was yielded.
    has_ended: bool,
    /// Once the listing has begun.
    pager: Option<Pager<InventoryItem>>,
}

impl InventoryItems {
    /// Sets which assets are listed: `true` for all, some [types](crate::InventoryAssetType), or some ids.
    ///
    /// ```
    /// use rblxopencloud::InventoryAssetType;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// let clothes = [InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicPants];
    /// let count = user.list_inventory().assets(clothes).count();
    /// # assert!(count > 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn assets(self, assets: impl Into<AssetSelection>) -> Self {
        let assets = assets.into();
        self.set(|filter| filter.assets = Some(assets))
    }

    /// Sets which badges are listed: `true` for all, or some ids.
    pub fn badges(self, badges: impl Into<ItemSelection>) -> Self {
        let badges = badges.into();
        self.set(|filter| filter.badges = Some(badges))
    }

    /// Sets which game passes are listed: `true` for all, or some ids.
    #[doc(alias = "gamepass")]
    #[doc(alias = "gamepasses")]
    pub fn game_passes(self, game_passes: impl Into<ItemSelection>) -> Self {
        let game_passes = game_passes.into();
        self.set(|filter| filter.game_passes = Some(game_passes))
    }

    /// Sets which private servers are listed: `true` for all, or some ids. Needs the scope `user.inventory-item:read`.
    #[doc(alias = "vip servers")]
    pub fn private_servers(self, private_servers: impl Into<ItemSelection>) -> Self {
        let private_servers = private_servers.into();
        self.set(|filter| filter.private_servers = Some(private_servers))
    }

    /// Sets the ids of the assets that are listed. The same as [`assets`](Self::assets), for any iterator.
    ///
    /// ```no_run
    /// # use std::collections::BTreeSet;
    /// # use rblxopencloud::User;
    /// # fn run(user: &User, hats: &BTreeSet<u64>) {
    /// let owned = user.list_inventory().asset_ids(hats.iter().copied()).badge_ids(1_000..2_000);
    /// # }
    /// ```
    pub fn asset_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.assets(AssetSelection::ids(ids))
    }

    /// Sets the ids of the badges that are listed. The same as [`badges`](Self::badges), for any iterator.
    pub fn badge_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.badges(ItemSelection::ids(ids))
    }

    /// Sets the ids of the game passes that are listed. The same as [`game_passes`](Self::game_passes), for any iterator.
    pub fn game_pass_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.game_passes(ItemSelection::ids(ids))
    }

    /// Sets the ids of the private servers that are listed. The same as [`private_servers`](Self::private_servers), for any
    /// iterator.
    pub fn private_server_ids(self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.private_servers(ItemSelection::ids(ids))
    }

    /// Sets whether only collectible assets are listed, of every type unless [`assets`](Self::assets) names some. Ids of assets
    /// can't be limited so, which is an [`InvalidInput`](crate::ErrorKind::InvalidInput) error of the first `next`.
    #[doc(alias = "limiteds")]
    pub fn only_collectibles(self, only_collectibles: bool) -> Self {
        self.set(|filter| filter.only_collectibles = Some(only_collectibles))
    }

    fn set(mut self, set: impl FnOnce(&mut Filter)) -> Self {
        if self.pager.is_some() {
            let problem = Error::invalid_input("the listing has begun, so what it lists can't change");
            self.problem = Some(problem.advise("call the setters before the first `next`, or begin another listing"));
        }
        set(self.filter.get_or_insert_default());
        self
    }

    /// Resumes the listing at a cursor. See [`Pager::resume_from`]. The setters must name the same as those of the listing that
    /// returned the cursor.
    pub fn resume_from(mut self, cursor: impl Into<Cursor>) -> Self {
        let cursor = cursor.into();
        match self.pager.take() {
            None => self.cursor = Some(cursor),
            Some(pager) => self.pager = Some(pager.resume_from(cursor)),
        }
        self
    }

    /// Returns the position after the last item that was yielded. See [`Pager::cursor`].
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.pager.as_ref().map_or_else(|| self.to_pager().cursor(), Pager::cursor)
    }

    /// Returns whether the listing is complete. See [`Pager::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.problem.is_none() && self.pager.as_ref().is_some_and(Pager::is_finished)
    }

    /// Returns the unreadable items. See [`Pager::unreadable`].
    #[must_use]
    pub fn unreadable(&self) -> &[Value] {
        self.pager.as_ref().map_or(&[], Pager::unreadable)
    }

    /// Returns how many unreadable items were skipped. See [`Pager::unreadable_count`].
    #[must_use]
    pub fn unreadable_count(&self) -> u64 {
        self.pager.as_ref().map_or(0, Pager::unreadable_count)
    }

    /// Lists whole pages in place of items. The rest of the current page comes first. See [`Pager::pages`].
    pub fn pages(mut self) -> Pages<InventoryItem> {
        let pager = match (self.problem.take(), self.pager.take()) {
            (Some(problem), _) => self.user.inventory_request().failed(problem).pages(),
            (None, Some(pager)) => pager,
            (None, None) => self.to_pager(),
        };
        pager.pages()
    }

    /// Returns a listing from the beginning.
    fn to_pager(&self) -> Pager<InventoryItem> {
        let pager = self.user.items_that_match(self.filter.as_ref());
        match &self.cursor {
            Some(cursor) => pager.resume_from(cursor.clone()),
            None => pager,
        }
    }
}

impl InventoryItems {
    /// Returns the first item, or why there is none.
    #[cold]
    fn first(&mut self) -> Option<Result<InventoryItem>> {
        if let Some(problem) = &self.problem {
            return (!mem::replace(&mut self.has_ended, true)).then(|| Err(problem.clone()));
        }
        let pager = self.to_pager();
        self.pager.insert(pager).next()
    }
}

impl Iterator for InventoryItems {
    type Item = Result<InventoryItem>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.pager {
            Some(pager) if self.problem.is_none() => pager.next(),
            _ => self.first(),
        }
    }
}

impl FusedIterator for InventoryItems {}

impl fmt::Debug for InventoryItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InventoryItems");
        shown.field("user", &self.user.id()).field("filter", &self.filter);
        match &self.pager {
            Some(pager) => shown.field("pager", pager).finish(),
            None => shown.finish_non_exhaustive(),
        }
    }
}
