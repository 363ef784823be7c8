//! Entry points for the fuzzer, which sets `cfg(fuzzing)`: what a client could send.

use std::io::Read;

use crate::http::multipart::read_form;
use crate::http::pieces::Pieces;
use crate::http::{Connection, PageRequest, parse_head};
use crate::routes::{Matched, Site};
use crate::state::State;
use crate::world::filter::{InventoryQuery, MembershipQuery};
use crate::worlds::{self, Contents};

/// Any bytes can be sent to the sandbox.
pub fn sandbox(bytes: &[u8]) {
    request(bytes);
    form(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        filters(text);
        world(text);
    }
}

/// Arbitrary bytes are a request or not: head, page, filter and body.
fn request(bytes: &[u8]) {
    if let Ok(Some((head, length))) = parse_head(bytes) {
        assert!(length <= bytes.len());
        for site in [Site::Service, Site::Delivery] {
            let _ = Matched::find(site, &head);
        }
        let _ = PageRequest::read(&head, head.query_value("filter"));
    }
    let read = |step: usize| {
        let mut connection = Connection::new(Pieces { bytes, size: step });
        let head = connection.read_head().ok().flatten()?;
        let mut body = Vec::new();
        connection.body(&head).take(1 << 20).read_to_end(&mut body).ok()?;
        Some(body)
    };
    assert_eq!(read(1), read(usize::MAX), "a request is the same however it comes");
}

/// Arbitrary bytes are a form or not, in pieces of any size.
fn form(bytes: &[u8]) {
    let read = |step: usize| {
        let parts = read_form(Pieces { bytes, size: step }, "b").ok()?;
        Some(parts.into_iter().map(|part| (part.name, part.file_name, part.length, part.hash)).collect::<Vec<_>>())
    };
    assert_eq!(read(1), read(usize::MAX));
}

/// Arbitrary text is a world or not, and what is one can be dumped and loaded.
fn world(text: &str) {
    let state = State::default();
    if worlds::read(text).and_then(|given| worlds::replace(&state, &given)).is_ok() {
        let dump = worlds::pretty(&worlds::dump(&state, Contents::Whole));
        let again = worlds::read(&dump).and_then(|given| worlds::replace(&state, &given));
        assert!(again.is_ok(), "{:?} of {dump}", again);
    }
}

/// Arbitrary text is a filter or not.
fn filters(text: &str) {
    let _ = InventoryQuery::parse(text);
    let _ = MembershipQuery::parse(text);
}
