//! What the examples share: the client, `--help`, and how errors are printed.
#![allow(dead_code)]

use std::env;
use std::process::ExitCode;

use rblxopencloud::sandbox::Sandbox;
use rblxopencloud::{Client, User};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The environment variables that every example reads.
const ENVIRONMENT: &str = "\
Environment:
  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used
  ROBLOX_USER_ID         id of the user that the key belongs to
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's";

/// Runs an example with its arguments. Prints `usage` on `--help`, and an error as one line.
pub fn run(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        println!("{usage}\n\n{ENVIRONMENT}");
        return ExitCode::SUCCESS;
    }
    match example(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The user to call for, and the sandbox that responds if no key is set.
pub struct Setup {
    pub user: User,
    pub sandbox: Option<Sandbox>,
}

impl Setup {
    /// Names the owner of uploaded assets, and the service that holds them.
    pub fn publisher(&self) -> String {
        match &self.sandbox {
            Some(_) => "a sandbox".to_owned(),
            None => format!("user {} at {}", self.user.id(), self.user.client().base_url()),
        }
    }
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup() -> Result<Setup> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.to_string_lossy().trim().is_empty());
    if !is_set("ROBLOX_API_KEY") && !is_set("ROBLOX_OPEN_CLOUD_URL") {
        println!("ROBLOX_API_KEY is not set; using a sandbox on this machine.\n");
        let sandbox = Sandbox::builder().demo().start()?;
        let user = sandbox.client().user(156);
        return Ok(Setup { user, sandbox: Some(sandbox) });
    }
    let client = Client::from_env()?;
    let id = env::var("ROBLOX_USER_ID").map_err(|_| "ROBLOX_USER_ID is not set; set it to the id of a user")?;
    let id = id.trim().parse().map_err(|_| format!("ROBLOX_USER_ID is {id:?}; expected the id of a user"))?;
    Ok(Setup { user: client.user(id), sandbox: None })
}

/// The image that the examples upload by default.
pub const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
