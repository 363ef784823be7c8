//! Prints a user's profile: `cargo run --example user_info`

mod common;

use std::process::ExitCode;

fn main() -> ExitCode {
    common::run("Usage: user_info\n\nPrints a user's profile.", run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(0, &arguments)?;
    let setup = common::setup()?;
    let info = setup.user.fetch_info()?;

    println!("{info}, {}", info.profile_url());
    if let Some(created_at) = info.created_at {
        println!("on Roblox since {}", created_at.strftime("%d %B %Y"));
    }
    if !info.about.is_empty() {
        println!("about: {}", info.about);
    }
    let shown = |flag: Option<bool>| match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown without the scope user.advanced:read",
    };
    println!("Premium: {}", shown(info.premium));
    println!("verified by ID: {}", shown(info.id_verified));
    let Some(profiles) = info.social_network_profiles else {
        println!("social profiles: unknown without the scope user.social:read");
        return Ok(());
    };
    for (name, address) in [("YouTube", profiles.youtube), ("Twitch", profiles.twitch), ("Twitter", profiles.twitter)] {
        println!("{name}: {}", address.as_deref().unwrap_or("-"));
    }
    Ok(())
}
