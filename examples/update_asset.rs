//! Renames an asset and clears its description: `cargo run --example update_asset -- ASSET_ID`
//!
//! Without an id it uploads a decal first.

mod common;

use rblxopencloud::{AssetFile, AssetType, AssetUpdate, AssetUpload};

fn main() -> common::Result<()> {
    let setup = common::setup()?;
    let id = match std::env::args().nth(1) {
        Some(id) => id.parse()?,
        None => {
            let file = AssetFile::open(common::IMAGE)?;
            let upload = AssetUpload::new(file, AssetType::Decal, "Wooden crate", "To be renamed");
            setup.user.upload_asset(upload)?.wait()?.id
        }
    };

    let update = AssetUpdate::new(id).display_name("Old wooden crate").remove_description();
    let asset = setup.user.update_asset(update)?.wait()?;
    println!("{}: {:?}, description {:?}", asset.id, asset.display_name, asset.description);
    Ok(())
}
