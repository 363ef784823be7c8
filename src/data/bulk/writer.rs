//! Writing a back-up: a file that has another name until it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::digest::Sha256;
use super::journal::Mark;
use super::reader::decoded;
use crate::disk::open_companion;

/// The lines of a back-up, and their hash.
pub(super) struct Writer {
    sink: Option<Sink>,
    hash: Sha256,
}

enum Sink {
    Plain(BufWriter<File>),
    #[cfg(feature = "gzip")]
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
}

impl Writer {
    /// Opens the file, of which so many bytes are kept as the mark says. `None` if they aren't those that were written.
    pub(super) fn open(path: &Path, mark: &Mark, is_gzip: bool) -> io::Result<Option<Self>> {
        let offset = mark.offset;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = open_companion(path, &mut options)?;
        if file.metadata()?.len() < offset {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        if offset > 0 {
            let mut content = decoded(file.try_clone()?.take(offset))?;
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match content.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => hash.update(&buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // It isn't what this crate has written.
                    Err(_) => return Ok(None),
                }
            }
        }
        if offset > 0 && hash.clone().hex() != mark.sha256 {
            return Ok(None);
        }
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Some(Self { sink: Some(Sink::new(BufWriter::new(file), is_gzip)), hash }))
    }

    /// Adds a line, with its end.
    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.hash.update(line);
        self.add(line)
    }

    /// Returns the hash of all lines.
    pub(super) fn sha256(&self) -> String {
        self.hash.clone().hex()
    }

    /// Adds the line that isn't part of the hash, and ends the file. When this returns, it survives a crash.
    pub(super) fn end(mut self, line: &[u8]) -> io::Result<()> {
        self.add(line)?;
        self.settle().map(drop)
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Some(Sink::Plain(writer)) => writer.write_all(line),
            #[cfg(feature = "gzip")]
            Some(Sink::Gzip(writer)) => writer.write_all(line),
            None => Err(io::Error::other("an earlier error has left it incomplete")),
        }
    }

    /// Writes what was added. When this returns, it survives a crash. Returns the length of the file.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        let (mut writer, is_gzip) = self.settle()?;
        let length = writer.stream_position()?;
        self.sink = Some(Sink::new(writer, is_gzip));
        Ok(length)
    }

    /// Writes what was added, and takes the file out: a new encoder would write the beginning of a member when it is dropped.
    fn settle(&mut self) -> io::Result<(BufWriter<File>, bool)> {
        let sink = self.sink.take().ok_or_else(|| io::Error::other("an earlier error has left it incomplete"))?;
        let (mut writer, is_gzip) = match sink {
            Sink::Plain(writer) => (writer, false),
            // The next lines are a member of their own, so that the file can be cut here.
            #[cfg(feature = "gzip")]
            Sink::Gzip(writer) => (writer.finish()?, true),
        };
        writer.flush()?;
        writer.get_ref().sync_data()?;
        Ok((writer, is_gzip))
    }
}

impl Sink {
    #[cfg(feature = "gzip")]
    fn new(writer: BufWriter<File>, is_gzip: bool) -> Self {
        match is_gzip {
            true => Self::Gzip(flate2::write::GzEncoder::new(writer, flate2::Compression::default())),
            false => Self::Plain(writer),
        }
    }

    #[cfg(not(feature = "gzip"))]
    fn new(writer: BufWriter<File>, _: bool) -> Self {
        Self::Plain(writer)
    }
}
