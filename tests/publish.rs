//! The example `publish_assets` as a build uses it: run repeatedly, and killed at any moment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use rblxopencloud::UserInfo;
use rblxopencloud::sandbox::{Fault, OperationFailure, Sandbox};
use serde_json::Value;

const IMAGE: &[u8] = include_bytes!("../examples/assets/crate.png");

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

    /// Returns the entry of a file in the lock.
    fn entry(&self, name: &str) -> Value {
        let lock: Value =
            serde_json::from_str(&self.read("publish.lock.json")).expect("the lock is whole at any moment");
        lock["files"][name].clone()
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

/// The example, which is built with the tests.
fn program(sandbox: &Sandbox, folder: &Folder) -> Command {
    let test = env::current_exe().expect("this test has a file");
    let target = test.parent().and_then(Path::parent).expect("it lies in deps");
    let mut command = Command::new(target.join("examples").join(format!("publish_assets{}", env::consts::EXE_SUFFIX)));
    command
        .arg(&folder.0)
        .env("ROBLOX_API_KEY", sandbox.api_key())
        .env("ROBLOX_USER_ID", "156")
        .env("ROBLOX_OPEN_CLOUD_URL", sandbox.url())
        .stdin(Stdio::null());
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
        assert!(module.contains(&format!("[\"image{number}\"] = \"rbxassetid://")), "{module}");
    }

    let requests = sandbox.requests().len();
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(sandbox.requests().len(), requests, "an unchanged folder needs no request");
    assert_eq!(uploads(&sandbox), 3);
    assert_eq!(folder.read("assets.luau"), module);

    folder.write("image1.png", &image(77));
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(uploads(&sandbox), 4);
    assert_ne!(folder.read("assets.luau"), module);
}

#[test]
fn a_kill_at_any_moment_loses_nothing_and_uploads_nothing_twice() {
    const FILES: usize = 12;
    for delay in [15, 30, 50, 70, 90, 120, 160] {
        let (sandbox, folder) = (sandbox(), Folder::new("kill", FILES));
        sandbox.set_operation_time(Duration::from_millis(60));
        for round in 1..4 {
            let mut child = program(&sandbox, &folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the example is built: cargo build --examples");
            thread::sleep(Duration::from_millis(delay * round));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
        let output = run(&sandbox, &folder);

        let assets = sandbox.assets();
        let names: BTreeSet<_> = assets.iter().map(|asset| asset.display_name.clone()).collect();
        assert_eq!(names.len(), assets.len(), "after {delay} ms: something was uploaded twice");
        let mut in_doubt = 0;
        for number in 0..FILES {
            let entry = folder.entry(&format!("image{number}.png"));
            let made = assets.iter().find(|asset| asset.display_name == Some(format!("image{number}")));
            match (&entry["begun"], entry["published"][0].as_u64()) {
                (Value::Null, Some(id)) => assert_eq!(made.map(|asset| asset.id), Some(id), "after {delay} ms"),
                // It was killed between sending and reading the response, so the outcome is unknown.
                (begun, _) => {
                    assert!(begun[0].is_null(), "after {delay} ms: {entry}");
                    in_doubt += 1;
                }
            }
        }
        assert_eq!(output.status.success(), in_doubt == 0, "after {delay} ms: {output:?}");
        assert!(in_doubt <= 8 * 3, "no more than were being sent");
    }
}

#[test]
fn bad_files_are_reported_and_others_published() {
    let (sandbox, folder) = (sandbox(), Folder::new("wrong", 4));
    folder.write("page.mp3", b"<!DOCTYPE html><html>404</html>");
    fs::create_dir(folder.0.join("folder")).expect("a folder");
    sandbox.fail_next_operation(OperationFailure::error("INVALID_ARGUMENT", "AssetName is moderated."));
    let output = run(&sandbox, &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for words in ["page.mp3", "web page", "folder", "is a directory", "AssetName is moderated"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert_eq!(sandbox.assets().len(), 3);
    let published = (0..4).filter(|number| !folder.entry(&format!("image{number}.png"))["published"].is_null()).count();
    assert_eq!(published, 3);
}

#[test]
fn a_refused_key_stops_the_rest_before_it_is_sent() {
    let (sandbox, folder) = (sandbox(), Folder::new("refused", 40));
    let refusal = r#"{"errors":[{"code":0,"message":"Invalid API Key"}]}"#;
    sandbox.inject(Fault::status(401).body(refusal).times(100).on("POST", "/assets"));
    let output = run(&sandbox, &folder);
    assert!(!output.status.success());
    assert!(uploads(&sandbox) <= 16, "{}", uploads(&sandbox));
    assert!(sandbox.assets().is_empty());

    // Nothing is in doubt, so everything is uploaded once the key is valid.
    sandbox.clear_faults();
    let output = run(&sandbox, &folder);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(sandbox.assets().len(), 40);
}

#[test]
fn unreadable_locks_stop_the_run() {
    for (lock, words) in [("{ half", "broken"), (r#"{"version": 9, "files": {}}"#, "newer version")] {
        let (sandbox, folder) = (sandbox(), Folder::new("lock", 1));
        folder.write("publish.lock.json", lock.as_bytes());
        let output = run(&sandbox, &folder);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words) && said.contains("publish.lock.json"), "{said}");
        assert!(sandbox.requests().is_empty());
        assert_eq!(folder.read("publish.lock.json"), lock);
    }
}

#[test]
fn two_files_of_one_name_are_not_published_over_each_other() {
    let (sandbox, folder) = (sandbox(), Folder::new("twins", 1));
    folder.write("image0.jpg", b"\xff\xd8\xff\xe0");
    let output = run(&sandbox, &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("image0.jpg") && said.contains("image0.png"), "{said}");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn strange_poll_responses_create_no_second_asset() {
    for (status, body) in [(200, "<html>portal</html>"), (302, ""), (400, "{}")] {
        let (sandbox, folder) = (sandbox(), Folder::new("strange", 1));
        sandbox.inject(Fault::status(status).body(body).on("GET", "/assets/v1/operations"));
        assert!(!run(&sandbox, &folder).status.success());
        let output = run(&sandbox, &folder);
        assert!(output.status.success(), "{status}: {output:?}");
        assert_eq!((uploads(&sandbox), sandbox.assets().len()), (1, 1), "{status}");
    }
}

#[test]
fn an_upload_that_failed_is_tried_again_by_the_next_run() {
    let (sandbox, folder) = (sandbox(), Folder::new("again", 1));
    sandbox.fail_next_operation(OperationFailure::error("RESOURCE_EXHAUSTED", "The quota is used up."));
    assert!(!run(&sandbox, &folder).status.success());
    assert!(run(&sandbox, &folder).status.success());
    assert_eq!(sandbox.assets().len(), 1);
}

#[test]
fn locks_belong_to_one_publisher() {
    let (first, second, folder) = (sandbox(), sandbox(), Folder::new("publisher", 1));
    assert!(run(&first, &folder).status.success());
    let output = run(&second, &folder);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("publish.lock.json") && said.contains("user 156"), "{said}");
    assert!(second.requests().is_empty());
}
