//! The state of one endpoint's limit. Pure: the time comes in, and nothing here waits.

use std::time::{Duration, Instant};

use super::limits::Limits;
use crate::call::retry::{LONGEST, RetryPolicy};

/// What is known of an endpoint's current window.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// When the window ends; `None` while the service has said nothing.
    ends: Option<Instant>,
    /// Nobody passes before this.
    closed_until: Option<Instant>,
    /// How many requests the window takes of us: the limit, less what others were seen to use.
    budget: Option<u64>,
    limit: Option<u64>,
    /// Sent in this window, answered or not.
    sent: u64,
    /// What others had used when our first answer came. They may be gone: it may have been us, a minute ago.
    used_before: Option<u64>,
    /// What others have used since.
    foreign: u64,
    under_way: u64,
    probe: Probe,
    /// How often it was closed by a refusal. A refusal of what was sent before the last time is no news.
    closures: u64,
    /// The bound of the last pause that was chosen here; `None` while the service refuses nothing.
    backoff: Option<Duration>,
}

/// After a wait, one request goes first and learns what the new window takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Probe {
    #[default]
    No,
    Due,
    Out(Instant),
}

/// A probe that is slow (an upload, say) isn't waited for longer than this.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);

/// Why a request can't go now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Block {
    /// Not before this, whatever happens.
    Until(Instant),
    /// Not before this, unless an answer that is under way brings better news.
    UntilNews(Instant),
    /// Not before this, unless the probe is answered.
    UntilProbed(Instant),
}

/// One request that was let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    is_probe: bool,
    closures: u64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// Nothing came, so nothing is known.
    Unanswered,
    Answered(Limits),
    /// The limiter answered, with 429.
    Refused(Limits),
}

/// How long the limit is taken to be used up after a refusal that doesn't say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    first: Duration,
    /// The pause doubles up to this, and grows by it from there on.
    step: Duration,
    longest: Duration,
}

/// The service's windows are this long.
const WINDOW: Duration = Duration::from_secs(60);

/// A service that refuses all is not asked more often than this, whatever the policy says.
const SHORTEST: Duration = Duration::from_millis(1);

impl Closing {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        // However short the budget is, there is time to ask a few times.
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
    /// Moves on to `now`, and says why a request can't go, if it can't.
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

    /// Whether the service refused the last request of which anything is known.
    pub(super) fn is_refusing(&self) -> bool {
        self.backoff.is_some()
    }

    /// After a probe that brought no news: the others may go, but one at a time where the last word was a refusal.
    fn next_probe(&self) -> Probe {
        if self.is_refusing() { Probe::Due } else { Probe::No }
    }

    /// How many more requests the window takes, as far as is known.
    fn left(&self) -> Option<u64> {
        Some(self.budget?.saturating_sub(self.sent))
    }

    /// How many of them to send before the next answer, if others are at it too.
    ///
    /// What we have under way, the others have under way in proportion, and no answer has told of it yet. The rest they
    /// see as we do: everybody taking their share of it makes the last requests of a window go out once, not once for
    /// each process.
    fn share_of(&self, left: u64) -> u64 {
        if self.foreign == 0 || self.sent == 0 {
            return left;
        }
        let (ours, theirs) = (u128::from(self.sent), u128::from(self.foreign));
        let unseen = u128::from(self.under_way) * theirs / ours;
        let share = u128::from(left).saturating_sub(unseen) * ours / (ours + theirs);
        u64::try_from(share).unwrap_or(left)
    }

    /// A new window, of which only the limit of the last one is known.
    fn begin(&mut self, probe: Probe) {
        self.ends = None;
        self.sent = self.under_way;
        self.used_before = None;
        self.foreign = 0;
        self.budget = self.limit;
        self.probe = probe;
    }

    /// Takes the turn.
    pub(super) fn pass(&mut self, now: Instant) -> Pass {
        self.sent += 1;
        self.under_way += 1;
        let is_probe = self.probe == Probe::Due;
        if is_probe {
            self.probe = Probe::Out(now);
        }
        Pass { is_probe, closures: self.closures }
    }

    /// The request has ended. `fraction`, from 0 to 1, is chance.
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
            // Between half the bound and the bound, so that processes don't come back all at once.
            (None, Some(bound)) if is_news => bound.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0),
            (None, _) => return,
        };
        let until = after(now, pause);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }

    fn learn(&mut self, limits: &Limits, now: Instant) {
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let ends = after(now, reset);
        // An answer that was on its way while the next window began speaks of the old one; one that promises an end
        // far later than the known one speaks of a new one.
        if self.ends.is_some_and(|known| ends > known + reset_tolerance(reset)) {
            self.begin(Probe::No);
            self.sent = self.under_way;
        }
        self.ends = Some(self.ends.map_or(ends, |known| known.min(ends)));
        self.limit = limits.limit.or(self.limit);
        // Those under way may not be counted yet, so this is the most that the window can take of us in all.
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

/// A point in time that can be reckoned with, however long the pause is.
fn after(now: Instant, pause: Duration) -> Instant {
    now + pause.min(LONGEST)
}

/// Whole seconds make the announced end of one window wander by up to a second.
fn reset_tolerance(reset: Duration) -> Duration {
    if reset.subsec_nanos() == 0 { Duration::from_millis(1500) } else { Duration::from_millis(20) }
}

/// What a caller puts up with in one wait for its turn.
#[derive(Debug)]
pub(super) struct Line {
    longest_pause: Duration,
    deadline: Option<Instant>,
    /// Where refusals are waited for no longer. Moves back by the time that is spent in line for known windows.
    budget_ends: Option<Instant>,
    /// Since when it has hoped for an answer to open a window whose end is too far off.
    hoping_since: Option<Instant>,
}

impl Line {
    pub(super) fn new(longest_pause: Duration, deadline: Option<Instant>, budget_ends: Option<Instant>) -> Self {
        Self { longest_pause, deadline, budget_ends, hoping_since: None }
    }

    /// Until when to wait, or how long the wait would be that isn't worth it.
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

    /// Time was spent waiting, which counts only where the service refuses.
    pub(super) fn waited(&mut self, time: Duration, is_refusing: bool) {
        if !is_refusing {
            self.budget_ends = self.budget_ends.and_then(|ends| ends.checked_add(time));
        }
    }

    pub(super) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }
}

/// The earlier of two ends, of which each may be never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
