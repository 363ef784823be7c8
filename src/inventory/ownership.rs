use super::filter::{InventoryFilter, InventoryIds};
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

/// Adds the methods for one kind of item.
macro_rules! owns {
    ($one:ident, $many:ident, $filter:ident, $kind:ident, $model:ident, $what:literal, $note:literal, $example:literal) => {
        impl User {
            #[doc = concat!("Returns whether the user owns ", $what, ", in one request.")]
            ///
            #[doc = concat!($note, " The service accepts 100 requests a minute with keys of one owner, and 20 with one OAuth 2.0 authorization.")]
            ///
            /// ```
            /// use rblxopencloud::inventory::Ownership;
            ///
            /// # fn main() -> rblxopencloud::Result<()> {
            /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
            /// # let user = sandbox.client().user(156);
            #[doc = concat!("match user.", stringify!($one), "(", $example, ")? {")]
            ///     Ownership::Owned(item) => println!("owned since {:?}", item.added_at),
            ///     Ownership::NotOwned => println!("not owned"),
            ///     Ownership::Private => println!("the inventory is private"),
            ///     _ => {}
            /// }
            #[doc = concat!("# assert!(user.", stringify!($one), "(", $example, ")?.is_owned());")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
            /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, which may be the one.
            ///
            /// <https://create.roblox.com/docs/cloud/reference/features/inventories#Cloud_ListInventoryItems>
            pub fn $one(&self, id: u64) -> Result<Ownership<$model>> {
                Ok(self.$many([id])?.pop().map_or(Ownership::NotOwned, |(_, answer)| answer))
            }

            #[doc = concat!("Returns for each of these ids whether the user owns ", $what, ", in as few requests as fit.")]
            ///
            /// At most 10,000 ids are allowed. A request takes a few hundred of them. The answers are sorted by id, with each id
            /// once.
            ///
            #[doc = concat!("Scope and budget are those of [`", stringify!($one), "`](Self::", stringify!($one), ").")]
            ///
            /// ```
            /// # fn main() -> rblxopencloud::Result<()> {
            /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
            /// # let user = sandbox.client().user(156);
            #[doc = concat!("let answers = user.", stringify!($many), "([", $example, ", 404])?;")]
            /// for (id, answer) in &answers {
            ///     println!("{id}: {}", answer.is_owned());
            /// }
            /// # let owned: Vec<u64> = answers.iter().filter(|(_, answer)| answer.is_owned()).map(|(id, _)| *id).collect();
            #[doc = concat!("# assert!(answers.len() == 2 && owned == [", $example, "]);")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for more than 10,000 ids,
            /// [`NotFound`](crate::ErrorKind::NotFound) if the user doesn't exist, and
            /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if an item can't be read, unless the user owns all of them.
            pub fn $many(&self, ids: impl IntoIterator<Item = u64>) -> Result<Vec<(u64, Ownership<$model>)>> {
                // One more tells that there are too many, and an endless iterator ends.
                let ids = ids.into_iter().take(MAX_IDS + 1).collect();
                let filter = |ids| InventoryFilter::ids().$filter(ids);
                let answers = self.ownership(ids, filter, |item| match item {
                    InventoryItem::$kind(item) => Some(item.id),
                    _ => None,
                })?;
                let of_kind = |(id, answer)| match answer {
                    Ownership::Owned(InventoryItem::$kind(item)) => (id, Ownership::Owned(item)),
                    Ownership::Private => (id, Ownership::Private),
                    _ => (id, Ownership::NotOwned),
                };
                Ok(answers.into_iter().map(of_kind).collect())
            }
        }
    };
}

owns!(
    owns_asset,
    owns_assets,
    assets,
    Asset,
    InventoryAsset,
    "an asset",
    "Needs no scope if the inventory is public. A private one needs `user.inventory-item:read` with a key or an authorization of the user, and so do purchased places.",
    "1_365_001"
);
owns!(
    owns_badge,
    owns_badges,
    badges,
    Badge,
    InventoryBadge,
    "a badge",
    "Needs no scope if the inventory is public. A private one needs `user.inventory-item:read` with a key or an authorization of the user.",
    "111"
);
owns!(
    owns_game_pass,
    owns_game_passes,
    game_passes,
    GamePass,
    InventoryGamePass,
    "a game pass",
    "Needs no scope if the inventory is public. A private one needs `user.inventory-item:read` with a key or an authorization of the user.",
    "777"
);
owns!(
    owns_private_server,
    owns_private_servers,
    private_servers,
    PrivateServer,
    InventoryPrivateServer,
    "a private server",
    "Needs the scope `user.inventory-item:read`, also if the inventory is public: without it, the service can leave private servers out, and the answer is [`NotOwned`](Ownership::NotOwned).",
    "175_156"
);

impl User {
    /// `id_of` returns the id of an item of the kind that is looked for.
    fn ownership(
        &self,
        mut ids: Vec<u64>,
        filter: fn(Vec<u64>) -> InventoryIds,
        id_of: fn(&InventoryItem) -> Option<u64>,
    ) -> Result<Vec<(u64, Ownership<InventoryItem>)>> {
        if ids.len() > MAX_IDS {
            let error = Error::invalid_input(format!("more than {MAX_IDS} ids in one call"));
            return Err(error.advise("split them into several calls"));
        }
        ids.sort_unstable();
        ids.dedup();
        let mut answers: Vec<_> = ids.iter().map(|id| (*id, Ownership::NotOwned)).collect();
        let mut items = self.list_inventory_with(filter(ids));
        let mut open = answers.len();
        let mut has_unknown = false;
        // Of what is known already, no further copy is needed.
        while open > 0 {
            match items.next() {
                Some(Ok(InventoryItem::Unknown(_))) => has_unknown = true,
                Some(Ok(item)) => {
                    let Some(id) = id_of(&item) else { continue };
                    let Ok(at) = answers.binary_search_by_key(&id, |(id, _)| *id) else { continue };
                    if answers[at].1 == Ownership::NotOwned {
                        answers[at].1 = Ownership::Owned(item);
                        open -= 1;
                    }
                }
                Some(Err(error)) if is_private(&error) => {
                    let unseen = answers.iter_mut().filter(|(_, answer)| !answer.is_owned());
                    unseen.for_each(|(_, answer)| *answer = Ownership::Private);
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

/// A missing scope reaches further than one user, and a proxy's refusal has another code.
fn is_private(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
        && error.code() == Some("PERMISSION_DENIED")
        && error.scope() != ErrorScope::Run
}
