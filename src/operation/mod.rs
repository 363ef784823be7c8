//! Long-running operations.

mod answer;
mod name;
mod wait;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

pub(crate) use wait::Waiting;
pub use wait::{WaitOptions, WaitProgress};

use self::answer::{Answer, Question, State};
use self::wait::Next;
use crate::api::{Endpoint, OperationName, SEGMENT};
use crate::call::{Buffer, Call, Cancel, Session};
use crate::error::{Arrival, Error, ErrorKind, Event, FailedCall, Problem, Result, ServiceError};

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
    work: Work<T>,
    /// `None` only if the first response was the result.
    name: Option<OperationName>,
    /// The call that started it, for errors of an operation without a name.
    subject: String,
    /// Texts of the call that the service may repeat in its message.
    echoes: Vec<String>,
    ended: OnceLock<Ended<T>>,
}

/// How an operation is polled, and how its result is read.
pub(crate) struct Work<T> {
    pub(crate) poll: Endpoint,
    /// The parent of operation names, such as `/cloud/v2`, if `poll` has no path.
    pub(crate) root: String,
    pub(crate) decode: Decode<T>,
    /// Whether the first response may be the bare result.
    pub(crate) may_be_bare: bool,
}

/// Decodes a result. It owns its context.
pub(crate) type Decode<T> =
    Arc<dyn Fn(&Value) -> Result<T, serde_json::Error> + Send + Sync + UnwindSafe + RefUnwindSafe>;

struct Ended<T> {
    result: Result<T, ServiceError>,
    partial_failures: Vec<String>,
}

/// The result of one step of a wait.
pub(crate) enum Step<T> {
    Done(T),
    /// Poll again after this delay.
    Again(std::time::Duration),
}

impl<T: Clone> Operation<T> {
    /// Makes the call that starts an operation.
    pub(crate) fn start(session: &Session, call: Call<'_>, echoes: Vec<String>, work: Work<T>) -> Result<Self> {
        let subject = call.subject();
        let call = call.echoes(echoes.clone());
        let answer = session.run_in(&mut Buffer::default(), call, |body| Answer::read(body, &work, Question::Start))?;
        let mut operation = Self { subject, echoes, ..Self::pending(session.clone(), None, work) };
        operation.name = operation.take(answer);
        match operation.ended.get() {
            // There is no operation whose failure it could be.
            Some(Ended { result: Err(said), .. }) if operation.name.is_none() => Err(operation.failure(said)),
            _ => Ok(operation),
        }
    }

    /// Resumes an operation by its name.
    pub(crate) fn resume(session: &Session, name: OperationName, work: Work<T>) -> Self {
        Self::pending(session.clone(), Some(name), work)
    }

    fn pending(session: Session, name: Option<OperationName>, work: Work<T>) -> Self {
        Self { session, work, name, subject: String::new(), echoes: Vec::new(), ended: OnceLock::new() }
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

    /// Waits until the operation has ended, for at most 60 seconds.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with).
    pub fn wait(&self) -> Result<T> {
        self.wait_with(&WaitOptions::default())
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
                Step::Again(delay) => thread::sleep(delay),
            }
        }
    }

    /// Polls once, as a step of a wait.
    pub(crate) fn step(&self, waiting: &mut Waiting, cancel: Option<&Cancel>) -> Result<Step<T>> {
        waiting.end_by(self.session.fixed_deadline());
        let next =
            waiting.step(self.is_done(), self.session.max_retry_after(), |deadline| self.poll_until(deadline, cancel));
        match next? {
            Next::Done(result) => Ok(Step::Done(result)),
            Next::Again(delay) => Ok(Step::Again(delay)),
            Next::GiveUp { when, problem } => Err(self.still_pending(&when, problem)),
        }
    }

    fn poll_until(&self, deadline: Option<Instant>, cancel: Option<&Cancel>) -> Result<Option<T>> {
        if let (None, Some(name)) = (self.ended.get(), &self.name) {
            let path = self.work.poll_path(name).ok_or_else(|| {
                Error::invalid_input(format!("{name} is not an operation of {}", self.work.poll.path()))
            })?;
            let call = Call::new(&self.work.poll, &path).deadline(deadline).cancel(cancel);
            let answer = self
                .session
                .run_in(&mut Buffer::default(), call, |body| Answer::read(body, &self.work, Question::Poll))
                .map_err(|error| error.about_operation(Some(name.clone())))?;
            self.take(answer);
        }
        match self.ended.get() {
            None => Ok(None),
            Some(Ended { result: Ok(result), .. }) => Ok(Some(result.clone())),
            Some(Ended { result: Err(said), .. }) => Err(self.failure(said)),
        }
    }

    /// Stores the state, and returns the name.
    fn take(&self, answer: Answer<T>) -> Option<OperationName> {
        let result = match answer.state {
            State::Pending => return answer.name,
            State::Done(result) => Ok(result),
            State::Failed(said) => Err(said),
        };
        let partial_failures = answer.partial_failures.iter().map(|text| self.session.redacted(text)).collect();
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

    fn failure(&self, said: &ServiceError) -> Error {
        let call = FailedCall {
            endpoint: &self.work.poll,
            arrival: Arrival::Accepted,
            scheme: self.session.scheme(),
            echoes: &self.echoes,
        };
        let problem = Problem::new(Event::OperationFailed(said.clone()), "the operation failed");
        let error = Error::of_call(&call, self.who(), problem);
        self.session.redact(error.of_operation().about_operation(self.name.clone()))
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
        self.session.redact(match problem {
            Some(problem) => error.with_retry_after(problem.retry_after()).caused_by(problem),
            None => error,
        })
    }

    fn who(&self) -> String {
        self.name.as_ref().map_or_else(|| self.subject.clone(), OperationName::to_string)
    }
}

impl<T> Work<T> {
    /// Returns the path to poll. `None` if the name isn't one of this endpoint.
    fn poll_path(&self, name: &OperationName) -> Option<String> {
        if self.poll.is_unnamed() {
            return Some(resource_path(&self.root, name));
        }
        poll_path(&self.poll, name)
    }
}

/// Returns the path of a resource under `root`.
fn resource_path(root: &str, name: &OperationName) -> String {
    let mut path = root.to_owned();
    for segment in name.as_str().split('/') {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    path
}

/// Fills a resource path into the end of an endpoint's path.
pub(crate) fn poll_path(poll: &Endpoint, name: &OperationName) -> Option<String> {
    let template: Vec<&str> = poll.path().split('/').collect();
    let names: Vec<&str> = name.as_str().split('/').collect();
    let (root, own) = template.split_at(template.len().checked_sub(names.len())?);
    let is_parameter = |segment: &str| segment.starts_with('{');
    let fits = own.iter().zip(&names).all(|(part, segment)| is_parameter(part) || part == segment);
    if !fits || root.iter().any(|part| is_parameter(part)) {
        return None;
    }
    let parameters = own.iter().zip(&names).filter(|(part, _)| is_parameter(part)).map(|(_, name)| *name);
    poll.fill_texts(&parameters.collect::<Vec<_>>()).ok()
}

/// The decoder, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn read_answer<T>(body: &[u8], work: &Work<T>) {
    for question in [Question::Start, Question::Poll] {
        let _ = Answer::read(body, work, question);
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
    use super::*;

    #[test]
    fn operation_names_must_match_the_endpoint() {
        const OF_ASSETS: Endpoint = Endpoint::get("/assets/v1/operations/{operation}").polling();
        const OF_USERS: Endpoint = Endpoint::get("/cloud/v2/users/{user}/operations/{operation}").polling();
        let path = |poll: &Endpoint, name: &str| poll_path(poll, &name.parse().expect("a name"));
        assert_eq!(path(&OF_ASSETS, "operations/a=").as_deref(), Some("/assets/v1/operations/a%3D"));
        assert_eq!(path(&OF_ASSETS, "users/7/operations/a"), None);
        assert_eq!(path(&OF_USERS, "users/7/operations/a").as_deref(), Some("/cloud/v2/users/7/operations/a"));
        assert_eq!(path(&OF_USERS, "groups/7/operations/a"), None);
        assert_eq!(path(&OF_USERS, "operations/a"), None);
        let name = "users/7/operations/a==".parse().expect("a name");
        assert_eq!(resource_path("/cloud/v2", &name), "/cloud/v2/users/7/operations/a%3D%3D");
    }
}
