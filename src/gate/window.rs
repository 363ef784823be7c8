//! The state of one rate limit. It is pure: the time is an argument, and nothing waits.

use std::time::{Duration, Instant};

use super::block::{Block, after};
use super::count::Count;
use super::limits::Limits;
use super::slots::Pool;
use crate::api::{Budget, Slots};
use crate::retry::RetryPolicy;

/// The current window, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// When the window ends. `None` until a response tells.
    ends: Option<Instant>,
    /// How many windows have begun.
    begun: u64,
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
    /// How many requests have ended.
    ended: u64,
    probe: Probe,
    /// How often a refusal has closed it. A refusal of a request sent before the last one is outdated.
    closures: u64,
    /// The bound of the last delay that was chosen here. `None` while the service refuses nothing.
    backoff: Option<Duration>,
    /// What was sent of the documented budget.
    count: Option<Count>,
    /// Whether requests wait for the documented budget. If not, it only tells which window a response describes.
    holds_budget: bool,
    /// The slots that it counts, in place of requests.
    pool: Option<Pool>,
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

/// A request that was let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acquired {
    is_probe: bool,
    closures: u64,
    begun: u64,
    ended: u64,
    sent: Instant,
    slot: Option<u64>,
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
pub(super) struct RefusalBackoff {
    first: Duration,
    /// The delay doubles up to this, and then grows by it.
    step: Duration,
    longest: Duration,
}

/// The length of the windows that responses announce.
const WINDOW: Duration = Duration::from_secs(60);

/// The shortest delay while the service refuses everything, whatever the policy is.
const SHORTEST: Duration = Duration::from_millis(1);

impl RefusalBackoff {
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

impl Default for RefusalBackoff {
    fn default() -> Self {
        Self::new(&RetryPolicy::default())
    }
}

impl Acquired {
    pub(super) fn slot(self) -> Option<u64> {
        self.slot
    }
}

impl Window {
    /// Creates the state of a limit with a documented budget.
    pub(super) fn new(documented: Option<Budget>) -> Self {
        Self { count: documented.map(Count::new), holds_budget: true, ..Self::default() }
    }

    /// Sets whether requests wait for the documented budget. Defaults to `true`.
    pub(super) fn holding_budget(self, holds_budget: bool) -> Self {
        Self { holds_budget, ..self }
    }

    /// Creates the state of a pool of slots.
    pub(super) fn of_slots(slots: Slots) -> Self {
        Self { pool: Some(Pool::new(slots)), ..Self::default() }
    }

    pub(super) fn pool(&mut self) -> Option<&mut Pool> {
        self.pool.as_mut()
    }

    /// Returns the documented budget.
    pub(super) fn documented(&self) -> Option<Budget> {
        Some(self.count.as_ref()?.budget())
    }

    /// Returns how many requests were sent in the last period of the documented budget.
    pub(super) fn used(&mut self, now: Instant) -> u64 {
        self.count.as_mut().map_or(0, |count| count.used(now))
    }

    /// Advances to `now`, and returns why a request can't be sent, if it can't. `turn` is its turn for a slot.
    pub(super) fn block(&mut self, turn: Option<u64>, now: Instant) -> Option<Block> {
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
        let block = self.block_by_announced().or_else(|| self.block_by_documented(now));
        block.or_else(|| self.pool.as_mut()?.block(turn, now))
    }

    fn block_by_announced(&self) -> Option<Block> {
        let (left, ends) = (self.left()?, self.ends?);
        if left == 0 {
            Some(Block::Until(ends))
        } else if self.share_of(left) == 0 {
            Some(if self.under_way > 0 { Block::UntilNews(ends) } else { Block::Until(ends) })
        } else {
            None
        }
    }

    /// The documented budget counts until a response announces the window, which knows more. One of a shorter period always
    /// counts, because no response announces it.
    fn block_by_documented(&mut self, now: Instant) -> Option<Block> {
        let count = self.count.as_mut().filter(|_| self.holds_budget)?;
        let documented = u64::from(count.budget().count());
        if is_short(count.budget()) {
            count.block(documented, now)
        } else if self.ends.is_none() {
            count.block(self.limit.unwrap_or(0).max(documented), now)
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
    /// The others have requests in flight in proportion to ours, which no response shows yet. They see the same rest as we
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
        let was_announced = self.ends.take().is_some();
        // The end of a minute isn't the end of each second.
        if let Some(count) = self.count.as_mut().filter(|count| was_announced && !is_short(count.budget())) {
            count.clear();
        }
        self.begun += 1;
        self.sent = self.under_way;
        self.used_before = None;
        self.foreign = 0;
        self.budget = self.limit;
        self.probe = probe;
    }

    /// Lets a request through.
    pub(super) fn acquire(&mut self, now: Instant) -> Acquired {
        self.sent += 1;
        self.under_way += 1;
        if let Some(count) = &mut self.count {
            count.send(now);
        }
        let is_probe = self.probe == Probe::Due;
        if is_probe {
            self.probe = Probe::Out(now);
        }
        let slot = self.pool.as_mut().map(|pool| pool.take(now));
        Acquired { is_probe, closures: self.closures, begun: self.begun, ended: self.ended, sent: now, slot }
    }

    /// Records the end of a request. `fraction`, from 0 to 1, is random.
    pub(super) fn release(
        &mut self,
        acquired: Acquired,
        outcome: Outcome,
        refusals: &RefusalBackoff,
        fraction: f64,
        now: Instant,
    ) {
        if let Outcome::Answered(limits) | Outcome::Refused(limits) = outcome {
            // A response to a request that was sent before this window may describe the one before.
            if acquired.begun == self.begun {
                self.learn(&limits, &acquired, now);
            }
        }
        self.under_way = self.under_way.saturating_sub(1);
        self.ended += 1;
        if let Some(count) = &mut self.count {
            count.answer(now);
        }
        let is_news = acquired.closures == self.closures;
        match outcome {
            Outcome::Answered(_) if is_news => {
                let was_refusing = self.backoff.take().is_some();
                self.probe = if was_refusing || acquired.is_probe { Probe::No } else { self.probe };
            }
            Outcome::Refused(limits) => self.refuse(limits.pause(), is_news, refusals, fraction, now),
            // It may have learned nothing; the others must not wait for more than it knows.
            _ if acquired.is_probe => self.probe = self.next_probe(),
            _ => {}
        }
    }

    fn refuse(
        &mut self,
        requested: Option<Duration>,
        is_news: bool,
        refusals: &RefusalBackoff,
        fraction: f64,
        now: Instant,
    ) {
        let requested = requested.filter(|pause| !pause.is_zero());
        if is_news {
            self.closures += 1;
            self.backoff = Some(refusals.after(self.backoff));
        }
        let pause = match (requested, self.backoff) {
            (Some(requested), _) => requested,
            // Between half the bound and the bound, so that processes don't return all at once.
            (None, Some(bound)) if is_news => bound.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0),
            (None, _) => return,
        };
        let until = after(now, pause);
        self.closed_until = Some(self.closed_until.map_or(until, |known| known.max(until)));
    }

    fn learn(&mut self, limits: &Limits, acquired: &Acquired, now: Instant) {
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let ends = after(now, reset);
        // A response that was on its way while the next window began describes the old one; one that announces a much
        // later end describes a new one. The end was announced at some time while the request was under way.
        let tolerance = reset_tolerance(reset) + now.saturating_duration_since(acquired.sent);
        if self.ends.is_some_and(|known| ends > known + tolerance) {
            self.begin(Probe::No);
            self.sent = self.under_way;
        }
        if let (None, Some(limit)) = (self.ends, limits.limit) {
            // Requests whose responses announced nothing may belong to older windows. This one has no more than it has counted, and
            // those that were under way at the same time.
            let counted = limit.saturating_sub(remaining);
            let others = self.under_way.saturating_sub(1) + (self.ended - acquired.ended);
            self.sent = self.sent.min(counted.saturating_add(others));
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

/// Whether announced windows are longer than the period of a budget.
fn is_short(budget: Budget) -> bool {
    budget.period() < WINDOW
}

/// Whole seconds make the announced end of a window vary by up to a second.
fn reset_tolerance(reset: Duration) -> Duration {
    if reset.subsec_nanos() == 0 { Duration::from_millis(1500) } else { Duration::from_millis(20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Sends a request whose response arrives at once.
    fn send(window: &mut Window, limits: Limits, now: Instant) {
        assert_eq!(window.block(None, now), None);
        let acquired = window.acquire(now);
        window.release(acquired, Outcome::Answered(limits), &RefusalBackoff::default(), 0.5, now);
    }

    fn announced(limit: u64, remaining: u64, reset: Duration) -> Limits {
        Limits { limit: Some(limit), remaining: Some(remaining), reset: Some(reset), retry_after: None }
    }

    #[test]
    fn the_end_of_an_announced_minute_is_not_the_end_of_each_second() {
        for left in [1, 2, 40] {
            let start = Instant::now();
            let mut window = Window::new(Some(Budget::per_second(2)));
            send(&mut window, announced(500, 499, SECOND * left), start);
            let end = start + SECOND * left;
            let sent = end - SECOND / 4;
            // The first one still counts if a second hasn't passed since.
            if left > 1 {
                send(&mut window, announced(500, 400, SECOND), sent);
            }
            send(&mut window, announced(500, 400, SECOND), sent);
            // Requests that were answered in 1/64 of the period stop counting together.
            let counts_until = if left > 1 { sent } else { start } + SECOND + SECOND / 64;
            assert_eq!(window.block(None, end), Some(Block::Until(counts_until)), "{left} seconds before the end");
            assert_eq!(window.block(None, counts_until), None);
        }
    }

    #[test]
    fn budgets_of_a_second_hold_whatever_is_left_of_an_announced_minute() {
        for left in [0, 1, 2, 40, 60] {
            let start = Instant::now();
            let mut window = Window::new(Some(Budget::per_second(3)));
            for remaining in [170, 169, 168] {
                send(&mut window, announced(180, remaining, SECOND * left), start);
            }
            assert!(window.block(None, start).is_some(), "the fourth in a second, {left} seconds before the end");
        }
    }

    #[test]
    fn budgets_hold_until_a_window_is_announced() {
        for budget in [Budget::per_second(3), Budget::per_minute(3)] {
            let start = Instant::now();
            let mut window = Window::new(Some(budget));
            for _ in 0..3 {
                send(&mut window, Limits::default(), start);
            }
            assert!(window.block(None, start).is_some(), "{budget}");
        }
    }

    #[test]
    fn the_end_of_an_announced_minute_ends_the_count_of_a_minute() {
        let start = Instant::now();
        let mut window = Window::new(Some(Budget::per_minute(3)));
        for remaining in [2, 1, 0] {
            send(&mut window, announced(3, remaining, SECOND * 10), start);
        }
        assert_eq!(window.block(None, start), Some(Block::Until(start + SECOND * 10)));
        assert_eq!(window.block(None, start + SECOND * 10), None);
    }

    #[test]
    fn requests_of_older_windows_do_not_use_up_an_announced_one() {
        let start = Instant::now();
        let mut window = Window::new(None);
        for _ in 0..100 {
            send(&mut window, Limits::default(), start);
        }
        send(&mut window, announced(60, 50, SECOND * 30), start);
        for remaining in (0..50).rev() {
            send(&mut window, announced(60, remaining, SECOND * 30), start);
        }
        assert_eq!(window.block(None, start), Some(Block::Until(start + SECOND * 30)));
    }
}
