//! Reads `multipart/form-data` of any length, as a stream.

use std::io::{self, BufRead, Read};

const BUFFER: usize = 128 * 1024;
const MOST_PARTS: usize = 100;
const MOST_HEADERS: usize = 32;
/// How much of a part's content is kept.
pub(crate) const LARGEST_KEPT: usize = 20 * 1024 * 1024;

#[derive(Debug)]
pub(crate) enum Problem {
    Io(io::Error),
    Malformed(&'static str),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A part. Only the beginning of its content is kept.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) length: u64,
    pub(crate) hash: u64,
    pub(crate) beginning: Vec<u8>,
}

impl Part {
    /// A file that is the whole body of a request.
    pub(crate) fn of_body(content_type: Option<String>) -> Self {
        let (name, hash) = (String::new(), Fnv::default().0);
        Self { name, file_name: None, content_type, length: 0, hash, beginning: Vec::new() }
    }

    /// Adds bytes to the content.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut hash = Fnv(self.hash);
        hash.write(bytes);
        self.hash = hash.0;
        self.length += bytes.len() as u64;
        let room = LARGEST_KEPT - self.beginning.len();
        self.beginning.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Reads all parts.
pub(crate) fn read_form(reader: impl Read, boundary: &str) -> Result<Vec<Part>, Problem> {
    let mut scanner = Scanner::new(reader, boundary);
    scanner.read_content(|_| {})?;
    let mut parts = Vec::new();
    while scanner.is_another_part()? {
        if parts.len() == MOST_PARTS {
            return Err(Problem::Malformed("too many parts"));
        }
        let mut part = scanner.read_headers()?;
        scanner.read_content(|bytes| part.push(bytes))?;
        parts.push(part);
    }
    Ok(parts)
}

/// Returns the boundary of a content type. `None` if it isn't that of a form.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next()?.trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty() && boundary.len() <= 70)
}

struct Scanner<R> {
    reader: R,
    delimiter: Vec<u8>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: Read> Scanner<R> {
    fn new(reader: R, boundary: &str) -> Self {
        let mut buffer = vec![0; BUFFER].into_boxed_slice();
        // The first delimiter may have no line break before it.
        buffer[..2].copy_from_slice(b"\r\n");
        Self { reader, delimiter: format!("\r\n--{boundary}").into_bytes(), buffer, start: 0, end: 2 }
    }

    /// Returns what precedes the next delimiter, and skips the delimiter.
    fn read_content(&mut self, mut sink: impl FnMut(&[u8])) -> Result<(), Problem> {
        loop {
            let window = &self.buffer[self.start..self.end];
            if let Some(at) = find(window, &self.delimiter) {
                sink(&window[..at]);
                self.start += at + self.delimiter.len();
                return Ok(());
            }
            // The end of the window may be the beginning of a delimiter.
            let sure = window.len().saturating_sub(self.delimiter.len() - 1);
            sink(&window[..sure]);
            self.start += sure;
            self.fill("the form ends before its last boundary")?;
        }
    }

    /// Reads what follows a delimiter.
    fn is_another_part(&mut self) -> Result<bool, Problem> {
        let not_whole = "the form ends in a boundary";
        while self.end - self.start < 2 {
            self.fill(not_whole)?;
        }
        if self.buffer[self.start..].starts_with(b"--") {
            self.start += 2;
            return Ok(false);
        }
        loop {
            while self.start < self.end && matches!(self.buffer[self.start], b' ' | b'\t') {
                self.start += 1;
            }
            if self.end - self.start >= 2 {
                break;
            }
            self.fill(not_whole)?;
        }
        if !self.buffer[self.start..].starts_with(b"\r\n") {
            return Err(Problem::Malformed("a boundary with something behind it"));
        }
        self.start += 2;
        Ok(true)
    }

    fn read_headers(&mut self) -> Result<Part, Problem> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            match httparse::parse_headers(&self.buffer[self.start..self.end], &mut headers) {
                Ok(httparse::Status::Complete((length, headers))) => {
                    let part = part_of(headers)?;
                    // The headers may be followed by the next delimiter, whose line break is that of the headers.
                    self.start += length;
                    return Ok(part);
                }
                Ok(httparse::Status::Partial) => self.fill("the form ends in a part's headers")?,
                Err(_) => return Err(Problem::Malformed("a part's headers are none")),
            }
        }
    }

    fn fill(&mut self, at_end: &'static str) -> Result<(), Problem> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            return Err(Problem::Malformed("a part's headers are too long"));
        }
        let read = self.reader.read(&mut self.buffer[self.end..])?;
        if read == 0 {
            return Err(Problem::Malformed(at_end));
        }
        self.end += read;
        Ok(())
    }
}

fn part_of(headers: &[httparse::Header<'_>]) -> Result<Part, Problem> {
    let header = |name: &str| {
        let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(header.value).trim().to_owned())
    };
    let disposition = header("content-disposition").ok_or(Problem::Malformed("a part without content-disposition"))?;
    if !disposition.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("form-data")) {
        return Err(Problem::Malformed("a part that isn't form-data"));
    }
    Ok(Part {
        name: parameter(&disposition, "name").ok_or(Problem::Malformed("a part without a name"))?,
        file_name: parameter(&disposition, "filename"),
        content_type: header("content-type"),
        length: 0,
        hash: Fnv::default().0,
        beginning: Vec::new(),
    })
}

/// Returns a parameter of a header's value, such as `name` in `form-data; name="x"`.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (text, next) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = next.split_once(';')?.1;
    }
}

/// Splits a text at its closing quote.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' => match chars.peek() {
                Some((_, escaped @ ('"' | '\\'))) => {
                    text.push(*escaped);
                    chars.next();
                }
                _ => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    None
}

/// Finds `needle`, which begins with a carriage return.
fn find(window: &[u8], needle: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at + needle.len() <= window.len() {
        let mut rest = &window[at..];
        // The standard library exposes its fast byte search only this way.
        let skipped = rest.skip_until(b'\r').ok()?;
        let candidate = at + skipped - 1;
        if window[candidate..].starts_with(needle) {
            return Some(candidate);
        }
        at = candidate + 1;
    }
    None
}

/// 64-bit FNV-1a, which doesn't depend on how the bytes are split.
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let mut hash = self.0;
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.0 = hash;
    }

    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut hash = Self::default();
        hash.write(bytes);
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pieces::Pieces;

    fn form() -> Vec<u8> {
        let mut form = b"--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{}\r\n--b \r\n\
            content-type: image/png\r\ncontent-disposition: form-data; filename=\"a\\\"b;.png\"; name=fileContent\r\n\r\n"
            .to_vec();
        form.extend_from_slice(b"\r\n--\r\r\n--a\0\xff\r\n-");
        form.extend_from_slice(b"\r\n--b--\r\nepilogue");
        form
    }

    #[test]
    fn parts_are_the_same_however_the_bytes_come() {
        let form = form();
        for step in [1, 2, 3, 7, 1000] {
            let parts = read_form(Pieces { bytes: &form, size: step }, "b").expect("a form");
            assert_eq!(parts.len(), 2);
            assert_eq!((parts[0].name.as_str(), parts[0].beginning.as_slice()), ("request", &b"{}"[..]));
            assert_eq!(parts[1].name, "fileContent");
            assert_eq!(parts[1].file_name.as_deref(), Some("a\"b;.png"));
            assert_eq!(parts[1].content_type.as_deref(), Some("image/png"));
            assert_eq!(parts[1].beginning, b"\r\n--\r\r\n--a\0\xff\r\n-");
            assert_eq!(parts[1].length, 15);
            assert_eq!(parts[1].hash, Fnv::of(&parts[1].beginning));
        }
    }

    #[test]
    fn a_form_that_is_cut_off_anywhere_is_refused() {
        let form = form();
        let whole = form.len() - "\r\nepilogue".len();
        for end in 0..whole {
            assert!(read_form(&form[..end], "b").is_err(), "{end}");
        }
        assert!(read_form(&form[..whole], "b").is_ok());
    }

    #[test]
    fn an_empty_part_is_a_part() {
        let form = b"--b\r\ncontent-disposition: form-data; name=\"x\"; filename=\"e\"\r\n\r\n\r\n--b--\r\n";
        let parts = read_form(&form[..], "b").expect("a form");
        assert_eq!((parts.len(), parts[0].length), (1, 0));
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(Fnv::of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fnv::of(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn boundaries_are_read_with_and_without_quotes() {
        assert_eq!(boundary("multipart/form-data; boundary=a-b").as_deref(), Some("a-b"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("application/json; boundary=a"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }
}
