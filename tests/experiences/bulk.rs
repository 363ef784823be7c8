//! Many entries are backed up, restored, copied and edited: each once, whatever ends a run, and nothing of others is overwritten.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rblxopencloud::data::{Bulk, BulkReport, Change, DataStore, DataStoreEntry, EntryMetadata, Overwrite, SkipReason};

use rblxopencloud::{CancelToken, Error, ErrorKind, ExperienceInfo, Result, RetryPolicy};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{TempDir, fails};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    pub(super) coins: u64,
}

/// A setting for tests, whose service has no limits.
pub(super) fn fast() -> Bulk {
    Bulk::new().requests_per_minute(u32::MAX)
}

pub(super) struct Test {
    pub(super) sandbox: Sandbox,
    pub(super) store: DataStore,
    folder: TempDir,
}

impl Test {
    /// A sandbox with this many entries, `user_0` and so on, each with an inventory.
    pub(super) fn new(entries: u64) -> Self {
        let sandbox = Sandbox::builder().demo().start().expect("a free port");
        let client = sandbox.client_with(|client| client.retry(RetryPolicy::none())).expect("a client");
        let store = client.experience(13058).data_store("Players").with_requests_per_minute(u32::MAX);
        let lines: String = (0..entries)
            .map(|id| {
                format!(
                    "{{\"id\":\"user_{id}\",\"value\":{{\"big\":1152921504606846977,\"coins\":{id},\"one\":1.0}},\
                     \"users\":[\"users/{id}\"],\"attributes\":{{\"n\":2.0}}}}\n"
                )
            })
            .collect();
        sandbox.load_entries(13058, "Players", &lines).expect("they are entries");
        Self { sandbox, store, folder: TempDir::new() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of the files in the folder.
    pub(super) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(super) fn other(&self, name: &str) -> DataStore {
        self.store.experience().data_store(name).with_requests_per_minute(u32::MAX)
    }
}

/// The entries of a store as text, sorted.
pub(super) fn content(store: &DataStore) -> Vec<String> {
    let mut content: Vec<String> = store
        .list_entries()
        .all_scopes(true)
        .map(|listed| {
            let listed = listed.expect("a key");
            let entry = store.with_scope(listed.scope()).fetch::<Value>(&listed.id).expect("it is read");
            let entry = entry.expect("it is there");
            format!("{} {} {} {:?} {}", listed.scope(), listed.id, entry.value, entry.users, json!(entry.attributes))
        })
        .collect();
    content.sort();
    content
}

pub(super) fn coins(store: &DataStore, id: u64) -> u64 {
    store.fetch::<Profile>(format!("user_{id}")).expect("it is read").expect("it is there").value.coins
}

/// The keys of the lines of a back-up.
pub(super) fn keys(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a file");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut keys: Vec<String> = lines.filter_map(|line| Some(line["id"].as_str()?.to_owned())).collect();
    keys.sort();
    keys
}

pub(super) fn earn(entry: DataStoreEntry<Profile>) -> Result<Change<Profile>> {
    Ok(Change::Set(Profile { coins: entry.value.coins + 1000 }))
}

#[test]
fn a_back_up_has_each_entry_once_as_it_was_written() {
    let test = Test::new(600);
    test.store.with_scope("eu").create_with("user_7", &json!("é\n"), EntryMetadata::new().users([7])).expect("created");
    let path = test.path("players.jsonl");
    let report = test.store.back_up_with(&path, fast().all_scopes(true)).expect("it is backed up");
    assert_eq!((report.entries, report.written, report.is_complete()), (601, 601, true));
    assert_eq!(report.to_string(), "601 entries: 601 written");
    assert_eq!(test.files(), ["players.jsonl"]);
    let text = fs::read_to_string(&path).expect("a file");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 603);
    let first: Value = serde_json::from_str(lines[0]).expect("JSON");
    assert_eq!(
        (&first["universe"], &first["dataStore"], &first["scope"]),
        (&json!(13058), &json!("Players"), &json!(null))
    );
    let line = lines.iter().find(|line| line.contains("\"user_42\"")).expect("it is there");
    assert!(line.contains("\"value\":{\"big\":1152921504606846977,\"coins\":42,\"one\":1.0}"), "{line}");
    assert!(line.contains("\"users\":[\"users/42\"],\"attributes\":{\"n\":2.0},\"etag\":\""), "{line}");
    // The sandbox reads it, too.
    let next = Sandbox::builder().demo().start().expect("a free port");
    assert_eq!(next.load_back_up(&text).expect("it is a back-up"), 601);
    assert_eq!(content(&next.client().experience(13058).data_store("Players")), content(&test.store));
    let last: Value = serde_json::from_str(lines[602]).expect("JSON");
    let hashed = &text[..text.len() - lines[602].len() - 1];
    assert_eq!(last["end"]["sha256"], json!(sha256(hashed)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_restore_brings_back_what_was_backed_up() {
    for name in ["players.jsonl", "players.jsonl.gz"] {
        let test = Test::new(300);
        test.store.with_scope("eu/1").create("user_7", &json!({ "a": [1, 2.5, null] })).expect("it is created");
        let before = content(&test.store);
        let path = test.path(name);
        test.store.back_up_with(&path, fast().all_scopes(true)).expect("it is backed up");
        for id in 0..300 {
            test.store.delete(format!("user_{id}")).expect("it is deleted");
        }
        let plan = test.store.restore_with(&path, fast().dry_run(true)).expect("a plan");
        assert_eq!((plan.written, plan.unchanged), (300, 1));
        assert_eq!(test.store.list_entries().count(), 0, "it is only a plan");
        let report = test.store.restore(&path).expect("it is restored");
        assert_eq!((report.entries, report.written, report.unchanged), (301, 300, 1));
        assert_eq!(content(&test.store), before);
        let again = test.store.restore(&path).expect("it is restored");
        assert_eq!((again.written, again.unchanged), (0, 301));
        assert_eq!(test.files(), [name]);
        let other = test.other("Copy");
        other.restore(&path).expect("another store");
        assert_eq!(content(&other), before);
    }
}

#[test]
fn a_restore_keeps_what_was_written_since() {
    let test = Test::new(3);
    let path = test.path("players.jsonl");
    test.store.back_up_with(&path, fast()).expect("it is backed up");
    test.sandbox.advance_clock(Duration::from_secs(10));
    test.store.set("user_1", &Profile { coins: 5000 }).expect("it is set");
    test.store.delete("user_2").expect("it is deleted");
    let report = test.store.restore(&path).expect("it is restored");
    assert_eq!((report.written, report.unchanged, report.skipped_count), (1, 1, 1));
    assert_eq!((report.skipped[0].id.as_str(), report.skipped[0].reason), ("user_1", SkipReason::Newer));
    assert_eq!((coins(&test.store, 1), coins(&test.store, 2)), (5000, 2));
    let report = test.store.restore_with(&path, fast().overwrite(Overwrite::Never)).expect("it is restored");
    assert_eq!(report.skipped[0].reason, SkipReason::Exists);
    let report = test.store.restore_with(&path, fast().overwrite(Overwrite::Always)).expect("it is restored");
    assert_eq!((report.written, coins(&test.store, 1)), (1, 1));
}

#[test]
fn files_that_are_not_as_they_were_written_are_refused_before_a_request() {
    let test = Test::new(3);
    let path = test.path("players.jsonl");
    test.store.back_up_with(&path, fast()).expect("it is backed up");
    let good = fs::read_to_string(&path).expect("a file");
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let bad = [
        (String::new(), "empty"),
        (good[..good.len() - 1].to_owned(), "cut off"),
        (good[..good.len() / 2].to_owned(), "cut off"),
        (lines[..4].concat(), "last line is missing"),
        ([&lines[..2], &lines[3..]].concat().concat(), "checksum"),
        (good.replacen("\"coins\":1", "\"coins\":9", 1), "checksum"),
        ([good.as_str(), "{}\n"].concat(), "something follows"),
        (good.replacen("\"version\":1", "\"version\":2", 1), "version 2"),
        (good.replacen("\"version\":1", "\"version\":\"one\"", 1), "version"),
        (lines[1..].concat(), "isn't a back-up"),
        (good.replacen("\"id\":\"user_1\"", "\"id\":1", 1), "line 3"),
        ("\u{0}\u{1}\n".to_owned(), "isn't a back-up"),
    ];
    test.sandbox.clear_requests();
    for (text, problem) in bad {
        fs::write(&path, &text).expect("a file");
        let error = fails(test.store.restore(&path), ErrorKind::CorruptFile).to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
    let gz = [0x1f, 0x8b, 8, 0, 0, 0];
    fs::write(&path, gz).expect("a file");
    fails(test.store.restore(&path), ErrorKind::CorruptFile);
    fails(test.store.restore(test.path("missing")), ErrorKind::Io);
    fails(test.store.restore(test.folder.path()), ErrorKind::Io);
    fs::write(&path, good.replacen("13058", "999", 1)).expect("a file");
    fails(test.store.restore(&path), ErrorKind::CorruptFile);
    assert_eq!(test.sandbox.requests().len(), 0);
}

#[test]
fn a_back_up_of_another_experience_is_restored_only_if_it_is_named() {
    let test = Test::new(2);
    let path = test.path("players.jsonl");
    test.store.back_up_with(&path, fast()).expect("it is backed up");
    let client = test.sandbox.client();
    let other = client.experience(OTHER).data_store("Players");
    test.sandbox.clear_requests();
    let error = fails(other.restore(&path), ErrorKind::InvalidInput).to_string();
    assert!(error.contains("experience 13058") && error.contains("from_experience(13058)"), "{error}");
    fails(test.store.restore_with(&path, fast().from_experience(OTHER)), ErrorKind::InvalidInput);
    assert_eq!(test.sandbox.requests().len(), 0);
    test.sandbox.add_experience(ExperienceInfo::new(OTHER, "Copy"));
    let report = other.restore_with(&path, fast().from_experience(13058)).expect("it is restored");
    assert_eq!((report.written, coins(&other, 1)), (2, 1));
}

const OTHER: u64 = 999;

#[test]
fn runs_that_fail_go_on_where_they_were() {
    let test = Test::new(1000);
    let path = test.path("players.jsonl");
    let mut runs = 0;
    loop {
        runs += 1;
        test.sandbox.inject(Fault::status(500).after(300).on("GET", ENTRIES));
        match test.store.back_up_with(&path, fast().concurrency(4)) {
            Ok(report) => {
                assert_eq!((report.entries, report.written), (1000, 1000));
                break;
            }
            Err(error) => assert!(error.to_string().contains("run it again to go on"), "{error}"),
        }
        assert_eq!(test.files(), ["players.jsonl.journal", "players.jsonl.partial"]);
        test.sandbox.clear_faults();
        assert!(runs < 20);
        if runs > 3 {
            test.store.back_up_with(&path, fast()).expect("nothing fails any more");
            break;
        }
    }
    assert!(runs > 1);
    let keys = keys(&path);
    assert_eq!(keys.len(), 1000);
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(test.files(), ["players.jsonl"]);
    test.other("Check").restore_with(&path, fast()).expect("it is whole");
}

/// The beginning of the paths of entries.
pub(super) const ENTRIES: &str = "/cloud/v2/universes/13058/data-stores/Players/entries";

#[test]
fn an_edit_changes_each_entry_once() {
    let test = Test::new(700);
    let journal = test.path("earn.journal");
    let plan = test.store.for_each_with(&journal, fast().dry_run(true), earn).expect("a plan");
    assert_eq!((plan.written, test.files().len(), coins(&test.store, 3)), (700, 0, 3));
    let calls = AtomicU64::new(0);
    let mut errors = 0;
    let report = loop {
        let report = test.store.for_each_with(&journal, fast().concurrency(8), |entry: DataStoreEntry<Profile>| {
            match calls.fetch_add(1, Ordering::SeqCst) % 150 {
                149 => Err(Error::other("the closure has had enough")),
                _ => earn(entry),
            }
        });
        match report {
            Ok(report) => break report,
            Err(error) => assert!(error.to_string().contains("had enough"), "{error}"),
        }
        errors += 1;
    };
    assert!(errors >= 4, "{errors}");
    assert_eq!((report.entries, report.written), (700, 700));
    for id in 0..700 {
        assert_eq!(coins(&test.store, id), id + 1000);
    }
    let entry = test.store.fetch::<Value>("user_5").expect("it is read").expect("it is there");
    assert_eq!(entry.value.to_string(), r#"{"big":1152921504606846977,"coins":1005,"one":1.0}"#);
    assert_eq!((entry.user_ids(), json!(entry.attributes)), (vec![5], json!({ "n": 2.0 })));
    // It has ended.
    let again = test.store.for_each(&journal, earn).expect("it has ended");
    assert_eq!((again.written, coins(&test.store, 3)), (700, 1003));
    fails(test.store.for_each_with(&journal, fast().prefix("user_1"), earn), ErrorKind::Conflict);
}

#[test]
fn an_edit_can_delete_and_keep() {
    let test = Test::new(1000);
    test.store.create("other", &json!("text")).expect("it is created");
    let report = test
        .store
        .for_each_with(test.path("journal"), fast(), |entry: DataStoreEntry<Profile>| {
            Ok(if entry.value.coins % 2 == 0 { Change::Delete } else { Change::Keep })
        })
        .expect("it is edited");
    assert_eq!((report.deleted, report.unchanged, report.skipped_count), (500, 500, 1));
    assert_eq!((report.skipped[0].id.as_str(), report.skipped[0].reason), ("other", SkipReason::Unreadable));
    assert_eq!(test.store.list_entries().count(), 501);
}

#[test]
fn a_panic_of_the_closure_loses_nothing() {
    let test = Test::new(300);
    let journal = test.path("journal");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        test.store.for_each_with(&journal, fast(), |entry: DataStoreEntry<Profile>| {
            assert_ne!(entry.value.coins, 200, "a test panics");
            earn(entry)
        })
    }));
    assert!(panicked.is_err());
    let report = test.store.for_each_with(&journal, fast(), earn).expect("it goes on");
    assert_eq!((report.entries, report.written), (300, 300));
    assert!((0..300).all(|id| coins(&test.store, id) == id + 1000));
}

/// Removes the lines of a journal that say that the work ended, as if the process had been killed before.
fn forget_end(journal: &Path) {
    let text = fs::read_to_string(journal).expect("a journal");
    let kept = text.split_inclusive('\n').filter(|line| line.starts_with("{\"job\"") || line.starts_with("{\"write\""));
    let kept: String = kept.collect();
    fs::write(journal, kept + "{\"done\":{\"sco").expect("a journal");
}

#[test]
fn writes_that_were_begun_are_compared_with_what_is_there() {
    let test = Test::new(4);
    let journal = test.path("journal");
    test.store.for_each_with(&journal, fast().concurrency(1), earn).expect("it is edited");
    forget_end(&journal);
    // Nobody else has written two of them, one is written by the game, and one is deleted.
    test.store.set("user_2", &Profile { coins: 7 }).expect("it is set");
    test.store.delete("user_3").expect("it is deleted");
    let report = test.store.for_each_with(&journal, fast(), earn).expect("it goes on");
    assert_eq!((report.entries, report.written, report.skipped_count), (3, 2, 1));
    assert_eq!((report.skipped[0].id.as_str(), report.skipped[0].reason), ("user_2", SkipReason::InDoubt));
    assert_eq!((coins(&test.store, 0), coins(&test.store, 1), coins(&test.store, 2)), (1000, 1001, 7));
}

#[test]
fn a_copy_has_users_attributes_and_numbers() {
    let test = Test::new(300);
    test.store.with_scope("eu").create("user_7", &1).expect("it is created");
    let copy = test.other("Copy");
    let report = test.store.copy_to_with(&copy, test.path("journal"), fast().all_scopes(true)).expect("it is copied");
    assert_eq!((report.entries, report.written), (301, 301));
    assert_eq!(content(&copy), content(&test.store));
    let again = test.store.copy_to_with(&copy, test.path("journal"), fast().all_scopes(true)).expect("it has ended");
    assert_eq!(again.written, 301);
    test.sandbox.advance_clock(Duration::from_secs(10));
    copy.set("user_9", &Profile { coins: 1 }).expect("it is set");
    let report = test.store.copy_to_with(&copy, test.path("journal2"), fast()).expect("it is copied");
    assert_eq!((report.unchanged, report.skipped_count, report.skipped[0].reason), (299, 1, SkipReason::Newer));
    fails(test.store.copy_to(&test.store, test.path("journal3")), ErrorKind::InvalidInput);
    let scope = test.store.with_scope("other");
    let report =
        test.store.copy_to_with(&scope, test.path("journal4"), fast().prefix("user_29")).expect("it is copied");
    assert_eq!((report.written, scope.list_entries().count()), (11, 11));
}

#[test]
fn throttles_slow_it_down_and_lose_no_entry() {
    let test = Test::new(60);
    let path = test.path("players.jsonl");
    for requests in [0, 1, 20, 50] {
        test.sandbox.inject(Fault::status(429).after(requests).on("GET", ENTRIES));
    }
    let store = test.sandbox.client().experience(13058).data_store("Players");
    let bulk = Bulk::new().requests_per_minute(60_000);
    let report = store.back_up_with(&path, bulk).expect("it is backed up");
    assert_eq!((report.written, keys(&path).len()), (60, 60));
}

#[test]
fn the_share_is_kept() {
    let test = Test::new(40);
    let started = std::time::Instant::now();
    let bulk = Bulk::new().requests_per_minute(1200);
    test.store.back_up_with(test.path("players.jsonl"), bulk).expect("it is backed up");
    // 40 reads at 20 a second, of which three may come at once.
    assert!(started.elapsed() >= Duration::from_millis(1800), "{:?}", started.elapsed());
}

#[test]
fn a_cancelled_run_goes_on() {
    let test = Test::new(500);
    let path = test.path("players.jsonl");
    let cancel = CancelToken::new();
    let token = cancel.clone();
    let bulk = fast().cancel_by(&cancel).on_progress(move |progress| {
        if progress.done == 300 {
            token.cancel();
        }
    });
    fails(test.store.back_up_with(&path, bulk), ErrorKind::Cancelled);
    let report = test.store.back_up_with(&path, fast()).expect("it goes on");
    assert_eq!((report.written, keys(&path).len()), (500, 500));
}

#[test]
fn progress_has_an_estimate() {
    let test = Test::new(300);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let bulk = fast().on_progress(move |progress| kept.lock().expect("it isn't poisoned").push(progress.clone()));
    test.store.back_up_with(test.path("players.jsonl"), bulk.clone()).expect("it is backed up");
    test.store.restore_with(test.path("players.jsonl"), bulk).expect("it is restored");
    let seen = seen.lock().expect("it isn't poisoned");
    assert_eq!(seen.len(), 600);
    assert!(seen[..300].iter().zip(1..).all(|(progress, done)| progress.done == done));
    assert!(seen[300..].iter().all(|progress| progress.total == Some(300) && progress.left.is_some()));
    assert_eq!(seen[599].left, Some(Duration::ZERO));
}

#[test]
fn settings_without_an_effect_are_refused() {
    let test = Test::new(1);
    let path = test.path("a");
    for bulk in [fast().dry_run(true), fast().overwrite(Overwrite::Never), fast().from_experience(1)] {
        fails(test.store.back_up_with(&path, bulk), ErrorKind::InvalidInput);
    }
    for bulk in [fast().prefix("a"), fast().all_scopes(true)] {
        fails(test.store.restore_with(&path, bulk), ErrorKind::InvalidInput);
    }
    for bulk in [fast().overwrite(Overwrite::Always), fast().from_experience(1)] {
        fails(test.store.for_each_with(&path, bulk, earn), ErrorKind::InvalidInput);
    }
    fails(test.store.copy_to_with(&test.other("b"), &path, fast().from_experience(1)), ErrorKind::InvalidInput);
    assert!(test.files().is_empty());
}

#[test]
fn two_runs_do_not_write_one_file() {
    let test = Test::new(300);
    let path = test.path("players.jsonl");
    let (other, second) = (test.store.clone(), path.clone());
    let failed = Arc::new(Mutex::new(None::<Result<BulkReport>>));
    let kept = Arc::clone(&failed);
    let bulk = fast().on_progress(move |progress| {
        if progress.done == 100 {
            *kept.lock().expect("it isn't poisoned") = Some(other.back_up_with(&second, fast()));
        }
    });
    test.store.back_up_with(&path, bulk).expect("it is backed up");
    let second = failed.lock().expect("it isn't poisoned").take().expect("it was tried");
    fails(second, ErrorKind::Conflict);
    assert_eq!(keys(&path).len(), 300);
}
