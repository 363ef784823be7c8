//! Publishes `assets/` if `PUBLISH_ASSETS` is set, with the key in `ROBLOX_API_KEY`. Otherwise, it takes the ids from
//! `assets.lock`, without a key and without the network.

use std::env;
use std::error::Error;
use std::path::Path;

use rblxopencloud::publish::Publisher;
use rblxopencloud::{Client, Credentials};

/// The user whose assets the committed lock file holds. To publish as another user, change this and remove the lock file.
const OWNER: u64 = 156;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=assets.lock");
    println!("cargo::rerun-if-env-changed=PUBLISH_ASSETS");
    println!("cargo::rerun-if-env-changed=ROBLOX_USER_ID");
    let publishes = env::var_os("PUBLISH_ASSETS").is_some_and(|value| !value.is_empty());
    let client = if publishes { Client::from_env()? } else { Client::new(Credentials::none()) };
    let other = env::var("ROBLOX_USER_ID").ok().filter(|user| publishes && user.trim() != OWNER.to_string());
    if let Some(other) = other {
        let problem = format!("ROBLOX_USER_ID is {other:?}, but the assets belong to user {OWNER}");
        return Err(format!(
            "{problem}; to publish as another user, change OWNER in build.rs and remove the lock file"
        )
        .into());
    }

    let module = Path::new(&env::var("OUT_DIR")?).join("assets.rs");
    let publisher = Publisher::new(&client.user(OWNER)).folder("assets").rust(module);
    if publishes {
        publisher.run()?.check()?;
    } else if let Err(error) = publisher.write_modules()?.check() {
        println!("cargo::warning={error}");
    }
    Ok(())
}
