//! Hides the headers of a response that ureq would act on.
//!
//! Another crate of the program may enable features of the shared ureq: `cookies` keeps the cookies of a response for all later
//! requests of an agent, also those of other users, and `charset` recodes the body. No setting of ureq turns that off, so it
//! doesn't get to see these headers. This crate uses neither.

use ureq::Error;
use ureq::unversioned::transport::Buffers;

const HIDDEN: [&[u8]; 2] = [b"set-cookie", b"content-type"];

/// The name that the header `content-type` has afterwards.
pub(in crate::call::http) const CONTENT_TYPE: &str = "xontent-type";

/// Hides headers in the head of a response.
pub(super) fn hide_headers(head: &mut [u8]) {
    for line in head.split_mut(|byte| *byte == b'\n') {
        if HIDDEN.iter().any(|name| is_header(line, name)) {
            line[0] = b'x';
        }
    }
}

/// Makes all of the input count as new, so that ureq reads it before it waits for more.
pub(super) fn renew_input(buffers: &mut dyn Buffers) -> Result<(), Error> {
    let input = buffers.input().to_vec();
    buffers.input_consume(input.len());
    let room = buffers.input_append_buf();
    // While a body is sent, ureq may lend its buffer some room, which is gone now.
    let Some(room) = room.get_mut(..input.len()) else {
        return Err(Error::LargeResponseHeader(input.len(), room.len()));
    };
    room.copy_from_slice(&input);
    buffers.input_appended(input.len());
    Ok(())
}

fn is_header(line: &[u8], name: &[u8]) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(name) && matches!(rest.trim_ascii_start().first(), Some(b':'))
    })
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    #[test]
    fn headers_are_hidden_and_everything_else_is_kept() {
        for (input, expected) in [
            ("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nbody", "HTTP/1.1 200 OK\r\nxet-Cookie: a=b\r\n\r\nbody"),
            ("HTTP/1.1 200 OK\nset-cookie:a\nSET-COOKIE :b\n\n", "HTTP/1.1 200 OK\nxet-cookie:a\nxET-COOKIE :b\n\n"),
            ("HTTP/1.1 200 OK\r\ncontent-type: a\r\n\r\n", "HTTP/1.1 200 OK\r\nxontent-type: a\r\n\r\n"),
            ("HTTP/1.1 200 OK\r\nset-cookies: a\r\nb: set-cookie: c\r\nset-\r\n\r\n", ""),
            ("HTTP/1.1 200 OK\r\n\r\nset-cookie: a\r\n", ""),
        ] {
            let mut head = input.as_bytes().to_vec();
            let end = super::super::early::head_end(&head).expect("it has a head");
            hide_headers(&mut head[..end]);
            let expected = if expected.is_empty() { input } else { expected };
            assert_eq!(head, expected.as_bytes(), "{input:?}");
        }
    }

    #[test]
    fn renewed_input_is_kept() {
        let mut buffers = LazyBuffers::new(128, 128);
        buffers.input_append_buf()[..5].copy_from_slice(b"HTTP/");
        buffers.input_appended(5);
        assert!(!buffers.can_use_input());
        renew_input(&mut buffers).expect("it fits");
        assert!(buffers.can_use_input());
        assert_eq!(buffers.input(), b"HTTP/");
    }
}
