//! A flag that wakes waiting threads when it is set.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Cancels calls, for [`Request::cancel_by`](crate::Request::cancel_by). Clones cancel the same calls.
///
/// A call that waits, for the rate limit or between attempts, ends as [`Cancelled`](crate::ErrorKind::Cancelled), and so does one
/// that is made later. An attempt that is being made isn't interrupted. A token can't be used again.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<Cancel>);

impl CancelToken {
    /// Creates a token that isn't cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels all calls with this token, now and in future.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Returns whether it is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    pub(crate) fn as_cancel(&self) -> &Cancel {
        &self.0
    }
}

/// Cancels calls, and wakes the threads that wait to make one.
#[derive(Default)]
pub(crate) struct Cancel {
    is_cancelled: AtomicBool,
    sleepers: Mutex<Vec<Arc<dyn Wake>>>,
    changed: Condvar,
}

/// A condition on which threads wait.
pub(crate) trait Wake: Send + Sync {
    /// Wakes all threads that wait on it.
    fn wake(&self);
}

impl Cancel {
    pub(crate) fn cancel(&self) {
        let sleepers = {
            // Under the lock, so that no thread misses the change between checking the flag and waiting.
            let sleepers = self.lock();
            self.is_cancelled.store(true, Ordering::SeqCst);
            sleepers.clone()
        };
        self.changed.notify_all();
        // Not under the lock: a thread starts to watch while it holds its own lock, which `wake` takes.
        for sleeper in sleepers {
            sleeper.wake();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits for this time, or until it is cancelled. Returns whether it is.
    pub(crate) fn wait_timeout(&self, pause: Duration) -> bool {
        let end = Instant::now().checked_add(pause);
        let mut sleepers = self.lock();
        while !self.is_cancelled() {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            sleepers = match self.changed.wait_timeout(sleepers, left) {
                Ok((sleepers, _)) => sleepers,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }

    /// Wakes `sleeper` when this is cancelled, until the watch is dropped. Check the flag afterwards: it may have been set
    /// before.
    pub(crate) fn watch(&self, sleeper: Arc<dyn Wake>) -> Watch<'_> {
        self.lock().push(Arc::clone(&sleeper));
        Watch { cancel: self, sleeper }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<dyn Wake>>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("is_cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

/// A registration of [`Cancel::watch`].
pub(crate) struct Watch<'a> {
    cancel: &'a Cancel,
    sleeper: Arc<dyn Wake>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.cancel.lock();
        if let Some(index) = sleepers.iter().position(|sleeper| Arc::ptr_eq(sleeper, &self.sleeper)) {
            sleepers.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    #[derive(Default)]
    struct Sleeper(AtomicUsize);

    impl Wake for Sleeper {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn wait_timeout_ends_when_cancelled_and_not_before_its_time() {
        let cancel = Cancel::default();
        let began = Instant::now();
        assert!(!cancel.wait_timeout(Duration::from_millis(20)));
        assert!(began.elapsed() >= Duration::from_millis(20));
        thread::scope(|scope| {
            for pause in [Duration::from_secs(3600), Duration::MAX] {
                let cancel = &cancel;
                scope.spawn(move || assert!(cancel.wait_timeout(pause)));
            }
            cancel.cancel();
        });
        assert!(cancel.is_cancelled() && cancel.wait_timeout(Duration::MAX));
    }

    #[test]
    fn cancel_wakes_only_watchers() {
        let cancel = Cancel::default();
        let (watching, gone) = (Arc::new(Sleeper::default()), Arc::new(Sleeper::default()));
        let _watch = cancel.watch(watching.clone());
        drop(cancel.watch(gone.clone()));
        cancel.cancel();
        assert_eq!((watching.0.load(Ordering::SeqCst), gone.0.load(Ordering::SeqCst)), (1, 0));
    }
}
