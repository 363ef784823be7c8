//! Functions of the caller that convert files before they are uploaded, such as SVG to PNG.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::asset::AssetType;
use crate::error::{Error, Result};
use crate::plain::is_control;

type Prepared = std::result::Result<Vec<u8>, Box<dyn StdError + Send + Sync>>;

/// How files are prepared, for [`Publisher::prepare`](super::Publisher::prepare).
#[derive(Clone)]
#[must_use]
pub struct Preparation {
    extension: String,
    version: String,
    pub(super) largest: u64,
    pub(super) f: Arc<dyn Fn(&SourceFile<'_>) -> Prepared + Send + Sync>,
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
    /// Creates a preparation. `f` returns the bytes to upload in place of those of a file, in the format of this extension, such
    /// as `png`.
    ///
    /// A file is published again if its own content has changed, or if `version` has. Change the version whenever `f` returns
    /// something else for the same file, such as after a change of a size or a new version of a library.
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

    /// Distinguishes the results of this preparation from those of others.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.extension, self.version)
    }

    /// Returns the name of the file that is made of one with this stem.
    pub(super) fn name_of(&self, stem: &str) -> String {
        format!("{stem}.{}", self.extension)
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
