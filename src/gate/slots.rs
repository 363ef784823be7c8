//! The slots of unfinished work, and who waits for one. It is pure: the time is an argument, and nothing waits.

use std::time::Instant;

use super::block::{Block, after};
use crate::api::Slots;

/// The slots of one pool.
///
/// The service doesn't tell when work ends. A slot is free again once the work is known to have ended, or once it must have.
#[derive(Debug)]
pub(super) struct Pool {
    slots: Slots,
    /// The numbers of the taken slots, and when each is free. `None` while the request that takes it is under way.
    taken: Vec<(u64, Option<Instant>)>,
    /// The turns of waiting calls, in their order. A slot goes to the one that waits longest.
    queue: Vec<u64>,
    /// The number of the next slot or turn.
    next: u64,
    /// How many slots became free.
    freed: u64,
    taken_last: Option<Instant>,
}

impl Pool {
    pub(super) fn new(slots: Slots) -> Self {
        Self { slots, taken: Vec::new(), queue: Vec::new(), next: 0, freed: 0, taken_last: None }
    }

    /// Returns how many slots are taken.
    pub(super) fn taken(&mut self, now: Instant) -> usize {
        let before = self.taken.len();
        self.taken.retain(|(_, free_at)| free_at.is_none_or(|at| now < at));
        self.freed += (before - self.taken.len()) as u64;
        self.taken.len()
    }

    /// Returns why a call with this turn can't have a slot. One without comes after all that wait.
    pub(super) fn block(&mut self, turn: Option<u64>, now: Instant) -> Option<Block> {
        let free = (self.slots.count() as usize).saturating_sub(self.taken(now));
        let ahead = turn.map_or(self.queue.len(), |turn| self.queue.partition_point(|waiting| *waiting < turn));
        if free > ahead {
            return None;
        }
        // Those that are under way will be taken until this at the most.
        let latest = after(self.taken_last.unwrap_or(now).max(now), self.slots.lifetime());
        let until = self.taken.iter().filter_map(|(_, free_at)| *free_at).min().unwrap_or(latest);
        Some(Block::UntilFreed { until, freed: self.freed })
    }

    /// Adds a call to the queue, and returns its turn: the one that it had before, if it had one.
    pub(super) fn join(&mut self, turn: Option<u64>) -> u64 {
        let turn = turn.unwrap_or_else(|| self.number());
        if let Err(at) = self.queue.binary_search(&turn) {
            self.queue.insert(at, turn);
        }
        turn
    }

    /// Returns whether it was in the queue.
    pub(super) fn leave(&mut self, turn: u64) -> bool {
        let found = self.queue.binary_search(&turn);
        found.map(|at| self.queue.remove(at)).is_ok()
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Takes a slot, and returns its number.
    pub(super) fn take(&mut self, now: Instant) -> u64 {
        let slot = self.number();
        self.taken.push((slot, None));
        self.taken_last = Some(now);
        slot
    }

    /// Records that the request has ended which took the slot, and whether it may have started work.
    pub(super) fn settle(&mut self, slot: u64, may_have_started: bool, now: Instant) {
        let end = if may_have_started { after(now, self.slots.lifetime()) } else { now };
        if let Some(free_at @ None) = self.free_at(slot) {
            *free_at = Some(end);
        }
    }

    /// Records that the work has ended which took the slot.
    pub(super) fn end(&mut self, slot: u64, now: Instant) {
        let recovered = after(now, self.slots.recovery());
        if let Some(free_at) = self.free_at(slot) {
            *free_at = Some(free_at.map_or(recovered, |known| known.min(recovered)));
        }
    }

    fn free_at(&mut self, slot: u64) -> Option<&mut Option<Instant>> {
        self.taken.iter_mut().find(|(taken, _)| *taken == slot).map(|(_, free_at)| free_at)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const TWO: Slots = Slots::new("tasks", &["place"], 2, Duration::from_secs(300));

    #[test]
    fn slots_are_free_after_the_end_of_the_work_or_its_lifetime() {
        let start = Instant::now();
        let mut pool = Pool::new(TWO.with_recovery(SECOND * 10));
        let [ended, forgotten] = [pool.take(start), pool.take(start)];
        pool.settle(ended, true, start);
        pool.settle(forgotten, true, start);
        assert_eq!(pool.block(None, start), Some(Block::UntilFreed { until: start + SECOND * 300, freed: 0 }));
        pool.end(ended, start + SECOND);
        assert_eq!(pool.block(None, start + SECOND), Some(Block::UntilFreed { until: start + SECOND * 11, freed: 0 }));
        assert_eq!(pool.block(None, start + SECOND * 11), None);
        assert_eq!(pool.taken(start + SECOND * 299), 1);
        assert_eq!(pool.taken(start + SECOND * 300), 0);
        // It is too late to end it, which must not take a slot again.
        pool.end(forgotten, start + SECOND * 301);
        assert_eq!(pool.taken(start + SECOND * 301), 0);
    }

    #[test]
    fn requests_that_started_nothing_take_no_slot() {
        let start = Instant::now();
        let mut pool = Pool::new(TWO);
        let slot = pool.take(start);
        assert_eq!(pool.taken(start + SECOND * 1000), 1, "it is under way");
        pool.settle(slot, false, start + SECOND);
        assert_eq!(pool.taken(start + SECOND), 0);
    }

    #[test]
    fn slots_go_to_those_that_wait_longest() {
        let start = Instant::now();
        let mut pool = Pool::new(TWO);
        let [one, two] = [pool.take(start), pool.take(start)];
        let [first, second] = [pool.join(None), pool.join(None)];
        pool.settle(one, false, start);
        assert_eq!(pool.block(Some(first), start), None);
        for turn in [Some(second), None] {
            assert!(pool.block(turn, start).is_some(), "{turn:?} came later");
        }
        pool.settle(two, false, start);
        assert_eq!(pool.block(Some(second), start), None);
        assert!(pool.block(None, start).is_some());
        assert!(pool.leave(first) && !pool.leave(first));
        assert_eq!(pool.block(None, start), None);
        // It comes back, and is still before the other one.
        assert_eq!(pool.join(Some(first)), first);
        assert!(pool.block(None, start).is_some());
        assert_eq!(pool.block(Some(first), start), None);
    }
}
