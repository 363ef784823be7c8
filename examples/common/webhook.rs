//! A small HTTP server for the notifications of a webhook, and how Roblox sends them. Strangers can reach it, so everything that
//! they can make it do has a bound.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rblxopencloud::ErrorKind;
use rblxopencloud::webhooks::{Webhook, WebhookEvent};

/// Roblox waits 5 seconds for the response.
const LONGEST_REQUEST: Duration = Duration::from_secs(4);
const LARGEST_HEAD: usize = 16 * 1024;
const LARGEST_BODY: usize = 256 * 1024;
const MOST_CONNECTIONS: usize = 64;

/// Verifies a notification. `Err` is the status to respond with: Roblox sends it again if it is one of its own.
pub fn verify(webhook: &Webhook, signature: Option<&str>, body: &[u8]) -> Result<WebhookEvent, &'static str> {
    webhook.verify(signature, body).map_err(|error| {
        eprintln!("{error}");
        match error.kind() {
            ErrorKind::InvalidSignature => "401 Unauthorized",
            _ => "500 Internal Server Error",
        }
    })
}

/// Serves notifications. `receive` gets the signature and the body of each, and returns the status of the response.
pub fn serve(listener: &TcpListener, receive: impl Fn(Option<&str>, &[u8]) -> &'static str + Send + Sync + 'static) {
    let receiver = Arc::new((receive, AtomicUsize::new(0)));
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
            let status = read(&stream).map(|(signature, body)| (shared.0)(signature.as_deref(), &body));
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
pub fn send(address: &str, signature: &str, body: &[u8]) -> super::Result<String> {
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
