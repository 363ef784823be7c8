//! Entries of data stores are changed without a loss: of users, attributes, numbers, or what others write at the same time.

use std::fs;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rblxopencloud::data::{BeforeEdit, Change, DataStore, EntryMetadata, EntryState};
use rblxopencloud::memory::NewQueueItem;
use rblxopencloud::{Error, ErrorKind, endpoints};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::{Reply, Server, TempDir, fails};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    coins: u64,
}

const KEY: &str = "user_156";
/// The beginning of the paths of writes.
const STORE: &str = "/cloud/v2/universes/13058/data-stores/";

fn sandbox() -> (Sandbox, DataStore) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let store = sandbox.client().experience(13058).data_store("Players");
    (sandbox, store)
}

fn coins(store: &DataStore) -> Option<u64> {
    store.fetch::<Profile>(KEY).expect("it is read").map(|entry| entry.value.coins)
}

/// Adds coins to those of a profile, which is created if there is none.
fn earn(coins: u64) -> impl FnMut(Option<Profile>) -> Result<Change<Profile>, Error> {
    move |profile| {
        let before = profile.map_or(0, |profile| profile.coins);
        Ok(Change::Set(Profile { coins: before + coins }))
    }
}

/// The text of the value, as the service has it.
fn text(sandbox: &Sandbox, key: &str) -> String {
    let client = sandbox.client();
    let request = client.call(&endpoints::GET_DATA_STORE_ENTRY).param("universe", 13058).param("store", "Players");
    let body = request.key_param("entry", key).response().expect("it is there").into_body();
    let body = String::from_utf8(body).expect("it is UTF-8");
    let (_, rest) = body.split_once(",\"value\":").expect("it has a value");
    rest.split_once(",\"users\":").expect("it has users").0.to_owned()
}

/// Writes a text as the game would.
fn write(sandbox: &Sandbox, key: &str, value: &str) {
    let client = sandbox.client();
    let request = client.call(&endpoints::UPDATE_DATA_STORE_ENTRY).param("universe", 13058).param("store", "Players");
    let body = format!(
        "{{\"value\":{value},\"users\":[\"users/156\"],\"attributes\":{{\"big\":1152921504606846977,\"a\":1.0}}}}"
    );
    let request = request.key_param("entry", key).query("allowMissing", true);
    request.body(rblxopencloud::Body::bytes("application/json", body)).send().expect("it is written");
}

#[test]
fn the_snippet_of_the_documentation_works() {
    let (_sandbox, store) = sandbox();
    let client = store.experience().client().clone();
    let store = client.experience(13058).data_store("Players");
    store.create_with(KEY, &Profile { coins: 7 }, EntryMetadata::new().users([156])).expect("it is created");
    let entry = store.fetch::<Profile>(KEY).expect("it is read").expect("it is there");
    assert_eq!((entry.value.coins, entry.user_ids(), entry.attributes.len()), (7, vec![156], 0));
    assert!(entry.etag.is_some() && entry.revision.is_some() && entry.state == Some(EntryState::Active));
    let updated = store.update(KEY, |profile: Option<Profile>| {
        Ok(match profile {
            Some(mut profile) => {
                profile.coins += 100;
                Change::Set(profile)
            }
            None => Change::Keep,
        })
    });
    let updated = updated.expect("it is updated").expect("it is there");
    assert_eq!((updated.value.coins, updated.user_ids()), (107, vec![156]));
    assert_ne!(updated.etag, entry.etag);
    let keys: Vec<_> = store.list_entries().prefix("user_").map(|entry| entry.expect("a key").id).collect();
    assert_eq!(keys, [KEY]);
    assert_eq!(store.list_entries().prefix("inv_").count(), 0);
}

#[test]
fn an_update_keeps_what_the_type_does_not_hold() {
    let (sandbox, store) = sandbox();
    write(&sandbox, KEY, r#"{"z":1152921504606846977,"coins":7,"rate":1.0,"a":[{"x":1e2}],"cut":"\ud83d"}"#);
    store.update(KEY, earn(100)).expect("it is updated");
    assert_eq!(
        text(&sandbox, KEY),
        r#"{"z":1152921504606846977,"coins":107,"rate":1.0,"a":[{"x":1e2}],"cut":"\ud83d"}"#
    );
    let entry = store.fetch::<Profile>(KEY).expect("it is read").expect("it is there");
    assert_eq!((entry.user_ids(), entry.attributes["a"].to_string()), (vec![156], "1.0".to_owned()));
    // The value is written whole, but not the rest.
    store.set(KEY, &json!({ "coins": 1 })).expect("it is set");
    let entry = store.fetch::<Profile>(KEY).expect("it is read").expect("it is there");
    assert_eq!(
        (entry.value.coins, entry.user_ids(), entry.attributes["big"].to_string()),
        (1, vec![156], "1152921504606846977".to_owned())
    );
    let others = EntryMetadata::new().users([7]);
    store.set_with(KEY, &json!({ "coins": 2 }), others).expect("it is set");
    let entry = store.fetch::<Profile>(KEY).expect("it is read").expect("it is there");
    assert_eq!((entry.user_ids(), entry.attributes.len()), (vec![7], 2));
}

#[test]
fn a_change_that_would_lose_something_is_refused() {
    #[derive(Serialize, Deserialize)]
    struct Renamed {
        #[serde(alias = "coins")]
        money: u64,
    }
    let (sandbox, store) = sandbox();
    write(&sandbox, KEY, r#"{"coins":7,"x":1}"#);
    let renamed = store.update(KEY, |value: Option<Renamed>| {
        Ok(value.map_or(Change::Keep, |value| Change::Set(Renamed { money: value.money + 1 })))
    });
    fails(renamed.map(drop), ErrorKind::InvalidInput);
    assert_eq!(text(&sandbox, KEY), r#"{"coins":7,"x":1}"#);
    fails(store.update(KEY, |_: Option<Vec<u64>>| Ok(Change::Keep)).map(drop), ErrorKind::InvalidResponse);
}

#[test]
fn a_lost_race_calls_the_closure_again() {
    for status in [409, 412, 400] {
        let (sandbox, store) = sandbox();
        sandbox.set_stale_write_status(status);
        // Somebody else creates the entry, writes it, and deletes it.
        let mut calls = 0;
        let other = store.clone();
        let updated = store.update(KEY, |profile: Option<Profile>| {
            calls += 1;
            match calls {
                1 => drop(other.create(KEY, &Profile { coins: 1 })?),
                2 => drop(other.set(KEY, &Profile { coins: 10 })?),
                3 => other.delete(KEY)?,
                _ => {}
            }
            let before = profile.map_or(0, |profile| profile.coins);
            Ok(Change::Set(Profile { coins: before + 100 }))
        });
        assert_eq!(updated.expect("it is updated").map(|entry| entry.value.coins), Some(100), "{status}");
        assert_eq!((calls, coins(&store)), (4, Some(100)), "{status}");
    }
}

#[test]
fn no_update_of_many_threads_is_lost() {
    let (sandbox, store) = sandbox();
    sandbox.set_stale_write_status(400);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| drop(store.update(KEY, earn(1)).expect("it is updated"))));
        }
    });
    assert_eq!(coins(&store), Some(40));
}

#[test]
fn a_change_of_unknown_outcome_is_made_once() {
    // Carried out, and not carried out.
    let faults: [fn() -> Fault; 4] =
        [Fault::reset_before_answer, Fault::reset_in_answer, || Fault::status(500), || Fault::status(503)];
    for fault in faults {
        for exists in [false, true] {
            let (sandbox, store) = sandbox();
            if exists {
                store.create(KEY, &Profile { coins: 7 }).expect("it is created");
            }
            let method = if exists { "PATCH" } else { "POST" };
            sandbox.inject(fault().on(method, STORE));
            let mut calls = 0;
            let mut earn = earn(100);
            let updated = store.update(KEY, |profile| {
                calls += 1;
                earn(profile)
            });
            let expected = if exists { 107 } else { 100 };
            assert_eq!(updated.expect("it is settled").map(|entry| entry.value.coins), Some(expected), "{:?}", fault());
            assert_eq!(coins(&store), Some(expected), "{:?} {exists}", fault());
            assert!(calls <= 2);
        }
    }
}

#[test]
fn a_change_that_cannot_be_told_from_others_is_reported() {
    let etag = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |request| match request.method.as_str() {
        // Somebody else writes between the lost write and the next read.
        "GET" => {
            let number = etag.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Reply::ok(&json!({ "id": KEY, "value": { "coins": number * 5 }, "etag": number.to_string() }))
        }
        _ => Reply::text(500, ""),
    });
    let store = server.client().experience(13058).data_store("Players");
    let mut calls = 0;
    let mut earn = earn(100);
    let error = fails(
        store
            .update(KEY, |profile| {
                calls += 1;
                earn(profile)
            })
            .map(drop),
        ErrorKind::Server,
    );
    assert!(error.outcome_unknown() && error.to_string().contains("it isn't known"), "{error}");
    assert_eq!(calls, 1);
}

#[test]
fn an_entry_without_an_etag_is_not_written() {
    let server = Server::start(|_| Reply::ok(&json!({ "id": KEY, "value": { "coins": 1 } })));
    let store = server.client().experience(13058).data_store("Players");
    fails(store.update(KEY, earn(1)).map(drop), ErrorKind::InvalidResponse);
    assert!(server.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_closure_that_fails_or_panics_changes_nothing() {
    let (sandbox, store) = sandbox();
    store.create(KEY, &Profile { coins: 7 }).expect("it is created");
    sandbox.clear_requests();
    let failed = store.update(KEY, |_: Option<Profile>| Err::<Change<Profile>, _>(Error::other("no")));
    fails(failed.map(drop), ErrorKind::Other);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.update(KEY, |_: Option<Profile>| -> Result<Change<Profile>, Error> { panic!("in the closure") })
    }));
    assert!(panicked.is_err());
    assert!(sandbox.requests().iter().all(|request| request.method == "GET"));
    assert_eq!(coins(&store), Some(7));
}

#[test]
fn a_create_never_overwrites() {
    let (_sandbox, store) = sandbox();
    store.create(KEY, &Profile { coins: 7 }).expect("it is created");
    fails(store.create(KEY, &Profile { coins: 0 }), ErrorKind::Conflict);
    assert_eq!(coins(&store), Some(7));
}

#[test]
fn bad_input_is_refused_before_anything_is_sent() {
    let (sandbox, store) = sandbox();
    sandbox.clear_requests();
    let experience = store.experience().clone();
    let long = "k".repeat(51);
    for (store, key) in [
        (store.clone(), long.as_str()),
        (store.clone(), ""),
        (store.clone(), ".."),
        (store.clone(), "a/../b"),
        (store.with_scope(""), KEY),
        (store.with_scope("-"), KEY),
        (store.with_scope(&*long), KEY),
        (experience.data_store(""), KEY),
        (experience.data_store(&*long), KEY),
    ] {
        fails(store.fetch::<Value>(key), ErrorKind::InvalidInput);
        fails(store.create(key, &1), ErrorKind::InvalidInput);
        fails(store.set(key, &1), ErrorKind::InvalidInput);
        fails(store.update(key, earn(1)).map(drop), ErrorKind::InvalidInput);
        fails(store.increment(key, 1), ErrorKind::InvalidInput);
        fails(store.delete(key), ErrorKind::InvalidInput);
        fails(store.undelete(key), ErrorKind::InvalidInput);
        fails(store.list_revisions(key).next().expect("an error"), ErrorKind::InvalidInput);
    }
    fails(store.with_scope("").list_entries().next().expect("an error"), ErrorKind::InvalidInput);
    let large = "x".repeat(4_194_304 - 1);
    let longest = || EntryMetadata::new().attribute("a".repeat(50), "b".repeat(250));
    for refused in [
        store.create(KEY, &f64::NAN),
        store.create(KEY, &[1.0, f64::INFINITY]),
        store.set(KEY, &large),
        store.create_with(KEY, &1, longest().attribute("c", "")),
        store.set_with(KEY, &1, EntryMetadata::new().attribute("c", "d".repeat(251))),
    ] {
        fails(refused, ErrorKind::InvalidInput);
    }
    assert_eq!(sandbox.requests().len(), 0);
    store.create_with(KEY, &large[1..], longest()).expect("as much as is allowed");
}

#[test]
fn keys_can_have_any_characters() {
    let (_sandbox, store) = sandbox();
    let store = store.with_scope("eu/west @1");
    for key in ["a@b", "a@latest", "a/b", "ключ 1", "a:increment", "%2F", "a?b#c", "@", "\"'\\", "a.b"] {
        store.create(key, &1).unwrap_or_else(|error| panic!("{key}: {error}"));
        store
            .update(key, |number: Option<u64>| Ok(number.map_or(Change::Keep, |number| Change::Set(number + 1))))
            .expect("it is updated");
        assert_eq!(store.increment(key, 3).expect("it is a number").value, 5, "{key}");
        assert_eq!(
            store.fetch::<u64>(key).expect("it is read").map(|entry| (entry.id, entry.value)),
            Some((key.to_owned(), 5))
        );
        let revision = store.list_revisions(key).next().expect("a revision").expect("it is read");
        assert_eq!(
            store.fetch_revision::<u64>(key, &revision.id).expect("it is read").map(|entry| entry.value),
            Some(5)
        );
        assert_eq!(store.list_entries().prefix(key).count(), 1, "{key}");
    }
    assert_eq!(store.list_entries().count(), 10, "no write made another key");
    let mut listed = store.with_scope("global").list_entries().all_scopes(true);
    let entry = listed.next().expect("an entry").expect("it is read");
    assert_eq!(entry.scope(), "eu/west @1");
    store.delete("a@b").expect("it is deleted");
    assert!(store.fetch::<u64>("a@b").expect("it is read").is_none());
    assert_eq!(store.list_entries().deleted(true).count(), 10);
}

#[test]
fn increments_keep_the_rest_and_the_range() {
    let (sandbox, store) = sandbox();
    write(&sandbox, "visits", "5");
    let entry = store.increment("visits", -2).expect("it is a number");
    assert_eq!((entry.value, entry.user_ids(), entry.attributes.len()), (3, vec![156], 2));
    let largest = 1_i64 << 53;
    fails(store.increment("visits", largest), ErrorKind::InvalidInput);
    fails(store.increment("visits", i64::MAX), ErrorKind::InvalidInput);
    assert_eq!(store.increment("visits", largest - 3).expect("it fits").value, largest);
    write(&sandbox, "text", "\"5\"");
    fails(store.increment("text", 1), ErrorKind::InvalidInput);
    sandbox.inject(Fault::status(500).on("POST", STORE));
    assert_eq!(store.increment("new", 1).expect("it had no effect").value, 1);
    sandbox.inject(Fault::reset_before_answer().on("POST", STORE));
    let error = store.increment("new", 1).expect_err("nobody knows who wrote it");
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(store.fetch::<i64>("new").expect("it is read").map(|entry| entry.value), Some(2));
}

/// One that nobody has answered can be carried out later, after any number of reads.
#[test]
fn an_increment_that_may_be_under_way_is_not_made_again() {
    let faults: [fn() -> Fault; 5] = [
        Fault::reset_before_reading,
        Fault::reset_before_answer,
        Fault::reset_in_answer,
        || Fault::status(502),
        || Fault::status_after(504),
    ];
    for fault in faults {
        let (sandbox, store) = sandbox();
        store.create("visits", &5).expect("it is created");
        sandbox.clear_requests();
        sandbox.inject(fault().on("POST", endpoints::INCREMENT_DATA_STORE_ENTRY.path()));
        let error = store.increment("visits", 1).expect_err("it isn't known");
        assert!(error.outcome_unknown(), "{error}");
        let posts = sandbox.requests().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, 1, "{:?}", fault());
    }
}

#[test]
fn revisions_tell_what_was_before() {
    let (sandbox, store) = sandbox();
    let value =
        |revision: &str| store.fetch_revision::<u64>(KEY, revision).expect("it is read").map(|entry| entry.value);
    let first = store.create(KEY, &1).expect("it is created");
    sandbox.advance_clock(Duration::from_secs(3600));
    let second = store.set(KEY, &2).expect("it is set");
    let third = store.set(KEY, &3).expect("it is set");
    // Within the hour, the second was overwritten.
    assert_eq!((value(&first.id), value(&third.id)), (Some(1), Some(3)));
    let ids: Vec<_> = store.list_revisions(KEY).map(|revision| revision.expect("a revision").id).collect();
    assert!(ids.contains(&first.id) && ids.contains(&third.id) && !ids.contains(&second.id), "{ids:?}");
    let since = store.list_revisions(KEY).since(third.created_at.expect("a time"));
    assert_eq!(since.count(), 1);
    let before = third.created_at.expect("a time") - jiff::SignedDuration::from_secs(60);
    let entry = store.fetch_as_of::<u64>(KEY, before).expect("it is read").expect("it was there");
    assert_eq!(entry.value, 1);
    let then = store.fetch_as_of::<u64>(KEY, third.created_at.expect("a time")).expect("it is read");
    assert_eq!(then.map(|entry| entry.value), Some(3), "it is there at its time");
    let long_ago = "2020-01-01T00:00:00Z".parse::<Timestamp>().expect("a time");
    assert!(store.fetch_as_of::<u64>(KEY, long_ago).expect("it is read").is_none());
    fails(store.undelete(KEY), ErrorKind::Conflict);
    store.delete(KEY).expect("it is deleted");
    store.delete(KEY).expect("a missing entry is a success");
    assert_eq!(value(&third.id), Some(3), "a deleted entry stays readable");
    store.undelete(KEY).expect("it is back");
    assert_eq!(store.fetch::<u64>(KEY).expect("it is read").map(|entry| entry.value), Some(3));
    fails(store.undelete("nothing"), ErrorKind::NotFound);
}

#[test]
fn what_was_deleted_is_gone_after_thirty_days() {
    let (sandbox, store) = sandbox();
    let day = Duration::from_secs(24 * 3600);
    store.create(KEY, &1).expect("it is created");
    store.delete(KEY).expect("it is deleted");
    sandbox.advance_clock(29 * day);
    assert_eq!(store.list_entries().deleted(true).count(), 1);
    store.undelete(KEY).expect("it is kept");
    store.delete(KEY).expect("it is deleted");
    sandbox.advance_clock(31 * day);
    assert_eq!(store.list_entries().deleted(true).count(), 0);
    fails(store.undelete(KEY), ErrorKind::NotFound);
}

#[test]
fn an_edit_keeps_the_value_before_it() {
    let (sandbox, store) = sandbox();
    store.create(KEY, &Profile { coins: 7 }).expect("it is created");
    store.edit(KEY, BeforeEdit::Snapshot, earn(100)).expect("it is edited");
    assert_eq!(store.list_revisions(KEY).count(), 2);
    // The snapshot of today is older than the value.
    let refused = fails(store.edit(KEY, BeforeEdit::Snapshot, earn(100)).map(drop), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("BackUp"), "{refused}");
    assert_eq!(coins(&store), Some(107));
    let folder = TempDir::new();
    let path = folder.file("before.jsonl", b"{\"cut");
    write(&sandbox, KEY, r#"{"coins":1,"big":1152921504606846977}"#);
    store.edit(KEY, BeforeEdit::back_up(&path), earn(100)).expect("it is edited");
    let written = fs::read_to_string(&path).expect("it is there");
    let line = written.lines().nth(1).expect("a line of its own");
    assert!(line.contains(r#""value":{"coins":1,"big":1152921504606846977},"users":["users/156"]"#), "{line}");
    assert!(written.ends_with('\n') && line.contains("\"dataStore\":\"Players\""), "{line}");
    let nowhere = BeforeEdit::back_up(folder.path().join("no/such/folder.jsonl"));
    fails(store.edit(KEY, nowhere, earn(100)).map(drop), ErrorKind::Io);
    assert_eq!(coins(&store), Some(101), "nothing is changed without a backup");
}

#[test]
fn stores_are_listed_deleted_and_kept() {
    let (_sandbox, store) = sandbox();
    let experience = store.experience().clone();
    for name in ["Players", "Pets", "a/b c"] {
        experience.data_store(name).create(KEY, &1).expect("it is created");
    }
    assert_eq!(experience.list_data_stores().count(), 3);
    assert_eq!(experience.list_data_stores().prefix("P").count(), 2);
    let deleted = store.delete_store().expect("it is deleted");
    assert!(deleted.expires_at.is_some());
    assert!(store.fetch::<u64>(KEY).expect("it is read").is_none());
    assert_eq!((experience.list_data_stores().count(), experience.list_data_stores().deleted(true).count()), (2, 3));
    store.undelete_store().expect("it is kept");
    assert!(store.fetch::<u64>(KEY).expect("it is read").is_some());
    assert!(experience.snapshot_data_stores().expect("a snapshot").is_new);
    assert!(!experience.snapshot_data_stores().expect("a snapshot").is_new);
}

/// Each with a client of its own, which knows nothing of earlier refusals and doesn't wait.
fn hasty(sandbox: &Sandbox) -> DataStore {
    let client = sandbox.client_with(|settings| settings.retry(rblxopencloud::RetryPolicy::none())).expect("a client");
    client.experience(13058).data_store("Players")
}

#[test]
fn the_sandbox_shares_the_limits_with_the_game() {
    let (sandbox, store) = sandbox();
    sandbox
        .load_entries(13058, "Players", "{\"id\":\"a\",\"value\":1.0}\n\n{\"id\":\"b\",\"value\":2}\n")
        .expect("entries");
    assert!(sandbox.load_entries(13058, "Players", "{\"id\":\"c\"}").is_err());
    assert_eq!((text(&sandbox, "a").as_str(), store.list_entries().count()), ("1.0", 2));
    // Of 340 reads, the game makes 338. The minute can end in between.
    sandbox.set_data_store_limits(13058, (1, 338));
    let refused = (0..8).filter_map(|_| hasty(&sandbox).fetch::<f64>("a").err()).collect::<Vec<_>>();
    assert!(refused.len() >= 4, "{refused:?}");
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::RateLimited), "{refused:?}");
    assert!(refused.iter().all(|error| error.to_string().contains("StandardReadExperienceThrottled")), "{refused:?}");
    sandbox.advance_clock(Duration::from_secs(60));
    assert!(hasty(&sandbox).fetch::<f64>("a").is_ok());
}

#[test]
fn a_throttle_of_any_kind_says_its_name() {
    let (sandbox, _) = sandbox();
    let experience = || hasty(&sandbox).experience().clone();
    let throttled = |error: Error, name: &str| {
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
    };
    // Each is tried until the minute doesn't end in between.
    let refused = |call: &dyn Fn() -> Result<(), Error>| (0..9).find_map(|_| call().err()).expect("a limit");
    let large = "x".repeat(2 * 1024 * 1024);
    sandbox.set_data_store_limits(13058, (1, 0));
    throttled(refused(&|| hasty(&sandbox).set("large", &large).map(drop)), "KeyThrottled");
    sandbox.set_data_store_limits(13058, (0, 300));
    throttled(refused(&|| hasty(&sandbox).create("a", &1).map(drop)), "StandardWriteExperienceThrottled");
    throttled(refused(&|| hasty(&sandbox).delete("a")), "StandardRemoveExperienceThrottled");
    throttled(refused(&|| experience().list_data_stores().next().map_or(Ok(()), |e| e.map(drop))), "StandardListExper");
    sandbox.set_data_store_limits(13058, None);
    sandbox.set_requests_of_each_data_store(13058, 1);
    throttled(refused(&|| hasty(&sandbox).fetch::<u64>("a").map(drop)), "DatastoreThrottled");
    sandbox.set_requests_of_each_data_store(13058, None);
    assert!(hasty(&sandbox).fetch::<u64>("a").is_ok());
    sandbox.set_ordered_data_store_limits(13058, (0, 300));
    let coins = || experience().ordered_data_store("Coins");
    throttled(refused(&|| coins().increment("user_156", 1).map(drop)), "OrderedWriteExperienceThrottled");
    throttled(refused(&|| coins().fetch("user_156").map(drop)), "OrderedReadExperienceThrottled");
    sandbox.set_memory_store_limits(13058, (0, 1000));
    let queue = || experience().memory_store().queue("jobs");
    throttled(refused(&|| queue().add(NewQueueItem::new(&1)).map(drop)), "MemoryStoreExperienceThrottled");
    sandbox.set_memory_store_limits(13058, (1, 1000));
    assert!(queue().add(NewQueueItem::new(&1)).is_ok());
}

type MakeFault = fn() -> Fault;

/// What can go wrong with a write: before it takes effect, and after it.
const FAULTS: &[(&str, MakeFault)] = &[
    ("a status before it", || Fault::status(500)),
    ("an unavailable service", || Fault::status(503)),
    ("closed before it", Fault::reset_before_reading),
    ("a status before its body", || Fault::early_answer(502)),
    ("a status after it", || Fault::status_after(500)),
    ("a gateway's status after it", || Fault::status_after(504).body("<html>")),
    ("closed after it", Fault::reset_before_answer),
    ("a cut response", Fault::reset_in_answer),
    ("a cut body", Fault::truncated_body),
];

#[test]
fn a_fault_at_any_write_makes_no_change_twice_and_loses_none() {
    let writes = [
        ("POST", endpoints::CREATE_DATA_STORE_ENTRY),
        ("PATCH", endpoints::UPDATE_DATA_STORE_ENTRY),
        ("DELETE", endpoints::DELETE_DATA_STORE_ENTRY),
    ];
    for (method, endpoint) in writes {
        for &(name, fault) in FAULTS {
            for times in 1..3 {
                let (sandbox, store) = sandbox();
                let shown = format!("{method}, {name}, {times}");
                if method != "POST" {
                    write(&sandbox, KEY, r#"{"coins":7,"big":1152921504606846977}"#);
                }
                sandbox.inject(fault().on(method, endpoint.path()).times(times));
                let updated = store.update(KEY, |profile: Option<Profile>| {
                    Ok(match (method, profile) {
                        ("DELETE", Some(_)) => Change::Delete,
                        ("DELETE", None) => Change::Keep,
                        (_, profile) => Change::Set(Profile { coins: profile.map_or(0, |it| it.coins) + 100 }),
                    })
                });
                let updated = updated.unwrap_or_else(|error| panic!("{shown}: {error}"));
                let expected = match method {
                    "POST" => Some(100),
                    "PATCH" => Some(107),
                    _ => None,
                };
                assert_eq!(updated.map(|entry| entry.value.coins), expected, "{shown}");
                sandbox.clear_faults();
                assert_eq!(coins(&store), expected, "{shown}");
                if method == "PATCH" {
                    assert_eq!(text(&sandbox, KEY), r#"{"coins":107,"big":1152921504606846977}"#, "{shown}");
                }
                // An entry that was created or deleted twice would have another revision.
                let revisions = store.list_revisions(KEY).count();
                assert_eq!(revisions, if method == "DELETE" { 2 } else { 1 }, "{shown}");
            }
        }
    }
}

#[test]
fn a_fault_at_a_write_that_cannot_be_settled_is_reported() {
    for &(name, fault) in FAULTS {
        let (sandbox, store) = sandbox();
        store.create("visits", &5).expect("it is created");
        // What was counted, in the entry.
        let visits = || store.fetch::<i64>("visits").expect("it is read").map(|entry| entry.value);
        sandbox.inject(fault().on("POST", endpoints::INCREMENT_DATA_STORE_ENTRY.path()));
        match store.increment("visits", 1) {
            Ok(entry) => assert_eq!((entry.value, visits()), (6, Some(6)), "{name}"),
            Err(error) => {
                assert!(error.outcome_unknown(), "{name}: {error}");
                assert!(matches!(visits(), Some(5 | 6)), "{name}");
            }
        }
        sandbox.clear_faults();
        sandbox.inject(fault().on("POST", endpoints::CREATE_DATA_STORE_ENTRY.path()));
        match store.create("new", &1) {
            Ok(_) => {}
            Err(error) => assert!(error.outcome_unknown() || error.kind() == ErrorKind::Conflict, "{name}: {error}"),
        }
        sandbox.clear_faults();
        assert!(store.list_revisions("visits").count() == 1 && store.list_entries().count() <= 2, "{name}");
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    done: Vec<u64>,
}

/// Each change has a number, so that the entry tells which of them were made, and how often.
#[test]
fn changes_of_many_threads_are_made_once_whatever_fails() {
    const KEYS: u64 = 3;
    let (sandbox, store) = sandbox();
    // One of the entries isn't there yet.
    for key in 1..KEYS {
        write(&sandbox, &format!("k{key}"), r#"{"big":1152921504606846977,"done":[],"one":1.0}"#);
    }
    let outcomes: Vec<(u64, u64, Result<(), Error>)> = thread::scope(|scope| {
        let threads = (0..8).map(|thread| {
            let (sandbox, store) = (&sandbox, &store);
            scope.spawn(move || {
                let mut random = Random::new();
                let mut change = |number: u64| {
                    let key = random.below(KEYS);
                    let method = ["PATCH", "POST", "GET"][random.below(3) as usize];
                    match random.below(12) {
                        0 => sandbox.inject(Fault::reset_before_answer().on(method, STORE)),
                        1 => sandbox.inject(Fault::reset_in_answer().on(method, STORE)),
                        2 => sandbox.inject(Fault::status(503).on(method, STORE)),
                        3 => sandbox.inject(Fault::status(500).on(method, STORE)),
                        _ => {}
                    }
                    let updated = store.update(format!("k{key}"), |log: Option<Log>| {
                        let mut log = log.unwrap_or_default();
                        log.done.push(number);
                        Ok(Change::Set(log))
                    });
                    (key, number, updated.map(drop))
                };
                (0..10).map(|at| change(thread * 100 + at)).collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it doesn't panic")).collect()
    });
    sandbox.clear_faults();
    let logs: Vec<Vec<u64>> = (0..KEYS)
        .map(|key| {
            store.fetch::<Log>(format!("k{key}")).expect("it is read").map_or(Vec::new(), |entry| entry.value.done)
        })
        .collect();
    let mut made = 0;
    for (key, number, outcome) in &outcomes {
        let times = logs[*key as usize].iter().filter(|other| *other == number).count();
        match outcome {
            Ok(()) => assert_eq!(times, 1, "{number}"),
            Err(error) if error.outcome_unknown() => assert!(times <= 1, "{number}: {error}"),
            Err(error) => assert_eq!(times, 0, "{number}: {error}"),
        }
        made += times;
    }
    assert_eq!(made, logs.iter().map(Vec::len).sum::<usize>());
    assert!(outcomes.iter().filter(|(.., outcome)| outcome.is_ok()).count() > 40, "{outcomes:?}");
    for key in 1..KEYS {
        let entry = store.fetch::<Value>(format!("k{key}")).expect("it is read").expect("it is there");
        assert_eq!(
            (entry.user_ids(), entry.attributes["big"].to_string()),
            (vec![156], "1152921504606846977".to_owned())
        );
        let text = text(&sandbox, &format!("k{key}"));
        assert!(
            text.starts_with(r#"{"big":1152921504606846977,"done":["#) && text.ends_with(r#""one":1.0}"#),
            "{text}"
        );
    }
}

#[test]
fn the_404_of_a_gateway_is_not_a_missing_entry() {
    let server = Server::script([Reply::text(404, "<html>not found</html>")]);
    let store = server.client().experience(13058).data_store("Players");
    fails(store.fetch::<Profile>(KEY), ErrorKind::NotFound);
    fails(store.delete(KEY), ErrorKind::NotFound);
    fails(store.update(KEY, earn(1)), ErrorKind::NotFound);
    let missing = json!({ "code": "NOT_FOUND", "message": "no such entry" });
    let server = Server::script([Reply::json(404, &missing)]);
    let store = server.client().experience(13058).data_store("Players");
    assert_eq!(store.fetch::<Profile>(KEY).expect("it is answered"), None);
    store.delete(KEY).expect("it isn't there, which is a success");
}
