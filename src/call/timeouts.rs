use std::time::Duration;

use super::retry::LONGEST;

/// The limits of a single attempt at a call.
///
/// For a limit of the whole call, with its retries, see [`Client::with_timeout`](crate::Client::with_timeout).
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::{Client, Timeouts};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let hasty = Timeouts::new().connect(Duration::from_secs(2)).attempt(Duration::from_secs(5));
/// let client = Client::builder("api-key").timeouts(hasty).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Timeouts {
    pub(super) connect: Duration,
    pub(super) read: Duration,
    pub(super) write: Duration,
    attempt: Duration,
    min_upload_rate: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeouts {
    /// Returns the default limits.
    pub fn new() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            write: Duration::from_secs(30),
            attempt: Duration::from_secs(60),
            min_upload_rate: 64 * 1024,
        }
    }

    /// Sets how long looking up the host may take, and how long making the connection may take, TLS included. Defaults to 10
    /// seconds each.
    pub fn connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Sets the limit of each wait for something to read. Defaults to 30 seconds. An upload waits twice as long, because the
    /// service can take 20 seconds before it answers one.
    pub fn read(mut self, limit: Duration) -> Self {
        self.read = limit;
        self
    }

    /// Sets the limit of each wait for room to write. Defaults to 30 seconds.
    pub fn write(mut self, limit: Duration) -> Self {
        self.write = limit;
        self
    }

    /// Sets the limit of one attempt, from looking up the host to the last byte of the response. Defaults to 60 seconds. An
    /// upload has more; see [`min_upload_rate`](Self::min_upload_rate).
    pub fn attempt(mut self, limit: Duration) -> Self {
        self.attempt = limit;
        self
    }

    /// Sets the bytes a second at which an upload is given time beyond [`attempt`](Self::attempt). Defaults to 64 KiB.
    pub fn min_upload_rate(mut self, bytes: u64) -> Self {
        self.min_upload_rate = bytes;
        self
    }

    pub(super) fn attempt_with(&self, upload: Option<u64>) -> Duration {
        let sending = upload.map_or(0, |bytes| bytes / self.min_upload_rate.max(1));
        self.attempt.saturating_add(Duration::from_secs(sending)).min(LONGEST)
    }

    pub(super) fn read_with(&self, upload: Option<u64>) -> Duration {
        self.read.saturating_mul(if upload.is_some() { 2 } else { 1 }).min(LONGEST)
    }
}
