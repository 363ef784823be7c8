//! The log of requests.

use std::collections::VecDeque;
use std::fmt;

use crate::http::{Head, MOST_HEADERS, Part, split_target};

const MOST_REQUESTS: usize = 10_000;
/// The total size of bodies that are kept; the oldest requests lose theirs first.
const MOST_BODIES: usize = 128 * 1024 * 1024;
pub(crate) const LARGEST_KEPT: usize = 64 * 1024;

/// A request to a [`Sandbox`](crate::Sandbox), from [`Sandbox::requests`](crate::Sandbox::requests).
///
/// `Debug` shows neither the API key nor the access token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The decoded names and values of the query, in the order in which they were sent.
    pub query: Vec<(String, String)>,
    /// The path and the query as they were sent.
    pub target: String,
    /// The headers in the order in which they were sent, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The first 64 KiB of the body. If all bodies together exceed 128 MiB, those of the oldest requests are emptied.
    pub body: Vec<u8>,
    /// The length of the whole body, as far as it was read.
    pub body_length: u64,
    /// The parts of the form, if the body is a valid one.
    pub parts: Vec<RecordedPart>,
    /// The status of the response. `None` if there is none, or none yet.
    pub status: Option<u16>,
    /// The number of the TCP connection, starting at 1.
    pub connection: u64,
}

impl RecordedRequest {
    /// Returns the value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the decoded value of a query parameter.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the part of the form with this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&RecordedPart> {
        self.parts.iter().find(|part| part.name == name)
    }
}

/// Whether the value of a header is a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    matches!(name, "x-api-key" | "authorization" | "proxy-authorization" | "cookie")
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), if is_secret(name) { "[redacted]" } else { value }))
            .collect();
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("headers", &headers)
            .field("body_length", &self.body_length)
            .field("parts", &self.parts)
            .field("status", &self.status)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// A part of a form, from [`RecordedRequest::parts`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedPart {
    /// The name of the field.
    pub name: String,
    /// The name of the file, with escapes such as `%22` unchanged.
    pub file_name: Option<String>,
    /// The content type.
    pub content_type: Option<String>,
    /// The length of the whole content in bytes.
    pub length: u64,
    /// The first 64 KiB of the content.
    pub body: Vec<u8>,
}

impl From<&Part> for RecordedPart {
    fn from(part: &Part) -> Self {
        Self {
            name: part.name.clone(),
            file_name: part.file_name.clone(),
            content_type: part.content_type.clone(),
            length: part.length,
            body: part.beginning[..part.beginning.len().min(LARGEST_KEPT)].to_vec(),
        }
    }
}

impl fmt::Debug for RecordedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedPart")
            .field("name", &self.name)
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A request whose head isn't parsed yet: the log is written much more often than it is read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) head: Box<[u8]>,
    pub(crate) body: Vec<u8>,
    pub(crate) body_length: u64,
    pub(crate) parts: Vec<RecordedPart>,
    pub(crate) connection: u64,
    status: Option<u16>,
}

impl Entry {
    pub(crate) fn new(head: &Head, connection: u64) -> Self {
        Self { head: head.raw.clone(), body: Vec::new(), body_length: 0, parts: Vec::new(), connection, status: None }
    }

    fn kept(&self) -> usize {
        self.body.len() + self.parts.iter().map(|part| part.body.len()).sum::<usize>()
    }

    fn read(&self) -> Option<RecordedRequest> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(&self.head).ok()?;
        let target = request.path?;
        let (path, query) = split_target(target);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(RecordedRequest {
            method: request.method?.to_owned(),
            path: path.to_owned(),
            query,
            target: target.to_owned(),
            headers: request
                .headers
                .iter()
                .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
                .collect(),
            body: self.body.clone(),
            body_length: self.body_length,
            parts: self.parts.clone(),
            status: self.status,
            connection: self.connection,
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    kept: usize,
    /// The number of the first entry whose body may still be there.
    with_body: u64,
}

impl Log {
    /// Returns the number for [`answered`](Self::answered).
    pub(crate) fn push(&mut self, entry: Entry) -> u64 {
        if self.entries.len() == MOST_REQUESTS {
            if let Some(oldest) = self.entries.pop_front() {
                self.kept -= oldest.kept();
                self.first += 1;
            }
        }
        self.kept += entry.kept();
        self.entries.push_back(entry);
        self.with_body = self.with_body.max(self.first);
        while self.kept > MOST_BODIES {
            let index = self.with_body;
            let Some(entry) = self.entry(index) else { break };
            let freed = entry.kept();
            entry.body = Vec::new();
            entry.parts.iter_mut().for_each(|part| part.body = Vec::new());
            self.kept -= freed;
            self.with_body += 1;
        }
        self.first + self.entries.len() as u64 - 1
    }

    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        if let Some(entry) = self.entry(number) {
            entry.status = Some(status);
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index)
    }

    /// Returns the requests from this number on, each with its number, and the number of the next one.
    pub(crate) fn from(&self, number: u64) -> (Vec<(u64, RecordedRequest)>, u64) {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let numbered = (self.first..).zip(&self.entries).skip(skipped);
        let requests = numbered.filter_map(|(number, entry)| Some((number, entry.read()?))).collect();
        (requests, self.first + self.entries.len() as u64)
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.entries.iter().filter_map(Entry::read).collect()
    }

    pub(crate) fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
        self.kept = 0;
    }
}
