//! What is said of each endpoint is what Roblox's description of the API says, and what the README's table says.

mod support;

use std::collections::BTreeSet;
use std::{env, fs};

use rblxopencloud::ErrorKind;
use serde_json::Value;
use support::calls::{Call, calls};
use support::{Reply, Server, fails};

/// A path with the names of its parameters left out: Roblox's names differ from ours.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once('{') {
        Some((before, after)) => format!("{before}{{{}", after.split_once('}').map_or("", |(_, rest)| rest)),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[test]
fn each_endpoint_is_described_as_roblox_describes_it() {
    let Ok(path) = env::var("OPEN_CLOUD_SPEC") else {
        eprintln!("OPEN_CLOUD_SPEC is not set: nothing was compared");
        return;
    };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let document: Value = serde_json::from_str(&text).expect("the description is JSON");
    let paths = document["paths"].as_object().expect("it has paths");
    for Call { endpoint, .. } in calls() {
        let method = endpoint.method().as_str().to_lowercase();
        let described = paths
            .iter()
            .find(|(path, item)| shape(path) == shape(endpoint.path()) && item.get(&method).is_some())
            .map_or_else(|| panic!("{endpoint} is not described"), |(_, item)| &item[&method]);
        let scopes = described["x-roblox-scopes"].as_array().into_iter().flatten();
        let scopes: BTreeSet<&str> = scopes.filter_map(|scope| scope["name"].as_str()).collect();
        assert_eq!(endpoint.scopes().iter().copied().collect::<BTreeSet<_>>(), scopes, "{endpoint}");
        let limits = &described["x-roblox-rate-limits"];
        for (budget, name) in
            [(endpoint.key_budget(), "perApiKeyOwner"), (endpoint.oauth_budget(), "perOauth2Authorization")]
        {
            assert_eq!(limits[name]["period"], "MINUTE", "{endpoint}");
            assert_eq!(budget.map(u64::from), limits[name]["maxInPeriod"].as_u64(), "{endpoint}: {name}");
        }
    }
}

#[test]
fn each_call_asks_for_its_endpoint() {
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
fn the_readme_says_of_each_call_what_the_endpoint_says() {
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
