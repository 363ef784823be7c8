//! Names of files beside other files.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

/// Longer names are cut, so that something can be added to them: many file systems allow 255 bytes, some 143.
const LONGEST: usize = 100;
/// How much of a long name is kept.
const KEPT: usize = 80;

/// Returns the directory that holds a file.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Tells which directory a file can't be opened or created in: the path of the caller may be a link.
pub(super) fn in_directory(directory: &Path, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            io::Error::new(error.kind(), format!("can't create a file in the directory {directory:?}: {error}"))
        }
        _ => error,
    }
}

/// Returns what the names of all files beside a file begin with: its name, or the beginning and the hash of one that is long
/// or isn't Unicode.
pub(crate) fn short_name(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) if name.len() <= LONGEST => name.to_owned(),
        _ => {
            let mut kept = name.to_string_lossy().into_owned();
            while kept.len() > KEPT {
                kept.pop();
            }
            format!("{kept}~{:016x}", fnv(name.as_encoded_bytes()))
        }
    }
}

/// A hash that is the same in every version of this crate and of Rust (FNV-1a).
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_short_and_of_one_file() {
        for name in ["a", "assets.lock.json", &"n".repeat(100)] {
            assert_eq!(short_name(OsStr::new(name)), name);
        }
        let long: Vec<String> =
            [101, 254, 255].into_iter().map(|length| short_name(OsStr::new(&"é".repeat(length)))).collect();
        assert!(long.iter().all(|name| name.len() <= 97 && name.starts_with("éé")), "{long:?}");
        assert!(long[0] != long[1] && long[1] != long[2], "{long:?}");
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
