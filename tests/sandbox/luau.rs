//! Luau tasks of the sandbox.

use std::thread;
use std::time::Duration;

use rblxopencloud::experience::{LuauMessageType, LuauOutcome, LuauState, PlaceInfo};
use rblxopencloud::{Body, Error, ErrorKind, LuauScript, LuauTask, RetryPolicy, WaitOptions};
use rblxopencloud_sandbox::{LuauAnswer, Sandbox};
use serde_json::json;

use crate::support::fails;
use crate::support::samples::PLACE;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

fn start(sandbox: &Sandbox, script: LuauScript) -> Result<LuauTask, Error> {
    let client = sandbox.client_with(|builder| builder.retry(RetryPolicy::none())).expect("the settings are good");
    client.experience(13058).place(1818).run_luau(script)
}

fn quick() -> WaitOptions {
    WaitOptions::new().initial_delay(Duration::from_millis(5)).max_delay(Duration::from_millis(20))
}

#[test]
fn a_handler_judges_scripts() {
    let sandbox = sandbox();
    sandbox.on_luau(|script, input| match script {
        "sum" => LuauAnswer::results([input.len()]).print("adding").warn("careful"),
        "value" => json!({ "a": [1] }).into(),
        "cancel" => LuauAnswer::cancelled(),
        "large" => LuauAnswer::results(["x".repeat(4 * 1024 * 1024)]),
        "panic" => panic!("the handler has a bug"),
        _ => LuauAnswer::error("TaskScript:2: no").print("before"),
    });
    let run = |script: &str| start(&sandbox, LuauScript::new(script)).expect("it is accepted").wait_with(&quick());
    let sum = run("sum").expect("it ends");
    assert_eq!((sum.results.as_slice(), sum.logs.len()), (&[json!(0)][..], 2));
    let types: Vec<_> = sum.logs.iter().filter_map(|message| message.message_type.clone()).collect();
    assert_eq!(types, [LuauMessageType::Output, LuauMessageType::Warning]);
    assert_eq!(run("value").expect("it ends").results, [json!({ "a": [1] })]);
    for (script, outcome) in [
        ("cancel", LuauOutcome::Cancelled),
        ("large", LuauOutcome::OutputTooLarge),
        ("panic", LuauOutcome::InternalError),
    ] {
        assert_eq!(run(script).expect("it ends").outcome(), outcome, "{script}");
    }
    let error = run("no").expect("a failure is data");
    assert_eq!((error.to_string().as_str(), error.logs.len()), ("script error in line 2: TaskScript:2: no", 1));
    assert!(error.created_at.is_some() && error.user.is_some() && error.timeout == Some(Duration::from_secs(300)));
}

#[test]
fn a_task_waits_for_its_server_and_runs_into_its_limit() {
    let sandbox = sandbox();
    let seconds = Duration::from_secs;
    sandbox.set_luau_boot_time(seconds(50));
    sandbox.set_luau_logs_shown_early(true);
    sandbox.on_luau(move |script, _| LuauAnswer::default().print("begun").takes(seconds(script.len() as u64 * 100)));
    let start = || {
        let start = |script: &str| start(&sandbox, LuauScript::new(script).timeout(seconds(250)));
        ["x", "xxx"].map(|script| start(script).expect("it is accepted"))
    };
    let [quick_one, late_one] = start();
    for task in [&quick_one, &late_one] {
        assert_eq!(task.poll().expect("it is there"), None);
        assert_eq!(task.list_logs().count(), 0, "it hasn't begun");
    }
    sandbox.advance_clock(seconds(50));
    for task in [&quick_one, &late_one] {
        // The handler runs on a thread of its own.
        while task.list_logs().next().map(|log| log.expect("it is listed")).is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(task.poll().expect("it is there"), None, "it runs");
    }
    sandbox.advance_clock(seconds(250));
    assert!(quick_one.wait_with(&quick()).expect("it ends").is_success());
    let late = late_one.wait_with(&quick()).expect("it ends");
    assert_eq!((late.outcome(), late.logs.len()), (LuauOutcome::DeadlineExceeded, 1));

    sandbox.on_luau(|_, _| -> LuauAnswer {
        thread::sleep(Duration::from_secs(5));
        LuauAnswer::default()
    });
    let [endless, _] = start();
    sandbox.advance_clock(seconds(300));
    assert_eq!(endless.wait_with(&quick()).expect("it ends").outcome(), LuauOutcome::DeadlineExceeded);
}

#[test]
fn tasks_follow_the_clock_of_the_sandbox() {
    let sandbox = sandbox();
    sandbox.set_luau_boot_time(Duration::from_secs(3600));
    sandbox.on_luau(|_, _| LuauAnswer::results([1]).takes(Duration::from_secs(200)));
    let task = start(&sandbox, LuauScript::new("x")).expect("it is accepted");
    assert_eq!(task.poll().expect("it is there"), None);
    sandbox.advance_clock(Duration::from_secs(3600));
    assert_eq!(task.poll().expect("it is there"), None, "it runs for 200 s");
    sandbox.advance_clock(Duration::from_secs(200));
    let run = task.poll().expect("it is there").expect("it has ended");
    let ended = run.updated_at.expect("it is told").duration_since(run.created_at.expect("it is told"));
    assert_eq!((run.is_success(), ended.as_secs()), (true, 3800));
    let resumed = sandbox.client().luau_task(task.name().expect("it has one")).expect("a path");
    sandbox.advance_clock(Duration::from_secs(24 * 3600));
    fails(resumed.poll(), ErrorKind::NotFound);
}

#[test]
fn a_place_has_ten_unfinished_tasks() {
    let sandbox = sandbox();
    sandbox.add_place(PlaceInfo::new(13058, 1819, "Lobby"));
    sandbox.set_place_loads(1818, false);
    for _ in 0..10 {
        let _ = start(&sandbox, LuauScript::new("x")).expect("there is a slot");
    }
    let error = fails(start(&sandbox, LuauScript::new("x")), ErrorKind::RateLimited);
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error}");
    let other = sandbox.client().experience(13058).place(1819);
    sandbox.on_luau(|_, _| json!(1));
    let other = |script| other.run_luau(LuauScript::new(script)).expect("there is a slot");
    sandbox.set_luau_slot_recovery(Duration::from_secs(600));
    assert!(other("x").wait_with(&quick()).expect("it ends").is_success());
}

#[test]
fn a_place_that_cannot_be_loaded_never_runs_its_tasks() {
    let sandbox = sandbox();
    sandbox.set_place_loads(1818, false);
    let task = start(&sandbox, LuauScript::new("x")).expect("it is accepted");
    let error = fails(task.wait_with(&WaitOptions::new().timeout(Duration::ZERO)), ErrorKind::OperationPending);
    assert!(error.to_string().contains("QUEUED") && error.can_wait_again(), "{error}");
}

#[test]
fn logs_can_be_shown_early() {
    let sandbox = sandbox();
    sandbox.on_luau(|_, _| LuauAnswer::default().print("begun").takes(Duration::from_secs(200)));
    let task = start(&sandbox, LuauScript::new("x")).expect("it is accepted");
    assert_eq!(task.list_logs().count(), 0);
    sandbox.set_luau_logs_shown_early(true);
    assert_eq!(task.list_flat_logs().next().expect("a part").expect("it is listed").messages, ["begun"]);
    assert_eq!(task.poll().expect("it runs"), None);
}

#[test]
fn inputs_and_outputs_pass_through_the_other_host() {
    let sandbox = sandbox();
    sandbox.on_luau(|_, input| LuauAnswer::results([input.len()]).binary_output(input.to_vec()));
    let content = vec![7; 3_000_000];
    let body = || Body::bytes("application/octet-stream", content.clone());
    let script = || LuauScript::new("x").binary_input(body());
    let task = start(&sandbox, script().binary_output(true)).expect("it is accepted");
    assert_eq!(task.wait_with(&quick()).expect("it ends").results, [content.len()]);
    let mut output = Vec::new();
    task.download_output(&mut output).expect("it has one");
    assert!(output == content);
    for request in sandbox.requests().iter().filter(|request| request.path.starts_with("/luau-")) {
        assert!(request.header("x-api-key").is_none());
    }
    let without = start(&sandbox, script()).expect("it is accepted").wait_with(&quick()).expect("it ends");
    assert_eq!(without.binary_output_uri, None);
}

#[test]
fn invalid_tasks_are_refused_as_the_service_does() {
    let sandbox = sandbox();
    let client = sandbox.client_with(|builder| builder.retry(RetryPolicy::none())).expect("the settings are good");
    let create = |body: serde_json::Value| {
        let request = client.call(&rblxopencloud::endpoints::CREATE_LUAU_TASK).param("universe", 13058);
        request.param("place", 1818).json(&body).fetch::<serde_json::Value>()
    };
    for body in [
        json!({}),
        json!({ "script": "" }),
        json!({ "script": "x", "timeout": "301s" }),
        json!({ "script": "x", "timeout": "0s" }),
        json!({ "script": "x", "timeout": "soon" }),
        json!({ "script": "x", "timeout": "-1s" }),
        json!({ "script": "x", "binaryInput": "universes/13058/luau-execution-session-task-binary-inputs/1" }),
        json!({ "script": "x".repeat(4 * 1024 * 1024 + 1) }),
    ] {
        fails(create(body), ErrorKind::Rejected);
    }
    assert!(create(json!({ "script": "x".repeat(4 * 1024 * 1024), "timeout": "1.5s" })).is_ok());
    for (universe, place) in [(9, 1818), (13058, 9)] {
        fails(client.experience(universe).place(place).run_luau(LuauScript::new("x")), ErrorKind::NotFound);
    }
    let unknown = client.experience(13058).place(1818).version(99).run_luau(LuauScript::new("x"));
    fails(unknown, ErrorKind::NotFound);
    let path = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";
    fails(client.luau_task(path).expect("a path").poll(), ErrorKind::NotFound);
    let task = start(&sandbox, LuauScript::new("the script")).expect("it is accepted");
    let full = client.request(rblxopencloud::Method::Get, format!("/cloud/v2/{}", task.name().expect("a name")));
    let full: rblxopencloud::experience::LuauRun = full.query("view", "FULL").fetch().expect("it is there");
    assert_eq!(full.script.as_deref(), Some("the script"));
    assert!(full.state == LuauState::Failed || Sandbox::RUNS_LUAU, "without a handler, it can't be run");
}

#[test]
fn a_script_in_a_place_file_runs_in_the_version_that_is_saved() {
    let sandbox = sandbox();
    sandbox.on_luau(|_, _| json!(1));
    let place = sandbox.client().experience(13058).place(1818);
    let script = || LuauScript::new("x").in_place_file([PLACE, b"scratch"].concat());
    let task = place.run_luau(script()).expect("it is accepted");
    assert!(task.wait_with(&quick()).expect("it ends").is_success());
    let saved = sandbox.place_versions(1818).pop().expect("it is saved");
    assert_eq!(saved.is_published, Some(false), "nobody plays it");
    let version = format!("/versions/{}/", saved.number);
    assert!(task.name().expect("a name").to_string().contains(&version), "{task:?}");

    sandbox.clear_requests();
    let wrong_file = LuauScript::new("x").in_place_file(b"not a place");
    let wrong_script = script().timeout(Duration::from_secs(301));
    for error in [place.run_luau(wrong_file), place.run_luau(wrong_script), place.version(1).run_luau(script())] {
        fails(error, ErrorKind::InvalidInput);
    }
    assert!(sandbox.requests().is_empty(), "nothing is sent");
}
