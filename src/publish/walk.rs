//! What is in a folder and in those that links lead to.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::ignore::{Ignores, check_name};
use super::names::normal;
use crate::error::{Error, Result};

/// Folders in which systems and archives keep what they make for themselves, in small letters.
const LITTER: &[&str] = &["__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"];

/// A name in a folder that only patterns for all of the folder match.
const ANYTHING: &str = "/\0\0";

/// What isn't a folder.
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// The path in the folder, with slashes and in the composed form.
    pub(super) name: String,
    pub(super) file: std::result::Result<Metadata, Problem>,
}

pub(super) enum Problem {
    /// It is a file, but can't be published.
    File(Error),
    /// It isn't known to be a file, such as a link to a folder.
    Other(Error),
}

pub(super) struct Walked {
    pub(super) entries: Vec<Entry>,
    /// How many links lead to folders that are read under another name.
    pub(super) known_folders: usize,
}

/// A folder to walk.
struct Walk<'a> {
    /// The outermost folder, without links.
    root: PathBuf,
    links_outside: bool,
    is_excluded: &'a dyn Fn(&str) -> bool,
    ignores: Ignores,
    /// The folders that were read, without links.
    read: BTreeSet<PathBuf>,
    walked: Walked,
}

/// Lists a folder. Each real folder is read once, the folders in it by their own names before those that links lead to.
pub(super) fn walk(folder: &Path, links_outside: bool, is_excluded: &dyn Fn(&str) -> bool) -> Result<Walked> {
    let unreadable = |error| Error::io(format!("the folder {folder:?}"), error).concerning_run();
    let root = folder.canonicalize().map_err(unreadable)?;
    let mut walk = Walk {
        root: root.clone(),
        links_outside,
        is_excluded,
        ignores: Ignores::default(),
        read: BTreeSet::from([root.clone()]),
        walked: Walked { entries: Vec::new(), known_folders: 0 },
    };
    let mut folders = VecDeque::from([(folder.to_owned(), String::new(), root)]);
    while let Some((path, name, real)) = folders.pop_front() {
        for (path, name) in walk.read_folder(&path, &name, &real)? {
            folders.extend(walk.follow(path, name));
        }
    }
    Ok(walk.walked)
}

impl Walk<'_> {
    /// Reads a folder and the real folders in it. Returns the links.
    fn read_folder(&mut self, folder: &Path, folder_name: &str, real: &Path) -> Result<Vec<(PathBuf, String)>> {
        let mut links = Vec::new();
        self.ignores.read(folder, folder_name)?;
        let mut entries = WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let name = name_in(folder_name, folder, &path);
                    if !self.leaves_out(&name, true) {
                        let error = Error::io(format!("the file {name:?}"), error.into());
                        self.add(path, name, Err(Problem::Other(error)));
                    }
                    continue;
                }
            };
            let (path, kind) = (entry.path(), entry.file_type());
            let name = name_in(folder_name, folder, path);
            if !kind.is_dir() {
                check_name(&name)?;
            }
            // A link can lead to a folder.
            let is_ignored = || self.ignores.ignore(&name, kind.is_dir() || kind.is_symlink());
            if is_litter(&name, kind.is_dir()) || is_ignored() {
                if kind.is_dir() {
                    entries.skip_current_dir();
                }
            } else if kind.is_dir() {
                let is_new = path.strip_prefix(folder).is_ok_and(|inside| self.read.insert(real.join(inside)));
                match is_new {
                    true => self.ignores.read(path, &name)?,
                    false => entries.skip_current_dir(),
                }
            } else if kind.is_symlink() {
                links.push((path.to_owned(), name));
            } else {
                let metadata = entry.metadata().map_err(|error| Problem::File(unreadable(path, error.into())));
                self.add(path.to_owned(), name, metadata);
            }
        }
        Ok(links)
    }

    /// Adds the file that a link leads to, or returns the folder.
    fn follow(&mut self, path: PathBuf, name: String) -> Option<(PathBuf, String, PathBuf)> {
        if (self.is_excluded)(&name) || (self.is_excluded)(&format!("{name}{ANYTHING}")) {
            return None;
        }
        let (target, metadata) = match path.canonicalize().and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((metadata, target)) => (target, metadata),
            Err(error) => {
                let error = Error::io(format!("the file {name:?}"), error);
                self.add(path, name, Err(Problem::Other(error)));
                return None;
            }
        };
        let problem = self.problem_of_link(&path, &name, &target, metadata.is_dir());
        match (problem, metadata.is_dir()) {
            (Some(error), true) => self.add(path, name, Err(Problem::Other(error))),
            (Some(error), false) => self.add(path, name, Err(Problem::File(error))),
            (None, false) => self.add(path, name, Ok(metadata)),
            (None, true) if self.read.insert(target.clone()) => return Some((path, name, target)),
            (None, true) => self.walked.known_folders += 1,
        }
        None
    }

    fn problem_of_link(&self, path: &Path, name: &str, target: &Path, is_folder: bool) -> Option<Error> {
        let link = Error::invalid_input;
        let is_around = || {
            path.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|parent| parent.starts_with(target))
        };
        let inside = target.strip_prefix(&self.root);
        if inside.is_err() && !self.links_outside {
            let error = link(format!("{name:?} is a link to {target:?}, which is outside of the folder"));
            return Some(
                error.advise("copy what is meant into the folder, exclude the link, or see Publisher::links_outside"),
            );
        }
        if is_folder && is_around() {
            return Some(
                link(format!("{name:?} is a link to {target:?}, which contains it")).advise("remove the link"),
            );
        }
        let target_name = name_in("", &self.root, target);
        if inside.is_ok() && self.leaves_out(&target_name, is_folder) {
            let error = link(format!("{name:?} is a link to {target_name:?}, which is left out"));
            return Some(error.advise("exclude the link, too"));
        }
        None
    }

    /// Whether something is not to be published, by its name or that of a folder that it is in.
    fn leaves_out(&self, name: &str, is_folder: bool) -> bool {
        let mut folders = name.match_indices('/').map(|(end, _)| &name[..end]);
        folders.any(|folder| is_litter(folder, true))
            || is_litter(name, is_folder)
            || self.ignores.ignore(name, is_folder)
            || (self.is_excluded)(name)
            || (is_folder && (self.is_excluded)(&format!("{name}{ANYTHING}")))
    }

    fn add(&mut self, path: PathBuf, name: String, file: std::result::Result<Metadata, Problem>) {
        self.walked.entries.push(Entry { path, name, file });
    }
}

/// Whether something is hidden, or what systems keep for themselves.
fn is_litter(name: &str, is_folder: bool) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.starts_with('.') || (is_folder && LITTER.contains(&last.to_lowercase().as_str()))
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::io(format!("the file {path:?}"), error)
}

/// Returns the name of a path in a folder that itself has a name in the outermost one.
fn name_in(folder_name: &str, folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
    let folder_name = Some(folder_name).filter(|name| !name.is_empty());
    let parts: Vec<_> = folder_name.map(Into::into).into_iter().chain(parts).collect();
    normal(&parts.join("/"))
}
