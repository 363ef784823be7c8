//! Runs preparations.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::content::hash_bytes;
use super::item::Item;
use super::preparation::{Preparation, SourceFile};
use crate::asset::file::AssetFile;
use crate::disk::open_regular;
use crate::error::{Error, Result};

/// Converts a file to the one to upload.
pub(super) fn prepare(preparation: &Preparation, item: &Item) -> Result<AssetFile> {
    let content = read(preparation, item)?;
    let source = SourceFile { path: &item.file.name, content: &content };
    let problem = match catch_unwind(AssertUnwindSafe(|| (preparation.f)(&source))) {
        Ok(Ok(bytes)) => {
            let stem = Path::new(&item.file.name).file_stem().unwrap_or_default().to_string_lossy();
            return Ok(AssetFile::from_bytes(preparation.name_of(&stem), bytes));
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
fn read(preparation: &Preparation, item: &Item) -> Result<Vec<u8>> {
    let path = &item.file.path;
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    let mut content = Vec::new();
    if item.file.size <= preparation.largest {
        let file = open_regular(path).map_err(failed)?;
        file.take(preparation.largest.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    }
    if item.file.size > preparation.largest || content.len() as u64 > preparation.largest {
        let size = item.file.size.max(content.len() as u64);
        let problem = format!("it has {size} bytes, but at most {} are read to prepare it", preparation.largest);
        return Err(Error::invalid_input(problem).advise("exclude it, or see Preparation::largest"));
    }
    match item.key.has_hash(&hash_bytes(&content)) {
        true => Ok(content),
        false => Err(item.has_changed()),
    }
}
