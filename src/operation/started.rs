//! Work that a call has started, whatever its result is: it is compiled once, and not for each kind of result.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::pace::{Pace, shown};
use super::wait::Waiting;
use super::work::{Answer, LongRunning, Question, ResultDecoder};
use crate::api::OperationName;
use crate::call::Session;
use crate::cancel::CancelToken;
use crate::credentials::Secret;
use crate::error::{Arrival, Error, ErrorKind, Event, FailedCall, Problem, Result, ServiceError};
use crate::gate::Slot;
use crate::request::Request;
use crate::transport::Buffer;

/// How long after its time limit the end of work may show: it is counted from when the work was scheduled.
pub(super) const AFTER_LIMIT: Duration = Duration::from_secs(45);

/// The last poll of a wait is made so much earlier than its end.
const LAST_POLL: Duration = Duration::from_secs(1);

pub(super) struct Started {
    session: Session,
    work: Arc<dyn LongRunning>,
    /// `None` only if the first response was the result.
    pub(super) name: Option<OperationName>,
    /// The call that started it, for errors of an operation without a name.
    subject: String,
    /// Texts of the call that the service may repeat in its message.
    echoes: Vec<String>,
    /// Texts of the call that are removed from errors.
    secrets: Vec<Secret>,
    /// When the service accepted the call that started it, or its wait was resumed.
    pub(super) began: Instant,
    /// The last known state of a pending task, in the service's word.
    word: Mutex<Option<String>>,
    /// How long the service lets the work run.
    pub(super) time_limit: Option<Duration>,
    /// Cancels the wait.
    pub(super) cancel: Option<CancelToken>,
    /// What it takes of a number of unfinished pieces of work, which is given back when it is known to have ended.
    slot: Option<Slot>,
}

impl Started {
    /// Makes the call that starts the work, and returns its answer too.
    pub(super) fn by(
        request: Request,
        work: Arc<dyn LongRunning>,
        decode: &mut ResultDecoder<'_>,
    ) -> Result<(Self, Answer)> {
        let (session, echoes) = (request.session().clone(), request.echoes().to_vec());
        let secrets = request.declared_secrets().to_vec();
        let (time_limit, cancel) = (request.work_time_limit(), request.cancel_token().cloned());
        let mut request = request.prepare()?;
        let subject = request.subject();
        let mut answer = Answer::default();
        let slot = request.run_for_slot(&mut |body| {
            answer = work.read(body, Question::Start, decode)?;
            Ok(())
        })?;
        // The call may have waited long for its turn or for a slot.
        let began = Instant::now();
        let (name, word) = (answer.name.take(), Mutex::new(answer.word.take()));
        Ok((Self { session, work, name, subject, echoes, secrets, began, word, time_limit, cancel, slot }, answer))
    }

    pub(super) fn named(session: Session, name: OperationName, work: Arc<dyn LongRunning>) -> Self {
        Self {
            session,
            work,
            name: Some(name),
            subject: String::new(),
            echoes: Vec::new(),
            secrets: Vec::new(),
            began: Instant::now(),
            word: Mutex::default(),
            time_limit: None,
            cancel: None,
            slot: None,
        }
    }

    /// Polls once, as a step of a wait. Returns the delay before the next poll. `None` if the work is done.
    pub(super) fn step(
        &self,
        waiting: &mut Waiting,
        is_done: bool,
        poll: &mut dyn FnMut(Option<Instant>) -> Result<bool>,
    ) -> Result<Option<Duration>> {
        waiting.end_by(self.session.fixed_deadline());
        if self.work.is_task() {
            waiting.keep_pace(|| Pace::new(self.began, self.session.waits()));
        }
        let still_pending = |when: &str, problem| self.still_pending(when, problem);
        waiting.step(is_done, self.session.max_retry_after(), poll, &still_pending)
    }

    /// Asks how the work stands. `None` if it has no name.
    pub(super) fn poll(
        &self,
        deadline: Option<Instant>,
        cancel: Option<&CancelToken>,
        decode: &mut ResultDecoder<'_>,
    ) -> Result<Option<Answer>> {
        let Some(name) = &self.name else { return Ok(None) };
        let request = self.work.poll(&self.session, name).ok_or_else(|| {
            Error::invalid_input(format!("{name} is not an operation of {}", self.work.endpoint().path()))
        })?;
        let request = request.secrets(self.secrets.clone());
        let request = cancel.or(self.cancel.as_ref()).into_iter().fold(request, Request::cancel_by);
        let mut answer = None;
        let mut read = |body: &[u8]| {
            let read = self.work.read(body, Question::Poll, decode)?;
            *self.word.lock().unwrap_or_else(PoisonError::into_inner) = read.word.clone();
            answer = Some(read);
            Ok(())
        };
        request
            .prepare()
            .and_then(|mut request| request.run_in(&mut Buffer::default(), deadline, &[], &mut read))
            .map_err(|error| error.about_operation(Some(name.clone())))?;
        Ok(answer)
    }

    /// Gives back the slot. Returns what failed beside the result, without secrets.
    pub(super) fn end(&self, partial_failures: &[String]) -> Vec<String> {
        if let Some(slot) = &self.slot {
            slot.ended();
        }
        partial_failures.iter().map(|text| self.redacted(text)).collect()
    }

    /// Removes the credentials and the declared secrets from a text.
    fn redacted(&self, text: &str) -> String {
        self.session.redacted_with(&self.secrets, text)
    }

    pub(super) fn failure(&self, said: &ServiceError) -> Error {
        let call = FailedCall {
            endpoint: self.work.endpoint(),
            arrival: Arrival::Accepted,
            scheme: self.session.scheme(),
            echoes: &self.echoes,
            upload: None,
        };
        let problem = Problem::new(Event::OperationFailed(said.clone()), "the operation failed");
        let error = Error::of_call(&call, self.who(), problem);
        error.of_operation().about_operation(self.name.clone()).redact(&|text| self.redacted(text))
    }

    fn still_pending(&self, when: &str, problem: Option<Error>) -> Error {
        // The line names the operation once, and says once what to do.
        let problem = problem.map(|problem| problem.about_operation(None).with_unknown_outcome(false));
        let word = self.word.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let state = word.map_or_else(|| "pending".to_owned(), |word| self.redacted(&word));
        let error = match &problem {
            None if self.is_overdue() => Error::new(ErrorKind::NeverScheduled, self.who())
                .explain(format!("still {state} {}, as if it had never been scheduled", self.overdue()))
                .advise(
                    "check that the place can be opened, and wait for the task again by its name, or start another one",
                ),
            None => Error::new(ErrorKind::OperationPending, self.who()).explain(format!("still {state} {when}")),
            Some(problem) => Error::new(ErrorKind::OperationPending, self.who())
                .explain(format!("not known to have ended {when}; the last poll failed: {problem}")),
        };
        let error = error.transient().about_operation(self.name.clone());
        let error = match problem {
            Some(problem) => error.with_retry_after(problem.retry_after()).caused_by(problem),
            None => error,
        };
        error.redact(&|text| self.redacted(text))
    }

    /// Whether it is a task that would have ended if it had been scheduled.
    fn is_overdue(&self) -> bool {
        let limit = self.time_limit.filter(|_| self.work.is_task());
        limit.is_some_and(|limit| self.began.elapsed() + LAST_POLL >= limit.saturating_add(AFTER_LIMIT))
    }

    /// Describes how old it is.
    fn overdue(&self) -> String {
        let limit = self.time_limit.unwrap_or_default();
        format!("after {}, with a time limit of {}", shown(self.began.elapsed()), shown(limit))
    }

    fn who(&self) -> String {
        self.name.as_ref().map_or_else(|| self.subject.clone(), OperationName::to_string)
    }
}
