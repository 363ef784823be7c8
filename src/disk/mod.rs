//! Files that this crate writes: they appear under their name only when they are complete, can be private, and can be locked
//! between processes.
//!
//! A path of the caller may be a link. Every function follows it first, so that the target is replaced, the link stays, and what
//! lies beside the file lies beside the target. The files that this crate lays beside another one are never opened through a link.

#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
mod companion;
mod names;
mod open;
mod owner;
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
mod read;
mod save;
mod settle;
mod stream;
mod target;
mod unfinished;
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
mod version;

#[cfg(any(feature = "bulk", feature = "publish"))]
pub(crate) use companion::open_companion;
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
pub(crate) use companion::{beside, try_lock};
pub(crate) use open::open_regular;
pub(crate) use save::save;
#[cfg(feature = "bulk")]
pub(crate) use save::{check_replaceable, promote};
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
pub(crate) use unfinished::remove_unfinished;
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
pub(crate) use version::newer_version;
#[cfg(feature = "publish")]
pub(crate) use {
    companion::{create_companion, identity, read_companion},
    names::short_name,
    read::read,
    save::{save_bytes, save_companion},
    settle::sync_directory,
};
#[cfg(feature = "oauth2")]
pub(crate) use {
    read::read_private,
    save::{check_private, remove, save_private},
};
