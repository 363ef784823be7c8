//! Calls endpoints by their method and path: `cargo run --example any_endpoint -- [COMMAND]`
//!
//! With a real key, the commands publish a real place and create a real game pass.

mod common;

use std::process::ExitCode;

use rblxopencloud::endpoints::Budget;
use rblxopencloud::{Body, Client, Endpoint, Method, Multipart, Paging};
use rblxopencloud_sandbox::Fault;
use serde::Deserialize;
use serde_json::{Value, json};

const USAGE: &str = "\
Usage: any_endpoint [COMMAND]

Calls endpoints by their method and path, as for those without a method of their own. Without a command, lists the user's
memberships in groups.

Commands:
  publish UNIVERSE PLACE FILE    publishes a place file
  game-pass UNIVERSE NAME IMAGE  creates a game pass that isn't for sale

If ROBLOX_API_KEY is set, the commands publish a real place and create a real game pass.";

/// An endpoint with its budget: the client waits instead of exceeding it.
const PUBLISH_PLACE: Endpoint =
    Endpoint::post("/universes/v1/{universe}/places/{place}/versions").with_key_budget(Budget::per_minute(30));

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let setup = common::setup()?;
    // The sandbox doesn't serve these endpoints.
    let respond = |path: &str, body: Value| {
        if let Some(sandbox) = &setup.sandbox {
            sandbox.inject(Fault::status(200).body(body.to_string()).on("POST", path));
        }
    };
    let client = setup.user.client();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => list_memberships(client, setup.user.id()),
        ["publish", universe, place, file] => {
            respond("/universes/v1/", json!({ "versionNumber": 7 }));
            publish(client, universe, place, file)
        }
        ["game-pass", universe, name, image] => {
            respond("/game-passes/v1/", json!({ "gamePassId": 777, "name": name }));
            create_game_pass(client, universe, name, image)
        }
        [command @ ("publish" | "game-pass"), ..] => Err(format!("{command} takes three arguments; see --help").into()),
        [command, ..] => Err(format!("unknown command {command:?}; see --help").into()),
    }
}

#[derive(Deserialize)]
struct Membership {
    path: String,
    role: String,
}

/// A listing. Its pages are fetched as needed.
fn list_memberships(client: &Client, user: u64) -> common::Result<()> {
    let memberships = client
        .request(Method::Get, "/cloud/v2/groups/{group}/memberships")
        .param("group", "-")
        .query("filter", format!("user in ['users/{user}']"))
        .paging(Paging::page_tokens().page_size(100));
    for membership in memberships.pages_of::<Membership>("groupMemberships") {
        let membership = membership?;
        println!("{} as {}", membership.path, membership.role);
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version_number: u64,
}

/// The body is a file, which is streamed.
fn publish(client: &Client, universe: &str, place: &str, file: &str) -> common::Result<()> {
    let file = Body::file(file)?.on_progress(|progress| eprintln!("{} of {} bytes", progress.sent, progress.total));
    let version: Version = client
        .call(&PUBLISH_PLACE)
        .param("universe", universe)
        .param("place", place)
        .query("versionType", "Published")
        .body(file)
        .fetch()?;
    println!("published version {} of place {place}", version.version_number);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GamePass {
    game_pass_id: u64,
    name: String,
}

/// The body is a form. Its files are streamed.
fn create_game_pass(client: &Client, universe: &str, name: &str, image: &str) -> common::Result<()> {
    let form = Multipart::new()
        .text("name", name)
        .text("isForSale", false)
        .part("imageFile", Body::file(image)?.content_type("image/png"));
    let game_pass: GamePass = client
        .request(Method::Post, "/game-passes/v1/universes/{universe}/game-passes")
        .param("universe", universe)
        .body(form)
        // The service may repeat it in a message.
        .echo(name)
        .fetch()?;
    println!("created game pass {} ({})", game_pass.game_pass_id, game_pass.name);
    Ok(())
}
