//! Groups and the assets that they publish.

mod info;

pub use info::{GET_GROUP, GroupInfo};

use crate::asset::publishing;
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
/// let asset = group.upload_asset(AssetUpload::from_path("crate.png")?)?.wait()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Group {
    id: u64,
    client: Client,
}

impl Client {
    /// Returns a handle for the group with this id. Makes no request.
    #[must_use]
    pub fn group(&self, id: u64) -> Group {
        Group { id, client: self.clone() }
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
}

publishing!(Group, owner "group", creator Group, key "a key of the group, or of a user who may manage its assets");
