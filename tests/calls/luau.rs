//! Luau tasks, against servers that respond as they should not.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rblxopencloud::experience::{LuauOutcome, LuauRun};
use rblxopencloud::{
    Body, Client, Credentials, Error, ErrorKind, LuauScript, LuauTask, Place, RetryPolicy, WaitOptions, endpoints,
};
use serde_json::{Value, json};

use crate::support::samples::PLACE;
use crate::support::{KEY, Reply, Request, Server, TempDir, fails, hasty};

const TASK: &str = "universes/1/places/2/versions/3/luau-execution-sessions/4/tasks/5";

fn place(server: &Server) -> Place {
    server.client().experience(1).place(2)
}

fn script() -> LuauScript {
    LuauScript::new("return 1 + 1")
}

fn task(state: &str, extra: Value) -> Value {
    let mut task = json!({ "path": TASK, "state": state });
    let Value::Object(extra) = extra else { panic!("it is an object") };
    task.as_object_mut().expect("it is an object").extend(extra);
    task
}

fn is_log(request: &Request) -> bool {
    request.path().ends_with("/logs")
}

fn no_log() -> Reply {
    Reply::ok(&json!({ "luauExecutionSessionTaskLogs": [] }))
}

/// A server whose task stands like this in the response to each poll, and then goes on like the last one. Its log is empty.
fn standing(states: Vec<Value>) -> Server {
    let polls = AtomicUsize::new(0);
    Server::start(move |request| match request.method.as_str() {
        "POST" => Reply::ok(&task("QUEUED", json!({ "user": "156", "output": null, "error": "" }))),
        _ if is_log(request) => no_log(),
        _ => {
            assert_eq!(request.path(), format!("/cloud/v2/{TASK}"));
            Reply::ok(&states[polls.fetch_add(1, Ordering::SeqCst).min(states.len() - 1)])
        }
    })
}

fn run(server: &Server) -> Result<LuauRun, Error> {
    let quick = WaitOptions::new().initial_delay(Duration::from_millis(1)).timeout(Duration::from_secs(60));
    place(server).run_luau(script())?.wait_with(&quick)
}

#[test]
fn invalid_scripts_are_refused_before_anything_is_sent() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let large = "x".repeat(4 * 1024 * 1024 + 1);
    let input = Body::reader(io::empty(), 100 * 1024 * 1024 + 1);
    for (script, words) in [
        (LuauScript::new(large), "4194304"),
        (script().timeout(Duration::ZERO), "time limit"),
        (script().timeout(Duration::from_millis(300_001)), "time limit"),
        (script().timeout(Duration::MAX), "time limit"),
        (script().binary_input(input), "104857600"),
    ] {
        let error = fails(place(&server).run_luau(script), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{error}");
    }
    let large = Body::reader(io::empty(), u64::MAX / 4);
    fails(server.client().experience(1).upload_luau_input(large), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 0);
}

#[test]
fn scripts_are_read_from_files_of_utf_8() {
    let folder = TempDir::new();
    let path = |name: &str, content: &[u8]| folder.file(name, content);
    let server = standing(vec![task("COMPLETE", json!({}))]);
    let marked = path("marked.luau", "\u{feff}return 'ü'".as_bytes());
    let _ = place(&server).run_luau(LuauScript::file(marked).expect("it is UTF-8")).expect("it is accepted");
    let sent: Value = serde_json::from_slice(&server.requests()[0].body).expect("it is JSON");
    assert_eq!(sent, json!({ "script": "return 'ü'" }));

    let broken = fails(LuauScript::file(path("broken.luau", b"return '\xff'")), ErrorKind::InvalidInput);
    assert!(broken.to_string().contains("broken.luau") && broken.to_string().contains("UTF-8"), "{broken}");
    let mut large = vec![b' '; 4 * 1024 * 1024];
    assert!(LuauScript::file(path("full.luau", &large)).is_ok());
    large.push(b' ');
    for end in ["", " ", "ü", "ein langes Ende"] {
        large.extend_from_slice(end.as_bytes());
        let error = fails(LuauScript::file(path("large.luau", &large)), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("4194304"), "{error}");
    }
    fails(LuauScript::file(folder.path()), ErrorKind::Io);
    fails(LuauScript::file(folder.path().join("none.luau")), ErrorKind::Io);
}

#[test]
fn scripts_are_sent_as_the_service_takes_them() {
    let server = standing(vec![task("COMPLETE", json!({}))]);
    let sent = |script: LuauScript| -> Value {
        let _ = place(&server).run_luau(script).expect("it is accepted");
        serde_json::from_slice(&server.requests().last().expect("it was sent").body).expect("it is JSON")
    };
    for (millis, text) in [(60_000, "60s"), (300_000, "300s"), (1_500, "1.5s"), (1, "0.001s")] {
        let timeout = Duration::from_millis(millis);
        assert_eq!(sent(script().timeout(timeout)), json!({ "script": "return 1 + 1", "timeout": text }));
    }
    assert_eq!(sent(script().binary_output(true))["enableBinaryOutput"], true);
    let _ = place(&server).version(7).run_luau(script()).expect("it is accepted");
    let last = server.requests().pop().expect("it was sent");
    assert_eq!(last.path(), "/cloud/v2/universes/1/places/2/versions/7/luau-execution-session-tasks");
}

#[test]
fn tokens_are_refused_before_anything_is_sent() {
    let server = Server::start(|_| panic!("nothing is sent"));
    let client =
        Client::builder(Credentials::access_token("token")).base_url(server.url()).build().expect("it is good");
    let (experience, task) = (client.experience(1), client.luau_task(TASK).expect("a path"));
    let errors = [
        experience.place(2).run_luau(script()).map(drop),
        experience.place(2).version(3).run_luau(script()).map(drop),
        // Not even the experience is looked up.
        client.place(2).run_luau(script()).map(drop),
        client.place(2).version(3).run_luau(script()).map(drop),
        client.place(2).run_luau(script().in_place_file(PLACE)).map(drop),
        experience.place(2).run_luau(script().binary_input(Body::bytes("a/b", *b"data"))).map(drop),
        experience.upload_luau_input(Body::bytes("a/b", *b"data")).map(drop),
        task.poll().map(drop),
        task.wait().map(drop),
        task.list_logs().next().expect("an item").map(drop),
    ];
    for error in errors {
        let error = fails(error, ErrorKind::InvalidInput).to_string();
        assert!(error.contains("API key") && error.contains("access token"), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_create_that_may_have_arrived_is_never_repeated() {
    let body = task("QUEUED", json!({})).to_string();
    let cut = |length: usize| {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        Reply::Raw([head.as_bytes(), &body.as_bytes()[..length]].concat())
    };
    let chunked = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", &body[..body.len() - 9]);
    for reply in
        [cut(0), cut(9), cut(body.len() - 1), Reply::Raw(chunked.into_bytes()), Reply::HangUp, Reply::text(502, "")]
    {
        let server = Server::script([reply]);
        let error = place(&server).run_luau(script()).expect_err("there is no whole response");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{error}");
        assert_eq!(server.count(), 1, "{error}");
    }
    // What certainly wasn't carried out is.
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), Reply::ok(&task("QUEUED", json!({})))]);
    let _ = place(&server).run_luau(script()).expect("it is accepted");
    assert_eq!(server.count(), 2);
}

#[test]
fn an_accepted_task_without_a_full_path_has_an_unknown_outcome() {
    for path in [
        "universes/1/places/2/luau-execution-session-tasks/5",
        "universes/1/places/2/luau-execution-sessions/4/tasks/5",
    ] {
        let server = Server::script([Reply::ok(&json!({ "path": path, "state": "QUEUED" }))]);
        let error = fails(place(&server).run_luau(script()), ErrorKind::InvalidResponse);
        assert!(error.outcome_unknown() && error.to_string().contains(path), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn each_end_of_a_script_is_data() {
    let error = |code: &str, message: &str| json!({ "error": { "code": code, "message": message } });
    let line = LuauOutcome::Complete;
    for (end, outcome) in [
        (task("COMPLETE", json!({ "output": { "results": [2] } })), line),
        (task("COMPLETE", json!({ "error": "", "output": { "results": [2] } })), line),
        (task("COMPLETE", json!({ "error": {}, "output": { "results": [2] } })), line),
        (task("COMPLETE", error("INTERNAL_ERROR", "beside")), LuauOutcome::InternalError),
        (task("FAILED", error("DEADLINE_EXCEEDED", "late")), LuauOutcome::DeadlineExceeded),
        (task("FAILED", error("OUTPUT_SIZE_LIMIT_EXCEEDED", "large")), LuauOutcome::OutputTooLarge),
        (task("FAILED", error("INTERNAL_ERROR", "")), LuauOutcome::InternalError),
        (task("FAILED", error("A_NEW_ONE", "new")), LuauOutcome::Failed),
        (task("FAILED", json!({})), LuauOutcome::Failed),
        (task("CANCELLED", json!({})), LuauOutcome::Cancelled),
    ] {
        let server = standing(vec![task("PROCESSING", json!({})), task("A_NEW_ONE", json!({})), end.clone()]);
        let run = run(&server).unwrap_or_else(|error| panic!("{error}: {end}"));
        assert_eq!((run.outcome(), run.is_success()), (outcome, outcome == LuauOutcome::Complete), "{end}");
        let results: Result<(u32,), _> = run.results_as();
        assert_eq!(results.ok(), run.is_success().then_some((2,)), "{end}");
        assert!(run.logs.is_empty());
    }
    let server = standing(vec![task("FAILED", error("SCRIPT_ERROR", "TaskScript:7: no\nstack"))]);
    let run = run(&server).expect("a failure is data");
    assert_eq!(run.to_string(), "script error in line 7: TaskScript:7: no\nstack");
    assert!(run.results_as::<()>().expect_err("there are none").to_string().contains("TaskScript:7"));
}

#[test]
fn results_of_4_mb_are_read() {
    let text = "é".repeat(2 * 1024 * 1024 - 8);
    let server = standing(vec![task("COMPLETE", json!({ "output": { "results": [text] } }))]);
    let (result,): (String,) = run(&server).expect("it ends").results_as().expect("it is a text");
    assert_eq!(result, text);
}

#[test]
fn unreadable_ends_are_errors_about_the_task() {
    for end in [
        json!({ "state": "COMPLETE", "output": { "results": "2" } }),
        json!({ "state": "COMPLETE", "output": [] }),
        json!({ "state": "FAILED", "error": "no" }),
    ] {
        let server = standing(vec![end.clone()]);
        let error = fails(run(&server), ErrorKind::InvalidResponse);
        assert!(error.can_wait_again() && error.operation().expect("a task").to_string() == TASK, "{end}: {error}");
    }
}

#[test]
fn a_task_is_resumed_by_its_name() {
    let server =
        standing(vec![task("PROCESSING", json!({})), task("COMPLETE", json!({ "output": { "results": [2] } }))]);
    let name = place(&server).run_luau(script()).expect("it is accepted").name().expect("it has one").to_string();
    let once = WaitOptions::new().timeout(Duration::ZERO);
    let resume = |name: &str| -> LuauTask { server.client().luau_task(name).expect("it is a full path") };
    let error = fails(resume(&name).wait_with(&once), ErrorKind::OperationPending);
    assert!(error.can_wait_again() && error.to_string().contains("PROCESSING"), "{error}");
    let again = error.operation().expect("it names the task").to_string();
    assert_eq!(resume(&again).wait().expect("it ends").results, [2]);
}

#[test]
fn logs_have_all_pages_in_both_forms() {
    let server = Server::start(|request| {
        if !is_log(request) {
            return Reply::ok(&task("COMPLETE", json!({})));
        }
        let log = match (request.query("view").as_deref(), request.query("pageToken").as_deref()) {
            (Some("STRUCTURED"), None) => json!([{ "path": "a", "structuredMessages": [
                { "message": "one", "messageType": "OUTPUT", "createTime": "2023-07-05T12:34:56Z" },
                { "message": "two\nlines", "messageType": "A_NEW_ONE" },
            ] }, {}]),
            // The other form, in place of the one that was requested.
            (Some("STRUCTURED"), Some("more")) => json!([{ "messages": ["three"] }]),
            (Some("FLAT"), None) => json!([{ "messages": ["one"], "structuredMessages": [] }]),
            (Some("FLAT"), Some("more")) => json!([{ "messages": ["two"] }]),
            other => panic!("unexpected {other:?}"),
        };
        let next = if request.query("pageToken").is_none() { "more" } else { "" };
        Reply::ok(&json!({ "luauExecutionSessionTaskLogs": log, "nextPageToken": next }))
    });
    let task = server.client().luau_task(TASK).expect("a path");
    let run = task.wait().expect("it ends");
    let lines: Vec<String> = run.logs.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["one", "two\nlines", "three"]);
    assert!(run.logs[0].created_at.is_some() && run.logs[2].message_type.is_none());
    let flat = task.list_flat_logs().map(|log| log.map(|log| log.messages)).collect::<Result<Vec<_>, _>>();
    assert_eq!(flat.expect("they are listed").concat(), ["one", "two"]);
    assert_eq!(server.requests()[1].query("maxPageSize").as_deref(), Some("10000"));
    // It has ended, and its log is known.
    let before = server.count();
    assert_eq!(task.poll().expect("it has ended"), Some(run));
    assert_eq!(server.count(), before);
}

#[test]
fn a_log_without_end_is_not_kept_in_memory() {
    let pages = AtomicUsize::new(0);
    let line = "x".repeat(1024 * 1024);
    let server = Server::start(move |request| match is_log(request) {
        true => Reply::ok(&json!({
            "luauExecutionSessionTaskLogs": [{ "messages": [line] }],
            "nextPageToken": pages.fetch_add(1, Ordering::SeqCst).to_string(),
        })),
        false => Reply::ok(&task_that_ended()),
    });
    let task = server.client().luau_task(TASK).expect("a path");
    let error = fails(task.wait(), ErrorKind::InvalidResponse);
    assert!(error.can_wait_again() && error.to_string().contains("without_logs"), "{error}");
    assert!(server.count() < 20);
}

#[test]
fn a_log_that_cannot_be_listed_loses_nothing() {
    let refused = AtomicUsize::new(0);
    let server = Server::start(move |request| match is_log(request) {
        true if refused.fetch_add(1, Ordering::SeqCst) == 0 => Reply::text(403, r#"{"code":"PERMISSION_DENIED"}"#),
        true => Reply::ok(&json!({ "luauExecutionSessionTaskLogs": [{ "messages": ["one"] }] })),
        false => Reply::ok(&task("COMPLETE", json!({ "output": { "results": [2] } }))),
    });
    let task = server.client().luau_task(TASK).expect("a path");
    let error = fails(task.wait(), ErrorKind::PermissionDenied);
    assert!(error.can_wait_again() && error.to_string().contains("without_logs"), "{error}");
    assert_eq!(task.wait().expect("its log is there").logs.len(), 1);
    assert_eq!(server.requests().iter().filter(|request| !is_log(request)).count(), 1, "the task has ended");
    // Unreadable messages aren't left out in silence.
    for strange in [json!([{ "messages": "one" }]), json!([{ "structuredMessages": [7] }]), json!([7])] {
        let server = Server::start(move |request| match is_log(request) {
            true => Reply::ok(&json!({ "luauExecutionSessionTaskLogs": strange })),
            false => Reply::ok(&task_that_ended()),
        });
        let task = server.client().luau_task(TASK).expect("a path");
        assert!(task.wait().expect_err("a log is missing").can_wait_again());
        assert!(task.without_logs().wait().expect("it ends").is_success());
    }
    // A script that never ran has none.
    let server = Server::start(|request| match is_log(request) {
        true => Reply::text(404, r#"{"code":"NOT_FOUND"}"#),
        false => Reply::ok(&task_that_ended()),
    });
    assert!(server.client().luau_task(TASK).expect("a path").wait().expect("it ends").is_success());
}

fn task_that_ended() -> Value {
    task("COMPLETE", json!({}))
}

#[test]
fn inputs_are_streamed_to_another_host_without_the_key() {
    let uploads = AtomicUsize::new(0);
    let storage = Server::start(move |request| {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("PUT", "/in?signature=abc"));
        for header in ["x-api-key", "authorization"] {
            assert!(request.header(header).is_none(), "{header} is sent");
        }
        assert!(!request.headers.iter().any(|(_, value)| value.contains(KEY)));
        assert_eq!(request.header("content-length").map(str::to_owned), Some(request.body.len().to_string()));
        match uploads.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::HangUp,
            _ => Reply::text(200, "<whatever/>"),
        }
    });
    let input = "universes/1/luau-execution-session-task-binary-inputs/6";
    let uri = format!("{}/in?signature=abc", storage.url());
    let server = Server::start(move |request| {
        let sent: Value = serde_json::from_slice(&request.body).expect("it is JSON");
        match request.path().ends_with("-binary-inputs") {
            true => {
                assert_eq!(sent, json!({ "size": 200_000 }));
                Reply::ok(&json!({ "path": input, "size": "200000", "uploadUri": uri }))
            }
            false => {
                assert_eq!(sent["binaryInput"], input);
                Reply::ok(&task("QUEUED", json!({})))
            }
        }
    });
    let content = crate::support::noise(200_000);
    let folder = TempDir::new();
    let path = folder.file("input.bin", &content);
    let body = Body::file(&path).expect("it is a file");
    let _ = place(&server).run_luau(script().binary_input(body)).expect("it is accepted");
    assert_eq!(storage.requests()[1].body, content, "the upload was repeated");
    // Another task of the experience can use it.
    let experience = server.client().experience(1);
    let uploaded = experience.upload_luau_input(Body::bytes("a/b", content)).expect("it is uploaded");
    assert_eq!(uploaded.path().to_string(), input);
    let before = storage.count();
    let _ = experience.place(2).run_luau(script().uploaded_input(&uploaded)).expect("it is accepted");
    assert_eq!(storage.count(), before);
    let before = server.count();
    let other = server.client().experience(2).place(3).run_luau(script().uploaded_input(&uploaded));
    assert!(fails(other, ErrorKind::InvalidInput).to_string().contains("experience 1"));
    assert_eq!(server.count(), before, "nothing is sent");
}

#[test]
fn an_upload_that_is_refused_starts_no_task() {
    let storage = Server::start(|_| Reply::text(403, "<Error><Code>AccessDenied</Code></Error>"));
    let uri = format!("{}/in?signature=abc", storage.url());
    let input = "universes/1/luau-execution-session-task-binary-inputs/6";
    for uri in [uri.as_str(), "http://elsewhere.example/in", "file:///etc/passwd", ""] {
        let body = json!({ "path": input, "uploadUri": uri });
        let server = Server::script([Reply::ok(&body)]);
        let error =
            place(&server).run_luau(script().binary_input(Body::bytes("a/b", *b"data"))).expect_err("no upload");
        assert!(!error.to_string().contains("signature") && !format!("{error:?}").contains("abc"), "{error:?}");
        assert_eq!(server.count(), 1, "no task is started");
    }
}

#[test]
fn outputs_are_downloaded_from_another_host_without_the_key() {
    let storage = Server::start(|request| {
        assert!(request.header("x-api-key").is_none());
        Reply::text(200, "data")
    });
    let uri = format!("{}/out?signature=abc", storage.url());
    let server = standing(vec![
        task("PROCESSING", json!({ "binaryOutputUri": "" })),
        task("COMPLETE", json!({ "binaryOutputUri": uri })),
    ]);
    let task = place(&server).run_luau(script().binary_output(true)).expect("it is accepted");
    let mut output = Vec::new();
    let error = fails(task.download_output(&mut output), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("hasn't ended"), "{error}");
    assert_eq!(task.download_output(&mut output).expect("it has ended"), 4);
    let folder = TempDir::new();
    let path = folder.path().join("output.bin");
    task.save_output(&path).expect("it can be saved");
    assert_eq!((output.as_slice(), fs::read(path).expect("it is there").as_slice()), (&b"data"[..], &b"data"[..]));

    let server = standing(vec![task_that_ended()]);
    let task = place(&server).run_luau(script()).expect("it is accepted");
    let error = fails(task.download_output(&mut output), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no binary output"), "{error}");
}

#[test]
fn tasks_of_a_place_share_ten_slots_whatever_their_version() {
    let server = Server::start(|_| Reply::ok(&task("QUEUED", json!({}))));
    let client = server.client();
    let place = |number: u64| client.experience(1).place(number);
    let mut tasks: Vec<LuauTask> = (0..5).map(|_| place(2).run_luau(script()).expect("there is a slot")).collect();
    tasks.extend((0..5).map(|_| place(2).version(3).run_luau(script()).expect("there is a slot")));
    let hasty = place(2).with_timeout(Duration::from_millis(300));
    for error in [hasty.run_luau(script()), hasty.version(3).run_luau(script())] {
        assert!(fails(error, ErrorKind::RateLimited).to_string().contains("unfinished"));
    }
    let _ = place(3).run_luau(script()).expect("another place has its own");
    assert_eq!(server.count(), 11, "nothing is sent without a slot");
}

#[test]
fn documented_budgets_hold_creates_polls_and_logs_back() {
    let builder = |server: &Server| server.builder().documented_budgets(true).retry(hasty());
    let server = Server::start(|request| match is_log(request) {
        true => no_log(),
        false => Reply::ok(&task("QUEUED", json!({}))),
    });
    let client = builder(&server).build().expect("the settings are good").with_timeout(Duration::from_secs(5));
    let task = client.luau_task(TASK).expect("a path");
    for (most, endpoint) in [
        (endpoints::GET_LUAU_TASK.key_budget(), endpoints::GET_LUAU_TASK),
        (endpoints::LIST_LUAU_TASK_LOGS.key_budget(), endpoints::LIST_LUAU_TASK_LOGS),
        (endpoints::CREATE_LUAU_VERSION_TASK.key_budget(), endpoints::CREATE_LUAU_VERSION_TASK),
    ] {
        let before = server.count();
        let make = || match endpoint {
            endpoint if endpoint == endpoints::GET_LUAU_TASK => task.poll().map(drop),
            endpoint if endpoint == endpoints::LIST_LUAU_TASK_LOGS => {
                task.list_logs().try_for_each(|log| log.map(drop))
            }
            _ => client.experience(1).place(2).version(3).run_luau(script()).map(drop),
        };
        let most = most.expect("it has a budget").count();
        assert!((0..=most).any(|_| make().is_err_and(|error| error.kind() == ErrorKind::RateLimited)));
        assert_eq!(server.count() - before, most as usize, "{endpoint}");
    }
}

#[test]
fn a_refused_slot_is_waited_for() {
    // The service counts the tasks of others too, and tells no time.
    let refusal = || Reply::json(429, &json!({ "code": "RESOURCE_EXHAUSTED", "message": "too many unfinished tasks" }));
    let server = Server::script([refusal(), Reply::ok(&task("QUEUED", json!({})))]);
    let _ = place(&server).run_luau(script()).expect("it is sent again");
    let server = Server::script([refusal()]);
    let client = server.builder().retry(RetryPolicy::none()).build().expect("the settings are good");
    let error = fails(client.experience(1).place(2).run_luau(script()), ErrorKind::RateLimited);
    assert!(!error.outcome_unknown() && error.is_retryable(), "{error}");
}
