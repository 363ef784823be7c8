//! The clock of the sandbox, which can be moved on.

use std::time::{Duration, Instant};

use jiff::Timestamp;

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
