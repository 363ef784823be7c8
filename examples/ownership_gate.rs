//! A server that tells a game whether a user owns a game pass, and their rank in a group:
//! `cargo run --example ownership_gate -- --port 8080`

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::{Client, Error, ErrorKind, Group, Ownership};

const USAGE: &str = "\
Usage: ownership_gate [--port PORT]

Serves GET /gate?user=U&pass=P&group=G on this machine, and responds with JSON: whether the user owns the game pass, and the
user's rank in the group. Answers are cached for a minute. Without a port, it serves a free one, asks itself and ends.";

/// How long a game waits.
const DEADLINE: Duration = Duration::from_secs(3);
const CACHED_FOR: Duration = Duration::from_secs(60);
const MOST_CACHED: usize = 10_000;

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let port = match arguments.as_slice() {
        [] => None,
        [flag, port] if flag == "--port" => Some(port.parse::<u16>()?),
        _ => return Err("unknown arguments; see --help".into()),
    };
    let setup = common::setup()?;
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0)))?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let gate = Gate::new(setup.user.client().with_timeout(DEADLINE));
    let server = thread::spawn(move || common::serve(&listener, move |stream| respond(&gate, stream)));
    if port.is_some() {
        return server.join().map_err(|_| "the server panicked".into());
    }
    for query in ["user=156&pass=777&group=7", "user=156&pass=1&group=1", "user=1&pass=777&group=7", "user=x"] {
        println!("{query}: {}", ask(&address.to_string(), query)?);
    }
    Ok(())
}

fn respond(gate: &Gate, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    // Closing a connection with unread data would reset it.
    let head = BufReader::new(stream.try_clone()?).take(8192).lines();
    let head =
        head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).collect::<Result<Vec<_>, _>>()?;
    let line = head.first().map_or("", String::as_str);
    let (status, body) = match line.strip_prefix("GET /gate?").and_then(|rest| rest.split(' ').next()) {
        Some(query) => gate.answer(query),
        None => (404, r#"{"error":"expected GET /gate?user=U&pass=P&group=G"}"#.to_owned()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

type Key = (u64, u64, u64);

struct Gate {
    client: Client,
    /// The handles keep the roles of their groups.
    groups: Mutex<HashMap<u64, Group>>,
    cache: Mutex<HashMap<Key, (Instant, String)>>,
}

impl Gate {
    fn new(client: Client) -> Self {
        Self { client, groups: Mutex::default(), cache: Mutex::default() }
    }

    /// Returns a status and JSON.
    fn answer(&self, query: &str) -> (u16, String) {
        let value = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<u64>().ok())
        };
        let (Some(user), Some(pass), Some(group)) = (value("user"), value("pass"), value("group")) else {
            return (400, r#"{"error":"user, pass and group are ids"}"#.to_owned());
        };
        let key = (user, pass, group);
        if let Some(known) = self.cached(key) {
            return (200, known);
        }
        match self.look(key) {
            Ok(answer) => {
                self.keep(key, answer.clone());
                (200, answer)
            }
            // What is refused now is asked again later.
            Err(error) => (status(&error), format!(r#"{{"error":"{:?}"}}"#, error.kind())),
        }
    }

    fn look(&self, (user, pass, group): Key) -> Result<String, Error> {
        let owns = match self.client.user(user).owns_game_pass(pass)? {
            Ownership::Owned(_) => "true",
            Ownership::NotOwned => "false",
            // Whether a private inventory has it isn't known.
            _ => "null",
        };
        let group = {
            let mut groups = self.groups.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let new = || self.client.group(group).with_roles_kept_for(Duration::from_secs(600));
            groups.entry(group).or_insert_with(new).clone()
        };
        let rank = match group.rank_of(user) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            rank => rank?,
        };
        Ok(format!(r#"{{"owns_pass":{owns},"rank":{}}}"#, rank.unwrap_or(0)))
    }

    fn cached(&self, key: Key) -> Option<String> {
        let cache = self.cache.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        cache.get(&key).filter(|(at, _)| at.elapsed() < CACHED_FOR).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, key: Key, answer: String) {
        let mut cache = self.cache.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if cache.len() >= MOST_CACHED {
            cache.retain(|_, (at, _)| at.elapsed() < CACHED_FOR);
        }
        if cache.len() < MOST_CACHED {
            cache.insert(key, (Instant::now(), answer));
        }
    }
}

/// The status for a game server, which knows how to wait.
fn status(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::NotFound => 404,
        ErrorKind::Timeout => 504,
        ErrorKind::RateLimited => 503,
        _ if error.is_retryable() => 503,
        _ => 502,
    }
}

fn ask(address: &str, query: &str) -> common::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /gate?{query} HTTP/1.1\r\nhost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    Ok(format!("{status} {body}"))
}
