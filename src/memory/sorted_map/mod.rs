//! Sorted maps.

// First, so that the page of `SortedMap` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod change;
pub(crate) mod filter;
pub(crate) mod item;
