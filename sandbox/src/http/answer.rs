//! Responses, and the forms of refusals.

use std::io::Write;

use serde_json::{Value, json};

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(json: &Value) -> Self {
        Self::new(200, json.to_string())
    }

    /// A refusal in the form of the API's second version.
    pub(crate) fn v2(status: u16, code: &str, message: impl AsRef<str>) -> Self {
        Self::new(status, json!({ "code": code, "message": message.as_ref() }).to_string())
    }

    /// A refusal in the form of the API's first version.
    pub(crate) fn v1(status: u16, code: &str, message: impl AsRef<str>) -> Self {
        Self::new(status, json!({ "error": code, "message": message.as_ref(), "errorDetails": [] }).to_string())
    }

    /// The refusal of a missing scope in version 2, which has no code of its own.
    pub(crate) fn missing_scope(scope: &str) -> Self {
        Self::v2(403, "PERMISSION_DENIED", format!("The required scope <{scope}> is missing."))
    }

    /// A refusal of the gateway.
    pub(crate) fn gateway(status: u16, message: &str) -> Self {
        Self::numbered(status, 0, message)
    }

    /// A refusal in the form of older APIs, which number their errors.
    pub(crate) fn numbered(status: u16, code: u32, message: &str) -> Self {
        Self::new(status, json!({ "errors": [{ "code": code, "message": message }] }).to_string())
    }

    pub(crate) fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Writes the whole response, for a single write. Returns where its body begins.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>, keep_alive: bool) -> usize {
        out.clear();
        out.reserve(256 + self.body.len());
        // Writing to memory can't fail.
        let _ = write!(out, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let given = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !self.body.is_empty() && !given("content-type") {
            let looks_like_json = matches!(self.body.first(), Some(b'{' | b'[' | b'"'));
            let kind = if looks_like_json { "application/json; charset=utf-8" } else { "text/plain; charset=utf-8" };
            let _ = write!(out, "content-type: {kind}\r\n");
        }
        if !given("content-length") {
            let _ = write!(out, "content-length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(out, "{name}: {value}\r\n");
        }
        if !keep_alive {
            out.extend_from_slice(b"connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        let body_at = out.len();
        out.extend_from_slice(&self.body);
        body_at
    }
}

/// Returns the code and message of a status.
pub(crate) fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("INVALID_ARGUMENT", "The request is invalid."),
        401 => ("UNAUTHENTICATED", "The request has no valid credentials."),
        403 => ("PERMISSION_DENIED", "The credentials don't allow this."),
        404 => ("NOT_FOUND", "The resource doesn't exist."),
        409 => ("ABORTED", "The request conflicts with another one."),
        429 => ("RESOURCE_EXHAUSTED", "Too many requests."),
        499 => ("CANCELLED", "The request was cancelled."),
        501 => ("NOT_IMPLEMENTED", "This isn't implemented."),
        503 => ("UNAVAILABLE", "The service is unavailable."),
        500.. => ("INTERNAL", "Internal error."),
        _ => ("UNKNOWN", "Unknown."),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
