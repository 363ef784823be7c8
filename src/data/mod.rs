//! The data of an experience's players: data stores, and ordered data stores.
//!
//! [`Experience::data_store`](crate::Experience::data_store) returns the handle, [`DataStore`], which reads, creates, changes and
//! deletes entries. [`Experience::list_data_stores`](crate::Experience::list_data_stores) lists the stores.
//! [`Experience::ordered_data_store`](crate::Experience::ordered_data_store) returns the handle of an ordered data store, whose
//! entries are numbers, as for a leaderboard.
//!
//! With the feature `bulk`,
//! [`Experience::erase_user`](https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.Erasure.html) erases what all stores
//! have of a person, and reports it.
//!
//! An entry has a value, which is JSON, and beside it the ids of the users that it is about and a few attributes. Roblox uses
//! the users to find what it has to erase at a person's request, so a program that drops them breaks a law for the game. Every
//! write of this crate keeps users and attributes, unless the caller sets others with [`EntryMetadata`].
//!
//! ```
//! use rblxopencloud::data::Change;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Profile {
//!     coins: u64,
//! }
//!
//! # fn main() -> rblxopencloud::Result<()> {
//! # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
//! # let client = sandbox.client();
//! let store = client.experience(13058).data_store("Players");
//! # store.create("user_156", &Profile { coins: 7 })?;
//! if let Some(entry) = store.fetch::<Profile>("user_156")? {
//!     println!("{} coins, users {:?}, revision {:?}", entry.value.coins, entry.users, entry.revision);
//! }
//! store.update("user_156", |profile: Option<Profile>| {
//!     Ok(match profile {
//!         Some(mut profile) => {
//!             profile.coins += 100;
//!             Change::Set(profile)
//!         }
//!         None => Change::Keep,
//!     })
//! })?;
//! for entry in store.list_entries().prefix("user_") {
//!     println!("{}", entry?);
//! }
//! # assert_eq!(store.fetch::<Profile>("user_156")?.expect("it is there").value.coins, 107);
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `bulk`, all entries of a store are [backed up][back_up] to a file of JSON Lines, [restored][restore],
//! [copied][copy_to], and changed as by a [migration][for_each]. These jobs work on plain threads, within a
//! [share of the limits][share] that the servers of the game need too. One that was killed goes on where it was, and does nothing
//! twice.
//!
//! [back_up]: https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.DataStore.html#method.back_up
//! [restore]: https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.DataStore.html#method.restore
//! [copy_to]: https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.DataStore.html#method.copy_to
//! [for_each]: https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.DataStore.html#method.for_each
//! [share]: https://docs.rs/rblxopencloud/latest/rblxopencloud/data/struct.Bulk.html#method.requests_per_minute

// First, so that the page of `DataStore` begins with the handle itself.
pub(crate) mod handle;

#[cfg(feature = "bulk")]
mod bulk;
mod check;
pub(crate) mod delete;
mod edit;
mod entry;
#[cfg(feature = "bulk")]
mod erase;
pub(crate) mod increment;
pub(crate) mod list;
mod metadata;
pub(crate) mod ordered;
mod patch;
mod raw;
pub(crate) mod read;
pub(crate) mod revisions;
mod scan;
mod set;
mod share;
pub(crate) mod stores;
mod update;
pub(crate) mod write;

#[cfg(feature = "bulk")]
pub use bulk::options::{Bulk, Overwrite};
#[cfg(feature = "bulk")]
pub use bulk::report::{BulkProgress, BulkReport, SkipReason, SkippedEntry};
pub use edit::BeforeEdit;
pub use entry::{DataStoreEntry, EntryState, ListedEntry};
#[cfg(feature = "bulk")]
pub use erase::builder::Erasure;
#[cfg(feature = "bulk")]
pub use erase::report::{
    DeletedStore, ErasedEntry, ErasedExperience, ErasedKind, ErasureOutcome, ErasureProgress, ErasureReport,
    UnreachedExperience,
};
pub use handle::DataStore;
pub use list::DataStoreEntries;
pub use metadata::EntryMetadata;
pub use ordered::entry::OrderedEntry;
pub use ordered::filter::OrderedFilter;
pub use ordered::handle::OrderedDataStore;
pub use revisions::{EntryRevision, EntryRevisions};
pub use stores::{DataStoreInfo, DataStoreSnapshot, DataStoreState, DataStores};
pub use update::Change;
