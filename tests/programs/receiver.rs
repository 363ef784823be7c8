//! The examples that receive notifications, and what Roblox sends them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud_sandbox::sign_webhook;

use crate::support::example::line_with;

pub const SECRET: &str = "the secret of the webhook";

/// A server, until it is dropped.
pub struct Receiver {
    child: Child,
    pub address: String,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Receiver {
    pub fn start(command: &mut Command) -> Self {
        command.env("ROBLOX_WEBHOOK_SECRET", SECRET).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the example was built");
        let mut output = child.stdout.take().expect("it is piped");
        let line = line_with(&mut output, "http://");
        // It would wait for a reader.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        Self { child, address: line.trim_start_matches("http://").to_owned() }
    }

    /// Sends these bytes, and returns the status line.
    pub fn send(&self, request: &[u8]) -> String {
        send(&self.address, request).expect("it listens")
    }

    pub fn notify(&self, signature: &str, body: &str) -> String {
        notify(&self.address, signature, body).expect("it listens")
    }

    /// Sends a signed notification.
    pub fn deliver(&self, body: &str) -> String {
        deliver(&self.address, body).expect("it listens")
    }
}

fn send(address: &str, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.write_all(request)?;
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

fn notify(address: &str, signature: &str, body: &str) -> io::Result<String> {
    let length = body.len();
    let head =
        format!("POST /any HTTP/1.1\r\nhost: x\r\nRoblox-Signature: {signature}\r\nContent-Length: {length}\r\n\r\n");
    send(address, format!("{head}{body}").as_bytes())
}

/// Sends a signed notification to a server that may be gone.
pub fn deliver(address: &str, body: &str) -> io::Result<String> {
    notify(address, &sign_webhook(SECRET, body.as_bytes(), Timestamp::now()), body)
}

/// A request to erase a user from the experience of the sample data.
pub fn erasure(id: &str, user: u64) -> String {
    let payload = format!(r#"{{"UserId":{user},"GameIds":[1818]}}"#);
    format!(r#"{{"NotificationId":"{id}","EventType":"RightToErasureRequest","EventPayload":{payload}}}"#)
}
