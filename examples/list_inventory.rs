//! Prints some of a user's classic clothes, and counts everything they own: `cargo run --example list_inventory`

mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;

use common::show::{Counter, bar};
use rblxopencloud::{InventoryAssetType, InventoryItem};

fn main() -> ExitCode {
    common::run(
        "Usage: list_inventory\n\nPrints some of a user's classic clothes, and counts everything they own.",
        run,
    )
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(0, &arguments)?;
    let setup = common::setup()?;

    let clothes =
        [InventoryAssetType::ClassicShirt, InventoryAssetType::ClassicTShirt, InventoryAssetType::ClassicPants];
    println!("classic clothes:");
    for item in setup.user.list_inventory().assets(clothes).take(10) {
        if let InventoryItem::Asset(asset) = item? {
            println!("  {:>12}  {}", asset.id, asset.asset_type);
        }
    }

    let mut counts = BTreeMap::new();
    let mut counter = Counter::new("items")?;
    for item in setup.user.list_inventory() {
        *counts.entry(item?.kind()).or_insert(0) += 1;
        counter.add(1);
    }
    drop(counter);
    let all = counts.values().sum();
    println!("all {all} items:");
    for (kind, count) in counts {
        println!("  {} {count:>6} {kind}", bar(count, all));
    }
    Ok(())
}
