//! Errors in responses with a success status.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::ServiceError;
use super::body::is_success;

/// The fields of an error. Any other field is data.
const ERROR_FIELDS: &[&str] = &[
    "@type",
    "code",
    "message",
    "Message",
    "details",
    "error",
    "error_description",
    "error_uri",
    "errorCode",
    "errorDetails",
    "errorMessage",
    "errors",
];

/// The fields of a problem report (RFC 9457), whose `status` is a number. Without it, they are data.
const PROBLEM_FIELDS: &[&str] = &["detail", "instance", "status", "title", "traceId", "type"];

/// The most of an error that is kept: of each text, and of all lists and objects together. As a [`Value`], these take up to a
/// hundred times their size.
const LARGEST_KEPT: usize = 64 * 1024;

/// The fields of an object that an error can have. Nothing else of the object is kept.
pub(crate) struct ErrorFields {
    fields: Map<String, Value>,
    /// Whether there are other fields, except for `null`.
    has_data: bool,
}

impl ErrorFields {
    /// Reads the top level of a response. `None` if it isn't an object. The field `data` isn't that of an error.
    pub(crate) fn read(body: &[u8], data: Option<&str>) -> Option<Self> {
        let mut fields = None;
        let _ = crate::json::read(body, &mut |text| {
            fields = Self::parse(text, data);
            fields.as_ref().map(|_| ()).ok_or(NotAnObject)
        });
        fields
    }

    /// Reads the top level of a text.
    pub(crate) fn parse(text: &str, data: Option<&str>) -> Option<Self> {
        TopLevel { data, room: LARGEST_KEPT }.deserialize(&mut serde_json::Deserializer::from_str(text)).ok()
    }

    /// Reads the fields of an object. The field `data` isn't that of an error.
    pub(crate) fn of(object: &Map<String, Value>, data: Option<&str>) -> Self {
        let mut of_error = Self { fields: Map::new(), has_data: false };
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            if data != Some(name) && field_of_error(name).is_some() {
                of_error.fields.insert(name.clone(), value.clone());
            } else {
                of_error.has_data = true;
            }
        }
        of_error
    }

    /// Returns the error of a response that holds nothing else.
    pub(crate) fn alone(&self) -> Option<ServiceError> {
        let has_title = PROBLEM_FIELDS.iter().any(|field| self.fields.contains_key(*field));
        if self.has_data || (has_title && !self.is_problem()) { None } else { self.error() }
    }

    /// Returns the error of a response, whatever else it holds.
    pub(crate) fn error(&self) -> Option<ServiceError> {
        let is_report = self.fields.get("title").is_some_and(is_something) && self.is_problem();
        self.error_beside_data().or_else(|| is_report.then(|| self.words().unwrap_or_default()))
    }

    /// Returns the error of a response that holds data too. A title is part of the data there, and so is a message without a
    /// code.
    pub(crate) fn error_beside_data(&self) -> Option<ServiceError> {
        let get = |name: &str| self.fields.get(name);
        let is_there = |name: &str| get(name).is_some_and(is_something);
        let is_failure = |name: &str| get(name).is_some_and(|code| is_something(code) && !is_ok(code));
        let is_error = is_there("errors")
            || is_failure("error")
            || is_failure("errorCode")
            || (is_failure("code") && (is_there("message") || is_there("Message")))
            || (is_there("errorMessage") && get("errorCode").is_none());
        is_error.then(|| self.words().unwrap_or_default())
    }

    /// Returns the error of a response, also if it has a code or a message only, where no other field is expected by these
    /// names.
    pub(crate) fn error_or_words(&self) -> Option<ServiceError> {
        self.error().or_else(|| self.words().filter(|reported| !reported.is_ok()))
    }

    /// Returns the error that stands for a model. The models of this crate have no field that is named like one of an error; a
    /// caller's can have a code or a message.
    pub(crate) fn in_place_of_model(&self, is_of_caller: bool) -> Option<ServiceError> {
        if is_of_caller || self.has_data { self.alone() } else { self.error_or_words() }
    }

    /// Returns all that could be the code and the message of an error.
    pub(crate) fn words(&self) -> Option<ServiceError> {
        ServiceError::from_fields(&self.fields)
    }

    fn is_problem(&self) -> bool {
        self.fields.get("status").and_then(Value::as_u64).is_some_and(|status| status >= 400)
    }
}

/// Whether a field isn't empty.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// Whether a code stands for success.
fn is_ok(code: &Value) -> bool {
    match code {
        Value::Number(number) => is_success(&number.to_string()),
        Value::String(text) => is_success(text),
        // The gateway's errors have the code 0 and a message.
        Value::Object(fields) => ServiceError::from_fields(fields)
            .is_some_and(|reported| reported.is_ok() && reported.message.is_none_or(|message| is_success(&message))),
        _ => false,
    }
}

struct NotAnObject;

impl From<serde_json::Error> for NotAnObject {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// Reads the fields of an object.
struct TopLevel<'d> {
    data: Option<&'d str>,
    /// How much of lists and objects is still kept.
    room: usize,
}

impl TopLevel<'_> {
    /// Reads a field of an error. What isn't kept is `null` if it is empty, and `true` if not.
    fn keep(&mut self, text: &str) -> Value {
        let is_nested = text.starts_with(['[', '{']);
        let room = if is_nested { self.room } else { LARGEST_KEPT };
        // What is nested too deeply can be skipped, but not kept.
        if let Some(kept) = (text.len() <= room).then(|| serde_json::from_str(text).ok()).flatten() {
            self.room -= if is_nested { text.len() } else { 0 };
            return kept;
        }
        let inside = text.get(1..text.len() - 1).unwrap_or_default();
        if is_nested && inside.trim().is_empty() { Value::Null } else { Value::Bool(true) }
    }
}

impl<'de> DeserializeSeed<'de> for TopLevel<'_> {
    type Value = ErrorFields;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ErrorFields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = ErrorFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<ErrorFields, A::Error> {
        let mut read = ErrorFields { fields: Map::new(), has_data: false };
        while let Some(Name(name)) = map.next_key()? {
            match name.filter(|name| self.data != Some(*name)) {
                Some(name) => {
                    let value = self.keep(map.next_value::<&RawValue>()?.get());
                    if !value.is_null() {
                        read.fields.insert(name.to_owned(), value);
                    }
                }
                None => read.has_data |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
            }
        }
        Ok(read)
    }
}

fn field_of_error(name: &str) -> Option<&'static str> {
    ERROR_FIELDS.iter().chain(PROBLEM_FIELDS).copied().find(|known| *known == name)
}

/// The name of a field, if an error can have it.
struct Name(Option<&'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known;
        impl Visitor<'_> for Known {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(field_of_error(name)))
            }
        }
        deserializer.deserialize_identifier(Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(body: &str) -> Option<ServiceError> {
        let read = ErrorFields::read(body.as_bytes(), None)?.alone();
        if let (Ok(Value::Object(object)), true) = (serde_json::from_str(body), body.len() <= LARGEST_KEPT) {
            assert_eq!(ErrorFields::of(&object, None).alone(), read, "{body}");
        }
        read
    }

    #[test]
    fn an_error_alone_is_distinguished_from_data() {
        for (body, is_error) in [
            // Every form of an error.
            (r#"{"code":"INVALID_ARGUMENT","message":"no","details":[]}"#, true),
            (r#"{"error":"INVALID_ARGUMENT","message":"no","errorDetails":[]}"#, true),
            (r#"{"errors":[{"code":0,"message":"no"}]}"#, true),
            (r#"{"errors":[{"code":0}]}"#, true),
            (r#"{"errors":["no"],"data":null}"#, true),
            (r#"{"errors":{"a":["no"]},"title":"t","status":400,"type":"u","traceId":"i"}"#, true),
            (r#"{"error":"invalid_grant","error_description":"no"}"#, true),
            (r#"{"error":{"code":13,"message":"no"}}"#, true),
            (r#"{"error":{"code":13}}"#, true),
            (r#"{"error":true}"#, true),
            (r#"{"errorCode":7,"errorMessage":"no"}"#, true),
            (r#"{"errorCode":7}"#, true),
            (r#"{"errorMessage":"no"}"#, true),
            (r#"{"code":5,"message":"no"}"#, true),
            (r#"{"title":"no","status":400}"#, true),
            ("\u{feff}{\"error\":\"no\"}", true),
            (r#"{"error":"cut \ud83d"}"#, true),
            (r#"{"@type":"type.googleapis.com/google.rpc.Status","code":5,"message":"no"}"#, true),
            // Success.
            (r#"{"code":0,"message":"Success"}"#, false),
            (r#"{"code":"OK","message":"Success"}"#, false),
            (r#"{"code":200,"message":"Success"}"#, false),
            (r#"{"code":"0","message":"done"}"#, false),
            (r#"{"code":201,"message":"Created"}"#, false),
            (r#"{"code":"Ok","message":"done"}"#, false),
            (r#"{"code":"ok","message":"done"}"#, false),
            (r#"{"code":"Success","message":"done"}"#, false),
            (r#"{"code":"success","message":"done"}"#, false),
            (r#"{"code":" SUCCESS ","message":"done"}"#, false),
            (r#"{"code":"Succeeded","Message":"done"}"#, false),
            (r#"{"error":"Success","message":"done"}"#, false),
            (r#"{"errorCode":"SUCCESS","errorMessage":"done"}"#, false),
            (r#"{"error":{"code":0}}"#, false),
            (r#"{"error":{"code":"OK","message":"Success"}}"#, false),
            // Codes that only look like success.
            (r#"{"code":"SuccessWithErrors","message":"no"}"#, true),
            (r#"{"code":"NotOk","message":"no"}"#, true),
            (r#"{"code":"Unsuccessful","message":"no"}"#, true),
            (r#"{"code":"NO_SUCCESS","message":"Success"}"#, true),
            (r#"{"code":1,"message":"Success"}"#, true),
            (r#"{"code":-1,"message":"OK"}"#, true),
            (r#"{"code":20,"message":"no"}"#, true),
            (r#"{"code":300,"message":"no"}"#, true),
            (r#"{"code":"200 OK?","message":"no"}"#, true),
            (r#"{"error":{"code":0,"message":"no"}}"#, true),
            (r#"{"error":{"message":"Success"}}"#, true),
            (r#"{"errors":[{"code":0,"message":"no"}],"code":"Success","message":"done"}"#, true),
            (r#"{"errorCode":0,"errorMessage":"Success"}"#, false),
            (r#"{"errors":[],"error":null,"errorCode":0,"errorMessage":""}"#, false),
            (r#"{"errors":{},"error":""}"#, false),
            (r#"{"error":false}"#, false),
            // Data, alone and beside an error.
            ("{}", false),
            (r#"{"id":1}"#, false),
            (r#"{"code":"SUMMER"}"#, false),
            (r#"{"message":"Thanks!"}"#, false),
            (r#"{"title":"a","status":200}"#, false),
            (r#"{"title":"a","error":"no"}"#, false),
            (r#"{"status":"failed","error":"no"}"#, false),
            (r#"{"errors":["no"],"data":[]}"#, false),
            (r#"{"code":"SUMMER","message":"Thanks!","reward":5}"#, false),
            (r#"{"x":{"errors":["no"]}}"#, false),
            // Not an object.
            ("", false),
            ("no", false),
            (r#"["error"]"#, false),
            (r#""error""#, false),
            (r#"{"error":"no""#, false),
        ] {
            assert_eq!(alone(body).is_some(), is_error, "{body}");
        }
    }

    #[test]
    fn a_field_can_be_declared_to_be_data() {
        let alone = |body: &str, data| ErrorFields::read(body.as_bytes(), Some(data)).expect("an object").alone();
        for data in ["errors", "error"] {
            assert!(alone(&format!(r#"{{"{data}":["no"]}}"#), data).is_none());
            assert!(alone(&format!(r#"{{"{data}":["no"],"code":7,"message":"no"}}"#), data).is_none());
        }
        assert!(alone(r#"{"error":{"code":7}}"#, "errors").is_some());
    }

    #[test]
    fn large_and_deep_errors_are_not_kept() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let large = format!("[{}1]", "1,".repeat(LARGEST_KEPT));
        for value in [deep, large] {
            assert_eq!(alone(&format!(r#"{{"errors":{value}}}"#)), Some(ServiceError::default()));
            assert_eq!(alone(&format!(r#"{{"errors":{value},"id":1}}"#)), None);
            assert_eq!(alone(&format!(r#"{{"id":{value},"errors":["no"]}}"#)), None);
        }
    }

    #[test]
    fn success_and_empty_lists_are_recognized_beside_large_and_deep_fields() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let large = format!("[{}1]", "1,".repeat(LARGEST_KEPT));
        let long = format!("\"{}\"", "a".repeat(2 * LARGEST_KEPT));
        for value in [&deep, &large, &long] {
            assert_eq!(alone(&format!(r#"{{"code":0,"message":"Success","details":{value}}}"#)), None);
            assert_eq!(alone(&format!(r#"{{"errors":[],"error":"","details":{value}}}"#)), None);
            assert_eq!(alone(&format!(r#"{{"details":{value},"errors":{{}},"errorCode":0}}"#)), None);
            let reported = ServiceError { code: Some("5".to_owned()), message: Some("no".to_owned()) };
            assert_eq!(alone(&format!(r#"{{"details":{value},"code":5,"message":"no"}}"#)), Some(reported));
        }
        assert_eq!(alone(&format!(r#"{{"code":0,"message":{long}}}"#)), None);
        assert_eq!(
            alone(&format!(r#"{{"code":5,"message":{long}}}"#)).and_then(|reported| reported.code).as_deref(),
            Some("5")
        );
        assert_eq!(alone(&format!(r#"{{"errors":[{}]}}"#, " ".repeat(2 * LARGEST_KEPT))), None);
    }
}
