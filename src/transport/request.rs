use std::time::{Duration, Instant};

use percent_encoding::utf8_percent_encode;

use crate::call::{Endpoint, SEGMENT};
use crate::cancel::Cancel;
use crate::error::Moment;
use crate::multipart::Form;

/// A call to make.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) path: &'a str,
    pub(super) query: String,
    /// Texts that the service may repeat in its words.
    pub(super) echoes: &'a [String],
    pub(super) form: Option<&'a mut Form>,
    pub(super) deadline: Option<Instant>,
    pub(super) cancelled: Option<&'a Cancel>,
    /// The last attempt was answered before the whole of it was sent.
    pub(super) is_cut_short: bool,
}

impl<'a> Request<'a> {
    /// `path` is the endpoint's own, filled in.
    pub(crate) fn new(endpoint: &'a Endpoint, path: &'a str) -> Self {
        Self {
            endpoint,
            path,
            query: String::new(),
            echoes: &[],
            form: None,
            deadline: None,
            cancelled: None,
            is_cut_short: false,
        }
    }

    pub(crate) fn form(mut self, form: &'a mut Form) -> Self {
        self.form = Some(form);
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
    pub(crate) fn echoes(mut self, texts: &'a [String]) -> Self {
        self.echoes = texts;
        self
    }

    /// No attempt begins or goes on after this.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// No attempt begins once this is set.
    pub(crate) fn unless(mut self, cancelled: Option<&'a Cancel>) -> Self {
        self.cancelled = cancelled;
        self
    }

    /// Makes the body start again; `false` if it can't.
    pub(super) fn rewind(&mut self) -> bool {
        self.form.as_mut().is_none_or(|form| form.rewind())
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
        self.form.as_ref().map(|form| form.len())
    }

    /// Whether the service can have carried out a change: it has the whole body, or may have it.
    pub(super) fn may_have_arrived(&self) -> bool {
        !self.only_reads() && !self.is_cut_short && self.form.as_ref().is_none_or(|form| form.is_sent())
    }
}

impl Request<'_> {
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
