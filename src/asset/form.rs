//! The body of an upload: `multipart/form-data` of exact length, streamed from the file.
//!
//! None of the published crates is suitable: one is archived and declares a wrong length, one buffers the whole file, and
//! ureq's own form can't be sent twice.

use std::io::{self, Cursor, Read};

use super::{AssetFile, FileReader};
use crate::call::Payload;
use crate::call::retry::random_u64;
use crate::error::{Error, Result};

/// Leaves room in 64 bits for the rest of the form.
const LONGEST_BODY: u64 = u64::MAX / 2;

/// A form with the part `request` (JSON) and, if there is a file, the part `fileContent`.
pub(crate) struct Form {
    boundary: String,
    /// Everything before the file, or the whole form.
    head: Cursor<Vec<u8>>,
    file: Option<FilePart>,
    tail: Cursor<Vec<u8>>,
    problem: Option<Error>,
    begin: Begin,
}

/// What a [`Begin`] is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Attempt {
    /// The first byte is about to be sent. If the callback fails, nothing is.
    Begins,
    /// The last attempt had no effect. There may be another one.
    HadNoEffect,
}

/// Is told about each attempt to send a form.
#[derive(Default)]
pub(crate) struct Begin(Option<Box<dyn FnMut(Attempt) -> Result<()> + Send>>);

impl Begin {
    #[cfg(feature = "publish")]
    pub(crate) fn new(f: impl FnMut(Attempt) -> Result<()> + Send + 'static) -> Self {
        Self(Some(Box::new(f)))
    }
}

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Begin" } else { "None" })
    }
}

struct FilePart {
    file: AssetFile,
    reader: Option<FileReader>,
    left: u64,
    /// Whether the reader is known to have no more than its declared length.
    is_checked: bool,
}

impl Form {
    /// The content type must have no line break.
    pub(crate) fn new(request: &impl serde::Serialize, file: Option<(AssetFile, String)>) -> Result<Self> {
        let json = serde_json::to_vec(request)
            .map_err(|error| Error::invalid_input(format!("the request can't be written as JSON: {error}")))?;
        let boundary = new_boundary();

        let mut head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"request\"\r\n\
             content-type: application/json\r\n\r\n"
        )
        .into_bytes();
        head.extend_from_slice(&json);
        let mut tail = format!("\r\n--{boundary}--\r\n").into_bytes();

        if file.as_ref().is_some_and(|(file, _)| file.len() > LONGEST_BODY) {
            return Err(Error::invalid_input("the declared length of the file is too large"));
        }
        let file = match file {
            None => {
                head.append(&mut tail);
                None
            }
            Some((file, content_type)) => {
                let name = escape_name(file.name());
                head.extend_from_slice(
                    format!(
                        "\r\n--{boundary}\r\ncontent-disposition: form-data; name=\"fileContent\"; \
                         filename=\"{name}\"\r\ncontent-type: {content_type}\r\n\r\n"
                    )
                    .as_bytes(),
                );
                Some(FilePart { left: file.len(), file, reader: None, is_checked: false })
            }
        };
        Ok(Self {
            boundary,
            head: Cursor::new(head),
            file,
            tail: Cursor::new(tail),
            problem: None,
            begin: Begin::default(),
        })
    }

    /// Sets what is told about each attempt.
    pub(crate) fn set_begin(&mut self, begin: Begin) {
        self.begin = begin;
    }

    /// Tells that the last attempt had no effect, if one has begun.
    pub(crate) fn had_no_effect(&mut self) {
        if let (1.., Some(begin)) = (self.head.position(), &mut self.begin.0) {
            if let Err(error) = begin(Attempt::HadNoEffect) {
                log::warn!(target: crate::LOG_TARGET, "an attempt had no effect, but that is not on record: {error}");
            }
        }
    }

    fn read_file(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(part) = &mut self.file else { return Ok(0) };
        let reader = match &mut part.reader {
            Some(reader) => reader,
            none => none.insert(part.file.reader()?),
        };
        let name = part.file.name();
        let read_error = |error: io::Error| Error::io(format!("the file {name:?}"), error);
        let mut got = 0;
        if part.left > 0 {
            let want = usize::try_from(part.left).map_or(buffer.len(), |left| left.min(buffer.len()));
            got = read_some(reader, &mut buffer[..want]).map_err(read_error)?;
            if got == 0 {
                return Err(Error::changed_file(name, part.file.len(), "shorter"));
            }
        }
        // The last byte is sent only when it is known to be the last one.
        if got as u64 == part.left && !part.is_checked {
            if read_some(reader, &mut [0]).map_err(read_error)? != 0 {
                return Err(Error::changed_file(name, part.file.len(), "longer"));
            }
            // A file that was overwritten must not become an asset.
            reader.check()?;
            part.is_checked = true;
        }
        part.left -= got as u64;
        if got > 0 {
            part.file.report(part.file.len() - part.left);
        }
        Ok(got)
    }
}

impl Payload for Form {
    fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Returns the exact length of the whole body.
    fn len(&self) -> u64 {
        let file = self.file.as_ref().map_or(0, |part| part.file.len());
        self.head.get_ref().len() as u64 + file + self.tail.get_ref().len() as u64
    }

    /// Whether the last byte was passed to the connection. Before that, the service can't have the whole request.
    fn is_sent(&self) -> bool {
        at_end(&self.head) && self.file.as_ref().is_none_or(|part| part.left == 0) && at_end(&self.tail)
    }

    /// Starts the form again. Returns `false` if its file is a used reader.
    fn rewind(&mut self) -> bool {
        self.had_no_effect();
        self.head.set_position(0);
        self.tail.set_position(0);
        match &mut self.file {
            None => true,
            Some(part) => {
                part.reader = None;
                part.left = part.file.len();
                part.is_checked = false;
                part.file.can_be_read()
            }
        }
    }

    /// Returns the error of the file, if it failed.
    fn take_problem(&mut self) -> Option<Error> {
        self.problem.take()
    }
}

fn new_boundary() -> String {
    format!("rblxopencloud-{:016x}{:016x}", random_u64(), random_u64())
}

fn at_end(cursor: &Cursor<Vec<u8>>) -> bool {
    cursor.position() >= cursor.get_ref().len() as u64
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl Read for Form {
    /// Fails if the file doesn't have its declared length: with an early end, the connection would wait for the rest.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let (0, Some(begin)) = (self.head.position(), &mut self.begin.0) {
            if let Err(problem) = begin(Attempt::Begins) {
                let error = io::Error::other(problem.to_string());
                self.problem = Some(problem);
                return Err(error);
            }
        }
        let head = self.head.read(buffer)?;
        if head > 0 {
            return Ok(head);
        }
        match self.read_file(buffer) {
            Ok(0) => self.tail.read(buffer),
            Ok(read) => Ok(read),
            Err(problem) => {
                let error = io::Error::other(problem.to_string());
                self.problem = Some(problem);
                Err(error)
            }
        }
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("len", &self.len()).field("is_sent", &self.is_sent()).finish_non_exhaustive()
    }
}

/// Escapes a file name as browsers do: quotes, backslashes and control characters become `%XX`.
fn escape_name(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\\' | '\0'..='\x1f' | '\x7f' => escaped.push_str(&format!("%{:02X}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}
