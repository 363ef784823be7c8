//! Each call requests its endpoint, and the documentation of `endpoints` describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rblxopencloud::endpoints::Budget;
use rblxopencloud::{Endpoint, ErrorKind, endpoints};

use crate::support::call::Call;
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
        let alternatives = [endpoints::GET_SUBSCRIPTION, endpoints::GET_LUAU_TASK, endpoints::LIST_LUAU_TASK_LOGS];
        let named = if alternatives.contains(&call.endpoint) { &scopes[..1] } else { scopes };
        for scope in named {
            assert!(error.to_string().contains(scope), "{}: {error}", call.method);
        }
    }
}

/// A row of the table of scopes and budgets in the documentation of `endpoints`.
struct Row<'a> {
    endpoint: &'a str,
    methods: BTreeSet<&'a str>,
    scopes: BTreeSet<&'a str>,
    budgets: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let source = include_str!("../../src/lib.rs");
    let table = source.split("/// | endpoint | methods |").nth(1).expect("the documentation has the table");
    let lines = table.lines().skip(2).map_while(|line| line.strip_prefix("/// |"));
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [endpoint, methods, scopes, budgets] = cells[..] else { panic!("a row has four cells: {line}") };
        Row { endpoint: endpoint.trim_matches('`'), methods: code(methods), scopes: code(scopes), budgets }
    };
    lines.map(row).collect()
}

fn code(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The endpoints by the names of their constants.
fn endpoints_by_name() -> BTreeMap<&'static str, Endpoint> {
    let table = include_str!("../support/calls.rs");
    // A method that calls one of two endpoints has a row for each.
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut name = |call: &Call| {
        let row = rows.entry(call.method).or_default();
        *row += 1;
        let row = table.split(&format!("\"{}\",", call.method)).nth(*row).expect("the table has the call");
        let (_, name) = row.split_once("endpoints::").expect("the row has an endpoint");
        name.split(',').next().expect("the name ends with a comma")
    };
    let with_row = calls().into_iter().map(|call| (name(&call), call.endpoint));
    with_row.chain([("GET_USER_INFO", endpoints::GET_USER_INFO)]).collect()
}

/// All scopes that an endpoint's documentation has to name.
fn scopes(endpoint: &Endpoint) -> impl Iterator<Item = &'static str> {
    endpoint.scopes().iter().copied().chain(endpoint.undocumented_scope())
}

#[test]
fn the_documented_scopes_and_budgets_are_those_of_the_endpoints() {
    let (rows, by_name) = (rows(), endpoints_by_name());
    let mut named = BTreeSet::new();
    for call in calls() {
        let row = rows.iter().find(|row| row.methods.contains(call.method) && by_name[row.endpoint] == call.endpoint);
        let row = row.unwrap_or_else(|| panic!("the documentation doesn't name {}", call.method));
        named.insert(row.endpoint);
        assert_eq!(row.scopes, scopes(&call.endpoint).collect(), "{}", call.method);
        let shown = |budget: Budget| budget.to_string().trim_end_matches(" a minute").to_owned();
        let budget = |budget: Option<Budget>| budget.map_or_else(|| "-".to_owned(), shown);
        let budgets = format!("{} / {}", budget(call.endpoint.key_budget()), budget(call.endpoint.oauth_budget()));
        assert_eq!(row.budgets, budgets, "{}", call.method);
    }
    assert_eq!(named.len(), rows.len(), "a row is about no call");
}

/// A public method of the crate, as its source has it.
struct Method {
    /// Such as `Group::fetch_info`.
    name: String,
    /// The paragraphs of its documentation.
    docs: Vec<String>,
    body: String,
}

impl Method {
    /// Returns the endpoints that its documentation says it calls, and the scopes that those sentences name.
    fn documented(&self, names: &BTreeMap<&'static str, Endpoint>) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let (mut called, mut scopes) = (BTreeSet::new(), BTreeSet::new());
        for sentence in self.docs.iter().flat_map(|paragraph| paragraph.split(". ")) {
            let words = code(sentence);
            let linked = |word: &&str| sentence.contains(&format!("[`{word}`]"));
            let calls = |word: &&&str| linked(word) && names.contains_key(**word);
            if sentence.contains("alls [`") && words.iter().any(|word| calls(&word)) {
                called.extend(words.iter().filter(calls));
                scopes.extend(words.iter().filter(|word| !linked(word)));
            }
        }
        (called, scopes)
    }
}

/// Collects the public methods from the sources in a directory.
fn methods(directory: &Path, found: &mut Vec<Method>) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the entry is there").path();
        if path.is_dir() {
            methods(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            methods_in(&fs::read_to_string(&path).expect("the source is UTF-8"), found);
        }
    }
}

fn methods_in(source: &str, found: &mut Vec<Method>) {
    let (mut of, mut docs) = (String::new(), vec![String::new()]);
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("impl ").and_then(|header| header.strip_suffix(" {")) {
            of = header.to_owned();
        }
        let Some(line) = line.strip_prefix("    ") else { continue };
        if let Some(doc) = line.strip_prefix("///") {
            match doc.trim() {
                "" => docs.push(String::new()),
                doc => {
                    let paragraph = docs.last_mut().expect("there is always a paragraph");
                    paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
                    paragraph.push_str(doc);
                }
            }
        } else if let Some(signature) = line.strip_prefix("pub fn ") {
            let name = signature.split(['(', '<']).next().expect("a split yields something");
            let body = lines.by_ref().take_while(|line| *line != "    }").collect::<Vec<_>>().join("\n");
            found.push(Method { name: format!("{of}::{name}"), docs: std::mem::take(&mut docs), body });
            docs.push(String::new());
        } else if !line.starts_with("#[") {
            docs = vec![String::new()];
        }
    }
}

#[test]
fn each_method_that_makes_a_call_links_to_its_endpoint_and_names_its_scopes() {
    let (by_name, mut found) = (endpoints_by_name(), Vec::new());
    methods(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // The methods of the table, and those whose code shows that they make a call.
    let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows() {
        row.methods.into_iter().for_each(|method| _ = expected.entry(method).or_default().insert(row.endpoint));
    }
    for method in &found {
        let borrowed = method.body.split('&').skip(1);
        let words = borrowed.filter_map(|code| code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next());
        let called = words.filter(|word| by_name.contains_key(word));
        called.for_each(|name| _ = expected.entry(&method.name).or_default().insert(name));
    }
    for (name, called) in expected {
        let method = found.iter().find(|method| method.name == name);
        let method = method.unwrap_or_else(|| panic!("{name} isn't in the sources"));
        let (linked, named) = method.documented(&by_name);
        assert_eq!(linked, called, "the endpoints that the documentation of {name} links to after \"Calls\"");
        let scopes: BTreeSet<&str> = called.iter().flat_map(|name| scopes(&by_name[name])).collect();
        assert_eq!(named, scopes, "the scopes in the documentation of {name}");
        let docs = method.docs.join("\n");
        assert!(!scopes.is_empty() || docs.contains("which needs no "), "{name} doesn't say that it needs no scope");
        assert!(!docs.contains("requests a "), "the documentation of {name} repeats a budget");
    }
}
