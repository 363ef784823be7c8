//! Ordered data stores: entries that are whole numbers, sorted by them.

// First, so that the page of `OrderedDataStore` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod change;
pub(crate) mod entry;
pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod list;
