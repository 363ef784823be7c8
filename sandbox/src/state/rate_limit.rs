//! The rate limits of the sandbox.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use crate::http::Answer;
use crate::routes::Caller;
use crate::world::clock::Clock;
use rblxopencloud::endpoints::Budget;
use rblxopencloud::{Endpoint, Method};

/// The number of requests that an endpoint accepts in a window of time, for
/// [`Sandbox::set_rate_limit`](crate::Sandbox::set_rate_limit).
///
/// Each endpoint has its own window. Responses have the headers that the live service was seen to send: with 200, 403 and 429
/// alike, not with 404; a list in every fourth of them; and in windows of more than 5 seconds a `retry-after` of 5, whatever is
/// left of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub(crate) counting: Counting,
    pub(crate) is_aligned: bool,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// The same for all endpoints.
    Each { requests: u64, window: Duration },
    /// Each endpoint's own budgets.
    Documented,
}

impl RateLimit {
    /// Returns a limit of `requests` in each window, the same for all endpoints. A window begins with the first request after
    /// the last one ended.
    #[must_use]
    pub fn new(requests: u64, window: Duration) -> Self {
        Self { counting: Counting::Each { requests, window }, is_aligned: false }
    }

    /// Returns the limits that Roblox documents: each endpoint's [budget](rblxopencloud::endpoints::Budget) for the key and for
    /// the token, and its budgets for the values of path parameters. As on the live service, the windows of a minute begin
    /// with each minute of the clock, and those of a second with each second.
    ///
    /// A client of another base URL than the service's learns them from responses. To have it count them before, as on the live
    /// service, set [`documented_budgets`](rblxopencloud::ClientBuilder::documented_budgets).
    ///
    /// ```
    /// use rblxopencloud::UserInfo;
    /// use rblxopencloud_sandbox::{RateLimit, Sandbox};
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_user(UserInfo::new(156, "builderman"));
    /// sandbox.set_rate_limit(Some(RateLimit::documented()));
    /// let client = sandbox.client_with(|builder| builder.documented_budgets(true))?;
    /// assert!(client.user(156).fetch_info().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn documented() -> Self {
        Self { counting: Counting::Documented, is_aligned: true }
    }

    /// Sets whether windows begin at multiples of their length since the Unix epoch, so that the first one is cut short, or with
    /// the first request, so that a test doesn't depend on the time of day.
    #[must_use]
    pub fn aligned_to_clock(mut self, is_aligned: bool) -> Self {
        self.is_aligned = is_aligned;
        self
    }

    /// Returns a window of this length that begins now.
    fn begin(&self, length: Duration, now: Now) -> Window {
        let begun = match length.as_nanos() {
            length if self.is_aligned && length > 0 => now.since_epoch.as_nanos() % length,
            _ => 0,
        };
        let left = length.saturating_sub(Duration::from_nanos(u64::try_from(begun).unwrap_or(u64::MAX)));
        Window { ends: now.instant.checked_add(left), used: 0 }
    }

    /// Returns the limits of a request: that of its endpoint first, and then those of its parameters.
    fn quotas(&self, endpoint: &Endpoint, values: &[String], caller: Caller) -> Vec<Quota> {
        let quota = |budget: Budget, values| Quota {
            name: (Counted::of(endpoint), caller, values),
            requests: u64::from(budget.count()),
            length: budget.period(),
        };
        let own = (0, Vec::new());
        if let Counting::Each { requests, window } = self.counting {
            let name = (Counted::of(endpoint), caller, own);
            return vec![Quota { name, requests, length: window }];
        }
        let by_key = matches!(caller, Caller::Key | Caller::Nobody);
        let budget = if by_key { endpoint.key_budget() } else { endpoint.oauth_budget() };
        let mut quotas: Vec<Quota> = vec![match budget {
            Some(budget) => quota(budget, own),
            None => {
                let name = (Counted::of(endpoint), caller, own);
                Quota { name, requests: u64::MAX, length: Duration::from_secs(60) }
            }
        }];
        let names = endpoint.path().split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let named: HashMap<&str, &String> = names.zip(values).collect();
        quotas.extend((1..).zip(endpoint.keyed_budgets()).map(|(number, keyed)| {
            let key = keyed.parameters.iter().map(|name| named.get(name).copied().cloned()).collect();
            match keyed.shared {
                None => quota(keyed.budget, (number, key)),
                Some(name) => Quota {
                    name: (Counted::Shared(name, keyed.parameters), caller, (0, key)),
                    requests: u64::from(keyed.budget.count()),
                    length: keyed.budget.period(),
                },
            }
        }));
        quotas
    }
}

/// The time by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    instant: Instant,
    since_epoch: Duration,
}

impl Now {
    pub(crate) fn read(clock: Clock) -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { instant: clock.instant(), since_epoch: since_epoch + clock.ahead }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<RateLimit>,
    windows: HashMap<QuotaName, Window>,
    /// How many requests were counted.
    counted: u64,
    pub(crate) refused: u64,
}

/// What is counted, whose credentials were used, and which of the endpoint's limits it is, with the values of its parameters.
type QuotaName = (Counted, Caller, (usize, Vec<Option<String>>));

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Counted {
    /// Those to an endpoint.
    Endpoint(Method, &'static str),
    /// Those to all endpoints that share a budget of this name for these parameters.
    Shared(&'static str, &'static [&'static str]),
}

impl Counted {
    fn of(endpoint: &Endpoint) -> Self {
        Self::Endpoint(endpoint.method(), endpoint.path())
    }
}

/// One of the limits of a request.
#[derive(Debug)]
struct Quota {
    name: QuotaName,
    requests: u64,
    length: Duration,
}

/// What headers tell of a limit.
struct Announced {
    limit: String,
    remaining: String,
    reset: String,
}

#[derive(Debug)]
struct Window {
    /// `None` is never.
    ends: Option<Instant>,
    used: u64,
}

/// The headers of a response.
pub(crate) type LimitHeaders = Vec<(String, String)>;

/// Of so many responses, one has lists in its headers: of all limits of the request, or as if another one applied too.
const LIST_EVERY: u64 = 4;
/// The `retry-after` of refusals in longer windows, in seconds, whatever is left of the window.
const RETRY_AFTER: u64 = 5;

impl Limiter {
    pub(crate) fn limit(&self) -> Option<RateLimit> {
        self.limit
    }

    pub(crate) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.windows.clear();
        self.counted = 0;
    }

    /// Counts a request with these values of its parameters, in order. Returns the headers of its response, or the refusal.
    pub(crate) fn take(
        &mut self,
        endpoint: &Endpoint,
        values: &[String],
        caller: Caller,
        now: Now,
    ) -> Result<LimitHeaders, Answer> {
        let Some(limit) = self.limit else { return Ok(LimitHeaders::new()) };
        let quotas = limit.quotas(endpoint, values, caller);
        let mut is_accepted = true;
        for quota in &quotas {
            let window = self.windows.entry(quota.name.clone()).or_insert_with(|| limit.begin(quota.length, now));
            if window.ends.is_some_and(|end| end <= now.instant) {
                *window = limit.begin(quota.length, now);
            }
            is_accepted &= window.used < quota.requests;
        }
        for quota in &quotas {
            let window = self.windows.get_mut(&quota.name).expect("it was made above");
            window.used += u64::from(is_accepted);
        }
        // Responses tell the window of which the least is left.
        let left_of = |quota: &Quota| quota.requests - self.windows[&quota.name].used;
        let announced = |quota: &Quota| {
            let (requests, length) = (quota.requests, quota.length);
            let ends = self.windows[&quota.name].ends;
            let left = ends.map_or(length, |end| end.saturating_duration_since(now.instant));
            Announced {
                limit: format!("{requests}, {requests};w={}", length.as_secs_f64()),
                remaining: left_of(quota).to_string(),
                reset: announce(left, length),
            }
        };
        let mut sorted: Vec<&Quota> = quotas.iter().collect();
        sorted.sort_by_key(|quota| left_of(quota));
        let binding = *sorted.first().expect("an endpoint has a limit");
        let mut list: Vec<Announced> = sorted.into_iter().map(announced).collect();
        let retry_after = match binding.length > Duration::from_secs(RETRY_AFTER) {
            true => RETRY_AFTER.to_string(),
            false => list[0].reset.clone(),
        };

        self.counted += 1;
        if self.counted % LIST_EVERY != 0 {
            list.truncate(1);
        } else if list.len() == 1 {
            let unused = binding.requests.to_string();
            list.push(Announced { limit: String::new(), remaining: unused, reset: "0".to_owned() });
        }
        // The limit that binds comes first in one list and last in the next one.
        if self.counted / LIST_EVERY % 2 == 0 {
            list.reverse();
        }
        let header = |name: &str, value: fn(&Announced) -> &str| {
            let values: Vec<&str> = list.iter().map(value).filter(|value| !value.is_empty()).collect();
            (name.to_owned(), values.join(", "))
        };
        let mut headers = vec![
            header("x-ratelimit-limit", |announced| &announced.limit),
            header("x-ratelimit-remaining", |announced| &announced.remaining),
            header("x-ratelimit-reset", |announced| &announced.reset),
        ];
        if is_accepted {
            return Ok(headers);
        }
        self.refused += 1;
        headers.push(("retry-after".to_owned(), retry_after));
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
    use rblxopencloud::endpoints::{GET_GROUP, GET_SUBSCRIPTION, GET_USER};

    /// A time so many seconds after a full minute.
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
                let headers = limiter.take(&GET_USER, &[], Caller::Key, at(start, seconds)).expect("it passes");
                let given = header(&headers, "x-ratelimit-reset").split(',').next();
                assert_eq!(given, Some(reset), "{limit:?} after {seconds} s");
            }
        }
    }

    #[test]
    fn refusals_have_a_delay_of_five_seconds_beside_a_longer_reset() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        limiter.set(Some(RateLimit::new(1, Duration::from_secs(60)).aligned_to_clock(true)));
        let mut take = |seconds| limiter.take(&GET_GROUP, &[], Caller::Key, at(start, seconds));
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

    #[test]
    fn documented_limits_have_their_own_period() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        limiter.set(Some(RateLimit::documented()));
        let mut take = |caller, seconds| limiter.take(&GET_SUBSCRIPTION, &[], caller, at(start, seconds));
        for seconds in [0, 1, 2, 3] {
            for remaining in ["2", "1", "0"] {
                let headers = take(Caller::Token, seconds).expect("three a second");
                assert!(header(&headers, "x-ratelimit-limit").ends_with(";w=1"), "{headers:?}");
                assert!(header(&headers, "x-ratelimit-remaining").split(", ").any(|left| left == remaining));
            }
            let refusal = take(Caller::Token, seconds).expect_err("three a second");
            assert!(header(&refusal.headers, "x-ratelimit-reset").split(", ").any(|reset| reset == "1.000"));
        }
        assert!((0..500).all(|_| take(Caller::Key, 0).is_ok()), "keys have 500 a minute");
        assert!(take(Caller::Key, 59).is_err());
    }

    #[test]
    fn limits_of_parameters_are_counted_for_each_value() {
        const RESTRICT: Endpoint = Endpoint::patch("/cloud/v2/universes/{universe}/restrictions/{user}")
            .with_budget(100, 100)
            .with_budget_for(&["universe", "user"], Budget::per_minute(2));
        let start = Instant::now();
        let mut limiter = Limiter::default();
        limiter.set(Some(RateLimit::documented()));
        let mut take = |ids: [u64; 2], seconds| {
            limiter.take(&RESTRICT, &ids.map(|id| id.to_string()), Caller::Key, at(start, seconds))
        };
        for minute in [0, 60] {
            for ids in [[1, 2], [2, 1]] {
                assert!(take(ids, minute).is_ok() && take(ids, minute + 30).is_ok());
                let refusal = take(ids, minute + 50).expect_err("two a minute");
                assert!(header(&refusal.headers, "x-ratelimit-limit").starts_with("2, 2;"));
                assert!(header(&refusal.headers, "x-ratelimit-reset").split(", ").any(|reset| reset == "10"));
            }
        }
        // The twelfth and the sixteenth response have lists.
        let lists = [1, 2, 3, 4].map(|user| take([5, user], 120).expect("it is the first"));
        let list = |name| header(&lists[3], name);
        assert_eq!(list("x-ratelimit-limit"), "100, 100;w=60, 2, 2;w=60");
        assert_eq!((list("x-ratelimit-remaining"), list("x-ratelimit-reset")), ("96, 1", "60, 60"));
    }
}
