//! Operations: their form, and how it is read.

use serde::de;
use serde_json::{Map, Value};

use super::work::{Answer, LongRunning, Polls, Question, ResultDecoder, State};
use crate::api::{Endpoint, OperationName, is_resource_path};
use crate::call::{DecodeError, Session};
use crate::error::{ErrorFields, ServiceError};
use crate::request::Request;

/// Operations, which have a field `done`.
pub(crate) struct Operations {
    pub(crate) poll: Polls,
    /// Whether the first response may be the bare result.
    pub(crate) may_be_bare: bool,
    /// Whether the result is empty, so that an operation that is done can be without one.
    pub(crate) may_have_no_result: bool,
    /// The field of the result that isn't that of an error.
    pub(crate) error_as_data: Option<&'static str>,
}

impl LongRunning for Operations {
    fn endpoint(&self) -> &Endpoint {
        self.poll.endpoint()
    }

    fn poll(&self, session: &Session, name: &OperationName) -> Option<Request> {
        self.poll.request(session, name)
    }

    fn read(&self, body: &[u8], question: Question, decode: &mut ResultDecoder<'_>) -> Result<Answer, DecodeError> {
        Answer::of_operation(body, self, question, decode)
    }
}

impl Answer {
    /// Reads an operation in each of its forms.
    fn of_operation(
        body: &[u8],
        work: &Operations,
        question: Question,
        decode: &mut ResultDecoder<'_>,
    ) -> Result<Self, DecodeError> {
        let json: Value = crate::json::from_slice(body)?;
        let strange = |what: &str| <serde_json::Error as de::Error>::custom(what);
        let object = json.as_object().ok_or_else(|| strange("an operation that isn't an object"))?;
        let present = |field: &str| object.get(field).filter(|value| !value.is_null());

        let path = present("path").and_then(Value::as_str).and_then(OperationName::parse);
        let name = path.filter(|name| name.collection() == "operations" && work.poll.fits(name)).or_else(|| {
            match present("operationId")? {
                Value::String(id) => OperationName::from_id(id),
                Value::Number(id) => OperationName::from_id(&id.to_string()),
                _ => None,
            }
        });
        let failures = metadata_errors(&json);
        let answer = |state| Ok(Self { name: name.clone(), state, ..Self::default() });
        let failed = |reported: ServiceError| answer(State::Failed(reported));
        let done = present("done").and_then(Value::as_bool);
        let is_nameless_start = question == Question::Start && !work.may_be_bare && name.is_none();
        if is_nameless_start && done.is_none() && present("state").is_some() {
            if let Some(problem) = another_resource(&json) {
                // Its error is data.
                return Err(problem);
            }
        }

        // A string in `status` is a state, not an error.
        // In place of an operation, a word is the gateway's.
        let is_operation = name.is_some() || done == Some(true) || question == Question::Start;
        let word = present("error").and_then(Value::as_str).filter(|word| !word.is_empty() && is_operation);
        let refusal = word.map(|word| ServiceError { code: None, message: Some(word.to_owned()) }).or_else(|| {
            let mut reported = ["error", "status"].into_iter().filter_map(present).filter_map(ServiceError::from_json);
            reported.find(|reported| !reported.is_ok())
        });
        if let Some(reported) = refusal {
            // An operation that isn't done hasn't failed. An upload without a name isn't an operation.
            if done == Some(false) && (name.is_some() || question == Question::Poll) {
                return answer(State::Pending);
            }
            // `{"error": "CODE", "message": …}` is one error, not a nested one.
            return failed(ServiceError::from_json(&json).filter(|whole| whole.message.is_some()).unwrap_or(reported));
        }
        if done != Some(false) {
            if let Some(response) = present("response") {
                let fields = response.as_object().map(|object| ErrorFields::of(object, work.error_as_data));
                if let Some(reported) =
                    fields.and_then(|fields| fields.in_place_of_model(work.poll.endpoint().is_unnamed()))
                {
                    return failed(reported);
                }
                return match decode(response) {
                    Ok(()) => Ok(Self { name, state: State::Done, partial_failures: failures, ..Self::default() }),
                    Err(problem) => Err(DecodeError::of_operation(name, problem)),
                };
            }
        }
        if done == Some(true) {
            if failures.is_empty() && work.may_have_no_result {
                decode(&Value::Null)?;
                return answer(State::Done);
            }
            if failures.is_empty() {
                return Err(DecodeError::of_operation(name, strange("an operation that is done and has no result")));
            }
            return failed(ServiceError { code: None, message: Some(failures.join("; ")) });
        }
        if name.is_none() {
            if let Some(reported) = refusal_in(&json) {
                // A poll can be refused in other forms than those of a failed operation, which goes on.
                let is_failure = question == Question::Start || (done.is_none() && is_status(object));
                return if is_failure { failed(reported) } else { Err(DecodeError::Service(reported)) };
            }
            if question == Question::Start {
                // The response to an update may be the updated fields.
                if !work.may_be_bare || done.is_some() {
                    let nameless = || strange("an operation without a name").into();
                    return Err(another_resource(&json).unwrap_or_else(nameless));
                }
                decode(&json)?;
                return answer(State::Done);
            }
        }
        answer(State::Pending)
    }
}

/// Returns the problem of a response that is another resource than an operation, such as a task.
fn another_resource(json: &Value) -> Option<DecodeError> {
    let text = |field| json.get(field).and_then(Value::as_str);
    let path = text("path").filter(|path| is_resource_path(path))?;
    let kind = match path.rsplit('/').nth(1) {
        Some("tasks") => "a task",
        _ => "another resource",
    };
    let state = text("state").map_or_else(String::new, |state| format!(" in the state {state}"));
    Some(DecodeError::NoOperation(format!("the response is {kind}, not an operation: {path}{state}")))
}

/// Returns an error that stands for an operation. An operation has a path, a bare result a path or an id; an error has neither.
fn refusal_in(json: &Value) -> Option<ServiceError> {
    if json.get("assetId").is_some() || json.get("path").is_some() {
        return None;
    }
    let has = |field| json.get(field).is_some_and(|value: &Value| !value.is_null());
    let is_refusal = ["code", "message", "error", "errors", "errorCode", "errorMessage"].into_iter().any(has);
    let reported = ServiceError::from_json(json).filter(|reported| is_refusal && !reported.is_ok());
    reported.or_else(|| ErrorFields::of(json.as_object()?, None).alone())
}

/// Whether an object is `{"code": …, "message": …}`, which is how an operation that failed is seen. The gateway's errors have
/// other forms.
fn is_status(object: &Map<String, Value>) -> bool {
    let has = |field: &str| object.get(field).is_some_and(|value| !value.is_null());
    let is_other = ["error", "errors", "errorCode", "errorMessage", "title"].into_iter().any(has);
    has("code") && has("message") && !is_other
}

/// Returns `metadata.errors[].error.message`: what failed beside the result.
fn metadata_errors(json: &Value) -> Vec<String> {
    let errors = json.pointer("/metadata/errors").and_then(Value::as_array);
    let text = |error: &Value| {
        let reported = ServiceError::from_json(error)?;
        reported.message.or(reported.code)
    };
    errors.into_iter().flatten().filter_map(text).collect()
}
