//! What the service accepts of an endpoint's requests.

use std::fmt;
use std::time::Duration;

/// A number of requests in a period of time, which the service accepts.
///
/// A call waits instead of exceeding it. If the wait would be longer than [`max_retry_after`], as with a period of an hour, or
/// than the time limit of the call, the call fails at once as [`RateLimited`], and nothing is sent.
///
/// A budget counts until a response announces a window, and one of less than a minute always. It counts for
/// `https://apis.roblox.com`, and for another base URL on request: see [`documented_budgets`].
///
/// [`max_retry_after`]: crate::RetryPolicy::max_retry_after
/// [`RateLimited`]: crate::ErrorKind::RateLimited
/// [`documented_budgets`]: crate::ClientBuilder::documented_budgets
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::endpoints::{self, Budget};
///
/// const BUDGET: Budget = Budget::per_second(3);
/// assert_eq!((BUDGET.count(), BUDGET.period()), (3, Duration::from_secs(1)));
/// assert_eq!(BUDGET.to_string(), "3 a second");
/// assert_eq!(endpoints::GET_SUBSCRIPTION.oauth_budget(), Some(BUDGET));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    count: u32,
    period: Duration,
}

impl Budget {
    /// Creates a budget of `count` requests in each `period`.
    ///
    /// # Panics
    /// Panics if `count` or `period` is zero. In a constant, that is an error of the compiler.
    #[must_use]
    pub const fn new(count: u32, period: Duration) -> Self {
        assert!(count > 0 && !period.is_zero(), "a budget has at least one request, and a period");
        Self { count, period }
    }

    /// Creates a budget of `count` requests a second. See [`new`](Self::new).
    #[must_use]
    pub const fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// Creates a budget of `count` requests a minute. See [`new`](Self::new).
    #[must_use]
    pub const fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// Returns the number of requests.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns the period.
    #[must_use]
    pub const fn period(self) -> Duration {
        self.period
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.period.as_secs(), self.period.subsec_nanos()) {
            (1, 0) => write!(f, "{} a second", self.count),
            (60, 0) => write!(f, "{} a minute", self.count),
            (3600, 0) => write!(f, "{} an hour", self.count),
            _ => write!(f, "{} in {:?}", self.count, self.period),
        }
    }
}

/// A budget that requests share only if some parameters of their paths have the same values.
///
/// See [`Endpoint::with_budget_for`](super::Endpoint::with_budget_for) and
/// [`Endpoint::with_shared_budget_for`](super::Endpoint::with_shared_budget_for).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KeyedBudget {
    /// The names of the parameters.
    pub parameters: &'static [&'static str],
    /// What the service accepts for the same values.
    pub budget: Budget,
    /// The name under which several endpoints share the budget. `None` if it is that of one endpoint.
    pub shared: Option<&'static str>,
}

/// A number of pieces of work that the service has unfinished at once, such as 10 tasks of one place.
///
/// A request that starts such work takes a slot, and waits for one if all are taken. The wait ends as
/// [`RateLimited`](crate::ErrorKind::RateLimited) if no slot becomes free for as long as
/// [`max_retry_after`](crate::RetryPolicy::max_retry_after), which defaults to 90 seconds, or if the call has a time limit that
/// ends first. Slots count for any base URL.
///
/// A slot is free again:
///
/// - at once, if the request certainly started no work;
/// - the [recovery](Self::with_recovery) after the client has learned that the work ended, by waiting for it;
/// - the `lifetime` after the response, if the client doesn't learn of the end.
///
/// See [`Endpoint::with_slots`](super::Endpoint::with_slots).
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::endpoints::Slots;
///
/// const TASKS: Slots = Slots::new("Luau tasks", &["universe", "place"], 10, Duration::from_secs(345))
///     .with_recovery(Duration::from_secs(10));
/// assert_eq!(TASKS.count(), 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slots {
    name: &'static str,
    parameters: &'static [&'static str],
    count: u32,
    lifetime: Duration,
    recovery: Duration,
}

impl Slots {
    /// Creates a pool of `count` slots for each combination of values of `parameters`, which are parameters of the path.
    ///
    /// All endpoints whose slots have the same `name` share the pool. `lifetime` is how long work can take at the most.
    ///
    /// # Panics
    /// Panics if `count` or `lifetime` is zero. In a constant, that is an error of the compiler.
    #[must_use]
    pub const fn new(name: &'static str, parameters: &'static [&'static str], count: u32, lifetime: Duration) -> Self {
        assert!(count > 0 && !lifetime.is_zero(), "a pool has at least one slot, and work takes time");
        Self { name, parameters, count, lifetime, recovery: Duration::ZERO }
    }

    /// Sets how long after the known end of work its slot stays taken, because the service notices the end later. Defaults to
    /// zero.
    #[must_use]
    pub const fn with_recovery(mut self, recovery: Duration) -> Self {
        self.recovery = recovery;
        self
    }

    /// Returns the name of the pool.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns the names of the parameters.
    #[must_use]
    pub const fn parameters(self) -> &'static [&'static str] {
        self.parameters
    }

    /// Returns the number of slots.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Returns how long work can take at the most.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        self.lifetime
    }

    /// Returns how long after the known end of work its slot stays taken.
    #[must_use]
    pub const fn recovery(self) -> Duration {
        self.recovery
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_shown_with_their_period() {
        for (budget, shown) in [
            (Budget::per_minute(150), "150 a minute"),
            (Budget::per_second(4000), "4000 a second"),
            (Budget::new(7, Duration::from_secs(3600)), "7 an hour"),
            (Budget::new(5, Duration::from_millis(1500)), "5 in 1.5s"),
        ] {
            assert_eq!(budget.to_string(), shown);
        }
    }
}
