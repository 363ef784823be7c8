//! Settings of a [`Sandbox`] for ordered data stores and memory stores.

use serde_json::Value;

use super::Sandbox;

/// # Ordered data stores and memory stores
impl Sandbox {
    /// Sets an entry of an ordered data store.
    ///
    /// ```
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::builder().demo().start()?;
    /// sandbox.set_ordered_entry(13058, "Coins", "global", "user_156", 700);
    ///
    /// let coins = sandbox.client().experience(13058).ordered_data_store("Coins");
    /// coins.increment("user_156", 50)?;
    /// assert!(sandbox.ordered_entries(13058, "Coins", "global").contains(&("user_156".to_owned(), 750)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_ordered_entry(&self, universe_id: u64, store: &str, scope: &str, id: &str, value: i64) {
        let scope = (universe_id, store.to_owned(), scope.to_owned());
        #[allow(clippy::cast_precision_loss, reason = "the service's numbers are doubles")]
        self.world().ordered.set(&scope, id, value as f64);
    }

    /// Returns the entries of an ordered data store, the lowest value first.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the service clamps them too")]
    pub fn ordered_entries(&self, universe_id: u64, store: &str, scope: &str) -> Vec<(String, i64)> {
        let world = self.world();
        let entries = world.ordered.sorted(&(universe_id, store.to_owned(), scope.to_owned()));
        entries.into_iter().map(|(id, value)| (id.to_owned(), value as i64)).collect()
    }

    /// Returns the values in a queue of a memory store, visible or not, the front first.
    #[must_use]
    pub fn queue(&self, universe_id: u64, queue: &str) -> Vec<Value> {
        let mut world = self.world();
        let now = world.clock().timestamp();
        world.memory.settle(now);
        world.memory.queue(&(universe_id, queue.to_owned()))
    }

    /// Sets whether reads of queues are answered with `readId` and `items`, as Roblox's document says, in place of `id` and
    /// `queueItems`, as the service does. Defaults to `false`.
    pub fn set_documented_queue_reads(&self, documented: bool) {
        self.world().memory.has_documented_reads = documented;
    }
}
