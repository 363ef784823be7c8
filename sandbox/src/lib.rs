//! A local Roblox Open Cloud for tests and for trying things out without a key.
//!
//! A [`Sandbox`] listens on the loopback interface and responds as the service does: with its messages, its checks, its page
//! sizes, and its failures when they are [injected](Sandbox::inject). Programs use it through the crate [`rblxopencloud`], or
//! through HTTP in any language.
//!
//! It uses only the public API of that crate. What it knows of the service's requests and responses is its own, so that
//! a test in which both agree says something.
//!
//! It is the authorization server too, and [plays a user](Sandbox::authorize) who clicks. It enables the feature `oauth2` of
//! `rblxopencloud`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod demo;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod routes;
mod rules;
mod server;
mod sign_in;
mod world;

use std::fmt;
use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use rblxopencloud::asset::{AssetAction, PermissionSubject};
use rblxopencloud::group::AuditLogEntry;
use rblxopencloud::{
    Asset, Client, ClientBuilder, Error, ExperienceInfo, GroupInfo, GroupMembership, GroupRole, InventoryItem, Result,
    UserInfo,
};
use serde::Deserialize;
use serde_json::Value;

pub use server::{Fault, RateLimit, RecordedPart, RecordedRequest};
pub use world::signer::IdTokenFault;
pub use world::{AssetContent, FailureCode, OperationFailure};

use server::{Server, lock};
use world::{Inventory, World};

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

    /// Returns a new client for this sandbox, with the key and the default settings.
    ///
    /// # Panics
    /// Never panics: the URL and the key are valid.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_with(|settings| settings).expect("the sandbox's own address and key are fit for a client")
    }

    /// Returns a new client for this sandbox, with the key and custom settings.
    ///
    /// # Errors
    /// See [`ClientBuilder::build`].
    pub fn client_with(&self, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
        settings(Client::builder(self.api_key()).base_url(self.url())).build()
    }

    /// Adds a user, or replaces the one with this id.
    pub fn add_user(&self, user: UserInfo) {
        self.world().add_user(&user);
    }

    /// Sets the items that a user owns, in this order. Items without a path get one.
    pub fn set_inventory(&self, user_id: u64, items: impl IntoIterator<Item = InventoryItem>) {
        let inventory = Inventory::new(user_id, items);
        self.world().inventories.insert(user_id, inventory);
    }

    /// Sets whether a user's inventory is private: only [its owner](Self::set_key_owner) can list it. Defaults to `false`.
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

    /// Adds a group, or replaces what is known of it. Its roles and members stay.
    pub fn set_group_info(&self, info: GroupInfo) {
        let (id, name) = (info.id, info.display_name.clone());
        self.world().groups.add(id, name).info = info;
    }

    /// Adds a role to the group that its path names, or replaces it. Adds the group if it doesn't exist. A role whose path has
    /// no group is ignored.
    pub fn add_role(&self, role: GroupRole) {
        if let Some(group) = role.group_id() {
            self.world().groups.add_role(group, role);
        }
    }

    /// Adds a user's request to join a group. Adds the group if it doesn't exist.
    pub fn add_join_request(&self, group_id: u64, user_id: u64) {
        self.world().groups.add_request(group_id, user_id);
    }

    /// Adds a membership, or replaces that of this user in this group. Adds the group and the roles
    /// if they don't exist.
    pub fn add_membership(&self, membership: GroupMembership) {
        self.world().groups.join(&membership);
    }

    /// Adds an entry to the audit log of a group. Adds the group if it doesn't exist. An entry without a time gets the current
    /// one. The sandbox itself writes none.
    ///
    /// ```
    /// use rblxopencloud::group::AuditLogEntry;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_audit_log_entry(7, AuditLogEntry::new("PublishPlace"));
    ///
    /// let log: Vec<_> = sandbox.client().group(7).list_audit_log().collect::<Result<_, _>>()?;
    /// assert_eq!(log[0].action_type, "PublishPlace");
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_audit_log_entry(&self, group_id: u64, entry: AuditLogEntry) {
        self.world().groups.log(group_id, entry);
    }

    /// Adds an experience, or replaces the one with this id. One whose path has no id is ignored.
    ///
    /// ```
    /// use rblxopencloud::ExperienceInfo;
    /// use rblxopencloud_sandbox::Sandbox;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let sandbox = Sandbox::start()?;
    /// sandbox.add_experience(ExperienceInfo::new(13058, "Crossroads"));
    /// assert_eq!(sandbox.client().experience(13058).fetch_info()?.display_name, "Crossroads");
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_experience(&self, info: ExperienceInfo) {
        if let Some(id) = info.id() {
            self.world().experiences.insert(id, info);
        }
    }

    /// Adds an asset, or replaces the one with this id.
    pub fn add_asset(&self, asset: Asset) {
        self.world().add_asset(&asset);
    }

    /// Returns an asset in its current state.
    #[must_use]
    pub fn asset(&self, id: u64) -> Option<Asset> {
        let world = self.settled_world();
        Asset::deserialize(Value::Object(world.assets.get(&id)?.fields.clone())).ok()
    }

    /// Returns all assets in their current state, by id.
    #[must_use]
    pub fn assets(&self) -> Vec<Asset> {
        let world = self.settled_world();
        let assets = world.assets.values();
        assets.filter_map(|asset| Asset::deserialize(Value::Object(asset.fields.clone())).ok()).collect()
    }

    /// Returns the content that was last uploaded for an asset.
    #[must_use]
    pub fn asset_content(&self, id: u64) -> Option<AssetContent> {
        self.settled_world().assets.get(&id)?.content().map(|content| (**content).clone())
    }

    /// Sets the content of an asset, as if it had been uploaded: it becomes a new version. Does nothing if the asset doesn't
    /// exist.
    pub fn set_asset_content(
        &self,
        id: u64,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) {
        let content = AssetContent::new(file_name.into(), content_type.into(), bytes.into());
        self.settled_world().add_version(id, Some(Arc::new(content)));
    }

    /// Returns who was granted what for an asset, in the order in which it was granted.
    #[must_use]
    pub fn asset_permissions(&self, id: u64) -> Vec<(PermissionSubject, AssetAction)> {
        self.world().permissions.get(&id).cloned().unwrap_or_default()
    }

    /// Sets how long operations take. Defaults to zero: an operation is pending in the first response, and done when it is
    /// polled.
    pub fn set_operation_time(&self, time: Duration) {
        self.world().operations.time = time;
    }

    /// Sets whether the first response has the result of an operation that takes no time. Defaults to `false`.
    pub fn set_operations_done_at_once(&self, at_once: bool) {
        self.world().operations.done_at_once = at_once;
    }

    /// Makes the next operation fail. Each further call makes one more operation fail.
    pub fn fail_next_operation(&self, failure: OperationFailure) {
        self.world().operations.fail_next(failure);
    }

    /// Sets whether the response to an update without a file has only the updated fields, in place of an operation. The
    /// service sometimes does this. Defaults to `false`.
    pub fn set_bare_updates(&self, bare: bool) {
        self.world().bare_updates = bare;
    }

    /// Sets the rate limit of each endpoint. Defaults to `None`: no limit. Responses tell how much of it is left; see
    /// [`RateLimit`].
    /// Requests with an injected fault don't count.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        lock(&self.server.shared.limiter).set(limit);
    }

    /// Returns how many requests the rate limit refused.
    #[must_use]
    pub fn rate_limited(&self) -> u64 {
        lock(&self.server.shared.limiter).refused
    }

    /// Injects a fault. Of several faults that match a request, the one that was injected first is used.
    pub fn inject(&self, fault: Fault) {
        lock(&self.server.shared.faults).inject(fault);
    }

    /// Removes the faults that were not used yet.
    pub fn clear_faults(&self) {
        lock(&self.server.shared.faults).clear();
    }

    /// Returns the newest 10,000 requests, oldest first, in the order in which they were completely read.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.server.shared.log).requests()
    }

    /// Clears the log of requests.
    pub fn clear_requests(&self) {
        lock(&self.server.shared.log).clear();
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.server.shared.world)
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

/// Builds a [`Sandbox`].
///
/// ```
/// use rblxopencloud_sandbox::Sandbox;
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
    hosts: Vec<String>,
    demo: bool,
    unknown_kinds: bool,
}

impl SandboxBuilder {
    /// Sets the port to listen on. Defaults to 0, which is any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Allows requests for this host, such as "sandbox" for `http://sandbox:4000`, if a proxy or a hosts file leads to the sandbox
    /// by that name. `localhost` and IP addresses are always allowed. Others are refused with 421: a web page can have its own
    /// name resolve to this machine.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Adds sample data: user 156, "builderman", with a profile, 250 items of every kind (among them badges 111 and 222 and game
    /// pass 777), three groups, whose roles have the ranks 255, 10 and 5, each with two entries in its audit log, the experience
    /// 13058, whose root place is 1818, and an OAuth 2.0 app without a secret, with the client id 840974200211308101 and the
    /// redirect URI `http://localhost:4000/callback`.
    pub fn demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Adds to the sample data an item of a kind, and an asset of a type, that this version doesn't know, as Roblox may add at
    /// any time. They replace two other items. Has no effect without [`demo`](Self::demo).
    pub fn unknown_kinds(mut self) -> Self {
        self.unknown_kinds = true;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// Returns [`Other`](rblxopencloud::ErrorKind::Other) if the port is in use or no thread can be started.
    pub fn start(self) -> Result<Sandbox> {
        let server = Server::start(self.port, self.hosts).map_err(|error| {
            let subject = match self.port {
                0 => "the sandbox".to_owned(),
                port => format!("the sandbox on port {port}"),
            };
            Error::other(io::Error::new(error.kind(), format!("{subject}: {error}")))
        })?;
        let url = format!("http://{}", server.address);
        let sandbox = Sandbox { server, url };
        if self.demo {
            demo::fill(&sandbox, self.unknown_kinds);
        }
        Ok(sandbox)
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
