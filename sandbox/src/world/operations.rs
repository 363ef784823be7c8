//! Operations on assets.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::clock::Clock;
use super::random::uuid;
use crate::http::Answer;

/// The code of an [`OperationFailure`]. The service uses strings in some places and numbers in others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureCode {
    /// A string, such as `INVALID_ARGUMENT`.
    Word(String),
    /// A number, such as 3.
    Number(i64),
}

impl From<&str> for FailureCode {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<i64> for FailureCode {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl FailureCode {
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Word(word) => json!(word),
            Self::Number(number) => json!(number),
        }
    }
}

/// How an operation fails, in each form that the service is known to use, for
/// [`Sandbox::fail_next_operation`](crate::Sandbox::fail_next_operation).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OperationFailure {
    /// `"error": {"code": …, "message": …, "details": []}`
    #[non_exhaustive]
    Error {
        /// The code.
        code: FailureCode,
        /// The message.
        message: String,
    },
    /// `"error": {"error": …, "message": …}`
    #[non_exhaustive]
    ErrorWord {
        /// The code.
        code: FailureCode,
        /// The message.
        message: String,
    },
    /// `"response": {"code": …, "message": …}`
    #[non_exhaustive]
    Response {
        /// The code.
        code: FailureCode,
        /// The message.
        message: String,
    },
    /// `"status": {"code": …, "message": …}`
    #[non_exhaustive]
    Status {
        /// The code.
        code: FailureCode,
        /// The message.
        message: String,
    },
    /// `{"code": …, "message": …}` and nothing else, in response to a poll, with status 200.
    #[non_exhaustive]
    Bare {
        /// The code.
        code: FailureCode,
        /// The message.
        message: String,
    },
    /// Done, without a response: `"metadata": {"errors": [{"error": {"message": …}}]}`
    #[non_exhaustive]
    Metadata {
        /// The message.
        message: String,
    },
    /// Done with a response and `metadata.errors`: a part such as the icon failed, but the asset exists.
    #[non_exhaustive]
    Partial {
        /// The message.
        message: String,
    },
}

macro_rules! constructors {
    ($($name:ident: $variant:ident,)+) => {$(
        #[doc = concat!("An [`OperationFailure::", stringify!($variant), "`].")]
        #[must_use]
        pub fn $name(code: impl Into<FailureCode>, message: impl Into<String>) -> Self {
            Self::$variant { code: code.into(), message: message.into() }
        }
    )+};
}

impl OperationFailure {
    constructors! {
        error: Error,
        error_word: ErrorWord,
        response: Response,
        status: Status,
        bare: Bare,
    }

    /// Returns the name of the form, the code and the message.
    pub(crate) fn parts(&self) -> (&'static str, Option<&FailureCode>, &str) {
        match self {
            Self::Error { code, message } => ("error", Some(code), message),
            Self::ErrorWord { code, message } => ("errorWord", Some(code), message),
            Self::Response { code, message } => ("response", Some(code), message),
            Self::Status { code, message } => ("status", Some(code), message),
            Self::Bare { code, message } => ("bare", Some(code), message),
            Self::Metadata { message } => ("metadata", None, message),
            Self::Partial { message } => ("partial", None, message),
        }
    }

    /// Creates an [`OperationFailure::Metadata`].
    #[must_use]
    pub fn metadata(message: impl Into<String>) -> Self {
        Self::Metadata { message: message.into() }
    }

    /// Creates an [`OperationFailure::Partial`].
    #[must_use]
    pub fn partial(message: impl Into<String>) -> Self {
        Self::Partial { message: message.into() }
    }

    fn json(&self, id: &str, response: Value) -> Value {
        let operation = |field: &str, value: Value| {
            let mut json = json!({ "path": format!("operations/{id}"), "operationId": id, "done": true });
            json[field] = value;
            json
        };
        let plain = |code: &FailureCode, message: &str| json!({ "code": code.json(), "message": message });
        let metadata = |message: &str| json!({ "errors": [{ "error": { "message": message } }] });
        match self {
            Self::Error { code, message } => {
                operation("error", json!({ "code": code.json(), "message": message, "details": [] }))
            }
            Self::ErrorWord { code, message } => {
                operation("error", json!({ "error": code.json(), "message": message }))
            }
            Self::Response { code, message } => operation("response", plain(code, message)),
            Self::Status { code, message } => operation("status", plain(code, message)),
            Self::Bare { code, message } => plain(code, message),
            Self::Metadata { message } => operation("metadata", metadata(message)),
            Self::Partial { message } => {
                let mut json = operation("metadata", metadata(message));
                json["response"] = response;
                json
            }
        }
    }
}

/// All operations, including those that have ended.
#[derive(Debug)]
pub(crate) struct Operations<E> {
    by_id: HashMap<String, Operation<E>>,
    /// Pending operations, oldest first.
    pending: Vec<String>,
    failures: VecDeque<OperationFailure>,
    pub(crate) time: Duration,
    pub(crate) clock: Clock,
    pub(crate) done_at_once: bool,
}

#[derive(Debug)]
struct Operation<E> {
    /// When it ends. `None` is never.
    ends: Option<Instant>,
    /// Its effect, until it has ended.
    effect: Option<E>,
    failure: Option<OperationFailure>,
    answer: Value,
}

impl<E> Default for Operations<E> {
    fn default() -> Self {
        Self {
            by_id: HashMap::new(),
            pending: Vec::new(),
            failures: VecDeque::new(),
            time: Duration::ZERO,
            clock: Clock::default(),
            done_at_once: false,
        }
    }
}

impl<E> Operations<E> {
    pub(crate) fn fail_next(&mut self, failure: OperationFailure) {
        self.failures.push_back(failure);
    }

    /// Returns the failures of the next operations.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &OperationFailure> {
        self.failures.iter()
    }

    pub(crate) fn clear_failures(&mut self) {
        self.failures.clear();
    }

    /// Returns the answers to polls of all operations, the pending ones first.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &Value> {
        let is_pending = |id: &&String| self.by_id[*id].effect.is_some();
        let (mut pending, mut ended): (Vec<&String>, Vec<&String>) = self.by_id.keys().partition(is_pending);
        pending.sort();
        ended.sort();
        pending.into_iter().chain(ended).map(|id| &self.by_id[id].answer)
    }

    /// Starts an operation, and returns its id.
    pub(crate) fn begin(&mut self, effect: E) -> String {
        let id = uuid();
        let operation = Operation {
            ends: self.clock.instant().checked_add(self.time),
            effect: Some(effect),
            failure: self.failures.pop_front(),
            answer: json!({ "path": format!("operations/{id}"), "operationId": id, "done": false }),
        };
        self.by_id.insert(id.clone(), operation);
        self.pending.push(id.clone());
        id
    }

    /// Ends the operations that are due. Those that don't fail take effect, and `apply` returns their result.
    pub(crate) fn settle(&mut self, mut apply: impl FnMut(E) -> Value) {
        if self.pending.is_empty() {
            return;
        }
        let now = self.clock.instant();
        let by_id = &mut self.by_id;
        self.pending.retain(|id| {
            let Some(operation) = by_id.get_mut(id) else { return false };
            if operation.ends.is_none_or(|ends| ends > now) {
                return true;
            }
            let takes_effect = matches!(operation.failure, None | Some(OperationFailure::Partial { .. }));
            let effect = operation.effect.take().filter(|_| takes_effect);
            let response = effect.map_or(Value::Null, &mut apply);
            operation.answer = match &operation.failure {
                Some(failure) => failure.json(id, response),
                None => json!({
                    "path": format!("operations/{id}"), "operationId": id, "done": true, "response": response,
                }),
            };
            false
        });
    }

    /// Returns the response to the call that started it.
    pub(crate) fn first_answer(&self, id: &str) -> Answer {
        let operation = self.by_id.get(id).filter(|operation| {
            // This form is one of responses to polls.
            self.done_at_once && !matches!(operation.failure, Some(OperationFailure::Bare { .. }))
        });
        match operation {
            Some(operation) => Answer::json(&operation.answer),
            None => Answer::json(&json!({ "path": format!("operations/{id}"), "operationId": id, "done": false })),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Result<Answer, Answer> {
        let operation = self.by_id.get(id);
        let operation = operation.ok_or_else(|| Answer::v1(404, "NOT_FOUND", "The operation doesn't exist."))?;
        Ok(Answer::json(&operation.answer))
    }
}
