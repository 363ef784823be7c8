//! Bulk jobs with odd keys, odd listings, odd responses and odd files.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rblxopencloud::data::{Bulk, Change, DataStore, DataStoreEntry, EntryMetadata, SkipReason};
use rblxopencloud::{CancelToken, Client, Error, ErrorKind, RetryPolicy};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use super::bulk::{ENTRIES, Profile, Test, coins, content, earn, fast, keys};
use crate::support::fails;
use crate::support::{Reply, Request, Server};

const FILES: [&str; 2] = ["players.jsonl", "players.jsonl.gz"];

#[test]
fn keys_and_scopes_with_odd_characters_are_kept_in_all_jobs() {
    let test = Test::new(0);
    let odd = [
        "a/b",
        "/",
        "a//b",
        "a@b",
        "@",
        "a@latest",
        " ",
        "a b",
        "a+b",
        "100%",
        "%2F",
        "a%20b",
        "a?b=c&d#e",
        "\"quoted\"",
        "back\\slash",
        "é",
        "名前",
        "🦀",
        "line\nbreak",
        "tab\t",
        "\u{2028}",
        "entries",
        "x/entries/y",
        "a:b",
        "...",
        "'",
        "null",
        "{}",
        "<b>",
    ];
    let mut count = 0;
    for scope in ["global", "eu", "é/ü", "a b@c"] {
        for key in odd {
            let value = json!({ "coins": count, "key": key, "scope": scope });
            let store = test.store.with_scope(scope);
            store
                .create_with(key, &value, EntryMetadata::new().users([7]))
                .unwrap_or_else(|error| panic!("{key:?}: {error}"));
            count += 1;
        }
    }
    let before = content(&test.store);
    assert_eq!(before.len() as u64, count);
    for (name, copy) in FILES.into_iter().zip(["Copy1", "Copy2"]) {
        let path = test.path(name);
        let report = test.store.back_up_with(&path, fast().all_scopes(true)).expect("it is backed up");
        assert_eq!((report.written, report.skipped_count), (count, 0), "{:?}", report.skipped);
        test.other(copy).restore_with(&path, fast()).expect("it is restored");
        assert_eq!(content(&test.other(copy)), before);
    }
    let copy = test.other("Copy3");
    test.store.copy_to_with(&copy, test.path("journal"), fast().all_scopes(true)).expect("it is copied");
    assert_eq!(content(&copy), before);
    let report = copy.for_each_with(test.path("earn"), fast().all_scopes(true), earn).expect("it is edited");
    assert_eq!((report.written, report.skipped_count), (count, 0), "{:?}", report.skipped);
    let sum = |store: &DataStore| {
        let listed = store.list_entries().all_scopes(true).map(|listed| listed.expect("a key"));
        let coins = listed.map(|listed| {
            let entry = store.with_scope(listed.scope()).fetch::<Profile>(&listed.id).expect("it is read");
            entry.expect("it is there").value.coins
        });
        coins.sum::<u64>()
    };
    assert_eq!(sum(&copy), sum(&test.store) + 1000 * count);
    for prefix in ["a", "\"", "\\", "é", "🦀", "line\n"] {
        let expected = odd.iter().filter(|key| key.starts_with(prefix)).count() as u64;
        let report = test.store.back_up_with(test.path("some.jsonl"), fast().prefix(prefix)).expect("it is backed up");
        assert_eq!(report.written, expected, "{prefix:?}");
    }
}

/// The service doesn't know the page token of the next request.
fn forget_listing(test: &Test, times: u64) {
    test.sandbox.inject(Fault::status(400).times(times).on("GET", ENTRIES));
}

#[test]
fn a_back_up_whose_page_token_is_forgotten_begins_anew() {
    for name in FILES {
        let test = Test::new(700);
        let path = test.path(name);
        test.sandbox.inject(Fault::status(500).after(400).on("GET", ENTRIES));
        fails(test.store.back_up_with(&path, fast()), ErrorKind::Server);
        test.sandbox.clear_faults();
        let partial = || fs::metadata(test.path(&format!("{name}.partial"))).expect("it is there").len();
        let length = partial();
        // If the first page is refused too, that isn't the reason.
        forget_listing(&test, 2);
        assert_eq!(test.store.back_up_with(&path, fast()).expect_err("it is refused").status(), Some(400));
        assert!(partial() > length / 2, "what was marked is kept");
        forget_listing(&test, 1);
        test.store.delete("user_3").expect("it is deleted");
        let report = test.store.back_up_with(&path, fast()).expect("it begins anew");
        assert_eq!((report.entries, report.written), (699, 699));
        let report = test.other("Copy").restore_with(&path, fast()).expect("it is whole");
        assert_eq!(report.written, 699);
    }
}

#[test]
fn an_edit_whose_page_token_is_forgotten_changes_nothing_twice() {
    let test = Test::new(900);
    let journal = test.path("journal");
    let calls = AtomicU64::new(0);
    let edit = |most: u64| {
        calls.store(0, Ordering::SeqCst);
        test.store.for_each_with(&journal, fast().concurrency(4), |entry: DataStoreEntry<Profile>| {
            if calls.fetch_add(1, Ordering::SeqCst) >= most {
                return Err(Error::other("the closure has had enough"));
            }
            if entry.value.coins % 100 == 7 { Ok(Change::Delete) } else { earn(entry) }
        })
    };
    fails(edit(300), ErrorKind::Other);
    forget_listing(&test, 1);
    fails(edit(300), ErrorKind::Other);
    // Without and with another one that is forgotten.
    fails(edit(100), ErrorKind::Other);
    forget_listing(&test, 1);
    fails(edit(100), ErrorKind::Other);
    let report = edit(u64::MAX).expect("it ends");
    assert_eq!((report.entries, report.written, report.deleted), (900, 891, 9));
    for id in (0..900).filter(|id| id % 100 != 7) {
        assert_eq!(coins(&test.store, id), id + 1000);
    }
    assert_eq!(test.store.list_entries().count(), 891);
    let again = edit(u64::MAX).expect("it has ended");
    assert_eq!(again.written, 891);
}

#[test]
fn a_copy_whose_page_token_is_forgotten_goes_on() {
    let test = Test::new(600);
    let (copy, journal) = (test.other("Copy"), test.path("journal"));
    test.sandbox.inject(Fault::status(500).after(400).on("GET", format!("{ENTRIES}/")));
    fails(test.store.copy_to_with(&copy, &journal, fast()), ErrorKind::Server);
    test.sandbox.clear_faults();
    forget_listing(&test, 1);
    let report = test.store.copy_to_with(&copy, &journal, fast()).expect("it goes on");
    assert_eq!((report.entries, report.written), (600, 600));
    assert_eq!(content(&copy), content(&test.store));
}

/// A data store whose listing has these pages, and whose entries lack a field.
fn odd_store(pages: &'static [&'static [&'static str]], lacking: &'static str) -> (Server, DataStore) {
    let values: Mutex<BTreeMap<String, (Value, u64)>> = Mutex::default();
    let server = Server::start(move |request: &Request| {
        let mut values = values.lock().expect("it isn't poisoned");
        let Some((_, key)) = request.path().split_once("/entries/") else {
            let page: usize = request.query("pageToken").map_or(0, |token| token.parse().expect("a token of ours"));
            let entries: Vec<Value> = pages[page].iter().map(|id| json!({ "path": "", "id": id })).collect();
            let next = if page + 1 < pages.len() { (page + 1).to_string() } else { String::new() };
            return Reply::ok(&json!({ "dataStoreEntries": entries, "nextPageToken": next }));
        };
        let (value, revision) = values.entry(key.to_owned()).or_insert_with(|| (json!({ "coins": 1 }), 1));
        if request.method == "PATCH" {
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            assert_eq!(body["etag"], revision.to_string());
            (*value, *revision) = (body["value"].clone(), *revision + 1);
        }
        let mut entry = json!({
            "path": "", "id": key, "value": value, "users": [], "attributes": {}, "etag": revision.to_string(),
            "revisionId": revision.to_string(), "revisionCreateTime": "2026-01-02T03:04:05Z", "state": "ACTIVE",
        });
        entry.as_object_mut().expect("an object").remove(lacking);
        Reply::ok(&entry)
    });
    let client = Client::builder("key").base_url(server.url()).retry(RetryPolicy::none()).build().expect("a client");
    let store = client.experience(13058).data_store("Players");
    (server, store)
}

#[test]
fn an_entry_that_a_listing_repeats_is_taken_once() {
    const PAGES: &[&[&str]] = &[&["a", "b", "b", "c"], &["c", "d"], &[], &["a", "e", "d"]];
    let test = Test::new(0);
    let (_server, store) = odd_store(PAGES, "");
    let path = test.path("players.jsonl");
    let report = store.back_up_with(&path, fast()).expect("it is backed up");
    assert_eq!((report.entries, keys(&path)), (5, ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec()));
    let journal = test.path("journal");
    let calls = AtomicU64::new(0);
    let stopped = store.for_each_with(&journal, fast().concurrency(1), |entry: DataStoreEntry<Profile>| {
        match calls.fetch_add(1, Ordering::SeqCst) {
            3 => Err(Error::other("the closure has had enough")),
            _ => earn(entry),
        }
    });
    fails(stopped, ErrorKind::Other);
    let report = store.for_each_with(&journal, fast(), earn).expect("it goes on");
    assert_eq!((report.entries, report.written), (5, 5));
    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(store.fetch::<Profile>(key).expect("it is read").expect("it is there").value.coins, 1001, "{key}");
    }
}

#[test]
fn responses_that_lack_a_field_lose_nothing() {
    const PAGES: &[&[&str]] = &[&["a", "b"]];
    let test = Test::new(0);
    for lacking in ["etag", "revisionCreateTime", "revisionId", "state", "users", "attributes", "path", "id"] {
        let (_server, store) = odd_store(PAGES, lacking);
        let path = test.path("players.jsonl");
        assert_eq!(store.back_up_with(&path, fast()).expect("it is backed up").written, 2, "{lacking}");
        let report = test.other(lacking).restore_with(&path, fast()).expect("it is restored");
        assert_eq!(report.written, 2, "{lacking}");
        let report = store.for_each_with(test.path(&format!("{lacking}.journal")), fast(), earn).expect("it is edited");
        // Without an etag, a write could overwrite that of somebody else.
        let expected = if lacking == "etag" { (0, 2) } else { (2, 0) };
        assert_eq!((report.written, report.skipped_count), expected, "{lacking}");
        // A file whose time isn't known may be older than what is there, unless the etag is the same.
        let report = store.restore_with(&path, fast()).expect("it is restored");
        match lacking {
            "etag" => assert_eq!(report.unchanged, 2),
            "revisionCreateTime" => assert_eq!(report.skipped[0].reason, SkipReason::Newer),
            _ => assert_eq!(report.written, 2, "{lacking}"),
        }
    }
    let (_server, store) = odd_store(PAGES, "value");
    let report = store.back_up_with(test.path("players.jsonl"), fast()).expect("it is backed up");
    assert_eq!((report.written, report.skipped[0].reason), (0, SkipReason::Unreadable));
    let text = fs::read_to_string(test.path("players.jsonl")).expect("a file");
    assert!(text.contains("{\"skipped\":{\"scope\":\"global\",\"id\":\"a\""), "{text}");
}

#[test]
fn entries_that_are_deleted_or_created_again_meanwhile_are_as_they_are_then() {
    let test = Test::new(600);
    let store = test.store.clone();
    let bulk = fast().concurrency(1).on_progress(move |progress| {
        if progress.done == 10 {
            store.delete("user_100").expect("it is deleted");
            store.delete("user_101").expect("it is deleted");
            store.create("user_101", &json!({ "coins": 7 })).expect("it is created");
        }
    });
    let path = test.path("players.jsonl");
    let report = test.store.back_up_with(&path, bulk).expect("it is backed up");
    assert_eq!((report.written, report.skipped_count, report.skipped[0].reason), (599, 1, SkipReason::Gone));
    let text = fs::read_to_string(&path).expect("a file");
    assert!(!text.contains("\"user_100\"") && text.contains("\"id\":\"user_101\",\"value\":{\"coins\":7}"));
    let store = test.store.clone();
    let report =
        test.store.for_each_with(test.path("journal"), fast().concurrency(1), move |entry: DataStoreEntry<Profile>| {
            if entry.id == "user_10" {
                store.delete("user_200")?;
                store.delete("user_201")?;
                store.create("user_201", &json!({ "coins": 7 }))?;
            }
            // Somebody writes it after it was read, and is not overwritten.
            if entry.id == "user_50" && entry.value.coins == 50 {
                store.set("user_50", &json!({ "coins": 60 }))?;
            }
            earn(entry)
        });
    let report = report.expect("it is edited");
    assert_eq!((report.written, report.skipped_count, report.skipped[0].reason), (598, 1, SkipReason::Gone));
    assert_eq!((coins(&test.store, 201), coins(&test.store, 50)), (1007, 1060));
}

#[test]
fn the_largest_values_are_backed_up_and_restored() {
    let test = Test::new(0);
    let values: Vec<Value> = ["x", "\u{1}", "é"]
        .map(|text| json!(text.repeat((4_194_304 - 2) / if text == "\u{1}" { 6 } else { text.len() })))
        .to_vec();
    for (id, value) in values.iter().enumerate() {
        test.store.create(format!("user_{id}"), value).expect("it fits");
    }
    for name in FILES {
        let path = test.path(name);
        test.store.back_up_with(&path, fast().concurrency(2)).expect("it is backed up");
        let copy = test.other(name);
        copy.restore_with(&path, fast().concurrency(2)).expect("it is restored");
        for (id, value) in values.iter().enumerate() {
            let entry = copy.fetch::<Value>(format!("user_{id}")).expect("it is read").expect("it is there");
            assert!(entry.value == *value, "{name} {id}");
        }
    }
}

#[test]
fn files_that_can_not_be_written_are_refused_before_a_request() {
    let test = Test::new(3);
    let directory = test.path("directory.jsonl");
    fs::create_dir(&directory).expect("it can be made");
    let read_only = test.path("read-only.jsonl");
    fs::write(&read_only, "old").expect("it can be written");
    let set_read_only = |path: &std::path::Path, is_read_only: bool| {
        let mut permissions = fs::metadata(path).expect("it is there").permissions();
        permissions.set_readonly(is_read_only);
        fs::set_permissions(path, permissions).expect("they can be set");
    };
    set_read_only(&read_only, true);
    fs::create_dir(test.path("a.jsonl.journal")).expect("it can be made");
    fs::create_dir(test.path("b.jsonl.partial")).expect("it can be made");
    test.sandbox.clear_requests();
    for path in [
        &directory,
        &read_only,
        &test.path("missing/a.jsonl"),
        &test.path("a.jsonl"),
        &test.path("b.jsonl"),
        &test.path("a/"),
    ] {
        let error = fails(test.store.back_up_with(path, fast()), ErrorKind::Io).to_string();
        assert!(!error.contains('\n'), "{error}");
    }
    for path in [&directory, &test.path("missing/journal")] {
        fails(test.store.for_each_with(path, fast(), earn), ErrorKind::Io);
        fails(test.store.copy_to_with(&test.other("Copy"), path, fast()), ErrorKind::Io);
    }
    assert_eq!(test.sandbox.requests().len(), 0);
    assert_eq!(fs::read_to_string(&read_only).expect("it is there"), "old");
    set_read_only(&read_only, false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        // A link stays, and its target is replaced. Nothing is written through one beside it.
        symlink(&read_only, test.path("link.jsonl")).expect("it can be made");
        test.store.back_up_with(test.path("link.jsonl"), fast()).expect("it is backed up");
        assert!(fs::symlink_metadata(test.path("link.jsonl")).expect("it is there").is_symlink());
        assert_eq!(keys(&read_only).len(), 3);
        for ending in ["journal", "partial"] {
            symlink(test.path("elsewhere"), test.path(&format!("c.jsonl.{ending}"))).expect("it can be made");
            let error = fails(test.store.back_up_with(test.path("c.jsonl"), fast()), ErrorKind::Io).to_string();
            assert!(error.contains("link"), "{error}");
            fs::remove_file(test.path(&format!("c.jsonl.{ending}"))).expect("it is there");
        }
        assert!(!test.path("elsewhere").exists());
    }
}

#[test]
fn a_back_up_whose_files_were_changed_begins_anew() {
    for name in FILES {
        for (what, change) in [
            ("shortened", (|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)) as fn(&mut Vec<u8>)),
            ("empty", |bytes| bytes.clear()),
            ("changed", |bytes| {
                // A value, if it isn't compressed.
                let value = b"\"coins\":7".as_slice();
                let found = bytes.windows(value.len()).position(|window| window == value);
                let at = found.map_or(bytes.len() / 3, |at| at + value.len() - 1);
                bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
            }),
            ("longer", |bytes| bytes.extend(b"{\"scope\":\"global\",\"id\":\"of nobody\"}\n")),
        ] {
            let test = Test::new(280);
            let (path, partial) = (test.path(name), test.path(&format!("{name}.partial")));
            test.sandbox.inject(Fault::status(500).after(265).on("GET", ENTRIES));
            fails(test.store.back_up_with(&path, fast()), ErrorKind::Server);
            test.sandbox.clear_faults();
            let mut bytes = fs::read(&partial).expect("it is there");
            assert!(bytes.len() > 1000);
            change(&mut bytes);
            fs::write(&partial, bytes).expect("it can be written");
            let report = test.store.back_up_with(&path, fast()).expect("it goes on, or begins anew");
            assert_eq!(report.written, 280, "{what}");
            let report = test.store.restore_with(&path, fast().dry_run(true)).expect("it is whole");
            assert_eq!(report.unchanged, 280, "{what}");
            assert_eq!(test.files(), [name]);
        }
    }
}

#[test]
fn journals_that_can_not_be_used_are_refused_in_words() {
    let test = Test::new(300);
    let journal = test.path("journal");
    let stop = |entry: DataStoreEntry<Profile>| {
        if entry.id == "user_290" { Err(Error::other("the closure has had enough")) } else { earn(entry) }
    };
    fails(test.store.for_each_with(&journal, fast(), stop), ErrorKind::Other);
    let whole = fs::read_to_string(&journal).expect("it is there");
    test.sandbox.clear_requests();
    // Of another job.
    for (store, bulk) in [
        (test.other("Other"), fast()),
        (test.store.with_scope("eu"), fast()),
        (test.store.clone(), fast().prefix("user_")),
        (test.store.clone(), fast().all_scopes(true)),
    ] {
        let error = fails(store.for_each_with(&journal, bulk, earn), ErrorKind::Conflict).to_string();
        assert!(error.contains("journal of another job"), "{error}");
    }
    fails(test.store.copy_to_with(&test.other("Copy"), &journal, fast()), ErrorKind::Conflict);
    // Not a journal, or a line of it that isn't whole.
    let changed = whole.replacen("{\"done\":", "{\"do", 1);
    for text in ["text\n", "{}\n", "\u{0}\n", &changed] {
        fs::write(&journal, text).expect("it can be written");
        let error = fails(test.store.for_each_with(&journal, fast(), earn), ErrorKind::CorruptFile).to_string();
        assert!(error.contains("line ") && error.contains("starts again"), "{error}");
    }
    assert_eq!(test.sandbox.requests().len(), 0);
    // The last line was cut off by a crash.
    for cut in [1, 7, whole.lines().last().map_or(0, str::len)] {
        fs::write(&journal, &whole[..whole.len() - cut]).expect("it can be written");
        fails(test.store.for_each_with(&journal, fast(), stop), ErrorKind::Other);
    }
    let mut permissions = fs::metadata(&journal).expect("it is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&journal, permissions.clone()).expect("they can be set");
    // A superuser can write to it.
    if fs::OpenOptions::new().write(true).open(&journal).is_err() {
        fails(test.store.for_each_with(&journal, fast(), earn), ErrorKind::Io);
    }
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    fs::set_permissions(&journal, permissions).expect("they can be set");
    let report = test.store.for_each_with(&journal, fast(), earn).expect("it goes on");
    assert_eq!((report.entries, report.written), (300, 300));
    assert!((0..300).all(|id| coins(&test.store, id) == id + 1000));
}

#[test]
fn a_run_that_waits_for_the_limit_can_be_cancelled() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("a client");
    let store = client.experience(13058).data_store("Players");
    sandbox.load_entries(13058, "Players", "{\"id\":\"a\",\"value\":1}\n").expect("it is an entry");
    sandbox.inject(Fault::status(429).header("retry-after", "600").times(1000).on("GET", ENTRIES));
    let (cancel, test) = (CancelToken::new(), Test::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while sandbox.requests().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(100));
            cancel.cancel();
        });
        fails(store.back_up_with(test.path("a.jsonl"), Bulk::new().cancel_by(&cancel)), ErrorKind::Cancelled);
    });
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
}
