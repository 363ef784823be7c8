//! Files whose bytes the caller makes of others, such as PNG of SVG.

use std::error::Error as StdError;
use std::fmt;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use super::content::hash_bytes;
use super::item::Item;
use crate::asset::AssetType;
use crate::asset::file::AssetFile;
use crate::disk::open_regular;
use crate::error::{Error, Result};
use crate::plain::is_control;

type Prepared = std::result::Result<Vec<u8>, Box<dyn StdError + Send + Sync>>;

/// How files are prepared, for [`Publisher::prepare`](super::Publisher::prepare).
#[derive(Clone)]
#[must_use]
pub struct Preparation {
    extension: String,
    version: String,
    largest: u64,
    f: Arc<dyn Fn(&SourceFile<'_>) -> Prepared + Send + Sync>,
}

/// A file to prepare.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SourceFile<'a> {
    /// The path in its folder, with slashes.
    pub path: &'a str,
    /// The bytes of the file.
    pub content: &'a [u8],
}

impl Preparation {
    /// Creates a preparation. `f` returns the bytes to upload in place of those of a file. They are a file with this extension,
    /// such as `png`.
    ///
    /// A file is published again if its own content has changed, or if `version` has. Change the version together with what `f`
    /// makes of a file, such as a size or the version of a library.
    pub fn new(
        extension: impl Into<String>,
        version: impl Into<String>,
        f: impl Fn(&SourceFile<'_>) -> std::result::Result<Vec<u8>, Box<dyn StdError + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        let extension = extension.into().trim_start_matches('.').to_ascii_lowercase();
        Self { extension, version: version.into(), largest: 64 * 1024 * 1024, f: Arc::new(f) }
    }

    /// Sets the size in bytes of the largest file that is read into memory. Larger ones are problems. Defaults to 64 MiB.
    pub fn largest(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }

    /// Checks the settings.
    pub(super) fn check(&self) -> Result<()> {
        let problem = if AssetType::usual_for(&self.name_of("file")).is_none() {
            format!("the extension {:?} of a preparation isn't that of a known asset type", self.extension)
        } else if self.version.trim().is_empty() || self.version.contains(is_control) {
            format!("the version {:?} of a preparation is empty or has a control character", self.version)
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(problem).advise("write Preparation::new(extension, version, f)").concerning_run())
    }

    /// What tells the results of one preparation from those of others.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.extension, self.version)
    }

    /// Returns the name of the file that is made of one with this stem.
    pub(super) fn name_of(&self, stem: &str) -> String {
        format!("{stem}.{}", self.extension)
    }

    /// Makes the file to upload.
    pub(super) fn prepare(&self, item: &Item) -> Result<AssetFile> {
        let content = self.read(item)?;
        let source = SourceFile { path: &item.file.name, content: &content };
        let problem = match catch_unwind(AssertUnwindSafe(|| (self.f)(&source))) {
            Ok(Ok(bytes)) => {
                let stem = Path::new(&item.file.name).file_stem().unwrap_or_default().to_string_lossy();
                return Ok(AssetFile::from_bytes(self.name_of(&stem), bytes));
            }
            Ok(Err(error)) => format!("it can't be prepared: {error}"),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                format!("preparing it panicked: {}", text.unwrap_or("without a message"))
            }
        };
        Err(Error::invalid_input(problem))
    }

    /// Reads a file, which must be the one that was hashed.
    fn read(&self, item: &Item) -> Result<Vec<u8>> {
        let path = &item.file.path;
        let failed = |error| Error::io(format!("the file {path:?}"), error);
        let mut content = Vec::new();
        if item.file.size <= self.largest {
            let file = open_regular(path).map_err(failed)?;
            file.take(self.largest.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
        }
        if item.file.size > self.largest || content.len() as u64 > self.largest {
            let size = item.file.size.max(content.len() as u64);
            let problem = format!("it has {size} bytes, but at most {} are read to prepare it", self.largest);
            return Err(Error::invalid_input(problem).advise("exclude it, or see Preparation::largest"));
        }
        match item.key.has_hash(&hash_bytes(&content)) {
            true => Ok(content),
            false => Err(item.has_changed()),
        }
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preparation")
            .field("extension", &self.extension)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
