use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::api::Endpoint;
use crate::page::PageItem;
use crate::wire::{self, path_id};

/// Lists the members of a group, or the groups of some users.
pub const LIST_GROUP_MEMBERSHIPS: Endpoint = Endpoint::get("/cloud/v2/groups/{group}/memberships")
    .with_undocumented_scope("group:read")
    .with_budget(300, 90)
    .for_user_keys();

/// A user's membership in a group, from [`User::list_groups`](crate::User::list_groups) and
/// [`Group::list_memberships`](crate::Group::list_memberships).
///
/// <https://create.roblox.com/docs/cloud/reference/features/groups#Cloud_ListGroupMemberships>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMembership {
    /// The resource path, `groups/{group}/memberships/{membership}`. Empty if the response has none.
    pub path: String,
    /// The id of the group.
    pub group_id: u64,
    /// The id of the member.
    pub user_id: u64,
    /// The id of the member's highest-ranked role. If the response doesn't tell it, it is the first of
    /// [`role_ids`](Self::role_ids). `None` if the response has no role.
    pub role_id: Option<u64>,
    /// The ids of all roles of the member, or only of the highest-ranked one if the response has no others.
    pub role_ids: Vec<u64>,
    /// When the user joined.
    pub created_at: Option<Timestamp>,
    /// When the membership last changed.
    pub updated_at: Option<Timestamp>,
    pub(super) known_roles: KnownRoles,
}

/// What a response tells of a member's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownRoles {
    /// `role_id` is the highest-ranked one.
    Highest,
    /// `role_ids` has all of them.
    All,
    /// Not enough to tell which one is the highest-ranked.
    Part,
}

impl GroupMembership {
    /// Creates a membership with one role, for tests.
    #[must_use]
    pub fn new(group_id: u64, user_id: u64, role_id: u64) -> Self {
        Self {
            path: String::new(),
            group_id,
            user_id,
            role_id: Some(role_id),
            role_ids: vec![role_id],
            created_at: None,
            updated_at: None,
            known_roles: KnownRoles::Highest,
        }
    }
}

impl GroupMembership {
    fn wire_path(&self) -> Cow<'_, str> {
        match self.path.as_str() {
            "" => format!("groups/{}/memberships/{}", self.group_id, membership_id(self.user_id)).into(),
            path => path.into(),
        }
    }
}

/// Returns the id of a user's membership in any group.
pub(super) fn membership_id(user_id: u64) -> String {
    URL_SAFE_NO_PAD.encode(user_id.to_string())
}

/// `user 156 in group 7, role 70`.
impl fmt::Display for GroupMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} in group {}", self.user_id, self.group_id)?;
        match self.role_id {
            Some(role_id) => write!(f, ", role {role_id}"),
            None => Ok(()),
        }
    }
}

/// The JSON form of a membership, in which all ids are parts of resource paths.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMembership<'a> {
    #[serde(borrow, default, deserialize_with = "wire::path", skip_serializing_if = "str::is_empty")]
    path: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "wire::path", skip_serializing_if = "str::is_empty")]
    user: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "wire::path", skip_serializing_if = "str::is_empty")]
    role: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "wire::paths")]
    roles: Vec<Cow<'a, str>>,
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    create_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::lenient", skip_serializing_if = "Option::is_none")]
    update_time: Option<Timestamp>,
}

impl PageItem for GroupMembership {
    const FIELD: &'static str = "groupMemberships";
}

impl GroupMembership {
    /// `None` if it doesn't name the group and the user.
    fn from_wire(wire: WireMembership<'_>) -> Option<Self> {
        let mut role_ids: Vec<u64> = wire.roles.iter().filter_map(|role| path_id(role, "roles")).collect();
        let highest = path_id(&wire.role, "roles");
        let known_roles = match highest {
            Some(_) => KnownRoles::Highest,
            None if !role_ids.is_empty() && role_ids.len() == wire.roles.len() => KnownRoles::All,
            None => KnownRoles::Part,
        };
        let role_id = highest.or(role_ids.first().copied());
        if role_ids.is_empty() {
            role_ids.extend(role_id);
        }
        let paths = [&wire.path, &wire.role].into_iter().chain(&wire.roles);
        let group_id = paths.into_iter().find_map(|path| path_id(path, "groups"))?;
        Some(Self {
            group_id,
            user_id: path_id(&wire.user, "users").or_else(|| member_id(&wire.path))?,
            role_id,
            role_ids,
            path: wire.path.into_owned(),
            created_at: wire.create_time,
            updated_at: wire.update_time,
            known_roles,
        })
    }
}

/// Returns the user id in a membership's path: in base64, with or without padding, or in decimal.
fn member_id(path: &str) -> Option<u64> {
    let name = wire::path_segment(path, "memberships")?;
    let decoded = URL_SAFE_NO_PAD.decode(name.trim_end_matches('=')).ok();
    let text = decoded.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.and_then(wire::decimal).or_else(|| wire::decimal(name))
}

impl<'de> Deserialize<'de> for GroupMembership {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireMembership::deserialize(deserializer)?;
        Self::from_wire(wire).ok_or_else(|| de::Error::custom("expected a membership of a user in a group"))
    }
}

impl Serialize for GroupMembership {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tells_highest = self.known_roles == KnownRoles::Highest;
        let role = |id: &u64| Cow::Owned(format!("groups/{}/roles/{id}", self.group_id));
        WireMembership {
            path: self.wire_path(),
            user: format!("users/{}", self.user_id).into(),
            role: self.role_id.as_ref().filter(|_| tells_highest).map(role).unwrap_or_default(),
            roles: self.role_ids.iter().map(role).collect(),
            create_time: self.created_at,
            update_time: self.updated_at,
        }
        .serialize(serializer)
    }
}
