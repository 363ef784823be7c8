//! The clock of the sandbox, which can be moved on.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// How far a clock can be moved on in all.
const MOST_AHEAD: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The clock of this machine, and how far this one is ahead of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) ahead: Duration,
}

impl Clock {
    pub(crate) fn advance(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time).min(MOST_AHEAD);
    }

    pub(crate) fn instant(self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }
}

/// Returns a later time, at most the last one that there is.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Writes a time as the service does.
pub(crate) fn written(time: Timestamp) -> String {
    format!("{time:.3}")
}
