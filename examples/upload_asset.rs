//! Uploads a file as the type that its extension suggests: `cargo run --example upload_asset -- [PATH]`
//!
//! With a real key, this creates a real asset, which Roblox moderates.

mod common;

use std::process::ExitCode;

use rblxopencloud::AssetUpload;

const USAGE: &str = "\
Usage: upload_asset [PATH]

Uploads a file as the type that its extension suggests. Defaults to the image of a crate.

If ROBLOX_API_KEY is set, this creates a real asset, which Roblox moderates.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(1, &arguments)?;
    let setup = common::setup()?;
    let path = arguments.into_iter().next().unwrap_or_else(|| common::IMAGE.to_owned());

    let upload = AssetUpload::from_path(&path)?;
    println!("uploading {} ({} bytes) as {} …", upload.file().name(), upload.file().len(), upload.declared_type());
    let operation = setup.user.upload_asset_with(upload)?;
    match operation.wait() {
        Ok(asset) => println!("created {asset}: rbxassetid://{}", asset.id),
        Err(error) if error.can_wait_again() => println!("still pending: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
