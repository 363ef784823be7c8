//! Shows every kind of call in one run: `cargo run --example tour`
//!
//! With a real key, this creates a real asset, which Roblox moderates.

mod common;

use std::process::ExitCode;

use rblxopencloud::asset::{SocialLink, SocialLinkKind};
use rblxopencloud::{AssetType, AssetUpdate, InventoryAssetType, InventoryItem};

const USAGE: &str = "\
Usage: tour

Shows every kind of call in one run: reads a profile, an inventory and groups, and uploads and updates a decal.

If ROBLOX_API_KEY is set, this creates a real asset, which Roblox moderates.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(0, &arguments)?;
    let setup = common::setup()?;
    let user = &setup.user;

    let info = user.fetch_info()?;
    println!("User {} is {info}.", info.id);

    let (mut assets, mut others) = (0, 0);
    for item in user.list_inventory() {
        match item? {
            InventoryItem::Asset(_) => assets += 1,
            _ => others += 1,
        }
    }
    println!("\nThey own {assets} assets and {others} other items. Some of the clothes:");
    let clothes = [InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicPants];
    for item in user.list_inventory().assets(clothes).take(3) {
        if let InventoryItem::Asset(asset) = item? {
            println!("  {} {}", asset.asset_type, asset.id);
        }
    }
    let badges = user.list_inventory().badges([111, 222]).game_passes([777]).count();
    println!("Of the badges 111 and 222 and the game pass 777, they own {badges}.");

    println!("\nTheir groups:");
    for member in user.list_groups().with_names() {
        let member = member?;
        println!("  {member}");
    }

    println!("\nUploading {} …", common::IMAGE.rsplit('/').next().unwrap_or_default());
    let operation = user.upload_asset(common::IMAGE, AssetType::Decal, "Wooden crate", "A sturdy one")?;
    let asset = operation.wait()?;
    println!("  created {asset}");

    let link = SocialLink::new("https://github.com/your-repo").title("Source");
    let update = AssetUpdate::new(asset.id).display_name("Old crate").social_link(SocialLinkKind::GitHub, link);
    let asset = user.update_asset_with(update)?.wait()?;
    println!("  updated {asset}, which links to {:?}", asset.social_links.keys());
    Ok(())
}
