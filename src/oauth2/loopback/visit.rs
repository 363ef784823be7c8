//! Requests of the browser, and of anything else that finds the port.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::page::Page;
use crate::host::{Host, Target};

/// A browser opens connections in advance and may send nothing on them.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);
const LARGEST_REQUEST: usize = 32 * 1024;
const MOST_HEADERS: usize = 100;
/// If there are more, the oldest one is sent away: a port scan must neither exhaust this process nor keep the browser out.
const MOST_VISITORS: usize = 64;

/// The listeners. Each connection is read on a thread of its own, so that a silent one doesn't delay the others.
pub(super) struct Door {
    listeners: Vec<TcpListener>,
    port: u16,
    path: Arc<str>,
    visits: Sender<Visit>,
    visitors: Arc<Visitors>,
}

/// The connections whose request isn't complete, the oldest first.
#[derive(Default)]
struct Visitors(Mutex<VecDeque<Arc<TcpStream>>>);

/// A request for the path of the redirect, which waits for its response.
pub(super) struct Visit {
    /// The path and the query.
    pub(super) target: String,
    stream: Arc<TcpStream>,
}

impl Door {
    pub(super) fn new(listeners: Vec<TcpListener>, port: u16, path: String, visits: Sender<Visit>) -> Self {
        Self { listeners, port, path: path.into(), visits, visitors: Arc::default() }
    }

    /// Accepts the connections that are there.
    pub(super) fn accept(&self) {
        for listener in &self.listeners {
            while let Ok((stream, _)) = listener.accept() {
                let stream = Arc::new(stream);
                self.visitors.enter(&stream);
                let (path, visits, visitors) =
                    (Arc::clone(&self.path), self.visits.clone(), Arc::clone(&self.visitors));
                let (visitor, port) = (Arc::clone(&stream), self.port);
                let started = thread::Builder::new().name("sign-in".to_owned()).spawn(move || {
                    let head = read_head(&visitor);
                    visitors.leave(&visitor);
                    if let Some(head) = head {
                        serve(visitor, &head, port, &path, &visits);
                    }
                });
                // Without a thread, the connection is closed.
                if started.is_err() {
                    self.visitors.leave(&stream);
                }
            }
        }
    }

    /// Returns whether no request is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.visitors.waiting().is_empty()
    }
}

impl Visitors {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stream: &Arc<TcpStream>) {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_VISITORS {
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

impl Visit {
    pub(super) fn respond(self, page: Page) {
        // If the browser is gone, nobody misses the page.
        let _ = (&*self.stream).write_all(page.response().as_bytes());
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

fn serve(stream: Arc<TcpStream>, head: &[u8], port: u16, path: &str, visits: &Sender<Visit>) {
    let _ = stream.set_write_timeout(Some(LONGEST_REQUEST));
    match target(head, port, path) {
        Err(page) => Visit { target: String::new(), stream }.respond(page),
        Ok(target) => {
            if let Err(late) = visits.send(Visit { target, stream }) {
                late.0.respond(Page::OtherSignIn);
            }
        }
    }
}

/// Reads the head of a request. `None` if it doesn't come, or is too long.
fn read_head(mut stream: &TcpStream) -> Option<Vec<u8>> {
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
        head.extend_from_slice(&buffer[..read]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(head);
        }
    }
    None
}

/// Returns the path and the query of a request for `path` on this port, or how to respond to another one.
fn target(head: &[u8], port: u16, path: &str) -> Result<String, Page> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(head).is_ok_and(|status| status.is_complete()) {
        return Err(Page::BadRequest);
    }
    let target = Target::of(&request).map_err(|_| Page::BadRequest)?;
    let is_ours =
        |host: &Host| host.port == port && ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.is(name));
    if !target.hosts.iter().all(is_ours) {
        return Err(Page::OtherHost);
    }
    if target.path.split('?').next() != Some(path) {
        return Err(Page::NotFound);
    }
    match request.method {
        Some("GET") => Ok(target.path.to_owned()),
        _ => Err(Page::BadMethod),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_at(port: u16, line: &str, hosts: &str) -> Result<String, Page> {
        target(format!("{line}\r\n{hosts}\r\n").as_bytes(), port, "/callback")
    }

    #[test]
    fn only_gets_of_the_path_are_let_in() {
        let ask = |line: &str| ask_at(80, line, "host: localhost\r\n");
        assert_eq!(ask("GET /callback?code=a&state=b HTTP/1.1"), Ok("/callback?code=a&state=b".to_owned()));
        assert_eq!(ask("GET /callback HTTP/1.1"), Ok("/callback".to_owned()));
        assert_eq!(ask("GET http://localhost/callback?code=a HTTP/1.1"), Ok("/callback?code=a".to_owned()));
        assert_eq!(ask("GET /favicon.ico HTTP/1.1"), Err(Page::NotFound));
        assert_eq!(ask("GET /callback/ HTTP/1.1"), Err(Page::NotFound));
        assert_eq!(ask("POST /callback?code=a HTTP/1.1"), Err(Page::BadMethod));
        assert_eq!(ask("\x16\x03\x01"), Err(Page::BadRequest));
        assert_eq!(ask(""), Err(Page::BadRequest));
    }

    #[test]
    fn only_requests_for_this_machine_and_port_are_let_in() {
        let ask = |hosts: &str| ask_at(4000, "GET /callback HTTP/1.1", hosts).map(drop);
        for host in ["localhost:4000", "LocalHost:4000", "127.0.0.1:4000", "[::1]:4000"] {
            assert_eq!(ask(&format!("host: {host}\r\n")), Ok(()), "{host}");
        }
        for host in
            ["evil.example:4000", "evil.example", "localhost", "localhost:4001", "192.168.0.7:4000", "[::2]:4000"]
        {
            assert_eq!(ask(&format!("host: {host}\r\n")), Err(Page::OtherHost), "{host}");
        }
        for hosts in ["", "host: localhost:4000\r\nHost: localhost:4000\r\n", "host: localhost:4000, evil\r\n"] {
            assert_eq!(ask(hosts), Err(Page::BadRequest), "{hosts}");
        }
        let ours = "host: localhost:4000\r\n";
        let absolute = |host: &str, hosts: &str| ask_at(4000, &format!("GET http://{host}/callback HTTP/1.1"), hosts);
        assert_eq!(absolute("localhost:4000", ours), Ok("/callback".to_owned()));
        assert_eq!(absolute("evil.example", ours), Err(Page::OtherHost));
        assert_eq!(absolute("localhost:4000", "host: evil.example\r\n"), Err(Page::OtherHost));
    }
}
