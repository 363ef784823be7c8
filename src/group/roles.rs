//! The calls that read roles. Their model is beside them, because a handle keeps some.

use super::handle::Group;
use super::role::GroupRole;
use crate::api::Endpoint;
use crate::error::Result;
use crate::page::Pager;

/// Lists the roles of a group.
pub const LIST_GROUP_ROLES: Endpoint =
    Endpoint::get("/cloud/v2/groups/{group}/roles").with_scopes(&["group:read"]).with_budget(300, 90).for_user_keys();

/// Fetches a role of a group.
pub const GET_GROUP_ROLE: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/roles/{role}")
    .with_scopes(&["group:read"])
    .with_budget(300, 90)
    .for_user_keys();

impl Group {
    /// Lists the group's roles.
    ///
    /// Calls [`LIST_GROUP_ROLES`], which needs the scope `group:read`. A page has 20 roles.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for role in client.group(7).list_roles() {
    ///     println!("{}", role?);
    /// }
    /// # assert_eq!(client.group(7).list_roles().count(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupRoles>
    pub fn list_roles(&self) -> Pager<GroupRole> {
        self.client.call(&LIST_GROUP_ROLES).param("group", self.id).pages()
    }

    /// Fetches a role by its id.
    ///
    /// Calls [`GET_GROUP_ROLE`], which needs the scope `group:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let role = client.group(7).fetch_role(99)?;
    /// assert_eq!(role.rank, 255);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group has no such role.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_GetGroupRole>
    pub fn fetch_role(&self, role_id: u64) -> Result<GroupRole> {
        self.client.call(&GET_GROUP_ROLE).param("group", self.id).param("role", role_id).fetch_model()
    }
}
