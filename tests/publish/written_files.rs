//! Every kind of file that can be at a path, for each writer: downloads, modules, lock files and token files.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rblxopencloud::oauth2::{FileTokenStore, TokenSet, TokenStore};
use rblxopencloud::publish::{AssetModule, Publisher, Stopped};
use rblxopencloud::{Error, ErrorKind, Method};
use rblxopencloud_sandbox::Sandbox;

use crate::support::folder::{Folder, image, sandbox, user};
use crate::support::{Reply, Server, TempDir, within};

/// What a file had before. Each writer replaces it.
const OLD: &str = "{\"version\":1}";
/// What a lock file had before.
const OLD_LOCK: &str = "lock 1\nend\n";

/// Hangs end the test. Nothing here takes a second on a quiet machine, but for a pipe without a reader.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone)]
enum Writer {
    Download(Arc<Server>),
    Module,
    Lock(Arc<(Sandbox, Folder)>),
    Tokens,
}

impl Writer {
    fn all() -> Vec<Self> {
        let server = Server::start(|_| Reply::text(200, "content"));
        let folder = Folder::new(&[("crate.png", image(1))]);
        vec![Self::Download(Arc::new(server)), Self::Module, Self::Lock(Arc::new((sandbox(), folder))), Self::Tokens]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Download(_) => "download",
            Self::Module => "module",
            Self::Lock(_) => "lock",
            Self::Tokens => "tokens",
        }
    }

    /// Whether it writes what isn't a regular file.
    fn streams(&self) -> bool {
        matches!(self, Self::Download(_) | Self::Module)
    }

    /// What the file had before.
    fn old(&self) -> &'static str {
        if matches!(self, Self::Lock(_)) { OLD_LOCK } else { OLD }
    }

    /// Writes the file, within a minute.
    #[track_caller]
    fn write(&self, path: &Path) -> Result<(), Error> {
        let (writer, path) = (self.clone(), path.to_owned());
        within(LIMIT, move || match &writer {
            Self::Download(server) => server.client().request(Method::Get, "/content").download_to(&path).map(drop),
            Self::Module => AssetModule::new([("a.png", 1)]).write_luau(&path),
            Self::Lock(both) => {
                let (sandbox, folder) = &**both;
                let report = Publisher::new(&user(sandbox)).folder(folder.assets()).lock_file(&path).run()?;
                match report.stopped {
                    Some(Stopped::Failed(error)) => Err(error),
                    _ => Ok(()),
                }
            }
            Self::Tokens => {
                let store = FileTokenStore::new(&path);
                let save = || store.save(&TokenSet::from_refresh_token("of-a-test"));
                store.with_lock(&mut || save()).map_err(|error| match error.downcast::<Error>() {
                    Ok(error) => error,
                    Err(error) => panic!("{error}"),
                })
            }
        })
    }

    /// Whether this is what it writes.
    fn wrote(&self, content: &str) -> bool {
        match self {
            Self::Download(_) => content == "content",
            Self::Module => content.contains("rbxassetid://1"),
            Self::Lock(_) => content.contains("owner user") && content.contains("crate.png"),
            Self::Tokens => content.contains("of-a-test"),
        }
    }

    #[track_caller]
    fn assert_wrote(&self, path: &Path) {
        self.write(path).unwrap_or_else(|error| panic!("{} to {path:?}: {error}", self.name()));
        let content = fs::read_to_string(path).unwrap_or_else(|error| panic!("{} to {path:?}: {error}", self.name()));
        assert!(self.wrote(&content), "{} to {path:?}: {content}", self.name());
    }

    /// The error of a file that can't be written. It has these words, and leaves nothing.
    #[track_caller]
    fn assert_fails(&self, path: &Path, words: &str) {
        let directory = path.parent().expect("a directory");
        let before = names(directory);
        let error = self.write(path).expect_err(self.name());
        assert_eq!(error.kind(), ErrorKind::Io, "{}: {error}", self.name());
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{} to {path:?}: {text}", self.name());
        assert!(names(directory).iter().all(|name| before.contains(name) || is_of_lock(name)), "{}", self.name());
    }
}

/// The names in a directory.
fn names(directory: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        fs::read_dir(directory).expect("it is there").map(|entry| entry.unwrap().file_name().into()).collect();
    names.sort();
    names
}

/// Whether it is one of the files that stay beside a lock file or a token file.
fn is_of_lock(name: &Path) -> bool {
    name.extension().is_some_and(|ending| ending == "lock" || ending == "running" || ending == "cache")
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo is there").success());
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).expect("it is there").is_symlink()
}

/// Somebody who reads a pipe to its end.
struct Reader {
    /// Keeps the pipe open until something was written, also if the thread hasn't started yet.
    open: File,
    content: mpsc::Receiver<String>,
}

impl Reader {
    /// Begins to read after a while.
    fn start(pipe: &Path, delay: Duration) -> Self {
        let open = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
        let (send, content) = mpsc::channel();
        let mut pipe = File::open(pipe).unwrap();
        thread::spawn(move || {
            thread::sleep(delay);
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            // From now on, nobody reads it.
            drop(pipe);
            send.send(text)
        });
        Self { open, content }
    }

    fn content(self) -> String {
        drop(self.open);
        self.content.recv_timeout(LIMIT).expect("the pipe ends")
    }
}

#[test]
fn a_regular_file_is_created_and_replaced() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let path = directory.path().join("file");
        writer.assert_wrote(&path);
        fs::write(&path, writer.old()).unwrap();
        writer.assert_wrote(&path);
        let left: Vec<_> = names(directory.path()).into_iter().filter(|name| !is_of_lock(name)).collect();
        assert_eq!(left, [Path::new("file")], "{}", writer.name());
    }
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let target = directory.file("real", writer.old().as_bytes());
        symlink("../real", inner.join("link")).unwrap();
        symlink(inner.join("link"), directory.path().join("link to link")).unwrap();
        symlink("inner", directory.path().join("other")).unwrap();
        for path in ["inner/link", "link to link", "other/link"] {
            fs::write(&target, writer.old()).unwrap();
            let path = directory.path().join(path);
            writer.assert_wrote(&path);
            assert!(is_link(&path) && is_link(&inner.join("link")), "{}", writer.name());
            assert!(writer.wrote(&fs::read_to_string(&target).unwrap()) && !is_link(&target), "{}", writer.name());
        }
        assert_eq!(names(&inner), [Path::new("link")], "{}: all others lie beside the target", writer.name());
    }
}

#[test]
fn the_target_of_a_dangling_link_is_created() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let link = directory.path().join("link");
        symlink("target", &link).unwrap();
        writer.assert_wrote(&link);
        assert!(is_link(&link) && !is_link(&directory.path().join("target")), "{}", writer.name());

        // Nothing is created where a drive isn't mounted.
        let away = directory.path().join("away");
        symlink("missing/target", &away).unwrap();
        writer.assert_fails(&away, "missing");
        assert!(is_link(&away) && !directory.path().join("missing").exists(), "{}", writer.name());
    }
}

#[test]
fn what_cannot_be_written_is_an_error_and_stays() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let at = |name: &str| directory.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        symlink("itself", at("itself")).unwrap();
        for name in ["a", "itself"] {
            writer.assert_fails(&at(name), "circle");
            assert!(is_link(&at(name)), "{}", writer.name());
        }

        fs::create_dir(at("directory")).unwrap();
        symlink("directory", at("link")).unwrap();
        for name in ["directory", "link", "directory/", "directory/.", "new/", "new/."] {
            writer.assert_fails(&at(name), "directory");
        }
        assert!(is_link(&at("link")) && !at("new").exists(), "{}", writer.name());

        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        writer.assert_fails(&at("socket"), "not a regular file");
        assert!(fs::symlink_metadata(at("socket")).unwrap().file_type().is_socket(), "{}", writer.name());

        let file = directory.file("read-only", writer.old().as_bytes());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        writer.assert_fails(&file, "read-only");
        assert_eq!(fs::read_to_string(&file).unwrap(), writer.old(), "{}", writer.name());
    }
}

#[test]
fn a_pipe_is_written_through_or_refused_and_never_replaced() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let (path, link) = (directory.path().join("pipe"), directory.path().join("link"));
        pipe(&path);
        symlink("pipe", &link).unwrap();
        for path in [&path, &link] {
            // There is nobody who reads it.
            writer.assert_fails(path, if writer.streams() { "nobody reads" } else { "not a regular file" });
            if writer.streams() {
                let reader = Reader::start(path, Duration::ZERO);
                writer.write(path).expect("it is read");
                assert!(writer.wrote(&reader.content()), "{}", writer.name());
            }
        }
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo() && is_link(&link), "{}", writer.name());
    }
}

/// Such as the output of a service, which `/dev/stdout` leads to. A socket isn't a pipe whose reader could start yet.
#[cfg(target_os = "linux")]
#[test]
fn a_socket_behind_a_descriptor_is_refused_with_its_name() {
    use std::os::fd::AsRawFd;

    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    for writer in Writer::all().into_iter().filter(Writer::streams) {
        let directory = TempDir::new();
        let link = directory.path().join("stdout");
        symlink(format!("/proc/self/fd/{}", socket.as_raw_fd()), &link).unwrap();
        writer.assert_fails(&link, "is a socket");
        assert!(is_link(&link), "{}", writer.name());
    }
}

/// More than a pipe holds.
#[test]
fn a_slow_reader_of_a_pipe_gets_everything() {
    let content = "0123456789abcdef".repeat(64 * 1024);
    let server = Server::script([Reply::text(200, content.clone())]);
    let directory = TempDir::new();
    let path = directory.path().join("pipe");
    pipe(&path);
    let reader = Reader::start(&path, Duration::from_millis(100));
    let size = within(LIMIT, move || server.client().request(Method::Get, "/content").download_to(path));
    assert_eq!(size.expect("it is read"), content.len() as u64);
    assert!(reader.content() == content);
}

/// `/dev/stdout` is a link of the kernel, which may lead to a pipe or a file without a name.
#[cfg(target_os = "linux")]
#[test]
fn a_link_to_a_descriptor_is_written_through() {
    use std::os::fd::AsRawFd;
    let directory = TempDir::new();
    let file = OpenOptions::new().append(true).create(true).open(directory.path().join("output")).unwrap();
    for parent in ["/dev/fd", "/proc/self/fd"] {
        AssetModule::new([("a.png", 1)]).write_luau(format!("{parent}/{}", file.as_raw_fd())).expect("it is open");
    }
    assert_eq!(fs::metadata(directory.path().join("output")).unwrap().ino(), file.metadata().unwrap().ino());
    let text = fs::read_to_string(directory.path().join("output")).unwrap();
    assert_eq!(text.matches("rbxassetid://1").count(), 2, "it is appended: {text}");
}

#[test]
fn a_name_can_be_as_long_as_the_file_system_allows() {
    for writer in Writer::all() {
        for length in [99, 100, 101, 200, 232, 233, 234, 235, 245, 246, 247, 248, 249, 250, 251, 254, 255] {
            let directory = TempDir::new();
            let path = directory.path().join("n".repeat(length));
            writer.assert_wrote(&path);
            writer.assert_wrote(&path);
        }
        let directory = TempDir::new();
        let wide = directory.path().join("é🎉".repeat(42));
        writer.assert_wrote(&wide);
        writer.assert_fails(&directory.path().join("n".repeat(256)), "too long");
        symlink("n".repeat(255), directory.path().join("link")).unwrap();
        writer.assert_wrote(&directory.path().join("link"));
    }
}

/// A download of an hour must not fail at its end.
#[test]
fn nothing_is_sent_for_a_file_that_cannot_be_written() {
    let server = Server::script([]);
    let directory = TempDir::new();
    let missing = directory.path().join("missing").join("file");
    for path in [directory.path().join("n".repeat(256)), directory.path().to_owned(), missing] {
        server.client().request(Method::Get, "/content").download_to(&path).expect_err("it can't be written");
    }
    assert_eq!(server.requests().len(), 0);
}

/// Two names that look alike when they are shown.
#[cfg(target_os = "linux")]
#[test]
fn a_name_can_be_any_bytes() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        for name in [&b"a\xff"[..], b"a\xfe", b"\xf0\x9f", b"line\nbreak", &[0xff; 255]] {
            let path = directory.path().join(OsStr::from_bytes(name));
            writer.assert_wrote(&path);
            writer.assert_wrote(&path);
        }
    }
}

#[test]
fn the_mode_of_a_file_is_kept_and_tokens_stay_private() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        for mode in [0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o755, 0o777] {
            let path = directory.file(&format!("{mode:o}"), writer.old().as_bytes());
            let link = directory.path().join(format!("{mode:o} link"));
            symlink(&path, &link).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for path in [&path, &link] {
                writer.write(path).unwrap_or_else(|error| panic!("{} {mode:o}: {error}", writer.name()));
                let expected = if matches!(writer, Writer::Tokens) { 0o600 } else { mode };
                let now = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
                assert_eq!(now, expected, "{}: {now:o} in place of {expected:o}", writer.name());
            }
        }
    }
}

/// Only root can give a file away.
#[test]
fn the_owner_of_a_file_is_kept_by_root() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let path = directory.file("file", writer.old().as_bytes());
        if std::os::unix::fs::chown(&path, Some(12_345), Some(23_456)).is_err() {
            return;
        }
        writer.write(&path).expect("root can write it");
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12_345, 23_456), "{}", writer.name());
    }
}

/// For root, permissions don't hold, so this shows it only for other users.
#[test]
fn a_directory_that_is_read_only_is_named() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let path = directory.file("file", writer.old().as_bytes());
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(directory.path().join("probe"), b"").is_err() {
            writer.assert_fails(&path, "can't create a file in the directory");
            assert_eq!(fs::read_to_string(&path).unwrap(), writer.old(), "{}", writer.name());
        }
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// As Linux does with `fs.protected_symlinks`: in a folder such as `/tmp`, anybody can lay a link to somebody's file.
#[test]
fn what_another_user_may_have_planted_is_not_followed() {
    for writer in Writer::all() {
        let directory = TempDir::new();
        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        let target = directory.file("precious", writer.old().as_bytes());
        let link = shared.join("link");
        symlink(&target, &link).unwrap();
        if std::os::unix::fs::lchown(&link, Some(12_345), Some(12_345)).is_err() {
            return;
        }
        for (mode, is_followed) in [(0o1777, false), (0o777, false), (0o775, false), (0o755, true)] {
            fs::set_permissions(&shared, fs::Permissions::from_mode(mode)).unwrap();
            fs::write(&target, writer.old()).unwrap();
            if is_followed {
                writer.assert_wrote(&link);
            } else {
                writer.assert_fails(&link, "another user");
                assert_eq!(fs::read_to_string(&target).unwrap(), writer.old(), "{}", writer.name());
            }
        }
        // What is written to a pipe goes to whoever made it.
        if writer.streams() {
            let pipe = shared.join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().expect("it is installed").success());
            fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
            std::os::unix::fs::chown(&pipe, Some(12_345), Some(12_345)).unwrap();
            writer.assert_fails(&pipe, "another user");
        }
        // What a stranger has put there is replaced as if it weren't there.
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
        let path = shared.join("file");
        fs::write(&path, writer.old()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        std::os::unix::fs::chown(&path, Some(12_345), Some(12_345)).unwrap();
        writer.assert_wrote(&path);
        let metadata = fs::metadata(&path).unwrap();
        assert_ne!((metadata.uid(), metadata.mode() & 0o002), (12_345, 0o002), "{}", writer.name());
    }
}
