//! The threads and processes of the simulation. It ends if no thread waits for ever.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::super::joint;
use super::super::wait::Wait;
use super::super::window::{Acquired, Outcome, RefusalBackoff, Window};
use super::service::Service;
use super::{Known, Scenario};
use crate::api::Budget;
use crate::retry::RetryPolicy;

/// The gate of one process.
struct Process {
    pools: Vec<Window>,
    keyed: Vec<Window>,
    own: Window,
}

impl Process {
    fn new(scenario: &Scenario) -> Self {
        let each = |window: &dyn Fn() -> Option<Window>| (0..scenario.keys).filter_map(|_| window()).collect();
        let known = |budget: Option<Budget>| budget.filter(|_| scenario.known != Known::Nothing);
        let window = |budget| Window::new(budget).holding_budget(scenario.known == Known::Held);
        Self {
            pools: each(&|| scenario.pool().map(Window::of_slots)),
            keyed: each(&|| known(scenario.keyed).map(|budget| window(Some(budget)))),
            own: window(known(scenario.own)),
        }
    }

    fn windows(&mut self, key: usize) -> Vec<&mut Window> {
        let shared = self.pools.get_mut(key).into_iter().chain(self.keyed.get_mut(key));
        shared.chain([&mut self.own]).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Look(usize),
    Arrive(usize),
    Respond(usize),
    /// It is known that the work has ended whose slot has this number.
    End {
        process: usize,
        key: usize,
        slot: u64,
    },
}

#[derive(Default)]
struct Thread {
    left: u64,
    wait: Option<Wait>,
    turn: Option<u64>,
    /// At which of its windows it waits.
    waits_at: Option<usize>,
    due: Option<Instant>,
    acquired: Option<Vec<Acquired>>,
    answer: Option<(Outcome, Option<Instant>)>,
}

#[derive(Debug)]
pub(super) struct Report {
    pub(super) took: Duration,
    pub(super) refused: u64,
    pub(super) refused_in_outage: u64,
    /// How often threads looked whether they may send.
    pub(super) looks: u64,
    /// How many calls waited too long.
    pub(super) given_up: u64,
}

struct Run {
    scenario: Scenario,
    service: Service,
    processes: Vec<Process>,
    threads: Vec<Thread>,
    events: BinaryHeap<Reverse<(Instant, Event)>>,
    now: Instant,
    chance: f64,
    accidents: u64,
    looks: u64,
    given_up: u64,
}

impl Run {
    fn process(&self, number: usize) -> usize {
        number / self.scenario.threads
    }

    fn key(&self, number: usize) -> usize {
        number % self.scenario.keys
    }

    fn fraction(&mut self) -> f64 {
        self.chance = (self.chance + 0.618_034) % 1.0;
        self.chance
    }

    fn has_accident(&mut self) -> bool {
        self.accidents += 1;
        self.accidents % self.scenario.accidents == 0
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.events.push(Reverse((self.now + after, event)));
    }

    /// Changes the windows of a key, and wakes the threads that wait for one of those that have changed.
    fn change<T>(&mut self, process: usize, key: usize, change: impl FnOnce(&mut [&mut Window]) -> T) -> T {
        let now = self.now;
        let mut windows = self.processes[process].windows(key);
        let blocks = |windows: &mut [&mut Window]| -> Vec<_> {
            windows.iter_mut().map(|window| window.block(None, now)).collect()
        };
        let before = blocks(&mut windows);
        let result = change(&mut windows);
        let after = blocks(&mut windows);
        let own = windows.len() - 1;
        for number in 0..self.threads.len() {
            let Some(position) = self.threads[number].waits_at else { continue };
            let is_shared = position == own || self.key(number) == key;
            if self.process(number) == process && is_shared && before[position] != after[position] {
                self.threads[number].due = Some(now);
                self.plan(Duration::ZERO, Event::Look(number));
            }
        }
        result
    }

    fn look(&mut self, number: usize) {
        let (now, process, key) = (self.now, self.process(number), self.key(number));
        if self.threads[number].due != Some(now) {
            return;
        }
        self.looks += 1;
        let is_cancelled = self.threads[number].waits_at.take().is_some() && self.has_accident();
        let thread = &mut self.threads[number];
        thread.due = None;
        if is_cancelled {
            return self.finish(number);
        }
        let policy = RetryPolicy::default();
        let mut wait = thread
            .wait
            .take()
            .unwrap_or_else(|| Wait::new(policy.max_retry_after, None, now.checked_add(policy.max_elapsed)));
        let turn = thread.turn;
        let mut windows = self.processes[process].windows(key);
        match joint::acquire(&mut windows, turn, now) {
            Ok(acquired) => {
                thread.acquired = Some(acquired);
                thread.wait = Some(wait);
                self.leave(number);
                if self.has_accident() {
                    self.release(number, Outcome::Unanswered, false);
                    return self.finish(number);
                }
                let takes = self.scenario.latency.mul_f64(0.5 + self.fraction() / 2.0);
                let travels = takes.mul_f64(self.fraction());
                self.plan(travels, Event::Arrive(number));
                self.plan(takes, Event::Respond(number));
            }
            Err((position, block)) => {
                let is_refusing = windows[position].is_refusing();
                let Ok(until) = wait.until(block, is_refusing, now) else {
                    self.given_up += 1;
                    return self.finish(number);
                };
                assert!(until > now, "it looks again at once: {block:?} in {:?}", self.scenario);
                let has_left = joint::queue(&mut windows, position, &mut thread.turn);
                wait.waited(until - now, is_refusing);
                thread.wait = Some(wait);
                thread.waits_at = Some(position);
                thread.due = Some(until);
                self.events.push(Reverse((until, Event::Look(number))));
                if has_left {
                    self.wake_queue(process, key);
                }
            }
        }
    }

    /// Leaves the queue, which wakes those behind.
    fn leave(&mut self, number: usize) {
        let Some(turn) = self.threads[number].turn.take() else { return };
        let (process, key) = (self.process(number), self.key(number));
        if let Some(pool) = self.processes[process].pools.get_mut(key).and_then(Window::pool) {
            pool.leave(turn);
        }
        self.wake_queue(process, key);
    }

    fn wake_queue(&mut self, process: usize, key: usize) {
        for other in 0..self.threads.len() {
            if self.process(other) == process && self.key(other) == key && self.threads[other].waits_at == Some(0) {
                self.threads[other].due = Some(self.now);
                self.plan(Duration::ZERO, Event::Look(other));
            }
        }
    }

    fn release(&mut self, number: usize, outcome: Outcome, may_have_started: bool) {
        let acquired = self.threads[number].acquired.take().expect("it was sent");
        let (now, fraction, backoff) = (self.now, self.fraction(), RefusalBackoff::default());
        self.change(self.process(number), self.key(number), |windows| {
            joint::release(windows, &acquired, outcome, may_have_started, &backoff, fraction, now);
        });
    }

    fn respond(&mut self, number: usize) {
        let (outcome, work_ends) = self.threads[number].answer.take().expect("it arrived");
        let slot = self.threads[number].acquired.iter().flatten().find_map(|acquired| acquired.slot());
        self.release(number, outcome, work_ends.is_some());
        let (Some(work_ends), Outcome::Answered(_)) = (work_ends, outcome) else {
            // It is sent again.
            self.threads[number].due = Some(self.now);
            return self.plan(Duration::ZERO, Event::Look(number));
        };
        if let Some(slot) = slot {
            if !self.has_accident() {
                let known = work_ends.saturating_duration_since(self.now) + self.scenario.latency;
                let (process, key) = (self.process(number), self.key(number));
                self.plan(known, Event::End { process, key, slot });
            }
        }
        self.finish(number);
    }

    /// Ends a call, and begins the next one.
    fn finish(&mut self, number: usize) {
        self.leave(number);
        let thread = &mut self.threads[number];
        thread.wait = None;
        thread.left -= 1;
        if thread.left > 0 {
            thread.due = Some(self.now);
            self.plan(Duration::ZERO, Event::Look(number));
        }
    }
}

pub(super) fn run(scenario: Scenario) -> Report {
    let began = Instant::now();
    let count = scenario.processes * scenario.threads;
    let thread = || Thread { left: scenario.calls, due: Some(began), ..Thread::default() };
    let mut run = Run {
        scenario,
        service: Service::new(scenario, began),
        processes: (0..scenario.processes).map(|_| Process::new(&scenario)).collect(),
        threads: (0..count).map(|_| thread()).collect(),
        events: (0..count).map(|number| Reverse((began, Event::Look(number)))).collect(),
        now: began,
        chance: 0.0,
        accidents: 0,
        looks: 0,
        given_up: 0,
    };
    let mut steps = 0_u64;
    while let Some(Reverse((at, event))) = run.events.pop() {
        steps += 1;
        assert!(steps < 2_000_000, "it never ends: {scenario:?}");
        run.now = at;
        match event {
            Event::Look(number) => run.look(number),
            Event::Arrive(number) => {
                let work = scenario.work.mul_f64(run.fraction());
                let key = run.key(number);
                run.threads[number].answer = Some(run.service.answer(key, work, at));
            }
            Event::Respond(number) => run.respond(number),
            Event::End { process, key, slot } => run.change(process, key, |windows| {
                windows[0].pool().expect("it has slots").end(slot, at);
            }),
        }
    }
    assert!(run.threads.iter().all(|thread| thread.left == 0), "somebody waits for ever: {scenario:?}");
    let later = run.now + Duration::from_secs(3600);
    for process in &mut run.processes {
        for window in process.pools.iter_mut().chain(&mut process.keyed).chain([&mut process.own]) {
            let _ = window.block(None, later);
            assert_eq!(window.used(later), 0, "a permit was lost: {scenario:?}");
            assert_eq!(window.pool().map_or(0, |pool| pool.taken(later)), 0, "a slot was lost: {scenario:?}");
        }
    }
    Report {
        took: run.now - began,
        refused: run.service.refused,
        refused_in_outage: run.service.refused_in_outage,
        looks: run.looks,
        given_up: run.given_up,
    }
}
