//! Work on several threads, whose results come in the order of the items.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crate::error::Result;

/// What a source yields: an item, or a mark between items.
pub(super) enum Fed<W, M> {
    Item(W),
    Mark(M),
}

/// An item in the queue of those that aren't committed.
enum Slot<O, M> {
    Waiting,
    Done(O),
    Mark(M),
}

/// Calls `work` for each item on this many threads, and `commit` for each result and mark, in their order, on this thread.
///
/// At most twice as many items are under way as there are threads, so the memory is bounded. After an error of the source, what is
/// under way is committed. After an error of `commit`, no other item is begun, and what is under way ends.
pub(super) fn in_order<W: Send, O: Send, M>(
    threads: usize,
    mut source: impl Iterator<Item = Result<Fed<W, M>>>,
    work: impl Fn(W) -> O + Sync,
    mut commit: impl FnMut(Fed<O, M>) -> Result<()>,
) -> Result<()> {
    let threads = threads.max(1);
    let (to_threads, items) = mpsc::channel::<(usize, W)>();
    let items = Mutex::new(items);
    let has_stopped = AtomicBool::new(false);
    let (to_here, results) = mpsc::channel();
    thread::scope(|scope| {
        // It closes when this ends for any reason, and the threads with it.
        let to_threads = to_threads;
        let stop = StopOnDrop(&has_stopped);
        for _ in 0..threads {
            let to_here = to_here.clone();
            scope.spawn(|| {
                let to_here = to_here;
                loop {
                    let next = items.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, item)) = next else { return };
                    if has_stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let made = panic::catch_unwind(AssertUnwindSafe(|| work(item)));
                    if to_here.send((number, made)).is_err() {
                        return;
                    }
                }
            });
        }
        let mut pending: VecDeque<Slot<O, M>> = VecDeque::new();
        let (mut first, mut outcome, mut has_more) = (0, Ok(()), true);
        loop {
            while !matches!(pending.front(), None | Some(Slot::Waiting)) {
                first += 1;
                match pending.pop_front() {
                    Some(Slot::Done(result)) => commit(Fed::Item(result))?,
                    Some(Slot::Mark(mark)) => commit(Fed::Mark(mark))?,
                    _ => {}
                }
            }
            let feeds = has_more && pending.len() < 2 * threads;
            let result = match feeds {
                true => results.try_recv().ok(),
                false if pending.is_empty() => break outcome,
                false => results.recv().ok(),
            };
            match result {
                Some((number, Ok(result))) => pending[number - first] = Slot::Done(result),
                Some((_, Err(panic))) => {
                    drop(stop);
                    panic::resume_unwind(panic)
                }
                None if feeds => match source.next() {
                    Some(Ok(Fed::Item(item))) => {
                        // It fails only if all threads have ended, whose panics come first.
                        let _ = to_threads.send((first + pending.len(), item));
                        pending.push_back(Slot::Waiting);
                    }
                    Some(Ok(Fed::Mark(mark))) => pending.push_back(Slot::Mark(mark)),
                    Some(Err(error)) => (outcome, has_more) = (Err(error), false),
                    None => has_more = false,
                },
                None => break outcome,
            }
        }
    })
}

/// Lets the threads end with the item that they work on.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::error::Error;

    fn numbers(most: u64) -> impl Iterator<Item = Result<Fed<u64, &'static str>>> {
        (0..most).map(|number| Ok(if number % 10 == 9 { Fed::Mark("mark") } else { Fed::Item(number) }))
    }

    #[test]
    fn results_and_marks_come_in_order() {
        let mut seen = Vec::new();
        let work = |number: u64| {
            thread::sleep(Duration::from_micros(number * 7919 % 500));
            number
        };
        in_order(8, numbers(200), work, |fed| {
            seen.push(match fed {
                Fed::Item(number) => number,
                Fed::Mark(_) => seen.len() as u64,
            });
            Ok(())
        })
        .expect("nothing fails");
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn after_an_error_of_the_source_what_is_under_way_is_committed() {
        let mut seen = 0;
        let source = numbers(5).chain([Err(Error::other("gone"))]).chain(numbers(5));
        let error = in_order(
            3,
            source,
            |number| number,
            |_| {
                seen += 1;
                Ok(())
            },
        );
        assert!(error.is_err());
        assert_eq!(seen, 5);
    }

    #[test]
    fn after_an_error_of_a_commit_nothing_is_begun() {
        let begun = AtomicUsize::new(0);
        let work = |number: u64| {
            begun.fetch_add(1, Ordering::SeqCst);
            number
        };
        assert!(in_order(2, numbers(1000), work, |_| Err(Error::other("full"))).is_err());
        assert!(begun.load(Ordering::SeqCst) <= 8);
    }

    #[test]
    fn panics_reach_the_caller() {
        let work = |number: u64| assert!(number < 20);
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| in_order(4, numbers(1000), work, |_| Ok(()))));
        assert!(panicked.is_err());
    }
}
