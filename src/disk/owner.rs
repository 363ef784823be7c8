//! Whose a file is, and who else can use it.

use std::fs::{File, Metadata};
use std::io;

/// Whether a file belongs to somebody else than this user, the owner of its folder and root.
#[cfg(unix)]
pub(super) fn is_foreign(file: &Metadata, folder: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    ![rustix::process::geteuid().as_raw(), folder.uid(), 0].contains(&file.uid())
}

/// Whether another user may have put a file or a link there, such as in `/tmp`. Linux has this rule for links there
/// (`fs.protected_symlinks`).
#[cfg(unix)]
pub(super) fn is_planted(file: &Metadata, folder: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    folder.mode() & 0o022 != 0 && is_foreign(file, folder)
}

/// Windows lets only administrators make links, and a file has the permissions of its folder.
#[cfg(not(unix))]
pub(super) fn is_planted(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Gives a new file the owner and the mode of the one that it replaces, as far as this user may.
#[cfg(unix)]
pub(super) fn resemble(file: &File, old: &Metadata, mode: u32) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let new = file.metadata()?;
    let mut mode = mode & 0o777;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        let given = fchown(file, Some(old.uid()), Some(old.gid()));
        if given.or_else(|_| fchown(file, None, Some(old.gid()))).is_err() {
            mode = of_another_group(mode);
        }
    }
    if new.mode() & 0o777 != mode {
        // A file system without modes has the same one for all files.
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }
    Ok(())
}

/// What a group was allowed isn't for another group, which gets what everybody has.
#[cfg(unix)]
fn of_another_group(mode: u32) -> u32 {
    mode & 0o707 | (mode & 0o007) << 3
}

/// On Windows, a file has the permissions of its folder.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
pub(super) fn resemble(_: &File, _: &Metadata, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn mode_of(file: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(file) & 0o777
}

#[cfg(not(unix))]
pub(super) fn mode_of(_: &Metadata) -> u32 {
    0
}

/// Refuses a file that should be private, and that others can read or have made, as `ssh` does.
#[cfg(all(unix, feature = "oauth2"))]
pub(super) fn check_exposure(file: &Metadata, path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let refused = |problem| Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    if is_foreign(file, &std::fs::metadata(super::names::directory_of(path))?) {
        return refused(format!("belongs to another user of this machine (uid {})", file.uid()));
    }
    match mode_of(file) {
        mode if mode & 0o077 != 0 => {
            refused(format!("others can read or replace it (mode {mode:04o}); make it private with chmod 600"))
        }
        _ => Ok(()),
    }
}

/// Windows has no modes. The file is private because this crate has made it so.
#[cfg(all(not(unix), feature = "oauth2"))]
#[allow(clippy::unnecessary_wraps)]
pub(super) fn check_exposure(_: &Metadata, _: &std::path::Path) -> io::Result<()> {
    Ok(())
}

/// Takes a file's permissions from everyone but its owner (S-1-3-4).
#[cfg(all(windows, feature = "oauth2"))]
pub(super) fn own(path: &std::path::Path) -> io::Result<()> {
    use std::os::windows::process::CommandExt;
    use std::path::Path;
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
            log::warn!(target: crate::log_target::LOG_TARGET, "{path:?} has the permissions of its directory, because there is no icacls");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(all(unix, test))]
mod tests {
    #[test]
    fn another_group_gets_what_everybody_has() {
        for (mode, expected) in [(0o660, 0o600), (0o664, 0o644), (0o640, 0o600), (0o755, 0o755), (0o600, 0o600)] {
            assert_eq!(super::of_another_group(mode), expected, "{mode:o}");
        }
    }
}
