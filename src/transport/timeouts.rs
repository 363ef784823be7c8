use std::time::Duration;

use ureq::Timeout;

use crate::retry::LONGEST;

/// How long things may take.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::{Client, Timeouts};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let hasty = Timeouts { connect: Duration::from_secs(2), call: Duration::from_secs(5), ..Timeouts::default() };
/// let client = Client::builder("api-key").timeouts(hasty).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding the address and making the connection, TLS included; 10 seconds by default.
    pub connect: Duration,
    /// Each wait for something to read; 30 seconds by default. An upload waits for twice as long, because the service
    /// can take 20 seconds before it answers one.
    pub read: Duration,
    /// Each wait for room to write; 30 seconds by default.
    pub write: Duration,
    /// One attempt at a call, from looking up the host to the last byte of the answer; 60 seconds by default. Where the
    /// base URL has an address in place of a name, the body of an answer may take as long again.
    pub call: Duration,
    /// An upload's `call` is longer by the time that it takes at this many bytes a second; 64 KiB by default.
    pub upload_rate: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            write: Duration::from_secs(30),
            call: Duration::from_secs(60),
            upload_rate: 64 * 1024,
        }
    }
}

impl Timeouts {
    pub(super) fn call_with(&self, upload: Option<u64>) -> Duration {
        let sending = upload.map_or(0, |bytes| bytes / self.upload_rate.max(1));
        self.call.saturating_add(Duration::from_secs(sending)).min(LONGEST)
    }

    pub(super) fn read_with(&self, upload: Option<u64>) -> Duration {
        self.read.saturating_mul(if upload.is_some() { 2 } else { 1 }).min(LONGEST)
    }

    /// Says which limit passed.
    pub(super) fn explain(&self, passed: Timeout, upload: Option<u64>, limit: Duration) -> String {
        match passed {
            Timeout::Resolve | Timeout::Connect => format!("no connection within {:?}", self.connect),
            Timeout::PerRead => format!("nothing came for {:?}", self.read_with(upload)),
            Timeout::PerWrite => format!("nothing could be sent for {:?}", self.write),
            _ => format!("the call was not over after {limit:?}"),
        }
    }
}
