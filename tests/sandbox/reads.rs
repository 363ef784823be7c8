//! Reads from the sandbox: users, inventories, groups and quotas.

use rblxopencloud::experience::ExperienceVisibility;
use rblxopencloud::group::{AuditLogActor, AuditLogEntry, AuditLogRole, AuditLogUser, GroupPermission};
use rblxopencloud::inventory::{InventoryAsset, InventoryBadge};
use rblxopencloud::user::Subscription;
use rblxopencloud::{
    Asset, AssetType, Client, Creator, Credentials, ErrorKind, ExperienceInfo, GroupMembership, GroupRole,
    InventoryAssetType, InventoryItem, UserInfo,
};
use rblxopencloud_sandbox::Sandbox;

use crate::support::local::{KEY, crate_png, filtered, get, hasty, raw, sandbox, send};

#[test]
fn demo_data_can_be_listed() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let user = sandbox.client().user(156);
    let info = user.fetch_info().expect("builderman");
    assert_eq!((info.username.as_str(), info.display_name.as_str()), ("builderman", "Builderman"));
    assert_eq!(info.created_at.expect("a time").to_string().get(..10), Some("2006-03-08"));
    assert!(info.premium == Some(true) && info.id_verified == Some(true) && info.social_network_profiles.is_some());

    let items: Vec<_> = user.list_inventory().collect::<Result<_, _>>().expect("an inventory");
    assert_eq!(items.len(), 250);
    assert!(!items.iter().any(|item| matches!(item, InventoryItem::Unknown(_))));
    assert!(items.iter().any(|item| matches!(item, InventoryItem::GamePass(pass) if pass.id == 777)));
    assert_eq!(user.list_inventory().badges([111, 222, 333]).count(), 2);
    assert_eq!(user.list_inventory().only_collectibles(true).count(), 5);
    let groups: Vec<_> = user.list_groups().collect::<Result<_, _>>().expect("groups");
    assert_eq!(groups.iter().map(|group| group.group_id).collect::<Vec<_>>(), [7, 1_200, 36_000]);
    assert_eq!(groups[0].role_ids.len(), 2);
}

#[test]
fn a_huge_inventory_is_paged_through_without_loss() {
    let sandbox = sandbox();
    let assets = (0..200_000).map(|id| InventoryItem::Asset(InventoryAsset::new(id, InventoryAssetType::Hat)));
    sandbox.set_inventory(1, assets);
    let mut expected = 0;
    for item in sandbox.client().user(1).list_inventory() {
        let InventoryItem::Asset(asset) = item.expect("an item") else { panic!("not an asset") };
        assert_eq!(asset.id, expected);
        expected += 1;
    }
    assert_eq!(expected, 200_000);
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 2000);
    assert!(requests.iter().all(|request| request.connection == requests[0].connection));
}

#[test]
fn page_sizes_are_those_of_the_service() {
    let sandbox = sandbox();
    let badges = |count| (0..count).map(|id| InventoryItem::Badge(InventoryBadge::new(id)));
    sandbox.set_inventory(1, badges(105));
    let path = "/cloud/v2/users/1/inventory-items";
    let page = |query: &str| {
        let (status, body) = get(&sandbox, &format!("{path}{query}"));
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let token = json["nextPageToken"].as_str().map(str::to_owned);
        (status, json["inventoryItems"].as_array().map_or(0, Vec::len), token)
    };
    assert_eq!(page("").1, 10);
    let (_, count, token) = page("?maxPageSize=101");
    assert_eq!(count, 100);
    let token = token.expect("there is more");
    assert_eq!(page(&format!("?maxPageSize=100&pageToken={token}")), (200, 5, Some(String::new())));
    for bad in ["maxPageSize=x", "maxPageSize=0", "maxPageSize=-1", "pageToken=zzz"] {
        assert_eq!(page(&format!("?{bad}")).0, 400, "{bad}");
    }
    assert_eq!(page(&format!("?pageToken={token}&filter=badges%3Dtrue")).0, 400, "another filter");
    sandbox.add_user(UserInfo::new(2, "two"));
    sandbox.set_inventory(2, badges(105));
    assert_eq!(get(&sandbox, &format!("/cloud/v2/users/2/inventory-items?pageToken={token}")).0, 400, "another user");
    sandbox.set_inventory(1, badges(100));
    assert_eq!(page("?maxPageSize=100"), (200, 100, Some(String::new())), "a last page that is full");
}

#[test]
fn inventory_filters_are_applied() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let path = "/cloud/v2/users/156/inventory-items";
    for bad in [
        "colour=red",
        "badges",
        "badges=True",
        "badges=true;badgeIds=111",
        "badgeIds=",
        "badgeIds=1,",
        "badgeIds=+1",
        "badges=true;badges=true",
        "badges=true;",
        "onlyCollectibles=true",
        "onlyCollectibles=True;inventoryItemAssetTypes=*",
        "inventoryItemAssetTypes=",
        "inventoryItemAssetTypes=hat",
        "inventoryItemAssetTypes=TIME_MACHINE",
    ] {
        let (status, body) = filtered(&sandbox, path, bad);
        assert!(status == 400 && body.contains("\"code\":\"INVALID_ARGUMENT\""), "{bad}: {body}");
    }
    for (good, count) in [
        ("badges=true", 2),
        ("badges=false", 0),
        ("gamePasses=true;privateServers=true", 2),
        ("onlyCollectibles=true;inventoryItemAssetTypes=HAT,FACE", 5),
        ("badgeIds=222;gamePassIds=777;privateServerIds=175156;assetIds=1365001", 4),
    ] {
        let (status, body) = filtered(&sandbox, path, good);
        assert_eq!((status, body.matches("\"path\"").count()), (200, count), "{good}: {body}");
    }
    // Filtered pages have the same size, and end in the same way.
    let assets = sandbox.client().user(156).list_inventory().assets(true);
    let pages: Vec<_> = assets.pages().map(|page| page.expect("a page").items.len()).collect();
    assert_eq!(pages, [100, 100, 46]);
}

#[test]
fn private_inventories_are_refused() {
    let sandbox = sandbox();
    sandbox.set_inventory_private(1, true);
    let user = hasty(&sandbox).user(1);
    let error = user.list_inventory().next().expect("an error").expect_err("it is private");
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("PERMISSION_DENIED")));
    sandbox.set_inventory_private(1, false);
    assert!(user.list_inventory().next().is_none());
}

#[test]
fn membership_filters_are_applied() {
    let sandbox = sandbox();
    for user in 1..=12 {
        sandbox.add_membership(GroupMembership::new(7, user, 70 + user % 2));
    }
    sandbox.add_membership(GroupMembership::new(8, 1, 80));
    let all = "/cloud/v2/groups/-/memberships";
    let seven = "/cloud/v2/groups/7/memberships";
    for (path, filter, count) in [
        (all, "user == 'users/1'", 2),
        (all, "user in ['users/1','users/2','users/1']", 3),
        (seven, "user == 'users/1'", 1),
        (seven, "role == 'groups/7/roles/71'", 6),
        (seven, "", 10),
    ] {
        let (status, body) = filtered(&sandbox, path, filter);
        assert_eq!((status, body.matches("\"path\"").count()), (200, count), "{path} {filter}: {body}");
    }
    let (_, body) = filtered(&sandbox, seven, "user == 'users/1'");
    assert!(body.contains("\"path\":\"groups/7/memberships/MQ\""), "{body}");
    let many = |count: u64| format!("user in [{}]", vec!["'users/1'"; count as usize].join(","));
    assert_eq!(filtered(&sandbox, all, &many(50)).0, 200);
    for (path, bad) in [
        (all, ""),
        (all, "role == 'groups/7/roles/71'"),
        (all, &many(51)),
        (all, "user == 1"),
        (all, "name == 'x'"),
        (seven, "role == 'groups/8/roles/80'"),
    ] {
        assert_eq!(filtered(&sandbox, path, bad).0, 400, "{path} {bad}");
    }
    assert_eq!(get(&sandbox, "/cloud/v2/groups/9/memberships").0, 404);
}

#[test]
fn experiences_have_the_fields_that_the_service_never_leaves_out() {
    let sandbox = sandbox();
    let mut crossroads = ExperienceInfo::new(5, "Crossroads");
    crossroads.group = Some("groups/7".to_owned());
    crossroads.desktop_enabled = Some(true);
    sandbox.add_experience(crossroads);
    let client = hasty(&sandbox);
    let info = client.experience(5).fetch_info().expect("an experience");
    assert_eq!((info.display_name.as_str(), info.group.as_deref()), ("Crossroads", Some("groups/7")));
    assert_eq!((info.desktop_enabled, info.vr_enabled), (Some(true), Some(false)));
    assert_eq!(info.visibility, Some(ExperienceVisibility::Private));
    assert_eq!(info.private_server_price_robux, None, "there are no private servers");

    let error = client.experience(6).fetch_info().expect_err("there is none");
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NOT_FOUND")));
    let mut changed = ExperienceInfo::new(5, "Roads");
    changed.visibility = Some(ExperienceVisibility::Public);
    sandbox.add_experience(changed);
    let info = client.experience(5).fetch_info().expect("an experience");
    assert_eq!((info.display_name.as_str(), info.visibility), ("Roads", Some(ExperienceVisibility::Public)));
    // As for every experience, no scope is needed.
    sandbox.set_scopes::<&str>([]);
    assert!(client.experience(5).fetch_info().is_ok());
}

/// Adds entries of two users in turn, newest first.
fn fill_audit_log(sandbox: &Sandbox, count: u64) {
    for number in (0..count).rev() {
        let mut entry = AuditLogEntry::new(if number % 3 == 0 { "ChangeRank" } else { "JoinGroup" });
        let user = AuditLogUser::new(number % 2, format!("user{}", number % 2));
        entry.actor = Some(AuditLogActor::new(user, AuditLogRole::new(70, "Member", 10)));
        entry.description = serde_json::json!({ "TargetId": number });
        entry.created_at =
            jiff::Timestamp::from_second(1_700_000_000 + i64::try_from(number).expect("few entries")).ok();
        sandbox.add_audit_log_entry(7, entry);
    }
}

#[test]
fn audit_logs_are_paged_sorted_and_filtered() {
    let sandbox = sandbox();
    fill_audit_log(&sandbox, 230);
    let listed: Vec<_> = hasty(&sandbox).group(7).list_audit_log().collect::<Result<_, _>>().expect("a log");
    let numbers: Vec<_> =
        listed.iter().map(|entry| entry.description["TargetId"].as_u64().expect("a number")).collect();
    assert!(numbers.into_iter().eq(0..230), "the oldest is the first");
    assert_eq!(sandbox.requests().len(), 3);

    let page = |query: &str| {
        let (status, body) = get(&sandbox, &format!("/legacy-groups/v1/groups/7/audit-log?{query}"));
        let json: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        (status, json)
    };
    let numbers = |json: &serde_json::Value| -> Vec<u64> {
        let entries = json["data"].as_array().expect("a page");
        entries.iter().map(|entry| entry["description"]["TargetId"].as_u64().expect("a number")).collect()
    };
    let (_, first) = page("");
    assert_eq!((numbers(&first), &first["previousPageCursor"]), ((0..10).collect(), &serde_json::Value::Null));
    assert_eq!(first["data"][1]["actor"]["user"]["userId"], 1, "ids are numbers");
    assert_eq!(numbers(&page("limit=25&sortOrder=Desc").1), (205..230).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&page("userId=1").1), (0..10).map(|index| index * 2 + 1).collect::<Vec<_>>());
    assert_eq!(numbers(&page("actionType=ChangeRank").1), (0..10).map(|index| index * 3).collect::<Vec<_>>());

    let cursor = first["nextPageCursor"].as_str().expect("there is more");
    let (_, second) = page(&format!("cursor={cursor}"));
    assert_eq!(numbers(&second), (10..20).collect::<Vec<_>>());
    let back = second["previousPageCursor"].as_str().expect("the first page");
    assert_eq!(numbers(&page(&format!("cursor={back}")).1), numbers(&first));
    for bad in [
        "limit=30",
        "limit=0",
        "limit=x",
        "cursor=zzz",
        "sortOrder=asc",
        &format!("cursor={cursor}&userId=1"),
        "userId=x",
    ] {
        let (status, json) = page(bad);
        assert_eq!((status, &json["errors"][0]["code"]), (400, &serde_json::json!(8)), "{bad}");
    }
}

#[test]
fn audit_logs_are_shown_to_those_who_may_view_them() {
    let sandbox = sandbox();
    fill_audit_log(&sandbox, 1);
    let mut role = GroupRole::new(7, 70, "Member", 10);
    role.permissions = Some([GroupPermission::ViewAuditLog].into_iter().collect());
    sandbox.add_role(role);
    sandbox.add_membership(GroupMembership::new(7, 1, 70));
    let client = hasty(&sandbox);
    let list = |group: u64| client.group(group).list_audit_log().next().expect("an item");
    assert!(list(7).is_ok(), "credentials without an owner act for everyone");
    sandbox.set_key_owner(Creator::User(1));
    assert!(list(7).is_ok());
    sandbox.set_key_owner(Creator::User(2));
    let error = list(7).expect_err("not a member");
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("23")));
    let error = list(8).expect_err("there is no such group");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some("1")));
}

#[test]
fn credentials_are_checked_everywhere() {
    let sandbox = sandbox();
    for path in ["/cloud/v2/users/1", "/assets/v1/operations/x", "/nowhere"] {
        let (status, body) = send(&sandbox, "GET", path, "", "");
        assert_eq!((status, body.as_str()), (401, r#"{"errors":[{"code":0,"message":"Missing API Key Header"}]}"#));
        let (status, body) = send(&sandbox, "GET", path, "x-api-key: wrong\r\n", "");
        assert!(status == 401 && body.contains("\"message\":\"Invalid API Key\""), "{body}");
        let (status, body) = send(&sandbox, "GET", path, "authorization: Bearer wrong\r\n", "");
        assert!(status == 401 && body.contains("\"code\":\"UNAUTHENTICATED\""), "{body}");
    }
    let with_token = Client::builder(Credentials::access_token(sandbox.access_token())).base_url(sandbox.url());
    let with_token = with_token.build().expect("a client");
    assert!(with_token.user(1).fetch_info().is_ok());

    sandbox.set_group_owned_key(true);
    let error = hasty(&sandbox).user(1).fetch_info().expect_err("a group's key");
    assert_eq!((error.status(), error.code()), (Some(401), Some("UNAUTHENTICATED")));
    assert!(hasty(&sandbox).user(1).upload_asset_with(crate_png()).is_ok());
    assert!(with_token.user(1).fetch_info().is_ok());
}

#[test]
fn missing_resources_are_refused_in_the_right_form() {
    let sandbox = sandbox();
    let (status, body) = get(&sandbox, "/cloud/v2/users/2");
    assert!(status == 404 && body.contains("\"code\":\"NOT_FOUND\""), "{body}");
    let (status, body) = get(&sandbox, "/assets/v1/operations/x");
    assert!(status == 404 && body.contains("\"error\":\"NOT_FOUND\""), "{body}");
    let (status, body) = get(&sandbox, "/cloud/v3/users/1");
    assert!(status == 404 && body.contains("\"errors\":["), "{body}");
    assert_eq!(send(&sandbox, "POST", "/cloud/v2/users/1", KEY, "").0, 405);
    assert_eq!(get(&sandbox, "/assets/v1/assets").0, 405);
    assert_eq!(get(&sandbox, "/assets/v1/assets/5").0, 404);
    assert_eq!(get(&sandbox, "/cloud/v2/users/x").0, 400);
}

#[test]
fn a_page_of_another_site_can_not_use_the_sandbox() {
    let allowing = Sandbox::builder().allow_host("sandbox").allow_host("Open-Cloud.test").start().expect("a free port");
    let strict = sandbox();
    allowing.add_user(UserInfo::new(1, "one"));
    let fetch = |sandbox: &Sandbox, target: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        let answer = raw(sandbox, &format!("GET {target} HTTP/1.1\r\nconnection: close\r\n{KEY}{hosts}\r\n"));
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let path = "/cloud/v2/users/1";
    let own = strict.url().strip_prefix("http://").expect("an address");
    for host in [own, "localhost", "LOCALHOST:1", "127.0.0.1", "192.168.0.7:4000", "[::1]:4000"] {
        assert_eq!(fetch(&strict, path, &[host]), "200", "{host}");
    }
    strict.inject(rblxopencloud_sandbox::Fault::status(500));
    for host in ["evil.example", "sandbox", "localhost.evil.example:80", "127.0.0.1.nip.io"] {
        assert_eq!(fetch(&strict, path, &[host]), "421", "{host}");
    }
    let refused = raw(&strict, "GET / HTTP/1.1\r\nconnection: close\r\nHost: evil.example\r\n\r\n");
    for part in ["evil.example", "SandboxBuilder::allow_host", "--allow-host"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(fetch(&strict, path, &["localhost"]), "500", "a strange request uses no fault up");
    for hosts in [&[][..], &["localhost", "localhost"], &["localhost", "evil.example"], &["me@localhost"], &[""]] {
        assert_eq!(fetch(&strict, path, hosts), "400", "{hosts:?}");
    }
    assert_eq!(fetch(&strict, &format!("http://{own}{path}"), &[own]), "200");
    assert_eq!(fetch(&strict, &format!("http://evil.example{path}"), &[own]), "421");
    assert_eq!(fetch(&strict, &format!("http://{own}{path}"), &["evil.example"]), "421");

    for host in ["sandbox:4000", "SANDBOX", "open-cloud.test", "localhost"] {
        assert_eq!(fetch(&allowing, path, &[host]), "200", "{host}");
    }
    assert_eq!(fetch(&allowing, path, &["sandbox.evil.example"]), "421");
}

#[test]
fn quota_filters_are_understood_or_refused() {
    let sandbox = sandbox();
    for asset_type in [AssetType::Audio, AssetType::Video] {
        sandbox.set_quota(asset_type, 10);
    }
    let path = "/cloud/v2/users/1/asset-quotas";
    for (filter, count) in [
        ("", 2),
        ("quotaType == RateLimitUpload && assetType == Audio", 1),
        ("assetType==Audio", 1),
        ("quotaType == RateLimitUpload", 2),
        ("quotaType == RateLimitCreatorStoreDistribute", 0),
        ("assetType == MeshPart", 0),
    ] {
        let (status, body) = filtered(&sandbox, path, filter);
        assert_eq!((status, body.matches("\"path\"").count()), (200, count), "{filter}: {body}");
    }
    for filter in [
        "quotaType == RATE_LIMIT_UPLOAD",
        "assetType == AUDIO",
        "assetType == audio",
        "assetType == 'Audio'",
        "assetType == \"Audio\"",
        "assetType == Hologram",
        "assetType == MESH_PART",
        "assetType == ",
        "assetType = Audio",
        "assetType != Audio",
        "assetType == Audio || assetType == Video",
        "assetType == Audio && assetType == Video",
        "assetType == Audio &&",
        "usage == 1",
    ] {
        let (status, body) = filtered(&sandbox, path, filter);
        assert!(status == 400 && body.contains("INVALID_ARGUMENT"), "{filter}: {status} {body}");
    }
}

#[test]
fn unspecified_values_are_the_defaults_and_unknown_ones_are_refused() {
    let sandbox = sandbox();
    sandbox.add_subscription(13058, "EXP-1", 1, Subscription::new());
    let thumbnail = "/cloud/v2/users/1:generateThumbnail";
    let subscription = "/cloud/v2/universes/13058/subscription-products/EXP-1/subscriptions/1";
    for (path, query, expected) in [
        (thumbnail, "", "/420/PNG/ROUND"),
        (thumbnail, "?format=FORMAT_UNSPECIFIED&shape=SHAPE_UNSPECIFIED", "/420/PNG/ROUND"),
        (thumbnail, "?format=JPEG&shape=SQUARE&size=48", "/48/JPEG/SQUARE"),
        (subscription, "?view=VIEW_UNSPECIFIED", "willRenew"),
        (subscription, "?view=BASIC", "willRenew"),
        (subscription, "?view=FULL", "users/1"),
    ] {
        let (status, body) = get(&sandbox, &format!("{path}{query}"));
        assert!(status == 200 && body.contains(expected), "{query}: {status} {body}");
    }
    for (path, query) in [
        (thumbnail, "?format=PNG_UNSPECIFIED"),
        (thumbnail, "?format=png"),
        (thumbnail, "?shape=OVAL"),
        (thumbnail, "?size=421"),
        (subscription, "?view=full"),
    ] {
        assert_eq!(get(&sandbox, &format!("{path}{query}")).0, 400, "{query}");
    }
}

#[test]
fn join_requests_are_filtered_by_one_user() {
    let sandbox = sandbox();
    for user in [42, 43] {
        sandbox.add_join_request(7, user);
    }
    let path = "/cloud/v2/groups/7/join-requests";
    for (filter, status, count) in [
        ("user == 'users/42'", 200, 1),
        ("user == 'users/1'", 200, 0),
        ("user in ['users/42','users/43']", 400, 0),
        ("role == 'groups/7/roles/1'", 400, 0),
        ("user == 42", 400, 0),
    ] {
        let (answered, body) = filtered(&sandbox, path, filter);
        assert_eq!((answered, body.matches("\"path\"").count()), (status, count), "{filter}: {body}");
    }
}

#[test]
fn listings_without_a_filter_refuse_one() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    sandbox.add_asset(Asset::new(5));
    for path in ["/cloud/v2/groups/7/roles", "/assets/v1/assets/5/versions"] {
        let (status, body) = filtered(&sandbox, path, "rank == 255");
        assert_eq!(status, 400, "{path}: {body}");
    }
    assert_eq!(get(&sandbox, "/cloud/v2/groups/7/roles?filter=").0, 200);
}

#[test]
fn demo_data_is_as_complete_as_answers_of_the_service() {
    let sandbox = Sandbox::builder().demo().start().expect("a free port");
    let json = |path: &str| {
        let (status, body) = get(&sandbox, path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON")
    };
    // A site without a profile is an empty text.
    let profiles = &json("/cloud/v2/users/156")["socialNetworkProfiles"];
    for (site, is_empty) in
        [("facebook", true), ("twitter", false), ("youtube", false), ("twitch", true), ("guilded", true)]
    {
        assert_eq!(profiles[site].as_str().map(str::is_empty), Some(is_empty), "{site}");
    }
    for group in [7, 1_200, 36_000] {
        let info = json(&format!("/cloud/v2/groups/{group}"));
        let roles = json(&format!("/cloud/v2/groups/{group}/roles"));
        let roles = roles["groupRoles"].as_array().expect("a list");
        assert_eq!(roles.len(), 3);
        for resource in roles.iter().chain([&info]) {
            for field in ["createTime", "updateTime", "description"] {
                assert!(resource[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {resource}");
            }
        }
        for role in roles {
            let permissions = role["permissions"].as_object().expect("it is shown");
            assert!(permissions["viewForums"] == true && permissions.values().all(serde_json::Value::is_boolean));
            assert_eq!(permissions.len(), 30, "what a role can't do is false: {role}");
        }
    }
}
