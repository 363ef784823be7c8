use std::io::{self, Read};
use std::time::Instant;

use ureq::Timeout;

use super::BUFFER;

pub(super) enum ReadProblem {
    TooLarge(u64),
    Read(ureq::Error),
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
