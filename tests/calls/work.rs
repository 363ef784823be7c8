//! Requests that start operations and tasks.

use std::time::{Duration, Instant};

use rblxopencloud::endpoints::Slots;
use rblxopencloud::{CancelToken, Endpoint, ErrorKind, Method, WaitOptions};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

#[test]
fn tasks_are_distinguished_from_operations() {
    let path = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
    for (body, shown) in [
        (json!({ "path": path, "state": "PROCESSING", "user": "156", "script": "" }), "PROCESSING"),
        (json!({ "path": path, "state": "COMPLETE", "output": { "results": [1] } }), "COMPLETE"),
        (json!({ "path": path, "state": "FAILED", "error": { "code": "SCRIPT_ERROR", "message": "no" } }), "FAILED"),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let start =
            server.client().request(Method::Post, "/cloud/v2/universes/1/places/2/luau-execution-session-tasks");
        let error = fails(start.json(&json!({})).operation::<Value>(), ErrorKind::InvalidResponse);
        let line = error.to_string();
        assert!(line.contains(path) && line.contains(shown) && line.contains("not an operation"), "{line}");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{line}");
        assert!(error.operation().is_none() && !error.can_wait_again(), "there is no operation to wait for: {line}");
        assert_eq!(server.count(), 1);
        // A task that is only looked at has no unknown outcome.
        let poll = server.client().request(Method::Get, format!("/cloud/v2/{path}"));
        let error = fails(poll.operation::<Value>(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains(path) && !error.outcome_unknown(), "{error}");
    }
}

#[test]
fn operations_are_polled_at_their_service() {
    #[derive(Clone, Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thumbnail {
        image_uri: String,
    }
    let path = "users/156/operations/AAUA==";
    let server = Server::start(move |request| {
        Reply::ok(&match request.path() {
            "/cloud/v2/users/156:generateThumbnail" => json!({ "path": path }),
            "/cloud/v2/users/156/operations/AAUA%3D%3D" | "/cloud/v2/users/156/operations/AAUA==" => {
                json!({ "path": path, "done": true, "response": { "imageUri": "https://picture" } })
            }
            other => panic!("unexpected path {other}"),
        })
    });
    let request = server.client().request(Method::Get, "/cloud/v2/users/{user}:generateThumbnail").param("user", 156);
    let operation = request.operation::<Thumbnail>().expect("it begins");
    assert_eq!(operation.name().expect("it has a name").to_string(), path);
    assert_eq!(operation.wait().expect("it ends").image_uri, "https://picture");

    let resumed = server.client().request(Method::Get, format!("/cloud/v2/{path}"));
    assert_eq!(
        resumed.operation::<Thumbnail>().expect("it goes on").wait().expect("it ends").image_uri,
        "https://picture"
    );
}

#[test]
fn the_wait_for_an_operation_ends_at_the_deadline_of_the_client() {
    let server = Server::start(|_| Reply::ok(&json!({ "path": "operations/abc", "done": false })));
    let began = Instant::now();
    let client = server.client().with_deadline(began + Duration::from_millis(300));
    let options = WaitOptions::new().timeout(Duration::from_secs(600)).initial_delay(Duration::from_millis(50));
    let error = fails(
        client.operation("operations/abc".parse().expect("a name")).wait_with(&options),
        ErrorKind::OperationPending,
    );
    assert!(error.to_string().contains("at the deadline of the client"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn tasks_are_waited_for_and_their_failure_is_data() {
    let path = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
    let polled = format!("/cloud/v2/{path}");
    for (state, extra) in [
        ("COMPLETE", json!({ "output": { "results": [2] } })),
        ("FAILED", json!({ "error": { "code": "SCRIPT_ERROR", "message": "no" } })),
        ("CANCELLED", json!({})),
    ] {
        let (mut ended, polled) = (json!({ "path": path, "state": state }), polled.clone());
        ended.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let last = ended.clone();
        let states = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |request| {
            if request.method == "POST" {
                return Reply::ok(&json!({ "path": path, "state": "QUEUED", "user": "156" }));
            }
            assert_eq!(request.path(), polled);
            match states.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Reply::ok(&json!({ "path": path, "state": "PROCESSING" })),
                1 => Reply::ok(&json!({ "path": path, "state": "A_NEW_ONE" })),
                _ => Reply::ok(&last),
            }
        });
        let client = server.client();
        let request = client.request(Method::Post, "/cloud/v2/universes/1/places/2/luau-execution-session-tasks");
        let task = request.json(&json!({ "script": "return 1 + 1" })).task::<Value>().expect("it is accepted");
        assert_eq!(task.name().expect("it has a name").to_string(), path);
        let quick = WaitOptions::new().initial_delay(Duration::from_millis(1));
        assert_eq!(task.wait_with(&quick).expect("it ends"), ended, "{state}");
        // It is resumed by its path.
        let resumed = client.request(Method::Get, format!("/cloud/v2/{path}")).task::<Value>().expect("it is there");
        assert_eq!(resumed.poll().expect("it has ended"), Some(ended));
    }
    for body in
        [json!({ "path": path }), json!({ "state": "QUEUED" }), json!({ "code": 5, "message": "no" }), json!([])]
    {
        let server = Server::script([Reply::ok(&body)]);
        let start = server.client().request(Method::Post, "/cloud/v2/a").json(&json!({})).task::<Value>();
        assert!(fails(start, ErrorKind::InvalidResponse).outcome_unknown(), "{body}");
    }
}

#[test]
fn operations_of_any_service_are_polled_where_they_are() {
    let path = "cloud/v2/universes/1/memory-store/operations/AA==";
    let server = Server::start(move |request| {
        Reply::ok(&match request.path() {
            "/cloud/v2/universes/1/memory-store:flush" => json!({ "path": path }),
            "/cloud/v2/universes/1/memory-store/operations/AA%3D%3D" => {
                json!({ "path": path, "done": true, "response": {} })
            }
            other => panic!("unexpected path {other}"),
        })
    });
    let request = server.client().request(Method::Post, "/cloud/v2/universes/{universe}/memory-store:flush");
    let flush = request.param("universe", 1).operation::<Value>().expect("it begins");
    assert_eq!(flush.wait().expect("it ends"), json!({}));
}

#[test]
fn work_takes_a_slot_until_it_is_known_to_have_ended() {
    const SLOTS: Slots = Slots::new("tasks of requests", &["place"], 1, Duration::from_secs(300));
    const START: Endpoint = Endpoint::post("/cloud/v2/places/{place}/tasks").with_slots(SLOTS);
    let server = Server::start(|request| {
        let path = request.path().trim_start_matches("/cloud/v2/").to_owned();
        Reply::ok(&match request.method.as_str() {
            "POST" => json!({ "path": format!("{path}/5"), "state": "QUEUED" }),
            _ => json!({ "path": path, "state": "COMPLETE" }),
        })
    });
    let client = server.client();
    let request = |place: u64| client.call(&START).param("place", place).json(&json!({}));
    let start = |place| request(place).task::<Value>();
    let first = start(1).expect("there is a slot");
    let error = fails(request(1).timeout(Duration::from_millis(300)).task::<Value>(), ErrorKind::RateLimited);
    assert!(error.to_string().contains("unfinished") && error.is_retryable(), "{error}");
    let _ = start(2).expect("another place has slots of its own");
    assert_eq!(server.count(), 2, "nothing is sent without a slot");
    assert_eq!(first.wait().expect("it ends")["state"], "COMPLETE");
    let _ = start(1).expect("the slot is free");
}

#[test]
fn polls_of_one_kind_of_work_share_a_rate_limit() {
    let server = Server::start(|request| match (request.method.as_str(), request.path()) {
        ("POST", path) => {
            let id = path.rsplit('/').next().unwrap_or_default();
            Reply::ok(&json!({ "path": format!("things/{id}/operations/a-{id}") }))
        }
        (_, "/cloud/v2/things/one/operations/a-one") => Reply::text(429, "").with("retry-after", "30"),
        _ => Reply::ok(&json!({ "done": true, "response": {} })),
    });
    let client = server.client().with_timeout(Duration::from_secs(5));
    let start = |id| client.request(Method::Post, "/cloud/v2/things/{thing}").param("thing", id).operation::<Value>();
    let [one, two] = ["one", "two"].map(|id| start(id).expect("it begins"));
    fails(one.poll(), ErrorKind::RateLimited);
    let error = fails(two.poll(), ErrorKind::RateLimited);
    assert!(error.to_string().contains("not sent"), "{error}");
    assert_eq!(server.count(), 3);
}

#[test]
fn the_result_of_an_operation_can_have_a_field_of_an_error() {
    let done = json!({ "path": "operations/a", "done": true, "response": { "errors": [{ "code": 3 }] } });
    let server = Server::script([Reply::ok(&done)]);
    let start = || server.client().request(Method::Post, "/cloud/v2/a");
    let read = start().error_as_data("errors").operation::<Value>().expect("it begins").wait().expect("it ends");
    assert_eq!(read, done["response"]);
    fails(start().operation::<Value>().expect("it begins").wait(), ErrorKind::OperationFailed);
}

#[test]
fn the_token_of_a_request_cancels_the_wait_too() {
    let token = CancelToken::new();
    let cancelling = token.clone();
    let server = Server::start(move |request| {
        if request.method == "GET" {
            cancelling.cancel();
        }
        Reply::ok(&json!({ "path": "operations/a" }))
    });
    let start = server.client().request(Method::Post, "/cloud/v2/a").cancel_by(&token);
    let operation = start.operation::<Value>().expect("it begins");
    let quick = WaitOptions::new().initial_delay(Duration::from_millis(1));
    let error = fails(operation.wait_with(&quick), ErrorKind::Cancelled);
    assert!(error.can_wait_again(), "{error}");
    assert_eq!(server.count(), 2);
}
