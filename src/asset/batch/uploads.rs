#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::outcome::{NextOutcome, UploadOutcome};
use super::queue::Uploads;
use super::run::{Plan, Run};
use crate::api::OperationName;
use crate::asset::{AssetUpload, Creator};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::operation::WaitOptions;

/// How many uploads can be ahead of the caller, and how many operations can be pending. With more, each would be polled less
/// often, because the rate limit stays the same.
const MAX_AHEAD: usize = 100;

/// Many uploads at once, from [`User::upload_assets`](crate::User::upload_assets).
///
/// Yields exactly one [`UploadOutcome`] for each upload, as it ends. A failure stops other uploads only if they would fail
/// too. A refused key or a moderated account ([`ErrorScope::Run`](crate::ErrorScope::Run)) stops all of them; an exhausted
/// quota ([`ErrorScope::AssetType`](crate::ErrorScope::AssetType)) stops those of the same asset type. A stopped upload fails
/// without being sent. Accepted operations are always waited for.
///
/// Nothing is sent before the first [`next`](Iterator::next). Settings have no effect after it.
///
/// ```no_run
/// use rblxopencloud::{AssetUpload, User};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let paths = ["crate.png", "door.png", "creak.ogg"];
/// let uploads = paths.iter().map(AssetUpload::from_path).collect::<Result<Vec<_>, _>>()?;
/// for outcome in user.upload_assets(uploads) {
///     let path = paths[outcome.index];
///     match (outcome.result, outcome.operation) {
///         (Ok(asset), _) => println!("{path}: {}", asset.id),
///         (Err(error), None) => println!("{path} was not accepted: {error}"),
///         (Err(error), Some(operation)) => println!("{path} was accepted as {operation}: {error}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Running ahead
/// Uploads are sent while the caller handles an outcome, within two bounds. No upload begins to be sent while
/// [`concurrency`](Self::concurrency) outcomes are waiting; those that began before add theirs. At most
/// [`run_ahead`](Self::run_ahead) uploads are being sent, pending, or waiting. Accepted operations are polled all the time.
///
/// # Dropping
/// After it is dropped, no more uploads are sent. Dropping blocks until the uploads in progress, their readers and
/// [`on_accepted`](Self::on_accepted) have finished, so that none is cut off. It doesn't wait for pending operations or for
/// the iterator of uploads. An iterator that blocks is dropped on another thread as soon as it returns.
///
/// # Panics
/// A panic in the iterator of uploads, in a reader or in a callback stops the batch. `next` first yields the outcomes of all
/// uploads that were sent, then resumes the panic. An upload whose own reader or progress callback panicked creates no
/// asset and yields no outcome.
#[must_use = "nothing is sent until it is iterated over"]
pub struct AssetUploads {
    state: State,
}

enum State {
    Planned(Box<Plan>),
    Running(Run),
    /// No thread could be started, so every upload fails.
    Refusing(Uploads, io::Error),
    Ended,
}

impl AssetUploads {
    pub(crate) fn new(
        client: Client,
        creator: Creator,
        uploads: impl Iterator<Item = AssetUpload> + Send + 'static,
    ) -> Self {
        let uploads: Box<dyn Iterator<Item = AssetUpload> + Send> = Box::new(uploads);
        Self {
            state: State::Planned(Box::new(Plan {
                client,
                creator,
                uploads: Box::new(uploads.enumerate().peekable()),
                concurrency: 8,
                run_ahead: MAX_AHEAD,
                wait: WaitOptions::default(),
                on_accepted: None,
            })),
        }
    }

    /// Sets how many uploads are sent at the same time, from 1 to 100. Defaults to 8. Pending operations don't count.
    ///
    /// Each takes a thread. If fewer threads can be started, fewer uploads are sent at the same time; without any thread, each
    /// upload fails without being sent.
    pub fn concurrency(self, uploads: usize) -> Self {
        self.with(|plan| plan.concurrency = uploads.clamp(1, MAX_AHEAD))
    }

    /// Sets how many uploads can be ahead of the caller, from 1 to 100: being sent, pending, or waiting to be taken.
    /// Defaults to 100.
    pub fn run_ahead(self, uploads: usize) -> Self {
        self.with(|plan| plan.run_ahead = uploads.clamp(1, MAX_AHEAD))
    }

    /// Sets how long to wait for each operation, and how often to poll it. The time that a poll waits for other polls or for
    /// the rate limit doesn't count.
    pub fn wait_options(self, options: WaitOptions) -> Self {
        self.with(|plan| plan.wait = options)
    }

    /// Calls `f` with the index and name of each operation once the upload is accepted. Persist it to resume waiting after a
    /// crash.
    ///
    /// `f` runs on the thread that sent the upload, before the outcome is yielded. Dropping the batch waits for `f`, so `f`
    /// must not wait for the thread that iterates.
    pub fn on_accepted(self, f: impl Fn(usize, &OperationName) + Send + Sync + 'static) -> Self {
        self.with(|plan| plan.on_accepted = Some(Arc::new(f)))
    }

    fn with(mut self, change: impl FnOnce(&mut Plan)) -> Self {
        if let State::Planned(plan) = &mut self.state {
            change(plan);
        }
        self
    }

    /// Starts the threads with `spawn`, unless they are running.
    fn begin(&mut self, spawn: impl FnMut(Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>) {
        self.state = match mem::replace(&mut self.state, State::Ended) {
            State::Planned(plan) => match Run::start(*plan, spawn) {
                Ok(run) => State::Running(run),
                Err((uploads, error)) => State::Refusing(uploads, error),
            },
            begun => begun,
        };
    }
}

impl AssetUploads {
    /// Waits for the next outcome, at most until `deadline`.
    fn next_until(&mut self, deadline: Option<Instant>) -> NextOutcome {
        self.begin(|work| thread::Builder::new().name("upload".to_owned()).spawn(work));
        let next = match &mut self.state {
            State::Running(run) => run.next(deadline),
            State::Refusing(uploads, error) => match uploads.next() {
                Some((index, _)) => {
                    NextOutcome::Outcome(Box::new(UploadOutcome::not_sent(index, without_threads(error))))
                }
                None => NextOutcome::End,
            },
            State::Planned(_) | State::Ended => NextOutcome::End,
        };
        if let NextOutcome::End = next {
            if let State::Running(run) = mem::replace(&mut self.state, State::Ended) {
                run.finish();
            }
        }
        next
    }

    /// Waits for the next outcome, at most this long.
    #[cfg(feature = "publish")]
    pub(crate) fn next_within(&mut self, limit: std::time::Duration) -> NextOutcome {
        self.next_until(Instant::now().checked_add(limit))
    }
}

impl Iterator for AssetUploads {
    type Item = UploadOutcome;

    fn next(&mut self) -> Option<UploadOutcome> {
        match self.next_until(None) {
            NextOutcome::Outcome(outcome) => Some(*outcome),
            NextOutcome::End | NextOutcome::NotYet => None,
        }
    }
}

impl FusedIterator for AssetUploads {}

impl fmt::Debug for AssetUploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Planned(_) => "planned",
            State::Running(_) => "running",
            State::Refusing(..) => "refusing",
            State::Ended => "ended",
        };
        f.debug_struct("AssetUploads").field("state", &state).finish_non_exhaustive()
    }
}

fn without_threads(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, "nothing was sent")
        .explain(format!("no thread could be started: {error}"))
        .advise("raise the limit of processes or threads, or upload one at a time with User::upload_asset")
        .concerning_run()
}
