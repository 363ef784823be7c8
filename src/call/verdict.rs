//! What is wrong with a response.

use serde_json::Value;

use super::gate::Limits;
use super::{Call, DecodeError};
use crate::api::{Endpoint, OperationName};
use crate::error::{ErrorFields, Event, Problem, ServiceError};

/// A status other than that of a success.
pub(super) fn refusal(status: u16, limits: Limits, reported: ServiceError) -> Event {
    let pause = match status {
        429 => limits.pause(),
        _ => limits.retry_after,
    };
    Event::Status { status, pause, reported }
}

/// Describes why a redirect isn't followed.
pub(super) fn not_followed(call: &Call<'_>, has_location: bool) -> &'static str {
    if !has_location {
        "a redirect without a location"
    } else if call.origin.is_some() {
        "a redirect, which only downloads follow"
    } else {
        "a redirect, which is not followed because the key would go to another place"
    }
}

/// A success that came before the whole request was sent. The service can't have what it has accepted, but what it has made of it
/// exists.
pub(super) fn accepted_early(body: &[u8]) -> Problem {
    const PROBLEM: &str = "the service accepted the request before it was complete";
    let json: Value = crate::json::from_slice(body).unwrap_or_default();
    let text = |field: &str| match json.pointer(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let operation = text("/path").and_then(|path| OperationName::parse(&path));
    let operation = operation.or_else(|| OperationName::from_id(&text("/operationId")?));
    let asset = ["/response/assetId", "/assetId"].into_iter().find_map(text);
    let reported = ServiceError::from_json(&json).filter(|reported| operation.is_none() && !reported.is_ok());
    let words = asset.map_or_else(|| PROBLEM.to_owned(), |asset| format!("{PROBLEM}, as asset {asset}"));
    Problem::new(Event::AcceptedEarly(reported.unwrap_or_default()), words).about_operation(operation)
}

/// A success that can't be decoded.
pub(super) fn undecodable(endpoint: &Endpoint, body: &[u8], problem: DecodeError) -> Problem {
    let misread = |json| match error_beside_data(endpoint, body) {
        Some(reported) => an_error(reported),
        None => unreadable(body, json),
    };
    match problem {
        DecodeError::Json(json) => misread(json),
        DecodeError::Operation(name, json) => misread(json).about_operation(Some(name)),
        DecodeError::Service(reported) => an_error(reported),
        DecodeError::NoOperation(problem) => Problem::new(Event::NotAnOperation, problem),
        DecodeError::Unfollowed(field) => Problem::new(
            Event::Unfollowed,
            format!("the listing continues by the field {field:?} of the page, which isn't followed"),
        ),
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
