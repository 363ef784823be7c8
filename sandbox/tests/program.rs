//! The sandbox as a program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rblxopencloud::Client;

fn sandbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rblxopencloud-sandbox"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox(arguments).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (status.code(), text(stdout), text(stderr))
}

/// A program that ends when the test does.
#[cfg_attr(not(unix), allow(dead_code, reason = "only a signal ends it before"))]
struct Running {
    child: Child,
    /// What it has printed at its start.
    greeting: String,
    rest: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = sandbox(arguments).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut rest = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut greeting = String::new();
        // The lines for the last shell end it.
        while !greeting.contains("\nset ROBLOX_USER_ID=") {
            assert!(rest.read_line(&mut greeting).expect("it is text") > 0, "it has ended: {greeting}");
        }
        Self { child, greeting, rest }
    }

    fn url(&self) -> String {
        self.setting("export ROBLOX_OPEN_CLOUD_URL=")
    }

    /// Returns what follows in the line that begins so.
    fn setting(&self, beginning: &str) -> String {
        let mut lines = self.greeting.lines();
        lines.find_map(|line| line.strip_prefix(beginning)).expect("it is printed").to_owned()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let url = self.url();
        let host = url.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(host).expect("it listens");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// Ends it as Ctrl-C does, and returns what else it has printed.
    #[cfg(unix)]
    fn interrupt(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("there is kill").success());
        let mut printed = String::new();
        self.rest.read_to_string(&mut printed).expect("it is text");
        (self.child.wait().expect("it ends").code(), printed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path of a file for one test, which isn't there.
fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("program-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("there is room");
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn settings_that_it_prints_lead_a_client_to_it() {
    let running = Running::start(&[]);
    let url = running.url();
    let client = Client::builder(running.setting("export ROBLOX_API_KEY=").as_str()).base_url(&url);
    let user = running.setting("export ROBLOX_USER_ID=").parse().expect("an id");
    let info = client.build().expect("both are valid").user(user).fetch_info();
    assert_eq!(info.expect("the sandbox responds").username, "builderman");
    assert_eq!(running.setting("$env:ROBLOX_OPEN_CLOUD_URL = "), format!("\"{url}\""));
    assert_eq!(running.setting("set ROBLOX_OPEN_CLOUD_URL="), url);
    assert!(running.greeting.contains(&format!("{url}/sandbox\n")), "{}", running.greeting);
}

#[test]
fn wrong_arguments_are_refused() {
    let folder = file("x").parent().expect("a folder").to_owned();
    let folder = folder.to_str().expect("UTF-8");
    // Longer than a name of a file can be.
    let long = format!("{folder}/{}.json", "x".repeat(300));
    for (arguments, problem) in [
        (&["--port", "x"][..], "invalid port \"x\"; expected a number up to 65535"),
        (&["--port", "70000"], "invalid port \"70000\""),
        (&["--port=-1"], "invalid port \"-1\""),
        (&["--port"], "--port needs a value"),
        (&["--port="], "--port needs a value"),
        (&["--port", "1", "--port", "2"], "--port is given twice"),
        (&["--allow-host"], "--allow-host needs a value"),
        (&["--entries", "not-there.jsonl"], "not-there.jsonl can't be read: "),
        (&["--entries"], "--entries needs a value"),
        (&["--demo"], "unknown argument \"--demo\""),
        (&["world.json"], "unknown argument \"world.json\""),
        (&["--world", "not-there.json"], "not-there.json can't be read: "),
        (&["--dump", "not-there/world.json"], "there is no folder not-there for --dump"),
        (&["--dump", folder], "is a folder; --dump needs the name of a file"),
        (&["--dump", &long], ".json can't be written: "),
    ] {
        let (code, stdout, stderr) = output(arguments);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(stderr.starts_with("error: ") && stderr.contains(problem), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    for help in ["-h", "--help"] {
        let (code, stdout, _) = output(&["--port", "x", help]);
        assert_eq!(code, Some(0));
        assert!(stdout.starts_with("Usage: rblxopencloud-sandbox "), "{stdout}");
        for option in ["--port N", "--world FILE", "--dump FILE", "--entries FILE", "--allow-host NAME", "--version"] {
            assert!(stdout.contains(option), "{option}: {stdout}");
        }
    }
    assert_eq!(output(&["-V"]).1, concat!("rblxopencloud-sandbox ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_port_in_use_is_told() {
    let running = Running::start(&["--port=0"]);
    let url = running.url();
    let port = url.rsplit(':').next().expect("a port");
    let (code, _, stderr) = output(&["--port", port]);
    assert_eq!(code, Some(1));
    assert_eq!(stderr, format!("error: port {port} is in use; port 0 is any free one\n"));
}

#[test]
fn a_wrong_world_is_told() {
    let path = file("wrong.json");
    let arguments = ["--world", path.to_str().expect("UTF-8")];
    for (world, problem) in [
        ("{", "wrong.json: EOF while parsing an object at line 1 column 1"),
        (
            r#"{ "users": [{ "id": 1, "nmae": "a" }] }"#,
            "wrong.json: users[0]: unknown property \"nmae\"; expected one of",
        ),
    ] {
        fs::write(&path, world).expect("there is room");
        let (code, _, stderr) = output(&arguments);
        assert!(code == Some(1) && stderr.contains(problem), "{stderr}");
    }
    // Some editors and shells on Windows write UTF-16.
    fs::write(&path, b"\xff\xfe{\0}\0").expect("there is room");
    assert!(output(&arguments).2.contains("the file isn't UTF-8; save it as UTF-8"));
    fs::write(&path, "\u{feff}{ \"users\": [{ \"id\": 5, \"name\": \"five\" }] }").expect("there is room");
    assert_eq!(Running::start(&arguments).setting("set ROBLOX_USER_ID="), "5");
}

#[test]
fn entries_are_added_from_files() {
    let (plain, back_up) = (file("plain.jsonl"), file("back=up.jsonl"));
    fs::write(&plain, "{\"id\":\"user_156\",\"value\":{\"coins\":7}}\n").expect("there is room");
    let first = r#"{"format":"rblxopencloud-data-store","version":1,"universe":5,"dataStore":"Pets","scope":null}"#;
    fs::write(&back_up, format!("{first}\n{{\"id\":\"cat\",\"value\":9}}\n{{\"end\":{{\"entries\":1}}}}\n"))
        .expect("there is room");
    let named = format!("13058/Players={}", plain.to_str().expect("UTF-8"));
    let running = Running::start(&["--entries", &named, "--entries", back_up.to_str().expect("UTF-8")]);
    let client = Client::builder(running.setting("export ROBLOX_API_KEY=").as_str()).base_url(running.url());
    let client = client.build().expect("both are valid");
    let coins = client.experience(13058).data_store("Players").fetch::<serde_json::Value>("user_156");
    assert_eq!(coins.expect("it is read").expect("it is there").value["coins"], 7);
    assert!(client.experience(5).data_store("Pets").fetch::<u64>("cat").expect("it is read").is_some());
    // Of several files, the wrong one is named.
    let (code, _, stderr) = output(&["--entries", &named, "--entries", plain.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("plain.jsonl: expected a back-up"), "{stderr}");
    fs::write(&plain, b"\x1f\x8b\x08\0").expect("there is room");
    assert!(output(&["--entries", &named]).2.contains("plain.jsonl: the file is compressed; decompress it first"));
}

/// A world is made by clicking once, and kept.
#[test]
#[cfg(unix)]
fn a_world_is_kept_when_the_program_ends() {
    let path = file("kept.json");
    let name = path.to_str().expect("UTF-8");
    let running = Running::start(&["--dump", name]);
    let answer = running.send("PATCH", "/sandbox/world", r#"{ "users": [{ "id": 5, "name": "five" }] }"#);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (code, printed) = running.interrupt("-INT");
    assert_eq!(code, Some(0), "Ctrl-C is how it ends");
    assert!(printed.contains(&format!("The world is in {name}.")), "{printed}");
    let first = fs::read_to_string(&path).expect("it is written");
    assert!(first.contains("\"five\"") && first.contains("\"builderman\""));
    // From one file and into the same, also if the system ends it.
    let running = Running::start(&["--world", name, "--dump", name]);
    assert_eq!(running.interrupt("-TERM").0, Some(0));
    assert!(fs::read_to_string(&path).expect("it is written") == first, "it is another world");
    // A link leads to the file that is written.
    let link = file("link.json");
    std::os::unix::fs::symlink(&path, &link).expect("a link can be made");
    fs::write(&path, r#"{ "users": [{ "id": 6, "name": "six" }] }"#).expect("there is room");
    let name = link.to_str().expect("UTF-8");
    assert_eq!(Running::start(&["--world", name, "--dump", name]).interrupt("-INT").0, Some(0));
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(fs::read_to_string(&path).expect("it is written").contains("\"6\""));
    let left: Vec<_> = fs::read_dir(path.parent().expect("a folder")).expect("it is there").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
#[cfg(unix)]
fn it_ends_while_connections_are_open() {
    let running = Running::start(&[]);
    let url = running.url();
    let _idle = TcpStream::connect(url.strip_prefix("http://").expect("an address")).expect("it listens");
    assert_eq!(running.interrupt("-INT").0, Some(0));
}
