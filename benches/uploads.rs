//! Compares one large upload with `curl -F`, a place of 100 MB with `curl --data-binary`, and many small uploads with a sequence:
//! `cargo bench --bench uploads`. With the argument `place`, only the place.
//!
//! The large file is 3.75 GB, the limit for videos. It and the place are sent in turns with curl's to a local server that discards
//! them. Each is sent by a separate process, so that its peak memory can be read. The small ones are sent to a sandbox whose
//! operations take 1.4 seconds, as those of decals do.

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
use rblxopencloud::experience::PlaceFile;
use rblxopencloud::{AssetFile, AssetType, AssetUpload, Client, UserInfo};
use rblxopencloud_sandbox::{RateLimit, Sandbox};

const ROUNDS: usize = 5;
/// A place takes so little time that more rounds are needed.
const PLACE_ROUNDS: usize = 25;
const PLACE_SIZE: u64 = 100_000_000;
const PLACE: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n";
const IMAGES: usize = 60;
/// A sequence takes so long that a part of it is measured.
const ONE_BY_ONE: usize = 6;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--child") {
        return child(&arguments[at + 1], &arguments[at + 2]);
    }
    let file = |name: &str| env::temp_dir().join(format!("rblxopencloud-bench-{}.{name}", std::process::id()));
    let place = file("rbxl");
    fs::write(&place, PLACE)?;
    File::options().write(true).open(&place)?.set_len(PLACE_SIZE)?;
    let form = format!("@{}", place.display());
    let raw = ["--data-binary", &form, "-H", "content-type: application/octet-stream"];
    let measured = in_turns(&place, PLACE_SIZE, PLACE_ROUNDS, &raw, "/universes/v1/13058/places/1818/versions");
    fs::remove_file(&place)?;
    measured?;
    if arguments.iter().any(|argument| argument == "place") {
        return Ok(());
    }

    let video = file("mp4");
    // A sparse file, so that only sending is measured.
    File::create(&video)?.set_len(MAX_VIDEO_SIZE)?;
    let form = format!("fileContent=@{};type=video/mp4", video.display());
    let form = ["-F", "request={};type=application/json", "-F", &form];
    let measured = in_turns(&video, MAX_VIDEO_SIZE, ROUNDS, &form, "/assets/v1/assets");
    fs::remove_file(&video)?;
    measured?;
    many()
}

/// Sends a file with this crate and with curl, in turns.
fn in_turns(path: &Path, size: u64, rounds: usize, options: &[&str], to: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(io::Result::ok) {
            thread::spawn(move || swallow(stream));
        }
    });

    let (mut ours, mut curls, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let began = Instant::now();
        let child = Command::new(env::current_exe()?).arg("--child").arg(&url).arg(path).output()?;
        let whole = began.elapsed();
        let text = String::from_utf8(child.stdout)?;
        peak = peak.max(text.trim().parse::<u64>().map_err(|_| format!("the upload printed {text:?}"))?);
        ours.push(whole);

        let began = Instant::now();
        let curl = Command::new("curl")
            .arg("-s")
            .args(options)
            .arg(format!("{url}{to}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match curl {
            Ok(status) if status.success() => curls.push(began.elapsed()),
            other => println!("no curl to compare with: {other:?}"),
        }
    }
    let ours = median(&mut ours);
    println!("{size} bytes: {ours:.2?}, {} MB/s, peak {peak} KiB", rate(size, ours));
    if !curls.is_empty() {
        let (curl, option) = (median(&mut curls), options[0]);
        let ratio = curl.as_secs_f64() / ours.as_secs_f64();
        println!("curl {option}: {curl:.2?}, {} MB/s; speed ratio {ratio:.2}", rate(size, curl));
    }
    Ok(())
}

fn rate(size: u64, time: Duration) -> u64 {
    (size as f64 / time.as_secs_f64() / 1e6) as u64
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Reads a whole request, and responds with a pending operation and a version.
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
    let body = r#"{"path":"operations/1","done":false,"versionNumber":7}"#;
    write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn child(url: &str, path: &str) -> Result<()> {
    let client = Client::builder("api-key").base_url(url).build()?;
    let pieces = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&pieces);
    let count = move |_| _ = counted.fetch_add(1, Ordering::Relaxed);
    if path.ends_with(".rbxl") {
        let version = client.experience(13058).place(1818).publish(PlaceFile::open(path)?.on_progress(count))?;
        assert!(version.number == 7 && pieces.load(Ordering::Relaxed) > 100, "the progress was reported");
    } else {
        let upload = AssetUpload::new(AssetFile::open(path)?, AssetType::Video, "video", "");
        let operation = client.user(156).upload_asset_with(upload.skip_check(Check::Content).on_progress(count))?;
        assert!(!operation.is_done() && pieces.load(Ordering::Relaxed) > 1000, "the progress was reported");
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    println!("{}", peak.unwrap_or(0_u64));
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
