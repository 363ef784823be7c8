//! Compares listings of up to 200,000 items, and 2,000 single calls, with bare loops of ureq: `cargo bench --bench listing`
//!
//! Both use the name of the host, as users do. The server and each measured run are processes of their own, so that the
//! peak memory is that of the run alone. The two kinds of run take turns; the ratio is that of the medians.
//!
//! If `valgrind` is installed, the instructions for each page are counted too, which doesn't depend on how busy the machine
//! is. What a run of few pages takes is subtracted, so that starting up and connecting don't count.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use rblxopencloud::inventory::{InventoryAsset, InventoryBadge};
use rblxopencloud::{Client, InventoryAssetType, InventoryItem, UserInfo};
use rblxopencloud_sandbox::Sandbox;
use serde::Deserialize;

const KEY: &str = "sandbox-api-key";
const PAGE: u64 = 100;
const ROUNDS: usize = 7;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().position(|argument| argument == "--child") {
        Some(at) => child(&arguments[at + 1..]),
        None => parent(),
    }
}

/// The cost of one run.
#[derive(Clone, Copy)]
struct Run {
    time: Duration,
    peak_kib: u64,
}

fn parent() -> Result<()> {
    println!(
        "{:>12}  {:>10}  {:>10}  {:>6}  {:>12}  {:>12}",
        "", "bare loop", "ours", "ratio", "bare peak", "our peak"
    );
    for (pages, what, bare_run, our_run) in
        [(20, "pages", "bare", "pager"), (2000, "pages", "bare", "pager"), (2000, "calls", "bare-calls", "calls")]
    {
        let (mut server, url) = serve(pages)?;
        let url = url.as_str();
        let (mut bare, mut pager) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(measure(&[bare_run, url, &pages.to_string()])?);
            pager.push(measure(&[our_run, url, &pages.to_string()])?);
        }
        let (bare, pager) = (median(bare), median(pager));
        println!(
            "{pages:>6} {what}  {:>10.1?}  {:>10.1?}  {:>6.3}  {:>8} KiB  {:>8} KiB",
            bare.time,
            pager.time,
            pager.time.as_secs_f64() / bare.time.as_secs_f64(),
            bare.peak_kib,
            pager.peak_kib,
        );
        drop(server.stdin.take());
        server.wait()?;
    }
    count_instructions()
}

fn count_instructions() -> Result<()> {
    const FEW: u64 = 50;
    const MANY: u64 = 250;
    let counted = |run: &str| -> Result<u64> {
        let mut counts = [0; 2];
        for (count, pages) in counts.iter_mut().zip([FEW, MANY]) {
            let (mut server, url) = serve(pages)?;
            *count = instructions(&[run, &url, &pages.to_string()])?;
            drop(server.stdin.take());
            server.wait()?;
        }
        Ok((counts[1] - counts[0]) / (MANY - FEW))
    };
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind isn't installed, so instructions are not counted");
        return Ok(());
    }
    let (bare, pager) = (counted("bare")?, counted("pager")?);
    println!("instructions a page: bare {bare}, ours {pager}, ratio {:.3}", pager as f64 / bare as f64);
    Ok(())
}

/// Runs a child under callgrind, which prints `Collected : 123456` at its end.
fn instructions(arguments: &[&str]) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .arg("--child")
        .args(arguments)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.ok_or_else(|| format!("valgrind failed: {text}"))?;
    Ok(count.trim().parse()?)
}

/// Starts the server, and returns its URL.
fn serve(pages: u64) -> Result<(Child, String)> {
    let mut server = spawn(&["serve", &pages.to_string()])?;
    let mut url = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut url)?;
    Ok((server, url.trim().to_owned()))
}

fn spawn(arguments: &[&str]) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .arg("--child")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

fn measure(arguments: &[&str]) -> Result<Run> {
    let output = spawn(arguments)?.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    let (time, peak) = text.trim().split_once(' ').ok_or_else(|| format!("a run printed {text:?}"))?;
    Ok(Run { time: Duration::from_nanos(time.parse()?), peak_kib: peak.parse()? })
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by_key(|run| run.time);
    Run { time: runs[runs.len() / 2].time, peak_kib: runs.iter().map(|run| run.peak_kib).max().unwrap_or(0) }
}

fn child(arguments: &[String]) -> Result<()> {
    let argument = |at: usize| arguments.get(at).map(String::as_str).ok_or("too few arguments");
    if argument(0)? == "serve" {
        let sandbox = Sandbox::start()?;
        sandbox.set_inventory(156, (0..argument(1)?.parse::<u64>()? * PAGE).map(item));
        sandbox.add_user(UserInfo::new(156, "builderman"));
        println!("{}", sandbox.url().replace("127.0.0.1", "localhost"));
        // Until the parent closes the pipe.
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let began = Instant::now();
    let number: u64 = argument(2)?.parse()?;
    let count = number * PAGE;
    let sum = match argument(0)? {
        "bare" => bare(argument(1)?)?,
        "bare-calls" => return bare_calls(argument(1)?, number),
        "calls" => return calls(argument(1)?, number),
        _ => pager(argument(1)?)?,
    };
    let time = began.elapsed();
    if sum != count * (count + 1) / 2 {
        return Err("not every item came once".into());
    }
    println!("{} {}", time.as_nanos(), peak_kib());
    Ok(())
}

/// The first call makes the connection, and doesn't count.
fn timed(number: u64, mut call: impl FnMut() -> Result<()>) -> Result<()> {
    call()?;
    let began = Instant::now();
    (0..number).try_for_each(|_| call())?;
    println!("{} {}", began.elapsed().as_nanos(), peak_kib());
    Ok(())
}

fn calls(url: &str, number: u64) -> Result<()> {
    let user = Client::builder(KEY).base_url(url).build()?.user(156);
    timed(number, || {
        assert_eq!(user.fetch_info()?.username, "builderman");
        Ok(())
    })
}

#[derive(Deserialize)]
struct BareUser {
    name: String,
}

fn bare_calls(url: &str, number: u64) -> Result<()> {
    let agent = ureq::Agent::new_with_defaults();
    timed(number, || {
        let mut response = agent.get(format!("{url}/cloud/v2/users/156")).header("x-api-key", KEY).call()?;
        let user: BareUser = serde_json::from_slice(&response.body_mut().read_to_vec()?)?;
        assert_eq!(user.name, "builderman");
        Ok(())
    })
}

fn item(number: u64) -> InventoryItem {
    let id = number + 1;
    if number % 10 == 0 {
        let mut badge = InventoryBadge::new(id);
        badge.added_at = "2024-05-06T07:08:09.123Z".parse().ok();
        return InventoryItem::Badge(badge);
    }
    let mut asset = InventoryAsset::new(id, InventoryAssetType::KNOWN[number as usize % 52].clone());
    asset.instance_id = Some(173_413_781_720 + id);
    asset.added_at = "2024-05-06T07:08:09.123Z".parse().ok();
    InventoryItem::Asset(asset)
}

fn pager(url: &str) -> Result<u64> {
    let user = Client::builder(KEY).base_url(url).build()?.user(156);
    let mut sum = 0;
    for item in user.list_inventory() {
        sum += match item? {
            InventoryItem::Asset(asset) => asset.id,
            InventoryItem::Badge(badge) => badge.id,
            _ => 0,
        };
    }
    Ok(sum)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BarePage {
    inventory_items: Vec<BareItem>,
    next_page_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct BareItem {
    path: Option<String>,
    asset_details: Option<BareAsset>,
    badge_details: Option<BareBadge>,
    add_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct BareAsset {
    asset_id: String,
    inventory_item_asset_type: String,
    instance_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BareBadge {
    badge_id: String,
}

fn bare(url: &str) -> Result<u64> {
    let agent = ureq::Agent::new_with_defaults();
    let mut token = String::new();
    let mut sum = 0;
    loop {
        let mut request = agent
            .get(format!("{url}/cloud/v2/users/156/inventory-items"))
            .header("x-api-key", KEY)
            .query("maxPageSize", "100");
        if !token.is_empty() {
            request = request.query("pageToken", &token);
        }
        let body = request.call()?.body_mut().read_to_vec()?;
        let page: BarePage = serde_json::from_slice(&body)?;
        for item in page.inventory_items {
            if let Some(asset) = item.asset_details {
                sum += asset.asset_id.parse::<u64>()?;
            } else if let Some(badge) = item.badge_details {
                sum += badge.badge_id.parse::<u64>()?;
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(sum);
        }
        token = page.next_page_token;
    }
}

/// The peak memory of this process, or 0 if the system doesn't tell.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
