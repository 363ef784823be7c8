//! Tasks: their form, and how it is read.

use serde::de;
use serde_json::Value;

use super::work::{Answer, LongRunning, Polls, Question, ResultDecoder, State};
use crate::api::{Endpoint, OperationName};
use crate::call::{DecodeError, Session};
use crate::error::ErrorFields;
use crate::request::Request;

/// The states in which a task has ended. Any other, also one that is unknown, is pending.
const ENDED: [&str; 3] = ["COMPLETE", "FAILED", "CANCELLED"];

/// Tasks, which have a field `state`. Their result is the task, also if it has failed.
pub(crate) struct Tasks {
    pub(crate) poll: Polls,
}

impl LongRunning for Tasks {
    fn endpoint(&self) -> &Endpoint {
        self.poll.endpoint()
    }

    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request> {
        self.poll.request(session, name)
    }

    fn is_task(&self) -> bool {
        true
    }

    fn read(&self, body: &[u8], question: Question, decode: &mut ResultDecoder<'_>) -> Result<Answer, DecodeError> {
        read(body, self, question, decode)
    }
}

fn read(body: &[u8], work: &Tasks, question: Question, decode: &mut ResultDecoder<'_>) -> Result<Answer, DecodeError> {
    let json: Value = crate::json::from_slice(body)?;
    let strange = |what: &str| DecodeError::Json(<serde_json::Error as de::Error>::custom(what));
    let object = json.as_object().ok_or_else(|| strange("a task that isn't an object"))?;
    let text = |field: &str| object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("path").and_then(OperationName::parse).filter(|name| work.poll.fits(name));
    let Some(state) = text("state") else {
        let reported = ErrorFields::of(object, None).in_place_of_model(false);
        return Err(reported.map_or_else(|| strange("a task without a state"), DecodeError::Service));
    };
    let is_nameless = question == Question::Start && name.is_none();
    let state = match decode(&json) {
        _ if !ENDED.contains(&state) && is_nameless => {
            return Err(match text("path") {
                None => strange("a task without a path"),
                Some(path) => strange(&format!("a task with the path {path}, at which it can't be polled")),
            });
        }
        _ if !ENDED.contains(&state) => {
            return Ok(Answer { name, word: Some(state.to_owned()), ..Answer::default() });
        }
        Ok(()) => State::Done,
        Err(problem) => return Err(DecodeError::of_operation(name, problem)),
    };
    Ok(Answer { name, state, ..Answer::default() })
}
