//! Work that was started can be resumed: after transient failures, and in a later process after others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{
    Cursor, ErrorKind, InventoryAssetType, InventoryItem, OperationName, RetryPolicy, User, WaitOptions,
};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::{CHANGES, Reply, Request, Server, USER, fails, hasty, started, within};

const PAGES: u64 = 100;
const ITEMS: u64 = 3;

/// The page that a request names, starting at 1.
fn requested(request: &Request) -> u64 {
    let token = request.query("pageToken");
    token.map_or(1, |token| token.strip_prefix("page ").expect("a token of ours").parse().expect("a number"))
}

fn page(number: u64) -> Reply {
    let badge = |id: u64| json!({ "badgeDetails": { "badgeId": id.to_string() } });
    let items: Vec<Value> = (0..ITEMS).map(|item| badge((number - 1) * ITEMS + item + 1)).collect();
    let next = if number < PAGES { format!("page {}", number + 1) } else { String::new() };
    Reply::ok(&json!({ "inventoryItems": items, "nextPageToken": next }))
}

fn sound_library() -> Server {
    Server::start(|request| page(requested(request)))
}

fn id(item: &InventoryItem) -> u64 {
    match item {
        InventoryItem::Badge(badge) => badge.id,
        InventoryItem::Asset(asset) => asset.id,
        other => panic!("{other:?} is something else"),
    }
}

/// Transient failures that any call can have.
fn passing() -> Vec<Reply> {
    let raw = |text: &str| Reply::Raw(text.as_bytes().to_vec());
    vec![
        Reply::HangUp,
        Reply::text(408, ""),
        Reply::text(429, "").with("retry-after", "0"),
        Reply::text(500, "words"),
        Reply::text(502, "<html></html>"),
        Reply::text(503, "").with("retry-after", "0.001"),
        Reply::json(504, &json!({ "code": "UNAVAILABLE", "message": "words" })),
        raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"inventoryItems\":["),
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"path\":"),
        raw("HTTP/1.1 20"),
    ]
}

/// Failures that no retry ends.
fn lasting() -> Vec<(Reply, ErrorKind)> {
    vec![
        (Reply::text(500, ""), ErrorKind::Server),
        (Reply::HangUp, ErrorKind::Connection),
        (Reply::text(403, ""), ErrorKind::PermissionDenied),
        (Reply::text(404, ""), ErrorKind::NotFound),
        (Reply::text(429, "").with("retry-after", "86400"), ErrorKind::RateLimited),
        (Reply::text(200, "nonsense"), ErrorKind::InvalidResponse),
        (Reply::text(200, ""), ErrorKind::InvalidResponse),
        (Reply::json(200, &json!({ "code": "INTERNAL", "message": "words" })), ErrorKind::InvalidResponse),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{".to_vec()), ErrorKind::Connection),
    ]
}

#[test]
fn failed_listings_resume_in_a_later_process() {
    for (trouble, kind) in lasting() {
        let shown = format!("{trouble:?}");
        let broken = Server::start(
            move |request| if requested(request) == 57 { trouble.clone() } else { page(requested(request)) },
        );
        let mut seen = Vec::new();
        let mut items = broken.user().list_inventory();
        let error = loop {
            match items.next().unwrap_or_else(|| panic!("{shown}: it ended in silence")) {
                Ok(item) => seen.push(id(&item)),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), kind, "{shown}: {error}");
        assert!(seen.iter().copied().eq(1..=56 * ITEMS), "{shown}: what came before it is given out");
        assert!(items.next().is_none(), "{shown}: an error is its end");
        // A later process has only a string.
        let saved = items.cursor().to_string();
        drop((items, broken));

        let sound = sound_library();
        let rest = sound.user().list_inventory().resume_from(saved.parse::<Cursor>().expect("a cursor"));
        seen.extend(rest.map(|item| id(&item.expect("it goes well now"))));
        assert!(seen.into_iter().eq(1..=PAGES * ITEMS), "{shown}: nothing is skipped");
        assert_eq!(requested(&sound.requests()[0]), 57, "{shown}");
        assert_eq!(sound.count() as u64, PAGES - 56, "{shown}: no page comes twice");
    }
}

#[test]
fn listings_resume_in_the_middle_of_a_page() {
    let server = sound_library();
    for taken in [0, 1, 2, 3, 4, 3 * 56, 3 * 56 + 1, 3 * 57 - 1, 3 * 57, 299, 300] {
        let mut items = server.user().list_inventory();
        let mut seen: Vec<u64> = items.by_ref().take(taken).map(|item| id(&item.expect("it is good"))).collect();
        let saved = items.cursor().to_string();
        let rest = server.user().list_inventory().resume_from(saved.parse::<Cursor>().expect("a cursor"));
        seen.extend(rest.map(|item| id(&item.expect("it is good"))));
        assert!(seen.into_iter().eq(1..=PAGES * ITEMS), "after {taken} items, each once and in order");
    }
}

#[test]
fn listings_by_page_resume_at_the_failed_page() {
    let broken =
        Server::start(|request| if requested(request) == 57 { Reply::text(403, "") } else { page(requested(request)) });
    let mut pages = broken.user().list_inventory().pages();
    let good = pages.by_ref().take_while(Result::is_ok).count();
    assert_eq!(good, 56);
    let saved = pages.cursor().to_string();
    let sound = sound_library();
    let rest: Vec<u64> = sound
        .user()
        .list_inventory()
        .resume_from(saved.parse::<Cursor>().expect("a cursor"))
        .pages()
        .flat_map(|page| page.expect("it goes well now").items)
        .map(|item| id(&item))
        .collect();
    assert!(rest.into_iter().eq(56 * ITEMS + 1..=PAGES * ITEMS));
}

#[test]
fn listings_survive_transient_failures() {
    let troubles = passing();
    let count = AtomicUsize::new(0);
    // One or two failures before each page.
    let server = Server::start(move |request| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        if number % 3 == 2 { page(requested(request)) } else { troubles[number % troubles.len()].clone() }
    });
    let user = server.user();
    let ids: Vec<u64> = within(Duration::from_secs(30), move || {
        user.list_inventory().map(|item| id(&item.expect("it passes"))).collect()
    });
    assert!(ids.into_iter().eq(1..=PAGES * ITEMS), "each item comes once, in order");
    assert_eq!(server.count() as u64, PAGES * 3);
}

#[test]
fn listings_without_retries_can_be_resumed_repeatedly() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if count.fetch_add(1, Ordering::SeqCst) % 4 == 3 { Reply::HangUp } else { page(requested(request)) }
    });
    let (mut saved, mut seen): (String, Vec<u64>) = (Cursor::default().to_string(), Vec::new());
    for run in 0.. {
        assert!(run < 200, "it gets nowhere");
        let mut items =
            server.user_without_retries().list_inventory().resume_from(saved.parse::<Cursor>().expect("a cursor"));
        let failed = items.by_ref().any(|item| item.map(|item| seen.push(id(&item))).is_err());
        saved = items.cursor().to_string();
        if !failed {
            break;
        }
    }
    assert!(seen.into_iter().eq(1..=PAGES * ITEMS), "a page that failed gave nothing, so nothing comes twice");
}

#[test]
fn listings_survive_an_injected_fault() {
    let sandbox = Sandbox::start().expect("there is a free port");
    let item = |id| InventoryItem::Asset(InventoryAsset::new(id, InventoryAssetType::Hat));
    sandbox.set_inventory(USER, (1..=6000).map(item));
    let inventory = format!("/cloud/v2/users/{USER}/inventory-items");
    sandbox.inject(Fault::status(503).on("GET", inventory.as_str()).after(56).times(5));
    let client = sandbox.client_with(|settings| settings.retry(hasty())).expect("the settings are good");
    let mut items = client.user(USER).list_inventory();
    let mut seen: Vec<u64> = Vec::new();
    let error = items.by_ref().find_map(|item| item.map(|item| seen.push(id(&item))).err());
    assert_eq!(error.expect("five times are too many").status(), Some(503));
    let saved = items.cursor().to_string();

    sandbox.inject(Fault::truncated_body().on("GET", inventory.as_str()));
    sandbox.inject(Fault::reset_in_answer().on("GET", inventory.as_str()));
    sandbox.inject(Fault::reset_before_answer().on("GET", inventory.as_str()));
    let later = sandbox.client_with(|settings| settings.retry(hasty())).expect("the settings are good");
    seen.extend(
        later
            .user(USER)
            .list_inventory()
            .resume_from(saved.parse::<Cursor>().expect("a cursor"))
            .map(|item| id(&item.expect("it passes"))),
    );
    assert!(seen.into_iter().eq(1..=6000));
}

fn done() -> Reply {
    Reply::ok(&json!({
        "path": "operations/abc",
        "done": true,
        "response": { "assetId": "4242", "displayName": "name", "path": "assets/4242" },
    }))
}

fn quick() -> WaitOptions {
    WaitOptions::new().initial_delay(Duration::from_millis(1)).max_delay(Duration::from_millis(2))
}

#[test]
fn operations_resume_by_name_in_a_later_process() {
    for (what, change) in CHANGES {
        let server = Server::start(|request| if request.method == "GET" { done() } else { started() });
        let operation = change(&server.user()).unwrap_or_else(|error| panic!("{what}: {error}"));
        // A later process has only a string.
        let saved = operation.name().expect("it has a name").to_string();
        let stored = serde_json::to_string(operation.name().expect("it has a name")).expect("it can be written");
        drop(operation);
        for name in [saved.parse::<OperationName>(), Ok(serde_json::from_str(&stored).expect("it can be read"))] {
            let resumed = server.client().operation(name.expect("it is a name"));
            assert_eq!(resumed.wait_with(&quick()).expect("it is done").id, 4242, "{what}");
        }
        let requested: Vec<String> = server.requests()[1..].iter().map(|request| request.target.clone()).collect();
        assert_eq!(requested, ["/assets/v1/operations/abc"; 2], "{what}");
    }
}

#[test]
fn pending_operations_resume_in_a_later_process() {
    let requested = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" if requested.fetch_add(1, Ordering::SeqCst) > 1 => done(),
        _ => started(),
    });
    let operation = CHANGES[0].1(&server.user()).expect("it begins");
    let short = WaitOptions::new().timeout(Duration::from_millis(30)).initial_delay(Duration::from_secs(5));
    let error = fails(operation.wait_with(&short), ErrorKind::OperationPending);
    // The error alone tells how to resume.
    let text = error.to_string();
    let name = text.split([' ', ':', ';', ',']).find(|word| word.starts_with("operations/")).expect("it names it");
    let resumed = server.client().operation(name.parse().expect("it is a name"));
    assert_eq!(resumed.wait_with(&quick()).expect("it is done").id, 4242);
}

fn resumed_wait(user: &User) -> Result<u64, rblxopencloud::Error> {
    let name: OperationName = "operations/abc".parse().expect("it is a name");
    user.client().operation(name).wait_with(&quick()).map(|asset| asset.id)
}

#[test]
fn waits_survive_transient_failures() {
    let pending = started;
    let all = || passing().into_iter().flat_map(move |trouble| [trouble.clone(), trouble, pending()]).chain([done()]);
    let count = all().count();
    for policy in [RetryPolicy::none(), hasty()] {
        let server = Server::script(all());
        let user = server.builder().retry(policy).build().expect("the settings are good").user(USER);
        let id = within(Duration::from_secs(30), move || resumed_wait(&user)).expect("it passes");
        assert_eq!(id, 4242);
        assert_eq!(server.count(), count);
    }
}

#[test]
fn waits_distinguish_failed_pending_and_unknown() {
    let failed =
        json!({ "path": "operations/abc", "done": true, "error": { "code": 3, "message": "Could not make it" } });
    let server = Server::script([Reply::text(503, ""), started(), Reply::ok(&failed)]);
    let error = fails(resumed_wait(&server.user()), ErrorKind::OperationFailed);
    assert!(error.to_string().contains("Could not make it") && !error.is_retryable(), "{error}");

    let name = || "operations/abc".parse::<OperationName>().expect("it is a name");
    // The deadline is within the delay after the first poll.
    let short = WaitOptions::new().timeout(Duration::from_secs(2)).initial_delay(Duration::from_secs(20));
    let server = Server::script([started()]);
    let pending = fails(server.client().operation(name()).wait_with(&short), ErrorKind::OperationPending);
    assert!(pending.can_wait_again() && pending.to_string().contains("still pending"), "{pending}");

    let server = Server::script([Reply::text(503, "")]);
    let once = server.user_without_retries();
    let unknown = fails(once.client().operation(name()).wait_with(&short), ErrorKind::OperationPending);
    assert!(unknown.can_wait_again() && !unknown.to_string().contains("still pending"), "{unknown}");
    assert!(unknown.to_string().contains("503"), "{unknown}");

    for (status, kind) in [(401, ErrorKind::Unauthenticated), (404, ErrorKind::NotFound)] {
        let server = Server::script([started(), Reply::text(status, "")]);
        let error = fails(resumed_wait(&server.user()), kind);
        assert!(error.can_wait_again() && error.outcome_unknown() && !error.is_retryable(), "{error}");
    }
}
