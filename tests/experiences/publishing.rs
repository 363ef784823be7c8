//! Publishing and saving: what is checked before, streamed and repeated, and what errors advise.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rblxopencloud::experience::{PlaceFile, PlaceUpdate};
use rblxopencloud::{Credentials, ErrorKind, ErrorScope, Place, Timeouts};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::json;

use super::places::{content, sandbox};
use crate::support::samples::PLACE;
use crate::support::{Reply, Request, Server, TempDir, fails, hasty, within};

type Alter = fn(&std::path::Path);
type MakeFault = fn() -> Fault;

const XML: &[u8] = b"<roblox xmlns:xmime=\"http://www.w3.org/2005/05/xmlmime\" version=\"4\"></roblox>";

fn version(number: u64) -> Reply {
    // The document's content type.
    Reply::text(200, json!({ "versionNumber": number }).to_string()).with("content-type", "text/plain")
}

fn place(server: &Server) -> Place {
    server.client().experience(13058).place(1818)
}

#[test]
fn a_place_is_given_as_a_path_bytes_an_open_file_or_a_reader() {
    let (sandbox, place) = sandbox();
    let folder = TempDir::new();
    let path = folder.file("game.rbxl", &content("path"));
    let is_last = |bytes: &[u8]| assert_eq!(sandbox.asset_content(1818).expect("there is one").bytes, bytes);
    place.publish(&*path).expect("a Path");
    is_last(&content("path"));
    place.publish(path.to_str().expect("it is UTF-8")).expect("a str");
    place.publish(path.to_str().expect("it is UTF-8").to_owned()).expect("a String");
    place.publish(path.clone()).expect("a PathBuf");
    place.publish(&path).expect("a PathBuf");
    place.publish(PlaceFile::open(&path).expect("it is there")).expect("a file");
    assert_eq!(sandbox.place_versions(1818).len(), 1, "the same bytes have the same version");
    place.publish(File::open(&path).expect("it is there")).expect("an open file");
    place.publish(path.as_os_str()).expect("an OsStr");
    place.publish(path.as_os_str().to_owned()).expect("an OsString");
    assert_eq!(sandbox.place_versions(1818).len(), 1, "the same bytes have the same version");
    place.publish(content("vec")).expect("a Vec");
    let vec = content("vec");
    place.publish(&vec).expect("a Vec");
    is_last(&content("vec"));
    place.publish(content("slice").as_slice()).expect("a slice");
    place.publish(b"<roblox!\x89\xff\r\n\x1a\narray").expect("an array");
    place.publish(*b"<roblox!\x89\xff\r\n\x1a\narray").expect("an array");
    let bytes = content("reader");
    place.publish(PlaceFile::from_reader(std::io::Cursor::new(bytes.clone()), bytes.len() as u64)).expect("a reader");
    is_last(&bytes);
    place.save(XML).expect("XML");
    let requests = sandbox.requests();
    let kind = |index: usize| requests[index].header("content-type").expect("it has one").to_owned();
    assert_eq!((kind(0).as_str(), kind(requests.len() - 1).as_str()), ("application/octet-stream", "application/xml"));
    assert_eq!(requests[0].query_value("versionType"), Some("Published"));
    assert_eq!(requests[requests.len() - 1].query_value("versionType"), Some("Saved"));
}

#[test]
fn what_is_not_a_place_is_refused_before_anything_is_sent() {
    let (sandbox, place) = sandbox();
    let folder = TempDir::new();
    for (name, content, problem) in [
        ("model.rbxm", PLACE, "is a model"),
        ("model.RBXMX", XML, "is a model"),
        ("empty.rbxl", b"", "is empty"),
        ("page.rbxl", b"<!DOCTYPE html><html></html>", "web page"),
        ("lfs.rbxl", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("picture.rbxl", b"\x89PNG\r\n\x1a\n", ".png"),
        ("mangled.rbxl", b"<roblox!\x89\xff\n\x1a\n", "damaged"),
        ("short.rbxl", b"<roblox", "isn't a place"),
        ("text.rbxlx", b"hello", "isn't a place"),
    ] {
        let path = folder.file(name, content);
        for error in [place.publish(&path), place.save(&path)].map(|result| fails(result, ErrorKind::InvalidInput)) {
            assert!(error.to_string().contains(problem) && error.to_string().contains(name), "{error}");
        }
    }
    fails(place.publish(b""), ErrorKind::InvalidInput);
    fails(place.publish(PlaceFile::from_reader(std::io::empty(), 0)), ErrorKind::InvalidInput);
    fails(place.publish(folder.path().join("none.rbxl")), ErrorKind::Io);
    fails(place.publish(folder.path()), ErrorKind::Io);
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_an_error_and_saves_nothing() {
    const SIZE: usize = 3 * 1024 * 1024;
    let folder = TempDir::new();
    let changes: [(&str, Alter); 3] = [
        ("cut", |path| {
            File::options().write(true).open(path).and_then(|file| file.set_len(64)).expect("it can be cut")
        }),
        ("grown", |path| {
            File::options().append(true).open(path).and_then(|mut file| file.write_all(b"more")).expect("it grows");
        }),
        ("touched", |path| {
            let file = File::options().write(true).open(path).expect("it can be written");
            file.set_modified(SystemTime::now() + Duration::from_secs(60)).expect("it has a time");
        }),
    ];
    for (what, change) in changes {
        let (sandbox, place) = sandbox();
        let mut bytes = content("");
        bytes.resize(SIZE, b'x');
        let path = folder.file("game.rbxl", &bytes);
        let (at, mut is_done) = (path.clone(), false);
        let file = PlaceFile::open(&path).expect("it is there").on_progress(move |progress| {
            if !is_done && progress.sent > 0 && progress.sent < progress.total {
                is_done = true;
                change(&at);
            }
        });
        let error = fails(within(Duration::from_secs(60), move || place.publish(file)), ErrorKind::Io);
        assert!(!error.outcome_unknown(), "{what}: {error}");
        assert_eq!(sandbox.place_versions(1818), [], "{what}");
    }
}

#[test]
fn a_publish_is_repeated_and_makes_one_version() {
    let faults: [(&str, MakeFault); 4] = [
        ("no answer", || Fault::reset_before_answer().times(2)),
        ("half an answer", || Fault::truncated_body().times(2)),
        ("reset in the answer", || Fault::reset_in_answer().times(2)),
        ("a proxy's 502", || Fault::status(502).times(2)),
    ];
    for (what, fault) in faults {
        let (sandbox, _) = sandbox();
        let client = sandbox.client_with(|builder| builder.retry(hasty())).expect("the settings are good");
        let place = client.experience(13058).place(1818);
        sandbox.inject(fault().on("POST", "/universes/"));
        let published = place.publish(content("a")).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!((published.number, published.is_published), (1, Some(true)), "{what}");
        assert_eq!(sandbox.place_versions(1818).len(), 1, "{what}");
        sandbox.inject(fault().on("POST", "/universes/"));
        assert_eq!(place.save(content("b")).unwrap_or_else(|error| panic!("{what}: {error}")).number, 2, "{what}");
        let posts: Vec<u64> =
            sandbox.requests().iter().filter(|it| it.method == "POST").map(|it| it.connection).collect();
        assert_eq!(posts.len(), 6, "{what}");
        assert!(posts.windows(2).all(|pair| pair[0] != pair[1]), "{what}: each attempt has a new connection");
    }
}

#[test]
fn a_publish_is_not_repeated_over_somebody_elses_version() {
    let (sandbox, _) = sandbox();
    let client = sandbox.client_with(|builder| builder.retry(hasty())).expect("the settings are good");
    let place = client.experience(13058).place(1818);
    sandbox.publish_after_next_version(1818, content("theirs"));
    sandbox.inject(Fault::reset_before_answer().on("POST", "/universes/"));
    let error = fails(place.publish(content("ours")), ErrorKind::Connection);
    assert!(error.outcome_unknown() && !error.is_retryable(), "{error}");
    assert!(error.to_string().contains("somebody else has published or saved in between (versions 2, 1)"), "{error}");
    assert_eq!(sandbox.asset_content(1818).expect("there is one").bytes, content("theirs"), "it isn't undone");
    assert_eq!(sandbox.place_versions(1818).len(), 2);
}

/// The history of a place, as the service tells it.
fn history(ages: &[i64]) -> Reply {
    let now = Timestamp::now();
    let entry = |(index, age): (usize, &i64)| {
        let created = now - jiff::SignedDuration::from_secs(*age);
        json!({ "version": (ages.len() - index).to_string(), "createdTime": created })
    };
    let entries: Vec<_> = ages.iter().enumerate().map(entry).collect();
    Reply::ok(&json!({ "placeVersions": entries, "nextCursor": null, "hasMore": false }))
}

#[test]
fn older_versions_and_a_history_that_cannot_be_seen_do_not_keep_a_publish_from_being_repeated() {
    for (what, looked_up) in [
        ("nothing new", history(&[3600, 7200])),
        ("one new version, which is ours", history(&[0, 3600])),
        ("no version at all", history(&[])),
        ("no scope", Reply::text(403, "")),
        ("not there", Reply::text(404, "")),
    ] {
        let posts = AtomicUsize::new(0);
        let server = Server::start(move |request: &Request| match request.method.as_str() {
            "POST" if posts.fetch_add(1, Ordering::SeqCst) == 0 => Reply::HangUp,
            "POST" => version(7),
            _ => looked_up.clone(),
        });
        let published = place(&server).publish(PLACE).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(published.number, 7, "{what}");
    }
}

#[test]
fn a_publish_is_not_repeated_if_its_history_cannot_be_read() {
    for (what, looked_up) in [
        ("garbage", Reply::text(200, "<html>")),
        ("strange", Reply::ok(&json!({ "placeVersions": 7 }))),
        ("a failure", Reply::text(400, "")),
    ] {
        let posts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&posts);
        let server = Server::start(move |request: &Request| match request.method.as_str() {
            "POST" => {
                counted.fetch_add(1, Ordering::SeqCst);
                Reply::HangUp
            }
            _ => looked_up.clone(),
        });
        let error = place(&server).publish(PLACE).expect_err(what);
        assert!(error.outcome_unknown(), "{what}: {error}");
        assert!(error.to_string().contains("the place's history can't be read"), "{what}: {error}");
        assert_eq!(posts.load(Ordering::SeqCst), 1, "{what}");
    }
}

/// What becomes of a repeat doesn't tell what became of the attempt before.
#[test]
fn the_outcome_stays_unknown_whatever_a_repeat_ends_in() {
    let folder = TempDir::new();
    for (what, reply) in [
        ("409", Reply::text(409, "")),
        ("403", Reply::text(403, "")),
        ("413", Reply::text(413, "")),
        ("429", Reply::text(429, "").with("retry-after", "3600")),
    ] {
        let posts = AtomicUsize::new(0);
        let server = Server::start(move |request: &Request| match request.method.as_str() {
            "POST" if posts.fetch_add(1, Ordering::SeqCst) == 0 => Reply::HangUp,
            "POST" => reply.clone(),
            _ => history(&[]),
        });
        let error = place(&server).publish(PLACE).expect_err(what);
        assert!(error.outcome_unknown() && !error.is_retryable(), "{what}: {error}");
    }
    // Without an attempt that may have arrived, a refusal is one.
    let server = Server::script([Reply::text(409, "")]);
    assert!(!fails(place(&server).publish(PLACE), ErrorKind::Conflict).outcome_unknown());

    // The file changes between two attempts.
    let path = folder.file("game.rbxl", PLACE);
    let changed = path.clone();
    let server = Server::start(move |request: &Request| match request.method.as_str() {
        "POST" => Reply::HangUp,
        _ => {
            std::fs::write(&changed, content("changed")).expect("it can be written");
            history(&[])
        }
    });
    let error = fails(place(&server).publish(path), ErrorKind::Io);
    assert!(error.outcome_unknown(), "{error}");
}

#[test]
fn the_lookup_before_a_repeat_is_within_the_time_limit_of_the_call() {
    let server = Server::start(|request: &Request| if request.method == "POST" { Reply::HangUp } else { Reply::Stall });
    let place = place(&server).with_timeout(Duration::from_secs(1));
    let error = within(Duration::from_secs(30), move || place.publish(PLACE)).expect_err("there is no answer");
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(server.requests().iter().filter(|request| request.method == "POST").count(), 1);
}

#[test]
fn an_open_file_is_sent_again_as_a_whole() {
    let folder = TempDir::new();
    let mut file = File::open(folder.file("game.rbxl", PLACE)).expect("it is there");
    file.read_exact(&mut [0; 5]).expect("it can be read");
    let server = Server::script([Reply::HangUp, history(&[]), version(7)]);
    assert_eq!(place(&server).publish(file).expect("it is repeated").number, 7);
    let sent: Vec<_> = server.requests().into_iter().filter(|request| request.method == "POST").collect();
    assert_eq!((sent.len(), sent[1].body.as_slice()), (2, PLACE));
    #[cfg(unix)]
    fails(place(&server).publish(File::open(folder.path()).expect("it is there")), ErrorKind::Io);
}

#[test]
fn a_reader_that_was_read_is_not_sent_again() {
    let server = Server::script([Reply::HangUp, version(7)]);
    let error = fails(place(&server).publish(PlaceFile::from_reader(PLACE, PLACE.len() as u64)), ErrorKind::Connection);
    assert!(error.outcome_unknown() && error.to_string().contains("a reader can't be read twice"), "{error}");
    // Nor can it be read again after a refusal by the rate limit.
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), version(7)]);
    let error =
        fails(place(&server).publish(PlaceFile::from_reader(PLACE, PLACE.len() as u64)), ErrorKind::RateLimited);
    assert!(error.to_string().contains("use a path or bytes"), "{error}");
}

#[test]
fn refusals_say_what_helps() {
    let (sandbox, place) = sandbox();
    sandbox.set_team_create_session(1818, [156]);
    let error = fails(place.publish(PLACE), ErrorKind::Conflict);
    let words = error.to_string();
    let (studio, universe) =
        (words.find("Team Create or Studio session"), words.find("doesn't belong to this experience"));
    assert!(studio.is_some() && studio < universe, "the likelier cause comes first: {error}");
    assert!(words.contains("list_team_create_members") && !error.outcome_unknown(), "{error}");
    let error = fails(place.update(PlaceUpdate::new().server_size(4)), ErrorKind::Conflict);
    assert!(error.to_string().contains("Team Create"), "{error}");
    sandbox.set_team_create_session(1818, []);
    fails(sandbox.client().experience(5).place(1818).publish(PLACE), ErrorKind::NotFound);

    sandbox.set_largest_place(1000);
    let mut large = content("");
    large.resize(1001, b'x');
    let error = fails(place.publish(large), ErrorKind::Rejected);
    let words = error.to_string();
    assert!(words.contains("1001 bytes") && words.contains("binary format (.rbxl)"), "{error}");
    place.publish(PLACE).expect("it is small enough");

    sandbox.set_largest_place(None);
    sandbox.set_failing_place_size(10 * 1024 * 1024);
    let mut large = content("");
    large.resize(10 * 1024 * 1024, b'x');
    let error = fails(place.publish(large), ErrorKind::Server);
    let words = error.to_string();
    assert!(words.contains("10485760 bytes") && words.contains("binary format (.rbxl)"), "{error}");
    assert!(error.outcome_unknown(), "{error}");
    let server = Server::script([Reply::text(500, "")]);
    let error = fails(self::place(&server).publish(PLACE), ErrorKind::Server);
    assert!(!error.to_string().contains("binary format") && server.count() == 1, "of a small place: {error}");
}

#[test]
fn a_token_is_refused_in_words_before_the_first_byte() {
    let sandbox = Sandbox::builder().demo().start().expect("a sandbox");
    let client = sandbox.client().with_credentials(Credentials::access_token(sandbox.access_token()));
    let place = client.experience(13058).place(1818);
    for error in [
        fails(place.publish(PLACE), ErrorKind::InvalidInput),
        fails(place.save(PLACE), ErrorKind::InvalidInput),
        fails(place.list_history().next().expect("an error"), ErrorKind::InvalidInput),
        fails(place.list_contributors().next().expect("an error"), ErrorKind::InvalidInput),
        fails(place.version(1).set_notes("", ""), ErrorKind::InvalidInput),
    ] {
        assert!(error.to_string().contains("takes API keys only"), "{error}");
        assert!(error.to_string().contains("use an API key with universe"), "{error}");
        assert_eq!(error.scope(), ErrorScope::Run);
    }
    // Not even the experience is looked up.
    fails(client.place(1818).publish(PLACE), ErrorKind::InvalidInput);
    fails(client.place(1818).promote(&client.place(5).version(1)), ErrorKind::InvalidInput);
    assert_eq!(sandbox.requests().len(), 0);
    place.fetch_info().expect("a token is good for the rest");
}

#[test]
fn saved_and_published_versions_are_kept_apart() {
    let (sandbox, place) = sandbox();
    let published = || -> Vec<bool> {
        sandbox.place_versions(1818).iter().map(|version| version.is_published == Some(true)).collect()
    };
    assert_eq!(place.save(content("a")).expect("saved").is_published, None);
    assert_eq!(place.save(content("a")).expect("saved").number, 1);
    assert_eq!(published(), [false]);
    assert_eq!(place.publish(content("a")).expect("published").number, 1, "it only became live");
    assert_eq!(published(), [true]);
    place.save(content("b")).expect("saved");
    sandbox.set_saved_versions_published_anew(true);
    assert_eq!(place.publish(content("b")).expect("published").number, 3);
    assert_eq!(published(), [true, false, true]);
}

#[test]
fn progress_is_reported_to_the_last_byte() {
    let (_sandbox, place) = sandbox();
    let mut bytes = content("");
    bytes.resize(2 * 1024 * 1024, b'x');
    let (total, seen) = (bytes.len() as u64, Arc::new(Mutex::new(Vec::new())));
    let record = Arc::clone(&seen);
    let file = PlaceFile::from_bytes(bytes).on_progress(move |progress| {
        assert_eq!(progress.total, total);
        record.lock().expect("nobody panicked").push(progress.sent);
    });
    place.publish(file).expect("published");
    let seen = seen.lock().expect("nobody panicked");
    assert!(seen.len() > 3 && seen.is_sorted() && seen.last() == Some(&total), "{seen:?}");
}

/// A server of the service can take minutes; here, the limits are short, and the response takes longer than the usual ones.
#[test]
fn publishing_has_three_times_the_usual_time() {
    let slow = Duration::from_millis(2500);
    let server = Server::start(move |request: &Request| {
        if request.method == "POST" {
            std::thread::sleep(slow);
        }
        version(7)
    });
    let timeouts = Timeouts::new().attempt(Duration::from_secs(2)).read(Duration::from_millis(800));
    let client = server.builder().timeouts(timeouts).retry(rblxopencloud::RetryPolicy::none()).build();
    let client = client.expect("the settings are good");
    assert_eq!(client.experience(13058).place(1818).publish(PLACE).expect("it is waited for").number, 7);
    let usual = client.request(rblxopencloud::Method::Post, "/somewhere").json(&json!({})).send();
    fails(usual, ErrorKind::Timeout);
}

/// A place that is made as it is read.
struct Generated {
    left: u64,
    read: Arc<AtomicU64>,
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let is_first = self.read.fetch_add(length as u64, Ordering::SeqCst) == 0;
        buffer[..length].fill(b'x');
        if is_first {
            buffer[..PLACE.len()].copy_from_slice(PLACE);
        }
        self.left -= length as u64;
        Ok(length)
    }
}

#[test]
fn a_large_place_is_streamed() {
    const SIZE: u64 = 100 * 1024 * 1024;
    let (sandbox, place) = sandbox();
    let read = Arc::new(AtomicU64::new(0));
    // What was read and not passed to the connection yet is all that is in memory.
    let (ahead, seen) = (Arc::new(AtomicU64::new(0)), Arc::clone(&read));
    let most = Arc::clone(&ahead);
    let reader = Generated { left: SIZE, read: Arc::clone(&read) };
    let file = PlaceFile::from_reader(reader, SIZE).on_progress(move |progress| {
        most.fetch_max(seen.load(Ordering::SeqCst) - progress.sent, Ordering::SeqCst);
    });
    assert_eq!(place.publish(file).expect("published").number, 1);
    assert_eq!(read.load(Ordering::SeqCst), SIZE);
    assert!(ahead.load(Ordering::SeqCst) <= 4096, "{} bytes are held", ahead.load(Ordering::SeqCst));
    let kept = sandbox.asset_content(1818).expect("there is one");
    assert_eq!(kept.length, SIZE);
}

#[test]
fn the_scope_and_the_target_are_named_after_a_403() {
    let (sandbox, place) = sandbox();
    sandbox.set_scopes(["asset:read"]);
    let error = fails(place.publish(PLACE), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("universe-places:write"), "{error}");
}
