//! How a request begins.

use std::borrow::Cow;

use super::builder::Request;
use super::route::check_path;
use crate::api::{Endpoint, Method};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::transport::Target;

impl Client {
    /// Starts a request to an endpoint: one of [`endpoints`](crate::endpoints), or one that you declare. Makes no request.
    ///
    /// It has the scopes, budgets and advice of the endpoint. Each parameter of the path needs a value, by
    /// [`param`](Request::param).
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, GroupInfo, Result, endpoints};
    /// # fn run(client: &Client) -> Result<()> {
    /// let group: GroupInfo = client.call(&endpoints::GET_GROUP).param("group", 7).fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(&self, endpoint: &Endpoint) -> Request {
        Request::of(self.session(), endpoint)
    }

    /// Starts a request to any endpoint, by its method and path. Makes no request.
    ///
    /// `path` begins with a slash. A name in braces is a parameter, whose value [`param`](Request::param) sets and escapes.
    ///
    /// It can also be a whole HTTPS URL. Another host than that of the [base URL](Self::base_url) never sees the credentials.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// client
    ///     .request(Method::Post, "/cloud/v2/universes/{universe}:publishMessage")
    ///     .param("universe", 13058)
    ///     .json(&serde_json::json!({ "topic": "news", "message": "hello" }))
    ///     .send()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "raw")]
    #[doc(alias = "datastore")]
    #[doc(alias = "messaging")]
    #[doc(alias = "custom endpoint")]
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(self.session(), Endpoint::unnamed(method), Cow::Owned(path.into()))
    }

    /// Starts the download of what a response locates. `subject` is the call that was responded to.
    pub(crate) fn located(&self, subject: &str, location: &str) -> Result<Request> {
        let parsed = Target::parse_location(location, self.session().is_local());
        match parsed.and_then(|target| check_path(&target.path, &target.path)) {
            // It isn't a template.
            Ok(()) => Ok(self.request(Method::Get, location.replace('{', "%7B").replace('}', "%7D"))),
            Err(problem) => {
                let error = Error::invalid_response(subject, format!("unusable location: {problem}"));
                Err(self.session().redact(error))
            }
        }
    }
}
