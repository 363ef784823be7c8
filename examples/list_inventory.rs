//! Prints a user's classic clothes and then counts all that they own: `cargo run --example list_inventory`

mod common;

use std::collections::BTreeMap;

use rblxopencloud::{InventoryAssetType, InventoryFilter, InventoryItem};

fn main() -> common::Result<()> {
    let setup = common::setup()?;

    let clothes = InventoryFilter::kinds().asset_types([
        InventoryAssetType::ClassicShirt,
        InventoryAssetType::ClassicTShirt,
        InventoryAssetType::ClassicPants,
    ]);
    println!("classic clothes:");
    for item in setup.user.list_inventory_with(clothes).take(10) {
        if let InventoryItem::Asset(asset) = item? {
            println!("  {:>12}  {}", asset.id, asset.asset_type);
        }
    }

    let mut counts = BTreeMap::new();
    for item in setup.user.list_inventory() {
        let kind = match item? {
            InventoryItem::Asset(_) => "assets",
            InventoryItem::Badge(_) => "badges",
            InventoryItem::GamePass(_) => "game passes",
            InventoryItem::PrivateServer(_) => "private servers",
            _ => "of kinds that this version doesn't know",
        };
        *counts.entry(kind).or_insert(0) += 1;
    }
    println!("in all:");
    for (kind, count) in counts {
        println!("  {count:>6} {kind}");
    }
    Ok(())
}
