//! Pipes and devices, which are written through.

#[cfg(unix)]
use std::fs;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a pipe or a device for writing. A pipe that nobody reads is an error, after a time in which the reader can start.
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::io::Errno;

    const PATIENCE: Duration = Duration::from_secs(2);
    // What a descriptor leads to can be a file that others write too, such as the output of a shell.
    let mut options = OpenOptions::new();
    options.append(true);
    super::open::at_once(&mut options, true);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match options.open(path) {
            Ok(file) => {
                // Only opening mustn't block: a slow reader is waited for.
                fcntl_setfl(&file, OFlags::APPEND)?;
                return Ok(file);
            }
            Err(error) => {
                let file_type = fs::metadata(path)?.file_type();
                if file_type.is_socket() {
                    // What a descriptor leads to, such as the output of a program that a service manager has started.
                    return Err(io::Error::new(
                        error.kind(),
                        "is a socket, which can't be opened by a path; write to a file or to a pipe, such as `| cat`",
                    ));
                }
                if !file_type.is_fifo() || error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) {
                    return Err(error);
                }
                if Instant::now() >= deadline {
                    return Err(io::Error::new(error.kind(), "nobody reads it; start the reader first"));
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}
