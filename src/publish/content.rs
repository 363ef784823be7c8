//! Hashes of contents, and which of them are known already.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest::{Context, Digest, SHA256, digest};
use serde::{Deserialize, Serialize};

use super::animation::is_animation;
use super::files::Found;
use super::stamp::Stamp;
use crate::asset::limits;
use crate::disk::{beside, open_regular, read, read_companion, save_companion};
use crate::error::{Error, Result};

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
    Ok(hex(&context.finish()))
}

pub(super) fn hash_bytes(content: &[u8]) -> String {
    hex(&digest(&SHA256, content))
}

fn hex(hash: &Digest) -> String {
    let mut written = String::with_capacity(64);
    for byte in hash.as_ref() {
        let _ = write!(written, "{byte:02x}");
    }
    written
}
