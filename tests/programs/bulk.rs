//! The examples `back_up_data` and `edit_all`: what they print and write, and what ends them.

use std::fs;

use rblxopencloud::data::DataStore;
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::TempDir;
use crate::support::example::{fails, outcome_without_set_up, succeeds};

/// A sandbox with 300 entries of `Players`, and one in another scope.
fn sandbox() -> (Sandbox, DataStore) {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let line = |id: u64| {
        format!("{{\"id\":\"user_{id}\",\"value\":{{\"coins\":{id},\"big\":1.0}},\"users\":[\"users/{id}\"]}}\n")
    };
    let lines: String = (1..=300).map(line).collect();
    sandbox.load_entries(13058, "Players", &lines).expect("they are entries");
    let eu = r#"{"id":"user_1","scope":"eu","value":{"coins":-5}}"#;
    sandbox.load_entries(13058, "Players", eu).expect("it is an entry");
    let store = sandbox.client().experience(13058).data_store("Players");
    (sandbox, store)
}

fn value(store: &DataStore, key: &str) -> Value {
    store.fetch::<Value>(key).expect("it is read").expect("it is there").value
}

/// An option without which a run would take minutes.
const FAST: [&str; 2] = ["--requests-per-minute", "1000000"];

#[test]
fn back_up_data_writes_a_file_and_restores_it() {
    let ((sandbox, store), folder) = (sandbox(), TempDir::new());
    for name in ["players.jsonl", "players.jsonl.gz"] {
        let path = folder.path().join(name);
        let file = path.to_str().expect("it is text");
        let run = |arguments: &[&str]| succeeds(&sandbox, "back_up_data", &[arguments, &FAST].concat());
        assert_eq!(run(&["Players", file, "--all-scopes"]), "301 entries: 301 written\n");
        assert_eq!(run(&["--restore", file, "--into", "Players", "--dry-run"]), "301 entries: 301 unchanged\n");
        store.delete("user_7").expect("it is deleted");
        sandbox.advance_clock(std::time::Duration::from_secs(10));
        store.set("user_8", &json!({ "coins": 0 })).expect("it is set");
        let plan = run(&["--restore", file, "--into", "Players", "--dry-run"]);
        assert_eq!(plan, "301 entries: 1 written, 299 unchanged, 1 skipped\n");
        assert!(store.fetch::<Value>("user_7").expect("it is read").is_none(), "it is only a plan");
        assert_eq!(run(&["--restore", file, "--into", "Players"]), plan);
        assert_eq!(
            (value(&store, "user_7")["coins"].clone(), value(&store, "user_8")["coins"].clone()),
            (json!(7), json!(0))
        );
        let all = run(&["--restore", file, "--into", "Players", "--overwrite", "always"]);
        assert_eq!(all, "301 entries: 1 written, 300 unchanged\n");
        assert_eq!(value(&store, "user_8")["coins"], 8);
        let text = fails(&sandbox, "back_up_data", &["--restore", file, "--into", "a", "--from-experience", "7"]);
        assert!(text.contains("of the experience 13058, not of 7"), "{text}");
        run(&["--restore", file, "--into", name, "--from-experience", "13058", "--overwrite", "never"]);
        assert_eq!(store.experience().data_store(name).list_entries().all_scopes(true).count(), 301);
        assert_eq!(run(&["Players", file, "--scope", "eu"]), "1 entry: 1 written\n");
        assert_eq!(run(&["Players", file, "--prefix", "user_29"]), "11 entries: 11 written\n");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing else is left");
}

#[test]
fn edit_all_shows_a_plan_and_changes_each_entry_once() {
    let ((sandbox, store), folder) = (sandbox(), TempDir::new());
    let path = folder.path().join("gold.journal");
    let journal = path.to_str().expect("it is text");
    let steps = ["--rename", "coins", "gold", "--add", "pets", "[]", "--increment", "gold", "1"];
    let run = |options: &[&str]| {
        succeeds(&sandbox, "edit_all", &[&["Players", journal], &steps[..], options, &FAST].concat())
    };
    let plan = run(&["--dry-run"]);
    assert!(plan.contains("user_7: rename coins to gold, add pets = [], gold: 7 to 8\n"), "{plan}");
    assert!(plan.ends_with("\n300 entries: 300 written\n") && plan.lines().count() == 301, "{plan}");
    assert!(!path.exists() && value(&store, "user_7")["coins"] == 7, "it is only a plan");
    for _ in 0..2 {
        assert_eq!(run(&[]), "300 entries: 300 written\n");
        assert_eq!(value(&store, "user_7").to_string(), r#"{"big":1.0,"gold":8,"pets":[]}"#);
    }
    let entry = store.fetch::<Value>("user_7").expect("it is read").expect("it is there");
    assert_eq!(entry.user_ids(), [7]);
    assert_eq!(value(&store.with_scope("eu"), "user_1"), json!({ "coins": -5 }));
    let text = fails(&sandbox, "edit_all", &[&["Other", journal], &steps[..]].concat());
    assert!(text.contains("journal of another job"), "{text}");
}

#[test]
fn bulk_examples_use_a_sandbox_without_a_key() {
    let folder = TempDir::new();
    let path = |name: &str| folder.path().join(name).to_str().expect("it is text").to_owned();
    let runs: [&[&str]; 3] = [
        &["Players", &path("players.jsonl")],
        &["--restore", &path("players.jsonl"), "--into", "Players"],
        &["Players", &path("journal"), "--rename", "coins", "gold", "--dry-run"],
    ];
    for (name, arguments) in ["back_up_data", "back_up_data", "edit_all"].into_iter().zip(runs) {
        let (text, is_success) = outcome_without_set_up(name, &[arguments, &FAST].concat());
        assert!(is_success && text.contains("300 entries: 300 "), "{name}: {text}");
    }
}

#[cfg(unix)]
mod unix {
    use std::io::Read;
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::support::example::{example, outcome, with_key};

    #[test]
    fn ctrl_c_ends_a_bulk_example_and_the_next_run_goes_on() {
        for (name, job, end) in [
            ("back_up_data", &["Players"][..], "300 entries: 300 written\n"),
            ("edit_all", &["Players", "--increment", "coins", "1"], "300 entries: 300 written\n"),
        ] {
            let ((sandbox, store), folder) = (sandbox(), TempDir::new());
            let path = folder.path().join("file");
            let mut arguments = job.to_vec();
            arguments.insert(1, path.to_str().expect("it is text"));
            // 16 minutes.
            let mut command = with_key(&sandbox, name, &arguments);
            command.args(["--requests-per-minute", "20"]).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("the example was built");
            while sandbox.requests().len() < 4 {
                assert_eq!(child.try_wait().expect("it can be asked"), None, "{name} ended");
                thread::sleep(Duration::from_millis(10));
            }
            let began = Instant::now();
            let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
            assert!(killed.success());
            assert_eq!(child.wait().expect("it ends").code(), Some(1));
            assert!(began.elapsed() < Duration::from_secs(60), "{name} doesn't wait for its share");
            let mut text = String::new();
            child.stderr.take().expect("it is piped").read_to_string(&mut text).expect("it is text");
            assert!(text.contains("error: ") && text.contains("run it again to go on"), "{name}: {text}");
            assert_eq!(succeeds(&sandbox, name, &[&arguments[..], &FAST].concat()), end);
            assert_eq!(value(&store, "user_7")["coins"], if name == "edit_all" { 8 } else { 7 });
        }
    }

    /// The system refuses to write more than so many kilobytes to a file, as a full disk does.
    #[test]
    fn a_full_disk_ends_a_bulk_example_and_the_next_run_goes_on() {
        for (name, job, most) in
            [("back_up_data", &["Players"][..], "24"), ("edit_all", &["Players", "--increment", "coins", "1"], "8")]
        {
            let ((sandbox, store), folder) = (sandbox(), TempDir::new());
            let path = folder.path().join("file");
            let mut arguments = job.to_vec();
            arguments.insert(1, path.to_str().expect("it is text"));
            let command = with_key(&sandbox, name, &[&arguments[..], &FAST].concat());
            let mut limited = Command::new("sh");
            // A block has 512 bytes, or 1024 in some shells.
            limited.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", most]).arg(example(name).get_program());
            limited.args(command.get_args());
            for (variable, value) in command.get_envs() {
                match value {
                    Some(value) => limited.env(variable, value),
                    None => limited.env_remove(variable),
                };
            }
            let (text, is_success) = outcome(&mut limited);
            assert!(!is_success && text.contains("error: "), "{name}: {text}");
            assert!(text.contains("file") && !text.contains("panicked"), "{name}: {text}");
            assert_eq!(succeeds(&sandbox, name, &[&arguments[..], &FAST].concat()), "300 entries: 300 written\n");
            for id in 1..=300 {
                let coins = if name == "edit_all" { id + 1 } else { id };
                assert_eq!(value(&store, &format!("user_{id}"))["coins"], coins);
            }
        }
    }
}
