//! A small HTTP server on the loopback interface. Strangers can reach it, through a proxy in front of it or from a web page in a
//! browser on this machine, so everything that they can make it do has a bound.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the whole head of a request may take. A limit for each read wouldn't end a client that sends a byte now and then.
const LONGEST_HEAD: Duration = Duration::from_secs(5);
const LARGEST_HEAD: usize = 16 * 1024;
/// If more connections have sent no whole head, the oldest one is closed: slow clients keep nobody out.
const MOST_WAITING: usize = 128;
/// Further requests get a response to retry later.
const MOST_BUSY: usize = 64;

/// A request without its body.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    /// The path and the query.
    pub target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Returns the value of a header that may be there once.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.header("cookie")?.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// Reads the head of a request for one of these hosts. Otherwise returns the response.
    fn parse(head: &[u8], hosts: &[String]) -> Result<Self, Response> {
        let bad = || Response::new("400 Bad Request", "bad request\n");
        let head = std::str::from_utf8(head).map_err(|_| bad())?;
        let mut lines = head.split("\r\n");
        let first: Vec<_> = lines.next().unwrap_or_default().split(' ').collect();
        let &[method, target, "HTTP/1.0" | "HTTP/1.1"] = first.as_slice() else { return Err(bad()) };
        let mut headers = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(bad)?;
            if name.is_empty() || name.contains([' ', '\t']) {
                return Err(bad());
            }
            headers.push((name.to_owned(), value.trim().to_owned()));
        }

        let mut named: Vec<_> = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).collect();
        let host = named.pop().filter(|_| named.is_empty()).map(|(_, host)| host.as_str()).ok_or_else(bad)?;
        // A proxy may name the host here too.
        let (absolute, target) = match target.strip_prefix("http://") {
            None => (None, target),
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (Some(host), if path.is_empty() { "/" } else { path })
            }
        };
        // The page of another site can have its own name resolve to this machine, and then reads what is here as its own.
        if ![Some(host), absolute].into_iter().flatten().all(|host| is_ours(host, hosts)) {
            return Err(Response::new("421 Misdirected Request", "nothing is here\n"));
        }
        Ok(Self { method: method.to_owned(), target: target.to_owned(), headers })
    }
}

/// Returns whether a host is `localhost`, an IP address, or one of these.
fn is_ours(host: &str, hosts: &[String]) -> bool {
    let name = without_port(host);
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok()
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Returns the host of a URL, for [`serve`].
pub fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    without_port(rest.split(['/', '?']).next().unwrap_or_default()).to_owned()
}

/// A response.
#[derive(Debug)]
pub struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Response {
    /// A response with this text.
    pub fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn write_to(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            text += "content-type: text/plain; charset=utf-8\r\n";
        }
        text += &format!("content-length: {}\r\n\r\n{}", self.body.len(), self.body);
        stream.write_all(text.as_bytes())?;
        stream.shutdown(Shutdown::Write)
    }
}

/// The connections whose head isn't complete, the oldest first.
#[derive(Default)]
struct Waiting(Mutex<VecDeque<Arc<TcpStream>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stream: &Arc<TcpStream>) {
        let mut waiting = self.lock();
        if waiting.len() >= MOST_WAITING {
            // Its thread reads the end.
            let _ = waiting.pop_front().map(|oldest| oldest.shutdown(Shutdown::Both));
        }
        waiting.push_back(Arc::clone(stream));
    }

    fn leave(&self, stream: &Arc<TcpStream>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, stream));
    }
}

/// One of the requests at once. Dropping it makes room, also after a panic.
struct Slot<'a>(&'a AtomicUsize);

impl<'a> Slot<'a> {
    fn take(busy: &'a AtomicUsize) -> Option<Self> {
        let slot = Self(busy);
        (busy.fetch_add(1, Ordering::Relaxed) < MOST_BUSY).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Responds to requests, each on a thread of its own. Besides `localhost` and IP addresses, `hosts` are the names under which
/// the server can be reached.
pub fn serve(
    listener: &TcpListener,
    hosts: Vec<String>,
    respond: impl Fn(&Request) -> Response + Send + Sync + 'static,
) {
    let waiting = Arc::new(Waiting::default());
    let busy = AtomicUsize::new(0);
    let shared = Arc::new(move |stream: &TcpStream, head: &[u8]| {
        let slot = Slot::take(&busy);
        let response = match Request::parse(head, &hosts) {
            Err(response) => response,
            Ok(request) if slot.is_some() => respond(&request),
            Ok(_) => Response::new("503 Service Unavailable", "too many requests\n").with("retry-after", "1"),
        };
        // A client that hangs up needs no response.
        let _ = stream.set_write_timeout(Some(LONGEST_HEAD)).and_then(|()| response.write_to(stream));
    });
    for stream in listener.incoming() {
        let Ok(stream) = stream.map(Arc::new) else {
            // There may be no free file descriptor: other connections must close first.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        waiting.enter(&stream);
        let (connection, left, shared) = (Arc::clone(&stream), Arc::clone(&waiting), Arc::clone(&shared));
        let started = thread::Builder::new().spawn(move || {
            let head = read_head(&connection);
            left.leave(&connection);
            if let Some(head) = head {
                shared(&connection, &head);
            }
        });
        if started.is_err() {
            waiting.leave(&stream);
        }
    }
}

/// Reads the head of a request. `None` if it doesn't come, or is too long.
fn read_head(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let deadline = Instant::now() + LONGEST_HEAD;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while head.len() < LARGEST_HEAD {
        // A limit of zero would be refused.
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&buffer[..read]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(head);
        }
    }
    None
}
