//! Scripts that run.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::luau_answer::LuauAnswer;

/// What a script has done, and how long that took, once it has.
pub(super) type Work = Mutex<Option<(LuauAnswer, Duration)>>;

/// A script that a server runs.
#[derive(Debug)]
#[cfg_attr(not(feature = "luau"), allow(dead_code))]
pub(crate) struct Job {
    pub(crate) script: String,
    pub(crate) input: Option<Arc<[u8]>>,
    pub(crate) timeout: Duration,
    pub(crate) has_output: bool,
    pub(super) work: Weak<Work>,
}

impl Job {
    /// Returns a function that tells whether nobody can see its end.
    #[cfg_attr(not(feature = "luau"), allow(dead_code))]
    pub(crate) fn abandonment(&self) -> impl Fn() -> bool + 'static {
        let work = Weak::clone(&self.work);
        move || work.strong_count() == 0
    }
}
