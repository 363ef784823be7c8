//! Measures how well a rate limit is used: `cargo bench --bench rate_limit`
//!
//! A sandbox accepts 100 requests in each window. One process lists 500 pages with 4 threads; then 4 independent processes
//! list 500 pages with 1 thread each. The ideal time is that in which each window is used up: the last page comes as the last
//! window begins.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Client, InventoryAssetType, InventoryItem};
use rblxopencloud_sandbox::{RateLimit, Sandbox};

const LIMIT: u64 = 100;
const PAGES: u64 = 500;
const KEY: &str = "sandbox-api-key";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--child") {
        return list(&arguments[at + 1], arguments[at + 2].parse()?);
    }
    println!("{:>24} {:>8} {:>10} {:>10} {:>9} {:>6}", "", "window", "shortest", "took", "busy", "429s");
    for (processes, threads) in [(1, 4), (4, 1), (4, 4)] {
        for window in [Duration::from_millis(500), Duration::from_secs(2)] {
            run(processes, threads, window)?;
        }
    }
    Ok(())
}

fn run(processes: u64, threads: u64, window: Duration) -> Result<()> {
    let sandbox = Sandbox::start()?;
    // Each thread lists a whole inventory, so that the number of pages is the same in both cases.
    let pages_each = if processes == 1 { PAGES / threads } else { PAGES };
    let item = |number| InventoryItem::Asset(InventoryAsset::new(number + 1, InventoryAssetType::Hat));
    sandbox.set_inventory(156, (0..pages_each / if processes == 1 { 1 } else { threads } * 100).map(item));
    sandbox.set_rate_limit(Some(RateLimit::new(LIMIT, window)));

    let began = Instant::now();
    if processes == 1 {
        list(sandbox.url(), threads)?;
    } else {
        let children: io::Result<Vec<Child>> =
            iter::repeat_with(|| spawn(sandbox.url(), threads)).take(usize::try_from(processes)?).collect();
        for mut child in children? {
            let mut line = String::new();
            BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
            if !child.wait()?.success() {
                return Err("a process failed".into());
            }
        }
    }
    let took = began.elapsed();
    let refused = sandbox.rate_limited();
    let all = if processes == 1 { PAGES } else { PAGES * processes };
    let shortest = window * u32::try_from(all.div_ceil(LIMIT) - 1)?;
    println!(
        "{processes:>2} processes × {threads} threads {window:>8.1?} {shortest:>10.2?} {took:>10.2?} {:>8.1}% {:>5.2}%",
        100.0 * shortest.as_secs_f64() / took.as_secs_f64(),
        100.0 * refused as f64 / (all + refused) as f64,
    );
    Ok(())
}

fn spawn(url: &str, threads: u64) -> io::Result<Child> {
    let threads = threads.to_string();
    Command::new(env::current_exe()?).args(["--child", url, &threads]).stdout(Stdio::piped()).spawn()
}

/// Lists the inventory once in each thread, with one client.
fn list(url: &str, threads: u64) -> Result<()> {
    let user = Client::builder(KEY).base_url(url).build()?.user(156);
    thread::scope(|scope| {
        let listings: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| user.list_inventory().try_for_each(|item| item.map(drop)))).collect();
        listings.into_iter().try_for_each(|listing| listing.join().expect("no listing panics"))
    })?;
    Ok(())
}
