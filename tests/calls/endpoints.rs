//! Each call requests its endpoint, and the documentation of `endpoints` describes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rblxopencloud::endpoints::Budget;
use rblxopencloud::{ErrorKind, endpoints};

use crate::support::calls::calls;
use crate::support::{Reply, Server, fails};

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

/// The endpoints without a row in the table of calls, and why.
const WITHOUT_ROW: &[(&str, &str)] = &[
    ("AUTHORIZE", "a page for the browser, which no method requests"),
    ("LIST_SIGNING_KEYS", "requested only to check an id token; see tests/oauth2/app.rs"),
    ("GET_USER_INFO", "needs an access token with the scope openid, which no key of the table's clients has"),
];

/// Collects the names of the constants that are endpoints from the sources in a directory.
fn endpoint_names(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the entry is there").path();
        if path.is_dir() {
            endpoint_names(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("the source is UTF-8");
            let constants = source.lines().filter_map(|line| line.trim_start().strip_prefix("pub const "));
            let endpoints = constants.filter_map(|constant| constant.split_once(": Endpoint"));
            names.extend(endpoints.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn each_endpoint_has_a_row_in_the_table_of_calls() {
    let mut names = BTreeSet::new();
    endpoint_names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    assert!(names.contains("GET_USER") && names.contains("UPDATE_ASSET"), "the constants aren't found: {names:?}");
    let table = include_str!("../support/calls.rs");
    let words: BTreeSet<&str> = table.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    for name in &names {
        let reason = WITHOUT_ROW.iter().find(|(known, _)| known == name);
        assert!(words.contains(name.as_str()) != reason.is_some(), "{name} has no row, or an outdated exception");
    }
    for (name, reason) in WITHOUT_ROW {
        assert!(names.contains(*name), "{name} isn't an endpoint any more: {reason}");
    }
}

#[test]
fn a_missing_scope_is_named_for_each_call() {
    for call in calls() {
        let server = Server::script([Reply::text(403, r#"{"code":"INSUFFICIENT_SCOPE","message":"no"}"#)]);
        let error = fails((call.make)(&server.client()), ErrorKind::PermissionDenied);
        let scopes = call.endpoint.scopes();
        // Of alternatives, only the narrow one is named.
        let named = if call.endpoint == endpoints::GET_SUBSCRIPTION { &scopes[..1] } else { scopes };
        for scope in named {
            assert!(error.to_string().contains(scope), "{}: {error}", call.method);
        }
    }
}

/// The cells of the table of scopes and budgets in the documentation of `endpoints`.
fn rows() -> Vec<Vec<String>> {
    let source = include_str!("../../src/lib.rs");
    let table = source.split("/// | call | scopes |").nth(1).expect("the documentation has the table");
    let lines = table.lines().skip(2).map_while(|line| line.strip_prefix("/// |"));
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn code(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_documented_scopes_and_budgets_are_those_of_the_endpoints() {
    let rows = rows();
    let mut named = BTreeSet::new();
    for call in calls() {
        let row = rows.iter().find(|row| code(&row[0]).contains(call.method));
        let row = row.unwrap_or_else(|| panic!("the documentation doesn't name {}", call.method));
        named.insert(&row[0]);
        assert_eq!(code(&row[1]), call.endpoint.scopes().iter().copied().collect(), "{}", call.method);
        let shown = |budget: Budget| budget.to_string().trim_end_matches(" a minute").to_owned();
        let budget = |budget: Option<Budget>| budget.map_or_else(|| "-".to_owned(), shown);
        let budgets = format!("{} / {}", budget(call.endpoint.key_budget()), budget(call.endpoint.oauth_budget()));
        assert_eq!(row[2], budgets, "{}", call.method);
    }
    assert_eq!(named.len(), rows.len(), "a row is about no call: {rows:?}");
}
