//! All that there is, in one run: `cargo run --example tour`
//!
//! With a real key, this makes a real asset, which Roblox moderates.

mod common;

use rblxopencloud::{
    AssetFile, AssetType, AssetUpdate, AssetUpload, InventoryAssetType, InventoryFilter, InventoryItem, SocialLink,
    SocialLinkKind,
};

fn main() -> common::Result<()> {
    let setup = common::setup()?;
    let user = &setup.user;

    let info = user.fetch_info()?;
    println!("User {} is {}, known as @{}.", info.id, info.display_name, info.username);

    let (mut assets, mut others) = (0, 0);
    for item in user.list_inventory() {
        match item? {
            InventoryItem::Asset(_) => assets += 1,
            _ => others += 1,
        }
    }
    println!("\nThey own {assets} assets and {others} other things, among the assets these clothes:");
    let clothes =
        InventoryFilter::kinds().asset_types([InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicPants]);
    for item in user.list_inventory_with(clothes).take(3) {
        if let InventoryItem::Asset(asset) = item? {
            println!("  {} {}", asset.asset_type, asset.id);
        }
    }
    let badges = user.list_inventory_with(InventoryFilter::ids().badges([111, 222]).game_passes([777])).count();
    println!("Of the badges 111 and 222 and the game pass 777 they have {badges}.");

    println!("\nThey are in these groups:");
    for member in user.list_groups() {
        let member = member?;
        println!("  {member}");
    }

    println!("\nUploading {} …", common::IMAGE.rsplit('/').next().unwrap_or_default());
    let file = AssetFile::open(common::IMAGE)?;
    let operation = user.upload_asset(AssetUpload::new(file, AssetType::Decal, "Wooden crate", "A sturdy one"))?;
    let asset = operation.wait()?;
    println!(
        "  made rbxassetid://{}, {}",
        asset.id,
        asset.moderation_state.map_or("unseen".into(), |state| state.to_string())
    );

    let link = SocialLink::new("https://github.com/your-repo").title("Source");
    let update = AssetUpdate::new(asset.id).display_name("Old crate").social_link(SocialLinkKind::GitHub, link);
    let asset = user.update_asset(update)?.wait()?;
    println!("  renamed to {:?} and linked to {:?}", asset.display_name.unwrap_or_default(), asset.social_links.keys());
    Ok(())
}
