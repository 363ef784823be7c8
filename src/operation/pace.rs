//! When tasks are polled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::error::rounded;

/// As many tasks can be waited for at once without a longer delay than [`lateness`].
const FEW: u32 = 10;

/// The wait for a task. All waits of a client share the 200 polls a minute that the service accepts.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the task began, as far as it is known.
    since: Instant,
    waits: Arc<AtomicU32>,
}

impl Pace {
    /// Counts the wait until it is dropped.
    pub(super) fn new(since: Instant, waits: &Arc<AtomicU32>) -> Self {
        waits.fetch_add(1, Ordering::Relaxed);
        Self { since, waits: Arc::clone(waits) }
    }

    /// Returns the delay before the next poll.
    pub(super) fn delay(&self) -> Duration {
        delay(self.since.elapsed(), self.waits.load(Ordering::Relaxed))
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.waits.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the delay after a poll of a task of this age, if so many are waited for. One task is polled as often as a person
/// wants to know. Each further one takes a share of the polls, and the older a task is, the later its end may be seen.
fn delay(age: Duration, waits: u32) -> Duration {
    let usual = match age.as_secs() {
        0..20 => Duration::from_millis(500),
        20..60 => Duration::from_secs(1),
        _ => Duration::from_secs(5),
    };
    let share = Duration::from_secs(u64::from(waits.saturating_sub(1)));
    let crowd = (f64::from(waits.max(FEW)) / f64::from(FEW)).powf(1.3);
    usual.max(share.min(lateness(age).mul_f64(crowd)))
}

/// Returns how late the end of a task may be seen: with a slow response, after 1.15 of its time and a second.
fn lateness(age: Duration) -> Duration {
    age.mul_f64(0.147) + Duration::from_millis(620)
}

/// Describes an age.
pub(super) fn shown(age: Duration) -> String {
    format!("{:?}", rounded(age))
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    const LATENCY: Duration = Duration::from_millis(150);
    const MINUTE: Duration = Duration::from_secs(60);

    /// Plays so many tasks at a time, by a clock of its own, and returns when each poll was sent, and how long each task took and
    /// after which time its end was seen. A task takes one of the times, in turns.
    fn play(at_once: u32, times: &[u64], tasks: usize) -> (Vec<Duration>, Vec<(Duration, Duration)>) {
        let (mut polls, mut seen) = (Vec::new(), Vec::new());
        let mut times = times.iter().cycle().map(|seconds| Duration::from_secs(*seconds)).take(tasks);
        let mut next = BinaryHeap::new();
        let begin = |now: Duration, times: &mut dyn Iterator<Item = Duration>| {
            times.next().map(|time| Reverse((now, now, time)))
        };
        for _ in 0..at_once {
            next.extend(begin(Duration::ZERO, &mut times));
        }
        while let Some(Reverse((now, since, time))) = next.pop() {
            polls.push(now);
            let answered = now + LATENCY;
            if now - since >= time {
                seen.push((time, answered - since));
                next.extend(begin(answered, &mut times));
            } else {
                let waits = u32::try_from(next.len()).expect("a few") + 1;
                next.push(Reverse((answered + delay(answered - since, waits), since, time)));
            }
        }
        (polls, seen)
    }

    fn most_in_a_minute(polls: &[Duration]) -> usize {
        let in_minute = |at: &Duration| polls.iter().filter(|poll| **poll >= *at && **poll < *at + MINUTE).count();
        polls.iter().map(in_minute).max().unwrap_or_default()
    }

    #[test]
    fn the_end_of_a_task_is_seen_soon_however_many_are_waited_for() {
        for at_once in [1, 2, 3, 5, 8, 10] {
            for times in [&[3_u64, 7][..], &[20, 31, 44], &[61, 100], &[300], &[1, 60, 300]] {
                let (_, seen) = play(at_once, times, 40);
                assert_eq!(seen.len(), 40);
                for (time, seen) in seen {
                    let latest = time.mul_f64(1.15) + Duration::from_secs(1);
                    assert!(seen <= latest, "{time:?} is seen after {seen:?}, with {at_once} at once");
                }
            }
        }
    }

    #[test]
    fn all_waits_together_keep_within_the_polls_of_a_minute() {
        for at_once in [1, 2, 3, 5, 8, 10, 12, 20, 40, 100] {
            for times in [&[31_u64, 44][..], &[61, 100], &[300]] {
                let (polls, _) = play(at_once, times, at_once as usize);
                let most = most_in_a_minute(&polls);
                assert!(most <= 200, "{most} polls in a minute, with {at_once} at once");
            }
        }
    }

    #[test]
    fn a_single_task_is_polled_twice_a_second_at_first() {
        for (age, expected) in [(0, 500), (19, 500), (20, 1000), (59, 1000), (60, 5000), (300, 5000)] {
            assert_eq!(delay(Duration::from_secs(age), 1), Duration::from_millis(expected), "{age} s");
        }
    }

    #[test]
    fn a_wait_counts_until_it_ends() {
        let waits = Arc::default();
        let (one, two) = (Pace::new(Instant::now(), &waits), Pace::new(Instant::now(), &waits));
        assert!(two.delay() >= Duration::from_millis(620));
        drop(one);
        assert_eq!(two.delay(), Duration::from_millis(500));
        drop(two);
        assert_eq!(waits.load(Ordering::Relaxed), 0);
    }
}
