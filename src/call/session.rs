//! A whole call: gate, authorize, attempt, classify, retry.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::gate::{Gate, Patience, Refused, earlier};
use super::http::{Buffer, Exchange, Http, HttpSettings, shown_url};
use super::retry::{Attempts, RetryPolicy};
use super::{Call, DecodeError, verdict};
use crate::api::Scheme;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorFields, ErrorKind, Result, rounded};
use crate::json;

/// Connections, credentials and rate limits. Clones share them.
#[derive(Clone)]
pub(crate) struct Session {
    http: Arc<Http>,
    credentials: Credentials,
    gate: Arc<Gate>,
    retry: Arc<RetryPolicy>,
    limit: TimeLimit,
}

/// How long calls may take.
#[derive(Clone, Copy, Debug, Default)]
struct TimeLimit {
    /// The time limit of each call.
    timeout: Option<Duration>,
    /// When all calls must have ended.
    deadline: Option<Instant>,
}

/// What ends a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    Timeout(Duration),
    Deadline,
}

impl TimeLimit {
    /// Returns when a call that starts now must have ended, and why.
    fn of_call(self) -> Option<(Instant, Bound)> {
        let by_timeout =
            self.timeout.and_then(|limit| Some((Instant::now().checked_add(limit)?, Bound::Timeout(limit))));
        let by_deadline = self.deadline.map(|deadline| (deadline, Bound::Deadline));
        by_timeout.into_iter().chain(by_deadline).min_by_key(|(end, _)| *end)
    }
}

impl Bound {
    /// Explains an error by this bound, if the time was up.
    pub(crate) fn explain(self, error: Error, end: Instant) -> Error {
        match error.kind() == ErrorKind::Timeout && end <= Instant::now() {
            true => error.explain(self.to_string()),
            false => error,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "the call did not end within its timeout of {limit:?}"),
            Self::Deadline => f.write_str("the call did not end before its deadline"),
        }
    }
}

// Locks are held only for a change, and survive a panic in a reader, a callback or a source of tokens.
impl UnwindSafe for Session {}
impl RefUnwindSafe for Session {}

impl Session {
    pub(crate) fn new(
        credentials: Credentials,
        settings: HttpSettings,
        retry: RetryPolicy,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            http: Arc::new(Http::new(settings)),
            credentials,
            gate: Arc::new(Gate::new(&retry)),
            retry: Arc::new(retry),
            limit: TimeLimit { timeout, deadline: None },
        }
    }

    /// Returns the session with another time limit for each call.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
        Self { limit: TimeLimit { timeout: Some(timeout), ..self.limit }, ..self.clone() }
    }

    /// Returns the session with another deadline for all calls.
    pub(crate) fn with_deadline(&self, deadline: Instant) -> Self {
        Self { limit: TimeLimit { deadline: Some(deadline), ..self.limit }, ..self.clone() }
    }

    /// Returns the session without a time limit.
    #[cfg(feature = "oauth2")]
    pub(crate) fn without_time_limit(&self) -> Self {
        Self { limit: TimeLimit::default(), ..self.clone() }
    }

    /// Returns a session with the same connections and other credentials, with rate limits of their own.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, gate: Arc::new(Gate::new(&self.retry)), ..self.clone() }
    }

    /// Returns the session with other credentials of the same authorization, whose rate limits it shares.
    #[cfg(feature = "oauth2")]
    pub(crate) fn replacing_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    pub(crate) fn base_url(&self) -> &str {
        self.http.base_url()
    }

    /// Whether the service is on this machine, where plain HTTP is allowed.
    pub(crate) fn is_local(&self) -> bool {
        self.base_url().starts_with("http://")
    }

    /// Returns when a call that starts now must have ended.
    #[cfg(feature = "oauth2")]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.end().map(|(end, _)| end)
    }

    /// Returns when all calls must have ended.
    pub(crate) fn fixed_deadline(&self) -> Option<Instant> {
        self.limit.deadline
    }

    /// Returns when a call that starts now must have ended, and why.
    pub(crate) fn end(&self) -> Option<(Instant, Bound)> {
        self.limit.of_call()
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.credentials.scheme()
    }

    /// Returns the longest delay that the service can ask for.
    pub(crate) fn max_retry_after(&self) -> Duration {
        self.retry.max_retry_after
    }

    /// Returns an error that every call would have.
    pub(crate) fn check(&self) -> Result<()> {
        self.credentials.check()?;
        self.http.check().map_err(|error| self.redact(error))?;
        // A lookup of the host would tell it to the network.
        if self.credentials.are_in(self.base_url()) {
            let error = Error::invalid_input("the base URL contains the credentials");
            return Err(error
                .advise("pass the URL of the service and the credentials in their own places")
                .concerning_run());
        }
        Ok(())
    }

    /// Makes a call that returns a model.
    pub(crate) fn fetch<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        self.run(call, |body| Ok(json::object_from_slice(body)?))
    }

    /// Makes a call that returns nothing: the response is empty, or an object.
    pub(crate) fn send(&self, call: Call<'_>) -> Result<()> {
        /// Whatever its fields are.
        #[derive(Deserialize)]
        struct AnObject {}

        let data = call.endpoint.error_as_data();
        self.run_in(&mut Buffer::default(), call, |body| {
            // No field is expected, so words alone are no error.
            if let Some(said) = ErrorFields::read(body, data).and_then(|fields| fields.alone()) {
                return Err(DecodeError::Service(said));
            }
            if !body.iter().all(u8::is_ascii_whitespace) {
                json::object_from_slice::<AnObject>(body)?;
            }
            Ok(())
        })
    }

    /// Makes a call: waits for the rate limit, sends, retries, and reads the response with `decode`. A response that holds
    /// nothing but an error is one, also where `decode` would read it.
    pub(crate) fn run<T>(&self, call: Call<'_>, decode: impl Fn(&[u8]) -> Result<T, DecodeError>) -> Result<T> {
        let (data, is_of_caller) = (call.endpoint.error_as_data(), call.endpoint.is_unnamed());
        self.run_in(&mut Buffer::default(), call, |body| {
            match ErrorFields::read(body, data).and_then(|fields| fields.in_place_of_model(is_of_caller)) {
                Some(said) => Err(DecodeError::Service(said)),
                None => decode(body),
            }
        })
    }

    /// Makes a call whose response may use the buffer of others. `decode` decides what is an error.
    pub(crate) fn run_in<T>(
        &self,
        body: &mut Buffer,
        mut call: Call<'_>,
        decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T> {
        self.check()?;
        call.origin = call.origin.or_else(|| self.http.other_host(call.endpoint));
        if call.origin.is_none() && call.endpoint.needs_credentials() && self.scheme().is_none() {
            let problem = format!("{} needs an API key or an access token; this client has none", call.subject());
            return Err(Error::invalid_input(problem).concerning_run());
        }
        // An earlier deadline is explained by the code that set it.
        let end = self.end().filter(|(end, _)| call.deadline.is_none_or(|deadline| *end < deadline));
        call.deadline = earlier(call.deadline, end.map(|(end, _)| end));
        let mut attempts = Attempts::new(&self.retry);
        let mut renewed = false;
        let mut last: Option<Error> = None;
        loop {
            if call.left().is_zero() {
                let error = last.unwrap_or_else(|| out_of_time(&call, end.map(|(_, bound)| bound)));
                return Err(error.after_attempts(attempts.made()));
            }
            let patience = Patience {
                longest_pause: self.retry.max_retry_after,
                deadline: call.deadline,
                budget_ends: attempts.budget_ends(),
            };
            let mut permit = match self.gate.enter(call.bucket(), patience, call.cancel) {
                Ok(permit) => permit,
                Err(refused) => return Err(not_sent(&call, refused, last).after_attempts(attempts.made().max(1))),
            };
            attempts.begin(permit.budget_ends());
            // Another host never receives the credentials.
            let authorization = match call.origin {
                None if !call.endpoint.is_keyless() => self.credentials.authorize(call.deadline)?,
                _ => None,
            };

            let began = Instant::now();
            let Exchange { status, limits, outcome } = self.http.attempt(&mut call, authorization.as_ref(), body);
            if status.is_some() {
                permit.answered(limits);
            }
            if log::log_enabled!(target: crate::LOG_TARGET, log::Level::Debug) {
                let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let subject = self.redacted(&call.subject());
                log::debug!(target: crate::LOG_TARGET, "{subject} -> {status} (attempt {}, {:?})", attempts.made(), rounded(began.elapsed()));
            }
            let answer = outcome.and_then(|()| {
                let (scheme, body) =
                    (authorization.as_ref().map(|authorization| authorization.scheme), body.as_slice());
                decode(body).map_err(|problem| verdict::undecodable(scheme, &call, body, problem))
            });
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error.redact(|text| {
                    let text =
                        call.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact_at_any_length(&text));
                    self.credentials.redact(&text)
                }),
            };
            let error = match end {
                Some((end, bound)) => bound.explain(error, end),
                None => error,
            };

            if call.has_progressed() {
                attempts = Attempts::new(&self.retry);
                attempts.begin(attempts.budget_ends());
            }
            // An exhausted quota isn't a rate limit.
            let is_refusal = error.kind() == ErrorKind::RateLimited && error.is_transient();
            let (is_repeated, pause) = if is_refusal {
                permit.refused(limits);
                (attempts.may_wait_for_turn(&error), Duration::ZERO)
            } else {
                let repeatable = !call.may_have_arrived();
                let pause = attempts.pause_after(&error, repeatable).filter(|pause| *pause < call.left());
                (pause.is_some(), pause.unwrap_or_default())
            };
            drop(permit);
            if let (Some(401), Some(refused), false) = (status, &authorization, renewed) {
                let has_new = self.credentials.rejected(refused, call.deadline)?;
                if has_new && call.rewind().is_ok() {
                    renewed = true;
                    attempts.forgive();
                    continue;
                }
            }
            if !is_repeated {
                return Err(error.after_attempts(attempts.made()));
            }
            if let Err(reason) = call.rewind() {
                return Err(error.advise(reason).after_attempts(attempts.made()));
            }
            // After a refusal, the gate delays this call together with all others.
            match call.cancel {
                Some(cancel) => drop(cancel.wait_timeout(pause)),
                None => thread::sleep(pause),
            }
            last = Some(error);
        }
    }

    /// Redacts an error: a service that repeats the key in its message must not get it into a log.
    pub(crate) fn redact(&self, error: Error) -> Error {
        error.redact(|text| self.credentials.redact(text))
    }

    /// Redacts a text.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.credentials.redact(text)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("base_url", &self.redacted(&shown_url(self.base_url())))
            .field("http", &self.http)
            .field("credentials", &self.credentials)
            .field("gate", &self.gate)
            .field("retry", &self.retry)
            .field("limit", &self.limit)
            .finish()
    }
}

/// The error of a call that the gate refused. `last` is the error of the attempt before.
fn not_sent(call: &Call<'_>, refused: Refused, last: Option<Error>) -> Error {
    match (refused, last) {
        (Refused::Cancelled, _) => {
            Error::new(ErrorKind::Cancelled, call.subject()).explain("not sent: the call was cancelled")
        }
        // The service's message says more.
        (Refused::TooLong(wait), Some(error)) if error.kind() == ErrorKind::RateLimited => {
            let asked = error.retry_after().filter(|asked| !asked.is_zero());
            error.with_retry_after(asked.or(Some(wait)))
        }
        (Refused::TooLong(wait), _) => Error::new(ErrorKind::RateLimited, call.subject())
            .explain("not sent: the rate limit is exhausted")
            .advise(format!("try again in {} s", wait.as_secs().saturating_add(1)))
            .with_retry_after(Some(wait))
            .transient(),
    }
}

/// The error of a call that had no time left.
fn out_of_time(call: &Call<'_>, bound: Option<Bound>) -> Error {
    let what = bound.map_or_else(|| "no time was left".to_owned(), |bound| bound.to_string());
    Error::new(ErrorKind::Timeout, call.subject()).explain(format!("not sent: {what}")).transient()
}
