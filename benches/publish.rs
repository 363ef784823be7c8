//! Measures publishing 10,000 small files: `cargo bench --bench publish`
//!
//! The first run uploads all of them to a sandbox without a rate limit, in another process. The second has nothing to do; the
//! third begins without the cache of hashes. On a busy machine, the processor time tells more than the time. At the service's rate
//! limit, the first run would take 83 minutes.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use rblxopencloud::publish::Publisher;
use rblxopencloud::{Client, UserInfo};
use rblxopencloud_sandbox::Sandbox;

const FILES: usize = 10_000;
const IMAGE: &[u8] = include_bytes!("../examples/assets/crate.png");

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    if env::args().any(|argument| argument == "--server") {
        let sandbox = Sandbox::start()?;
        sandbox.add_user(UserInfo::new(156, "builderman"));
        println!("{}", sandbox.url());
        for _ in io::stdin().lines() {
            println!("{}", sandbox.requests().len());
            sandbox.clear_requests();
        }
        return Ok(());
    }
    let mut server =
        Command::new(env::current_exe()?).arg("--server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = server.stdin.take().ok_or("no input")?;
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let url = lines.next().ok_or("no line")??;
    let user = Client::builder("sandbox-api-key").base_url(&url).build()?.user(156);

    let place = env::temp_dir().join(format!("rblxopencloud-bench-{}", std::process::id()));
    let folder = place.join("assets");
    // As old as the files of a real project.
    let old = SystemTime::now() - Duration::from_secs(3600);
    for number in 0..FILES {
        let path = folder.join(format!("part{:03}/image{number}.png", number / 100));
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(&path, [IMAGE, number.to_string().as_bytes()].concat())?;
        fs::File::options().write(true).open(&path)?.set_modified(old)?;
    }
    // The cache counts only for files whose last change is some seconds older than their hashes, and that time can't be set.
    std::thread::sleep(Duration::from_secs(3));
    let publisher = Publisher::new(&user).lock_file(place.join("assets.lock")).folder(&folder).concurrency(32);
    let columns = ["", "time", "processor", "peak memory", "uploaded", "requests"];
    println!(
        "{:>16} {:>10} {:>10} {:>14} {:>9} {:>9}",
        columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]
    );
    for run in ["first run", "second run", "without the cache"] {
        if run == "without the cache" {
            fs::remove_file(place.join("assets.lock.cache"))?;
        }
        let (began, before) = (Instant::now(), processor_time()?);
        let report = publisher.run()?;
        let took = began.elapsed();
        if !report.is_complete() {
            return Err(report.to_string().into());
        }
        writeln!(input)?;
        let requests = lines.next().ok_or("no line")??;
        let (processor, memory) = (processor_time()? - before, peak_memory()?);
        println!("{run:>16} {took:>10.2?} {processor:>9.2}s {memory:>10} KiB {:>9} {requests:>9}", report.uploaded());
    }
    drop(input);
    server.wait()?;
    fs::remove_dir_all(place)?;
    Ok(())
}

/// Returns the processor time of this process in seconds.
fn processor_time() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("no name")?.1.split_whitespace().collect();
    // In hundredths of a second on Linux.
    let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

/// Returns the peak resident memory in KiB.
fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}
