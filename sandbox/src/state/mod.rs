//! What all connections share: the world, the faults, the rate limits and the log of requests.

mod fault;
mod rate_limit;
mod record;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

pub use self::fault::Fault;
pub(crate) use self::fault::{Faults, Harm, Kind};
pub use self::rate_limit::RateLimit;
pub(crate) use self::rate_limit::{Counting, LimitHeaders, Limiter, Now};
pub(crate) use self::record::{Entry, LARGEST_KEPT, Log, is_secret};
pub use self::record::{RecordedPart, RecordedRequest};
use super::world::World;
use super::world::data_stores::Entries;

/// What is there at the start.
#[derive(Debug, Default)]
pub(crate) enum Seed {
    #[default]
    Empty,
    Demo {
        unknown_kinds: bool,
    },
    /// A world that was read from JSON.
    World(Map<String, Value>),
}

/// The state that all connections share. No two of the locks are held at once.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) world: Mutex<World>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) log: Mutex<Log>,
    pub(crate) seed: Seed,
    /// Added to the seed.
    pub(crate) entries: Vec<Entries>,
}

/// A panic in one handler must not affect the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
