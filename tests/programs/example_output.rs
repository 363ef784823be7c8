//! What single examples print and write.

use std::fs;
use std::path::Path;

use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Asset, AssetType, Creator, InventoryAssetType, InventoryItem};
use rblxopencloud_sandbox::{Fault, LuauAnswer, Sandbox};

use crate::support::TempDir;
use crate::support::example::{fails, outcome_without_set_up, succeeds, with_key};
use crate::support::samples::PLACE;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().unknown_kinds().start().expect("a free port")
}

#[test]
fn run_luau_prints_the_log_and_fails_as_the_script_does() {
    let (sandbox, directory) = (sandbox(), TempDir::new());
    sandbox.on_luau(|script, _| match script {
        "good" => LuauAnswer::results([1, 2]).print("all tests passed"),
        _ => LuauAnswer::error("TaskScript:3: expected 1").print("a test failed"),
    });
    let script =
        |name: &str, text: &str| directory.file(name, text.as_bytes()).to_str().expect("it is text").to_owned();
    let run = |arguments: &[&str]| {
        let output = with_key(&sandbox, "run_luau", arguments).output().expect("the example was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, error) = run(&[&script("good.luau", "good"), "--timeout", "60"]);
    assert_eq!((code, out.as_str()), (Some(0), "all tests passed\n=> 1\n=> 2\n"), "{error}");
    let (code, out, error) = run(&[&script("bad.luau", "bad")]);
    assert_eq!((code, out.as_str()), (Some(1), "a test failed\n"));
    assert!(error.contains("error: script error in line 3: TaskScript:3: expected 1"), "{error}");
    for arguments in [&[][..], &["none.luau"], &["none.luau", "--timeout"], &["none.luau", "--timeout", "soon"]] {
        assert_eq!(run(arguments).0, Some(1), "{arguments:?}");
    }

    let path = script("real.luau", "print('from Luau') return 1 + 1");
    let (text, is_success) = outcome_without_set_up("run_luau", &[&path]);
    assert_eq!(is_success, Sandbox::RUNS_LUAU, "{text}");
    let expected = if Sandbox::RUNS_LUAU { "from Luau\n=> 2\n" } else { "--features rblxopencloud-sandbox/luau" };
    assert!(text.contains(expected), "{text}");
}

/// A bar is as full as what it shows.
#[track_caller]
fn shows_bar(text: &str, full: usize, counts: &str) {
    let bar = format!("{}{} {counts}", "█".repeat(full), "░".repeat(20 - full));
    assert!(text.contains(&bar), "{bar}: {text}");
}

#[test]
fn quota_report_shows_what_is_left_as_a_bar() {
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Audio, 10);
    shows_bar(&succeeds(&sandbox, "quota_report", &[]), 20, "   10 of    10 left this month");
}

#[test]
fn groups_and_roles_are_shown_by_their_names() {
    for example in ["list_groups", "tour"] {
        let shown = succeeds(&sandbox(), example, &[]);
        assert!(shown.contains("user 156 in Roblox, Owner"), "{example}: {shown}");
    }
}

#[test]
fn list_inventory_shows_how_much_of_it_is_of_a_kind() {
    let shown = succeeds(&sandbox(), "list_inventory", &[]);
    shows_bar(&shown, 20, "   245 asset");
    shows_bar(&shown, 1, "     2 badge");
    assert!(shown.contains("250 items"), "{shown}");
}

#[test]
fn publish_assets_plans_with_a_bar_and_counts_for_each_type() {
    let directory = TempDir::new();
    let image = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png")).expect("the image");
    for name in ["a.png", "b.png"] {
        directory.file(name, &[&image[..], name.as_bytes()].concat());
    }
    let folder = directory.path().to_str().expect("it is text");
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Image, 10);
    let shown = succeeds(&sandbox, "publish_assets", &[folder, "--plan"]);
    shows_bar(&shown, 20, "    2 of     2 files to upload");
    shows_bar(&shown, 4, "    2 of    10 uploads that are left");
}

#[test]
fn any_endpoint_uses_the_given_name_without_set_up() {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
    let (text, _) = outcome_without_set_up("any_endpoint", &["game-pass", "1", "Half \"price\"", image]);
    assert!(text.contains("created game pass 777 (Half \"price\")"), "{text}");
}

#[test]
fn publish_assets_checks_and_plans_what_an_earlier_run_without_set_up_published() {
    let directory = TempDir::new();
    let folder = directory.path().to_str().expect("it is text");
    let add = |name: &str, rest: &str| {
        let image = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png")).expect("the image");
        directory.file(name, &[&image, rest.as_bytes()].concat());
    };
    let run = |arguments: &[&str]| outcome_without_set_up("publish_assets", &[&[folder], arguments].concat());
    add("crate.png", "");
    assert!(!run(&["--check"]).1, "nothing is published yet");
    for _ in 0..2 {
        let (text, is_success) = run(&[]);
        assert!(is_success && text.contains("1 uploaded"), "{text}");
        let (text, is_success) = run(&["--check"]);
        assert!(is_success && text.contains("everything is published"), "{text}");
        assert!(run(&["--plan"]).0.contains("0 to upload"));
    }
    add("door.png", "door");
    assert!(!run(&["--check"]).1, "one is new");
    assert!(run(&["--plan"]).0.contains("1 to upload"));
    assert!(!run(&["--check", "--group", "7"]).0.contains("everything"), "the lock file is that of a user");
}

#[test]
fn who_is_prints_users_and_their_absence() {
    let shown = succeeds(&sandbox(), "who_is", &["BuilderMan", "no-one"]);
    assert!(shown.contains("Builderman (@builderman), user 156") && shown.contains("in 3 groups"), "{shown}");
    assert!(shown.contains("no-one: no such user"), "{shown}");
}

#[test]
fn place_history_shows_downloads_and_rolls_back() {
    let sandbox = sandbox();
    let place = sandbox.client().place(1818);
    let content = |tail: &str| [PLACE, tail.as_bytes()].concat();
    place.publish(content("good")).expect("published");
    place.version(1).set_notes("Good", "").expect("noted");
    place.publish(content("bad")).expect("published");
    place.save(content("better")).expect("saved");
    let shown = succeeds(&sandbox, "place_history", &["1818"]);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(
        lines[0].contains("3  saved") && lines[2].contains("1  published") && lines[2].ends_with("Good"),
        "{shown}"
    );
    assert_eq!(lines[3], "3 versions by 1 users");

    let folder = TempDir::new();
    let path = folder.path().join("old.rbxl");
    let file = path.to_str().expect("it is text");
    succeeds(&sandbox, "place_history", &["1818", "download", "1", file]);
    assert_eq!(fs::read(&path).expect("it is there"), content("good"));

    let shown = succeeds(&sandbox, "place_history", &["1818", "rollback", "1"]);
    assert_eq!(shown, "version 2 of place 1818 was live\nversion 4 of place 1818 is live\n");
    assert!(fails(&sandbox, "place_history", &["4"]).contains("4"));
    for arguments in [&["1818", "rollback"][..], &["1818", "delete", "1"], &["x"], &[]] {
        assert!(fails(&sandbox, "place_history", arguments).contains("see --help"), "{arguments:?}");
    }
    let (shown, is_success) = outcome_without_set_up("place_history", &["1818"]);
    assert!(is_success && shown.contains("A bridge") && shown.contains("4 versions"), "{shown}");
}

#[test]
fn find_collectibles_prints_serial_numbers() {
    let sandbox = sandbox();
    let shown = succeeds(&sandbox, "find_collectibles", &[]);
    assert!(shown.contains("#5") && shown.contains("5 collectibles, 1 of them on hold"), "{shown}");
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
fn any_endpoint_lists_publishes_a_place_and_sends_a_form() {
    let sandbox = sandbox();
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
    assert!(succeeds(&sandbox, "any_endpoint", &[]).contains("groups/"));

    sandbox.inject(Fault::status(200).body(r#"{"versionNumber":7}"#).on("POST", "/universes/v1/1/places/2/versions"));
    let shown = succeeds(&sandbox, "any_endpoint", &["publish", "1", "2", image]);
    assert!(shown.contains("published version 7 of place 2"), "{shown}");
    let sent = sandbox.requests().pop().expect("a place");
    assert_eq!(sent.query_value("versionType"), Some("Published"));
    assert_eq!(sent.body, fs::read(image).expect("the image"));

    sandbox.inject(Fault::status(200).body(r#"{"gamePassId":777,"name":"Coins"}"#).on("POST", "/game-passes/v1/"));
    let shown = succeeds(&sandbox, "any_endpoint", &["game-pass", "1", "Coins", image]);
    assert!(shown.contains("created game pass 777 (Coins)"), "{shown}");
    let sent = sandbox.requests().pop().expect("a form");
    let names: Vec<_> = sent.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["name", "isForSale", "imageFile"]);
    fails(&sandbox, "any_endpoint", &["publish", "1", "2", "no-such-file"]);
    fails(&sandbox, "any_endpoint", &["delete"]);
}

#[test]
fn ownership_gate_answers() {
    let shown = succeeds(&sandbox(), "ownership_gate", &[]);
    assert!(shown.contains(r#"200 {"owns_pass":true,"rank":255}"#), "{shown}");
    assert!(shown.contains("404") && shown.contains("400"), "{shown}");
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

#[test]
fn leaderboard_prints_changes_and_exports_a_store() {
    let (sandbox, directory) = (sandbox(), TempDir::new());
    let file = directory.path().join("coins.jsonl");
    let file = file.to_str().expect("it is text");
    let run = |arguments: &[&str]| {
        let output = with_key(&sandbox, "leaderboard", arguments).output().expect("the example was built");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    };
    let last_words = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
    };
    let (is_success, text) = run(&["Coins", "--top", "2"]);
    assert!(is_success && last_words(&text) == ["user_2200", "user_156"], "{text}");
    let (is_success, text) = run(&["Coins", "--remove", "user_2200", "--add", "user_1007", "900"]);
    assert!(is_success, "{text}");
    assert_eq!(last_words(&text), ["user_2200", "1600", "user_1007", "user_156", "user_37000"], "{text}");
    let (is_success, text) = run(&["Coins", "--export", file]);
    assert!(is_success && text.contains("wrote 3 entries"), "{text}");
    let lines = fs::read_to_string(file).expect("it is written");
    assert!(lines.starts_with("{\"id\":\"user_1007\",\"value\":1600}\n"), "{lines}");
    let (is_success, text) = run(&["Coins", "--scope", "week"]);
    assert!(is_success && text.contains("no entries"), "{text}");
    for arguments in [&[][..], &["Coins", "--top"], &["Coins", "--top", "-1"], &["Coins", "--add", "a", "1.5"]] {
        assert!(!run(arguments).0, "{arguments:?}");
    }
    let (text, is_success) = outcome_without_set_up("leaderboard", &["Coins"]);
    assert!(is_success && text.contains("user_2200"), "{text}");
}
