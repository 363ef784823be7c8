//! The journal beside a lock file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::change::Change;
use crate::disk::{beside, open_companion, read_companion, sync_directory};
use crate::error::{Error, ErrorKind, Result};

/// How much space in the journal is kept for the end of each upload that was begun.
pub(super) const END: u64 = 2 * 1024;
/// How much space is added to the journal at once.
const SPACE: u64 = 64 * 1024;

/// The journal of this run.
///
/// Spaces follow its lines: if the disk is full, the end of an upload can still be written over them.
pub(super) struct Journal {
    pub(super) file: File,
    /// The length of its whole lines.
    pub(super) length: u64,
    /// The length with the spaces.
    size: u64,
    /// A part of a line may follow the whole ones, because writing it failed.
    pub(super) is_torn: bool,
}

impl Journal {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = open_companion(path, OpenOptions::new().write(true).create(true).truncate(false))?;
        file.set_len(0)?;
        sync_directory(path)?;
        Ok(Self { file, length: 0, size: 0, is_torn: false })
    }

    /// Adds a line, after which this much space is left. When this returns, it survives a crash.
    pub(super) fn append(&mut self, line: &[u8], space: u64) -> io::Result<()> {
        if self.is_torn {
            // What is left of it must not be read as a line.
            self.file.set_len(self.length)?;
            self.size = self.length;
        }
        let end = self.length + line.len() as u64;
        if space > 0 && self.size < end + space {
            let more = (end + space - self.size).max(SPACE);
            self.file.seek(SeekFrom::Start(self.size))?;
            io::copy(&mut io::repeat(b' ').take(more), &mut self.file)?;
            self.size += more;
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.is_torn = true;
        self.file.write_all(line)?;
        self.file.sync_data()?;
        self.length = end;
        self.size = self.size.max(end);
        self.is_torn = false;
        Ok(())
    }
}

pub(super) fn journal_of(lock: &Path) -> PathBuf {
    beside(lock, ".journal")
}

/// Reads the journal of a run that was killed, line by line. Returns whether there is one.
pub(super) fn read_journal(lock: &Path, mut each: impl FnMut(Change)) -> Result<bool> {
    let path = journal_of(lock);
    let text = match read_companion(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io(format!("the journal {path:?}"), error).concerning_run()),
    };
    let mut rest = text.as_slice();
    let mut number = 0;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        number += 1;
        match serde_json::from_slice(line) {
            Ok(change) => each(change),
            // What it says was not done yet.
            Err(_) if is_torn(line, rest) => break,
            Err(error) => {
                return Err(Error::new(ErrorKind::CorruptFile, format!("the journal {path:?}"))
                    .explain(format!("line {number}: {error}"))
                    .advise("restore it; without it, uploads may be sent twice")
                    .concerning_run());
            }
        }
    }
    Ok(true)
}

/// Whether a line is the last one and was not written whole: a power failure can leave some of the spaces that were there before,
/// or zeros.
fn is_torn(line: &[u8], rest: &[u8]) -> bool {
    let is_gap = |byte: &u8| matches!(byte, b' ' | 0);
    rest.iter().all(is_gap)
        && (line.contains(&0) || line.starts_with(b" ") || line.windows(16).any(|gap| gap == [b' '; 16]))
}
