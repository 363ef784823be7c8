use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pace::Pace;
use crate::error::{Error, ErrorKind, Result, rounded};
use crate::retry::Backoff;

/// Options of [`Operation::wait_with`](crate::Operation::wait_with).
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::WaitOptions;
///
/// let patient = WaitOptions::new().timeout(Duration::from_secs(600)).max_delay(Duration::from_secs(30));
/// ```
#[derive(Clone)]
pub struct WaitOptions {
    timeout: Duration,
    initial_delay: Option<Duration>,
    max_delay: Option<Duration>,
    on_poll: Option<OnPoll>,
}

/// The bounds of the first delay and of the largest one, unless the options set them.
const DELAYS: (Duration, Duration) = (Duration::from_millis(800), Duration::from_secs(5));

type OnPoll = Arc<dyn Fn(WaitProgress) -> ControlFlow<()> + Send + Sync>;

/// The progress of a wait, for [`WaitOptions::on_poll`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitProgress {
    /// The number of polls.
    pub polls: u32,
    /// The time since the start of the wait.
    pub elapsed: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), initial_delay: None, max_delay: None, on_poll: None }
    }
}

impl WaitOptions {
    /// Returns the default options: at most 60 seconds, with delays that grow from 0.8 to 5 seconds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long to wait. Defaults to 60 seconds. Zero polls once.
    ///
    /// The wait ends earlier if the service requests a delay above
    /// [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after). The error has it in
    /// [`retry_after`](Error::retry_after).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the bound of the first delay. Defaults to 0.8 seconds. Each delay is random, between half its bound and its bound.
    ///
    /// A [task](crate::Request::task) has delays of its own, which this or [`max_delay`](Self::max_delay) replaces.
    #[must_use]
    pub fn initial_delay(mut self, bound: Duration) -> Self {
        self.initial_delay = Some(bound);
        self
    }

    /// Sets the largest bound of a delay, which doubles each time. Defaults to 5 seconds.
    #[must_use]
    pub fn max_delay(mut self, bound: Duration) -> Self {
        self.max_delay = Some(bound);
        self
    }

    /// Calls `f` after each poll while the operation is pending. [`ControlFlow::Break`] ends the wait, but not the operation.
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
    pub fn on_poll(mut self, f: impl Fn(WaitProgress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.on_poll = Some(Arc::new(f));
        self
    }
}

impl WaitOptions {
    /// Waits at least for this time.
    pub(super) fn at_least(mut self, time: Duration) -> Self {
        self.timeout = self.timeout.max(time);
        self
    }
}

impl fmt::Debug for WaitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions")
            .field("timeout", &self.timeout)
            .field("initial_delay", &self.initial_delay.unwrap_or(DELAYS.0))
            .field("max_delay", &self.max_delay.unwrap_or(DELAYS.1))
            .field("on_poll", &self.on_poll.is_some())
            .finish()
    }
}

/// The time for the response to the last poll.
const LAST_QUESTION: Duration = Duration::from_millis(500);

/// The wait for one operation.
pub(crate) struct Waiting {
    timeout: Duration,
    began: Instant,
    deadline: Option<Instant>,
    /// When all calls of the client must have ended.
    fixed_deadline: Option<Instant>,
    pauses: Backoff,
    /// Whether the options set the delays.
    has_own_delays: bool,
    /// The delays between the polls of a task.
    pace: Option<Pace>,
    polls: u32,
    on_poll: Option<OnPoll>,
    /// The next poll is the last one.
    is_last: bool,
    /// Whether the time that polls take doesn't count.
    excludes_polls: bool,
    last_problem: Option<Error>,
}

/// Makes the error of a wait that ends while the work is pending: of when that is, and of why the last poll failed.
type StillPending<'f> = &'f dyn Fn(&str, Option<Error>) -> Error;

impl Waiting {
    pub(crate) fn new(options: &WaitOptions) -> Self {
        let began = Instant::now();
        Self {
            timeout: options.timeout,
            began,
            deadline: began.checked_add(options.timeout),
            fixed_deadline: None,
            pauses: Backoff::new(options.initial_delay.unwrap_or(DELAYS.0), options.max_delay.unwrap_or(DELAYS.1)),
            has_own_delays: options.initial_delay.is_some() || options.max_delay.is_some(),
            pace: None,
            polls: 0,
            on_poll: options.on_poll.clone(),
            is_last: options.timeout.is_zero(),
            excludes_polls: false,
            last_problem: None,
        }
    }

    /// For one of many operations, whose polls share a rate limit: waiting for it doesn't count.
    pub(crate) fn among_many(options: &WaitOptions) -> Self {
        Self { excludes_polls: true, ..Self::new(options) }
    }

    /// Moves the deadline by time that doesn't count.
    pub(crate) fn exclude(&mut self, time: Duration) {
        self.deadline = self.deadline.and_then(|deadline| deadline.checked_add(time));
    }

    /// Ends the wait at the deadline of the client, too.
    pub(super) fn end_by(&mut self, fixed_deadline: Option<Instant>) {
        self.fixed_deadline = fixed_deadline;
    }

    /// Uses the delays of a task, unless the options set others.
    pub(super) fn keep_pace(&mut self, pace: impl FnOnce() -> Pace) {
        if !self.has_own_delays && self.pace.is_none() {
            self.pace = Some(pace());
        }
    }

    /// Stops calling `on_poll`.
    pub(crate) fn stop_telling(&mut self) {
        self.on_poll = None;
    }

    /// Polls once, and returns the delay before the next poll. `None` if the work is done, as `poll` tells.
    pub(super) fn step(
        &mut self,
        is_done: bool,
        max_retry_after: Duration,
        poll: &mut dyn FnMut(Option<Instant>) -> Result<bool>,
        still_pending: StillPending<'_>,
    ) -> Result<Option<Duration>> {
        if self.polls > 0 && !is_done && self.left().is_zero() {
            return Err(self.out_of_time(still_pending));
        }
        self.polls += 1;
        let mut requested_delay = Duration::ZERO;
        // A wait of zero polls once, with the time limit of any call.
        let has_time_of_call = self.timeout.is_zero() || self.excludes_polls;
        let began = Instant::now();
        let answer = poll(self.deadline.filter(|_| !has_time_of_call));
        if self.excludes_polls {
            self.exclude(began.elapsed());
        }
        match answer {
            Ok(true) => return Ok(None),
            Ok(false) => self.last_problem = None,
            // There was no time left for a response.
            Err(error) if self.is_last && error.kind() == ErrorKind::Timeout => {}
            Err(error) if error.is_transient() => {
                requested_delay = error.retry_after().unwrap_or_default();
                self.last_problem = Some(error);
                if requested_delay > max_retry_after {
                    let when = format!("when the service requested a delay of {:?}", rounded(requested_delay));
                    return Err(self.give_up(&when, still_pending));
                }
            }
            Err(error) => return Err(error),
        }
        let progress = WaitProgress { polls: self.polls, elapsed: self.began.elapsed() };
        if self.on_poll.as_ref().is_some_and(|f| f(progress).is_break()) {
            let when = format!("when the wait was stopped, after {:?}", rounded(progress.elapsed));
            return Err(self.give_up(&when, still_pending));
        }
        if self.is_last {
            return Err(self.out_of_time(still_pending));
        }
        let left = self.left();
        let pause = self.pace.as_ref().map_or_else(|| self.pauses.next_poll_pause(), Pace::delay);
        let mut delay = pause.max(requested_delay);
        if delay >= left {
            // The last poll is made while there is time left for its response.
            self.is_last = true;
            delay = left - (left / 4).min(LAST_QUESTION);
        }
        Ok(Some(delay))
    }

    /// Returns the delay before the first poll.
    pub(crate) fn first_delay(&mut self) -> Duration {
        self.pauses.next_poll_pause()
    }

    fn left(&self) -> Duration {
        let deadlines = self.deadline.into_iter().chain(self.fixed_deadline);
        deadlines.min().map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn out_of_time(&mut self, still_pending: StillPending<'_>) -> Error {
        if self.fixed_deadline.is_some_and(|fixed| self.deadline.is_none_or(|deadline| fixed < deadline)) {
            return self.give_up("at the deadline of the client", still_pending);
        }
        self.give_up(&format!("after {:?}", self.timeout), still_pending)
    }

    fn give_up(&mut self, when: &str, still_pending: StillPending<'_>) -> Error {
        still_pending(when, self.last_problem.take())
    }
}
