//! Work that one thread does for all threads that need its result.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// One thread works; those that come meanwhile wait for its result.
///
/// A result isn't kept for those that come later: the work looks first whether another thread has done it since.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
}

#[derive(Debug)]
struct State<T> {
    is_running: bool,
    /// How often the work has ended, and its last result. `None` if it panicked.
    count: u64,
    result: Option<T>,
    /// How many threads have begun to wait.
    #[cfg(test)]
    waited: usize,
}

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        let state = State {
            is_running: false,
            count: 0,
            result: None,
            #[cfg(test)]
            waited: 0,
        };
        Self { state: Mutex::new(state), ended: Condvar::new() }
    }
}

/// The result of a [`SingleFlight`].
#[derive(Debug, PartialEq)]
pub(crate) enum Flight<T> {
    /// This thread has done the work.
    Own(T),
    /// Another one has.
    Shared(T),
    /// Another one has panicked.
    Panicked,
    /// The work hasn't ended by the deadline.
    Late,
}

impl<T: Clone> SingleFlight<T> {
    /// Does the work, or waits for the thread that does.
    pub(crate) fn run(&self, deadline: Option<Instant>, work: impl FnOnce() -> T) -> Flight<T> {
        let mut state = self.lock();
        if state.is_running {
            return self.wait(state, deadline);
        }
        state.is_running = true;
        drop(state);
        Flight::Own(self.work(work))
    }

    /// Waits for the work. If there is a deadline, another thread does it, and goes on after the deadline.
    pub(crate) fn run_apart(
        self: &Arc<Self>,
        thread: &str,
        deadline: Option<Instant>,
        work: impl Fn() -> T + Clone + Send + 'static,
    ) -> Flight<T>
    where
        T: Send + 'static,
    {
        let mut state = self.lock();
        if state.is_running {
            return self.wait(state, deadline);
        }
        state.is_running = true;
        if deadline.is_some() {
            let (flight, apart) = (Arc::clone(self), work.clone());
            let apart: Box<dyn FnOnce() + Send> = Box::new(move || drop(flight.work(apart)));
            let started = thread::Builder::new().name(thread.to_owned()).spawn(apart);
            if started.is_ok() {
                return self.wait(state, deadline);
            }
        }
        drop(state);
        Flight::Own(self.work(work))
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().is_running
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, work: impl FnOnce() -> T) -> T {
        /// Ends the work, also if it panics.
        struct End<'a, T: Clone>(&'a SingleFlight<T>, Option<T>);

        impl<T: Clone> Drop for End<'_, T> {
            fn drop(&mut self) {
                let mut state = self.0.lock();
                state.is_running = false;
                state.count += 1;
                state.result = self.1.take();
                self.0.ended.notify_all();
            }
        }

        let mut end = End(self, None);
        let result = work();
        end.1 = Some(result.clone());
        result
    }

    fn wait(&self, mut state: MutexGuard<'_, State<T>>, deadline: Option<Instant>) -> Flight<T> {
        let before = state.count;
        #[cfg(test)]
        (state.waited += 1);
        while state.count == before {
            state = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Flight::Late,
                Some(left) => self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        state.result.clone().map_or(Flight::Panicked, Flight::Shared)
    }

    /// Returns how many threads have begun to wait.
    #[cfg(test)]
    pub(crate) fn waited(&self) -> usize {
        self.lock().waited
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_thread_works_for_all_that_wait() {
        let (flight, inside, count) = (SingleFlight::default(), Barrier::new(2), AtomicUsize::new(0));
        let work = || {
            inside.wait();
            inside.wait();
            count.fetch_add(1, Ordering::SeqCst)
        };
        thread::scope(|scope| {
            let first = scope.spawn(|| flight.run(None, work));
            inside.wait();
            let others: Vec<_> = (0..31).map(|_| scope.spawn(|| flight.run(None, || 7))).collect();
            while flight.waited() < 31 {
                thread::yield_now();
            }
            assert!(flight.is_running());
            assert_eq!(flight.run(Some(Instant::now()), || 7), Flight::Late);
            inside.wait();
            assert_eq!(first.join().expect("it ends"), Flight::Own(0));
            for other in others {
                assert_eq!(other.join().expect("it ends"), Flight::Shared(0));
            }
        });
        assert_eq!(flight.run(None, || 7), Flight::Own(7), "a result isn't kept");
    }

    #[test]
    fn a_panic_frees_those_that_wait() {
        let (flight, inside) = (SingleFlight::default(), Barrier::new(2));
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                flight.run(None, || {
                    inside.wait();
                    while flight.waited() < 1 {
                        thread::yield_now();
                    }
                    panic!("it panics")
                })
            });
            inside.wait();
            assert_eq!(flight.run(None, || 7), Flight::Panicked);
            assert!(first.join().is_err());
        });
        assert_eq!(flight.run(None, || 7), Flight::Own(7));
    }

    #[test]
    fn work_apart_goes_on_after_the_deadline() {
        let (flight, inside) = (Arc::new(SingleFlight::default()), Arc::new(Barrier::new(2)));
        let entered = Arc::clone(&inside);
        let work = move || {
            entered.wait();
            entered.wait();
            1
        };
        assert_eq!(flight.run_apart("test", Some(Instant::now()), work), Flight::Late);
        inside.wait();
        thread::scope(|scope| {
            let deadline = Instant::now().checked_add(Duration::from_secs(60));
            let flight = &flight;
            let waiting = scope.spawn(move || flight.run_apart("test", deadline, || 7));
            while flight.waited() < 2 {
                thread::yield_now();
            }
            inside.wait();
            assert_eq!(waiting.join().expect("it ends"), Flight::Shared(1));
        });
        assert_eq!(flight.run_apart("test", None, || 7), Flight::Own(7));
    }
}
