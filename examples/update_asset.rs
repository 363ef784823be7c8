//! Renames an asset and clears its description. Without an id, uploads a decal first: `cargo run --example update_asset -- [ASSET_ID]`
//!
//! With a real key, this changes or creates a real asset, which Roblox moderates.

mod common;

use std::process::ExitCode;

use rblxopencloud::{AssetFile, AssetType, AssetUpdate, AssetUpload};

const USAGE: &str = "\
Usage: update_asset [ASSET_ID]

Renames an asset and clears its description. Without an id, uploads a decal first.

If ROBLOX_API_KEY is set, this changes or creates a real asset, which Roblox moderates.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(1, &arguments)?;
    let setup = common::setup()?;
    let id = match arguments.first() {
        Some(id) => id.parse().map_err(|_| format!("{id:?} isn't the id of an asset"))?,
        None => {
            let file = AssetFile::open(common::IMAGE)?;
            let upload = AssetUpload::new(file, AssetType::Decal, "Wooden crate", "To be renamed");
            setup.user.upload_asset_with(upload)?.wait()?.id
        }
    };

    let update = AssetUpdate::new(id).display_name("Old wooden crate").remove_description();
    let asset = setup.user.update_asset_with(update)?.wait()?;
    println!("updated {asset}");
    Ok(())
}
