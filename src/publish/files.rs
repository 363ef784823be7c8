//! Which files there are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::names::{clashes, normal, problem, shown};
use super::patterns::{Patterns, Purpose};
use super::preparation::Preparation;
use super::right_form::{advice_on_names, right_form};
use super::stamp::Stamp;
use super::walk::{Entry, Problem, unreadable, walk};
use crate::asset::AssetType;
use crate::disk::{beside, short_name};
use crate::error::{Error, Result};

/// Files that are never assets, upper or lower case.
const SKIPPED: &[&str] = &["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];
/// Files that are skipped with any extension or none.
const SKIPPED_STEMS: &[&str] = &["readme", "license", "licence", "changelog", "copying"];
/// What this crate and its users write beside assets.
const SKIPPED_ENDS: &[&str] = &[".json", ".lock", ".part", ".tmp", ".luau", ".lua", ".ts", ".rs", ".md"];

/// What is added to the name of the lock file for those beside it.
const BESIDE_LOCK: &[&str] = &[".journal", ".cache", ".running", ".pid"];

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
    /// The path in its folder, with slashes and in the composed form.
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) stamp: Stamp,
}

/// A file that can't be published, and why.
pub(super) type Bad = (String, Error);

/// What a caller wants to be published.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection<'a> {
    pub(super) inputs: &'a [Input],
    pub(super) lock: &'a Path,
    pub(super) include: &'a Patterns,
    pub(super) exclude: &'a Patterns,
    pub(super) types: &'a Patterns,
    pub(super) prepared: &'a Patterns,
    pub(super) preparations: &'a [Preparation],
    pub(super) links_outside: bool,
}

/// What [`scan`] has found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The files, in order of their names.
    pub(super) found: Vec<Found>,
    pub(super) bad: Vec<Bad>,
    /// Patterns that can't mean what they say. Nothing is sent.
    pub(super) wrong: Vec<Bad>,
    /// What isn't a problem.
    pub(super) notes: Vec<String>,
    /// Folders without a file to publish.
    pub(super) empty: Vec<PathBuf>,
}

/// Which patterns have matched, and what was left out.
#[derive(Default)]
struct Tally {
    included: Vec<bool>,
    excluded: Vec<bool>,
    typed: Vec<bool>,
    prepared: Vec<bool>,
    /// How many files of each extension are left out.
    left_out: BTreeMap<String, usize>,
}

/// Checks what a caller wants, before anything is created.
pub(super) fn check(selection: Selection<'_>) -> Result<()> {
    for patterns in [selection.include, selection.exclude, selection.types, selection.prepared] {
        patterns.check()?;
    }
    selection.preparations.iter().try_for_each(Preparation::check)?;
    if selection.inputs.is_empty() {
        return Err(Error::invalid_input("there is nothing to publish; add a folder or a file").concerning_run());
    }
    for input in selection.inputs {
        let Input::Folder(folder) = input else { continue };
        if !folder.is_dir() {
            let error = std::fs::metadata(folder).err().unwrap_or_else(|| io::Error::other("it is not a folder"));
            return Err(Error::io(format!("the folder {folder:?}"), error).concerning_run());
        }
    }
    Ok(())
}

/// Lists the files. The lock file and those beside it are skipped.
pub(super) fn scan(selection: Selection<'_>) -> Result<Scan> {
    check(selection)?;
    let (mut scan, mut tally) = (Scan::default(), Tally::default());
    for input in selection.inputs {
        match input {
            Input::File(path) => {
                let name = normal(&path.file_name().unwrap_or_default().to_string_lossy());
                let is_excluded = selection.exclude.matches(&name, &mut tally.excluded);
                selection.types.matches(&name, &mut tally.typed);
                selection.prepared.matches(&name, &mut tally.prepared);
                match std::fs::metadata(path) {
                    _ if is_excluded => {}
                    Ok(metadata) if metadata.is_file() => scan.add(of_file(path, name, &metadata)),
                    Ok(_) => {
                        let problem = format!("{path:?} is not a regular file; add it with Publisher::folder");
                        scan.refuse(&name, Error::invalid_input(problem));
                    }
                    Err(error) => scan.refuse(&name, unreadable(path, error)),
                }
            }
            Input::Folder(folder) => {
                let before = (scan.found.len(), scan.bad.len());
                let excluded = RefCell::new(std::mem::take(&mut tally.excluded));
                let is_excluded = |name: &str| selection.exclude.matches(name, &mut excluded.borrow_mut());
                let walked = walk(folder, selection.links_outside, &is_excluded)?;
                tally.excluded = excluded.into_inner();
                for entry in walked.entries {
                    scan.entry(entry, selection, &mut tally);
                }
                if walked.known_folders > 0 {
                    let count = walked.known_folders;
                    let links = if count == 1 { "1 link is".to_owned() } else { format!("{count} links are") };
                    scan.notes.push(format!("{links} left out, because the folders are read under other names"));
                }
                if (scan.found.len(), scan.bad.len()) == before {
                    scan.empty.push(folder.clone());
                }
            }
        }
    }
    scan.keep_distinct();
    scan.note_left_out(&tally.left_out);
    for (patterns, matched) in [
        (selection.include, tally.included),
        (selection.exclude, tally.excluded),
        (selection.types, tally.typed),
        (selection.prepared, tally.prepared),
    ] {
        let unmatched =
            patterns.texts().enumerate().filter(|(index, _)| !matched.get(*index).copied().unwrap_or(false));
        for (_, text) in unmatched {
            scan.unmatched(patterns.purpose, text, selection.inputs);
        }
    }
    Ok(scan)
}

impl Scan {
    /// Adds what is in a folder, if it is to be published.
    fn entry(&mut self, entry: Entry, selection: Selection<'_>, tally: &mut Tally) {
        let Entry { path, name, file } = entry;
        let is_excluded = selection.exclude.matches(&name, &mut tally.excluded);
        let is_included = selection.include.matches(&name, &mut tally.included) || selection.include.is_empty();
        if is_of_lock(&path, selection.lock) {
            return;
        }
        if let Err(Problem::Other(error)) = file {
            if !is_excluded {
                self.refuse(&name, error);
            }
            return;
        }
        if is_excluded || !is_included {
            return;
        }
        selection.types.matches(&name, &mut tally.typed);
        selection.prepared.matches(&name, &mut tally.prepared);
        let is_named =
            [selection.include, selection.types, selection.prepared].iter().any(|patterns| patterns.name_file(&name));
        if !is_named && is_skipped(&name) {
            return;
        }
        if !is_named && AssetType::usual_for(&name).is_none() {
            *tally.left_out.entry(extension(&name)).or_default() += 1;
            return;
        }
        match file {
            Err(Problem::File(error) | Problem::Other(error)) => self.refuse(&name, error),
            Ok(metadata) if metadata.is_file() => self.add(of_file(&path, name, &metadata)),
            Ok(_) => self.refuse(&name, Error::invalid_input(format!("{name:?} is not a regular file"))),
        }
    }

    fn add(&mut self, file: Found) {
        match problem(&file.name) {
            Some(error) => self.refuse(&file.name, error),
            None => self.found.push(file),
        }
    }

    fn refuse(&mut self, name: &str, error: Error) {
        self.bad.push((shown(name), error));
    }

    /// Sorts the files by name. Those whose names are one on other systems can't be published.
    fn keep_distinct(&mut self) {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|one, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
        // The same file may be added twice.
        let real = |file: &Found| file.path.canonicalize().ok();
        found.dedup_by(|one, other| one.name == other.name && (one.path == other.path || real(one) == real(other)));
        let mut clashes =
            clashes(&found.iter().map(|file| (file.path.as_path(), file.name.as_str())).collect::<Vec<_>>());
        for (index, file) in found.into_iter().enumerate() {
            match clashes.remove(&index) {
                Some(error) => self.refuse(&file.name, error),
                None => self.found.push(file),
            }
        }
        // Two files of one name have one problem.
        self.bad.dedup_by(|one, other| one.0 == other.0);
    }

    fn note_left_out(&mut self, left_out: &BTreeMap<String, usize>) {
        let count: usize = left_out.values().sum();
        if count == 0 {
            return;
        }
        let mut kinds: Vec<(&String, &usize)> =
            left_out.iter().filter(|(extension, _)| !extension.is_empty()).collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let mut kinds: Vec<String> =
            kinds.into_iter().map(|(extension, count)| format!("{count} .{extension}")).collect();
        if let Some(others) = left_out.get("") {
            kinds.push(format!("{others} other{}", if *others == 1 { "" } else { "s" }));
        }
        let kinds = kinds.join(", ");
        self.notes.push(match count {
            1 => format!("1 file is left out, because its extension isn't that of an asset: {kinds}"),
            _ => format!("{count} files are left out, because their extensions aren't those of assets: {kinds}"),
        });
    }

    /// Notes a pattern that matches nothing. It is a problem if it seems to mean files in another form.
    fn unmatched(&mut self, purpose: Purpose, text: &str, inputs: &[Input]) {
        let right_form = inputs.iter().find_map(|input| match input {
            Input::Folder(folder) => right_form(text, folder),
            Input::File(_) => None,
        });
        let in_folder = right_form.map(|form| format!("paths begin in the folder; write {form:?}"));
        let names: Vec<&str> = self.found.iter().map(|file| file.name.as_str()).collect();
        let advice = in_folder.or_else(|| advice_on_names(purpose, text, &names));
        let method = purpose.method();
        let message = format!("the pattern {text:?} of {method} matches no file");
        if purpose != Purpose::Include && advice.is_none() {
            // What is hidden is never published.
            if !text.split('/').any(|part| part.starts_with('.') && part.len() > 1) {
                self.notes.push(message);
            }
            return;
        }
        let advice = advice.unwrap_or_else(|| "correct it or remove it".to_owned());
        self.wrong.push((shown(text), Error::invalid_input(message).advise(advice).concerning_run()));
    }
}

/// Returns the extension of a name, in small letters. Nothing if it has none that can be shown.
fn extension(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let extension = last.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    let is_plain = extension.len() <= 12 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { extension } else { String::new() }
}

fn of_file(path: &Path, name: String, metadata: &std::fs::Metadata) -> Found {
    Found { path: path.to_owned(), name, size: metadata.len(), stamp: Stamp::of(metadata) }
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
    let folder_of = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        parent.canonicalize().ok()
    };
    is_of_lock && folder_of(path).is_some_and(|folder| folder_of(lock) == Some(folder))
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
