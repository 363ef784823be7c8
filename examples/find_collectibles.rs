//! Prints a user's collectibles: `cargo run --example find_collectibles`

mod common;

use std::process::ExitCode;

use common::show::Counter;
use rblxopencloud::inventory::CollectibleInstanceState;
use rblxopencloud::{InventoryAssetType, InventoryFilter, InventoryItem};

const USAGE: &str = "\
Usage: find_collectibles [TYPE...]

Prints a user's collectibles and their serial numbers: of all types, or of those named, such as HAT.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(types: Vec<String>) -> common::Result<()> {
    common::at_most(usize::MAX, &types)?;
    let setup = common::setup()?;
    let mut filter = InventoryFilter::kinds().only_collectibles();
    if !types.is_empty() {
        filter = filter.asset_types(types.iter().map(|name| InventoryAssetType::from(name.to_uppercase())));
    }
    let (mut count, mut on_hold) = (0, 0);
    let mut counter = Counter::new("collectibles")?;
    for item in setup.user.list_inventory_with(filter) {
        let InventoryItem::Asset(asset) = item? else { continue };
        let Some(details) = asset.collectible_details else { continue };
        count += 1;
        let serial = details.serial_number.map_or_else(|| "-".to_owned(), |number| format!("#{number}"));
        let is_on_hold = details.instance_state == Some(CollectibleInstanceState::Hold);
        on_hold += u32::from(is_on_hold);
        let state = if is_on_hold { "  on hold" } else { "" };
        counter.print(&format!("{:>12}  {:<10} {serial:>6}{state}", asset.id, asset.asset_type));
        counter.add(1);
    }
    drop(counter);
    println!("{count} collectibles, {on_hold} of them on hold");
    Ok(())
}
