//! What is retried, and after which delay.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::Error;

/// Controls how transient failures are retried.
///
/// Calls that only read, and changes that are [idempotent](crate::Request::idempotent), are retried after a lost connection, a
/// timeout, a truncated response, and the statuses 408, 429, 500, 502, 503 and 504. Any other call that creates or changes something
/// is retried only if it was certainly not carried out: the connection couldn't be made or broke before the whole request was sent,
/// or the service answered 429.
///
/// A call that was refused with 401 is repeated once, whatever the policy is, if the
/// [source of tokens](crate::Credentials::access_tokens_from) has a new one. That doesn't count as an attempt.
///
/// The delay is the one that the service requests in `retry-after`; after a 429, it is at least that of `x-ratelimit-reset`. A
/// header can be a list, whose longest delay counts. More than a year isn't a delay. Without one it is random, between zero
/// and a bound that doubles from [`initial_backoff`](Self::initial_backoff) to [`max_backoff`](Self::max_backoff).
///
/// A call that the rate limit refuses (429) was not carried out. It is retried until [`max_elapsed`](Self::max_elapsed) has
/// passed, however often it is refused. A 429 delays all calls of the client that share the limit which refused it: those to the same
/// endpoint, those with the same values of its [parameters](crate::endpoints::KeyedBudget), or those that wait for one of the same
/// [`Slots`](crate::endpoints::Slots). If a response has no delay, the delay grows with each refusal, up to a minute, and a single
/// call is sent after it.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::{Client, RetryPolicy};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let patient = RetryPolicy::new().max_attempts(10).max_elapsed(Duration::from_secs(3600));
/// let client = Client::builder("api-key").retry(patient).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[doc(alias = "attempts")]
#[doc(alias = "sleep")]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) max_elapsed: Duration,
    pub(crate) max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl RetryPolicy {
    /// Returns the default policy.
    pub fn new() -> Self {
        Self {
            max_attempts: 5,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_elapsed: Duration::from_secs(300),
            max_retry_after: Duration::from_secs(90),
        }
    }

    /// Returns a policy without retries.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// Sets the largest number of attempts, including the first one. Defaults to 5; 0 counts as 1. Refusals by the rate limit
    /// don't count, except that with 1, a 429 is returned at once.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the bound of the first random delay. Defaults to 0.5 seconds.
    pub fn initial_backoff(mut self, bound: Duration) -> Self {
        self.initial_backoff = bound;
        self
    }

    /// Sets the largest bound of random delays. Defaults to 20 seconds.
    pub fn max_backoff(mut self, bound: Duration) -> Self {
        self.max_backoff = bound;
        self
    }

    /// Sets how long after the start of a call the last retry can start. Defaults to 5 minutes. Waiting for the rate limit
    /// doesn't count, as long as the service refuses nothing.
    pub fn max_elapsed(mut self, time: Duration) -> Self {
        self.max_elapsed = time;
        self
    }

    /// Sets the longest delay that the service can request. Defaults to 90 seconds; the service's windows last a minute.
    ///
    /// Shorter delays are waited for in full. A longer one is returned at once, as an error with
    /// [`retry_after`](crate::Error::retry_after), and so is a call that would have to wait longer for the rate limit.
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }
}

/// The attempts of one call.
pub(crate) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    backoff: Backoff,
    /// No retry starts later than this. `None` is never.
    budget_ends: Option<Instant>,
    made: u32,
    /// How many of them the rate limit refused.
    refused: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a RetryPolicy) -> Self {
        Self {
            policy,
            backoff: Backoff::new(policy.initial_backoff, policy.max_backoff),
            budget_ends: Instant::now().checked_add(policy.max_elapsed),
            made: 0,
            refused: 0,
        }
    }

    pub(crate) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }

    /// Starts an attempt. Time that doesn't count has moved the end of the budget.
    pub(crate) fn begin(&mut self, budget_ends: Option<Instant>) {
        self.budget_ends = budget_ends;
        self.made = self.made.saturating_add(1);
    }

    /// Doesn't count the last attempt.
    pub(crate) fn forgive(&mut self) {
        self.made = self.made.saturating_sub(1);
    }

    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Returns the delay before a retry, or `None` if there is none.
    ///
    /// `repeatable` is true if a second call does no harm, or if this attempt was certainly not carried out.
    pub(crate) fn pause_after(&mut self, error: &Error, repeatable: bool) -> Option<Duration> {
        if !error.is_transient() || !repeatable || self.made.saturating_sub(self.refused) >= self.policy.max_attempts {
            return None;
        }
        let pause = match error.retry_after() {
            Some(delay) if delay > self.policy.max_retry_after => return None,
            // Even after a delay of zero, the backoff applies.
            Some(delay) => delay.max(self.backoff.next_pause()),
            None => self.backoff.next_pause(),
        };
        self.has_budget_for(pause).then_some(pause)
    }

    /// Whether to retry after a refusal by the rate limit. The gate knows when.
    pub(crate) fn may_wait_for_turn(&mut self, error: &Error) -> bool {
        self.refused = self.refused.saturating_add(1);
        let delay = error.retry_after().unwrap_or_default();
        self.policy.max_attempts > 1 && delay <= self.policy.max_retry_after && self.has_budget_for(delay)
    }

    fn has_budget_for(&self, pause: Duration) -> bool {
        self.budget_ends.is_none_or(|ends| pause <= ends.saturating_duration_since(Instant::now()))
    }
}

/// Practically forever, and short enough to be added to an `Instant`.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Random delays under a bound that doubles.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    bound: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let longest = longest.min(LONGEST);
        Self { bound: first.min(longest), longest }
    }

    /// Returns a delay between zero and the bound.
    pub(crate) fn next_pause(&mut self) -> Duration {
        self.next_bound().mul_f64(random_fraction())
    }

    /// Returns a delay between half the bound and the bound, for polling: a poll that comes too early is wasted.
    pub(crate) fn next_poll_pause(&mut self) -> Duration {
        self.next_bound().mul_f64(0.5 + random_fraction() / 2.0)
    }

    fn next_bound(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.longest);
        bound
    }
}

/// Random enough for delays and boundaries: std's hasher keys, which the operating system seeds.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().hash_one(Instant::now())
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn random_fraction() -> f64 {
    (random_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
