//! A local Open Cloud as a process of its own, until Ctrl-C: `cargo run --example sandbox -- --port 4000`
//!
//! Programs in any language can then be tried against it.

use rblxopencloud::sandbox::Sandbox;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sandbox = Sandbox::builder().demo();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => sandbox = sandbox.port(arguments.next().ok_or("--port needs a number")?.parse()?),
            other => return Err(format!("unknown argument {other}; there is --port N").into()),
        }
    }
    let sandbox = sandbox.start()?;

    println!("A sandbox answers at {}, until Ctrl-C. To let the other examples ask it:\n", sandbox.url());
    println!("export ROBLOX_OPEN_CLOUD_URL={}", sandbox.url());
    println!("export ROBLOX_API_KEY={}", sandbox.api_key());
    println!("export ROBLOX_USER_ID=156");
    loop {
        std::thread::park();
    }
}
