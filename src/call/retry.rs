//! What may be sent again, and after which pause.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::Error;

/// Controls how transient failures are retried.
///
/// Calls that only read are retried after a lost connection, a timeout, a truncated response, and on 408, 429, 500, 502, 503
/// and 504. A call that creates or changes something is retried only if it surely was not carried out: the connection could
/// not be made or broke before the whole request was sent, or the service answered 429.
///
/// The delay before a retry is what the service asks for (`retry-after`, else `x-ratelimit-reset`). Without a word of the
/// service it is random, between zero and a bound that doubles from [`initial_backoff`](Self::initial_backoff) to
/// [`max_backoff`](Self::max_backoff).
///
/// A call that the rate limit refuses (429) was not carried out. It is made again until [`max_elapsed`](Self::max_elapsed) has
/// passed, however often it is refused. A 429 holds back all calls of the client to the same endpoint. If it doesn't say for
/// how long, the delay grows with each refusal, up to a minute, and one call goes first after each delay.
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

    /// Returns a policy that tries every call once.
    pub fn none() -> Self {
        Self::new().max_attempts(1)
    }

    /// Sets how often a call is tried, the first time included. Defaults to 5; 0 counts as 1. Refusals by the rate limit
    /// don't count, unless this is 1: then a 429 is returned at once.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the bound of the first random delay. Defaults to half a second.
    pub fn initial_backoff(mut self, bound: Duration) -> Self {
        self.initial_backoff = bound;
        self
    }

    /// Sets the bound that random delays grow to. Defaults to 20 seconds.
    pub fn max_backoff(mut self, bound: Duration) -> Self {
        self.max_backoff = bound;
        self
    }

    /// Sets how long after the beginning of a call the last retry can begin. Defaults to 5 minutes. Waiting for the turn
    /// within a rate limit doesn't count, as long as the service refuses nothing.
    pub fn max_elapsed(mut self, time: Duration) -> Self {
        self.max_elapsed = time;
        self
    }

    /// Sets the longest delay that the service can ask for. Defaults to 90 seconds; the service's windows last a minute.
    ///
    /// A delay up to this is waited for in full. What asks for more is returned at once, as an error that carries it in
    /// [`retry_after`](crate::Error::retry_after); so is a call that would have to wait longer for its turn.
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }
}

/// The attempts of one call.
pub(crate) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    backoff: Backoff,
    /// No repetition begins later than this; `None` is never.
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

    /// An attempt begins. Time that doesn't count has moved the end of the budget.
    pub(crate) fn begin(&mut self, budget_ends: Option<Instant>) {
        self.budget_ends = budget_ends;
        self.made = self.made.saturating_add(1);
    }

    /// The last attempt doesn't count.
    pub(crate) fn forgive(&mut self) {
        self.made = self.made.saturating_sub(1);
    }

    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// The pause before the call is made again; `None` if it must not be.
    ///
    /// `repeatable`: the call does no harm when it is carried out twice, or this attempt surely wasn't carried out.
    pub(crate) fn pause_after(&mut self, error: &Error, repeatable: bool) -> Option<Duration> {
        if !error.is_transient() || !repeatable || self.made.saturating_sub(self.refused) >= self.policy.max_attempts {
            return None;
        }
        let pause = match error.retry_after() {
            Some(asked) if asked > self.policy.max_retry_after => return None,
            // A service that asks for no pause at all is not hammered for it.
            Some(asked) => asked.max(self.backoff.next_pause()),
            None => self.backoff.next_pause(),
        };
        self.has_budget_for(pause).then_some(pause)
    }

    /// Whether the call is made again after the rate limit has refused it, as often as it takes: the gate knows when.
    pub(crate) fn may_wait_for_turn(&mut self, error: &Error) -> bool {
        self.refused = self.refused.saturating_add(1);
        let asked = error.retry_after().unwrap_or_default();
        self.policy.max_attempts > 1 && asked <= self.policy.max_retry_after && self.has_budget_for(asked)
    }

    fn has_budget_for(&self, pause: Duration) -> bool {
        self.budget_ends.is_none_or(|ends| pause <= ends.saturating_duration_since(Instant::now()))
    }
}

/// Longer than anybody waits, and short enough to be added to a point in time.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Random pauses under a bound that doubles.
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

    /// Between zero and the bound.
    pub(crate) fn next_pause(&mut self) -> Duration {
        self.next_bound().mul_f64(random_fraction())
    }

    /// Between half the bound and the bound, for polling: a poll that comes too soon is a request for nothing.
    pub(crate) fn next_poll_pause(&mut self) -> Duration {
        self.next_bound().mul_f64(0.5 + random_fraction() / 2.0)
    }

    fn next_bound(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.longest);
        bound
    }
}

/// Random enough for pauses and boundaries: the standard library's own source, seeded by the operating system.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().hash_one(Instant::now())
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn random_fraction() -> f64 {
    (random_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
