//! Uploads an image as a decal: `cargo run --example upload_asset -- PATH`
//!
//! With a real key, this makes a real asset, which Roblox moderates.

mod common;

use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind};

fn main() -> common::Result<()> {
    let setup = common::setup()?;
    let path = std::env::args().nth(1).unwrap_or_else(|| common::IMAGE.to_owned());

    let file = AssetFile::open(&path)?;
    println!("uploading {} ({} bytes) …", file.name(), file.len());
    let upload = AssetUpload::new(file, AssetType::Decal, "Wooden crate", "Uploaded by an example");
    let mut operation = setup.user.upload_asset(upload)?;
    match operation.wait() {
        Ok(asset) => println!("done: rbxassetid://{} is {:?}", asset.id, asset.moderation_state),
        Err(error) if error.kind() == ErrorKind::OperationPending => {
            println!("not done yet; ask again later for {:?}", operation.name());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
