use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::handle::Queue;
use super::item::{QueueItem, QueueRead};
use crate::cancel::CancelToken;
use crate::error::{Error, ErrorKind, Result};

/// The service's own default.
const WINDOW: Duration = Duration::from_secs(30);

/// How [`Queue::process_with`](crate::memory::Queue::process_with) works through a queue.
#[derive(Clone, Debug)]
#[must_use]
pub struct QueueRun {
    window: Duration,
    most: u64,
    cancel: Option<CancelToken>,
}

impl Default for QueueRun {
    fn default() -> Self {
        Self { window: WINDOW, most: u64::MAX, cancel: None }
    }
}

impl QueueRun {
    /// Creates the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets for how long an item is hidden from other readers: longer than the work on it takes. Otherwise it can be done twice,
    /// and is one of those that weren't surely [discarded](Processed::undiscarded). Defaults to 30 seconds.
    pub fn invisible_for(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets after how many items the run ends, whether they were done or have failed. Defaults to no limit.
    pub fn at_most(mut self, items: u64) -> Self {
        self.most = items;
        self
    }

    /// Ends the run once the token is cancelled, between two items.
    pub fn cancel_by(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }
}

/// What became of the items of a queue, from [`Queue::process`](crate::memory::Queue::process).
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "it has the items that failed, and why the run ended"]
pub struct Processed<E> {
    /// How many items were done, and discarded.
    pub done: u64,
    /// The items that failed, and why. They are in the queue, and visible again once their windows have passed.
    pub failed: Vec<(QueueItem, E)>,
    /// The items that were done and may come again: the work on them took longer than their windows, or they couldn't be
    /// discarded, which ends the run.
    pub undiscarded: Vec<QueueItem>,
    /// Why the run ended before the queue was empty. `None` if it was, or the run has reached its limit.
    pub stopped: Option<Error>,
}

impl<E> Processed<E> {
    /// Returns whether all items that were read were done and discarded, and the run wasn't stopped.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.undiscarded.is_empty() && self.stopped.is_none()
    }
}

impl Queue {
    /// Calls `f` for each item, from the front, until none is visible. An item that `f` has done is discarded. One that failed,
    /// or whose `f` panics, stays in the queue, and is visible again after 30 seconds.
    ///
    /// `f` is called once for each item. It must not take longer than 30 seconds, or [`process_with`](Self::process_with) needs
    /// a longer window.
    ///
    /// Calls [`READ_QUEUE_ITEMS`](crate::endpoints::READ_QUEUE_ITEMS), which needs the scope `memory-store.queue:dequeue`, and
    /// [`DISCARD_QUEUE_ITEMS`](crate::endpoints::DISCARD_QUEUE_ITEMS), which needs the scope `memory-store.queue:discard`, once
    /// for each item: the service discards all items of a read or none.
    ///
    /// ```
    /// # use rblxopencloud::memory::NewQueueItem;
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let jobs = sandbox.client().experience(13058).memory_store().queue("jobs");
    /// # for job in [7, 8] { jobs.add(NewQueueItem::new(&job))?; }
    /// let processed = jobs.process(|item| match item.read::<u64>() {
    ///     Ok(7) => Ok(()),
    ///     _ => Err("an unknown job"),
    /// });
    /// for (item, problem) in &processed.failed {
    ///     eprintln!("{item}: {problem}");
    /// }
    /// # assert_eq!((processed.done, processed.failed.len()), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "consume")]
    #[doc(alias = "worker")]
    pub fn process<E>(&self, f: impl FnMut(&QueueItem) -> Result<(), E>) -> Processed<E> {
        self.process_with(QueueRun::new(), f)
    }

    /// Works through the queue with these options. See [`process`](Self::process).
    pub fn process_with<E>(&self, options: QueueRun, mut f: impl FnMut(&QueueItem) -> Result<(), E>) -> Processed<E> {
        let mut processed = Processed { done: 0, failed: Vec::new(), undiscarded: Vec::new(), stopped: None };
        let mut known: HashSet<String> = HashSet::new();
        loop {
            let count = processed.done + (processed.failed.len() + processed.undiscarded.len()) as u64;
            let is_cancelled = options.cancel.as_ref().is_some_and(CancelToken::is_cancelled);
            if count >= options.most || is_cancelled {
                return processed;
            }
            let began = Instant::now();
            let (read_id, item) = match self.next(options.window) {
                Ok(Some(next)) => next,
                Ok(None) => return processed,
                Err(error) => {
                    processed.stopped = Some(error);
                    return processed;
                }
            };
            // It came back, because its window has passed. Reading it has hidden it once more.
            if identity(&item).is_some_and(|identity| known.contains(identity)) {
                continue;
            }
            if let Err(problem) = f(&item) {
                known.extend(identity(&item).map(str::to_owned));
                processed.failed.push((item, problem));
                continue;
            }
            // To go on would be to do more that can't be discarded.
            if let Err(error) = self.discard(&read_id) {
                processed.stopped = Some(match error.kind() {
                    ErrorKind::NotFound => error.advise("the read may be too old: let items be hidden for longer"),
                    _ => error,
                });
                processed.undiscarded.push(item);
                return processed;
            }
            // Another reader could have read it by then.
            if began.elapsed() < options.window {
                processed.done += 1;
            } else {
                known.extend(identity(&item).map(str::to_owned));
                processed.undiscarded.push(item);
            }
        }
    }

    /// Reads one item, and the id of the read.
    fn next(&self, window: Duration) -> Result<Option<(String, QueueItem)>> {
        let QueueRead { read_id, mut items } = self.read(1, window)?;
        match (items.pop(), items.len()) {
            (item, 0) => Ok(item.map(|item| (read_id, item))),
            (_, others) => {
                let problem = format!("it has {} items where one was requested", others + 1);
                Err(Error::invalid_response("a read of a queue", problem))
            }
        }
    }
}

/// Returns what tells an item from the others.
fn identity(item: &QueueItem) -> Option<&str> {
    [item.id.as_str(), item.path.as_str()].into_iter().find(|text| !text.is_empty())
}
