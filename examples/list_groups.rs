//! Prints the groups that a user is in: `cargo run --example list_groups`

mod common;

use std::process::ExitCode;

fn main() -> ExitCode {
    common::run("Usage: list_groups\n\nPrints the groups that a user is in.", run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(0, &arguments)?;
    let setup = common::setup()?;
    for member in setup.user.list_groups().with_names() {
        let member = member?;
        let since = member.created_at.map_or_else(|| "?".to_owned(), |time| time.strftime("%Y-%m-%d").to_string());
        println!("{member}, since {since}");
    }
    Ok(())
}
