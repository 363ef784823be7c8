use super::queue::handle::Queue;
use super::sorted_map::handle::SortedMap;
use crate::experience::handle::Experience;

/// A handle for the memory store of an experience: what its servers share for a time, at most 45 days.
///
/// All methods need an API key.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::memory::NewSortedMapItem;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// let memory = client.experience(13058).memory_store();
/// let servers = memory.sorted_map("servers");
/// servers.set("eu-1", NewSortedMapItem::new(&"open", Duration::from_secs(60)).sort_key(12))?;
/// # assert_eq!(servers.fetch("eu-1")?.map(|item| item.value), Some("open".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "MemoryStoreService")]
pub struct MemoryStore {
    pub(super) experience: Experience,
}

impl Experience {
    /// Returns a handle for the memory store of the experience. Makes no request.
    #[must_use]
    pub fn memory_store(&self) -> MemoryStore {
        MemoryStore { experience: self.clone() }
    }
}

impl MemoryStore {
    /// Returns a handle for the sorted map with this name. Makes no request. A map is there once it has an item.
    #[must_use]
    #[doc(alias = "MemoryStoreSortedMap")]
    pub fn sorted_map(&self, name: impl Into<String>) -> SortedMap {
        SortedMap { experience: self.experience.clone(), name: name.into() }
    }

    /// Returns a handle for the queue with this name. Makes no request. A queue is there once it has an item.
    #[must_use]
    #[doc(alias = "MemoryStoreQueue")]
    pub fn queue(&self, name: impl Into<String>) -> Queue {
        Queue { experience: self.experience.clone(), name: name.into() }
    }

    /// Returns the experience that has the store.
    #[must_use]
    pub fn experience(&self) -> &Experience {
        &self.experience
    }
}
