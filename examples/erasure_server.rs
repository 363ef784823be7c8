//! A server that erases users by Roblox's requests:
//! `cargo run --example erasure_server -- --port 8080 --queue erasures --key 'user_{id}'`
//!
//! A proxy in front of it speaks HTTPS.

mod common;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{env, fs, io, process, thread};

use common::erasing::{self, What};
use common::webhook::{send, serve, verify};
use jiff::{SignedDuration, Timestamp};
use rblxopencloud::Client;
use rblxopencloud::data::ErasureReport;
use rblxopencloud::webhooks::{ErasureRequest, Webhook, WebhookEvent, WebhookPayload};
use rblxopencloud_sandbox::{Sandbox, sign_webhook};
use serde_json::json;
use sha2::{Digest, Sha256};

const USAGE: &str = "\
Usage: erasure_server [--port PORT --queue FOLDER --key TEMPLATE] [options]

Receives Roblox's requests to erase users on this machine. Each is a file of the folder before the response is sent, and is erased
after it, from all experiences that it names. A restart goes on with those that are left, and a repetition is erased once. The
folder `done` in it has a report of each. Without a port, it serves a free one, uses a sandbox, sends itself a request twice and
ends.

  --port PORT           the port; a proxy in front of it speaks HTTPS
  --queue FOLDER        where requests and reports are kept
";
const MORE: &str = "

With --port, it deletes entries of real experiences.";
const VARIABLES: &str = "  ROBLOX_WEBHOOK_SECRET  secret of the webhook; needed with --port
  ROBLOX_API_KEY         API key; needed with --port";

/// How long it waits before it repeats what isn't complete. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// What the law leaves.
const DUE: SignedDuration = SignedDuration::from_hours(30 * 24);

fn main() -> ExitCode {
    common::run_in(&[VARIABLES, common::SERVICE], &format!("{USAGE}{}{MORE}", erasing::OPTIONS), run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (mut port, mut folder, mut what) = (None, None, What::default());
    let mut arguments = arguments.into_iter();
    while let Some(option) = arguments.next() {
        if what.read(&option, &mut arguments)? {
            continue;
        }
        let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value; see --help"));
        match option.as_str() {
            "--port" => port = Some(common::port_number(&value()?)?),
            "--queue" => folder = Some(PathBuf::from(value()?)),
            _ => return Err(format!("unexpected argument {option:?}; see --help").into()),
        }
    }
    let Some(port) = port else {
        return match folder {
            None => show(what),
            Some(_) => Err("--queue has no effect without --port; see --help".into()),
        };
    };
    let secret = env::var("ROBLOX_WEBHOOK_SECRET").unwrap_or_default();
    if secret.is_empty() {
        return Err("ROBLOX_WEBHOOK_SECRET is not set; set it to the secret of the webhook".into());
    }
    let client = Client::from_env()?;
    // A mistake in the keys is better found now than with the first request.
    what.set(client.erase_user(u64::MAX, [1])).check()?;
    let queue = Arc::new(Queue::open(folder.ok_or("expected --queue; see --help")?)?);
    let wake = listen(port, &secret, &queue)?.1;
    work(&client, &what, &queue, &wake);
    Ok(())
}

/// Shows itself with a sandbox.
fn show(mut what: What) -> common::Result<()> {
    for key in ["user_{id}", "inv_{id}"] {
        what.read("--key", &mut [key.to_owned()].into_iter())?;
    }
    let sandbox = Sandbox::builder().demo().start()?;
    erasing::fill(&sandbox)?;
    let folder = env::temp_dir().join(format!("rblxopencloud-erasures-{}", process::id()));
    let queue = Arc::new(Queue::open(folder.clone())?);
    let secret = "a secret of the example";
    let (address, _wake) = listen(0, secret, &queue)?;
    let body =
        br#"{"NotificationId":"1","EventType":"RightToErasureRequest","EventPayload":{"UserId":156,"GameIds":[1818]}}"#;
    for _ in 0..2 {
        println!("sent a request: {}", send(&address, &sign_webhook(secret, body, Timestamp::now()), body)?);
    }
    let is_complete = erase_all(&sandbox.client(), &what, &queue)?;
    fs::remove_dir_all(folder)?;
    if is_complete { Ok(()) } else { Err("not everything is erased".into()) }
}

/// Serves the webhook. Returns the address, and what tells of each new request.
fn listen(port: u16, secret: &str, queue: &Arc<Queue>) -> common::Result<(String, Receiver<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?.to_string();
    println!("listening on http://{address}");
    let (new, wake) = sync_channel(1);
    let (webhook, queue) = (Webhook::new(secret), Arc::clone(queue));
    thread::spawn(move || serve(&listener, move |signature, body| receive(&webhook, &queue, &new, signature, body)));
    Ok((address, wake))
}

/// Returns the status of the response.
fn receive(
    webhook: &Webhook,
    queue: &Queue,
    new: &SyncSender<()>,
    signature: Option<&str>,
    body: &[u8],
) -> &'static str {
    let event = match verify(webhook, signature, body) {
        Ok(event) => event,
        Err(status) => return status,
    };
    if !matches!(event.payload, WebhookPayload::RightToErasure(_)) {
        println!("{event}: nothing to erase");
        return "200 OK";
    }
    // After a success, Roblox doesn't send it again: first it has to outlast this process.
    match queue.add(&event) {
        Ok(()) => {
            // If it is full, the worker is told already.
            let _ = new.try_send(());
            "200 OK"
        }
        Err(error) => {
            eprintln!("{event} can't be kept: {error}");
            "503 Service Unavailable"
        }
    }
}

/// Erases what is queued, for ever.
fn work(client: &Client, what: &What, queue: &Queue, wake: &Receiver<()>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let is_complete = erase_all(client, what, queue).unwrap_or_else(|error| {
            eprintln!("the queue can't be read: {error}");
            false
        });
        // What isn't complete is tried again also when another request comes.
        if is_complete {
            pause = FIRST_PAUSE;
            let _ = wake.recv();
        } else {
            let _ = wake.recv_timeout(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Erases once what is queued. Returns whether nothing is left.
fn erase_all(client: &Client, what: &What, queue: &Queue) -> common::Result<bool> {
    let mut is_complete = true;
    for (path, event) in queue.waiting()? {
        let result = event.and_then(|event| match &event.payload {
            WebhookPayload::RightToErasure(request) => erase(client, what, queue, &path, &event, request),
            _ => Err("it isn't a request to erase a user".into()),
        });
        match result {
            Ok(is_erased) => is_complete &= is_erased,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                is_complete = false;
            }
        }
    }
    Ok(is_complete)
}

fn erase(
    client: &Client,
    what: &What,
    queue: &Queue,
    path: &Path,
    event: &WebhookEvent,
    request: &ErasureRequest,
) -> common::Result<bool> {
    let report = what.set(client.erase_by(request)).run()?;
    println!("{report}");
    if report.is_complete() {
        queue.finish(path, event, &report)?;
    } else if let Some(due) = event.occurred_at.and_then(|time| time.checked_add(DUE).ok()) {
        eprintln!("{event}: it has to be complete by {due:.0}");
    }
    Ok(report.is_complete())
}

/// Requests in files, one each. Those in `waiting` are left to be erased, those in `done` have a report.
struct Queue {
    waiting: PathBuf,
    done: PathBuf,
    writing: Mutex<()>,
}

impl Queue {
    fn open(folder: PathBuf) -> io::Result<Self> {
        let queue = Self { waiting: folder.join("waiting"), done: folder.join("done"), writing: Mutex::new(()) };
        fs::create_dir_all(&queue.waiting)?;
        fs::create_dir_all(&queue.done)?;
        Ok(queue)
    }

    /// Adds a request, unless it is a repetition.
    fn add(&self, event: &WebhookEvent) -> common::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Any text can be an id, and two of them can be the same file name in different case.
        let hash = Sha256::digest(&event.notification_id);
        let name: String = hash.iter().map(|byte| format!("{byte:02x}")).chain([".json".to_owned()]).collect();
        if fs::exists(self.done.join(&name))? || fs::exists(self.waiting.join(&name))? {
            return Ok(());
        }
        Ok(write(&self.waiting.join(name), &serde_json::to_vec_pretty(event)?)?)
    }

    /// Returns the requests that aren't done, the oldest first.
    fn waiting(&self) -> io::Result<Vec<(PathBuf, common::Result<WebhookEvent>)>> {
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for file in fs::read_dir(&self.waiting)? {
            let path = file?.path();
            // Others weren't written to their end, and their notifications are sent again.
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // The last process may have ended before it removed it.
            match fs::exists(self.report_of(&path))? {
                true => fs::remove_file(&path)?,
                false => found.push((fs::metadata(&path)?.modified()?, path)),
            }
        }
        found.sort();
        let read = |path: &Path| Ok(serde_json::from_slice(&fs::read(path)?)?);
        Ok(found.into_iter().map(|(_, path)| (path.clone(), read(&path))).collect())
    }

    fn report_of(&self, path: &Path) -> PathBuf {
        self.done.join(path.file_name().unwrap_or_default())
    }

    /// Keeps the report, and removes the request.
    fn finish(&self, path: &Path, event: &WebhookEvent, report: &ErasureReport) -> common::Result<()> {
        let json = json!({ "notification": event, "report": report });
        write(&self.report_of(path), &serde_json::to_vec_pretty(&json)?)?;
        Ok(fs::remove_file(path)?)
    }
}

/// Writes a file whole, so that it outlasts a crash of the machine.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = fs::File::create(&unfinished)?;
    io::Write::write_all(&mut file, content)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    // A new name is in the folder, which Windows writes by itself.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
