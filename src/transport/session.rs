use std::sync::Arc;
use std::time::Duration;

use super::{Request, Transport, Undecodable};
use crate::credentials::Scheme;
use crate::error::{Error, Result};

/// A transport, which clients share, and how long each call of this client may take.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    transport: Arc<Transport>,
    timeout: Option<Duration>,
}

impl Session {
    pub(crate) fn new(transport: Transport, timeout: Option<Duration>) -> Self {
        Self { transport: Arc::new(transport), timeout }
    }

    /// The same transport, under another limit.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Self {
        Self { transport: Arc::clone(&self.transport), timeout: Some(timeout) }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.transport.base_url
    }

    pub(crate) fn asks_by_key(&self) -> bool {
        self.transport.credentials.scheme() == Scheme::ApiKey
    }

    /// The longest pause that the service can ask for.
    pub(crate) fn longest_retry_after(&self) -> Duration {
        self.transport.retry.longest_retry_after
    }

    /// Makes a call: waits for the turn, sends, repeats what may be repeated, and reads the answer with `decode`.
    ///
    /// `body` is a buffer that a caller who makes many calls keeps.
    pub(crate) fn send<T>(
        &self,
        request: Request<'_>,
        body: &mut Vec<u8>,
        decode: impl Fn(&[u8]) -> Result<T, Undecodable>,
    ) -> Result<T> {
        self.transport.send(request, self.timeout, body, decode)
    }

    /// Makes an error fit to be shown: a service that repeats the key in its words must not get it into a log.
    pub(crate) fn seal(&self, error: Error) -> Error {
        self.transport.seal(error)
    }

    /// The same for a text.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.transport.redacted(text)
    }
}
