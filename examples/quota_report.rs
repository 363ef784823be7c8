//! Prints how many assets a user can still upload: `cargo run --example quota_report`

mod common;

use std::process::ExitCode;

use common::show::bar;
use rblxopencloud::AssetType;
use rblxopencloud::user::{AssetQuotaFilter, AssetQuotaKind};

const USAGE: &str = "\
Usage: quota_report

Prints how many assets of each type a user can still upload, and when that changes. The bar is what is left. Fails if nothing
is left of a type.";

fn main() -> ExitCode {
    common::run(USAGE, run)
}

fn run(arguments: Vec<String>) -> common::Result<()> {
    common::at_most(0, &arguments)?;
    let setup = common::setup()?;
    if let Some(sandbox) = &setup.sandbox {
        sandbox.set_quota(AssetType::Audio, 10);
        sandbox.set_quota(AssetType::Video, 20);
    }
    let uploads = AssetQuotaFilter::new().kind(AssetQuotaKind::RateLimitUpload);
    let mut exhausted = Vec::new();
    for quota in setup.user.list_asset_quotas_with(uploads) {
        let quota = quota?;
        let asset_type = quota.asset_type.as_ref().map_or("?", |named| named.as_str()).to_owned();
        let period = quota.period.as_ref().map_or("period", |period| period.as_str()).to_lowercase();
        let resets = quota.resets_at.map_or_else(String::new, |time| format!(", resets on {}", time.strftime("%d %B")));
        let (Some(remaining), Some(capacity)) = (quota.remaining(), quota.capacity) else {
            println!("{asset_type:<12} the service doesn't tell what is left");
            continue;
        };
        let bar = bar(remaining, capacity);
        println!("{asset_type:<12} {bar} {remaining:>5} of {capacity:>5} left this {period}{resets}");
        if remaining == 0 {
            exhausted.push(asset_type);
        }
    }
    match exhausted.as_slice() {
        [] => Ok(()),
        types => Err(format!("nothing is left of {}", types.join(", ")).into()),
    }
}
