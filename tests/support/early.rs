//! A server that answers when it wants to, over plain TCP or TLS.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{Client, ClientBuilder};

use super::{KEY, hasty};

/// One connection, plain or TLS.
pub trait Talk: Read + Write {
    /// Ends the sending half.
    fn hang_up(&mut self);
}

impl Talk for TcpStream {
    fn hang_up(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

/// What the server does once it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Keeps the connection, and reads nothing more.
    Keep,
    /// Keeps the connection, and reads on.
    ReadOn,
    /// Ends its half, and reads the rest.
    HangUp,
    /// Lets the connection go with unread bytes, which resets it.
    Reset,
}

pub const AFTERS: [After; 4] = [After::Keep, After::ReadOn, After::HangUp, After::Reset];

/// When the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Once it has the head.
    AtOnce,
    /// Once it has asked for the body and has so much of it, or all of it.
    After(usize),
}

/// The server. It ends when it is dropped.
pub struct Early {
    pub url: String,
    ended: Arc<AtomicBool>,
    heads: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<usize>>>,
    connections: Arc<AtomicUsize>,
}

/// What is said on each connection in turn; the last one again and again.
#[derive(Clone, Debug)]
pub struct Script {
    /// Said before anything else is read than the head.
    pub before: Vec<u8>,
    pub when: When,
    pub answer: Vec<u8>,
    pub after: After,
}

impl Script {
    pub fn new(when: When, answer: impl Into<Vec<u8>>, after: After) -> Self {
        Self { before: Vec::new(), when, answer: answer.into(), after }
    }

    pub fn saying_first(mut self, before: impl Into<Vec<u8>>) -> Self {
        self.before = before.into();
        self
    }
}

pub fn refusal(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} No\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

pub fn taken() -> Vec<u8> {
    let body = r#"{"path":"operations/abc","operationId":"abc","done":false}"#;
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

type Dress = dyn Fn(TcpStream) -> Option<Box<dyn Talk>> + Send + Sync;

impl Early {
    pub fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::dressed("http", scripts, |stream| Some(Box::new(stream)))
    }

    pub fn dressed(
        scheme: &str,
        scripts: impl IntoIterator<Item = Script>,
        dress: impl Fn(TcpStream) -> Option<Box<dyn Talk>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let host = if scheme == "https" { "localhost" } else { "127.0.0.1" };
        let server = Self {
            url: format!("{scheme}://{host}:{}", address.port()),
            ended: Arc::default(),
            heads: Arc::default(),
            bodies: Arc::default(),
            connections: Arc::default(),
        };
        let scripts: Vec<Script> = scripts.into_iter().collect();
        let dress: Arc<Dress> = Arc::new(dress);
        let (ended, heads) = (Arc::clone(&server.ended), Arc::clone(&server.heads));
        let (bodies, connections) = (Arc::clone(&server.bodies), Arc::clone(&server.connections));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let script = scripts[number.min(scripts.len() - 1)].clone();
                let (ended, heads, bodies) = (Arc::clone(&ended), Arc::clone(&heads), Arc::clone(&bodies));
                let dress = Arc::clone(&dress);
                thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let Some(mut talk) = dress(stream) else { return };
                    serve(&mut *talk, &script, &ended, &heads, &bodies);
                });
            }
        });
        server
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).base_url(&self.url).retry(hasty())
    }

    /// The heads of the requests that came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic under it").clone()
    }

    /// How many bytes of each body were read before the answer.
    pub fn bodies(&self) -> Vec<usize> {
        self.bodies.lock().expect("no panic under it").clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let port = self.url.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or_default();
        let _ = TcpStream::connect(("127.0.0.1", port));
    }
}

fn serve(
    talk: &mut dyn Talk,
    script: &Script,
    ended: &AtomicBool,
    heads: &Mutex<Vec<String>>,
    bodies: &Mutex<Vec<usize>>,
) {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        match talk.read(&mut chunk) {
            Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lower = head.to_ascii_lowercase();
    let length: usize = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse().expect("a length"));
    let asks = lower.contains("expect: 100-continue");
    heads.lock().expect("no panic under it").push(head);
    let mut got = bytes.len() - end;
    if talk.write_all(&script.before).is_err() {
        return;
    }
    if let When::After(wanted) = script.when {
        if asks && script.before.is_empty() && talk.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
            return;
        }
        while got < length.min(wanted) {
            match talk.read(&mut chunk) {
                Ok(read @ 1..) => got += read,
                _ => break,
            }
        }
    }
    bodies.lock().expect("no panic under it").push(got);
    if talk.write_all(&script.answer).is_err() || talk.flush().is_err() {
        return;
    }
    match script.after {
        After::Keep => {
            let end = Instant::now() + Duration::from_secs(30);
            while !ended.load(Ordering::SeqCst) && Instant::now() < end {
                thread::sleep(Duration::from_millis(5));
            }
        }
        After::ReadOn => while matches!(talk.read(&mut chunk), Ok(1..)) {},
        After::HangUp => {
            talk.hang_up();
            while matches!(talk.read(&mut chunk), Ok(1..)) {}
        }
        // Time for the answer to be on its way, and for more of the body to come.
        After::Reset => thread::sleep(Duration::from_millis(50)),
    }
}
