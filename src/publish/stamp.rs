//! Whether a file is still what it was, as far as the file system tells.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// Clocks of file systems can be this coarse, in nanoseconds: a file that is as new as its hash can have changed after it.
const COARSEST: u64 = 2_000_000_000;

/// What the file system tells about the content of a file without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    size: u64,
    /// When the content was changed, in nanoseconds since 1970. Anyone can set it: archives, `cp -p` and build systems do.
    modified: u64,
    /// When the file was changed, which nobody can set. `None` where the standard library doesn't tell it, as on Windows.
    changed: Option<u64>,
    /// The device and the number of the file there.
    file: Option<(u64, u64)>,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let since_1970 = metadata.modified().unwrap_or(UNIX_EPOCH).duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified = u64::try_from(since_1970.as_nanos()).unwrap_or_default();
        Self { size: metadata.len(), modified, changed: changed(metadata), file: file_id(metadata) }
    }

    /// Returns whether a file that had this stamp at `at`, and has it still, has the same content. Otherwise, only the content
    /// tells.
    pub(super) fn is_proof(&self, at: u64) -> bool {
        self.changed.is_some_and(|changed| changed.saturating_add(COARSEST) < at)
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(u64::try_from(metadata.ctime_nsec()).ok()?)
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have none")]
fn file_id(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

// The standard library has both for Windows, but not in its stable part.
#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn file_id(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_old_change_time_is_proof() {
        let stamp = |changed| Stamp { size: 1, modified: 1, changed, file: None };
        for (changed, at, is_proof) in [
            (Some(1), COARSEST + 2, true),
            (Some(1), COARSEST + 1, false),
            (Some(10 * COARSEST), COARSEST, false),
            (Some(u64::MAX), u64::MAX, false),
            (None, u64::MAX, false),
        ] {
            assert_eq!(stamp(changed).is_proof(at), is_proof, "{changed:?} at {at}");
        }
    }
}
