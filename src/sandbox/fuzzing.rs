//! Ways in for the fuzzer: what a client could send.

use std::io::{self, Read, Write};

use super::filter::{InventoryQuery, MembershipQuery};
use super::http::{Connection, parse_head};
use super::listing::PageRequest;
use super::multipart::read_form;
use super::router::Route;

/// Bytes that come in pieces. What is written to it goes nowhere.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

impl Write for Drip<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Any bytes are a request, or none: its head, its page, its filter and its body.
pub(crate) fn request(bytes: &[u8]) {
    if let Ok(Some((head, length))) = parse_head(bytes) {
        assert!(length <= bytes.len());
        let _ = Route::find(&head);
        let _ = PageRequest::read(&head, head.query_value("filter"));
    }
    let read = |step: usize| {
        let mut connection = Connection::new(Drip(bytes, step));
        let head = connection.read_head().ok().flatten()?;
        let mut body = Vec::new();
        connection.body(&head).take(1 << 20).read_to_end(&mut body).ok()?;
        Some(body)
    };
    assert_eq!(read(1), read(usize::MAX), "a request is the same however it comes");
}

/// Any bytes are a form, or none, however they come.
pub(crate) fn form(bytes: &[u8]) {
    let read = |step: usize| {
        let parts = read_form(Drip(bytes, step), "b").ok()?;
        Some(parts.into_iter().map(|part| (part.name, part.file_name, part.length, part.hash)).collect::<Vec<_>>())
    };
    assert_eq!(read(1), read(usize::MAX));
}

/// Any text is a filter, or none.
pub(crate) fn filters(text: &str) {
    let _ = InventoryQuery::parse(text);
    let _ = MembershipQuery::parse(text);
}
