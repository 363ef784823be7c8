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

/// What the service counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    User,
    Inventory,
    Memberships,
    AssetCreate,
    AssetUpdate,
    Operation,
}

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
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
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
    /// Seen used by others in this window.
    foreign: u64,
    under_way: u64,
    /// After a wait, one request goes first and learns what the new window takes.
    probe: bool,
}

impl Window {
    /// `None` if a request may go now, else when to look again (the far future: when somebody has come back).
    fn blocked_until(&mut self, now: Instant) -> Option<Instant> {
        if let Some(until) = self.closed_until {
            if now < until {
                return Some(until);
            }
            self.closed_until = None;
            self.begin(true);
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            let was_used_up = self.left() == Some(0);
            self.begin(was_used_up);
        }
        if self.probe && self.under_way > 0 {
            return Some(now + LONGEST_SLEEP);
        }
        match (self.left(), self.ends) {
            (Some(0), Some(ends)) => Some(ends),
            _ => None,
        }
    }

    /// How many more requests may go in this window, as far as is known.
    fn left(&self) -> Option<u64> {
        let left = self.budget?.saturating_sub(self.sent);
        if self.foreign == 0 || self.sent == 0 {
            return Some(left);
        }
        // What we have under way, the others have under way in proportion, and no answer has told of it yet. The rest
        // they see as we do: everybody taking their share of it makes the last requests of a window go out once, not
        // once for each process.
        let left = left.saturating_sub(self.under_way.saturating_mul(self.foreign) / self.sent);
        let share = u128::from(left) * u128::from(self.sent) / (u128::from(self.sent) + u128::from(self.foreign));
        Some(u64::try_from(share).unwrap_or(left))
    }

    /// A new window, of which only the limit of the last one is known.
    fn begin(&mut self, probe: bool) {
        self.ends = None;
        self.sent = self.under_way;
        self.foreign = 0;
        self.budget = self.limit;
        self.probe = probe;
    }

    fn learn(&mut self, limits: &Limits, now: Instant) {
        let (Some(remaining), Some(reset)) = (limits.remaining, limits.reset) else { return };
        let ends = now + reset.min(LONGEST_SLEEP);
        // An answer that was on its way while the next window began speaks of the old one; one that promises an end
        // far later than the known one speaks of a new one.
        if self.ends.is_some_and(|known| ends > known + reset_tolerance(reset)) {
            self.begin(false);
            self.sent = self.under_way + 1;
        }
        self.ends = Some(self.ends.map_or(ends, |known| known.min(ends)));
        self.limit = limits.limit.or(self.limit);
        // Those under way may not be counted yet, so this is the most that the window can take of us in all.
        let mut budget = remaining.saturating_add(self.sent);
        if let Some(limit) = limits.limit {
            self.foreign = self.foreign.max(limit.saturating_sub(budget));
            budget = budget.min(limit);
        } else {
            budget = budget.saturating_sub(self.under_way);
        }
        self.budget = Some(self.budget.map_or(budget, |known| known.min(budget)));
        self.probe = false;
    }
}

/// Whole seconds make the announced end of one window wander by up to a second.
fn reset_tolerance(reset: Duration) -> Duration {
    if reset.subsec_nanos() == 0 { Duration::from_millis(1500) } else { Duration::from_millis(20) }
}

impl Gate {
    /// Waits for the turn and takes it. The permit must be told what the answer said.
    ///
    /// `Err` is how long the wait would be, if that is longer than `longest`.
    pub(crate) fn enter(&self, endpoint: Endpoint, longest: Duration) -> Result<Permit<'_>, Duration> {
        let mut windows = self.lock();
        loop {
            let now = Instant::now();
            let window = windows.entry(endpoint).or_default();
            let Some(until) = window.blocked_until(now) else {
                window.sent += 1;
                window.under_way += 1;
                return Ok(Permit { gate: self, endpoint, limits: Limits::default(), closed_for: None });
            };
            let wait = until - now;
            if wait > longest && wait < LONGEST_SLEEP {
                return Err(wait);
            }
            windows = match self.changed.wait_timeout(windows, wait) {
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
        let window = windows.entry(self.endpoint).or_default();
        let now = Instant::now();
        window.learn(&self.limits, now);
        window.under_way = window.under_way.saturating_sub(1);
        if let Some(pause) = self.closed_for {
            let until = now + pause.min(LONGEST_SLEEP);
            window.closed_until = Some(window.closed_until.map_or(until, |known| known.max(until)));
        }
        if window.under_way == 0 {
            // A probe that learned nothing must not hold the others for ever.
            window.probe = false;
        }
        drop(windows);
        self.gate.changed.notify_all();
    }
}
