//! What a row of the table of calls says, and what follows from it.

use rblxopencloud::{Client, Endpoint, Error};
use serde_json::Value;

/// A call, with what tests need to know.
pub struct Call {
    /// The method's name in the documentation of `endpoints`.
    pub method: &'static str,
    pub endpoint: Endpoint,
    /// The parameters of the path, in order.
    pub parameters: &'static [&'static str],
    /// Makes one request.
    pub make: fn(&Client) -> Result<(), Error>,
    /// A successful response.
    pub answer: fn() -> Value,
    pub returns: Returns,
}

/// What a call returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Returns {
    Model,
    /// A page, or a bare list.
    List,
    Operation,
    Nothing,
}

/// A call that returns a model or a page.
pub fn call(
    method: &'static str,
    endpoint: Endpoint,
    parameters: &'static [&'static str],
    make: fn(&Client) -> Result<(), Error>,
    answer: fn() -> Value,
) -> Call {
    Call { method, endpoint, parameters, make, answer, returns: Returns::Model }
}

impl Call {
    /// Sets what it returns.
    pub fn returns(mut self, returns: Returns) -> Self {
        self.returns = returns;
        self
    }

    /// Whether it isn't sent again after a failure that leaves its outcome open.
    pub fn is_sent_once(&self) -> bool {
        self.is_change() && !self.endpoint.is_repeatable()
    }

    /// Whether it may do more when it is made twice.
    pub fn is_change(&self) -> bool {
        !self.endpoint.is_harmless()
    }

    /// Whether a failure after it was sent may leave something undecided: a change, or an accepted operation that it polls,
    /// which may succeed whatever becomes of the poll.
    pub fn may_have_acted(&self) -> bool {
        let polls = ["operations", "/tasks/{task}"].iter().any(|name| self.endpoint.path().contains(name));
        self.is_change() || (polls && !self.endpoint.path().ends_with("/logs"))
    }

    /// Whether its response is a page with a token for the next one.
    pub fn is_page(&self) -> bool {
        (self.answer)().get("nextPageToken").is_some()
    }

    /// The path of the request.
    pub fn path(&self) -> String {
        let mut parameters = self.parameters.iter();
        let segments = self.endpoint.path().split('/').map(|segment| match segment.split_once('}') {
            Some((_, verb)) => format!("{}{verb}", parameters.next().expect("a parameter for each name")),
            None => segment.to_owned(),
        });
        segments.collect::<Vec<_>>().join("/")
    }
}
