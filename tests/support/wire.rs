//! A server that handles each connection as a test says, byte by byte, over plain TCP or TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{Client, ClientBuilder, User};

use super::{KEY, USER, hasty};

/// A connection, plain or TLS.
pub trait Talk: Read + Write {
    /// Ends the sending half.
    fn hang_up(&mut self);

    fn socket(&self) -> &TcpStream;
}

impl Talk for TcpStream {
    fn hang_up(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }

    fn socket(&self) -> &TcpStream {
        self
    }
}

/// The server. It ends when it is dropped.
pub struct Wire {
    url: String,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Wire {
    /// Passes each connection to `handler`, which closes it by returning.
    pub fn start(handler: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        Self::start_with("http://127.0.0.1", |stream| Some(Box::new(stream)), handler)
    }

    /// Like [`start`](Self::start), over connections that `wrap` makes of TCP connections.
    pub fn start_with(
        origin: &str,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Talk>> + Send + Sync + 'static,
        handler: impl Fn(&mut Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (connections, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, ended, handler) = (Arc::clone(&connections), Arc::clone(&stopped), Arc::new((wrap, handler)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let _ = stream.set_nodelay(true);
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let (handler, ended) = (Arc::clone(&handler), Arc::clone(&ended));
                thread::spawn(move || {
                    let (wrap, handler) = &*handler;
                    let Some(stream) = wrap(stream) else { return };
                    handler(&mut Connection { number, stream, ended, unread: Vec::new() });
                });
            }
        });
        Self { url: format!("{origin}:{}", address.port()), address, connections, stopped }
    }

    /// Reads a request on each connection, responds with these bytes, then closes the connection.
    pub fn says(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |connection| {
            let _ = connection.request();
            connection.send(&answer);
        })
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).base_url(self.url()).retry(hasty())
    }

    pub fn user(&self) -> User {
        self.builder().build().expect("the settings are good").user(USER)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection.
pub struct Connection {
    /// The number of the connection, starting at 0.
    pub number: usize,
    pub stream: Box<dyn Talk>,
    ended: Arc<AtomicBool>,
    unread: Vec<u8>,
}

impl Connection {
    /// Reads the head of a request.
    pub fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = head_end(&self.unread) {
                let head: Vec<u8> = self.unread.drain(..end).collect();
                return Some(String::from_utf8_lossy(&head).into_owned());
            }
            self.read_more()?;
        }
    }

    /// Reads a whole request, after `100 Continue` if the client expects it. Returns its head and body.
    pub fn request(&mut self) -> Option<(String, Vec<u8>)> {
        let head = self.head()?;
        if head.to_ascii_lowercase().contains("expect: 100-continue") && !self.send(CONTINUE) {
            return None;
        }
        let length = length(&head);
        while self.unread.len() < length {
            self.read_more()?;
        }
        Some((head, self.unread.drain(..length).collect()))
    }

    /// Waits for a whole small request, and leaves it unread, so that closing the connection resets it.
    pub fn leave_unread(&mut self) {
        let mut seen = vec![0; 256 * 1024];
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            let Ok(read) = self.stream.socket().peek(&mut seen) else { return };
            let whole =
                head_end(&seen[..read]).is_some_and(|end| read >= end + length(&String::from_utf8_lossy(&seen[..end])));
            if whole || read == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sends bytes. Returns `false` if the client has closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok() && self.stream.flush().is_ok()
    }

    /// Sends the same bytes until the client closes the connection. Returns how many bytes were sent.
    pub fn send_endlessly(&mut self, bytes: &[u8]) -> u64 {
        let mut total = 0;
        // A client that neither reads nor closes must not block a thread forever.
        let _ = self.stream.socket().set_write_timeout(Some(Duration::from_secs(20)));
        while !self.ended.load(Ordering::SeqCst) {
            match self.stream.write(bytes) {
                Ok(0) => break,
                Ok(written) => total += written as u64,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        total
    }

    /// Does nothing until the server ends.
    pub fn freeze(&self) {
        while !self.ended.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Reads until the client closes the connection.
    pub fn wait_for_the_end(&mut self) {
        while self.read_more().is_some() {
            self.unread.clear();
        }
    }

    /// Reads the body of a request up to `wanted` bytes. Returns how much of it has come.
    pub fn body_up_to(&mut self, wanted: usize) -> usize {
        while self.unread.len() < wanted && self.read_more().is_some() {}
        self.unread.len()
    }

    fn read_more(&mut self) -> Option<()> {
        let mut chunk = [0; 64 * 1024];
        let read = self.stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        self.unread.extend_from_slice(&chunk[..read]);
        Some(())
    }
}

pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
}

pub fn length(head: &str) -> usize {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"));
    line.map_or(0, |line| line[15..].trim().parse().expect("a length"))
}

/// A response with its length.
pub fn answer(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}
