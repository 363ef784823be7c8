//! What calls of a client share, and the ways to make one.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::{Duration, Instant};

use crate::api::{Endpoint, Scheme};
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, ErrorKind, Result};
use crate::gate::Gate;
use crate::retry::RetryPolicy;
use crate::transport::{Http, HttpSettings, shown_url};

/// Connections, credentials and rate limits. Clones share them.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) http: Arc<Http>,
    pub(super) credentials: Credentials,
    pub(super) gate: Arc<Gate>,
    pub(super) retry: Arc<RetryPolicy>,
    /// The service has answered a call.
    pub(super) was_reached: Arc<AtomicBool>,
    /// How many waits for tasks are under way, which share the rate limit of their polls.
    waits: Arc<AtomicU32>,
    /// How long a connection is tried to be made until then. One that can't be made then concerns all calls.
    pub(super) first_contact: Option<Duration>,
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
        documented_budgets: Option<bool>,
    ) -> Self {
        let http = Http::new(settings);
        // They describe Roblox, and not a stand-in.
        let holds_budgets = documented_budgets.unwrap_or_else(|| http.is_for_service());
        Self {
            http: Arc::new(http),
            credentials,
            gate: Arc::new(Gate::new(&retry, holds_budgets)),
            retry: Arc::new(retry),
            was_reached: Arc::default(),
            waits: Arc::default(),
            first_contact: None,
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

    /// Returns the session with a limit for how long a connection is tried to be made before the service has answered a call.
    #[cfg(feature = "publish")]
    pub(crate) fn with_first_contact(&self, limit: Duration) -> Self {
        Self { first_contact: Some(limit), ..self.clone() }
    }

    /// Returns the session without a time limit.
    #[cfg(feature = "oauth2")]
    pub(crate) fn without_time_limit(&self) -> Self {
        Self { limit: TimeLimit::default(), ..self.clone() }
    }

    /// Returns a session with the same connections and other credentials, with rate limits of their own.
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        let gate = Arc::new(self.gate.for_other_credentials());
        Self { credentials, gate, waits: Arc::default(), ..self.clone() }
    }

    /// Returns the session with other credentials of the same authorization, whose rate limits it shares.
    #[cfg(feature = "oauth2")]
    pub(crate) fn replacing_credentials(&self, credentials: Credentials) -> Self {
        Self { credentials, ..self.clone() }
    }

    pub(crate) fn base_url(&self) -> &str {
        self.http.base_url()
    }

    /// Returns the origin of an endpoint on another host.
    pub(crate) fn other_host(&self, endpoint: &Endpoint) -> Option<&'static str> {
        self.http.other_host(endpoint)
    }

    /// Whether the service is on this machine, where plain HTTP is allowed.
    pub(crate) fn is_local(&self) -> bool {
        self.base_url().starts_with("http://")
    }

    /// Returns when a call that starts now must have ended.
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

    /// Returns how many waits for tasks are under way.
    pub(crate) fn waits(&self) -> &Arc<AtomicU32> {
        &self.waits
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.credentials.scheme()
    }

    /// Returns the longest delay that the service can request.
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

    /// Returns the error of an endpoint that the credentials aren't for. `subject` is the call.
    pub(crate) fn check_credentials_for(&self, endpoint: &Endpoint, subject: &dyn Fn() -> String) -> Result<()> {
        if endpoint.needs_credentials() && self.scheme().is_none() {
            let problem = format!("{} needs an API key or an access token; this client has none", subject());
            return Err(Error::invalid_input(problem).concerning_run());
        }
        let has_token = self.scheme() == Some(Scheme::AccessToken) && !endpoint.is_keyless();
        if !has_token || endpoint.takes_access_tokens() {
            return Ok(());
        }
        let problem = format!("{} takes API keys only; this client has an OAuth 2.0 access token", subject());
        let scopes = endpoint.scopes_to_check().join(" and ");
        let advice =
            if scopes.is_empty() { "use an API key".to_owned() } else { format!("use an API key with {scopes}") };
        Err(Error::invalid_input(problem).advise(advice).concerning_run())
    }

    /// Redacts an error: a service that repeats the key in its message must not get it into a log.
    pub(crate) fn redact(&self, error: Error) -> Error {
        error.redact(&|text| self.credentials.redact(text))
    }

    /// Removes the credentials and these secrets from a text.
    pub(crate) fn redacted_with(&self, secrets: &[Secret], text: &str) -> String {
        let text = secrets.iter().fold(text.to_owned(), |text, secret| secret.redact_at_any_length(&text));
        self.redacted(&text)
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
