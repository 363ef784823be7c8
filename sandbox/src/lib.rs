//! A local Roblox Open Cloud for tests and for trying things out without a key.
//!
//! A [`Sandbox`] listens on the loopback interface and responds as the service does: with its messages, its checks, its page
//! sizes, and its failures when they are [injected](Sandbox::inject). Programs use it through the crate [`rblxopencloud`], or
//! through HTTP in any language.
//!
//! It uses only the public API of that crate. What it knows of the service's requests and responses is its own, so that
//! a test in which both agree says something.
//!
//! [`guide`] has pages about [what it can do by purpose](guide::by_purpose), [tests](guide::tests),
//! [world files](guide::world_files) and the [control routes](guide::control) for other languages.
//!
//! It is the authorization server too, and [plays a user](Sandbox::authorize) who clicks. It enables the feature `oauth2` of
//! `rblxopencloud`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod control;
mod data;
mod demo;
mod faults;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
mod http;
mod look;
mod memory;
mod places;
mod routes;
mod rules;
mod scripts;
mod seed;
mod server;
mod servers;
mod sign_in;
mod state;
mod world;
mod worlds;

use std::fmt;
use std::sync::MutexGuard;
use std::time::Duration;

use rblxopencloud::{Client, ClientBuilder, Result, RetryPolicy};

pub use builder::SandboxBuilder;
pub use servers::sign_webhook;
pub use state::{Fault, RateLimit, RecordedPart, RecordedRequest};
pub use world::servers::PublishedMessage;
pub use world::signer::IdTokenFault;
pub use world::{AssetContent, FailureCode, LuauAnswer, OperationFailure};

use server::Server;
use state::lock;
use world::World;

/// How long the clients of a sandbox wait before their first retry. The service has nothing to recover from here.
const INITIAL_BACKOFF: Duration = Duration::from_millis(1);

/// A local Open Cloud with its own users, inventories, groups and assets.
///
/// It accepts the key [`api_key`](Self::api_key) and the token [`access_token`](Self::access_token). They have all scopes and
/// act for everyone until [`set_key_owner`](Self::set_key_owner) and [`set_scopes`](Self::set_scopes) limit them. Dropping the
/// sandbox closes all connections and frees the port.
///
/// ```
/// use rblxopencloud_sandbox::Sandbox;
/// use rblxopencloud::{AssetFile, AssetType, AssetUpload, UserInfo};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sandbox = Sandbox::start()?;
/// sandbox.add_user(UserInfo::new(156, "builderman"));
///
/// let user = sandbox.client().user(156);
/// assert_eq!(user.fetch_info()?.username, "builderman");
///
/// # let path = "../examples/assets/crate.png";
/// let file = AssetFile::open(path)?;
/// let asset = user.upload_asset_with(AssetUpload::new(file, AssetType::Decal, "Crate", ""))?.wait()?;
/// assert_eq!(sandbox.asset_content(asset.id).unwrap().content_type, "image/png");
/// assert_eq!(sandbox.requests()[1].method, "POST");
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    server: Server,
    url: String,
}

impl Sandbox {
    /// Starts an empty sandbox on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if no port is free or no thread can be started.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Returns a builder for a sandbox with custom settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Returns the base URL, `http://127.0.0.1:{port}`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the API key that it accepts.
    #[must_use]
    pub fn api_key(&self) -> &str {
        routes::API_KEY
    }

    /// Returns the OAuth 2.0 access token that it accepts.
    #[must_use]
    pub fn access_token(&self) -> &str {
        routes::ACCESS_TOKEN
    }

    /// Returns a new client for this sandbox, with the key and the default settings, except that it doesn't wait long before it
    /// retries: a 503 that lasts costs a test milliseconds, not seconds. It makes as many attempts as usual, and it waits as long
    /// as a response tells it to (`retry-after`).
    ///
    /// For the waits of real life, use [`client_with`](Self::client_with) and `RetryPolicy::new()`:
    ///
    /// ```
    /// use rblxopencloud::RetryPolicy;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// let client = sandbox.client_with(|settings| settings.retry(RetryPolicy::new()))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Never panics: the URL and the key are valid.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_with(|settings| settings).expect("the sandbox's own address and key are fit for a client")
    }

    /// Returns a new client for this sandbox, with the key and custom settings. Settings that aren't changed are those of
    /// [`client`](Self::client).
    ///
    /// # Errors
    /// See [`ClientBuilder::build`].
    pub fn client_with(&self, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
        let quick = RetryPolicy::new().initial_backoff(INITIAL_BACKOFF);
        settings(Client::builder(self.api_key()).base_url(self.url()).retry(quick)).build()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.server.shared.state.world)
    }

    /// Returns the world, after ending the operations that are due.
    fn settled_world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        world.settle();
        world
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
