//! Data stores: what an experience keeps of its players.
//!
//! [`Experience::ordered_data_store`](crate::Experience::ordered_data_store) returns the handle of an ordered data store, whose
//! entries are numbers, as for a leaderboard.

pub(crate) mod ordered;

pub use ordered::entry::OrderedEntry;
pub use ordered::filter::OrderedFilter;
pub use ordered::handle::OrderedDataStore;
