//! Requests that several limits apply to at once: documented budgets, budgets for parameters, and slots.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::super::joint;
use super::super::wait::Wait;
use super::super::window::{Acquired, Outcome, RefusalBackoff, Window};
use super::service::{Counting, Scenario, Service};
use super::{BUDGET, ms};
use crate::api::Budget;
use crate::call::retry::RetryPolicy;

/// The gate of one process.
struct Process {
    pools: Vec<Window>,
    keyed: Vec<Window>,
    own: Window,
}

impl Process {
    fn new(scenario: &Scenario) -> Self {
        let each = |window: &dyn Fn() -> Option<Window>| (0..scenario.keys).filter_map(|_| window()).collect();
        Self {
            pools: each(&|| scenario.pool().map(Window::of_slots)),
            keyed: each(&|| scenario.keyed.map(|budget| Window::new(Some(budget)))),
            own: Window::new(scenario.own),
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
struct Report {
    took: Duration,
    refused: u64,
    given_up: u64,
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
                let travels = self.scenario.latency.mul_f64(self.fraction());
                self.plan(travels, Event::Arrive(number));
                self.plan(self.scenario.latency, Event::Respond(number));
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

fn run(scenario: Scenario) -> Report {
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
        given_up: 0,
    };
    let mut steps = 0_u64;
    while let Some(Reverse((at, event))) = run.events.pop() {
        steps += 1;
        assert!(steps < 1_000_000, "it never ends: {scenario:?}");
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
    Report { took: run.now - began, refused: run.service.refused, given_up: run.given_up }
}

fn usual() -> Scenario {
    Scenario {
        counting: Counting::Aligned,
        announced: None,
        own: None,
        keyed: None,
        slots: None,
        keys: 1,
        processes: 1,
        threads: 8,
        calls: 4,
        latency: ms(80),
        work: ms(0),
        recovery: ms(0),
        accidents: u64::MAX,
    }
}

#[test]
fn bursts_are_spread_over_the_periods_of_a_budget() {
    let second = Scenario { own: Some(Budget::per_second(3)), ..usual() };
    for counting in [Counting::Fixed, Counting::Aligned, Counting::Sliding] {
        let report = run(Scenario { counting, ..second });
        assert_eq!((report.refused, report.given_up), (0, 0));
        // 32 calls, 3 a second and a latency.
        assert!(report.took >= Duration::from_secs(9) && report.took <= Duration::from_secs(13), "{:?}", report.took);
    }
}

#[test]
fn keys_wait_only_for_their_own_budget() {
    let scenario = Scenario {
        own: Some(Budget::per_second(150)),
        keyed: Some(Budget::per_minute(2)),
        keys: 8,
        calls: 2,
        ..usual()
    };
    for announced in [None, Some(1), Some(2)] {
        let report = run(Scenario { announced, ..scenario });
        assert_eq!((report.refused, report.given_up), (0, 0));
        assert!(report.took <= Duration::from_secs(2), "{:?}: others waited", report.took);
        let report = run(Scenario { announced, calls: 4, ..scenario });
        assert_eq!((report.refused, report.given_up), (0, 0));
        let most = Duration::from_secs(65);
        assert!(report.took >= Duration::from_secs(55) && report.took <= most, "{:?}", report.took);
    }
}

#[test]
fn slots_are_used_as_soon_as_they_are_free() {
    let scenario = Scenario {
        slots: Some(10),
        threads: 40,
        calls: 5,
        work: Duration::from_secs(30),
        recovery: Duration::from_secs(10),
        ..usual()
    };
    let report = run(scenario);
    assert_eq!((report.refused, report.given_up), (0, 0));
    // 200 tasks of 15 seconds and 10 of recovery, 10 at a time.
    assert!(report.took <= Duration::from_secs(600), "{:?}", report.took);
}

fn scenario(random: &mut Unstructured) -> Result<Scenario> {
    let mut budget = || -> Result<Option<Budget>> {
        let period = Duration::from_secs(*random.choose(&[1, 10, 60])?);
        let count = random.int_in_range(1..=20)?;
        Ok(random.arbitrary::<bool>()?.then(|| Budget::new(count, period)))
    };
    let (own, keyed) = (budget()?, budget()?);
    let counting = *random.choose(&[Counting::Fixed, Counting::Aligned, Counting::Sliding])?;
    // What a sliding count announces isn't an end of a window.
    let may_announce = counting != Counting::Sliding;
    Ok(Scenario {
        counting,
        announced: Some(random.int_in_range(0..=3)?).filter(|every| may_announce && *every > 0),
        own,
        keyed,
        slots: if random.arbitrary()? { Some(random.int_in_range(1..=10)?) } else { None },
        keys: random.int_in_range(1..=4)?,
        processes: random.int_in_range(1..=2)?,
        threads: random.int_in_range(1..=12)?,
        calls: random.int_in_range(1..=8)?,
        latency: ms(random.int_in_range(1..=1_900)?),
        work: ms(random.int_in_range(0..=40_000)?),
        recovery: ms(random.int_in_range(0..=10_000)?),
        accidents: random.int_in_range(2..=9)?,
    })
}

#[test]
fn one_process_keeps_within_all_limits_and_loses_no_permit() {
    arbtest(|random| {
        let scenario = Scenario { processes: 1, ..scenario(random)? };
        let report = run(scenario);
        assert_eq!(report.refused, 0, "{scenario:?}");
        assert_eq!(report.given_up, 0, "{scenario:?}");
        Ok(())
    })
    .budget(BUDGET);
}

#[test]
fn processes_lose_no_permit_at_refusals() {
    arbtest(|random| {
        run(Scenario { processes: 2, ..scenario(random)? });
        Ok(())
    })
    .budget(BUDGET);
}
