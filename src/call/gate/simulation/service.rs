//! The service of the simulation: it refuses what exceeds a limit.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::limits::Limits;
use super::super::window::Outcome;
use super::ms;
use crate::api::{Budget, Slots};

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Counting {
    /// A window begins with the first request after the last one ended.
    Fixed,
    /// Windows begin at multiples of their length.
    Aligned,
    /// The last period counts.
    Sliding,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) counting: Counting,
    /// Of so many responses, one announces the window that has least left. `None` is never.
    pub(super) announced: Option<u64>,
    pub(super) own: Option<Budget>,
    pub(super) keyed: Option<Budget>,
    /// How many slots each key has.
    pub(super) slots: Option<u32>,
    /// How many values the parameters have.
    pub(super) keys: usize,
    pub(super) processes: usize,
    pub(super) threads: usize,
    /// Of each thread.
    pub(super) calls: u64,
    pub(super) latency: Duration,
    /// The longest time that work takes.
    pub(super) work: Duration,
    pub(super) recovery: Duration,
    /// Of so many calls, one is cancelled while it waits, one fails before it is sent, and one forgets its slot.
    pub(super) accidents: u64,
}

impl Scenario {
    pub(super) fn pool(&self) -> Option<Slots> {
        // The client learns of the start a latency later than the service.
        let lifetime = self.work + self.recovery;
        Some(Slots::new("work", &["key"], self.slots?, lifetime).with_recovery(self.recovery))
    }
}

pub(super) struct Service {
    scenario: Scenario,
    began: Instant,
    own: Counted,
    keyed: HashMap<usize, Counted>,
    /// When slots are free.
    work: HashMap<usize, Vec<Instant>>,
    responses: u64,
    pub(super) refused: u64,
}

#[derive(Default)]
struct Counted {
    opened: Option<Instant>,
    taken: VecDeque<Instant>,
}

impl Counted {
    /// Returns how many requests are left, and how long the window lasts.
    fn left(&mut self, budget: Budget, counting: Counting, began: Instant, now: Instant) -> (u64, Duration) {
        let period = budget.period();
        if counting == Counting::Sliding {
            self.taken.retain(|taken| now < *taken + period);
        } else if self.opened.is_none_or(|opened| now >= opened + period) {
            let into = (now - began).as_nanos() % period.as_nanos();
            let into = if counting == Counting::Aligned { u64::try_from(into).expect("few seconds") } else { 0 };
            self.opened = Some(now - Duration::from_nanos(into));
            self.taken.clear();
        }
        let begins = self.opened.or(self.taken.front().copied()).unwrap_or(now);
        (u64::from(budget.count()) - self.taken.len() as u64, (begins + period).saturating_duration_since(now))
    }
}

impl Service {
    pub(super) fn new(scenario: Scenario, began: Instant) -> Self {
        Self {
            scenario,
            began: began - ms(300),
            own: Counted::default(),
            keyed: HashMap::new(),
            work: HashMap::new(),
            responses: 0,
            refused: 0,
        }
    }

    /// Returns the response, and when the work ends that it started.
    pub(super) fn answer(&mut self, key: usize, work: Duration, now: Instant) -> (Outcome, Option<Instant>) {
        let Scenario { counting, announced, own, keyed, slots, recovery, .. } = self.scenario;
        self.responses += 1;
        let counted = self.keyed.entry(key).or_default();
        let keyed = keyed.map(|budget| (counted.left(budget, counting, self.began, now), budget));
        let own = own.map(|budget| (self.own.left(budget, counting, self.began, now), budget));
        let tasks = self.work.entry(key).or_default();
        tasks.retain(|free| now < *free);
        let has_slot = slots.is_none_or(|slots| tasks.len() < slots as usize);
        let least = own.into_iter().chain(keyed).min_by_key(|((left, _), _)| *left);
        let is_accepted = has_slot && least.is_none_or(|((left, _), _)| left > 0);
        if is_accepted {
            self.own.taken.push_back(now);
            counted.taken.push_back(now);
            tasks.push(now + work + recovery);
        }
        self.refused += u64::from(!is_accepted);
        let is_announced = announced.is_some_and(|every| self.responses % every == 0);
        let limits = least.filter(|_| is_announced).map_or(Limits::default(), |((left, reset), budget)| Limits {
            limit: Some(u64::from(budget.count())),
            remaining: Some(left - u64::from(is_accepted)),
            reset: Some(Duration::from_secs(reset.as_secs() + u64::from(reset.subsec_nanos() > 0))),
            retry_after: None,
        });
        let outcome = if is_accepted { Outcome::Answered(limits) } else { Outcome::Refused(limits) };
        (outcome, is_accepted.then_some(now + work))
    }
}
