//! Groups: their roles, members and join requests, and the assets that they publish.

mod audit_log;
mod info;
mod join_request;
mod manageable;
mod members;
mod membership;
mod rank;
mod role;

pub use audit_log::{AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser, LIST_GROUP_AUDIT_LOG};
pub use info::{GET_GROUP, GroupInfo};
pub use join_request::{
    ACCEPT_GROUP_JOIN_REQUEST, DECLINE_GROUP_JOIN_REQUEST, GroupJoinRequest, LIST_GROUP_JOIN_REQUESTS,
};
pub use manageable::{LIST_MANAGEABLE_GROUPS, ManageableGroup};
pub use members::{ASSIGN_GROUP_ROLE, MembershipFilter, UNASSIGN_GROUP_ROLE, UPDATE_GROUP_MEMBERSHIP};
pub use membership::{GroupMembership, LIST_GROUP_MEMBERSHIPS};
pub use role::{GET_GROUP_ROLE, GroupPermission, GroupRole, LIST_GROUP_ROLES, RoleRef};

use self::rank::RoleCache;

use jiff::Timestamp;

use crate::asset::{AssetUpload, UploadSearch, publishing};
use crate::client::{Client, time_limits};
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
    roles: RoleCache,
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

    /// Looks for an upload of the group. It can't: groups have no inventory. The counterpart of [`User::find_upload`](crate::User::find_upload).
    #[must_use]
    pub fn find_upload(&self, _upload: &AssetUpload, _since: Timestamp) -> UploadSearch {
        UploadSearch::CannotLook { reason: format!("group {} has no inventory to look into", self.id()) }
    }
}

time_limits!(Group);
publishing!(Group, owner "group", creator Group, key "a key of the group, or of a user who may manage its assets");
