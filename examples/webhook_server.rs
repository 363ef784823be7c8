//! A server that receives Roblox's notifications: `cargo run --example webhook_server -- --port 8080`
//!
//! Strangers can reach it, so everything that they can make it do has a bound. A proxy in front of it speaks HTTPS.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use jiff::Timestamp;
use rblxopencloud::ErrorKind;
use rblxopencloud::webhooks::{SeenNotifications, Webhook, WebhookEvent, WebhookPayload};
use rblxopencloud_sandbox::sign_webhook;
use serde::{Deserialize, Serialize};

const USAGE: &str = "\
Usage: webhook_server [--port PORT] [--seen FILE]

Receives the notifications of a webhook on this machine, and prints each event once. With --seen, the ids of received
notifications are kept in the file, and the events that aren't handled yet, so that a restart loses none: only an event that was
being handled is handled again. Without a port, it serves a free one, sends itself two notifications and ends.";
const SECRET: &str = "  ROBLOX_WEBHOOK_SECRET  secret of the webhook; needed with --port";

/// Roblox waits 5 seconds for the response.
const LONGEST_REQUEST: Duration = Duration::from_secs(4);
const LARGEST_HEAD: usize = 16 * 1024;
const LARGEST_BODY: usize = 256 * 1024;
const MOST_CONNECTIONS: usize = 64;
/// Events that are received but not handled yet. If there are more, Roblox sends them again later.
const MOST_WAITING: usize = 1_000;
const MOST_SEEN: usize = 10_000;

fn main() -> ExitCode {
    common::run_in(&[SECRET], USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (mut port, mut file) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(option) = arguments.next() {
        let known = match option.as_str() {
            "--port" => &mut port,
            "--seen" => &mut file,
            _ => return Err(format!("unexpected argument {option:?}; see --help").into()),
        };
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value; see --help"))?;
        if known.replace(value).is_some() {
            return Err(format!("{option} is given twice; see --help").into());
        }
    }
    let port = port.as_deref().map(common::port_number).transpose()?;
    let secret = match (env::var("ROBLOX_WEBHOOK_SECRET"), port) {
        (Ok(secret), _) if !secret.is_empty() => secret,
        (_, None) => "a secret of the example".to_owned(),
        _ => return Err("ROBLOX_WEBHOOK_SECRET is not set; set it to the secret of the webhook".into()),
    };
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0)))?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let (queue, events) = sync_channel(MOST_WAITING);
    let seen = Seen::load(file)?;
    let left = seen.kept.waiting.clone();
    let seen = Arc::new(Mutex::new(seen));
    let receiver = Receiver { webhook: Webhook::new(&secret), seen: Arc::clone(&seen), queue };
    thread::spawn(move || serve(&listener, receiver));
    if port.is_none() {
        let body = br#"{"NotificationId":"1","EventType":"SampleNotification","EventPayload":{"UserId":156}}"#;
        for _ in 0..2 {
            let status = send(&address.to_string(), &sign_webhook(&secret, body, Timestamp::now()), body)?;
            println!("sent a notification: {status}");
        }
        return match events.try_iter().inspect(handle).count() {
            1 => Ok(()),
            count => Err(format!("{count} events were received in place of one").into()),
        };
    }
    // Handling can take as long as it needs: the response has been sent.
    for event in left.into_iter().chain(events) {
        handle(&event);
        seen.lock().unwrap_or_else(PoisonError::into_inner).forget(&event.notification_id);
    }
    Ok(())
}

fn handle(event: &WebhookEvent) {
    match &event.payload {
        WebhookPayload::RightToErasure(request) => {
            println!("erase what is stored of user {} in places {:?}", request.user_id, request.start_place_ids);
        }
        payload => println!("{event}: {payload:?}"),
    }
}

/// What is known of received notifications, and where it is kept.
struct Seen {
    kept: Kept,
    file: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Kept {
    ids: SeenNotifications,
    /// The events that aren't handled yet. Roblox doesn't send them again.
    waiting: Vec<WebhookEvent>,
}

impl Seen {
    fn load(file: Option<String>) -> common::Result<Self> {
        let kept = file.as_ref().filter(|file| fs::exists(file).unwrap_or(true)).map(fs::read_to_string).transpose()?;
        let kept = kept.map(|kept| serde_json::from_str(&kept)).transpose()?;
        let empty = || Kept { ids: SeenNotifications::new(MOST_SEEN), waiting: Vec::new() };
        Ok(Self { kept: kept.unwrap_or_else(empty), file })
    }

    fn save(&self) -> common::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let unfinished = format!("{file}.unfinished");
        fs::write(&unfinished, serde_json::to_string(&self.kept)?)?;
        Ok(fs::rename(unfinished, file)?)
    }

    /// Forgets an event that was handled, or couldn't be received.
    fn forget(&mut self, id: &str) {
        self.kept.waiting.retain(|event| event.notification_id != id);
        if let Err(error) = self.save() {
            eprintln!("an event may be handled again after a restart: {error}");
        }
    }
}

struct Receiver {
    webhook: Webhook,
    seen: Arc<Mutex<Seen>>,
    queue: SyncSender<WebhookEvent>,
}

impl Receiver {
    /// Returns the status of the response.
    fn receive(&self, signature: Option<&str>, body: &[u8]) -> &'static str {
        let event = match self.webhook.verify(signature, body) {
            Ok(event) => event,
            Err(error) => {
                eprintln!("{error}");
                // Roblox sends it again if it is one of its own.
                return if error.kind() == ErrorKind::InvalidSignature {
                    "401 Unauthorized"
                } else {
                    "500 Internal Server Error"
                };
            }
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let id = event.notification_id.clone();
        if !seen.kept.ids.insert(&id) {
            return "200 OK";
        }
        // After a success, Roblox doesn't send it again: first it has to outlast this process.
        seen.kept.waiting.push(event.clone());
        let saved = seen.save().map_err(|error| eprintln!("{id} can't be kept: {error}"));
        if saved.is_err() || self.queue.try_send(event).is_err() {
            seen.kept.ids.remove(&id);
            seen.forget(&id);
            return "503 Service Unavailable";
        }
        "200 OK"
    }
}

fn serve(listener: &TcpListener, receiver: Receiver) {
    let receiver = Arc::new((receiver, AtomicUsize::new(0)));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // There may be no free file descriptor: other connections must close first.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if receiver.1.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            continue;
        }
        receiver.1.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&receiver);
        let started = thread::Builder::new().spawn(move || {
            let status = read(&stream).map(|(signature, body)| shared.0.receive(signature.as_deref(), &body));
            respond(&stream, status.unwrap_or("400 Bad Request"));
            shared.1.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            receiver.1.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Reads the signature and the body of a `POST`. `None` if it isn't one, is too large, or takes too long.
fn read(mut stream: &TcpStream) -> Option<(Option<String>, Vec<u8>)> {
    let deadline = Instant::now() + LONGEST_REQUEST;
    let mut received = Vec::new();
    let mut more = |received: &mut Vec<u8>| {
        // A limit of zero would be refused.
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        received.extend_from_slice(&buffer[..read]);
        Some(())
    };
    let end = loop {
        match received.windows(4).position(|end| end == b"\r\n\r\n") {
            Some(end) => break end,
            None if received.len() > LARGEST_HEAD => return None,
            None => more(&mut received)?,
        }
    };
    let head = String::from_utf8(received[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    if !lines.next()?.starts_with("POST ") {
        return None;
    }
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    // A header that is there twice means different things to different readers.
    let header = |name: &str| {
        let mut values =
            headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
        values.next().filter(|_| values.next().is_none())
    };
    let length = header("content-length")?.parse::<usize>().ok().filter(|length| *length <= LARGEST_BODY)?;
    let signature = header("roblox-signature").map(str::to_owned);
    let mut body = received.split_off(end + 4);
    while body.len() < length {
        more(&mut body)?;
    }
    (body.len() == length).then_some((signature, body))
}

fn respond(mut stream: &TcpStream, status: &str) {
    let response = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    // A client that hangs up needs no response.
    let _ = stream.set_write_timeout(Some(LONGEST_REQUEST)).and_then(|()| stream.write_all(response.as_bytes()));
}

/// Sends a notification as Roblox does, and returns the status.
fn send(address: &str, signature: &str, body: &[u8]) -> common::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nroblox-signature: {signature}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_owned())
}
