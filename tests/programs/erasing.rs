//! Users are erased by examples that are copied, and killed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use jiff::Timestamp;
use rblxopencloud_sandbox::{Fault, Sandbox, sign_webhook};
use serde_json::{Value, json};

use crate::receiver::{Receiver, SECRET, deliver, erasure};
use crate::support::example::{outcome, outcome_without_set_up, settle, with_key, without_set_up};
use crate::support::random::Random;
use crate::support::{TempDir, times};

const UNIVERSE: u64 = 13058;
/// The arguments of both examples. No entry of the sandbox waits for the share.
const KEYS: [&str; 6] = ["--key", "user_{id}", "--key", "inv_{id}", "--requests", "1000000"];
const PATIENCE: Duration = Duration::from_secs(120);

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

/// How often a program is killed. The variable is for longer runs by hand.
fn kills() -> u64 {
    times("ERASURE_KILLS", 20)
}

fn command(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Command {
    with_key(sandbox, name, &[&KEYS[..], arguments].concat())
}

fn add(sandbox: &Sandbox, store: &str, scope: &str, key: &str) {
    let line = json!({ "id": key, "scope": scope, "value": 1 }).to_string();
    sandbox.load_entries(UNIVERSE, store, &line).expect("it is an entry");
}

/// The entries that are there, as store, scope and key.
fn entries(sandbox: &Sandbox) -> BTreeSet<(String, String, String)> {
    let experience = sandbox.client().experience(UNIVERSE);
    let stores = experience.list_data_stores().map(|store| store.expect("it is listed").id);
    let of_store = |store: String| {
        let listed = experience.data_store(&store).list_entries().all_scopes(true).collect::<Vec<_>>();
        listed.into_iter().map(move |entry| {
            let entry = entry.expect("it is listed");
            (store.clone(), entry.scope().into_owned(), entry.id)
        })
    };
    stores.flat_map(of_store).collect()
}

/// How often each entry was deleted.
#[derive(Debug, Default)]
struct Deletions(BTreeMap<String, usize>);

impl Deletions {
    /// Adds what the sandbox has recorded, which has no room for long runs.
    fn take(&mut self, sandbox: &Sandbox) {
        settle(sandbox);
        for path in deleted(sandbox) {
            *self.0.entry(path).or_default() += 1;
        }
        sandbox.clear_requests();
    }

    /// Checks that so many entries were deleted, once each.
    #[track_caller]
    fn assert_once(&self, entries: usize) {
        assert!(self.0.len() == entries && self.0.values().all(|count| *count == 1), "{self:?}");
    }
}

/// Returns the recorded deletions.
fn deleted(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests().into_iter();
    requests.filter(|request| request.method == "DELETE" && request.status == Some(200)).map(|one| one.path).collect()
}

/// Waits until this many deletions are recorded, or the program ends by itself.
fn wait_for(sandbox: &Sandbox, count: usize, mut has_ended: impl FnMut() -> bool) {
    let began = Instant::now();
    while deleted(sandbox).len() < count && began.elapsed() < PATIENCE && !has_ended() {
        thread::sleep(Duration::from_millis(1));
    }
}

fn users_of(entries: &BTreeSet<(String, String, String)>) -> BTreeSet<&str> {
    entries.iter().filter_map(|(_, _, key)| Some(key.split_once('_')?.1)).collect()
}

#[test]
fn erase_user_erases_one_user_and_writes_the_report() {
    let (sandbox, folder) = (sandbox(), TempDir::new());
    let report = folder.path().join("report.json");
    let report = report.to_str().expect("it is text");
    for key in ["user_156", "user_15", "user_1560", "inv_156"] {
        add(&sandbox, "Players", "global", key);
    }
    let of = ["--experience", "13058", "--user", "156", "--ordered", "Coins", "global"];
    let (text, is_success) = outcome(&mut command(&sandbox, "erase_user", &[&of[..], &["--dry-run"]].concat()));
    assert!(is_success && text.contains("3 found, nothing was deleted"), "{text}");
    assert_eq!(entries(&sandbox).len(), 4);
    let write = [&of[..], &["--report", report]].concat();
    let (text, is_success) = outcome(&mut command(&sandbox, "erase_user", &write));
    assert!(is_success && text.contains("3 deleted, 1 missing, complete"), "{text}");
    assert_eq!(users_of(&entries(&sandbox)), BTreeSet::from(["15", "1560"]));
    let json: Value = serde_json::from_str(&fs::read_to_string(report).expect("it is there")).expect("it is JSON");
    assert_eq!((&json["user_id"], json["experiences"][0]["entries"].as_array().map(Vec::len)), (&json!(156), Some(4)));
    let requests = sandbox.requests().len();
    let (text, is_success) = outcome(&mut command(&sandbox, "erase_user", &write));
    assert!(!is_success && text.contains("exists; name another file"), "{text}");
    for (bad, words) in [
        (&["--user", "156"][..], "expected --experience"),
        (&["--experience", "13058"], "expected --user"),
        (&["--experience", "x"], "\"x\" isn't an id"),
        (&["--experience"], "--experience needs a value"),
        (&["--keys"], "unexpected argument"),
        (&["--requests", "0"], "\"0\" isn't a number of requests"),
        (&["--experience", "13058", "--user", "156", "--key", "user_156"], "has no {id}"),
    ] {
        let (text, is_success) = outcome(&mut command(&sandbox, "erase_user", bad));
        assert!(!is_success && text.contains("error: ") && text.contains(words), "{bad:?}: {text}");
    }
    assert_eq!(sandbox.requests().len(), requests, "nothing was requested");
    sandbox.inject(Fault::status(400).on("DELETE", "/").times(u64::MAX));
    let (text, is_success) = outcome(&mut command(&sandbox, "erase_user", &["--experience", "13058", "--user", "15"]));
    assert!(!is_success && text.contains("error: not everything is erased; repeat the run"), "{text}");
}

#[test]
fn erase_user_shows_itself_without_set_up() {
    let of = ["--experience", "13058", "--user", "156", "--key", "user_{id}", "--key", "inv_{id}"];
    let (text, is_success) = outcome_without_set_up("erase_user", &of);
    assert!(is_success && text.contains("3 deleted, 2 missing, complete"), "{text}");
}

#[test]
fn erase_user_that_is_killed_erases_each_entry_once() {
    let (mut random, mut killed) = (Random::new(), 0);
    while killed < kills() {
        killed += erase_killed(&mut random, kills() - killed);
    }
}

/// Kills the program until it has ended by itself, or was killed `most` times. Returns how often it was.
fn erase_killed(random: &mut Random, most: u64) -> u64 {
    let sandbox = sandbox();
    for store in 0..30 {
        for (scope, key) in
            [("global", "user_156"), ("eu", "user_156"), ("global", "user_15"), ("eu", "user_1560"), ("eu", "inv_156")]
        {
            add(&sandbox, &format!("Store{store}"), scope, key);
        }
    }
    let erase = || command(&sandbox, "erase_user", &["--experience", "13058", "--user", "156"]);
    let (mut killed, mut deleted) = (0, Deletions::default());
    while killed < most {
        let mut child = erase().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the example was built");
        // Half of the kills hit the search, the others a deletion or what follows it.
        if killed % 2 == 0 {
            thread::sleep(Duration::from_millis(random.below(60)));
        } else {
            let until = 1 + usize::try_from(random.below(12)).expect("it is small");
            wait_for(&sandbox, until, || child.try_wait().expect("it can be asked").is_some());
        }
        let has_ended = child.try_wait().expect("it can be asked").is_some();
        let _ = child.kill();
        let _ = child.wait();
        deleted.take(&sandbox);
        killed += 1;
        if has_ended {
            break;
        }
    }
    let (text, is_success) = outcome(&mut erase());
    assert!(is_success && text.contains(", complete"), "{text}");
    let left = entries(&sandbox);
    assert_eq!((left.len(), users_of(&left)), (60, BTreeSet::from(["15", "1560"])));
    // The last report has all of them, whichever run deleted them.
    assert_eq!(text.matches("revisions can be read until").count(), 90, "{text}");
    deleted.take(&sandbox);
    deleted.assert_once(90);
    killed
}

fn server(sandbox: &Sandbox, queue: &Path) -> Receiver {
    let queue = queue.to_str().expect("it is text");
    Receiver::start(&mut command(sandbox, "erasure_server", &["--port", "0", "--queue", queue]))
}

fn files(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("it is there").map(|file| file.expect("it is there").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Waits until this many requests are done and none is left.
#[track_caller]
fn wait_until_done(queue: &Path, count: usize) {
    let began = Instant::now();
    while files(&queue.join("done")).len() < count || !files(&queue.join("waiting")).is_empty() {
        assert!(began.elapsed() < PATIENCE, "waiting: {:?}", files(&queue.join("waiting")));
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn erasure_server_erases_each_request_once() {
    let (sandbox, folder) = (sandbox(), TempDir::new());
    for key in ["user_156", "user_1560", "inv_156"] {
        add(&sandbox, "Players", "global", key);
    }
    let receiver = server(&sandbox, folder.path());
    let body = erasure("one", 156);
    let forged = sign_webhook("another", body.as_bytes(), Timestamp::now());
    assert_eq!(receiver.notify(&forged, &body), "HTTP/1.1 401 Unauthorized");
    let sample = r#"{"NotificationId":"s","EventType":"SampleNotification","EventPayload":{"UserId":156}}"#;
    assert_eq!(receiver.deliver(sample), "HTTP/1.1 200 OK");
    let unreadable = r#"{"NotificationId":"x","EventType":"RightToErasureRequest","EventPayload":{"UserId":156}}"#;
    assert!(receiver.deliver(unreadable).contains("500"), "Roblox sends it again");
    assert!(files(&folder.path().join("waiting")).is_empty());
    for _ in 0..3 {
        assert_eq!(receiver.deliver(&body), "HTTP/1.1 200 OK");
    }
    wait_until_done(folder.path(), 1);
    assert_eq!(users_of(&entries(&sandbox)), BTreeSet::from(["1560"]));
    let done: Value = serde_json::from_str(&files(&folder.path().join("done"))[0]).expect("it is JSON");
    assert_eq!(done["notification"]["NotificationId"], "one");
    assert_eq!(done["report"]["experiences"][0]["id"], 13058);
    // A repetition that comes after a restart is known too.
    drop(receiver);
    let requests = sandbox.requests().len();
    let receiver = server(&sandbox, folder.path());
    assert_eq!(receiver.deliver(&body), "HTTP/1.1 200 OK");
    assert_eq!(receiver.deliver(&erasure("ONE", 156)), "HTTP/1.1 200 OK", "it is another one");
    wait_until_done(folder.path(), 2);
    assert!(sandbox.requests().len() > requests);
    assert_eq!(deleted(&sandbox).len(), 2);
}

#[test]
fn erasure_server_keeps_what_is_not_complete() {
    let (sandbox, folder) = (sandbox(), TempDir::new());
    add(&sandbox, "Players", "global", "user_156");
    let waiting = folder.path().join("waiting");
    let entry = "/cloud/v2/universes/13058/data-stores/Players/entries/user_156";
    sandbox.inject(Fault::status(400).on("DELETE", entry).times(u64::MAX));
    let receiver = server(&sandbox, folder.path());
    assert_eq!(receiver.deliver(&erasure("one", 156)), "HTTP/1.1 200 OK");
    assert_eq!(receiver.deliver(&erasure("two", 157)), "HTTP/1.1 200 OK");
    let done = folder.path().join("done");
    let wait_for_reports = |count: usize| {
        let began = Instant::now();
        while (files(&done).len() < count || files(&waiting).len() > 1) && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
    };
    // The oldest is tried first.
    wait_for_reports(1);
    let (left, reports) = (files(&waiting), files(&done));
    assert!(left.len() == 1 && left[0].contains("\"one\"") && reports.len() == 1, "{left:?} {reports:?}");
    sandbox.clear_faults();
    drop(receiver);
    // A file that isn't a request is left to a person, and doesn't keep the others.
    fs::write(waiting.join("strange.json"), "{").expect("it can be written");
    let receiver = server(&sandbox, folder.path());
    wait_for_reports(2);
    assert_eq!((entries(&sandbox).len(), files(&done).len()), (0, 2));
    drop(receiver);
    assert!(files(&waiting).contains(&"{".to_owned()));
}

#[test]
fn erasure_server_that_is_killed_erases_all_and_each_once() {
    let (mut random, mut killed) = (Random::new(), 0);
    while killed < kills() {
        let most = (kills() - killed).min(20);
        serve_killed(&mut random, most);
        killed += most;
    }
}

/// Kills the server this often while requests arrive and users are erased.
fn serve_killed(random: &mut Random, kills: u64) {
    const USERS: u64 = 40;
    let (sandbox, folder) = (sandbox(), TempDir::new());
    for user in 1..=2 * USERS {
        for (store, scope, key) in
            [("Players", "global", "user"), ("Players", "eu", "user"), ("Items", "global", "inv")]
        {
            add(&sandbox, store, scope, &format!("{key}_{user}"));
        }
    }
    // The users with even ids are erased.
    let bodies: Vec<String> = (1..=USERS).map(|user| erasure(&format!("request {user}"), 2 * user)).collect();
    let mut left: BTreeSet<usize> = (0..bodies.len()).collect();
    let mut below = |limit: u64| usize::try_from(random.below(limit)).expect("it is small");
    let mut deleted = Deletions::default();
    for kill in 0..kills {
        let receiver = server(&sandbox, folder.path());
        // Some of those that aren't accepted yet, and a repetition.
        let mut sent: Vec<usize> = left.iter().copied().take(1 + below(4)).collect();
        sent.push(below(USERS));
        let messages: Vec<_> = sent.into_iter().map(|one| (one, bodies[one].clone())).collect();
        let address = receiver.address.clone();
        let sender = thread::spawn(move || {
            let is_accepted = |body: &str| deliver(&address, body).is_ok_and(|status| status == "HTTP/1.1 200 OK");
            let accepted = messages.into_iter().filter(|(_, body)| is_accepted(body));
            accepted.map(|(one, _)| one).collect::<Vec<_>>()
        });
        if kill % 2 == 0 {
            thread::sleep(Duration::from_millis(below(40) as u64));
        } else {
            // It has this much to do, unless the repetition is of one that is done.
            wait_for(&sandbox, 1 + below(3), || {
                sender.is_finished() && files(&folder.path().join("waiting")).is_empty()
            });
        }
        drop(receiver);
        for accepted in sender.join().expect("it doesn't panic") {
            left.remove(&accepted);
        }
        deleted.take(&sandbox);
    }
    // Roblox sends again what wasn't accepted.
    let receiver = server(&sandbox, folder.path());
    for one in left {
        assert_eq!(receiver.deliver(&bodies[one]), "HTTP/1.1 200 OK");
    }
    wait_until_done(folder.path(), bodies.len());
    let left = entries(&sandbox);
    let odd: BTreeSet<String> = (1..=2 * USERS).filter(|user| user % 2 == 1).map(|user| user.to_string()).collect();
    assert_eq!(users_of(&left), odd.iter().map(String::as_str).collect());
    assert_eq!(left.len(), odd.len() * 3);
    deleted.take(&sandbox);
    deleted.assert_once(120);
    assert_eq!(files(&folder.path().join("done")).len(), bodies.len(), "each has one report");
}

#[test]
fn erasure_server_shows_itself_and_checks_its_set_up() {
    let (text, is_success) = outcome_without_set_up("erasure_server", &[]);
    assert!(is_success && text.matches("sent a request: 200 OK").count() == 2, "{text}");
    assert_eq!(text.matches("3 deleted, 2 missing, complete").count(), 1, "{text}");
    let (text, is_success) = outcome_without_set_up("erasure_server", &["--port", "0"]);
    assert!(!is_success && text.contains("ROBLOX_WEBHOOK_SECRET"), "{text}");
    let sandbox = sandbox();
    let folder = TempDir::new();
    let queue = folder.path().to_str().expect("it is text").to_owned();
    let with_secret = |arguments: &[&str]| {
        let mut command = without_set_up("erasure_server", arguments);
        command.env("ROBLOX_WEBHOOK_SECRET", SECRET).env("ROBLOX_OPEN_CLOUD_URL", sandbox.url());
        command
    };
    let (text, is_success) = outcome(&mut with_secret(&["--port", "0", "--queue", &queue, "--key", "user_{id}"]));
    assert!(!is_success && text.contains("ROBLOX_API_KEY"), "{text}");
    for (arguments, words) in [
        (&["--port", "0", "--queue", &queue][..], "no keys are given"),
        (&["--port", "0", "--queue", &queue, "--key", "user"], "has no {id}"),
        (&["--port", "0", "--key", "user_{id}"], "expected --queue"),
        (&["--queue", &queue], "--queue has no effect"),
        (&["--port", "x"], "invalid port"),
        (&["--nothing"], "unexpected argument"),
    ] {
        let (text, is_success) = outcome(with_secret(arguments).env("ROBLOX_API_KEY", "key"));
        assert!(!is_success && text.contains(words), "{arguments:?}: {text}");
    }
}
