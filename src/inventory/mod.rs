//! Inventories: the items that users own.
//!
//! [`User::list_inventory`](crate::User::list_inventory) lists them as [`InventoryItem`](crate::InventoryItem)s: everything, or
//! what the setters of [`InventoryItems`](crate::InventoryItems) name. [`User::owns_asset`](crate::User::owns_asset) and its
//! relatives answer whether a user owns something.

pub(crate) mod asset_type;
pub(crate) mod filter;
mod find_upload;
pub(crate) mod item;
pub(crate) mod items;
mod ownership;

pub use filter::{AssetSelection, ItemSelection};
pub use item::{
    CollectibleDetails, CollectibleInstanceState, InventoryAsset, InventoryBadge, InventoryGamePass, InventoryItemKind,
    InventoryPrivateServer,
};
pub use ownership::Ownership;
