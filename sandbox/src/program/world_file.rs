//! Files with worlds.

use std::fs;
use std::path::{Path, PathBuf};

/// With what compressed files begin.
const GZIP: &[u8] = b"\x1f\x8b";

pub(crate) fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    if bytes.starts_with(GZIP) {
        return Err(explain(path, "the file is compressed; decompress it first, as gunzip does"));
    }
    String::from_utf8(bytes).map_err(|_| explain(path, "the file isn't UTF-8; save it as UTF-8"))
}

/// Says in which file the problem is, if it is one of the world.
pub(crate) fn explain(path: &Path, problem: &str) -> String {
    match problem.starts_with("port ") || problem.starts_with("the sandbox ") {
        true => problem.to_owned(),
        false => format!("{}: {problem}", path.display()),
    }
}

/// Refuses a path at which no file can be written, before there is something to lose.
pub(crate) fn check_writable(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("{} is a folder; --dump needs the name of a file", path.display()));
    }
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(format!("there is no folder {} for --dump", folder.display()));
    }
    let path = target(path);
    let unfinished = unfinished(&path);
    let tried = fs::write(&unfinished, "").and_then(|()| fs::remove_file(&unfinished));
    tried.map_err(|error| format!("{} can't be written: {error}", path.display()))
}

/// Writes the file whole, or not at all.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    let path = target(path);
    let unfinished = unfinished(&path);
    let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path));
    written.map_err(|error| {
        // It may not be there.
        let _ = fs::remove_file(&unfinished);
        format!("{} can't be written: {error}", path.display())
    })
}

/// Returns the file that a link leads to: the link stays one.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the path of the file that replaces this one when it is complete.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
