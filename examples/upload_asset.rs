//! Uploads a file as what its extension says: `cargo run --example upload_asset -- PATH`
//!
//! With a real key, this makes a real asset, which Roblox moderates.

mod common;

use rblxopencloud::{AssetUpload, ErrorKind};

fn main() -> common::Result<()> {
    let setup = common::setup()?;
    let path = std::env::args().nth(1).unwrap_or_else(|| common::IMAGE.to_owned());

    let upload = AssetUpload::from_path(&path)?;
    println!("uploading {} ({} bytes) as {} …", upload.file().name(), upload.file().len(), upload.declared_type());
    let operation = setup.user.upload_asset(upload)?;
    match operation.wait() {
        Ok(asset) => println!("done: rbxassetid://{} is {:?}", asset.id, asset.moderation_state),
        Err(error) if error.kind() == ErrorKind::OperationPending => {
            println!("not done yet; ask again later for {:?}", operation.name());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
