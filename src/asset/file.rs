use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::content::Format;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// The content of an asset: a file on disk, bytes, or a reader.
///
/// The content is never held in memory as a whole. A path is opened for each attempt. A reader can be sent only once, so an
/// upload from a reader is not retried after reading has begun.
///
/// A file that changes during the upload is an error, and no asset is created: the length and the modification time are
/// checked before the last byte is sent. A change that keeps both can't be detected.
///
/// ```
/// use rblxopencloud::AssetFile;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let path = "examples/assets/crate.png";
/// let from_disk = AssetFile::open(path)?;
/// let from_memory = AssetFile::from_bytes("icon.png", b"\x89PNG".to_vec());
/// let from_elsewhere = AssetFile::from_reader("voice.ogg", std::io::empty(), 0).content_type("audio/ogg");
/// # Ok(())
/// # }
/// ```
pub struct AssetFile {
    name: String,
    content_type: Option<String>,
    len: u64,
    source: Source,
    on_progress: Option<Box<dyn FnMut(UploadProgress) + Send>>,
}

/// The progress of an upload, for [`AssetUpload::on_progress`](crate::AssetUpload::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// The number of bytes passed to the connection. Starts again at 0 when the upload is retried.
    pub sent: u64,
    /// The size of the file in bytes.
    pub total: u64,
}

enum Source {
    Path {
        path: PathBuf,
        modified: Option<SystemTime>,
    },
    Bytes(SharedBytes),
    /// `None` once reading has begun.
    Reader(Option<Box<dyn Read + Send>>),
}

impl AssetFile {
    /// Uses the file at `path`. Only its metadata is read now; it is opened when it is sent. The service receives the file
    /// name, never the path.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the file doesn't exist, can't be read, or is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let problem = |error| Error::io(format!("the file {path:?}"), error);
        // Opening a pipe would block until it has a writer, so the metadata is read first.
        let metadata = fs::metadata(path).map_err(problem)?;
        if !metadata.is_file() {
            return Err(not_regular(path, &metadata));
        }
        open_regular(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Source::Path { path: path.to_owned(), modified: metadata.modified().ok() };
        Ok(Self { name: own_name(&name), content_type: None, len: metadata.len(), source, on_progress: None })
    }

    /// Uses content in memory. The extension of `name` determines its content type.
    #[must_use]
    pub fn from_bytes(name: impl AsRef<str>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = SharedBytes(Arc::new(bytes.into()));
        Self {
            name: own_name(name.as_ref()),
            content_type: None,
            len: bytes.0.len() as u64,
            source: Source::Bytes(bytes),
            on_progress: None,
        }
    }

    /// Uses the content of a reader, which must have exactly `length` bytes. Otherwise the upload fails, and no asset is
    /// created.
    ///
    /// The reader is read to its end. Pass `reader.take(length)` for a reader without an end, such as an open socket.
    #[must_use]
    pub fn from_reader(name: impl AsRef<str>, reader: impl Read + Send + 'static, length: u64) -> Self {
        Self {
            name: own_name(name.as_ref()),
            content_type: None,
            len: length,
            source: Source::Reader(Some(Box::new(reader))),
            on_progress: None,
        }
    }

    /// Sets the content type, such as `image/png`. Defaults to that of the extension. Surrounding white space is ignored.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into().trim().to_owned());
        self
    }

    /// Returns the file name, which the service receives.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether the file is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the content type to send, or why it is unknown or invalid.
    pub(crate) fn checked_content_type(&self) -> Result<String> {
        if self.name.is_empty() {
            return Err(Error::invalid_input("the file has an empty name"));
        }
        match &self.content_type {
            Some(given) if is_content_type(given) => Ok(given.clone()),
            Some(given) => {
                Err(Error::invalid_input(format!("{given:?} isn't a content type")).advise("write one like image/png"))
            }
            None => Format::of_name(&self.name).map(|format| format.content_type().to_owned()).ok_or_else(|| {
                Error::invalid_input(format!("the extension of {:?} names no known content type", self.name))
                    .advise("set it with AssetFile::content_type")
            }),
        }
    }

    pub(super) fn set_on_progress(&mut self, told: impl FnMut(UploadProgress) + Send + 'static) {
        self.on_progress = Some(Box::new(told));
    }

    /// Reports how many bytes were sent.
    pub(crate) fn report(&mut self, sent: u64) {
        if let Some(told) = &mut self.on_progress {
            told(UploadProgress { sent, total: self.len });
        }
    }

    /// Returns the first bytes, at most `most`. A reader yields them again when it is sent.
    pub(super) fn head(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let mut reader = self.reader()?.take(most as u64);
        let read = reader.read_to_end(&mut head);
        if let (Source::Reader(gone), FileReader::Any(rest)) = (&mut self.source, reader.into_inner()) {
            *gone = Some(Box::new(Cursor::new(head.clone()).chain(rest)));
        }
        read.map_err(|error| Error::io(format!("the file {:?}", self.name), error))?;
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
            Source::Reader(reader) => reader.take().map(FileReader::Any).ok_or_else(|| {
                Error::io(format!("the file {:?}", self.name), io::Error::other("its reader has been used up"))
            }),
            Source::Path { path, modified } => {
                let file = open_regular(path)?;
                let file = PathFile { file, name: self.name.clone(), len: self.len, modified: *modified };
                file.check()?;
                Ok(FileReader::File(file))
            }
        }
    }
}

/// Opens a file that may have been replaced since its metadata was read.
fn open_regular(path: &Path) -> Result<File> {
    disk::open_regular(path).map_err(|error| Error::io(format!("the file {path:?}"), error))
}

fn not_regular(path: &Path, metadata: &fs::Metadata) -> Error {
    Error::new(ErrorKind::Io, format!("the file {path:?}"))
        .explain(if metadata.is_dir() { "is a directory" } else { "is not a regular file" })
        .advise("give the path of a file, or a reader and its length")
}

impl fmt::Debug for AssetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Path { .. } => "path",
            Source::Bytes(_) => "bytes",
            Source::Reader(_) => "reader",
        };
        f.debug_struct("AssetFile")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
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
            return Err(Error::changed_file(&self.name, self.len, how));
        }
        if self.modified.is_some() && metadata.modified().ok() != self.modified {
            return Err(Error::new(ErrorKind::Io, format!("the file {:?}", self.name))
                .explain("it has changed since AssetFile::open")
                .advise("no asset was created; open it again when nothing writes to it"));
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

/// Returns the part of a path behind its last separator, on any system.
fn own_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// `type/subtype` and parameters, without a line break.
fn is_content_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}
