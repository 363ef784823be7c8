//! Groups, their roles, their members, and who wants to join.

use jiff::Timestamp;
use rblxopencloud::endpoints::{
    ACCEPT_GROUP_JOIN_REQUEST, ASSIGN_GROUP_ROLE, DECLINE_GROUP_JOIN_REQUEST, GET_GROUP, GET_GROUP_ROLE,
    LIST_GROUP_AUDIT_LOG, LIST_GROUP_JOIN_REQUESTS, LIST_GROUP_MEMBERSHIPS, LIST_GROUP_ROLES, LIST_MANAGEABLE_GROUPS,
    UNASSIGN_GROUP_ROLE, UPDATE_GROUP_MEMBERSHIP,
};
use rblxopencloud::group::{AuditLogEntry, GroupPermission};
use rblxopencloud::{Creator, GroupMembership, GroupRole};
use serde_json::{Map, Value, json};

use super::{Call, Route};
use crate::http::{Answer, PageRequest};
use crate::world::filter::{MembershipQuery, decimal};
use crate::world::groups::{self, Group};
use crate::world::{Member, World};

/// `-` stands for all groups.
pub(crate) const ROUTES: &[Route] = &[
    Route::new(GET_GROUP, get),
    Route::new(LIST_GROUP_MEMBERSHIPS, list).with_wildcard(),
    Route::new(UPDATE_GROUP_MEMBERSHIP, update_member).with_names(),
    Route::new(ASSIGN_GROUP_ROLE, assign).with_names(),
    Route::new(UNASSIGN_GROUP_ROLE, unassign).with_names(),
    Route::new(LIST_GROUP_ROLES, list_roles),
    Route::new(GET_GROUP_ROLE, get_role),
    Route::new(LIST_GROUP_JOIN_REQUESTS, list_requests),
    Route::new(ACCEPT_GROUP_JOIN_REQUEST, accept),
    Route::new(DECLINE_GROUP_JOIN_REQUEST, decline),
    Route::new(LIST_MANAGEABLE_GROUPS, list_manageable),
    Route::new(LIST_GROUP_AUDIT_LOG, list_audit_log),
];

/// The largest page of roles and of join requests.
const LARGEST_PAGE: u64 = 20;
/// The sizes that a page of the audit log can have.
const LOG_PAGES: [u64; 4] = [10, 25, 50, 100];

fn not_found(what: &str) -> Answer {
    Answer::v2(404, "NOT_FOUND", format!("The {what} doesn't exist."))
}

fn group(world: &World, id: u64) -> Result<&Group, Answer> {
    world.groups.get(id).ok_or_else(|| not_found(&format!("group {id}")))
}

fn get(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let group = group(world, id)?;
    let mut json = json!(group.info);
    json["path"] = json!(format!("groups/{id}"));
    json["memberCount"] = json!(group.members.len());
    Ok(Answer::json(&json))
}

fn list(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (of, head) = (call.id_or_wildcard(0), call.head);
    let invalid = |message: &str| Answer::v2(400, "INVALID_ARGUMENT", message);
    let filter = head.query_value("filter").filter(|filter| !filter.is_empty());
    let query = filter.map(MembershipQuery::parse).transpose().map_err(|message| invalid(&message))?;
    let request = PageRequest::read(head, filter)?;
    let members = match of {
        Some(id) => &group(world, id)?.members[..],
        None => &[],
    };
    match (of, query) {
        (None, None | Some(MembershipQuery::Role { .. })) => {
            Err(invalid("All groups can be listed only with a filter of users."))
        }
        (_, Some(MembershipQuery::Users(users))) => {
            let found = users.iter().flat_map(|user| world.groups.of_user(*user));
            Ok(page(&request, found.filter(|member| of.is_none_or(|id| id == member.membership.group_id))))
        }
        (Some(id), Some(MembershipQuery::Role { group, .. })) if group != id => {
            Err(invalid("The filter names a role of another group."))
        }
        (Some(_), Some(MembershipQuery::Role { role, .. })) => {
            Ok(page(&request, members.iter().filter(|member| member.has_role(role))))
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

/// Refuses what the owner of the credentials has no permission for.
fn check(world: &World, id: u64, permission: &GroupPermission) -> Result<(), Answer> {
    group(world, id)?;
    if world.groups.allows(id, world.access().owner, permission) {
        return Ok(());
    }
    Err(Answer::v2(403, "PERMISSION_DENIED", format!("The permission {permission} is missing.")))
}

/// A change of a member's roles, by id.
type Change = fn(&mut Vec<u64>, u64);

fn update_member(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    change_roles(world, &call, |roles, role| *roles = vec![role])
}

fn assign(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    change_roles(world, &call, |roles, role| {
        if !roles.contains(&role) {
            roles.push(role);
        }
    })
}

/// A role that the member lacks isn't an error, as Roblox's document says.
fn unassign(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    change_roles(world, &call, |roles, role| roles.retain(|known| *known != role))
}

fn change_roles(world: &mut World, call: &Call<'_>, change: Change) -> Result<Answer, Answer> {
    let id = call.id(0);
    check(world, id, &GroupPermission::ChangeRank)?;
    let state = group(world, id)?;
    let user = groups::user_of(call.name(1)).ok_or_else(|| not_found("membership"))?;
    let member = world.groups.member(id, user).ok_or_else(|| not_found("membership"))?;
    if world.access().owner == Some(Creator::User(user)) {
        return Err(Answer::v2(403, "PERMISSION_DENIED", "One's own rank can't be changed."));
    }
    let body = call.json()?;
    if body.get("user").is_some_and(|given| *given != json!(format!("users/{user}"))) {
        return Err(call.invalid("The user of a membership can't be changed."));
    }
    let path = body.get("role").and_then(Value::as_str).ok_or_else(|| call.invalid("The role is missing."))?;
    let role = path.strip_prefix("groups/").and_then(|path| path.split_once("/roles/"));
    let role = role.filter(|(of, _)| decimal(of) == Some(id)).and_then(|(_, role)| decimal(role));
    let role = role.and_then(|role| state.assignable(role));
    let role = role.ok_or_else(|| call.invalid(format!("The role {path} isn't one that this group can assign.")))?.id;

    let mut membership = member.membership.clone();
    change(&mut membership.role_ids, role);
    if membership.role_ids.is_empty() {
        membership.role_ids.extend(state.first_role());
    }
    membership.role_id = membership.role_ids.iter().copied().max_by_key(|role| state.rank(*role));
    membership.updated_at = Some(Timestamp::now());
    world.groups.join(&membership);
    let json = world.groups.member(id, user).map(|member| member.json.clone()).unwrap_or_default();
    Ok(Answer::new(200, json))
}

/// Returns a role as the owner of the credentials can see it.
fn role_json(world: &World, group: &Group, role: &GroupRole) -> Value {
    let mut json = json!(role);
    json["memberCount"] = json!(group.members.iter().filter(|member| member.has_role(role.id)).count());
    // What a role can't do is false, and isn't left out.
    if let Some(Value::Object(permissions)) = json.get_mut("permissions") {
        for permission in GroupPermission::KNOWN {
            permissions.entry(permission.as_str()).or_insert(Value::Bool(false));
        }
    }
    let Some(Creator::User(user)) = world.access().owner else { return json };
    if group.info.owner_id == Some(user) {
        return json;
    }
    let is_own = world.groups.member(group.info.id, user).is_some_and(|member| member.has_role(role.id));
    let hidden = ["createTime", "updateTime", "description", "permissions"];
    if let Value::Object(fields) = &mut json {
        fields.retain(|field, _| !hidden.contains(&field.as_str()) || (is_own && field == "permissions"));
    }
    json
}

fn list_roles(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let group = group(world, call.id(0))?;
    let request = PageRequest::read_up_to(LARGEST_PAGE, call.head, None)?;
    Ok(request.page("groupRoles", group.roles.values().map(|role| role_json(world, group, role))))
}

fn get_role(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let group = group(world, call.id(0))?;
    let role = group.roles.get(&call.id(1)).ok_or_else(|| not_found("role"))?;
    Ok(Answer::json(&role_json(world, group, role)))
}

fn list_requests(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    check(world, id, &GroupPermission::AcceptRequests)?;
    let filter = call.head.query_value("filter").filter(|filter| !filter.is_empty());
    let wanted = match filter.map(|filter| (filter, MembershipQuery::parse(filter))) {
        None => None,
        // One user, and no list of them.
        Some((filter, Ok(MembershipQuery::Users(users)))) if filter.contains("==") => Some(users),
        Some(_) => return Err(call.invalid("The filter is invalid.")),
    };
    let request = PageRequest::read_up_to(LARGEST_PAGE, call.head, filter)?;
    let requests = group(world, id)?.requests.iter();
    let requests = requests.filter(|(user, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(user)));
    let requests = requests.map(|(user, time)| {
        json!({
            "path": format!("groups/{id}/join-requests/{user}"),
            "user": format!("users/{user}"),
            "createTime": format!("{time:.3}"),
        })
    });
    Ok(request.page("groupJoinRequests", requests))
}

fn accept(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let (id, user) = take_request(world, &call)?;
    let role = group(world, id)?.first_role();
    let mut membership = GroupMembership::new(id, user, role.unwrap_or(1));
    membership.created_at = Some(Timestamp::now());
    membership.updated_at = membership.created_at;
    world.groups.join(&membership);
    Ok(Answer::new(200, "{}"))
}

fn decline(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    take_request(world, &call)?;
    Ok(Answer::new(200, "{}"))
}

/// Removes a join request, and returns its group and its user.
fn take_request(world: &mut World, call: &Call<'_>) -> Result<(u64, u64), Answer> {
    let (id, user) = (call.id(0), call.id(1));
    check(world, id, &GroupPermission::AcceptRequests)?;
    call.json()?;
    let requests = world.groups.get_mut(id).map(|group| &mut group.requests);
    let requests = requests.ok_or_else(|| not_found("join request"))?;
    let index = requests.iter().position(|(known, _)| *known == user).ok_or_else(|| not_found("join request"))?;
    requests.remove(index);
    Ok((id, user))
}

fn list_manageable(world: &mut World, _: Call<'_>) -> Result<Answer, Answer> {
    let owner = world.access().owner;
    let manages = |group: &&Group| match owner {
        Some(Creator::Group(id)) => group.info.id == id,
        _ => world.groups.allows(group.info.id, owner, &GroupPermission::ManageGroupUniverses),
    };
    let groups = world.groups.all().filter(manages);
    let groups: Vec<Value> =
        groups.map(|group| json!({ "id": group.info.id, "name": group.info.display_name })).collect();
    Ok(Answer::json(&json!({ "data": groups })))
}

fn list_audit_log(world: &mut World, call: Call<'_>) -> Result<Answer, Answer> {
    let id = call.id(0);
    let group = world.groups.get(id).ok_or_else(|| Answer::numbered(400, 1, "Group is invalid or does not exist."))?;
    if !world.groups.allows(id, world.access().owner, &GroupPermission::ViewAuditLog) {
        return Err(Answer::numbered(403, 23, "Insufficient permissions to complete the request."));
    }
    let value = |name: &str| call.head.query_value(name).filter(|value| !value.is_empty());
    let invalid = || Answer::numbered(400, 8, "Invalid or missing pagination parameters");
    let user = value("userId").map(|user| decimal(user).ok_or_else(invalid)).transpose()?;
    let is_newest_first = match value("sortOrder") {
        None | Some("Asc") => false,
        Some("Desc") => true,
        Some(_) => return Err(invalid()),
    };
    let filter = [value("actionType"), value("userId"), value("sortOrder")].map(Option::unwrap_or_default).join("&");
    let request = PageRequest::read_cursor(&LOG_PAGES, call.head, &filter).ok_or_else(invalid)?;
    let is_wanted = |entry: &&AuditLogEntry| {
        let actor = entry.actor.as_ref().and_then(|actor| actor.user.as_ref());
        value("actionType").is_none_or(|action| entry.action_type == action)
            && user.is_none_or(|user| actor.is_some_and(|actor| actor.id == user))
    };
    let mut entries: Vec<_> = group.audit_log.iter().filter(is_wanted).collect();
    if is_newest_first {
        entries.reverse();
    }
    Ok(request.cursor_page(entries.into_iter().map(entry_json)))
}

/// Ids are numbers in this API.
fn entry_json(entry: &AuditLogEntry) -> Value {
    let actor = entry.actor.clone().unwrap_or_default();
    let user = actor.user.map(|user| {
        json!({
            "hasVerifiedBadge": user.has_verified_badge.unwrap_or_default(),
            "userId": user.id,
            "username": user.name,
            "displayName": user.display_name,
        })
    });
    let role =
        actor.role.map(|role| json!({ "id": role.id, "name": role.name, "rank": role.rank.unwrap_or_default() }));
    let actor: Map<String, Value> = [("user", user), ("role", role)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    json!({
        "actor": actor,
        "actionType": entry.action_type,
        "description": entry.description,
        "created": entry.created_at,
    })
}
