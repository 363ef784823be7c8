//! The gate that keeps a client within the service's rate limits.
//!
//! The service counts requests in windows, for each endpoint and owner of a key. Each response tells how many requests are
//! left and when the window ends. The gate counts ahead of the responses, so that calls wait for the next window instead of
//! collecting 429s. What others use of the budget, such as another process with the same key, shows in the responses; of the
//! rest, the gate then takes only its previous share.
//!
//! A 429 closes the gate for all calls of its endpoint, for as long as the service asks and until its window ends, or for a
//! delay that grows with each refusal. When it opens, a single request is sent first.

mod limits;
#[cfg(test)]
mod simulation;
mod window;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use limits::Limits;
pub(super) use limits::http_date;
pub(crate) use window::earlier;

use self::window::{Closing, Line, Outcome, Pass, Window};
use crate::api::Method;
use crate::call::cancel::{Cancel, Wake};
use crate::call::retry::{RetryPolicy, random_fraction};

/// Lets requests through while the rate limits allow them. All clones and threads of a client share one.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    buckets: Mutex<HashMap<BucketName, Arc<Bucket>>>,
    closing: Closing,
}

/// The name of a rate limit: the method, and the path template or the host.
pub(crate) type BucketName = (Method, Cow<'static, str>);

/// Requests that aren't known at compile time could create any number of buckets. Above this number, those are forgotten that
/// delay no request.
const MAX_BUCKETS: usize = 1024;

/// The state of one rate limit, and the threads that wait for it.
#[derive(Debug, Default)]
struct Bucket {
    window: Mutex<Window>,
    changed: Condvar,
    #[cfg(test)]
    looks: std::sync::atomic::AtomicUsize,
}

/// How long a call can wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// The longest single delay of the service. How many delays pass before it is this call's turn doesn't matter.
    pub(crate) longest_pause: Duration,
    /// When all waiting ends.
    pub(crate) deadline: Option<Instant>,
    /// When waiting ends while the service refuses calls.
    pub(crate) budget_ends: Option<Instant>,
}

/// Why the gate refused a request.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The wait would be this long, which is too long.
    TooLong(Duration),
    Cancelled,
}

impl Gate {
    /// Creates a gate. The policy controls how long it closes after a refusal without a delay.
    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        Self { closing: Closing::new(policy), ..Self::default() }
    }

    /// Waits for the rate limit. The permit must be told the result.
    pub(crate) fn enter(
        &self,
        bucket: BucketName,
        patience: Patience,
        cancel: Option<&Cancel>,
    ) -> Result<Permit, Refused> {
        let bucket = self.bucket(bucket);
        let mut line = Line::new(patience.longest_pause, patience.deadline, patience.budget_ends);
        let mut watch = None;
        let mut window = bucket.lock();
        loop {
            if cancel.is_some_and(Cancel::is_cancelled) {
                return Err(Refused::Cancelled);
            }
            let now = Instant::now();
            let Some(block) = window.block(now) else {
                let pass = window.pass(now);
                drop(window);
                let budget_ends = line.budget_ends();
                return Ok(Permit { bucket, closing: self.closing, pass, outcome: Outcome::Unanswered, budget_ends });
            };
            let is_refusing = window.is_refusing();
            let until = line.wait(block, is_refusing, now).map_err(Refused::TooLong)?;
            if let (None, Some(cancel)) = (&watch, cancel) {
                // It may have been cancelled before, so the flag is checked again.
                watch = Some(cancel.watch(bucket.clone()));
                continue;
            }
            window = bucket.wait(window, until.saturating_duration_since(now));
            line.waited(now.elapsed(), is_refusing);
        }
    }

    fn bucket(&self, name: BucketName) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&name) {
            let now = Instant::now();
            // Who is in use has other owners, which come only from here. A closed one would open if it were forgotten.
            buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || bucket.lock().block(now).is_some());
        }
        Arc::clone(buckets.entry(name).or_default())
    }
}

impl Bucket {
    fn lock(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, window: MutexGuard<'a, Window>, time: Duration) -> MutexGuard<'a, Window> {
        #[cfg(test)]
        self.looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match self.changed.wait_timeout(window, time) {
            Ok((window, _)) => window,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }
}

impl Wake for Bucket {
    fn wake(&self) {
        // Under the lock, so that no thread misses the change between checking and waiting.
        let window = self.lock();
        self.changed.notify_all();
        drop(window);
    }
}

/// The permission to send one request.
#[derive(Debug)]
pub(crate) struct Permit {
    bucket: Arc<Bucket>,
    closing: Closing,
    pass: Pass,
    outcome: Outcome,
    budget_ends: Option<Instant>,
}

impl Permit {
    /// Returns when the call's budget ends: time spent waiting in line doesn't count.
    pub(crate) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }

    /// Records the response.
    pub(crate) fn answered(&mut self, limits: Limits) {
        self.outcome = Outcome::Answered(limits);
    }

    /// Records a refusal by the rate limit, which delays all calls.
    pub(crate) fn refused(&mut self, limits: Limits) {
        self.outcome = Outcome::Refused(limits);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut window = self.bucket.lock();
        let now = Instant::now();
        let before = window.block(now);
        window.settle(self.pass, self.outcome, &self.closing, random_fraction(), now);
        // Waiting threads know until when to wait, and need to wake only if that has changed.
        let is_news = window.block(now) != before;
        drop(window);
        if is_news {
            self.bucket.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(gate: &Gate, name: &str) -> Result<Permit, Refused> {
        let patience = Patience { longest_pause: Duration::ZERO, deadline: None, budget_ends: None };
        gate.enter((Method::Get, Cow::Owned(name.to_owned())), patience, None)
    }

    fn count(gate: &Gate) -> usize {
        gate.buckets.lock().expect("no panic under it").len()
    }

    #[test]
    fn only_open_and_unused_limits_are_forgotten() {
        let gate = Gate::new(&RetryPolicy::default());
        let minute = Some(Duration::from_secs(60));
        let close = |name: &str, limits| enter(&gate, name).expect("it is open").refused(limits);
        close("refused", Limits { retry_after: minute, ..Limits::default() });
        let used_up = Limits { limit: Some(1), remaining: Some(0), reset: minute, retry_after: None };
        enter(&gate, "used up").expect("it is open").answered(used_up);
        let permit = enter(&gate, "under way").expect("it is open");
        for number in 0..3 * MAX_BUCKETS {
            drop(enter(&gate, &number.to_string()).expect("it is open"));
            assert!(count(&gate) <= MAX_BUCKETS);
        }
        for name in ["refused", "used up"] {
            assert!(matches!(enter(&gate, name), Err(Refused::TooLong(_))), "{name}");
        }
        assert!(Arc::ptr_eq(&permit.bucket, &gate.bucket((Method::Get, Cow::Borrowed("under way")))));
    }

    #[test]
    fn closed_limits_may_exceed_the_number() {
        let gate = Gate::new(&RetryPolicy::default());
        let names: Vec<String> = (0..=MAX_BUCKETS + 5).map(|number| number.to_string()).collect();
        for name in &names {
            let limits = Limits { retry_after: Some(Duration::from_secs(60)), ..Limits::default() };
            enter(&gate, name).expect("it is open").refused(limits);
        }
        assert!(names.iter().all(|name| enter(&gate, name).is_err()), "one of them was forgotten");
    }
}
