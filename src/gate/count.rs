//! Counts requests against a documented budget. It is pure: the time is an argument, and nothing waits.

use std::collections::VecDeque;
use std::time::Instant;

use super::block::{Block, after};
use crate::api::Budget;

/// The requests of the last period.
///
/// Nothing is known of how the service counts. So a request counts from when it is sent until a period after its response:
/// whatever windows the service has, none of them sees more requests than the budget.
#[derive(Debug)]
pub(super) struct Count {
    budget: Budget,
    under_way: u64,
    /// When the last request was sent.
    sent_last: Option<Instant>,
    /// Requests that were answered in the last period.
    answered: VecDeque<Answered>,
    /// How many these are.
    total: u64,
}

/// Requests that were answered at about the same time.
#[derive(Debug)]
struct Answered {
    first: Instant,
    /// When all of them stop counting.
    ends: Instant,
    requests: u64,
}

/// Requests answered within this fraction of the period stop counting at the same time. This bounds the memory.
const GRAIN: u32 = 64;

impl Count {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, under_way: 0, sent_last: None, answered: VecDeque::new(), total: 0 }
    }

    pub(super) fn budget(&self) -> Budget {
        self.budget
    }

    /// Returns how many requests count now.
    pub(super) fn used(&mut self, now: Instant) -> u64 {
        while self.answered.front().is_some_and(|oldest| oldest.ends <= now) {
            self.total -= self.answered.pop_front().map_or(0, |oldest| oldest.requests);
        }
        self.total + self.under_way
    }

    /// Returns why a request can't be sent, if `most` are accepted in a period.
    pub(super) fn block(&mut self, most: u64, now: Instant) -> Option<Block> {
        if self.used(now) < most {
            return None;
        }
        let period = self.budget.period();
        let until = match (self.answered.front(), self.sent_last) {
            (Some(oldest), _) => oldest.ends,
            (None, Some(sent)) if after(sent, period) > now => after(sent, period),
            (None, _) => after(now, period),
        };
        Some(if self.under_way > 0 { Block::UntilNews(until) } else { Block::Until(until) })
    }

    pub(super) fn send(&mut self, now: Instant) {
        self.under_way += 1;
        self.sent_last = Some(now);
    }

    pub(super) fn answer(&mut self, now: Instant) {
        let period = self.budget.period();
        let grain = period / GRAIN;
        self.under_way = self.under_way.saturating_sub(1);
        self.total += 1;
        match self.answered.back_mut() {
            Some(last) if now.saturating_duration_since(last.first) < grain => last.requests += 1,
            // The end stays the same when more follow, so that those who wait for it don't wake.
            _ => self.answered.push_back(Answered { first: now, ends: after(now, period + grain), requests: 1 }),
        }
    }

    /// Starts again, because the service announced a new window. Requests under way may count in it.
    pub(super) fn clear(&mut self) {
        self.answered.clear();
        self.total = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn requests_count_for_a_period_after_their_response() {
        let start = Instant::now();
        let mut count = Count::new(Budget::per_second(2));
        count.send(start);
        count.send(start);
        assert_eq!(count.block(2, start), Some(Block::UntilNews(start + SECOND)), "it isn't known when they arrive");
        count.answer(start + SECOND / 2);
        count.answer(start + SECOND);
        let first_ends = start + SECOND * 3 / 2 + SECOND / GRAIN;
        assert_eq!(count.block(2, start + SECOND), Some(Block::Until(first_ends)));
        assert_eq!(count.block(2, first_ends), None);
        count.send(first_ends);
        let second_ends = start + SECOND * 2 + SECOND / GRAIN;
        assert_eq!(count.block(2, first_ends), Some(Block::UntilNews(second_ends)));
        assert_eq!(count.used(second_ends), 1);
        assert_eq!(count.block(3, first_ends), None, "the service accepts more than is documented");
    }

    #[test]
    fn what_is_waited_for_stays_when_more_responses_arrive() {
        let start = Instant::now();
        let mut count = Count::new(Budget::per_minute(4));
        for _ in 0..4 {
            count.send(start);
        }
        count.answer(start);
        let block = count.block(4, start);
        for ms in [10, 20] {
            let now = start + Duration::from_millis(ms);
            count.answer(now);
            assert_eq!(count.block(4, now), block, "who waits would wake in vain");
        }
    }

    #[test]
    fn memory_is_bounded_for_any_budget() {
        let start = Instant::now();
        let mut count = Count::new(Budget::per_minute(1_000_000));
        for number in 0..100_000 {
            let now = start + Duration::from_millis(number);
            count.send(now);
            count.answer(now);
            assert!(count.answered.len() <= 2 * GRAIN as usize);
        }
        let end = start + SECOND * 100;
        assert!((60_000..=61_000).contains(&count.used(end)), "{}", count.used(end));
        assert_eq!(count.used(end + SECOND * 61), 0);
    }
}
