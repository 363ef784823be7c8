use std::fmt;
use std::io::Read;
use std::path::Path;

use super::content::Format;
use crate::error::{Error, Result};
use crate::request::{Body, FileContent, OnUpload, UploadProgress, check_content_type};

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
    content: FileContent,
    content_type: Option<String>,
    on_progress: Option<OnUpload>,
}

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
    pub fn from_bytes(name: impl AsRef<str>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(FileContent::from_bytes(name.as_ref(), bytes.into()))
    }

    /// Uses the content of a reader, which must have exactly `length` bytes. Otherwise the upload fails, and no asset is
    /// created.
    ///
    /// The reader is read to its end. Pass `reader.take(length)` for a reader without an end, such as an open socket.
    #[must_use]
    pub fn from_reader(name: impl AsRef<str>, reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::new(FileContent::from_reader(name.as_ref(), reader, length))
    }

    fn new(content: FileContent) -> Self {
        Self { content, content_type: None, on_progress: None }
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
        self.content.name()
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.content.len()
    }

    /// Returns whether the file is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content.len() == 0
    }

    /// Returns the content type to send, or why it is unknown or invalid.
    pub(crate) fn checked_content_type(&self) -> Result<String> {
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

impl fmt::Debug for AssetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetFile")
            .field("content", &self.content)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
