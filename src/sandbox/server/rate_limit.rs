//! The rate limits of the sandbox.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::api::Endpoint;
use crate::sandbox::http::Answer;
use crate::sandbox::routes::Caller;

/// The number of requests that an endpoint accepts in a window of time, for
/// [`Sandbox::set_rate_limit`](crate::sandbox::Sandbox::set_rate_limit).
///
/// Each endpoint has its own window, which begins with the first request after the last window ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// `None` is the endpoint's own budget.
    requests: Option<u64>,
    window: Duration,
}

impl RateLimit {
    /// Returns a limit of `requests` in each window, the same for all endpoints.
    #[must_use]
    pub fn new(requests: u64, window: Duration) -> Self {
        Self { requests: Some(requests), window }
    }

    /// Returns the limits that Roblox documents: each endpoint's [budget](crate::endpoints) a minute, for the key and for the
    /// token.
    ///
    /// ```
    /// use rblxopencloud::UserInfo;
    /// use rblxopencloud::sandbox::{RateLimit, Sandbox};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_user(UserInfo::new(156, "builderman"));
    /// sandbox.set_rate_limit(Some(RateLimit::documented()));
    /// assert!(sandbox.client().user(156).fetch_info().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn documented() -> Self {
        Self { requests: None, window: Duration::from_secs(60) }
    }

    fn requests_to(&self, endpoint: &Endpoint, by_key: bool) -> u64 {
        let budget = if by_key { endpoint.key_budget() } else { endpoint.oauth_budget() };
        self.requests.or(budget.map(u64::from)).unwrap_or(u64::MAX)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<RateLimit>,
    /// By endpoint, and whose credentials were used.
    windows: HashMap<(Endpoint, Caller), Window>,
    pub(crate) refused: u64,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    used: u64,
}

/// The headers of every response.
pub(crate) type LimitHeaders = Vec<(String, String)>;

impl Limiter {
    pub(crate) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.windows.clear();
    }

    /// Counts a request. Returns the headers of its response, or the refusal.
    pub(crate) fn take(&mut self, endpoint: &Endpoint, caller: Caller, now: Instant) -> Result<LimitHeaders, Answer> {
        let Some(limit) = self.limit else { return Ok(Vec::new()) };
        let by_key = matches!(caller, Caller::Key | Caller::Nobody);
        let (requests, length) = (limit.requests_to(endpoint, by_key), limit.window);
        let window = self.windows.entry((*endpoint, caller)).or_insert(Window { began: now, used: 0 });
        if now.saturating_duration_since(window.began) >= length {
            *window = Window { began: now, used: 0 };
        }
        let passes = window.used < requests;
        window.used += u64::from(passes);
        let reset = announce(length.saturating_sub(now.saturating_duration_since(window.began)), length);
        let header = |name: &str, value: String| (name.to_owned(), value);
        let mut headers = vec![
            header("x-ratelimit-limit", format!("{requests}, {requests};w={}", length.as_secs_f64())),
            header("x-ratelimit-remaining", (requests - window.used).to_string()),
            header("x-ratelimit-reset", reset.clone()),
        ];
        if passes {
            return Ok(headers);
        }
        self.refused += 1;
        headers.push(header("retry-after", reset));
        let mut refusal = match endpoint.path().starts_with("/cloud/v2/") {
            true => Answer::v2(429, "RESOURCE_EXHAUSTED", "Too many requests."),
            false => Answer::gateway(429, "Too many requests"),
        };
        refusal.headers = headers;
        Err(refusal)
    }
}

/// Formats whole seconds for long windows, as the service does, and milliseconds for short ones. Rounds up.
fn announce(left: Duration, window: Duration) -> String {
    let millis = left.as_nanos().div_ceil(1_000_000);
    if window.subsec_nanos() == 0 && window.as_secs() >= 10 {
        millis.div_ceil(1000).to_string()
    } else {
        format!("{}.{:03}", millis / 1000, millis % 1000)
    }
}
