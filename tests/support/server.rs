//! A server on the loopback interface that responds as a test says, over real sockets.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request as it was sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The number of the connection, starting at 0.
    pub connection: usize,
    /// When the head was received.
    pub at: Instant,
    pub method: String,
    /// The path and the query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8().expect("a query is UTF-8").into_owned())
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A response with its length.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// These bytes one by one with a pause after each, then the end of the connection.
    Slow(Vec<u8>, Duration),
    /// The end of the connection without a response.
    HangUp,
    /// No response until the client gives up.
    Stall,
}

impl Reply {
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string()).with("content-type", "application/json")
    }

    pub fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

type Handler = Box<dyn Fn(&Request) -> Reply + Send + Sync>;
type HeadCheck = Box<dyn Fn(&Request) -> Option<Reply> + Send + Sync>;

struct Shared {
    handler: Handler,
    head_check: HeadCheck,
    stopped: AtomicBool,
    open: AtomicUsize,
    /// The ports of accepted clients.
    ports: Mutex<HashSet<u16>>,
    streams: Mutex<HashMap<usize, TcpStream>>,
    requests: Mutex<Vec<Request>>,
    /// Incomplete requests.
    fragments: Mutex<Vec<Request>>,
}

/// The server. It ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Responds to each complete request with the result of `handler`.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with_head_check(|_| None, handler)
    }

    /// Like [`start`](Self::start), but `head_check` may respond before the body is read, which ends the connection.
    pub fn start_with_head_check(
        head_check: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has a free port");
        Self::start_on(listener, head_check, handler)
    }

    /// Like [`start_with_head_check`](Self::start_with_head_check), on a custom port.
    pub fn start_on(
        listener: TcpListener,
        head_check: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            head_check: Box::new(head_check),
            stopped: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            ports: Mutex::default(),
            streams: Mutex::default(),
            requests: Mutex::default(),
            fragments: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// Sends these replies in order, and repeats the last one.
    pub fn script(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let next = AtomicUsize::new(0);
        Self::start(move |_| replies[next.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1)].clone())
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The complete requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// The number of connections with complete requests.
    pub fn connections(&self) -> usize {
        self.requests().iter().map(|request| request.connection).collect::<HashSet<_>>().len()
    }

    /// Waits until all connections have ended, and returns the incomplete requests.
    pub fn settle(&self) -> Vec<Request> {
        let probe = TcpStream::connect(self.address).expect("the server listens");
        let port = probe.local_addr().expect("a connection has an address").port();
        drop(probe);
        let deadline = Instant::now() + Duration::from_secs(5);
        while !self.shared.ports.lock().unwrap().contains(&port) || self.shared.open.load(Ordering::SeqCst) > 0 {
            assert!(Instant::now() < deadline, "a connection stays open");
            thread::sleep(Duration::from_millis(1));
        }
        self.shared.fragments.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in self.shared.streams.lock().unwrap().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for (connection, stream) in listener.incoming().enumerate() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        shared.streams.lock().unwrap().extend(stream.try_clone().map(|stream| (connection, stream)));
        shared.open.fetch_add(1, Ordering::SeqCst);
        shared.ports.lock().unwrap().extend(stream.peer_addr().map(|address| address.port()));
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            serve(&stream, connection, &shared);
            shared.streams.lock().unwrap().remove(&connection);
            drop(stream);
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Serves requests until the connection ends.
fn serve(mut stream: &TcpStream, connection: usize, shared: &Shared) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let head_end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if read_more(stream, &mut buffer).is_none() {
                if !buffer.is_empty() {
                    shared.fragments.lock().unwrap().push(parse_head(&buffer, connection));
                }
                return None;
            }
        };
        let mut request = parse_head(&buffer[..head_end], connection);
        buffer.drain(..head_end);
        if let Some(reply) = (shared.head_check)(&request) {
            shared.fragments.lock().unwrap().push(request);
            send(stream, reply);
            return None;
        }
        if request.header("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
        }
        let length = request.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        while buffer.len() < length {
            if read_more(stream, &mut buffer).is_none() {
                request.body = buffer;
                shared.fragments.lock().unwrap().push(request);
                return None;
            }
        }
        request.body = buffer.drain(..length).collect();
        shared.requests.lock().unwrap().push(request.clone());
        send(stream, (shared.handler)(&request))?;
    }
}

fn read_more(mut stream: &TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 64 * 1024];
    let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
    buffer.extend_from_slice(&chunk[..read]);
    Some(())
}

fn parse_head(head: &[u8], connection: usize) -> Request {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    Request {
        connection,
        at: Instant::now(),
        method: first.next().unwrap_or_default(),
        target: first.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect(),
        body: Vec::new(),
    }
}

/// Returns `None` if the connection must end.
fn send(mut stream: &TcpStream, reply: Reply) -> Option<()> {
    match reply {
        Reply::Answer { status, headers, body } => {
            let mut answer = format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\n", body.len()).into_bytes();
            for (name, value) in &headers {
                answer.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
            answer.extend_from_slice(b"\r\n");
            answer.extend_from_slice(&body);
            return stream.write_all(&answer).ok();
        }
        Reply::Raw(bytes) => stream.write_all(&bytes).ok()?,
        Reply::Slow(bytes, pause) => {
            for byte in bytes {
                stream.write_all(&[byte]).ok()?;
                thread::sleep(pause);
            }
        }
        Reply::HangUp => {}
        Reply::Stall => while read_more(stream, &mut Vec::new()).is_some() {},
    }
    None
}
