//! Long-running work: what its forms have in common, and how it is polled.

use std::borrow::Cow;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use serde_json::Value;

use crate::api::{Endpoint, Method, OperationName, segments};
use crate::call::{DecodeError, Session};
use crate::error::ServiceError;
use crate::request::Request;

/// A form of long-running work: how it is polled, and how a response tells how it stands.
pub(crate) trait LongRunning: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The endpoint of polls.
    fn endpoint(&self) -> &Endpoint;

    /// Returns the request of a poll. `None` if the name isn't one of this form.
    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request>;

    /// Whether it is a task, which the service queues until a server can run it.
    fn is_task(&self) -> bool {
        false
    }

    /// Reads a response about the work, and its result with `decode`.
    fn read(&self, body: &[u8], question: Question, decode: &mut ResultDecoder<'_>) -> Result<Answer, DecodeError>;
}

/// Decodes a result and keeps it: answers are read by code that is compiled once, and not for each kind of result.
pub(crate) type ResultDecoder<'d> = dyn FnMut(&Value) -> Result<(), serde_json::Error> + 'd;

/// The state of an operation.
#[derive(Clone, Debug, Default)]
pub(crate) enum State {
    #[default]
    Pending,
    /// The result was decoded.
    Done,
    Failed(ServiceError),
}

/// A response about an operation.
#[derive(Default)]
pub(crate) struct Answer {
    pub(super) name: Option<OperationName>,
    pub(super) state: State,
    /// The state of a pending task, in the service's word.
    pub(super) word: Option<String>,
    pub(super) partial_failures: Vec<String>,
}

/// Which request a response is to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Question {
    Start,
    Poll,
}

/// Decodes a result. It owns its context.
pub(crate) type Decode<T> =
    Arc<dyn Fn(&Value) -> Result<T, serde_json::Error> + Send + Sync + UnwindSafe + RefUnwindSafe>;

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
    pub(super) fn below(path: &str) -> Self {
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
            Self::Under(endpoint, root) => {
                let (template, ids) = template_under(root, name);
                let request = Request::new(session, *endpoint, Cow::Owned(template));
                Some(ids.iter().fold(request, |request, (name, id)| request.param(name, id)))
            }
        }
    }

    /// Returns the path of a poll, for the fuzzer.
    #[cfg(fuzzing)]
    pub(crate) fn path(&self, name: &OperationName) -> Option<String> {
        let request = self.request(crate::client::Client::new("key").session(), name)?;
        request.path_at_the_service().ok().flatten()
    }

    pub(crate) fn fits(&self, name: &OperationName) -> bool {
        matches!(self, Self::Under(..)) || self.parameters(name).is_some()
    }

    /// Returns the parameters of the endpoint that are in the name.
    pub(crate) fn parameters<'n>(&self, name: &'n OperationName) -> Option<Vec<(&'static str, &'n str)>> {
        match self {
            Self::At(endpoint) => parameters_in(endpoint, name),
            Self::Under(..) => None,
        }
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

/// Returns the template of the path of work under `root`, which some names repeat, and the ids in it: all work of a kind shares
/// its rate limit.
fn template_under<'n>(root: &str, name: &'n OperationName) -> (String, Vec<(String, &'n str)>) {
    let repeated = format!("{}/", root.trim_start_matches('/'));
    let own = name.as_str().strip_prefix(&*repeated).unwrap_or(name.as_str());
    let (mut template, mut ids) = (root.to_owned(), Vec::new());
    for (segment, is_id) in segments(own) {
        template.push('/');
        // A collection with a brace in it would be a parameter.
        if is_id || segment.contains(['{', '}']) {
            let name = format!("id{}", ids.len() + 1);
            template.push_str(&format!("{{{name}}}"));
            ids.push((name, segment));
        } else {
            template.push_str(segment);
        }
    }
    (template, ids)
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
    fn a_path_under_a_root_has_the_ids_as_parameters() {
        for (name, template, ids) in [
            ("users/7/operations/a==", "/cloud/v2/users/{id1}/operations/{id2}", &["7", "a=="][..]),
            (
                "cloud/v2/universes/1/memory-store/operations/a",
                "/cloud/v2/universes/{id1}/memory-store/operations/{id2}",
                &["1", "a"],
            ),
            ("cloud/v1/operations/a", "/cloud/v2/cloud/{id1}/operations/{id2}", &["v1", "a"]),
            ("a{id2}/1/operations/b", "/cloud/v2/{id1}/{id2}/operations/{id3}", &["a{id2}", "1", "b"]),
        ] {
            let name = name.parse().expect("a name");
            let (made, values) = template_under("/cloud/v2", &name);
            assert_eq!(made, template);
            assert!(values.iter().map(|(_, id)| id).eq(ids), "{values:?}");
        }
    }
}
