//! The gate that keeps a client within the service's rate limits.
//!
//! The service counts requests in windows, for each endpoint and owner of a key, and for some values of path parameters. Each
//! success announces how many requests are left and when the window ends. The gate counts ahead of the responses, so that
//! calls wait for the next window instead of collecting 429s. What others use of the budget, such as another process with the
//! same key, shows in the responses; of the rest, the gate then takes only its previous share. Until a response announces a
//! window, the documented budget counts. One of less than a minute always counts, because no response announces it. Documented
//! budgets are those of Roblox: a client of another server holds them only on request.
//!
//! A 429 closes the gate for all calls of its endpoint, for as long as the service requests and until its window ends, or for a
//! delay that grows with each refusal. When it opens, a single request is sent first.
//!
//! Work that takes a slot waits for one, in the order of arrival. Whatever else delays a request comes first, so that it keeps no
//! other work from a slot.

mod block;
mod count;
mod joint;
mod limits;
mod pace;
#[cfg(test)]
mod simulation;
mod slots;
#[cfg(test)]
mod tests;
mod wait;
mod window;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use limits::Limits;
pub(crate) use limits::http_date;
pub(crate) use pace::Pace;
pub(crate) use wait::earlier;

use self::block::Block;
use self::wait::Wait;
use self::window::{Acquired, Outcome, RefusalBackoff, Window};
use crate::api::{Endpoint, Method, Parameter, Scheme};
use crate::cancel::{Cancel, Wake};
use crate::retry::{RetryPolicy, random_fraction};

/// Lets requests through while the rate limits allow them. All clones and threads of a client share one.
pub(crate) struct Gate {
    buckets: Mutex<HashMap<Limited, Arc<Bucket>>>,
    backoff: RefusalBackoff,
    /// Whether the documented budgets count.
    holds_budgets: bool,
}

/// Leaves out the names of the limits, which come from callers.
impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("backoff", &self.backoff)
            .field("holds_budgets", &self.holds_budgets)
            .finish_non_exhaustive()
    }
}

/// The name of a rate limit: the method, and the path template or the host.
pub(crate) type BucketName = (Method, Cow<'static, str>);

/// What a bucket limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Limited {
    /// All requests to an endpoint.
    Endpoint(BucketName),
    /// Those with these values of the parameters of the endpoint's budget with this number.
    Values(BucketName, usize, Vec<String>),
    /// Those to all endpoints that share a budget of this name for these parameters, with these values of them.
    Shared(&'static str, &'static [&'static str], Vec<String>),
    /// The unfinished work in a pool of this name, for these values of its parameters.
    Work(&'static str, Vec<String>),
}

/// A request, as far as it concerns the gate.
#[derive(Debug)]
pub(crate) struct Demand<'a> {
    pub(crate) bucket: BucketName,
    /// `None` if it is for another host than the service's.
    pub(crate) endpoint: Option<&'a Endpoint>,
    /// The values of the parameters in its path.
    pub(crate) parameters: &'a [Parameter],
    /// How it is authorized.
    pub(crate) scheme: Option<Scheme>,
    /// A smaller share of the limit that the caller named.
    pub(crate) pace: Option<&'a Pace>,
}

/// Requests that aren't known at compile time, and the values of parameters, could create any number of buckets. Above this
/// number, those are forgotten that delay no request.
const MAX_BUCKETS: usize = 1024;

/// The state of one rate limit, and the threads that wait for it.
#[derive(Debug)]
struct Bucket {
    window: Mutex<Window>,
    changed: Condvar,
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
    /// All slots are taken, and none would become free before this time.
    NoSlot(Duration),
    Cancelled,
}

impl Gate {
    /// Creates a gate. The policy controls how long it closes after a refusal without a delay, and `holds_budgets` whether the
    /// documented budgets count.
    pub(crate) fn new(policy: &RetryPolicy, holds_budgets: bool) -> Self {
        Self { backoff: RefusalBackoff::new(policy), holds_budgets, buckets: Mutex::default() }
    }

    /// Returns a gate with the same settings and nothing known, for the limits of other credentials.
    pub(crate) fn for_other_credentials(&self) -> Self {
        Self { buckets: Mutex::default(), ..*self }
    }

    /// Waits for the rate limits. Record the result in the permit.
    pub(crate) fn enter(
        &self,
        demand: &Demand<'_>,
        patience: Patience,
        cancel: Option<&Cancel>,
    ) -> Result<Permit, Refused> {
        // First, so that it holds up no other work.
        let paced = demand.pace.map_or(Ok(Duration::ZERO), |pace| pace.wait(patience.deadline, cancel))?;
        let budget_ends = patience.budget_ends.and_then(|ends| ends.checked_add(paced));
        let buckets = self.buckets_of(demand);
        let mut wait = Wait::new(patience.longest_pause, patience.deadline, budget_ends);
        let mut turn = Turn { bucket: Arc::clone(&buckets[0]), number: None };
        let mut watched = vec![];
        loop {
            if cancel.is_some_and(Cancel::is_cancelled) {
                return Err(Refused::Cancelled);
            }
            let now = Instant::now();
            // No permit is held while another one is waited for.
            let mut windows = lock_all(&buckets);
            let (position, block) = match joint::acquire(&mut windows, turn.number, now) {
                Ok(acquired) => {
                    drop(windows);
                    return Ok(Permit {
                        buckets,
                        acquired,
                        backoff: self.backoff,
                        outcome: Outcome::Unanswered,
                        may_have_started: false,
                        budget_ends: wait.budget_ends(),
                    });
                }
                Err(blocked) => blocked,
            };
            let is_refusing = windows[position].is_refusing();
            let until = match (wait.until(block, is_refusing, now), block) {
                (Ok(until), _) => until,
                (Err(pause), Block::UntilFreed { .. }) => return Err(Refused::NoSlot(pause)),
                (Err(pause), _) => return Err(Refused::TooLong(pause)),
            };
            if joint::queue(&mut windows, position, &mut turn.number) {
                turn.bucket.changed.notify_all();
            }
            let window = windows.swap_remove(position);
            drop(windows);
            let bucket = &buckets[position];
            if let Some(cancel) = cancel.filter(|_| !watched.iter().any(|(known, _)| *known == position)) {
                // It may have been cancelled before, so the flag is checked again.
                watched.push((position, cancel.watch(bucket.clone())));
                continue;
            }
            drop(bucket.wait(window, until.saturating_duration_since(now)));
            wait.waited(now.elapsed(), is_refusing);
        }
    }

    /// Returns the limits of a request, in the order in which they are locked: its pool of slots, the limits of its parameters,
    /// and that of its endpoint.
    fn buckets_of(&self, demand: &Demand<'_>) -> Vec<Arc<Bucket>> {
        let mut limits = Vec::with_capacity(1);
        let mut documented = None;
        if let Some(endpoint) = demand.endpoint {
            documented = demand.scheme.and_then(|scheme| endpoint.budget_for(scheme));
            let values = |names: &[&str]| values_of(demand.parameters, names);
            limits.extend(endpoint.slots().and_then(|slots| {
                Some((Limited::Work(slots.name(), values(slots.parameters())?), Window::of_slots(slots)))
            }));
            let mut budgets: Vec<_> = endpoint.keyed_budgets().enumerate().collect();
            // All endpoints lock the limits that they share in one order, and each limit once. There are at most two.
            if let [(_, first), (_, second)] = budgets[..] {
                if (second.shared, second.parameters) < (first.shared, first.parameters) {
                    budgets.swap(0, 1);
                }
            }
            budgets
                .dedup_by_key(|(number, keyed)| keyed.shared.map_or(Err(*number), |name| Ok((name, keyed.parameters))));
            limits.extend(budgets.into_iter().filter_map(|(number, keyed)| {
                let values = values(keyed.parameters)?;
                let limited = match keyed.shared {
                    Some(name) => Limited::Shared(name, keyed.parameters, values),
                    None => Limited::Values(demand.bucket.clone(), number, values),
                };
                Some((limited, Window::new(Some(keyed.budget)).holding_budget(self.holds_budgets)))
            }));
        }
        let own = Window::new(documented).holding_budget(self.holds_budgets);
        limits.push((Limited::Endpoint(demand.bucket.clone()), own));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        limits
            .into_iter()
            .map(|(limited, window)| {
                forget_idle(&mut buckets, &limited);
                Arc::clone(buckets.entry(limited).or_insert_with(|| Arc::new(Bucket::new(window))))
            })
            .collect()
    }
}

/// Returns the values of some parameters, as a key. `None` if one has no value.
fn values_of(parameters: &[Parameter], names: &[&str]) -> Option<Vec<String>> {
    // Of several values, the last one counts.
    let value = |name: &&str| Some(parameters.iter().rfind(|parameter| parameter.name == *name)?.value.clone());
    names.iter().map(value).collect()
}

/// Makes room for a new bucket. Counts are forgotten only if there is no other room: then, the service may refuse a request.
fn forget_idle(buckets: &mut HashMap<Limited, Arc<Bucket>>, limited: &Limited) {
    if buckets.len() < MAX_BUCKETS || buckets.contains_key(limited) {
        return;
    }
    let now = Instant::now();
    // Who is in use has other owners, which come only from here. A closed one would open if it were forgotten.
    let is_needed = |window: &mut Window| {
        window.block(None, now).is_some() || window.pool().is_some_and(|pool| pool.taken(now) > 0)
    };
    buckets.retain(|_, bucket| {
        let mut window = bucket.lock();
        Arc::strong_count(bucket) > 1 || is_needed(&mut window) || window.used(now) > 0
    });
    if buckets.len() >= MAX_BUCKETS {
        buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || is_needed(&mut bucket.lock()));
    }
}

/// Locks the windows, always in the same order.
fn lock_all(buckets: &[Arc<Bucket>]) -> Vec<MutexGuard<'_, Window>> {
    buckets.iter().map(|bucket| bucket.lock()).collect()
}

impl Bucket {
    fn new(window: Window) -> Self {
        Self { window: Mutex::new(window), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, window: MutexGuard<'a, Window>, time: Duration) -> MutexGuard<'a, Window> {
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

/// A turn in the queue for a slot.
#[derive(Debug)]
struct Turn {
    /// The pool, if the request takes a slot.
    bucket: Arc<Bucket>,
    /// `None` until the call has to wait for a slot.
    number: Option<u64>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        if let Some(pool) = self.bucket.lock().pool() {
            pool.leave(number);
        }
        // Those that came later may have a slot now.
        self.bucket.changed.notify_all();
    }
}

/// The permission to send one request.
#[derive(Debug)]
pub(crate) struct Permit {
    buckets: Vec<Arc<Bucket>>,
    acquired: Vec<Acquired>,
    backoff: RefusalBackoff,
    outcome: Outcome,
    may_have_started: bool,
    budget_ends: Option<Instant>,
}

impl Permit {
    /// Returns when the call's budget ends: time spent waiting for the limits doesn't count.
    pub(crate) fn budget_ends(&self) -> Option<Instant> {
        self.budget_ends
    }

    /// Records whether the request may have started work. If so, a slot of this work stays taken.
    pub(crate) fn may_have_started(&mut self, may: bool) {
        self.may_have_started = may;
    }

    /// Records the response.
    pub(crate) fn answered(&mut self, limits: Limits) {
        self.outcome = Outcome::Answered(limits);
    }

    /// Records a refusal by the rate limit, which delays all calls.
    pub(crate) fn refused(&mut self, limits: Limits) {
        self.outcome = Outcome::Refused(limits);
    }

    /// Returns the slot of the work that the request has started, if the endpoint's work takes one.
    pub(crate) fn slot(&self) -> Option<Slot> {
        let (bucket, number) =
            self.buckets.iter().zip(&self.acquired).find_map(|(bucket, acquired)| Some((bucket, acquired.slot()?)))?;
        Some(Slot { bucket: bucket.clone(), number })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut windows = lock_all(&self.buckets);
        let now = Instant::now();
        let before: Vec<_> = windows.iter_mut().map(|window| window.block(None, now)).collect();
        let (outcome, fraction) = (self.outcome, random_fraction());
        joint::release(&mut windows, &self.acquired, outcome, self.may_have_started, &self.backoff, fraction, now);
        // Waiting threads know until when to wait, and need to wake only if that has changed.
        let is_news: Vec<_> =
            windows.iter_mut().zip(before).map(|(window, before)| window.block(None, now) != before).collect();
        drop(windows);
        for (bucket, _) in self.buckets.iter().zip(is_news).filter(|(_, is_news)| *is_news) {
            bucket.changed.notify_all();
        }
    }
}

/// The slot of unfinished work.
///
/// Keep it with whatever waits for the work, and call [`ended`](Self::ended) once the work is known to have ended, successfully or
/// not. If it is dropped before, the work may go on: its slot is free after the lifetime of such work.
#[derive(Debug)]
pub(crate) struct Slot {
    bucket: Arc<Bucket>,
    number: u64,
}

impl Slot {
    /// Gives the slot back, because the work has ended. A second call has no effect.
    pub(crate) fn ended(&self) {
        if let Some(pool) = self.bucket.lock().pool() {
            pool.end(self.number, Instant::now());
        }
        self.bucket.changed.notify_all();
    }
}
