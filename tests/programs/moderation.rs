//! Bans and notifications, by examples that are copied.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rblxopencloud::experience::Restriction;
use rblxopencloud_sandbox::{Sandbox, sign_webhook};

use crate::receiver::{Receiver, SECRET, erasure};
use crate::support::example::{outcome, outcome_without_set_up, settle, with_key, without_set_up};
use crate::support::random::Random;
use crate::support::{TempDir, within};

const UNIVERSE: u64 = 13058;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

/// Runs an example with the key of a sandbox.
fn run(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> (String, bool) {
    outcome(&mut with_key(sandbox, name, arguments))
}

#[test]
fn ban_restricts_shows_and_lifts() {
    let sandbox = sandbox();
    let ban = |arguments: &[&str]| run(&sandbox, "ban", arguments);
    let (text, is_success) = ban(&["restrict", "156", "7d", "Exploiting", "twice"]);
    assert!(is_success && text.starts_with("user 156: restricted until 2"), "{text}");
    let restriction = sandbox.client().experience(UNIVERSE).fetch_restriction(156).expect("it is known");
    assert_eq!(restriction.game_join_restriction.display_reason, "Exploiting twice");
    assert_eq!(restriction.game_join_restriction.duration, Some(Duration::from_secs(7 * 24 * 3600)));
    assert!(ban(&["lift", "156"]).0.contains("user 156: not restricted"));
    let (text, _) = ban(&["show", "156"]);
    assert!(text.contains("user 156 restricted") && text.contains("user 156 lifted"), "{text}");
    for bad in [
        &["restrict", "156"][..],
        &["restrict", "156", "7"],
        &["restrict", "me", "7d"],
        &["restrict", "156", "0d"],
        &[],
    ] {
        let (text, is_success) = ban(bad);
        assert!(!is_success && text.contains("error: ") && !text.contains("panicked"), "{bad:?}: {text}");
    }
    assert_eq!(sandbox.restriction_changes(UNIVERSE, 156), 2);
    let (text, is_success) = outcome_without_set_up("ban", &["restrict", "156", "forever"]);
    assert!(is_success && text.contains("sandbox on this machine") && text.contains("user 156: restricted"), "{text}");
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    folder.file(name, text.as_bytes()).to_str().expect("it is text").to_owned()
}

#[test]
fn sync_bans_plans_first_and_applies_on_request() {
    let (sandbox, folder) = (sandbox(), TempDir::new());
    let experience = sandbox.client().experience(UNIVERSE);
    experience.restrict_user(3, Restriction::permanent()).expect("nobody names it");
    let text = "# Of this month\n1 7d Exploiting\n\n2 forever\n4 2020-01-01T00:00:00Z\n";
    let bans = write(&folder, "bans.txt", text);
    let sync = |options: &[&str]| run(&sandbox, "sync_bans", &[&[bans.as_str()], options].concat());
    let (text, is_success) = sync(&[]);
    assert!(
        is_success && text.contains("restrict user 1 for 7 days: Exploiting\nrestrict user 2 for ever\n"),
        "{text}"
    );
    assert!(text.contains("2 to change, 0 as desired, 1 ended, 1 restricted without being named"), "{text}");
    assert_eq!(sandbox.restriction_changes(UNIVERSE, 1), 0);
    assert!(sync(&["--apply"]).1);
    assert!(sync(&["--apply"]).0.contains("0 to change, 2 as desired"));
    assert!(sync(&["--apply", "--lift-others"]).0.contains("lift the restriction of user 3"));
    for (user, changes) in [(1, 1), (2, 1), (3, 2), (4, 0)] {
        assert_eq!(sandbox.restriction_changes(UNIVERSE, user), changes, "{user}");
    }
    for (bad, named) in
        [("1 7d\n1 8d", "line 2: user 1"), ("x 7d", "line 1: \"x\""), ("1", "line 1: \"\""), ("1 8w", "8w")]
    {
        let file = write(&folder, "bad.txt", bad);
        let (text, is_success) = run(&sandbox, "sync_bans", &[&file, "--apply"]);
        assert!(!is_success && text.contains(named), "{bad:?}: {text}");
    }
    let (text, is_success) = outcome_without_set_up("sync_bans", &[&bans, "--apply"]);
    assert!(is_success && text.contains("user 2: restricted"), "{text}");
}

#[test]
fn sync_bans_that_is_killed_bans_nobody_twice() {
    const USERS: u64 = 40;
    let (sandbox, folder) = (sandbox(), TempDir::new());
    let lines: Vec<String> = (1..=USERS).map(|user| format!("{user} 7d")).collect();
    let bans = write(&folder, "bans.txt", &lines.join("\n"));
    let mut random = Random::new();
    let made = || (1..=USERS).filter(|user| sandbox.restriction_changes(UNIVERSE, *user) > 0).count() as u64;
    for _ in 0..8 {
        let mut command = with_key(&sandbox, "sync_bans", &[&bans, "--apply"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the example was built");
        let until = made() + random.below(6);
        let patience = Instant::now() + Duration::from_secs(60);
        while made() < until && Instant::now() < patience && child.try_wait().expect("it can be asked").is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        let _ = child.wait();
        // The next run looks at what is there.
        settle(&sandbox);
    }
    let (text, is_success) = run(&sandbox, "sync_bans", &[&bans, "--apply"]);
    assert!(is_success, "{text}");
    let changes: Vec<usize> = (1..=USERS).map(|user| sandbox.restriction_changes(UNIVERSE, user)).collect();
    assert_eq!(changes, vec![1; USERS as usize]);
}

fn webhook_server(arguments: &[&str]) -> Command {
    without_set_up("webhook_server", &[&["--port", "0"], arguments].concat())
}

#[test]
fn webhook_server_receives_each_event_once() {
    let folder = TempDir::new();
    let file = folder.path().join("seen.json");
    let seen = || fs::read_to_string(&file).unwrap_or_default();
    let arguments = ["--seen", file.to_str().expect("it is text")];
    let sign = |body: &str| sign_webhook(SECRET, body.as_bytes(), Timestamp::now());
    let receiver = Receiver::start(&mut webhook_server(&arguments));
    let body = erasure("one", 156);
    assert_eq!(receiver.notify(&sign(&body), &body), "HTTP/1.1 200 OK");
    assert!(seen().contains("\"one\""), "{}", seen());
    assert_eq!(receiver.notify(&sign(&body), &body), "HTTP/1.1 200 OK", "a repetition is a success");
    let old = Timestamp::now() - jiff::SignedDuration::from_mins(11);
    for signature in [
        "",
        "t=1",
        &sign("another body"),
        &sign_webhook("another", body.as_bytes(), Timestamp::now()),
        &sign_webhook(SECRET, body.as_bytes(), old),
    ] {
        assert_eq!(receiver.notify(signature, &body), "HTTP/1.1 401 Unauthorized", "{signature}");
    }
    let unreadable = r#"{"NotificationId":"x","EventType":"RightToErasureRequest","EventPayload":{}}"#;
    assert!(receiver.notify(&sign(unreadable), unreadable).contains("500"), "Roblox sends it again");
    for bad in [
        "GET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n",
        "x\r\n\r\n",
    ] {
        assert!(receiver.send(bad.as_bytes()).contains("400"), "{bad:?}");
    }
    drop(receiver);
    // What was received is known to the next process.
    let receiver = Receiver::start(&mut webhook_server(&arguments));
    let two = erasure("two", 156);
    assert_eq!(receiver.notify(&sign(&two), &two), "HTTP/1.1 200 OK");
    assert_eq!(receiver.notify(&sign(&body), &body), "HTTP/1.1 200 OK");
    assert!(seen().contains(r#"["one","two"]"#), "{}", seen());
    drop(receiver);
    // An event that the last process had no time for is handled by the next one.
    let left = format!(r#"{{"ids":{{"capacity":9,"ids":["three"]}},"waiting":[{}]}}"#, erasure("three", 156));
    fs::write(&file, left).expect("it can be written");
    let _receiver = Receiver::start(&mut webhook_server(&arguments));
    within(Duration::from_secs(60), move || {
        while !fs::read_to_string(&file).unwrap_or_default().ends_with(r#""waiting":[]}"#) {
            thread::sleep(Duration::from_millis(10));
        }
    });
}

#[test]
fn webhook_server_closes_slow_connections_and_serves_others() {
    let receiver = Receiver::start(&mut webhook_server(&[]));
    let mut slow = TcpStream::connect(&receiver.address).expect("it listens");
    slow.write_all(b"POST / HTTP/1.1\r\n").expect("it reads");
    let body = erasure("one", 156);
    assert_eq!(receiver.notify(&sign_webhook(SECRET, body.as_bytes(), Timestamp::now()), &body), "HTTP/1.1 200 OK");
    slow.set_read_timeout(Some(Duration::from_secs(120))).expect("it can be set");
    let mut response = String::new();
    let _ = slow.read_to_string(&mut response);
    assert!(response.starts_with("HTTP/1.1 400"), "it ends");
}

#[test]
fn webhook_server_shows_itself_without_set_up() {
    let (text, is_success) = outcome_without_set_up("webhook_server", &[]);
    assert!(is_success && text.matches("sent a notification: 200 OK").count() == 2, "{text}");
    assert_eq!(text.matches("SampleNotification 1").count(), 1, "{text}");
    let (text, is_success) = outcome_without_set_up("webhook_server", &["--port", "0"]);
    assert!(!is_success && text.contains("ROBLOX_WEBHOOK_SECRET"), "{text}");
}
