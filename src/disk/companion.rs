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
    for _ in 0..TRIES {
        let file = open_companion(path, &mut options).map_err(|error| in_directory(directory_of(path), error))?;
        // std has this since Rust 1.89.
        match fs4::FileExt::try_lock(&file) {
            Ok(()) if is_still(path, &file)? => return Ok(Some(file)),
            Ok(()) => {}
            Err(fs4::TryLockError::WouldBlock) => return Ok(None),
            Err(fs4::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// How often a file is locked that others remove each time.
const TRIES: usize = 8;

/// Whether a file still has this name. Who held the lock before may have removed it, and somebody else locked a new one.
fn is_still(path: &Path, file: &File) -> io::Result<bool> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    Ok(is_same(&found, &file.metadata()?))
}

#[cfg(unix)]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// std doesn't tell the number of a file on Windows, which has the time of creation. A file can inherit that of one that had its name
/// some seconds ago: then, this finds out nothing.
#[cfg(not(unix))]
fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_a_file_that_was_removed_is_none() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-lock-{}", std::process::id()));
        // A process that was killed may have left it, and this one has its number.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).expect("temporary files can be written");
        let path = directory.join("a.lock");
        let old = try_lock(&path).expect("it can be locked").expect("nobody else has it");
        assert!(is_still(&path, &old).unwrap());
        assert!(try_lock(&path).unwrap().is_none());
        std::fs::remove_file(&path).expect("it is there");
        assert!(!is_still(&path, &old).unwrap());
        let new = try_lock(&path).expect("it can be locked").expect("another file has the name");
        assert!(!is_still(&path, &old).unwrap() && is_still(&path, &new).unwrap());
        drop((old, new));
        std::fs::remove_dir_all(&directory).expect("it is there");
    }
}
