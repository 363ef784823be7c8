//! Each call requests its endpoint, and the README describes it.

mod support;

use std::collections::BTreeSet;

use rblxopencloud::ErrorKind;
use support::calls::calls;
use support::{Reply, Server, fails};

#[test]
fn each_call_requests_its_endpoint() {
    for call in calls() {
        let server = Server::script([Reply::ok(&(call.answer)())]);
        (call.make)(&server.client()).unwrap_or_else(|error| panic!("{}: {error}", call.method));
        let request = &server.requests()[0];
        assert_eq!(request.method, call.endpoint.method().as_str(), "{}", call.method);
        assert_eq!(request.path(), call.path(), "{}", call.method);
        assert_eq!(server.count(), 1, "{}", call.method);
    }
}

#[test]
fn a_missing_scope_is_named_for_each_call() {
    for call in calls() {
        let server = Server::script([Reply::text(403, r#"{"code":"INSUFFICIENT_SCOPE","message":"no"}"#)]);
        let error = fails((call.make)(&server.client()), ErrorKind::PermissionDenied);
        for scope in call.endpoint.scopes() {
            assert!(error.to_string().contains(scope), "{}: {error}", call.method);
        }
    }
}

/// The cells of the README's table of scopes and budgets.
fn rows() -> Vec<Vec<String>> {
    let readme = include_str!("../README.md");
    let table = readme.split("| call | scopes |").nth(1).expect("the README has the table");
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn code(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_readme_matches_the_endpoints() {
    let rows = rows();
    let mut named = BTreeSet::new();
    for call in calls() {
        let row = rows.iter().find(|row| code(&row[0]).contains(call.method));
        let row = row.unwrap_or_else(|| panic!("the README doesn't name {}", call.method));
        named.insert(&row[0]);
        assert_eq!(code(&row[1]), call.endpoint.scopes().iter().copied().collect(), "{}", call.method);
        let budget = |budget: Option<u32>| budget.map_or_else(|| "-".to_owned(), |budget| budget.to_string());
        let budgets = format!("{} / {}", budget(call.endpoint.key_budget()), budget(call.endpoint.oauth_budget()));
        assert_eq!(row[2], budgets, "{}", call.method);
    }
    assert_eq!(named.len(), rows.len(), "a row of the README is about no call: {rows:?}");
}
