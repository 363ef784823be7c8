use std::time::Duration;

use crate::retry::LONGEST;

/// Time limits of a single attempt.
///
/// To limit a whole call, including its retries, see [`Client::with_timeout`](crate::Client::with_timeout). Where the service takes
/// longer, an endpoint has [a multiple](crate::Endpoint::with_patience) of [`attempt`](Self::attempt) and [`read`](Self::read).
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

    /// Sets the limits of resolving the host name and of connecting, including TLS. Defaults to 10 seconds each.
    pub fn connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Sets the longest time without data from the service, and without content in a response, whatever other bytes arrive.
    /// Defaults to 30 seconds. An upload waits twice as long, because the service can take 20 seconds to respond.
    pub fn read(mut self, limit: Duration) -> Self {
        self.read = limit;
        self
    }

    /// Sets the limit of each wait to send data. Defaults to 30 seconds.
    pub fn write(mut self, limit: Duration) -> Self {
        self.write = limit;
        self
    }

    /// Sets the limit of an attempt, from resolving the host name to the last byte of the response. Defaults to 60 seconds.
    ///
    /// An upload gets more time; see [`min_upload_rate`](Self::min_upload_rate). A download can take any time as long as it
    /// doesn't stall for longer than [`read`](Self::read); this limits only the wait for the beginning of its response, up to
    /// the end of the headers.
    pub fn attempt(mut self, limit: Duration) -> Self {
        self.attempt = limit;
        self
    }

    /// Sets the lowest rate of an upload, in bytes a second: [`attempt`](Self::attempt) is extended by the time that the body
    /// takes at this rate. Defaults to 64 KiB.
    pub fn min_upload_rate(mut self, bytes: u64) -> Self {
        self.min_upload_rate = bytes;
        self
    }

    /// The limits for an endpoint that takes so many times longer.
    pub(super) fn times(&self, patience: u32) -> Self {
        let (read, attempt) = (self.read.saturating_mul(patience), self.attempt.saturating_mul(patience));
        Self { read, attempt, ..self.clone() }
    }

    pub(super) fn attempt_with(&self, upload: Option<u64>) -> Duration {
        let sending = upload.map_or(0, |bytes| bytes / self.min_upload_rate.max(1));
        self.attempt.saturating_add(Duration::from_secs(sending)).min(LONGEST)
    }

    pub(super) fn read_with(&self, upload: Option<u64>) -> Duration {
        self.read.saturating_mul(if upload.is_some() { 2 } else { 1 }).min(LONGEST)
    }
}
