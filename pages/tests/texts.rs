//! What the README and the guide name exists: commands, examples, features, variables and kinds of errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fences.rs"]
#[allow(dead_code, reason = "the build script uses the rest")]
mod fences;
use fences::{Block, blocks, pages};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn source(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Adds the sources in a folder.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry is there").path();
        match path.extension() {
            _ if path.is_dir() => sources(&path, found),
            Some(extension) if extension == "rs" => *found += &fs::read_to_string(&path).expect("the source is UTF-8"),
            _ => {}
        }
    }
}

fn blocks_of(language: &str) -> Vec<Block> {
    let all = pages().into_iter().flat_map(|(page, text)| blocks(&page, &text));
    let found: Vec<_> = all.filter(|block| block.language.split(',').next() == Some(language)).collect();
    assert!(found.len() >= 3, "the blocks of {language} aren't found: {found:?}");
    found
}

/// Returns the features that `Cargo.toml` declares.
fn features() -> BTreeSet<String> {
    let manifest = source("Cargo.toml");
    let table = manifest.split("[features]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let lines = table.expect("there are features").lines().filter_map(|line| line.split_once(" = "));
    lines.map(|(name, _)| name.to_owned()).filter(|name| name != "default").collect()
}

#[test]
fn the_readme_is_short_and_its_blocks_are_whole_programs() {
    let readme = source("README.md");
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
    for block in blocks("README", &readme) {
        let known = ["rust", "sh", "toml"].contains(&block.language.as_str());
        assert!(known, "line {}: {:?} is shown on GitHub as it stands", block.line, block.language);
        // GitHub shows all lines, and readers paste them.
        assert_eq!(block.hidden().next(), None, "line {}", block.line);
        assert!(!block.is_rust() || block.is_program(), "line {}: the block isn't a whole program", block.line);
    }
}

#[test]
fn the_blocks_of_the_guide_are_whole_programs() {
    for block in blocks_of("rust").into_iter().filter(|block| block.page != "README") {
        let place = format!("{}, line {}", block.page, block.line);
        // Rustdoc compiles it. `programs.rs` runs it.
        assert_eq!(block.language, "rust,no_run", "{place}");
        assert!(
            block.text.contains("fn main()") || block.text.contains("#[test]"),
            "{place}: it isn't a whole program"
        );
    }
}

/// Splits the words of a command.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Returns what is wrong with a command.
fn problem(line: &str) -> Option<String> {
    let exists = |path: String| (!root().join(&path).exists()).then(|| format!("{path} doesn't exist"));
    let line = line.strip_prefix("RUST_LOG=rblxopencloud=debug ").unwrap_or(line);
    match words(line).as_slice() {
        ["cargo", "run" | "test"] | ["cargo", "new", _] | ["cd", _] => None,
        ["cargo", "run", "--example", name, ..] => exists(format!("examples/{name}.rs")),
        ["cargo", "run", "-p", "rblxopencloud-sandbox", "--", options @ ..] => {
            let mut program = String::new();
            sources(&root().join("sandbox/src"), &mut program);
            let is_unknown = |option: &&&str| option.starts_with("--") && !program.contains(&format!("\"{option}\""));
            let unknown = options.iter().find(is_unknown);
            unknown.map(|option| format!("the sandbox has no option {option}"))
        }
        ["cargo", "add", options @ .., "--path", path] if options.is_empty() || options == ["--dev"] => {
            let path = path.strip_prefix("../rblxopencloud").map(|rest| format!(".{rest}/Cargo.toml"));
            path.map_or(Some("the path isn't that of a clone".to_owned()), exists)
        }
        ["cargo", "add", "rblxopencloud" | "serde_json"] | ["cargo", "add", "serde", "--features", "derive"] => None,
        ["export", variable] | ["unset", variable] => {
            let name = variable.split('=').next().unwrap_or(variable);
            (!source("src/client.rs").contains(&format!("\"{name}\""))).then(|| format!("nothing reads {name}"))
        }
        _ => Some("this test doesn't know the command".to_owned()),
    }
}

#[test]
fn commands_name_what_exists() {
    for block in blocks_of("sh") {
        for line in block.text.lines() {
            assert_eq!(problem(line), None, "{}, line {}: {line}", block.page, block.line);
        }
    }
    assert!(problem("cargo run --example no_such_example").is_some());
    assert!(problem("cargo run -p rblxopencloud-sandbox -- --no-such-option").is_some());
    assert!(problem("export NO_SUCH_VARIABLE=1").is_some());
}

#[test]
fn manifests_name_features_that_exist() {
    let features = features();
    assert!(features.contains("oauth2") && features.contains("rustls"), "the features aren't found: {features:?}");
    let version = source("Cargo.toml").lines().find_map(|line| Some(line.strip_prefix("version = \"")?.to_owned()));
    let version = version.expect("the crate has a version");
    for block in blocks_of("toml") {
        for line in block.text.lines().filter(|line| line.starts_with("rblxopencloud")) {
            let place = format!("{}, line {}: {line}", block.page, block.line);
            let quoted = |text: &str| text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            let (required, named) = line.split_once("features = [").unwrap_or((line, ""));
            assert!(version.starts_with(&format!("{}.", quoted(required)[0])), "{place}");
            for name in quoted(named) {
                assert!(features.contains(&name), "{place}: there is no feature {name}");
            }
        }
    }
}

#[test]
fn the_guide_and_the_manifest_have_the_same_features() {
    let page = source("src/guide/features.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.map(str::to_owned).collect::<BTreeSet<_>>(), features());
}

#[test]
fn the_guide_tells_what_to_do_about_each_kind_of_error() {
    let declared = source("src/error/kind.rs");
    let variants = declared.split("pub enum ErrorKind {").nth(1).and_then(|rest| rest.split("\n}").next());
    let lines = variants.expect("the enum is there").lines().map(str::trim);
    let kinds: Vec<&str> = lines.filter_map(|line| line.strip_suffix(',')).filter(|line| !line.contains(' ')).collect();
    assert!(kinds.contains(&"NotFound") && kinds.len() > 20, "the kinds aren't found: {kinds:?}");
    let page = source("src/guide/errors.md");
    let rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| [`")?.split_once("`](crate::ErrorKind::"))
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(rows, kinds, "the table has each kind once, in the order of the enum");
}

#[test]
fn each_page_of_the_guide_is_linked_from_its_index_and_exists() {
    let index = source("src/guide/mod.rs");
    let pages: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).filter(|name| name != "README").collect();
    let linked: BTreeSet<String> = index
        .lines()
        .filter_map(|line| line.strip_prefix("//! - ["))
        .filter_map(|line| Some(line.split_once("](")?.1.split(')').next()?.to_owned()))
        .filter(|link| !link.starts_with("crate::") && !link.starts_with("https://"))
        .collect();
    assert_eq!(linked, pages);
    for page in &pages {
        assert!(index.contains(&format!("include_str!(\"{page}.md\")")), "{page} isn't included");
    }
}

#[test]
fn the_readme_links_to_pages_of_the_guide_that_exist() {
    let readme = source("README.md");
    assert!(readme.matches("rblxopencloud/guide/").count() > 10, "the links aren't found");
    for link in readme.split("rblxopencloud/guide/").skip(1) {
        let page = link.split(['/', ')']).next().unwrap_or_default();
        assert!(page.is_empty() || root().join(format!("src/guide/{page}.md")).exists(), "{page} isn't a page");
    }
}
