//! Roles, members and join requests of groups.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rblxopencloud::group::{GroupPermission, NamedMembership};
use rblxopencloud::{Creator, Credentials, Cursor, ErrorKind, GroupMembership, GroupRole, MembershipFilter, UserInfo};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::local::{KEY, hasty, send};
use crate::support::{Reply, Server, USER, fails};

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

#[test]
fn the_memberships_of_any_number_of_users_are_listed() {
    let sandbox = Sandbox::start().expect("a free port");
    for user in 1..=120 {
        sandbox.add_membership(GroupMembership::new(7, user, 1));
    }
    let client = hasty(&sandbox);
    let users: Vec<u64> = client
        .list_memberships_of((1..=120).chain([5, 5]))
        .map(|member| member.map(|member| member.user_id))
        .collect::<Result<_, _>>()
        .expect("all are listed");
    assert_eq!(users, (1..=120).collect::<Vec<_>>());
    assert_eq!(sandbox.requests().len(), 3, "50 users a request");
    sandbox.clear_requests();
    assert_eq!(client.list_memberships_of([]).count(), 0);
    assert!(sandbox.requests().is_empty());
}

#[test]
fn members_are_found_by_role_and_by_user() {
    let sandbox = sandbox();
    let group = hasty(&sandbox).group(7);
    let ids = |filter: MembershipFilter| -> Vec<u64> {
        let members = group.list_memberships_with(filter);
        members.map(|member| member.map(|member| member.user_id)).collect::<Result<_, _>>().expect("they are listed")
    };
    let role = |id: u64| group.fetch_role(id).expect("the group has it");
    assert_eq!(ids(MembershipFilter::role(&role(98))), [156, 1007]);
    assert_eq!(ids(MembershipFilter::role(&role(99))), [156]);
    sandbox.add_role(GroupRole::new(7, 5_021_004, "Guest writer", 20));
    assert_eq!(ids(MembershipFilter::role(5_021_004)), [0; 0]);
    assert_eq!(ids(MembershipFilter::user(1007)), [1007]);
    assert_eq!(ids(MembershipFilter::user(1)), [0; 0]);
    assert_eq!(group.membership_of(1007).expect("it answers").map(|member| member.path), {
        Some("groups/7/memberships/MTAwNw".to_owned())
    });
    fails(hasty(&sandbox).group(404).membership_of(156), ErrorKind::NotFound);
}

#[test]
fn a_role_of_another_group_is_refused() {
    let sandbox = sandbox();
    let client = hasty(&sandbox);
    let other = client.group(1200).fetch_role(41).expect("it exists");
    let group = client.group(7);
    sandbox.clear_requests();
    for result in
        [group.assign_role(1007, &other), group.unassign_role(1007, &other), group.update_member(1007, &other)]
    {
        let error = fails(result, ErrorKind::InvalidInput).to_string();
        assert!(error.contains("role 41") && error.contains("group 1200") && error.contains("group 7"), "{error}");
    }
    fails(
        group.list_memberships_with(MembershipFilter::role(&other)).next().expect("an error"),
        ErrorKind::InvalidInput,
    );
    // A rank in place of an id would list nobody.
    for rank in [0, 1, 200, 255] {
        let error = fails(
            group.list_memberships_with(MembershipFilter::role(rank)).next().expect("an error"),
            ErrorKind::InvalidInput,
        );
        assert!(error.to_string().contains(&format!("{rank} is a rank")), "{error}");
    }
    assert!(sandbox.requests().is_empty(), "it is known before a request");
    // By its id alone, only the service knows.
    fails(group.assign_role(1007, 41), ErrorKind::Rejected);
    fails(group.assign_role(1007, 99), ErrorKind::Rejected);
    fails(group.assign_role(1, 97), ErrorKind::NotFound);
}

#[test]
fn roles_are_given_and_taken() {
    let sandbox = sandbox();
    let group = hasty(&sandbox).group(7);
    let member = group.assign_role(1007, 97).expect("it is given");
    assert_eq!((member.role_id, member.role_ids), (Some(98), vec![98, 97]));
    let again = group.assign_role(1007, 97).expect("it is there already");
    assert_eq!(again.role_ids, [98, 97]);
    assert_eq!(group.unassign_role(1007, 98).expect("it is taken").role_id, Some(97));
    assert_eq!(group.update_member(1007, 98).expect("it is replaced").role_ids, [98]);
    sandbox.set_key_owner(Creator::User(156));
    fails(group.assign_role(156, 97), ErrorKind::PermissionDenied);
    sandbox.set_key_owner(Creator::User(1007));
    fails(group.assign_role(156, 97), ErrorKind::PermissionDenied);
}

#[test]
fn an_accepted_join_request_is_a_member() {
    let sandbox = sandbox();
    for user in 1..=45 {
        sandbox.add_user(UserInfo::new(user, format!("user{user}")));
        sandbox.add_join_request(7, user);
    }
    let group = hasty(&sandbox).group(7);
    assert_eq!(group.list_join_requests().count(), 45);
    assert_eq!(sandbox.requests().len(), 3, "20 requests a page");
    group.accept_join_request(5).expect("it is there");
    assert_eq!(group.membership_of(5).expect("it answers").map(|member| member.role_id), Some(Some(97)));
    assert_eq!(group.join_request_of(5).expect("it answers"), None);
    fails(group.accept_join_request(5), ErrorKind::NotFound);
    group.decline_join_request(6).expect("it is there");
    assert_eq!(group.membership_of(6).expect("it answers"), None);
    assert_eq!(group.join_request_of(7).expect("it answers").map(|request| request.user_id), Some(7));

    // It takes a permission, which the group's owner and some roles have.
    sandbox.set_key_owner(Creator::User(1007));
    fails(group.accept_join_request(7), ErrorKind::PermissionDenied);
    let mut role = GroupRole::new(7, 98, "Member", 10);
    role.permissions = Some([GroupPermission::AcceptRequests].into());
    sandbox.add_role(role);
    group.accept_join_request(7).expect("the role allows it");
}

#[test]
fn join_requests_are_answered_by_the_id_of_the_user() {
    let sandbox = sandbox();
    let client = hasty(&sandbox);
    let group = client.group(7);
    for user in [21_557, 2_655_994_471] {
        sandbox.add_join_request(7, user);
        let request = group.join_request_of(user).expect("it answers").expect("it is there");
        assert_eq!(request.path, format!("groups/7/join-requests/{user}"));
    }
    sandbox.clear_requests();
    group.accept_join_request(21_557).expect("it is there");
    group.decline_join_request(2_655_994_471).expect("it is there");
    let sent: Vec<_> = sandbox
        .requests()
        .into_iter()
        .map(|request| (request.method, request.path, String::from_utf8(request.body).expect("it is text")))
        .collect();
    let expected = ["21557:accept", "2655994471:decline"]
        .map(|id| ("POST".to_owned(), format!("/cloud/v2/groups/7/join-requests/{id}"), "{}".to_owned()));
    assert_eq!(sent, expected);
}

#[test]
fn a_join_request_has_no_encoded_id_and_its_answer_has_a_body() {
    let sandbox = sandbox();
    sandbox.add_join_request(7, 21_557);
    let post = |path: &str, body: &str| {
        let headers = format!("{KEY}content-type: application/json\r\n");
        send(&sandbox, "POST", &format!("/cloud/v2/groups/7/{path}"), &headers, body).0
    };
    for verb in ["accept", "decline"] {
        // Base64url, as memberships have it, with and without padding.
        for id in ["MjE1NTc", "MjE1NTc=", "-"] {
            assert_eq!(post(&format!("join-requests/{id}:{verb}"), "{}"), 400, "{id}:{verb}");
        }
        assert_eq!(post(&format!("join-requests/21557:{verb}"), ""), 400, "{verb} without a body");
        assert_eq!(post(&format!("join-requests/42:{verb}"), "{}"), 404, "{verb}");
    }
    assert_eq!(post("join-requests/21557:accept", "{}"), 200);
    // A membership stays its user's.
    for (user, status) in [("users/1007", 200), ("users/156", 400)] {
        let body = format!(r#"{{"path":"groups/7/memberships/MTAwNw","user":"{user}","role":"groups/7/roles/97"}}"#);
        let headers = format!("{KEY}content-type: application/json\r\n");
        assert_eq!(
            send(&sandbox, "PATCH", "/cloud/v2/groups/7/memberships/MTAwNw", &headers, &body).0,
            status,
            "{user}"
        );
    }
    // A user's id can be used in place of that of a membership.
    for id in ["MTAwNw", "MTAwNw=", "1007"] {
        assert_eq!(post(&format!("memberships/{id}:assignRole"), r#"{"role":"groups/7/roles/97"}"#), 200, "{id}");
    }
}

#[test]
fn roles_are_fetched_once_for_many_threads() {
    let sandbox = sandbox();
    let group = hasty(&sandbox).group(7).with_roles_kept_for(Duration::from_secs(3600));
    let all = Barrier::new(32);
    thread::scope(|scope| {
        for number in 0..32 {
            let (group, all) = (&group, &all);
            scope.spawn(move || {
                let (user, rank) = if number % 2 == 0 { (156, 255) } else { (1007, 10) };
                all.wait();
                assert_eq!(group.rank_of(user).expect("it answers"), Some(rank));
            });
        }
    });
    let of_roles = sandbox.requests().iter().filter(|request| request.path.ends_with("/roles")).count();
    assert_eq!((of_roles, sandbox.requests().len()), (1, 33));
}

#[test]
fn roles_are_fetched_once_for_many_ranks() {
    let sandbox = sandbox();
    let group = hasty(&sandbox).group(7).with_roles_kept_for(Duration::from_secs(3600));
    for _ in 0..5 {
        assert_eq!(group.rank_of(156).expect("it answers"), Some(255));
        assert_eq!(group.clone().rank_of(1007).expect("it answers"), Some(10));
        assert_eq!(group.rank_of(1).expect("it answers"), None);
    }
    let of_roles = || sandbox.requests().iter().filter(|request| request.path.ends_with("/roles")).count();
    assert_eq!((of_roles(), sandbox.requests().len()), (1, 16));

    // A role that is newer than the kept ones is found.
    sandbox.add_role(GroupRole::new(7, 95, "Helper", 40));
    group.assign_role(1007, 95).expect("it is given");
    assert_eq!(group.role_of(1007).expect("it answers").map(|role| role.display_name), Some("Helper".to_owned()));
    assert_eq!(group.rank_of(1007).expect("it answers"), Some(40));
    assert_eq!(of_roles(), 2);

    sandbox.clear_requests();
    let forgetful = group.with_roles_kept_for(Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(forgetful.rank_of(156).expect("it answers"), Some(255));
    }
    assert_eq!(of_roles(), 3);
}

#[test]
fn the_owner_sees_more_of_roles() {
    let sandbox = sandbox();
    let mut role = GroupRole::new(7, 98, "Member", 10);
    role.permissions = Some([GroupPermission::ViewForums].into());
    role.description = Some("Everyone".to_owned());
    sandbox.add_role(role);
    let group = hasty(&sandbox).group(7);
    let seen = |owner: u64| {
        sandbox.set_key_owner(Creator::User(owner));
        let role = group.fetch_role(98).expect("it exists");
        (role.permissions.is_some(), role.description.is_some(), role.member_count)
    };
    assert_eq!(seen(156), (true, true, Some(2)));
    assert_eq!(seen(1007), (true, false, Some(2)));
    assert_eq!(seen(1), (false, false, Some(2)));
}

#[test]
fn only_groups_that_the_key_manages_are_listed() {
    let sandbox = sandbox();
    let client = hasty(&sandbox);
    let ids = || -> Vec<u64> { client.list_manageable_groups().map(|group| group.expect("it is listed").id).collect() };
    assert_eq!(ids(), [7, 1200, 36_000]);
    sandbox.set_key_owner(Creator::User(1007));
    assert_eq!(ids(), [0; 0]);
    sandbox.set_key_owner(Creator::Group(7));
    assert_eq!(ids(), [7]);
    assert_eq!(
        client.with_credentials(Credentials::none()).list_manageable_groups().filter_map(Result::err).count(),
        1
    );
}

/// A group whose listing of roles is `roles`, with a member who is `membership`. Single roles are `single`.
fn group_of(membership: &Value, roles: &Value, single: Reply) -> Server {
    let (membership, roles) = (membership.clone(), roles.clone());
    Server::start(move |request| match request.path() {
        path if path.ends_with("/memberships") => Reply::ok(&json!({ "groupMemberships": [membership] })),
        path if path.ends_with("/roles") => Reply::ok(&json!({ "groupRoles": roles })),
        _ => single.clone(),
    })
}

fn member(role: &Value, roles: &Value) -> Value {
    json!({ "path": "groups/7/memberships/MTU2", "user": "users/156", "role": role, "roles": roles })
}

#[test]
fn a_member_whose_role_is_unknown_stays_a_member() {
    let listed = json!([{ "id": "1", "rank": 10 }]);
    let missing = || Reply::json(404, &json!({ "code": "NOT_FOUND", "message": "no" }));
    for membership in [
        member(&json!(""), &json!([])),
        member(&json!(null), &json!(null)),
        member(&json!("roles/nine"), &json!(null)),
        member(&json!(17), &json!([17])),
        // The role that can't be read may be the highest.
        member(&json!(""), &json!(["groups/7/roles/1", "groups/7/roles/x"])),
        member(&json!(null), &json!(["groups/7/roles/1", null])),
        // A role that doesn't exist.
        member(&json!("groups/7/roles/9"), &json!(["groups/7/roles/1", "groups/7/roles/9"])),
        json!(17),
        json!({ "path": "groups/7/memberships/?", "role": "groups/7/roles/1" }),
    ] {
        let server = group_of(&membership, &listed, missing());
        let group = server.client().group(7);
        fails(group.rank_of(156), ErrorKind::InvalidResponse);
        fails(group.role_of(156), ErrorKind::InvalidResponse);
    }
    // The highest one is known.
    let membership = member(&json!("groups/7/roles/1"), &json!(["groups/7/roles/1", 17]));
    let server = group_of(&membership, &listed, missing());
    assert_eq!(server.client().group(7).rank_of(156).expect("it answers"), Some(10));
    // Others can be read, and are not the member.
    let other = json!({ "path": "groups/7/memberships/MQ", "user": "users/1", "role": "groups/7/roles/1" });
    let server = group_of(&other, &listed, missing());
    assert_eq!(server.client().group(7).rank_of(156).expect("it answers"), None);
}

#[test]
fn a_role_that_is_not_listed_is_fetched_and_counts() {
    let (high, low) = (json!("groups/7/roles/500"), json!("groups/7/roles/1"));
    let listed = json!([{ "id": "1", "rank": 10 }, { "id": "2", "rank": 20 }]);
    let single = || Reply::ok(&json!({ "id": "500", "rank": 200 }));
    for membership in [
        member(&high, &json!([high, low])),
        member(&high, &json!([low, high])),
        member(&high, &json!(null)),
        member(&json!(null), &json!([low, high])),
    ] {
        let server = group_of(&membership, &listed, single());
        let group = server.client().group(7);
        assert_eq!(group.rank_of(156).expect("it answers"), Some(200), "{membership}");
        // It is kept with the others.
        let requests = server.count();
        assert_eq!(group.rank_of(156).expect("it answers"), Some(200));
        assert_eq!(server.count(), requests + 1, "{membership}");
    }
}

#[test]
fn a_rank_that_cannot_be_read_is_not_0() {
    let membership = member(&json!("groups/7/roles/1"), &json!(null));
    for rank in [json!("high"), json!(null), json!(-1), json!({}), json!(1.5)] {
        let role = json!({ "id": "1", "rank": rank });
        let server = group_of(&membership, &json!([role]), Reply::ok(&role));
        fails(server.client().group(7).rank_of(156), ErrorKind::InvalidResponse);
    }
    // The service leaves out a zero.
    let server = group_of(&membership, &json!([{ "id": "1" }]), Reply::text(404, ""));
    assert_eq!(server.client().group(7).rank_of(156).expect("it answers"), Some(0));
}

#[test]
fn an_unreadable_membership_or_join_request_is_not_none() {
    for item in [json!(17), json!({ "path": "groups/7/join-requests/?" }), json!({ "user": "users/x" })] {
        let server = Server::script([Reply::ok(&json!({ "groupMemberships": [item] }))]);
        fails(server.client().group(7).membership_of(156), ErrorKind::InvalidResponse);
        let server = Server::script([Reply::ok(&json!({ "groupJoinRequests": [item] }))]);
        fails(server.client().group(7).join_request_of(156), ErrorKind::InvalidResponse);
    }
    let other = json!({ "path": "groups/7/join-requests/1", "user": "users/1" });
    let server = Server::script([Reply::ok(&json!({ "groupJoinRequests": [other] }))]);
    assert_eq!(server.client().group(7).join_request_of(156).expect("it answers"), None);
}

#[test]
fn unknown_names_are_none_and_other_failures_end_the_listing_before_the_member() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let client = hasty(&sandbox);
    let members = || client.user(USER).list_groups().with_names();
    let all: Vec<NamedMembership> = members().collect::<Result<_, _>>().expect("memberships");
    assert_eq!(all.len(), 3);

    // A group and a role that are gone, or that the service doesn't show.
    let hidden = r#"{"code":"PERMISSION_DENIED","message":"hidden"}"#;
    for fault in [Fault::status(404), Fault::status(403).body(hidden)] {
        let (group, role) = (format!("/cloud/v2/groups/{}", all[1].group_id), all[2].role_id.expect("a role"));
        sandbox.inject(fault.clone().on("GET", format!("{group}/")).times(1));
        sandbox.inject(fault.on("GET", format!("/cloud/v2/groups/{}/roles/{role}", all[2].group_id)).times(1));
        let found: Vec<NamedMembership> = members().collect::<Result<_, _>>().expect("memberships");
        let ids =
            |members: &[NamedMembership]| members.iter().map(|member| member.membership.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&found), ids(&all));
        assert_eq!(found[0], all[0]);
        assert_eq!((&found[1].group, &found[1].role), (&all[1].group, &None));
        assert_eq!((&found[2].group, &found[2].role), (&all[2].group, &None));
        sandbox.clear_faults();
    }

    // What concerns more than a name.
    let missing = r#"{"code":"PERMISSION_DENIED","message":"The required scope <group:read> is missing."}"#;
    for (fault, kind) in [
        (Fault::status(503), ErrorKind::Server),
        (Fault::status(403).body(missing), ErrorKind::PermissionDenied),
        (Fault::reset_before_answer(), ErrorKind::Connection),
    ] {
        sandbox.inject(fault.on("GET", format!("/cloud/v2/groups/{}", all[1].group_id)).times(1));
        let mut listing = members();
        let mut seen = vec![listing.next().expect("a member").expect("its names")];
        fails(listing.next().expect("not the end"), kind);
        assert!(listing.next().is_none() && !listing.is_finished());
        let cursor = listing.cursor().to_string().parse::<Cursor>().expect("a cursor");
        seen.extend(members().resume_from(cursor).map(|member| member.expect("its names")));
        assert_eq!(seen, all);
        assert!(listing.next().is_none(), "it stays ended");
    }
}
