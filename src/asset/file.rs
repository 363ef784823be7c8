use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Error, Result};

/// The content of an asset: a file on disk, bytes, or a reader.
///
/// Nothing is read before the upload, and then never the whole of it at once. A path is opened anew for each attempt to
/// send it; a reader can be sent only once, so an upload from one is not repeated after it was begun.
///
/// ```
/// use rblxopencloud::AssetFile;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let path = "examples/assets/crate.png";
/// let from_disk = AssetFile::open(path)?;
/// let from_memory = AssetFile::from_bytes("icon.png", b"\x89PNG".to_vec());
/// let from_elsewhere = AssetFile::from_reader("voice.ogg", std::io::empty(), 0).with_content_type("audio/ogg");
/// # Ok(())
/// # }
/// ```
pub struct AssetFile {
    name: String,
    content_type: Option<String>,
    len: u64,
    source: Source,
}

enum Source {
    Path {
        path: PathBuf,
        modified: Option<SystemTime>,
    },
    Bytes(Arc<[u8]>),
    /// Gone once it was begun.
    Reader(Option<Box<dyn Read + Send>>),
}

impl AssetFile {
    /// The file at `path`, which is looked at now and opened when it is sent. The service is told the file's own name,
    /// never the path.
    ///
    /// # Errors
    /// [`File`](crate::ErrorKind::File) if there is no such file, it can't be read, or it is a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let problem = |error| Error::io(format!("the file {path:?}"), error);
        // Opening a pipe would wait for its writer, so the look comes first.
        let metadata = fs::metadata(path).map_err(problem)?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(Error::new(crate::ErrorKind::File, format!("the file {path:?}"))
                .explain(what)
                .advise("give the path of a file, or a reader and its length"));
        }
        File::open(path).map_err(problem)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Source::Path { path: path.to_owned(), modified: metadata.modified().ok() };
        Ok(Self { name: own_name(&name), content_type: None, len: metadata.len(), source })
    }

    /// Content that is in memory. The extension of `name` tells its type.
    #[must_use]
    pub fn from_bytes(name: impl AsRef<str>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self {
            name: own_name(name.as_ref()),
            content_type: None,
            len: bytes.len() as u64,
            source: Source::Bytes(bytes),
        }
    }

    /// Content that comes out of a reader, `length` bytes in all. A reader that gives more or less is an error of the
    /// upload, and nothing is created.
    #[must_use]
    pub fn from_reader(name: impl AsRef<str>, reader: impl Read + Send + 'static, length: u64) -> Self {
        Self {
            name: own_name(name.as_ref()),
            content_type: None,
            len: length,
            source: Source::Reader(Some(Box::new(reader))),
        }
    }

    /// Says what the content is, such as `image/png`, where the extension doesn't.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
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
                Err(Error::invalid_input(format!("{given:?} is no content type")).advise("write one like image/png"))
            }
            None => content_type_of(&self.name).map(str::to_owned).ok_or_else(|| {
                Error::invalid_input(format!("the type of {:?} can't be told by its extension", self.name))
                    .advise("say it with AssetFile::with_content_type")
            }),
        }
    }

    /// Whether [`reader`](Self::reader) can give the content (again).
    pub(crate) fn can_be_read(&self) -> bool {
        !matches!(self.source, Source::Reader(None))
    }

    /// The content from its beginning.
    pub(crate) fn reader(&mut self) -> Result<FileReader> {
        match &mut self.source {
            Source::Bytes(bytes) => Ok(FileReader::Bytes(Cursor::new(Arc::clone(bytes)))),
            Source::Reader(reader) => reader.take().map(FileReader::Any).ok_or_else(|| {
                Error::io(format!("the file {:?}", self.name), io::Error::other("its reader was used up already"))
            }),
            Source::Path { path, modified } => {
                let problem = |error| Error::io(format!("the file {path:?}"), error);
                let file = File::open(&*path).map_err(problem)?;
                let metadata = file.metadata().map_err(problem)?;
                if metadata.len() != self.len {
                    let how = if metadata.len() < self.len { "shorter" } else { "longer" };
                    return Err(Error::changed_file(&self.name, self.len, how));
                }
                if modified.is_some() && metadata.modified().ok() != *modified {
                    return Err(Error::new(crate::ErrorKind::File, format!("the file {path:?}"))
                        .explain("it was changed since AssetFile::open")
                        .advise("open it again when nothing writes to it"));
                }
                Ok(FileReader::File(file))
            }
        }
    }
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

/// The content, on its way.
pub(crate) enum FileReader {
    File(fs::File),
    Bytes(Cursor<Arc<[u8]>>),
    Any(Box<dyn Read + Send>),
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
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
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    essence.trim().split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parameters.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// The content types that the service documents, by extension in any case.
///
/// <https://create.roblox.com/docs/cloud/guides/usage-assets#supported-asset-types-and-limits>
const CONTENT_TYPES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("bmp", "image/bmp"),
    ("tga", "image/tga"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("fbx", "model/fbx"),
    ("gltf", "model/gltf+json"),
    ("glb", "model/gltf-binary"),
    ("rbxm", "model/x-rbxm"),
    ("rbxmx", "model/x-rbxm"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("mesh", "model/x-file-mesh-data"),
];

fn content_type_of(name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let known = CONTENT_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.filter(|_| !stem.is_empty()).map(|(_, content_type)| *content_type)
}
