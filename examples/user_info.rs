//! Prints a user's profile: `cargo run --example user_info`

mod common;

fn main() -> common::Result<()> {
    let setup = common::setup()?;
    let info = setup.user.fetch_info()?;

    println!("{} (@{}), {}", info.display_name, info.username, info.profile_url());
    if let Some(created_at) = info.created_at {
        println!("with Roblox since {}", created_at.strftime("%d %B %Y"));
    }
    if !info.about.is_empty() {
        println!("about: {}", info.about);
    }
    let said = |yes: Option<bool>| {
        yes.map_or("not told without the scope user.advanced:read", |yes| ["no", "yes"][usize::from(yes)])
    };
    println!("Premium: {}", said(info.premium));
    println!("verified by ID: {}", said(info.id_verified));
    match info.social_network_profiles {
        None => println!("profiles elsewhere: not told without the scope user.social:read"),
        Some(profiles) => {
            for (name, address) in
                [("YouTube", profiles.youtube), ("Twitch", profiles.twitch), ("Twitter", profiles.twitter)]
            {
                println!("{name}: {}", address.as_deref().unwrap_or("-"));
            }
        }
    }
    Ok(())
}
