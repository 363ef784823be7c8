//! The forms of paging that a request can have.

use rblxopencloud::{ErrorKind, Method, Paging};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

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

/// Each form of paging, to the end.
#[test]
fn every_form_of_paging_is_followed() {
    let pages = |paging: Paging, method: Method| {
        let server = Server::start(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let get = |name: &str| {
                let in_body =
                    body.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
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
        });
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
        for request in &requests {
            match method {
                Method::Post => {
                    let body: Value = serde_json::from_slice(&request.body).expect("it is JSON");
                    assert_eq!((&body["query"], &body["maxPageSize"]), (&json!("tree"), &json!(2)));
                    assert!(!request.target.contains('?'), "{}", request.target);
                }
                _ => assert!(request.target.contains("=2"), "{}", request.target),
            }
        }
        (path, requests.len())
    };
    let capitals = Paging::page_tokens().parameter("PageToken").size_parameter("MaxPageSize");
    assert_eq!(pages(capitals.page_size(2), Method::Get), ("/capitals", 3));
    assert_eq!(pages(Paging::cursors().page_size(2), Method::Get), ("/cursors", 3));
    assert_eq!(pages(Paging::cursors_with_more().page_size(2), Method::Get), ("/more", 3));
    assert_eq!(pages(Paging::skip().page_size(2), Method::Get), ("/skip", 4));
    assert_eq!(pages(Paging::page_numbers().page_size(2), Method::Get), ("/numbered", 4));
    assert_eq!(pages(Paging::page_tokens().page_size(2).in_body(), Method::Post), ("/tokens", 3));
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
