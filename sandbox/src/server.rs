//! Connections: one thread accepts them, and each is served by another.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rblxopencloud::asset::limits::MAX_VIDEO_SIZE;

use super::control;
use super::http::multipart;
use super::http::{Answer, Connection, Head, Length, Part, Problem};
use super::routes::{self, Caller, Matched, Sent, Site};
use super::state::{Entry, Harm, LARGEST_KEPT, LimitHeaders, Now, RecordedPart, State, lock};

/// A larger declared length is refused before the body is read: the largest file, and a form around it.
const LARGEST_BODY: u64 = MAX_VIDEO_SIZE + 64 * 1024;
/// How long dropping waits for busy connections.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(80);

/// What all connections share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) state: State,
    /// The names under which it can be reached, other than `localhost` and IP addresses.
    hosts: Vec<String>,
    open: Mutex<Open>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    is_stopping: bool,
    streams: HashMap<u64, TcpStream>,
    accepted: u64,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
    acceptors: Vec<(SocketAddr, JoinHandle<()>)>,
}

impl Server {
    pub(crate) fn start(port: u16, hosts: Vec<String>, state: State) -> io::Result<Self> {
        let shared = Shared { state, hosts, ..Shared::default() };
        let service = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let delivery = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        lock(&shared.state.world).delivery_url = format!("http://{}", delivery.local_addr()?);
        let address = service.local_addr()?;
        lock(&shared.state.world).service_url = format!("http://{address}");
        let mut server = Self { shared: Arc::new(shared), address, acceptors: Vec::new() };
        for (site, listener) in [(Site::Service, service), (Site::Delivery, delivery)] {
            let address = listener.local_addr()?;
            let shared = Arc::clone(&server.shared);
            let acceptor = thread::Builder::new().name("sandbox".to_owned());
            let acceptor = acceptor.spawn(move || accept(&listener, site, &shared))?;
            server.acceptors.push((address, acceptor));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut open = lock(&self.shared.open);
        open.is_stopping = true;
        for stream in open.streams.values() {
            // The connection may have ended.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        self.shared.changed.notify_all();
        for (address, acceptor) in self.acceptors.drain(..) {
            // Wakes the acceptor. If that fails, it stays blocked on a useless port, which is better than waiting for it.
            if TcpStream::connect_timeout(&address, SHUTDOWN_TIMEOUT).is_ok() {
                let _ = acceptor.join();
            }
        }
        let open = lock(&self.shared.open);
        let _ = self.shared.changed.wait_timeout_while(open, SHUTDOWN_TIMEOUT, |open| !open.streams.is_empty());
    }
}

fn accept(listener: &TcpListener, site: Site, shared: &Arc<Shared>) {
    loop {
        let accepted = listener.accept();
        if lock(&shared.open).is_stopping {
            return;
        }
        let Ok((stream, _)) = accepted else {
            // There may be no free file descriptor: other connections must close first.
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        let Some(connection) = OpenConnection::register(&stream, site, shared) else { continue };
        // Without a thread, the connection is closed.
        let _ = thread::Builder::new().name("sandbox-connection".to_owned()).spawn(move || connection.serve(stream));
    }
}

/// An open connection. Dropping it removes it from the list.
struct OpenConnection {
    shared: Arc<Shared>,
    site: Site,
    number: u64,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let stream = lock(&self.shared.open).streams.remove(&self.number);
        drop(stream);
        self.shared.changed.notify_all();
    }
}

/// Whether the connection can be used again.
#[derive(PartialEq)]
enum Next {
    Request,
    Close,
}

impl OpenConnection {
    fn register(stream: &TcpStream, site: Site, shared: &Arc<Shared>) -> Option<Self> {
        stream.set_nodelay(true).ok()?;
        let handle = stream.try_clone().ok()?;
        let mut open = lock(&shared.open);
        if open.is_stopping {
            return None;
        }
        open.accepted += 1;
        let number = open.accepted;
        open.streams.insert(number, handle);
        Some(Self { shared: Arc::clone(shared), site, number })
    }

    fn serve(self, stream: TcpStream) {
        let mut connection = Connection::new(stream);
        let mut out = Vec::new();
        loop {
            match connection.read_head() {
                Ok(Some(head)) => match self.answer(&mut connection, &head, &mut out) {
                    Ok(Next::Request) => {}
                    Ok(Next::Close) | Err(Problem::Io) => return,
                    Err(Problem::Malformed(what)) => return refuse_malformed(&mut connection, what),
                },
                Ok(None) | Err(Problem::Io) => return,
                Err(Problem::Malformed(what)) => return refuse_malformed(&mut connection, what),
            }
        }
    }

    fn answer(&self, connection: &mut Connection, head: &Head, out: &mut Vec<u8>) -> Result<Next, Problem> {
        let shared = &*self.shared;
        let misdirected = shared.misdirected(head);
        if misdirected.is_none() && self.site == Site::Service && control::serves(head) {
            return Self::answer_control(connection, shared, head, out);
        }
        let harm = match misdirected {
            Some(_) => None,
            None => lock(&shared.state.faults).take(&head.method, &head.path),
        };
        let unread = |shared: &Shared| lock(&shared.state.log).push(Entry::new(head, self.number));
        let admission = match harm {
            Some(Harm::CloseAtOnce) => {
                unread(shared);
                return Ok(Next::Close);
            }
            Some(Harm::AnswerAtOnce(answer)) => {
                let number = unread(shared);
                return Self::respond_and_close(connection, shared, number, &answer, out);
            }
            // These stand for a proxy in front of the service.
            Some(Harm::Answer(_) | Harm::Raw(_)) => Err(Answer::v2(500, "INTERNAL", "Replaced.")),
            _ => misdirected.map_or_else(|| shared.admit(self.site, head), Err),
        };
        if let (Err(refusal), true, None) = (&admission, head.expects_continue, &harm) {
            let number = unread(shared);
            return Self::respond_and_close(connection, shared, number, refusal, out);
        }

        let takes_form = admission.as_ref().is_ok_and(|admission| admission.matched.route.takes_form);
        let reads = admission.as_ref().map_or(LARGEST_KEPT, |admission| admission.matched.route.reads);
        let takes_file = admission.as_ref().is_ok_and(|admission| admission.matched.route.takes_file);
        let mut file = takes_file.then(|| Part::of_body(head.content_type.clone()));
        let number;
        let mut body = Vec::new();
        let form = match self.read_body(connection, head, reads, file.as_mut()) {
            Ok((entry, form, kept)) => {
                if !takes_form {
                    body = kept;
                }
                number = lock(&shared.state.log).push(entry);
                form
            }
            Err((entry, problem)) => {
                lock(&shared.state.log).push(entry);
                return Err(problem);
            }
        };
        match &harm {
            Some(Harm::Raw(bytes)) => {
                connection.write(bytes)?;
                return Ok(Next::Close);
            }
            Some(Harm::Delay(delay)) if !shared.sleep(*delay) => return Ok(Next::Close),
            _ => {}
        }
        let answer = match (&harm, admission, form) {
            (Some(Harm::Answer(answer)), ..) => answer.clone(),
            (_, Err(refusal), _) => refusal,
            (_, Ok(admission), Err(what)) if takes_form => {
                let mut refusal = Answer::v1(400, "INVALID_ARGUMENT", format!("The form can't be read: {what}."));
                refusal.headers = admission.headers;
                refusal
            }
            (_, Ok(admission), form) => {
                let parts = file.map_or_else(|| form.unwrap_or_default(), |file| vec![file]);
                shared.run(admission, head, Sent { parts, body })
            }
        };
        let answer = match &harm {
            Some(Harm::AnswerAfter(instead)) => instead.clone(),
            _ => answer,
        };
        let keep_alive = head.keep_alive && !matches!(harm, Some(Harm::HalfAnAnswer | Harm::HalfABody));
        let body_at = answer.write_to(out, keep_alive);
        let written = match harm {
            Some(Harm::NoAnswer) => return Ok(Next::Close),
            Some(Harm::HalfAnAnswer) => out.len() / 2,
            Some(Harm::HalfABody) => body_at + (out.len() - body_at) / 2,
            // The response to HEAD has no body; one would be taken for the next response.
            _ if head.method == "HEAD" => body_at,
            _ => out.len(),
        };
        lock(&shared.state.log).answered(number, answer.status);
        connection.write(&out[..written])?;
        Ok(if keep_alive { Next::Request } else { Next::Close })
    }

    /// Responds to a request that isn't one to the service: it can't fail on demand, and isn't logged.
    fn answer_control(
        connection: &mut Connection,
        shared: &Shared,
        head: &Head,
        out: &mut Vec<u8>,
    ) -> Result<Next, Problem> {
        let refusal = control::check(head).err();
        let mut body = Vec::new();
        if refusal.is_none() {
            let mut reader = connection.body(head).take(control::LARGEST_BODY + 1);
            reader.read_to_end(&mut body)?;
        }
        let is_whole = refusal.is_none() && body.len() as u64 <= control::LARGEST_BODY;
        let answer = refusal.unwrap_or_else(|| match is_whole {
            true => control::answer(&shared.state, head, &body),
            false => control::refusal(413, "The body is too large."),
        });
        let keep_alive = head.keep_alive && is_whole;
        answer.write_to(out, keep_alive);
        connection.write(out)?;
        Ok(if keep_alive { Next::Request } else { Next::Close })
    }

    /// Responds and closes the connection, even if the client is still sending.
    fn respond_and_close(
        connection: &mut Connection,
        shared: &Shared,
        number: u64,
        answer: &Answer,
        out: &mut Vec<u8>,
    ) -> Result<Next, Problem> {
        answer.write_to(out, false);
        lock(&shared.state.log).answered(number, answer.status);
        connection.write(out)?;
        Ok(Next::Close)
    }

    /// Reads the whole body, and returns the form or why it isn't one, and so many bytes of the body. On a broken connection, what
    /// was read is recorded.
    #[allow(clippy::type_complexity, clippy::result_large_err)]
    fn read_body(
        &self,
        connection: &mut Connection,
        head: &Head,
        most: usize,
        file: Option<&mut Part>,
    ) -> Result<(Entry, Result<Vec<Part>, &'static str>, Vec<u8>), (Entry, Problem)> {
        let mut entry = Entry::new(head, self.number);
        if head.length == Length::Exactly(0) {
            return Ok((entry, Err("there is none"), Vec::new()));
        }
        let boundary = head.content_type.as_deref().and_then(multipart::boundary);
        let mut body = Tee { reader: connection.body(head), kept: Vec::new(), most, length: 0, file };
        let form = match boundary {
            None => Err("the content type is not multipart/form-data with a boundary"),
            Some(boundary) => match multipart::read_form(&mut body, &boundary) {
                Ok(parts) => Ok(parts),
                Err(multipart::Problem::Malformed(what)) => Err(what),
                Err(multipart::Problem::Io(error)) => {
                    (entry.body, entry.body_length) = (recorded(&body.kept), body.length);
                    return Err((entry, error.into()));
                }
            },
        };
        let rest = io::copy(&mut body, &mut io::sink());
        (entry.body, entry.body_length) = (recorded(&body.kept), body.length);
        if let Err(error) = rest {
            return Err((entry, error.into()));
        }
        let kept = body.kept;
        entry.parts = form.iter().flatten().map(RecordedPart::from).collect();
        Ok((entry, form, kept))
    }
}

/// A request that is let in.
struct Admission {
    matched: Matched,
    caller: Caller,
    headers: LimitHeaders,
}

impl Shared {
    /// Refuses a request for another host: a page of another site may have sent it.
    fn misdirected(&self, head: &Head) -> Option<Answer> {
        let is_known = |name: &String| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        let other = head.host_names.iter().find(|name| !is_known(name))?;
        let message = format!(
            "The sandbox doesn't serve the host {other}. To allow it, use SandboxBuilder::allow_host or --allow-host."
        );
        Some(Answer::gateway(421, &message))
    }

    /// Decides what the head alone tells.
    fn admit(&self, site: Site, head: &Head) -> Result<Admission, Answer> {
        let matched = Matched::find(site, head);
        let is_open = matched.as_ref().is_ok_and(|matched| routes::needs_no_credentials(head, &matched.route.endpoint));
        let caller = match is_open {
            true => Caller::Nobody,
            false => routes::authenticate(&lock(&self.state.world), head)
                .map_err(|refusal| routes::with_challenge(head, refusal))?,
        };
        let matched = matched?;
        let endpoint = &matched.route.endpoint;
        let clock = lock(&self.state.world).clock();
        let headers = match site {
            Site::Service => lock(&self.state.limiter).take(endpoint, &matched.params, caller, Now::read(clock))?,
            Site::Delivery => LimitHeaders::new(),
        };
        if let Err(mut refusal) = routes::authorize(&mut lock(&self.state.world), caller, head, endpoint) {
            if refusal.status == 403 {
                refusal.headers.extend(headers);
            }
            return Err(routes::with_challenge(head, refusal));
        }
        if matches!(head.length, Length::Exactly(length) if length > LARGEST_BODY) {
            return Err(Answer::gateway(413, "Request Entity Too Large"));
        }
        Ok(Admission { matched, caller, headers })
    }

    fn run(&self, admission: Admission, head: &Head, sent: Sent) -> Answer {
        let Admission { matched, caller, headers } = admission;
        let answer = catch_unwind(AssertUnwindSafe(|| matched.run(&mut lock(&self.state.world), head, caller, sent)));
        let mut answer = answer.unwrap_or_else(|_| Answer::v2(500, "INTERNAL", "The sandbox has a bug here."));
        // The service sends none with what doesn't exist. If a quota is exhausted, they would announce another end.
        if !matches!(answer.status, 404 | 429) {
            answer.headers.extend(headers);
        }
        answer
    }

    /// Returns `false` if the server ends first.
    fn sleep(&self, time: Duration) -> bool {
        let open = lock(&self.open);
        let woken = self.changed.wait_timeout_while(open, time, |open| !open.is_stopping);
        !woken.unwrap_or_else(PoisonError::into_inner).0.is_stopping
    }
}

fn refuse_malformed(connection: &mut Connection, what: &str) {
    let mut out = Vec::new();
    Answer::gateway(400, what).write_to(&mut out, false);
    // The connection ends in any case.
    let _ = connection.write(&out);
}

/// Returns what the log has of a body.
fn recorded(body: &[u8]) -> Vec<u8> {
    body[..body.len().min(LARGEST_KEPT)].to_vec()
}

/// Keeps the beginning of what is read, and counts the rest.
struct Tee<'a, R> {
    reader: R,
    kept: Vec<u8>,
    most: usize,
    length: u64,
    /// Keeps more of it, if the body is a file.
    file: Option<&'a mut Part>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.length += read as u64;
        let room = self.most - self.kept.len();
        self.kept.extend_from_slice(&into[..read.min(room)]);
        if let Some(file) = &mut self.file {
            file.push(&into[..read]);
        }
        Ok(read)
    }
}
