use std::fmt;

use serde::de::DeserializeOwned;

use crate::call::Session;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::json;
use crate::transport::Head;

/// A response, from [`Request::response`](crate::Request::response): its status, its headers and its whole body.
///
/// `Debug` shows neither the headers nor the body.
#[derive(Clone)]
pub struct Response {
    head: Head,
    body: Vec<u8>,
    origin: Origin,
}

/// The call that a response is to, for errors.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) session: Session,
    pub(super) secrets: Vec<Secret>,
    pub(super) subject: String,
}

impl Response {
    pub(super) fn new(head: Head, body: Vec<u8>, origin: Origin) -> Self {
        Self { head, body, origin }
    }

    /// Returns the status, such as 200. It always is that of a success.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the value of a header, whose name can be in any case. If there are several of the name, it is the first. `None`
    /// also if the value isn't text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the headers whose values are text, in the order in which they came. The names are in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the body, decompressed.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body without copying it.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Reads the body as JSON. Unlike [`fetch`](crate::Request::fetch), it doesn't look for an error in it.
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if it isn't a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let Origin { session, secrets, subject } = &self.origin;
        json::from_slice(&self.body).map_err(|json| {
            Error::invalid_response(subject, format!("the response isn't in the expected format: {json}"))
                .with_status(self.status())
                .caused_by(json)
                .redact(&|text| session.redacted_with(secrets, text))
        })
    }
}

impl fmt::Debug for Response {
    /// Headers and body can hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("len", &self.body.len())
            .finish_non_exhaustive()
    }
}
