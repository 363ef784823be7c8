use std::borrow::Cow;
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use super::body::{AttemptEvent, Body, OnAttempt};
use super::header;
use super::paging::Paging;
use crate::api::{Endpoint, Parameter, ParameterKind, ResourcePath, push_query};
use crate::call::Session;
use crate::cancel::CancelToken;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::gate::Pace;
use crate::transport::{DownloadProgress, OnProgress, shown_url};

/// A callback before a repeat.
pub(super) type OnRepeat = Box<dyn FnMut() -> Result<()> + Send>;

/// A request to the service, from [`Client::call`](crate::Client::call) or [`Client::request`](crate::Client::request).
///
/// Every method of this crate is made of one, so a request has the same credentials, retries, timeouts, rate limits and errors.
/// It ends in one of these ways:
///
/// - [`fetch`](Self::fetch) returns a model, read from the JSON of the response;
/// - [`send`](Self::send) returns nothing;
/// - [`pages`](Self::pages) and [`pages_of`](Self::pages_of) return a [`Pager`](crate::Pager);
/// - [`operation`](Self::operation) and [`task`](Self::task) return an [`Operation`](crate::Operation);
/// - [`download`](Self::download) copies the response to a writer;
/// - [`response`](Self::response) returns status, headers and body.
///
/// What is wrong with the request itself is an error of that method, before anything is sent.
///
/// ```no_run
/// use rblxopencloud::{Client, Endpoint, Method};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Universe {
///     display_name: String,
/// }
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::from_env()?;
/// let universe: Universe =
///     client.request(Method::Get, "/cloud/v2/universes/{universe}").param("universe", 13058).fetch()?;
/// println!("{}", universe.display_name);
///
/// // The same, with the scope and the budget of the endpoint.
/// const GET_UNIVERSE: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}").with_budget(100, 100);
/// let universe: Universe = client.call(&GET_UNIVERSE).param("universe", 13058).fetch()?;
/// # Ok(())
/// # }
/// ```
///
/// The reference lists all endpoints: <https://create.roblox.com/docs/cloud/reference>
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(super) session: Session,
    pub(super) endpoint: Endpoint,
    /// The path or the URL, if the endpoint has none.
    pub(super) path: Cow<'static, str>,
    pub(super) parameters: Vec<Parameter>,
    /// With its question mark; empty if there is none.
    pub(super) query: String,
    /// A parameter of the query with several values, each of which makes a listing of its own.
    pub(super) each: Option<(&'static str, Vec<String>)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
    pub(super) paging: Option<Paging>,
    /// Texts that the service may repeat in its message.
    pub(super) echoes: Vec<String>,
    /// Texts that are removed from errors.
    pub(super) secrets: Vec<Secret>,
    pub(super) cancel: Option<CancelToken>,
    pub(super) pace: Option<Arc<Pace>>,
    pub(super) on_attempt: OnAttempt,
    pub(super) on_repeat: Option<OnRepeat>,
    pub(super) max_size: u64,
    pub(super) on_progress: Option<OnProgress>,
    /// What is wrong with the request.
    pub(super) problem: Option<Error>,
    pub(super) work_limit: Option<Duration>,
}

impl Request {
    /// Starts a request to an endpoint.
    pub(crate) fn of(session: &Session, endpoint: &Endpoint) -> Self {
        Self::new(session, *endpoint, Cow::Borrowed(""))
    }

    pub(crate) fn new(session: &Session, endpoint: Endpoint, path: Cow<'static, str>) -> Self {
        Self {
            session: session.clone(),
            endpoint,
            path,
            parameters: Vec::new(),
            query: String::new(),
            each: None,
            headers: Vec::new(),
            body: None,
            paging: None,
            echoes: Vec::new(),
            secrets: Vec::new(),
            cancel: None,
            pace: None,
            on_attempt: OnAttempt::default(),
            on_repeat: None,
            max_size: u64::MAX,
            on_progress: None,
            problem: None,
            work_limit: None,
        }
    }

    /// Sets the value of a parameter of the path: a name in braces. The value is escaped. It can't be empty, `.` or `..`, or
    /// have a slash or a backslash in it.
    ///
    /// Each parameter needs a value. A parameter without one, and a value for a parameter that the path doesn't have, are an
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) of the method that makes the call. The last value of a parameter counts.
    ///
    /// All requests with the same path and other parameters share one rate limit. In a path that is written without
    /// parameters, numbers are taken for ids.
    pub fn param(self, name: &str, value: impl Display) -> Self {
        self.with_parameter(name, value.to_string(), ParameterKind::Segment)
    }

    /// Sets a parameter of the path whose value an experience chooses, such as the key of an entry in a data store. Unlike
    /// that of [`param`](Self::param), it can have slashes in it, which are escaped. It can't be empty, and none of the pieces
    /// between its slashes can be `.` or `..`.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let entry: serde_json::Value = client
    ///     .request(Method::Get, "/cloud/v2/universes/{universe}/data-stores/{store}/entries/{entry}")
    ///     .param("universe", 13058)
    ///     .param("store", "Inventory")
    ///     .key_param("entry", "players/156")
    ///     .fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn key_param(self, name: &str, key: impl Display) -> Self {
        self.with_parameter(name, key.to_string(), ParameterKind::Key)
    }

    /// Sets a parameter of the path to the path of a resource, whose slashes stay.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, ResourcePath, Result};
    /// # fn run(client: &Client, task: &ResourcePath) -> Result<()> {
    /// let task: serde_json::Value = client.request(Method::Get, "/cloud/v2/{task}").path_param("task", task).fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn path_param(self, name: &str, path: &ResourcePath) -> Self {
        self.with_parameter(name, path.to_string(), ParameterKind::Resource)
    }

    fn with_parameter(mut self, name: &str, value: String, kind: ParameterKind) -> Self {
        self.parameters.push(Parameter { name: name.to_owned(), value, kind });
        self
    }

    /// Adds a parameter to the query. Name and value are escaped. A name that is added twice is sent twice.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        push_query(&mut self.query, name, &value.to_string());
        self
    }

    /// Makes one listing for each value of a parameter of the query, in sequence. Without a value, the listing is empty, and
    /// makes no request.
    ///
    /// Only for [`pages`](Self::pages) and [`pages_of`](Self::pages_of). Elsewhere it is an
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput).
    pub fn query_each(mut self, name: &'static str, values: impl IntoIterator<Item = String>) -> Self {
        self.each = Some((name, values.into_iter().collect()));
        self
    }

    /// Sets a header, in place of one of the same name. The value is ASCII, without outer white space.
    ///
    /// Those that this crate sends itself can't be set: the credentials, `cookie`, `user-agent`, `range`, and those of the body
    /// and the connection. [`Body::content_type`] sets the content type. An invalid header is an
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) of the method that makes the call.
    ///
    /// A download that is redirected to another host doesn't send it there.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        match header::check(name, &value.to_string()) {
            Ok(header) => {
                self.headers.retain(|(known, _)| *known != header.0);
                self.headers.push(header);
            }
            Err(problem) => self.fail_with(problem),
        }
        self
    }

    /// Sets the body: a [`Body`] or a [`Multipart`](crate::Multipart). All methods but `GET` take one.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the body: a value as JSON. See [`Body::json`].
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match Body::json(value) {
            Ok(body) => self.body(body),
            Err(problem) => self.failed(problem),
        }
    }

    /// Sets the body: names and values as an HTML form sends them (`application/x-www-form-urlencoded`).
    /// For a form with files, see [`Multipart`](crate::Multipart).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        self.body(Body::form(fields))
    }

    /// Sets how [`pages`](Self::pages) and [`pages_of`](Self::pages_of) request pages and follow them. Defaults to the
    /// [`PAGING`](crate::PageItem::PAGING) of the model, or to [`Paging::page_tokens`].
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = Some(paging);
        self
    }

    /// Declares a text of the request, such as a name, that the service may repeat in its messages. It isn't taken for the
    /// service's own words when an error is classified: without it, an asset named "quota exceeded" could look like one.
    pub fn echo(mut self, text: impl Into<String>) -> Self {
        self.echoes.push(text.into());
        self
    }

    /// Removes a text of any length, such as a password in the body, from errors. The credentials of the client always are.
    pub fn secret(mut self, text: impl Into<String>) -> Self {
        self.secrets.push(Secret::new(text.into()));
        self
    }

    pub(crate) fn secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// Sets the time limit of the whole call, or of each page of a listing. Defaults to that of the client, which it replaces.
    /// See [`Client::with_timeout`](crate::Client::with_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.session = self.session.with_timeout(timeout);
        self
    }

    /// Sets when the call, or the whole listing, must have ended. Defaults to that of the client, which it replaces. See
    /// [`Client::with_deadline`](crate::Client::with_deadline).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.session = self.session.with_deadline(deadline);
        self
    }

    /// Sets a token that cancels the call while it waits: for the rate limit, or between attempts. Each page of a listing is
    /// such a call, and so is each poll of an operation, whose wait ends then.
    ///
    /// ```
    /// use rblxopencloud::{CancelToken, Client, ErrorKind, endpoints};
    ///
    /// let cancel = CancelToken::new();
    /// cancel.cancel();
    /// let client = Client::new("api-key");
    /// let error = client.call(&endpoints::GET_GROUP).param("group", 7).cancel_by(&cancel).send().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Cancelled);
    /// ```
    pub fn cancel_by(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    /// Sends this and others at this pace.
    pub(crate) fn paced_by(mut self, pace: &Arc<Pace>) -> Self {
        self.pace = Some(Arc::clone(pace));
        self
    }

    /// Declares how long the service lets the work run that the call starts, such as the `timeout` of a Luau task.
    /// [`Operation::wait`](crate::Operation::wait) then waits 45 seconds longer than that, and at least 60 seconds in all.
    ///
    /// Only for [`operation`](Self::operation) and [`task`](Self::task). It isn't sent to the service.
    pub fn work_limit(mut self, limit: Duration) -> Self {
        self.work_limit = Some(limit);
        self
    }

    /// Calls `f` before the first byte of the body of each attempt is sent, and once an attempt certainly had no effect. With it,
    /// a journal knows what may exist after a crash. A request without a body makes no such calls.
    ///
    /// If `f` fails at [`Begins`](AttemptEvent::Begins), nothing of the body is sent, and its error is returned.
    ///
    /// ```no_run
    /// use rblxopencloud::{AttemptEvent, Client, Error, Method};
    ///
    /// # fn run(client: &Client) -> rblxopencloud::Result<()> {
    /// client
    ///     .request(Method::Post, "/cloud/v2/universes/{universe}:publishMessage")
    ///     .param("universe", 13058)
    ///     .json(&serde_json::json!({ "topic": "news", "message": "hello" }))
    ///     .on_attempt(|event| match event {
    ///         AttemptEvent::Begins => std::fs::write("pending", "news").map_err(Error::other),
    ///         _ => std::fs::remove_file("pending").map_err(Error::other),
    ///     })
    ///     .send()?;
    /// // After an error, the file stays if the message may have been published.
    /// std::fs::remove_file("pending").map_err(Error::other)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_attempt(self, f: impl FnMut(AttemptEvent) -> Result<()> + Send + 'static) -> Self {
        self.with_on_attempt(OnAttempt::new(f))
    }

    pub(crate) fn with_on_attempt(mut self, on_attempt: OnAttempt) -> Self {
        self.on_attempt = on_attempt;
        self
    }

    /// Calls `f` before the call is repeated although an attempt may have taken effect. If `f` fails, the call isn't
    /// repeated: the error of the last attempt is returned, with the words of `f` as its advice.
    ///
    /// Such calls are those marked as [`idempotent`](Self::idempotent) and to [repeatable](crate::Endpoint::repeatable)
    /// endpoints.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Body, Client, Endpoint, Error, Result};
    /// # const PUBLISH: Endpoint = Endpoint::post("/universes/v1/{universe}/places/{place}/versions").repeatable();
    /// # fn run(client: &Client, somebody_else_has_published: fn() -> bool) -> Result<()> {
    /// let request = client.call(&PUBLISH).param("universe", 13058).param("place", 1818).body(Body::file("game.rbxl")?);
    /// let version: serde_json::Value = request
    ///     .on_repeat(move || match somebody_else_has_published() {
    ///         true => Err(Error::other("somebody else has published since")),
    ///         false => Ok(()),
    ///     })
    ///     .fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_repeat(mut self, f: impl FnMut() -> Result<()> + Send + 'static) -> Self {
        self.on_repeat = Some(Box::new(f));
        self
    }

    /// Sets the largest number of bytes that [`download`](Self::download) writes. Defaults to no limit. Elsewhere, a response has
    /// at most 8 MiB.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Calls `f` each time that [`download`](Self::download) has written a piece, on the same thread. For uploads, see
    /// [`Body::on_progress`].
    pub fn on_progress(mut self, f: impl FnMut(DownloadProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(f));
        self
    }

    /// Marks the call as idempotent: a second one has no further effect. A `GET` always is.
    ///
    /// Such a call is retried after every transient failure. Other calls are retried only if they were certainly not
    /// carried out; see [`RetryPolicy`](crate::RetryPolicy).
    pub fn idempotent(mut self) -> Self {
        self.endpoint = self.endpoint.harmless();
        self
    }

    /// Declares that the field `field` of the response, such as `errors`, is data. Of an
    /// [`operation`](Self::operation), it is a field of the result.
    ///
    /// Without it, a response with a success status is an error if it holds nothing but one: `errors`, `error`, or `code` with
    /// `message`, and nothing else except for details. A response with other fields beside them isn't.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// // Of several assets, those that failed are in `errors`, which may be the only field.
    /// let granted: serde_json::Value = client
    ///     .request(Method::Patch, "/asset-permissions-api/v1/assets/permissions")
    ///     .json(&serde_json::json!({ "subjectType": "All", "action": "Use", "requests": [{ "assetId": 42 }] }))
    ///     .error_as_data("errors")
    ///     .fetch()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn error_as_data(mut self, field: &'static str) -> Self {
        self.endpoint = self.endpoint.with_error_as_data(field);
        self
    }

    /// Fails with this error when it is sent. The first one counts.
    pub(crate) fn failed(mut self, problem: Error) -> Self {
        self.fail_with(problem);
        self
    }

    fn fail_with(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// Takes the parameter whose values make listings of their own.
    pub(crate) fn take_each(&mut self) -> Option<(&'static str, Vec<String>)> {
        self.each.take()
    }

    /// Returns the JSON body of a listing that has the parameters of its pages in it. Without a body, it is an empty object.
    pub(crate) fn json_object(&mut self) -> Result<Option<Map<String, Value>>> {
        let body = match self.body.take() {
            Some(body) => body,
            None => Body::json(&Map::new())?,
        };
        let object = body.to_json_object();
        self.body = Some(body);
        let problem =
            || Error::invalid_input("the parameters of the pages are fields of the body, which isn't a JSON object");
        object.map(Some).ok_or_else(problem)
    }

    pub(crate) fn paging_or(&self, default: Paging) -> Paging {
        self.paging.unwrap_or(default)
    }

    /// Returns the path of a request that goes to the service, filled in.
    pub(crate) fn path_at_the_service(&self) -> Result<Option<String>> {
        let route = self.route()?;
        Ok(if route.origin.is_none() { Some(route.path) } else { None })
    }

    /// Returns the method and path, for errors.
    pub(crate) fn subject(&self) -> String {
        let route = self.route().map(|route| route.subject(self.endpoint.method()));
        route.unwrap_or_else(|_| format!("{} {}", self.endpoint.method(), self.template()))
    }

    pub(crate) fn work_time_limit(&self) -> Option<Duration> {
        self.work_limit
    }

    pub(crate) fn echoes(&self) -> &[String] {
        &self.echoes
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn cancel_token(&self) -> Option<&CancelToken> {
        self.cancel.as_ref()
    }

    /// Removes the credentials and the declared secrets from an error.
    pub(crate) fn redact(&self, error: Error) -> Error {
        error.redact(&|text| self.session.redacted_with(&self.secrets, text))
    }

    pub(crate) fn declared_secrets(&self) -> &[Secret] {
        &self.secrets
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the path with its parameters in braces.
    pub(super) fn template(&self) -> &str {
        if self.endpoint.is_unnamed() { &self.path } else { self.endpoint.path() }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL can be signed in its query, and a body can hold secrets.
        let shown = shown_url(self.template());
        f.debug_struct("Request")
            .field("method", &self.endpoint.method())
            .field("path", &self.session.redacted(shown.split('?').next().unwrap_or_default()))
            .finish_non_exhaustive()
    }
}
