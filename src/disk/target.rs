//! Where a path leads.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf, is_separator};

use super::names::directory_of;
use super::owner::is_planted;

/// How many links are followed, as on Linux.
const MOST_LINKS: usize = 40;

/// A path that isn't a link, and what is there.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing.
    Missing,
    Regular(Metadata),
    /// A pipe, a terminal or another device that takes one byte after the other.
    Stream,
}

impl Target {
    /// Follows the links of a path. Where a dangling link leads, nothing is there yet.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..=MOST_LINKS {
            let Some(kind) = kind_of(&path)? else {
                check_not_planted(&path, "link")?;
                path = path.parent().unwrap_or(Path::new("")).join(fs::read_link(&path)?);
                continue;
            };
            // What is written to a pipe goes to whoever made it. A device of Windows lies in no folder.
            if cfg!(unix) && matches!(kind, Kind::Stream) {
                check_not_planted(&path, "pipe or the device")?;
            }
            return Ok(Self { path, kind });
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "its links lead in a circle"))
    }

    /// Returns the path, unless it leads to a pipe or a device.
    #[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
    pub(super) fn regular(self) -> io::Result<PathBuf> {
        if matches!(self.kind, Kind::Stream) { Err(special()) } else { Ok(self.path) }
    }

    /// A file that this crate keeps beside another one. Nobody has a reason to make it a link.
    #[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
    pub(super) fn of_companion(path: &Path) -> io::Result<Self> {
        match kind_of(path)? {
            None => Err(is_link()),
            Some(Kind::Stream) => Err(special()),
            Some(kind) => Ok(Self { path: path.to_owned(), kind }),
        }
    }
}

/// Refuses what another user may have put there.
fn check_not_planted(path: &Path, what: &str) -> io::Result<()> {
    // What is gone fails where it is opened.
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if is_planted(&found, &fs::metadata(directory_of(path))?) {
        let problem = format!("the {what} {path:?} belongs to another user, and others can write to its folder");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    Ok(())
}

/// Returns what is at a path. `None` if it is a link to follow.
fn kind_of(path: &Path) -> io::Result<Option<Kind>> {
    if names_directory(path) {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "names a directory"));
    }
    if is_device(path) {
        return Ok(Some(Kind::Stream));
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Ok((is_descriptor(path)).then_some(Kind::Stream)),
        Ok(metadata) if metadata.is_file() => Ok(Some(Kind::Regular(metadata))),
        Ok(metadata) if is_stream(&metadata) => Ok(Some(Kind::Stream)),
        Ok(metadata) => Err(not_regular(&metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(Kind::Missing)),
        Err(error) => Err(error),
    }
}

/// Whether a path names a directory, which needn't be there: `a/`, `a/.`, `..`.
fn names_directory(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let last = bytes.rsplit(|byte| is_separator(char::from(*byte))).next();
    path.file_name().is_none() || matches!(last, Some(b"" | b"."))
}

/// Whether the kernel has made this link, for a descriptor of a process: its text isn't always a path. `/dev/stdout` leads to
/// one.
#[cfg(unix)]
fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/proc") && directory_of(path).ends_with("fd")
}

#[cfg(not(unix))]
fn is_descriptor(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn is_stream(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;

    metadata.file_type().is_fifo() || metadata.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_: &Metadata) -> bool {
    false
}

/// On macOS, a descriptor isn't a link.
#[cfg(unix)]
fn is_device(path: &Path) -> bool {
    path.starts_with("/dev/fd")
}

#[cfg(not(unix))]
fn is_device(path: &Path) -> bool {
    use std::path::{Component, Prefix};

    let is_of_devices = |component| match component {
        Component::Prefix(prefix) => matches!(prefix.kind(), Prefix::DeviceNS(_)),
        _ => false,
    };
    path.components().next().is_some_and(is_of_devices)
        || path.file_name().is_some_and(|name| is_device_name(&name.to_string_lossy()))
}

/// Whether Windows reserves a name, in every directory and with any extension.
#[cfg(any(not(unix), test))]
fn is_device_name(name: &str) -> bool {
    const DEVICES: &[&str] = &["CON", "CONIN$", "CONOUT$", "PRN", "AUX", "NUL"];
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end().to_uppercase();
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    DEVICES.contains(&stem.as_str())
        || number.is_some_and(|number| matches!(number, "¹" | "²" | "³") || matches!(number.as_bytes(), [b'1'..=b'9']))
}

/// The error of what isn't a regular file.
pub(super) fn not_regular(metadata: &Metadata) -> io::Error {
    match metadata.is_dir() {
        true => io::Error::new(io::ErrorKind::IsADirectory, "is a directory"),
        false => special(),
    }
}

/// The error of a pipe or a device.
pub(super) fn special() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file")
}

/// The error of a link that isn't followed.
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
pub(super) fn is_link() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is a link, which isn't followed here; remove it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_recognized_by_their_names() {
        for path in ["", "/", ".", "..", "a/", "a/.", "a/..", "a/b/./"] {
            assert!(names_directory(Path::new(path)), "{path}");
        }
        for path in ["a", "/a", "./a", "../a", ".a", "a.", "a/b.", "a/...", "a/.b"] {
            assert!(!names_directory(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn names_that_windows_reserves_are_devices() {
        for name in ["NUL", "nul", "con", "Con.txt", "COM1", "lpt9.log", "com¹", "AUX ", "nul:", "CONOUT$", "prn.a.b"]
        {
            assert!(is_device_name(name), "{name}");
        }
        for name in ["", "null", "console", "COM0", "COM10", "COM", "a.nul", "lptx", ".con", "コン"] {
            assert!(!is_device_name(name), "{name}");
        }
    }

    /// Only looked at, never opened.
    #[cfg(unix)]
    #[test]
    fn devices_are_written_through_unless_they_hold_blocks() {
        for path in ["/dev/null", "/dev/zero", "/dev/fd/1"] {
            assert!(matches!(Target::of(Path::new(path)).unwrap().kind, Kind::Stream), "{path}");
        }
    }
}
