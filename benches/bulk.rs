//! Measures how fast data stores are backed up, and how well a share of the limits is used: `cargo bench --bench bulk`
//!
//! The server of the first part responds after 50 ms, and has no limits. It and each run are processes of their own, so that the peak
//! memory is that of the run alone. The ideal time is that of the requests of entries alone, as many at a time as there are threads.
//!
//! The second part has the documented limits of an experience without players, of which its game servers use some. It takes two
//! minutes and a half, so `cargo bench --bench bulk -- speed` leaves it out. `-- limits` makes only the second part.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use rblxopencloud::data::{Bulk, DataStore};
use rblxopencloud::{CancelToken, Client, ErrorKind};
use rblxopencloud_sandbox::Sandbox;

const LATENCY: Duration = Duration::from_millis(50);
const PAGE: u64 = 256;
/// What the game servers use of 300 requests a minute, and the share of the run.
const USED_BY_GAME: u64 = 20;
const SHARE: u32 = 275;
const MEASURED: Duration = Duration::from_secs(150);

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().position(|argument| argument == "--child") {
        Some(at) => child(&arguments[at + 1..]),
        None => {
            let is_named = |part: &str| arguments.iter().any(|argument| argument == part);
            if !is_named("limits") {
                speed()?;
            }
            if is_named("speed") { Ok(()) } else { limits() }
        }
    }
}

/// The cost of one run.
#[derive(Clone, Copy)]
struct Run {
    time: Duration,
    peak_kib: u64,
}

fn speed() -> Result<()> {
    let (mut server, url) = serve()?;
    println!("{:>8}  {:>9}  {:>10}  {:>10}  {:>6}  {:>10}", "entries", "in flight", "time", "ideal", "ratio", "peak");
    let measure = |entries: u64, threads: u32| -> Result<Run> {
        let run = measure(&["back-up", &url, &entries.to_string(), &threads.to_string()])?;
        let ideal = LATENCY.mul_f64(entries as f64 / f64::from(threads));
        println!(
            "{entries:>8}  {threads:>9}  {:>10.2?}  {ideal:>10.2?}  {:>6.3}  {:>6} KiB",
            run.time,
            run.time.as_secs_f64() / ideal.as_secs_f64(),
            run.peak_kib
        );
        Ok(run)
    };
    let one_by_one = measure(500, 1)?.time * 20;
    let parallel = measure(10_000, 16)?.time;
    measure(50_000, 16)?;
    let factor = one_by_one.as_secs_f64() / parallel.as_secs_f64();
    println!("10000 entries are backed up {factor:.1} times as fast with 16 in flight as one by one");
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

fn limits() -> Result<()> {
    let sandbox = Sandbox::builder().demo().start()?;
    let lines: String = (0..2000).map(|id| format!("{{\"id\":\"user_{id}\",\"value\":{id}}}\n")).collect();
    sandbox.load_entries(13058, "Players", &lines)?;
    sandbox.set_data_store_limits(13058, (0, USED_BY_GAME));
    let run = measure(&["share", sandbox.url()])?;
    let requests = sandbox.requests();
    let reads = requests.iter().filter(|request| request.path.contains("/entries/")).count() as f64;
    let throttled = requests.iter().filter(|request| request.status == Some(429)).count();
    let used = reads / (f64::from(SHARE) / 60.0 * run.time.as_secs_f64());
    println!(
        "in {:.0?}, a share of {SHARE} requests a minute is used to {:.1} %; {throttled} of {} requests are throttled",
        run.time,
        used * 100.0,
        requests.len()
    );
    Ok(())
}

/// Starts the server, and returns its URL.
fn serve() -> Result<(Child, String)> {
    let mut server = spawn(&["serve"])?;
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

fn child(arguments: &[String]) -> Result<()> {
    let argument = |at: usize| arguments.get(at).map(String::as_str).ok_or("too few arguments");
    match argument(0)? {
        "serve" => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("http://{}", listener.local_addr()?);
            thread::spawn(move || {
                listener.incoming().flatten().for_each(|stream| drop(thread::spawn(move || respond(&stream))));
            });
            // Until the parent closes the pipe.
            io::stdin().read_to_end(&mut Vec::new())?;
            Ok(())
        }
        "share" => {
            let cancel = CancelToken::new();
            let bulk = Bulk::new().requests_per_minute(SHARE).cancel_by(&cancel);
            thread::spawn(move || {
                thread::sleep(MEASURED);
                cancel.cancel();
            });
            back_up(&store(argument(1)?, "Players")?, bulk)
        }
        _ => {
            let store = store(argument(1)?, argument(2)?)?;
            back_up(&store, Bulk::new().requests_per_minute(u32::MAX).concurrency(argument(3)?.parse()?))
        }
    }
}

fn store(url: &str, name: &str) -> Result<DataStore> {
    Ok(Client::builder("sandbox-api-key").base_url(url).build()?.experience(13058).data_store(name))
}

/// Makes a back-up, and prints what it took.
fn back_up(store: &DataStore, bulk: Bulk) -> Result<()> {
    let folder = env::temp_dir().join(format!("rblxopencloud-bench-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let began = Instant::now();
    let report = store.back_up_with(folder.join("players.jsonl"), bulk);
    let time = began.elapsed();
    fs::remove_dir_all(&folder)?;
    match report {
        Ok(report) if report.is_complete() && report.written.to_string() == store.name() => {}
        Err(error) if error.kind() == ErrorKind::Cancelled => {}
        made => return Err(format!("not every entry came once: {made:?}").into()),
    }
    println!("{} {}", time.as_nanos(), peak_kib());
    Ok(())
}

/// Responds to each request after the latency. The name of the store is the number of its entries.
fn respond(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let target = head.split(' ').nth(1).unwrap_or_default();
        let body = body(target);
        thread::sleep(LATENCY);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    }
}

fn body(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some((_, id)) = path.split_once("/entries/") {
        return format!(
            "{{\"path\":\"\",\"id\":\"{id}\",\"etag\":\"08DE0000{id}.01\",\"revisionId\":\"08DE0000{id}.01\",\
             \"createTime\":\"2026-01-02T03:04:05.678Z\",\"revisionCreateTime\":\"2026-01-02T03:04:05.678901Z\",\
             \"state\":\"ACTIVE\",\"users\":[\"users/156\"],\"attributes\":{{\"a\":1}},\"value\":{{\"coins\":1,\"pets\":\
             [\"cat\",\"dog\",\"owl\"],\"settings\":{{\"music\":0.5,\"shadows\":true}},\"level\":37,\"name\":\"{id}\"}}}}"
        );
    }
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let total: u64 = path.split('/').nth_back(1).and_then(|name| name.parse().ok()).unwrap_or_default();
    let first: u64 = parameter("pageToken").and_then(|token| token.parse().ok()).unwrap_or_default();
    let last = (first + PAGE).min(total);
    let entries: Vec<String> = (first..last).map(|id| format!("{{\"path\":\"\",\"id\":\"user_{id}\"}}")).collect();
    let token = if last < total { last.to_string() } else { String::new() };
    format!("{{\"dataStoreEntries\":[{}],\"nextPageToken\":\"{token}\"}}", entries.join(","))
}

/// The peak memory of this process, or 0 if the system doesn't tell.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
