use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::retry::Backoff;

/// How [`Operation::wait_with`](crate::Operation::wait_with) waits.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::WaitOptions;
///
/// let patient = WaitOptions::new().timeout(Duration::from_secs(600)).longest_pause(Duration::from_secs(30));
/// ```
#[derive(Clone)]
pub struct WaitOptions {
    timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    on_poll: Option<OnPoll>,
}

type OnPoll = Arc<dyn Fn(WaitProgress) -> ControlFlow<()> + Send + Sync>;

/// How the waiting stands, for [`WaitOptions::on_poll`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitProgress {
    /// How often the service was asked.
    pub polls: u32,
    /// How long it has been.
    pub elapsed: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            first_pause: Duration::from_millis(800),
            longest_pause: Duration::from_secs(5),
            on_poll: None,
        }
    }
}

impl WaitOptions {
    /// The default: 60 seconds in all, with pauses that grow from 0.8 to 5 seconds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait in all. Zero asks once.
    ///
    /// The waiting ends earlier, with an error that carries it in [`retry_after`](Error::retry_after), when the service
    /// asks for a pause that is longer than
    /// [`RetryPolicy::longest_retry_after`](crate::RetryPolicy::longest_retry_after).
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

    /// Is told each time that the operation was still pending, and can stop the waiting by returning
    /// [`ControlFlow::Break`]. The operation itself goes on.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use rblxopencloud::WaitOptions;
    ///
    /// let three_times = WaitOptions::new().on_poll(|progress| {
    ///     println!("pending for {:?}", progress.elapsed);
    ///     if progress.polls < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    /// });
    /// ```
    #[must_use]
    pub fn on_poll(mut self, told: impl Fn(WaitProgress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.on_poll = Some(Arc::new(told));
        self
    }
}

impl fmt::Debug for WaitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions")
            .field("timeout", &self.timeout)
            .field("first_pause", &self.first_pause)
            .field("longest_pause", &self.longest_pause)
            .field("on_poll", &self.on_poll.is_some())
            .finish()
    }
}

/// The time for the answer to the last question.
const LAST_QUESTION: Duration = Duration::from_millis(500);

/// The waiting for one operation, a question at a time.
pub(crate) struct Waiting {
    timeout: Duration,
    began: Instant,
    deadline: Option<Instant>,
    pauses: Backoff,
    polls: u32,
    on_poll: Option<OnPoll>,
    /// The next question is the last one.
    is_last: bool,
    /// The time that questions take, and wait for their turn, doesn't count.
    excuses_questions: bool,
    last_problem: Option<Error>,
}

/// What comes after a poll.
pub(super) enum Next<T> {
    Done(T),
    /// Poll again after this.
    Again(Duration),
    /// The wait is over, and the operation isn't.
    GiveUp {
        when: String,
        /// Why the last poll failed.
        problem: Option<Error>,
    },
}

impl Waiting {
    pub(crate) fn new(options: &WaitOptions) -> Self {
        let began = Instant::now();
        Self {
            timeout: options.timeout,
            began,
            deadline: began.checked_add(options.timeout),
            pauses: Backoff::new(options.first_pause, options.longest_pause),
            polls: 0,
            on_poll: options.on_poll.clone(),
            is_last: options.timeout.is_zero(),
            excuses_questions: false,
            last_problem: None,
        }
    }

    /// For one of many operations, whose questions have to share a rate limit: an operation isn't given up for that.
    pub(crate) fn among_many(options: &WaitOptions) -> Self {
        Self { excuses_questions: true, ..Self::new(options) }
    }

    /// Moves the deadline by time that doesn't count.
    pub(crate) fn excuse(&mut self, time: Duration) {
        self.deadline = self.deadline.and_then(|deadline| deadline.checked_add(time));
    }

    /// Calls `on_poll` no more.
    pub(crate) fn stop_telling(&mut self) {
        self.on_poll = None;
    }

    /// Polls once, and says what comes after.
    pub(super) fn step<T>(
        &mut self,
        is_done: bool,
        max_retry_after: Duration,
        poll: impl FnOnce(Option<Instant>) -> Result<Option<T>>,
    ) -> Result<Next<T>> {
        if self.polls > 0 && !is_done && self.left().is_zero() {
            return Ok(self.out_of_time());
        }
        self.polls += 1;
        let mut asked_to_wait = Duration::ZERO;
        // No time at all is time for one poll, which has the time of any call.
        let has_time_of_call = self.timeout.is_zero() || self.excuses_questions;
        let asked = Instant::now();
        let answer = poll(self.deadline.filter(|_| !has_time_of_call));
        if self.excuses_questions {
            self.excuse(asked.elapsed());
        }
        match answer {
            Ok(Some(result)) => return Ok(Next::Done(result)),
            Ok(None) => self.last_problem = None,
            // There was no time for an answer, which is no news.
            Err(error) if self.is_last && error.kind() == ErrorKind::Timeout => {}
            Err(error) if error.is_passing() => {
                asked_to_wait = error.retry_after().unwrap_or_default();
                self.last_problem = Some(error);
                if asked_to_wait > max_retry_after {
                    return Ok(self.give_up(format!("when the service asked for a pause of {asked_to_wait:?}")));
                }
            }
            Err(error) => return Err(error),
        }
        let progress = WaitProgress { polls: self.polls, elapsed: self.began.elapsed() };
        if self.on_poll.as_ref().is_some_and(|f| f(progress).is_break()) {
            return Ok(self.give_up(format!("when the wait was stopped, after {:?}", progress.elapsed)));
        }
        if self.is_last {
            return Ok(self.out_of_time());
        }
        let left = self.left();
        let mut delay = self.pauses.next_poll_pause().max(asked_to_wait);
        if delay >= left {
            // The last poll is made while there still is time for its answer.
            self.is_last = true;
            delay = left - (left / 4).min(LAST_QUESTION);
        }
        Ok(Next::Again(delay))
    }

    /// How long to let the service work before the first question.
    pub(crate) fn first_pause(&mut self) -> Duration {
        self.pauses.next_poll_pause()
    }

    fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn out_of_time<T>(&mut self) -> Next<T> {
        self.give_up(format!("after {:?}", self.timeout))
    }

    fn give_up<T>(&mut self, when: String) -> Next<T> {
        Next::GiveUp { when, problem: self.last_problem.take() }
    }
}
