//! Reading the files that this crate keeps.

use std::io::{self, Read};
use std::path::Path;

use super::open::open_regular;
use super::settle::patiently;
use super::target::Target;

/// Reads a file that is replaced now and then.
#[cfg(feature = "publish")]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    patiently(|| {
        let mut content = Vec::new();
        open_regular(&Target::of(path)?.regular()?)?.read_to_end(&mut content)?;
        Ok(content)
    })
}

/// Reads a file that nobody but this user may be able to read.
#[cfg(feature = "oauth2")]
pub(crate) fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    patiently(|| {
        let path = Target::of(path)?.regular()?;
        let mut file = open_regular(&path)?;
        super::owner::check_exposure(&file.metadata()?, &path)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    })
}
