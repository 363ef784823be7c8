//! Writing a file as a whole.

use std::io::{self, Write};
use std::path::Path;

use super::stream;
use super::target::{Kind, Target};
use super::unfinished::Unfinished;
use crate::error::{Error, Result};

/// Writes a file with `fill` under a temporary name in the same directory, and renames it. After an error or a panic, the
/// temporary file is removed, and a file that was there before is unchanged.
///
/// What isn't a regular file, such as a pipe, is written through.
pub(crate) fn save(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    save_to(path, Target::of(path), fill)
}

fn save_to(path: &Path, target: io::Result<Target>, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    let target = target.map_err(failed)?;
    if matches!(target.kind, Kind::Stream) {
        return fill(&mut stream::open(&target.path).map_err(failed)?);
    }
    let mut unfinished = Unfinished::create(&target, false).map_err(failed)?;
    let size = fill(&mut unfinished.file)?;
    unfinished.finish().map_err(failed)?;
    Ok(size)
}

/// Saves these bytes.
#[cfg(feature = "publish")]
pub(crate) fn save_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    save_to(path, Target::of(path), fill_with(path, bytes)).map(drop)
}

/// Saves a file that this crate keeps beside another one.
#[cfg(feature = "publish")]
pub(crate) fn save_companion(path: &Path, bytes: &[u8]) -> Result<()> {
    save_to(path, Target::of_companion(path), fill_with(path, bytes)).map(drop)
}

#[cfg(feature = "publish")]
fn fill_with(path: &Path, bytes: &[u8]) -> impl FnOnce(&mut dyn Write) -> Result<u64> {
    move |writer| match writer.write_all(bytes) {
        Ok(()) => Ok(bytes.len() as u64),
        Err(error) => Err(Error::io(format!("the file {path:?}"), error)),
    }
}

/// Saves a file that only its user can read.
#[cfg(feature = "oauth2")]
pub(crate) fn save_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = Target::of(path)?;
    let mut unfinished = Unfinished::create(&target, true)?;
    unfinished.file.write_all(content)?;
    unfinished.finish()
}

/// Returns why such a file of this size couldn't be saved. The file isn't there.
#[cfg(feature = "oauth2")]
pub(crate) fn check_private(path: &Path, size: usize) -> io::Result<()> {
    let target = Target::of(path)?;
    let mut unfinished = Unfinished::create(&target, true)?;
    unfinished.file.write_all(&vec![b' '; size])?;
    unfinished.file.sync_all()
}

/// Removes a file, if it is there. A link to it stays.
#[cfg(feature = "oauth2")]
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let target = Target::of(path)?;
    match target.kind {
        Kind::Missing => Ok(()),
        Kind::Stream => Err(super::target::special()),
        Kind::Regular(_) => match std::fs::remove_file(&target.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}
