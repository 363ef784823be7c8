//! Scripts for a [`Wire`] that responds before it has read the whole request.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rblxopencloud::ClientBuilder;

use super::wire::{CONTINUE, Connection, Talk, Wire, length};

/// What the server does after the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Keeps the connection open without reading.
    Keep,
    /// Keeps the connection open and reads.
    ReadOn,
    /// Closes its half, and reads the rest.
    HangUp,
    /// Closes the connection with unread bytes, which resets it.
    Reset,
}

pub const AFTERS: [After; 4] = [After::Keep, After::ReadOn, After::HangUp, After::Reset];

/// When the server responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the head.
    AtOnce,
    /// After `100 Continue` and this many bytes of the body, or all of it.
    After(usize),
}

/// A server that follows scripts.
pub struct Early {
    pub url: String,
    wire: Wire,
    heads: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<usize>>>,
}

/// What is sent on each connection; the last script is repeated.
#[derive(Clone, Debug)]
pub struct Script {
    /// Sent after the head of the request.
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

impl Early {
    pub fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::start_with("http://127.0.0.1", scripts, |stream| Some(Box::new(stream)))
    }

    pub fn start_with(
        origin: &str,
        scripts: impl IntoIterator<Item = Script>,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Talk>> + Send + Sync + 'static,
    ) -> Self {
        let scripts: Vec<Script> = scripts.into_iter().collect();
        let (heads, bodies) = (Arc::default(), Arc::default());
        let (seen, read) = (Arc::clone(&heads), Arc::clone(&bodies));
        let wire = Wire::start_with(origin, wrap, move |connection| {
            follow(&scripts[connection.number.min(scripts.len() - 1)], connection, &seen, &read);
        });
        Self { url: wire.url(), wire, heads, bodies }
    }

    pub fn builder(&self) -> ClientBuilder {
        self.wire.builder()
    }

    /// The heads of the requests that came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic under it").clone()
    }

    /// How many bytes of each body were read before the response.
    pub fn bodies(&self) -> Vec<usize> {
        self.bodies.lock().expect("no panic under it").clone()
    }

    pub fn connections(&self) -> usize {
        self.wire.connections()
    }
}

fn follow(script: &Script, connection: &mut Connection, heads: &Mutex<Vec<String>>, bodies: &Mutex<Vec<usize>>) {
    let Some(head) = connection.head() else { return };
    let expects = head.to_ascii_lowercase().contains("expect: 100-continue");
    let length = length(&head);
    heads.lock().expect("no panic under it").push(head);
    if !connection.send(&script.before) {
        return;
    }
    let mut got = connection.body_up_to(0);
    if let When::After(wanted) = script.when {
        if expects && script.before.is_empty() && !connection.send(CONTINUE) {
            return;
        }
        got = connection.body_up_to(length.min(wanted));
    }
    bodies.lock().expect("no panic under it").push(got);
    if !connection.send(&script.answer) {
        return;
    }
    match script.after {
        After::Keep => connection.freeze(),
        After::ReadOn => connection.wait_for_the_end(),
        After::HangUp => {
            connection.stream.hang_up();
            connection.wait_for_the_end();
        }
        // Time for the response to be on its way, and for more of the body to come.
        After::Reset => thread::sleep(Duration::from_millis(50)),
    }
}
