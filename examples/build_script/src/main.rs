//! Prints the id of an asset that was published when this program was built: `cargo run -p build-script-example`

use std::env;
use std::process::ExitCode;

mod assets {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

const USAGE: &str = "\
Usage: build-script-example

Prints the id of an asset that was published when this program was built. Building it publishes assets/ only if PUBLISH_ASSETS is
set; otherwise, the ids come from assets.lock.

Environment of the build:
  PUBLISH_ASSETS         publishes what is new or has changed: real assets, which Roblox moderates
  ROBLOX_API_KEY         API key of the owner of the assets
  ROBLOX_USER_ID         if set, must be the owner of the assets, which is OWNER in build.rs
  ROBLOX_OPEN_CLOUD_URL  base URL in place of Roblox's";

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        None => println!("rbxassetid://{}", assets::CRATE),
        Some("-h" | "--help") => println!("{USAGE}"),
        Some(argument) => {
            eprintln!("error: unexpected argument {argument:?}; see --help");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_ids_are_those_of_the_lock_file() {
        let lock = include_str!("../assets.lock");
        assert!(lock.contains(&format!("\"id\":{},", super::assets::CRATE)), "{lock}");
    }
}
