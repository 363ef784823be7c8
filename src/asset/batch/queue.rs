//! Decides what a batch does next. It has no threads and makes no calls.

use std::any::Any;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::iter::{Enumerate, Peekable};
use std::mem;
use std::time::Instant;

use super::outcome::UploadOutcome;
use crate::asset::{Asset, AssetType, AssetUpload};
use crate::cancel::CancelToken;
use crate::error::{Error, ErrorKind, ErrorScope, Result};
use crate::operation::{Operation, Waiting};

/// The caller's iterator. While it blocks, others may take the place of its next upload, which is then kept in it.
pub(super) type Uploads = Box<Peekable<Enumerate<Box<dyn Iterator<Item = AssetUpload> + Send>>>>;

/// How many operations are polled at the same time. Two can exceed the service's rate limit.
pub(super) const POLLERS: usize = 2;

pub(super) struct Queue {
    concurrency: usize,
    run_ahead: usize,
    source: Source,
    sending: usize,
    polling: usize,
    pending: BinaryHeap<Reverse<Box<Pending>>>,
    outcomes: VecDeque<UploadOutcome>,
    lanes: HashMap<AssetType, Lane>,
    /// Why no more uploads are sent.
    failure: Option<Cause>,
    /// The first panic of a callback, reader or iterator.
    panic: Option<Panic>,
    is_cancelled: bool,
}

pub(super) type Panic = Box<dyn Any + Send>;

enum Source {
    Idle(Uploads),
    /// A thread is using the iterator.
    Taken,
    /// It has ended, or isn't needed any more.
    Ended,
}

/// The state of one asset type.
#[derive(Default)]
struct Lane {
    stop: CancelToken,
    used_up: Option<Cause>,
}

/// A failure that concerns other uploads.
struct Cause {
    kind: ErrorKind,
    text: String,
}

/// An operation to poll, and when.
pub(super) struct Pending {
    pub(super) due: Instant,
    pub(super) index: usize,
    pub(super) asset_type: AssetType,
    pub(super) operation: Operation<Asset>,
    pub(super) waiting: Waiting,
}

/// The next job of a thread.
pub(super) enum Job {
    Poll(Box<Pending>),
    /// Get the next upload of the iterator, and send it if [`Queue::admit`] allows it.
    Send(Uploads),
    /// Check again after a change, or at this time.
    Wait(Option<Instant>),
    Leave,
}

/// What to do with an upload from the iterator.
pub(super) enum Admission {
    /// Send it, unless this is set while it waits.
    Send(Box<AssetUpload>, CancelToken),
    /// Its outcome is known. Drop it.
    Refused(#[allow(dead_code)] Box<AssetUpload>),
    /// There is no room for it any more. It stays in the iterator.
    NotYet,
    /// Drop it, and the iterator.
    Unwanted(#[allow(dead_code)] Uploads),
}

impl Queue {
    pub(super) fn new(uploads: Uploads, concurrency: usize, run_ahead: usize) -> Self {
        Self {
            concurrency,
            run_ahead,
            source: Source::Idle(uploads),
            sending: 0,
            polling: 0,
            pending: BinaryHeap::new(),
            outcomes: VecDeque::new(),
            lanes: HashMap::new(),
            failure: None,
            panic: None,
            is_cancelled: false,
        }
    }

    pub(super) fn set_concurrency(&mut self, uploads: usize) {
        self.concurrency = uploads;
    }

    /// Returns the next job. Due polls come before uploads.
    pub(super) fn next_job(&mut self, now: Instant) -> Job {
        if self.is_over() {
            return Job::Leave;
        }
        let due = match self.next_poll(now) {
            Ok(pending) => return Job::Poll(pending),
            Err(due) => due,
        };
        if self.has_room() {
            match mem::replace(&mut self.source, Source::Taken) {
                Source::Idle(uploads) => return Job::Send(uploads),
                other => self.source = other,
            }
        }
        Job::Wait(due)
    }

    /// Returns a due poll, or when to check again.
    pub(super) fn next_poll(&mut self, now: Instant) -> Result<Box<Pending>, Option<Instant>> {
        let due = self.pending.peek().map(|Reverse(pending)| pending.due).filter(|_| self.polling < POLLERS);
        if due.is_none_or(|due| due > now) {
            return Err(due);
        }
        let Some(Reverse(pending)) = self.pending.pop() else { return Err(None) };
        self.polling += 1;
        Ok(pending)
    }

    fn has_room(&self) -> bool {
        let ahead = self.sending + self.polling + self.pending.len() + self.outcomes.len();
        self.sending < self.concurrency && self.outcomes.len() < self.concurrency && ahead < self.run_ahead
    }

    /// Whether there will be no more outcomes.
    pub(super) fn is_over(&self) -> bool {
        let is_idle = self.sending + self.polling == 0 && self.pending.is_empty();
        self.is_cancelled || (is_idle && matches!(self.source, Source::Ended))
    }

    pub(super) fn is_sending(&self) -> bool {
        self.sending > 0
    }

    pub(super) fn take_outcome(&mut self) -> Option<UploadOutcome> {
        self.outcomes.pop_front()
    }

    pub(super) fn take_panic(&mut self) -> Option<Panic> {
        self.panic.take()
    }

    /// Records the end of the iterator.
    pub(super) fn exhausted(&mut self) {
        self.source = Source::Ended;
    }

    /// Takes the next upload from the iterator, which was peeked at.
    pub(super) fn admit(&mut self, mut uploads: Uploads) -> Admission {
        if matches!(self.source, Source::Ended) {
            return Admission::Unwanted(uploads);
        }
        // Outcomes may have come while the iterator blocked.
        let next = if self.has_room() { uploads.next() } else { None };
        self.source = Source::Idle(uploads);
        let Some((index, upload)) = next else { return Admission::NotYet };
        let upload = Box::new(upload);
        let asset_type = upload.declared_type();
        if let Some(error) = self.refusal(asset_type) {
            self.outcomes.push_back(UploadOutcome::not_sent(index, error));
            return Admission::Refused(upload);
        }
        self.sending += 1;
        let stop = self.lanes.entry(asset_type.clone()).or_default().stop.clone();
        Admission::Send(upload, stop)
    }

    /// Records that the service has accepted an upload.
    pub(super) fn accepted(&mut self, pending: Box<Pending>) {
        self.sending -= 1;
        self.pending.push(Reverse(pending));
    }

    /// Records that the service has accepted an upload, and the end of its operation. Nothing is requested for it: the threads
    /// that poll may be waiting for the rate limit.
    pub(super) fn ended_at_once(&mut self, pending: &Pending, result: Result<Asset>) {
        self.sending -= 1;
        self.push_outcome(pending, result);
    }

    pub(super) fn not_accepted(&mut self, index: usize, asset_type: &AssetType, error: Error) {
        self.sending -= 1;
        // An upload that was stopped while it waited gets the failure that stopped it.
        let stopped_by = Some(error.kind()).filter(|kind| *kind == ErrorKind::Cancelled);
        let error = stopped_by.and_then(|_| self.refusal(asset_type)).unwrap_or(error);
        self.note(asset_type, &error);
        let operation = error.operation().cloned();
        self.outcomes.push_back(UploadOutcome { operation, ..UploadOutcome::not_sent(index, error) });
    }

    pub(super) fn still_pending(&mut self, pending: Box<Pending>) {
        self.polling -= 1;
        self.pending.push(Reverse(pending));
    }

    /// Records the end of a wait.
    pub(super) fn ended(&mut self, pending: &Pending, result: Result<Asset>) {
        self.polling -= 1;
        self.push_outcome(pending, result);
    }

    fn push_outcome(&mut self, pending: &Pending, result: Result<Asset>) {
        if let Err(error) = &result {
            self.note(&pending.asset_type, error);
        }
        self.outcomes.push_back(UploadOutcome {
            index: pending.index,
            operation: pending.operation.name().cloned(),
            partial_failures: pending.operation.partial_failures().to_vec(),
            result,
        });
    }

    /// Records a panic: no more uploads are sent. Returns the iterator, to be dropped outside the lock.
    #[must_use]
    pub(super) fn panicked(&mut self, panic: Panic) -> Option<Uploads> {
        self.panic.get_or_insert(panic);
        self.stop_sending()
    }

    /// Records a panic of an upload that was being sent.
    #[must_use]
    pub(super) fn panicked_sending(&mut self, panic: Panic) -> Option<Uploads> {
        self.sending -= 1;
        self.panicked(panic)
    }

    /// Ends the batch. Returns the iterator, to be dropped outside the lock.
    #[must_use]
    pub(super) fn cancel(&mut self) -> Option<Uploads> {
        self.is_cancelled = true;
        self.stop_sending()
    }

    fn stop_sending(&mut self) -> Option<Uploads> {
        self.lanes.values().for_each(|lane| lane.stop.cancel());
        match mem::replace(&mut self.source, Source::Ended) {
            Source::Idle(uploads) => Some(uploads),
            Source::Taken | Source::Ended => None,
        }
    }

    /// Stops other uploads that would have the same failure.
    fn note(&mut self, asset_type: &AssetType, error: &Error) {
        let cause = || Cause { kind: error.kind(), text: error.to_string() };
        match error.scope() {
            ErrorScope::Run => {
                self.failure.get_or_insert_with(cause);
                self.lanes.values().for_each(|lane| lane.stop.cancel());
            }
            ErrorScope::AssetType => {
                let lane = self.lanes.entry(asset_type.clone()).or_default();
                lane.used_up.get_or_insert_with(cause);
                lane.stop.cancel();
            }
            ErrorScope::Call | ErrorScope::Later => {}
        }
    }

    /// Returns why an upload of this type isn't sent.
    fn refusal(&self, asset_type: &AssetType) -> Option<Error> {
        if let Some(Cause { kind, text }) = &self.failure {
            return Some(Error::stopped(*kind, text));
        }
        let Cause { kind, text } = self.lanes.get(asset_type)?.used_up.as_ref()?;
        let explanation = format!("no more uploads of the type {} are accepted: {text}", asset_type.as_str());
        Some(Error::new(*kind, "nothing was sent").explain(explanation).reaching(ErrorScope::AssetType))
    }
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
        (self.due, self.index).cmp(&(other.due, other.index))
    }
}
