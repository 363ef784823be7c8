//! Calls: what they consist of, and how they are made.

mod bytes;
mod cancel;
mod decode_error;
mod download;
mod gate;
pub(crate) mod http;
mod payload;
pub(crate) mod retry;
mod run;
mod session;
mod timeouts;
mod verdict;

use std::borrow::Cow;
use std::io::Write;
use std::time::{Duration, Instant};

pub(crate) use bytes::Bytes;
pub(crate) use cancel::Cancel;
pub(crate) use decode_error::DecodeError;
pub use download::DownloadProgress;
pub(crate) use download::{Download, OnProgress};
#[cfg(fuzzing)]
pub(crate) use gate::Limits;
pub(crate) use http::{Buffer, HttpSettings, Target, check_base_url, shown_url};
pub(crate) use payload::Payload;
pub use retry::RetryPolicy;
pub(crate) use session::Session;
pub use timeouts::Timeouts;

use crate::api::{Endpoint, Method, push_query, shape};
use crate::credentials::Secret;

/// A call.
pub(crate) struct Call<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) path: &'a str,
    /// The template of the path, if the endpoint has none.
    pub(super) template: Option<&'a str>,
    pub(super) query: String,
    /// Texts that the service may repeat in its message.
    pub(super) echoes: Vec<String>,
    /// Secrets in the body, which are removed from errors.
    pub(super) secrets: Vec<Secret>,
    pub(super) payload: Option<&'a mut dyn Payload>,
    /// Another host, which never receives the credentials.
    pub(super) origin: Option<&'a str>,
    /// Where the body of a successful response is written, in place of memory.
    pub(super) download: Option<(&'a mut Download, &'a mut dyn Write)>,
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Option<&'a Cancel>,
}

impl<'a> Call<'a> {
    /// `path` is the filled-in path of the endpoint.
    pub(crate) fn new(endpoint: &'a Endpoint, path: &'a str) -> Self {
        Self {
            endpoint,
            path,
            template: None,
            query: String::new(),
            echoes: Vec::new(),
            secrets: Vec::new(),
            payload: None,
            origin: None,
            download: None,
            deadline: None,
            cancel: None,
        }
    }

    /// Sets the body.
    pub(crate) fn payload(mut self, payload: &'a mut dyn Payload) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Sets the secrets in the body, which are removed from errors.
    #[cfg(feature = "oauth2")]
    pub(crate) fn secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Sets the template of the path.
    pub(crate) fn template(mut self, template: Option<&'a str>) -> Self {
        self.template = template;
        self
    }

    /// Sends the call to another host, without credentials.
    pub(crate) fn origin(mut self, origin: Option<&'a str>) -> Self {
        self.origin = origin;
        self
    }

    /// Sets where the body of a successful response is written.
    pub(crate) fn download(mut self, download: &'a mut Download, writer: &'a mut dyn Write) -> Self {
        self.download = Some((download, writer));
        self
    }

    /// Sets the whole query, with its question mark.
    pub(crate) fn raw_query(mut self, query: &str) -> Self {
        self.query = query.to_owned();
        self
    }

    pub(crate) fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        push_query(&mut self.query, name, value.as_ref());
        self
    }

    /// Sets the texts of the request that the service may repeat in its message.
    pub(crate) fn echoes(mut self, texts: Vec<String>) -> Self {
        self.echoes = texts;
        self
    }

    /// Sets when the last attempt must have ended.
    pub(crate) fn deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the flag that prevents further attempts.
    pub(crate) fn cancel(mut self, cancel: Option<&'a Cancel>) -> Self {
        self.cancel = cancel;
        self
    }

    /// Prepares another attempt, or returns why there can't be one.
    pub(super) fn rewind(&mut self) -> Result<(), &'static str> {
        if self.payload.as_mut().is_some_and(|payload| !payload.rewind()) {
            return Err("it was not tried again, because a reader can't be read twice: use a path or bytes");
        }
        if self.download.as_ref().is_some_and(|(download, _)| !download.can_resume()) {
            return Err("it was not resumed, because the server identifies no version of the content; start again");
        }
        Ok(())
    }

    /// Whether to count the attempts from zero again.
    pub(super) fn has_progressed(&mut self) -> bool {
        self.download.as_mut().is_some_and(|(download, _)| download.has_progressed())
    }

    /// Returns the name of the rate limit.
    pub(super) fn bucket(&self) -> (Method, Cow<'static, str>) {
        let path = match (self.origin, self.endpoint.path()) {
            (Some(origin), _) => Cow::Owned(origin.to_owned()),
            (None, "") => Cow::Owned(shape(self.template.unwrap_or(self.path))),
            (None, path) => Cow::Borrowed(path),
        };
        (self.endpoint.method(), path)
    }

    pub(super) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, left_until)
    }

    /// Returns the method and path, for errors and the log. The query is left out, because it can hold personal data.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}{}", self.endpoint.method(), self.origin.unwrap_or_default(), self.path)
    }

    pub(super) fn only_reads(&self) -> bool {
        self.endpoint.is_harmless()
    }

    pub(super) fn upload_size(&self) -> Option<u64> {
        self.payload.as_ref().map(|payload| payload.len())
    }
}

pub(super) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
