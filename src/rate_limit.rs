//! The gate that keeps a client inside the service's rate limits.
//!
//! The service counts requests in windows, per endpoint and owner of the key, and says in each answer how many are left
//! and when the window ends. The gate keeps the same count ahead of the answers, so that callers wait for the next window
//! instead of collecting 429s. What others use of the budget (another process with the same key) shows in the answers; the
//! gate then takes of what is left only the share that was its own so far.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::call::Endpoint;
use crate::retry::LONGEST;

/// What an answer says of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) limit: Option<u64>,
    pub(crate) remaining: Option<u64>,
    /// Until the window ends.
    pub(crate) reset: Option<Duration>,
    /// Asked for with a refusal.
    pub(crate) retry_after: Option<Duration>,
}

impl Limits {
    /// Reads the headers of an answer.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            // `1000, 1000;w=60`: the first is the one that is closest to being used up.
            limit: header("x-ratelimit-limit").and_then(first_number),
            remaining: header("x-ratelimit-remaining").and_then(first_number),
            reset: header("x-ratelimit-reset").and_then(seconds),
            retry_after: header("retry-after").and_then(|text| seconds(text).or_else(|| until_date(text))),
        }
    }

    /// How long to wait before the next request, if the service says so.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.retry_after.or(self.reset)
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split([',', ';']).next()?.trim().parse().ok()
}

/// The service sends whole seconds; a sandbox with short windows sends fractions.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.split([',', ';']).next()?.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    // What is longer than can be held is for ever.
    Some(Duration::try_from_secs_f64(text.parse().ok()?).unwrap_or(LONGEST).min(LONGEST))
}

fn until_date(text: &str) -> Option<Duration> {
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}

/// Lets requests through while the service will take them. Shared by all clones and threads of a client.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    windows: Mutex<HashMap<Endpoint, Window>>,
    changed: Condvar,
}

/// The longest that anybody waits without looking again.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// How often somebody who waits looks whether the call was cancelled.
const CANCEL_LOOK: Duration = Duration::from_millis(100);

/// Why the gate let a request not through.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The wait would be this long, which is longer than it may be.
    TooLong(Duration),
    Cancelled,
}

/// Sleeps, but for looks whether there is still a reason to.
pub(crate) fn sleep_unless(pause: Duration, is_cancelled: impl Fn() -> bool) {
    let end = Instant::now() + pause.min(LONGEST_SLEEP);
    while !is_cancelled() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(CANCEL_LOOK));
    }
}

/// What is known of an endpoint's current window.
#[derive(Debug, Default)]
struct Window {
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
#[derive(Debug, PartialEq)]
enum Block {
    /// Not before this, whatever happens.
    Until(Instant),
    /// Not before this, unless somebody comes back with better news.
    UntilNews(Instant),
}

impl Window {
    fn block(&mut self, now: Instant) -> Option<Block> {
        if let Some(until) = self.closed_until {
            if now < until {
                return Some(Block::Until(until));
            }
            self.closed_until = None;
            self.begin(Probe::Due);
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            self.begin(if self.left().is_some_and(|left| left == 0) { Probe::Due } else { Probe::No });
        }
        if let Probe::Out(since) = self.probe {
            if now < since + PROBE_PATIENCE {
                return Some(Block::UntilNews(since + PROBE_PATIENCE));
            }
            self.probe = Probe::No;
        }
        let (left, ends) = (self.left()?, self.ends?);
        if left == 0 {
            Some(Block::Until(ends))
        } else if self.share_of(left) == 0 {
            Some(Block::UntilNews(ends))
        } else {
            None
        }
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

    /// Takes the turn; whether it is that of the probe.
    fn pass(&mut self, now: Instant) -> bool {
        self.sent += 1;
        self.under_way += 1;
        let is_probe = self.probe == Probe::Due;
        if is_probe {
            self.probe = Probe::Out(now);
        }
        is_probe
    }

    fn learn(&mut self, limits: &Limits, now: Instant) {
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let ends = now + reset.min(LONGEST_SLEEP);
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

/// Whole seconds make the announced end of one window wander by up to a second.
fn reset_tolerance(reset: Duration) -> Duration {
    if reset.subsec_nanos() == 0 { Duration::from_millis(1500) } else { Duration::from_millis(20) }
}

impl Gate {
    /// Waits for the turn and takes it. The permit must be told what the answer said.
    ///
    /// A single pause of the service is not waited for if it is longer than `longest_pause`; how many of them go by before
    /// it is this caller's turn doesn't matter, up to the deadline.
    pub(crate) fn enter(
        &self,
        endpoint: &Endpoint,
        longest_pause: Duration,
        deadline: Option<Instant>,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Permit<'_>, Refused> {
        let mut windows = self.lock();
        loop {
            if is_cancelled() {
                return Err(Refused::Cancelled);
            }
            let now = Instant::now();
            let window = windows.entry(endpoint.clone()).or_default();
            let Some(block) = window.block(now) else {
                let is_probe = window.pass(now);
                return Ok(Permit {
                    gate: self,
                    endpoint: endpoint.clone(),
                    is_probe,
                    limits: Limits::default(),
                    closed_for: None,
                });
            };
            let (Block::Until(until) | Block::UntilNews(until)) = block;
            let wait = until.saturating_duration_since(now);
            let is_hopeless = match block {
                Block::Until(until) => wait > longest_pause || deadline.is_some_and(|deadline| until > deadline),
                Block::UntilNews(_) => deadline.is_some_and(|deadline| now >= deadline),
            };
            if is_hopeless {
                return Err(Refused::TooLong(wait));
            }
            let wait = deadline.map_or(wait, |deadline| wait.min(deadline.saturating_duration_since(now)));
            windows = match self.changed.wait_timeout(windows, wait.min(CANCEL_LOOK)) {
                Ok((windows, _)) => windows,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Endpoint, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of one request.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
    endpoint: Endpoint,
    is_probe: bool,
    limits: Limits,
    closed_for: Option<Duration>,
}

impl Permit<'_> {
    /// The request was answered.
    pub(crate) fn answered(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The request was answered with 429: holds everybody back.
    pub(crate) fn refused(&mut self, pause: Duration) {
        self.closed_for = Some(pause);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut windows = self.gate.lock();
        let window = windows.entry(self.endpoint.clone()).or_default();
        let now = Instant::now();
        window.learn(&self.limits, now);
        window.under_way = window.under_way.saturating_sub(1);
        if let Some(pause) = self.closed_for {
            let until = now + pause.min(LONGEST_SLEEP);
            window.closed_until = Some(window.closed_until.map_or(until, |known| known.max(until)));
        }
        if self.is_probe {
            // It may have learned nothing; the others must not wait for more than it knows.
            window.probe = Probe::No;
        }
        drop(windows);
        self.gate.changed.notify_all();
    }
}
