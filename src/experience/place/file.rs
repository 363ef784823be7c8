use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::asset::content::{self, Found};
use crate::error::{Error, Result};
use crate::request::{Body, FileContent, OnUpload, UploadProgress};

/// The first bytes of a binary place.
const BINARY: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n";
/// How much of a file is read to check it.
const HEAD: usize = 4096;
/// The endings of models, whose content begins as that of places does.
const MODELS: &[&str] = &["rbxm", "rbxmx"];

const BINARY_TYPE: &str = "application/octet-stream";
const XML_TYPE: &str = "application/xml";

/// The content of a place, for [`Place::publish`](crate::Place::publish) and [`Place::save`](crate::Place::save): a path, an open
/// file, bytes, or a reader.
///
/// A path or bytes convert into one, so it is needed only for a reader or for the progress. The content is `.rbxl` or `.rbxlx`; its
/// first bytes tell which, and are checked before anything is sent. A file whose name is that of a model (`.rbxm`, `.rbxmx`) is
/// refused.
///
/// The content is never held in memory as a whole, unless it is given as bytes. A path is opened for each attempt, and an
/// open file is read again. A reader can be sent only once, so the call isn't repeated after reading has begun. A file that changes while it is sent is an
/// error, and nothing is saved.
///
/// ```no_run
/// use rblxopencloud::experience::PlaceFile;
///
/// # fn run(place: &rblxopencloud::Place) -> rblxopencloud::Result<()> {
/// place.publish("game.rbxl")?;
/// let file = PlaceFile::open("game.rbxl")?.on_progress(|progress| println!("{} of {}", progress.sent, progress.total));
/// place.publish(file)?;
/// # Ok(())
/// # }
/// ```
pub struct PlaceFile {
    content: Result<FileContent>,
    on_progress: Option<OnUpload>,
}

impl PlaceFile {
    /// Uses the file at `path`. Only its metadata is read now; it is opened when it is sent.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the file doesn't exist, can't be read, or isn't a regular file. A path that is
    /// converted has the same error when it is sent.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        FileContent::open(path.as_ref()).map(|content| Self::new(Ok(content)))
    }

    /// Uses content in memory.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Ok(FileContent::from_bytes("", bytes.into())))
    }

    /// Uses the content of a reader, which must have exactly `length` bytes. Otherwise the call fails, and nothing is saved.
    ///
    /// The reader is read to its end. Pass `reader.take(length)` for a reader without an end, such as an open socket.
    #[must_use]
    pub fn from_reader(reader: impl Read + Send + 'static, length: u64) -> Self {
        Self::new(Ok(FileContent::from_reader("", reader, length)))
    }

    /// Calls `f` after each piece that was passed to the connection, on the thread that sends. It should return quickly.
    #[must_use]
    pub fn on_progress(mut self, f: impl FnMut(UploadProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(f));
        self
    }

    fn new(content: Result<FileContent>) -> Self {
        Self { content, on_progress: None }
    }

    /// Checks the content, and returns it as a body.
    pub(super) fn into_body(self) -> Result<Body> {
        let mut content = self.content?;
        let shown = content.shown();
        if content.len() == 0 {
            return Err(Error::invalid_input(format!("{shown} is empty; a place is an .rbxl or .rbxlx file")));
        }
        let extension =
            Path::new(content.name()).extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        if MODELS.contains(&extension.as_str()) {
            let error = Error::invalid_input(format!("{shown} is a model by its name, and not a place"));
            return Err(error.advise("save the place as .rbxl or .rbxlx; a model is an asset, for User::upload_asset"));
        }
        let head = content.head(HEAD)?;
        let content_type = content_type(&head).map_err(|(problem, advice)| {
            let error = Error::invalid_input(format!("{shown} isn't a place: {problem}"));
            error.advise(advice.unwrap_or("save the place as .rbxl or .rbxlx"))
        })?;
        let mut body = Body::of_file(content, content_type.to_owned());
        if let Some(f) = self.on_progress {
            body.set_on_progress(f);
        }
        Ok(body)
    }
}

/// Returns the content type of a place by its first bytes, or what they are instead and what to do.
fn content_type(head: &[u8]) -> Result<&'static str, (String, Option<&'static str>)> {
    if head.starts_with(BINARY) {
        return Ok(BINARY_TYPE);
    }
    if head.starts_with(b"<roblox!") {
        let problem = "its signature is damaged, as if it had been changed as a text".to_owned();
        return Err((problem, Some("check how it was transferred; mark the file as binary in .gitattributes")));
    }
    if is_xml_place(head) {
        return Ok(XML_TYPE);
    }
    Err(match content::identify(head) {
        Found::Other(other) => (format!("it is {}", other.name), Some(other.advice)),
        Found::Format(format) => (format!("it begins like a .{} file", format.extension()), None),
        Found::LongTag | Found::Nothing => ("it begins with other bytes".to_owned(), None),
    })
}

/// Whether it is XML whose first element is `roblox`, behind a byte order mark, a declaration or comments.
fn is_xml_place(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some((_, behind)) = [("<?", "?>"), ("<!--", "-->")]
        .into_iter()
        .find_map(|(open, close)| rest.strip_prefix(open).map(|inner| inner.split_once(close).unwrap_or_default()))
    {
        rest = behind.trim_start();
    }
    let behind = rest.strip_prefix("<roblox").and_then(|rest| rest.chars().next());
    behind.is_some_and(|next| next.is_whitespace() || matches!(next, '>' | '/'))
}

impl fmt::Debug for PlaceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceFile").field("content", &self.content).finish_non_exhaustive()
    }
}

macro_rules! from_path {
    ($($path:ty),+) => {$(
        /// Uses the file at a path. An error of [`open`](PlaceFile::open) is one of the call that sends it.
        impl From<$path> for PlaceFile {
            fn from(path: $path) -> Self {
                Self::new(FileContent::open(path.as_ref()))
            }
        }
    )+};
}

from_path!(&str, &String, String, &Path, &PathBuf, PathBuf, &OsStr, OsString);

macro_rules! from_bytes {
    ($($bytes:ty),+) => {$(
        /// Uses content in memory.
        impl From<$bytes> for PlaceFile {
            fn from(bytes: $bytes) -> Self {
                Self::from_bytes(bytes.to_vec())
            }
        }
    )+};
}

from_bytes!(Vec<u8>, &Vec<u8>, &[u8]);

/// Uses content in memory.
impl<const N: usize> From<&[u8; N]> for PlaceFile {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from_bytes(bytes)
    }
}

/// Uses content in memory.
impl<const N: usize> From<[u8; N]> for PlaceFile {
    fn from(bytes: [u8; N]) -> Self {
        Self::from_bytes(bytes)
    }
}

/// Uses the whole of an open file, wherever its cursor is. It can be sent again.
impl From<File> for PlaceFile {
    fn from(file: File) -> Self {
        Self::new(FileContent::of_open(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_their_first_bytes() {
        for (head, found) in [
            (&b"<roblox!\x89\xff\r\n\x1a\n\0\0"[..], Some(BINARY_TYPE)),
            (b"<roblox xmlns:xmime=\"http://www.w3.org/2005/05/xmlmime\" version=\"4\">", Some(XML_TYPE)),
            (b"<roblox></roblox>", Some(XML_TYPE)),
            (b"\xef\xbb\xbf\r\n<roblox\tversion=\"4\">", Some(XML_TYPE)),
            (b"<?xml version=\"1.0\"?>\n<!-- a place --><roblox version=\"4\">", Some(XML_TYPE)),
            (b"<roblox!\x89\xff\n\x1a\n\0\0", None),
            (b"<roblox!", None),
            (b"<robloxian>", None),
            (b"<html><body>roblox</body></html>", None),
            (b"\x89PNG\r\n\x1a\n", None),
            (b"version https://git-lfs.github.com/spec/v1\n", None),
            (b"PK\x03\x04", None),
            (b"text", None),
            (b"", None),
        ] {
            assert_eq!(content_type(head).ok(), found, "{}", String::from_utf8_lossy(head));
        }
    }
}
