//! The journal beside a lock file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::lock::Key;
use super::names::check_recorded;
use super::running::machine;
use crate::disk::{beside, create_companion, read_companion, sync_directory};
use crate::error::{Error, ErrorKind, Result};

/// How much space in the journal is kept for the end of each upload that was begun.
pub(super) const END: u64 = 2 * 1024;
/// How much space is added to the journal at once.
const SPACE: u64 = 64 * 1024;

/// The first line of a journal.
#[derive(Serialize, Deserialize)]
struct Header {
    /// The machine that writes it.
    machine: String,
}

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
    /// Creates the journal of a lock file, which this process holds.
    pub(super) fn create(lock: &Path) -> io::Result<Self> {
        let path = journal_of(lock);
        let mut file = create_companion(&path)?;
        let mut header = serde_json::to_vec(&Header { machine: machine(lock).unwrap_or_default() })?;
        header.push(b'\n');
        file.write_all(&header)?;
        sync_directory(&path)?;
        let length = header.len() as u64;
        Ok(Self { file, length, size: length, is_torn: false })
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
///
/// One that came with a checkout, say, could give any file any asset. It is refused, unless the caller accepts it.
pub(super) fn read_journal(lock: &Path, accepts_foreign: bool, mut each: impl FnMut(Change)) -> Result<bool> {
    let path = journal_of(lock);
    let subject = || format!("the journal {path:?}");
    let text = match read_companion(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io(subject(), error).concerning_run()),
    };
    let mut rest = text.as_slice();
    let mut number = 0;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        number += 1;
        let read = match number {
            1 => serde_json::from_slice(line).map(|header: Header| {
                let is_own = !header.machine.is_empty() && machine(lock) == Some(header.machine);
                (is_own || accepts_foreign).then_some(())
            }),
            _ => match serde_json::from_slice(line) {
                Ok(change) => {
                    check(&change).map_err(|(problem, advice)| {
                        let error = Error::new(ErrorKind::CorruptFile, subject());
                        error.explain(format!("line {number}: {problem}")).advise(advice).concerning_run()
                    })?;
                    each(change);
                    Ok(Some(()))
                }
                Err(error) => Err(error),
            },
        };
        match read {
            Ok(Some(())) => {}
            // What it says was not done yet.
            Err(_) if is_torn(line, rest) => break,
            Err(error) if number > 1 => {
                return Err(Error::new(ErrorKind::CorruptFile, subject())
                    .explain(format!("line {number}: {error}"))
                    .advise("restore it; without it, uploads may be sent twice")
                    .concerning_run());
            }
            Ok(None) | Err(_) => {
                return Err(Error::new(ErrorKind::CorruptFile, subject())
                    .explain("no run on this machine has written it, and it can change the ids of files")
                    .advise(
                        "delete it if it came with a checkout; if a run of yours was killed before the folder was copied or \
                         moved here, accept it once with Publisher::accept_journal",
                    )
                    .concerning_run());
            }
        }
    }
    Ok(true)
}

/// Refuses what this crate doesn't write, as in a lock file. Returns what is wrong and what to do.
fn check(change: &Change) -> std::result::Result<(), (String, String)> {
    let (name, keys) = change.recorded();
    name.map_or(Ok(()), |name| check_recorded(name))?;
    match keys.into_iter().find_map(Key::problem) {
        Some(problem) => Err((problem.to_owned(), "delete the journal if it came from elsewhere".to_owned())),
        None => Ok(()),
    }
}

/// Whether a line is the last one and was not written whole: a power failure can leave some of the spaces that were there before,
/// or zeros.
fn is_torn(line: &[u8], rest: &[u8]) -> bool {
    let is_gap = |byte: &u8| matches!(byte, b' ' | 0);
    rest.iter().all(is_gap)
        && (line.contains(&0) || line.starts_with(b" ") || line.windows(16).any(|gap| gap == [b' '; 16]))
}
