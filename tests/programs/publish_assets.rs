//! The example `publish_assets` as a build uses it: run repeatedly, and killed at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rblxopencloud::publish::{PlannedAction, Publisher};
use rblxopencloud::{AssetType, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};
use sha2::{Digest, Sha256};

use crate::support::example::{settle, with_key};
use crate::support::random::Random;
use crate::support::times;

const IMAGE: &[u8] = include_bytes!("../../examples/assets/crate.png");

/// A folder that is removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, images: usize) -> Self {
        let path = env::temp_dir().join(format!("rblxopencloud-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        let folder = Self(path);
        (0..images).for_each(|number| folder.write(&format!("image{number}.png"), &image(number)));
        folder
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.0.join(name), content).expect("it can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    fn lock(&self) -> PathBuf {
        self.0.join("assets.lock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A unique image. Data after the end of a PNG is ignored.
fn image(number: usize) -> Vec<u8> {
    [IMAGE, number.to_string().as_bytes()].concat()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    sandbox
}

fn program(sandbox: &Sandbox, folder: &Folder) -> Command {
    let mut command = with_key(sandbox, "publish_assets", &[]);
    command.arg(&folder.0).stdin(Stdio::null());
    command
}

fn run(sandbox: &Sandbox, folder: &Folder) -> Output {
    program(sandbox, folder).output().expect("the example is built: cargo build --examples")
}

fn uploads(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.method == "POST").count()
}

#[test]
fn only_new_and_changed_files_are_uploaded() {
    let (sandbox, folder) = (sandbox(), Folder::new("changed", 3));
    let output = run(&sandbox, &folder);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(uploads(&sandbox), 3);
    let module = folder.read("assets.luau");
    for number in 0..3 {
        assert!(module.contains(&format!("\timage{number} = \"rbxassetid://")), "{module}");
    }

    let requests = sandbox.requests().len();
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(sandbox.requests().len(), requests, "an unchanged folder needs no request");
    assert_eq!(folder.read("assets.luau"), module);

    folder.write("image1.png", &image(77));
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(uploads(&sandbox), 4);
    assert_ne!(folder.read("assets.luau"), module);
}

/// How often the program is killed. `tools/kill_publisher.sh` sets a larger number.
fn kills() -> usize {
    times("PUBLISHER_KILLS", 20)
}

#[test]
fn a_kill_at_any_time_loses_nothing_and_uploads_nothing_twice() {
    const FILES: usize = 12;
    let mut random = Random::new();
    let (mut kills_left, mut decided, mut folders, mut by_themselves) = (kills(), 0, 0, 0);
    while kills_left > 0 {
        let (sandbox, folder) = (sandbox(), Folder::new("kill", FILES));
        sandbox.set_operation_time(Duration::from_millis(40));
        for _ in 0..5.min(kills_left) {
            kills_left -= 1;
            // Some uploads lose their response, too, and some are delayed.
            if random.below(2) == 0 {
                sandbox.inject(Fault::reset_before_answer().on("POST", "/assets").after(random.below(3)));
                sandbox.inject(Fault::delay(Duration::from_millis(30)).on("POST", "/assets").times(2));
            }
            let mut child = program(&sandbox, &folder)
                .arg("--decals")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the example is built: cargo build --examples");
            thread::sleep(Duration::from_millis(random.below(250)));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            // Whenever it was killed, the lock is readable.
            let publisher = Publisher::new(&sandbox.client().user(156)).lock_file(folder.lock()).folder(&folder.0);
            publisher.plan().expect("the lock is always whole");
        }
        sandbox.clear_faults();
        // What the service has accepted is done by then.
        settle(&sandbox);
        let mut output = program(&sandbox, &folder).arg("--decals").output().expect("it runs");
        folders += 1;
        by_themselves += usize::from(output.status.success());
        if output.status.code() == Some(2) {
            let publisher = Publisher::new(&sandbox.client().user(156)).lock_file(folder.lock()).folder(&folder.0);
            let plan = publisher.images_as(AssetType::Decal).plan().expect("the lock is whole");
            let mut command = program(&sandbox, &folder);
            command.arg("--decals");
            for file in plan.files.iter().filter(|file| file.action == PlannedAction::Resolve) {
                decided += 1;
                let name = file.path.trim_end_matches(".png");
                match sandbox.assets().iter().find(|asset| asset.display_name.as_deref() == Some(name)) {
                    Some(asset) => command.args(["--adopt", &file.path, &asset.id.to_string()]),
                    None => command.args(["--send-again", &file.path]),
                };
            }
            output = command.output().expect("it runs");
        }
        assert!(output.status.success(), "{output:?}");
        let mut ids = BTreeMap::new();
        for asset in sandbox.assets() {
            let twice = ids.insert(asset.display_name.expect("it has a name"), asset.id);
            assert_eq!(twice, None, "something was uploaded twice");
        }
        assert_eq!(ids.len(), FILES);
        let module = folder.read("assets.luau");
        for (name, id) in ids {
            assert!(module.contains(&format!("{name} = \"rbxassetid://{id}\"")), "{name}: {module}");
        }
        let left: BTreeSet<String> = fs::read_dir(&folder.0)
            .expect("it is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| !name.ends_with(".png") && !name.ends_with(".part"))
            .collect();
        let expected = ["assets.lock", "assets.lock.cache", "assets.lock.running", "assets.luau"];
        assert_eq!(left, expected.map(str::to_owned).into());
    }
    let kills = kills();
    println!("{kills} kills: {by_themselves} of {folders} folders completed by themselves, {decided} uploads by flags");
}

/// What waits for the rate limit was not sent, whether or not the service has refused it once.
#[test]
fn a_kill_while_files_wait_for_the_rate_limit_leaves_none_in_doubt() {
    let (sandbox, folder) = (sandbox(), Folder::new("waiting", 40));
    // It tells of no limit before it refuses.
    let refusal = Fault::status(429).header("retry-after", "60").times(1000);
    sandbox.inject(refusal.on("POST", "/assets/v1/assets").after(2));
    let mut child =
        program(&sandbox, &folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is built");
    let refused = || sandbox.requests().iter().filter(|request| request.status == Some(429)).count();
    while refused() == 0 || sandbox.assets().len() < 2 {
        thread::sleep(Duration::from_millis(10));
    }
    // Until all refusals are written down.
    let mut before = 0;
    while before < refused() {
        before = refused();
        thread::sleep(Duration::from_millis(500));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    let publisher = Publisher::new(&sandbox.client().user(156)).lock_file(folder.lock()).folder(&folder.0);
    let plan = publisher.plan().expect("the lock is whole");
    // The two that were accepted are known by their operations at worst.
    let in_doubt = plan.files.iter().filter(|file| file.action == PlannedAction::Resolve).count();
    assert!(in_doubt <= 2, "{in_doubt}");
    sandbox.clear_faults();
    sandbox.clear_requests();
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!((sandbox.assets().len(), uploads(&sandbox)), (40, 38));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_run_soon_and_prints_a_few_lines() {
    let (sandbox, folder) = (sandbox(), Folder::new("interrupted", 200));
    sandbox.set_operation_time(Duration::from_secs(60));
    let child = program(&sandbox, &folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is built");
    while uploads(&sandbox) < 10 {
        thread::sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert!(began.elapsed() < Duration::from_secs(45), "it doesn't wait for the operations");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("the next run waits for it") && text.lines().count() <= 21, "{text}");
    sandbox.set_operation_time(Duration::ZERO);
}

#[test]
fn bad_files_and_flags_are_reported() {
    let (sandbox, folder) = (sandbox(), Folder::new("wrong", 2));
    folder.write("page.mp3", b"<!DOCTYPE html><html>404</html>");
    folder.write("photo.png", b"\xff\xd8\xff\xe0JFIF");
    let output = run(&sandbox, &folder);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    for words in ["page.mp3", "web page", "photo.png"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let flagged = |flags: &[&str]| program(&sandbox, &folder).args(flags).output().expect("it runs");
    for (flags, words) in [
        (&["--adopt"][..], "--adopt needs a value"),
        (&["--group", "7x"], "\"7x\" is not an id"),
        (&["--adopt", "a.png", "-1"], "\"-1\" is not an id"),
        (&["--nonsense"], "unexpected argument \"--nonsense\""),
        (&["other"], "unexpected argument \"other\""),
    ] {
        let output = flagged(flags);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(words), "{flags:?}: {said}");
    }
    let checked = flagged(&["--check"]);
    assert!(String::from_utf8_lossy(&checked.stderr).contains("page.mp3"), "{checked:?}");
    let planned = flagged(&["--plan"]);
    assert!(String::from_utf8_lossy(&planned.stdout).contains("page.mp3"), "{planned:?}");
    folder.write("image0.ogg", b"OggS");
    sandbox.clear_requests();
    let output = run(&sandbox, &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("the same name in the module"), "{said}");
    assert_eq!(uploads(&sandbox), 0, "it is told before anything is sent");
}

#[test]
fn flags_settle_doubts_journals_and_names() {
    let (sandbox, folder) = (sandbox(), Folder::new("flags", 2));
    let flagged = |flags: &[&str]| {
        let output = program(&sandbox, &folder).arg("--decals").args(flags).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    assert_eq!(flagged(&[]).0, Some(0));
    fs::remove_file(folder.0.join("image0.png")).expect("it is there");
    assert_eq!(flagged(&["--prune"]), (Some(0), "image0.png: forgotten\n1 forgotten\n".to_owned()));
    assert_eq!(flagged(&["--prune"]), (Some(0), "0 forgotten\n".to_owned()));

    folder.write("assets.lock.journal", b"{\"machine\":\"another\"}\n");
    let (code, printed) = flagged(&["--plan"]);
    assert!(code == Some(1) && printed.contains("no run on this machine has written it"), "{printed}");
    assert_eq!(flagged(&["--accept-journal"]).0, Some(0));
    assert!(!folder.0.join("assets.lock.journal").exists());

    // An upload that began long ago and never arrived.
    folder.write("lost.png", &image(9));
    let hash = Sha256::digest(image(9)).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let doubt = format!(
        r#"doubt {{"file":"lost.png","name":"lost","since":"2020-01-01T00:00:00Z","type":"Decal","sha256":"{hash}"}}"#
    );
    let lock = folder.read("assets.lock").replace("\nend\n", &format!("\n{doubt}\nend\n"));
    folder.write("assets.lock", lock.as_bytes());
    assert_eq!(flagged(&[]).0, Some(2));
    let (code, printed) = flagged(&["--send-lost-again"]);
    assert!(code == Some(0) && printed.contains("1 uploaded"), "{printed}");
}

#[test]
fn a_plan_has_counts_and_what_would_change() {
    let (sandbox, folder) = (sandbox(), Folder::new("plan", 30));
    let plan = || {
        let output = program(&sandbox, &folder).arg("--plan").output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = plan();
    assert_eq!((lines.len(), lines[32].as_str()), (33, "30 to upload, 0 unchanged, 1 module to write"), "{lines:#?}");
    assert!(lines[31].ends_with("30 of    30 files to upload"), "{lines:#?}");
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(plan(), ["0 to upload, 30 unchanged"]);
    folder.write("new.png", &image(70));
    let bar = format!("Image        █{}     1 of    31 files to upload", "░".repeat(19));
    assert_eq!(plan(), ["new.png: upload: new", &bar, "1 to upload, 30 unchanged"]);
    fs::remove_file(folder.0.join("image7.png")).expect("it is there");
    let stale = plan();
    assert!(stale.len() == 4 && stale[1].ends_with("assets.luau: write"), "{stale:?}");
}

/// As in continuous integration.
#[test]
fn without_a_terminal_a_line_tells_how_far_it_is() {
    let (sandbox, folder) = (sandbox(), Folder::new("lines", 2));
    sandbox.set_operation_time(Duration::from_secs(12));
    let output = run(&sandbox, &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("0 of 2 published, at least 0 min left"), "{output:?}");
}

#[test]
fn without_a_network_one_line_tells_it() {
    let (sandbox, folder) = (sandbox(), Folder::new("offline", 60));
    let mut program = program(&sandbox, &folder);
    drop(sandbox);
    let began = Instant::now();
    let output = program.output().expect("it runs");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(3) && said.lines().count() == 1, "{said}");
}

#[cfg(unix)]
#[test]
fn names_with_control_characters_reach_no_terminal() {
    let (sandbox, folder) = (sandbox(), Folder::new("control", 1));
    for (number, name) in
        ["a\n::error::x.png", "\u{1b}[31m.png", "b\u{85}.png", "c\u{202e}.png", "d\u{2029}.png", "e\r.txt"]
            .into_iter()
            .enumerate()
    {
        folder.write(name, &image(10 + number));
    }
    for flags in [&[][..], &["--plan"], &["--check"], &["--adopt", "f\u{1b}.png", "7"], &["g\u{1b}"]] {
        let output = program(&sandbox, &folder).args(flags).output().expect("it runs");
        for printed in [output.stdout, output.stderr] {
            let printed = String::from_utf8_lossy(&printed).into_owned();
            let is_bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}'..='\u{202e}');
            assert!(!printed.contains(is_bad), "{flags:?}: {printed:?}");
            assert!(!printed.lines().any(|line| line.starts_with("::")), "{flags:?}: {printed:?}");
        }
    }
    assert_eq!(uploads(&sandbox), 1);
}

#[test]
fn without_a_key_nothing_real_is_touched() {
    let folder = Folder::new("keyless", 2);
    folder.write("assets.lock", b"not read");
    for _ in 0..2 {
        let mut command = program(&sandbox(), &folder);
        let output = command.env("ROBLOX_API_KEY", " ").env("ROBLOX_OPEN_CLOUD_URL", "").output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("2 uploaded"), "{output:?}");
    }
    assert_eq!(folder.read("assets.lock"), "not read");
    assert!(folder.read(".sandbox/assets.luau").contains("image0"));
}

#[test]
fn strange_poll_responses_create_no_second_asset() {
    for (status, body) in [(200, "<html>portal</html>"), (302, ""), (400, "{}")] {
        let (sandbox, folder) = (sandbox(), Folder::new("strange", 1));
        sandbox.inject(Fault::status(status).body(body).on("GET", "/assets/v1/operations"));
        assert_eq!(run(&sandbox, &folder).status.code(), Some(2));
        let output = run(&sandbox, &folder);
        assert!(output.status.success(), "{status}: {output:?}");
        assert_eq!((uploads(&sandbox), sandbox.assets().len()), (1, 1), "{status}");
    }
}

#[test]
fn locks_belong_to_one_publisher() {
    let (first, second, folder) = (sandbox(), sandbox(), Folder::new("publisher", 1));
    assert!(run(&first, &folder).status.success());
    let output = run(&second, &folder);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("assets.lock") && text.contains("user 156"), "{text}");
    assert!(second.requests().is_empty());
}
