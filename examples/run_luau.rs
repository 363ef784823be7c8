//! Runs a Luau script in a place, for CI: `cargo run --example run_luau -- FILE`
//!
//! Without a key, Luau itself runs it on this machine, without a place:
//! `cargo run --example run_luau --features rblxopencloud-sandbox/luau -- FILE`

mod common;

use std::process::ExitCode;
use std::time::Duration;

use rblxopencloud::LuauScript;
use rblxopencloud_sandbox::Sandbox;

const USAGE: &str = "\
Usage: run_luau FILE [--timeout SECONDS]

Runs a script in a place, and prints its log and what it returns. Fails if the script does.
If ROBLOX_API_KEY is set, the script runs in a real place, and can change its data stores.
Without a key, Luau runs it on this machine, without a place, if this is built with the feature rblxopencloud-sandbox/luau.";

fn main() -> ExitCode {
    common::run_for_place(USAGE, run)
}

fn run(mut arguments: Vec<String>) -> common::Result<()> {
    let timeout = match arguments.iter().position(|argument| argument == "--timeout") {
        None => None,
        Some(at) => {
            let seconds = arguments.drain(at..arguments.len().min(at + 2)).nth(1);
            let seconds = seconds.and_then(|text| text.parse().ok());
            Some(seconds.map(Duration::from_secs).ok_or("expected a number of seconds after --timeout; see --help")?)
        }
    };
    common::at_most(1, &arguments)?;
    let path = arguments.first().ok_or("expected the path of a script; see --help")?;
    let script = LuauScript::file(path)?;
    let script = timeout.into_iter().fold(script, LuauScript::timeout);

    let setup = common::setup_place()?;
    if setup.sandbox.is_some() && !Sandbox::RUNS_LUAU {
        return Err("this build can't run scripts without a key; \
                    set ROBLOX_API_KEY, or build it with --features rblxopencloud-sandbox/luau"
            .into());
    }
    let task = setup.place.run_luau(script)?;
    if let Some(name) = task.name() {
        eprintln!("running as {name}");
    }
    let run = task.wait()?;
    for line in &run.logs {
        println!("{line}");
    }
    for result in &run.results {
        println!("=> {result}");
    }
    match run.is_success() {
        true => Ok(()),
        false => Err(run.to_string().into()),
    }
}
