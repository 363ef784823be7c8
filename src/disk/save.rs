//! Writing a file as a whole.

use std::io::{self, Write};
use std::path::Path;

use super::stream;
use super::target::{Kind, Target};
use super::unfinished::Unfinished;
#[cfg(feature = "bulk")]
use super::unfinished::check_writable;
use crate::error::{Error, Result};
use crate::plain::quoted_path;

/// Writes a file with `fill` under a temporary name in the same directory, and renames it. After an error or a panic, the
/// temporary file is removed, and a file that was there before is unchanged.
///
/// What isn't a regular file, such as a pipe, is written through.
pub(crate) fn save(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    save_to(path, Target::of(path), fill)
}

fn save_to(path: &Path, target: io::Result<Target>, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    let failed = |error| Error::io(format!("the file {}", quoted_path(path)), error);
    let target = target.map_err(failed)?;
    if matches!(target.kind, Kind::Stream) {
        return fill(&mut stream::open(&target.path).map_err(failed)?);
    }
    let mut unfinished = Unfinished::create(&target, false).map_err(failed)?;
    let size = fill(&mut unfinished.file)?;
    unfinished.finish().map_err(failed)?;
    Ok(size)
}

/// Saves these bytes.
#[cfg(feature = "publish")]
pub(crate) fn save_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    save_to(path, Target::of(path), fill_with(path, bytes)).map(drop)
}

/// Saves a file that this crate keeps beside another one.
#[cfg(feature = "publish")]
pub(crate) fn save_companion(path: &Path, bytes: &[u8]) -> Result<()> {
    save_to(path, Target::of_companion(path), fill_with(path, bytes)).map(drop)
}

#[cfg(feature = "publish")]
fn fill_with(path: &Path, bytes: &[u8]) -> impl FnOnce(&mut dyn Write) -> Result<u64> {
    move |writer| match writer.write_all(bytes) {
        Ok(()) => Ok(bytes.len() as u64),
        Err(error) => Err(Error::io(format!("the file {}", quoted_path(path)), error)),
    }
}

/// Saves a file that only its user can read.
#[cfg(feature = "oauth2")]
pub(crate) fn save_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = Target::of(path)?;
    let mut unfinished = Unfinished::create(&target, true)?;
    unfinished.file.write_all(content)?;
    unfinished.finish()
}

/// Returns why such a file of this size couldn't be saved. The file isn't there.
#[cfg(feature = "oauth2")]
pub(crate) fn check_private(path: &Path, size: usize) -> io::Result<()> {
    let target = Target::of(path)?;
    let mut unfinished = Unfinished::create(&target, true)?;
    unfinished.file.write_all(&vec![b' '; size])?;
    unfinished.file.sync_all()
}

/// Tells why a file can't be replaced by another one, before that is written.
#[cfg(feature = "bulk")]
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    match Target::of(path)?.kind {
        Kind::Missing => Ok(()),
        Kind::Stream => Err(super::target::special()),
        Kind::Regular(old) => check_writable(&old),
    }
}

/// Gives a file that is complete the name of another one, which it replaces.
#[cfg(feature = "bulk")]
pub(crate) fn promote(complete: &Path, path: &Path) -> io::Result<()> {
    use super::settle::{patiently, sync_directory};

    let path = Target::of(path)?.regular()?;
    patiently(|| std::fs::rename(complete, &path))?;
    sync_directory(&path)
}

/// Removes a file, if it is there. A link to it stays.
#[cfg(feature = "oauth2")]
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let target = Target::of(path)?;
    match target.kind {
        Kind::Missing => Ok(()),
        Kind::Stream => Err(super::target::special()),
        Kind::Regular(_) => match std::fs::remove_file(&target.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use super::save;
    use crate::error::Error;

    #[test]
    fn a_file_is_replaced_only_when_it_is_complete() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-save-{}", std::process::id()));
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
        assert!(save(&directory.join("new/"), write("x")).is_err(), "it names a directory");
        let set = |is_read_only| {
            let mut permissions = fs::metadata(&path).expect("it is there").permissions();
            permissions.set_readonly(is_read_only);
            fs::set_permissions(&path, permissions).expect("they can be set");
        };
        set(true);
        let error = save(&path, write("x")).expect_err("it is read-only").to_string();
        assert!(error.contains("read-only"), "{error}");
        set(false);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
        let long = directory.join("n".repeat(255));
        save(&long, write("long")).expect("the name fits");
        assert_eq!(fs::read_to_string(&long).expect("it is there"), "long");
        #[cfg(windows)]
        assert_eq!(save(&directory.join("NUL"), write("nothing")).expect("it is a device"), 7);
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 2, "nothing else is left");
        fs::remove_dir_all(&directory).expect("it is there");
    }
}
