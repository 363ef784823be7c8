use std::sync::Arc;

use serde_json::Value;

use super::handle::MemoryStore;
use crate::api::{Budget, Endpoint, OperationName};
use crate::client::Client;
use crate::error::Result;
use crate::operation::{Operation, Operations, Polls};

/// Removes everything that the memory store of an experience holds.
pub const FLUSH_MEMORY_STORE: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}/memory-store:flush")
    .with_scopes(&["memory-store:flush"])
    .with_key_budget(Budget::per_minute(1_000_000))
    .for_keys_only();

/// Polls the operation that flushes a memory store.
pub const GET_MEMORY_STORE_OPERATION: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/memory-store/operations/{operation}")
        .with_key_budget(Budget::per_minute(1_000_000))
        .for_keys_only()
        .polling();

/// The names of these operations begin with `cloud/v2`, or with `universes`.
fn work() -> Operations {
    Operations {
        poll: Polls::At(GET_MEMORY_STORE_OPERATION),
        may_be_bare: false,
        may_have_no_result: true,
        error_as_data: None,
    }
}

impl Client {
    /// Resumes waiting for an operation that flushes a memory store. Makes no request.
    ///
    /// Polling it calls [`GET_MEMORY_STORE_OPERATION`], which needs no scope.
    ///
    /// ```
    /// # use rblxopencloud::{Client, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// client.memory_store_operation("cloud/v2/universes/13058/memory-store/operations/8f2c".parse()?).wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn memory_store_operation(&self, name: OperationName) -> Operation<()> {
        Operation::resume(self.session(), name, work(), Arc::new(|_: &Value| Ok(())))
    }
}

impl MemoryStore {
    /// Starts to remove everything that the memory store holds: all items of all sorted maps and queues.
    ///
    /// It can't be undone. It isn't repeated if it may have begun: what the servers have written since then would be lost too.
    ///
    /// Calls [`FLUSH_MEMORY_STORE`], which needs the scope `memory-store:flush`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.memory_store().flush()?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of the call. That of the operation is one of [`Operation::wait`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/storage#Cloud_FlushMemoryStore>
    #[doc(alias = "clear")]
    pub fn flush(&self) -> Result<Operation<()>> {
        let request = self.experience.client().call(&FLUSH_MEMORY_STORE).param("universe", self.experience.id());
        request.start(work(), Arc::new(|_: &Value| Ok(())))
    }
}
