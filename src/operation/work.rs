//! The forms of long-running work, and how each is started and polled.

use std::borrow::Cow;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use percent_encoding::utf8_percent_encode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, Question};
use super::{Operation, task};
use crate::api::{Endpoint, Method, OperationName, SEGMENT};
use crate::call::{DecodeError, Session};
use crate::error::{Error, Result};
use crate::request::Request;

/// A form of long-running work: how it is polled, and how a response tells how it stands.
pub(crate) trait LongRunning<T>: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The endpoint of polls.
    fn endpoint(&self) -> &Endpoint;

    /// Returns the request of a poll. `None` if the name isn't one of this form.
    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request>;

    /// Reads a response about the work.
    fn read(&self, body: &[u8], question: Question) -> Result<Answer<T>, DecodeError>;
}

/// Decodes a result. It owns its context.
pub(crate) type Decode<T> =
    Arc<dyn Fn(&Value) -> Result<T, serde_json::Error> + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// Operations, which have a field `done`.
pub(crate) struct Operations<T> {
    pub(crate) poll: Polls,
    pub(crate) decode: Decode<T>,
    /// Whether the first response may be the bare result.
    pub(crate) may_be_bare: bool,
}

/// Tasks, which have a field `state`. Their result is the task, also if it has failed.
pub(super) struct Tasks<T> {
    pub(super) poll: Polls,
    pub(super) decode: Decode<T>,
}

/// Where work is polled.
#[derive(Clone, Debug)]
pub(crate) enum Polls {
    /// At an endpoint whose path ends with the name of the work.
    At(Endpoint),
    /// Under a path such as `/cloud/v2`.
    Under(Endpoint, String),
}

impl Polls {
    /// At the service of a path: below its first two segments.
    fn below(path: &str) -> Self {
        let root: Vec<&str> = path.split('/').take(3).collect();
        Self::Under(Endpoint::unnamed(Method::Get).polling(), root.join("/"))
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        let (Self::At(endpoint) | Self::Under(endpoint, _)) = self;
        endpoint
    }

    /// Returns the request of a poll. `None` if the name doesn't fit.
    pub(super) fn request(&self, session: &Session, name: &OperationName) -> Option<Request> {
        match self {
            Self::At(endpoint) => {
                let request = Request::of(session, endpoint);
                let parameters = parameters_in(endpoint, name)?;
                Some(parameters.into_iter().fold(request, |request, (name, value)| request.param(name, value)))
            }
            Self::Under(endpoint, root) => Some(Request::new(session, *endpoint, Cow::Owned(path_under(root, name)))),
        }
    }

    /// Returns the path of a poll, for the fuzzer.
    #[cfg(fuzzing)]
    pub(crate) fn path(&self, name: &OperationName) -> Option<String> {
        let request = self.request(crate::client::Client::new("key").session(), name)?;
        request.path_at_the_service().ok().flatten()
    }

    pub(super) fn fits(&self, name: &OperationName) -> bool {
        match self {
            Self::At(endpoint) => parameters_in(endpoint, name).is_some(),
            Self::Under(..) => true,
        }
    }
}

impl<T> LongRunning<T> for Operations<T> {
    fn endpoint(&self) -> &Endpoint {
        self.poll.endpoint()
    }

    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request> {
        self.poll.request(session, name)
    }

    fn read(&self, body: &[u8], question: Question) -> Result<Answer<T>, DecodeError> {
        Answer::read(body, self, question)
    }
}

impl<T> LongRunning<T> for Tasks<T> {
    fn endpoint(&self) -> &Endpoint {
        self.poll.endpoint()
    }

    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request> {
        self.poll.request(session, name)
    }

    fn read(&self, body: &[u8], question: Question) -> Result<Answer<T>, DecodeError> {
        task::read(body, self, question)
    }
}

/// Returns the parameters of an endpoint whose path ends with this name.
fn parameters_in<'n>(endpoint: &Endpoint, name: &'n OperationName) -> Option<Vec<(&'static str, &'n str)>> {
    let template: Vec<&'static str> = endpoint.path().split('/').collect();
    let names: Vec<&str> = name.as_str().split('/').collect();
    let (root, own) = template.split_at(template.len().checked_sub(names.len())?);
    let parameter = |segment: &'static str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if root.iter().any(|segment| parameter(segment).is_some()) {
        return None;
    }
    let mut parameters = Vec::new();
    for (segment, value) in own.iter().zip(names) {
        match parameter(segment) {
            Some(name) => parameters.push((name, value)),
            None if *segment == value => {}
            None => return None,
        }
    }
    Some(parameters)
}

/// Returns the path of work under `root`, which some names repeat.
fn path_under(root: &str, name: &OperationName) -> String {
    let repeated = format!("{}/", root.trim_start_matches('/'));
    let own = name.as_str().strip_prefix(&*repeated).unwrap_or(name.as_str());
    let mut path = root.to_owned();
    for segment in own.split('/') {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    path
}

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
        self.start(Operations { poll, decode: Arc::new(|result| T::deserialize(result)), may_be_bare: false })
    }

    /// Makes the call, which the service answers with a task: a resource with a `state`, such as a Luau execution.
    ///
    /// The task is polled at its path, under the first two segments of the path of the request, until its state is `COMPLETE`,
    /// `FAILED` or `CANCELLED`. The result is the whole task: its `error` is data, and a task that has failed isn't an error. To
    /// resume waiting for a task, request its path.
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
        self.start(Tasks { poll, decode: Arc::new(|task| T::deserialize(task)) })
    }

    fn polls(&self) -> Result<Polls> {
        match self.path_at_the_service()? {
            Some(path) => Ok(Polls::below(&path)),
            None => Err(Error::invalid_input("an operation can't be polled on another host")),
        }
    }

    /// Makes the call that starts the work.
    pub(crate) fn start<T: Clone>(self, work: impl LongRunning<T> + 'static) -> Result<Operation<T>> {
        Operation::start(self, Arc::new(work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_names_must_match_the_endpoint() {
        const OF_ASSETS: Endpoint = Endpoint::get("/assets/v1/operations/{operation}").polling();
        const OF_USERS: Endpoint = Endpoint::get("/cloud/v2/users/{user}/operations/{operation}").polling();
        let parameters = |poll: &Endpoint, name: &str| -> Option<Vec<(String, String)>> {
            let name = name.parse().expect("a name");
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            Some(parameters_in(poll, &name)?.into_iter().map(owned).collect())
        };
        let pairs = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(parameters(&OF_ASSETS, "operations/a="), pairs(&[("operation", "a=")]));
        assert_eq!(parameters(&OF_ASSETS, "users/7/operations/a"), None);
        assert_eq!(parameters(&OF_USERS, "users/7/operations/a"), pairs(&[("user", "7"), ("operation", "a")]));
        assert_eq!(parameters(&OF_USERS, "groups/7/operations/a"), None);
        assert_eq!(parameters(&OF_USERS, "operations/a"), None);
    }

    #[test]
    fn the_root_is_not_repeated() {
        for (name, path) in [
            ("users/7/operations/a==", "/cloud/v2/users/7/operations/a%3D%3D"),
            ("cloud/v2/universes/1/memory-store/operations/a", "/cloud/v2/universes/1/memory-store/operations/a"),
            ("cloud/v1/operations/a", "/cloud/v2/cloud/v1/operations/a"),
        ] {
            assert_eq!(path_under("/cloud/v2", &name.parse().expect("a name")), path);
        }
    }
}
