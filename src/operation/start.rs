//! Requests that start long-running work.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::handle::Operation;
use super::operations::Operations;
use super::task::Tasks;
use super::work::{Decode, LongRunning, Polls};
use crate::error::{Error, Result};
use crate::json;
use crate::request::Request;

impl Request {
    /// Makes the call, which the service answers with an operation.
    ///
    /// The operation is polled under the first two segments of the path, such as `/cloud/v2`. To resume waiting for an
    /// operation by its name, request its path.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let thumbnail = client
    ///     .request(Method::Get, "/cloud/v2/users/{user}:generateThumbnail")
    ///     .param("user", 156)
    ///     .operation::<serde_json::Value>()?
    ///     .wait()?;
    /// println!("{}", thumbnail["imageUri"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`OperationFailed`](crate::ErrorKind::OperationFailed), or a more specific kind, if the response holds nothing
    /// but an error, and [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if it isn't an operation. The error names the
    /// path of another resource, such as a Luau task. See also [`fetch`](Self::fetch).
    pub fn operation<T: DeserializeOwned + Clone + 'static>(self) -> Result<Operation<T>> {
        let poll = self.polls()?;
        let error_as_data = self.endpoint().error_as_data();
        self.start(
            Operations { poll, may_be_bare: false, may_have_no_result: false, error_as_data },
            Arc::new(json::from_value),
        )
    }

    /// Makes the call, which the service answers with a task: a resource with a `state`, such as a Luau execution.
    ///
    /// The task is polled at its path, under the first two segments of the path of the request, until its state is `COMPLETE`,
    /// `FAILED` or `CANCELLED`. The result is the whole task: its `error` is data, and a task that has failed isn't an error. To
    /// resume waiting for a task, request its path. The path ends in `tasks/{id}` or `operations/{id}`.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let task = client
    ///     .request(Method::Post, "/cloud/v2/universes/{universe}/places/{place}/luau-execution-session-tasks")
    ///     .param("universe", 13058)
    ///     .param("place", 1818)
    ///     .json(&serde_json::json!({ "script": "return 1 + 1" }))
    ///     .task::<serde_json::Value>()?
    ///     .wait()?;
    /// println!("{} {}", task["state"], task["output"]["results"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response isn't a task. See also
    /// [`fetch`](Self::fetch).
    pub fn task<T: DeserializeOwned + Clone + 'static>(self) -> Result<Operation<T>> {
        let poll = self.polls()?;
        self.start(Tasks { poll }, Arc::new(json::from_value))
    }

    fn polls(&self) -> Result<Polls> {
        match self.path_at_the_service()? {
            Some(path) => Ok(Polls::below(&path)),
            None => Err(Error::invalid_input("an operation can't be polled on another host")),
        }
    }

    /// Makes the call that starts the work.
    pub(crate) fn start<T: Clone>(self, work: impl LongRunning + 'static, decode: Decode<T>) -> Result<Operation<T>> {
        Operation::start(self, Arc::new(work), decode)
    }
}
