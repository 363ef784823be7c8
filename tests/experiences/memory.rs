//! Memory stores: sorted maps, queues and flushes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use rblxopencloud::memory::{
    MemoryStore, NewQueueItem, NewSortedMapItem, Queue, QueueRun, SortKey, SortedMap, SortedMapFilter,
};
use rblxopencloud::{CancelToken, Client, ErrorKind};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

const UNIVERSE: u64 = 13058;
const MINUTE: Duration = Duration::from_secs(60);
/// The default of the service.
const WINDOW: Duration = Duration::from_secs(30);

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

fn memory(client: &Client) -> MemoryStore {
    client.experience(UNIVERSE).memory_store()
}

fn map(client: &Client) -> SortedMap {
    memory(client).sorted_map("servers")
}

/// A queue with numbers.
fn queue(sandbox: &Sandbox, numbers: impl IntoIterator<Item = u64>) -> Queue {
    let queue = memory(&sandbox.client()).queue("jobs");
    for number in numbers {
        queue.add(NewQueueItem::new(&number)).expect("it is added");
    }
    queue
}

fn item(value: &Value) -> NewSortedMapItem {
    NewSortedMapItem::new(value, MINUTE)
}

#[test]
fn items_of_a_map_are_created_set_read_and_deleted() {
    let sandbox = sandbox();
    let map = map(&sandbox.client());
    assert_eq!(map.fetch("a").expect("it is answered"), None);
    let value = json!({ "large": 1_u64 << 60, "text": "é" });
    let created = map.create("a", item(&value).sort_key(7)).expect("it is created");
    assert_eq!((created.id.as_str(), &created.value, created.sort_key()), ("a", &value, Some(SortKey::Number(7.0))));
    assert!(created.expires_at.is_some() && created.etag.is_some());
    map.create("a", item(&value)).expect_err("it is there");
    fails(map.set_existing("b", item(&value)), ErrorKind::NotFound);
    map.set("b", item(&json!(null)).sort_key("x")).expect("it is created");
    let read = map.fetch("b").expect("it is answered").expect("it is there");
    assert_eq!((&read.value, read.sort_key()), (&Value::Null, Some(SortKey::Text("x".to_owned()))));
    assert_eq!(map.set_existing("b", item(&json!(2.5))).expect("it is set").read::<f64>().expect("a number"), 2.5);
    fails(map.fetch("b").expect("it is answered").expect("it is there").read::<String>(), ErrorKind::InvalidResponse);
    map.delete("a").expect("it is deleted");
    map.delete("a").expect("it isn't there, which is a success");
    sandbox.advance_clock(MINUTE);
    assert_eq!(map.fetch("b").expect("it is answered"), None, "it has expired");
}

#[test]
fn maps_are_listed_in_order_and_by_ids_and_sort_keys() {
    let sandbox = sandbox();
    let map = map(&sandbox.client());
    assert_eq!(map.list_items().count(), 0, "a map that isn't there is empty");
    for number in 0..150 {
        map.set(&format!("key-{number:03}"), item(&json!(number)).sort_key(150 - number)).expect("it is set");
    }
    let listed = |filter: SortedMapFilter| -> Vec<u64> {
        let items = map.list_items_with(filter).collect::<Result<Vec<_>, _>>().expect("they are listed");
        items.into_iter().map(|item| item.read().expect("a number")).collect()
    };
    let new = SortedMapFilter::new;
    sandbox.clear_requests();
    assert_eq!(listed(new()), (0..150).rev().collect::<Vec<_>>());
    assert_eq!(sandbox.requests().len(), 2, "a page has 100 items");
    assert_eq!(listed(new().descending(true)), (0..150).collect::<Vec<_>>());
    assert_eq!(listed(new().ids_after("key-003").ids_before("key-006")), [5, 4]);
    assert_eq!(listed(new().sort_keys_above(148)), [1, 0]);
    assert_eq!(listed(new().sort_keys_below(2.5).descending(true)), [148, 149]);
    let odd = "a\"b\\c && id > \"";
    map.set(odd, item(&json!(999))).expect("it is set");
    assert_eq!(listed(new().ids_after("a\"b\\c && id > ").ids_before("b")), [999]);
}

#[test]
fn any_id_is_one_segment_of_the_path() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let longest = "é".repeat(127);
    for name in ["servers", "a/b:c"] {
        let map = memory(&client).sorted_map(name);
        for id in ["a b", "a/b", "a%2Fb", "items:read", "a@b", "\u{1f600}", &longest] {
            map.create(id, item(&json!(1))).unwrap_or_else(|error| panic!("{id}: {error}"));
            map.set_existing(id, item(&json!(2))).unwrap_or_else(|error| panic!("{id}: {error}"));
            let read = map.fetch(id).unwrap_or_else(|error| panic!("{id}: {error}")).expect("it is there");
            assert_eq!((read.id.as_str(), read.value), (id, json!(2)));
            map.delete(id).unwrap_or_else(|error| panic!("{id}: {error}"));
        }
        assert_eq!(map.list_items().count(), 0);
    }
}

#[test]
fn what_the_service_would_refuse_is_not_sent() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let (map, queue) = (map(&client), memory(&client).queue("jobs"));
    let large = json!("x".repeat(32 * 1024));
    let new = |ttl| NewSortedMapItem::new(&1, ttl);
    for id in ["", "..", &"x".repeat(128)] {
        fails(map.fetch(id), ErrorKind::InvalidInput);
        fails(map.set(id, new(MINUTE)), ErrorKind::InvalidInput);
        fails(map.delete(id), ErrorKind::InvalidInput);
    }
    for bad in [
        item(&large),
        new(Duration::ZERO),
        new(Duration::from_secs(45 * 24 * 3600 + 1)),
        new(MINUTE).sort_key(f64::INFINITY),
        NewSortedMapItem::new(&[f64::NAN], MINUTE),
    ] {
        fails(map.create("a", bad.clone()), ErrorKind::InvalidInput);
        fails(map.set("a", bad), ErrorKind::InvalidInput);
    }
    for bad in [
        NewQueueItem::new(&large),
        NewQueueItem::new(&1).priority(f64::NAN),
        NewQueueItem::new(&1).ttl(Duration::ZERO),
        NewQueueItem::new(&f32::INFINITY),
    ] {
        fails(queue.add(bad), ErrorKind::InvalidInput);
    }
    fails(queue.read(0, WINDOW), ErrorKind::InvalidInput);
    fails(queue.read(201, WINDOW), ErrorKind::InvalidInput);
    fails(queue.read(1, Duration::ZERO), ErrorKind::InvalidInput);
    fails(queue.discard(""), ErrorKind::InvalidInput);
    fails(memory(&client).queue("").read(1, WINDOW), ErrorKind::InvalidInput);
    fails(memory(&client).sorted_map("").fetch("a"), ErrorKind::InvalidInput);
    let nan = SortedMapFilter::new().sort_keys_below(f64::NAN);
    fails(map.list_items_with(nan).collect::<Result<Vec<_>, _>>(), ErrorKind::InvalidInput);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn a_read_hides_items_until_they_are_discarded_or_its_window_has_passed() {
    let sandbox = sandbox();
    for is_documented in [false, true] {
        sandbox.set_documented_queue_reads(is_documented);
        let queue = queue(&sandbox, [1, 2]);
        queue.add(NewQueueItem::new(&3).priority(5.0).ttl(MINUTE * 60)).expect("it is added");
        let read = queue.read(2, WINDOW).expect("it is read");
        assert_eq!(read.items.iter().map(|item| &item.data).collect::<Vec<_>>(), [&json!(3), &json!(1)]);
        assert_eq!(queue.read_exactly(2, WINDOW).expect("it is answered"), None, "one is left");
        let other = queue.read_exactly(1, WINDOW).expect("it is answered").expect("one is left");
        queue.discard(&other.read_id).expect("it is discarded");
        assert!(queue.read(200, WINDOW).expect("it is read").items.is_empty());
        sandbox.advance_clock(WINDOW);
        let again = queue.read(200, WINDOW).expect("it is read");
        assert_eq!(again.items.len(), 2, "they come back");
        queue.discard(&again.read_id).expect("it is discarded");
        assert!(sandbox.queue(UNIVERSE, "jobs").is_empty());
    }
}

#[test]
fn processing_discards_what_was_done_and_leaves_what_failed() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..10);
    let mut seen = Vec::new();
    let processed = queue.process(|item| {
        let number: u64 = item.read().expect("a number");
        seen.push(number);
        if number % 3 == 0 { Err(format!("{number} is bad")) } else { Ok(()) }
    });
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
    assert_eq!((processed.done, processed.is_complete()), (6, false));
    assert!(processed.stopped.is_none() && processed.undiscarded.is_empty());
    let failed: Vec<(u64, &str)> =
        processed.failed.iter().map(|(item, problem)| (item.read().expect("a number"), problem.as_str())).collect();
    assert_eq!(failed, [(0, "0 is bad"), (3, "3 is bad"), (6, "6 is bad"), (9, "9 is bad")]);
    assert_eq!(sandbox.queue(UNIVERSE, "jobs"), [0, 3, 6, 9]);
    sandbox.advance_clock(WINDOW);
    assert!(queue.process(|_| Ok::<(), ()>(())).is_complete());
    assert!(sandbox.queue(UNIVERSE, "jobs").is_empty());
}

#[test]
fn an_item_that_comes_back_in_a_run_is_not_tried_again() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..3);
    let mut calls = 0;
    let processed = queue.process(|_| {
        calls += 1;
        // The work takes longer than the window.
        sandbox.advance_clock(WINDOW);
        Err::<(), _>("bad")
    });
    assert_eq!((calls, processed.failed.len(), processed.done), (3, 3, 0));
}

#[test]
fn an_item_stays_in_the_queue_if_the_work_panics() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..2);
    let run = || queue.process(|item| if item.data == 1 { panic!("a test") } else { Ok::<(), ()>(()) });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(run()))).is_err());
    assert_eq!(sandbox.queue(UNIVERSE, "jobs"), [1]);
}

#[test]
fn a_run_stops_at_an_item_that_is_done_and_cannot_be_discarded() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..3);
    let discard = "/cloud/v2/universes/13058/memory-store/queues/jobs/items:discard";
    sandbox.inject(Fault::status(403).on("POST", discard).after(1));
    let processed = queue.process(|_| Ok::<(), ()>(()));
    assert_eq!(processed.done, 1);
    assert_eq!(processed.undiscarded.iter().map(|item| &item.data).collect::<Vec<_>>(), [&json!(1)]);
    let stopped = processed.stopped.as_ref().expect("it was stopped");
    assert_eq!(stopped.kind(), ErrorKind::PermissionDenied);
    assert_eq!(sandbox.queue(UNIVERSE, "jobs"), [1, 2]);
    // So does one that can't be read.
    sandbox.inject(Fault::status(403));
    let processed = queue.process(|_| Ok::<(), ()>(()));
    assert!(processed.done == 0 && processed.stopped.is_some() && processed.undiscarded.is_empty());
}

#[test]
fn work_that_takes_longer_than_its_window_is_told() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..2);
    let short = Duration::from_millis(1);
    let processed = queue.process_with(QueueRun::new().invisible_for(short).at_most(2), |_| {
        thread::sleep(short);
        Ok::<(), ()>(())
    });
    assert_eq!((processed.done, processed.undiscarded.len()), (0, 2));
    assert!(processed.stopped.is_none() && !processed.is_complete());
}

#[test]
fn runs_can_be_limited_and_cancelled() {
    let sandbox = sandbox();
    let queue = queue(&sandbox, 0..5);
    let hour = QueueRun::new().invisible_for(MINUTE * 60);
    let processed = queue.process_with(hour.clone().at_most(2), |item| if item.data == 0 { Err(()) } else { Ok(()) });
    assert_eq!((processed.done, processed.failed.len()), (1, 1));
    let token = CancelToken::new();
    let processed = queue.process_with(hour.cancel_by(&token), |_| {
        token.cancel();
        Ok::<(), ()>(())
    });
    assert_eq!(processed.done, 1);
    sandbox.advance_clock(WINDOW);
    assert_eq!(
        queue.read(200, WINDOW).expect("it is read").items.len(),
        2,
        "the one that failed is hidden for an hour"
    );
}

#[test]
fn a_read_that_cannot_be_discarded_is_an_error() {
    let item = json!({ "id": "a", "data": 7 });
    for answer in [json!({ "queueItems": [item] }), json!({ "id": "r", "items": [item, item] }), json!({ "items": 7 })]
    {
        let server = Server::script([Reply::ok(&answer)]);
        let processed = memory(&server.client()).queue("jobs").process(|_| Ok::<(), ()>(()));
        let stopped = processed.stopped.as_ref().unwrap_or_else(|| panic!("{answer} is read"));
        assert_eq!((processed.done, stopped.kind()), (0, ErrorKind::InvalidResponse), "{answer}");
    }
}

#[test]
fn a_flush_is_an_operation() {
    let sandbox = sandbox();
    let client = sandbox.client();
    queue(&sandbox, 0..3);
    map(&client).set("a", item(&json!(1))).expect("it is set");
    sandbox.set_operation_time(MINUTE);
    let operation = memory(&client).flush().expect("it is accepted");
    assert!(operation.poll().expect("it is answered").is_none());
    let name = operation.name().expect("it has a name").clone();
    assert!(name.to_string().starts_with("cloud/v2/universes/13058/memory-store/operations/"), "{name}");
    sandbox.advance_clock(MINUTE);
    operation.wait().expect("it is done");
    client.memory_store_operation(name).wait().expect("it is done");
    assert!(sandbox.queue(UNIVERSE, "jobs").is_empty() && map(&client).list_items().count() == 0);
}

#[test]
fn a_flush_has_a_name_in_each_form_and_no_result() {
    for path in
        ["universes/13058/memory-store/operations/8f2c", "cloud/v2/universes/13058/memory-store/operations/8f2c"]
    {
        for result in [json!({}), json!({ "@type": "type.googleapis.com/x" }), Value::Null] {
            let server = Server::script([
                Reply::ok(&json!({ "path": path, "done": false })),
                Reply::ok(&json!({ "path": path, "done": true, "response": result })),
            ]);
            let operation = memory(&server.client()).flush().expect("it is accepted");
            operation.wait().unwrap_or_else(|error| panic!("{path}, {result}: {error}"));
            let polled = "/cloud/v2/universes/13058/memory-store/operations/8f2c";
            assert_eq!(server.requests()[1].path(), polled);
        }
    }
    let failed = json!({ "path": "universes/1/memory-store/operations/a", "done": true, "error": { "code": 3, "message": "no" } });
    let server = Server::script([Reply::ok(&failed)]);
    let operation = memory(&server.client()).flush().expect("it is accepted");
    assert!(operation.wait().expect_err("it has failed").is_operation_failure());
}
