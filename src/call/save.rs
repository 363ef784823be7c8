//! Files that appear under their name only when they are complete.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::retry::random_u64;
use crate::error::{Error, Result};

/// Writes a file with `fill` under a temporary name in the same directory, and renames it. After an error or a panic, the
/// temporary file is removed, and a file that was there before is unchanged.
pub(crate) fn save(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    let Some(name) = path.file_name() else {
        return Err(Error::invalid_input(format!("{path:?} names no file to save to")));
    };
    let aside = path.with_file_name(format!("{}.{:016x}.part", name.to_string_lossy(), random_u64()));
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    let file = OpenOptions::new().write(true).create_new(true).open(&aside).map_err(failed)?;
    let mut unfinished = Unfinished { file: Some(file), path: aside };
    let Some(file) = &mut unfinished.file else { return Ok(0) };
    let size = fill(file)?;
    file.sync_all().map_err(failed)?;
    // Windows doesn't rename an open file.
    drop(unfinished.file.take());
    fs::rename(&unfinished.path, path).map_err(failed)?;
    Ok(size)
}

/// A temporary file, which is removed unless it was renamed.
struct Unfinished {
    file: Option<File>,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        drop(self.file.take());
        // It isn't there if it was renamed.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_when_it_is_complete() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-save-{:016x}", random_u64()));
        fs::create_dir(&directory).expect("temporary files can be written");
        let path = directory.join("a.rbxm");
        let write = |text: &'static str| {
            move |writer: &mut dyn Write| {
                writer.write_all(text.as_bytes()).expect("there is room");
                Ok(text.len() as u64)
            }
        };
        assert_eq!(save(&path, write("old")).expect("there is room"), 3);
        save(&path, |writer| {
            writer.write_all(b"half").expect("there is room");
            Err(Error::invalid_input("it broke"))
        })
        .expect_err("it broke");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
        save(&path, write("new")).expect("there is room");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 1, "only the file itself is left");

        assert!(save(&directory.join("missing").join("a"), write("x")).is_err());
        assert!(save(&directory, write("x")).is_err(), "a directory can't be replaced");
        assert!(save(Path::new(".."), write("x")).is_err());
        fs::remove_dir_all(&directory).expect("it is there");
    }
}
