//! Calls, as plain values.

use std::borrow::Cow;
use std::io::Write;
use std::time::{Duration, Instant};

use super::download::Download;
use super::payload::Payload;
use crate::api::{Endpoint, Method, Parameter, shape};
use crate::cancel::Cancel;
use crate::credentials::Secret;
use crate::error::Error;
use crate::gate::{Pace, Slot};

/// A call: what each of its attempts sends, and where the response goes.
pub(crate) struct Call<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) path: &'a str,
    /// The template of the path, if the endpoint has none.
    pub(crate) template: Option<&'a str>,
    /// The values of the parameters in the path.
    pub(crate) parameters: &'a [Parameter],
    /// With its question mark; empty if there is none.
    pub(crate) query: String,
    /// Texts that the service may repeat in its message.
    pub(crate) echoes: &'a [String],
    /// Secrets in the body, which are removed from errors.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) payload: Option<&'a mut dyn Payload>,
    /// Another host, which never receives the credentials.
    pub(crate) origin: Option<&'a str>,
    /// Where the body of a successful response is written, in place of memory.
    pub(crate) download: Option<(&'a mut Download, &'a mut dyn Write)>,
    /// Where status and headers of a successful response are kept.
    pub(crate) head: Option<&'a mut Head>,
    /// Where the slot of the work that the call starts is kept.
    pub(crate) slot: Option<&'a mut Option<Slot>>,
    /// Called before a repeat although an attempt may have had an effect. There is none if it fails.
    pub(crate) before_repeat: Option<&'a mut (dyn FnMut() -> Result<(), Error> + Send)>,
    /// The share of the limits that the caller named.
    pub(crate) pace: Option<&'a Pace>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancel: Option<&'a Cancel>,
}

/// Status and headers of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Those whose values are text, with names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    /// `path` is the filled-in path of the endpoint.
    pub(crate) fn new(endpoint: &'a Endpoint, path: &'a str) -> Self {
        Self {
            endpoint,
            path,
            template: None,
            parameters: &[],
            query: String::new(),
            echoes: &[],
            secrets: Vec::new(),
            headers: &[],
            payload: None,
            origin: None,
            download: None,
            head: None,
            slot: None,
            before_repeat: None,
            pace: None,
            deadline: None,
            cancel: None,
        }
    }

    /// Prepares another attempt, or returns why there can't be one.
    pub(crate) fn rewind(&mut self) -> Result<(), &'static str> {
        if self.payload.as_mut().is_some_and(|payload| !payload.rewind()) {
            return Err("it was not tried again, because a reader can't be read twice: use a path or bytes");
        }
        if self.download.as_ref().is_some_and(|(download, _)| !download.can_resume()) {
            return Err("it was not resumed, because the server identifies no version of the content; start again");
        }
        Ok(())
    }

    /// Whether to count the attempts from zero again.
    pub(crate) fn has_progressed(&mut self) -> bool {
        self.download.as_mut().is_some_and(|(download, _)| download.has_progressed())
    }

    /// Returns the name of the rate limit.
    pub(crate) fn bucket(&self) -> (Method, Cow<'static, str>) {
        let path = match (self.origin, self.endpoint.path()) {
            (Some(origin), _) => Cow::Owned(origin.to_owned()),
            (None, "") => Cow::Owned(shape(self.template.unwrap_or(self.path))),
            (None, path) => Cow::Borrowed(path),
        };
        (self.endpoint.method(), path)
    }

    pub(crate) fn left(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, left_until)
    }

    /// Returns the method and path, for errors and the log. The query is left out, because it can hold personal data.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}{}", self.endpoint.method(), self.origin.unwrap_or_default(), self.path)
    }

    pub(crate) fn only_reads(&self) -> bool {
        self.endpoint.is_harmless()
    }

    pub(crate) fn upload_size(&self) -> Option<u64> {
        self.payload.as_ref().map(|payload| payload.len())
    }
}

pub(crate) fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
