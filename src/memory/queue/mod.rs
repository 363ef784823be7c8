//! Queues.

// First, so that the page of `Queue` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod item;
pub(crate) mod process;
