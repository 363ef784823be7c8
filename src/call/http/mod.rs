//! HTTP. No other module uses `ureq`, except where a caller passes a custom agent.

mod agent;
mod body;
mod failure;
mod host;
pub(crate) mod net;
mod receive;
mod target;

use std::fmt;
use std::time::{Duration, Instant};

use ureq::http::{self, HeaderValue, Uri};
use ureq::{Agent, AsSendBody, Proxy, SendBody};
use zeroize::Zeroizing;

pub(crate) use host::{check_base_url, shown_url};
pub(crate) use target::Target;

use self::agent::{adopted_agent, check_agent, default_agent, proxy_to};
pub(crate) use self::body::Buffer;
use self::body::{ReadProblem, Watched, unpacked};
use self::host::Host;
use self::net::{EarlyAnswer, Failure};
use self::receive::{location, response_head, values};
use super::gate::Limits;
use super::retry::LONGEST;
use super::{Call, Head, Timeouts, left_until, verdict};
use crate::api::{Endpoint, Method, Scheme};
use crate::credentials::Authorization;
use crate::error::{Error, Result, ServiceError, one_line};

const SERVICE: &str = "https://apis.roblox.com";

/// The largest response that is read. A page of 100 items is a hundredth of it.
const LARGEST_BODY: u64 = 8 * 1024 * 1024;
/// How much of an error response is kept, and how much more is read so that the connection can be reused.
const LARGEST_ERROR: u64 = 64 * 1024;
const LARGEST_DRAIN: u64 = 256 * 1024;
/// Headers are parsed as a whole, so they must fit in the buffer.
const LARGEST_HEADERS: usize = 24 * 1024;

/// Bodies of this size and more are sent with `Expect: 100-continue`, as curl does.
const ASKS_FIRST: u64 = 1024 * 1024;
const WAIT_FOR_CONTINUE: Duration = Duration::from_secs(1);

const BUFFER: usize = 32 * 1024;
const UPLOAD_BUFFER: usize = 128 * 1024;

/// The HTTP settings of a client.
pub(crate) struct HttpSettings {
    pub(crate) base_url: String,
    pub(crate) user_agent: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) agent: Option<Agent>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            base_url: SERVICE.to_owned(),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            agent: None,
        }
    }
}

/// Connections to the service, and how they are used.
pub(crate) struct Http {
    agent: Agent,
    base_url: String,
    /// The proxy to the base URL.
    proxy: Option<Proxy>,
    /// The custom agent, whose proxy is used for other hosts too.
    own_agent: Option<Agent>,
    /// Why no call can be made.
    problem: Option<String>,
    user_agent: String,
    timeouts: Timeouts,
}

/// The outcome of one request.
pub(super) struct Exchange {
    /// `None` if there was no response.
    pub(super) status: Option<u16>,
    pub(super) limits: Limits,
    pub(super) outcome: Result<()>,
}

impl Http {
    pub(super) fn new(settings: HttpSettings) -> Self {
        let base_url = settings.base_url.trim().trim_end_matches('/');
        // Other code tells them apart by their beginning.
        let base_url = match base_url.split_once("://") {
            Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
            None => base_url.to_owned(),
        };
        let own = settings.agent.as_ref();
        let proxy = check_base_url(&base_url)
            .and_then(|host| {
                own.map_or(Ok(()), |agent| check_agent(agent, base_url.starts_with("https:")))?;
                proxy_to(&host, own, &base_url.parse().unwrap_or_default())
            })
            .and_then(|proxy| match HeaderValue::from_str(&settings.user_agent) {
                Ok(_) => Ok(proxy),
                Err(_) => Err(format!("{:?} is not a valid user agent", settings.user_agent)),
            });
        let agent = own.map_or_else(default_agent, adopted_agent);
        let (proxy, problem) = match proxy {
            Ok(proxy) => (proxy, None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            agent,
            base_url,
            proxy,
            own_agent: settings.agent,
            problem,
            user_agent: settings.user_agent,
            timeouts: settings.timeouts,
        }
    }

    /// Returns the origin of an endpoint on another host, unless a custom base URL replaces it.
    pub(super) fn other_host(&self, endpoint: &Endpoint) -> Option<&'static str> {
        endpoint.host().filter(|_| self.base_url == SERVICE)
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns an error that every call would have.
    pub(super) fn check(&self) -> Result<()> {
        match &self.problem {
            None => Ok(()),
            Some(problem) => Err(Error::invalid_input(problem.clone()).concerning_run()),
        }
    }

    /// Makes one request and reads the response. The body of a successful response is left in `body`.
    pub(super) fn attempt(
        &self,
        call: &mut Call<'_>,
        authorization: Option<&Authorization>,
        body: &mut Buffer,
    ) -> Exchange {
        body.clear();
        let began = Instant::now();
        let limit = self.limit(call);
        let end = began + limit;
        let response = match self.exchange(call, authorization, limit) {
            Ok(response) => response,
            Err(error) => return Exchange { status: None, limits: Limits::default(), outcome: Err(error) },
        };
        let status = response.status();
        let headers = response.headers();
        let limits = Limits::read(|name| headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok()));
        let answered = |outcome| Exchange { status: Some(status.as_u16()), limits, outcome };
        let invalid = |call: &Call<'_>, problem: String| {
            let error = Error::invalid_response(call.subject(), problem).with_status(status.as_u16());
            error.with_unknown_outcome(!call.only_reads())
        };
        if status.is_informational() {
            return answered(Err(invalid(call, "the response is informational, not final".to_owned())));
        }
        let (head, packed) = response.into_parts();
        if let Some(kept) = &mut call.head {
            **kept = kept_head(status, &head.headers);
        }
        let location = location(&head.headers);
        if let (Some((download, _)), Some(location), true, true) =
            (&mut call.download, &location, leads_elsewhere(status), call.endpoint.method() == Method::Get)
        {
            let followed = download.redirect_to(location.clone());
            return answered(followed.map_err(|problem| invalid(call, problem)));
        }
        let length = packed.content_length();
        let mut reader = match unpacked(&head.headers, packed.into_reader()) {
            Ok(reader) => Watched::new(reader, self.timeouts.read_with(call.upload_size()), end),
            Err(packing) if status.is_success() => {
                let error = failure::packed(call, &packing).with_status(status.as_u16());
                return answered(Err(error));
            }
            Err(_) => Watched::new(std::io::empty(), Duration::ZERO, end),
        };
        if status.is_success() && call.is_cut_short {
            // The part that was received tells what the service has accepted.
            let _ = body.read_from(&mut reader, length, LARGEST_BODY);
            return answered(Err(verdict::accepted_early(call, status.as_u16(), body.as_slice())));
        }
        if let Some((download, _)) = &call.download {
            if status.is_success() {
                let mut head = response_head(status.as_u16(), &head.headers, length);
                // Only responses to GET are of one resource, whose versions a validator identifies.
                head.validator = head.validator.filter(|_| call.endpoint.method() == Method::Get);
                return answered(self.receive(call, head, &mut reader));
            }
            if status == http::StatusCode::RANGE_NOT_SATISFIABLE && download.range().is_some() {
                let range = values(&head.headers, "content-range");
                return answered(Err(invalid(call, download.unsatisfied(range.as_deref()))));
            }
        }
        if status.is_success() {
            let read = body.read_from(&mut reader, length, LARGEST_BODY);
            let outcome =
                read.map_err(|problem| failure::broken_answer(&self.timeouts, call, status.as_u16(), problem, limit));
            return answered(outcome);
        }
        // The status tells enough, so failures of the body don't matter.
        if let Err(ReadProblem::TooLarge(_)) = body.read_from(&mut reader, length, LARGEST_ERROR) {
            let _ = Buffer::default().read_from(&mut reader, None, LARGEST_DRAIN);
        }
        let scheme = authorization.map(|authorization| authorization.scheme);
        let mut said = ServiceError::from_body(body.as_slice());
        said.message = said.message.or_else(|| reason(&head.headers));
        let error = verdict::refusal(scheme, call, status.as_u16(), limits, said);
        answered(Err(match leads_elsewhere(status) {
            true => error.explain(verdict::not_followed(call, location.is_some())),
            false => error,
        }))
    }

    fn exchange(
        &self,
        call: &mut Call<'_>,
        authorization: Option<&Authorization>,
        limit: Duration,
    ) -> Result<http::Response<ureq::Body>> {
        let end = Instant::now() + limit;
        let upload = call.upload_size();
        let asks_first = upload.is_some_and(|size| size >= ASKS_FIRST);
        let mut sent = self.exchange_once(call, authorization, asks_first, end);
        // The server refused `Expect`, not the request: it is sent again without.
        if asks_first && is_against_asking(&sent) && call.payload.as_mut().is_some_and(|payload| payload.rewind()) {
            drop(sent);
            sent = self.exchange_once(call, authorization, false, end);
        }
        sent.map_err(|error| {
            call.is_unsent = failure::is_before_sending(&error);
            if let Some(problem) = call.payload.as_mut().and_then(|payload| payload.take_problem()) {
                return problem;
            }
            let unknown = call.may_have_arrived();
            failure::broken_exchange(&self.timeouts, call.subject(), error, upload, limit).with_unknown_outcome(unknown)
        })
    }

    fn exchange_once(
        &self,
        call: &mut Call<'_>,
        authorization: Option<&Authorization>,
        asks_first: bool,
        end: Instant,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        call.is_cut_short = false;
        call.is_unsent = false;
        let upload = call.upload_size();
        let uri: Uri = format!("{}{}{}", call.origin.unwrap_or(&self.base_url), call.path, call.query)
            .parse()
            .map_err(|error: http::uri::InvalidUri| ureq::Error::Http(error.into()))?;
        let mut head = http::Request::builder()
            .method(call.endpoint.method().as_str())
            .uri(uri.clone())
            .header("user-agent", &self.user_agent)
            .header("accept", accepted(call))
            // ureq would accept all that it can decode, which depends on the features that other crates enable. In a download,
            // positions in a compressed body aren't those in the content.
            .header(
                "accept-encoding",
                if call.download.is_none() && cfg!(feature = "gzip") { "gzip" } else { "identity" },
            );
        if let Some(authorization) = authorization {
            let (name, value) = match authorization.scheme {
                Scheme::ApiKey => ("x-api-key", Zeroizing::new(authorization.secret.expose().to_owned())),
                Scheme::AccessToken => {
                    ("authorization", Zeroizing::new(format!("Bearer {}", authorization.secret.expose())))
                }
            };
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                head = head.header(name, value);
            }
        }
        for (name, value) in call.headers.iter().filter(|(name, _)| name != "accept") {
            head = head.header(name, value);
        }
        if let Some((download, _)) = &call.download {
            if let Some((range, validator)) = download.range() {
                head = head.header("range", range).header("if-range", validator);
            }
        }
        match &call.payload {
            Some(payload) => {
                head = head.header("content-type", payload.content_type()).header("content-length", payload.len());
            }
            // ureq would send an empty body in chunks.
            None if call.endpoint.method().has_body() => head = head.header("content-length", 0),
            None => {}
        }
        if asks_first {
            head = head.header("expect", "100-continue");
        }
        let proxy = self.proxy_for(call, &uri).map_err(|_| ureq::Error::InvalidProxyUrl)?;
        // A proxy may repeat its user and password in a response.
        for login in proxy.iter().flat_map(net::proxy::logins) {
            if !call.secrets.contains(&login) {
                call.secrets.push(login);
            }
        }
        let how = How {
            upload,
            end,
            response: call.download.as_ref().map(|_| self.timeouts.attempt_with(upload)),
            is_fresh: !call.only_reads(),
            proxy,
        };
        let sent = match &mut call.payload {
            Some(payload) => {
                let mut reader = &mut **payload;
                self.run(head, SendBody::from_reader(&mut reader), how)
            }
            None => self.run(head, (), how),
        };
        match sent {
            Err(ureq::Error::Other(other)) => match other.downcast::<EarlyAnswer>() {
                Ok(answer) => {
                    call.is_cut_short = true;
                    net::read_early_answer(*answer, uri, LARGEST_HEADERS, left_until(end))
                }
                Err(other) => Err(ureq::Error::Other(other)),
            },
            sent => sent,
        }
    }

    /// Returns the time limit of an attempt that starts now.
    fn limit(&self, call: &Call<'_>) -> Duration {
        let limit = match call.download {
            None => self.timeouts.attempt_with(call.upload_size()),
            // It may be slow as long as it doesn't stall.
            Some(_) => LONGEST,
        };
        limit.min(call.left())
    }

    fn proxy_for(&self, call: &Call<'_>, uri: &Uri) -> Result<Option<Proxy>, String> {
        let other = call.origin.and(uri.authority());
        match other.and_then(|authority| Host::of(uri.scheme_str().unwrap_or_default(), authority)) {
            Some(host) => proxy_to(&host, self.own_agent.as_ref(), uri),
            None => Ok(self.proxy.clone()),
        }
    }

    fn run(
        &self,
        head: http::request::Builder,
        body: impl AsSendBody,
        how: How,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let How { upload, end, response, is_fresh, proxy } = how;
        let limit = left_until(end);
        let connect = self.timeouts.connect.min(LONGEST);
        let mut config = self
            .agent
            .configure_request(head.body(body).map_err(ureq::Error::Http)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(LARGEST_HEADERS)
            .proxy(proxy)
            .timeout_global(Some(limit))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_read(Some(self.timeouts.read_with(upload)))
            .timeout_per_write(Some(self.timeouts.write.min(LONGEST)))
            .timeout_await_100(Some(WAIT_FOR_CONTINUE))
            .timeout_recv_response(response)
            // A custom agent may have set these.
            .timeout_per_call(None)
            .timeout_send_request(None)
            .timeout_send_body(None)
            .timeout_recv_body(None);
        if is_fresh {
            // A request with its own settings bypasses the pool. A new connection can't turn out to be stale after a change,
            // whose outcome would be unknown.
            let pooled = self.agent.config().output_buffer_size();
            let size = if pooled == UPLOAD_BUFFER { 2 * UPLOAD_BUFFER } else { UPLOAD_BUFFER };
            config = config.output_buffer_size(size);
        }
        self.agent.run(config.build())
    }
}

/// How a request is sent.
struct How {
    upload: Option<u64>,
    end: Instant,
    /// The limit of the response's head, in place of one for the whole.
    response: Option<Duration>,
    /// Whether it needs a new connection.
    is_fresh: bool,
    proxy: Option<Proxy>,
}

/// Returns the words of the status line, if they say more than the status.
fn reason(headers: &http::HeaderMap) -> Option<String> {
    headers.get(net::REASON).map(|reason| one_line(&String::from_utf8_lossy(reason.as_bytes())))
}

/// Returns the content types that a response may have.
fn accepted<'c>(call: &'c Call<'_>) -> &'c str {
    let by_caller = call.headers.iter().find(|(name, _)| name == "accept").map(|(_, value)| value.as_str());
    let is_any = call.download.is_some() || call.head.is_some();
    by_caller.unwrap_or(if is_any { "*/*" } else { "application/json" })
}

fn kept_head(status: http::StatusCode, headers: &http::HeaderMap) -> Head {
    let text = |(name, value): (&http::HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    Head { status: status.as_u16(), headers: headers.iter().filter_map(text).collect() }
}

/// Whether the status of a response is that of a redirect to its location.
fn leads_elsewhere(status: http::StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether a request failed because of `Expect: 100-continue`.
fn is_against_asking(sent: &Result<http::Response<ureq::Body>, ureq::Error>) -> bool {
    match sent {
        Ok(answer) => answer.status() == http::StatusCode::EXPECTATION_FAILED,
        Err(ureq::Error::Other(other)) => matches!(other.downcast_ref(), Some(Failure::BrokeBeforeBody(_))),
        Err(_) => false,
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("timeouts", &self.timeouts)
            .field("own_agent", &self.own_agent.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_base_url_replaces_other_hosts() {
        const NAMES: Endpoint = Endpoint::post("/names").on_host("https://users.example");
        const USER: Endpoint = Endpoint::get("/users/{user}");
        let origin = |base_url: Option<&str>, endpoint: &Endpoint| {
            let mut settings = HttpSettings::default();
            settings.base_url = base_url.map_or(settings.base_url, str::to_owned);
            Http::new(settings).other_host(endpoint)
        };
        assert_eq!(origin(None, &NAMES), Some("https://users.example"));
        assert_eq!(origin(Some("https://apis.roblox.com/"), &NAMES), Some("https://users.example"));
        assert_eq!(origin(Some("http://127.0.0.1:4000"), &NAMES), None);
        assert_eq!(origin(None, &USER), None);
    }
}
