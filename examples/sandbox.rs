//! Runs a local Open Cloud until Ctrl-C: `cargo run --example sandbox -- --port 4000`
//!
//! Programs in any language can be tried against it.

mod common;

use std::process::ExitCode;

use rblxopencloud::sandbox::Sandbox;

fn main() -> ExitCode {
    common::run("Usage: sandbox [--port N]\n\nRuns a local Open Cloud until Ctrl-C.", run)
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
            other => return Err(format!("unknown argument {other:?}; expected --port N").into()),
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
