//! Shows who changed a place, keeps a version as a file, and goes back to one: `cargo run --example place_history -- 1818`

mod common;

use std::process::ExitCode;

use rblxopencloud::{Client, Place};

const USAGE: &str = "\
Usage: place_history PLACE
       place_history PLACE download VERSION FILE
       place_history PLACE rollback VERSION

Shows the versions of a place, newest first: whether each was published, when, by whom and with which notes. `download`
saves a version as a file. `rollback` publishes a version again.

If ROBLOX_API_KEY is set, `rollback` changes a real place: new servers run the version at once.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(4, &arguments)?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [id, action @ ..] = words.as_slice() else { return Err("expected the id of a place; see --help".into()) };
    let setup = common::setup()?;
    let place = setup.user.client().place(number("place", id)?);
    if setup.sandbox.is_some() {
        fill(setup.user.client())?;
    }
    match action {
        [] => show(&place),
        ["download", version, file] => {
            let size = place.download_version(number("version", version)?, file)?;
            println!("{file}: {size} bytes");
            Ok(())
        }
        ["rollback", version] => {
            // What is live now is written down before it changes.
            println!("{} was live", place.live_version()?);
            let version = place.rollback(number("version", version)?)?;
            println!("{version} is live");
            Ok(())
        }
        _ => Err("expected nothing else, download VERSION FILE, or rollback VERSION; see --help".into()),
    }
}

fn show(place: &Place) -> common::Result<()> {
    let mut versions = 0;
    for entry in place.list_history() {
        let entry = entry?;
        let state = match entry.is_published {
            Some(true) => "published",
            Some(false) => "saved",
            None => "unknown",
        };
        let time = entry.created_at.map(|time| time.to_string()).unwrap_or_default();
        let by = entry.created_by.map(|id| format!("user {id}")).unwrap_or_default();
        println!("{:>6}  {state:<9}  {time:<30}  {by:<16}  {}", entry.version, entry.title.unwrap_or_default());
        versions += 1;
    }
    let contributors = place.list_contributors().collect::<Result<Vec<_>, _>>()?;
    println!("{versions} versions by {} users", contributors.len());
    Ok(())
}

fn number(what: &str, text: &str) -> common::Result<u64> {
    text.parse().map_err(|_| format!("{text:?} isn't the number of a {what}; see --help").into())
}

/// Gives the place of the sandbox a history.
fn fill(client: &Client) -> common::Result<()> {
    let place = client.place(1818);
    for (content, title) in [("meadow", "First map"), ("river", "A river"), ("bridge", "A bridge")] {
        let version = place.publish([common::PLACE, content.as_bytes()].concat())?;
        place.version(version.number).set_notes(title, "")?;
    }
    place.save([common::PLACE, &b"castle"[..]].concat())?;
    Ok(())
}
