//! Requests of the browser, and of anything else that finds the port.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{SendError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::host::{Host, Target};
use super::page::Page;

/// A browser opens connections in advance and may send nothing on them.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// A browser sends the cookies of all ports of `localhost`: 180 of 4 KiB.
const LARGEST_REQUEST: usize = 1024 * 1024;
const MOST_HEADERS: usize = 16 * 1024;
/// If there are more, the oldest one is sent away: a port scan must neither exhaust this process nor keep the browser out.
const MOST_CONNECTIONS: usize = 64;

/// The listeners. Each connection is read on a thread of its own, so that a silent one doesn't delay the others.
pub(super) struct Server {
    listeners: Vec<TcpListener>,
    port: u16,
    path: Arc<str>,
    events: Sender<Event>,
    unread: Arc<Unread>,
}

/// The connections whose request isn't complete, the oldest first.
#[derive(Default)]
struct Unread(Mutex<VecDeque<Arc<TcpStream>>>);

/// What comes while a sign-in waits.
pub(super) enum Event {
    Request(Request),
    /// A browser tried TLS, and was sent away.
    Tls,
    /// A request was too large, and was refused.
    TooLarge,
    /// A line was pasted.
    Line(String),
}

/// A request, which waits for its response.
pub(super) struct Request {
    /// The path and the query.
    pub(super) target: String,
    /// Whether its path is that of the redirect.
    pub(super) is_on_path: bool,
    stream: Arc<TcpStream>,
}

impl Server {
    pub(super) fn new(listeners: Vec<TcpListener>, port: u16, path: String, events: Sender<Event>) -> Self {
        Self { listeners, port, path: path.into(), events, unread: Arc::default() }
    }

    /// Accepts the connections that are there.
    pub(super) fn accept(&self) {
        for listener in &self.listeners {
            while let Ok((stream, _)) = listener.accept() {
                let stream = Arc::new(stream);
                self.unread.enter(&stream);
                let (path, events, unread) = (Arc::clone(&self.path), self.events.clone(), Arc::clone(&self.unread));
                let (connection, port) = (Arc::clone(&stream), self.port);
                let started = thread::Builder::new().name("sign-in".to_owned()).spawn(move || {
                    let head = read_head(&connection);
                    unread.leave(&connection);
                    match head {
                        Some(Head::Whole(head)) => serve(connection, &head, port, &path, &events),
                        Some(Head::Tls) => {
                            let _ = connection.shutdown(Shutdown::Both);
                            let _ = events.send(Event::Tls);
                        }
                        Some(Head::TooLarge) => refuse_too_large(connection, &events),
                        None => {}
                    }
                });
                // Without a thread, the connection is closed.
                if started.is_err() {
                    self.unread.leave(&stream);
                }
            }
        }
    }

    /// Returns whether no request is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.unread.waiting().is_empty()
    }
}

impl Unread {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stream: &Arc<TcpStream>) {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_CONNECTIONS {
            if let Some(oldest) = waiting.pop_front() {
                // Its thread reads the end.
                let _ = oldest.shutdown(Shutdown::Both);
            }
        }
        waiting.push_back(Arc::clone(stream));
    }

    fn leave(&self, stream: &Arc<TcpStream>) {
        self.waiting().retain(|other| !Arc::ptr_eq(other, stream));
    }
}

impl Request {
    pub(super) fn respond(self, page: Page) {
        self.respond_with(page, None);
    }

    /// Responds with a page and the words of the service.
    pub(super) fn respond_with(self, page: Page, words: Option<&str>) {
        // If the browser is gone, nobody misses the page.
        let _ = (&*self.stream).write_all(page.response(words).as_bytes());
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

fn serve(stream: Arc<TcpStream>, head: &[u8], port: u16, path: &str, events: &Sender<Event>) {
    let _ = stream.set_write_timeout(Some(LONGEST_REQUEST));
    match target(head, port, path) {
        Err(Page::TooLarge) => refuse_too_large(stream, events),
        Err(page) => Request { target: String::new(), is_on_path: false, stream }.respond(page),
        Ok((target, is_on_path)) => {
            if let Err(SendError(Event::Request(late))) =
                events.send(Event::Request(Request { target, is_on_path, stream }))
            {
                late.respond(if is_on_path { Page::OtherSignIn } else { Page::NotFound });
            }
        }
    }
}

/// Responds to a request that is too large, and reads the rest of it: else the browser would lose the response.
fn refuse_too_large(stream: Arc<TcpStream>, events: &Sender<Event>) {
    const MOST: usize = 16 * 1024 * 1024;
    const LONGEST: Duration = Duration::from_secs(5);
    let _ = events.send(Event::TooLarge);
    let _ = stream.set_write_timeout(Some(LONGEST));
    let _ = stream.set_read_timeout(Some(LONGEST));
    let rest = Arc::clone(&stream);
    Request { target: String::new(), is_on_path: false, stream }.respond(Page::TooLarge);
    let (began, mut read, mut buffer) = (Instant::now(), 0, [0; 4096]);
    while read < MOST && began.elapsed() < LONGEST {
        match (&*rest).read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(more) => read += more,
        }
    }
}

/// How a request begins.
enum Head {
    Whole(Vec<u8>),
    /// It is TLS.
    Tls,
    TooLarge,
}

/// Reads the head of a request. `None` if it doesn't come.
fn read_head(mut stream: &TcpStream) -> Option<Head> {
    /// The first byte of a TLS handshake, with which no HTTP request begins.
    const TLS: u8 = 0x16;
    // It may have inherited that from the listener.
    stream.set_nonblocking(false).ok()?;
    let deadline = Instant::now() + LONGEST_REQUEST;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while head.len() < LARGEST_REQUEST {
        let left = deadline.saturating_duration_since(Instant::now());
        // A duration of zero would be refused.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).ok()?;
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0 && !left.is_zero())?;
        // The end may have come in two parts.
        let looked = head.len().saturating_sub(3);
        head.extend_from_slice(&buffer[..read]);
        if head[0] == TLS {
            return Some(Head::Tls);
        }
        if head[looked..].windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(Head::Whole(head));
        }
    }
    Some(Head::TooLarge)
}

/// Returns the path and the query of a request to this port, and whether its path is `path`, or how to refuse it.
fn target(head: &[u8], port: u16, path: &str) -> Result<(String, bool), Page> {
    let lines = head.iter().filter(|byte| **byte == b'\n').count();
    let mut headers = vec![httparse::EMPTY_HEADER; lines.min(MOST_HEADERS)];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(status) if status.is_complete() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Page::TooLarge),
        _ => return Err(Page::BadRequest),
    }
    let target = Target::of(&request).map_err(|_| Page::BadRequest)?;
    let is_ours =
        |host: &Host| host.port == port && ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.is(name));
    if !target.hosts.iter().all(is_ours) {
        return Err(Page::OtherHost);
    }
    let is_on_path = target.path.split('?').next() == Some(path);
    match request.method {
        Some("GET") => Ok((target.path.to_owned(), is_on_path)),
        _ if is_on_path => Err(Page::BadMethod),
        _ => Err(Page::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_at(port: u16, line: &str, hosts: &str) -> Result<(String, bool), Page> {
        target(format!("{line}\r\n{hosts}\r\n").as_bytes(), port, "/callback")
    }

    #[test]
    fn only_gets_are_let_in() {
        let target_of = |line: &str| target_at(80, line, "host: localhost\r\n");
        for (target, path, is_on_path) in [
            ("/callback?code=a&state=b", "/callback?code=a&state=b", true),
            ("/callback", "/callback", true),
            ("http://localhost/callback?code=a", "/callback?code=a", true),
            ("/favicon.ico", "/favicon.ico", false),
            ("/callback/?code=a", "/callback/?code=a", false),
        ] {
            assert_eq!(target_of(&format!("GET {target} HTTP/1.1")), Ok((path.to_owned(), is_on_path)));
        }
        assert_eq!(target_of("POST /other HTTP/1.1"), Err(Page::NotFound));
        assert_eq!(target_of("POST /callback?code=a HTTP/1.1"), Err(Page::BadMethod));
        assert_eq!(target_of("\x16\x03\x01"), Err(Page::BadRequest));
        assert_eq!(target_of(""), Err(Page::BadRequest));
    }

    #[test]
    fn only_requests_for_this_machine_and_port_are_let_in() {
        let target_of = |hosts: &str| target_at(4000, "GET /callback HTTP/1.1", hosts).map(drop);
        for host in ["localhost:4000", "LocalHost:4000", "127.0.0.1:4000", "[::1]:4000"] {
            assert_eq!(target_of(&format!("host: {host}\r\n")), Ok(()), "{host}");
        }
        for host in
            ["evil.example:4000", "evil.example", "localhost", "localhost:4001", "192.168.0.7:4000", "[::2]:4000"]
        {
            assert_eq!(target_of(&format!("host: {host}\r\n")), Err(Page::OtherHost), "{host}");
        }
        for hosts in ["", "host: localhost:4000\r\nHost: localhost:4000\r\n", "host: localhost:4000, evil\r\n"] {
            assert_eq!(target_of(hosts), Err(Page::BadRequest), "{hosts}");
        }
        let ours = "host: localhost:4000\r\n";
        let absolute =
            |host: &str, hosts: &str| target_at(4000, &format!("GET http://{host}/callback HTTP/1.1"), hosts);
        assert_eq!(absolute("localhost:4000", ours), Ok(("/callback".to_owned(), true)));
        assert_eq!(absolute("evil.example", ours), Err(Page::OtherHost));
        assert_eq!(absolute("localhost:4000", "host: evil.example\r\n"), Err(Page::OtherHost));
    }
}
