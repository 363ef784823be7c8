//! Renames an asset and clears its description. Without an id, uploads a decal first: `cargo run --example update_asset -- [ASSET_ID]`

mod common;

use std::process::ExitCode;

use rblxopencloud::{AssetFile, AssetType, AssetUpdate, AssetUpload};

fn main() -> ExitCode {
    common::run(
        "Usage: update_asset [ASSET_ID]\n\nRenames an asset and clears its description. Without an id, uploads a decal first.",
        run,
    )
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    let setup = common::setup()?;
    let id = match arguments.first() {
        Some(id) => id.parse().map_err(|_| format!("{id:?} is not the id of an asset"))?,
        None => {
            let file = AssetFile::open(common::IMAGE)?;
            let upload = AssetUpload::new(file, AssetType::Decal, "Wooden crate", "To be renamed");
            setup.user.upload_asset(upload)?.wait()?.id
        }
    };

    let update = AssetUpdate::new(id).display_name("Old wooden crate").remove_description();
    let asset = setup.user.update_asset(update)?.wait()?;
    println!("updated {asset}");
    Ok(())
}
