//! The state of one rate limit. It is pure: the time is an argument, and nothing waits.

use std::time::{Duration, Instant};

use super::limits::Limits;
use crate::call::retry::{LONGEST, RetryPolicy};

/// The current window, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// When the window ends. `None` until a response tells.
    ends: Option<Instant>,
    /// No request is sent before this.
    closed_until: Option<Instant>,
    /// How many of our requests the window accepts: the limit, less what others have used.
    budget: Option<u64>,
    limit: Option<u64>,
    /// Requests sent in this window, answered or not.
    sent: u64,
    /// What others had used at our first response. It may have been us, a minute ago.
    used_before: Option<u64>,
    /// What others have used since.
    foreign: u64,
    under_way: u64,
    probe: Probe,
    /// How often a refusal has closed it. A refusal of a request sent before the last one is outdated.
    closures: u64,
    /// The bound of the last delay that was chosen here. `None` while the service refuses nothing.
    backoff: Option<Duration>,
}

/// After a wait, a single request probes what the new window accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Probe {
    #[default]
    No,
    Due,
    Out(Instant),
}

/// How long to wait for a slow probe, such as an upload.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

/// Why a request can't be sent now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Block {
    /// Not before this.
    Until(Instant),
    /// Not before this, unless a pending response opens the gate.
    UntilNews(Instant),
    /// Not before this, unless the probe is answered.
    UntilProbed(Instant),
}

/// A request that was let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    is_probe: bool,
    closures: u64,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// No response, so nothing is known.
    Unanswered,
    Answered(Limits),
    /// A 429 of the rate limit.
    Refused(Limits),
}

/// How long to close after a refusal without a delay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    first: Duration,
    /// The delay doubles up to this, and then grows by it.
    step: Duration,
    longest: Duration,
}

/// The length of the service's windows.
const WINDOW: Duration = Duration::from_secs(60);

/// The shortest delay while the service refuses everything, whatever the policy is.
const SHORTEST: Duration = Duration::from_millis(1);

impl Closing {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        // Even a short budget has time for a few attempts.
        let longest = WINDOW.min(policy.max_retry_after).min(policy.max_elapsed / 5).max(SHORTEST);
        let first = policy.initial_backoff.clamp(SHORTEST, longest);
        Self { first, step: policy.max_backoff.clamp(first, longest), longest }
    }

    fn after(&self, last: Option<Duration>) -> Duration {
        let next = match last {
            None => self.first,
            Some(last) if last < self.step => (last * 2).min(self.step),
            Some(last) => last + self.step,
        };
        next.min(self.longest)
    }
}

impl Default for Closing {
    fn default() -> Self {
        Self::new(&RetryPolicy::default())
    }
}

impl Window {
    /// Advances to `now`, and returns why a request can't be sent, if it can't.
    pub(super) fn block(&mut self, now: Instant) -> Option<Block> {
        if let Some(until) = self.closed_until {
            if now < until {
                return Some(Block::Until(until));
            }
            self.closed_until = None;
            self.begin(Probe::Due);
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            let is_used_up = self.left().is_some_and(|left| left == 0);
            self.begin(if is_used_up || self.is_refusing() { Probe::Due } else { Probe::No });
        }
        if let Probe::Out(since) = self.probe {
            if now < since + PROBE_PATIENCE {
                return Some(Block::UntilProbed(since + PROBE_PATIENCE));
            }
            self.probe = self.next_probe();
        }
        let (left, ends) = (self.left()?, self.ends?);
        if left == 0 {
            Some(Block::Until(ends))
        } else if self.share_of(left) == 0 {
            Some(if self.under_way > 0 { Block::UntilNews(ends) } else { Block::Until(ends) })
        } else {
            None
        }
    }

    /// Whether the last known response was a refusal.
    pub(super) fn is_refusing(&self) -> bool {
        self.backoff.is_some()
    }

    /// Handles a probe without a result: the others may be sent, but one at a time if the last response was a refusal.
    fn next_probe(&self) -> Probe {
        if self.is_refusing() { Probe::Due } else { Probe::No }
    }

    /// Returns how many more requests the window accepts, as far as is known.
    fn left(&self) -> Option<u64> {
        Some(self.budget?.saturating_sub(self.sent))
    }

    /// Returns how many of them to send before the next response, if others share the limit.
    ///
    /// The others have requests in flight in proportion to ours, which no response has told yet. They see the same rest as we
    /// do: if everyone takes their share of it, the last requests of a window are sent once, and not once for each process.
    fn share_of(&self, left: u64) -> u64 {
        if self.foreign == 0 || self.sent == 0 {
            return left;
        }
        let (ours, theirs) = (u128::from(self.sent), u128::from(self.foreign));
        let unseen = u128::from(self.under_way) * theirs / ours;
        let share = u128::from(left).saturating_sub(unseen) * ours / (ours + theirs);
        u64::try_from(share).unwrap_or(left)
    }

    /// Starts a new window, of which only the limit of the last one is known.
    fn begin(&mut self, probe: Probe) {
        self.ends = None;
        self.sent = self.under_way;
        self.used_before = None;
        self.foreign = 0;
        self.budget = self.limit;
        self.probe = probe;
    }

    /// Lets a request through.
    pub(super) fn pass(&mut self, now: Instant) -> Pass {
        self.sent += 1;
        self.under_way += 1;
        let is_probe = self.probe == Probe::Due;
        if is_probe {
            self.probe = Probe::Out(now);
        }
        Pass { is_probe, closures: self.closures }
    }

    /// Records the end of a request. `fraction`, from 0 to 1, is random.
    pub(super) fn settle(&mut self, pass: Pass, outcome: Outcome, closing: &Closing, fraction: f64, now: Instant) {
        if let Outcome::Answered(limits) | Outcome::Refused(limits) = outcome {
            self.learn(&limits, now);
        }
        self.under_way = self.under_way.saturating_sub(1);
        let is_news = pass.closures == self.closures;
        match outcome {
            Outcome::Answered(_) if is_news => {
                let was_refusing = self.backoff.take().is_some();
                self.probe = if was_refusing || pass.is_probe { Probe::No } else { self.probe };
            }
            Outcome::Refused(limits) => self.refuse(limits.pause(), is_news, closing, fraction, now),
            // It may have learned nothing; the others must not wait for more than it knows.
            _ if pass.is_probe => self.probe = self.next_probe(),
            _ => {}
        }
    }

    fn refuse(&mut self, asked: Option<Duration>, is_news: bool, closing: &Closing, fraction: f64, now: Instant) {
        let asked = asked.filter(|pause| !pause.is_zero());
        if is_news {
            self.closures += 1;
            self.backoff = Some(closing.after(self.backoff));
        }
        let pause = match (asked, self.backoff) {
            (Some(asked), _) => asked,
            // Between half the bound and the bound, so that processes don't return all at once.
            (None, Some(bound)) if is_news => bound.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0),
            (None, _) => return,
        };
        let until = after(now, pause);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }

    fn learn(&mut self, limits: &Limits, now: Instant) {
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let ends = after(now, reset);
        // A response that was on its way while the next window began describes the old one; one that announces a much
        // later end describes a new one.
        if self.ends.is_some_and(|known| ends > known + reset_tolerance(reset)) {
            self.begin(Probe::No);
            self.sent = self.under_way;
        }
        self.ends = Some(self.ends.map_or(ends, |known| known.min(ends)));
        self.limit = limits.limit.or(self.limit);
        // Requests in flight may not be counted yet, so this is the most that the window accepts from us.
        let mut budget = remaining.saturating_add(self.sent);
        if let Some(limit) = limits.limit {
            let used_by_others = limit.saturating_sub(budget);
            let before = *self.used_before.get_or_insert(used_by_others);
            self.foreign = self.foreign.max(used_by_others.saturating_sub(before));
            budget = budget.min(limit);
        } else {
            budget = budget.saturating_sub(self.under_way.saturating_sub(1));
        }
        self.budget = Some(self.budget.map_or(budget, |known| known.min(budget)));
        self.probe = Probe::No;
    }
}

/// Returns a usable point in time, however long the delay is.
fn after(now: Instant, pause: Duration) -> Instant {
    now + pause.min(LONGEST)
}

/// Whole seconds make the announced end of a window vary by up to a second.
fn reset_tolerance(reset: Duration) -> Duration {
    if reset.subsec_nanos() == 0 { Duration::from_millis(1500) } else { Duration::from_millis(20) }
}

/// The limits of one wait.
#[derive(Debug)]
pub(super) struct Line {
    longest_pause: Duration,
    deadline: Option<Instant>,
    /// When waiting for refusals ends. Moves by the time that is spent waiting for known windows.
    budget_ends: Option<Instant>,
    /// Since when it has hoped for a response that opens a window whose end is too far away.
    hoping_since: Option<Instant>,
}

impl Line {
    pub(super) fn new(longest_pause: Duration, deadline: Option<Instant>, budget_ends: Option<Instant>) -> Self {
        Self { longest_pause, deadline, budget_ends, hoping_since: None }
    }

    /// Returns until when to wait, or how long the wait would be if it is too long.
    pub(super) fn wait(&mut self, block: Block, is_refusing: bool, now: Instant) -> Result<Instant, Duration> {
        let (Block::Until(until) | Block::UntilNews(until) | Block::UntilProbed(until)) = block;
        let wait = until.saturating_duration_since(now);
        let mut end = if is_refusing { earlier(self.deadline, self.budget_ends) } else { self.deadline };
        if matches!(block, Block::UntilNews(_)) && wait > self.longest_pause {
            let since = *self.hoping_since.get_or_insert(now);
            end = earlier(end, Some(after(since, self.longest_pause)));
        } else {
            self.hoping_since = None;
        }
        let is_hopeless = match block {
            Block::Until(_) => wait > self.longest_pause || end.is_some_and(|end| until > end),
            Block::UntilNews(_) | Block::UntilProbed(_) => end.is_some_and(|end| now >= end),
        };
        if is_hopeless { Err(wait) } else { Ok(end.map_or(until, |end| until.min(end))) }
    }

    /// Records time spent waiting, which counts only while the service refuses calls.
    pub(super) fn waited(&mut self, time: Duration, is_refusing: bool) {
        if !is_refusing {
            self.budget_ends = self.budget_ends.and_then(|ends| ends.checked_add(time));
        }
    }

    pub(super) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }
}

/// Returns the earlier of two points in time, where `None` is never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
