use std::collections::HashSet;

use serde_json::json;

use super::handle::Group;
use super::membership::{GroupMembership, LIST_GROUP_MEMBERSHIPS, membership_id};
use super::role::RoleRef;
use crate::api::Endpoint;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::page::Pager;

/// Replaces the role of a member.
pub const UPDATE_GROUP_MEMBERSHIP: Endpoint = Endpoint::patch("/cloud/v2/groups/{group}/memberships/{membership}")
    .with_scopes(&["group:write"])
    .with_budget(300, 90)
    .for_user_keys()
    .harmless();

/// Gives a member one more role.
pub const ASSIGN_GROUP_ROLE: Endpoint = Endpoint::post("/cloud/v2/groups/{group}/memberships/{membership}:assignRole")
    .with_scopes(&["group:write"])
    .with_budget(300, 90)
    .for_user_keys()
    .harmless();

/// Takes a role from a member.
pub const UNASSIGN_GROUP_ROLE: Endpoint =
    Endpoint::post("/cloud/v2/groups/{group}/memberships/{membership}:unassignRole")
        .with_scopes(&["group:write"])
        .with_budget(300, 90)
        .for_user_keys()
        .harmless();

/// The rank of a group's owner. The ids of roles are far above.
const HIGHEST_RANK: u64 = 255;

/// The most users in one filter.
const MAX_USERS: usize = 50;

/// Which memberships of a group to list, for [`Group::list_memberships_with`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipFilter(Choice);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Role(RoleRef),
    User(u64),
}

impl MembershipFilter {
    /// Lists the members with this role. It is a [`GroupRole`](crate::GroupRole) or the id of one, not a rank: a number of at most
    /// 255 is refused as [`InvalidInput`](crate::ErrorKind::InvalidInput), because the ids of roles are far above.
    #[must_use]
    pub fn role(role: impl Into<RoleRef>) -> Self {
        Self(Choice::Role(role.into()))
    }

    /// Lists the membership of this user, if there is one.
    #[must_use]
    pub fn user(user_id: u64) -> Self {
        Self(Choice::User(user_id))
    }
}

impl Client {
    /// Lists the groups that these users are in, with their roles in each. Any number of users is allowed; a request takes 50
    /// of them. A user who is named twice counts once.
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for membership in client.list_memberships_of([156, 1007]) {
    ///     println!("{}", membership?);
    /// }
    /// # assert_eq!(client.list_memberships_of([156, 1007]).count(), 4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
    pub fn list_memberships_of(&self, user_ids: impl IntoIterator<Item = u64>) -> Pager<GroupMembership> {
        let mut seen = HashSet::new();
        let users: Vec<u64> = user_ids.into_iter().filter(|id| seen.insert(*id)).collect();
        // With `-`, the reference documents only this form.
        let filter = |users: &[u64]| {
            let users: Vec<String> = users.iter().map(|id| format!("'users/{id}'")).collect();
            format!("user in [{}]", users.join(","))
        };
        let filters = users.chunks(MAX_USERS).map(filter);
        self.call(&LIST_GROUP_MEMBERSHIPS).param("group", ALL_GROUPS).query_each("filter", filters).pages()
    }
}

/// The id that stands for all groups.
const ALL_GROUPS: &str = "-";

impl Group {
    /// Lists the members of the group, with their roles.
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// for member in client.group(7).list_memberships() {
    ///     println!("{}", member?.user_id);
    /// }
    /// # assert_eq!(client.group(7).list_memberships().count(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
    #[doc(alias = "members")]
    #[doc(alias = "list_members")]
    #[doc(alias = "users in group")]
    pub fn list_memberships(&self) -> Pager<GroupMembership> {
        self.memberships(Ok(None))
    }

    /// Lists the members with a role, or one member. See [`list_memberships`](Self::list_memberships).
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key.
    ///
    /// ```
    /// use rblxopencloud::MembershipFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let owner = group.role_of(156)?.expect("builderman is a member");
    /// for member in group.list_memberships_with(MembershipFilter::role(&owner)) {
    ///     println!("{}", member?.user_id);
    /// }
    /// # assert_eq!(group.list_memberships_with(MembershipFilter::role(&owner)).count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_memberships_with(&self, filter: MembershipFilter) -> Pager<GroupMembership> {
        self.memberships(match filter.0 {
            Choice::User(id) => Ok(Some(format!("user == 'users/{id}'"))),
            // The service would list nobody, which reads like an answer.
            Choice::Role(RoleRef { id, group: None }) if id <= HIGHEST_RANK => {
                Err(Error::invalid_input(format!("{id} is a rank, not the id of a role"))
                    .advise("pass a role from list_roles, or its id"))
            }
            Choice::Role(role) => self.role_path(role).map(|path| Some(format!("role == '{path}'"))),
        })
    }

    fn memberships(&self, filter: Result<Option<String>>) -> Pager<GroupMembership> {
        let request = self.client.call(&LIST_GROUP_MEMBERSHIPS).param("group", self.id);
        match filter {
            Ok(filter) => filter.into_iter().fold(request, |request, filter| request.query("filter", filter)).pages(),
            Err(problem) => request.failed(problem).pages(),
        }
    }

    /// Fetches the membership of a user. Returns `None` if the user isn't a member.
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let membership = group.membership_of(156)?.expect("builderman is a member");
    /// assert_eq!(membership.role_id, Some(99));
    /// assert_eq!(group.membership_of(1)?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a membership can't be read.
    #[doc(alias = "is_member")]
    #[doc(alias = "is_in_group")]
    pub fn membership_of(&self, user_id: u64) -> Result<Option<GroupMembership>> {
        let members = self.list_memberships_with(MembershipFilter::user(user_id));
        members.find_readable("whether the user is a member", |member| member.user_id == user_id)
    }

    /// Replaces the role of a member.
    ///
    /// Roblox recommends [`assign_role`](Self::assign_role) and [`unassign_role`](Self::unassign_role) in its place, because a
    /// member can have several roles.
    ///
    /// Calls [`UPDATE_GROUP_MEMBERSHIP`], which needs the scope `group:write`, with a key or an authorization of a user
    /// who may change the rank of the member. Roles of guests and owners can't be given, and one's own role can't be
    /// changed.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let member = group.update_member(1007, 97)?;
    /// assert_eq!(member.role_id, Some(97));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) for a [`GroupRole`](crate::GroupRole) of another group,
    /// [`Rejected`](crate::ErrorKind::Rejected) for an id of such a role, and [`NotFound`](crate::ErrorKind::NotFound) if the
    /// user isn't a member.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_UpdateGroupMembership>
    #[doc(alias = "set_rank")]
    #[doc(alias = "promote")]
    #[doc(alias = "demote")]
    pub fn update_member(&self, user_id: u64, role: impl Into<RoleRef>) -> Result<GroupMembership> {
        self.change_role(&UPDATE_GROUP_MEMBERSHIP, user_id, role.into())
    }

    /// Gives a member one more role. Does nothing if the member has it already.
    ///
    /// Calls [`ASSIGN_GROUP_ROLE`], which needs the scope `group:write`, under the conditions of
    /// [`update_member`](Self::update_member).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let role = group.fetch_role(97)?;
    /// let member = group.assign_role(1007, &role)?;
    /// assert!(member.role_ids.contains(&97));
    /// group.unassign_role(1007, &role)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`update_member`](Self::update_member).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_AssignRoleGroupMembership>
    pub fn assign_role(&self, user_id: u64, role: impl Into<RoleRef>) -> Result<GroupMembership> {
        self.change_role(&ASSIGN_GROUP_ROLE, user_id, role.into())
    }

    /// Takes a role from a member. Does nothing if the member doesn't have it.
    ///
    /// Calls [`UNASSIGN_GROUP_ROLE`], which needs the scope `group:write`, under the conditions of
    /// [`update_member`](Self::update_member).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let member = group.unassign_role(156, 98)?;
    /// assert_eq!(member.role_ids, [99]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`update_member`](Self::update_member).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_UnassignRoleGroupMembership>
    pub fn unassign_role(&self, user_id: u64, role: impl Into<RoleRef>) -> Result<GroupMembership> {
        self.change_role(&UNASSIGN_GROUP_ROLE, user_id, role.into())
    }

    fn change_role(&self, endpoint: &Endpoint, user_id: u64, role: RoleRef) -> Result<GroupMembership> {
        let role = self.role_path(role)?;
        let request = self.client.call(endpoint).param("group", self.id).param("membership", membership_id(user_id));
        request.json(&json!({ "role": role })).fetch()
    }

    /// Returns the resource path of a role, unless it is one of another group.
    fn role_path(&self, role: RoleRef) -> Result<String> {
        match role.group {
            Some(group) if group != self.id => Err(Error::invalid_input(format!(
                "role {} belongs to group {group}, not to group {}",
                role.id, self.id
            ))),
            _ => Ok(format!("groups/{}/roles/{}", self.id, role.id)),
        }
    }
}
