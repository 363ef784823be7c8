//! The threads of a batch.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::outcome::NextOutcome;
use super::queue::{Admission, Job, POLLERS, Panic, Pending, Queue, Uploads};
use crate::api::OperationName;
use crate::asset::Creator;
use crate::cancel::CancelToken;
use crate::client::Client;
use crate::log_target::LOG_TARGET;
use crate::operation::{Step, WaitOptions, Waiting};

/// The settings, before anything is sent.
pub(super) struct Plan {
    pub(super) client: Client,
    pub(super) creator: Creator,
    pub(super) uploads: Uploads,
    pub(super) concurrency: usize,
    pub(super) run_ahead: usize,
    pub(super) wait: WaitOptions,
    pub(super) on_accepted: Option<OnAccepted>,
}

pub(super) type OnAccepted = Arc<dyn Fn(usize, &OperationName) + Send + Sync>;

pub(super) struct Run {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// The state that the threads share. A detached thread owns it too.
struct Shared {
    client: Client,
    creator: Creator,
    wait: WaitOptions,
    on_accepted: Option<OnAccepted>,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Cancels polls that wait for the rate limit.
    stop_polls: CancelToken,
}

impl Run {
    /// Starts a thread for each concurrent upload, and some for polls, so that the two don't block each other at their rate
    /// limits. Returns the uploads if no thread can be started.
    pub(super) fn start(
        plan: Plan,
        mut spawn: impl FnMut(Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>,
    ) -> Result<Self, (Uploads, io::Error)> {
        let shared = Arc::new(Shared {
            client: plan.client,
            creator: plan.creator,
            wait: plan.wait,
            on_accepted: plan.on_accepted,
            queue: Mutex::new(Queue::new(plan.uploads, plan.concurrency, plan.run_ahead)),
            changed: Condvar::new(),
            stop_polls: CancelToken::new(),
        });
        // No thread starts before the number of threads is known.
        let mut queue = shared.lock();
        let mut threads = Vec::new();
        for _ in 0..plan.concurrency + POLLERS {
            let worker = Arc::clone(&shared);
            match spawn(Box::new(move || worker.work())) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    if threads.is_empty() {
                        if let Some(uploads) = queue.cancel() {
                            return Err((uploads, error));
                        }
                    }
                    log::warn!(target: LOG_TARGET, "uploads go on with {} threads in place of more: {error}", threads.len());
                    queue.set_concurrency(threads.len().saturating_sub(POLLERS).max(1));
                    break;
                }
            }
        }
        drop(queue);
        Ok(Self { shared, threads })
    }

    /// Waits for the next outcome, at most until `deadline`.
    pub(super) fn next(&self, deadline: Option<Instant>) -> NextOutcome {
        let shared = &self.shared;
        let mut queue = shared.lock();
        loop {
            if let Some(outcome) = queue.take_outcome() {
                // There may be room for another upload now.
                shared.changed.notify_all();
                return NextOutcome::Outcome(Box::new(outcome));
            }
            if queue.is_over() {
                return NextOutcome::End;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return NextOutcome::NotYet;
            }
            // A single thread may be blocked in the caller's iterator, which may wait for an outcome.
            let is_alone = self.threads.len() == 1;
            let poll = if is_alone { queue.next_poll(Instant::now()) } else { Err(None) };
            queue = match poll {
                Err(due) => shared.wait(queue, due.into_iter().chain(deadline).min()),
                Ok(pending) => {
                    drop(queue);
                    shared.poll(pending);
                    shared.lock()
                }
            };
        }
    }

    /// Ends the batch after the last outcome, and resumes a panic.
    pub(super) fn finish(mut self) {
        if let Some(panic) = self.shared.lock().take_panic() {
            resume_unwind(panic);
        }
        // No thread has anything left to do.
        for thread in mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}

impl Drop for Run {
    /// Waits for the uploads that are being sent, and detaches the threads.
    fn drop(&mut self) {
        self.shared.stop_polls.cancel();
        let uploads = self.shared.update(Queue::cancel);
        let mut queue = self.shared.lock();
        while queue.is_sending() {
            queue = self.shared.wait(queue, None);
        }
        drop(queue);
        drop(uploads);
    }
}

impl Shared {
    fn work(&self) {
        // A panic here is one of a destructor of the caller.
        while let Err(panic) = catch(|| self.work_to_the_end()) {
            self.panicked(panic);
        }
    }

    fn work_to_the_end(&self) {
        let mut queue = self.lock();
        loop {
            match queue.next_job(Instant::now()) {
                Job::Leave => return,
                Job::Wait(due) => {
                    queue = self.wait(queue, due);
                    continue;
                }
                Job::Poll(pending) => {
                    drop(queue);
                    self.poll(pending);
                }
                Job::Send(uploads) => {
                    drop(queue);
                    self.send_next(uploads);
                }
            }
            queue = self.lock();
        }
    }

    fn send_next(&self, mut uploads: Uploads) {
        // The caller's iterator may block, and may panic, also when it is dropped.
        let peeked = catch(move || {
            let index = uploads.peek()?.0;
            Some((uploads, index))
        });
        let (uploads, index) = match peeked {
            Ok(Some(peeked)) => peeked,
            Ok(None) => return self.update(Queue::exhausted),
            Err(panic) => return self.panicked(panic),
        };
        let Admission::Send(upload, stop) = self.update(|queue| queue.admit(uploads)) else { return };
        let asset_type = upload.declared_type().clone();
        match catch(|| upload.send(&self.client, self.creator, Some(&stop))) {
            Err(panic) => drop(self.update(|queue| queue.panicked_sending(panic))),
            Ok(Err(error)) => self.update(|queue| queue.not_accepted(index, &asset_type, error)),
            Ok(Ok(operation)) => {
                let reported = catch(|| {
                    if let (Some(on_accepted), Some(name)) = (&self.on_accepted, operation.name()) {
                        on_accepted(index, name);
                    }
                });
                let mut waiting = Waiting::among_many(&self.wait);
                let due = Instant::now() + waiting.first_delay();
                let pending = Box::new(Pending { due, index, asset_type, operation, waiting });
                // What has ended is known without a request.
                let ended = if pending.operation.is_done() { pending.operation.poll().transpose() } else { None };
                match ended {
                    Some(result) => self.update(|queue| queue.ended_at_once(&pending, result)),
                    None => self.update(|queue| queue.accepted(pending)),
                }
                reported.unwrap_or_else(|panic| self.panicked(panic));
            }
        }
    }

    fn poll(&self, mut pending: Box<Pending>) {
        pending.waiting.exclude(pending.due.elapsed());
        match catch(|| pending.operation.step(&mut pending.waiting, Some(&self.stop_polls))) {
            Ok(Ok(Step::Done(asset))) => self.update(|queue| queue.ended(&pending, Ok(asset))),
            Ok(Err(error)) => self.update(|queue| queue.ended(&pending, Err(error))),
            Ok(Ok(Step::Again(pause))) => {
                pending.due = Instant::now() + pause;
                self.update(|queue| queue.still_pending(pending));
            }
            Err(panic) => {
                // The operation is waited for without the callback.
                pending.waiting.stop_telling();
                pending.due = Instant::now() + pending.waiting.first_delay();
                self.update(|queue| queue.still_pending(pending));
                self.panicked(panic);
            }
        }
    }

    fn panicked(&self, panic: Panic) {
        drop(self.update(|queue| queue.panicked(panic)));
    }

    fn update<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    fn wait<'a>(&self, queue: MutexGuard<'a, Queue>, due: Option<Instant>) -> MutexGuard<'a, Queue> {
        match due {
            None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs code that calls the caller's. Its state isn't used again after a panic.
fn catch<T>(work: impl FnOnce() -> T) -> thread::Result<T> {
    catch_unwind(AssertUnwindSafe(work))
}
