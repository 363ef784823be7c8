//! Each word by which people search the documentation finds something.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What people call things. A word finds an item that has it in its name, or as an alias of its own.
const WORDS: &[&str] = &[
    // users and inventories
    "avatar",
    "headshot",
    "picture",
    "thumbnail",
    "profile",
    "username",
    "get_user",
    "lookup",
    "resolve",
    "premium",
    "inventory",
    "items",
    "filter",
    "collectible",
    "limiteds",
    "gamepass",
    "gamepasses",
    "game_pass",
    "has_gamepass",
    "owns_gamepass",
    "badge",
    "vip servers",
    "owns",
    "has_badge",
    "notify",
    "quota",
    "usage",
    "subscription",
    "friends",
    // groups
    "members",
    "is_member",
    "is_in_group",
    "rank",
    "get_rank",
    "set_rank",
    "promote",
    "demote",
    "role",
    "role name",
    "ban",
    "community",
    "audit",
    "join",
    "owner",
    // assets
    "upload",
    "upload_file",
    "create_asset",
    "bulk",
    "batch",
    "decal",
    "image",
    "audio",
    "mesh",
    "update",
    "overwrite",
    "replace",
    "delete",
    "archive",
    "revert",
    "undo",
    "share",
    "permission",
    "download",
    "backup",
    "robux",
    "fee",
    "toolbox",
    "marketplace",
    "catalog",
    "sell",
    "moderation",
    // experiences, and any other endpoint
    "universe",
    "game",
    "experience",
    "datastore",
    "leaderboard",
    "memorystore",
    "queue",
    "gdpr",
    "right to erasure",
    "messaging",
    "raw",
    "endpoint",
    "custom endpoint",
    // publishing
    "sync",
    "deploy",
    "dry_run",
    "lock",
    "publish",
    // keys and signing in
    "login",
    "log in",
    "oauth",
    "sign_in",
    "api_key",
    "x-api-key",
    "authentication",
    "token",
    "scope",
    "introspect",
    "environment",
    // failures and limits
    "throttle",
    "429",
    "401",
    "403",
    "404",
    "ratelimit",
    "rate_limit",
    "retry",
    "backoff",
    "timeout",
    "time limit",
    "too many requests",
    // calls
    "blocking",
    "pagination",
    "cursor",
    "next_page_token",
    "status",
    "await",
    "wait",
    "poll",
    "progress",
    "cancel",
    "proxy",
    "mock",
    "user_agent",
];

/// Returns the names of public items and the aliases in the sources below a directory.
fn searched(directory: &Path, names: &mut BTreeSet<String>, aliases: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the entry is there").path();
        if path.is_dir() {
            searched(&path, names, aliases);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("the source is UTF-8");
            let mut lines = source.lines().map(str::trim).peekable();
            while let Some(line) = lines.next() {
                if let Some(alias) = line.strip_prefix("#[doc(alias = \"").and_then(|line| line.strip_suffix("\")]")) {
                    let item = lines.clone().find(|line| !line.starts_with('#')).expect("an item follows");
                    let is_item =
                        item.starts_with("pub ") || item.trim_end_matches(',').chars().all(char::is_alphanumeric);
                    assert!(is_item, "{}: {alias} is an alias of what isn't public: {item}", path.display());
                    aliases.insert(alias.to_lowercase());
                } else if let Some(item) = line.strip_prefix("pub ") {
                    let mut words = item.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                    let keyword =
                        |word: &&str| ["fn", "const", "struct", "enum", "mod", "trait", "type", ""].contains(word);
                    names.extend(words.find(|word| !keyword(word)).map(str::to_lowercase));
                } else if line.ends_with(',') && line.starts_with(char::is_uppercase) {
                    // A variant.
                    names.extend(line.split(|c: char| !c.is_alphanumeric()).next().map(str::to_lowercase));
                } else if line.starts_with(char::is_uppercase) && line.contains(" = \"") {
                    names.extend(line.split(' ').next().map(str::to_lowercase));
                }
            }
        }
    }
}

#[test]
fn each_word_that_people_search_for_finds_an_item() {
    let (mut names, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    searched(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names, &mut aliases);
    assert!(names.contains("list_inventory") && aliases.contains("429"), "the items are found");
    assert!(!names.contains("zebra") && WORDS.len() >= 60);
    let finds = |word: &str| aliases.contains(word) || names.iter().any(|name| name.contains(word));
    let missed: Vec<&&str> = WORDS.iter().filter(|word| !finds(word)).collect();
    assert!(missed.is_empty(), "{} of {} words find nothing: {missed:?}", missed.len(), WORDS.len());
}
