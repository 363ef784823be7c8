//! Prints who a user is, by name: `cargo run --example who_is -- builderman`

mod common;

use std::process::ExitCode;

use rblxopencloud::ThumbnailOptions;
use rblxopencloud::user::{ThumbnailShape, ThumbnailSize};

const USAGE: &str = "Usage: who_is NAME...\n\nPrints who users are, by their unique names. Defaults to builderman.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(mut names: Vec<String>) -> common::Result<()> {
    common::at_most(usize::MAX, &names)?;
    if names.is_empty() {
        names.push("builderman".to_owned());
    }
    let setup = common::setup()?;
    let client = setup.user.client();

    // This needs no key.
    let found = client.find_users(&names)?;
    for name in &names {
        let Some(found) = found.iter().find(|found| found.requested_username.eq_ignore_ascii_case(name)) else {
            println!("{name}: no such user");
            continue;
        };
        let user = client.user(found.id);
        let info = user.fetch_info()?;
        println!("{info}, user {}", info.id);
        if let Some(created_at) = info.created_at {
            println!("  on Roblox since {}", created_at.strftime("%d %B %Y"));
        }
        if !info.about.is_empty() {
            println!("  {}", info.about.lines().next().unwrap_or_default());
        }
        println!("  in {} groups", user.list_groups().filter_map(Result::ok).count());
        let portrait = ThumbnailOptions::new().size(ThumbnailSize::Px420).shape(ThumbnailShape::Square);
        println!("  {}", user.generate_thumbnail_with(&portrait)?.wait()?.image_uri);
    }
    Ok(())
}
