//! A local Open Cloud, for tests and for trying things out without a key. Needs the feature `sandbox`.
//!
//! A [`Sandbox`] listens on the loopback interface and answers as the service does: in its words, with its checks and
//! its page sizes, and with its failures when they are [injected](Sandbox::inject).

mod demo;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod http;
mod routes;
mod rules;
mod server;
mod world;

use std::fmt;
use std::sync::MutexGuard;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

pub use server::{Fault, RateLimit, RecordedPart, RecordedRequest};
pub use world::{AssetContent, FailureCode, OperationFailure};

use crate::asset::Asset;
use crate::client::{Client, ClientBuilder};
use crate::error::{Error, Result};
use crate::user::{GroupMembership, InventoryItem, UserInfo};
use server::{Server, Shared, lock};
use world::{Inventory, World};

/// A local Open Cloud with a world of its own: users, what they own, groups and assets.
///
/// It takes the key [`api_key`](Self::api_key) and the token [`access_token`](Self::access_token), which may do everything
/// in everybody's name until [`set_key_owner`](Self::set_key_owner) and [`set_scopes`](Self::set_scopes) say otherwise.
/// Dropping it closes all connections and frees the port.
///
/// ```
/// use rblxopencloud::sandbox::Sandbox;
/// use rblxopencloud::{AssetFile, AssetType, AssetUpload, UserInfo};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sandbox = Sandbox::start()?;
/// sandbox.add_user(UserInfo::new(156, "builderman"));
///
/// let user = sandbox.client().user(156);
/// assert_eq!(user.fetch_info()?.username, "builderman");
///
/// let file = AssetFile::open("examples/assets/crate.png")?;
/// let asset = user.upload_asset(AssetUpload::new(file, AssetType::Decal, "Crate", ""))?.wait()?;
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
    /// Starts an empty world on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if there is no free port, or no thread to be had.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Starts one with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The address, `http://127.0.0.1:{port}`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API key that it takes.
    #[must_use]
    pub fn api_key(&self) -> &str {
        routes::API_KEY
    }

    /// The OAuth 2.0 access token that it takes.
    #[must_use]
    pub fn access_token(&self) -> &str {
        routes::ACCESS_TOKEN
    }

    /// A new client of this sandbox, with the key and the default settings.
    ///
    /// # Panics
    /// Never: its own address and key are fit for a client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_with(|settings| settings).expect("the sandbox's own address and key are fit for a client")
    }

    /// A new client of this sandbox, with the key and other settings.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn client_with(&self, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
        settings(Client::builder(self.api_key()).base_url(self.url())).build()
    }

    /// Adds a user, or replaces the one with this id.
    pub fn add_user(&self, user: UserInfo) {
        self.world().add_user(&user);
    }

    /// Sets what a user owns, in this order. Items without a path are given one.
    pub fn set_inventory(&self, user_id: u64, items: impl IntoIterator<Item = InventoryItem>) {
        let inventory = Inventory::new(user_id, items);
        self.world().inventories.insert(user_id, inventory);
    }

    /// Sets whether a user's inventory is private: it is refused then to all but [its owner](Self::set_key_owner). Defaults
    /// to `false`.
    pub fn set_inventory_private(&self, user_id: u64, is_private: bool) {
        let mut world = self.world();
        if is_private {
            world.private_inventories.insert(user_id);
        } else {
            world.private_inventories.remove(&user_id);
        }
    }

    /// Adds a group, or renames the one with this id.
    pub fn add_group(&self, group_id: u64, name: impl Into<String>) {
        self.world().groups.add(group_id, name.into());
    }

    /// Adds a membership, or replaces the one that this user has in this group. Adds the group if it isn't there.
    pub fn add_membership(&self, membership: GroupMembership) {
        self.world().groups.join(&membership);
    }

    /// Adds an asset, or replaces the one with this id.
    pub fn add_asset(&self, asset: Asset) {
        self.world().add_asset(&asset);
    }

    /// An asset as it is now.
    #[must_use]
    pub fn asset(&self, id: u64) -> Option<Asset> {
        let world = self.settled_world();
        Asset::deserialize(Value::Object(world.assets.get(&id)?.fields.clone())).ok()
    }

    /// All assets as they are now, by id.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        let world = self.settled_world();
        let assets = world.assets.values();
        assets.filter_map(|asset| Asset::deserialize(Value::Object(asset.fields.clone())).ok()).collect()
    }

    /// What was uploaded last as this asset.
    #[must_use]
    pub fn asset_content(&self, id: u64) -> Option<AssetContent> {
        self.settled_world().assets.get(&id)?.content.clone()
    }

    /// How long operations take from now on. With zero, the default, one is pending in the first answer, and done when it
    /// is asked for.
    pub fn set_operation_time(&self, time: Duration) {
        self.world().operations.time = time;
    }

    /// Whether the first answer says how an operation ended, if it takes no time. `false` by default.
    pub fn set_operations_done_at_once(&self, at_once: bool) {
        self.world().operations.done_at_once = at_once;
    }

    /// Makes the next operation fail that begins; called again, the one after it too.
    pub fn fail_next_operation(&self, failure: OperationFailure) {
        self.world().operations.fail_next(failure);
    }

    /// Whether updates without a file are answered with the bare changed fields in place of an operation, as the service
    /// does at times. `false` by default.
    pub fn set_bare_updates(&self, bare: bool) {
        self.world().bare_updates = bare;
    }

    /// Limits each endpoint's requests from now on; `None`, the default, lifts the limit. Answers tell how much of it is
    /// left; faults don't count.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        lock(&self.server.shared.limiter).set(limit);
    }

    /// How many requests were refused because of the rate limit.
    #[must_use]
    pub fn rate_limited(&self) -> u64 {
        lock(&self.server.shared.limiter).refused
    }

    /// Makes something go wrong. Of several faults that fit a request, the one that was injected first hits it.
    pub fn inject(&self, fault: Fault) {
        lock(&self.server.shared.faults).inject(fault);
    }

    /// Forgets the faults that have not hit yet.
    pub fn clear_faults(&self) {
        lock(&self.server.shared.faults).clear();
    }

    /// The newest 10,000 requests, the oldest first, in the order in which they were read to the end.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.server.shared.log).requests()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.server.shared.log).clear();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.server.shared.world)
    }

    /// The world with the operations done whose time has come.
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

/// Starts a [`Sandbox`] with other settings.
///
/// ```
/// use rblxopencloud::sandbox::Sandbox;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let sandbox = Sandbox::builder().demo().start()?;
/// let owned = sandbox.client().user(156).list_inventory().count();
/// assert_eq!(owned, 250);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a sandbox has to be started"]
pub struct SandboxBuilder {
    port: u16,
    demo: bool,
    unknown_kinds: bool,
}

impl SandboxBuilder {
    /// The port to listen on; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Fills the world: user 156, "builderman", with a profile, 250 things of every kind (badges 111 and 222 and game pass
    /// 777 among them) and three groups.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Puts into the demo world's inventory an item of a kind, and an asset of a type, that this version doesn't know, as
    /// Roblox may add any day. They take the place of two others. Off by default, and without [`demo`](Self::demo).
    pub fn unknown_kinds(mut self) -> Self {
        self.unknown_kinds = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the port is taken, or there is no thread to be had.
    pub fn start(self) -> Result<Sandbox> {
        let server = Server::start(self.port, Shared::default()).map_err(|error| match self.port {
            0 => Error::io("the sandbox", error),
            port => Error::io(format!("the sandbox on port {port}"), error),
        })?;
        let url = format!("http://{}", server.address);
        let sandbox = Sandbox { server, url };
        if self.demo {
            demo::fill(&sandbox, self.unknown_kinds);
        }
        Ok(sandbox)
    }
}
