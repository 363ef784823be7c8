//! Runs a local Open Cloud until Ctrl-C, for programs in any language.
#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use rblxopencloud_sandbox::Sandbox;

const USAGE: &str = "\
Usage: rblxopencloud-sandbox [--port N] [--allow-host NAME]

Runs a local Open Cloud until Ctrl-C. With --allow-host, it also serves requests for this host, if a proxy or a hosts file leads
here by that name.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let sandbox = match start(arguments) {
        Ok(sandbox) => sandbox,
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::FAILURE;
        }
    };
    println!("The sandbox listens at {} until Ctrl-C. To point a program at it:\n", sandbox.url());
    println!("export ROBLOX_OPEN_CLOUD_URL={}", sandbox.url());
    println!("export ROBLOX_API_KEY={}", sandbox.api_key());
    println!("export ROBLOX_USER_ID=156");
    loop {
        std::thread::park();
    }
}

fn start(arguments: Vec<String>) -> Result<Sandbox, String> {
    let mut sandbox = Sandbox::builder().demo();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => {
                let port = arguments.next().unwrap_or_default();
                sandbox = sandbox.port(port.parse().map_err(|_| format!("invalid port {port:?}; expected --port N"))?);
            }
            "--allow-host" => sandbox = sandbox.allow_host(arguments.next().ok_or("--allow-host needs a name")?),
            other => return Err(format!("unknown argument {other:?}; see --help")),
        }
    }
    sandbox.start().map_err(|error| error.to_string())
}
