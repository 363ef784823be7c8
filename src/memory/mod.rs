//! Memory stores: data that the servers of an experience share for a time, such as sorted maps and queues.
//!
//! [`Experience::memory_store`](crate::Experience::memory_store) returns the handle, [`MemoryStore`].
//! [`Queue::process`] works through a queue, and loses no item.

// First, so that the page of `MemoryStore` begins with the handle itself.
pub(crate) mod handle;

pub(crate) mod flush;
pub(crate) mod queue;
pub(crate) mod sorted_map;

mod value;

pub use handle::MemoryStore;
pub use queue::handle::Queue;
pub use queue::item::{NewQueueItem, QueueItem, QueueRead};
pub use queue::process::{Processed, QueueRun};
pub use sorted_map::filter::SortedMapFilter;
pub use sorted_map::handle::SortedMap;
pub use sorted_map::item::{NewSortedMapItem, SortKey, SortedMapItem};
