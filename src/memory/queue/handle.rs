use std::time::Duration;

use serde_json::json;

use super::item::{NewQueueItem, QueueItem, QueueRead};
use crate::api::{Budget, Endpoint};
use crate::error::{Error, Result};
use crate::experience::duration::to_seconds;
use crate::experience::handle::Experience;
use crate::memory::value::check_name;
use crate::request::Request;

/// Adds an item to a queue.
pub const ADD_QUEUE_ITEM: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}/memory-store/queues/{queue}/items")
    .with_scopes(&["memory-store.queue:add"])
    .with_key_budget(Budget::per_minute(1_000_000))
    .for_keys_only();

/// Reads items of a queue, which hides them from other readers for a time.
pub const READ_QUEUE_ITEMS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/memory-store/queues/{queue}/items:read")
        .with_scopes(&["memory-store.queue:dequeue"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// Removes the items of a read from a queue.
pub const DISCARD_QUEUE_ITEMS: Endpoint =
    Endpoint::post("/cloud/v2/universes/{universe}/memory-store/queues/{queue}/items:discard")
        .with_scopes(&["memory-store.queue:discard"])
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only();

/// The most items of a read.
const MOST_ITEMS: u32 = 200;

/// A handle for a queue of a memory store.
///
/// A reader hides the items that it reads for a time, the invisibility window. What it doesn't [discard](Self::discard) by then
/// is given to the next reader. [`process`](Self::process) does both for each item.
///
/// ```
/// use rblxopencloud::memory::NewQueueItem;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let client = sandbox.client();
/// let jobs = client.experience(13058).memory_store().queue("jobs");
/// jobs.add(NewQueueItem::new(&"restart").priority(2.0))?;
/// let processed = jobs.process(|item| item.read::<String>().map(|job| println!("{job}")));
/// assert!(processed.is_complete());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "MemoryStoreQueue")]
pub struct Queue {
    pub(in crate::memory) experience: Experience,
    pub(in crate::memory) name: String,
}

impl Queue {
    /// Returns the name of the queue.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds an item. It isn't repeated if it may have been added: then [`outcome_unknown`](Error::outcome_unknown) is true.
    ///
    /// Calls [`ADD_QUEUE_ITEM`], which needs the scope `memory-store.queue:add`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the item is one that the service doesn't take. See
    /// [`NewQueueItem`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_CreateMemoryStoreQueueItem>
    #[doc(alias = "push")]
    pub fn add(&self, item: NewQueueItem) -> Result<QueueItem> {
        self.call(&ADD_QUEUE_ITEM)?.json(&item.json()?).fetch_model()
    }

    /// Reads up to `count` items from the front, which are hidden from other readers for the window. Returns fewer, or none, if
    /// there are no more.
    ///
    /// A read whose response is lost is repeated. Then the items of the first one are hidden too, and come back after its
    /// window.
    ///
    /// Calls [`READ_QUEUE_ITEMS`], which needs the scope `memory-store.queue:dequeue`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if `count` isn't 1 to 200, or the window is zero.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_ReadMemoryStoreQueueItems>
    #[doc(alias = "pop")]
    #[doc(alias = "dequeue")]
    pub fn read(&self, count: u32, window: Duration) -> Result<QueueRead> {
        self.read_request(count, window)?.fetch_model::<QueueRead>()?.check()
    }

    /// Reads exactly `count` items. Returns `None`, and hides none, if there aren't as many. See [`read`](Self::read).
    ///
    /// Calls [`READ_QUEUE_ITEMS`], which needs the scope `memory-store.queue:dequeue`.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub fn read_exactly(&self, count: u32, window: Duration) -> Result<Option<QueueRead>> {
        match self.read_request(count, window)?.query("allOrNothing", true).fetch_model::<QueueRead>() {
            // A queue that doesn't exist can be answered as one without items.
            Ok(read) if read.items.is_empty() => Ok(None),
            Ok(read) => read.check().map(Some),
            Err(error) if error.is_no_such_resource() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read_request(&self, count: u32, window: Duration) -> Result<Request> {
        if !(1..=MOST_ITEMS).contains(&count) {
            return Err(Error::invalid_input(format!("a read of {count} items; 1 to {MOST_ITEMS} are allowed")));
        }
        if window.is_zero() {
            return Err(Error::invalid_input(
                "the invisibility window is zero, so that each reader reads the same items",
            ));
        }
        let request = self.call(&READ_QUEUE_ITEMS)?.query("count", count);
        Ok(request.query("invisibilityWindow", to_seconds(window)))
    }

    /// Removes all items of a [read](QueueRead::read_id) from the queue.
    ///
    /// Calls [`DISCARD_QUEUE_ITEMS`], which needs the scope `memory-store.queue:discard`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the id is empty, which is that of a read without items.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_DiscardMemoryStoreQueueItems>
    pub fn discard(&self, read_id: &str) -> Result<()> {
        if read_id.is_empty() {
            return Err(Error::invalid_input("the id of the read is empty"));
        }
        self.call(&DISCARD_QUEUE_ITEMS)?.json(&json!({ "readId": read_id })).echo(read_id).send()
    }

    fn call(&self, endpoint: &Endpoint) -> Result<Request> {
        check_name("name of the queue", &self.name)?;
        let request = self.experience.client().call(endpoint).param("universe", self.experience.id());
        Ok(request.key_param("queue", &self.name).echo(&*self.name))
    }
}
