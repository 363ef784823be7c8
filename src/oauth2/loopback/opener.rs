//! Opens the browser.
//!
//! Other users of the machine can see the arguments of every program. With the URL of the sign-in, one of them could sign this
//! program in as themselves: they would open it first, authorize the app with their own account, and send the redirect here. So
//! the program that opens the browser gets the path of a file, which only this user can read, and the file leads to the URL.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use crate::disk;
use crate::log_target::LOG_TARGET;
use crate::oauth2::web_page;

/// The file that the browser opens. Dropping it removes it. The file of a program that was killed stays until the next sign-in at
/// the same port.
pub(super) struct StartPage {
    path: Option<PathBuf>,
}

impl StartPage {
    /// Opens a URL in the default browser. If that fails, the user still has the URL.
    pub(super) fn open(url: &str, port: u16) -> Self {
        let mut page = Self { path: None };
        let opened = folder().and_then(|folder| {
            // Whoever has the port has the name. What a program that was killed has left is replaced or removed.
            let path = page.path.insert(folder.join(format!("rblxopencloud-sign-in-{port}.html")));
            disk::remove_unfinished(path);
            disk::save_private(path, web_page::redirect(url).as_bytes())?;
            launch(path)
        });
        if let Err(error) = opened {
            log::warn!(target: LOG_TARGET, "the browser could not be opened: {error}");
        }
        page
    }
}

impl Drop for StartPage {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns a folder that belongs to this user and that browsers can read: those that come as a snap have a `/tmp` of their own
/// and can't read what is hidden.
#[cfg(unix)]
fn folder() -> io::Result<PathBuf> {
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    home.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "HOME is not set"))
}

/// Returns a folder that belongs to this user.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn folder() -> io::Result<PathBuf> {
    Ok(env::temp_dir())
}

/// Starts the first of the system's openers that works. It and the browser may outlive this program.
fn launch(path: &Path) -> io::Result<()> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "there is no program that opens files");
    for mut opener in open::commands(path) {
        match start(&mut opener).and_then(has_worked) {
            Ok(()) => return Ok(()),
            // If one isn't installed, another one may be.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn start(opener: &mut Command) -> io::Result<Child> {
    for (name, _) in env::vars_os().filter(|(name, _)| is_secret(name)) {
        opener.env_remove(name);
    }
    opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C isn't for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(opener, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(opener, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
    opener.spawn()
}

#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Waits for an early failure of an opener. One that goes on running has worked: it may be the browser itself.
fn has_worked(mut opener: Child) -> io::Result<()> {
    const EARLY: Duration = Duration::from_millis(250);
    let began = Instant::now();
    while began.elapsed() < EARLY {
        match opener.try_wait()? {
            // Windows' Explorer calls success a failure.
            Some(status) if status.success() || cfg!(windows) => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("the program that opens files failed: {status}"))),
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
    // Without a thread, it remains in the list of processes until this program ends.
    let _ = thread::Builder::new().name("sign-in-opener".to_owned()).spawn(move || opener.wait());
    Ok(())
}

/// Returns whether an environment variable may hold a key, going by its name. The browser gets none of them.
fn is_secret(name: &OsStr) -> bool {
    const WORDS: &[&str] = &[
        "ROBLOX",
        "ROBLOSECURITY",
        "RBX",
        "RBLX",
        "OPENCLOUD",
        "OPEN_CLOUD",
        "APIKEY",
        "API_KEY",
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "COOKIE",
        "CREDENTIAL",
    ];
    /// Lets the window come to the front.
    const HARMLESS: &str = "XDG_ACTIVATION_TOKEN";
    let name = name.to_string_lossy().to_ascii_uppercase();
    name != HARMLESS && (name == "KEY" || name.ends_with("_KEY") || WORDS.iter().any(|word| name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_may_hold_a_key_are_known_by_their_names() {
        for secret in [
            "ROBLOX_API_KEY",
            "ROBLOX_CLIENT_SECRET",
            "ROBLOSECURITY",
            "ROBLOX_OPEN_CLOUD_URL",
            "RBXCLOUD_API_KEY",
            "OPEN_CLOUD_KEY",
            "UPLOAD_KEY",
            "apiKey",
            "robloxKey",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "KEY",
            "PGPASSWORD",
        ] {
            assert!(is_secret(OsStr::new(secret)), "{secret}");
        }
        for other in [
            "PATH",
            "HOME",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "XAUTHORITY",
            "BROWSER",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_ACTIVATION_TOKEN",
            "XDG_RUNTIME_DIR",
            "GNOME_KEYRING_CONTROL",
            "XKEYSYMDB",
            "SSH_AUTH_SOCK",
            "LANG",
            "SystemRoot",
            "https_proxy",
        ] {
            assert!(!is_secret(OsStr::new(other)), "{other}");
        }
    }
}
