//! The sandbox's clock, which can be set ahead.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// How far it is ahead of the machine's clock.
    ahead: Duration,
}

impl Clock {
    pub(crate) fn advance(&mut self, time: Duration) {
        self.ahead = self.ahead.saturating_add(time);
    }

    pub(crate) fn now(&self) -> Timestamp {
        after(Timestamp::now(), self.ahead)
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
