//! What a case of the simulation is.

use std::time::Duration;

use crate::api::{Budget, Slots};

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Counting {
    /// A window begins with the first request after the last one ended.
    Fixed,
    /// Windows begin at multiples of their length.
    Aligned,
    /// The last period counts.
    Sliding,
}

/// What the service announces beside the status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Headers {
    /// Whole seconds, rounded up.
    Seconds,
    /// Whole seconds, and a constant `retry-after`, as the live service does.
    Live,
    Exact,
    /// Only `retry-after`.
    RetryAfter,
    Nothing,
}

/// What the client knows of the budgets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Known {
    Nothing,
    /// They are declared, and don't count.
    Declared,
    Held,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) counting: Counting,
    pub(super) headers: Headers,
    /// Of so many responses, one has headers.
    pub(super) announced: u64,
    /// Whether headers list all windows of a request, and not only the one that has least left.
    pub(super) has_lists: bool,
    pub(super) known: Known,
    pub(super) own: Option<Budget>,
    pub(super) keyed: Option<Budget>,
    /// How many slots each key has.
    pub(super) slots: Option<u32>,
    /// How many values the parameters have.
    pub(super) keys: usize,
    pub(super) processes: usize,
    pub(super) threads: usize,
    /// Of each thread.
    pub(super) calls: u64,
    pub(super) latency: Duration,
    /// Everything is refused, without headers, until then.
    pub(super) outage: Duration,
    /// The longest time that work takes.
    pub(super) work: Duration,
    pub(super) recovery: Duration,
    /// Of so many calls, one is cancelled while it waits, one fails before it is sent, and one forgets its slot.
    pub(super) accidents: u64,
}

impl Scenario {
    pub(super) fn pool(&self) -> Option<Slots> {
        // The client learns of the start a latency later than the service.
        let lifetime = (self.work + self.recovery).max(ms(1));
        Some(Slots::new("work", &["key"], self.slots?, lifetime).with_recovery(self.recovery))
    }
}

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
