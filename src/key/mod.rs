//! What API keys can do.
//!
//! [`Client::inspect_key`](crate::Client::inspect_key) returns it as [`KeyInfo`].

pub(crate) mod info;

pub use info::{KeyDataStore, KeyInfo, KeyScope, KeyTargets};
