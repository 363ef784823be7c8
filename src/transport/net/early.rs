//! Reads responses that come before ureq reads them.
//!
//! ureq sends a whole request, then reads the response. A service can respond earlier: with informational responses (1xx), or
//! with a refusal that makes the rest of the request pointless. This wrapper around a connection, plain or TLS, tracks the
//! request, skips informational responses, and ends a request with [`EarlyAnswer`] as soon as a final response begins.
//!
//! While a body is read, it returns a pause now and then. What decodes the body reads on until there is content, and wouldn't
//! return to anyone who limits the time without content.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::countdown::Countdown;
use super::failure::Failure;
use super::hidden::{hide_headers, keep_reason, renew_input};
use super::tcp::no_wait;

/// The largest head of an informational response.
const LARGEST_INTERIM: usize = 24 * 1024;
/// The most interim responses to a request: one every 20 seconds for five hours.
pub(super) const MOST_INTERIM: u32 = 1000;
/// The time between two pauses in a body.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection on which responses are read as soon as they arrive.
#[derive(Debug)]
pub(super) struct Early {
    inner: Box<dyn Transport>,
    phase: Phase,
    /// The head of the final response, as ureq is to see it, until ureq has read it. Only the body is left in the buffer of the
    /// connection.
    head: Vec<u8>,
    /// The number of interim responses to the request.
    interim: u32,
    /// Only the response is wanted; what ureq sends is dropped.
    only_answer: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The head of a request is sent.
    Head { expects_continue: bool },
    /// `100 Continue` is awaited.
    AwaitingContinue,
    /// The body is sent, if there is one.
    Body,
    /// A response is awaited.
    Answer,
    /// The head of the final response was returned, and its body is awaited.
    Answered {
        /// Whether only the end of the connection ends the body.
        until_closed: bool,
        paused: Instant,
    },
}

/// A final response that began before the whole request was sent, and its connection.
pub(in crate::transport) struct EarlyAnswer(Early);

/// The beginning of the input, after informational responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Nothing,
    /// Too little to tell, or a part of an informational response.
    Something,
    Final,
}

impl Early {
    pub(super) fn new(inner: Box<dyn Transport>) -> Self {
        Self { inner, phase: Phase::Head { expects_continue: false }, head: Vec::new(), interim: 0, only_answer: false }
    }

    /// Tracks the head of the request, which tells whether it expects `100 Continue`.
    fn follow_head(&mut self, amount: usize) {
        let head = &self.inner.buffers().output()[..amount];
        let before = matches!(self.phase, Phase::Head { expects_continue: true });
        // ureq never splits a header.
        let expects_continue = before || head.split(|byte| *byte == b'\n').any(|line| starts_with(line, b"expect:"));
        self.phase = match head.ends_with(b"\r\n\r\n") || head == b"\r\n" {
            false => Phase::Head { expects_continue },
            true if expects_continue => Phase::AwaitingContinue,
            true => Phase::Body,
        };
    }

    /// Fails with the final response if it has begun, or with the reason why none can come.
    fn look(&mut self) -> Result<(), Error> {
        if self.inner.is_open() {
            return Ok(());
        }
        let has_ended = match self.inner.await_input(no_wait()) {
            Ok(more) => !more,
            Err(Error::Timeout(_)) => false,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => return Err(broke(error, Failure::BrokeWhileSending)),
        };
        match self.skip_interim()?.0 {
            Begun::Final => Err(self.hand_over()),
            _ if has_ended => Err(Failure::BrokeWhileSending(closed()).into()),
            _ => Ok(()),
        }
    }

    /// Waits for `100 Continue` or a final response.
    fn await_continue(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        // ureq takes this for the end of the wait.
        let send_body = || Err(Error::Timeout(Timeout::Await100));
        let time = Countdown::new(limit);
        loop {
            match time.rest().and_then(|rest| self.inner.await_input(rest)) {
                Ok(true) => {}
                Ok(false) => return Err(Failure::BrokeBeforeBody(closed()).into()),
                Err(Error::Timeout(Timeout::PerRead)) => return send_body(),
                Err(error) => return Err(broke(error, Failure::BrokeBeforeBody)),
            }
            let (begun, is_welcome) = self.skip_interim()?;
            let size = self.inner.buffers().input().len();
            match begun {
                Begun::Final => return Err(self.hand_over()),
                _ if is_welcome => return send_body(),
                _ if size > LARGEST_INTERIM => return Err(Error::LargeResponseHeader(size, LARGEST_INTERIM)),
                _ => {}
            }
        }
    }

    /// Waits for more of a final response.
    fn await_answer(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        let time = Countdown::new(limit);
        loop {
            let more = self.inner.await_input(time.rest()?)?;
            match self.skip_interim()?.0 {
                Begun::Nothing if more => {}
                Begun::Final => {
                    self.follow_answer();
                    return Ok(more);
                }
                Begun::Nothing | Begun::Something => return Ok(more),
            }
        }
    }

    /// Tracks the head of the final response, with which the input begins, and hides headers from ureq.
    fn follow_answer(&mut self) {
        let buffers = self.inner.buffers();
        let Some(end) = head_end(buffers.input()) else { return };
        // The body, which can be large, isn't copied.
        self.head.extend_from_slice(&buffers.input()[..end]);
        buffers.input_consume(end);
        hide_headers(&mut self.head);
        keep_reason(&mut self.head);
        let is_delimited = |line| starts_with(line, b"content-length:") || starts_with(line, b"transfer-encoding:");
        let until_closed = !self.head.split(|byte| *byte == b'\n').any(is_delimited);
        self.phase = Phase::Answered { until_closed, paused: Instant::now() };
    }

    /// Waits for more of a body, or returns a pause.
    fn await_body(&mut self, until_closed: bool, paused: Instant, limit: NextTimeout) -> Result<bool, Error> {
        if paused.elapsed() >= PAUSE {
            self.phase = Phase::Answered { until_closed, paused: Instant::now() };
            return Err(Error::Io(io::ErrorKind::WouldBlock.into()));
        }
        // A TLS record can come byte by byte, too.
        let limit = match limit.per_read {
            Some(per_read) if per_read < limit.after => {
                NextTimeout { after: per_read, reason: Timeout::RecvBody, ..limit }
            }
            _ => limit,
        };
        match self.inner.await_input(limit) {
            // ureq takes these for the end of the connection, which would be that of the body.
            Err(Error::Io(error)) if until_closed && is_break(&error) => Err(Failure::BrokeAtEnd(error).into()),
            awaited => awaited,
        }
    }

    /// Skips informational responses. Also returns whether one of them was a 100.
    fn skip_interim(&mut self) -> Result<(Begun, bool), Error> {
        let mut is_welcome = false;
        loop {
            let input = self.inner.buffers().input();
            let status = match status(input) {
                Status::None => return Ok((Begun::Nothing, is_welcome)),
                Status::Partial => return Ok((Begun::Something, is_welcome)),
                Status::Foreign => return Ok((Begun::Final, is_welcome)),
                Status::Of(status) => status,
            };
            // No protocol change was requested, so a 101 is final.
            if !(100..200).contains(&status) || status == 101 {
                return Ok((Begun::Final, is_welcome));
            }
            let Some(end) = head_end(input) else { return Ok((Begun::Something, is_welcome)) };
            is_welcome |= status == 100;
            self.interim += 1;
            if self.interim > MOST_INTERIM {
                return Err(Failure::Interim.into());
            }
            self.inner.buffers().input_consume(end);
        }
    }

    /// Moves the connection into the error, with its response. ureq drops the rest.
    fn hand_over(&mut self) -> Error {
        let inner = std::mem::replace(&mut self.inner, Box::new(()));
        let mut answer =
            Self { inner, phase: Phase::Answer, head: Vec::new(), interim: self.interim, only_answer: true };
        // What has come counts as new, also if the head isn't complete.
        if let Err(error) = renew_input(answer.inner.buffers()) {
            return error;
        }
        answer.follow_answer();
        Error::Other(Box::new(EarlyAnswer(answer)))
    }
}

/// The buffers of a connection while ureq hasn't read the head of the response.
impl Buffers for Early {
    fn input(&self) -> &[u8] {
        &self.head
    }

    fn input_consume(&mut self, amount: usize) {
        self.head.drain(..amount);
    }

    fn can_use_input(&self) -> bool {
        !self.head.is_empty()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.inner.buffers().input_append_buf()
    }

    fn input_appended(&mut self, amount: usize) {
        self.inner.buffers().input_appended(amount);
    }

    fn output(&mut self) -> &mut [u8] {
        self.inner.buffers().output()
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.inner.buffers().tmp_and_output()
    }
}

impl Transport for Early {
    fn buffers(&mut self) -> &mut dyn Buffers {
        if self.head.is_empty() { self.inner.buffers() } else { self }
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        if self.only_answer {
            return Ok(());
        }
        match self.phase {
            Phase::Answer | Phase::Answered { .. } => {
                self.phase = Phase::Head { expects_continue: false };
                self.interim = 0;
                self.follow_head(amount);
            }
            Phase::Head { .. } => self.follow_head(amount),
            Phase::AwaitingContinue | Phase::Body => {
                self.phase = Phase::Body;
                self.look()?;
            }
        }
        self.inner.transmit_output(amount, limit)
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        match self.phase {
            Phase::AwaitingContinue => self.await_continue(limit),
            Phase::Head { .. } | Phase::Body | Phase::Answer => {
                self.phase = Phase::Answer;
                self.await_answer(limit)
            }
            Phase::Answered { until_closed, paused } => self.await_body(until_closed, paused, limit),
        }
    }

    fn is_open(&mut self) -> bool {
        !self.only_answer && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl EarlyAnswer {
    pub(super) fn into_transport(self) -> Early {
        self.0
    }
}

impl fmt::Debug for EarlyAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarlyAnswer").finish_non_exhaustive()
    }
}

impl fmt::Display for EarlyAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response came before the whole request was sent")
    }
}

impl std::error::Error for EarlyAnswer {}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the service closed it without a response")
}

fn broke(error: Error, failure: impl FnOnce(io::Error) -> Failure) -> Error {
    match error {
        Error::Io(error) => failure(error).into(),
        error => error,
    }
}

/// Whether a connection has ended without saying so.
fn is_break(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Whether reading a body returned a pause, after which it goes on.
pub(in crate::transport) fn is_pause(error: &io::Error) -> bool {
    // ureq can be built with decoders that this crate doesn't know of.
    let inside = || error.get_ref().map(|inner| format!("{inner:?}")).unwrap_or_default();
    error.kind() == io::ErrorKind::WouldBlock
        || (error.kind() == io::ErrorKind::Other
            && inside().starts_with("Decompress(")
            && inside().ends_with("Kind(WouldBlock))"))
}

fn starts_with(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

pub(super) enum Status {
    /// No input.
    None,
    /// Too little input.
    Partial,
    Of(u16),
    /// Not HTTP.
    Foreign,
}

/// Returns the status that an input begins with, as in `HTTP/1.1 200`.
pub(super) fn status(input: &[u8]) -> Status {
    const BEFORE: &[u8] = b"HTTP/1.";
    const LENGTH: usize = BEFORE.len() + 5;
    if input.is_empty() {
        return Status::None;
    }
    let line = &input[blank(input)..];
    let known = line.len().min(BEFORE.len());
    if line[..known] != BEFORE[..known] {
        return Status::Foreign;
    }
    let Some(line) = line.get(..LENGTH) else { return Status::Partial };
    let digits = &line[BEFORE.len() + 2..];
    match digits {
        [b'0'..=b'9', ..] => std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()),
        // A sign would be accepted, too.
        _ => None,
    }
    .map_or(Status::Foreign, Status::Of)
}

/// Returns the length of the empty lines before a response, which are ignored.
fn blank(input: &[u8]) -> usize {
    input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Returns the length of the head, including the empty line after it.
pub(super) fn head_end(input: &[u8]) -> Option<usize> {
    let mut at = blank(input);
    loop {
        let line = at + input[at..].iter().position(|byte| *byte == b'\n')? + 1;
        match &input[line..] {
            [b'\n', ..] => return Some(line + 1),
            [b'\r', b'\n', ..] => return Some(line + 2),
            _ => at = line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_end_at_an_empty_line() {
        for (input, end) in [
            ("", None),
            ("HTTP/1.1 100 Continue\r\n", None),
            ("HTTP/1.1 100 Continue\r\n\r", None),
            ("HTTP/1.1 100 Continue\r\n\r\n", Some(25)),
            ("HTTP/1.1 100\r\na: b\r\n\r\nHTTP", Some(22)),
            ("HTTP/1.1 100\n\nHTTP", Some(14)),
            ("\r\nHTTP/1.1 100\r\n\r\n", Some(18)),
            ("\r\n\r\n", None),
        ] {
            assert_eq!(head_end(input.as_bytes()), end, "{input:?}");
        }
    }

    #[test]
    fn status_is_read_as_soon_as_possible() {
        let read = |input: &str| match status(input.as_bytes()) {
            Status::None => "none".to_owned(),
            Status::Partial => "partial".to_owned(),
            Status::Foreign => "foreign".to_owned(),
            Status::Of(status) => status.to_string(),
        };
        for (input, expected) in [
            ("", "none"),
            ("\r\n", "partial"),
            ("H", "partial"),
            ("HTTP/1.1 40", "partial"),
            ("HTTP/1.1 403", "403"),
            ("HTTP/1.0 103 Early Hints\r\n", "103"),
            ("SSH-2.0", "foreign"),
            ("HTTP/1.1 abc", "foreign"),
            ("HTTP/1.1 +20", "foreign"),
            ("<html>", "foreign"),
        ] {
            assert_eq!(read(input), expected, "{input:?}");
        }
    }
}
