//! The one door to HTTP: every call goes through [`Session::send`], and nothing outside names `ureq`'s requests.

mod agent;
mod body;
mod failure;
pub(crate) mod net;
mod request;
mod session;
mod timeouts;

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{self, HeaderValue, Uri};
use ureq::{Agent, AsSendBody, Proxy, SendBody};
use zeroize::Zeroizing;

#[cfg(fuzzing)]
pub(crate) use agent::{check_base_url as fuzz_base_url, shown_url as fuzz_shown_url};
pub(crate) use failure::Undecodable;
pub(crate) use request::Request;
pub(crate) use session::Session;
pub use timeouts::Timeouts;

use self::agent::{adopted_agent, check_base_url, default_agent, proxy_to, shown_url};
use self::body::{ReadProblem, read_bounded, unpacked};
use self::net::{EarlyAnswer, Failure};
use self::request::left_until;
use crate::credentials::{Authorization, Credentials, Scheme};
use crate::error::{Error, ErrorKind, Result};
use crate::rate_limit::{Gate, Limits, Patience, Refused, earlier};
use crate::retry::{Attempts, LONGEST, RetryPolicy};

const SERVICE: &str = "https://apis.roblox.com";

/// The largest answer that is read; a page of 100 items is a hundredth of it.
const LARGEST_BODY: u64 = 8 * 1024 * 1024;
/// What is kept of an error answer, and how much more is read so that the connection can be used again.
const LARGEST_ERROR: u64 = 64 * 1024;
const LARGEST_DRAIN: u64 = 256 * 1024;
/// They are read as a whole, so they have to fit the buffer.
const LARGEST_HEADERS: usize = 24 * 1024;

/// Bodies from this size on ask first whether they are welcome, as curl's do.
const ASKS_FIRST: u64 = 1024 * 1024;
const WAIT_FOR_CONTINUE: Duration = Duration::from_secs(1);

const BUFFER: usize = 32 * 1024;
const UPLOAD_BUFFER: usize = 128 * 1024;

/// What a client is made with.
pub(crate) struct TransportOptions {
    pub(crate) base_url: String,
    pub(crate) user_agent: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) agent: Option<Agent>,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            base_url: SERVICE.to_owned(),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            agent: None,
        }
    }
}

impl fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportOptions")
            .field("base_url", &shown_url(&self.base_url))
            .field("user_agent", &self.user_agent)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("own_agent", &self.agent.is_some())
            .finish()
    }
}

/// Connections, credentials and manners, shared by all clones of a client.
pub(crate) struct Transport {
    agent: Agent,
    base_url: String,
    proxy: Option<Proxy>,
    /// Why no call can be made.
    problem: Option<String>,
    credentials: Credentials,
    user_agent: String,
    timeouts: Timeouts,
    retry: RetryPolicy,
    gate: Gate,
}

impl Transport {
    pub(crate) fn new(credentials: Credentials, options: TransportOptions) -> Self {
        let base_url = options.base_url.trim().trim_end_matches('/').to_owned();
        let own = options.agent.as_ref();
        let proxy = check_base_url(&base_url)
            .and_then(|host| proxy_to(&host, own, &base_url.parse().unwrap_or_default()))
            .and_then(|proxy| match HeaderValue::from_str(&options.user_agent) {
                Ok(_) => Ok(proxy),
                Err(_) => Err(format!("{:?} can't be a user agent", options.user_agent)),
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
            problem,
            credentials,
            user_agent: options.user_agent,
            timeouts: options.timeouts,
            gate: Gate::new(&options.retry),
            retry: options.retry,
        }
    }

    /// Says what would fail every call.
    pub(crate) fn check(&self) -> Result<()> {
        self.credentials.check()?;
        match &self.problem {
            None => Ok(()),
            Some(problem) => Err(Error::invalid_input(problem.clone()).concerning_run()),
        }
    }

    /// Makes a call: waits for the turn, sends, repeats what may be repeated, and reads the answer with `decode`.
    ///
    /// All of it is over after `timeout`.
    fn send<T>(
        &self,
        mut request: Request<'_>,
        timeout: Option<Duration>,
        body: &mut Vec<u8>,
        decode: impl Fn(&[u8]) -> Result<T, Undecodable>,
    ) -> Result<T> {
        self.check()?;
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        // What to say when the time is over: a deadline of the caller's own is told by who set it.
        let timeout = timeout.filter(|_| end.is_some_and(|end| request.deadline.is_none_or(|deadline| end < deadline)));
        request.deadline = earlier(request.deadline, end);
        let mut attempts = Attempts::new(&self.retry);
        let mut renewed = false;
        let mut last: Option<Error> = None;
        loop {
            if request.left().is_zero() {
                let error = last.unwrap_or_else(|| out_of_time(&request, timeout));
                return Err(error.after_attempts(attempts.made()));
            }
            let patience = Patience {
                longest_pause: self.retry.longest_retry_after,
                deadline: request.deadline,
                budget_ends: attempts.budget_ends(),
            };
            let mut permit = match self.gate.enter(request.endpoint, patience, request.cancelled) {
                Ok(permit) => permit,
                Err(refused) => return Err(not_sent(&request, refused, last).after_attempts(attempts.made().max(1))),
            };
            attempts.begin(permit.budget_ends());
            let authorization = self.credentials.authorize()?;

            let began = Instant::now();
            let (status, limits, outcome) = self.attempt(&mut request, &authorization, body);
            if status.is_some() {
                permit.answered(limits);
            }
            if log::log_enabled!(log::Level::Debug) {
                let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let subject = self.redacted(&request.subject());
                log::debug!("{subject} -> {status} (attempt {}, {:?})", attempts.made(), began.elapsed());
            }
            let answer =
                outcome.and_then(|()| decode(body).map_err(|problem| failure::undecodable(&request, body, problem)));
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => self.seal(error),
            };
            let error = match timeout {
                Some(timeout) if error.kind() == ErrorKind::Timeout && request.left().is_zero() => {
                    error.explain(took_too_long(timeout))
                }
                _ => error,
            };

            // A quota that is used up is no rate limit.
            let is_refusal = error.kind() == ErrorKind::RateLimited && error.is_passing();
            let (is_repeated, pause) = if is_refusal {
                permit.refused(limits);
                (attempts.may_wait_for_turn(&error), Duration::ZERO)
            } else {
                let repeatable = !request.may_have_arrived();
                let pause = attempts.pause_after(&error, repeatable).filter(|pause| *pause < request.left());
                (pause.is_some(), pause.unwrap_or_default())
            };
            drop(permit);
            if status == Some(401) && !renewed && self.credentials.rejected(&authorization)? && request.rewind() {
                renewed = true;
                attempts.forgive();
                continue;
            }
            if !is_repeated {
                return Err(error.after_attempts(attempts.made()));
            }
            if !request.rewind() {
                let error = error
                    .advise("it was not tried again, because a reader can't be read twice: hand in a path or bytes");
                return Err(error.after_attempts(attempts.made()));
            }
            // After a refusal, the gate holds this caller back along with all the others.
            match request.cancelled {
                Some(cancelled) => drop(cancelled.wait_timeout(pause)),
                None => thread::sleep(pause),
            }
            last = Some(error);
        }
    }

    /// One request and its answer. The body of a good answer is left in `body`.
    fn attempt(
        &self,
        request: &mut Request<'_>,
        authorization: &Authorization,
        body: &mut Vec<u8>,
    ) -> (Option<u16>, Limits, Result<()>) {
        body.clear();
        let limit = self.limit(request.upload_size(), request.deadline);
        let end = Instant::now() + limit;
        let response = match self.exchange(request, authorization, limit) {
            Ok(response) => response,
            Err(error) => return (None, Limits::default(), Err(error)),
        };
        let status = response.status();
        let limits = Limits::read(|name| response.headers().get(name)?.to_str().ok());
        if status.is_informational() || (status.is_success() && request.is_cut_short) {
            let problem = match status.is_success() {
                true => "the service took the request before it had the whole of it",
                false => "an interim answer took the place of the final one",
            };
            let error = Error::invalid_response(request.subject(), problem).with_status(status.as_u16());
            return (Some(status.as_u16()), limits, Err(error.with_unknown_outcome(!request.only_reads())));
        }
        let (head, packed) = response.into_parts();
        let mut reader = match unpacked(&head.headers, packed.into_reader()) {
            Ok(reader) => reader,
            Err(packing) if status.is_success() => {
                let error = failure::packed(request, &packing).with_status(status.as_u16());
                return (Some(status.as_u16()), limits, Err(error));
            }
            Err(_) => Box::new(std::io::empty()),
        };
        if status.is_success() {
            let read = read_bounded(&mut reader, body, LARGEST_BODY, end);
            let outcome = read
                .map_err(|problem| failure::broken_answer(&self.timeouts, request, status.as_u16(), problem, limit));
            return (Some(status.as_u16()), limits, outcome);
        }
        // The status alone says enough, so what goes wrong with the body doesn't matter.
        if let Err(ReadProblem::TooLarge(_)) = read_bounded(&mut reader, body, LARGEST_ERROR, end) {
            let _ = read_bounded(&mut reader, &mut Vec::new(), LARGEST_DRAIN, end);
        }
        (
            Some(status.as_u16()),
            limits,
            Err(failure::refusal(self.credentials.scheme(), request, status.as_u16(), limits, body)),
        )
    }

    fn exchange(
        &self,
        request: &mut Request<'_>,
        authorization: &Authorization,
        limit: Duration,
    ) -> Result<http::Response<ureq::Body>> {
        let end = Instant::now() + limit;
        let upload = request.upload_size();
        let asks_first = upload.is_some_and(|size| size >= ASKS_FIRST);
        let mut sent = self.exchange_once(request, authorization, asks_first, end);
        // The question was in the way, not the request: it is made again without.
        if asks_first && is_against_asking(&sent) && request.form.as_mut().is_some_and(|form| form.rewind()) {
            drop(sent);
            sent = self.exchange_once(request, authorization, false, end);
        }
        sent.map_err(|error| {
            if let Some(problem) = request.form.as_mut().and_then(|form| form.take_problem()) {
                return problem;
            }
            let unknown = request.may_have_arrived();
            failure::broken_exchange(&self.timeouts, request.subject(), error, upload, limit)
                .with_unknown_outcome(unknown)
        })
    }

    fn exchange_once(
        &self,
        request: &mut Request<'_>,
        authorization: &Authorization,
        asks_first: bool,
        end: Instant,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        request.is_cut_short = false;
        let upload = request.upload_size();
        let uri: Uri = format!("{}{}{}", self.base_url, request.path, request.query)
            .parse()
            .map_err(|error: http::uri::InvalidUri| ureq::Error::Http(error.into()))?;
        let mut head = http::Request::builder()
            .method(request.endpoint.method().as_str())
            .uri(uri.clone())
            .header("user-agent", &self.user_agent)
            .header("accept", "application/json");
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
        if let Some(form) = &request.form {
            head = head.header("content-type", form.content_type()).header("content-length", form.len());
        }
        if asks_first {
            head = head.header("expect", "100-continue");
        }
        let sent = match &mut request.form {
            Some(form) => self.run(head, SendBody::from_reader(&mut **form), upload, end),
            None => self.run(head, (), upload, end),
        };
        match sent {
            Err(ureq::Error::Other(other)) => match other.downcast::<EarlyAnswer>() {
                Ok(answer) => {
                    request.is_cut_short = true;
                    net::read_early_answer(*answer, uri, LARGEST_HEADERS, left_until(end))
                }
                Err(other) => Err(ureq::Error::Other(other)),
            },
            sent => sent,
        }
    }

    /// How long an attempt may take that begins now.
    fn limit(&self, upload: Option<u64>, deadline: Option<Instant>) -> Duration {
        self.timeouts.call_with(upload).min(deadline.map_or(Duration::MAX, left_until))
    }

    fn run(
        &self,
        head: http::request::Builder,
        body: impl AsSendBody,
        upload: Option<u64>,
        end: Instant,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let limit = left_until(end);
        let connect = self.timeouts.connect.min(LONGEST);
        let mut config = self
            .agent
            .configure_request(head.body(body).map_err(ureq::Error::Http)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(LARGEST_HEADERS)
            .proxy(self.proxy.clone())
            .timeout_global(Some(limit))
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_read(Some(self.timeouts.read_with(upload)))
            .timeout_per_write(Some(self.timeouts.write.min(LONGEST)))
            .timeout_await_100(Some(WAIT_FOR_CONTINUE))
            // A caller's own agent may have set these.
            .timeout_per_call(None)
            .timeout_send_request(None)
            .timeout_send_body(None)
            .timeout_recv_response(None)
            .timeout_recv_body(None);
        if upload.is_some() {
            // Settings of its own keep a request out of the pool. A connection that has just been made can't turn out
            // to be stale after the upload, when nobody knows what became of it.
            let pooled = self.agent.config().output_buffer_size();
            let size = if pooled == UPLOAD_BUFFER { 2 * UPLOAD_BUFFER } else { UPLOAD_BUFFER };
            config = config.output_buffer_size(size);
        }
        self.agent.run(config.build())
    }

    /// Makes an error fit to be shown: a service that repeats the key in its words must not get it into a log.
    pub(crate) fn seal(&self, error: Error) -> Error {
        error.redact(|text| self.credentials.redact(text))
    }

    /// The same for a text.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.credentials.redact(text)
    }
}

/// Whether a request failed because it asked first whether its body is welcome.
fn is_against_asking(sent: &Result<http::Response<ureq::Body>, ureq::Error>) -> bool {
    match sent {
        Ok(answer) => answer.status() == http::StatusCode::EXPECTATION_FAILED,
        Err(ureq::Error::Other(other)) => matches!(other.downcast_ref(), Some(Failure::BrokeBeforeBody(_))),
        Err(_) => false,
    }
}

/// The gate let nothing through. `last` is what became of the attempt before.
fn not_sent(request: &Request<'_>, refused: Refused, last: Option<Error>) -> Error {
    match (refused, last) {
        (Refused::Cancelled, _) => {
            Error::new(ErrorKind::Cancelled, request.subject()).explain("not sent: it was cancelled while it waited")
        }
        // The service's own words say more.
        (Refused::TooLong(wait), Some(error)) if error.kind() == ErrorKind::RateLimited => {
            let asked = error.retry_after().filter(|asked| !asked.is_zero());
            error.with_retry_after(asked.or(Some(wait)))
        }
        (Refused::TooLong(wait), _) => Error::new(ErrorKind::RateLimited, request.subject())
            .explain("not sent: the service takes no more requests for now")
            .advise(format!("try again in {} s", wait.as_secs().saturating_add(1)))
            .with_retry_after(Some(wait))
            .passing(),
    }
}

/// No time was left to send anything.
fn out_of_time(request: &Request<'_>, timeout: Option<Duration>) -> Error {
    let what = timeout.map_or_else(|| "there was no time left for it".to_owned(), took_too_long);
    Error::new(ErrorKind::Timeout, request.subject()).explain(format!("not sent: {what}")).passing()
}

fn took_too_long(timeout: Duration) -> String {
    format!("the call was not over within its time-out of {timeout:?}")
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &shown_url(&self.base_url))
            .field("credentials", &self.credentials)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
