//! Bodies of requests: of known length, streamed, and sent again if that is possible.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::file::{FileContent, OnUpload, UploadProgress};
use super::piece::Piece;
use crate::api::SEGMENT;
use crate::error::{Error, Result};
use crate::log_target::LOG_TARGET;
use crate::transport::Payload;

/// Leaves room in 64 bits for what surrounds the parts.
const LONGEST: u64 = u64::MAX / 2;

/// The body of a [`Request`](crate::Request), or a part of a [multipart](crate::Multipart) body.
///
/// A body has a known length and is never held in memory as a whole, unless the caller gave it as bytes. A file is opened for
/// each attempt. A reader can be sent only once, so a request with a reader isn't retried after reading has begun.
///
/// A body with a content type that isn't one, or longer than 2⁶³ bytes, is an
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) when it is sent. `Debug` doesn't show the content.
///
/// ```no_run
/// use rblxopencloud::{Body, Client, Method};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::from_env()?;
/// let version: serde_json::Value = client
///     .request(Method::Post, "/universes/v1/{universe}/places/{place}/versions")
///     .param("universe", 13058)
///     .param("place", 1818)
///     .query("versionType", "Published")
///     .body(Body::file("game.rbxl")?.content_type("application/octet-stream"))
///     .fetch()?;
/// # Ok(())
/// # }
/// ```
pub struct Body {
    content_type: String,
    /// The name under which a part of a form is a file.
    file_name: Option<String>,
    pieces: Vec<Piece>,
    /// The piece that is read next.
    at: usize,
    sent: u64,
    on_progress: Option<OnUpload>,
    on_attempt: OnAttempt,
    has_begun: bool,
    problem: Option<Error>,
}

/// What becomes of an attempt to send a body, for [`Request::on_attempt`](crate::Request::on_attempt).
///
/// After the last attempt, nothing more is reported if the call succeeded, or if it isn't known whether it had an effect; see
/// [`Error::outcome_unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptEvent {
    /// The first byte of the body is about to be sent, or the head of a request whose body is empty. If the callback fails,
    /// no byte of the body is.
    Begins,
    /// The last attempt certainly had no effect. Another one may follow, which begins anew. An error of the callback is only
    /// logged.
    HadNoEffect,
}

/// A callback for each attempt.
#[derive(Default)]
pub(crate) struct OnAttempt(Option<Box<dyn FnMut(AttemptEvent) -> Result<()> + Send>>);

impl OnAttempt {
    pub(crate) fn new(f: impl FnMut(AttemptEvent) -> Result<()> + Send + 'static) -> Self {
        Self(Some(Box::new(f)))
    }
}

impl fmt::Debug for OnAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnAttempt" } else { "None" })
    }
}

impl Body {
    /// Creates a body from a value, as JSON, with the content type `application/json`.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the value can't be written as JSON.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        let json = serde_json::to_vec(value)
            .map_err(|error| Error::invalid_input(format!("the body can't be written as JSON: {error}")))?;
        Ok(Self::bytes("application/json", json))
    }

    /// Creates a body from names and values, as an HTML form sends them (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields: Vec<(N, V)> = fields.into_iter().collect();
        // It doesn't grow, so no copy of a secret stays in memory.
        let room = fields.iter().map(|(name, value)| 3 * (name.as_ref().len() + value.as_ref().len()) + 2).sum();
        let mut content = Vec::with_capacity(room);
        for (name, value) in &fields {
            if !content.is_empty() {
                content.push(b'&');
            }
            for (text, end) in [(name.as_ref(), &b"="[..]), (value.as_ref(), b"")] {
                utf8_percent_encode(text, SEGMENT).for_each(|piece| content.extend_from_slice(piece.as_bytes()));
                content.extend_from_slice(end);
            }
        }
        Self::bytes("application/x-www-form-urlencoded", content)
    }

    /// Creates a body from bytes, which can be empty. Their memory is wiped when the body is dropped.
    pub fn bytes(content_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(content_type.into(), vec![Piece::bytes(bytes.into())])
    }

    /// Creates a body from the file at `path`, with the content type `application/octet-stream`. Only its metadata is read now.
    /// In a form, the part has the name of the file, never its path.
    ///
    /// A file that changes while it is sent is an error: its length and modification time are checked before the last byte is
    /// sent.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the file doesn't exist, can't be read, or isn't a regular file.
    pub fn file(path: impl AsRef<Path>) -> Result<Self> {
        FileContent::open(path.as_ref()).map(|file| Self::of_file(file, OCTETS.to_owned()))
    }

    /// Creates a body from a reader, which must have exactly `length` bytes, with the content type `application/octet-stream`.
    ///
    /// One that is shorter or longer is an error when it is sent. The reader is read to its end, to see that. Pass
    /// `reader.take(length)` for a reader without an end, such as an open socket.
    pub fn reader(reader: impl Read + Send + 'static, length: u64) -> Self {
        let file = FileContent::from_reader("", reader, length);
        Self { file_name: None, ..Self::of_file(file, OCTETS.to_owned()) }
    }

    pub(crate) fn of_file(file: FileContent, content_type: String) -> Self {
        let file_name = Some(file.name().to_owned());
        Self { file_name, ..Self::new(content_type, vec![Piece::file(file)]) }
    }

    pub(super) fn new(content_type: String, pieces: Vec<Piece>) -> Self {
        Self {
            content_type,
            file_name: None,
            pieces,
            at: 0,
            sent: 0,
            on_progress: None,
            on_attempt: OnAttempt::default(),
            has_begun: false,
            problem: None,
        }
    }

    /// Returns what makes it a part: content type, file name and pieces.
    pub(super) fn into_part(self) -> (String, Option<String>, Vec<Piece>) {
        (self.content_type, self.file_name, self.pieces)
    }

    /// Fails with this error when it is sent.
    pub(super) fn failed(mut self, problem: Error) -> Self {
        self.problem = Some(problem);
        self
    }

    /// Sets the content type, such as `image/png`. Of a part, it is that of the part.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Sets the file name that a part of a [`Multipart`](crate::Multipart) has. Defaults to the name of the [`file`](Self::file); bytes and readers
    /// have none. It has no effect on a body that isn't a part.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Calls `f` after each piece that was passed to the connection, on the thread that sends. It should return quickly. Of a
    /// part, it reports the part alone; of a part that is a form itself, nothing.
    #[must_use]
    pub fn on_progress(mut self, f: impl FnMut(UploadProgress) + Send + 'static) -> Self {
        self.set_on_progress(Box::new(f));
        self
    }

    pub(crate) fn set_on_progress(&mut self, f: OnUpload) {
        match self.pieces.as_mut_slice() {
            // It stays with the piece when this becomes a part.
            [piece] => piece.on_progress = Some(f),
            _ => self.on_progress = Some(f),
        }
    }

    /// Returns the exact length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.len()))
    }

    /// Returns whether the body is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes of a body that is one piece in memory.
    pub(super) fn bytes_in_memory(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [piece] => piece.as_bytes(),
            _ => None,
        }
    }

    /// Reads the body as a JSON object. `None` if it is something else.
    pub(super) fn to_json_object(&self) -> Option<Map<String, Value>> {
        let text = std::str::from_utf8(self.bytes_in_memory()?).ok()?;
        serde_json::from_str(text).ok()
    }

    /// Takes the content of another body of one piece. The callbacks stay.
    pub(super) fn with_content_of(mut self, other: Self) -> Self {
        let on_progress = self.pieces.drain(..).find_map(|piece| piece.on_progress);
        self.pieces = other.pieces;
        (self.at, self.sent, self.has_begun) = (0, 0, false);
        if let (Some(f), [piece]) = (on_progress, self.pieces.as_mut_slice()) {
            piece.on_progress = Some(f);
        }
        self
    }

    pub(crate) fn set_on_attempt(&mut self, on_attempt: OnAttempt) {
        self.on_attempt = on_attempt;
    }

    /// Returns what can't be sent.
    pub(crate) fn check(&self) -> Result<()> {
        if self.len() > LONGEST {
            return Err(Error::invalid_input("the declared length of the body is too large"));
        }
        check_content_type(&self.content_type)
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        match &mut self.on_attempt.0 {
            Some(f) => f(AttemptEvent::Begins).inspect_err(|_| self.has_begun = false),
            None => Ok(()),
        }
    }

    fn read_piece(&mut self, buffer: &mut [u8]) -> Result<usize> {
        // What surrounds a part is sent together with it, and not in packets of its own.
        let mut filled = 0;
        while let Some(piece) = self.pieces.get_mut(self.at).filter(|_| filled < buffer.len()) {
            match piece.read(&mut buffer[filled..])? {
                0 => self.at += 1,
                read => filled += read,
            }
            // A reader may take its time for more.
            if filled > 0 && piece.is_file() {
                break;
            }
        }
        self.sent += filled as u64;
        Ok(filled)
    }
}

const OCTETS: &str = "application/octet-stream";

/// Refuses what isn't `type/subtype` with parameters, or can't be in a header.
pub(crate) fn check_content_type(text: &str) -> Result<()> {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let is_valid = text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid_input(format!("{text:?} isn't a content type")).advise("write one like image/png"))
}

impl Payload for Body {
    fn content_type(&self) -> String {
        self.content_type.clone()
    }

    fn len(&self) -> u64 {
        Self::len(self)
    }

    fn is_sent(&self) -> bool {
        self.pieces.iter().all(|piece| piece.left() == 0)
    }

    fn rewind(&mut self) -> bool {
        (self.at, self.sent, self.has_begun) = (0, 0, false);
        // All of them, even if one can't.
        self.pieces.iter_mut().map(Piece::rewind).filter(|can_be_sent| !can_be_sent).count() == 0
    }

    fn had_no_effect(&mut self) {
        if !std::mem::take(&mut self.has_begun) {
            return;
        }
        if let Some(f) = &mut self.on_attempt.0 {
            if let Err(error) = f(AttemptEvent::HadNoEffect) {
                log::warn!(target: LOG_TARGET, "an attempt had no effect, but that is not on record: {error}");
            }
        }
    }

    fn take_problem(&mut self) -> Option<Error> {
        self.problem.take()
    }
}

impl Read for Body {
    /// Fails if a file doesn't have its declared length: with an early end, the connection would wait for the rest.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.begin().and_then(|()| self.read_piece(buffer)) {
            Ok(read) => {
                let (sent, total) = (self.sent, self.len());
                if let Some(f) = self.on_progress.as_mut().filter(|_| read > 0) {
                    f(UploadProgress { sent, total });
                }
                Ok(read)
            }
            Err(problem) => {
                let error = io::Error::other(problem.to_string());
                self.problem = Some(problem);
                Err(error)
            }
        }
    }
}

impl fmt::Debug for Body {
    /// The content can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("content_type", &self.content_type)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
