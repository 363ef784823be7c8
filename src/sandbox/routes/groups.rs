//! Groups and their members.

use serde_json::json;

use super::{Asked, Route};
use crate::endpoints::{GET_GROUP, LIST_GROUP_MEMBERSHIPS};
use crate::sandbox::http::{Answer, PageRequest};
use crate::sandbox::world::filter::MembershipQuery;
use crate::sandbox::world::{Member, World};

/// `-` stands for all groups.
pub(crate) const ROUTES: &[Route] =
    &[Route::new(GET_GROUP, get), Route::new(LIST_GROUP_MEMBERSHIPS, list).with_wildcard()];

fn no_such_group(id: u64) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The group {id} doesn't exist."))
}

fn get(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let id = asked.id(0);
    let name = world.groups.name(id).ok_or_else(|| no_such_group(id))?;
    Ok(Answer::json(&json!({
        "path": format!("groups/{id}"),
        "id": id.to_string(),
        "displayName": name,
        "description": "",
        "memberCount": world.groups.members(id).len(),
        "publicEntryAllowed": true,
        "locked": false,
        "verified": false,
    })))
}

fn list(world: &mut World, asked: Asked<'_>) -> Result<Answer, Answer> {
    let (group, head) = (asked.id_or_wildcard(0), asked.head);
    let invalid = |message: &str| Answer::v2(400, "INVALID_ARGUMENT", message);
    let filter = head.query_value("filter").filter(|filter| !filter.is_empty());
    let query = filter.map(MembershipQuery::parse).transpose().map_err(|message| invalid(&message))?;
    let request = PageRequest::read(head, filter)?;
    if let Some(id) = group.filter(|id| world.groups.name(*id).is_none()) {
        return Err(no_such_group(id));
    }
    let members = group.map_or(&[][..], |id| world.groups.members(id));
    match (group, query) {
        (None, None | Some(MembershipQuery::Role { .. })) => {
            Err(invalid("All groups can be listed only with a filter of users."))
        }
        (_, Some(MembershipQuery::Users(users))) => {
            let found = users.iter().flat_map(|user| world.groups.of_user(*user));
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

fn page<'a>(request: &PageRequest, members: impl Iterator<Item = &'a Member>) -> Answer {
    let mut members = members.skip(request.offset);
    let page: Vec<&str> = members.by_ref().take(request.size).map(|member| member.json.as_str()).collect();
    let next = members.next().map(|_| request.token(request.offset + page.len())).unwrap_or_default();
    Answer::new(200, format!("{{\"groupMemberships\":[{}],\"nextPageToken\":\"{next}\"}}", page.join(",")))
}
