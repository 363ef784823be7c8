//! The forms of paging that a request can have.

use rblxopencloud::{Cursor, ErrorKind, Method, Paging};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{self, Reply, Server, fails};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    id: String,
    display_name: String,
}

const ROLES: &str = "/cloud/v2/groups/{group}/roles";

#[test]
fn pages_are_followed_and_strange_items_are_counted() {
    let server = Server::start(|request| {
        Reply::ok(&match request.query("pageToken").as_deref() {
            None => json!({ "groupRoles": [{ "id": "1", "displayName": "Guest" }, 5], "nextPageToken": "n" }),
            Some("n") => json!({ "groupRoles": [{ "id": "2", "displayName": "Owner" }], "nextPageToken": "" }),
            Some(other) => panic!("unexpected page token {other}"),
        })
    });
    let request = || server.client().request(Method::Get, ROLES).param("group", 7).query("maxPageSize", 20);
    let mut roles = request().pages_of::<Role>("groupRoles");
    let ids: Vec<String> = roles.by_ref().map(|role| role.expect("the pages are good").id).collect();
    assert_eq!((ids, roles.unreadable_count()), (vec!["1".to_owned(), "2".to_owned()], 1));
    let sizes: Vec<_> = server.requests().iter().map(|request| request.query("maxPageSize")).collect();
    assert_eq!(sizes, [Some("20".to_owned()), Some("20".to_owned())]);

    let mut first = request().pages_of::<Role>("groupRoles");
    first.next().expect("an item").expect("a role");
    let rest = request().pages_of::<Role>("groupRoles").resume_from(first.cursor());
    assert_eq!(rest.map(|role| role.expect("a role").id).collect::<Vec<_>>(), ["2"]);
    let other = server.client().request(Method::Get, ROLES).param("group", 8).pages_of::<Role>("groupRoles");
    let error = other.resume_from(first.cursor()).next().expect("an error");
    fails(error, ErrorKind::InvalidInput);
    let error = request().pages_of::<Role>("roles").next().expect("an error");
    assert!(fails(error, ErrorKind::InvalidResponse).to_string().contains("groupRoles"));
}

/// The pages of the numbers below 5, in the form that the path tells.
fn numbers(request: &support::Request) -> Reply {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let get = |name: &str| {
        let in_body = body.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        request.query(name).or(in_body)
    };
    let token = ["pageToken", "cursor", "PageToken", "Skip", "page"].into_iter().find_map(get);
    let at = match (token.as_deref(), get("page").is_some() || request.path() == "/numbered") {
        (None, _) => 0,
        (Some(page), true) => 2 * (page.parse::<usize>().expect("a number") - 1),
        (Some(token), false) => token.parse().expect("a number"),
    };
    let items: Vec<usize> = (at..5.min(at + 2)).collect();
    let next = at + 2;
    Reply::ok(&match request.path() {
        "/tokens" | "/capitals" if next < 5 => json!({ "items": items, "nextPageToken": next.to_string() }),
        "/tokens" => json!({ "items": items, "nextPageToken": null }),
        "/capitals" => json!({ "items": items, "nextPageToken": "" }),
        "/cursors" if next < 5 => {
            json!({ "items": items, "nextPageCursor": next.to_string(), "previousPageCursor": "0" })
        }
        "/cursors" => json!({ "items": items, "previousPageCursor": "0" }),
        "/more" => json!({ "items": items, "nextCursor": next.to_string(), "hasMore": next < 5 }),
        _ => json!({ "items": items }),
    })
}

/// Each form of paging, to the end.
#[test]
fn every_form_of_paging_is_followed() {
    let pages = |paging: Paging, method: Method, queries: &[&str]| {
        let server = Server::start(numbers);
        let path = match (paging, method) {
            _ if paging == Paging::skip().page_size(2) => "/skip",
            _ if paging == Paging::page_numbers().page_size(2) => "/numbered",
            _ if paging == Paging::cursors().page_size(2) => "/cursors",
            _ if paging == Paging::cursors_with_more().page_size(2) => "/more",
            (_, Method::Post) => "/tokens",
            _ => "/capitals",
        };
        let request = server.client().request(method, path).paging(paging);
        let request =
            if method == Method::Post { request.json(&json!({ "query": "tree" })).idempotent() } else { request };
        let items: Vec<usize> =
            request.pages_of("items").collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(items, [0, 1, 2, 3, 4], "{path}");
        let requests = server.requests();
        for (request, of_page) in requests.iter().zip(queries) {
            match method {
                Method::Post => {
                    let body: Value = serde_json::from_slice(&request.body).expect("it is JSON");
                    assert_eq!((&body["query"], &body["maxPageSize"]), (&json!("tree"), &json!(2)));
                    assert!(!request.target.contains('?'), "{}", request.target);
                }
                _ => assert_eq!(request.target, format!("{path}?{of_page}")),
            }
        }
        assert_eq!(requests.len(), queries.len(), "{path}");
    };
    let capitals = Paging::page_tokens().parameter("PageToken").size_parameter("MaxPageSize");
    let of_capitals = ["MaxPageSize=2", "MaxPageSize=2&PageToken=2", "MaxPageSize=2&PageToken=4"];
    pages(capitals.page_size(2), Method::Get, &of_capitals);
    pages(Paging::cursors().page_size(2), Method::Get, &["limit=2", "limit=2&cursor=2", "limit=2&cursor=4"]);
    let of_more = ["pageSize=2", "pageSize=2&cursor=2", "pageSize=2&cursor=4"];
    pages(Paging::cursors_with_more().page_size(2), Method::Get, &of_more);
    let of_skip = ["MaxPageSize=2", "MaxPageSize=2&Skip=2", "MaxPageSize=2&Skip=4", "MaxPageSize=2&Skip=5"];
    pages(Paging::skip().page_size(2), Method::Get, &of_skip);
    let of_numbers = ["limit=2", "limit=2&page=2", "limit=2&page=3", "limit=2&page=4"];
    pages(Paging::page_numbers().page_size(2), Method::Get, &of_numbers);
    pages(Paging::page_tokens().page_size(2).in_body(), Method::Post, &["", "", ""]);
}

#[test]
fn an_empty_page_with_a_token_goes_on_unless_it_is_the_end() {
    let server = || {
        Server::start(|request| match request.query("pageToken") {
            None => Reply::ok(&json!({ "items": [], "nextPageToken": "n" })),
            Some(_) => Reply::ok(&json!({ "items": [1] })),
        })
    };
    let items = |paging: Paging| {
        let server = server();
        let request = server.client().request(Method::Get, "/a").paging(paging);
        request.pages_of::<u64>("items").collect::<Result<Vec<_>, _>>().expect("the pages are good")
    };
    assert_eq!(items(Paging::page_tokens()), [1]);
    assert_eq!(items(Paging::page_tokens().ends_when_empty()), [0; 0]);
}

/// Each form goes on where its cursor is.
#[test]
fn every_form_of_paging_is_resumed() {
    for (paging, pages) in [
        (Paging::page_tokens().page_size(2), "/tokens"),
        (Paging::page_tokens().page_size(2).in_body(), "/tokens"),
        (Paging::skip().page_size(2), "/skip"),
        (Paging::page_numbers().page_size(2), "/numbered"),
        (Paging::page_numbers().page_size(2).in_body(), "/numbered"),
    ] {
        let server = Server::start(numbers);
        let listing = || {
            let method = if paging == paging.in_body() { Method::Post } else { Method::Get };
            server.client().request(method, pages).paging(paging).pages_of::<usize>("items")
        };
        for taken in 0..=5 {
            let mut first = listing();
            let mut items: Vec<usize> = first.by_ref().take(taken).map(|item| item.expect("a number")).collect();
            let rest = listing().resume_from(first.cursor());
            items.extend(rest.map(|item| item.unwrap_or_else(|error| panic!("{pages} {taken}: {error}"))));
            assert_eq!(items, [0, 1, 2, 3, 4], "{pages} after {taken}");
        }
    }
}

#[test]
fn a_cursor_of_another_listing_is_refused() {
    let server = Server::start(numbers);
    let listing = |query: &str, paging: Paging| {
        let request = server.client().request(Method::Post, "/tokens").json(&json!({ "query": query }));
        request.paging(paging).pages_of::<usize>("items")
    };
    let (tokens, skipped) = (Paging::page_tokens().in_body().page_size(2), Paging::skip().in_body().page_size(2));
    let mut first = listing("tree", tokens);
    let items: Vec<usize> = first.by_ref().take(3).map(|item| item.expect("a number")).collect();
    assert_eq!(items, [0, 1, 2]);
    let sent = server.count();
    for (what, other) in [
        ("another body", listing("rock", tokens)),
        ("another page size", listing("tree", tokens.page_size(3))),
        ("another form", listing("tree", skipped)),
    ] {
        let error = fails(other.resume_from(first.cursor()).next().expect(what), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("another listing"), "{what}: {error}");
    }
    for numbered in [skipped, Paging::page_numbers()] {
        let error = listing("tree", numbered).resume_from(Cursor::at_page("2a")).next().expect("a refusal");
        fails(error, ErrorKind::InvalidInput);
    }
    assert_eq!(server.count(), sent);
    let rest: Vec<usize> =
        listing("tree", tokens).resume_from(first.cursor()).map(|item| item.expect("a number")).collect();
    assert_eq!(rest, [3, 4]);
}

#[test]
fn tokens_can_be_numbers_and_have_other_names() {
    let server = Server::start(|request| match request.query("from").as_deref() {
        None => Reply::ok(&json!({ "items": [1], "hasMore": false, "continueAt": 12_345_678_901_234_u64 })),
        Some("12345678901234") => Reply::ok(&json!({ "items": [2], "continueAt": null })),
        Some(other) => panic!("unexpected token {other}"),
    });
    let paging = Paging::cursors_with_more().next_field("continueAt").parameter("from");
    let pages = server.client().request(Method::Get, "/a").paging(paging).pages_of::<u64>("items");
    assert_eq!(pages.collect::<Result<Vec<_>, _>>().expect("the pages are good"), [1, 2]);
}

#[test]
fn an_item_that_should_be_an_object_and_is_a_list_is_unreadable() {
    let server =
        Server::script([Reply::ok(&json!({ "roles": [["1", "Guest"], { "id": "2", "displayName": "Owner" }] }))]);
    let mut roles = server.client().request(Method::Get, ROLES).param("group", 7).pages_of::<Role>("roles");
    assert_eq!(roles.by_ref().map(|role| role.expect("a role").id).collect::<Vec<_>>(), ["2"]);
    assert_eq!(roles.unreadable_count(), 1);
}

#[test]
fn several_values_make_several_listings_and_no_call() {
    let server = Server::start(|request| Reply::ok(&json!({ "items": [request.query("kind")] })));
    let request = |kinds: &[&str]| {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned());
        server.client().request(Method::Get, "/a").query_each("kind", kinds)
    };
    let items = |kinds: &[&str]| request(kinds).pages_of::<String>("items").collect::<Result<Vec<_>, _>>();
    assert_eq!(items(&["x", "y z"]).expect("the pages are good"), ["x", "y z"]);
    assert_eq!(items(&[]).expect("there is nothing"), [""; 0]);
    assert_eq!(server.count(), 2);
    for end in [request(&["x"]).send(), request(&[]).fetch::<Value>().map(drop), request(&["x"]).response().map(drop)] {
        let error = fails(end, ErrorKind::InvalidInput);
        assert!(error.to_string().contains("query_each"), "{error}");
    }
    fails(request(&["x"]).operation::<Value>().map(drop), ErrorKind::InvalidInput);
    assert_eq!(server.count(), 2);
}
