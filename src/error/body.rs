//! Reads refusals in each of the forms that the service uses.

use serde_json::{Map, Value};

/// The longest part of a message that is kept.
pub(super) const LONGEST_MESSAGE: usize = 500;

/// The code and message of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

impl ServiceError {
    /// Reads the body of an error response: one of the service's JSON forms, a proxy's web page, or anything else.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        if let Ok(json) = crate::json::from_slice(body) {
            return match json {
                Value::String(message) => Self { code: None, message: sentence(&message) },
                json => Self::from_json(&json).unwrap_or_default(),
            };
        }
        let text = String::from_utf8_lossy(body);
        Self { code: None, message: sentence(&without_markup(&text)) }
    }

    /// Reads an error object. `None` if the value isn't one.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        Self::from_fields(json.as_object()?)
    }

    /// Reads the fields of an error object. `None` if they aren't those of one.
    pub(super) fn from_fields(object: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).and_then(sentence);
        let code = |name: &str| object.get(name).and_then(scalar);

        let nested = match object.get("errors") {
            Some(Value::Array(errors)) => Self::from_list(errors),
            Some(Value::Object(fields)) => {
                let complaints: Vec<String> =
                    fields.iter().map(|(field, complaint)| format!("{field}: {}", words(complaint))).collect();
                (!complaints.is_empty()).then(|| Self { code: None, message: sentence(&complaints.join("; ")) })
            }
            _ => match object.get("error") {
                Some(error @ Value::Object(_)) => Self::from_json(error),
                _ => None,
            },
        };
        let nested = nested.unwrap_or_default();

        let found = Self {
            code: code("code").or(code("error")).or(code("errorCode")).or(nested.code),
            message: ["message", "error_description", "errorMessage", "Message"]
                .into_iter()
                .find_map(text)
                .or(nested.message)
                .or_else(|| text("detail"))
                .or_else(|| text("title")),
        };
        (found != Self::default()).then_some(found)
    }

    /// Whether this is `{"code": 0}`, which stands for success.
    pub(crate) fn is_ok(&self) -> bool {
        match self.code.as_deref() {
            Some(code) => is_success(code),
            None => self.message.is_none(),
        }
    }

    fn from_list(errors: &[Value]) -> Option<Self> {
        let errors: Vec<Self> = errors
            .iter()
            .filter_map(|error| match error {
                Value::String(message) => Some(Self { code: None, message: sentence(message) }),
                error => Self::from_json(error),
            })
            .collect();
        let messages: Vec<&str> = errors.iter().filter_map(|error| error.message.as_deref()).collect();
        let message = sentence(&messages.join("; "));
        let code = errors.iter().find_map(|error| error.code.clone());
        // The gateway's code 0 stands for "none".
        Some(Self { code: code.filter(|code| code != "0"), message })
    }
}

/// Whether a code, in any spelling, stands for success.
pub(super) fn is_success(code: &str) -> bool {
    const WORDS: [&str; 4] = ["ok", "success", "successful", "succeeded"];
    match code.parse::<u16>() {
        // None, or an HTTP status.
        Ok(number) => number == 0 || (200..300).contains(&number),
        Err(_) => WORDS.iter().any(|word| code.trim().eq_ignore_ascii_case(word)),
    }
}

/// Codes are strings or integers.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => sentence(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sentence(text: &str) -> Option<String> {
    Some(one_line(text)).filter(|line| !line.is_empty())
}

/// Replaces white space and control characters with single spaces.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Cuts a text that is too long, at a character boundary.
pub(crate) fn shorten(text: &str) -> String {
    shorten_to(text, LONGEST_MESSAGE)
}

/// Cuts a text that is longer than this.
pub(super) fn shorten_to(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Returns the text of an HTML page without tags, scripts and styles. Other text is returned unchanged.
fn without_markup(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if !["<html", "<!doctype", "<body", "<head"].iter().any(|tag| lower.contains(tag)) {
        return text.to_owned();
    }
    let mut words = String::new();
    let mut at = 0;
    while let Some(open) = lower[at..].find('<').map(|open| at + open) {
        words.push_str(&text[at..open]);
        words.push(' ');
        let hidden = ["script", "style"].into_iter().find(|name| lower[open + 1..].starts_with(name));
        let from = match hidden {
            Some(name) => match lower[open..].find(&format!("</{name}")) {
                Some(close) => open + close,
                None => return words,
            },
            None => open,
        };
        match lower[from..].find('>') {
            Some(close) => at = from + close + 1,
            None => return words,
        }
    }
    words.push_str(&text[at..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let ServiceError { code, message } = ServiceError::from_body(body.as_bytes());
        (code, message)
    }

    fn pair(code: Option<&str>, message: Option<&str>) -> (Option<String>, Option<String>) {
        (code.map(Into::into), message.map(Into::into))
    }

    #[test]
    fn every_form_is_read() {
        for (body, code, message) in [
            (r#"{"code":"INVALID_ARGUMENT","message":"Bad.","details":[]}"#, Some("INVALID_ARGUMENT"), Some("Bad.")),
            (
                r#"{"error":"INVALID_ARGUMENT","message":"Bad.","errorDetails":[]}"#,
                Some("INVALID_ARGUMENT"),
                Some("Bad."),
            ),
            (r#"{"errors":[{"code":0,"message":"Invalid API Key"}]}"#, None, Some("Invalid API Key")),
            (r#"{"errors":[{"code":7,"message":"a"},{"code":8,"message":"b"}]}"#, Some("7"), Some("a; b")),
            (
                r#"{"errors":{"filter":["is bad","is old"]},"title":"One or more","status":400}"#,
                None,
                Some("filter: is bad, is old"),
            ),
            (r#"{"error":"invalid_grant","error_description":"Used."}"#, Some("invalid_grant"), Some("Used.")),
            (r#"{"errorCode":12,"errorMessage":"Old."}"#, Some("12"), Some("Old.")),
            (r#"{"error":{"code":3,"message":"Inside."}}"#, Some("3"), Some("Inside.")),
            (r#"{"title":"Bad Request","status":400}"#, None, Some("Bad Request")),
            (r#""Just a string.""#, None, Some("Just a string.")),
            ("upstream\r\nconnect error", None, Some("upstream connect error")),
            (
                "<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>a>b{}</style></head><body>nginx</body>",
                None,
                Some("502 Bad Gateway nginx"),
            ),
            ("", None, None),
            ("{}", None, None),
            ("[]", None, None),
            ("null", None, None),
        ] {
            assert_eq!(read(body), pair(code, message), "{body}");
        }
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let message = shorten(&format!("a{}", "é".repeat(5000)));
        assert!(message.len() < LONGEST_MESSAGE + 4 && message.ends_with('…'));
    }
}
