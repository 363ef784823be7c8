//! Opening and reading files that may be anything.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::target::not_regular;

/// Opens a file that may have been replaced since its metadata was read. Opening a pipe would block.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    dont_block(&mut options, false);
    regular(options.open(path)?)
}

/// Returns a file if it is a regular one.
pub(super) fn regular(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok(file) } else { Err(not_regular(&metadata)) }
}

/// Lets opening end at once, whatever is there, and not follow a link.
#[cfg(unix)]
pub(super) fn dont_block(options: &mut OpenOptions, is_companion: bool) {
    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | if is_companion { OFlags::NOFOLLOW } else { OFlags::empty() };
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags);
}

/// On Windows, opening doesn't block.
#[cfg(windows)]
pub(super) fn dont_block(options: &mut OpenOptions, is_companion: bool) {
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    if is_companion {
        std::os::windows::fs::OpenOptionsExt::custom_flags(options, FILE_FLAG_OPEN_REPARSE_POINT);
    }
}

#[cfg(not(any(unix, windows)))]
pub(super) fn dont_block(_: &mut OpenOptions, _: bool) {}
