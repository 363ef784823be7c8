//! Reads HTTP/1.1 requests: heads, and bodies with a length or in chunks.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use percent_encoding::percent_decode_str;

use super::target::{Target, is_address};

/// The largest head.
const BUFFER: usize = 64 * 1024;
pub(crate) const MOST_HEADERS: usize = 100;
const LONGEST_CHUNK_LINE: usize = 1024;

/// Why a request could not be read.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The connection broke.
    Io,
    /// The data isn't HTTP.
    Malformed(&'static str),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        // The readers of bodies report a malformed body this way.
        if error.kind() == io::ErrorKind::InvalidData { Self::Malformed("malformed body") } else { Self::Io }
    }
}

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Head {
    /// The bytes as they were sent, for the log.
    pub(crate) raw: Box<[u8]>,
    pub(crate) method: String,
    /// The names of the hosts that it is for, other than `localhost` and IP addresses.
    pub(crate) host_names: Vec<String>,
    /// Still escaped.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) length: Length,
    pub(crate) expects_continue: bool,
    pub(crate) keep_alive: bool,
    pub(crate) api_key: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) if_range: Option<String>,
}

impl Head {
    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn has_body(&self) -> bool {
        !matches!(self.length, Length::Exactly(0))
    }
}

/// The length of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    Exactly(u64),
    Chunked,
}

/// A connection and its read buffer.
pub(crate) struct Connection<S = TcpStream> {
    stream: S,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0 }
    }

    /// Reads the next head. `None` if the client has closed the connection.
    pub(crate) fn read_head(&mut self) -> Result<Option<Head>, Problem> {
        loop {
            if self.start < self.end {
                if let Some((head, length)) = parse_head(&self.buffer[self.start..self.end])? {
                    self.start += length;
                    return Ok(Some(head));
                }
            }
            if self.end == self.buffer.len() {
                if self.start == 0 {
                    return Err(Problem::Malformed("the head is too long"));
                }
                self.buffer.copy_within(self.start.., 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.fill()? == 0 {
                return if self.start == self.end {
                    Ok(None)
                } else {
                    Err(Problem::Malformed("the head is not whole"))
                };
            }
        }
    }

    pub(crate) fn body<'a>(&'a mut self, head: &Head) -> Body<'a, S> {
        let left = match head.length {
            Length::Exactly(length) => Left::Exactly(length),
            Length::Chunked => Left::ChunkHead,
        };
        Body { must_continue: head.expects_continue && head.has_body(), connection: self, left }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let read = read_some(&mut self.stream, &mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read)
    }

    /// Reads a line of a chunked body, without its line break.
    fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            if self.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match byte {
                [b'\n'] => {
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                    return Ok(line);
                }
                _ if line.len() == LONGEST_CHUNK_LINE => return Err(io::ErrorKind::InvalidData.into()),
                [byte] => line.push(byte),
            }
        }
    }
}

impl<S: Read + Write> Read for Connection<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end {
            if into.len() >= BUFFER / 4 {
                return read_some(&mut self.stream, into);
            }
            self.fill()?;
        }
        let count = into.len().min(self.end - self.start);
        into[..count].copy_from_slice(&self.buffer[self.start..self.start + count]);
        self.start += count;
        Ok(count)
    }
}

fn read_some(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

enum Left {
    Exactly(u64),
    ChunkHead,
    Chunk(u64),
    Nothing,
}

/// The body of a request. The first read sends `100 Continue` if the client expects it.
pub(crate) struct Body<'a, S = TcpStream> {
    connection: &'a mut Connection<S>,
    left: Left,
    must_continue: bool,
}

impl<S: Read + Write> Read for Body<'_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.must_continue {
            self.must_continue = false;
            self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        loop {
            match self.left {
                Left::Nothing | Left::Exactly(0) => return Ok(0),
                Left::Exactly(left) => {
                    let read = self.read_at_most(left, into)?;
                    self.left = Left::Exactly(left - read as u64);
                    return Ok(read);
                }
                Left::Chunk(0) => {
                    if !self.connection.read_line()?.is_empty() {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    self.left = Left::ChunkHead;
                }
                Left::Chunk(left) => {
                    let read = self.read_at_most(left, into)?;
                    self.left = Left::Chunk(left - read as u64);
                    return Ok(read);
                }
                Left::ChunkHead => {
                    let length = chunk_length(&self.connection.read_line()?).ok_or(io::ErrorKind::InvalidData)?;
                    if length == 0 {
                        while !self.connection.read_line()?.is_empty() {}
                        self.left = Left::Nothing;
                    } else {
                        self.left = Left::Chunk(length);
                    }
                }
            }
        }
    }
}

impl<S: Read + Write> Body<'_, S> {
    fn read_at_most(&mut self, left: u64, into: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
        match self.connection.read(&mut into[..want])? {
            0 if want > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

fn chunk_length(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// Parses a head, and returns its length. `None` if it is incomplete.
pub(crate) fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Problem> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Problem::Malformed("the head isn't HTTP")),
    };
    let target = Target::of(&request).map_err(Problem::Malformed)?;
    let (path, query) = split_target(target.path);
    let mut head = Head {
        raw: bytes[..length].into(),
        method: request.method.unwrap_or_default().to_owned(),
        host_names: target.hosts.iter().filter(|host| !is_address(host)).map(|&host| host.to_owned()).collect(),
        path: path.to_owned(),
        query,
        length: Length::Exactly(0),
        expects_continue: false,
        keep_alive: request.version == Some(1),
        api_key: None,
        authorization: None,
        content_type: None,
        range: None,
        if_range: None,
    };
    let (mut declared, mut chunked) = (None, false);
    for header in &*request.headers {
        let text = || String::from_utf8_lossy(header.value).trim().to_owned();
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let value = text();
            let number = value.parse::<u64>().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
            let number = number.ok_or(Problem::Malformed("the content-length isn't a number"))?;
            if declared.is_some_and(|known| known != number) {
                return Err(Problem::Malformed("two lengths"));
            }
            declared = Some(number);
        } else if is("transfer-encoding") {
            if !text().eq_ignore_ascii_case("chunked") {
                return Err(Problem::Malformed("an unknown transfer-encoding"));
            }
            chunked = true;
        } else if is("expect") {
            head.expects_continue = text().eq_ignore_ascii_case("100-continue");
        } else if is("connection") {
            let value = text().to_ascii_lowercase();
            let mut words = value.split(',').map(str::trim);
            head.keep_alive = if head.keep_alive { words.all(|word| word != "close") } else { value == "keep-alive" };
        } else if is("x-api-key") {
            head.api_key = Some(text());
        } else if is("authorization") {
            head.authorization = Some(text());
        } else if is("content-type") {
            head.content_type = Some(text());
        } else if is("range") {
            head.range = Some(text());
        } else if is("if-range") {
            head.if_range = Some(text());
        }
    }
    head.length = match (declared, chunked) {
        (Some(_), true) => return Err(Problem::Malformed("a length and a transfer-encoding")),
        (_, true) => Length::Chunked,
        (declared, false) => Length::Exactly(declared.unwrap_or_default()),
    };
    Ok(Some((head, length)))
}

/// Returns the path as it was sent, and the decoded query.
pub(crate) fn split_target(target: &str) -> (&str, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decoded(name), form_decoded(value))
    });
    (path, pairs.collect())
}

/// Decodes a name or a value as forms encode it.
pub(crate) fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
