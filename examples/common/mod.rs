//! What the examples share: the client, arguments and `--help`, and how errors are printed.
#![allow(dead_code, reason = "each example uses a part of it")]

pub mod bans;
pub mod bulk;
pub mod erasing;
pub mod server;
pub mod show;
pub mod table;
pub mod webhook;

use std::env;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use rblxopencloud::{Client, Credentials, Experience, OAuth2App, Place, User};
use rblxopencloud_sandbox::Sandbox;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Environment variables of several examples, for `--help`.
const KEY: &str = "  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used";
pub const SERVICE: &str = "  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// Runs an example that calls [`setup`]. Prints `usage` on `--help`, and an error as one line.
pub fn run(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(&[KEY, "  ROBLOX_USER_ID         id of the user that the key belongs to", SERVICE], usage, example)
}

/// Runs an example that calls [`setup_client`]. See [`run`].
pub fn run_for_client(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(&[KEY, SERVICE], usage, example)
}

/// Runs an example that calls [`setup_experience`]. See [`run`].
pub fn run_for_experience(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(&[KEY, "  ROBLOX_UNIVERSE_ID     universe id of the experience", SERVICE], usage, example)
}

/// Runs an example that calls [`setup_place`]. See [`run`].
pub fn run_for_place(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    let ids = "  ROBLOX_UNIVERSE_ID     universe id of the experience; without one, it is looked up
  ROBLOX_PLACE_ID        id of the place";
    run_in(&[KEY, ids, SERVICE], usage, example)
}

/// Runs an example that calls [`app`]. See [`run`].
pub fn run_app(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    let app = "  ROBLOX_CLIENT_ID       client id of an app; without one, a sandbox on this machine is used
  ROBLOX_CLIENT_SECRET   its secret, unless it is a public app
  ROBLOX_REDIRECT_URI    one of its redirect URIs";
    run_in(&[app, SERVICE], usage, example)
}

/// Runs an example that reads these environment variables. See [`run`].
pub fn run_in(variables: &[&str], usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        println!("{usage}\n\nEnvironment:\n{}", variables.join("\n"));
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

/// Refuses options and more than `most` arguments.
pub fn at_most(most: usize, arguments: &[String]) -> Result<()> {
    let is_unexpected = |(index, argument): &(usize, &String)| *index >= most || argument.starts_with('-');
    match arguments.iter().enumerate().find(is_unexpected) {
        Some((_, argument)) => Err(format!("unexpected argument {argument:?}; see --help").into()),
        None => Ok(()),
    }
}

/// Reads the one option of the servers, `--port PORT`.
pub fn port(arguments: &[String]) -> Result<Option<u16>> {
    match arguments {
        [] => Ok(None),
        [option] if option == "--port" => Err("--port needs a value; see --help".into()),
        [option, port] if option == "--port" => port_number(port).map(Some),
        [option, _, argument, ..] if option == "--port" => {
            Err(format!("unexpected argument {argument:?}; see --help").into())
        }
        [argument, ..] => Err(format!("unexpected argument {argument:?}; see --help").into()),
    }
}

pub fn port_number(text: &str) -> Result<u16> {
    text.parse().map_err(|_| format!("invalid port {text:?}; expected a number up to 65535").into())
}

/// Reads a number of an argument.
pub fn number<N: FromStr>(text: &str) -> Result<N> {
    text.parse().map_err(|_| format!("{text:?} isn't a number that fits here; see --help").into())
}

pub fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.to_string_lossy().trim().is_empty())
}

/// Starts a sandbox if neither a key nor a base URL is set.
fn sandbox() -> Result<Option<Sandbox>> {
    if is_set("ROBLOX_API_KEY") || is_set("ROBLOX_OPEN_CLOUD_URL") {
        return Ok(None);
    }
    // The output is that of the example.
    eprintln!("ROBLOX_API_KEY is not set; using a sandbox on this machine.\n");
    Ok(Some(Sandbox::builder().demo().start()?))
}

/// Reads the id of such a thing from the environment.
fn id(name: &str, what: &str) -> Result<u64> {
    let text = env::var(name).map_err(|_| format!("{name} is not set; set it to the id of {what}"))?;
    Ok(text.trim().parse().map_err(|_| format!("{name} is {text:?}; expected the id of {what}"))?)
}

/// The user to call for, and the sandbox that responds if no key is set.
pub struct Setup {
    pub user: User,
    pub sandbox: Option<Sandbox>,
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup() -> Result<Setup> {
    let sandbox = sandbox()?;
    let user = match &sandbox {
        Some(sandbox) => sandbox.client().user(156),
        None => Client::from_env()?.user(id("ROBLOX_USER_ID", "a user")?),
    };
    Ok(Setup { user, sandbox })
}

/// Reads the environment. Without a key and a base URL, starts a sandbox, which responds then.
pub fn setup_client() -> Result<(Client, Option<Sandbox>)> {
    let sandbox = sandbox()?;
    let client = match &sandbox {
        Some(sandbox) => sandbox.client(),
        None => Client::from_env()?,
    };
    Ok((client, sandbox))
}

/// The experience to call for, and the sandbox that responds if no key is set.
pub struct ExperienceSetup {
    pub experience: Experience,
    pub sandbox: Option<Sandbox>,
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup_experience() -> Result<ExperienceSetup> {
    let sandbox = sandbox()?;
    let experience = match &sandbox {
        Some(sandbox) => sandbox.client().experience(13058),
        None => Client::from_env()?.experience(id("ROBLOX_UNIVERSE_ID", "an experience")?),
    };
    Ok(ExperienceSetup { experience, sandbox })
}

/// The place to call for, and the sandbox that responds if no key is set.
pub struct PlaceSetup {
    pub place: Place,
    pub sandbox: Option<Sandbox>,
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup_place() -> Result<PlaceSetup> {
    let sandbox = sandbox()?;
    let place = match &sandbox {
        Some(sandbox) => sandbox.client().experience(13058).place(1818),
        None => {
            let (client, place) = (Client::from_env()?, id("ROBLOX_PLACE_ID", "a place")?);
            match is_set("ROBLOX_UNIVERSE_ID") {
                true => client.experience(id("ROBLOX_UNIVERSE_ID", "an experience")?).place(place),
                false => client.place(place),
            }
        }
    };
    Ok(PlaceSetup { place, sandbox })
}

/// Reads the app from the environment. Without one, starts a sandbox that has it. `timeout` limits each call.
pub fn app(redirect_uri: &str, timeout: Duration) -> Result<(OAuth2App, Option<Sandbox>)> {
    let client = Client::builder(Credentials::none()).timeout(timeout);
    if !is_set("ROBLOX_CLIENT_ID") {
        println!("ROBLOX_CLIENT_ID is not set; using a sandbox on this machine.\n");
        let sandbox = Sandbox::builder().demo().start()?;
        sandbox.set_inventory_private(156, true);
        let app = sandbox.oauth2_app(redirect_uri).client(&client.base_url(sandbox.url()).build()?);
        return Ok((app, Some(sandbox)));
    }
    let value = |name: &str| env::var(name).map(|value| value.trim().to_owned());
    let client = match is_set("ROBLOX_OPEN_CLOUD_URL") {
        true => client.base_url(value("ROBLOX_OPEN_CLOUD_URL")?),
        false => client,
    };
    let redirect_uri = match is_set("ROBLOX_REDIRECT_URI") {
        true => value("ROBLOX_REDIRECT_URI")?,
        false => redirect_uri.to_owned(),
    };
    let app = OAuth2App::new(value("ROBLOX_CLIENT_ID")?, redirect_uri).client(&client.build()?);
    Ok(match is_set("ROBLOX_CLIENT_SECRET") {
        true => (app.secret(value("ROBLOX_CLIENT_SECRET")?), None),
        false => (app, None),
    })
}

/// The image that the examples upload by default.
pub const IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");

/// The signature of the binary format, which is the smallest place.
pub const PLACE: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n";
