//! Calls to endpoints that have no method of their own.

use std::fmt::{self, Display};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Endpoint, Method, SEGMENT, has_dot_segment, is_dots, is_segment, push_query};
use crate::call::{Bytes, Call, DecodeError, Download, DownloadProgress, OnProgress, Session, Target, shown_url};
use crate::client::Client;
use crate::disk::save;
use crate::error::{Error, Result};
use crate::json;
use crate::operation::{Operation, Work};
use crate::page::{Listing, Pager};

/// Redirects that a download follows.
const MAX_REDIRECTS: usize = 5;

/// A call to an endpoint that has no method of its own, from [`Client::request`].
///
/// It has the credentials, retries, timeouts, rate limits and errors of every other call. It ends in one of these ways:
///
/// - [`fetch`](Self::fetch) returns a model, read from the JSON of the response;
/// - [`send`](Self::send) returns nothing;
/// - [`pages`](Self::pages) returns a [`Pager`];
/// - [`operation`](Self::operation) returns an [`Operation`];
/// - [`download`](Self::download) copies the response to a writer.
///
/// What is wrong with the request itself is an error of that method, before anything is sent.
///
/// A body is JSON or a form: bytes and files, such as a place to publish, can't be sent. A request has no headers of the
/// caller's, and none of the response are returned. `DELETE` takes no body.
///
/// ```no_run
/// use rblxopencloud::{Client, Method};
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
/// # Ok(())
/// # }
/// ```
///
/// The reference lists all endpoints: <https://create.roblox.com/docs/cloud/reference>
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    session: Session,
    endpoint: Endpoint,
    path: String,
    params: Vec<(String, String)>,
    /// With its question mark; empty if there is none.
    query: String,
    body: Option<Bytes>,
    max_size: u64,
    on_progress: Option<OnProgress>,
    /// What is wrong with the body.
    problem: Option<String>,
}

/// Where a request goes.
struct Place {
    /// Another host than the service's.
    origin: Option<String>,
    path: String,
    query: String,
}

impl Client {
    /// Starts a request to an endpoint that has no method of its own.
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
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        Request {
            session: self.session().clone(),
            endpoint: Endpoint::unnamed(method),
            path: path.into(),
            params: Vec::new(),
            query: String::new(),
            body: None,
            max_size: u64::MAX,
            on_progress: None,
            problem: None,
        }
    }
}

impl Client {
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

impl Request {
    /// Sets the value of a parameter of the path. It is escaped.
    ///
    /// All requests with the same path and other parameters share one rate limit. In a path that is written without
    /// parameters, numbers are taken for ids.
    pub fn param(mut self, name: &str, value: impl Display) -> Self {
        self.params.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter to the query. Name and value are escaped.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        push_query(&mut self.query, name, &value.to_string());
        self
    }

    /// Sets the body: a value as JSON. Only `POST`, `PATCH` and `PUT` take one.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(content) => self.body = Some(Bytes::new("application/json", content)),
            Err(error) => self.problem = Some(format!("the body can't be written as JSON: {error}")),
        }
        self
    }

    /// Sets the body: names and values as an HTML form sends them (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(mut self, fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields: Vec<(N, V)> = fields.into_iter().collect();
        self.body = Some(Bytes::form(fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))));
        self
    }

    /// Sets the largest number of bytes that [`download`](Self::download) writes. Defaults to no limit.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Calls `f` each time that [`download`](Self::download) has written a piece, on the same thread.
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

    /// Declares that the field `field` of the response, such as `errors`, is data.
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

    /// Makes the call, and reads the JSON of the response.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the request can't be sent as it is, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response isn't a `T`, or holds
    /// [nothing but an error](Self::error_as_data).
    pub fn fetch<T: DeserializeOwned>(self) -> Result<T> {
        self.run(|body| json::from_slice(body).map_err(DecodeError::from))
    }

    /// Makes the call, and ignores the body of the response.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the request can't be sent as it is, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response holds [nothing but an
    /// error](Self::error_as_data).
    pub fn send(self) -> Result<()> {
        self.run(|_| Ok(()))
    }

    /// Lists the items in the list `field` of each page. Makes no request.
    ///
    /// Pages are followed by `nextPageToken` and `pageToken`. A page that continues by another field, such as
    /// `nextPageCursor`, is an error. The size of pages is the service's default unless the query has `maxPageSize`. An item
    /// that isn't a `T` is skipped and [counted](Pager::unreadable_count).
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let roles = client.request(Method::Get, "/cloud/v2/groups/{group}/roles").param("group", 7).query("maxPageSize", 20);
    /// for role in roles.pages::<serde_json::Value>("groupRoles") {
    ///     println!("{}", role?["displayName"]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<T: DeserializeOwned>(self, field: impl Into<String>) -> Pager<T> {
        let listing = self.place().and_then(|place| {
            if self.body.is_some() || place.origin.is_some() {
                return Err(Error::invalid_input("a listing takes no body, and no URL of another host"));
            }
            let template = Some(self.path.clone());
            Ok(Listing { endpoint: self.endpoint, template, path: place.path, query: place.query, filters: vec![None] })
        });
        Pager::plain(self.session, listing, field.into())
    }

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
    pub fn operation<T: DeserializeOwned + Clone>(mut self) -> Result<Operation<T>> {
        let place = self.place()?;
        if place.origin.is_some() {
            return Err(Error::invalid_input("an operation can't be polled on another host"));
        }
        let root: Vec<&str> = place.path.split('/').take(3).collect();
        let work = Work {
            poll: Endpoint::unnamed(Method::Get).polling(),
            root: root.join("/"),
            decode: Arc::new(|result| T::deserialize(result)),
            may_be_bare: false,
        };
        let mut body = self.body.take();
        Operation::start(&self.session, self.call(&place, &mut body), Vec::new(), work)
    }

    /// Makes the call, and copies the body of the response to `writer` as it arrives. Returns the number of bytes.
    ///
    /// Redirects of a `GET` are followed, over HTTPS only and not to an internationalized host name; another host never sees the
    /// credentials.
    ///
    /// After a break, the download is resumed with a `Range` request, if the server identifies the version of the content: by a
    /// strong `ETag`, or without one by a `Last-Modified` at least a minute before the response. It ends with an error if the
    /// content has changed in between, so that a complete download always is one version.
    ///
    /// A download has no time limit as long as it doesn't stall; see [`Timeouts`](crate::Timeouts).
    /// [`max_size`](Self::max_size) limits its size, and [`on_progress`](Self::on_progress) reports how far it has come.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method};
    /// # fn run(client: &Client, location: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = std::fs::File::create("model.rbxm")?;
    /// let size = client.request(Method::Get, location).max_size(50_000_000).download(&mut file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if `writer` fails, and [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if
    /// the content is too large or has changed. What was written by then stays written.
    pub fn download(mut self, writer: &mut dyn Write) -> Result<u64> {
        let mut place = self.place()?;
        let mut body = self.body.take();
        let mut download = Download::new(self.max_size, self.on_progress.take());
        let end = self.session.end();
        let deadline = end.map(|(end, _)| end);
        let mut redirects = 0;
        loop {
            let call = self.call(&place, &mut body).deadline(deadline).download(&mut download, writer);
            self.session.run(call, |_| Ok(())).map_err(|error| match end {
                Some((end, bound)) => bound.explain(error, end),
                None => error,
            })?;
            if let Some(location) = download.take_redirect() {
                redirects += 1;
                if redirects > MAX_REDIRECTS {
                    let problem = format!("more than {MAX_REDIRECTS} redirects");
                    return Err(Error::invalid_response(self.subject(&place), problem));
                }
                place = self.redirected(&place, &location)?;
            } else if download.is_complete() {
                writer.flush().map_err(|error| Error::io("the destination of the download", error))?;
                return Ok(download.written());
            }
            // A server may send less than was requested. The rest is requested next.
        }
    }

    /// Makes the call, and saves the body of the response as a file. Returns the number of bytes. See
    /// [`download`](Self::download).
    ///
    /// The file appears under its name only when it is complete, and replaces a file of that name then. Until then, and if
    /// the process is killed, it has another name in the same directory, which ends in `.part`. Nothing is sent if such a file
    /// can't be created.
    ///
    /// The new file has the mode of the one that it replaces and, where the user may set it, its owner; a file that is read-only
    /// is an error. If `path` is a link, the file that it leads to is replaced or created, and the link stays. A link of another
    /// user, in a directory that others can write to, isn't followed. A pipe or a device, such as `/dev/stdout`, is
    /// written as the content arrives; a pipe that nobody reads is an error.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client, location: &str) -> Result<()> {
    /// client.request(Method::Get, location).max_size(50_000_000).download_to("model.rbxm")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`download`](Self::download), and [`Io`](crate::ErrorKind::Io) if the file can't be created or replaced.
    pub fn download_to(self, path: impl AsRef<Path>) -> Result<u64> {
        save(path.as_ref(), |writer| self.download(writer))
    }

    fn run<T>(mut self, decode: impl Fn(&[u8]) -> Result<T, DecodeError>) -> Result<T> {
        let place = self.place()?;
        let mut body = self.body.take();
        self.session.run(self.call(&place, &mut body), decode)
    }

    fn call<'a>(&'a self, place: &'a Place, body: &'a mut Option<Bytes>) -> Call<'a> {
        let call = Call::new(&self.endpoint, &place.path)
            .template(Some(&self.path))
            .raw_query(&place.query)
            .origin(place.origin.as_deref());
        match body {
            Some(body) => call.payload(body),
            None => call,
        }
    }

    /// Checks the request, and fills in the path.
    fn place(&self) -> Result<Place> {
        let place = self.try_place().map_err(|problem| self.session.redact(Error::invalid_input(problem)))?;
        if let Some(problem) = &self.problem {
            return Err(Error::invalid_input(problem.clone()));
        }
        if self.body.is_some() && !self.endpoint.method().has_body() {
            return Err(Error::invalid_input(format!("a {} request takes no body", self.endpoint.method())));
        }
        Ok(place)
    }

    fn try_place(&self) -> Result<Place, String> {
        let filled = fill(&self.path, &self.params)?;
        let is_url = !filled.starts_with('/') && filled.contains("://");
        let problem = if is_url { None } else { problem_of_path(&filled) };
        if let Some(problem) = problem {
            return Err(format!("invalid path {:?}: {problem}", shown_path(&self.path)));
        }
        // Before its path is shown: a URL with a password in it is refused.
        let target = if is_url { Some(Target::parse(&filled, self.session.is_local())?) } else { None };
        check_path(&self.path, &filled)?;
        let Some(target) = target else {
            return Ok(Place { origin: None, path: filled, query: self.query.clone() });
        };
        let mut place = self.place_of(target);
        place.query = join_queries(&place.query, &self.query);
        Ok(place)
    }

    /// A URL under the base URL is the service's.
    fn place_of(&self, target: Target) -> Place {
        let base = Target::parse(self.session.base_url(), self.session.is_local()).ok();
        let base = base.filter(|base| base.origin == target.origin);
        let path = base.and_then(|base| target.path.strip_prefix(base.path.trim_end_matches('/')));
        match path.filter(|path| path.starts_with('/')) {
            Some(path) => Place { origin: None, path: path.to_owned(), query: target.query },
            None => Place { origin: Some(target.origin), path: target.path, query: target.query },
        }
    }

    /// Where a redirect leads. Once it has left the service, nothing leads back to the credentials.
    fn redirected(&self, from: &Place, location: &str) -> Result<Place> {
        let root = from.origin.as_deref().unwrap_or(self.session.base_url());
        let is_local = self.session.is_local();
        // The base URL can have a path, which is one of the whole URL.
        let target = Target::parse(&format!("{root}{}{}", from.path, from.query), is_local)
            .and_then(|from| Target::parse_location(&from.join(location), is_local))
            .and_then(|target| check_path(&target.path, &target.path).map(|()| target))
            .map_err(|problem| Error::invalid_response(self.subject(from), format!("refused a redirect: {problem}")))
            .map_err(|error| self.session.redact(error))?;
        let place = self.place_of(target.clone());
        Ok(match &from.origin {
            Some(_) => Place { origin: Some(target.origin), path: target.path, query: target.query },
            None => place,
        })
    }

    fn subject(&self, place: &Place) -> String {
        self.call(place, &mut None).subject()
    }
}

/// Returns why a text isn't a path, in the words of its caller.
fn problem_of_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some("a path begins with a slash, as in /cloud/v2/users/{user}".to_owned());
    }
    let escape = "set what has to be escaped with param and query";
    match path.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '\\'))? {
        '?' => Some("it has a query; set its parameters with query".to_owned()),
        '#' => Some(format!("it has a fragment; {escape}")),
        c => Some(format!("it has the character {c:?}; {escape}")),
    }
}

/// Refuses dot segments: those of the path as it was written, in any spelling, and those that a parameter completes.
fn check_path(written: &str, filled: &str) -> Result<(), String> {
    let [written, filled] = [written, filled].map(|text| text.split(['?', '#']).next().unwrap_or_default());
    if has_dot_segment(written) || filled.split('/').any(is_dots) {
        let problem = "it has a dot segment, which leads to another path; set what has to be escaped with param";
        return Err(format!("invalid path {written:?}: {problem}"));
    }
    Ok(())
}

/// Puts the values of the parameters into a path.
fn fill(template: &str, params: &[(String, String)]) -> Result<String, String> {
    let shown = shown_path(template);
    let mut filled = String::with_capacity(template.len() + 16);
    let mut used = vec![false; params.len()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("the path {shown:?} has no }} for its {{"))?;
        let at = params.iter().rposition(|(known, _)| known == name);
        let at = at.ok_or_else(|| format!("the path {shown:?} needs a value: call param({name:?}, …)"))?;
        let value = &params[at].1;
        if !is_segment(value) {
            return Err(format!("the parameter {name:?} can't be {value:?}"));
        }
        params.iter().zip(&mut used).filter(|((known, _), _)| known == name).for_each(|(_, used)| *used = true);
        filled.push_str(before);
        filled.extend(utf8_percent_encode(value, SEGMENT));
        rest = after;
    }
    filled.push_str(rest);
    match used.iter().position(|used| !used) {
        Some(unused) => Err(format!("the path {shown:?} has no parameter {:?}", params[unused].0)),
        None => Ok(filled),
    }
}

fn join_queries(first: &str, second: &str) -> String {
    match (first.is_empty(), second.strip_prefix('?')) {
        (false, Some(second)) => format!("{first}&{second}"),
        (true, _) => second.to_owned(),
        (false, None) => first.to_owned(),
    }
}

/// Returns a path or a URL without its possible secrets. A URL can be signed in its query, so only the name of its first parameter
/// remains.
fn shown_path(path: &str) -> String {
    let shown = shown_url(path);
    let shown = shown.split('?').next().unwrap_or_default();
    let query = path.split('#').next().and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
    match query.split_once('=') {
        Some((name, _)) => format!("{shown}?{name}=…"),
        None if query.is_empty() => shown.to_owned(),
        None => format!("{shown}?…"),
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL can be signed in its query, and a body can hold secrets.
        let shown = shown_url(&self.path);
        f.debug_struct("Request")
            .field("method", &self.endpoint.method())
            .field("path", &self.session.redacted(shown.split('?').next().unwrap_or_default()))
            .finish_non_exhaustive()
    }
}
