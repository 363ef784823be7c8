//! A share of a limit that others need too, as the servers of a game do.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Refused;
use crate::cancel::Cancel;

/// Spreads requests evenly over each minute, and slows down when the service refuses one.
#[derive(Debug)]
pub(crate) struct Pace {
    spacing: Mutex<Spacing>,
}

/// The time between two requests. It is pure: the time is an argument, and nothing waits.
#[derive(Debug)]
struct Spacing {
    /// As the caller named it.
    shortest: Duration,
    current: Duration,
    /// When the next request may be sent. `None` before the first one.
    next: Option<Instant>,
    /// When it was last slowed down or sped up.
    changed: Option<Instant>,
}

const MINUTE: Duration = Duration::from_secs(60);
/// How many requests may be sent at once after a pause, so that delays of the machine don't use up the share.
const CREDIT: u32 = 2;
/// Requests that were under way at a refusal may be refused too, and don't slow it down again.
const SETTLING: Duration = Duration::from_secs(5);
/// How long it must go well before it is sped up a little.
const CALM: Duration = Duration::from_secs(10);
/// The slowest, as a multiple of the shortest time.
const SLOWEST: u32 = 16;

impl Pace {
    /// Creates a pace of this many requests a minute.
    pub(crate) fn per_minute(requests: u32) -> Self {
        Self { spacing: Mutex::new(Spacing::new(requests)) }
    }

    /// Waits until a request may be sent. Returns for how long it has waited.
    pub(super) fn wait(&self, deadline: Option<Instant>, cancel: Option<&Cancel>) -> Result<Duration, Refused> {
        let now = Instant::now();
        let pause = self.lock().take(now);
        if deadline.is_some_and(|deadline| now + pause >= deadline) {
            return Err(Refused::TooLong(pause));
        }
        match cancel {
            Some(cancel) if cancel.wait_timeout(pause) => return Err(Refused::Cancelled),
            Some(_) => {}
            None => thread::sleep(pause),
        }
        Ok(now.elapsed())
    }

    /// Slows down after a refusal.
    pub(crate) fn refused(&self) {
        self.lock().slow_down(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Spacing> {
        self.spacing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spacing {
    fn new(per_minute: u32) -> Self {
        let shortest = MINUTE / per_minute.max(1);
        Self { shortest, current: shortest, next: None, changed: None }
    }

    /// Returns how long the next request has to wait.
    fn take(&mut self, now: Instant) -> Duration {
        if self.current > self.shortest && self.changed.is_none_or(|changed| changed + CALM <= now) {
            self.current = (self.current * 3 / 4).max(self.shortest);
            self.changed = Some(now);
        }
        let earliest = now.checked_sub(self.current * CREDIT).unwrap_or(now);
        let start = self.next.map_or(now, |next| next.max(earliest));
        self.next = Some(start + self.current);
        start.saturating_duration_since(now)
    }

    fn slow_down(&mut self, now: Instant) {
        if self.changed.is_some_and(|changed| now < changed + SETTLING) {
            return;
        }
        self.current = (self.current * 2).min(self.shortest * SLOWEST);
        self.changed = Some(now);
        let next = now + self.current;
        self.next = Some(self.next.map_or(next, |known| known.max(next)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Sends as soon as it may, and returns how many requests that are until `end`.
    fn sent(spacing: &mut Spacing, now: &mut Instant, end: Instant) -> u32 {
        let mut count = 0;
        while *now < end {
            *now += spacing.take(*now);
            count += 1;
        }
        count
    }

    #[test]
    fn requests_are_spread_over_the_minute() {
        let mut spacing = Spacing::new(120);
        let (start, mut now) = (Instant::now(), Instant::now());
        assert_eq!(spacing.take(now), Duration::ZERO);
        assert_eq!(spacing.take(now), SECOND / 2);
        now += SECOND / 2;
        let count = sent(&mut spacing, &mut now, start + MINUTE);
        assert!((118..=121).contains(&count), "{count}");
    }

    #[test]
    fn a_pause_gives_little_credit() {
        let mut spacing = Spacing::new(60);
        let start = Instant::now();
        assert_eq!(spacing.take(start), Duration::ZERO);
        let late = start + MINUTE;
        let waits: Vec<_> = (0..5).map(|_| spacing.take(late)).collect();
        assert_eq!(waits, [Duration::ZERO, Duration::ZERO, Duration::ZERO, SECOND, SECOND * 2]);
    }

    #[test]
    fn refusals_slow_it_down_once_each_and_calm_speeds_it_up() {
        let mut spacing = Spacing::new(60);
        let start = Instant::now();
        spacing.take(start);
        for _ in 0..16 {
            spacing.slow_down(start + SECOND);
        }
        assert_eq!(spacing.current, SECOND * 2, "those under way at the same time count once");
        for round in 1..10 {
            spacing.slow_down(start + SETTLING * round + SECOND);
        }
        assert_eq!(spacing.current, SECOND * SLOWEST);
        let mut now = start + SETTLING * 10;
        let end = now + MINUTE * 10;
        sent(&mut spacing, &mut now, end);
        assert_eq!(spacing.current, SECOND);
    }
}
