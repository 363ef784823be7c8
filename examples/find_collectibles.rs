//! Prints a user's collectibles: `cargo run --example find_collectibles`

mod common;

use std::process::ExitCode;

use common::show::Counter;
use rblxopencloud::inventory::CollectibleInstanceState;
use rblxopencloud::{InventoryAssetType, InventoryItem};

const USAGE: &str = "\
Usage: find_collectibles [TYPE...]

Prints a user's collectibles and their serial numbers: of all types, or of those named, such as HAT.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(types: Vec<String>) -> common::Result<()> {
    common::at_most(usize::MAX, &types)?;
    let setup = common::setup()?;
    let mut items = setup.user.list_inventory().only_collectibles(true);
    if !types.is_empty() {
        let types: Vec<_> = types.iter().map(|name| InventoryAssetType::from(name.to_uppercase())).collect();
        items = items.assets(types);
    }
    let (mut count, mut on_hold) = (0, 0);
    let mut counter = Counter::new("collectibles")?;
    for item in items {
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
