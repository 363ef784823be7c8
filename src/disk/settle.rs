//! What operating systems need before a file is really there.

use std::io;
use std::path::Path;

#[cfg(not(windows))]
pub(super) fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    work()
}

/// On Windows, a virus scanner, an editor or another process can hold the file briefly.
#[cfg(windows)]
pub(super) fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    const SHARING_VIOLATION: i32 = 32;
    for _ in 0..50 {
        match work() {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    || error.raw_os_error() == Some(SHARING_VIOLATION) =>
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            done => return done,
        }
    }
    work()
}

/// On Unix, the new name is in the directory, which has to be synced too.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied as Denied, Unsupported};

    let directory = super::names::directory_of(path);
    match std::fs::File::open(directory).and_then(|directory| directory.sync_all()) {
        // The directory can't be read, or the file system doesn't sync directories. The file is there.
        Err(error) if matches!(error.kind(), Denied | InvalidInput | Unsupported) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
