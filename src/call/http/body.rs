use std::io::{self, Read};
use std::time::Instant;

use ureq::Timeout;
use ureq::http::HeaderMap;

use super::BUFFER;

/// Enough for most responses.
const FIRST_ROOM: usize = 16 * 1024;
/// A server can declare any length.
const MAX_FIRST_ROOM: u64 = 1024 * 1024;

pub(super) enum ReadProblem {
    TooLarge(u64),
    Read(ureq::Error),
    /// The receiver of the chunks failed.
    Refused(String),
}

/// Decompresses what ureq doesn't: it accepts only the spelling `gzip`.
///
/// The error names the unknown encoding.
pub(super) fn unpacked<'a>(headers: &HeaderMap, reader: impl Read + 'a) -> Result<Box<dyn Read + 'a>, String> {
    let mut packings = Vec::new();
    for value in headers.get_all("content-encoding") {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        let names = value.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity"));
        packings.extend(names.map(str::to_owned));
    }
    match packings.as_slice() {
        [] => Ok(Box::new(reader)),
        #[cfg(feature = "gzip")]
        [one] if matches!(one.as_str(), "gzip" | "x-gzip") => {
            Ok(Box::new(Gzip(flate2::read::MultiGzDecoder::new(reader))))
        }
        many => Err(format!("content-encoding: {}", many.join(", "))),
    }
}

/// Distinguishes errors of the compression from those of the connection, as ureq does.
#[cfg(feature = "gzip")]
struct Gzip<R>(flate2::read::MultiGzDecoder<R>);

#[cfg(feature = "gzip")]
impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let is_of_ureq = error.get_ref().is_some_and(|inner| inner.is::<ureq::Error>());
            if is_of_ureq { error } else { ureq::Error::Decompress("gzip", error).into_io() }
        })
    }
}

/// Passes on each chunk as it arrives.
pub(super) fn read_chunks(
    reader: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> Result<(), ReadProblem>,
) -> Result<(), ReadProblem> {
    let mut chunk = vec![0; BUFFER];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&chunk[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadProblem::Read(ureq::Error::from(error))),
        }
    }
}

/// The body of a response, in memory that is reused for the next one. It is zeroed once, and not for each read.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Reads to the end, or fails at the bound or when the time has expired. `expected` is the declared length.
    pub(super) fn read_from(
        &mut self,
        reader: &mut impl Read,
        expected: Option<u64>,
        bound: u64,
        end: Instant,
    ) -> Result<(), ReadProblem> {
        self.clear();
        // One more byte detects the end without growing.
        let expected = expected.and_then(|expected| usize::try_from(expected.min(bound).min(MAX_FIRST_ROOM)).ok());
        let room = expected.map_or(FIRST_ROOM, |expected| expected + 1);
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        loop {
            if Instant::now() >= end {
                return Err(ReadProblem::Read(ureq::Error::Timeout(Timeout::Global)));
            }
            if self.filled == self.bytes.len() {
                self.bytes.resize(self.filled * 2, 0);
            }
            match reader.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadProblem::Read(ureq::Error::from(error))),
            }
            if self.filled as u64 > bound {
                return Err(ReadProblem::TooLarge(bound));
            }
        }
    }
}
