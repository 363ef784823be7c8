//! Work that the service goes on with after it has answered.

mod answer;
mod wait;

use std::fmt;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use wait::{Step, Waiting};
pub use wait::{WaitOptions, WaitProgress};

use self::answer::{Answer, Question};

use crate::asset::Asset;
use crate::call::Endpoint;
use crate::cancel::Cancel;
use crate::client::Client;
use crate::error::{Asked, Error, Moment, Outcome, Result, ServiceError, classify};
use crate::operation_name::OperationName;
use crate::transport::Request;

/// Polls an operation on an asset.
pub const GET_ASSET_OPERATION: Endpoint =
    Endpoint::get("/assets/v1/operations/{operation}").with_scopes(&["asset:read"]).with_budget(300, 300).polling();

/// Work that the service goes on with: it will end with a `T`, or fail.
///
/// ```no_run
/// # use rblxopencloud::{AssetUpload, Result, User};
/// # fn run(user: &User, upload: AssetUpload) -> Result<()> {
/// let mut operation = user.upload_asset(upload)?;
/// match operation.wait() {
///     Ok(asset) => println!("made {}", asset.id),
///     Err(error) if error.can_wait_again() => {
///         // Save the name: `client.operation(name.parse()?)` goes on waiting, also in another process.
///         println!("not known yet; {}", error.operation().unwrap());
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropping it changes nothing for the service: the work goes on, and [`Client::operation`] can go on waiting for it.
#[must_use = "the service goes on, but whether it succeeds shows only in `wait` or `poll`"]
pub struct Operation<T> {
    client: Client,
    /// Unknown only where the first answer was the result.
    name: Option<OperationName>,
    /// The call that began it, for errors of an operation that has no name.
    subject: String,
    state: State<T>,
    partial_failures: Vec<String>,
    read: ReadResult<T>,
    asked_for: Option<u64>,
    /// Texts of the call that the service may repeat in its words.
    echoes: Vec<String>,
}

/// Reads a result, and fills in the id that was asked for.
type ReadResult<T> = fn(&Value, Option<u64>) -> Result<T, serde_json::Error>;

#[derive(Clone, Debug)]
enum State<T> {
    Pending,
    Done(T),
    Failed(ServiceError),
}

impl Operation<Asset> {
    /// Makes the call that begins an operation on an asset.
    pub(crate) fn start(
        client: Client,
        request: Request<'_>,
        echoes: Vec<String>,
        asset_id: Option<u64>,
    ) -> Result<Self> {
        let subject = request.subject();
        let request = request.echoes(&echoes);
        let answer = client
            .transport()
            .send(request, &mut Vec::new(), |body| Answer::read(body, Asset::from_answer, asset_id, Question::Start))?;
        let mut operation = Self { subject, asked_for: asset_id, echoes, ..Self::pending(client, None) };
        operation.take(answer);
        Ok(operation)
    }

    pub(crate) fn resume(client: Client, name: OperationName) -> Self {
        Self::pending(client, Some(name))
    }

    fn pending(client: Client, name: Option<OperationName>) -> Self {
        Self {
            client,
            name,
            subject: String::new(),
            state: State::Pending,
            partial_failures: Vec::new(),
            read: Asset::from_answer,
            asked_for: None,
            echoes: Vec::new(),
        }
    }
}

/// The decoder alone, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn read_answer(body: &[u8]) {
    for (asked_for, question) in [(None, Question::Start), (Some(7), Question::Start), (None, Question::Poll)] {
        let _ = Answer::read(body, Asset::from_answer, asked_for, question);
    }
}

impl<T> Operation<T> {
    /// What the service calls it. `None` if the first answer already was the result, so that there is nothing to ask for.
    #[must_use]
    pub fn name(&self) -> Option<&OperationName> {
        self.name.as_ref()
    }

    /// Whether it has ended, well or not, as far as is known without asking.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !matches!(self.state, State::Pending)
    }

    /// What went wrong beside the result: an icon that was refused, say, while the new version was made.
    #[must_use]
    pub fn partial_failures(&self) -> &[String] {
        &self.partial_failures
    }

    /// Asks once how it stands: `None` is "still pending". Costs no request when it has ended already.
    ///
    /// # Errors
    /// [`OperationFailed`](crate::ErrorKind::OperationFailed), or a kind that says more, if it ended badly, with the service's
    /// reason; [`is_operation_failure`](Error::is_operation_failure) tells it from what kept the question from being answered, which says nothing of the operation.
    pub fn poll(&mut self) -> Result<Option<T>>
    where
        T: Clone,
    {
        self.poll_until(None, None)
    }

    /// Waits until it has ended, for 60 seconds at the most.
    ///
    /// # Errors
    /// See [`wait_with`](Self::wait_with).
    pub fn wait(&mut self) -> Result<T>
    where
        T: Clone,
    {
        self.wait_with(&WaitOptions::default())
    }

    /// Waits until it has ended: asks at once, then after pauses that grow.
    ///
    /// Failures that pass (a lost connection, a busy service) don't end the waiting.
    ///
    /// # Errors
    /// [`OperationFailed`](crate::ErrorKind::OperationFailed) if it ended badly, with the service's reason;
    /// [`OperationPending`](crate::ErrorKind::OperationPending) if it hasn't ended in time, which names it, so that the waiting
    /// can go on; else what can't pass, such as a key that isn't taken any more.
    pub fn wait_with(&mut self, options: &WaitOptions) -> Result<T>
    where
        T: Clone,
    {
        let mut waiting = Waiting::new(options);
        loop {
            match waiting.step(self, None)? {
                Step::Done(result) => return Ok(result),
                Step::Again(pause) => thread::sleep(pause),
            }
        }
    }

    fn poll_until(&mut self, deadline: Option<Instant>, cancelled: Option<&Cancel>) -> Result<Option<T>>
    where
        T: Clone,
    {
        if let (State::Pending, Some(name)) = (&self.state, &self.name) {
            let path = request_path(name);
            let request = Request::new(&GET_ASSET_OPERATION, &path).until(deadline).unless(cancelled);
            let (read, asked_for) = (self.read, self.asked_for);
            let answer = self
                .client
                .transport()
                .send(request, &mut Vec::new(), |body| Answer::read(body, read, asked_for, Question::Poll))
                .map_err(|error| error.about_operation(self.name.clone()))?;
            self.take(answer);
        }
        match &self.state {
            State::Pending => Ok(None),
            State::Done(result) => Ok(Some(result.clone())),
            State::Failed(said) => {
                let asked = Asked {
                    endpoint: &GET_ASSET_OPERATION,
                    moment: Moment::Accepted,
                    by_key: self.client.transport().asks_by_key(),
                    echoes: &self.echoes,
                };
                let verdict = classify(&asked, Outcome::OperationFailed, said);
                let error = Error::refused(verdict, self.who(), said.clone()).explain("the operation failed");
                Err(self.seal(error.of_operation().about_operation(self.name.clone())))
            }
        }
    }

    fn take(&mut self, answer: Answer<T>) {
        self.name = self.name.take().or(answer.name);
        self.state = answer.state;
        let transport = self.client.transport();
        self.partial_failures = answer.partial_failures.iter().map(|text| transport.redacted(text)).collect();
    }

    fn longest_retry_after(&self) -> Duration {
        self.client.transport().longest_retry_after()
    }

    fn seal(&self, error: Error) -> Error {
        self.client.transport().seal(error)
    }

    fn who(&self) -> String {
        self.name.as_ref().map_or_else(|| self.subject.clone(), OperationName::to_string)
    }
}

impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).map_err(Error::invalid_input)
    }
}

pub(crate) fn request_path(name: &OperationName) -> String {
    GET_ASSET_OPERATION.fill(&[&name.id()])
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Pending => "pending",
            State::Done(_) => "done",
            State::Failed(_) => "failed",
        };
        f.debug_struct("Operation").field("name", &self.name).field("state", &state).finish_non_exhaustive()
    }
}
