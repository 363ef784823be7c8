use std::time::{Duration, Instant};

use super::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::retry::Backoff;

/// How [`Operation::wait_with`] waits.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::WaitOptions;
///
/// let patient = WaitOptions::new().timeout(Duration::from_secs(600)).longest_pause(Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct WaitOptions {
    timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            first_pause: Duration::from_millis(800),
            longest_pause: Duration::from_secs(5),
        }
    }
}

impl WaitOptions {
    /// The default: 60 seconds in all, with pauses that grow from 0.8 to 5 seconds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait in all.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The bound of the first pause. A pause is random between half its bound and its bound.
    #[must_use]
    pub fn first_pause(mut self, bound: Duration) -> Self {
        self.first_pause = bound;
        self
    }

    /// What the bound of a pause grows to, doubling each time.
    #[must_use]
    pub fn longest_pause(mut self, bound: Duration) -> Self {
        self.longest_pause = bound;
        self
    }
}

/// The waiting for one operation, a question at a time.
pub(crate) struct Waiting {
    timeout: Duration,
    deadline: Option<Instant>,
    pauses: Backoff,
    last_problem: Option<Error>,
}

/// What came of a question.
pub(crate) enum Step<T> {
    Done(T),
    /// Ask again after this.
    Again(Duration),
}

impl Waiting {
    pub(crate) fn new(options: &WaitOptions) -> Self {
        Self {
            timeout: options.timeout,
            deadline: Instant::now().checked_add(options.timeout),
            pauses: Backoff::new(options.first_pause, options.longest_pause),
            last_problem: None,
        }
    }

    /// Asks how the operation stands.
    pub(crate) fn step<T: Clone>(&mut self, operation: &mut Operation<T>) -> Result<Step<T>> {
        if !operation.is_done() && self.left().is_zero() {
            return Err(self.still_pending(operation));
        }
        let mut asked_to_wait = Duration::ZERO;
        match operation.poll_until(self.deadline) {
            Ok(Some(result)) => return Ok(Step::Done(result)),
            Ok(None) => {}
            Err(error) if error.is_retryable() => {
                asked_to_wait = error.retry_after().unwrap_or_default();
                self.last_problem = Some(error);
            }
            Err(error) => return Err(error),
        }
        let pause = self.pauses.next_poll_pause().max(asked_to_wait);
        Ok(Step::Again(pause.min(self.left())))
    }

    fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn still_pending<T>(&mut self, operation: &Operation<T>) -> Error {
        let timeout = self.timeout;
        let problem = self.last_problem.take();
        let error = Error::new(ErrorKind::OperationPending, operation.who())
            .explain(match &problem {
                None => format!("still pending after {timeout:?}"),
                Some(problem) => {
                    format!("not known to have ended after {timeout:?}; the last question failed: {problem}")
                }
            })
            .passing()
            .advise("it goes on: wait again, or later with Client::operation and this name");
        match problem {
            Some(problem) => error.caused_by(problem),
            None => error,
        }
    }
}
