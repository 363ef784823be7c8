//! Hides the headers of a response that ureq would act on.
//!
//! Another crate of the program may enable features of the shared ureq: `cookies` keeps the cookies of a response for all later
//! requests of an agent, also those of other users, and `charset` recodes the body. No setting of ureq turns that off, so it
//! doesn't get to see these headers. This crate uses neither.
//!
//! ureq drops the reason phrase of the status line, which can have the only words of a refusal: it becomes a header.

use ureq::Error;
use ureq::http::StatusCode;
use ureq::unversioned::transport::Buffers;

const HIDDEN: [&[u8]; 2] = [b"set-cookie", b"content-type"];

/// The name that the header `content-type` has afterwards.
pub(in crate::transport) const CONTENT_TYPE: &str = "xontent-type";

/// The header of the reason phrase, if it says more than the status. It comes before the headers of the service.
pub(in crate::transport) const REASON: &str = "x-reason-phrase";

/// The longest reason phrase that is kept.
const LONGEST_REASON: usize = 1024;

/// Phrases of other versions of the standard, and of common servers.
const OTHER_STANDARD_REASONS: &[(u16, &str)] = &[
    (302, "Moved Temporarily"),
    (302, "Object moved"),
    (401, "Authorization Required"),
    (408, "Request Time-out"),
    (413, "Content Too Large"),
    (413, "Request Entity Too Large"),
    (413, "Payload Too Large"),
    (414, "Request-URI Too Large"),
    (414, "Request-URI Too Long"),
    (416, "Requested Range Not Satisfiable"),
    (422, "Unprocessable Content"),
    (499, "Client Closed Request"),
    (503, "Service Temporarily Unavailable"),
    (504, "Gateway Time-out"),
    (505, "HTTP Version not supported"),
];

/// Adds the reason phrase of a response that isn't a success to its headers.
pub(super) fn keep_reason(head: &mut Vec<u8>) {
    let start = head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let Some(end) = head[start..].iter().position(|byte| *byte == b'\n').map(|length| start + length + 1) else {
        return;
    };
    let line = head[start..end].trim_ascii();
    // As in `HTTP/1.1 401 words`.
    let mut parts = line.splitn(3, |byte| *byte == b' ').skip(1);
    let (Some(status), Some(reason)) = (parts.next(), parts.next()) else { return };
    let Some(status) = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok()) else { return };
    let reason = reason.trim_ascii();
    // Others are an error of ureq.
    let is_text = reason.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\t');
    if status < 300 || !is_text || reason.len() > LONGEST_REASON || is_standard(status, reason) {
        return;
    }
    let header = [REASON.as_bytes(), b": ", reason, b"\r\n"].concat();
    head.splice(end..end, header);
}

/// Whether a reason phrase says no more than the status.
fn is_standard(status: u16, reason: &[u8]) -> bool {
    let is_reason = |known: &str| reason.eq_ignore_ascii_case(known.as_bytes());
    let has_no_words = !reason.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    let known = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    has_no_words
        || known.is_some_and(is_reason)
        || OTHER_STANDARD_REASONS.iter().any(|(of, known)| *of == status && is_reason(known))
}

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
    fn reasons_that_say_more_than_the_status_become_a_header() {
        for (line, reason) in [
            (
                "HTTP/1.1 401 Authorization code may not be used from this device",
                "Authorization code may not be used from this device",
            ),
            ("HTTP/1.0 403  User is moderated \t", "User is moderated"),
            ("HTTP/1.1 404 Unauthorized", "Unauthorized"),
            ("\r\nHTTP/1.1 500 caf\u{e9}", "caf\u{e9}"),
            ("HTTP/1.1 599 Unknown word", "Unknown word"),
            ("HTTP/1.1 401 Unauthorized", ""),
            ("HTTP/1.1 401 UNAUTHORIZED", ""),
            ("HTTP/1.1 413 Request Entity Too Large", ""),
            ("HTTP/1.1 504 Gateway Time-out", ""),
            ("HTTP/1.1 404 404", ""),
            ("HTTP/1.1 404 ", ""),
            ("HTTP/1.1 404", ""),
            ("HTTP/1.1 200 All is fine", ""),
            ("HTTP/1.1 400 a\u{1}b", ""),
            ("HTTP/1.1", ""),
        ] {
            for line_end in ["\r\n", "\n"] {
                let rest = format!("date: today{line_end}{line_end}");
                let mut head = format!("{line}{line_end}{rest}").into_bytes();
                keep_reason(&mut head);
                let added = if reason.is_empty() { String::new() } else { format!("{REASON}: {reason}\r\n") };
                assert_eq!(String::from_utf8(head).unwrap(), format!("{line}{line_end}{added}{rest}"), "{line:?}");
            }
        }
        let mut head = format!("HTTP/1.1 400 {}\r\n\r\n", "long ".repeat(LONGEST_REASON)).into_bytes();
        let before = head.clone();
        keep_reason(&mut head);
        assert_eq!(head, before);
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
