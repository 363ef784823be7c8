//! Reading a back-up, and finding out whether it is whole.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use super::digest::Sha256;
use super::format::{END, End, FORMAT, Header, Line, SKIPPED, Summary, VERSION};
use crate::disk::open_regular;
use crate::error::{Error, ErrorKind, Result};
use crate::plain::quoted_path;

/// The longest line that is read: a value of 4 MiB, whose text can be several times as long, and what is beside it.
const LONGEST_LINE: u64 = 32 * 1024 * 1024;

/// A back-up that is whole.
#[derive(Debug)]
pub(super) struct BackUp {
    path: PathBuf,
    pub(super) header: Header,
    pub(super) summary: Summary,
}

/// The entries of a back-up, in order. An error ends them.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<Box<dyn Read>>,
    hash: Sha256,
    number: u64,
    entries: u64,
    pub(super) header: Header,
    /// Once the last line is read.
    pub(super) summary: Option<Summary>,
    has_failed: bool,
}

impl BackUp {
    /// Reads a back-up to its end.
    pub(super) fn check(path: &Path) -> Result<Self> {
        let mut lines = Lines::open(path)?;
        for line in &mut lines {
            line?;
        }
        let Lines { header, summary, .. } = lines;
        let summary = summary.ok_or_else(|| corrupt(path, None, "it has no last line"))?;
        Ok(Self { path: path.to_owned(), header, summary })
    }

    pub(super) fn lines(&self) -> Result<Lines> {
        let lines = Lines::open(&self.path)?;
        match lines.header == self.header {
            true => Ok(lines),
            false => Err(corrupt(&self.path, Some(1), "it has changed meanwhile")),
        }
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::io(format!("the back-up {}", quoted_path(path)), error);
        let file = open_regular(path).map_err(failed)?;
        let mut lines = Self {
            path: path.to_owned(),
            reader: BufReader::new(decoded(file).map_err(failed)?),
            hash: Sha256::new(),
            number: 0,
            entries: 0,
            header: Header {
                format: String::new(),
                version: 0,
                universe: 0,
                data_store: String::new(),
                scope: None,
                prefix: String::new(),
                created: jiff::Timestamp::UNIX_EPOCH,
            },
            summary: None,
            has_failed: false,
        };
        lines.header = lines.read_header()?;
        Ok(lines)
    }

    fn read_header(&mut self) -> Result<Header> {
        let Some(line) = self.read_line()? else { return Err(self.corrupt("it is empty")) };
        self.hash.update(&line);
        let known: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
        if known["format"] != FORMAT {
            return Err(self.corrupt("it isn't a back-up of a data store, which begins with a line that says so"));
        }
        match known["version"].as_u64() {
            Some(VERSION) => {}
            Some(version) => {
                let problem = format!("it is of version {version} of the format, and this release reads {VERSION}");
                return Err(Error::new(ErrorKind::CorruptFile, self.subject())
                    .explain(problem)
                    .advise("use the release that has written it"));
            }
            None => return Err(self.corrupt("it doesn't say of which version it is")),
        }
        serde_json::from_slice(&line).map_err(|error| self.corrupt(&format!("it can't be read: {error}")))
    }

    /// Reads a line with its end.
    fn read_line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut line);
        self.number += 1;
        match read {
            Ok(0) => Ok(None),
            Ok(_) if line.last() == Some(&b'\n') => Ok(Some(line)),
            Ok(length) if length as u64 == LONGEST_LINE => Err(self.corrupt("it is too long")),
            Ok(_) => Err(self.corrupt("it was cut off")),
            // Compressed data that was cut or changed.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
                ) =>
            {
                Err(self.corrupt(&error.to_string()))
            }
            Err(error) => Err(Error::io(self.subject(), error)),
        }
    }

    fn read(&mut self) -> Result<Option<(u64, Line)>> {
        loop {
            let Some(line) = self.read_line()? else {
                return match self.summary {
                    Some(_) => Ok(None),
                    None => Err(self.corrupt("the last line is missing: it was cut off, or it isn't complete")),
                };
            };
            if self.summary.is_some() {
                return Err(self.corrupt("something follows the last line"));
            }
            if line.starts_with(END) {
                let End { end } = serde_json::from_slice(&line).map_err(|error| self.corrupt(&error.to_string()))?;
                if end.sha256 != self.hash.clone().hex() || end.entries != self.entries {
                    return Err(self.corrupt("the file was changed: its checksum is another one"));
                }
                self.summary = Some(end);
                continue;
            }
            self.hash.update(&line);
            if line.starts_with(SKIPPED) {
                continue;
            }
            let entry = serde_json::from_slice(&line).map_err(|error| self.corrupt(&error.to_string()))?;
            self.entries += 1;
            return Ok(Some((self.entries, entry)));
        }
    }

    fn subject(&self) -> String {
        format!("the back-up {}", quoted_path(&self.path))
    }

    fn corrupt(&self, problem: &str) -> Error {
        corrupt(&self.path, Some(self.number), problem)
    }
}

impl Iterator for Lines {
    /// The number of the entry, from 1, and the entry.
    type Item = Result<(u64, Line)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let read = self.read();
        self.has_failed = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

fn corrupt(path: &Path, line: Option<u64>, problem: &str) -> Error {
    let line = line.map_or_else(String::new, |number| format!("line {number}: "));
    Error::new(ErrorKind::CorruptFile, format!("the back-up {}", quoted_path(path)))
        .explain(format!("{line}{problem}"))
        .advise("nothing was restored from it; use another copy")
}

/// The content of a file that may be compressed.
#[cfg_attr(not(feature = "gzip"), allow(clippy::unnecessary_wraps))]
pub(super) fn decoded(mut file: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut mark = Vec::new();
    (&mut file).take(2).read_to_end(&mut mark)?;
    let is_gzip = mark == [0x1f, 0x8b];
    let whole = Cursor::new(mark).chain(file);
    if !is_gzip {
        return Ok(Box::new(whole));
    }
    #[cfg(feature = "gzip")]
    return Ok(Box::new(flate2::read::MultiGzDecoder::new(whole)));
    #[cfg(not(feature = "gzip"))]
    Err(io::Error::new(io::ErrorKind::Unsupported, "is compressed, which needs the feature gzip of this crate"))
}
