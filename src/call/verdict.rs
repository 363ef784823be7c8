//! Errors about responses.

use serde_json::Value;

use super::gate::Limits;
use super::{Call, DecodeError};
use crate::api::{OperationName, Scheme};
use crate::error::{Asked, Error, ErrorFields, ErrorKind, Outcome, ServiceError, classify};

/// The error of a refusal.
pub(super) fn refusal(
    scheme: Option<Scheme>,
    call: &Call<'_>,
    status: u16,
    limits: Limits,
    said: ServiceError,
) -> Error {
    let pause = match status {
        429 => limits.pause(),
        _ => limits.retry_after,
    };
    let asked = Asked { endpoint: call.endpoint, moment: call.moment(), scheme, echoes: call.echoes };
    let verdict = classify(&asked, Outcome::Status { status, pause }, &said);
    Error::refused(verdict, call.subject(), said).with_status(status).with_retry_after(pause)
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

/// The error of a success that came before the whole request was sent. The service can't have what it has accepted, but what it
/// has made of it exists.
pub(super) fn accepted_early(call: &Call<'_>, status: u16, body: &[u8]) -> Error {
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
    let error = match ServiceError::from_json(&json).filter(|said| operation.is_none() && !said.is_ok()) {
        Some(said) => Error::service(ErrorKind::InvalidResponse, call.subject(), said),
        None => Error::new(ErrorKind::InvalidResponse, call.subject()),
    };
    error
        .explain(asset.map_or_else(|| PROBLEM.to_owned(), |asset| format!("{PROBLEM}, as asset {asset}")))
        .with_status(status)
        .with_unknown_outcome(!call.only_reads())
        .about_operation(operation)
}

/// The error of a successful response that can't be decoded.
pub(super) fn undecodable(scheme: Option<Scheme>, call: &Call<'_>, body: &[u8], problem: DecodeError) -> Error {
    let (problem, accepted) = match problem {
        DecodeError::Operation(name, problem) => (DecodeError::Json(problem), Some(name)),
        problem => (problem, None),
    };
    let problem = match problem {
        // An error beside other data, where a model should be.
        DecodeError::Json(json) => {
            let fields = ErrorFields::read(body, call.endpoint.error_as_data());
            match fields.and_then(|fields| fields.error_beside_data()).filter(|said| said.message.is_some()) {
                Some(said) => DecodeError::Service(said),
                None => DecodeError::Json(json),
            }
        }
        problem => problem,
    };
    let error = match problem {
        DecodeError::Json(json) | DecodeError::Operation(_, json) => {
            let error = Error::invalid_response(call.subject(), unreadable(body, &json));
            // Without a length, truncation shows only here.
            let error = if json.is_eof() { error.transient() } else { error };
            error.caused_by(json)
        }
        DecodeError::Service(said) => {
            let asked = Asked { endpoint: call.endpoint, moment: call.moment(), scheme, echoes: call.echoes };
            let verdict = classify(&asked, Outcome::Body, &said);
            Error::refused(verdict, call.subject(), said).explain("an error with a success status")
        }
        DecodeError::NoOperation(problem) => {
            Error::invalid_response(call.subject(), problem).advise("fetch its path to see how it stands")
        }
        DecodeError::Unfollowed(field) => {
            let problem = format!("the listing continues by the field {field:?} of the page, which isn't followed");
            Error::invalid_response(call.subject(), problem)
                .advise("fetch each page, and send the field's value as the reference of the endpoint says")
        }
    };
    error.with_unknown_outcome(!call.only_reads()).about_operation(accepted)
}

/// Describes a body that isn't the expected JSON.
fn unreadable(body: &[u8], json: &serde_json::Error) -> String {
    let begin = String::from_utf8_lossy(&body[..body.len().min(256)]).trim_start().to_ascii_lowercase();
    if body.iter().all(u8::is_ascii_whitespace) {
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
    }
}
