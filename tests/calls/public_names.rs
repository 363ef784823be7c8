//! The names of the crate: few at the root, each in one public place, and modules whose faces only re-export.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MOST_AT_THE_ROOT: usize = 60;

fn source(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the names that the `pub use` items at the top of a module re-export.
fn reexports(source: &str) -> Vec<String> {
    let starts = source.split("\npub use ").skip(1);
    let items = starts.map(|item| item.split_once(';').expect("the item ends").0);
    let paths = items.flat_map(|item| item.split([',', '{', '}'])).map(str::trim);
    let paths = paths.filter(|path| !path.is_empty() && !path.ends_with("::"));
    paths
        .map(|path| path.rsplit("::").next().and_then(|name| name.rsplit(" as ").next()).unwrap_or(path).to_owned())
        .collect()
}

/// Returns the module `endpoints`, which stands in the root, as if it were a file.
fn endpoints(library: &str) -> String {
    let module = library.split("\npub mod endpoints {").nth(1).and_then(|rest| rest.split("\n}").next());
    module.expect("the root has the module").replace("\n    ", "\n")
}

/// Returns the public modules that have a file, each with its face.
fn public_modules() -> Vec<(String, String)> {
    let library = source(&root().join("lib.rs"));
    let names = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    // The guide has pages and no names.
    let names = names.filter(|name| !["fuzzing", "guide"].contains(name));
    names.map(|name| (name.to_owned(), source(&root().join(name).join("mod.rs")))).collect()
}

#[test]
fn the_root_has_at_most_sixty_names() {
    let names = reexports(&source(&root().join("lib.rs")));
    for expected in ["Client", "User", "Asset", "Error", "ThumbnailOptions"] {
        assert!(names.iter().any(|name| name == expected), "{expected} isn't found: {names:?}");
    }
    assert!(names.len() <= MOST_AT_THE_ROOT, "{} names: move some to the module of their topic", names.len());
}

#[test]
fn each_name_is_public_in_one_place() {
    let mut places = BTreeMap::new();
    let modules = public_modules();
    assert!(modules.iter().any(|(name, _)| name == "store"), "the modules aren't found: {modules:?}");
    let library = source(&root().join("lib.rs"));
    let others = [("endpoints".to_owned(), endpoints(&library)), ("the root".to_owned(), library)];
    for (place, face) in modules.iter().chain(&others) {
        let names = reexports(face);
        assert!(!names.is_empty(), "{place} has no names");
        for name in names {
            assert!(name != "*", "{place} re-exports names that can't be seen in it");
            if let Some(other) = places.insert(name.clone(), place) {
                panic!("{name} is public at {place} and {other}");
            }
        }
    }
}

/// Collects the faces below a directory.
fn faces(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the entry is there").path();
        if path.is_dir() {
            faces(&path, found);
        } else if path.ends_with("mod.rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_faces_of_public_modules_hold_no_models() {
    let mut found = Vec::new();
    for (module, _) in public_modules() {
        faces(&root().join(module), &mut found);
    }
    for face in found {
        for line in source(&face).lines().filter(|line| !line.is_empty() && !line.starts_with([' ', '}', '/', '#'])) {
            let is_face = ["use ", "mod "].iter().any(|item| {
                let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
                line.starts_with(item)
            });
            assert!(is_face, "{}: {line}", face.display());
        }
    }
}

/// Rustdoc shows the methods of a handle in the order of its modules.
#[test]
fn the_pages_of_handles_begin_with_the_handle() {
    let library = source(&root().join("lib.rs"));
    let position = |line: &str| library.find(line).unwrap_or_else(|| panic!("{line} isn't found"));
    let others = library.match_indices("\nmod ").chain(library.match_indices("\npub mod ")).map(|(at, _)| at + 1);
    let first = others.min().expect("there are modules");
    assert_eq!(position("mod client;"), first, "`Client` begins with its constructors");
    assert!(position("mod request;") < position("mod operation;"), "`Request` begins with its setters");
    assert!(position("mod page;") < position("mod group;"), "`Pager` begins with what all listings have");
    assert!(position("mod user;") < position("mod inventory;"), "`User` begins with its constructor");
    assert!(position("mod asset;") < position("mod store;"), "`AssetHandle` begins with the handle itself");
    for (module, face) in public_modules().iter().filter(|(_, face)| face.contains("mod handle;")) {
        let first = face.lines().find(|line| line.contains("mod ") && !line.starts_with('/'));
        assert_eq!(first, Some("pub(crate) mod handle;"), "{module}");
    }
}
