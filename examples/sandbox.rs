//! Runs a local Open Cloud until Ctrl-C: `cargo run --example sandbox -- --port 4000`
//!
//! Programs in any language can be tried against it.

mod common;

use std::process::ExitCode;

use rblxopencloud_sandbox::Sandbox;

const USAGE: &str = "\
Usage: sandbox [--port N] [--allow-host NAME]

Runs a local Open Cloud until Ctrl-C. With --allow-host, it also serves requests for this host, if a proxy or a hosts file leads
here by that name.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let mut sandbox = Sandbox::builder().demo();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => {
                let port = arguments.next().unwrap_or_default();
                sandbox = sandbox.port(port.parse().map_err(|_| format!("invalid port {port:?}; expected --port N"))?);
            }
            "--allow-host" => {
                sandbox = sandbox.allow_host(arguments.next().ok_or("--allow-host needs a name")?);
            }
            other => return Err(format!("unknown argument {other:?}; see --help").into()),
        }
    }
    let sandbox = sandbox.start()?;

    println!("The sandbox listens at {} until Ctrl-C. To point the other examples at it:\n", sandbox.url());
    println!("export ROBLOX_OPEN_CLOUD_URL={}", sandbox.url());
    println!("export ROBLOX_API_KEY={}", sandbox.api_key());
    println!("export ROBLOX_USER_ID=156");
    loop {
        std::thread::park();
    }
}
