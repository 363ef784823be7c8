use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::content::Format;
use crate::error::{Error, ErrorKind, Result};

/// The content of an asset: a file on disk, bytes, or a reader.
///
/// Nothing is read before the upload, and then never the whole of it at once. A path is opened anew for each attempt to
/// send it; a reader can be sent only once, so an upload from one is not repeated after it was begun.
///
/// A file that changes while it is sent is an error, and nothing is created: its length and the time of its last change are
/// looked at before the last byte leaves. A change that leaves both as they were can't be seen.
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

/// How far a file is on its way, for [`AssetUpload::on_progress`](crate::AssetUpload::on_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes of the file that were handed to the connection. It begins again at 0 when an upload has to be repeated.
    pub sent: u64,
    /// Bytes of the file in all.
    pub total: u64,
}

enum Source {
    Path {
        path: PathBuf,
        modified: Option<SystemTime>,
    },
    Bytes(SharedBytes),
    /// Gone once it was begun.
    Reader(Option<Box<dyn Read + Send>>),
}

impl AssetFile {
    /// The file at `path`, which is looked at now and opened when it is sent. The service is told the file's own name,
    /// never the path.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if there is no such file, it can't be read, or it is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let problem = |error| Error::io(format!("the file {path:?}"), error);
        // Opening a pipe would wait for its writer, so the look comes first.
        let metadata = fs::metadata(path).map_err(problem)?;
        if !metadata.is_file() {
            return Err(not_regular(path, &metadata));
        }
        open_regular(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Source::Path { path: path.to_owned(), modified: metadata.modified().ok() };
        Ok(Self { name: own_name(&name), content_type: None, len: metadata.len(), source, on_progress: None })
    }

    /// Content that is in memory. The extension of `name` tells its type.
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

    /// Content that comes out of a reader, `length` bytes in all. A reader that gives more or less is an error of the
    /// upload, and nothing is created.
    ///
    /// The reader is read to its end, to see that there is no more. Hand in `reader.take(length)` if it has no end, as
    /// that of a socket which stays open.
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

    /// Sets the content type, such as `image/png`. Defaults to the one of the extension. White space around it is left out.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into().trim().to_owned());
        self
    }

    /// The name that the service is told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The content type to send.
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
                Error::invalid_input(format!("the type of {:?} can't be told by its extension", self.name))
                    .advise("say it with AssetFile::content_type")
            }),
        }
    }

    pub(super) fn set_on_progress(&mut self, told: impl FnMut(UploadProgress) + Send + 'static) {
        self.on_progress = Some(Box::new(told));
    }

    /// Tells how many bytes were sent.
    pub(crate) fn report(&mut self, sent: u64) {
        if let Some(told) = &mut self.on_progress {
            told(UploadProgress { sent, total: self.len });
        }
    }

    /// The first bytes, at most `most`. A reader gives them again when it is sent.
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

    /// Whether [`reader`](Self::reader) can give the content (again).
    pub(crate) fn can_be_read(&self) -> bool {
        !matches!(self.source, Source::Reader(None))
    }

    /// The content from its beginning.
    pub(crate) fn reader(&mut self) -> Result<FileReader> {
        match &mut self.source {
            Source::Bytes(bytes) => Ok(FileReader::Bytes(Cursor::new(bytes.clone()))),
            Source::Reader(reader) => reader.take().map(FileReader::Any).ok_or_else(|| {
                Error::io(format!("the file {:?}", self.name), io::Error::other("its reader was used up already"))
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

/// Opens a file that may have become something else since it was looked at. A pipe would wait for its writer.
fn open_regular(path: &Path) -> Result<File> {
    let problem = |error| Error::io(format!("the file {path:?}"), error);
    // On Windows, opening waits for nobody.
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(problem)?;
    let metadata = file.metadata().map_err(problem)?;
    if metadata.is_file() { Ok(file) } else { Err(not_regular(path, &metadata)) }
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

/// Bytes that are sent again without being copied.
#[derive(Clone)]
pub(crate) struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file on disk that must stay as it was.
pub(crate) struct PathFile {
    file: File,
    name: String,
    len: u64,
    modified: Option<SystemTime>,
}

impl PathFile {
    /// Fails if the file isn't what it was when it was looked at.
    fn check(&self) -> Result<()> {
        let metadata = self.file.metadata().map_err(|error| Error::io(format!("the file {:?}", self.name), error))?;
        if metadata.len() != self.len {
            let how = if metadata.len() < self.len { "shorter" } else { "longer" };
            return Err(Error::changed_file(&self.name, self.len, how));
        }
        if self.modified.is_some() && metadata.modified().ok() != self.modified {
            return Err(Error::new(ErrorKind::Io, format!("the file {:?}", self.name))
                .explain("it was changed since AssetFile::open")
                .advise("nothing was created; open it again when nothing writes to it"));
        }
        Ok(())
    }
}

/// The content, on its way.
pub(crate) enum FileReader {
    File(PathFile),
    Bytes(Cursor<SharedBytes>),
    Any(Box<dyn Read + Send>),
}

impl FileReader {
    /// Fails if what was read can't be relied on: something wrote to the file meanwhile.
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

/// The part of a path that may be told: what comes after the last separator of any system.
fn own_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

/// `type/subtype` and parameters, which must not end the line that it is written in.
fn is_content_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}
