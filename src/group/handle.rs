use std::time::{Duration, Instant};

use super::role_cache::RoleCache;
use crate::client::Client;
use crate::credentials::Credentials;

/// A handle for a Roblox group.
///
/// To publish assets, the key must belong to the group or to a user who may manage its assets.
///
/// ```no_run
/// use rblxopencloud::{AssetUpload, Client};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let group = Client::new("api-key").group(7);
/// let asset = group.upload_asset_with(AssetUpload::from_path("crate.png")?)?.wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "community")]
pub struct Group {
    pub(super) id: u64,
    pub(super) client: Client,
    pub(super) roles: RoleCache,
}

impl Client {
    /// Returns a handle for the group with this id. Makes no request.
    #[must_use]
    pub fn group(&self, id: u64) -> Group {
        Group { id, client: self.clone(), roles: RoleCache::default() }
    }
}

impl Group {
    /// Creates a handle with its own client. The same as `Client::new(credentials).group(id)`.
    #[must_use]
    pub fn new(id: u64, credentials: impl Into<Credentials>) -> Self {
        Client::new(credentials).group(id)
    }

    /// Returns the group's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the client that makes the requests.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a handle with a time limit for each call. See [`Client::with_timeout`].
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { client: self.client.with_timeout(timeout), ..self.clone() }
    }

    /// Returns a handle whose calls must all have ended at `deadline`. See [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { client: self.client.with_deadline(deadline), ..self.clone() }
    }
}
