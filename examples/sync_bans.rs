//! Bans the users of a file, and shows before what changes: `cargo run --example sync_bans -- bans.txt --apply`

mod common;

use std::fs;
use std::process::ExitCode;

use common::bans::{TERMS, parse};

const USAGE: &str = "\
Usage: sync_bans FILE [--apply] [--lift-others]

Each line of the file has the id of a user, a term and a reason, as in `156 7d Exploiting`. Shows which bans have to be made so
that the experience has those of the file. With --apply, makes them; it can be interrupted and started again. With
--lift-others, bans of other users are lifted, also those that scripts of the game have made.
If ROBLOX_API_KEY is set, real users are banned.";

fn main() -> ExitCode {
    common::run_for_experience(&format!("{USAGE}\n\n{TERMS}"), run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let (mut file, mut apply, mut lift_others) = (None, false, false);
    for argument in arguments {
        match argument.as_str() {
            "--apply" => apply = true,
            "--lift-others" => lift_others = true,
            _ if file.is_none() && !argument.starts_with('-') => file = Some(argument),
            _ => return Err(format!("unexpected argument {argument:?}; see --help").into()),
        }
    }
    let file = file.ok_or("no file is named; see --help")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let bans = parse(&text).map_err(|error| format!("{file}, {error}"))?;
    let setup = common::setup_experience()?;
    let sync = setup.experience.sync_restrictions(bans).lift_others(lift_others);
    let plan = sync.plan()?;
    println!("{plan}");
    if !apply {
        return Ok(());
    }
    let (planned, mut done) = (plan.steps.len(), 0);
    for outcome in sync.apply(plan) {
        match outcome.result {
            Ok(restriction) => {
                done += 1;
                println!("{restriction}");
            }
            Err(error) => eprintln!("{}: {error}", outcome.step),
        }
    }
    match planned - done {
        0 => Ok(()),
        left => Err(format!("{left} of {planned} changes weren't made; run it again").into()),
    }
}
