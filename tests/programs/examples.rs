//! What all examples do with `--help` and with arguments, and which pages name them.

use std::fs;
use std::path::Path;

use crate::support::example::{VARIABLES, outcome_without_set_up};

/// The environment variables of an example, of those that examples read.
fn variables_of(example: &str) -> &'static [&'static str] {
    match example {
        "sign_in" | "oauth2_server" => {
            &["ROBLOX_CLIENT_ID", "ROBLOX_CLIENT_SECRET", "ROBLOX_REDIRECT_URI", "ROBLOX_OPEN_CLOUD_URL"]
        }
        "back_up_data" | "ban" | "data_store" | "edit_all" | "leaderboard" | "sync_bans" => {
            &["ROBLOX_API_KEY", "ROBLOX_UNIVERSE_ID", "ROBLOX_OPEN_CLOUD_URL"]
        }
        "release" | "run_luau" => &["ROBLOX_API_KEY", "ROBLOX_UNIVERSE_ID", "ROBLOX_PLACE_ID", "ROBLOX_OPEN_CLOUD_URL"],
        "webhook_server" => &["ROBLOX_WEBHOOK_SECRET"],
        "erasure_server" => &["ROBLOX_WEBHOOK_SECRET", "ROBLOX_API_KEY", "ROBLOX_OPEN_CLOUD_URL"],
        "erase_user" => &["ROBLOX_API_KEY", "ROBLOX_OPEN_CLOUD_URL"],
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
        let (help, is_success) = outcome_without_set_up(&name, &["--help"]);
        assert!(is_success && help.starts_with(&format!("Usage: {name}")), "{name}: {help}");
        for variable in VARIABLES {
            let is_read = variables_of(&name).contains(variable);
            assert_eq!(help.contains(&format!("\n  {variable} ")), is_read, "{name}, {variable}: {help}");
        }
    }
}

#[test]
fn help_warns_of_what_an_example_changes_for_real() {
    for name in [
        "tour",
        "upload_asset",
        "update_asset",
        "publish_assets",
        "any_endpoint",
        "back_up_data",
        "ban",
        "data_store",
        "erase_user",
        "edit_all",
        "leaderboard",
        "sync_bans",
        "release",
        "place_history",
        "run_luau",
    ] {
        let (help, _) = outcome_without_set_up(name, &["--help"]);
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
        let (help, _) = outcome_without_set_up(&name, &["--help"]);
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
        let (text, is_success) = outcome_without_set_up(&name, &["--no-such-option"]);
        assert!(!is_success && text.contains("see --help"), "{name}: {text}");
        // These two take any number.
        if !["who_is", "find_collectibles"].contains(&name.as_str()) {
            let (text, is_success) = outcome_without_set_up(&name, &["1", "2", "3", "4", "5"]);
            assert!(!is_success, "{name} uses five arguments: {text}");
        }
    }
    for name in ["list_groups", "list_inventory", "user_info", "quota_report", "tour"] {
        let (text, is_success) = outcome_without_set_up(name, &["156"]);
        assert!(!is_success && text.contains("unexpected argument \"156\""), "{name}: {text}");
    }
    for name in ["upload_asset", "update_asset", "inventory_to_csv", "backup_assets"] {
        let (text, is_success) = outcome_without_set_up(name, &["1", "2"]);
        assert!(!is_success && text.contains("unexpected argument \"2\""), "{name}: {text}");
    }
}

#[test]
fn examples_say_what_is_wrong_with_an_argument() {
    for (name, arguments, problem) in [
        ("ownership_gate", &["--port", "x"][..], "invalid port \"x\""),
        ("oauth2_server", &["--port", "70000"], "invalid port \"70000\""),
        ("ownership_gate", &["--port"], "--port needs a value"),
        ("webhook_server", &["--port", "x"], "invalid port \"x\""),
        ("webhook_server", &["--port"], "--port needs a value"),
        ("webhook_server", &["--port", "0", "--port", "1"], "--port is given twice"),
        ("oauth2_server", &["--port", "0", "more"], "unexpected argument \"more\""),
        ("any_endpoint", &["publish", "1"], "publish takes three arguments"),
        ("any_endpoint", &["remove"], "unknown command \"remove\""),
        ("publish_assets", &[".", "--plan", "--check"], "--plan has no effect with --check"),
        ("publish_assets", &[".", "--plan", "--prune"], "--plan has no effect with --prune"),
        ("publish_assets", &[".", "--prune", "--check"], "--prune has no effect with --check"),
        ("publish_assets", &[".", "--prune", "--adopt", "a.png", "7"], "have no effect with --prune"),
        ("publish_assets", &[".", "--group", "7", "--group", "8"], "--group is given twice"),
        ("publish_assets", &[".", "--adopt", "a.png"], "--adopt needs a value"),
        ("back_up_data", &["Players"], "expected STORE FILE"),
        ("back_up_data", &["--restore", "a", "--into", "b", "--overwrite", "all"], "neither older nor never"),
        ("back_up_data", &["--restore", "a"], "expected STORE FILE, or --restore FILE --into STORE"),
        ("back_up_data", &["a", "b", "--requests-per-minute", "many"], "\"many\" isn't a number"),
        ("edit_all", &["Players", "a.journal"], "expected --rename, --add or --increment"),
        ("edit_all", &["Players", "a.journal", "--add", "pets", "{"], "isn't JSON"),
        ("edit_all", &["Players", "a.journal", "--rename", "coins"], "--rename needs a value"),
    ] {
        let (text, is_success) = outcome_without_set_up(name, arguments);
        assert!(!is_success && text.contains(problem), "{name} {arguments:?}: {text}");
    }
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
    for name in examples().into_iter().chain(["build_script", "prepare_svg", "import_lock"].map(str::to_owned)) {
        assert!(readme.contains(&name), "the README doesn't name the example {name}");
    }
}
