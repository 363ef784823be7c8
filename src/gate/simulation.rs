//! Threads and processes that share limits, in a time of their own: hours pass at once, and nothing depends on how busy the
//! machine is.
//!
//! What the service announces is read by the code that reads the headers of real responses.

mod run;
mod service;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use self::run::run;
use super::block::Block;
use super::limits::Limits;
use super::window::{Outcome, RefusalBackoff, Window};
use crate::api::{Budget, Slots};
use crate::retry::{LONGEST, RetryPolicy};

/// How long made-up cases are tried.
const BUDGET: Duration = Duration::from_secs(1);

const MINUTE: Duration = Duration::from_secs(60);

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counting {
    /// A window begins with the first request after the last one ended.
    Fixed,
    /// Windows begin at multiples of their length.
    Aligned,
    /// The last period counts.
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

/// What the client knows of the budgets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Nothing,
    /// They are declared, and don't count.
    Declared,
    Held,
}

#[derive(Clone, Copy, Debug)]
struct Scenario {
    counting: Counting,
    headers: Headers,
    /// Of so many responses, one has headers.
    announced: u64,
    /// Whether headers list all windows of a request, and not only the one that has least left.
    has_lists: bool,
    known: Known,
    own: Option<Budget>,
    keyed: Option<Budget>,
    /// How many slots each key has.
    slots: Option<u32>,
    /// How many values the parameters have.
    keys: usize,
    processes: usize,
    threads: usize,
    /// Of each thread.
    calls: u64,
    latency: Duration,
    /// Everything is refused, without headers, until then.
    outage: Duration,
    /// The longest time that work takes.
    work: Duration,
    recovery: Duration,
    /// Of so many calls, one is cancelled while it waits, one fails before it is sent, and one forgets its slot.
    accidents: u64,
}

impl Scenario {
    fn pool(&self) -> Option<Slots> {
        // The client learns of the start a latency later than the service.
        let lifetime = (self.work + self.recovery).max(ms(1));
        Some(Slots::new("work", &["key"], self.slots?, lifetime).with_recovery(self.recovery))
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A minute of an endpoint whose budget isn't declared.
fn usual() -> Scenario {
    Scenario {
        counting: Counting::Fixed,
        headers: Headers::Seconds,
        announced: 1,
        has_lists: false,
        known: Known::Nothing,
        own: Some(Budget::per_minute(100)),
        keyed: None,
        slots: None,
        keys: 1,
        processes: 1,
        threads: 8,
        calls: 100,
        latency: ms(80),
        outage: Duration::ZERO,
        work: Duration::ZERO,
        recovery: Duration::ZERO,
        accidents: u64::MAX,
    }
}

/// Few calls of an endpoint whose budgets are declared, on a service that announces nothing.
fn declared() -> Scenario {
    Scenario {
        counting: Counting::Aligned,
        headers: Headers::Nothing,
        known: Known::Held,
        own: None,
        calls: 4,
        ..usual()
    }
}

/// The shortest time in which a service with whole windows takes all calls.
fn shortest(scenario: &Scenario) -> Duration {
    let calls = scenario.processes as u64 * scenario.threads as u64 * scenario.calls;
    let budget = scenario.own.expect("it has a limit");
    let windows = calls.div_ceil(u64::from(budget.count())) - 1;
    budget.period() * u32::try_from(windows).expect("few windows") + scenario.latency
}

#[test]
fn one_process_with_limits_uses_every_window_without_refusals() {
    for headers in [Headers::Seconds, Headers::Live, Headers::Exact] {
        for threads in [1, 2, 8, 64, 100] {
            let scenario = Scenario { headers, threads, calls: 1600 / threads as u64, ..usual() };
            let report = run(scenario);
            assert_eq!((report.refused, report.given_up), (0, 0), "{scenario:?}");
            let most = shortest(&scenario) + MINUTE / 4;
            assert!(report.took <= most, "{:?} of {most:?}: {scenario:?}", report.took);
        }
    }
}

#[test]
fn waiters_wake_only_after_changes() {
    let held = Scenario { known: Known::Held, ..usual() };
    let unannounced = Scenario { headers: Headers::Nothing, ..held };
    // At most so many times a window: when it is used up, when it ends, and when its probe is back. Of one that isn't announced,
    // the requests of each second end together, and one thread takes 8 seconds for all. More threads than an unknown limit are
    // refused at first.
    for (scenario, times, many) in [(usual(), 3, 100), (held, 3, 160), (unannounced, 10, 160)] {
        for threads in [1, 8, 64, many] {
            let scenario = Scenario { threads, calls: 1600 / threads as u64, ..scenario };
            let report = run(scenario);
            let windows = report.took.as_secs() / 60 + 1;
            let most = 1600 + times * windows * threads as u64;
            assert!(report.looks <= most, "{} looks, {most} at the most: {scenario:?}", report.looks);
        }
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
            let most = shortest(&scenario) + MINUTE * 2;
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

#[test]
fn bursts_are_spread_over_the_periods_of_a_budget() {
    let second = Scenario { own: Some(Budget::per_second(3)), ..declared() };
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
        ..declared()
    };
    let announced = |announced| Scenario { headers: Headers::Live, announced, ..scenario };
    let listed = Scenario { has_lists: true, ..announced(1) };
    for scenario in [scenario, announced(1), announced(2), listed] {
        let report = run(scenario);
        assert_eq!((report.refused, report.given_up), (0, 0));
        assert!(report.took <= Duration::from_secs(2), "{:?}: others waited", report.took);
        let report = run(Scenario { calls: 4, ..scenario });
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
        ..declared()
    };
    let report = run(scenario);
    assert_eq!((report.refused, report.given_up), (0, 0));
    // 200 tasks of 15 seconds and 10 of recovery, 10 at a time.
    assert!(report.took <= Duration::from_secs(600), "{:?}", report.took);
}

fn budget(random: &mut Unstructured) -> Result<Budget> {
    let period = if random.arbitrary()? {
        Duration::from_secs(*random.choose(&[1, 10, 60])?)
    } else {
        ms(random.int_in_range(1_000..=79_999)?)
    };
    Ok(Budget::new(random.int_in_range(1..=59)?, period))
}

/// Anything that a service and its clients may do.
fn scenario(random: &mut Unstructured) -> Result<Scenario> {
    let headers = [Headers::Seconds, Headers::Live, Headers::Exact, Headers::RetryAfter, Headers::Nothing];
    Ok(Scenario {
        counting: *random.choose(&[Counting::Fixed, Counting::Aligned, Counting::Sliding])?,
        headers: *random.choose(&headers)?,
        announced: random.int_in_range(1..=3)?,
        has_lists: random.arbitrary()?,
        known: *random.choose(&[Known::Nothing, Known::Declared, Known::Held])?,
        own: if random.arbitrary()? { Some(budget(random)?) } else { None },
        keyed: if random.arbitrary()? { Some(budget(random)?) } else { None },
        slots: if random.arbitrary()? { Some(random.int_in_range(1..=10)?) } else { None },
        keys: random.int_in_range(1..=4)?,
        processes: random.int_in_range(1..=3)?,
        threads: random.int_in_range(1..=12)?,
        calls: random.int_in_range(1..=29)?,
        latency: ms(random.int_in_range(1..=29_999)?),
        outage: ms(if random.arbitrary()? { 0 } else { random.int_in_range(0..=99_999)? }),
        work: ms(random.int_in_range(0..=40_000)?),
        recovery: ms(random.int_in_range(0..=10_000)?),
        accidents: random.int_in_range(2..=9)?,
    })
}

#[test]
fn every_wait_ends_and_no_permit_is_lost() {
    // The run checks it.
    arbtest(|random| {
        let _ = run(scenario(random)?);
        Ok(())
    })
    .budget(BUDGET);
}

#[test]
fn nobody_gives_up_while_each_response_announces_the_window() {
    arbtest(|random| {
        let scenario = Scenario {
            own: Some(budget(random)?),
            keyed: None,
            slots: None,
            headers: *random.choose(&[Headers::Seconds, Headers::Live, Headers::Exact])?,
            announced: 1,
            processes: 1,
            outage: Duration::ZERO,
            // Later responses come after the next probe is sent.
            latency: ms(random.int_in_range(1..=1_999)?),
            accidents: u64::MAX,
            ..scenario(random)?
        };
        // If not all have room in one window, the budget of one can end before it has its turn.
        let threads = scenario.threads.min(scenario.own.map_or(1, |own| own.count() as usize));
        let scenario = Scenario { threads, ..scenario };
        let report = run(scenario);
        assert_eq!(report.given_up, 0, "{scenario:?}");
        Ok(())
    })
    .budget(BUDGET);
}

#[test]
fn one_process_keeps_within_all_budgets_that_it_knows() {
    arbtest(|random| {
        let mut budget = || -> Result<Option<Budget>> {
            let period = Duration::from_secs(*random.choose(&[1, 10, 60])?);
            let count = random.int_in_range(1..=20)?;
            Ok(random.arbitrary::<bool>()?.then(|| Budget::new(count, period)))
        };
        let (own, keyed) = (budget()?, budget()?);
        let any = scenario(random)?;
        // What a sliding count announces isn't an end of a window.
        let headers = if any.counting == Counting::Sliding { Headers::Nothing } else { any.headers };
        let scenario = Scenario {
            own,
            keyed,
            headers,
            // Only windows of the clock end together.
            has_lists: any.has_lists && any.counting == Counting::Aligned,
            known: Known::Held,
            processes: 1,
            calls: any.calls.min(8),
            latency: ms(random.int_in_range(1..=1_900)?),
            outage: Duration::ZERO,
            ..any
        };
        let report = run(scenario);
        assert_eq!((report.refused, report.given_up), (0, 0), "{scenario:?}");
        Ok(())
    })
    .budget(BUDGET);
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
