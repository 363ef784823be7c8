//! Files that this crate writes: they appear under their name only when they are complete, can be private, and can be locked
//! between processes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::call::retry::random_u64;
use crate::error::{Error, Result};

/// Writes a file with `fill` under a temporary name in the same directory, and renames it. After an error or a panic, the
/// temporary file is removed, and a file that was there before is unchanged.
pub(crate) fn save(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<u64>) -> Result<u64> {
    if path.file_name().is_none() {
        return Err(Error::invalid_input(format!("{path:?} names no file to save to")));
    }
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    let mut unfinished = Unfinished::create(path, OpenOptions::new().write(true)).map_err(failed)?;
    let Some(file) = &mut unfinished.file else { return Ok(0) };
    let size = fill(file)?;
    unfinished.rename_to(path).map_err(failed)?;
    Ok(size)
}

/// Saves these bytes.
#[cfg(feature = "publish")]
pub(crate) fn save_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error| Error::io(format!("the file {path:?}"), error);
    save(path, |writer| writer.write_all(bytes).map(|()| bytes.len() as u64).map_err(failed)).map(drop)
}

/// Saves a file that only its user can read.
#[cfg(feature = "oauth2")]
pub(crate) fn save_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut unfinished = Unfinished::create_private(path)?;
    if let Some(file) = &mut unfinished.file {
        file.write_all(content)?;
    }
    unfinished.rename_to(path)
}

/// Returns why such a file of this size couldn't be saved. The file isn't there.
#[cfg(feature = "oauth2")]
pub(crate) fn check_private(path: &Path, size: usize) -> io::Result<()> {
    let mut unfinished = Unfinished::create_private(path)?;
    if let Some(file) = &mut unfinished.file {
        file.write_all(&vec![b' '; size])?;
        file.sync_all()?;
    }
    Ok(())
}

/// Removes what a process that was killed has left of saving a file. The file is locked.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn remove_unfinished(path: &Path) {
    let (Some(name), Some(directory)) = (path.file_name(), directory_of(path)) else { return };
    let name = name.to_string_lossy();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let random =
            other.to_str().and_then(|other| other.strip_prefix(&*name)?.strip_prefix('.')?.strip_suffix(UNFINISHED));
        if random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Reads a file that is replaced now and then.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    patiently(|| fs::read(path))
}

/// Returns the path of a file beside another one, with this added to its name.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// Locks a file against other processes, until it is closed or this process ends. `None` if another one holds the lock. Creates
/// the file and its directory.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // std has this since Rust 1.89.
    match fs4::FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(fs4::TryLockError::WouldBlock) => Ok(None),
        Err(fs4::TryLockError::Error(error)) => Err(error),
    }
}

/// Returns the error of a file that a newer version of this crate has written.
#[cfg(any(feature = "oauth2", feature = "publish"))]
pub(crate) fn newer_version(json: &serde_json::Value, known: u64, subject: String) -> Option<Error> {
    let newer = json.get("version").and_then(serde_json::Value::as_u64).filter(|version| *version > known)?;
    Some(
        Error::new(crate::error::ErrorKind::NewerFile, subject)
            .explain(format!("a newer version of this crate wrote it (format {newer}; expected {known})"))
            .advise("update the program")
            .concerning_run(),
    )
}

/// The end of the name of a temporary file.
const UNFINISHED: &str = ".part";

/// A temporary file, which is removed unless it was renamed.
struct Unfinished {
    file: Option<File>,
    path: PathBuf,
}

impl Unfinished {
    fn create(path: &Path, options: &mut OpenOptions) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let aside = path.with_file_name(format!("{name}.{:016x}{UNFINISHED}", random_u64()));
        let file = options.create_new(true).open(&aside)?;
        Ok(Self { file: Some(file), path: aside })
    }

    #[cfg(feature = "oauth2")]
    fn create_private(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let unfinished = Self::create(path, &mut options)?;
        #[cfg(windows)]
        own(&unfinished.path)?;
        Ok(unfinished)
    }

    /// Ends the file: when this returns, it survives a power failure.
    fn rename_to(mut self, path: &Path) -> io::Result<()> {
        // Windows doesn't rename an open file.
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        patiently(|| fs::rename(&self.path, path))?;
        sync_directory(path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        drop(self.file.take());
        // It isn't there if it was renamed.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(not(windows))]
fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    work()
}

/// On Windows, a virus scanner, an editor or another process can have the file for a moment.
#[cfg(windows)]
fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    const SHARING_VIOLATION: i32 = 32;
    for _ in 0..50 {
        match work() {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    || error.raw_os_error() == Some(SHARING_VIOLATION) =>
            {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            done => return done,
        }
    }
    work()
}

/// Returns the directory that holds a file.
fn directory_of(path: &Path) -> Option<&Path> {
    path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// On Unix, the new name is in the directory, which has to be synced too.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied as Denied, Unsupported};

    let directory = directory_of(path).unwrap_or(Path::new("."));
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // The directory can't be read, or the file system doesn't sync directories. The file is there.
        Err(error) if matches!(error.kind(), Denied | InvalidInput | Unsupported) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes a file's permissions from everyone but its owner (S-1-3-4).
#[cfg(all(windows, feature = "oauth2"))]
fn own(path: &Path) -> io::Result<()> {
    use std::os::windows::process::CommandExt;
    use std::process::{Command, Stdio};

    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
    let status = Command::new(Path::new(&root).join("System32").join("icacls.exe"))
        .arg(path)
        .args(["/inheritance:r", "/grant:r", "*S-1-3-4:F", "/q"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .creation_flags(CREATE_NO_WINDOW)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::PermissionDenied, "icacls can't make the file private")),
        // The smallest systems lack it. The file has the permissions of its directory.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            log::warn!("{path:?} has the permissions of its directory, because there is no icacls");
            Ok(())
        }
        Err(error) => Err(error),
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
