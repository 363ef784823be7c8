//! Hashes of contents, and which of them are known already.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::animation::is_animation;
use super::files::Found;
use crate::asset::limits;
use crate::disk::{beside, open_regular, read, read_companion, save_companion};
use crate::error::{Error, Result};

/// Clocks of file systems can be this coarse, in nanoseconds: a file that is as new as its hash can have changed after it.
const COARSEST: u64 = 2_000_000_000;

/// What the file system tells about the content of a file without reading it.
#[derive(Default, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    fn is_proof(&self, at: u64) -> bool {
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

/// The hashes of files that haven't changed since they were read. It can be deleted at any time.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    known: BTreeMap<String, Known>,
    is_changed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    /// When it was hashed.
    at: u64,
    hash: String,
    /// It is an animation, and not another model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_animation: bool,
}

impl Cache {
    /// Reads the cache beside a lock file. A damaged one is an empty one.
    pub(super) fn read(lock: &Path) -> Self {
        let path = beside(lock, ".cache");
        let known = read_companion(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { path, known, is_changed: false }
    }

    /// Returns the hash of a file.
    pub(super) fn hash(&mut self, file: &Found) -> Result<String> {
        let known = self.known.get(&file.name);
        if let Some(known) = known.filter(|known| known.stamp == file.stamp && known.stamp.is_proof(known.at)) {
            return Ok(known.hash.clone());
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
        let hash = hash_file(&file.path).map_err(|error| Error::io(format!("the file {:?}", file.path), error))?;
        let at = u64::try_from(at).unwrap_or_default();
        let is_xml = file.name.to_ascii_lowercase().ends_with(".rbxmx") && file.size <= limits::MAX_FILE_SIZE;
        let is_animation = is_xml && read(&file.path).is_ok_and(|content| is_animation(&content));
        let known = Known { stamp: file.stamp.clone(), at, hash: hash.clone(), is_animation };
        self.known.insert(file.name.clone(), known);
        self.is_changed = true;
        Ok(hash)
    }

    /// Returns whether a file whose hash was asked for is an animation.
    pub(super) fn is_animation(&self, file: &Found) -> bool {
        self.known.get(&file.name).is_some_and(|known| known.is_animation)
    }

    /// Writes the cache, without what is known of other files.
    pub(super) fn write(&mut self, files: &[Found]) -> Result<()> {
        let before = self.known.len();
        let names: std::collections::BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        self.known.retain(|name, _| names.contains(name.as_str()));
        if !self.is_changed && self.known.len() == before {
            return Ok(());
        }
        let text = serde_json::to_vec(&self.known).unwrap_or_default();
        save_companion(&self.path, &text)
    }
}

pub(super) fn hash_file(path: &Path) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut file = open_regular(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => context.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut hash = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        let _ = write!(hash, "{byte:02x}");
    }
    Ok(hash)
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
