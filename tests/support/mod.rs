//! Shared support for tests.
#![allow(dead_code, unused_imports)]

pub mod batch;
pub mod call;
pub mod calls;
pub mod early;
pub mod example;
pub mod folder;
pub mod local;
pub mod random;
pub mod samples;
mod server;
pub mod signing_in;
pub mod wire;

use std::fmt::Debug;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rblxopencloud::asset::Check;
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Client, ClientBuilder, Error, ErrorKind, Operation,
    RetryPolicy, User,
};
use serde_json::json;

pub use server::{Reply, Request, Server};
pub use wire::{CONTINUE, Connection, Wire, answer};

/// The API key of all clients.
pub const KEY: &str = "test-key";
/// The id of the user in all tests.
pub const USER: u64 = 156;

/// An address without a listener, on an address of its own where there is one, so that no other test takes its port.
pub fn free_address() -> SocketAddr {
    let host = if cfg!(target_os = "linux") { "127.0.77.1:0" } else { "127.0.0.1:0" };
    let listener = TcpListener::bind(host).expect("the loopback interface has a free port");
    listener.local_addr().expect("a listener has an address")
}

/// Clients for a server.
impl Server {
    /// A client with a backoff of a millisecond.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).base_url(self.url()).retry(hasty())
    }

    pub fn client(&self) -> Client {
        self.builder().build().expect("the settings are good")
    }

    pub fn user(&self) -> User {
        self.client().user(USER)
    }

    /// A user without retries.
    pub fn user_without_retries(&self) -> User {
        self.builder().retry(RetryPolicy::none()).build().expect("the settings are good").user(USER)
    }
}

/// Retries with a backoff of a millisecond.
pub fn hasty() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(1)).max_backoff(Duration::from_millis(2))
}

/// An upload with arbitrary content.
pub fn unchecked(upload: AssetUpload) -> AssetUpload {
    let of_the_file = [Check::FileSize, Check::Format, Check::Content, Check::Dimensions];
    of_the_file.into_iter().fold(upload, AssetUpload::skip_check)
}

/// The error of a call that must fail with this kind.
#[track_caller]
pub fn fails<T: Debug>(result: Result<T, Error>, kind: ErrorKind) -> Error {
    match result {
        Ok(result) => panic!("{result:?} in place of {kind:?}"),
        Err(error) if error.kind() == kind => error,
        Err(error) => panic!("{:?} in place of {kind:?}: {error}", error.kind()),
    }
}

/// The result of `work`, which must end within `limit`.
#[track_caller]
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(limit).expect("it hangs, or it panicked")
}

/// One test of this program, in a process of its own. `module` is the caller's `module_path!()`.
pub fn test_process(module: &str, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", &test_name(module, test), "--nocapture"]);
    command
}

/// The name by which a test program knows its test.
pub fn test_name(module: &str, test: &str) -> String {
    let (_, module) = module.split_once("::").expect("a module of a test program");
    format!("{module}::{test}")
}

/// The response with a profile.
pub fn profile() -> Reply {
    Reply::ok(&json!({ "id": USER.to_string(), "name": "builderman" }))
}

/// The response to a create or an update.
pub fn started() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "operationId": "abc", "done": false }))
}

/// Bytes without repetition.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// A gzip file with one block, which isn't compressed.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let crc = content.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    });
    let length = u16::try_from(content.len()).expect("it fits in one block");
    [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        content,
        &(!crc).to_le_bytes(),
        &u32::from(length).to_le_bytes(),
    ]
    .concat()
}

pub fn upload(user: &User, file: AssetFile) -> Result<Operation<Asset>, Error> {
    user.upload_asset_with(unchecked(AssetUpload::new(file, AssetType::Decal, "asset name", "asset description")))
}

/// A create or an update.
pub type Change = fn(&User) -> Result<Operation<Asset>, Error>;

/// The calls that change something.
pub const CHANGES: [(&str, Change); 3] = [
    ("upload", |user| upload(user, AssetFile::from_bytes("a.png", noise(1000)))),
    ("update of the words", |user| user.update_asset_with(AssetUpdate::new(4242).display_name("name"))),
    ("update of the content", |user| {
        user.update_asset_with(
            AssetUpdate::new(4242)
                .file(AssetFile::from_bytes("a.rbxm", noise(1000)))
                .skip_check(Check::UpdateFormat)
                .skip_check(Check::Content),
        )
    }),
];

/// How often something is done at random. The variable is for longer runs by hand.
pub fn times<N: std::str::FromStr>(variable: &str, usual: N) -> N {
    std::env::var(variable).map_or(usual, |text| {
        text.trim().parse().unwrap_or_else(|_| panic!("{variable} is {text:?}; expected a number"))
    })
}

/// A directory that is removed after the test.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::SeqCst);
            let path = std::env::temp_dir().join(format!("rblxopencloud-files-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // A process that was killed has left it, and this one has its number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("the directory for temporary files can't be written to: {error}"),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file can be written");
        path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
