//! The mark of a run beside its lock file, which keeps two runs apart.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::lock::subject;
use crate::disk::{beside, identity, open_companion, read_companion, remove_unfinished, try_lock};
use crate::error::{Error, ErrorKind, Result};

/// Returns what tells the runs of this machine from those of others: the file that marks a run, which stays there.
pub(super) fn machine(lock: &Path) -> Option<String> {
    identity(&mark_of(lock))
}

fn mark_of(lock: &Path) -> PathBuf {
    beside(lock, ".running")
}

/// Keeps other processes from using the same lock file. A process that dies lets go of it.
pub(super) struct Running {
    file: File,
    holder: PathBuf,
}

impl Running {
    pub(super) fn new(lock: &Path) -> Result<Self> {
        let failed = |error| Error::io(subject(lock), error).concerning_run();
        if let Some(directory) = lock.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        // On Windows, nobody else can read a locked file.
        let holder = beside(lock, ".pid");
        let Some(file) = try_lock(&mark_of(lock)).map_err(failed)? else {
            let who = read_companion(&holder).unwrap_or_default();
            let who = match String::from_utf8_lossy(&who).trim() {
                "" => "another process".to_owned(),
                id => format!("process {id}"),
            };
            return Err(Error::new(ErrorKind::Conflict, subject(lock))
                .explain(format!("{who} is publishing with it"))
                .advise("wait until it ends")
                .concerning_run());
        };
        let mut pid =
            open_companion(&holder, OpenOptions::new().write(true).create(true).truncate(false)).map_err(failed)?;
        pid.set_len(0).and_then(|()| write!(pid, "{}", std::process::id())).map_err(failed)?;
        remove_unfinished(lock);
        remove_unfinished(&beside(lock, ".cache"));
        Ok(Self { file, holder })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.holder);
        // A child that another thread starts holds the file, too, until it runs its program.
        let _ = fs4::FileExt::unlock(&self.file);
    }
}
