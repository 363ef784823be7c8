use std::time::{Duration, Instant};

use crate::client::Client;
use crate::credentials::Credentials;
use crate::group::GroupMembership;
use crate::page::Pager;

/// A handle for a Roblox user.
///
/// Creating one makes no request. Clones share the client.
///
/// ```no_run
/// use rblxopencloud::User;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let user = User::new(156, "api-key");
/// let info = user.fetch_info()?;
/// println!("{} {}", info.display_name, info.username);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct User {
    pub(super) id: u64,
    pub(super) client: Client,
}

impl Client {
    /// Returns a handle for the user with this id. Makes no request.
    #[must_use]
    pub fn user(&self, id: u64) -> User {
        User { id, client: self.clone() }
    }
}

impl User {
    /// Creates a handle with its own client. The same as `Client::new(credentials).user(id)`.
    #[must_use]
    pub fn new(id: u64, credentials: impl Into<Credentials>) -> Self {
        Client::new(credentials).user(id)
    }

    /// Returns the user's id.
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

    /// Lists the groups that the user is in, with the user's role in each: their ids, and with
    /// [`with_names`](Pager::with_names) also their names.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let user = sandbox.client().user(156);
    /// for member in user.list_groups() {
    ///     let member = member?;
    ///     println!("{} {:?}", member.group_id, member.role_id);
    /// }
    /// for member in user.list_groups().with_names() {
    ///     let member = member?;
    ///     println!("{:?} {:?}", member.group, member.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`](crate::endpoints::LIST_GROUP_MEMBERSHIPS), which needs the scope `group:read` with an API
    /// key. Any user's groups can be listed.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
    #[doc(alias = "communities")]
    pub fn list_groups(&self) -> Pager<GroupMembership> {
        self.client.list_memberships_of([self.id])
    }
}
