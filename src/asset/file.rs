use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::content::{Format, Found, HEAD};
use crate::error::{Error, Result};
use crate::request::{Body, FileContent, OnUpload, UploadProgress, check_content_type, name_of};

/// The longest text that can be a path. A longer one is probably content.
const LONGEST_PATH: usize = 1024;

/// The content of an asset: a file on disk, bytes, or a reader.
///
/// What takes an `impl Into<AssetFile>` also takes these in its place:
///
/// | | is |
/// |---|---|
/// | `&str`, `&String`, `String`, `&Path`, `&PathBuf`, `PathBuf`, `&OsStr`, `OsString` | a path, always. If the file can't be opened, that is the error of the call that sends it |
/// | [`File`] | the whole file, wherever its cursor is |
/// | `Vec<u8>`, `&Vec<u8>`, `&[u8]`, `[u8; N]`, `&[u8; N]` | the content itself |
///
/// An open file and bytes have no name. They get one of their format, such as `content.png`, which is told by their first bytes.
/// If it can't be, that is the error of the call: give them a name with [`from_bytes`](Self::from_bytes), or a
/// [content type](Self::content_type).
///
/// The content is never held in memory as a whole, unless it was given as bytes. A path is opened for each attempt. A reader can
/// be sent only once, so an upload from a reader is not retried after reading has begun.
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
/// let from_memory = AssetFile::from_bytes("icon.png", b"\x89PNG");
/// let from_elsewhere = AssetFile::from_reader("voice.ogg", std::io::empty(), 0).content_type("audio/ogg");
/// let converted = AssetFile::from(b"\x89PNG\r\n\x1a\n");
/// assert_eq!(converted.name(), "content.png");
/// # Ok(())
/// # }
/// ```
pub struct AssetFile {
    content: FileContent,
    content_type: Option<String>,
    on_progress: Option<OnUpload>,
    problem: Option<Problem>,
}

/// Why converted content can't be sent.
enum Problem {
    CannotOpen(Error),
    /// A content type mends it.
    UnknownFormat(Error),
}

/// The name of content without one.
const UNNAMED: &str = "content";

impl AssetFile {
    /// Uses the file at `path`. Only its metadata is read now; it is opened when it is sent. The service receives the file
    /// name, never the path.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the file doesn't exist, can't be read, or is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        FileContent::open(path.as_ref()).map(Self::new)
    }

    /// Uses content in memory. The extension of `name` determines its content type.
    #[must_use]
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(FileContent::from_bytes(&name.into(), bytes.into()))
    }

    /// Uses the content of a reader, which must have exactly `length` bytes. Otherwise the upload fails, and no asset is
    /// created.
    ///
    /// The reader is read to its end. Pass `reader.take(length)` for a reader without an end, such as an open socket.
    #[must_use]
    pub fn from_reader(name: impl Into<String>, reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::new(FileContent::from_reader(&name.into(), reader, length))
    }

    fn new(content: FileContent) -> Self {
        Self { content, content_type: None, on_progress: None, problem: None }
    }

    /// Uses the file at a path. Why it can't be opened is kept for the call that sends it.
    fn at(path: &Path) -> Self {
        match FileContent::open(path) {
            Ok(content) => Self::new(content),
            Err(error) => {
                let text = path.to_string_lossy();
                let is_content = text.contains(['\n', '\0']) || text.len() > LONGEST_PATH;
                let error =
                    if is_content { error.advise("a text is a path; pass the bytes of the content") } else { error };
                Self::broken(&name_of(path), error)
            }
        }
    }

    fn broken(name: &str, error: Error) -> Self {
        let content = FileContent::from_bytes(name, Vec::new());
        Self { problem: Some(Problem::CannotOpen(error)), ..Self::new(content) }
    }

    /// Uses content whose format only its first bytes tell.
    fn unnamed(content: Result<FileContent>) -> Self {
        let mut content = match content {
            Ok(content) => content,
            Err(error) => return Self::broken(UNNAMED, error),
        };
        content.set_name(UNNAMED);
        let head = match content.head(HEAD) {
            Ok(head) => head,
            Err(error) => return Self::broken(UNNAMED, error),
        };
        let mut file = Self::new(content);
        match Format::of_head(&head) {
            Ok(format) => file.content.set_name(&format!("{UNNAMED}.{}", format.extension())),
            Err(found) => file.problem = Some(Problem::UnknownFormat(unknown_format(found, head.is_empty()))),
        }
        file
    }

    /// Sets the content type, such as `image/png`. Defaults to that of the extension. Surrounding white space is ignored.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into().trim().to_owned());
        self.problem.take_if(|problem| matches!(problem, Problem::UnknownFormat(_)));
        self
    }

    /// Returns the file name, which the service receives. For a path, it is the last part, also if the file can't be opened; for
    /// an open file or bytes, it is `content` with the extension of their format, if that is known.
    #[must_use]
    pub fn name(&self) -> &str {
        self.content.name()
    }

    /// Returns the length in bytes. It is 0 for a file that can't be opened.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.content.len()
    }

    /// Returns whether the file is empty, or can't be opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.len() == 0
    }

    /// Returns why the file can't be sent, whatever is done with it.
    pub(super) fn check(&self) -> Result<()> {
        match &self.problem {
            Some(Problem::CannotOpen(error) | Problem::UnknownFormat(error)) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Returns the content type to send, or why it is unknown or invalid.
    pub(crate) fn checked_content_type(&self) -> Result<String> {
        self.check()?;
        let name = self.name();
        if name.is_empty() {
            return Err(Error::invalid_input("the file has an empty name"));
        }
        match &self.content_type {
            Some(given) => check_content_type(given).map(|()| given.clone()),
            None => Format::of_name(name).map(|format| format.content_type().to_owned()).ok_or_else(|| {
                Error::invalid_input(format!("the extension of {name:?} isn't that of a known content type"))
                    .advise("set it with AssetFile::content_type")
            }),
        }
    }

    pub(super) fn set_on_progress(&mut self, f: impl FnMut(UploadProgress) + Send + 'static) {
        self.on_progress = Some(Box::new(f));
    }

    /// Returns the first bytes, at most `most`. A reader yields them again when it is sent.
    pub(super) fn head(&mut self, most: usize) -> Result<Vec<u8>> {
        self.content.head(most)
    }

    /// Returns the body of an upload of this file.
    pub(super) fn into_body(self) -> Result<Body> {
        let content_type = self.checked_content_type()?;
        let mut body = Body::of_file(self.content, content_type);
        if let Some(f) = self.on_progress {
            body.set_on_progress(f);
        }
        Ok(body)
    }
}

/// The error of content without a name whose format isn't known.
fn unknown_format(found: Found, is_empty: bool) -> Error {
    match found {
        Found::Other(other) => Error::invalid_input(format!("the content is {}", other.name)).advise(other.advice),
        _ if is_empty => Error::invalid_input("the content is empty"),
        _ => Error::invalid_input("the first bytes of the content don't tell its format")
            .advise("name it with AssetFile::from_bytes, or set AssetFile::content_type"),
    }
}

/// Each form has an `impl` of its own, so that a literal can't be mistaken for another one.
macro_rules! from_paths {
    ($($path:ty),+) => {$(
        impl From<$path> for AssetFile {
            /// Uses the file at this path. See [`AssetFile`].
            fn from(path: $path) -> Self {
                Self::at(path.as_ref())
            }
        }
    )+};
}

from_paths!(&str, &String, String, &Path, &PathBuf, PathBuf, &OsStr, OsString);

impl From<File> for AssetFile {
    /// Uses the whole file. See [`AssetFile`].
    fn from(file: File) -> Self {
        Self::unnamed(FileContent::of_open(file))
    }
}

impl From<Vec<u8>> for AssetFile {
    /// Uses these bytes. See [`AssetFile`].
    fn from(bytes: Vec<u8>) -> Self {
        Self::unnamed(Ok(FileContent::from_bytes(UNNAMED, bytes)))
    }
}

macro_rules! from_bytes {
    ($([$($generic:tt)*] $bytes:ty),+) => {$(
        impl<$($generic)*> From<$bytes> for AssetFile {
            /// Uses a copy of these bytes. See [`AssetFile`].
            fn from(bytes: $bytes) -> Self {
                Self::from(bytes.to_vec())
            }
        }
    )+};
}

from_bytes!([] &Vec<u8>, [] &[u8], [const N: usize] [u8; N], [const N: usize] &[u8; N]);

impl fmt::Debug for AssetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetFile")
            .field("content", &self.content)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
