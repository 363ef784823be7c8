//! TCP connections that notice data from the peer while they send.
//!
//! A write doesn't block on a peer that has stopped reading while there is something to read: the rest is kept, and the caller
//! can read first. What the peer has sent is taken in before each further write, because it tells more than "broken pipe", and
//! Windows discards it when the peer resets the connection. Linux keeps it, so it can be read after a failed write, too.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::countdown::Countdown;
use super::failure::Failure;

/// The time for the first attempt at each address, if there are several.
const FIRST_TRY: Duration = Duration::from_millis(300);
/// How long a write waits before it checks for data to read.
const SLICE: Duration = Duration::from_millis(50);
/// How much that came during a request is kept. It is the beginning of a response.
const LARGEST_EARLY: usize = 32 * 1024;
/// Stands for no limit.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Connects to the first address that accepts a connection.
///
/// If there are several, each is tried briefly; then those that didn't answer share the rest of the time.
pub(super) fn connect(
    to: &str,
    addresses: &[SocketAddr],
    time: Countdown,
) -> Result<(TcpStream, SocketAddr), ureq::Error> {
    let mut failed = None;
    let mut slow = addresses.to_vec();
    if addresses.len() > 1 {
        slow.clear();
        for address in addresses {
            match try_one(address, FIRST_TRY.min(time.left())) {
                Ok(stream) => return Ok((stream, *address)),
                Err(error) if is_late(&error) => slow.push(*address),
                Err(error) => failed = Some(error),
            }
        }
    }
    let mut late = !slow.is_empty();
    for (at, address) in slow.iter().enumerate() {
        let share = u32::try_from(slow.len() - at).unwrap_or(u32::MAX);
        match try_one(address, time.left() / share) {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) if is_late(&error) => {}
            Err(error) => {
                failed = Some(error);
                late = at + 1 < slow.len();
            }
        }
    }
    match failed {
        Some(error) if !late || time.rest().is_ok() => Err(Failure::Connect { to: to.to_owned(), error }.into()),
        _ => Err(Failure::late(to, time.reason())),
    }
}

fn try_one(address: &SocketAddr, wait: Duration) -> io::Result<TcpStream> {
    if wait.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    TcpStream::connect_timeout(address, wait.min(LONG))
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// A limit that doesn't wait: available data is read, or else the error is [`WouldBlock`](io::ErrorKind::WouldBlock).
pub(super) fn no_wait() -> NextTimeout {
    // ureq never sets this reason itself, but derives it from `per_read`.
    NextTimeout { after: Duration::from_millis(1).into(), reason: Timeout::PerRead, per_read: None, per_write: None }
}

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Tcp {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// Data that was written while the peer didn't read.
    unsent: Vec<u8>,
    /// Data that came while the request was sent. Nobody has read it yet.
    early: Vec<u8>,
    /// Why no more data can be sent.
    broken: Option<io::Error>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Tcp {
    pub(super) fn new(stream: TcpStream, buffers: LazyBuffers) -> Self {
        Self {
            stream,
            buffers,
            unsent: Vec::new(),
            early: Vec::new(),
            broken: None,
            read_timeout: None,
            write_timeout: None,
        }
    }

    /// Keeps what the peer has sent so far.
    fn take_in(&mut self) {
        let mut piece = [0; 512];
        while self.early.len() < LARGEST_EARLY {
            match unblocked(&self.stream, |mut stream| stream.read(&mut piece)) {
                // The end is read again later.
                Ok(0) => return,
                Ok(amount) => self.early.extend_from_slice(&piece[..amount]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_late(&error) => return,
                Err(error) => {
                    self.broken.get_or_insert(error);
                    return;
                }
            }
        }
    }

    /// Moves what was kept to the input. Returns whether there was any.
    fn give_out(&mut self) -> bool {
        if self.early.is_empty() {
            return false;
        }
        let input = self.buffers.input_append_buf();
        let amount = input.len().min(self.early.len());
        input[..amount].copy_from_slice(&self.early[..amount]);
        self.early.drain(..amount);
        self.buffers.input_appended(amount);
        amount > 0
    }

    /// Sends kept data, until it is sent or there is data to read.
    fn send_rest(&mut self, limit: NextTimeout) -> Result<(), Error> {
        if self.unsent.is_empty() || self.broken.is_some() {
            return Ok(());
        }
        match send(&self.stream, &mut self.write_timeout, &self.unsent, limit, !self.early.is_empty()) {
            Ok(sent) => {
                self.unsent.drain(..sent);
                Ok(())
            }
            Err(error) => self.break_off(error),
        }
    }

    /// Returns timeouts as errors at once; other errors show when the response is read.
    fn break_off(&mut self, error: Error) -> Result<(), Error> {
        match error {
            Error::Io(error) => {
                self.broken = Some(error);
                self.unsent = Vec::new();
                Ok(())
            }
            error => Err(error),
        }
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        self.take_in();
        self.send_rest(limit)?;
        if self.broken.is_some() {
            return Ok(());
        }
        let output = &self.buffers.output()[..amount];
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(output);
            return Ok(());
        }
        match send(&self.stream, &mut self.write_timeout, output, limit, !self.early.is_empty()) {
            Ok(sent) => {
                self.unsent.extend_from_slice(&output[sent..]);
                Ok(())
            }
            Err(error) => self.break_off(error),
        }
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        let no_wait = limit.reason == Timeout::PerRead;
        if !no_wait {
            self.send_rest(limit)?;
        }
        if self.give_out() {
            return Ok(true);
        }
        if self.broken.is_some() && !can_read(&self.stream) {
            return Err(Error::Io(self.broken.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())));
        }
        let input = self.buffers.input_append_buf();
        let read = if no_wait {
            unblocked(&self.stream, |mut stream| stream.read(input))
        } else {
            read_within(&self.stream, &mut self.read_timeout, input, limit.for_read())?
        };
        match read {
            Ok(0) => match self.broken.take() {
                Some(error) => Err(Error::Io(error)),
                None => Ok(false),
            },
            Ok(amount) => {
                self.buffers.input_appended(amount);
                Ok(true)
            }
            Err(error) if is_late(&error) => Err(Error::Io(io::ErrorKind::WouldBlock.into())),
            Err(error) => Err(Error::Io(self.broken.take().unwrap_or(error))),
        }
    }

    /// Whether the connection works and no unexpected data has arrived.
    fn is_open(&mut self) -> bool {
        let is_quiet = self.unsent.is_empty() && self.early.is_empty() && self.buffers.input().is_empty();
        self.broken.is_none() && is_quiet && !can_read(&self.stream)
    }
}

/// Reads once. The outer error is an expired limit.
fn read_within(
    mut stream: &TcpStream,
    set: &mut Option<Duration>,
    input: &mut [u8],
    limit: NextTimeout,
) -> Result<io::Result<usize>, Error> {
    let time = Countdown::new(limit);
    loop {
        let wait = time.rest()?.not_zero().map(|wait| *wait);
        if *set != wait {
            if let Err(error) = stream.set_read_timeout(wait) {
                // Some systems refuse this after the peer has closed, although there may be data left to read.
                if !can_read(stream) {
                    return Ok(Err(error));
                }
            } else {
                *set = wait;
            }
        }
        match stream.read(input) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_late(&error) => return Err(Error::Timeout(limit.reason)),
            read => return Ok(read),
        }
    }
}

/// Sends until everything is sent, or the peer doesn't read and has sent something. Returns how much was sent.
///
/// `has_input` is true if something that it has sent was taken in.
fn send(
    stream: &TcpStream,
    set: &mut Option<Duration>,
    bytes: &[u8],
    limit: NextTimeout,
    has_input: bool,
) -> Result<usize, Error> {
    let whole = Countdown::new(limit);
    let mut stalled = Countdown::new(limit.for_write());
    let mut sent = 0;
    while sent < bytes.len() {
        // A slow peer may have something to say.
        if sent > 0 && can_read(stream) {
            return Ok(sent);
        }
        let wait = SLICE.min(whole.left()).min(stalled.left()).max(Duration::from_millis(1));
        let written = if cfg!(windows) {
            write_polling(stream, &bytes[sent..], wait)
        } else {
            write_waiting(stream, set, &bytes[sent..], wait)
        };
        match written {
            Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
            Ok(amount) => {
                sent += amount;
                stalled = Countdown::new(limit.for_write());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_late(&error) => {
                if has_input || can_read(stream) {
                    return Ok(sent);
                }
                whole.rest()?;
                stalled.rest()?;
            }
            Err(error) => return Err(Error::Io(error)),
        }
    }
    Ok(sent)
}

fn write_waiting(
    mut stream: &TcpStream,
    set: &mut Option<Duration>,
    bytes: &[u8],
    wait: Duration,
) -> io::Result<usize> {
    if *set != Some(wait) {
        stream.set_write_timeout(Some(wait))?;
        *set = Some(wait);
    }
    stream.write(bytes)
}

/// On Windows, a socket is unusable after a write on it has timed out.
fn write_polling(stream: &TcpStream, bytes: &[u8], wait: Duration) -> io::Result<usize> {
    let end = Instant::now() + wait;
    let mut pause = Duration::from_micros(100);
    loop {
        match unblocked(stream, |mut stream| stream.write(bytes)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(5));
            }
            written => return written,
        }
    }
}

/// Whether a read would return at once, with data, the end, or an error.
fn can_read(stream: &TcpStream) -> bool {
    !matches!(unblocked(stream, |stream| stream.peek(&mut [0])), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

fn unblocked<T>(stream: &TcpStream, act: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
    stream.set_nonblocking(true)?;
    let done = act(stream);
    stream.set_nonblocking(false)?;
    done
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn limit(after: Duration) -> NextTimeout {
        NextTimeout { after: after.into(), reason: Timeout::Global, per_read: None, per_write: None }
    }

    fn pair() -> (Tcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).expect("connected");
        (Tcp::new(stream, LazyBuffers::new(1024, 128 * 1024)), listener.accept().expect("a connection").0)
    }

    /// Fills the buffers of a connection that no one reads from.
    fn fill(tcp: &mut Tcp, limit: NextTimeout) -> Result<(), Error> {
        for _ in 0..1000 {
            tcp.transmit_output(128 * 1024, limit)?;
        }
        Ok(())
    }

    #[test]
    fn unread_writes_time_out() {
        let (mut tcp, _peer) = pair();
        let began = Instant::now();
        let error = fill(&mut tcp, limit(Duration::from_millis(300))).expect_err("it can't be sent");
        assert!(matches!(error, Error::Timeout(Timeout::Global)), "{error:?}");
        let (mut tcp, _peer) = pair();
        let per_write =
            NextTimeout { per_write: Some(Duration::from_millis(300).into()), ..limit(Duration::from_secs(60)) };
        let error = fill(&mut tcp, per_write).expect_err("it can't be sent");
        assert!(matches!(error, Error::Timeout(Timeout::PerWrite)), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn blocked_writes_return_when_the_peer_sends() {
        let (mut tcp, mut peer) = pair();
        peer.write_all(b"stop").expect("written");
        let long = limit(Duration::from_secs(60));
        let began = Instant::now();
        let mut chunks = 0;
        while tcp.unsent.is_empty() {
            tcp.transmit_output(128 * 1024, long).expect("no error");
            chunks += 1;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert!(!tcp.is_open());
        assert!(tcp.await_input(no_wait()).expect("there it is"));
        assert_eq!(tcp.buffers().input(), b"stop");
        tcp.buffers().input_consume(4);

        let reader = thread::spawn(move || {
            let mut whole = vec![0; chunks * 128 * 1024];
            peer.read_exact(&mut whole).expect("all comes, in order and once");
            peer.write_all(b"done").expect("written");
            peer
        });
        assert!(tcp.await_input(long).expect("the rest is sent first"));
        assert_eq!(tcp.buffers().input(), b"done");
        reader.join().expect("read");
    }

    #[test]
    fn data_sent_before_a_close_is_read() {
        let (mut tcp, mut peer) = pair();
        peer.write_all(b"no").expect("written");
        drop(peer);
        let long = limit(Duration::from_secs(60));
        for _ in 0..20 {
            tcp.transmit_output(128 * 1024, long).expect("errors come with the answer");
        }
        assert!(tcp.await_input(long).expect("there it is"));
        assert_eq!(tcp.buffers().input(), b"no");
        assert!(!tcp.await_input(long).is_ok_and(|more| more));
    }

    /// The same on every system: Windows discards what it has received when the peer resets the connection.
    #[test]
    fn data_that_came_while_sending_outlives_a_reset() {
        let (mut tcp, mut peer) = pair();
        let long = limit(Duration::from_secs(60));
        tcp.transmit_output(1024, long).expect("it is sent");
        peer.read_exact(&mut [0; 1024]).expect("it is there");
        peer.write_all(b"413").expect("written");
        while !can_read(&tcp.stream) {
            thread::yield_now();
        }
        tcp.transmit_output(1024, long).expect("it is sent");
        // Unread data makes the system reset the connection.
        drop(peer);
        for _ in 0..20 {
            tcp.transmit_output(128 * 1024, long).expect("errors come with the answer");
        }
        assert!(!tcp.is_open());
        assert!(tcp.await_input(long).expect("there it is"));
        assert_eq!(tcp.buffers().input(), b"413");
        assert!(!tcp.await_input(long).is_ok_and(|more| more));
    }

    #[test]
    fn polling_writes_send_everything() {
        let (tcp, mut peer) = pair();
        let bytes = vec![7; 32 * 1024 * 1024];
        let reader = thread::spawn(move || {
            let mut whole = Vec::new();
            peer.read_to_end(&mut whole).expect("read");
            whole
        });
        let mut sent = 0;
        while sent < bytes.len() {
            match write_polling(&tcp.stream, &bytes[sent..], SLICE) {
                Ok(amount) => sent += amount,
                Err(error) => assert!(is_late(&error), "{error}"),
            }
        }
        drop(tcp);
        assert_eq!(reader.join().expect("read"), bytes);
    }

    #[test]
    fn silent_addresses_cost_little_time() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let good = listener.local_addr().expect("bound");
        // A listener with a full queue doesn't respond.
        let full = TcpListener::bind("127.0.0.1:0").expect("a port");
        let silent = full.local_addr().expect("bound");
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&silent, Duration::from_millis(200)) {
            queued.push(stream);
            assert!(queued.len() < 10_000, "the queue of a listener ends");
        }
        let time = Countdown::new(limit(Duration::from_secs(60)));
        let began = Instant::now();
        let (_, reached) = connect("host:1", &[silent, good], time).expect("the second one lets it in");
        assert_eq!(reached, good);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());

        let refusing = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("bound")
        };
        let error = connect("host:1", &[refusing], time).expect_err("nobody is there").to_string();
        assert!(error.contains("host:1"), "{error}");
        let began = Instant::now();
        let short = Countdown::new(limit(Duration::from_secs(1)));
        for addresses in [&[silent][..], &[silent, silent]] {
            let error = connect("host:1", addresses, short).expect_err("nobody answers").to_string();
            assert!(error.contains("host:1"), "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
