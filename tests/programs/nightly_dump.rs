//! A nightly job as a user would write it: it dumps the inventories of fifty users, some of them private, is killed at any
//! time, and resumes.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Client, Cursor, ErrorScope, InventoryAssetType, InventoryItem, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde::{Deserialize, Serialize};

use crate::support;

const USERS: u64 = 50;
const ITEMS: u64 = 230;

fn is_private(user: u64) -> bool {
    user % 9 == 0
}

/// A line of the file: a page, or why there is none.
#[derive(Debug, Deserialize, Serialize)]
struct Line {
    user: u64,
    #[serde(default)]
    items: Vec<u64>,
    next_cursor: Option<Cursor>,
    problem: Option<String>,
}

/// Runs the job. `Err` says why it needs attention.
fn dump(client: &Client, file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    // A line that was being written at the kill doesn't count.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut last = BTreeMap::new();
    for line in whole.lines() {
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        last.insert(line.user, line);
    }
    let mut out = OpenOptions::new().append(true).create(true).open(file).map_err(|error| error.to_string())?;
    // Not written again: a kill in the middle would lose everything.
    out.set_len(whole.len() as u64).map_err(|error| error.to_string())?;
    let mut note = |line: &Line| {
        let text = serde_json::to_string(line).map_err(|error| error.to_string())?;
        out.write_all(format!("{text}\n").as_bytes()).map_err(|error| error.to_string())
    };
    for user in 1..=USERS {
        let cursor = match last.get(&user) {
            Some(Line { next_cursor: None, .. }) => continue,
            Some(line) => line.next_cursor.clone(),
            None => None,
        };
        for page in client.user(user).list_inventory().resume_from(cursor).pages() {
            match page {
                Ok(page) => {
                    let ids = page.items.iter().filter_map(|item| match item {
                        InventoryItem::Asset(asset) => Some(asset.id),
                        _ => None,
                    });
                    note(&Line { user, items: ids.collect(), next_cursor: page.next_cursor, problem: None })?;
                }
                Err(error) if error.scope() == ErrorScope::Call => {
                    note(&Line { user, items: Vec::new(), next_cursor: None, problem: Some(error.to_string()) })?;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
    Ok(())
}

fn world() -> Sandbox {
    let sandbox = Sandbox::start().expect("a sandbox");
    for user in 1..=USERS {
        sandbox.add_user(UserInfo::new(user, format!("user{user}")));
        let asset = |number| InventoryAsset::new(user * 1_000_000 + number, InventoryAssetType::Hat);
        sandbox.set_inventory(user, (0..ITEMS).map(asset).map(InventoryItem::Asset));
        sandbox.set_inventory_private(user, is_private(user));
    }
    sandbox
}

fn assert_complete(file: &Path) {
    let text = fs::read_to_string(file).expect("the file is there");
    let mut items: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut problems = Vec::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).expect("each line is whole");
        items.entry(line.user).or_default().extend(line.items);
        problems.extend(line.problem.map(|problem| (line.user, problem)));
    }
    for user in 1..=USERS {
        let expected: Vec<u64> = (0..ITEMS).filter(|_| !is_private(user)).map(|n| user * 1_000_000 + n).collect();
        assert_eq!(items.get(&user), Some(&expected), "user {user}");
    }
    let private: Vec<u64> = problems.iter().map(|(user, _)| *user).collect();
    assert_eq!(private, (1..=USERS).filter(|user| is_private(*user)).collect::<Vec<_>>());
    for (_, problem) in problems {
        assert!(problem.contains("private") && !problem.contains("give the key"), "{problem}");
    }
}

#[test]
fn one_private_inventory_does_not_end_the_job() {
    let sandbox = world();
    let file = std::env::temp_dir().join(format!("rblxopencloud-dump-{}.jsonl", std::process::id()));
    let _ = fs::remove_file(&file);
    dump(&sandbox.client(), &file).expect("private inventories concern one user each");
    assert_complete(&file);
    let _ = fs::remove_file(&file);
}

#[test]
fn a_missing_scope_or_a_refused_key_ends_the_job_at_the_first_request() {
    let refusals = [
        (403, r#"{"code":"INSUFFICIENT_SCOPE","message":"The key lacks a scope."}"#),
        (401, r#"{"errors":[{"code":0,"message":"Invalid API Key"}]}"#),
    ];
    for (status, body) in refusals {
        let sandbox = world();
        sandbox.inject(Fault::status(status).body(body).times(u64::MAX));
        let file = std::env::temp_dir().join(format!("rblxopencloud-refused-{status}-{}.jsonl", std::process::id()));
        let _ = fs::remove_file(&file);
        dump(&sandbox.client(), &file).expect_err("nothing else succeeds");
        assert_eq!(sandbox.requests().len(), 1);
        let _ = fs::remove_file(&file);
    }
}

/// The job in a child process, started by the test below.
#[test]
fn the_job() {
    let (Ok(url), Ok(file)) = (std::env::var("DUMP_URL"), std::env::var("DUMP_FILE")) else { return };
    let client = Client::builder("sandbox-api-key").base_url(url).build().expect("the settings are good");
    dump(&client, Path::new(&file)).expect("it ends well");
}

#[test]
fn a_job_that_is_killed_at_any_time_continues_where_it_was() {
    let sandbox = world();
    // Slow enough for a kill to hit the middle of something.
    sandbox.inject(Fault::delay(Duration::from_millis(2)).times(u64::MAX));
    let file = std::env::temp_dir().join(format!("rblxopencloud-killed-{}.jsonl", std::process::id()));
    let _ = fs::remove_file(&file);
    let job = || {
        let mut command = support::test_process(module_path!(), "the_job");
        command.env("DUMP_URL", sandbox.url()).env("DUMP_FILE", &file);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the job starts")
    };
    for kill in 0..12 {
        let mut child = job();
        thread::sleep(Duration::from_millis(15 + 7 * kill));
        let _ = child.kill();
        let _ = child.wait();
    }
    let killed_at = sandbox.requests().len();
    assert!(job().wait().expect("the job runs").success());
    assert_complete(&file);
    // Saved pages aren't requested again, except for at most one page for each kill and the private inventories.
    let least = usize::try_from((1..=USERS).map(|user| if is_private(user) { 1 } else { 3 }).sum::<u64>()).unwrap();
    let all = sandbox.requests().len();
    assert!(all <= least + 12, "{all} requests, {killed_at} of them before the last run; {least} are needed");
    let _ = fs::remove_file(&file);
}
