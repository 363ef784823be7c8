use std::fmt;

use jiff::Timestamp;
use serde::Serializer;

use crate::open_enum::open_enum;
use crate::page::{PageItem, Values};
use crate::request::Paging;
use crate::wire::{self, Field, Json, Unreadable, model};

open_enum! {
    /// What a [`GroupRole`] allows.
    #[allow(missing_docs)]
    GroupPermission {
        ViewWallPosts = "viewWallPosts",
        CreateWallPosts = "createWallPosts",
        DeleteWallPosts = "deleteWallPosts",
        ViewGroupShout = "viewGroupShout",
        CreateGroupShout = "createGroupShout",
        /// Change the rank of lower-ranked members.
        ChangeRank = "changeRank",
        /// Accept join requests.
        AcceptRequests = "acceptRequests",
        /// Remove lower-ranked members.
        ExileMembers = "exileMembers",
        /// Manage allies and enemies.
        ManageRelationships = "manageRelationships",
        ViewAuditLog = "viewAuditLog",
        SpendGroupFunds = "spendGroupFunds",
        AdvertiseGroup = "advertiseGroup",
        CreateAvatarItems = "createAvatarItems",
        ManageAvatarItems = "manageAvatarItems",
        /// Manage the group's experiences.
        ManageGroupUniverses = "manageGroupUniverses",
        /// View the analytics of experiences.
        ViewUniverseAnalytics = "viewUniverseAnalytics",
        CreateApiKeys = "createApiKeys",
        /// Manage all API keys of the group.
        ManageApiKeys = "manageApiKeys",
        /// Ban lower-ranked members.
        BanMembers = "banMembers",
        ViewForums = "viewForums",
        /// Change the categories of forums.
        ManageCategories = "manageCategories",
        CreatePosts = "createPosts",
        LockPosts = "lockPosts",
        PinPosts = "pinPosts",
        RemovePosts = "removePosts",
        CreateComments = "createComments",
        RemoveComments = "removeComments",
        ManageBlockedWords = "manageBlockedWords",
        ViewBlockedWords = "viewBlockedWords",
        BypassSlowMode = "bypassSlowMode",
    }
}

model! {
    /// A role of a group, from [`Group::list_roles`](crate::Group::list_roles).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupRoles>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct GroupRole {
        /// The resource path, `groups/{group}/roles/{role}`.
        #[optional]
        pub path: String,
        /// The role's id.
        #[serde(serialize_with = "wire::id::serialize")]
        pub id: u64,
        /// The name, of at most 100 characters.
        #[lenient]
        pub display_name: String,
        /// The description, of at most 1000 characters. The service shows it only to the owner of the group.
        pub description: Option<String>,
        /// The rank within the group, from 0 (guest) to 255 (owner). The service leaves out a zero.
        #[with(wire::strict)]
        pub rank: u32,
        /// The number of members. The service leaves it out for guests.
        pub member_count: Option<u64>,
        /// What the role allows, each once. `None` if the service doesn't show it, or if it can't be read. The permissions of one's own
        /// role are visible with the scope `group:read`, those of all roles to the owner of the group, and those of guests to
        /// everyone.
        #[with(permissions)]
        #[serde(serialize_with = "permission_flags")]
        pub permissions: Option<Vec<GroupPermission>>,
        /// When the role was created. The service shows it only to the owner of the group.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the role last changed. The service shows it only to the owner of the group.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
    }
}

impl GroupRole {
    /// Creates a role, for tests.
    #[must_use]
    pub fn new(group_id: u64, id: u64, display_name: impl Into<String>, rank: u32) -> Self {
        Self {
            path: format!("groups/{group_id}/roles/{id}"),
            id,
            display_name: display_name.into(),
            description: None,
            rank,
            member_count: None,
            permissions: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// Returns the id of the role's group. `None` if the path doesn't name it.
    #[must_use]
    pub fn group_id(&self) -> Option<u64> {
        wire::path_id(&self.path, "groups")
    }
}

/// `Admin (rank 254)`.
impl fmt::Display for GroupRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rank {})", self.display_name, self.rank)
    }
}

fn permissions(json: Option<Json<'_>>) -> Result<Option<Vec<GroupPermission>>, Unreadable> {
    let Some(Json::Object(flags)) = json else { return Ok(None) };
    let mut granted = Vec::new();
    for (name, flag) in flags {
        match Option::<bool>::of(flag.into()) {
            Some(Some(true)) => granted.push(GroupPermission::from(name)),
            Some(_) => {}
            // It may be granted.
            None => return Ok(None),
        }
    }
    Ok(Some(granted))
}

fn permission_flags<S: Serializer>(
    permissions: &Option<Vec<GroupPermission>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(permissions.iter().flatten().map(|permission| (permission, true)))
}

impl PageItem for GroupRole {
    const FIELD: &'static str = "groupRoles";
    const PAGING: Paging = Paging::page_tokens().page_size(20);

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

/// A role, by its id or as a [`GroupRole`], for [`Group::assign_role`](crate::Group::assign_role) and its relatives.
///
/// A `GroupRole` of another group is refused before a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleRef {
    pub(super) id: u64,
    /// The group of the role, if it is known.
    pub(super) group: Option<u64>,
}

impl From<u64> for RoleRef {
    fn from(id: u64) -> Self {
        Self { id, group: None }
    }
}

impl From<&GroupRole> for RoleRef {
    fn from(role: &GroupRole) -> Self {
        Self { id: role.id, group: role.group_id() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_read_and_written() {
        let json = json!({
            "path": "groups/7/roles/9", "id": "9", "displayName": "Admin", "rank": 254, "memberCount": 3,
            "permissions": { "changeRank": true, "flyAround": true },
        });
        let role: GroupRole = serde_json::from_value(json.clone()).expect("it is a role");
        let permissions = role.permissions.clone().expect("they are shown");
        assert!(permissions.contains(&GroupPermission::ChangeRank) && permissions.len() == 2);
        assert_eq!((role.group_id(), role.to_string().as_str()), (Some(7), "Admin (rank 254)"));
        let mut written = serde_json::to_value(&role).expect("it is JSON");
        assert_eq!(written["memberCount"].take(), 3);
        written["memberCount"] = json!(3);
        assert_eq!(written, json);
        let unreadable = json!({ "id": 9, "permissions": { "changeRank": "perhaps", "lockPosts": true } });
        let role: GroupRole = serde_json::from_value(unreadable).expect("it is a role");
        assert_eq!(role.permissions, None, "it may be granted");
        let denied = json!({ "id": 9, "permissions": { "changeRank": false } });
        let role: GroupRole = serde_json::from_value(denied).expect("it is a role");
        assert_eq!(role.permissions, Some(Vec::new()));
    }
}
