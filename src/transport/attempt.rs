//! One attempt of a call: a request, and its response.

use std::time::{Duration, Instant};

use ureq::http::{self, HeaderName, HeaderValue, Uri, header};
use ureq::{Proxy, SendBody, Timeout};
use zeroize::Zeroizing;

use super::agent::proxy_to;
use super::body::{Buffer, ReadProblem, Watched, unpacked};
use super::call::{Call, Head, left_until};
use super::failure::{self, Failed, Limit};
use super::host::Host;
use super::http::Http;
use super::net::{self, EarlyAnswer, Failure};
use super::receive::{location, receive, response_head, values};
use super::refusal;
use super::timeouts::Timeouts;
use crate::api::{Method, Scheme};
use crate::credentials::{Authorization, Secret};
use crate::error::{Arrival, Event, Problem, ServiceError, one_line};
use crate::gate::Limits;
use crate::retry::LONGEST;

/// The largest response that is read. A page of 100 items is a hundredth of it.
const LARGEST_BODY: u64 = 8 * 1024 * 1024;
/// How much of an error response is kept, and how much more is read so that the connection can be reused.
const LARGEST_ERROR: u64 = 64 * 1024;
const LARGEST_DRAIN: u64 = 256 * 1024;
/// Headers are parsed as a whole, so they must fit in the buffer.
const LARGEST_HEADERS: usize = 24 * 1024;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Bodies of this size and more are sent with `Expect: 100-continue`, as curl does.
const EXPECTS_CONTINUE_FROM: u64 = 1024 * 1024;
const WAIT_FOR_CONTINUE: Duration = Duration::from_secs(1);

/// The output buffer of a request with a connection of its own.
const UPLOAD_BUFFER: usize = 128 * 1024;

/// What became of one attempt.
pub(crate) struct Attempt {
    /// `None` if there was no response.
    pub(crate) status: Option<u16>,
    pub(crate) limits: Limits,
    /// The body of a success is in the buffer, or written to the destination of the download.
    pub(crate) outcome: Result<(), Failed>,
    /// The user and password of the proxy, which a response may repeat.
    pub(crate) logins: Vec<Secret>,
}

/// A request that was sent, and its response.
struct Exchange {
    response: Result<http::Response<ureq::Body>, ureq::Error>,
    /// The response came before the whole request was sent.
    is_cut_short: bool,
    logins: Vec<Secret>,
}

impl Http {
    /// Makes one request and reads the response. The body of a successful response is left in `body`.
    pub(crate) fn attempt(
        &self,
        call: &mut Call<'_>,
        authorization: Option<&Authorization>,
        body: &mut Buffer,
    ) -> Attempt {
        body.clear();
        let timeouts = self.timeouts.times(call.endpoint.patience());
        let whole = limit_of(call, &timeouts);
        let limit = Limit { timeouts: &timeouts, upload: call.upload_size(), whole, end: Instant::now() + whole };
        let Exchange { response, is_cut_short, logins } = self.exchange(call, authorization, limit);
        match response {
            Ok(response) => {
                let status = Some(response.status().as_u16());
                let headers = response.headers();
                let limits =
                    Limits::read(|name| headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok()));
                let outcome = read(call, response, limits, is_cut_short, body, limit);
                Attempt { status, limits, outcome, logins }
            }
            Err(error) => {
                let outcome = Err(unanswered(call, error, is_cut_short, limit));
                Attempt { status: None, limits: Limits::default(), outcome, logins }
            }
        }
    }

    fn exchange(&self, call: &mut Call<'_>, authorization: Option<&Authorization>, limit: Limit<'_>) -> Exchange {
        let expects_continue = limit.upload.is_some_and(|size| size >= EXPECTS_CONTINUE_FROM);
        let exchange = self.exchange_once(call, authorization, expects_continue, limit);
        // The server refused `Expect`, not the request: it is sent again without.
        if expects_continue
            && is_against_asking(&exchange.response)
            && call.payload.as_mut().is_some_and(|payload| {
                payload.had_no_effect();
                payload.rewind()
            })
        {
            drop(exchange);
            return self.exchange_once(call, authorization, false, limit);
        }
        exchange
    }

    fn exchange_once(
        &self,
        call: &mut Call<'_>,
        authorization: Option<&Authorization>,
        expects_continue: bool,
        limit: Limit<'_>,
    ) -> Exchange {
        let failed = |error| Exchange { response: Err(error), is_cut_short: false, logins: Vec::new() };
        let uri = [call.origin.unwrap_or(self.base_url()), call.path, &call.query].concat();
        let uri: Uri = match uri.parse() {
            Ok(uri) => uri,
            Err(error) => return failed(ureq::Error::Http(http::Error::from(error))),
        };
        let Ok(proxy) = self.proxy_for(call, &uri) else { return failed(ureq::Error::InvalidProxyUrl) };
        let logins = proxy.iter().flat_map(net::proxy::logins).collect();
        let head = match self.head(call, authorization, &uri, expects_continue) {
            Ok(head) => head,
            Err(error) => return failed(ureq::Error::Http(error)),
        };
        let options = SendOptions {
            end: limit.end,
            read: limit.timeouts.read_with(limit.upload),
            response: call.download.as_ref().map(|_| limit.timeouts.attempt_with(limit.upload)),
            is_fresh: !call.only_reads(),
            proxy,
        };
        let sent = match &mut call.payload {
            Some(payload) => {
                // A body without a byte is read too, so that it is known to have none.
                if payload.len() == 0 {
                    if let Err(error) = payload.read(&mut [0]) {
                        return failed(error.into());
                    }
                }
                let mut reader = &mut **payload;
                self.run(head, SendBody::from_reader(&mut reader), options)
            }
            None => self.run(head, SendBody::none(), options),
        };
        match sent {
            Err(ureq::Error::Other(other)) => match other.downcast::<EarlyAnswer>() {
                Ok(answer) => {
                    let response = net::read_early_answer(*answer, uri, LARGEST_HEADERS, left_until(limit.end));
                    Exchange { response, is_cut_short: true, logins }
                }
                Err(other) => Exchange { response: Err(ureq::Error::Other(other)), is_cut_short: false, logins },
            },
            response => Exchange { response, is_cut_short: false, logins },
        }
    }

    fn head(
        &self,
        call: &Call<'_>,
        authorization: Option<&Authorization>,
        uri: &Uri,
        expects_continue: bool,
    ) -> Result<http::request::Builder, http::Error> {
        // `header` is compiled for each type of a name and a value.
        let text = |text: &str| HeaderValue::from_bytes(text.as_bytes());
        let mut head = http::Request::builder()
            .method(call.endpoint.method().as_str())
            .uri(uri.clone())
            .header(header::USER_AGENT, text(&self.user_agent)?)
            .header(header::ACCEPT, text(accepted(call))?)
            // ureq would accept all that it can decode, which depends on the features that other crates enable. In a download,
            // positions in a compressed body aren't those in the content.
            .header(
                header::ACCEPT_ENCODING,
                text(if call.download.is_none() && cfg!(feature = "gzip") { "gzip" } else { "identity" })?,
            );
        if let Some(authorization) = authorization {
            let secret = authorization.secret.expose();
            let (name, value) = match authorization.scheme {
                Scheme::ApiKey => (API_KEY, HeaderValue::from_str(secret)),
                Scheme::AccessToken => {
                    (header::AUTHORIZATION, HeaderValue::from_str(&Zeroizing::new(format!("Bearer {secret}"))))
                }
            };
            let mut value = value?;
            value.set_sensitive(true);
            head = head.header(name, value);
        }
        for (name, value) in call.headers.iter().filter(|(name, _)| name != "accept") {
            head = head.header(HeaderName::from_bytes(name.as_bytes())?, text(value)?);
        }
        if let Some((download, _)) = &call.download {
            if let Some((range, validator)) = download.range() {
                head = head.header(header::RANGE, text(&range)?).header(header::IF_RANGE, text(validator)?);
            }
        }
        match &call.payload {
            Some(payload) => {
                head = head
                    .header(header::CONTENT_TYPE, text(&payload.content_type())?)
                    .header(header::CONTENT_LENGTH, HeaderValue::from(payload.len()));
            }
            // ureq would send an empty body in chunks.
            None if call.endpoint.method().has_body() => {
                head = head.header(header::CONTENT_LENGTH, HeaderValue::from(0));
            }
            None => {}
        }
        if expects_continue {
            head = head.header(header::EXPECT, HeaderValue::from_static("100-continue"));
        }
        Ok(head)
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
        body: SendBody<'_>,
        options: SendOptions,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let SendOptions { end, read, response, is_fresh, proxy } = options;
        let limit = left_until(end);
        if limit.is_zero() {
            // ureq has the same error for a request whose response is late.
            return Err(Failure::late("it was not sent", Timeout::Global));
        }
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
            .timeout_per_read(Some(read))
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

/// Returns the time limit of an attempt that starts now.
fn limit_of(call: &Call<'_>, timeouts: &Timeouts) -> Duration {
    let limit = match call.download {
        None => timeouts.attempt_with(call.upload_size()),
        // It may be slow as long as it doesn't stall.
        Some(_) => LONGEST,
    };
    limit.min(call.left())
}

/// How a request is sent.
struct SendOptions {
    end: Instant,
    /// The longest time without data from the service.
    read: Duration,
    /// The limit of the response's head, in place of one for the whole.
    response: Option<Duration>,
    /// Whether it needs a new connection.
    is_fresh: bool,
    proxy: Option<Proxy>,
}

/// Why there is no response.
fn unanswered(call: &mut Call<'_>, error: ureq::Error, is_cut_short: bool, limit: Limit<'_>) -> Failed {
    if let Some(problem) = call.payload.as_mut().and_then(|payload| payload.take_problem()) {
        return Failed::Local(problem);
    }
    let problem = failure::of_exchange(error, limit);
    let arrival = if problem.event.is_before_sending() { Arrival::NotSent } else { arrival(call, is_cut_short) };
    Failed::remote(arrival, problem)
}

/// How much of a request has arrived that was sent.
fn arrival(call: &Call<'_>, is_cut_short: bool) -> Arrival {
    let is_sent = call.payload.as_ref().is_none_or(|payload| payload.is_sent());
    if is_sent && !is_cut_short { Arrival::MayHaveArrived } else { Arrival::CutShort }
}

/// Reads a response.
fn read(
    call: &mut Call<'_>,
    response: http::Response<ureq::Body>,
    limits: Limits,
    is_cut_short: bool,
    body: &mut Buffer,
    limit: Limit<'_>,
) -> Result<(), Failed> {
    let status = response.status();
    let unusable = |problem: String| Failed::accepted(Problem::new(Event::Unusable, problem));
    if status.is_informational() {
        return Err(unusable("the response is informational, not final".to_owned()));
    }
    let (head, packed) = response.into_parts();
    if let Some(kept) = &mut call.head {
        **kept = kept_head(status, &head.headers);
    }
    let location = location(&head.headers);
    if let (Some((download, _)), Some(location), true, true) =
        (&mut call.download, &location, leads_elsewhere(status), call.endpoint.method() == Method::Get)
    {
        return download.redirect_to(location.clone()).map_err(unusable);
    }
    let length = packed.content_length();
    let mut reader = match unpacked(&head.headers, packed.into_reader()) {
        Ok(reader) => Watched::new(reader, limit.timeouts.read_with(limit.upload), limit.end),
        Err(packing) if status.is_success() => return Err(Failed::accepted(failure::packed(&packing))),
        Err(_) => Watched::new(std::io::empty(), Duration::ZERO, limit.end),
    };
    if status.is_success() && is_cut_short {
        // The part that was received tells what the service has accepted.
        let _ = body.read_from(&mut reader, length, LARGEST_BODY);
        return Err(Failed::accepted(refusal::accepted_early(body.as_slice())));
    }
    if let Some((download, _)) = &call.download {
        if status.is_success() {
            let mut head = response_head(status.as_u16(), &head.headers, length);
            // Only responses to GET are of one resource, whose versions a validator identifies.
            head.validator = head.validator.filter(|_| call.endpoint.method() == Method::Get);
            return receive(call, head, &mut reader, limit);
        }
        if status == http::StatusCode::RANGE_NOT_SATISFIABLE && download.range().is_some() {
            let range = values(&head.headers, "content-range");
            return Err(unusable(download.unsatisfied(range.as_deref())));
        }
    }
    if status.is_success() {
        let read = body.read_from(&mut reader, length, LARGEST_BODY);
        return read.map_err(|problem| Failed::accepted(failure::of_body(problem, limit)));
    }
    // The status tells enough, so failures of the body don't matter.
    if let Err(ReadProblem::TooLarge(_)) = body.read_from(&mut reader, length, LARGEST_ERROR) {
        let _ = Buffer::default().read_from(&mut reader, None, LARGEST_DRAIN);
    }
    let mut reported = ServiceError::from_body(body.as_slice());
    reported.message = reported.message.or_else(|| reason(&head.headers));
    let refusal = refusal::refused(status.as_u16(), limits, reported);
    let problem = match leads_elsewhere(status) {
        true => Problem::new(refusal, refusal::not_followed(call, location.is_some())),
        false => Problem::from(refusal),
    };
    Err(Failed::remote(arrival(call, is_cut_short), problem))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Endpoint;
    use crate::credentials::Credentials;
    use crate::transport::http::HttpSettings;

    /// Without its credentials, a request would get the answer of a stranger.
    #[test]
    fn no_request_is_sent_without_its_credentials() {
        const READ: Endpoint = Endpoint::get("/users/{user}");
        let http = Http::new(HttpSettings::default());
        for (credentials, is_valid) in [
            (Credentials::api_key("a-key"), true),
            (Credentials::api_key("a\nkey"), false),
            (Credentials::access_token("a-token"), true),
            (Credentials::access_token("a\rtoken"), false),
        ] {
            let authorization = credentials.authorize(None).ok().flatten().expect("it is fixed");
            let call = Call::new(&READ, "/users/1");
            let head = http.head(&call, Some(&authorization), &Uri::from_static("https://host.example/"), false);
            assert_eq!(head.is_ok(), is_valid, "{credentials:?}");
        }
    }
}
