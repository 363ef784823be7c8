//! The service of the simulation: it refuses what exceeds a limit.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::limits::Limits;
use super::super::window::Outcome;
use super::{Counting, Headers, Scenario, ms};
use crate::api::Budget;

pub(super) struct Service {
    scenario: Scenario,
    began: Instant,
    /// When it refuses no longer everything.
    recovers: Instant,
    own: Counted,
    keyed: HashMap<usize, Counted>,
    /// When slots are free.
    work: HashMap<usize, Vec<Instant>>,
    responses: u64,
    pub(super) refused: u64,
    pub(super) refused_in_outage: u64,
}

#[derive(Default)]
struct Counted {
    opened: Option<Instant>,
    taken: VecDeque<Instant>,
}

/// What is left of a budget.
#[derive(Clone, Copy)]
struct Rest {
    budget: Budget,
    left: u64,
    /// How long the window lasts.
    reset: Duration,
}

impl Counted {
    fn rest(&mut self, budget: Budget, counting: Counting, began: Instant, now: Instant) -> Rest {
        let period = budget.period();
        if counting == Counting::Sliding {
            while self.taken.front().is_some_and(|taken| now >= *taken + period) {
                self.taken.pop_front();
            }
        } else if self.opened.is_none_or(|opened| now >= opened + period) {
            let into = (now - began).as_nanos() % period.as_nanos();
            let into = if counting == Counting::Aligned { u64::try_from(into).expect("few seconds") } else { 0 };
            self.opened = Some(now - Duration::from_nanos(into));
            self.taken.clear();
        }
        let begins = self.opened.or(self.taken.front().copied()).unwrap_or(now);
        let left = u64::from(budget.count()) - self.taken.len() as u64;
        Rest { budget, left, reset: (begins + period).saturating_duration_since(now) }
    }
}

impl Service {
    pub(super) fn new(scenario: Scenario, began: Instant) -> Self {
        Self {
            scenario,
            began: began - ms(300),
            recovers: began + scenario.outage,
            own: Counted::default(),
            keyed: HashMap::new(),
            work: HashMap::new(),
            responses: 0,
            refused: 0,
            refused_in_outage: 0,
        }
    }

    /// Returns the response, and when the work ends that it started.
    pub(super) fn answer(&mut self, key: usize, work: Duration, now: Instant) -> (Outcome, Option<Instant>) {
        if now < self.recovers {
            self.refused_in_outage += 1;
            return (Outcome::Refused(Limits::default()), None);
        }
        let Scenario { counting, own, keyed, slots, recovery, .. } = self.scenario;
        let counted = self.keyed.entry(key).or_default();
        let own = own.map(|budget| self.own.rest(budget, counting, self.began, now));
        let keyed = keyed.map(|budget| counted.rest(budget, counting, self.began, now));
        let tasks = self.work.entry(key).or_default();
        tasks.retain(|free| now < *free);
        let has_slot = slots.is_none_or(|slots| tasks.len() < slots as usize);
        let is_accepted = has_slot && own.iter().chain(&keyed).all(|rest| rest.left > 0);
        if is_accepted {
            self.own.taken.push_back(now);
            counted.taken.push_back(now);
            tasks.push(now + work + recovery);
        }
        self.refused += u64::from(!is_accepted);
        let rests = own.into_iter().chain(keyed).map(|rest| Rest { left: rest.left - u64::from(is_accepted), ..rest });
        let limits = self.announce(&rests.collect::<Vec<_>>(), is_accepted);
        let outcome = if is_accepted { Outcome::Answered(limits) } else { Outcome::Refused(limits) };
        (outcome, is_accepted.then_some(now + work))
    }

    /// Returns what the client reads in the headers of a response: of the window that has least left, or of all.
    fn announce(&mut self, rests: &[Rest], is_accepted: bool) -> Limits {
        let Scenario { headers, announced, has_lists, .. } = self.scenario;
        self.responses += 1;
        let Some(least) = rests.iter().min_by_key(|rest| rest.left) else { return Limits::default() };
        if self.responses % announced != 0 {
            return Limits::default();
        }
        let listed = if has_lists { rests } else { std::slice::from_ref(least) };
        let list = |value: &dyn Fn(&Rest) -> String| listed.iter().map(value).collect::<Vec<_>>().join(", ");
        let seconds = |delay: Duration| match headers {
            Headers::Seconds | Headers::Live => (delay.as_secs() + u64::from(delay.subsec_nanos() > 0)).to_string(),
            _ => format!("{}.{:09}", delay.as_secs(), delay.subsec_nanos()),
        };
        let mut lines = Vec::new();
        if matches!(headers, Headers::Seconds | Headers::Live | Headers::Exact) {
            lines.extend([
                ("x-ratelimit-limit", list(&|rest| rest.budget.count().to_string())),
                ("x-ratelimit-remaining", list(&|rest| rest.left.to_string())),
                ("x-ratelimit-reset", list(&|rest| seconds(rest.reset))),
            ]);
        }
        match headers {
            Headers::Nothing => {}
            _ if is_accepted => {}
            Headers::Live => lines.push(("retry-after", "5".to_owned())),
            _ => lines.push(("retry-after", seconds(least.reset))),
        }
        Limits::of_headers(&lines.iter().map(|(name, line)| (*name, line.as_str())).collect::<Vec<_>>())
    }
}
