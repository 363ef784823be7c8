use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::wait::{Step, WaitOptions, Waiting};
use super::work::{Answer, LongRunning, Question, State};
use crate::api::OperationName;
use crate::call::Session;
use crate::cancel::CancelToken;
use crate::credentials::Secret;
use crate::error::{Arrival, Error, ErrorKind, Event, FailedCall, Problem, Result, ServiceError};
use crate::gate::Slot;
use crate::request::Request;
use crate::transport::Buffer;

/// A long-running operation, which ends with a `T` or fails.
///
/// ```no_run
/// # use rblxopencloud::{AssetUpload, Result, User};
/// # fn run(user: &User, upload: AssetUpload) -> Result<()> {
/// let operation = user.upload_asset(upload)?;
/// match operation.wait() {
///     Ok(asset) => println!("made {}", asset.id),
///     Err(error) if error.can_wait_again() => {
///         // Save the name: `client.operation(name.parse()?)` resumes the wait, also in another process.
///         println!("still pending: {}", error.operation().unwrap());
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropping it doesn't cancel the operation. [`Client::operation`](crate::Client::operation) resumes waiting by name.
#[must_use = "whether the operation succeeds shows only in `wait` or `poll`"]
pub struct Operation<T> {
    session: Session,
    work: Arc<dyn LongRunning<T>>,
    /// `None` only if the first response was the result.
    name: Option<OperationName>,
    /// The call that started it, for errors of an operation without a name.
    subject: String,
    /// Texts of the call that the service may repeat in its message.
    echoes: Vec<String>,
    /// Texts of the call that are removed from errors.
    secrets: Vec<Secret>,
    /// How long the service lets the work run.
    time_limit: Option<Duration>,
    /// Cancels the wait.
    cancel: Option<CancelToken>,
    /// What it takes of a number of unfinished pieces of work, which is given back when it is known to have ended.
    slot: Option<Slot>,
    ended: OnceLock<Ended<T>>,
}

/// How long after its time limit the end of work may show: it is counted from when the work was scheduled.
const AFTER_LIMIT: Duration = Duration::from_secs(45);

struct Ended<T> {
    result: Result<T, ServiceError>,
    partial_failures: Vec<String>,
}

impl<T: Clone> Operation<T> {
    /// Makes the call that starts the work.
    pub(super) fn start(request: Request, work: Arc<dyn LongRunning<T>>) -> Result<Self> {
        let (session, echoes) = (request.session().clone(), request.echoes().to_vec());
        let secrets = request.declared_secrets().to_vec();
        let (time_limit, cancel) = (request.work_time_limit(), request.cancel_token().cloned());
        let mut request = request.prepare()?;
        let subject = request.subject();
        let (answer, slot) = request.run_for_slot(|body| work.read(body, Question::Start))?;
        let mut operation =
            Self { subject, echoes, secrets, time_limit, cancel, slot, ..Self::pending(session, None, work) };
        operation.name = operation.take(answer);
        match operation.ended.get() {
            // There is no operation whose failure it could be.
            Some(Ended { result: Err(reported), .. }) if operation.name.is_none() => Err(operation.failure(reported)),
            _ => Ok(operation),
        }
    }

    /// Resumes an operation by its name.
    pub(crate) fn resume(session: &Session, name: OperationName, work: impl LongRunning<T> + 'static) -> Self {
        Self::pending(session.clone(), Some(name), Arc::new(work))
    }

    fn pending(session: Session, name: Option<OperationName>, work: Arc<dyn LongRunning<T>>) -> Self {
        let (subject, echoes, ended) = (String::new(), Vec::new(), OnceLock::new());
        Self {
            session,
            work,
            name,
            subject,
            echoes,
            secrets: Vec::new(),
            time_limit: None,
            cancel: None,
            slot: None,
            ended,
        }
    }

    /// Polls the operation once. Returns `None` while it is pending. Makes no request once it has ended.
    ///
    /// # Errors
    /// Returns [`OperationFailed`](ErrorKind::OperationFailed), or a more specific kind, with the service's reason, if the
    /// operation failed; then [`is_operation_failure`](Error::is_operation_failure) is true. After any other error, the
    /// operation may still succeed.
    pub fn poll(&self) -> Result<Option<T>> {
        self.poll_until(None, None)
    }

    /// Waits until the operation has ended, for at most 60 seconds, or 45 seconds longer than the
    /// [time limit](Request::work_limit) of the work.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with).
    pub fn wait(&self) -> Result<T> {
        self.wait_with(&self.wait_options())
    }

    /// Returns the options of [`wait`](Self::wait).
    fn wait_options(&self) -> WaitOptions {
        let limit = self.time_limit.map_or(Duration::ZERO, |limit| limit.saturating_add(AFTER_LIMIT));
        WaitOptions::default().at_least(limit)
    }

    /// Waits until the operation has ended. Polls at once, then after growing delays.
    ///
    /// Transient failures of a poll don't end the wait.
    ///
    /// # Errors
    /// Returns [`OperationFailed`](ErrorKind::OperationFailed), or a more specific kind, if the operation failed;
    /// [`OperationPending`](ErrorKind::OperationPending) at the end of the wait; and errors of a poll that aren't transient,
    /// such as that of an expired key. After all but the first, you [can wait again](Error::can_wait_again).
    pub fn wait_with(&self, options: &WaitOptions) -> Result<T> {
        let mut waiting = Waiting::new(options);
        loop {
            match self.step(&mut waiting, None)? {
                Step::Done(result) => return Ok(result),
                Step::Again(delay) => match &self.cancel {
                    Some(cancel) => drop(cancel.as_cancel().wait_timeout(delay)),
                    None => thread::sleep(delay),
                },
            }
        }
    }

    /// Polls once, as a step of a wait.
    pub(crate) fn step(&self, waiting: &mut Waiting, cancel: Option<&CancelToken>) -> Result<Step<T>> {
        waiting.end_by(self.session.fixed_deadline());
        let poll = |deadline| self.poll_until(deadline, cancel);
        let still_pending = |when: &str, problem| self.still_pending(when, problem);
        waiting.step(self.is_done(), self.session.max_retry_after(), poll, &still_pending)
    }

    fn poll_until(&self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> Result<Option<T>> {
        if let (None, Some(name)) = (self.ended.get(), &self.name) {
            let request = self.work.poll(&self.session, name).ok_or_else(|| {
                Error::invalid_input(format!("{name} is not an operation of {}", self.work.endpoint().path()))
            })?;
            let request = request.secrets(self.secrets.clone());
            let request = cancel.or(self.cancel.as_ref()).into_iter().fold(request, Request::cancel_by);
            let read = |body: &[u8]| self.work.read(body, Question::Poll);
            let answer = request
                .prepare()
                .and_then(|mut request| request.run_in(&mut Buffer::default(), deadline, |_| (), read))
                .map_err(|error| error.about_operation(Some(name.clone())))?;
            self.take(answer);
        }
        match self.ended.get() {
            None => Ok(None),
            Some(Ended { result: Ok(result), .. }) => Ok(Some(result.clone())),
            Some(Ended { result: Err(reported), .. }) => Err(self.failure(reported)),
        }
    }

    /// Stores the state, and returns the name.
    fn take(&self, answer: Answer<T>) -> Option<OperationName> {
        let result = match answer.state {
            State::Pending => return answer.name,
            State::Done(result) => Ok(result),
            State::Failed(reported) => Err(reported),
        };
        let partial_failures = answer.partial_failures.iter().map(|text| self.redacted(text)).collect();
        if let Some(slot) = &self.slot {
            slot.ended();
        }
        // Another thread may have stored the same end first.
        let _ = self.ended.set(Ended { result, partial_failures });
        answer.name
    }
}

impl<T> Operation<T> {
    /// Returns the name of the operation. `None` if the first response was the result.
    #[must_use]
    pub fn name(&self) -> Option<&OperationName> {
        self.name.as_ref()
    }

    /// Returns whether the operation is known to have ended, successfully or not. Makes no request.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Returns what failed beside a successful result, such as a rejected icon.
    #[must_use]
    pub fn partial_failures(&self) -> &[String] {
        self.ended.get().map_or(&[], |ended| &ended.partial_failures)
    }

    /// Removes the credentials and the declared secrets from a text.
    fn redacted(&self, text: &str) -> String {
        self.session.redacted_with(&self.secrets, text)
    }

    fn failure(&self, reported: &ServiceError) -> Error {
        let call = FailedCall {
            endpoint: self.work.endpoint(),
            arrival: Arrival::Accepted,
            scheme: self.session.scheme(),
            echoes: &self.echoes,
        };
        let problem = Problem::new(Event::OperationFailed(reported.clone()), "the operation failed");
        let error = Error::of_call(&call, self.who(), problem);
        error.of_operation().about_operation(self.name.clone()).redact(|text| self.redacted(text))
    }

    fn still_pending(&self, when: &str, problem: Option<Error>) -> Error {
        // The line names the operation once, and says once what to do.
        let problem = problem.map(|problem| problem.about_operation(None).with_unknown_outcome(false));
        let error = Error::new(ErrorKind::OperationPending, self.who())
            .explain(match &problem {
                None => format!("still pending {when}"),
                Some(problem) => format!("not known to have ended {when}; the last poll failed: {problem}"),
            })
            .transient()
            .about_operation(self.name.clone());
        let error = match problem {
            Some(problem) => error.with_retry_after(problem.retry_after()).caused_by(problem),
            None => error,
        };
        error.redact(|text| self.redacted(text))
    }

    fn who(&self) -> String {
        self.name.as_ref().map_or_else(|| self.subject.clone(), OperationName::to_string)
    }
}

/// The decoder, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn read_answer<T>(body: &[u8], work: &dyn LongRunning<T>) {
    for question in [Question::Start, Question::Poll] {
        let _ = work.read(body, question);
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.ended.get() {
            None => "pending",
            Some(Ended { result: Ok(_), .. }) => "done",
            Some(Ended { result: Err(_), .. }) => "failed",
        };
        f.debug_struct("Operation").field("name", &self.name).field("state", &state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use serde_json::Value;

    use super::*;
    use crate::{Client, Method};

    #[test]
    fn the_limit_of_the_work_makes_the_wait_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let client = Client::builder("key").base_url(url).build().expect("the settings are good");
        let start = || client.request(Method::Post, "/cloud/v2/a");
        let limited = |seconds| start().work_limit(Duration::from_secs(seconds));
        for (request, timeout) in [(start(), 60), (limited(15), 60), (limited(16), 61), (limited(300), 345)] {
            let operation = thread::scope(|scope| {
                scope.spawn(|| {
                    let (mut stream, _) = listener.accept().expect("it connects");
                    let _ = stream.read(&mut [0; 4096]).expect("it asks");
                    let body = r#"{"path":"operations/a"}"#;
                    let head = format!("content-length: {}\r\nconnection: close", body.len());
                    write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").expect("it listens");
                });
                request.operation::<Value>().expect("it begins")
            });
            let options = format!("{:?}", operation.wait_options());
            assert!(options.contains(&format!("timeout: {timeout}s,")), "{options}");
        }
    }
}
