//! A file that changes during its upload never becomes an asset.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, User, UserInfo};
use rblxopencloud_sandbox::Sandbox;

use crate::support::{TempDir, USER, fails, noise, unchecked, within};

const SIZE: usize = 3 * 1024 * 1024;

fn sandbox() -> (Sandbox, User) {
    let sandbox = Sandbox::start().expect("a sandbox");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_content_checks(false);
    let user = sandbox.client().user(USER);
    (sandbox, user)
}

fn upload_of(path: &Path) -> AssetUpload {
    unchecked(AssetUpload::new(AssetFile::open(path).expect("it is there"), AssetType::Image, "name", ""))
}

/// Calls `act` once the upload has started.
fn upload_while(user: &User, path: &Path, act: impl FnMut(&Path) + Send + 'static) -> Result<(), rblxopencloud::Error> {
    let (mut act, mut is_done, at) = (act, false, path.to_owned());
    let upload = upload_of(path).on_progress(move |progress| {
        if !is_done && progress.sent > 0 && progress.sent < progress.total {
            is_done = true;
            act(&at);
        }
    });
    user.upload_asset_with(upload).map(drop)
}

fn overwrite(path: &Path) {
    let mut file = File::options().write(true).open(path).expect("it can be written");
    file.seek(SeekFrom::Start(0)).expect("it is a file");
    file.write_all(&vec![b'x'; SIZE]).expect("it can be written");
    // The clock can be coarse, so the change is a little later.
    file.set_modified(SystemTime::now() + Duration::from_secs(2)).expect("it has a time");
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_an_error_and_creates_nothing() {
    let changes: [(&str, Replace); 4] = [
        ("overwritten in place", overwrite),
        ("cut", |path| {
            File::options().write(true).open(path).and_then(|file| file.set_len(10)).expect("it can be cut")
        }),
        ("grown", |path| {
            let mut file = File::options().append(true).open(path).expect("it can be written");
            file.write_all(b"more").expect("it can be written");
        }),
        ("touched", |path| {
            let file = File::options().write(true).open(path).expect("it can be written");
            file.set_modified(SystemTime::now() + Duration::from_secs(60)).expect("it has a time");
        }),
    ];
    for (what, change) in changes {
        let (sandbox, user) = sandbox();
        let dir = TempDir::new();
        let path = dir.file("a.png", &noise(SIZE));
        let error = fails(upload_while(&user, &path, change), ErrorKind::Io);
        assert!(error.to_string().contains("a.png") && !error.outcome_unknown(), "{what}: {error}");
        assert!(sandbox.assets().is_empty(), "{what}");
        // It does no harm once the file stops changing.
        let _ = user.upload_asset_with(upload_of(&path)).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[test]
fn a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was() {
    let (sandbox, user) = sandbox();
    let dir = TempDir::new();
    let content = noise(SIZE);
    let path = dir.file("a.png", &content);
    let other = dir.file("other.png", &vec![b'x'; SIZE]);
    // Windows doesn't let an open file be replaced, which is fine too.
    let result = upload_while(&user, &path, move |path| drop(fs::rename(&other, path)));
    result.expect("what was opened stays as it is");
    let part = &sandbox.requests()[0].parts[1];
    assert_eq!((part.length, &part.body[..]), (SIZE as u64, &content[..part.body.len()]));
}

/// Replaces a file with something else.
type Replace = fn(&Path);

fn replacements() -> Vec<(&'static str, Replace)> {
    vec![
        ("a directory", |path| {
            fs::remove_file(path).expect("it can be removed");
            fs::create_dir(path).expect("it can be made");
        }),
        #[cfg(unix)]
        ("a pipe", |path| make_pipe(path)),
        #[cfg(unix)]
        ("a link to a pipe", |path| {
            let pipe = path.with_extension("pipe");
            let _ = fs::remove_file(&pipe);
            fs::write(&pipe, b"").expect("it can be written");
            make_pipe(&pipe);
            fs::remove_file(path).expect("it can be removed");
            std::os::unix::fs::symlink(&pipe, path).expect("it can be made");
        }),
        #[cfg(unix)]
        ("a link to a device", |path| {
            fs::remove_file(path).expect("it can be removed");
            std::os::unix::fs::symlink("/dev/zero", path).expect("it can be made");
        }),
    ]
}

#[cfg(unix)]
fn make_pipe(path: &Path) {
    fs::remove_file(path).expect("it can be removed");
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo is there");
    assert!(made.success());
}

#[test]
fn files_that_became_pipes_are_refused_without_blocking() {
    for (what, replace) in replacements() {
        let (sandbox, user) = sandbox();
        let dir = TempDir::new();
        let path: PathBuf = dir.file("a.png", &noise(2000));
        let upload = upload_of(&path);
        replace(&path);
        let error =
            fails(within(Duration::from_secs(20), move || user.upload_asset_with(upload).map(drop)), ErrorKind::Io);
        assert!(error.to_string().contains("a.png"), "{what}: {error}");
        assert!(sandbox.assets().is_empty(), "{what}");
        let again = path.clone();
        fails(within(Duration::from_secs(20), move || AssetFile::open(again).map(drop)), ErrorKind::Io);
    }
}
