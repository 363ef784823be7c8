//! Temporary files, which become others when they are complete.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::names::{directory_of, in_directory, short_name};
use super::owner::{is_planted, mode_of, resemble};
use super::settle::{patiently, sync_directory};
use super::target::{Kind, Target, special};

/// The end of the name of a temporary file.
const ENDING: &str = ".part";
/// The mode of private files.
const PRIVATE: u32 = 0o600;
/// How many random names are tried.
const TRIES: usize = 8;

/// A temporary file in the directory of the file that it replaces. It is removed unless it was renamed.
pub(super) struct Unfinished<'a> {
    // Closed first: Windows doesn't remove an open file.
    pub(super) file: File,
    aside: Aside,
    target: &'a Target,
    /// The file that is there, and the mode that the new one has in the end.
    old: Option<(&'a Metadata, u32)>,
}

struct Aside(PathBuf);

impl<'a> Unfinished<'a> {
    pub(super) fn create(target: &'a Target, is_private: bool) -> io::Result<Self> {
        let directory = directory_of(&target.path);
        let in_directory = |error| in_directory(directory, error);
        let old = match &target.kind {
            Kind::Stream => return Err(special()),
            Kind::Missing => None,
            Kind::Regular(old) => {
                check_writable(old)?;
                // What a stranger has put there doesn't say who may read the new file.
                match is_planted(old, &fs::metadata(directory).map_err(in_directory)?) {
                    true => None,
                    false => Some((old, if is_private { PRIVATE } else { mode_of(old) })),
                }
            }
        };
        let mut options = OpenOptions::new();
        options.write(true);
        #[cfg(unix)]
        if is_private || old.is_some() {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
        }
        let (file, path) = create_new(&target.path, &mut options).map_err(in_directory)?;
        let unfinished = Self { file, aside: Aside(path), target, old };
        if is_private && mode_of(&unfinished.file.metadata()?) & 0o077 != 0 {
            // Such as a drive of Windows in WSL. The next run would refuse to read the file.
            let problem = format!("others can read all files in the directory {directory:?}");
            return Err(io::Error::new(io::ErrorKind::Unsupported, problem));
        }
        #[cfg(all(windows, feature = "oauth2"))]
        if is_private {
            super::owner::own(&unfinished.aside.0)?;
        }
        Ok(unfinished)
    }

    /// Ends the file: when this returns, it survives a power failure.
    pub(super) fn finish(self) -> io::Result<()> {
        let Self { file, aside, target, old } = self;
        if let Some((old, mode)) = old {
            resemble(&file, old, mode)?;
        }
        file.sync_all()?;
        // Windows doesn't rename an open file.
        drop(file);
        patiently(|| fs::rename(&aside.0, &target.path))?;
        sync_directory(&target.path)
    }
}

/// Refuses a file that its owner wants to keep. Replacing it needs no right to it.
pub(super) fn check_writable(old: &Metadata) -> io::Result<()> {
    match old.permissions().readonly() {
        true => Err(io::Error::new(io::ErrorKind::PermissionDenied, "is read-only; make it writable")),
        false => Ok(()),
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // It isn't there if it was renamed.
        let _ = fs::remove_file(&self.0);
    }
}

/// Creates a file that wasn't there, with a name that nobody can know before.
fn create_new(path: &Path, options: &mut OpenOptions) -> io::Result<(File, PathBuf)> {
    let name = short_name(path.file_name().unwrap_or_default());
    let mut tries = 0;
    loop {
        let mut random = [0; 8];
        getrandom::getrandom(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let aside = path.with_file_name(format!("{name}.{:016x}{ENDING}", u64::from_ne_bytes(random)));
        tries += 1;
        match options.create_new(true).open(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {}
            created => return Ok((created?, aside)),
        }
    }
}

/// Removes what a process that was killed has left of saving a file. The file is locked.
#[cfg(any(feature = "bulk", feature = "oauth2", feature = "publish"))]
pub(crate) fn remove_unfinished(path: &Path) {
    let Ok(Target { path, .. }) = Target::of(path) else { return };
    let name = short_name(path.file_name().unwrap_or_default());
    for entry in fs::read_dir(directory_of(&path)).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let random =
            other.to_str().and_then(|other| other.strip_prefix(&*name)?.strip_prefix('.')?.strip_suffix(ENDING));
        if random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(all(test, any(feature = "bulk", feature = "oauth2", feature = "publish")))]
mod tests {
    use std::mem::forget;

    use super::*;

    /// Those of another file, which may be in use, stay.
    #[test]
    fn what_is_left_of_a_file_is_removed() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-unfinished-{}", std::process::id()));
        fs::create_dir(&directory).expect("temporary files can be written");
        let begin = |path: &Path| {
            let target = Target::of(path).unwrap();
            forget(Unfinished::create(&target, false).unwrap().aside);
        };
        let count = || fs::read_dir(&directory).unwrap().count();
        let long = "n".repeat(254);
        for (name, other) in
            [("a.json", "a.jso"), ("a", "a.0123456789abcdef"), (&format!("{long}1"), &format!("{long}2"))]
        {
            let (path, other) = (directory.join(name), directory.join(other));
            begin(&path);
            begin(&path);
            begin(&other);
            remove_unfinished(&path);
            assert_eq!(count(), 1, "{name}");
            remove_unfinished(&other);
            assert_eq!(count(), 0, "{name}");
        }
        fs::remove_dir(&directory).unwrap();
    }

    #[test]
    fn what_is_not_finished_is_removed() {
        let directory = std::env::temp_dir().join(format!("rblxopencloud-dropped-{}", std::process::id()));
        fs::create_dir(&directory).expect("temporary files can be written");
        let target = Target::of(&directory.join("a")).unwrap();
        drop(Unfinished::create(&target, false).unwrap());
        fs::remove_dir(&directory).expect("it is empty");
    }
}
