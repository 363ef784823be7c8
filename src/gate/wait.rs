//! How long one call waits.

use std::time::{Duration, Instant};

use super::block::{Block, after};

/// The limits of one wait.
#[derive(Debug)]
pub(super) struct Wait {
    longest_pause: Duration,
    deadline: Option<Instant>,
    /// When waiting for refusals ends. Moves by the time that is spent waiting for known windows.
    budget_ends: Option<Instant>,
    /// Since when it has hoped for a response that opens a window whose end is too far away, or for the next free slot, and how
    /// many slots had become free by then.
    hoping_since: Option<(Instant, u64)>,
}

impl Wait {
    pub(super) fn new(longest_pause: Duration, deadline: Option<Instant>, budget_ends: Option<Instant>) -> Self {
        Self { longest_pause, deadline, budget_ends, hoping_since: None }
    }

    /// Returns until when to wait, or how long the wait would be if it is too long.
    pub(super) fn until(&mut self, block: Block, is_refusing: bool, now: Instant) -> Result<Instant, Duration> {
        let until = block.until();
        let wait = until.saturating_duration_since(now);
        let mut end = if is_refusing { earlier(self.deadline, self.budget_ends) } else { self.deadline };
        let hope = match block {
            Block::UntilNews(_) => Some(0),
            Block::UntilFreed { freed, .. } => Some(freed),
            Block::Until(_) | Block::UntilProbed(_) => None,
        };
        // How many slots become free before it is this call's turn doesn't matter.
        let before = self.hoping_since.take();
        if let Some(freed) = hope.filter(|_| wait > self.longest_pause) {
            let (since, _) =
                *self.hoping_since.insert(before.filter(|(_, known)| *known == freed).unwrap_or((now, freed)));
            end = earlier(end, Some(after(since, self.longest_pause)));
        }
        let is_hopeless = match block {
            Block::Until(_) => wait > self.longest_pause || end.is_some_and(|end| until > end),
            Block::UntilNews(_) | Block::UntilProbed(_) | Block::UntilFreed { .. } => end.is_some_and(|end| now >= end),
        };
        if is_hopeless { Err(wait) } else { Ok(end.map_or(until, |end| until.min(end))) }
    }

    /// Records time spent waiting, which counts only while the service refuses calls.
    pub(super) fn waited(&mut self, time: Duration, is_refusing: bool) {
        if !is_refusing {
            self.budget_ends = self.budget_ends.and_then(|ends| ends.checked_add(time));
        }
    }

    pub(super) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }
}

/// Returns the earlier of two points in time, where `None` is never.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
