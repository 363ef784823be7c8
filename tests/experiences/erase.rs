//! A user is erased from data stores, and nobody else.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rblxopencloud::data::{DataStore, ErasedKind, Erasure, ErasureOutcome, ErasureReport};
use rblxopencloud::experience::PlaceInfo;
use rblxopencloud::memory::NewSortedMapItem;
use rblxopencloud::webhooks::{WebhookEvent, WebhookPayload};
use rblxopencloud::{CancelToken, Client, ErrorKind, ExperienceInfo, RetryPolicy};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::{Reply, Request, Server, fails, hasty};

const UNIVERSE: u64 = 13058;
const ENTRIES: &str = "/cloud/v2/universes/13058/data-stores/Players/entries/";
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);
/// No entry of the sandbox waits for the share.
const FAST: u32 = 1_000_000;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

fn fill(sandbox: &Sandbox, store: &str, scope: &str, keys: &[&str]) {
    let lines = keys.iter().map(|key| json!({ "id": key, "scope": scope, "value": 1 }).to_string());
    sandbox.load_entries(UNIVERSE, store, &lines.collect::<Vec<_>>().join("\n")).expect("they are entries");
}

fn erasure(client: &Client, user: u64) -> Erasure {
    client.experience(UNIVERSE).erase_user(user).keys(["user_{id}", "inv_{id}"]).requests_per_minute(FAST)
}

fn run(erasure: &Erasure) -> ErasureReport {
    erasure.run().expect("it runs")
}

/// The entries that are there, as store, scope and key.
fn left(client: &Client) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for store in client.experience(UNIVERSE).list_data_stores() {
        let store = store.expect("it is listed").id;
        for entry in client.experience(UNIVERSE).data_store(&store).list_entries().all_scopes(true) {
            let entry = entry.expect("it is listed");
            found.insert((store.clone(), entry.scope().into_owned(), entry.id));
        }
    }
    found
}

/// What became of an entry.
#[track_caller]
fn outcome(report: &ErasureReport, store: &str, scope: &str, key: &str) -> ErasureOutcome {
    let mut entries = report.entries();
    let entry = entries.find(|entry| entry.store == store && entry.scope.as_deref() == Some(scope) && entry.key == key);
    entry.unwrap_or_else(|| panic!("{store} {scope} {key} isn't in the report: {report}")).outcome
}

fn players(client: &Client) -> DataStore {
    client.experience(UNIVERSE).data_store("Players")
}

#[test]
fn the_snippet_of_the_issue_works() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156", "user_15"]);
    let report = client.experience(13058).erase_user(156).keys(["user_{id}", "inv_{id}"]).run().expect("it runs");
    assert!(report.is_complete(), "{report}");
    assert_eq!(outcome(&report, "Players", "global", "user_156"), ErasureOutcome::Deleted);
    assert_eq!(outcome(&report, "Players", "global", "inv_156"), ErasureOutcome::Missing);
    assert_eq!(left(&client).len(), 1);
}

#[test]
fn exactly_the_keys_of_the_user_are_erased_from_all_stores_and_scopes() {
    let mut random = Random::new();
    let users = [1, 15, 156, 1_560, 21_56];
    let templates = ["user_{id}", "{id}", "a/{id}", "{id}_pets", "user_{id}_{id}", "é {id}%2F"];
    let names = ["Players", "In ventories", "a/b", "data-stores", "scopes/x"];
    let scopes = ["global", "eu", "s/t", "50%", "entries"];
    for _ in 0..6 {
        let sandbox = sandbox();
        let client = sandbox.client();
        for _ in 0..120 {
            let mut one =
                |of: &[&str]| of[usize::try_from(random.below(of.len() as u64)).expect("it is small")].to_owned();
            let (template, store, scope) = (one(&templates), one(&names), one(&scopes));
            let user = users[usize::try_from(random.below(users.len() as u64)).expect("it is small")];
            fill(&sandbox, &store, &scope, &[&template.replace("{id}", &user.to_string())]);
        }
        let user = users[usize::try_from(random.below(users.len() as u64)).expect("it is small")];
        let keys: Vec<String> = templates.iter().map(|key| key.replace("{id}", &user.to_string())).collect();
        let before = left(&client);
        let (erased, others): (BTreeSet<_>, BTreeSet<_>) =
            before.into_iter().partition(|(_, _, key)| keys.contains(key));
        let erasure = client.experience(UNIVERSE).erase_user(user).keys(templates).requests_per_minute(FAST);
        let found = run(&erasure.clone().dry_run(true));
        assert_eq!((found.count(ErasureOutcome::Found), found.is_complete()), (erased.len(), erased.is_empty()));
        let report = run(&erasure);
        assert!(report.is_complete(), "{report}");
        let deleted = report.entries().filter(|entry| entry.outcome == ErasureOutcome::Deleted);
        let deleted: BTreeSet<_> = deleted
            .map(|entry| (entry.store.clone(), entry.scope.clone().expect("it is known"), entry.key.clone()))
            .collect();
        assert_eq!((deleted, left(&client)), (erased, others), "user {user}");
    }
}

#[test]
fn a_report_tells_until_when_revisions_can_be_read_also_if_it_is_repeated() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156"]);
    fill(&sandbox, "Players", "eu", &["user_156"]);
    let before = Timestamp::now();
    let report = run(&erasure(&client, 156));
    let until = report.readable_until().expect("it has revisions");
    assert!(until - MONTH >= before && until - MONTH <= Timestamp::now() + SignedDuration::from_secs(1), "{until}");
    let text = report.to_string();
    for words in [
        "Erasure of user 156, from 20",
        "Experience 13058:",
        "data store \"Players\", scope \"eu\", key \"user_156\": deleted; revisions can be read until 20",
        "data store \"Players\", scope \"global\", key \"inv_156\": missing\n",
        "2 deleted, 1 missing, complete",
    ] {
        assert!(text.contains(words), "{words:?} isn't in {text}");
    }
    let json = serde_json::to_value(&report).expect("it is JSON");
    let entries = json["experiences"][0]["entries"].as_array().expect("it has entries");
    let expected = json!({ "kind": "data_store", "store": "Players", "scope": "global", "key": "inv_156",
        "outcome": "missing", "readable_until": null, "problem": null });
    assert!(entries.contains(&expected), "{json}");
    assert_eq!((&json["user_id"], &json["is_dry_run"]), (&json!(156), &json!(false)));
    assert!(json["ended_at"].as_str().is_some_and(|time| time.parse::<Timestamp>().is_ok()));

    sandbox.advance_clock(Duration::from_secs(24 * 3600));
    let again = run(&erasure(&client, 156));
    assert!(again.is_complete() && again.count(ErasureOutcome::Missing) == 3, "{again}");
    let repeated = again.readable_until().expect("they are still there");
    // A day is far from the time that the first run took.
    assert!((until - repeated).abs() < SignedDuration::from_hours(1), "{until} {repeated}");
    sandbox.advance_clock(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(run(&erasure(&client, 156)).readable_until(), None);
}

#[test]
fn an_entry_that_fails_does_not_keep_the_others() {
    let sandbox = sandbox();
    let client = sandbox.client();
    for store in ["Backups", "Players", "World"] {
        fill(&sandbox, store, "global", &["user_156", "inv_156"]);
    }
    fill(&sandbox, "World", "eu", &["user_156"]);
    let refused = r#"{"code":"PERMISSION_DENIED","message":"The key isn't for this store."}"#;
    sandbox.inject(Fault::status(403).body(refused).on("DELETE", format!("{ENTRIES}user_156")));
    // The search for other scopes fails in one store.
    sandbox.inject(Fault::status(400).on("GET", "/cloud/v2/universes/13058/data-stores/Backups/scopes/-/").times(2));
    let report = run(&erasure(&client, 156));
    assert!(!report.is_complete(), "{report}");
    assert_eq!((report.count(ErasureOutcome::Deleted), report.count(ErasureOutcome::Failed)), (6, 3), "{report}");
    assert_eq!(outcome(&report, "Players", "global", "user_156"), ErasureOutcome::Failed);
    let text = report.to_string();
    assert!(text.contains("key \"user_156\": failed; ") && text.contains("The key isn't for this store."), "{text}");
    assert!(text.contains("data store \"Backups\", other scopes, key \"inv_156\": failed"), "{text}");
    assert!(text.ends_with("not complete: repeat the run"), "{text}");
    let again = run(&erasure(&client, 156));
    assert!(again.is_complete() && again.count(ErasureOutcome::Deleted) == 1, "{again}");
    assert_eq!(left(&client).len(), 0);
}

#[test]
fn a_lost_response_is_not_a_failure() {
    let sandbox = sandbox();
    let client = Client::builder(sandbox.api_key()).base_url(sandbox.url()).retry(hasty()).build().expect("it is good");
    fill(&sandbox, "Players", "global", &["user_156"]);
    sandbox.inject(Fault::reset_in_answer().on("DELETE", ENTRIES));
    sandbox.inject(Fault::status(503).on("GET", "/cloud/v2/universes/13058/data-stores/Players/").times(2));
    let report = run(&erasure(&client, 156));
    assert!(report.is_complete() && report.readable_until().is_some(), "{report}");
    assert_eq!(left(&client).len(), 0);
}

#[test]
fn bad_input_is_refused_before_the_first_request() {
    let sandbox = sandbox();
    let experience = sandbox.client().experience(UNIVERSE);
    let of = |user: u64| experience.erase_user(user);
    let good = || of(156).keys(["user_{id}"]);
    let (none, long): ([&str; 0], String) = ([], format!("{}{{id}}", "x".repeat(48)));
    for (bad, words) in [
        (of(156), "no keys are given"),
        (of(156).keys(none), "no keys are given"),
        (of(156).keys(["user_{id}", "inv_156"]), "\"inv_156\" has no {id}"),
        (of(156).keys(["user_{userId}"]), "another placeholder"),
        (of(156).keys([long]), "51 characters"),
        (of(0).keys(["user_{id}"]), "0 isn't the id"),
        (good().stores(["Players", ""]), "the name of a data store is empty"),
        (good().stores(["x".repeat(51)]), "51 characters"),
        (good().stores(none), "the list of data stores is empty"),
        (good().ordered_stores([("", "global")]), "the name of an ordered data store is empty"),
        (good().ordered_stores([("Coins", "")]), "the scope is empty"),
        (good().ordered_stores([("Coins", "-")]), "the scope \"-\""),
        (good().sorted_maps([""]), "the name of a sorted map is empty"),
        (sandbox.client().erase_user(156, []).keys(["user_{id}"]), "no start place"),
    ] {
        let error = fails(bad.run(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn only_the_named_stores_and_the_global_scope_are_erased_if_that_is_set() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156"]);
    fill(&sandbox, "Players", "eu", &["user_156"]);
    fill(&sandbox, "World", "global", &["user_156"]);
    let report = run(&erasure(&client, 156).stores(["Players", "Playres", "Players"]).all_scopes(false));
    assert!(report.is_complete() && report.count(ErasureOutcome::Deleted) == 1, "{report}");
    assert_eq!(report.experiences[0].absent_stores, ["Playres"]);
    assert!(report.to_string().contains("there is no data store \"Playres\""), "{report}");
    assert!(!sandbox.requests().iter().any(|request| request.path.contains("/scopes/")));
    assert_eq!(left(&client).len(), 2);
}

#[test]
fn a_deleted_store_is_reported_and_not_searched() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156"]);
    fill(&sandbox, "Old", "global", &["user_156"]);
    client.experience(UNIVERSE).data_store("Old").delete_store().expect("it is deleted");
    let report = run(&erasure(&client, 156));
    assert!(report.is_complete() && report.count(ErasureOutcome::Deleted) == 1, "{report}");
    let deleted = &report.experiences[0].deleted_stores;
    assert!(deleted.len() == 1 && deleted[0].name == "Old" && deleted[0].gone_at.is_some(), "{deleted:?}");
    assert!(report.to_string().contains("\"Old\" is deleted with all its entries, and can be brought back until 20"));
    assert_eq!(run(&erasure(&client, 156).stores(["Players"])).experiences[0].deleted_stores, []);
}

#[test]
fn ordered_data_stores_and_sorted_maps_are_erased_by_name() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let experience = client.experience(UNIVERSE);
    for (scope, user) in [("global", 156), ("week", 156), ("week", 1560)] {
        sandbox.set_ordered_entry(UNIVERSE, "Coins", scope, &format!("user_{user}"), 7);
    }
    let map = experience.memory_store().sorted_map("auction");
    for user in [156, 1560] {
        let item = NewSortedMapItem::new(&7, Duration::from_secs(3600));
        map.set(&format!("user_{user}"), item).expect("it is set");
    }
    let erasure = erasure(&client, 156)
        .stores([] as [&str; 0])
        .ordered_stores([("Coins", "global"), ("Coins", "week")])
        .sorted_maps(["auction"]);
    let found = run(&erasure.clone().dry_run(true));
    assert_eq!((found.count(ErasureOutcome::Found), found.count(ErasureOutcome::Missing)), (3, 3), "{found}");
    let report = run(&erasure);
    assert!(report.is_complete() && report.count(ErasureOutcome::Deleted) == 3, "{report}");
    assert!(report.to_string().contains("ordered data store \"Coins\", scope \"week\", key \"user_156\": deleted\n"));
    assert!(report.to_string().contains("sorted map \"auction\", key \"user_156\": deleted\n"), "{report}");
    assert_eq!(sandbox.ordered_entries(UNIVERSE, "Coins", "week"), [("user_1560".to_owned(), 7)]);
    assert!(map.fetch("user_1560").expect("it is read").is_some());
    assert!(map.fetch("user_156").expect("it is read").is_none());
    assert!(run(&erasure).is_complete(), "it can be repeated");
}

#[test]
fn a_dry_run_sends_no_deletion() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156", "inv_156"]);
    fill(&sandbox, "Players", "eu", &["user_156"]);
    players(&client).delete("inv_156").expect("it is deleted");
    sandbox.clear_requests();
    let report = run(&erasure(&client, 156).dry_run(true));
    assert!(!report.is_complete() && report.is_dry_run, "{report}");
    assert_eq!(outcome(&report, "Players", "eu", "user_156"), ErasureOutcome::Found);
    assert_eq!(outcome(&report, "Players", "global", "inv_156"), ErasureOutcome::Missing);
    assert!(report.readable_until().is_some(), "of the one that was deleted before");
    assert!(report.to_string().ends_with("1 missing, 2 found, nothing was deleted"), "{report}");
    assert!(sandbox.requests().iter().all(|request| request.method == "GET"));
    assert_eq!(left(&client).len(), 2);
}

#[test]
fn a_cancelled_run_reports_what_was_done_and_what_was_not() {
    let sandbox = sandbox();
    let client = sandbox.client();
    for store in ["A", "B", "C"] {
        fill(&sandbox, store, "global", &["user_156"]);
    }
    let token = CancelToken::new();
    let (cancel, steps) = (token.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&steps);
    let erasure = erasure(&client, 156).cancel_by(&token).on_progress(move |progress| {
        seen.lock().expect("it isn't poisoned").push(progress.to_string());
        cancel.cancel();
    });
    let report = run(&erasure);
    assert!(!report.is_complete(), "{report}");
    assert_eq!(outcome(&report, "A", "global", "user_156"), ErasureOutcome::Deleted);
    assert_eq!(outcome(&report, "C", "global", "user_156"), ErasureOutcome::Failed);
    assert!(report.to_string().contains("the run was cancelled"), "{report}");
    let steps = steps.lock().expect("it isn't poisoned").clone();
    assert_eq!((steps[0].as_str(), steps.len()), ("1 of 3 stores, 1 entries, 0 failed", 3));
    fails(erasure.run(), ErrorKind::Cancelled);
    assert_eq!(left(&client).len(), 2);
}

#[test]
fn a_refused_key_ends_the_run_with_one_request() {
    let sandbox = sandbox();
    let client = sandbox.client();
    for store in ["A", "B", "C"] {
        fill(&sandbox, store, "global", &["user_156"]);
    }
    let body = r#"{"errors":[{"code":0,"message":"Invalid API Key"}]}"#;
    sandbox.inject(Fault::status(401).body(body).on("DELETE", "/").times(u64::MAX));
    let report = run(&erasure(&client, 156));
    assert!(!report.is_complete(), "{report}");
    let refused = sandbox.requests().iter().filter(|request| request.method == "DELETE").count();
    assert_eq!(refused, 1, "{report}");
    let failed: Vec<_> = report.entries().filter(|entry| entry.outcome == ErasureOutcome::Failed).collect();
    assert!(failed.len() >= 6 && failed.iter().all(|entry| entry.problem.is_some()), "{report}");
}

#[test]
fn missing_scopes_of_the_key_are_named() {
    let sandbox = sandbox();
    let client = sandbox.client();
    fill(&sandbox, "Players", "global", &["user_156"]);
    sandbox.set_scopes(["universe-datastores.objects:list", "universe-datastores.objects:delete"]);
    let error = fails(erasure(&client, 156).run(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("universe-datastores.control:list"), "{error}");
    sandbox.set_scopes([
        "universe-datastores.control:list",
        "universe-datastores.objects:list",
        "universe-datastores.objects:delete",
    ]);
    // It is erased, but until when it can be read isn't known.
    let report = run(&erasure(&client, 156));
    assert!(report.is_complete() && report.count(ErasureOutcome::Deleted) == 1, "{report}");
    assert!(report.to_string().contains("universe-datastores.versions:list"), "{report}");
    assert_eq!(report.readable_until(), None);
}

#[test]
fn start_places_lead_to_their_experiences_once_each() {
    let sandbox = sandbox();
    let client = sandbox.client();
    sandbox.add_place(PlaceInfo::new(UNIVERSE, 2020, "Lobby"));
    fill(&sandbox, "Players", "global", &["user_156", "user_1"]);
    let refused = r#"{"code":"PERMISSION_DENIED","message":"The key isn't for this experience."}"#;
    sandbox.inject(Fault::status(403).body(refused).on("GET", "/cloud/v2/universes/777/").times(u64::MAX));
    let mut other = ExperienceInfo::new(777, "Sold");
    other.root_place = Some("universes/777/places/3030".to_owned());
    sandbox.add_experience(other);
    let event = r#"{"NotificationId":"n","EventType":"RightToErasureRequest",
        "EventPayload":{"UserId":156,"GameIds":[3030,1818,2020,4040]}}"#;
    let event: WebhookEvent = serde_json::from_str(event).expect("it is an event");
    let WebhookPayload::RightToErasure(request) = event.payload else { panic!("it is a request") };
    let report = run(&client.erase_by(&request).keys(["user_{id}"]).requests_per_minute(FAST));
    let ids: Vec<u64> = report.experiences.iter().map(|experience| experience.id).collect();
    assert_eq!((ids, report.count(ErasureOutcome::Deleted)), (vec![UNIVERSE], 1), "{report}");
    assert!(!report.is_complete(), "two experiences aren't reached");
    let unreached: Vec<_> = report.unreached.iter().map(|one| (one.start_place_id, one.id)).collect();
    assert_eq!(unreached, [(3030, Some(777)), (4040, None)]);
    let text = report.to_string();
    assert!(text.contains("Experience 777 of place 3030: not reached: ") && text.contains("isn't for this"), "{text}");
    assert!(text.contains("The experience of place 4040: not reached: "), "{text}");
    assert_eq!(left(&client).len(), 1);
}

#[test]
fn requests_keep_to_the_share() {
    let sandbox = sandbox();
    let client = sandbox.client();
    let names: Vec<String> = (0..12).map(|number| format!("Store{number}")).collect();
    names.iter().for_each(|name| fill(&sandbox, name, "global", &["user_156"]));
    let erasure = client.experience(UNIVERSE).erase_user(156).keys(["user_{id}"]).requests_per_minute(1_200);
    let began = Instant::now();
    assert!(run(&erasure).is_complete());
    // Two listings for each store, 50 ms apart, of which three can be sent at once.
    assert!(began.elapsed() >= Duration::from_millis(50 * 20), "{:?}", began.elapsed());
}

#[test]
fn the_limits_of_the_service_slow_it_down_and_lose_nothing() {
    let sandbox = sandbox();
    let client = Client::builder(sandbox.api_key()).base_url(sandbox.url()).retry(hasty()).build().expect("it is good");
    fill(&sandbox, "Players", "global", &["user_156", "inv_156"]);
    let body = r#"{"code":"RESOURCE_EXHAUSTED","message":"RemoveExperienceThrottled"}"#;
    sandbox.inject(Fault::status(429).header("retry-after", "0").body(body).on("DELETE", "/").times(2));
    let report = run(&erasure(&client, 156));
    assert!(report.is_complete() && report.count(ErasureOutcome::Deleted) == 2, "{report}");
}

/// A service with one data store, whose deletions and histories are those of the test.
fn service(answer: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        if let Some(reply) = answer(request) {
            return reply;
        }
        let path = request.path();
        match path {
            _ if path.ends_with("/data-stores") => Reply::ok(&json!({ "dataStores": [{ "id": "Players" }] })),
            _ if path.ends_with(":listRevisions") => missing(),
            _ if path.contains("/scopes/-/") => Reply::ok(&json!({ "dataStoreEntries": [] })),
            _ => missing(),
        }
    })
}

fn missing() -> Reply {
    Reply::json(404, &json!({ "code": "NOT_FOUND", "message": "no such entry" }))
}

fn erase_at(server: &Server) -> ErasureReport {
    let client = server.builder().retry(RetryPolicy::none()).build().expect("the settings are good");
    run(&client.experience(UNIVERSE).erase_user(156).keys(["user_{id}"]).requests_per_minute(FAST))
}

fn revision(time: &str, state: &str) -> Value {
    json!({ "id": "user_156@1", "revisionId": time, "revisionCreateTime": time, "state": state })
}

#[test]
fn an_entry_that_the_game_writes_again_is_not_erased() {
    for (is_there, expected) in [(true, ErasureOutcome::WrittenAgain), (false, ErasureOutcome::Deleted)] {
        let server = service(move |request| {
            let revisions = [revision("2026-01-01T00:00:00Z", "DELETED"), revision("2026-01-01T00:00:05Z", "ACTIVE")];
            match (request.method.as_str(), request.path()) {
                ("DELETE", _) => Some(Reply::ok(&json!({}))),
                (_, path) if path.ends_with(":listRevisions") => {
                    Some(Reply::ok(&json!({ "dataStoreEntries": revisions })))
                }
                // The listing may be older than the deletion.
                (_, path) if path.ends_with("/entries/user_156") && is_there => {
                    Some(Reply::ok(&json!({ "id": "user_156", "value": 1, "state": "ACTIVE" })))
                }
                _ => None,
            }
        });
        let report = erase_at(&server);
        assert_eq!(outcome(&report, "Players", "global", "user_156"), expected, "{report}");
        assert_eq!((report.is_complete(), report.readable_until().is_some()), (!is_there, !is_there), "{report}");
        assert_eq!(report.to_string().contains("the player may be in the game"), is_there, "{report}");
    }
}

#[test]
fn what_only_looks_like_a_missing_entry_is_a_failure() {
    let listed = |path: &str| {
        let entry = json!({ "path": path, "id": "user_156" });
        Reply::ok(&json!({ "dataStoreEntries": [entry] }))
    };
    let scoped = "universes/13058/data-stores/Players/scopes/eu/entries/user_156";
    let cases: [(&str, Reply, Reply); 4] = [
        // The 404 of a gateway.
        ("404", Reply::text(404, "<html>not found</html>"), listed(scoped)),
        // The listing has it, but it isn't where the path says.
        ("the listing has it", missing(), listed(scoped)),
        // It isn't known in which scope it is.
        ("has no scope", Reply::ok(&json!({})), listed("")),
        // It isn't known whether it is the one.
        ("can't be read", Reply::ok(&json!({})), Reply::ok(&json!({ "dataStoreEntries": [{ "path": scoped }] }))),
    ];
    for (words, deletion, listing) in cases {
        let server = service(move |request| match (request.method.as_str(), request.path()) {
            ("DELETE", _) => Some(deletion.clone()),
            (_, path) if path.contains("/scopes/-/") => Some(listing.clone()),
            _ => None,
        });
        let report = erase_at(&server);
        assert!(!report.is_complete() && report.count(ErasureOutcome::Failed) > 0, "{words}: {report}");
        assert!(report.to_string().contains(words), "{words}: {report}");
    }
}

#[test]
fn a_strange_item_of_a_listing_does_not_keep_the_others() {
    let scoped = "universes/13058/data-stores/Players/scopes/eu/entries/user_156";
    for strange in [json!({ "path": "", "id": "user_156" }), json!({ "path": "x" })] {
        let listed = json!({ "dataStoreEntries": [strange, { "path": scoped, "id": "user_156" }] });
        let server = service(move |request| match (request.method.as_str(), request.path()) {
            ("DELETE", _) => Some(Reply::ok(&json!({}))),
            (_, path) if path.contains("/scopes/-/") => Some(Reply::ok(&listed)),
            _ => None,
        });
        let report = erase_at(&server);
        assert_eq!(outcome(&report, "Players", "eu", "user_156"), ErasureOutcome::Deleted);
        assert!(!report.is_complete() && report.count(ErasureOutcome::Failed) == 1, "{report}");
    }
}

#[test]
fn unreadable_stores_end_the_run_before_a_deletion() {
    let server = service(|request| {
        let strange = json!({ "dataStores": [{ "id": "Players" }, { "path": "x" }] });
        request.path().ends_with("/data-stores").then(|| Reply::ok(&strange))
    });
    let client = server.client();
    let error = fails(erasure(&client, 156).run(), ErrorKind::InvalidResponse);
    assert!(error.to_string().contains("all data stores"), "{error}");
    assert_eq!(server.count(), 1);
}

#[test]
fn keys_that_begin_with_another_one_need_no_listing_of_their_own() {
    let listings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&listings);
    let server = service(move |request| {
        counted.fetch_add(usize::from(request.path().contains("/scopes/-/")), Ordering::SeqCst);
        None
    });
    let keys = ["user_{id}", "user_{id}_pets", "user_{id}/1"];
    let erasure = server.client().experience(UNIVERSE).erase_user(156).keys(keys).requests_per_minute(FAST);
    let report = run(&erasure);
    assert!(report.is_complete() && report.count(ErasureOutcome::Missing) == 3, "{report}");
    assert_eq!(listings.load(Ordering::SeqCst), 1);
    assert!(report.entries().all(|entry| entry.kind == ErasedKind::DataStore));
}
