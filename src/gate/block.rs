//! Why a request waits, and until when.

use std::time::{Duration, Instant};

use crate::retry::LONGEST;

/// Why a request can't be sent now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Block {
    /// Not before this.
    Until(Instant),
    /// Not before this, unless a pending response opens the gate.
    UntilNews(Instant),
    /// Not before this, unless the probe is answered.
    UntilProbed(Instant),
    /// Not before this, unless a slot becomes free. Tells how many have.
    UntilFreed { until: Instant, freed: u64 },
}

impl Block {
    pub(super) fn until(self) -> Instant {
        match self {
            Self::Until(until) | Self::UntilNews(until) | Self::UntilProbed(until) | Self::UntilFreed { until, .. } => {
                until
            }
        }
    }
}

/// Returns a usable point in time, however long the delay is.
pub(super) fn after(now: Instant, pause: Duration) -> Instant {
    now + pause.min(LONGEST)
}
