//! The examples as programs, against a sandbox.

mod support;

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use rblxopencloud::sandbox::{Fault, Sandbox};
use rblxopencloud::{Asset, AssetType, Creator, InventoryAsset, InventoryAssetType, InventoryItem};
use support::TempDir;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().unknown_kinds().start().expect("a free port")
}

/// Runs an example, which is built with the tests.
fn run(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Output {
    let test = env::current_exe().expect("this test has a file");
    let target = test.parent().and_then(Path::parent).expect("it lies in deps");
    Command::new(target.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .args(arguments)
        .env("ROBLOX_API_KEY", sandbox.api_key())
        .env("ROBLOX_USER_ID", "156")
        .env("ROBLOX_OPEN_CLOUD_URL", sandbox.url())
        .output()
        .expect("the example was built")
}

#[track_caller]
fn succeeds(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> String {
    let output = run(sandbox, name, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the one line that a failed example prints.
#[track_caller]
fn fails(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> String {
    let output = run(sandbox, name, arguments);
    assert!(!output.status.success(), "{name} succeeds");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("error: ") && !error.contains("panicked"), "{error}");
    error
}

#[test]
fn who_is_prints_users_and_their_absence() {
    let told = succeeds(&sandbox(), "who_is", &["BuilderMan", "no-one"]);
    assert!(told.contains("Builderman (@builderman), user 156") && told.contains("in 3 groups"), "{told}");
    assert!(told.contains("no-one: no such user"), "{told}");
}

#[test]
fn find_collectibles_prints_serial_numbers() {
    let sandbox = sandbox();
    let told = succeeds(&sandbox, "find_collectibles", &[]);
    assert!(told.contains("#5") && told.contains("5 collectibles, 1 of them on hold"), "{told}");
    assert!(succeeds(&sandbox, "find_collectibles", &["gear"]).contains("0 collectibles"));
}

#[test]
fn quota_report_fails_if_nothing_is_left() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Audio, 10);
    assert!(succeeds(&sandbox, "quota_report", &[]).contains("10 of    10 left this month"));
    sandbox.set_quota(AssetType::Video, 0);
    assert!(fails(&sandbox, "quota_report", &[]).contains("nothing is left of VIDEO"));
}

#[test]
fn ownership_gate_answers() {
    let told = succeeds(&sandbox(), "ownership_gate", &[]);
    assert!(told.contains(r#"200 {"owns_pass":true,"rank":255}"#), "{told}");
    assert!(told.contains("404") && told.contains("400"), "{told}");
}

#[test]
fn an_interrupted_export_is_resumed_exactly() {
    let sandbox = sandbox();
    let items = (0..950).map(|id| InventoryItem::Asset(InventoryAsset::new(id, InventoryAssetType::Hat)));
    sandbox.set_inventory(156, items);
    let directory = TempDir::new();
    let path = |name: &str| directory.path().join(name).to_str().expect("it is text").to_owned();
    succeeds(&sandbox, "inventory_to_csv", &[&path("whole.csv")]);
    let whole = fs::read_to_string(path("whole.csv")).expect("it is there");
    assert_eq!(whole.lines().count(), 951);

    // Each run gets two pages further.
    let resumed = path("resumed.csv");
    for _ in 0..4 {
        sandbox.inject(Fault::status(403).after(2));
        fails(&sandbox, "inventory_to_csv", &[&resumed]);
        sandbox.clear_faults();
        // A kill after the page was written, and before the cursor was.
        let torn = fs::read_to_string(&resumed).expect("it is there") + "asset,torn";
        fs::write(&resumed, torn).expect("it can be written");
    }
    sandbox.clear_requests();
    succeeds(&sandbox, "inventory_to_csv", &[&resumed]);
    assert_eq!(sandbox.requests().len(), 2, "eight pages were there already");
    assert_eq!(fs::read_to_string(&resumed).expect("it is there"), whole);
    assert!(!Path::new(&format!("{resumed}.cursor")).exists());
}

#[test]
fn a_backup_has_only_the_user_s_own_assets() {
    let sandbox = sandbox();
    let mut items = Vec::new();
    for (id, creator, content) in [(1, 156, "<roblox!1"), (2, 156, "\u{7f}"), (3, 1, "<roblox!3"), (4, 156, "<roblox>")]
    {
        let mut asset = Asset::new(id);
        asset.asset_type = Some(AssetType::Model);
        asset.display_name = Some(format!("CON: a/b {id}"));
        asset.creator = Some(Creator::User(creator));
        sandbox.add_asset(asset);
        sandbox.set_asset_content(id, "a", "model/x-rbxm", content);
        items.push(InventoryItem::Asset(InventoryAsset::new(id, InventoryAssetType::Model)));
    }
    sandbox.set_inventory(156, items);
    let directory = TempDir::new();
    let folder = directory.path().to_str().expect("it is text");
    let files = || {
        let files = fs::read_dir(directory.path()).expect("it is there");
        let mut files: Vec<_> =
            files.map(|file| file.expect("it is there").file_name().into_string().expect("text")).collect();
        files.sort();
        files
    };
    sandbox.inject(Fault::status(404).on("GET", "/contents/2/"));
    let error = fails(&sandbox, "backup_assets", &[folder]);
    assert!(error.contains("asset 2") && error.contains("1 could not be saved"), "{error}");
    assert_eq!(files(), ["1-v1-CON__a_b_1.rbxm", "4-v1-CON__a_b_4.rbxmx"]);
    assert!(succeeds(&sandbox, "backup_assets", &[folder]).contains("1 saved"));
    assert_eq!(files().len(), 3);
    sandbox.set_key_enabled(false);
    assert!(fails(&sandbox, "backup_assets", &[folder]).contains("401"));
}
