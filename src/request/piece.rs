//! The pieces of a body: bytes and files.

use std::io::{self, Cursor, Read};

use zeroize::Zeroizing;

use super::file::{FileContent, FileReader, OnUpload, UploadProgress};
use crate::error::{Error, Result};

/// What is sent in one go.
pub(super) struct Piece {
    content: Content,
    pub(super) on_progress: Option<OnUpload>,
}

enum Content {
    /// It can hold a secret, so its memory is wiped.
    Bytes(Cursor<Zeroizing<Vec<u8>>>),
    File(FilePiece),
}

impl Piece {
    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self { content: Content::Bytes(Cursor::new(Zeroizing::new(bytes))), on_progress: None }
    }

    pub(super) fn file(file: FileContent) -> Self {
        let piece = FilePiece { left: file.len(), file, reader: None, is_checked: false };
        Self { content: Content::File(piece), on_progress: None }
    }

    /// Returns the bytes, unless it is a file.
    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes.get_ref()),
            Content::File(_) => None,
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.content, Content::File(_))
    }

    pub(super) fn len(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.get_ref().len() as u64,
            Content::File(piece) => piece.file.len(),
        }
    }

    /// Returns how many bytes weren't passed to the connection yet.
    pub(super) fn left(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => self.len().saturating_sub(bytes.position()),
            Content::File(piece) => piece.left,
        }
    }

    /// Starts the piece again. Returns `false` if it is a used reader.
    pub(super) fn rewind(&mut self) -> bool {
        match &mut self.content {
            Content::Bytes(bytes) => {
                bytes.set_position(0);
                true
            }
            Content::File(piece) => piece.rewind(),
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = match &mut self.content {
            Content::Bytes(bytes) => bytes.read(buffer).unwrap_or_default(),
            Content::File(piece) => piece.read(buffer)?,
        };
        let (sent, total) = (self.len() - self.left(), self.len());
        if let Some(f) = self.on_progress.as_mut().filter(|_| read > 0) {
            f(UploadProgress { sent, total });
        }
        Ok(read)
    }
}

/// The content of a file, as it is sent.
struct FilePiece {
    file: FileContent,
    reader: Option<FileReader>,
    left: u64,
    /// Whether the reader is known to have no more than its declared length.
    is_checked: bool,
}

impl FilePiece {
    fn rewind(&mut self) -> bool {
        self.reader = None;
        self.left = self.file.len();
        self.is_checked = false;
        self.file.can_be_read()
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.file.reader()?),
        };
        let file = &self.file;
        let read_error = |error: io::Error| Error::io(file.shown(), error);
        let mut got = 0;
        if self.left > 0 {
            let want = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
            got = read_some(reader, &mut buffer[..want]).map_err(read_error)?;
            if got == 0 {
                return Err(file.has_changed("shorter"));
            }
        }
        // The last byte is sent only when it is known to be the last one.
        if got as u64 == self.left && !self.is_checked {
            if read_some(reader, &mut [0]).map_err(read_error)? != 0 {
                return Err(file.has_changed("longer"));
            }
            // A file that was overwritten must not be taken for what it was.
            reader.check()?;
            self.is_checked = true;
        }
        self.left -= got as u64;
        Ok(got)
    }
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
