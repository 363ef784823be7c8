//! `GET /cloud/v2/groups/{id or -}/memberships`.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::answer::Answer;
use super::filter::MembershipQuery;
use super::http::Head;
use super::listing::PageRequest;
use crate::user::GroupMembership;

/// Groups and who is in them.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The names, by id.
    names: BTreeMap<u64, String>,
    members: BTreeMap<u64, Vec<Member>>,
    /// Where in `members` a user is: the group, and the place in it.
    places: HashMap<u64, BTreeMap<u64, usize>>,
}

#[derive(Debug)]
struct Member {
    roles: Vec<u64>,
    json: String,
}

impl Groups {
    pub(super) fn add(&mut self, id: u64, name: String) {
        self.names.insert(id, name);
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.names.contains_key(&id)
    }

    /// Adds a membership, or replaces the one that this user has in this group.
    pub(super) fn join(&mut self, membership: &GroupMembership) {
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

    pub(super) fn is_member(&self, group: u64, user: u64) -> bool {
        self.places.get(&user).is_some_and(|places| places.contains_key(&group))
    }

    fn of_user(&self, user: u64) -> impl Iterator<Item = (u64, &Member)> {
        let places = self.places.get(&user).into_iter().flatten();
        places.filter_map(|(group, place)| Some((*group, self.members.get(group)?.get(*place)?)))
    }

    /// `group` is `None` for `-`: all of them.
    pub(super) fn list(&self, group: Option<u64>, head: &Head) -> Result<Answer, Answer> {
        let invalid = |message: &str| Answer::v2(400, "INVALID_ARGUMENT", message);
        let filter = head.query_value("filter").filter(|filter| !filter.is_empty());
        let query = filter.map(MembershipQuery::parse).transpose().map_err(|message| invalid(&message))?;
        let request = PageRequest::read(head, filter)?;
        if let Some(id) = group.filter(|id| !self.contains(*id)) {
            return Err(Answer::v2(404, "NOT_FOUND", format!("The group {id} doesn't exist.")));
        }
        let nobody = Vec::new();
        let members = group.and_then(|id| self.members.get(&id)).unwrap_or(&nobody);
        match (group, query) {
            (None, None | Some(MembershipQuery::Role { .. })) => {
                Err(invalid("All groups can be listed only with a filter of users."))
            }
            (_, Some(MembershipQuery::Users(users))) => {
                let found = users.iter().flat_map(|user| self.of_user(*user));
                let found = found.filter(|(of, _)| group.is_none_or(|id| id == *of));
                Ok(page(&request, found.map(|(_, member)| member)))
            }
            (Some(id), Some(MembershipQuery::Role { group, .. })) if group != id => {
                Err(invalid("The filter names a role of another group."))
            }
            (Some(_), Some(MembershipQuery::Role { role, .. })) => {
                Ok(page(&request, members.iter().filter(|member| member.roles.contains(&role))))
            }
            (Some(_), None) => Ok(page(&request, members.iter())),
        }
    }
}

fn page<'a>(request: &PageRequest, members: impl Iterator<Item = &'a Member>) -> Answer {
    let mut members = members.skip(request.offset);
    let page: Vec<&str> = members.by_ref().take(request.size).map(|member| member.json.as_str()).collect();
    let next = members.next().map(|_| request.token(request.offset + page.len())).unwrap_or_default();
    Answer::new(200, format!("{{\"groupMemberships\":[{}],\"nextPageToken\":\"{next}\"}}", page.join(",")))
}

/// A membership as the service writes it.
fn membership_json(membership: &GroupMembership) -> String {
    let mut json = serde_json::to_value(membership).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        let id = URL_SAFE_NO_PAD.encode(membership.user_id.to_string());
        fields.insert("path".to_owned(), json!(format!("groups/{}/memberships/{id}", membership.group_id)));
    }
    json.to_string()
}
