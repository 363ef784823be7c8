//! Successes that can't be decoded.

use crate::api::{Endpoint, OperationName};
use crate::error::{ErrorFields, Event, Problem, ServiceError};

/// Why a success can't be decoded.
#[derive(Debug)]
pub(crate) enum DecodeError {
    Json(serde_json::Error),
    /// The result of an operation, whose name could be read.
    Operation(OperationName, serde_json::Error),
    /// A 200 whose body is an error.
    Service(ServiceError),
    /// Another resource than an operation, in words.
    NoOperation(String),
    /// A page with this field, which isn't followed.
    Unfollowed(String),
}

impl DecodeError {
    pub(crate) fn expected(what: &str) -> Self {
        Self::Json(serde::de::Error::custom(format_args!("expected {what}")))
    }

    pub(crate) fn of_operation(name: Option<OperationName>, problem: serde_json::Error) -> Self {
        match name {
            Some(name) => Self::Operation(name, problem),
            None => Self::Json(problem),
        }
    }

    /// Describes a success with this body.
    pub(super) fn into_problem(self, endpoint: &Endpoint, body: &[u8]) -> Problem {
        let misread = |json| match error_beside_data(endpoint, body) {
            Some(reported) => an_error(reported),
            None => unreadable(body, json),
        };
        match self {
            Self::Json(json) => misread(json),
            Self::Operation(name, json) => misread(json).about_operation(Some(name)),
            Self::Service(reported) => an_error(reported),
            Self::NoOperation(problem) => Problem::new(Event::NotAnOperation, problem),
            Self::Unfollowed(field) => Problem::new(
                Event::Unfollowed,
                format!("the listing continues by the field {field:?} of the page, which isn't followed"),
            ),
        }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Returns the error beside other data, where a model should be.
fn error_beside_data(endpoint: &Endpoint, body: &[u8]) -> Option<ServiceError> {
    let fields = ErrorFields::read(body, endpoint.error_as_data())?;
    fields.error_beside_data().filter(|reported| reported.message.is_some())
}

fn an_error(reported: ServiceError) -> Problem {
    Problem::new(Event::ErrorInSuccess(reported), "an error with a success status")
}

/// Describes a body that isn't the expected JSON.
fn unreadable(body: &[u8], json: serde_json::Error) -> Problem {
    // Without a length, truncation shows only here.
    let event = if json.is_eof() { Event::Truncated } else { Event::Unusable };
    let begin = String::from_utf8_lossy(&body[..body.len().min(256)]).trim_start().to_ascii_lowercase();
    let words = if body.iter().all(u8::is_ascii_whitespace) {
        "the response is empty; expected JSON".to_owned()
    } else if ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| begin.starts_with(mark)) {
        let words = ServiceError::from_body(body).message.unwrap_or_default();
        format!("the response is a web page, not JSON: {words}")
    } else if begin.starts_with('<') {
        "the response is XML, not JSON".to_owned()
    } else if !matches!(begin.chars().next(), Some('{' | '[' | '"' | '-' | '0'..='9' | 't' | 'f' | 'n')) {
        format!("the response isn't JSON: {json}")
    } else {
        format!("the response isn't in the service's format: {json}")
    };
    Problem::new(event, words).caused_by(json)
}
