use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::{TokenSet, TokenStore};
use crate::disk::{
    beside, check_private, newer_version, read_private, remove, remove_unfinished, save_private, try_lock,
};
use crate::error::{Error, ErrorKind};

/// The version of the file's format.
const VERSION: u64 = 1;
/// The size of most token files.
const USUAL_SIZE: usize = 4096;
/// What to do about a path that leads to something else than a file.
const NO_FILE: &str = "give the path of a file, which needn't exist";
/// How long another process can hold the lock. It makes one call to the service meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Keeps tokens in a file that only its user can read.
///
/// Programs can share the file: a lock, on a file beside it with `.lock` added to its name, prevents them from spending each
/// other's refresh token. The file is replaced as a whole and synced, so that it is never incomplete. On Unix its mode is 0600;
/// on Windows, only its owner has access, as `icacls` grants it. Directories that don't exist are created.
///
/// The path can be a link, such as one that a dotfile manager makes: the file that it leads to is replaced, the link stays, and
/// the lock lies beside the file, so that programs that use different links share it. A hard link is separated from the file's
/// other names. On Unix, a file that others can read or write, or that belongs to another user of the machine, is refused
/// until that is mended, as `ssh` does with its keys; so is a file that is read-only, and what isn't a regular file.
///
/// Use one file for each app and user: tokens of [another one](ErrorKind::ForeignTokens) aren't used. Users are distinguished only
/// if they signed in with [`Scope::OPENID`](super::Scope::OPENID).
///
/// The tokens are in plain text. Keep the file out of version control and of backups that others can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTokenStore {
    path: PathBuf,
}

impl FileTokenStore {
    /// Creates a store for a file, which doesn't have to exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn subject(&self) -> String {
        format!("the token file {:?}", self.path)
    }

    fn failed(&self, error: io::Error) -> io::Error {
        let advice = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk",
            io::ErrorKind::ResourceBusy => "it can't be replaced; if it is mounted by itself, mount its directory",
            io::ErrorKind::TimedOut => "wait for the other process, or end it",
            io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => NO_FILE,
            io::ErrorKind::Unsupported => "keep it in a directory whose file system has permissions",
            _ => "the tokens must be stored before they are used; make the file and its directory writable",
        };
        Error::io(self.subject(), error).concerning_run().advise(advice).into()
    }

    fn unreadable(&self, error: io::Error) -> io::Error {
        let advice = match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => NO_FILE,
            _ => "the tokens are still there; make the file one that this user alone can read",
        };
        Error::io(self.subject(), error).concerning_run().advise(advice).into()
    }

    fn create_directory(&self) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), fs::create_dir_all)
    }

    /// Reads the text of the file. No value of it becomes part of an error.
    fn parse(&self, text: &[u8]) -> Result<TokenSet, Error> {
        let corrupt = |problem: String| {
            Error::new(ErrorKind::CorruptFile, self.subject())
                .explain(problem)
                .advise("restore it from a copy, or delete it and sign in again")
                .concerning_run()
        };
        let json: Value = serde_json::from_slice(text).map_err(|error| {
            let position = format!("line {}, column {}", error.line(), error.column());
            corrupt(format!("it is incomplete or not JSON (at {position})"))
        })?;
        if let Some(error) = newer_version(&json, VERSION, self.subject()) {
            return Err(error);
        }
        if json.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err(corrupt("it has no tokens of this crate".to_owned()));
        }
        let tokens = json.get("tokens").cloned().unwrap_or_default();
        serde_json::from_value(tokens).map_err(|_| corrupt("its tokens are incomplete".to_owned()))
    }

    fn lock(&self) -> io::Result<File> {
        self.create_directory()?;
        let path = beside(&self.path, ".lock");
        let deadline = Instant::now() + LONGEST_WAIT;
        loop {
            if let Some(lock) = try_lock(&path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let problem = format!("another process has held the lock for {LONGEST_WAIT:?}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, problem));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl TokenStore for FileTokenStore {
    fn load(&self) -> io::Result<Option<TokenSet>> {
        match read_private(&self.path) {
            Ok(text) => Ok(Some(self.parse(&zeroize::Zeroizing::new(text))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn save(&self, tokens: &TokenSet) -> io::Result<()> {
        #[derive(Serialize)]
        struct Stored<'a> {
            version: u64,
            tokens: &'a TokenSet,
        }
        self.create_directory().map_err(|error| self.failed(error))?;
        let text = zeroize::Zeroizing::new(serde_json::to_vec_pretty(&Stored { version: VERSION, tokens })?);
        save_private(&self.path, &text).map_err(|error| self.failed(error))
    }

    fn clear(&self) -> io::Result<()> {
        remove(&self.path).map_err(|error| self.failed(error))
    }

    /// Replaces the file by itself: a full disk, or a file that is mounted by itself, shows only then.
    fn check(&self) -> io::Result<()> {
        let checked = match read_private(&self.path) {
            Ok(text) => save_private(&self.path, &zeroize::Zeroizing::new(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => check_private(&self.path, USUAL_SIZE),
            Err(error) => return Err(self.unreadable(error)),
        };
        checked.map_err(|error| self.failed(error))
    }

    /// Locks the file against other processes, and other stores of this one.
    fn with_lock(&self, work: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let lock = self.lock().map_err(|error| self.failed(error))?;
        // A process that was killed has left its tokens in plain text.
        remove_unfinished(&self.path);
        let done = work();
        drop(lock);
        done
    }
}
