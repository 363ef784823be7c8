use std::time::{Duration, Instant};

use ureq::Timeout;
use ureq::unversioned::transport::NextTimeout;

/// A time limit of ureq that covers several waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Countdown {
    limit: NextTimeout,
    end: Option<Instant>,
}

impl Countdown {
    pub(super) fn new(limit: NextTimeout) -> Self {
        Self::since(Instant::now(), limit)
    }

    pub(super) fn since(began: Instant, limit: NextTimeout) -> Self {
        let end = if limit.after.is_not_happening() { None } else { began.checked_add(*limit.after) };
        Self { limit, end }
    }

    /// Returns the remaining time. Zero once it has expired.
    pub(super) fn left(&self) -> Duration {
        self.end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    /// Returns which limit it is.
    pub(super) fn reason(&self) -> Timeout {
        self.limit.reason
    }

    /// Returns the remaining time as a limit, or the error of the expired one.
    pub(super) fn rest(&self) -> Result<NextTimeout, ureq::Error> {
        if self.end.is_none() {
            return Ok(self.limit);
        }
        let left = self.left();
        if left.is_zero() {
            return Err(ureq::Error::Timeout(self.limit.reason));
        }
        Ok(NextTimeout { after: left.into(), ..self.limit })
    }
}
