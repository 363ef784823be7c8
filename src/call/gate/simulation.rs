//! Threads and processes that share a limit, in a time of their own: hours pass at once, and nothing depends on how
//! busy the machine is.

mod requests;
mod service;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::block::Block;
use super::limits::Limits;
use super::wait::Wait;
use super::window::{Acquired, Outcome, RefusalBackoff, Window};
use crate::call::retry::{LONGEST, RetryPolicy};

/// How long made-up cases are tried.
const BUDGET: Duration = Duration::from_secs(1);

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counting {
    /// A window begins with the first request after the last one ended.
    Fixed,
    /// The last window's length counts.
    Sliding,
}

/// What the service announces beside the status.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Headers {
    /// Whole seconds, rounded up.
    Seconds,
    /// Whole seconds, and a constant `retry-after`, as the live service does.
    Live,
    Exact,
    /// Only `retry-after`.
    RetryAfter,
    Nothing,
}

#[derive(Clone, Copy, Debug)]
struct Scenario {
    counting: Counting,
    headers: Headers,
    limit: u64,
    window: Duration,
    processes: usize,
    threads: usize,
    /// Of each thread.
    calls: u64,
    latency: Duration,
    /// Everything is refused, without headers, until then.
    outage: Duration,
}

struct Service {
    scenario: Scenario,
    began: Instant,
    taken: VecDeque<Instant>,
    /// A fixed window.
    opened: Option<Instant>,
    refused: u64,
    refused_in_outage: u64,
}

impl Service {
    fn answer(&mut self, now: Instant) -> Outcome {
        let Scenario { counting, headers, limit, window, outage, .. } = self.scenario;
        if now < self.began + outage {
            self.refused_in_outage += 1;
            return Outcome::Refused(Limits::default());
        }
        match counting {
            Counting::Fixed => {
                if self.opened.is_none_or(|opened| now >= opened + window) {
                    self.opened = Some(now);
                    self.taken.clear();
                }
            }
            Counting::Sliding => {
                while self.taken.front().is_some_and(|taken| now >= *taken + window) {
                    self.taken.pop_front();
                }
            }
        }
        let is_accepted = (self.taken.len() as u64) < limit;
        if is_accepted {
            self.taken.push_back(now);
        }
        self.refused += u64::from(!is_accepted);
        let begins = match counting {
            Counting::Fixed => self.opened.expect("it has begun"),
            Counting::Sliding => *self.taken.front().expect("something was taken"),
        };
        let mut reset = (begins + window).saturating_duration_since(now);
        if matches!(headers, Headers::Seconds | Headers::Live) && reset.subsec_nanos() > 0 {
            reset = Duration::from_secs(reset.as_secs() + 1);
        }
        let is_announced = matches!(headers, Headers::Seconds | Headers::Live | Headers::Exact);
        let asked = if headers == Headers::Live { Duration::from_secs(5) } else { reset };
        let limits = Limits {
            limit: is_announced.then_some(limit),
            remaining: is_announced.then_some(limit - self.taken.len() as u64),
            reset: is_announced.then_some(reset),
            retry_after: (headers != Headers::Nothing && !is_accepted).then_some(asked),
        };
        if is_accepted { Outcome::Answered(limits) } else { Outcome::Refused(limits) }
    }
}

/// What happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Look(usize),
    Arrive(usize),
    Respond(usize),
}

struct Thread {
    left: u64,
    wait: Option<Wait>,
    acquired: Option<Acquired>,
    outcome: Option<Outcome>,
    /// The last time to look that was planned. Earlier plans are void.
    due: Option<Instant>,
    looks: u64,
}

#[derive(Debug)]
struct Report {
    took: Duration,
    refused: u64,
    refused_in_outage: u64,
    looks: u64,
    given_up: u64,
}

fn run(scenario: Scenario) -> Report {
    let policy = RetryPolicy::default();
    let backoff = RefusalBackoff::new(&policy);
    let began = Instant::now();
    let mut service =
        Service { scenario, began, taken: VecDeque::new(), opened: None, refused: 0, refused_in_outage: 0 };
    let mut windows: Vec<Window> = (0..scenario.processes).map(|_| Window::default()).collect();
    let count = scenario.processes * scenario.threads;
    let fresh =
        || Thread { left: scenario.calls, wait: None, acquired: None, outcome: None, due: Some(began), looks: 0 };
    let mut threads: Vec<Thread> = (0..count).map(|_| fresh()).collect();
    let mut events: BinaryHeap<Reverse<(Instant, Event)>> =
        (0..count).map(|thread| Reverse((began, Event::Look(thread)))).collect();
    let mut now = began;
    let (mut given_up, mut steps, mut chance) = (0, 0_u64, 0.0);
    while let Some(Reverse((at, event))) = events.pop() {
        steps += 1;
        assert!(steps < 2_000_000, "it never ends: {scenario:?}");
        now = at;
        match event {
            Event::Look(number) => {
                let thread = &mut threads[number];
                if thread.due != Some(now) {
                    continue;
                }
                thread.due = None;
                thread.looks += 1;
                let window = &mut windows[number / scenario.threads];
                let wait = thread
                    .wait
                    .get_or_insert_with(|| Wait::new(policy.max_retry_after, None, Some(now + policy.max_elapsed)));
                match window.block(None, now) {
                    None => {
                        thread.acquired = Some(window.acquire(now));
                        events.push(Reverse((now + scenario.latency / 2, Event::Arrive(number))));
                    }
                    Some(block) => match wait.until(block, window.is_refusing(), now) {
                        Ok(until) => {
                            assert!(until > now, "it looks again at once: {block:?} in {scenario:?}");
                            wait.waited(until - now, window.is_refusing());
                            thread.due = Some(until);
                            events.push(Reverse((until, Event::Look(number))));
                        }
                        Err(_) => {
                            given_up += thread.left;
                            thread.left = 0;
                        }
                    },
                }
            }
            Event::Arrive(number) => {
                threads[number].outcome = Some(service.answer(now));
                events.push(Reverse((now + scenario.latency / 2, Event::Respond(number))));
            }
            Event::Respond(number) => {
                let process = number / scenario.threads;
                let thread = &mut threads[number];
                let (acquired, outcome) =
                    (thread.acquired.take().expect("it was sent"), thread.outcome.take().expect("an answer"));
                chance = (chance + 0.618) % 1.0;
                let before = windows[process].block(None, now);
                windows[process].release(acquired, outcome, &backoff, chance, now);
                if windows[process].block(None, now) != before {
                    let of_process = process * scenario.threads..(process + 1) * scenario.threads;
                    for waiting in of_process.filter(|waiting| *waiting != number) {
                        if threads[waiting].due.is_some() {
                            threads[waiting].due = Some(now);
                            events.push(Reverse((now, Event::Look(waiting))));
                        }
                    }
                }
                let thread = &mut threads[number];
                if let Outcome::Answered(_) = outcome {
                    thread.left -= 1;
                    thread.wait = None;
                }
                if thread.left > 0 {
                    thread.due = Some(now);
                    events.push(Reverse((now, Event::Look(number))));
                }
            }
        }
    }
    assert!(threads.iter().all(|thread| thread.left == 0), "somebody waits for ever: {scenario:?}");
    Report {
        took: now - began,
        refused: service.refused,
        refused_in_outage: service.refused_in_outage,
        looks: threads.iter().map(|thread| thread.looks).sum(),
        given_up,
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn usual() -> Scenario {
    Scenario {
        counting: Counting::Fixed,
        headers: Headers::Seconds,
        limit: 100,
        window: Duration::from_secs(60),
        processes: 1,
        threads: 8,
        calls: 100,
        latency: ms(80),
        outage: Duration::ZERO,
    }
}

/// The shortest time in which a service with whole windows takes all calls.
fn shortest(scenario: &Scenario) -> Duration {
    let calls = scenario.processes as u64 * scenario.threads as u64 * scenario.calls;
    scenario.window * u32::try_from(calls.div_ceil(scenario.limit) - 1).expect("few windows") + scenario.latency
}

#[test]
fn one_process_with_limits_uses_every_window_without_refusals() {
    for headers in [Headers::Seconds, Headers::Live, Headers::Exact] {
        for threads in [1, 2, 8, 64, 100] {
            let scenario = Scenario { headers, threads, calls: 1600 / threads as u64, ..usual() };
            let report = run(scenario);
            assert_eq!((report.refused, report.given_up), (0, 0), "{scenario:?}");
            let most = shortest(&scenario) + scenario.window / 4;
            assert!(report.took <= most, "{:?} of {most:?}: {scenario:?}", report.took);
        }
    }
}

#[test]
fn waiters_wake_only_after_changes() {
    for threads in [1, 8, 64, 100] {
        let scenario = Scenario { threads, calls: 1600 / threads as u64, ..usual() };
        let report = run(scenario);
        // Once a call, and at most three times a window: when it is used up, when it ends, and when its probe is back.
        let windows = report.took.as_secs() / 60 + 1;
        let most = 1600 + 3 * windows * threads as u64;
        assert!(report.looks <= most, "{} looks, {most} at the most: {scenario:?}", report.looks);
    }
}

#[test]
fn processes_share_a_limit_and_use_every_window() {
    for (counting, headers) in
        [(Counting::Fixed, Headers::Seconds), (Counting::Fixed, Headers::Live), (Counting::Sliding, Headers::Seconds)]
    {
        for (processes, threads) in [(2, 1), (4, 1), (2, 8), (4, 8)] {
            let calls = 1600 / (processes * threads) as u64;
            let scenario = Scenario { counting, headers, processes, threads, calls, ..usual() };
            let report = run(scenario);
            assert_eq!(report.given_up, 0, "{scenario:?}");
            assert!(report.refused * 100 <= 20 * 1600, "{} were refused: {scenario:?}", report.refused);
            let most = shortest(&scenario) + scenario.window * 2;
            assert!(report.took <= most, "{:?} of {most:?}: {scenario:?}", report.took);
        }
    }
}

#[test]
fn refusals_without_limits_are_retried_rarely() {
    for secs in [1, 5, 20, 45, 60, 100] {
        for threads in [1, 8, 40] {
            let outage = Duration::from_secs(secs);
            let scenario = Scenario { headers: Headers::Nothing, threads, calls: 1, outage, ..usual() };
            let report = run(scenario);
            assert_eq!(report.given_up, 0, "{scenario:?}");
            // All threads at first; then one at a time, at pauses that double up to 20 seconds.
            let most = threads as u64 + 16;
            assert!(report.refused_in_outage <= most, "{}: {scenario:?}", report.refused_in_outage);
            assert!(report.took <= outage * 2 + Duration::from_secs(5), "{:?}: {scenario:?}", report.took);
        }
    }
    // What never ends is given up when the budget is.
    let outage = Duration::from_secs(100_000);
    let report = run(Scenario { headers: Headers::Nothing, threads: 40, calls: 1, outage, ..usual() });
    assert_eq!(report.given_up, 40);
    assert!(report.took <= RetryPolicy::default().max_elapsed, "{:?}", report.took);
}

fn scenario(random: &mut Unstructured) -> Result<Scenario> {
    Ok(Scenario {
        counting: *random.choose(&[Counting::Fixed, Counting::Sliding])?,
        headers: *random.choose(&[
            Headers::Seconds,
            Headers::Live,
            Headers::Exact,
            Headers::RetryAfter,
            Headers::Nothing,
        ])?,
        limit: random.int_in_range(1..=59)?,
        window: ms(random.int_in_range(1_000..=79_999)?),
        processes: random.int_in_range(1..=3)?,
        threads: random.int_in_range(1..=11)?,
        calls: random.int_in_range(1..=29)?,
        latency: ms(random.int_in_range(1..=29_999)?),
        outage: ms(if random.arbitrary()? { 0 } else { random.int_in_range(0..=99_999)? }),
    })
}

/// A number that is small, the largest, or any; or none.
fn number(random: &mut Unstructured, small: u64) -> Result<Option<u64>> {
    Ok(match random.int_in_range(0..=3)? {
        0 => None,
        1 => Some(random.int_in_range(0..=small)?),
        2 => Some(u64::MAX),
        _ => Some(random.arbitrary()?),
    })
}

/// What may come in a response.
fn limits(random: &mut Unstructured) -> Result<Limits> {
    let limit = number(random, 20)?;
    Ok(Limits {
        limit,
        remaining: number(random, 20)?,
        reset: number(random, 100_000)?.map(ms),
        retry_after: number(random, 100_000)?.map(ms),
    })
}

#[test]
fn every_wait_ends() {
    arbtest(|random| {
        let scenario = scenario(random)?;
        let report = run(scenario);
        // Without limits in the responses, with responses that come later than the next probe is sent, or with others at
        // the same limit, the budget can end before one of many has its turn. It ends in any case: `run` checks that.
        let is_announced = matches!(scenario.headers, Headers::Seconds | Headers::Live | Headers::Exact)
            && scenario.latency < ms(2000);
        let is_alone = scenario.processes == 1 && scenario.limit >= scenario.threads as u64;
        let is_announced = is_announced && is_alone && scenario.outage.is_zero();
        assert!(!is_announced || report.given_up == 0, "{} were given up: {scenario:?}", report.given_up);
        Ok(())
    })
    .budget(BUDGET);
}

#[test]
fn windows_open_after_every_announced_delay() {
    arbtest(|random| {
        let backoff = RefusalBackoff::default();
        let mut window = Window::default();
        let mut now = Instant::now();
        let mut announced = now;
        let mut under_way = VecDeque::new();
        for _ in 0..random.int_in_range(0..=40)? {
            // Time goes by, and then a request is let through, or the oldest one ends.
            now += ms(match random.int_in_range(0..=2)? {
                0 => random.int_in_range(0..=2_999)?,
                1 => random.int_in_range(0..=99_999)?,
                _ => 10 * 24 * 3_600_000,
            });
            if random.arbitrary()? {
                if window.block(None, now).is_none() {
                    under_way.push_back(window.acquire(now));
                }
            } else if let Some(acquired) = under_way.pop_front() {
                let limits = limits(random)?;
                let outcome = match random.int_in_range(0..=2)? {
                    0 => Outcome::Unanswered,
                    1 => Outcome::Answered(limits),
                    _ => Outcome::Refused(limits),
                };
                window.release(acquired, outcome, &backoff, 0.5, now);
                let longest = limits.reset.max(limits.retry_after).unwrap_or_default().min(LONGEST);
                announced = announced.max(now + longest).max(now + Duration::from_secs(60));
            }
            if let Some(until) = window.block(None, now).map(Block::until) {
                assert!(until > now, "a block that is over");
                assert!(until <= announced.max(now + Duration::from_secs(2)), "a block that nobody announced");
            }
        }
        for acquired in under_way {
            window.release(acquired, Outcome::Unanswered, &backoff, 0.5, now);
        }
        // The first look may end a window that is used up by requests under way; the second one finds a new one.
        now = announced.max(now) + Duration::from_secs(3);
        let _ = window.block(None, now);
        assert_eq!(window.block(None, now + Duration::from_secs(3)), None);
        Ok(())
    })
    .budget(BUDGET);
}
