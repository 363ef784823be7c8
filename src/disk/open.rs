//! Opening and reading files that may be anything.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::target::not_regular;

/// Opens a file that may have been replaced since its metadata was read. Opening a pipe would block.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    at_once(&mut options, true);
    regular(options.open(path)?)
}

/// Returns a file if it is a regular one.
pub(super) fn regular(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok(file) } else { Err(not_regular(&metadata)) }
}

/// Lets opening end at once, also that of a pipe, and sets whether it follows a link.
#[cfg(unix)]
pub(super) fn at_once(options: &mut OpenOptions, follows_link: bool) {
    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | if follows_link { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
}

/// On Windows, opening ends at once anyway.
#[cfg(windows)]
pub(super) fn at_once(options: &mut OpenOptions, follows_link: bool) {
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    if !follows_link {
        std::os::windows::fs::OpenOptionsExt::custom_flags(options, FILE_FLAG_OPEN_REPARSE_POINT);
    }
}

#[cfg(not(any(unix, windows)))]
pub(super) fn at_once(_: &mut OpenOptions, _: bool) {}
