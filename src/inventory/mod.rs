//! Inventories: the items that users own.
//!
//! [`User::list_inventory`](crate::User::list_inventory) lists them as [`InventoryItem`](crate::InventoryItem)s, and
//! [`User::list_inventory_with`](crate::User::list_inventory_with) those that an
//! [`InventoryFilter`](crate::InventoryFilter) matches. [`User::owns_asset`](crate::User::owns_asset) and its relatives
//! answer whether a user owns something.

pub(crate) mod asset_type;
pub(crate) mod filter;
mod find_upload;
pub(crate) mod item;
mod ownership;

pub use filter::{InventoryIds, InventoryKinds};
pub use item::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItemKind,
    InventoryPrivateServer,
};
pub use ownership::Ownership;
