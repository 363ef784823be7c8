//! Responses that aren't successes, or that arrive before the whole request was sent.

use serde_json::Value;

use super::call::Call;
use crate::api::OperationName;
use crate::error::{Event, Problem, ServiceError};
use crate::gate::Limits;

/// A status other than that of a success.
pub(super) fn refused(status: u16, limits: Limits, reported: ServiceError) -> Event {
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
