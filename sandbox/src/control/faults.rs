//! Faults as JSON.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Call, done, refused};
use crate::http::Answer;
use crate::state::{Fault, Kind, lock};
use crate::world::signer::IdTokenFault;
use crate::world::{FailureCode, OperationFailure};
use crate::worlds::{self, Problem};

/// The properties that each kind has, besides those that say which requests are affected.
const PROPERTIES: &[(&str, &[&str])] = &[
    ("status", &["status", "headers", "body", "base64"]),
    ("statusAfter", &["status", "headers", "body", "base64"]),
    ("earlyAnswer", &["status", "headers", "body", "base64"]),
    ("delay", &["milliseconds"]),
    ("raw", &["body", "base64"]),
    ("resetBeforeAnswer", &[]),
    ("resetBeforeReading", &[]),
    ("resetInAnswer", &[]),
    ("truncatedBody", &[]),
];
/// The properties that say which requests are affected.
const MATCHING: &[&str] = &["kind", "method", "path", "times", "after"];

/// What a fault is for.
enum Injected {
    Request(Fault),
    Operation(OperationFailure),
    IdToken(IdTokenFault),
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let mut faults: Vec<Value> = lock(&call.state.faults).all().iter().map(fault_json).collect();
    let world = lock(&call.state.world);
    faults.extend(world.operations.failures().map(failure_json));
    let of_tokens = world.sign_ins.signer.faults.iter();
    faults.extend(of_tokens.map(|fault| json!({ "kind": "idToken", "fault": format!("{fault:?}") })));
    Ok(Answer::json(&json!({ "faults": faults })))
}

/// Takes one fault, or a list of them: all or none.
pub(super) fn inject(call: &Call<'_>) -> Result<Answer, Answer> {
    let given = worlds::parse(call.text()?).map_err(refused)?;
    let faults = match given {
        Value::Array(faults) => {
            let faults = faults.iter().enumerate();
            faults.map(|(index, fault)| read(fault, &format!("[{index}]"))).collect::<Result<Vec<_>, _>>()
        }
        fault => read(&fault, "").map(|fault| vec![fault]),
    };
    for fault in faults.map_err(refused)? {
        match fault {
            Injected::Request(fault) => lock(&call.state.faults).inject(fault),
            Injected::Operation(failure) => lock(&call.state.world).operations.fail_next(failure),
            Injected::IdToken(fault) => lock(&call.state.world).sign_ins.signer.faults.push_back(fault),
        }
    }
    list(call)
}

pub(super) fn clear(call: &Call<'_>) -> Result<Answer, Answer> {
    lock(&call.state.faults).clear();
    let mut world = lock(&call.state.world);
    world.operations.clear_failures();
    world.sign_ins.signer.faults.clear();
    Ok(done())
}

fn read(given: &Value, path: &str) -> Result<Injected, Problem> {
    let given = worlds::read_as("fault", given, path)?;
    let empty = Map::new();
    let given = given.as_object().unwrap_or(&empty);
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let number = |name: &str| given.get(name).and_then(Value::as_u64);
    let kind = text("kind").unwrap_or_default();
    let missing = |name: &str| Problem::new(path, format!("the property {name:?} is missing, which {kind} needs"));
    let only = |names: &[&str]| match given.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(Problem::new(path, format!("{kind} has no property {name:?}"))),
        None => Ok(()),
    };
    match kind {
        "operationFailure" => {
            only(&["kind", "form", "code", "message"])?;
            let form = text("form").ok_or_else(|| missing("form"))?;
            let message = text("message").ok_or_else(|| missing("message"))?;
            let code = match given.get("code") {
                Some(Value::String(word)) => Some(FailureCode::from(word.as_str())),
                Some(number) => number.as_i64().map(FailureCode::from),
                None => None,
            };
            let make = match (form, &code) {
                ("metadata", None) => return Ok(Injected::Operation(OperationFailure::metadata(message))),
                ("partial", None) => return Ok(Injected::Operation(OperationFailure::partial(message))),
                ("metadata" | "partial", Some(_)) => return Err(Problem::new(path, format!("{form} has no code"))),
                ("error", _) => OperationFailure::error,
                ("errorWord", _) => OperationFailure::error_word,
                ("response", _) => OperationFailure::response,
                ("status", _) => OperationFailure::status,
                _ => OperationFailure::bare,
            };
            return Ok(Injected::Operation(make(code.ok_or_else(|| missing("code"))?, message)));
        }
        "idToken" => {
            only(&["kind", "fault"])?;
            let name = text("fault").ok_or_else(|| missing("fault"))?;
            let fault = IdTokenFault::ALL.into_iter().find(|fault| format!("{fault:?}") == name);
            return Ok(Injected::IdToken(fault.ok_or_else(|| missing("fault"))?));
        }
        _ => {}
    }
    let own = PROPERTIES.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, names)| names);
    only(&[MATCHING, own].concat())?;
    let status = || number("status").and_then(|status| u16::try_from(status).ok()).ok_or_else(|| missing("status"));
    let body = match (text("body"), text("base64")) {
        (Some(_), Some(_)) => return Err(Problem::new(path, "expected only one of body and base64")),
        (Some(body), None) => Some(body.as_bytes().to_vec()),
        (None, Some(text)) => {
            let bytes = STANDARD.decode(text);
            Some(bytes.map_err(|error| Problem::new(path, format!("the property \"base64\" isn't: {error}")))?)
        }
        (None, None) => None,
    };
    let mut fault = match kind {
        "status" => Fault::status(status()?),
        "statusAfter" => Fault::status_after(status()?),
        "earlyAnswer" => Fault::early_answer(status()?),
        "delay" => Fault::delay(Duration::from_millis(number("milliseconds").ok_or_else(|| missing("milliseconds"))?)),
        "raw" => Fault::raw(body.clone().ok_or_else(|| missing("body"))?),
        "resetBeforeAnswer" => Fault::reset_before_answer(),
        "resetBeforeReading" => Fault::reset_before_reading(),
        "resetInAnswer" => Fault::reset_in_answer(),
        _ => Fault::truncated_body(),
    };
    for (name, values) in given.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let values = values.as_array().map_or_else(|| std::slice::from_ref(values), Vec::as_slice);
        for value in values.iter().filter_map(Value::as_str) {
            if name.is_empty() || name.contains(['\r', '\n', ':', ' ']) || value.contains(['\r', '\n']) {
                return Err(Problem::new(path, format!("the header {name:?} has a line break or no name")));
            }
            fault = fault.header(name, value);
        }
    }
    if let Some(body) = body {
        fault = fault.body(body);
    }
    fault.method = text("method").map(str::to_owned);
    fault.path = text("path").unwrap_or_default().to_owned();
    Ok(Injected::Request(fault.times(number("times").unwrap_or(1)).after(number("after").unwrap_or(0))))
}

fn fault_json(fault: &Fault) -> Value {
    let mut json = match &fault.kind {
        Kind::Status(answer) => answer_json("status", answer),
        Kind::StatusAfter(answer) => answer_json("statusAfter", answer),
        Kind::EarlyAnswer(answer) => answer_json("earlyAnswer", answer),
        Kind::Delay(time) => {
            json!({ "kind": "delay", "milliseconds": u64::try_from(time.as_millis()).unwrap_or(u64::MAX) })
        }
        Kind::ResetBeforeAnswer => json!({ "kind": "resetBeforeAnswer" }),
        Kind::ResetBeforeReading => json!({ "kind": "resetBeforeReading" }),
        Kind::ResetInAnswer => json!({ "kind": "resetInAnswer" }),
        Kind::TruncatedBody => json!({ "kind": "truncatedBody" }),
        Kind::Raw(bytes) => with_body(json!({ "kind": "raw" }), bytes),
    };
    if let Some(method) = &fault.method {
        json["method"] = json!(method);
    }
    if !fault.path.is_empty() {
        json["path"] = json!(fault.path);
    }
    if fault.after > 0 {
        json["after"] = json!(fault.after);
    }
    json["times"] = json!(fault.times);
    json
}

fn answer_json(kind: &str, answer: &Answer) -> Value {
    let mut json = with_body(json!({ "kind": kind, "status": answer.status }), &answer.body);
    if !answer.headers.is_empty() {
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in &answer.headers {
            let values = headers.entry(name.clone()).or_insert_with(|| json!([]));
            values.as_array_mut().expect("it was made above").push(json!(value));
        }
        json["headers"] = Value::Object(headers);
    }
    json
}

fn with_body(mut json: Value, body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => json["body"] = json!(text),
        Err(_) => json["base64"] = json!(STANDARD.encode(body)),
    }
    json
}

fn failure_json(failure: &OperationFailure) -> Value {
    let (form, code, message) = failure.parts();
    let mut json = json!({ "kind": "operationFailure", "form": form, "message": message });
    if let Some(code) = code {
        json["code"] = code.json();
    }
    json
}
