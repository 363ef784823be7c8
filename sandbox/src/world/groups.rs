//! Groups, their roles, their members, and who wants to join.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rblxopencloud::group::{AuditLogEntry, GroupPermission};
use rblxopencloud::{Creator, GroupInfo, GroupMembership, GroupRole};
use serde_json::{Value, json};

use super::filter::decimal;

/// The ranks of guests and of the owner, which no one can be given.
const FIXED_RANKS: [u32; 2] = [0, 255];

/// Groups, by id.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<u64, Group>,
    /// The index of a user in a group's members, by user and group.
    indices: HashMap<u64, BTreeMap<u64, usize>>,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) info: GroupInfo,
    pub(crate) roles: BTreeMap<u64, GroupRole>,
    /// In the order in which they joined.
    pub(crate) members: Vec<Member>,
    /// Who wants to join, and since when.
    pub(crate) requests: Vec<(u64, Timestamp)>,
    /// Oldest first.
    pub(crate) audit_log: Vec<AuditLogEntry>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) membership: GroupMembership,
    /// The JSON form of the membership.
    pub(crate) json: String,
}

impl Member {
    pub(crate) fn has_role(&self, role: u64) -> bool {
        self.membership.role_ids.contains(&role) || self.membership.role_id == Some(role)
    }
}

impl Groups {
    pub(crate) fn get(&self, id: u64) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Group> {
        self.groups.get_mut(&id)
    }

    /// Returns all groups, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Adds a group, or renames it.
    pub(crate) fn add(&mut self, id: u64, name: String) -> &mut Group {
        let group = entry(&mut self.groups, id);
        group.info.display_name = name;
        group
    }

    /// Adds a group, or replaces what is known of it. Its roles and members stay.
    pub(crate) fn set_info(&mut self, info: GroupInfo) {
        let id = info.id;
        entry(&mut self.groups, id).info = info;
    }

    /// Adds a role, or replaces it.
    pub(crate) fn add_role(&mut self, group: u64, role: GroupRole) {
        entry(&mut self.groups, group).roles.insert(role.id, role);
    }

    /// Adds a wish to join. Without a time, it is of now.
    pub(crate) fn add_request(&mut self, group: u64, user: u64, since: Option<Timestamp>) {
        let requests = &mut entry(&mut self.groups, group).requests;
        if !requests.iter().any(|(known, _)| *known == user) {
            requests.push((user, since.unwrap_or_else(Timestamp::now)));
        }
    }

    pub(crate) fn clear_roles(&mut self, group: u64) {
        entry(&mut self.groups, group).roles.clear();
    }

    pub(crate) fn clear_requests(&mut self, group: u64) {
        entry(&mut self.groups, group).requests.clear();
    }

    pub(crate) fn clear_log(&mut self, group: u64) {
        entry(&mut self.groups, group).audit_log.clear();
    }

    pub(crate) fn clear_members(&mut self, group: u64) {
        entry(&mut self.groups, group).members.clear();
        self.forget_members(group);
    }

    fn forget_members(&mut self, group: u64) {
        for groups in self.indices.values_mut() {
            groups.remove(&group);
        }
    }

    /// Removes a group. Returns whether there was one.
    pub(crate) fn remove(&mut self, group: u64) -> bool {
        self.forget_members(group);
        self.groups.remove(&group).is_some()
    }

    /// Adds an entry to the audit log. Without a time, it is of now.
    pub(crate) fn log(&mut self, group: u64, mut action: AuditLogEntry) {
        action.created_at = action.created_at.or_else(|| Some(Timestamp::now()));
        let log = &mut entry(&mut self.groups, group).audit_log;
        let index = log.partition_point(|known| known.created_at <= action.created_at);
        log.insert(index, action);
    }

    /// Adds a membership, or replaces that of this user in this group. Roles that don't exist are added.
    pub(crate) fn join(&mut self, membership: &GroupMembership) {
        let (id, user) = (membership.group_id, membership.user_id);
        let group = entry(&mut self.groups, id);
        for role in membership.role_ids.iter().chain(&membership.role_id) {
            group.roles.entry(*role).or_insert_with(|| GroupRole::new(id, *role, format!("Role {role}"), 1));
        }
        group.requests.retain(|(known, _)| *known != user);
        let member = Member { membership: membership.clone(), json: membership_json(membership) };
        let members = &mut group.members;
        let indices = self.indices.entry(user).or_default();
        match indices.get(&id) {
            Some(index) => members[*index] = member,
            None => {
                indices.insert(id, members.len());
                members.push(member);
            }
        }
    }

    /// Returns the membership of a user.
    pub(crate) fn member(&self, group: u64, user: u64) -> Option<&Member> {
        let index = *self.indices.get(&user)?.get(&group)?;
        self.groups.get(&group)?.members.get(index)
    }

    /// Returns the memberships of a user, by the id of the group.
    pub(crate) fn of_user(&self, user: u64) -> impl Iterator<Item = &Member> {
        let groups = self.indices.get(&user).into_iter().flat_map(BTreeMap::keys);
        groups.filter_map(move |group| self.member(*group, user))
    }

    /// Whether the owner of the credentials has a permission in a group. `None` acts for everyone.
    pub(crate) fn allows(&self, group: u64, owner: Option<Creator>, permission: &GroupPermission) -> bool {
        let Some(Creator::User(user)) = owner else { return owner.is_none() };
        let Some(state) = self.get(group) else { return false };
        let granted = |role: &GroupRole| role.permissions.as_ref().is_some_and(|granted| granted.contains(permission));
        state.info.owner_id == Some(user)
            || self
                .member(group, user)
                .is_some_and(|member| state.roles.values().any(|role| member.has_role(role.id) && granted(role)))
    }
}

impl Group {
    /// Returns a role that a member can be given.
    pub(crate) fn assignable(&self, role: u64) -> Option<&GroupRole> {
        self.roles.get(&role).filter(|role| !FIXED_RANKS.contains(&role.rank))
    }

    /// Returns the role of new members: the lowest one above the guests'.
    pub(crate) fn first_role(&self) -> Option<u64> {
        let roles = self.roles.values().filter(|role| !FIXED_RANKS.contains(&role.rank));
        roles.min_by_key(|role| role.rank).map(|role| role.id)
    }

    pub(crate) fn rank(&self, role: u64) -> u32 {
        self.roles.get(&role).map_or(0, |role| role.rank)
    }
}

/// Returns a group, which is added if it doesn't exist.
fn entry(groups: &mut BTreeMap<u64, Group>, id: u64) -> &mut Group {
    groups.entry(id).or_insert_with(|| Group {
        info: GroupInfo::new(id, format!("Group {id}")),
        roles: BTreeMap::new(),
        members: Vec::new(),
        requests: Vec::new(),
        audit_log: Vec::new(),
    })
}

/// Returns the user whose membership has this id, which can also be the user's.
pub(crate) fn user_of(id: &str) -> Option<u64> {
    let decoded = URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).ok();
    decoded.and_then(|bytes| decimal(std::str::from_utf8(&bytes).ok()?)).or_else(|| decimal(id))
}

/// Returns the id of a user's memberships.
pub(crate) fn id_of(user: u64) -> String {
    URL_SAFE_NO_PAD.encode(user.to_string())
}

/// Returns the JSON form of a membership.
fn membership_json(membership: &GroupMembership) -> String {
    let mut json = serde_json::to_value(membership).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        let id = id_of(membership.user_id);
        fields.insert("path".to_owned(), json!(format!("groups/{}/memberships/{id}", membership.group_id)));
    }
    json.to_string()
}
