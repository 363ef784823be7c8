//! Measures the memory of signed-in users in one process: `cargo bench --bench users`
//!
//! Each user has made four calls, before each of which their tokens were renewed. Access tokens and refresh tokens have 1,000
//! characters. The server runs in another process. Linux only, because it reads `/proc`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs, thread};

use rblxopencloud::oauth2::{SignedIn, TokenSet};
use rblxopencloud::{Client, Credentials, OAuth2App};
use serde_json::json;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    if env::args().any(|argument| argument == "--server") {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("http://{}", listener.local_addr()?);
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| serve(stream)))));
        io::stdin().read_line(&mut String::new())?;
        return Ok(());
    }
    let mut server =
        Command::new(env::current_exe()?).arg("--server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut url = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut url)?;
    let client = Client::builder(Credentials::none()).base_url(url.trim()).build()?;
    let app = OAuth2App::new("840974200211308101", "http://localhost:4000/callback").client(&client);

    println!("{:>8} {:>12} {:>12} {:>12}", "users", "memory", "a user", "a call");
    let mut all = Vec::new();
    sign_in(&app, &mut all, 100)?;
    let before = memory()?;
    for users in [1_000, 10_000] {
        let began = Instant::now();
        let added = users - (all.len() - 100);
        sign_in(&app, &mut all, added)?;
        let call = began.elapsed() / u32::try_from(added)?;
        let grown = memory()?.saturating_sub(before);
        println!("{users:>8} {:>8} KiB {:>8.1} KiB {call:>12.1?}", grown, grown as f64 / users as f64);
    }
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

fn sign_in(app: &OAuth2App, all: &mut Vec<SignedIn>, users: usize) -> Result<()> {
    for number in 0..users {
        let tokens: TokenSet = serde_json::from_value(json!({
            "access_token": format!("a{number:0999}"),
            "refresh_token": format!("r{number:0999}"),
            "expires_at": "2000-01-01T00:00:00Z",
            "scopes": ["openid", "profile", "user.inventory-item:read"],
            "claims": { "sub": "156", "name": "Builderman", "preferred_username": "builderman" },
        }))?;
        let signed_in = app.access_token(tokens).keep_in(|_: &TokenSet| Ok(()))?;
        for _ in 0..4 {
            let _ = signed_in.user()?.fetch_info()?;
        }
        all.push(signed_in);
    }
    Ok(())
}

/// Renews any token, for no time at all, and tells the same of any user.
fn serve(stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    for number in 0_u64.. {
        let (mut request, mut length) = (String::new(), 0);
        while !request.ends_with("\r\n\r\n") {
            let start = request.len();
            if reader.read_line(&mut request)? == 0 {
                return Ok(());
            }
            let line = request[start..].to_ascii_lowercase();
            length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap_or(0));
        }
        io::copy(&mut (&mut reader).take(length), &mut io::sink())?;
        let body = match request.starts_with("POST") {
            true => {
                format!("{{\"access_token\":\"a{number:0999}\",\"refresh_token\":\"r{number:0999}\",\"expires_in\":0}}")
            }
            false => "{\"path\":\"users/156\",\"id\":\"156\",\"name\":\"builderman\"}".to_owned(),
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        (&stream).write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    }
    Ok(())
}

/// Returns the resident memory in KiB.
fn memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}
