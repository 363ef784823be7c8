//! Ordered data stores.

use std::fs;
use std::thread;

use rblxopencloud::data::{OrderedDataStore, OrderedFilter};
use rblxopencloud::{Client, Credentials, ErrorKind};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::json;

use crate::support::random::Random;
use crate::support::{Reply, Server, TempDir, fails};

const UNIVERSE: u64 = 13058;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

fn store(client: &Client) -> OrderedDataStore {
    client.experience(UNIVERSE).ordered_data_store("Test")
}

/// The entries that the sandbox keeps of the store.
fn kept(sandbox: &Sandbox) -> Vec<(String, i64)> {
    sandbox.ordered_entries(UNIVERSE, "Test", "global")
}

#[test]
fn each_operation_does_what_it_says() {
    let sandbox = sandbox();
    let store = store(&sandbox.client());
    assert_eq!(store.fetch("a").expect("it is answered"), None);
    assert_eq!(store.create("a", 7).expect("it is created").value, 7);
    let error = store.create("a", 8).expect_err("it is there");
    assert_eq!((error.status(), error.outcome_unknown()), (Some(400), false));
    fails(store.set_existing("b", 1), ErrorKind::NotFound);
    assert_eq!(store.set("b", -1).expect("it is created").id, "b");
    assert_eq!(store.set_existing("b", -2).expect("it is set").value, -2);
    assert_eq!(store.increment("a", 5).expect("it is added").value, 12);
    assert_eq!(store.increment("c", -5).expect("it is created").value, -5);
    assert_eq!(store.fetch("a").expect("it is answered").map(|entry| entry.value), Some(12));
    store.delete("a").expect("it is deleted");
    store.delete("a").expect("it isn't there, which is a success");
    assert_eq!(kept(&sandbox), [("c".to_owned(), -5), ("b".to_owned(), -2)]);
}

#[test]
fn scopes_are_stores_of_their_own() {
    let sandbox = sandbox();
    let global = store(&sandbox.client());
    let weekly = global.with_scope("week/7");
    weekly.set("a", 1).expect("it is set");
    assert_eq!(global.fetch("a").expect("it is answered"), None);
    assert_eq!((weekly.name(), weekly.scope(), global.scope()), ("Test", "week/7", "global"));
    assert_eq!(sandbox.ordered_entries(UNIVERSE, "Test", "week/7"), [("a".to_owned(), 1)]);
}

#[test]
fn any_id_is_one_segment_of_the_path() {
    let sandbox = sandbox();
    let store = store(&sandbox.client());
    let longest = "é".repeat(63);
    for id in ["a b", "a/b", "a%2Fb", "a:increment", "user@latest", "a?b#c", "\u{1f600}", "a\\b", &longest] {
        store.create(id, 1).unwrap_or_else(|error| panic!("{id}: {error}"));
        store.set(id, 2).unwrap_or_else(|error| panic!("{id}: {error}"));
        store.increment(id, 1).unwrap_or_else(|error| panic!("{id}: {error}"));
        let entry = store.fetch(id).unwrap_or_else(|error| panic!("{id}: {error}")).expect("it is there");
        assert_eq!((entry.id.as_str(), entry.value), (id, 3));
        assert_eq!(kept(&sandbox), [(id.to_owned(), 3)]);
        store.delete(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(kept(&sandbox).is_empty(), "{id}");
    }
}

#[test]
fn what_the_service_would_refuse_is_not_sent() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let good = store(&client);
    for id in ["", ".", "..", "a/../b", &"x".repeat(64)] {
        fails(good.fetch(id), ErrorKind::InvalidInput);
        fails(good.set(id, 1), ErrorKind::InvalidInput);
        fails(good.increment(id, 1), ErrorKind::InvalidInput);
        fails(good.delete(id), ErrorKind::InvalidInput);
    }
    for id in ["", &"x".repeat(64)] {
        fails(good.create(id, 1), ErrorKind::InvalidInput);
    }
    let long = "x".repeat(51);
    for bad in [
        client.experience(UNIVERSE).ordered_data_store(""),
        client.experience(UNIVERSE).ordered_data_store(&*long),
        good.with_scope(""),
        good.with_scope(&*long),
    ] {
        fails(bad.fetch("a"), ErrorKind::InvalidInput);
        fails(bad.create("a", 1), ErrorKind::InvalidInput);
        fails(bad.top(3), ErrorKind::InvalidInput);
        fails(bad.list_entries().collect::<Result<Vec<_>, _>>(), ErrorKind::InvalidInput);
    }
    // Numbers that a double would change.
    for number in [(1 << 53) + 1, -(1 << 53) - 1, i64::MAX, i64::MIN] {
        let error = fails(good.set("a", number), ErrorKind::InvalidInput).to_string();
        assert!(error.contains("2^53"), "{error}");
        fails(good.create("a", number), ErrorKind::InvalidInput);
        fails(good.increment("a", number), ErrorKind::InvalidInput);
    }
    let empty = OrderedFilter::new().range(5..5);
    fails(good.list_entries_with(empty).collect::<Result<Vec<_>, _>>(), ErrorKind::InvalidInput);
    assert!(sandbox.requests().is_empty());
    let token = client.with_credentials(Credentials::access_token(sandbox.access_token()));
    store(&token).fetch("a").expect_err("only keys are accepted");
    assert!(sandbox.requests().is_empty());
    for number in [1 << 53, -(1 << 53)] {
        assert_eq!(good.set("a", number).expect("it is set").value, number);
    }
}

#[test]
fn listings_are_sorted_and_limited_to_a_range() {
    let sandbox = sandbox();
    let store = store(&sandbox.client());
    for number in 0..250 {
        sandbox.set_ordered_entry(UNIVERSE, "Test", "global", &format!("user_{number}"), number * 7 % 250 - 50);
    }
    let values = |filter: OrderedFilter| -> Vec<i64> {
        let entries = store.list_entries_with(filter).collect::<Result<Vec<_>, _>>().expect("they are listed");
        entries.into_iter().map(|entry| entry.value).collect()
    };
    assert_eq!(values(OrderedFilter::new()), (-50..200).collect::<Vec<_>>());
    assert_eq!(values(OrderedFilter::new().descending(true)), (-50..200).rev().collect::<Vec<_>>());
    for (range, expected) in [((-7, 120), -7..=120), ((0, 0), 0..=0), ((190, 900), 190..=199)] {
        assert_eq!(values(OrderedFilter::new().range(range.0..=range.1)), expected.collect::<Vec<_>>());
    }
    assert_eq!(values(OrderedFilter::new().range(..-48)), [-50, -49]);
    assert_eq!(values(OrderedFilter::new().range(198..).descending(true)), [199, 198]);
    for count in [0, 1, 99, 100, 101, 250, 300] {
        let top = store.top(count).expect("they are listed");
        let expected: Vec<i64> = (-50..200).rev().take(count).collect();
        assert_eq!(top.iter().map(|entry| entry.value).collect::<Vec<_>>(), expected, "{count}");
    }
    sandbox.clear_requests();
    store.top(3).expect("they are listed");
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(sandbox.requests()[0].query_value("maxPageSize"), Some("3"));
}

#[test]
fn a_top_without_an_unreadable_entry_is_an_error() {
    let server = Server::script([Reply::ok(&json!({
        "orderedDataStoreEntries": [{ "id": "a", "value": 9 }, { "id": "b", "value": "much" }, { "id": "c", "value": 7 }],
    }))]);
    fails(store(&server.client()).top(3), ErrorKind::InvalidResponse);
    // An entry that has moved to the next page counts once.
    let page = |entries, next: &str| Reply::ok(&json!({ "orderedDataStoreEntries": entries, "nextPageToken": next }));
    let server = Server::script([
        page(json!([{ "id": "a", "value": 9 }, { "id": "b", "value": 8 }]), "x"),
        page(json!([{ "id": "b", "value": 7 }, { "id": "c", "value": 6 }]), ""),
    ]);
    let top = store(&server.client()).top(3).expect("they are listed");
    assert_eq!(top.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a: 9", "b: 8", "c: 6"]);
}

#[test]
fn a_gateway_that_finds_nothing_tells_nothing_of_the_entry() {
    let lost = r#"{"errors":[{"code":0,"message":"NotFound"}]}"#;
    let server = Server::script([Reply::text(404, lost), Reply::text(404, lost)]);
    let store = store(&server.client());
    fails(store.fetch("a"), ErrorKind::NotFound);
    fails(store.delete("a"), ErrorKind::NotFound);
}

#[test]
fn a_change_whose_response_is_lost_is_made_once() {
    let sandbox = sandbox();
    let store = store(&sandbox.client());
    sandbox.inject(Fault::reset_before_answer());
    assert!(store.increment("a", 5).expect_err("the response is lost").outcome_unknown());
    assert_eq!(kept(&sandbox), [("a".to_owned(), 5)]);
    // A refusal for being too fast is certain.
    sandbox.inject(Fault::status(429));
    assert_eq!(store.increment("a", 5).expect("it is repeated").value, 10);
}

#[test]
fn exports_have_a_line_for_each_entry() {
    let sandbox = sandbox();
    let store = store(&sandbox.client());
    for number in 0..150 {
        sandbox.set_ordered_entry(UNIVERSE, "Test", "global", &format!("\"{number}\""), number);
    }
    let folder = TempDir::new();
    let path = folder.file("top.jsonl", b"old");
    let filter = OrderedFilter::new().range(20..).descending(true);
    assert_eq!(store.export_to(filter.clone(), &path).expect("it is written"), 130);
    let text = fs::read_to_string(&path).expect("it is there");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines.len(), &lines[0]), (130, &json!({ "id": "\"149\"", "value": 149 })));
    // One that fails leaves the file as it was.
    sandbox.inject(Fault::status(403).after(1));
    fails(store.export_to(filter, &path), ErrorKind::PermissionDenied);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
}

#[test]
fn random_changes_of_many_threads_add_up() {
    let sandbox = sandbox();
    let mut random = Random::new();
    let mut amount = || i64::try_from(random.below(100)).expect("it is small") - 50;
    let amounts: Vec<[i64; 25]> = (0..4).map(|_| std::array::from_fn(|_| amount())).collect();
    thread::scope(|scope| {
        for amounts in &amounts {
            let store = store(&sandbox.client());
            scope.spawn(move || {
                for (at, amount) in amounts.iter().enumerate() {
                    store.increment(&format!("user_{}", at % 3), *amount).expect("it is added");
                }
            });
        }
    });
    let sum = |user: usize| amounts.iter().flat_map(|amounts| amounts.iter().skip(user).step_by(3)).sum();
    let mut expected: Vec<(String, i64)> = (0..3).map(|user| (format!("user_{user}"), sum(user))).collect();
    expected.sort_by_key(|(_, value)| *value);
    let mut kept = kept(&sandbox);
    kept.sort_by_key(|(id, value)| (*value, id.clone()));
    assert_eq!(kept, expected);
}
