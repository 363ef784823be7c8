//! A server that tells a game whether a user owns a game pass, and their rank in a group:
//! `cargo run --example ownership_gate -- --port 8080`

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use common::server::{Request, Response, serve};
use common::table::Table;
use rblxopencloud::inventory::Ownership;
use rblxopencloud::{Client, Error, ErrorKind, Group};

const USAGE: &str = "\
Usage: ownership_gate [--port PORT]

Serves GET /gate?user=U&pass=P&group=G on this machine, and responds with JSON: whether the user owns the game pass, and the
user's rank in the group. Answers are cached for a minute. Without a port, it serves a free one, calls itself and ends.";

/// How long a game waits.
const DEADLINE: Duration = Duration::from_secs(3);
const ANSWERS_KEPT_FOR: Duration = Duration::from_secs(60);
const MOST_ANSWERS: usize = 10_000;
const GROUPS_KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
const ROLES_KEPT_FOR: Duration = Duration::from_secs(600);
/// Anyone can request any group.
const MOST_GROUPS: usize = 1_000;

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let port = common::port(&arguments)?;
    let setup = common::setup()?;
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0)))?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let gate = Gate::new(setup.user.client().with_timeout(DEADLINE));
    let server = thread::spawn(move || serve(&listener, Vec::new(), move |request| respond(&gate, request)));
    if port.is_some() {
        return server.join().map_err(|_| "the server panicked".into());
    }
    for query in ["user=156&pass=777&group=7", "user=156&pass=1&group=1", "user=1&pass=777&group=7", "user=x"] {
        println!("{query}: {}", fetch(&address.to_string(), query)?);
    }
    Ok(())
}

fn respond(gate: &Gate, request: &Request) -> Response {
    let (status, body) = match (request.method.as_str(), request.target.split_once('?')) {
        ("GET", Some(("/gate", query))) => gate.answer(query),
        _ => ("404 Not Found", r#"{"error":"expected GET /gate?user=U&pass=P&group=G"}"#.to_owned()),
    };
    Response::new(status, body).with("content-type", "application/json")
}

type Key = (u64, u64, u64);

struct Gate {
    client: Client,
    /// The handles keep the roles of their groups.
    groups: Table<u64, Group>,
    answers: Table<Key, String>,
}

impl Gate {
    fn new(client: Client) -> Self {
        Self {
            client,
            groups: Table::new(MOST_GROUPS, GROUPS_KEPT_FOR),
            answers: Table::new(MOST_ANSWERS, ANSWERS_KEPT_FOR),
        }
    }

    /// Returns a status and JSON.
    fn answer(&self, query: &str) -> (&'static str, String) {
        let value = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<u64>().ok())
        };
        let (Some(user), Some(pass), Some(group)) = (value("user"), value("pass"), value("group")) else {
            return ("400 Bad Request", r#"{"error":"user, pass and group are ids"}"#.to_owned());
        };
        let key = (user, pass, group);
        if let Some(known) = self.answers.get(&key) {
            return ("200 OK", known);
        }
        match self.look(key) {
            Ok(answer) => {
                self.answers.insert(key, answer.clone());
                ("200 OK", answer)
            }
            // What is refused now is requested again later.
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
        let new = || self.client.group(group).with_roles_kept_for(ROLES_KEPT_FOR);
        let group = self.groups.renew_or_insert(group, new);
        let rank = match group.rank_of(user) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            rank => rank?,
        };
        Ok(format!(r#"{{"owns_pass":{owns},"rank":{}}}"#, rank.unwrap_or(0)))
    }
}

/// The status for a game server, which knows how to wait.
fn status(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "404 Not Found",
        ErrorKind::Timeout => "504 Gateway Timeout",
        ErrorKind::RateLimited => "503 Service Unavailable",
        _ if error.is_retryable() => "503 Service Unavailable",
        _ => "502 Bad Gateway",
    }
}

fn fetch(address: &str, query: &str) -> common::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /gate?{query} HTTP/1.1\r\nhost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    Ok(format!("{status} {body}"))
}
