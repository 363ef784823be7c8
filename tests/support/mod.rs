//! What the tests share.
#![allow(dead_code, unused_imports)]

mod server;

use std::fmt::Debug;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rblxopencloud::{Client, ClientBuilder, Error, ErrorKind, RetryPolicy, User};

pub use server::{Reply, Request, Server};

/// The key of all clients here.
pub const KEY: &str = "test-key";
/// The id of the user that all tests ask for.
pub const USER: u64 = 156;

/// The clients of a server.
impl Server {
    /// A client that pauses for a millisecond where the default one pauses for half a second.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder(KEY).base_url(self.url()).retry(hasty())
    }

    pub fn client(&self) -> Client {
        self.builder().build().expect("the settings are good")
    }

    pub fn user(&self) -> User {
        self.client().user(USER)
    }

    /// A user whose calls are tried once.
    pub fn user_without_retries(&self) -> User {
        self.builder().retry(RetryPolicy::none()).build().expect("the settings are good").user(USER)
    }
}

/// Retries that cost a test no time.
pub fn hasty() -> RetryPolicy {
    RetryPolicy {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        ..RetryPolicy::default()
    }
}

/// The error of a call that has to fail in this way.
#[track_caller]
pub fn fails<T: Debug>(result: Result<T, Error>, kind: ErrorKind) -> Error {
    match result {
        Ok(result) => panic!("{result:?} in place of {kind:?}"),
        Err(error) if error.kind() == kind => error,
        Err(error) => panic!("{:?} in place of {kind:?}: {error}", error.kind()),
    }
}

/// What `work` gives, unless it takes longer than `limit`.
#[track_caller]
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(limit).expect("it hangs, or it panicked")
}
