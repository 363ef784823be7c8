//! Many uploads at once.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::iter::FusedIterator;
use std::panic;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::{Asset, AssetUpload, Creator};
use crate::cancel::Cancel;
use crate::client::Client;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::operation::{Operation, Step, WaitOptions, Waiting};
use crate::operation_name::OperationName;

/// How many operations are waited for at once. More would only be asked for more often than the service allows.
const MOST_PENDING: usize = 100;

/// Threads that ask for operations, beside those that send: neither stands in the way of the other at its rate limit.
/// Two ask more often in a minute than the service allows.
const POLLERS: usize = 2;

/// Many uploads at once, from [`User::upload_assets`](crate::User::upload_assets).
///
/// Yields `(which, result)` as each ends, `which` being its place in what was handed in, from 0. Each gives exactly one
/// result. An upload that fails doesn't stop the others, unless it fails as all would: a key that is refused, an account
/// that is moderated, a quota that is used up ([`ErrorScope::Run`]). Then those that were not sent yet fail without being
/// sent, while those that were are still waited for.
///
/// Nothing is sent before the first [`next`](Iterator::next), and settings have to be made before it. Dropping it sends no
/// more, and waits for those that are being sent at that moment.
///
/// ```no_run
/// use rblxopencloud::{AssetUpload, User};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let paths = ["crate.png", "door.png", "creak.ogg"];
/// let uploads = paths.iter().map(AssetUpload::from_path).collect::<Result<Vec<_>, _>>()?;
/// for (which, result) in user.upload_assets(uploads) {
///     match result {
///         Ok(asset) => println!("{}: {}", paths[which], asset.id),
///         Err(error) => println!("{}: {error}", paths[which]),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until it is iterated over"]
pub struct AssetUploads {
    plan: Option<Plan>,
    run: Option<Run>,
}

/// What to do, before it is begun.
struct Plan {
    client: Client,
    creator: Creator,
    uploads: Box<dyn Iterator<Item = AssetUpload> + Send>,
    concurrency: usize,
    wait: WaitOptions,
    on_started: Option<OnStarted>,
    on_partial_failure: Option<OnPartialFailure>,
}

type OnStarted = Arc<dyn Fn(usize, &OperationName) + Send + Sync>;
type OnPartialFailure = Arc<dyn Fn(usize, &[String]) + Send + Sync>;

struct Run {
    shared: Arc<Shared>,
    results: Receiver<(usize, Result<Asset>)>,
    threads: Vec<JoinHandle<()>>,
}

impl AssetUploads {
    pub(crate) fn new(
        client: Client,
        creator: Creator,
        uploads: impl Iterator<Item = AssetUpload> + Send + 'static,
    ) -> Self {
        let plan = Plan {
            client,
            creator,
            uploads: Box::new(uploads),
            concurrency: 8,
            wait: WaitOptions::default(),
            on_started: None,
            on_partial_failure: None,
        };
        Self { plan: Some(plan), run: None }
    }

    /// How many are sent at the same time; 8 by default, at least 1. Those that the service has and is working on don't
    /// count.
    pub fn concurrency(self, uploads: usize) -> Self {
        self.with(|plan| plan.concurrency = uploads.clamp(1, MOST_PENDING))
    }

    /// How long to wait for each operation, and how often to ask. The time in which a question waits for its turn, because
    /// of the others or the rate limit, doesn't count.
    pub fn wait_options(self, options: WaitOptions) -> Self {
        self.with(|plan| plan.wait = options)
    }

    /// Is told each operation's name as soon as the service has taken the upload, on the thread that sent it. Who writes
    /// it down can go on waiting after a crash, with [`Client::operation`].
    pub fn on_started(self, told: impl Fn(usize, &OperationName) + Send + Sync + 'static) -> Self {
        self.with(|plan| plan.on_started = Some(Arc::new(told)))
    }

    /// Is told what went wrong beside a result that is a success all the same, before that result is yielded. See
    /// [`Operation::partial_failures`].
    pub fn on_partial_failure(self, told: impl Fn(usize, &[String]) + Send + Sync + 'static) -> Self {
        self.with(|plan| plan.on_partial_failure = Some(Arc::new(told)))
    }

    /// Settings come before the first item; what has begun stays as it is.
    fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        self.plan.as_mut().map(change);
        self
    }
}

impl Iterator for AssetUploads {
    type Item = (usize, Result<Asset>);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(plan) = self.plan.take() {
            self.run = Some(Run::start(plan));
        }
        let result = self.run.as_ref()?.results.recv().ok();
        if result.is_none() {
            self.run.take()?.join();
        }
        result
    }
}

impl FusedIterator for AssetUploads {}

impl Drop for AssetUploads {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.shared.cancel();
            run.shared.changed.notify_all();
            for thread in run.threads {
                // A panic was that of a callback, and this is no place to go on with it.
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for AssetUploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetUploads").field("begun", &self.run.is_some()).finish_non_exhaustive()
    }
}

impl Run {
    fn start(plan: Plan) -> Self {
        let threads = plan.concurrency + POLLERS;
        let (sender, results) = mpsc::channel();
        let shared = Arc::new(Shared {
            client: plan.client,
            creator: plan.creator,
            concurrency: plan.concurrency,
            wait: plan.wait,
            on_started: plan.on_started,
            on_partial_failure: plan.on_partial_failure,
            queue: Mutex::new(Queue {
                uploads: Some(plan.uploads.enumerate()),
                pending: BinaryHeap::new(),
                sending: 0,
                polling: 0,
                fatal: None,
            }),
            changed: Condvar::new(),
            stopped: Cancel::new(),
            cancelled: Cancel::new(),
        });
        let threads = (0..threads)
            .map(|_| {
                let (shared, sender) = (Arc::clone(&shared), sender.clone());
                thread::spawn(move || shared.work(&sender))
            })
            .collect();
        Self { shared, results, threads }
    }

    fn join(self) {
        for thread in self.threads {
            if let Err(payload) = thread.join() {
                panic::resume_unwind(payload);
            }
        }
    }
}

/// What the threads share.
struct Shared {
    client: Client,
    creator: Creator,
    concurrency: usize,
    wait: WaitOptions,
    on_started: Option<OnStarted>,
    on_partial_failure: Option<OnPartialFailure>,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Nothing more is sent.
    stopped: Cancel,
    /// Nobody waits for anything any more.
    cancelled: Cancel,
}

struct Queue {
    /// `None` when all were taken, and while somebody takes the next one, who counts as sending.
    uploads: Option<std::iter::Enumerate<Box<dyn Iterator<Item = AssetUpload> + Send>>>,
    pending: BinaryHeap<Reverse<Box<Pending>>>,
    sending: usize,
    polling: usize,
    /// Why nothing more is sent.
    fatal: Option<(ErrorKind, String)>,
}

/// An operation to ask for at its time.
struct Pending {
    due: Instant,
    which: usize,
    operation: Operation<Asset>,
    waiting: Waiting,
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pending {}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.which).cmp(&(other.due, other.which))
    }
}

enum Job {
    Send(usize, Box<AssetUpload>),
    Refuse(usize, Error),
    Poll(Box<Pending>),
}

impl Shared {
    fn work(&self, results: &Sender<(usize, Result<Asset>)>) {
        while let Some(job) = self.next_job() {
            let _left =
                Leave { shared: self, sending: matches!(job, Job::Send(..)), polling: matches!(job, Job::Poll(_)) };
            let ended = match job {
                Job::Send(which, upload) => self.send(which, *upload),
                Job::Refuse(which, error) => Some((which, Err(error))),
                Job::Poll(pending) => self.poll(pending),
            };
            if let Some((which, result)) = ended {
                if let Err(error) = &result {
                    if error.scope() == ErrorScope::Run {
                        self.lock().fatal.get_or_insert_with(|| (error.kind(), error.to_string()));
                        self.stopped.cancel();
                    }
                }
                if results.send((which, result)).is_err() {
                    return;
                }
            }
        }
    }

    /// Asking for operations that are due comes before sending. `None` when there is nothing left to do.
    fn next_job(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if self.cancelled.is_cancelled() {
                return None;
            }
            let now = Instant::now();
            let may_ask = queue.polling < POLLERS;
            let due = queue.pending.peek().map(|Reverse(pending)| pending.due).filter(|_| may_ask);
            if due.is_some_and(|due| due <= now) {
                if let Some(Reverse(pending)) = queue.pending.pop() {
                    queue.polling += 1;
                    return Some(Job::Poll(pending));
                }
            }
            let has_room = queue.sending < self.concurrency && queue.pending.len() + queue.sending < MOST_PENDING;
            if has_room || queue.fatal.is_some() {
                if let Some(mut uploads) = queue.uploads.take() {
                    queue.sending += 1;
                    drop(queue);
                    // The iterator is the caller's: it may take its time, and it may panic.
                    let taking = Leave { shared: self, sending: true, polling: false };
                    let next = uploads.next();
                    std::mem::forget(taking);
                    queue = self.lock();
                    let Some((which, upload)) = next else {
                        queue.sending -= 1;
                        continue;
                    };
                    queue.uploads = Some(uploads);
                    self.changed.notify_all();
                    return Some(match &queue.fatal {
                        Some((kind, cause)) => {
                            let error = Error::stopped(*kind, cause);
                            queue.sending -= 1;
                            Job::Refuse(which, error)
                        }
                        None => Job::Send(which, Box::new(upload)),
                    });
                }
            }
            let is_over = queue.uploads.is_none() && queue.pending.is_empty() && queue.sending + queue.polling == 0;
            if is_over {
                self.changed.notify_all();
                return None;
            }
            queue = match due {
                Some(due) if due > now => match self.changed.wait_timeout(queue, due - now) {
                    Ok((queue, _)) => queue,
                    Err(poisoned) => poisoned.into_inner().0,
                },
                _ => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn send(&self, which: usize, upload: AssetUpload) -> Option<(usize, Result<Asset>)> {
        match upload.send(&self.client, self.creator, Some(&self.stopped)) {
            Err(error) => {
                let fatal = self.lock().fatal.clone().filter(|_| error.kind() == ErrorKind::Cancelled);
                Some((which, Err(fatal.map_or(error, |(kind, cause)| Error::stopped(kind, &cause)))))
            }
            Ok(operation) => {
                if let (Some(told), Some(name)) = (&self.on_started, operation.name()) {
                    told(which, name);
                }
                let mut waiting = Waiting::among_many(&self.wait);
                let due = if operation.is_done() { Instant::now() } else { Instant::now() + waiting.first_pause() };
                self.lock().pending.push(Reverse(Box::new(Pending { due, which, operation, waiting })));
                None
            }
        }
    }

    fn poll(&self, mut pending: Box<Pending>) -> Option<(usize, Result<Asset>)> {
        pending.waiting.excuse(pending.due.elapsed());
        match pending.waiting.step(&mut pending.operation, Some(&self.cancelled)) {
            Ok(Step::Done(asset)) => {
                let failures = pending.operation.partial_failures();
                if let Some(told) = self.on_partial_failure.as_ref().filter(|_| !failures.is_empty()) {
                    told(pending.which, failures);
                }
                Some((pending.which, Ok(asset)))
            }
            Err(error) => Some((pending.which, Err(error))),
            Ok(Step::Again(pause)) => {
                pending.due = Instant::now() + pause;
                self.lock().pending.push(Reverse(pending));
                None
            }
        }
    }

    fn cancel(&self) {
        // Under the lock, so that nobody goes to sleep between looking at the flags and hearing of the change.
        let _queue = self.lock();
        self.stopped.cancel();
        self.cancelled.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a job as over, also when a callback panics, so that nobody waits for it.
struct Leave<'a> {
    shared: &'a Shared,
    sending: bool,
    polling: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.sending -= usize::from(self.sending);
        queue.polling -= usize::from(self.polling);
        drop(queue);
        if thread::panicking() {
            self.shared.cancel();
        }
        self.shared.changed.notify_all();
    }
}
