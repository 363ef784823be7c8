//! The gate that keeps a client inside the service's rate limits.
//!
//! The service counts requests in windows, per endpoint and owner of the key, and says in each answer how many are left
//! and when the window ends. The gate keeps the same count ahead of the answers, so that callers wait for the next window
//! instead of collecting 429s. What others use of the budget (another process with the same key) shows in the answers; the
//! gate then takes of what is left only the share that was its own so far.
//!
//! A 429 closes the gate for all callers of its endpoint, for as long as the service asks, or for a pause that grows with
//! each further refusal. When it opens, one request goes first.

mod limits;
#[cfg(test)]
mod simulation;
mod window;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use limits::Limits;
pub(crate) use window::earlier;

use self::window::{Closing, Line, Outcome, Pass, Window};
use crate::call::Method;
use crate::call::cancel::{Cancel, Wake};
use crate::call::retry::{RetryPolicy, random_fraction};

/// Lets requests through while the service will take them. Shared by all clones and threads of a client.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    buckets: Mutex<HashMap<BucketName, Arc<Bucket>>>,
    closing: Closing,
}

/// The method and the path template, or the host, of what is counted together.
pub(crate) type BucketName = (Method, Cow<'static, str>);

/// Requests that are named at run time could make any number of buckets.
const MAX_BUCKETS: usize = 1024;

/// What is counted together, and those who wait for it.
#[derive(Debug, Default)]
struct Bucket {
    window: Mutex<Window>,
    changed: Condvar,
    #[cfg(test)]
    looks: std::sync::atomic::AtomicUsize,
}

/// What a caller puts up with until it is its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// A single pause of the service is not waited for if it is longer than this. How many of them go by before it is
    /// this caller's turn doesn't matter.
    pub(crate) longest_pause: Duration,
    /// Where all waiting ends.
    pub(crate) deadline: Option<Instant>,
    /// Where waiting ends while the service refuses.
    pub(crate) budget_ends: Option<Instant>,
}

/// Why the gate let a request not through.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The wait would be this long, which is longer than it may be.
    TooLong(Duration),
    Cancelled,
}

impl Gate {
    /// How long it closes after a refusal that doesn't say is up to the policy.
    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        Self { closing: Closing::new(policy), ..Self::default() }
    }

    /// Waits for the turn and takes it. The permit must be told what the answer said.
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
                // It may have been cancelled before, so it looks again.
                watch = Some(cancel.watch(bucket.clone()));
                continue;
            }
            window = bucket.wait(window, until.saturating_duration_since(now));
            line.waited(now.elapsed(), is_refusing);
        }
    }

    fn bucket(&self, name: BucketName) -> Arc<Bucket> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1);
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
        // Under the lock, so that nobody goes to sleep between looking and hearing of the change.
        let window = self.lock();
        self.changed.notify_all();
        drop(window);
    }
}

/// The turn of one request.
#[derive(Debug)]
pub(crate) struct Permit {
    bucket: Arc<Bucket>,
    closing: Closing,
    pass: Pass,
    outcome: Outcome,
    budget_ends: Option<Instant>,
}

impl Permit {
    /// Where the budget of the call ends now: the time in line doesn't count.
    pub(crate) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }

    /// The request was answered.
    pub(crate) fn answered(&mut self, limits: Limits) {
        self.outcome = Outcome::Answered(limits);
    }

    /// The request was refused by the limiter: holds everybody back.
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
        // Whoever waits knows until when, and needs to look only if that has changed.
        let is_news = window.block(now) != before;
        drop(window);
        if is_news {
            self.bucket.changed.notify_all();
        }
    }
}
