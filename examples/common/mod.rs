//! What the examples share: the client, arguments and `--help`, and how errors are printed.
#![allow(dead_code, reason = "each example uses a part of it")]

pub mod bans;
pub mod erasing;
pub mod server;
pub mod show;
pub mod table;
pub mod webhook;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use rblxopencloud::{Client, Credentials, Experience, OAuth2App, Place, User};
use rblxopencloud_sandbox::Sandbox;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The environment variables that [`setup`] reads.
const KEY_ENVIRONMENT: &str = "\
Environment:
  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used
  ROBLOX_USER_ID         id of the user that the key belongs to
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// The environment variables that [`app`] reads.
const APP_ENVIRONMENT: &str = "\
Environment:
  ROBLOX_CLIENT_ID       client id of an app; without one, a sandbox on this machine is used
  ROBLOX_CLIENT_SECRET   its secret, unless it is a public app
  ROBLOX_REDIRECT_URI    one of its redirect URIs
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// The environment variables that [`setup_place`] reads.
const PLACE_ENVIRONMENT: &str = "\
Environment:
  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used
  ROBLOX_UNIVERSE_ID     id of the experience; without one, it is looked up
  ROBLOX_PLACE_ID        id of the place
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// Runs an example that calls [`setup`]. Prints `usage` on `--help`, and an error as one line.
pub fn run(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(KEY_ENVIRONMENT, usage, example)
}

/// Runs an example that calls [`setup_place`]. Prints `usage` on `--help`, and an error as one line.
pub fn run_in_experience(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(PLACE_ENVIRONMENT, usage, example)
}

/// Runs an example that calls [`app`]. Prints `usage` on `--help`, and an error as one line.
pub fn run_app(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(APP_ENVIRONMENT, usage, example)
}

/// Runs an example that reads these environment variables. See [`run`].
pub fn run_in(environment: &str, usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        println!("{usage}\n\n{environment}");
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
        [option, port] if option == "--port" => match port.parse() {
            Ok(port) => Ok(Some(port)),
            Err(_) => Err(format!("invalid port {port:?}; expected a number up to 65535").into()),
        },
        [option] if option == "--port" => Err("--port needs a value; see --help".into()),
        [option, _, argument, ..] if option == "--port" => {
            Err(format!("unexpected argument {argument:?}; see --help").into())
        }
        [argument, ..] => Err(format!("unexpected argument {argument:?}; see --help").into()),
    }
}

/// The user to call for, and the sandbox that responds if no key is set.
pub struct Setup {
    pub user: User,
    pub sandbox: Option<Sandbox>,
}

pub fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.to_string_lossy().trim().is_empty())
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup() -> Result<Setup> {
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

/// The place to call for, and the sandbox that responds if no key is set.
pub struct PlaceSetup {
    pub place: Place,
    pub sandbox: Option<Sandbox>,
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn setup_place() -> Result<PlaceSetup> {
    if !is_set("ROBLOX_API_KEY") && !is_set("ROBLOX_OPEN_CLOUD_URL") {
        eprintln!("ROBLOX_API_KEY is not set; using a sandbox on this machine.");
        let sandbox = Sandbox::builder().demo().start()?;
        let place = sandbox.client().experience(13058).place(1818);
        return Ok(PlaceSetup { place, sandbox: Some(sandbox) });
    }
    let client = Client::from_env()?;
    let id = |name: &str| -> Result<u64> {
        let text = env::var(name).map_err(|_| format!("{name} is not set; set it to an id"))?;
        Ok(text.trim().parse().map_err(|_| format!("{name} is {text:?}; expected an id"))?)
    };
    let place = id("ROBLOX_PLACE_ID")?;
    let place = match is_set("ROBLOX_UNIVERSE_ID") {
        true => client.experience(id("ROBLOX_UNIVERSE_ID")?).place(place),
        false => client.place(place),
    };
    Ok(PlaceSetup { place, sandbox: None })
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

/// The environment variables that [`experience`] reads.
const EXPERIENCE_ENVIRONMENT: &str = "\
Environment:
  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used
  ROBLOX_UNIVERSE_ID     universe id of the experience
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// Runs an example that calls [`experience`]. Prints `usage` on `--help`, and an error as one line.
pub fn run_experience(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(EXPERIENCE_ENVIRONMENT, usage, example)
}

/// The experience to call for, and the sandbox that responds if no key is set.
pub struct ExperienceSetup {
    pub experience: Experience,
    pub sandbox: Option<Sandbox>,
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn experience() -> Result<ExperienceSetup> {
    if !is_set("ROBLOX_API_KEY") && !is_set("ROBLOX_OPEN_CLOUD_URL") {
        println!("ROBLOX_API_KEY is not set; using a sandbox on this machine.\n");
        let sandbox = Sandbox::builder().demo().start()?;
        let experience = sandbox.client().experience(13058);
        return Ok(ExperienceSetup { experience, sandbox: Some(sandbox) });
    }
    let client = Client::from_env()?;
    let id = env::var("ROBLOX_UNIVERSE_ID").map_err(|_| "ROBLOX_UNIVERSE_ID is not set; set it to a universe id")?;
    let id = id.trim().parse().map_err(|_| format!("ROBLOX_UNIVERSE_ID is {id:?}; expected a universe id"))?;
    Ok(ExperienceSetup { experience: client.experience(id), sandbox: None })
}

/// The environment variables that [`client`] reads.
const CLIENT_ENVIRONMENT: &str = "\
Environment:
  ROBLOX_API_KEY         API key; without one, a sandbox on this machine is used
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's
  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy, and which hosts need none";

/// Runs an example that calls [`client`]. Prints `usage` on `--help`, and an error as one line.
pub fn run_client(usage: &str, example: impl FnOnce(Vec<String>) -> Result<()>) -> ExitCode {
    run_in(CLIENT_ENVIRONMENT, usage, example)
}

/// Reads the environment. Without a key and a base URL, starts a sandbox.
pub fn client() -> Result<(Client, Option<Sandbox>)> {
    if is_set("ROBLOX_API_KEY") || is_set("ROBLOX_OPEN_CLOUD_URL") {
        return Ok((Client::from_env()?, None));
    }
    println!("ROBLOX_API_KEY is not set; using a sandbox on this machine.\n");
    let sandbox = Sandbox::builder().demo().start()?;
    Ok((sandbox.client(), Some(sandbox)))
}
