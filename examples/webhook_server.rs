//! A server that receives Roblox's notifications: `cargo run --example webhook_server -- --port 8080`
//!
//! A proxy in front of it speaks HTTPS.

mod common;

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs, thread};

use common::webhook::{send, serve, verify};
use jiff::Timestamp;
use rblxopencloud::webhooks::{SeenNotifications, Webhook, WebhookEvent, WebhookPayload};
use rblxopencloud_sandbox::sign_webhook;
use serde::{Deserialize, Serialize};

const USAGE: &str = "\
Usage: webhook_server [--port PORT] [--seen FILE]

Receives the notifications of a webhook on this machine, and prints each event once. With --seen, the ids of received
notifications are kept in the file, and the events that aren't handled yet, so that a restart loses none: only an event that was
being handled is handled again. Without a port, it serves a free one, sends itself two notifications and ends.";
const SECRET: &str = "  ROBLOX_WEBHOOK_SECRET  secret of the webhook; needed with --port";

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
    thread::spawn(move || serve(&listener, move |signature, body| receiver.receive(signature, body)));
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
        let event = match verify(&self.webhook, signature, body) {
            Ok(event) => event,
            Err(status) => return status,
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
