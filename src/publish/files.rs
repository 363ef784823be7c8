//! Which files there are.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use walkdir::WalkDir;

use super::stamp::Stamp;
use crate::disk::{beside, short_name};
use crate::error::{Error, Result};

/// Files that are never assets, upper or lower case.
const SKIPPED: &[&str] = &["thumbs.db", "desktop.ini"];
/// Files that are skipped with any extension or none.
const SKIPPED_STEMS: &[&str] = &["readme", "license", "licence", "changelog", "copying"];
/// What this crate and its users write beside assets.
const SKIPPED_ENDS: &[&str] = &[".json", ".lock", ".part", ".tmp", ".luau", ".lua", ".ts", ".rs", ".md"];

/// What is added to the name of the lock file for those beside it.
const BESIDE_LOCK: &[&str] = &[".journal", ".cache", ".running", ".pid"];

/// An asterisk doesn't match a slash; two do.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// A folder or a file to publish.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Folder(PathBuf),
    File(PathBuf),
}

/// A file to publish.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The path in its folder, with slashes.
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) stamp: Stamp,
}

/// A file that can't be published, and why.
pub(super) type Bad = (String, Error);

/// Patterns, such as `ui/**/*.png`.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns(Vec<(String, std::result::Result<Pattern, String>)>);

impl Patterns {
    pub(super) fn add(&mut self, pattern: String) {
        let compiled = Pattern::new(&pattern).map_err(|error| error.msg.to_owned());
        self.0.push((pattern, compiled));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.last_match(name).is_some()
    }

    /// Returns the place of the last pattern that matches.
    pub(super) fn last_match(&self, name: &str) -> Option<usize> {
        self.0
            .iter()
            .rposition(|(_, pattern)| pattern.as_ref().is_ok_and(|pattern| pattern.matches_with(name, OPTIONS)))
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.0.iter().find_map(|(text, pattern)| Some((text, pattern.as_ref().err()?))) {
            Some((text, problem)) => {
                Err(Error::invalid_input(format!("invalid pattern {text:?}: {problem}")).concerning_run())
            }
            None => Ok(()),
        }
    }
}

/// Lists the files, in order of their names. The lock file and those beside it are skipped.
pub(super) fn scan(
    inputs: &[Input],
    lock: &Path,
    include: &Patterns,
    exclude: &Patterns,
    bad: &mut Vec<Bad>,
) -> Result<Vec<Found>> {
    include.check()?;
    exclude.check()?;
    if inputs.is_empty() {
        return Err(Error::invalid_input("there is nothing to publish; add a folder or a file").concerning_run());
    }
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for input in inputs {
        match input {
            Input::File(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                match std::fs::metadata(path) {
                    Ok(metadata) if metadata.is_file() => add(&mut found, of_file(path, name, &metadata), bad),
                    Ok(_) => {
                        let problem = format!("{path:?} is not a regular file; add it with Publisher::folder");
                        bad.push((name, Error::invalid_input(problem)));
                    }
                    Err(error) => bad.push((name, unreadable(path, error))),
                }
            }
            Input::Folder(folder) => scan_folder(folder, lock, include, exclude, &mut found, bad)?,
        }
    }
    Ok(found.into_values().collect())
}

fn scan_folder(
    folder: &Path,
    lock: &Path,
    include: &Patterns,
    exclude: &Patterns,
    found: &mut BTreeMap<String, Found>,
    bad: &mut Vec<Bad>,
) -> Result<()> {
    if !folder.is_dir() {
        let error = std::fs::metadata(folder).err().unwrap_or_else(|| io::Error::other("it is not a folder"));
        return Err(Error::io(format!("the folder {folder:?}"), error).concerning_run());
    }
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(&entry.file_name().to_string_lossy()));
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let name = error.path().map_or_else(String::new, |path| name_in(folder, path));
                // Such as the mark of an editor, which is a link to nowhere.
                if name.split('/').any(is_hidden) || exclude.matches(&name) {
                    continue;
                }
                let problem = match error.loop_ancestor() {
                    Some(ancestor) => Error::invalid_input(format!(
                        "{name:?} is a link to {:?}, which contains it",
                        name_in(folder, ancestor)
                    )),
                    None => Error::io(format!("the file {name:?}"), error.into()),
                };
                bad.push((name, problem));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let name = name_in(folder, entry.path());
        let is_named = include.matches(&name);
        if is_of_lock(entry.path(), lock) {
            continue;
        }
        if exclude.matches(&name) || (!include.is_empty() && !is_named) || (!is_named && is_skipped(&name)) {
            continue;
        }
        // The folder itself may have any name.
        if entry.path().strip_prefix(folder).is_ok_and(|inside| inside.to_str().is_none()) {
            bad.push((name.clone(), Error::invalid_input(format!("the file name {name:?} is not UTF-8; rename it"))));
            continue;
        }
        match entry.metadata() {
            Ok(metadata) if metadata.is_file() => add(found, of_file(entry.path(), name, &metadata), bad),
            Ok(_) => bad.push((name.clone(), Error::invalid_input(format!("{name:?} is not a regular file")))),
            Err(error) => bad.push((name.clone(), unreadable(entry.path(), error.into()))),
        }
    }
    Ok(())
}

fn add(found: &mut BTreeMap<String, Found>, file: Found, bad: &mut Vec<Bad>) {
    match found.get(&file.name) {
        Some(known) if known.path == file.path => {}
        Some(known) => {
            let problem = format!("{:?} and {:?} have the same name", known.path, file.path);
            bad.push((file.name, Error::invalid_input(problem).advise("rename one of them")));
        }
        None => drop(found.insert(file.name.clone(), file)),
    }
}

fn of_file(path: &Path, name: String, metadata: &std::fs::Metadata) -> Found {
    Found { path: path.to_owned(), name, size: metadata.len(), stamp: Stamp::of(metadata) }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::io(format!("the file {path:?}"), error)
}

fn name_in(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Whether it is the lock file under one of its names, or one of the files beside it, which lie beside the file that a link leads
/// to.
fn is_of_lock(path: &Path, lock: &Path) -> bool {
    is_beside(path, lock) || is_beside(path, &beside(lock, ""))
}

fn is_beside(path: &Path, lock: &Path) -> bool {
    let (name, lock_name) = (path.file_name().unwrap_or_default(), lock.file_name().unwrap_or_default());
    let beginning = short_name(lock_name);
    let rest = name.to_str().and_then(|name| name.strip_prefix(&*beginning));
    let is_of_lock =
        name == lock_name || rest.is_some_and(|rest| BESIDE_LOCK.contains(&rest) || rest.ends_with(".part"));
    let place = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        parent.canonicalize().ok()
    };
    is_of_lock && place(path).is_some_and(|folder| place(lock) == Some(folder))
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

fn is_skipped(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let stem = name.split('.').next().unwrap_or(&name);
    // "readme.png" can be an asset.
    let is_text = !name.contains('.') || [".txt", ".md", ".rst"].iter().any(|end| name.ends_with(end));
    SKIPPED.contains(&name.as_str())
        || (is_text && SKIPPED_STEMS.contains(&stem))
        || SKIPPED_ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(all: &[&str]) -> Patterns {
        let mut patterns = Patterns::default();
        all.iter().for_each(|pattern| patterns.add((*pattern).to_owned()));
        patterns
    }

    #[test]
    fn patterns_match_names_in_folders() {
        for (pattern, name, matches) in [
            ("*.png", "a.png", true),
            ("*.png", "ui/a.png", false),
            ("**/*.png", "a.png", true),
            ("**/*.png", "ui/icons/a.png", true),
            ("ui/**", "ui/icons/a.png", true),
            ("ui/**", "uix/a.png", false),
            ("ui/*", "ui/a.png", true),
            ("a?.png", "ab.png", true),
            ("[ab].png", "c.png", false),
        ] {
            assert_eq!(patterns(&[pattern]).matches(name), matches, "{pattern} {name}");
        }
        assert_eq!(patterns(&["**", "ui/**", "x/**"]).last_match("ui/a.png"), Some(1));
        assert!(patterns(&["a/***"]).check().unwrap_err().to_string().contains("a/***"));
    }

    #[test]
    fn only_the_files_of_the_lock_are_skipped() {
        for (name, is_skipped) in [
            ("lock", true),
            ("lock.journal", true),
            ("lock.cache", true),
            ("lock.0123456789abcdef.part", true),
            ("lock.png", false),
            ("locked_door.png", false),
            ("a.png", false),
        ] {
            assert_eq!(is_of_lock(Path::new(name), Path::new("lock")), is_skipped, "{name}");
        }
        assert!(!is_of_lock(Path::new("src/lock"), Path::new("lock")));
    }

    #[test]
    fn what_is_no_asset_is_skipped() {
        for name in [
            "Thumbs.db",
            "ui/desktop.ini",
            "README.md",
            "readme",
            "LICENSE.txt",
            "assets.lock",
            "assets.luau",
            "notes.md",
        ] {
            assert!(is_skipped(name), "{name}");
        }
        for name in ["crate.png", "readme.png", "license_plate.png", "a.psd", "thumbs.png"] {
            assert!(!is_skipped(name), "{name}");
        }
    }
}
