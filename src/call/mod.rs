//! A call: what is asked of which endpoint, and how it is made.

mod cancel;
mod decode_error;
mod endpoint;
mod gate;
pub(crate) mod http;
mod operation_name;
mod payload;
pub(crate) mod retry;
mod session;
mod timeouts;
mod verdict;

use std::time::{Duration, Instant};

use percent_encoding::utf8_percent_encode;

pub(crate) use cancel::Cancel;
pub(crate) use decode_error::DecodeError;
pub(crate) use endpoint::SEGMENT;
pub use endpoint::{Endpoint, Method};
#[cfg(fuzzing)]
pub(crate) use gate::Limits;
pub(crate) use http::HttpSettings;
pub use operation_name::OperationName;
pub(crate) use payload::Payload;
pub use retry::RetryPolicy;
pub(crate) use session::Session;
pub use timeouts::Timeouts;

use crate::error::Moment;

/// A call to make.
pub(crate) struct Call<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) path: &'a str,
    pub(super) query: String,
    /// Texts that the service may repeat in its words.
    pub(super) echoes: Vec<String>,
    pub(super) payload: Option<&'a mut dyn Payload>,
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Option<&'a Cancel>,
    /// The last attempt was answered before the whole of it was sent.
    pub(super) is_cut_short: bool,
}

impl<'a> Call<'a> {
    /// `path` is the endpoint's own, filled in.
    pub(crate) fn new(endpoint: &'a Endpoint, path: &'a str) -> Self {
        Self {
            endpoint,
            path,
            query: String::new(),
            echoes: Vec::new(),
            payload: None,
            deadline: None,
            cancel: None,
            is_cut_short: false,
        }
    }

    /// Sets the body.
    pub(crate) fn payload(mut self, payload: &'a mut dyn Payload) -> Self {
        self.payload = Some(payload);
        self
    }

    pub(crate) fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value.as_ref(), SEGMENT));
        self
    }

    /// Names what the request says itself, which the service may repeat in its words.
    pub(crate) fn echoes(mut self, texts: Vec<String>) -> Self {
        self.echoes = texts;
        self
    }

    /// Sets when the last attempt has to be over.
    pub(crate) fn deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the flag after which no attempt begins.
    pub(crate) fn cancel(mut self, cancel: Option<&'a Cancel>) -> Self {
        self.cancel = cancel;
        self
    }

    /// Makes the body start again; `false` if it can't.
    pub(super) fn rewind(&mut self) -> bool {
        self.payload.as_mut().is_none_or(|payload| payload.rewind())
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, left_until)
    }

    /// The method and the path, for errors and the log. The query is left out: it can hold what people search for.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}", self.endpoint.method(), self.path)
    }

    pub(super) fn only_reads(&self) -> bool {
        self.endpoint.is_harmless()
    }

    pub(super) fn upload_size(&self) -> Option<u64> {
        self.payload.as_ref().map(|payload| payload.len())
    }

    /// Whether the service can have carried out a change: it has the whole body, or may have it.
    pub(super) fn may_have_arrived(&self) -> bool {
        !self.only_reads() && !self.is_cut_short && self.payload.as_ref().is_none_or(|payload| payload.is_sent())
    }

    /// How far the exchange has got.
    pub(super) fn moment(&self) -> Moment {
        // There is an operation to ask for because the service accepted a call.
        if self.endpoint.is_poll() {
            Moment::Accepted
        } else if self.may_have_arrived() {
            Moment::MayHaveArrived
        } else {
            Moment::NotSent
        }
    }
}

pub(super) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
