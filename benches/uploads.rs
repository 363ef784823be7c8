//! Compares one large upload with `curl -F`, and many small ones with a sequence: `cargo bench --bench uploads`
//!
//! The large file is 3.75 GB, the limit for videos, and is sent to a local server that discards it. Each upload is a separate
//! process, so that its peak memory can be read. The small ones are sent to a sandbox whose operations take 1.4 seconds, as
//! those of decals do.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use rblxopencloud::asset::Check;
use rblxopencloud::asset::limits::MAX_VIDEO_SIZE;
use rblxopencloud::{AssetFile, AssetType, AssetUpload, Client, UserInfo};
use rblxopencloud_sandbox::{RateLimit, Sandbox};

const ROUNDS: usize = 5;
const IMAGES: usize = 60;
/// A sequence takes so long that a part of it is measured.
const ONE_BY_ONE: usize = 6;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--child") {
        return child(&arguments[at + 1], &arguments[at + 2]);
    }
    let path = env::temp_dir().join(format!("rblxopencloud-bench-{}.mp4", std::process::id()));
    // A sparse file, so that only sending is measured.
    File::create(&path)?.set_len(MAX_VIDEO_SIZE)?;
    let measured = large(&path);
    fs::remove_file(&path)?;
    measured?;
    many()
}

fn large(path: &Path) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(io::Result::ok) {
            thread::spawn(move || swallow(stream));
        }
    });

    let (mut ours, mut curls, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let child = Command::new(env::current_exe()?).arg("--child").arg(&url).arg(path).output()?;
        let text = String::from_utf8(child.stdout)?;
        let (time, kib) = text.trim().split_once(' ').ok_or_else(|| format!("the upload printed {text:?}"))?;
        ours.push(Duration::from_nanos(time.parse()?));
        peak = peak.max(kib.parse::<u64>()?);

        let began = Instant::now();
        let curl = Command::new("curl")
            .args(["-s", "-F", "request={};type=application/json", "-F"])
            .arg(format!("fileContent=@{};type=video/mp4", path.display()))
            .arg(format!("{url}/assets/v1/assets"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match curl {
            Ok(status) if status.success() => curls.push(began.elapsed()),
            other => println!("no curl to compare with: {other:?}"),
        }
    }
    let ours = median(&mut ours);
    println!("{MAX_VIDEO_SIZE} bytes: {ours:.2?}, {} MB/s, peak {peak} KiB", rate(ours));
    if !curls.is_empty() {
        let curl = median(&mut curls);
        println!(
            "curl -F:          {curl:.2?}, {} MB/s; speed ratio {:.2}",
            rate(curl),
            curl.as_secs_f64() / ours.as_secs_f64()
        );
    }
    Ok(())
}

fn rate(time: Duration) -> u64 {
    (MAX_VIDEO_SIZE as f64 / time.as_secs_f64() / 1e6) as u64
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Reads a whole request, and responds with a pending operation.
fn swallow(stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, &stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if lower.starts_with("expect:") {
            (&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        line.clear();
    }
    io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    let body = r#"{"path":"operations/1","done":false}"#;
    write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn child(url: &str, path: &str) -> Result<()> {
    let user = Client::builder("api-key").base_url(url).build()?.user(156);
    let began = Instant::now();
    let pieces = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&pieces);
    let upload = AssetUpload::new(AssetFile::open(path)?, AssetType::Video, "video", "")
        .skip_check(Check::Content)
        .on_progress(move |_| _ = counted.fetch_add(1, Ordering::Relaxed));
    let operation = user.upload_asset_with(upload)?;
    assert!(!operation.is_done() && pieces.load(Ordering::Relaxed) > 1000, "the progress was reported");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    println!("{} {}", began.elapsed().as_nanos(), peak.unwrap_or(0_u64));
    Ok(())
}

fn many() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.add_user(UserInfo::new(156, "builderman"));
    sandbox.set_operation_time(Duration::from_millis(1400));
    let image = include_bytes!("../examples/assets/crate.png");
    let upload = |number: usize| {
        let file = AssetFile::from_bytes(format!("{number}.png"), *image);
        AssetUpload::new(file, AssetType::Image, format!("image {number}"), "")
    };
    let user = sandbox.client().user(156);
    let began = Instant::now();
    for number in 0..ONE_BY_ONE {
        user.upload_asset_with(upload(number))?.wait()?;
    }
    let one_by_one = began.elapsed() * u32::try_from(IMAGES / ONE_BY_ONE)?;

    sandbox.clear_requests();
    // The service's rate limit of polls; that of uploads is 120.
    sandbox.set_rate_limit(Some(RateLimit::new(300, Duration::from_secs(60))));
    let user = sandbox.client().user(156);
    let uploads: Vec<AssetUpload> = (0..IMAGES).map(upload).collect();
    let began = Instant::now();
    for outcome in user.upload_assets(uploads) {
        outcome.result.map_err(|error| format!("{}: {error}", outcome.index))?;
    }
    let together = began.elapsed();
    let polls = sandbox.requests().iter().filter(|request| request.method == "GET").count();
    println!(
        "{IMAGES} images: {together:.2?} together, {one_by_one:.2?} one by one, {:.1} times sooner; {:.1} polls each, {} 429s",
        one_by_one.as_secs_f64() / together.as_secs_f64(),
        polls as f64 / IMAGES as f64,
        sandbox.rate_limited(),
    );
    Ok(())
}
