//! Scripts that Luau runs.
#![cfg(feature = "luau")]

use std::time::{Duration, Instant};

use rblxopencloud::experience::{LuauOutcome, LuauRun};
use rblxopencloud::{Body, LuauScript, WaitOptions};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

fn run_script(script: LuauScript) -> LuauRun {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let task = sandbox.client().experience(13058).place(1818).run_luau(script).expect("it is accepted");
    task.wait_with(&WaitOptions::new().initial_delay(Duration::from_millis(5))).expect("it ends")
}

fn run(script: &str) -> LuauRun {
    run_script(LuauScript::new(script))
}

#[test]
fn what_a_script_returns_is_its_results() {
    for (script, results) in [
        ("return 1 + 1, 'a', true, nil, 2.5", json!([2, "a", true, null, 2.5])),
        ("return { 1, { 2 } }, { a = { b = 'c' } }, {}", json!([[1, [2]], { "a": { "b": "c" } }, []])),
        ("return { 1, 2, x = 3 }", json!([{ "1": 1, "2": 2, "x": 3 }])),
        (
            "return print, buffer.create(3), coroutine.create(print), 0/0, math.huge",
            json!([null, null, null, null, null]),
        ),
        ("local t = {} t.t = t return typeof(t)", json!(["table"])),
        ("local x = 1", json!([])),
    ] {
        let run = run(script);
        assert_eq!((run.outcome(), Value::Array(run.results)), (LuauOutcome::Complete, results), "{script}");
    }
    assert!(run("local t = {} t.t = t return t").is_success(), "a circle ends");
}

#[test]
fn what_a_script_prints_is_its_log() {
    let run = run(
        "print('a', 1, nil, true) warn('b\\nc') print(setmetatable({}, { __tostring = function() return 'd' end }))",
    );
    let lines: Vec<(String, String)> = run
        .logs
        .iter()
        .map(|line| (line.to_string(), line.message_type.as_ref().expect("a type").to_string()))
        .collect();
    let expected = [("a 1 nil true", "OUTPUT"), ("b\nc", "WARNING"), ("d", "OUTPUT")];
    assert_eq!(lines, expected.map(|(text, kind)| (text.to_owned(), kind.to_owned())));
}

#[test]
fn an_error_has_its_line() {
    for (script, line, words) in [
        ("print('before')\n\nerror('no')", Some(3), "TaskScript:3: no"),
        ("local function f()\n  local x = nil\n  return x.y\nend\nf()", Some(3), "attempt to index nil"),
        ("return 1 +", Some(1), "TaskScript:1: "),
        ("error('no position', 0)", None, "no position"),
        ("error({ code = 1 })", None, ""),
        ("error(nil)", None, "without a message"),
        ("local t = {} while true do t[#t + 1] = buffer.create(1e8) end", None, "memory"),
    ] {
        let run = run(script);
        let LuauOutcome::ScriptError { line: found, .. } = run.outcome() else { panic!("{script}: {run}") };
        let message = run.error.expect("it has one").message;
        assert!(message.contains(words) && !message.contains("stack traceback"), "{script}: {message}");
        assert!(found == line || words == "memory", "{script}: {message}");
    }
}

#[test]
fn a_script_ends_at_its_time_limit_whatever_it_catches() {
    for script in ["while true do end", "while true do pcall(function() while true do end end) end", "task.wait(100)"] {
        let began = Instant::now();
        let limited = LuauScript::new(format!("print('begun') {script}")).timeout(Duration::from_millis(200));
        let run = run_script(limited);
        assert_eq!(run.outcome(), LuauOutcome::DeadlineExceeded, "{script}");
        assert!(began.elapsed() < Duration::from_secs(60), "{script}");
    }
}

#[test]
fn scripts_are_kept_from_the_machine_and_from_each_other() {
    for script in ["return io == nil", "return os.execute == nil", "return require == nil", "return package == nil"] {
        assert_eq!(run(script).results, [true], "{script}");
    }
    assert!(!run("string.rep = nil").is_success(), "the libraries are read-only");
}

#[test]
fn a_script_has_binary_input_and_output() {
    let script = "local input = (...).BinaryInput
        buffer.writeu8(input, 0, 65)
        return { BinaryOutput = input, ReturnValues = { buffer.len(input), 'b' } }";
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let script = LuauScript::new(script).binary_input(Body::bytes("a/b", *b"data")).binary_output(true);
    let task = sandbox.client().experience(13058).place(1818).run_luau(script).expect("it is accepted");
    let run = task.wait().expect("it ends");
    assert_eq!(run.results, [json!(4), json!("b")], "{run}");
    let mut output = Vec::new();
    task.download_output(&mut output).expect("it has one");
    assert_eq!(output, b"Aata");
}
