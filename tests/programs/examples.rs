//! The examples as programs, against a sandbox.

use std::path::Path;
use std::process::{Child, Output};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rblxopencloud::inventory::InventoryAsset;
use rblxopencloud::{Asset, AssetType, Creator, InventoryAssetType, InventoryItem};
use rblxopencloud_sandbox::{Fault, LuauAnswer, Sandbox};

use crate::support::TempDir;
use crate::support::example::{CLIENT_ID, example, line_with, start, with_app};
use crate::support::signing_in::free_port;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().unknown_kinds().start().expect("a free port")
}

fn run(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Output {
    example(name)
        .args(arguments)
        .env_remove("ROBLOX_CLIENT_ID")
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

/// Runs an example without a key or an app, so that it uses a sandbox of its own. Returns its whole output, and whether it
/// succeeded.
fn run_without_set_up(name: &str, arguments: &[&str]) -> (String, bool) {
    let mut command = example(name);
    for variable in [
        "ROBLOX_API_KEY",
        "ROBLOX_USER_ID",
        "ROBLOX_UNIVERSE_ID",
        "ROBLOX_PLACE_ID",
        "ROBLOX_OPEN_CLOUD_URL",
        "ROBLOX_CLIENT_ID",
    ] {
        command.env_remove(variable);
    }
    let output = command.args(arguments).output().expect("the example was built");
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}

/// The environment variables of an example, of those that examples read.
fn variables_of(example: &str) -> &'static [&'static str] {
    match example {
        "sign_in" | "oauth2_server" => {
            &["ROBLOX_CLIENT_ID", "ROBLOX_CLIENT_SECRET", "ROBLOX_REDIRECT_URI", "ROBLOX_OPEN_CLOUD_URL"]
        }
        "ban" | "data_store" | "leaderboard" | "sync_bans" => {
            &["ROBLOX_API_KEY", "ROBLOX_UNIVERSE_ID", "ROBLOX_OPEN_CLOUD_URL"]
        }
        "release" | "run_luau" => &["ROBLOX_API_KEY", "ROBLOX_UNIVERSE_ID", "ROBLOX_PLACE_ID", "ROBLOX_OPEN_CLOUD_URL"],
        "webhook_server" => &["ROBLOX_WEBHOOK_SECRET"],
        _ => &["ROBLOX_API_KEY", "ROBLOX_USER_ID", "ROBLOX_OPEN_CLOUD_URL"],
    }
}

/// The names of the examples.
fn examples() -> Vec<String> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).expect("the directory is there");
    let paths = files.map(|file| file.expect("the entry is there").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let name = |path: &Path| path.file_stem().and_then(|name| name.to_str()).expect("the name is text").to_owned();
    sources.map(|path| name(&path)).collect()
}

#[test]
fn help_lists_the_environment_variables_that_an_example_reads() {
    for name in examples() {
        let (help, is_success) = run_without_set_up(&name, &["--help"]);
        assert!(is_success && help.starts_with(&format!("Usage: {name}")), "{name}: {help}");
        for variable in [
            "ROBLOX_API_KEY",
            "ROBLOX_USER_ID",
            "ROBLOX_UNIVERSE_ID",
            "ROBLOX_PLACE_ID",
            "ROBLOX_CLIENT_ID",
            "ROBLOX_CLIENT_SECRET",
            "ROBLOX_REDIRECT_URI",
            "ROBLOX_WEBHOOK_SECRET",
            "ROBLOX_OPEN_CLOUD_URL",
        ] {
            let is_read = variables_of(&name).contains(&variable);
            assert_eq!(help.contains(&format!("\n  {variable} ")), is_read, "{name}, {variable}: {help}");
        }
    }
}

#[test]
fn help_warns_of_real_assets_if_an_example_uploads() {
    for name in [
        "tour",
        "upload_asset",
        "update_asset",
        "publish_assets",
        "any_endpoint",
        "ban",
        "data_store",
        "leaderboard",
        "sync_bans",
        "release",
    ] {
        let (help, _) = run_without_set_up(name, &["--help"]);
        assert!(help.contains("If ROBLOX_API_KEY is set, ") && help.contains(" real "), "{name}: {help}");
    }
}

/// Returns the texts in quotes of a source.
fn quoted(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

/// What is read is in the source as a text of its own.
#[test]
fn help_lists_each_option_and_variable_that_an_example_reads() {
    for name in examples() {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs")));
        let source = source.expect("the source is there");
        let (help, _) = run_without_set_up(&name, &["--help"]);
        let is_option = |text: &&str| text.starts_with("--") && !text.contains(' ');
        let is_variable = |text: &&str| text.starts_with("ROBLOX_") && !text.contains(' ');
        for text in quoted(&source).filter(|text| is_option(text) || is_variable(text)) {
            assert!(help.contains(text), "{name} reads {text}: {help}");
        }
        let makes_calls = variables_of(&name).contains(&"ROBLOX_OPEN_CLOUD_URL");
        for proxy in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            assert_eq!(help.contains(proxy), makes_calls, "{name}: {help}");
        }
    }
}

#[test]
fn examples_refuse_arguments_that_they_do_not_know() {
    for name in examples() {
        let (text, is_success) = run_without_set_up(&name, &["--no-such-option"]);
        assert!(!is_success && text.contains("see --help"), "{name}: {text}");
        // These two take any number.
        if !["who_is", "find_collectibles"].contains(&name.as_str()) {
            let (text, is_success) = run_without_set_up(&name, &["1", "2", "3", "4", "5"]);
            assert!(!is_success, "{name} uses five arguments: {text}");
        }
    }
    for name in ["list_groups", "list_inventory", "user_info", "quota_report", "tour"] {
        let (text, is_success) = run_without_set_up(name, &["156"]);
        assert!(!is_success && text.contains("unexpected argument \"156\""), "{name}: {text}");
    }
    for name in ["upload_asset", "update_asset", "inventory_to_csv", "backup_assets"] {
        let (text, is_success) = run_without_set_up(name, &["1", "2"]);
        assert!(!is_success && text.contains("unexpected argument \"2\""), "{name}: {text}");
    }
}

/// Runs an example for the experience of the sample data.
fn run_in_experience(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Output {
    let variables = [
        ("ROBLOX_API_KEY", sandbox.api_key()),
        ("ROBLOX_OPEN_CLOUD_URL", sandbox.url()),
        ("ROBLOX_UNIVERSE_ID", "13058"),
    ];
    example(name).args(arguments).envs(variables).output().expect("the example was built")
}

#[test]
fn leaderboard_prints_changes_and_exports_a_store() {
    let (sandbox, directory) = (sandbox(), TempDir::new());
    let file = directory.path().join("coins.jsonl");
    let file = file.to_str().expect("it is text");
    let run = |arguments: &[&str]| {
        let output = run_in_experience(&sandbox, "leaderboard", arguments);
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
    let (text, is_success) = run_without_set_up("leaderboard", &["Coins"]);
    assert!(is_success && text.contains("user_2200"), "{text}");
}

#[test]
fn data_store_shows_and_changes_entries() {
    let sandbox = sandbox();
    let lines = r#"{"id":"user_156","value":{"z":1.50,"coins":7},"users":["users/156"],"attributes":{"level":3}}"#;
    sandbox.load_entries(13058, "Players", lines).expect("an entry");
    // What it prints to each stream.
    let run = |arguments: &[&str]| {
        let output = run_in_experience(&sandbox, "data_store", arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text").replace("\r\n", "\n");
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let printed = |arguments: &[&str]| {
        let (is_success, printed, errors) = run(arguments);
        assert!(is_success, "{arguments:?}: {printed}{errors}");
        printed
    };
    let (_, value, about) = run(&["get", "Players", "user_156"]);
    assert_eq!(value, "{\"z\":1.50,\"coins\":7}\n");
    assert!(about.starts_with("about 156; attributes {\"level\":3}; revision "), "{about}");
    let set = printed(&["set", "Players", "user_156", r#"{"coins":-8}"#]);
    assert_eq!(set, "was {\"z\":1.50,\"coins\":7}\nnow {\"coins\":-8}\n");
    assert!(run(&["get", "Players", "user_156"]).2.starts_with("about 156; attributes {\"level\":3}; "));
    assert_eq!(printed(&["set", "Players", "visits", "-5", "--user", "7", "--user", "8"]), "was not there\nnow -5\n");
    assert!(run(&["get", "Players", "visits"]).2.starts_with("about 7, 8; "));
    sandbox.advance_clock(Duration::from_secs(3600));
    printed(&["delete", "Players", "user_156"]);
    assert!(run(&["get", "Players", "user_156"]).2.contains("there is no entry \"user_156\""));
    assert_eq!(printed(&["list", "Players"]), "visits\n");
    assert_eq!(printed(&["list", "Players", "--deleted", "--prefix", "user_"]), "user_156\n");
    assert!(printed(&["undelete", "Players", "user_156"]).contains("brought back user_156 as revision "));
    let history = printed(&["history", "Players", "user_156"]);
    let lines: Vec<Vec<&str>> = history.lines().map(|line| line.split("  ").collect()).collect();
    let values: Vec<&str> = lines.iter().map(|line| line[2]).collect();
    assert_eq!(values, ["{\"coins\":-8}", "deleted", "{\"coins\":-8}"], "{history}");
    assert_eq!(printed(&["get", "Players", "user_156", "--revision", lines[2][1]]), "{\"coins\":-8}\n");
    assert_eq!(printed(&["get", "Players", "user_156", "--as-of", lines[2][0]]), "{\"coins\":-8}\n");
    assert_eq!(printed(&["list", "Players", "--scope", "eu"]), "");
    for arguments in [
        &[][..],
        &["get", "Players"],
        &["get", "Players", "user_156", "--deleted"],
        &["get", "Players", "user_156", "--as-of", "now"],
        &["set", "Players", "user_156", "{"],
        &["history", "Players", "nothing"],
        &["undelete", "Players", "visits"],
    ] {
        assert!(!run(arguments).0, "{arguments:?}");
    }
    assert!(run(&["get", "Players", "user_156"]).1.contains("-8"), "what is refused changes nothing");
    let (text, is_success) = run_without_set_up("data_store", &["list", "Players"]);
    assert!(is_success && text.contains("user_156\n"), "{text}");
}

#[test]
fn run_luau_prints_the_log_and_fails_as_the_script_does() {
    let (sandbox, directory) = (sandbox(), TempDir::new());
    sandbox.on_luau(|script, _| match script {
        "good" => LuauAnswer::results([1, 2]).print("all tests passed"),
        _ => LuauAnswer::error("TaskScript:3: expected 1").print("a test failed"),
    });
    let script = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("it can be written");
        path.to_str().expect("it is text").to_owned()
    };
    let run = |arguments: &[&str]| {
        let output = example("run_luau")
            .args(arguments)
            .env("ROBLOX_API_KEY", sandbox.api_key())
            .env("ROBLOX_OPEN_CLOUD_URL", sandbox.url())
            .env("ROBLOX_UNIVERSE_ID", "13058")
            .env("ROBLOX_PLACE_ID", "1818")
            .output()
            .expect("the example was built");
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
    let (text, is_success) = run_without_set_up("run_luau", &[&path]);
    assert_eq!(is_success, Sandbox::RUNS_LUAU, "{text}");
    let expected = if Sandbox::RUNS_LUAU { "from Luau\n=> 2\n" } else { "--features rblxopencloud-sandbox/luau" };
    assert!(text.contains(expected), "{text}");
}

#[test]
fn examples_say_what_is_wrong_with_an_argument() {
    for (name, arguments, problem) in [
        ("ownership_gate", &["--port", "x"][..], "invalid port \"x\""),
        ("oauth2_server", &["--port", "70000"], "invalid port \"70000\""),
        ("ownership_gate", &["--port"], "--port needs a value"),
        ("oauth2_server", &["--port", "0", "more"], "unexpected argument \"more\""),
        ("any_endpoint", &["publish", "1"], "publish takes three arguments"),
        ("any_endpoint", &["remove"], "unknown command \"remove\""),
        ("publish_assets", &[".", "--plan", "--check"], "--plan has no effect with --check"),
        ("publish_assets", &[".", "--group", "7", "--group", "8"], "--group is given twice"),
        ("publish_assets", &[".", "--adopt", "a.png"], "--adopt needs a value"),
    ] {
        let (text, is_success) = run_without_set_up(name, arguments);
        assert!(!is_success && text.contains(problem), "{name} {arguments:?}: {text}");
    }
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
        fs::write(directory.path().join(name), [&image[..], name.as_bytes()].concat()).expect("it can be written");
    }
    let folder = directory.path().to_str().expect("it is text");
    let sandbox = sandbox();
    sandbox.set_quota(AssetType::Image, 10);
    let shown = succeeds(&sandbox, "publish_assets", &[folder, "--plan"]);
    shows_bar(&shown, 20, "    2 of     2 files to upload");
    shows_bar(&shown, 4, "    2 of    10 uploads that are left");
}

#[test]
fn sign_in_refuses_arguments_that_have_no_effect_without_an_app() {
    for arguments in [&["--sign-out"][..], &["--no-browser"], &["tokens.json"], &["--no-browser", "tokens.json"]] {
        let (text, is_success) = run_without_set_up("sign_in", arguments);
        assert!(!is_success && text.contains("has no effect without ROBLOX_CLIENT_ID"), "{arguments:?}: {text}");
    }
}

#[test]
fn any_endpoint_uses_the_given_name_without_set_up() {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png");
    let (text, _) = run_without_set_up("any_endpoint", &["game-pass", "1", "Half \"price\"", image]);
    assert!(text.contains("created game pass 777 (Half \"price\")"), "{text}");
}

#[test]
fn publish_assets_checks_and_plans_what_an_earlier_run_without_set_up_published() {
    let directory = TempDir::new();
    let folder = directory.path().to_str().expect("it is text");
    let add = |name: &str, rest: &str| {
        let image = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/crate.png")).expect("the image");
        fs::write(directory.path().join(name), [&image, rest.as_bytes()].concat()).expect("it can be written");
    };
    let run = |arguments: &[&str]| run_without_set_up("publish_assets", &[&[folder], arguments].concat());
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
    let content = |tail: &str| [b"<roblox!\x89\xff\r\n\x1a\n", tail.as_bytes()].concat();
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
    let (shown, is_success) = run_without_set_up("place_history", &["1818"]);
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
fn sign_in_needs_the_browser_once() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(156, true);
    let redirect_uri = format!("http://localhost:{}/callback", free_port());
    let _ = sandbox.oauth2_app(&redirect_uri);
    let directory = TempDir::new();
    let file = directory.path().join("tokens.json");
    let file = file.to_str().expect("it is text");
    let ended = |child: Child| {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };

    let mut first = start(&sandbox, "sign_in", &redirect_uri, &["--no-browser", file]);
    let url = line_with(first.stderr.take().expect("it is piped"), "http://");
    sandbox.browse(sandbox.authorize(&url, 156).expect("the address is good"));
    let shown = ended(first);
    assert!(shown.contains("signed in as Builderman") && shown.contains("250 items in all"), "{shown}");

    sandbox.expire_access_tokens();
    let shown = ended(start(&sandbox, "sign_in", &redirect_uri, &[file]));
    assert!(shown.contains("250 items in all"), "{shown}");
    assert!(ended(start(&sandbox, "sign_in", &redirect_uri, &["--sign-out", file])).contains("signed out"));
    assert!(!Path::new(file).exists());
}

/// What an opener that keeps its arguments, its environment and the file saw.
#[cfg(target_os = "linux")]
struct Seen {
    arguments: String,
    environment: String,
    page: String,
    mode: String,
}

/// Signs in with an opener of this exit code. Returns what the opener saw, unless it wasn't started, and what the program printed.
#[cfg(target_os = "linux")]
fn sign_in_with_opener(exit_code: u8, home: &str) -> (Option<Seen>, String) {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    sandbox.set_inventory_private(156, true);
    let port = free_port();
    let redirect_uri = format!("http://localhost:{port}/callback");
    sandbox.register_oauth2_app(CLIENT_ID, Some("RBX-secret-of-the-app"), [redirect_uri.as_str()]);
    let directory = TempDir::new();
    let path = |name: &str| directory.path().join(name);
    let script = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\ncd '{}' || exit 9\nprintf '%s\\n' \"$@\" > arguments\nenv > environment\n\
         cat \"$1\" > page\nstat -c %a \"$1\" > mode\nmv mode seen\nexit {exit_code}\n",
        directory.path().display()
    );
    fs::create_dir(path("bin")).expect("it can be made");
    fs::write(path("bin/xdg-open"), script).expect("it can be written");
    fs::set_permissions(path("bin/xdg-open"), fs::Permissions::from_mode(0o755)).expect("it can be set");
    fs::create_dir(path("home")).expect("it can be made");
    // What programs that were killed have left. Another port may be in use.
    let left = |name: &str| path("home").join(format!("rblxopencloud-sign-in-{name}"));
    let other_port = left(&format!("1{port}.html.0123456789abcdef.part"));
    for file in [left(&format!("{port}.html")), left(&format!("{port}.html.0123456789abcdef.part")), other_port.clone()]
    {
        fs::write(file, "old").expect("it can be written");
    }

    let tokens = path("tokens.json");
    let mut child = with_app(&sandbox, "sign_in", &redirect_uri, &[tokens.to_str().expect("it is text")])
        .env("PATH", path("bin"))
        .env("HOME", path(home))
        .env("ROBLOX_CLIENT_SECRET", "RBX-secret-of-the-app")
        .env("ROBLOX_API_KEY", "key-of-the-user")
        .env("MY_UPLOAD_KEY", "key-of-another-name")
        .env("XDG_ACTIVATION_TOKEN", "harmless")
        .spawn()
        .expect("the example was built");
    let url = line_with(child.stderr.take().expect("it is piped"), "http://");
    let seen = (home == "home").then(|| {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !path("seen").exists() {
            assert!(Instant::now() < deadline, "no opener was started");
            thread::sleep(Duration::from_millis(20));
        }
        let read = |name: &str| fs::read_to_string(path(name)).expect("it is there");
        Seen { arguments: read("arguments"), environment: read("environment"), page: read("page"), mode: read("seen") }
    });
    sandbox.browse(sandbox.authorize(&url, 156).expect("the address is good"));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(path("seen").exists(), home == "home", "whether the opener was started");
    if let Some(seen) = &seen {
        let file = seen.arguments.trim_end();
        assert!(file.starts_with(path("home").to_str().expect("it is text")) && !Path::new(file).exists(), "{file}");
        let left: Vec<_> = fs::read_dir(path("home")).expect("it is there").map(|file| file.unwrap().path()).collect();
        assert_eq!(left, [other_port]);
        let escaped = url.replace('&', "&amp;");
        assert!(seen.page.contains(&format!("content=\"0; url={escaped}\"")), "{}", seen.page);
        assert!(seen.page.contains(&format!("href=\"{escaped}\"")), "{}", seen.page);
        assert!(!seen.arguments.contains("state") && !seen.arguments.contains("challenge"), "{}", seen.arguments);
    }
    (seen, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whoever sees the arguments of the opener, as any user can with `ps`, could sign the program in as themselves with the URL.
#[test]
#[cfg(target_os = "linux")]
fn sign_in_shows_the_opener_neither_the_url_nor_a_key() {
    let (seen, shown) = sign_in_with_opener(0, "home");
    let seen = seen.expect("it was started");
    assert_eq!((seen.arguments.lines().count(), seen.mode.trim()), (1, "600"), "{}", seen.arguments);
    for secret in ["RBX-secret-of-the-app", "key-of-the-user", "key-of-another-name", "code_challenge"] {
        assert!(!seen.environment.contains(secret), "{secret}: {}", seen.environment);
    }
    for other in ["XDG_ACTIVATION_TOKEN=harmless", "HOME="] {
        assert!(seen.environment.contains(other), "{other}: {}", seen.environment);
    }
    assert!(shown.contains("signed in as Builderman"), "{shown}");
}

#[test]
#[cfg(target_os = "linux")]
fn sign_in_waits_also_if_the_browser_can_not_be_opened() {
    for (exit_code, home) in [(3, "home"), (0, "missing")] {
        let (_, shown) = sign_in_with_opener(exit_code, home);
        assert!(shown.contains("signed in as Builderman"), "{shown}");
    }
}

#[test]
fn the_examples_of_oauth2_run_without_set_up() {
    let shown = succeeds(&sandbox(), "sign_in", &[]);
    assert!(shown.contains("signed in as Builderman (@builderman)") && shown.contains("250 items in all"), "{shown}");
    let shown = succeeds(&sandbox(), "oauth2_server", &[]);
    assert!(shown.contains("Welcome, Builderman") && shown.contains("forged: 400"), "{shown}");
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

/// Packages have no other files than these pages, the licenses and the sources.
#[test]
fn pages_of_packages_link_to_websites_and_their_own_sections_only() {
    for page in ["README.md", "CHANGELOG.md", "sandbox/README.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("the page is there");
        let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-").replace(['.', '\'', '`'], "");
        let headings = text.lines().filter_map(|line| Some(line.trim_start_matches('#').strip_prefix(' ')?.trim()));
        let anchors: Vec<_> = headings.map(anchor).collect();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_section = link.strip_prefix('#').is_some_and(|name| anchors.iter().any(|known| known == name));
            assert!(link.starts_with("https://") || is_section, "{page} links to {link}");
        }
    }
}

#[test]
fn the_readme_describes_each_example() {
    let readme = include_str!("../../README.md");
    for name in examples().into_iter().chain(["build_script".to_owned()]) {
        assert!(readme.contains(&name), "the README doesn't name the example {name}");
    }
}
