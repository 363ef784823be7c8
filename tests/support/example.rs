//! The examples as programs.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rblxopencloud_sandbox::Sandbox;

/// The app of the sandbox's sample data.
pub const CLIENT_ID: &str = "840974200211308101";

/// An example, which is built with the tests.
pub fn example(name: &str) -> Command {
    let test = env::current_exe().expect("this test has a file");
    let target = test.parent().and_then(Path::parent).expect("it lies in deps");
    Command::new(target.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// Starts an example with the app of the sandbox's sample data.
pub fn start(sandbox: &Sandbox, name: &str, redirect_uri: &str, arguments: &[&str]) -> Child {
    with_app(sandbox, name, redirect_uri, arguments).spawn().expect("the example was built")
}

pub fn with_app(sandbox: &Sandbox, name: &str, redirect_uri: &str, arguments: &[&str]) -> Command {
    let mut command = example(name);
    command
        .args(arguments)
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
