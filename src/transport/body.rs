use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::Timeout;
use ureq::http::HeaderMap;

use super::net::{Failure, is_pause};

/// How much is read at once.
const CHUNK: usize = 32 * 1024;
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

/// The content of a response, which must not stall. The connection returns a pause now and then, whatever it receives, so that
/// bytes without content, such as empty gzip members, don't hide a stall.
pub(super) struct Watched<'a> {
    reader: Box<dyn Read + 'a>,
    /// The longest time without content.
    limit: Duration,
    end: Instant,
}

impl<'a> Watched<'a> {
    pub(super) fn new(reader: impl Read + 'a, limit: Duration, end: Instant) -> Self {
        Self { reader: Box::new(reader), limit, end }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Time between two reads is that of the receiver.
        let began = Instant::now();
        loop {
            if Instant::now() >= self.end {
                return Err(ureq::Error::Timeout(Timeout::Global).into_io());
            }
            match self.reader.read(buffer) {
                Err(error) if is_pause(&error) || error.kind() == io::ErrorKind::Interrupted => {
                    if began.elapsed() >= self.limit {
                        return Err(ureq::Error::Timeout(Timeout::RecvBody).into_io());
                    }
                }
                read => return read,
            }
        }
    }
}

/// Passes on each chunk as it arrives.
pub(super) fn read_chunks(
    reader: &mut Watched<'_>,
    mut take: impl FnMut(&[u8]) -> Result<(), ReadProblem>,
) -> Result<(), ReadProblem> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => take(&chunk[..read])?,
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

    pub(crate) fn into_inner(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Reads to the end, or fails at the bound. `expected` is the declared length.
    pub(super) fn read_from(
        &mut self,
        reader: &mut Watched<'_>,
        expected: Option<u64>,
        bound: u64,
    ) -> Result<(), ReadProblem> {
        self.clear();
        // One more byte detects the end without growing.
        let expected = expected.and_then(|expected| usize::try_from(expected.min(bound).min(MAX_FIRST_ROOM)).ok());
        let room = expected.map_or(FIRST_ROOM, |expected| expected + 1);
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        loop {
            if self.filled == self.bytes.len() {
                self.bytes.resize(self.filled * 2, 0);
            }
            match reader.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => self.filled += read,
                Err(error) => match ureq::Error::from(error) {
                    // The body tells itself whether it is whole.
                    ureq::Error::Other(other) if matches!(other.downcast_ref(), Some(Failure::BrokeAtEnd(_))) => {
                        return Ok(());
                    }
                    error => return Err(ReadProblem::Read(error)),
                },
            }
            if self.filled as u64 > bound {
                return Err(ReadProblem::TooLarge(bound));
            }
        }
    }
}

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ureq::http::HeaderValue;

    use super::*;

    /// Pauses before each byte.
    struct Paused<'a>(&'a [u8], bool);

    impl Read for Paused<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::WouldBlock.into()) } else { (&mut self.0).take(1).read(buffer) }
        }
    }

    #[test]
    fn pauses_lose_no_content() {
        let content: Vec<u8> = (0..2000_u32).flat_map(u32::to_le_bytes).collect();
        let mut packed = Vec::new();
        for part in [&content[..3000], &[], &content[3000..]] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part).expect("memory takes it");
            packed.extend(encoder.finish().expect("memory takes it"));
        }
        for encoding in ["gzip", "x-gzip", "identity"] {
            let headers = [("content-encoding".parse().expect("a name"), HeaderValue::from_static(encoding))];
            let sent = if encoding == "identity" { &content } else { &packed };
            let reader = unpacked(&headers.into_iter().collect(), Paused(sent, false)).expect("it is known");
            let mut watched = Watched::new(reader, Duration::from_secs(60), Instant::now() + Duration::from_secs(60));
            let mut buffer = Buffer::default();
            assert!(buffer.read_from(&mut watched, None, 100_000).is_ok());
            assert!(buffer.as_slice() == content, "{encoding}");
        }
    }

    #[test]
    fn pauses_without_content_are_a_stall() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
        let far = Duration::from_secs(60);
        for (limit, left, passed) in [(Duration::ZERO, far, Timeout::RecvBody), (far, Duration::ZERO, Timeout::Global)]
        {
            let mut watched = Watched::new(Silent, limit, Instant::now() + left);
            let read = read_chunks(&mut watched, |_| Ok(()));
            assert!(matches!(read, Err(ReadProblem::Read(ureq::Error::Timeout(by))) if by == passed), "{passed:?}");
        }
    }
}
