//! What may be sent again, and after which pause.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// How a client comes through failures that pass.
///
/// The order of thought is: was it never sent → may it be repeated → is the cause passing. Calls that only read are
/// repeated after a lost connection, a time-out, a truncated answer, and on 408, 429, 500, 502, 503 and 504. A call that
/// creates or changes something is repeated only when it surely was not carried out: the connection could not be made or
/// broke before the whole request was sent, or the service answered 429.
///
/// The pause before a repetition is what the service asks for (`retry-after`, else `x-ratelimit-reset`), else random
/// between zero and a bound that doubles from `first_pause` to `longest_pause`.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::{Client, RetryPolicy};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let patient = RetryPolicy { attempts: 10, budget: Duration::from_secs(3600), ..RetryPolicy::default() };
/// let client = Client::builder("api-key").retry(patient).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is tried, the first time included; 5 by default. 0 counts as 1.
    pub attempts: u32,
    /// The bound of the first random pause; half a second by default.
    pub first_pause: Duration,
    /// The bound that random pauses grow to; 20 seconds by default.
    pub longest_pause: Duration,
    /// No repetition begins later than this after the call began; 5 minutes by default. Waiting for the turn within a
    /// rate limit doesn't count.
    pub budget: Duration,
    /// The longest pause that the service can ask for. What asks for more is returned at once, as an error that carries
    /// it; 90 seconds by default, the service's windows being a minute.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(20),
            budget: Duration::from_secs(300),
            longest_retry_after: Duration::from_secs(90),
        }
    }
}

impl RetryPolicy {
    /// Every call is tried once.
    #[must_use]
    pub fn none() -> Self {
        Self { attempts: 1, ..Self::default() }
    }
}

/// The attempts of one call.
pub(crate) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    backoff: Backoff,
    /// Moves back by the time that was spent waiting at the gate.
    began: Instant,
    pub(crate) made: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: &'a RetryPolicy) -> Self {
        Self { policy, backoff: Backoff::new(policy.first_pause, policy.longest_pause), began: Instant::now(), made: 0 }
    }

    /// Time that doesn't count against the budget.
    pub(crate) fn excuse(&mut self, waited: Duration) {
        self.began += waited;
    }

    /// The pause before the call is made again; `None` if it must not be.
    ///
    /// `repeatable`: the call does no harm when it is carried out twice, or this attempt surely wasn't carried out.
    pub(crate) fn pause_after(&mut self, error: &Error, repeatable: bool) -> Option<Duration> {
        if !error.is_passing()
            || !(repeatable || error.kind() == ErrorKind::RateLimited)
            || self.made >= self.policy.attempts
        {
            return None;
        }
        let pause = match error.retry_after() {
            Some(asked) if asked > self.policy.longest_retry_after => return None,
            // A service that asks for no pause at all is not hammered for it.
            Some(asked) => asked.max(self.backoff.next_pause()),
            None => self.backoff.next_pause(),
        };
        (self.began.elapsed().saturating_add(pause) <= self.policy.budget).then_some(pause)
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
fn random_fraction() -> f64 {
    (random_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
