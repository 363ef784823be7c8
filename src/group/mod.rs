//! A group, and the assets that it publishes.

mod info;

pub use info::{GET_GROUP, GroupInfo};

use crate::asset::publishing;
use crate::client::Client;
use crate::credentials::Credentials;

/// A group, as the owner of assets. It uploads and updates as a [`User`](crate::User) does.
///
/// The key has to be one of the group, or of a user who may manage the group's assets.
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
    /// Returns a handle of the group with this id. Makes no request.
    #[must_use]
    pub fn group(&self, id: u64) -> Group {
        Group { id, client: self.clone() }
    }
}

impl Group {
    /// The group with this id, asked for with a client of its own: `Client::new(credentials).group(id)`.
    #[must_use]
    pub fn new(id: u64, credentials: impl Into<Credentials>) -> Self {
        Client::new(credentials).group(id)
    }

    /// The group's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The client that this handle asks with.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

publishing!(Group, owner "group", creator Group, key "a key of the group, or of a user who may manage its assets");
