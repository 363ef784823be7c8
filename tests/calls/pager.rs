//! A listing yields every item, requests no page before it is needed, and never ends early without an error.

use std::time::Duration;

use rblxopencloud::{
    Cursor, ErrorKind, GroupMembership, InventoryAssetType, InventoryItem, InventoryItems, Method, Page, Pager, Pages,
};
use serde_json::{Value, json};

use crate::support::{self, Reply, Request, Server, USER, fails, within};

fn badge(id: u64) -> Value {
    json!({ "badgeDetails": { "badgeId": id.to_string() }, "addTime": "2024-05-01T10:00:00Z" })
}

fn page(ids: &[u64], next: &str) -> Reply {
    let items: Vec<Value> = ids.iter().map(|id| badge(*id)).collect();
    Reply::ok(&json!({ "inventoryItems": items, "nextPageToken": next }))
}

/// Responds by page token; an unknown one is a 400, as from the service.
fn serve(pages: impl IntoIterator<Item = (&'static str, Reply)>) -> Server {
    let pages: Vec<_> = pages.into_iter().collect();
    Server::start(move |request| {
        let token = request.query("pageToken").unwrap_or_default();
        let page = pages.iter().find(|(known, _)| *known == token).map(|(_, page)| page.clone());
        page.unwrap_or_else(|| Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "bad token" })))
    })
}

fn tokens(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| request.query("pageToken").unwrap_or_default()).collect()
}

fn id(item: &InventoryItem) -> u64 {
    match item {
        InventoryItem::Badge(badge) => badge.id,
        other => panic!("{other:?} isn't a badge"),
    }
}

fn ids(items: &mut InventoryItems) -> Vec<u64> {
    items.map(|item| id(&item.expect("the listing goes well"))).collect()
}

/// Returns the items before the error, and the error.
fn until_error<T>(
    listing: &mut impl Iterator<Item = Result<T, rblxopencloud::Error>>,
) -> (Vec<T>, rblxopencloud::Error) {
    let mut items = Vec::new();
    while let Some(item) = listing.next() {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                assert!(listing.next().is_none(), "an error is the last thing that a listing gives");
                assert!(listing.next().is_none(), "and it stays so");
                return (items, error);
            }
        }
        assert!(items.len() < 100_000, "the listing has no end");
    }
    panic!("the listing ended without an error after {} items", items.len());
}

#[test]
fn no_request_is_made_before_the_first_next() {
    let server = serve([("", page(&[1], "a")), ("a", page(&[2], ""))]);
    let user = server.user();
    let mut items = user.list_inventory();
    let _ =
        (user.list_groups(), user.list_inventory().resume_from(Cursor::at_page("a")), user.list_inventory().pages());
    assert!(items.cursor().is_start());
    assert_eq!(server.count(), 0);
    items.next().expect("an item").expect("it is good");
    assert_eq!(server.count(), 1, "the second page is not requested while the first has items");
    drop(items);
    assert_eq!(server.count(), 1);
}

#[test]
fn pages_have_the_largest_size_and_the_same_filter() {
    let server = serve([("", page(&[1], "a+/= &b")), ("a+/= &b", page(&[2], "c")), ("c", page(&[3], ""))]);
    assert_eq!(ids(&mut server.user().list_inventory().badges([1, 2, 3])), [1, 2, 3]);
    assert_eq!(tokens(&server), ["", "a+/= &b", "c"]);
    for request in server.requests() {
        assert_eq!(request.method, "GET");
        assert_eq!(request.path(), format!("/cloud/v2/users/{USER}/inventory-items"));
        assert_eq!(request.query("maxPageSize").as_deref(), Some("100"));
        assert_eq!(request.query("filter").as_deref(), Some("badgeIds=1,2,3"));
        assert_eq!(request.header("x-api-key"), Some(support::KEY));
    }
}

#[test]
fn without_a_filter_none_is_sent() {
    let server = serve([("", page(&[1], ""))]);
    assert_eq!(ids(&mut server.user().list_inventory()), [1]);
    assert_eq!(server.requests()[0].query("filter"), None);
    assert_eq!(server.requests()[0].query("pageToken"), None);
}

#[test]
fn groups_are_listed_by_the_user() {
    let server = serve([("", Reply::ok(&json!({ "groupMemberships": [membership(7)], "nextPageToken": "" })))]);
    let groups: Vec<GroupMembership> = server.user().list_groups().collect::<Result<_, _>>().expect("they are good");
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].group_id, groups[0].user_id, groups[0].role_id), (7, USER, Some(70)));
    let request = &server.requests()[0];
    assert_eq!(request.path(), "/cloud/v2/groups/-/memberships");
    assert_eq!(request.query("filter"), Some(format!("user in ['users/{USER}']")));
    assert_eq!(request.query("maxPageSize").as_deref(), Some("100"));
}

fn membership(group: u64) -> Value {
    json!({
        "path": format!("groups/{group}/memberships/MTU2"),
        "createTime": "2023-01-01T00:00:00Z",
        "updateTime": "2023-01-02T00:00:00.123Z",
        "user": format!("users/{USER}"),
        "role": format!("groups/{group}/roles/{}", group * 10),
    })
}

#[test]
fn an_empty_page_with_a_token_is_not_the_end() {
    let server = serve([
        ("", page(&[], "a")),
        ("a", Reply::ok(&json!({ "nextPageToken": "b" }))),
        ("b", page(&[1], "c")),
        ("c", Reply::ok(&json!({ "inventoryItems": null, "nextPageToken": "d" }))),
        ("d", page(&[2], "")),
    ]);
    assert_eq!(ids(&mut server.user().list_inventory()), [1, 2]);
    assert_eq!(server.count(), 5);
}

#[test]
fn missing_tokens_end_the_listing() {
    for last in [json!({ "nextPageToken": "" }), json!({ "nextPageToken": null }), json!({})] {
        let mut with_item = last.clone();
        with_item["inventoryItems"] = json!([badge(1)]);
        for (body, expected) in [(last, 0), (with_item, 1)] {
            let server = Server::script([Reply::ok(&body)]);
            let mut items = server.user().list_inventory();
            assert_eq!(ids(&mut items).len(), expected, "{body}");
            assert!(items.next().is_none());
            assert_eq!(server.count(), 1, "{body}");
        }
    }
}

#[test]
fn pages_that_cannot_be_followed_are_an_error() {
    for (name, value) in [
        ("nextPageCursor", json!("c")),
        ("nextCursor", json!("c")),
        ("nextToken", json!("c")),
        ("next_page_token", json!("c")),
        ("NextPageToken", json!("c")),
        ("NEXTPAGECURSOR", json!("c")),
        ("nextPageCursor", json!(7)),
        ("nextPageCursor", json!({ "key": "c" })),
    ] {
        for items in [json!([badge(1)]), json!([]), json!(null), json!([badge(1), 5])] {
            let server = Server::script([Reply::ok(&json!({ "inventoryItems": items, name: value }))]);
            let typed = server.user().list_inventory().next().expect("not the end");
            let own = server.client().request(Method::Get, "/a").pages_of::<Value>("inventoryItems").next();
            for error in
                [fails(typed, ErrorKind::InvalidResponse), fails(own.expect("not the end"), ErrorKind::InvalidResponse)]
            {
                assert!(error.to_string().contains(name), "{name}: {error}");
            }
            assert_eq!(server.count(), 2, "{name}");
        }
        // The last page, too.
        let last = json!({ "inventoryItems": [badge(2)], name: value });
        let server = serve([("", page(&[1], "a")), ("a", Reply::ok(&last))]);
        let (items, error) = until_error(&mut server.user().list_inventory());
        assert_eq!((items.len(), error.kind()), (1, ErrorKind::InvalidResponse), "{name}");
    }
    for body in [
        json!({ "inventoryItems": [badge(1)], "nextPageCursor": "" }),
        json!({ "inventoryItems": [badge(1)], "nextPageCursor": null, "previousPageCursor": "c" }),
        json!({ "inventoryItems": [badge(1)], "nextPageToken": "", "tokenOfNextWeek": "c", "cursor": "c" }),
        json!({ "inventoryItems": [badge(1)], "nextReset": "2024-05-01T10:00:00Z" }),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        assert_eq!(ids(&mut server.user().list_inventory()), [1], "{body}");
    }
    // A listing that is followed by its token needs no other field.
    let first = json!({ "inventoryItems": [badge(1)], "nextPageToken": "a", "nextPageCursor": "c" });
    let server = serve([("", Reply::ok(&first)), ("a", page(&[2], ""))]);
    assert_eq!(ids(&mut server.user().list_inventory()), [1, 2]);
}

#[test]
fn repeated_tokens_are_an_error() {
    let server = serve([("", page(&[1], "a")), ("a", page(&[2], "a"))]);
    let (_, error) = until_error(&mut server.user().list_inventory());
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(server.count(), 2, "the page is not requested a second time");

    let server = serve([("a", page(&[2], "a"))]);
    let (_, error) = until_error(&mut server.user().list_inventory().resume_from(Cursor::at_page("a")));
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(server.count(), 1);
}

#[test]
fn token_cycles_of_any_length_are_an_error() {
    for (lead, length) in [(0, 2), (1, 2), (0, 3), (5, 3), (3, 17), (40, 7), (0, 100)] {
        // The number of a page is its token; the first page is 0.
        let server = Server::start(move |request| {
            let at: u64 = request.query("pageToken").map_or(0, |token| token.parse().expect("a number"));
            let next = if at + 1 > lead + length { lead + 1 } else { at + 1 };
            page(&[at], &next.to_string())
        });
        let user = server.user();
        let (items, error) = within(Duration::from_secs(20), move || {
            until_error(&mut user.list_inventory().resume_from(None::<Cursor>))
        });
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{lead} pages, then a circle of {length}");
        assert!(items.len() as u64 >= lead + length, "every page comes once before the circle is called one");
        let bound = usize::try_from(4 * (lead + length) + 4).unwrap();
        assert!(server.count() <= bound, "{} requests for {lead} pages and a circle of {length}", server.count());
    }
}

#[test]
fn many_pages_are_not_a_cycle() {
    let server = Server::start(|request| {
        let at: u64 = request.query("pageToken").map_or(0, |token| token.parse().expect("a number"));
        page(&[at], &if at == 299 { String::new() } else { (at + 1).to_string() })
    });
    assert_eq!(ids(&mut server.user().list_inventory()), (0..300).collect::<Vec<_>>());
    assert_eq!(server.connections(), 1);
}

#[test]
fn an_error_in_the_middle_comes_after_the_items_before_it_and_ends_the_listing() {
    let server = serve([
        ("", page(&[1, 2], "a")),
        ("a", Reply::json(403, &json!({ "code": "PERMISSION_DENIED", "message": "It is private." }))),
    ]);
    let (items, error) = until_error(&mut server.user().list_inventory());
    assert_eq!(items.iter().map(id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((error.kind(), error.message()), (ErrorKind::PermissionDenied, Some("It is private.")));
    assert_eq!(server.count(), 2);
}

#[test]
fn an_error_with_a_good_status_is_not_an_empty_listing() {
    for body in [
        json!({ "errors": [{ "code": 0, "message": "words" }] }),
        json!({ "code": "INTERNAL", "message": "words" }),
        json!({ "error": "INTERNAL", "message": "words" }),
        json!({ "error": { "code": 13, "message": "words" } }),
        json!({ "errorCode": 13, "errorMessage": "words" }),
        json!("words"),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let inventory: Result<Vec<InventoryItem>, _> = server.user().list_inventory().collect();
        let groups: Result<Vec<GroupMembership>, _> = server.user().list_groups().collect();
        for error in [inventory.err(), groups.err()] {
            let error = error.unwrap_or_else(|| panic!("{body} passes for an empty listing"));
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        }
    }
}

#[test]
fn other_responses_are_not_empty_pages() {
    for body in ["", "[]", "null", "<html>hello</html>", "{\"inventoryItems\":[", "{\"inventoryItems\":{}}"] {
        let server = Server::script([Reply::text(200, body)]);
        let outcome: Result<Vec<InventoryItem>, _> = server.user().list_inventory().collect();
        match outcome {
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body:?}"),
            Ok(items) => panic!("{body:?} passes for a listing of {} items", items.len()),
        }
    }
}

#[test]
fn a_listing_that_resumes_at_any_cursor_repeats_nothing_and_skips_nothing() {
    let pages = || [("", page(&[1, 2], "a")), ("a", page(&[], "b")), ("b", page(&[3, 4], "c")), ("c", page(&[5], ""))];
    for taken in 0..=6 {
        let server = serve(pages());
        let mut first = server.user().list_inventory();
        let mut seen: Vec<u64> = first.by_ref().take(taken).map(|item| id(&item.expect("it is good"))).collect();
        let saved = first.cursor().to_string();
        let cursor: Cursor = saved.parse().expect("a cursor");
        let mut rest = server.user().list_inventory().resume_from(cursor.clone());
        assert_eq!(rest.cursor(), cursor);
        seen.extend(ids(&mut rest));
        assert_eq!(seen, [1, 2, 3, 4, 5], "after {taken} items");
        let by_pages = server.user().list_inventory().resume_from(cursor).pages();
        let rest: Vec<u64> = by_pages.flat_map(|page| page.expect("it is good").items).map(|item| id(&item)).collect();
        assert_eq!(rest, seen[taken.min(5)..], "after {taken} items, by pages");
    }
}

#[test]
fn the_cursor_of_another_listing_is_refused() {
    let server = serve([("", page(&[1, 2], "a")), ("a", page(&[3], ""))]);
    let mut items = server.user().list_inventory();
    items.next().expect("an item").expect("it is good");
    let cursor = items.cursor();
    let requested = server.count();
    for mut other in [
        server.client().user(157).list_inventory().resume_from(cursor.clone()),
        server.user().list_inventory().badges(true).resume_from(cursor.clone()),
        server.user().list_inventory().resume_from(cursor).badges(true),
    ] {
        fails(other.next().expect("an error"), ErrorKind::InvalidInput);
        assert!(other.next().is_none());
    }
    assert_eq!(server.count(), requested);
}

#[test]
fn after_an_error_the_cursor_names_the_page_that_failed() {
    for failure in [Reply::text(500, ""), Reply::text(200, "nonsense"), page(&[3], "a"), Reply::HangUp] {
        let broken = serve([("", page(&[1, 2], "a")), ("a", failure)]);
        let mut items = broken.user_without_retries().list_inventory();
        let (mut seen, _) = until_error(&mut items);
        assert!(items.cursor().to_string().ends_with(".a"), "{}", items.cursor());
        let sound = serve([("a", page(&[3], ""))]);
        let rest = sound.user().list_inventory().resume_from(items.cursor());
        seen.extend(rest.map(|item| item.expect("it is good")));
        assert_eq!(seen.iter().map(id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(tokens(&sound), ["a"]);
    }
    let broken = Server::script([Reply::text(404, "")]);
    let mut items = broken.user().list_inventory();
    until_error(&mut items);
    assert!(items.cursor().is_start());
}

#[test]
fn listings_can_resume_after_an_error() {
    let server = Server::script([page(&[1], "a"), Reply::text(500, ""), page(&[2], "")]);
    let mut items = server.user_without_retries().list_inventory();
    until_error(&mut items);
    let cursor = items.cursor();
    assert_eq!(ids(&mut items.resume_from(cursor)), [2]);
    assert_eq!(tokens(&server), ["", "a", "a"]);
}

#[test]
fn whole_pages_come_with_their_cursors() {
    let server = serve([("", page(&[1, 2], "a")), ("a", page(&[], "b")), ("b", page(&[3], ""))]);
    let summary = |page: &Page<InventoryItem>| (page.items.iter().map(id).collect(), page.next_cursor.is_some());
    let all: Vec<(Vec<u64>, _)> =
        server.user().list_inventory().pages().map(|page| summary(&page.expect("it is good"))).collect();
    assert_eq!(all, [(vec![1, 2], true), (vec![], true), (vec![3], false)]);

    // The rest of the current page comes first.
    let mut items = server.user().list_inventory();
    items.next().expect("an item").expect("it is good");
    let first = items.pages().next().expect("a page").expect("it is good");
    assert_eq!(first.items.iter().map(id).collect::<Vec<_>>(), [2]);

    let broken = Server::script([Reply::text(404, "")]);
    let mut pages = broken.user().list_inventory().pages();
    fails(pages.next().expect("an error"), ErrorKind::NotFound);
    assert!(pages.next().is_none() && pages.next().is_none());
}

#[test]
fn unknown_kinds_are_yielded_with_their_json() {
    let strange = json!({ "path": "users/156/inventory-items/x", "spaceshipDetails": { "spaceshipId": "9" } });
    let server =
        Server::script([Reply::ok(&json!({ "inventoryItems": [badge(1), strange, badge(2)], "futureField": {} }))]);
    let items: Vec<InventoryItem> = server.user().list_inventory().collect::<Result<_, _>>().expect("they are good");
    assert_eq!((id(&items[0]), id(&items[2])), (1, 2));
    match &items[1] {
        InventoryItem::Unknown(json) => assert_eq!(json, &strange),
        other => panic!("{other:?} is not an unknown item"),
    }
}

#[test]
fn an_item_with_fields_of_the_wrong_type_does_not_fail_its_page() {
    for strange in [
        json!({ "badgeDetails": { "badgeId": [] } }),
        json!({ "badgeDetails": { "badgeId": "-1" } }),
        json!({ "badgeDetails": "yes" }),
        json!({ "badgeDetails": {} }),
        json!({ "path": 5, "badgeDetails": { "badgeId": "9" } }),
        json!({ "addTime": { "seconds": 5 }, "badgeDetails": { "badgeId": "9" } }),
        json!({ "addTime": "soon", "badgeDetails": { "badgeId": "9" } }),
        json!({ "assetDetails": { "assetId": "9", "inventoryItemAssetType": 9 } }),
        json!({ "assetDetails": { "assetId": "9", "inventoryItemAssetType": "SPACESHIP" } }),
        json!({}),
        json!(null),
        json!("words"),
        json!([1]),
    ] {
        let server = Server::script([Reply::ok(&json!({ "inventoryItems": [badge(1), strange, badge(2)] }))]);
        let items: Result<Vec<InventoryItem>, _> = server.user().list_inventory().collect();
        let items = items.unwrap_or_else(|error| panic!("{strange}: {error}"));
        assert_eq!(items.len(), 3, "{strange}");
        assert_eq!((id(&items[0]), id(&items[2])), (1, 2), "{strange}");
    }
}

#[test]
fn a_membership_with_side_fields_of_the_wrong_type_does_not_fail_its_page() {
    for (field, value) in [
        ("createTime", json!(1_700_000_000)),
        ("updateTime", json!({})),
        ("roles", json!("all")),
        ("roles", json!([5])),
    ] {
        let mut strange = membership(8);
        strange[field] = value;
        let body = json!({ "groupMemberships": [membership(7), strange, membership(9)] });
        let server = Server::script([Reply::ok(&body)]);
        let groups: Result<Vec<GroupMembership>, _> = server.user().list_groups().collect();
        let groups = groups.unwrap_or_else(|error| panic!("{strange}: {error}"));
        assert_eq!(groups.iter().map(|group| group.group_id).collect::<Vec<_>>(), [7, 8, 9], "{strange}");
    }
}

#[test]
fn unreadable_memberships_do_not_fail_their_page() {
    let strange = json!({ "path": "clans/8/memberships/MTU2", "user": "users/156" });
    let body = json!({ "groupMemberships": [membership(7), strange, membership(9)] });
    let server = Server::script([Reply::ok(&body)]);
    let groups: Vec<u64> = server.user().list_groups().flatten().map(|group| group.group_id).collect();
    assert!(groups.contains(&7) && groups.contains(&9), "{groups:?}");
}

#[test]
fn ids_are_strings_or_integers() {
    for large in [json!("123456789012345678"), json!(123_456_789_012_345_678_u64)] {
        let item = |details: &str, field: &str| json!({ details: { field: large } });
        let asset = json!({ "assetDetails": {
            "assetId": large, "inventoryItemAssetType": "HAT", "instanceId": large,
            "collectibleDetails": { "itemId": "uuid", "serialNumber": large },
        } });
        let body = json!({ "inventoryItems": [
            asset,
            item("badgeDetails", "badgeId"),
            item("gamePassDetails", "gamePassId"),
            item("privateServerDetails", "privateServerId"),
        ] });
        let server = Server::script([Reply::ok(&body)]);
        for item in server.user().list_inventory() {
            let id = match item.expect("it is good") {
                InventoryItem::Asset(asset) => {
                    assert_eq!(asset.instance_id, Some(asset.id));
                    assert_eq!(asset.collectible_details.and_then(|details| details.serial_number), Some(asset.id));
                    asset.id
                }
                InventoryItem::Badge(badge) => badge.id,
                InventoryItem::GamePass(game_pass) => game_pass.id,
                InventoryItem::PrivateServer(server) => server.id,
                other => panic!("{other:?} is unknown"),
            };
            assert_eq!(id, 123_456_789_012_345_678);
        }
    }
}

#[test]
fn filters_are_written_as_the_service_reads_them() {
    use InventoryAssetType::{ClassicPants, ClassicShirt, Hat, Unknown};
    type Set = fn(InventoryItems) -> InventoryItems;
    let filters: [(Set, &str); 20] = [
        (|items| items.badges(true), "badges=true"),
        (|items| items.game_passes(true), "gamePasses=true"),
        (|items| items.private_servers(true), "privateServers=true"),
        (|items| items.assets(true), "inventoryItemAssetTypes=*"),
        (|items| items.assets([Hat]), "inventoryItemAssetTypes=HAT"),
        (
            |items| items.assets([ClassicShirt, ClassicPants, ClassicShirt]),
            "inventoryItemAssetTypes=CLASSIC_SHIRT,CLASSIC_PANTS",
        ),
        (|items| items.assets(Unknown("SPACE_SHIP2".into())), "inventoryItemAssetTypes=SPACE_SHIP2"),
        (|items| items.only_collectibles(true), "onlyCollectibles=true;inventoryItemAssetTypes=*"),
        (|items| items.only_collectibles(true).assets([Hat]), "onlyCollectibles=true;inventoryItemAssetTypes=HAT"),
        (
            |items| items.badges(true).only_collectibles(true),
            "onlyCollectibles=true;inventoryItemAssetTypes=*;badges=true",
        ),
        (|items| items.only_collectibles(false).badges(true), "badges=true"),
        (
            |items| items.assets([Hat]).badges(true).game_passes(true).private_servers(true),
            "inventoryItemAssetTypes=HAT;badges=true;gamePasses=true;privateServers=true",
        ),
        (|items| items.assets([3, 1, 3, 1, 2]), "assetIds=3,1,2"),
        (
            |items| items.private_servers([4]).game_passes(vec![3]).badges(vec![2, 2]).assets(u64::MAX),
            "assetIds=18446744073709551615;badgeIds=2;gamePassIds=3;privateServerIds=4",
        ),
        (|items| items.badge_ids([]).game_passes([7]), "gamePassIds=7"),
        (|items| items.badges(false).game_passes([7]), "gamePassIds=7"),
        // The last call counts.
        (|items| items.assets([Hat]).assets(true), "inventoryItemAssetTypes=*"),
        (|items| items.assets(true).assets([1]), "assetIds=1"),
        (|items| items.badges([1]).badges(false).assets([2]), "assetIds=2"),
        (|items| items.badges([1]).badge_ids(2..4), "badgeIds=2,3"),
    ];
    let server = Server::script([Reply::ok(&json!({}))]);
    let user = server.user();
    for (set, expected) in filters {
        assert!(set(user.list_inventory()).next().is_none());
        let request: Request = server.requests().pop().expect("a request");
        assert_eq!(request.query("filter").as_deref(), Some(expected));
    }
}

#[test]
fn empty_filters_list_nothing() {
    let server = Server::script([page(&[1], "")]);
    let user = server.user();
    type Set = fn(InventoryItems) -> InventoryItems;
    let filters: [Set; 6] = [
        |items| items.badges(false),
        |items| items.assets(false).badges(false).game_passes(false).private_servers(false),
        |items| items.only_collectibles(false),
        |items| items.assets(Vec::<InventoryAssetType>::new()),
        |items| items.assets(false).only_collectibles(true),
        |items| items.asset_ids([]).badges(Vec::new()),
    ];
    for set in filters {
        let items = || set(user.list_inventory());
        assert!(items().next().is_none(), "{:?}", items());
        assert!(items().pages().next().is_none(), "{:?}", items());
        assert!(items().resume_from(Cursor::at_page("a")).next().is_none());
    }
    assert_eq!(server.count(), 0);
}

/// Kinds and ids in one filter are refused by the service.
fn refuses_mixes(request: &Request) -> Reply {
    let filter = request.query("filter").expect("a filter");
    let is_kind = |field: &str| field.ends_with("=true") || field.starts_with("inventoryItemAssetTypes=");
    let (kinds, ids): (Vec<&str>, Vec<&str>) = filter.split(';').partition(|field| is_kind(field));
    if !kinds.is_empty() && !ids.is_empty() {
        return Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "a mix" }));
    }
    let first = if ids.is_empty() { 1 } else { 5 };
    match request.query("pageToken") {
        None => page(&[first, first + 1], "a"),
        Some(_) => page(&[first + 2, first + 3], ""),
    }
}

#[test]
fn kinds_and_ids_are_listed_in_sequence_and_resume_exactly() {
    let server = Server::start(refuses_mixes);
    let user = server.user();
    let all = || user.list_inventory().badges(true).assets([1, 2]).game_passes(vec![3]);
    assert_eq!(ids(&mut all()), [1, 2, 3, 4, 5, 6, 7, 8]);
    let filters: Vec<_> = server.requests().iter().map(|request| request.query("filter").expect("a filter")).collect();
    assert_eq!(filters, ["badges=true", "badges=true", "assetIds=1,2;gamePassIds=3", "assetIds=1,2;gamePassIds=3"]);
    for taken in 0..=8 {
        let mut first = all();
        let mut seen: Vec<u64> = first.by_ref().take(taken).map(|item| id(&item.expect("it is good"))).collect();
        let saved = first.cursor().to_string();
        let cursor: Cursor = saved.parse().expect("a cursor");
        // The order of the setters doesn't matter.
        let again = user.list_inventory().resume_from(cursor.clone()).game_passes(vec![3]).badges(true).assets([1, 2]);
        assert_eq!(again.cursor(), cursor, "{taken}");
        seen.extend(again.map(|item| id(&item.expect("it is good"))));
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8], "{taken}");
        assert!(!first.is_finished() || taken == 8);
    }
    let pages = all().pages().map(|page| page.expect("it is good").items.len()).collect::<Vec<_>>();
    assert_eq!(pages, [2, 2, 2, 2]);
}

#[test]
fn a_setter_after_the_first_item_is_an_error() {
    type Set = fn(InventoryItems) -> InventoryItems;
    let late: [Set; 6] = [
        |items| items.assets(true),
        |items| items.badges([1]),
        |items| items.game_passes(false),
        |items| items.private_server_ids([1]),
        |items| items.only_collectibles(true),
        |items| items.resume_from(Cursor::default()).badges(true),
    ];
    for set in late {
        let server = serve([("", page(&[1, 2], "a")), ("a", page(&[3], ""))]);
        let mut items = server.user().list_inventory();
        items.next().expect("an item").expect("it is good");
        let mut items = set(items);
        let error = fails(items.next().expect("not the end"), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("has begun"), "{error}");
        assert!(items.next().is_none() && !items.is_finished());
        fails(items.pages().next().expect("not the end"), ErrorKind::InvalidInput);
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn ids_of_assets_cannot_be_limited_to_collectibles() {
    let server = Server::script([page(&[1], "")]);
    let mut items = server.user().list_inventory().assets([1]).only_collectibles(true);
    let error = fails(items.next().expect("not the end"), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("collectibles") && items.next().is_none(), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn asset_types_cannot_inject_filters() {
    let server = Server::script([page(&[1], "")]);
    for name in ["*", "", "HAT,AUDIO", "HAT;badges=true", "HAT AUDIO", "HÂT"] {
        let types = [InventoryAssetType::Hat, InventoryAssetType::Unknown(name.to_owned())];
        let mut items = server.user().list_inventory().assets(types);
        let (none, error) = until_error(&mut items);
        assert_eq!((none.len(), error.kind()), (0, ErrorKind::InvalidInput), "{name:?}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn listings_can_be_sent_to_other_threads() {
    fn is_send<T: Send>() {}
    is_send::<InventoryItems>();
    is_send::<Pager<GroupMembership>>();
    is_send::<Pages<InventoryItem>>();
    let server = serve([("", page(&[1], ""))]);
    let mut items = server.user().list_inventory();
    let listing = std::thread::spawn(move || ids(&mut items));
    assert_eq!(listing.join().expect("the thread ends"), [1]);
}
