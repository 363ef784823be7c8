//! Content that is sent: a file on disk, bytes, or a reader.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::plain::quoted_path;

/// The progress of an upload, for [`Body::on_progress`](crate::Body::on_progress) and
/// [`AssetUpload::on_progress`](crate::AssetUpload::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// The number of bytes passed to the connection. Starts again at 0 when the upload is retried.
    pub sent: u64,
    /// The size of the file or of the whole body in bytes.
    pub total: u64,
}

/// A callback for the progress of an upload.
pub(crate) type OnUpload = Box<dyn FnMut(UploadProgress) + Send>;

/// The content of a file, of known length. It is never held in memory as a whole, unless the caller gave it as bytes.
pub(crate) struct FileContent {
    name: String,
    len: u64,
    source: Source,
}

enum Source {
    Path {
        path: PathBuf,
        modified: Option<SystemTime>,
    },
    /// A file that the caller has opened.
    Open {
        file: File,
        modified: Option<SystemTime>,
    },
    Bytes(SharedBytes),
    /// `None` once reading has begun.
    Reader(Option<Box<dyn Read + Send>>),
}

impl FileContent {
    /// Uses the file at `path`. Only its metadata is read now.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let problem = |error| Error::io(format!("the file {}", quoted_path(path)), error);
        // Opening a pipe would block until it has a writer, so the metadata is read first.
        let metadata = fs::metadata(path).map_err(problem)?;
        if !metadata.is_file() {
            return Err(not_regular(format!("the file {}", quoted_path(path)), &metadata));
        }
        open_regular(path)?;
        let source = Source::Path { path: path.to_owned(), modified: metadata.modified().ok() };
        Ok(Self { name: name_of(path), len: metadata.len(), source })
    }

    /// Uses the whole of an open file, wherever its cursor is.
    pub(crate) fn of_open(file: File) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| Error::io("the open file", error))?;
        if !metadata.is_file() {
            return Err(not_regular("the open file".to_owned(), &metadata));
        }
        let source = Source::Open { file, modified: metadata.modified().ok() };
        Ok(Self { name: String::new(), len: metadata.len(), source })
    }

    pub(crate) fn from_bytes(name: &str, bytes: Vec<u8>) -> Self {
        let bytes = SharedBytes(Arc::new(bytes));
        Self { name: own_name(name), len: bytes.0.len() as u64, source: Source::Bytes(bytes) }
    }

    pub(crate) fn from_reader(name: &str, reader: impl Read + Send + 'static, length: u64) -> Self {
        Self { name: own_name(name), len: length, source: Source::Reader(Some(Box::new(reader))) }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.name = own_name(name);
    }

    /// Returns the file name. Empty for a reader without one.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Returns how errors name it.
    pub(crate) fn shown(&self) -> String {
        shown(&self.name)
    }

    /// The error of a file that doesn't have its declared length.
    pub(crate) fn has_changed(&self, how: &str) -> Error {
        Error::changed_file(self.shown(), self.len, how)
    }

    /// Returns the first bytes, at most `most`. A reader yields them again when it is sent.
    pub(crate) fn head(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let mut reader = self.reader()?.take(most as u64);
        let read = reader.read_to_end(&mut head);
        if let (Source::Reader(gone), FileReader::Any(rest)) = (&mut self.source, reader.into_inner()) {
            *gone = Some(Box::new(Cursor::new(head.clone()).chain(rest)));
        }
        read.map_err(|error| Error::io(self.shown(), error))?;
        Ok(head)
    }

    /// Returns whether [`reader`](Self::reader) can return the content, once more or at all.
    pub(crate) fn can_be_read(&self) -> bool {
        !matches!(self.source, Source::Reader(None))
    }

    /// Returns the content from its beginning.
    pub(crate) fn reader(&mut self) -> Result<FileReader> {
        match &mut self.source {
            Source::Bytes(bytes) => Ok(FileReader::Bytes(Cursor::new(bytes.clone()))),
            Source::Reader(reader) => reader
                .take()
                .map(FileReader::Any)
                .ok_or_else(|| Error::io(shown(&self.name), io::Error::other("its reader has been used up"))),
            Source::Path { path, modified } => {
                let file = open_regular(path)?;
                let file = PathFile { file, name: self.name.clone(), len: self.len, modified: *modified };
                file.check()?;
                Ok(FileReader::File(file))
            }
            Source::Open { file, modified } => {
                let again = file.try_clone().and_then(|mut file| file.rewind().map(|()| file));
                let file = again.map_err(|error| Error::io(shown(&self.name), error))?;
                let file = PathFile { file, name: self.name.clone(), len: self.len, modified: *modified };
                file.check()?;
                Ok(FileReader::File(file))
            }
        }
    }
}

fn shown(name: &str) -> String {
    if name.is_empty() { "the reader".to_owned() } else { format!("the file {name:?}") }
}

/// Opens a file that may have been replaced since its metadata was read.
fn open_regular(path: &Path) -> Result<File> {
    disk::open_regular(path).map_err(|error| Error::io(format!("the file {}", quoted_path(path)), error))
}

fn not_regular(subject: String, metadata: &fs::Metadata) -> Error {
    Error::new(ErrorKind::Io, subject)
        .explain(if metadata.is_dir() { "is a directory" } else { "is not a regular file" })
        .advise("give the path of a file, or a reader and its length")
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Path { .. } => "path",
            Source::Open { .. } => "open file",
            Source::Bytes(_) => "bytes",
            Source::Reader(_) => "reader",
        };
        f.debug_struct("FileContent")
            .field("name", &self.name)
            .field("len", &self.len)
            .field("source", &source)
            .finish()
    }
}

/// Bytes that are sent again without a copy.
#[derive(Clone)]
pub(crate) struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file on disk that must not change.
pub(crate) struct PathFile {
    file: File,
    name: String,
    len: u64,
    modified: Option<SystemTime>,
}

impl PathFile {
    /// Fails if the file has changed since its metadata was first read.
    fn check(&self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| Error::io(format!("the file {:?}", self.name), error))?;
        if metadata.len() != self.len {
            let how = if metadata.len() < self.len { "shorter" } else { "longer" };
            return Err(Error::changed_file(shown(&self.name), self.len, how));
        }
        if self.modified.is_some() && metadata.modified().ok() != self.modified {
            return Err(Error::new(ErrorKind::Io, format!("the file {:?}", self.name))
                .explain("it has changed since it was opened")
                .advise("nothing was created; open it again when nothing writes to it"));
        }
        Ok(())
    }
}

/// The content, as it is sent.
pub(crate) enum FileReader {
    File(PathFile),
    Bytes(Cursor<SharedBytes>),
    Any(Box<dyn Read + Send>),
}

impl FileReader {
    /// Fails if the file changed while it was read.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::File(file) => file.check(),
            Self::Bytes(_) | Self::Any(_) => Ok(()),
        }
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.file.read(buffer),
            Self::Bytes(bytes) => bytes.read(buffer),
            Self::Any(reader) => reader.read(buffer),
        }
    }
}

/// Returns the name of the file at a path.
pub(crate) fn name_of(path: &Path) -> String {
    own_name(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// Returns the part of a path behind its last separator, on any system.
fn own_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}
