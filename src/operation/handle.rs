use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::started::{AFTER_LIMIT, Started};
use super::wait::{WaitOptions, Waiting};
#[cfg(fuzzing)]
use super::work::Question;
use super::work::{Answer, Decode, LongRunning, State};
use crate::api::OperationName;
use crate::call::Session;
use crate::cancel::CancelToken;
use crate::error::{Result, ServiceError};
use crate::request::Request;

/// A long-running operation, which ends with a `T` or fails.
///
/// ```no_run
/// # use rblxopencloud::{AssetUpload, Result, User};
/// # fn run(user: &User, upload: AssetUpload) -> Result<()> {
/// let operation = user.upload_asset_with(upload)?;
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
#[doc(alias = "future")]
#[doc(alias = "await")]
pub struct Operation<T> {
    started: Started,
    decode: Decode<T>,
    ended: OnceLock<Ended<T>>,
}

struct Ended<T> {
    result: Result<T, ServiceError>,
    partial_failures: Vec<String>,
}

impl<T: Clone> Operation<T> {
    /// Makes the call that starts the work.
    pub(super) fn start(request: Request, work: Arc<dyn LongRunning>, decode: Decode<T>) -> Result<Self> {
        let mut result = None;
        let (started, answer) = Started::by(request, work, &mut |json| {
            result = Some(decode(json)?);
            Ok(())
        })?;
        let operation = Self { started, decode, ended: OnceLock::new() };
        operation.take(answer, result);
        match operation.ended.get() {
            // There is no operation whose failure it could be.
            Some(Ended { result: Err(reported), .. }) if operation.name().is_none() => {
                Err(operation.started.failure(reported))
            }
            _ => Ok(operation),
        }
    }

    /// Resumes an operation by its name.
    pub(crate) fn resume(
        session: &Session,
        name: OperationName,
        work: impl LongRunning + 'static,
        decode: Decode<T>,
    ) -> Self {
        Self { started: Started::named(session.clone(), name, Arc::new(work)), decode, ended: OnceLock::new() }
    }

    /// Sets how long the service lets the work run at the most.
    pub(crate) fn with_limit(mut self, limit: Duration) -> Self {
        self.started.time_limit = Some(limit);
        self
    }

    /// Polls the operation once. Returns `None` while it is pending. Makes no request once it has ended.
    ///
    /// # Errors
    /// Returns [`OperationFailed`](crate::ErrorKind::OperationFailed), or a more specific kind, with the service's reason, if the
    /// operation failed; then [`is_operation_failure`](crate::Error::is_operation_failure) is true. After any other error, the
    /// operation may still succeed.
    #[doc(alias = "fetch_status")]
    #[doc(alias = "status")]
    pub fn poll(&self) -> Result<Option<T>> {
        self.poll_until(None, None)?;
        self.result()
    }

    /// Waits until the operation has ended, for at most 60 seconds, or 45 seconds longer than the
    /// [time limit](Request::work_limit) of the work.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with). A task with a time limit that is pending so much later was never scheduled, which is
    /// [`NeverScheduled`](crate::ErrorKind::NeverScheduled).
    pub fn wait(&self) -> Result<T> {
        self.wait_with(&self.wait_options())
    }

    /// Returns the options of [`wait`](Self::wait).
    fn wait_options(&self) -> WaitOptions {
        let limit = self.started.time_limit.map_or(Duration::ZERO, |limit| limit.saturating_add(AFTER_LIMIT));
        WaitOptions::default().at_least(limit)
    }

    /// Waits until the operation has ended. Polls at once, then after growing delays.
    ///
    /// Unless the options set delays, a [task](Request::task) is polled every 0.5 seconds until it is 20 seconds old, then every
    /// second, and after a minute every 5 seconds. Waits for several tasks take longer delays, so that all of a client keep
    /// within 200 polls a minute, and that the end of each of up to 10 tasks is seen after 1.15 of its time and a second.
    ///
    /// Transient failures of a poll don't end the wait.
    ///
    /// # Errors
    /// Returns [`OperationFailed`](crate::ErrorKind::OperationFailed), or a more specific kind, if the operation failed;
    /// [`OperationPending`](crate::ErrorKind::OperationPending) at the end of the wait; and errors of a poll that aren't transient,
    /// such as that of an expired key. After all but the first, you [can wait again](crate::Error::can_wait_again).
    pub fn wait_with(&self, options: &WaitOptions) -> Result<T> {
        let mut waiting = Waiting::new(options);
        loop {
            match self.step(&mut waiting, None)? {
                Step::Done(result) => return Ok(result),
                Step::Again(delay) => match &self.started.cancel {
                    Some(cancel) => drop(cancel.as_cancel().wait_timeout(delay)),
                    None => thread::sleep(delay),
                },
            }
        }
    }

    /// Polls once, as a step of a wait.
    pub(crate) fn step(&self, waiting: &mut Waiting, cancel: Option<&CancelToken>) -> Result<Step<T>> {
        let mut poll = |deadline| {
            self.poll_until(deadline, cancel)?;
            self.result().map(|result| result.is_some())
        };
        match self.started.step(waiting, self.is_done(), &mut poll)? {
            Some(delay) => Ok(Step::Again(delay)),
            None => Ok(self.result()?.map_or(Step::Again(Duration::ZERO), Step::Done)),
        }
    }

    fn poll_until(&self, deadline: Option<Instant>, cancel: Option<&CancelToken>) -> Result<()> {
        if self.is_done() {
            return Ok(());
        }
        let mut result = None;
        let answer = self.started.poll(deadline, cancel, &mut |json| {
            result = Some((self.decode)(json)?);
            Ok(())
        })?;
        if let Some(answer) = answer {
            self.take(answer, result);
        }
        Ok(())
    }

    /// Stores the end, if it has ended.
    fn take(&self, answer: Answer, result: Option<T>) {
        let result = match (answer.state, result) {
            (State::Done, Some(result)) => Ok(result),
            (State::Failed(said), _) => Err(said),
            _ => return,
        };
        let partial_failures = self.started.end(&answer.partial_failures);
        // Another thread may have stored the same end first.
        let _ = self.ended.set(Ended { result, partial_failures });
    }

    /// Returns the result. `None` while it isn't known to have ended.
    fn result(&self) -> Result<Option<T>> {
        match self.ended.get() {
            None => Ok(None),
            Some(Ended { result: Ok(result), .. }) => Ok(Some(result.clone())),
            Some(Ended { result: Err(reported), .. }) => Err(self.started.failure(reported)),
        }
    }
}

impl<T> Operation<T> {
    /// Returns the name of the operation. `None` if the first response was the result.
    #[must_use]
    pub fn name(&self) -> Option<&OperationName> {
        self.started.name.as_ref()
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
}

/// What follows a poll.
pub(crate) enum Step<T> {
    Done(T),
    /// Poll again after this delay.
    Again(Duration),
}

/// The decoder, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn read_answer<T>(body: &[u8], work: &dyn LongRunning, decode: &Decode<T>) {
    for question in [Question::Start, Question::Poll] {
        let _ = work.read(body, question, &mut |json| decode(json).map(drop));
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.ended.get() {
            None => "pending",
            Some(Ended { result: Ok(_), .. }) => "done",
            Some(Ended { result: Err(_), .. }) => "failed",
        };
        f.debug_struct("Operation").field("name", &self.started.name).field("state", &state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use serde_json::Value;

    use super::*;
    use crate::operation::task::Tasks;
    use crate::operation::work::Polls;
    use crate::{Client, Endpoint, ErrorKind, Method, json};

    /// Answers one request. Returns when.
    fn answer(listener: &TcpListener, body: &str) -> Instant {
        let (mut stream, _) = listener.accept().expect("it connects");
        let _ = stream.read(&mut [0; 4096]).expect("it asks");
        let head = format!("content-length: {}\r\nconnection: close", body.len());
        let answered = Instant::now();
        write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").expect("it listens");
        answered
    }

    #[test]
    fn a_task_that_is_pending_for_too_long_was_never_scheduled() {
        const GET_TASK: Endpoint = Endpoint::get("/cloud/v2/tasks/{task}").polling();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let client = Client::builder("key").base_url(url).build().expect("the settings are good");
        let wait = |age: u64, body: &'static str| {
            let name: OperationName = "tasks/5".parse().expect("a name");
            let mut task: Operation<Value> = Operation::resume(
                client.session(),
                name,
                Tasks { poll: Polls::At(GET_TASK) },
                Arc::new(json::from_value),
            );
            task = task.with_limit(Duration::from_secs(10));
            // Whether the machine runs for long enough isn't what is tested.
            task.started.began = Instant::now().checked_sub(Duration::from_secs(age))?;
            Some(thread::scope(|scope| {
                scope.spawn(|| answer(&listener, body));
                task.wait_with(&WaitOptions::new().timeout(Duration::ZERO)).expect_err("it is pending")
            }))
        };
        let processing = r#"{"path":"tasks/5","state":"PROCESSING"}"#;
        for (age, kind, words) in [
            (53, ErrorKind::OperationPending, "still PROCESSING after 0ns"),
            (56, ErrorKind::NeverScheduled, "still PROCESSING after 56"),
        ] {
            let Some(error) = wait(age, processing) else { continue };
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.can_wait_again() && !error.is_operation_failure() && !error.is_retryable(), "{error}");
        }
    }

    #[test]
    fn the_limit_of_the_work_makes_the_wait_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let client = Client::builder("key").base_url(url).build().expect("the settings are good");
        let start = || client.request(Method::Post, "/cloud/v2/a");
        let limited = |seconds| start().work_limit(Duration::from_secs(seconds));
        for (request, timeout) in [(start(), 60), (limited(15), 60), (limited(16), 61), (limited(300), 345)] {
            let (operation, answered) = thread::scope(|scope| {
                let answered = scope.spawn(|| answer(&listener, r#"{"path":"operations/a"}"#));
                let operation = request.operation::<Value>().expect("it begins");
                (operation, answered.join().expect("it answers"))
            });
            // A call can wait minutes for a slot, in which there is no work yet.
            assert!(operation.started.began >= answered, "its age counts from the answer");
            let options = format!("{:?}", operation.wait_options());
            assert!(options.contains(&format!("timeout: {timeout}s,")), "{options}");
        }
    }
}
