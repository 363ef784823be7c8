//! The sandbox's own rate limits.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::answer::Answer;

/// How many requests an endpoint takes in a window of time, for [`Sandbox::set_rate_limit`](super::Sandbox::set_rate_limit).
///
/// Each endpoint counts for itself. A window begins with the first request after the last window ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    requests: u64,
    window: Duration,
}

impl RateLimit {
    /// So many requests in each window.
    #[must_use]
    pub fn new(requests: u64, window: Duration) -> Self {
        Self { requests, window }
    }
}

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Endpoint {
    User,
    Inventory,
    Memberships,
    AssetCreate,
    AssetGet,
    AssetUpdate,
    Operation,
}

impl Endpoint {
    pub(super) fn is_v2(self) -> bool {
        matches!(self, Self::User | Self::Inventory | Self::Memberships)
    }
}

#[derive(Debug, Default)]
pub(super) struct Limiter {
    limit: Option<RateLimit>,
    windows: HashMap<Endpoint, Window>,
    pub(super) refused: u64,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    used: u64,
}

/// The headers that every answer carries.
pub(super) type LimitHeaders = Vec<(String, String)>;

impl Limiter {
    pub(super) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.windows.clear();
    }

    /// Counts a request: the headers of its answer, or the refusal.
    pub(super) fn take(&mut self, endpoint: Endpoint, now: Instant) -> Result<LimitHeaders, Answer> {
        let Some(RateLimit { requests, window: length }) = self.limit else { return Ok(Vec::new()) };
        let window = self.windows.entry(endpoint).or_insert(Window { began: now, used: 0 });
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
        let mut refusal = if endpoint.is_v2() {
            Answer::v2(429, "RESOURCE_EXHAUSTED", "Too many requests.")
        } else {
            Answer::gateway(429, "Too many requests")
        };
        refusal.headers = headers;
        Err(refusal)
    }
}

/// Whole seconds, as the service sends them, for long windows; short ones are told to the millisecond. Never too early.
fn announce(left: Duration, window: Duration) -> String {
    let millis = left.as_nanos().div_ceil(1_000_000);
    if window.subsec_nanos() == 0 && window.as_secs() >= 10 {
        millis.div_ceil(1000).to_string()
    } else {
        format!("{}.{:03}", millis / 1000, millis % 1000)
    }
}
