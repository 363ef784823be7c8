//! Groups and their members.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::user::GroupMembership;

/// Groups and their members.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// The names, by id.
    names: BTreeMap<u64, String>,
    members: BTreeMap<u64, Vec<Member>>,
    /// The index of a user in `members`, by group.
    places: HashMap<u64, BTreeMap<u64, usize>>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) roles: Vec<u64>,
    /// The JSON form of the membership.
    pub(crate) json: String,
}

impl Groups {
    pub(crate) fn add(&mut self, id: u64, name: String) {
        self.names.insert(id, name);
    }

    /// Returns the name of a group. `None` if it doesn't exist.
    pub(crate) fn name(&self, id: u64) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Adds a membership, or replaces that of this user in this group.
    pub(crate) fn join(&mut self, membership: &GroupMembership) {
        let (group, user) = (membership.group_id, membership.user_id);
        self.names.entry(group).or_insert_with(|| format!("Group {group}"));
        let mut roles = membership.role_ids.clone();
        roles.extend(membership.role_id);
        let member = Member { roles, json: membership_json(membership) };
        let members = self.members.entry(group).or_default();
        let places = self.places.entry(user).or_default();
        match places.get(&group) {
            Some(place) => members[*place] = member,
            None => {
                places.insert(group, members.len());
                members.push(member);
            }
        }
    }

    pub(crate) fn is_member(&self, group: u64, user: u64) -> bool {
        self.places.get(&user).is_some_and(|places| places.contains_key(&group))
    }

    /// Returns the groups that a user is in, by id.
    pub(crate) fn of_user(&self, user: u64) -> impl Iterator<Item = (u64, &Member)> {
        let places = self.places.get(&user).into_iter().flatten();
        places.filter_map(|(group, place)| Some((*group, self.members.get(group)?.get(*place)?)))
    }

    /// Returns the members of a group, in the order in which they joined.
    pub(crate) fn members(&self, group: u64) -> &[Member] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }
}

/// Returns the JSON form of a membership.
fn membership_json(membership: &GroupMembership) -> String {
    let mut json = serde_json::to_value(membership).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        let id = URL_SAFE_NO_PAD.encode(membership.user_id.to_string());
        fields.insert("path".to_owned(), json!(format!("groups/{}/memberships/{id}", membership.group_id)));
    }
    json.to_string()
}
