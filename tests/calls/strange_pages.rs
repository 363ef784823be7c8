//! Pages with strange content: what can be read is read, the rest is reported, and nothing else is lost.

use rblxopencloud::{
    Cursor, ErrorKind, GroupMembership, InventoryAssetType, InventoryItem, InventoryItems, Pager, User,
};
use serde_json::{Value, json};

use crate::support::{Reply, Server, USER, fails};

fn inventory(items: &Value) -> Reply {
    Reply::ok(&json!({ "inventoryItems": items, "nextPageToken": "" }))
}

fn memberships(items: &Value, next: &str) -> Reply {
    Reply::ok(&json!({ "groupMemberships": items, "nextPageToken": next }))
}

fn one_item(item: &Value) -> InventoryItem {
    let server = Server::script([inventory(&json!([item]))]);
    let mut items: Vec<_> = server.user().list_inventory().collect::<Result<_, _>>().expect("it is read");
    assert_eq!(items.len(), 1, "{item}");
    items.remove(0)
}

#[test]
fn assets_need_only_their_id() {
    for details in [
        json!({ "assetId": "5" }),
        json!({ "assetId": 5 }),
        json!({ "assetId": "5", "inventoryItemAssetType": null }),
        json!({ "assetId": "5", "inventoryItemAssetType": 41 }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "instanceId": "abc" }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "instanceId": -1 }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "instanceId": [] }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "collectibleDetails": "yes" }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "collectibleDetails": { "serialNumber": "first" } }),
        json!({ "assetId": "5", "inventoryItemAssetType": "HAT", "collectibleDetails": { "itemId": 7, "instanceState": {} } }),
    ] {
        for item in [
            json!({ "assetDetails": details }),
            json!({ "assetDetails": details, "path": 7, "addTime": 12 }),
            json!({ "assetDetails": details, "badgeDetails": null, "gamePassDetails": "no" }),
        ] {
            let InventoryItem::Asset(asset) = one_item(&item) else { panic!("{item} is an asset") };
            assert_eq!(asset.id, 5, "{item}");
            let written = details["inventoryItemAssetType"].as_str().unwrap_or_default();
            assert_eq!(asset.asset_type, InventoryAssetType::from(written), "{item}");
            let again: InventoryItem =
                serde_json::from_value(serde_json::to_value(asset_item(&asset)).expect("JSON")).expect("it is read");
            assert_eq!(again, asset_item(&asset));
        }
    }
}

fn asset_item(asset: &rblxopencloud::inventory::InventoryAsset) -> InventoryItem {
    InventoryItem::Asset(asset.clone())
}

#[test]
fn other_items_need_only_their_id() {
    for (details, id) in
        [("badgeDetails", "badgeId"), ("gamePassDetails", "gamePassId"), ("privateServerDetails", "privateServerId")]
    {
        for item in [
            json!({ details: { id: "5" } }),
            json!({ details: { id: 5, "more": {} }, "path": [], "addTime": "soon" }),
            json!({ details: { id: "5" }, "assetDetails": "none" }),
        ] {
            let read = one_item(&item);
            assert!(!matches!(read, InventoryItem::Unknown(_)), "{item}");
        }
        let without_id = json!({ details: { id: "five" } });
        assert_eq!(one_item(&without_id), InventoryItem::Unknown(without_id.clone()));
    }
}

#[test]
fn a_membership_without_its_user_is_read_from_its_path() {
    for (path, user) in [
        ("groups/7/memberships/MTU2", 156),
        ("groups/7/memberships/MTU=", 15),
        ("groups/7/memberships/MTU", 15),
        ("groups/7/memberships/156", 156),
        ("groups/7/memberships/18446744073709551615", u64::MAX),
    ] {
        let server = Server::script([memberships(&json!([{ "path": path, "role": "groups/7/roles/9" }]), "")]);
        let groups: Vec<GroupMembership> = server.user().list_groups().collect::<Result<_, _>>().expect("it is read");
        assert_eq!((groups[0].group_id, groups[0].user_id, groups[0].role_id), (7, user, Some(9)), "{path}");
    }
}

fn good(number: u64) -> Value {
    json!({ "path": format!("groups/{number}/memberships/MTU2"), "user": "users/156", "role": format!("groups/{number}/roles/9") })
}

#[test]
fn strange_items_do_not_end_a_loop() {
    fn all(mut members: Pager<GroupMembership>) -> Result<(Vec<u64>, u64, usize), rblxopencloud::Error> {
        let mut groups = Vec::new();
        for member in &mut members {
            groups.push(member?.group_id);
        }
        Ok((groups, members.unreadable_count(), members.unreadable().len()))
    }
    let strange = [json!(17), json!(null), json!("x"), json!([]), json!({}), json!({ "path": "clans/1" })];
    for item in &strange {
        let mut first = vec![item.clone()];
        first.extend((1..=10).map(good));
        let server = Server::script([memberships(&json!(first), "next"), memberships(&json!([good(11)]), "")]);
        let (groups, count, kept) = all(server.user().list_groups()).expect("nothing failed");
        assert_eq!((groups, count, kept), ((1..=11).collect(), 1, 1), "{item}");
    }
    // A listing of unreadable items keeps a bounded number of them.
    let many = memberships(&json!(vec![17; 250]), "next");
    let server = Server::script([many.clone(), memberships(&json!([good(1)]), "")]);
    assert_eq!(all(server.user().list_groups()).expect("nothing failed"), (vec![1], 250, 100));
    let server = Server::script([many, memberships(&json!([good(1)]), "")]);
    let pages: Vec<_> = server.user().list_groups().pages().collect::<Result<_, _>>().expect("nothing failed");
    assert_eq!((pages[0].items.len(), pages[0].unreadable.len()), (0, 250));
}

#[test]
fn a_deep_item_is_one_unreadable_item() {
    for depth in [120, 127, 128, 150, 10_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for item in [
            deep.clone(),
            format!(r#"{{"path":"groups/1/memberships/?","user":{deep}}}"#),
            format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(depth), "}".repeat(depth)),
            r#"{"path":1e999}"#.to_owned(),
        ] {
            let page =
                format!(r#"{{"groupMemberships":[{},{item},{}],"nextPageToken":"","more":{deep}}}"#, good(1), good(2));
            let server = Server::script([Reply::text(200, page)]);
            let mut groups = server.user().list_groups();
            let ids: Vec<u64> = groups.by_ref().map(|group| group.expect("nothing failed").group_id).collect();
            assert_eq!((ids, groups.unreadable_count()), (vec![1, 2], 1), "{depth}");
            assert_eq!(groups.unreadable().len(), 1);
        }
        // What isn't a field of the model can have any depth.
        let page = format!(r#"{{"inventoryItems":[{{"badgeDetails":{{"badgeId":"1"}},"more":{deep}}},{deep}]}}"#);
        let server = Server::script([Reply::text(200, page)]);
        let mut items = server.user().list_inventory();
        let badges = items.by_ref().map(|item| item.expect("nothing failed").id()).collect::<Vec<_>>();
        assert_eq!(badges.first(), Some(&Some(1)), "{depth}");
        assert_eq!(badges.len() as u64 + items.unreadable_count(), 2, "{depth}");
        let empty = format!(r#"{{"inventoryItems":[],"more":{deep}}}"#);
        let server = Server::script([Reply::text(200, empty)]);
        assert!(server.user().list_inventory().next().is_none(), "{depth}");
    }
    // Broken characters are mended within such a page, too.
    let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
    let page = format!(r#"{{"inventoryItems":[{{"path":"cut \ud83d","badgeDetails":{{"badgeId":1,"x":7}}}},{deep}]}}"#);
    let server = Server::script([Reply::text(200, page)]);
    let item = server.user().list_inventory().next().expect("an item").expect("nothing failed");
    assert_eq!((item.id(), item.path()), (Some(1), "cut \u{fffd}"));
}

#[test]
fn broken_characters_fail_nothing() {
    let profile = |about: &str| {
        format!("\u{feff}{{\"id\":\"156\",\"name\":\"a\",\"displayName\":\"\\ude00\",\"about\":\"{about}\"}}")
    };
    for about in ["cut \\ud83d", "\\ud83d", "\\ud83d\\ud83d", "fine \\ud83d\\ude00", "\\\\ud83d"] {
        let server = Server::script([Reply::text(200, profile(about))]);
        let info = server.user_without_retries().fetch_info().unwrap_or_else(|error| panic!("{about}: {error}"));
        assert_eq!(info.username, "a");
    }
    let server = Server::script([Reply::text(200, b"{\"id\":\"156\",\"name\":\"a\",\"about\":\"\xf0\x9f\"}".to_vec())]);
    assert_eq!(server.user().fetch_info().expect("it is read").about, "\u{fffd}");

    let done = r#"{"path":"operations/abc","done":true,"response":{"assetId":"4242","displayName":"cut \ud83d"}}"#;
    let server = Server::script([Reply::text(200, format!("\u{feff}{done}"))]);
    let operation = server.client().operation("operations/abc".parse().expect("a name"));
    assert_eq!(operation.wait().expect("the upload succeeded").id, 4242);

    let page = r#"{"inventoryItems":[{"path":"\ud83d","badgeDetails":{"badgeId":"1"}},{"x":"\ude00"}]}"#;
    let server = Server::script([Reply::text(200, page)]);
    let items: Vec<_> = server.user().list_inventory().collect::<Result<_, _>>().expect("they are read");
    assert_eq!(items.len(), 2);

    let server =
        Server::script([Reply::text(400, "\u{feff}{\"code\":\"INVALID_ARGUMENT\",\"message\":\"cut \\ud83d\"}")]);
    let error = fails(server.user().fetch_info(), ErrorKind::Rejected);
    assert_eq!((error.code(), error.message()), (Some("INVALID_ARGUMENT"), Some("cut \u{fffd}")));
}

#[test]
fn lists_of_another_name_are_an_error() {
    for (body, names) in [
        (json!({ "groupRoles": [{ "id": 1 }] }), &["inventoryItems", "groupRoles"][..]),
        (json!({ "groupMemberships": [], "nextPageToken": "" }), &["inventoryItems", "groupMemberships"]),
        (json!({ "items": [1], "nextPageToken": "more" }), &["inventoryItems", "items"]),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let error = fails(server.user().list_inventory().next().expect("not the end"), ErrorKind::InvalidResponse);
        for name in names {
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    let with_error = json!({ "code": "INTERNAL", "message": "broken", "nextPageToken": "more" });
    let server = Server::script([Reply::ok(&with_error)]);
    let error = fails(server.user().list_inventory().next().expect("not the end"), ErrorKind::InvalidResponse);
    assert_eq!(error.message(), Some("broken"));
    for empty in [
        json!({}),
        json!({ "nextPageToken": "" }),
        json!({ "inventoryItems": null }),
        json!({ "inventoryItems": [] }),
        json!({ "inventoryItems": [], "facets": [1], "totals": {} }),
        json!({ "code": 0 }),
    ] {
        let server = Server::script([Reply::ok(&empty)]);
        assert!(server.user().list_inventory().next().is_none(), "{empty}");
    }
}

fn requested_ids(server: &Server) -> Vec<(String, Vec<u64>)> {
    let requests = server.requests();
    let filters = requests.iter().map(|request| request.query("filter").expect("a filter"));
    filters
        .flat_map(|filter| {
            let fields = filter.split(';').map(|field| {
                let (name, ids) = field.split_once('=').expect("a value");
                (name.to_owned(), ids.split(',').map(|id| id.parse().expect("an id")).collect())
            });
            fields.collect::<Vec<_>>()
        })
        .collect()
}

fn badges(user: &User, ids: &[u64]) -> InventoryItems {
    user.list_inventory().badges(ids)
}

/// Owns every requested badge; ten of them are on a page.
fn owner_of_everything() -> Server {
    Server::start(|request| {
        let filter = request.query("filter").expect("a filter");
        let ids: Vec<&str> = filter.split_once('=').expect("a value").1.split(',').collect();
        let at: usize = request.query("pageToken").map_or(0, |token| token.parse().expect("a number"));
        let page: Vec<Value> =
            ids[at..ids.len().min(at + 10)].iter().map(|id| json!({ "badgeDetails": { "badgeId": id } })).collect();
        let next = if at + 10 < ids.len() { (at + 10).to_string() } else { String::new() };
        Reply::ok(&json!({ "inventoryItems": page, "nextPageToken": next }))
    })
}

fn id(item: InventoryItem) -> u64 {
    if let InventoryItem::Badge(badge) = item { badge.id } else { panic!("{item:?} is not a badge") }
}

#[test]
fn long_filters_are_split_into_requests_that_fit() {
    for count in [0, 1, 120, 1816, 10_000, 100_000] {
        for step in [1, 150_000_000_000_001] {
            let server = Server::script([inventory(&json!([]))]);
            let ids: Vec<u64> = (1..=count).map(|number| number * step % (1 << 53)).collect();
            assert!(badges(&server.user(), &ids).next().is_none());
            let requested: Vec<u64> = requested_ids(&server).into_iter().flat_map(|(_, ids)| ids).collect();
            assert_eq!(requested, ids, "each id is requested once and in order");
            for request in server.requests() {
                assert!(request.target.len() < 7000, "a target of {} bytes", request.target.len());
            }
        }
    }
    // All fields of one filter share its requests.
    let server = Server::script([inventory(&json!([]))]);
    let items = server.user().list_inventory().asset_ids(1..1000).badge_ids(1..1000).game_passes([7]);
    assert!(items.private_server_ids(1..1000).next().is_none());
    let requested = requested_ids(&server);
    for (field, count) in [("assetIds", 999), ("badgeIds", 999), ("gamePassIds", 1), ("privateServerIds", 999)] {
        let ids: Vec<u64> =
            requested.iter().filter(|(name, _)| name == field).flat_map(|(_, ids)| ids.clone()).collect();
        assert_eq!(ids.len(), count, "{field}");
    }
    assert!(server.count() <= 4, "{} requests", server.count());
}

#[test]
fn a_split_filter_is_one_listing_with_one_cursor() {
    let ids: Vec<u64> = (1..=3000).map(|number| 10_000_000_000 + number).collect();
    let server = owner_of_everything();
    let all: Vec<u64> = badges(&server.user(), &ids).map(|item| id(item.expect("it is good"))).collect();
    assert_eq!(all, ids);
    for taken in [0, 1, 9, 10, 11, 420, 421, 999, 2999, 3000] {
        let mut first = badges(&server.user(), &ids);
        let mut seen: Vec<u64> = first.by_ref().take(taken).map(|item| id(item.expect("it is good"))).collect();
        let saved = first.cursor().to_string();
        let rest = badges(&server.user(), &ids).resume_from(saved.parse::<Cursor>().expect("a cursor"));
        seen.extend(rest.map(|item| id(item.expect("it is good"))));
        assert_eq!(seen, ids, "after {taken}");
    }
    // The cursor isn't valid for other ids.
    let mut first = badges(&server.user(), &ids);
    assert_eq!(first.by_ref().take(2500).count(), 2500);
    let requested = server.count();
    let mut other = badges(&server.user(), &ids[1..]).resume_from(first.cursor());
    fails(other.next().expect("an error"), ErrorKind::InvalidInput);
    assert_eq!(server.count(), requested);
}

#[test]
fn errors_within_a_split_filter_lose_nothing() {
    let ids: Vec<u64> = (1..=3000).map(|number| 10_000_000_000 + number).collect();
    let sound = owner_of_everything();
    let mut broken_at = 0;
    loop {
        let mut replies: Vec<Reply> = Vec::new();
        let whole = |ids: &[u64]| {
            let items: Vec<Value> =
                ids.iter().map(|id| json!({ "badgeDetails": { "badgeId": id.to_string() } })).collect();
            inventory(&json!(items))
        };
        // Three requests are enough for these ids, whatever their size.
        replies.extend((0..broken_at).map(|_| whole(&[])));
        replies.push(Reply::text(500, ""));
        let server = Server::script(replies);
        let mut items = badges(&server.user_without_retries(), &ids);
        let Some(first) = items.next() else { break };
        fails(first, ErrorKind::Server);
        let rest: Vec<u64> =
            badges(&sound.user(), &ids).resume_from(items.cursor()).map(|item| id(item.expect("it is good"))).collect();
        assert!(ids.ends_with(&rest) && !rest.is_empty(), "the rest of the ids, in order");
        if broken_at == 0 {
            assert_eq!(rest, ids);
        }
        broken_at += 1;
        assert!(broken_at < 20, "user {USER} has too many requests");
        if rest.len() < 500 {
            break;
        }
    }
    assert!(broken_at > 2);
}
