//! The files that this crate keeps beside another one, such as its lock. They are regular files, and never opened through a link.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::names::{directory_of, in_directory, short_name};
use super::open::{at_once, regular};
use super::target::Target;

/// Returns the path of a file beside another one, with this added to its name. The other names of a file, which are links to it,
/// have the same files beside them.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    // A path that leads nowhere fails where the file itself is used.
    let target = Target::of(path).map_or_else(|_| path.to_owned(), |target| target.path);
    let name = short_name(target.file_name().unwrap_or_default());
    target.with_file_name(format!("{name}{ending}"))
}

/// Opens a file that this crate keeps beside another one. Truncate it afterwards.
pub(crate) fn open_companion(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    at_once(options, false);
    let opened = options.open(path);
    // The error of a link or a pipe says something else, and Windows opens the link itself.
    if opened.is_err() || cfg!(windows) {
        Target::of_companion(path)?;
    }
    regular(opened?)
}

/// Reads a file that this crate keeps beside another one.
#[cfg(feature = "publish")]
pub(crate) fn read_companion(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read;

    let mut content = Vec::new();
    open_companion(path, OpenOptions::new().read(true))?.read_to_end(&mut content)?;
    Ok(content)
}

/// Creates a file beside another one. What is there is removed first, so that nothing is written through a link.
#[cfg(feature = "publish")]
pub(crate) fn create_companion(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => open_companion(path, OpenOptions::new().write(true).create_new(true)),
    }
}

/// Returns what a regular file has that no copy of it has: one that came with a checkout, an archive or another machine differs.
/// `None` if there is no such file, or if the system doesn't tell.
#[cfg(feature = "publish")]
pub(crate) fn identity(path: &Path) -> Option<String> {
    let metadata = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let created = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let number = file_number(&metadata);
    (created.is_some() || number.is_some())
        .then(|| format!("{:x}-{:x}", number.unwrap_or_default(), created.unwrap_or_default().as_nanos()))
}

#[cfg(all(unix, feature = "publish"))]
#[allow(clippy::unnecessary_wraps)]
fn file_number(metadata: &std::fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

/// std doesn't tell it on Windows, which has the time of creation in units of 100 ns.
#[cfg(all(not(unix), feature = "publish"))]
fn file_number(_: &std::fs::Metadata) -> Option<u64> {
    None
}

/// Locks a file against other processes, until it is closed or this process ends. `None` if another one holds the lock. Creates
/// the file.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = open_companion(path, &mut options).map_err(|error| in_directory(directory_of(path), error))?;
    // std has this since Rust 1.89.
    match fs4::FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(fs4::TryLockError::WouldBlock) => Ok(None),
        Err(fs4::TryLockError::Error(error)) => Err(error),
    }
}
