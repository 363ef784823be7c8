//! Bans a user from an experience, or lifts a ban: `cargo run --example ban -- restrict 156 7d Exploiting`

mod common;

use std::process::ExitCode;

use common::bans::{TERMS, restriction};
use rblxopencloud::experience::RestrictionLogFilter;

const USAGE: &str = "\
Usage: ban show USER
       ban restrict USER TERM [REASON...]
       ban lift USER

Tells whether a user may join an experience, and what was changed about that; keeps the user out; or lets the user in again.
If ROBLOX_API_KEY is set, a real user is banned.";

fn main() -> ExitCode {
    common::run_for_experience(&format!("{USAGE}\n\n{TERMS}"), run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (command, user, rest) = match words.as_slice() {
        [command @ ("show" | "lift"), user] => (*command, user, &[][..]),
        ["restrict", user, rest @ ..] if !rest.is_empty() => ("restrict", user, rest),
        _ => return Err("unknown arguments; see --help".into()),
    };
    let user: u64 = user.parse().map_err(|_| format!("{user:?} isn't the id of a user"))?;
    let setup = common::setup_experience()?;
    let experience = &setup.experience;
    let after = match command {
        "restrict" => experience.restrict_user(user, restriction(rest[0], &rest[1..].join(" "))?)?,
        "lift" => experience.lift_restriction(user)?,
        _ => experience.fetch_restriction(user)?,
    };
    println!("{after}");
    if command == "show" {
        for change in experience.list_restriction_logs_with(RestrictionLogFilter::new().user(user)) {
            println!("{}", change?);
        }
    }
    Ok(())
}
