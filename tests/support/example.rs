//! The examples as programs.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rblxopencloud_sandbox::Sandbox;

/// The app of the sandbox's sample data.
pub const CLIENT_ID: &str = "840974200211308101";

/// An example, which is built with the tests.
pub fn example(name: &str) -> Command {
    let test = env::current_exe().expect("this test has a file");
    let target = test.parent().and_then(Path::parent).expect("it lies in deps");
    Command::new(target.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// The environment variables that examples read.
pub const VARIABLES: &[&str] = &[
    "ROBLOX_API_KEY",
    "ROBLOX_USER_ID",
    "ROBLOX_UNIVERSE_ID",
    "ROBLOX_PLACE_ID",
    "ROBLOX_CLIENT_ID",
    "ROBLOX_CLIENT_SECRET",
    "ROBLOX_REDIRECT_URI",
    "ROBLOX_WEBHOOK_SECRET",
    "ROBLOX_OPEN_CLOUD_URL",
];

/// An example without any of the variables, so that it uses a sandbox of its own.
pub fn without_set_up(name: &str, arguments: &[&str]) -> Command {
    let mut command = example(name);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

/// An example that uses this sandbox: as user 156, and with the root place of the sample data.
pub fn with_key(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Command {
    let mut command = without_set_up(name, arguments);
    command.env("ROBLOX_API_KEY", sandbox.api_key()).env("ROBLOX_OPEN_CLOUD_URL", sandbox.url());
    command.env("ROBLOX_USER_ID", "156").env("ROBLOX_UNIVERSE_ID", "13058").env("ROBLOX_PLACE_ID", "1818");
    command
}

/// Runs a program. Returns its whole output, and whether it succeeded.
pub fn outcome(command: &mut Command) -> (String, bool) {
    let Output { status, stdout, stderr } = command.output().expect("the example was built");
    (String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(), status.success())
}

/// Runs an example [without set-up](without_set_up). Returns its whole output, and whether it succeeded.
pub fn outcome_without_set_up(name: &str, arguments: &[&str]) -> (String, bool) {
    outcome(&mut without_set_up(name, arguments))
}

/// Runs an example with the key of a sandbox. Returns its output.
#[track_caller]
pub fn succeeds(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> String {
    let output = with_key(sandbox, name, arguments).output().expect("the example was built");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs an example with the key of a sandbox. Returns the one line that it prints when it fails.
#[track_caller]
pub fn fails(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> String {
    let output = with_key(sandbox, name, arguments).output().expect("the example was built");
    assert!(!output.status.success(), "{name} succeeds");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("error: ") && !error.contains("panicked"), "{error}");
    error
}

/// Waits until the last requests of a program that was killed have arrived: for some time, no request and no response is new.
pub fn settle(sandbox: &Sandbox) {
    let count = || {
        let requests = sandbox.requests();
        (requests.len(), requests.iter().filter(|request| request.status.is_some()).count())
    };
    let mut before = count();
    loop {
        thread::sleep(Duration::from_millis(100));
        match count() {
            now if now == before => return,
            now => before = now,
        }
    }
}

/// Starts an example with the app of the sandbox's sample data.
pub fn start(sandbox: &Sandbox, name: &str, redirect_uri: &str, arguments: &[&str]) -> Child {
    with_app(sandbox, name, redirect_uri, arguments).spawn().expect("the example was built")
}

pub fn with_app(sandbox: &Sandbox, name: &str, redirect_uri: &str, arguments: &[&str]) -> Command {
    let mut command = without_set_up(name, arguments);
    command
        .env("ROBLOX_CLIENT_ID", CLIENT_ID)
        .env("ROBLOX_REDIRECT_URI", redirect_uri)
        .env("ROBLOX_OPEN_CLOUD_URL", sandbox.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns the rest of the first line that has these words.
pub fn line_with(output: impl Read, words: &str) -> String {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let line = lines.find_map(|line| line.split_once(words).map(|(_, rest)| format!("{words}{rest}")));
    line.expect("it is printed")
}
