//! The rate limits of the sandbox.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use rblxopencloud::Endpoint;

use crate::http::Answer;
use crate::routes::Caller;

/// The number of requests that an endpoint accepts in a window of time, for
/// [`Sandbox::set_rate_limit`](crate::Sandbox::set_rate_limit).
///
/// Each endpoint has its own window. Responses have the headers that the live service was seen to send: with 200, 403 and 429
/// alike, not with 404; a list in every fourth of them; and in windows of more than 5 seconds a `retry-after` of 5, whatever is
/// left of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// `None` is the endpoint's own budget.
    requests: Option<u64>,
    window: Duration,
    is_aligned: bool,
}

impl RateLimit {
    /// Returns a limit of `requests` in each window, the same for all endpoints. A window begins with the first request after
    /// the last one ended.
    #[must_use]
    pub fn new(requests: u64, window: Duration) -> Self {
        Self { requests: Some(requests), window, is_aligned: false }
    }

    /// Returns the limits that Roblox documents: each endpoint's [budget](rblxopencloud::endpoints) a minute, for the key and for the
    /// token. As on the live service, a window begins with each minute of the clock.
    ///
    /// ```
    /// use rblxopencloud::UserInfo;
    /// use rblxopencloud_sandbox::{RateLimit, Sandbox};
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
        Self { requests: None, window: Duration::from_secs(60), is_aligned: true }
    }

    /// Sets whether windows begin at multiples of their length since the Unix epoch, so that the first one is cut short, or with
    /// the first request, so that a test doesn't depend on the time of day.
    #[must_use]
    pub fn aligned_to_clock(mut self, is_aligned: bool) -> Self {
        self.is_aligned = is_aligned;
        self
    }

    /// Returns when a window ends that begins now. `None` is never.
    fn end(&self, now: Now) -> Option<Instant> {
        let begun = match self.window.as_nanos() {
            length if self.is_aligned && length > 0 => now.since_epoch.as_nanos() % length,
            _ => 0,
        };
        let left = self.window.saturating_sub(Duration::from_nanos(u64::try_from(begun).unwrap_or(u64::MAX)));
        now.instant.checked_add(left)
    }

    fn requests_to(&self, endpoint: &Endpoint, by_key: bool) -> u64 {
        let budget = if by_key { endpoint.key_budget() } else { endpoint.oauth_budget() };
        self.requests.or(budget.map(u64::from)).unwrap_or(u64::MAX)
    }
}

/// The time by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    instant: Instant,
    since_epoch: Duration,
}

impl Now {
    pub(crate) fn read() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), since_epoch }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<RateLimit>,
    /// By endpoint, and whose credentials were used.
    windows: HashMap<(Endpoint, Caller), Window>,
    /// How many requests were counted.
    counted: u64,
    pub(crate) refused: u64,
}

#[derive(Debug)]
struct Window {
    /// `None` is never.
    ends: Option<Instant>,
    used: u64,
}

/// The headers of a response.
pub(crate) type LimitHeaders = Vec<(String, String)>;

/// Of so many responses, one has lists in its headers, as if another limit applied too.
const LIST_EVERY: u64 = 4;
/// What refusals ask for in longer windows, in seconds, whatever is left of the window.
const RETRY_AFTER: u64 = 5;

impl Limiter {
    pub(crate) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.windows.clear();
        self.counted = 0;
    }

    /// Counts a request. Returns the headers of its response, or the refusal.
    pub(crate) fn take(&mut self, endpoint: &Endpoint, caller: Caller, now: Now) -> Result<LimitHeaders, Answer> {
        let Some(limit) = self.limit else { return Ok(Vec::new()) };
        let by_key = matches!(caller, Caller::Key | Caller::Nobody);
        let (requests, length) = (limit.requests_to(endpoint, by_key), limit.window);
        let new = || Window { ends: limit.end(now), used: 0 };
        let window = self.windows.entry((*endpoint, caller)).or_insert_with(new);
        if window.ends.is_some_and(|end| end <= now.instant) {
            *window = new();
        }
        let passes = window.used < requests;
        window.used += u64::from(passes);
        let left = window.ends.map_or(length, |end| end.saturating_duration_since(now.instant));
        let (remaining, reset) = (requests - window.used, announce(left, length));
        let retry_after =
            if length > Duration::from_secs(RETRY_AFTER) { RETRY_AFTER.to_string() } else { reset.clone() };

        self.counted += 1;
        let lists = (self.counted % LIST_EVERY == 0).then_some(self.counted / LIST_EVERY);
        let header = |name: &str, value: String| (name.to_owned(), value);
        // The limit that binds comes first in one list and last in the next one.
        let list = |value: String, other: &str| match lists {
            None => value,
            Some(count) if count % 2 == 1 => format!("{value}, {other}"),
            Some(_) => format!("{other}, {value}"),
        };
        let mut headers = vec![
            header("x-ratelimit-limit", format!("{requests}, {requests};w={}", length.as_secs_f64())),
            header("x-ratelimit-remaining", list(remaining.to_string(), &requests.to_string())),
            header("x-ratelimit-reset", list(reset, "0")),
        ];
        if passes {
            return Ok(headers);
        }
        self.refused += 1;
        headers.push(header("retry-after", retry_after));
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

#[cfg(test)]
mod tests {
    use super::*;
    use rblxopencloud::endpoints::{GET_GROUP, GET_USER};

    /// A moment so many seconds after a full minute.
    fn at(start: Instant, seconds: u64) -> Now {
        let since_epoch = Duration::from_secs(1_700_000_040 + seconds);
        assert_eq!(since_epoch.as_secs() % 60, seconds % 60);
        Now { instant: start + Duration::from_secs(seconds), since_epoch }
    }

    fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
        headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    #[test]
    fn windows_are_aligned_to_the_clock_on_request() {
        let start = Instant::now();
        for (limit, expected) in [
            (RateLimit::documented(), [(38, "22"), (59, "1"), (60, "60"), (90, "30")]),
            (RateLimit::documented().aligned_to_clock(false), [(38, "60"), (59, "39"), (60, "38"), (90, "8")]),
            (RateLimit::new(9, Duration::from_secs(60)), [(38, "60"), (59, "39"), (60, "38"), (90, "8")]),
            (
                RateLimit::new(9, Duration::from_secs(20)).aligned_to_clock(true),
                [(38, "2"), (39, "1"), (40, "20"), (70, "10")],
            ),
        ] {
            let mut limiter = Limiter::default();
            limiter.set(Some(limit));
            for (seconds, reset) in expected {
                let headers = limiter.take(&GET_USER, Caller::Key, at(start, seconds)).expect("it passes");
                let given = header(&headers, "x-ratelimit-reset").split(',').next();
                assert_eq!(given, Some(reset), "{limit:?} after {seconds} s");
            }
        }
    }

    #[test]
    fn refusals_ask_for_five_seconds_beside_a_longer_reset() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        limiter.set(Some(RateLimit::new(1, Duration::from_secs(60)).aligned_to_clock(true)));
        let mut take = |seconds| limiter.take(&GET_GROUP, Caller::Key, at(start, seconds));
        assert!(take(38).is_ok());
        let refusal = take(38).expect_err("one a minute");
        assert_eq!(refusal.status, 429);
        assert_eq!(header(&refusal.headers, "retry-after"), "5");
        assert_eq!(header(&refusal.headers, "x-ratelimit-reset"), "22");
        assert!(take(38).is_err());
        // The fourth response has lists.
        let refusal = take(57).expect_err("one a minute");
        assert_eq!(header(&refusal.headers, "x-ratelimit-reset"), "3, 0");
        assert_eq!(header(&refusal.headers, "x-ratelimit-remaining"), "0, 1");
        assert_eq!(header(&refusal.headers, "retry-after"), "5");
        assert!(take(60).is_ok());
        for _ in 0..2 {
            assert!(take(97).is_err());
        }
        let refusal = take(98).expect_err("one a minute");
        assert_eq!(header(&refusal.headers, "x-ratelimit-reset"), "0, 22");
        assert_eq!(header(&refusal.headers, "x-ratelimit-remaining"), "1, 0");
        assert_eq!(limiter.refused, 6);
    }
}
