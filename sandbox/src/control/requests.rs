//! The requests that the sandbox has received, as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Call, done, refusal};
use crate::http::Answer;
use crate::routes::{ACCESS_TOKEN, API_KEY};
use crate::state::{RecordedPart, RecordedRequest, is_secret, lock};

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let after = call.head.query_value("after").unwrap_or("0");
    let after = after.parse().map_err(|_| refusal(400, "The parameter after isn't a number."))?;
    let (requests, next) = lock(&call.state.log).from(after);
    let requests: Vec<Value> = requests.iter().map(|(number, request)| request_json(*number, request)).collect();
    Ok(Answer::json(&json!({ "requests": requests, "next": next })))
}

pub(super) fn clear(call: &Call<'_>) -> Result<Answer, Answer> {
    lock(&call.state.log).clear();
    Ok(done())
}

fn request_json(number: u64, request: &RecordedRequest) -> Value {
    let mut json = json!({
        "number": number,
        "method": request.method,
        "path": request.path,
        "query": request.query.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
        "target": request.target,
        "headers": request.headers.iter().map(|(name, value)| json!([name, shown(name, value)])).collect::<Vec<_>>(),
        "bodyLength": request.body_length,
        "status": request.status,
        "connection": request.connection,
    });
    if let Value::Object(fields) = &mut json {
        match request.parts.is_empty() {
            true => put_body(fields, &request.body),
            false => {
                fields.insert("parts".to_owned(), request.parts.iter().map(part_json).collect());
            }
        }
    }
    json
}

fn part_json(part: &RecordedPart) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(part.name));
    fields.insert("fileName".to_owned(), json!(part.file_name));
    fields.insert("contentType".to_owned(), json!(part.content_type));
    fields.insert("length".to_owned(), json!(part.length));
    put_body(&mut fields, &part.body);
    Value::Object(fields)
}

/// Adds the beginning of a body: as text, or in base64 if it isn't text.
fn put_body(fields: &mut Map<String, Value>, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    match std::str::from_utf8(body) {
        Ok(text) => fields.insert("body".to_owned(), json!(text)),
        Err(_) => fields.insert("bodyBase64".to_owned(), json!(STANDARD.encode(body))),
    };
}

/// Shows credentials only if they are the sandbox's own: others may be real ones that were sent by mistake.
fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    let own = value == API_KEY || value.strip_prefix("Bearer ") == Some(ACCESS_TOKEN);
    if is_secret(name) && !own { "[redacted]" } else { value }
}
