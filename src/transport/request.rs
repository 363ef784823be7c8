use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Method;

use crate::multipart::Form;
use crate::rate_limit::Endpoint;

/// What is escaped in a path segment and in the value of a query.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call to make.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(super) method: Method,
    pub(super) endpoint: Endpoint,
    pub(super) path: &'a str,
    pub(super) query: String,
    pub(super) scope: &'static str,
    pub(super) form: Option<&'a mut Form>,
    pub(super) deadline: Option<Instant>,
    pub(super) cancelled: Option<&'a AtomicBool>,
    /// The last attempt was answered before the whole of it was sent.
    pub(super) is_cut_short: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn get(endpoint: Endpoint, path: &'a str) -> Self {
        Self {
            method: Method::GET,
            endpoint,
            path,
            query: String::new(),
            scope: "",
            form: None,
            deadline: None,
            cancelled: None,
            is_cut_short: false,
        }
    }

    pub(crate) fn post(endpoint: Endpoint, path: &'a str, form: &'a mut Form) -> Self {
        Self { method: Method::POST, form: Some(form), ..Self::get(endpoint, path) }
    }

    pub(crate) fn patch(endpoint: Endpoint, path: &'a str, form: &'a mut Form) -> Self {
        Self { method: Method::PATCH, form: Some(form), ..Self::get(endpoint, path) }
    }

    pub(crate) fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value.as_ref(), SEGMENT));
        self
    }

    /// The scope to name when the service says that one is missing.
    pub(crate) fn needs(mut self, scope: &'static str) -> Self {
        self.scope = scope;
        self
    }

    /// No attempt begins or goes on after this.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// No attempt begins once this is set.
    pub(crate) fn unless(mut self, cancelled: Option<&'a AtomicBool>) -> Self {
        self.cancelled = cancelled;
        self
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, left_until)
    }

    /// The method and the path, for errors and the log. The query is left out: it can hold what people search for.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(super) fn only_reads(&self) -> bool {
        self.method == Method::GET
    }

    pub(super) fn upload_size(&self) -> Option<u64> {
        self.form.as_ref().map(|form| form.len())
    }

    /// Whether the service can have carried out a change: it has the whole body, or may have it.
    pub(super) fn may_have_arrived(&self) -> bool {
        !self.only_reads() && !self.is_cut_short && self.form.as_ref().is_none_or(|form| form.is_sent())
    }
}

pub(super) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
