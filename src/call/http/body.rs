use std::io::{self, Read};
use std::time::Instant;

use ureq::Timeout;
use ureq::http::HeaderMap;

use super::BUFFER;

pub(super) enum ReadProblem {
    TooLarge(u64),
    Read(ureq::Error),
}

/// Unpacks what ureq leaves packed: it knows `gzip` in this spelling alone.
///
/// The error names what can't be unpacked.
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

/// Tells what is wrong with the packing from what is wrong with the connection, as ureq does.
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

/// Reads to the end, or fails at the bound or when the time is over.
pub(super) fn read_bounded(
    reader: &mut impl Read,
    body: &mut Vec<u8>,
    bound: u64,
    end: Instant,
) -> Result<(), ReadProblem> {
    loop {
        if Instant::now() >= end {
            return Err(ReadProblem::Read(ureq::Error::Timeout(Timeout::Global)));
        }
        let filled = body.len();
        body.resize(filled + BUFFER, 0);
        let read = reader.read(&mut body[filled..]);
        body.truncate(filled + read.as_ref().copied().unwrap_or(0));
        match read {
            Ok(0) => return Ok(()),
            Ok(_) if body.len() as u64 > bound => return Err(ReadProblem::TooLarge(bound)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ReadProblem::Read(ureq::Error::from(error))),
        }
    }
}
