//! Walks the examples of Roblox's document: the requests of the client, the responses of the sandbox and the ids in both have
//! their form, the sandbox accepts each example of a parameter, and page sizes are those that it names. `OPEN_CLOUD_SPEC` is
//! the path of the document.
//!
//! What only the client and the sandbox agree on is thereby seen. `DIFFERENT` has the places where the live service is known
//! to differ.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rblxopencloud::asset::Preview;
use rblxopencloud::experience::Restriction;
use rblxopencloud::memory::{NewQueueItem, NewSortedMapItem};
use rblxopencloud::store::{CreatorStoreProductType, Money, StoreProductUpdate};
use rblxopencloud::{Asset, AssetType, AssetUpdate, Creator, GroupMembership, GroupRole, LuauScript};
use rblxopencloud_sandbox::Sandbox;
use serde_json::Value;

use crate::support::document::{Document, example_of, fits};
use crate::support::exchanges::{make_every_call, sandbox};
use crate::support::local::get;
use crate::support::{Reply, Server};

/// The examples that the live service doesn't follow, and what it does in their place.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "groups/123/memberships/123",
        "the id of a membership is the user's in base64url, as all published clients send it",
    ),
    (
        "creator-store-products/123",
        "the id of a product is CreatorMarketplaceAsset-Model-123, as recorded answers have it",
    ),
    (
        "universes/123/places/123/luau-execution-session-tasks/123e4567-e89b-12d3-a456-426655440000",
        "a task is fetched by its full path, and the live service doesn't know it by a shorter one",
    ),
    (
        "universes/123/places/123/luau-execution-session-tasks/123e4567-e89b-12d3-a456-426655440000/logs/123",
        "the path of a log begins with the full path of its task",
    ),
    ("universes/123/user-restrictions/123", "a restriction of a place has the longer of the two documented paths"),
    (
        "universes/123/data-stores/some-data-store/entries/some-data-store-entry",
        "the path of an entry names its scope, unless that is the global one",
    ),
    (
        "universes/123/ordered-data-stores/some-ordered-data-store-id/scopes/some-ordered-data-store-scope-id/entries/\
         some-ordered-data-store-entry-id",
        "a scope and an id can have slashes",
    ),
    ("places/456", "a change of a whole experience has no place, as the document says"),
];

/// The form of a text.
#[derive(Debug, PartialEq)]
enum Form {
    Decimal,
    Uuid,
    Time,
    /// A value of an enum.
    Constant,
    /// The collections and the forms of the ids between them.
    Path(Vec<(String, Form)>),
    Other,
}

impl Form {
    fn of(text: &str) -> Self {
        let is = |class: fn(u8) -> bool| !text.is_empty() && text.bytes().all(class);
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        let segments: Vec<&str> = text.split('/').collect();
        let is_collection =
            |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains(['.', ':']);
        if is(|byte| byte.is_ascii_digit()) {
            Self::Decimal
        } else if groups == [8, 4, 4, 4, 12] && is(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            Self::Uuid
        } else if text.get(..11).is_some_and(|date| date.ends_with('T') && Self::of(&date[..4]) == Self::Decimal) {
            Self::Time
        } else if text.contains('_') && is(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
            Self::Constant
        } else if segments.len() >= 2
            && segments.chunks_exact(2).remainder().is_empty()
            && segments.iter().step_by(2).all(|name| is_collection(name))
        {
            let pairs = segments.chunks(2);
            Self::Path(pairs.map(|pair| (pair[0].to_owned(), Self::of(pair[1]))).collect())
        } else {
            Self::Other
        }
    }

    /// Whether a text has this form. Any text will do for an example in words.
    fn allows(&self, text: &str) -> bool {
        match (self, Self::of(text)) {
            (Self::Other, _) => true,
            // An enum has values without an underscore, such as `NO_ONE` and `EVERYONE`.
            (Self::Constant, _) => {
                text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            }
            (Self::Path(expected), Self::Path(given)) => {
                expected.len() == given.len()
                    && expected.iter().zip(&given).all(|((collection, form), (other, id))| {
                        collection == other && (*form == Self::Other || form == id)
                    })
            }
            (form, other) => *form == other,
        }
    }
}

/// Compares values with the examples of their schemas.
struct Walker<'a> {
    document: &'a Document,
    problems: BTreeSet<String>,
    /// The examples that a value was compared with.
    compared: BTreeSet<String>,
    /// The examples of `DIFFERENT` that a value doesn't follow.
    different: BTreeSet<&'static str>,
}

impl<'a> Walker<'a> {
    fn new(document: &'a Document) -> Self {
        Self { document, problems: BTreeSet::new(), compared: BTreeSet::new(), different: BTreeSet::new() }
    }

    fn walk(&mut self, schema: &Value, value: &Value, what: &str) {
        if let (Some(example), false) = (example_of(schema), value.is_array() || value.is_object()) {
            self.compare(&example, value, what);
        }
        let schema = self.document.resolve(schema).clone();
        for alternative in schema["oneOf"].as_array().into_iter().flatten() {
            self.walk(alternative, value, what);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.walk(part, value, what);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let Some(value) = value.get(name).filter(|value| !value.is_null()) else { continue };
            let what = format!("{what}: {name}");
            // An array can have the example of its items.
            match (value.as_array(), example_of(property)) {
                (Some(items), Some(example)) => items.iter().for_each(|item| self.compare(&example, item, &what)),
                _ => self.walk(property, value, &what),
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.walk(&schema["items"], item, what);
        }
    }

    fn compare(&mut self, example: &Value, value: &Value, what: &str) {
        self.compared.insert(example.to_string());
        let is_right = match (example, value) {
            (Value::Bool(_), _) => value.is_boolean(),
            (Value::Number(_), _) => value.is_number(),
            (Value::String(example), Value::String(text)) => Form::of(example).allows(text),
            _ => false,
        };
        if is_right {
            return;
        }
        match DIFFERENT.iter().find(|(known, _)| *example == *known) {
            Some((known, _)) => drop(self.different.insert(known)),
            None => drop(self.problems.insert(format!("{what} is {value}; the example is {example}"))),
        }
    }

    #[track_caller]
    fn assert_right(&self) {
        assert!(self.problems.is_empty(), "{:#?}", self.problems);
    }
}

#[test]
fn bodies_have_the_form_of_the_examples() {
    let document = Document::as_written();
    let (sandbox, exchanges) = make_every_call();
    let mut walker = Walker::new(&document);
    for exchange in exchanges.iter().filter(|exchange| exchange.status == 200) {
        let Some(operation) = document.operation(&exchange.method, &exchange.path) else { continue };
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let what = format!("{} {}", exchange.method, exchange.path);
        let Some(mut value) = exchange.json().filter(|_| schema.is_object()) else { continue };
        // The operation of a picture has its result in a value of any type.
        if let (true, Some(result)) = (what.contains("Thumbnail"), value.get("response")) {
            walker.walk(document.schema("GenerateUserThumbnailResponse"), &result.clone(), &what);
        }
        // The versions of an asset are in an object, where the document has a bare list.
        if let Some(versions) = value.get_mut("assetVersions").map(Value::take) {
            value = versions;
        }
        walker.walk(schema, &value, &what);
    }
    walker.assert_right();
    for (resource, why) in [("Group", "groups"), ("GroupJoinRequest", "join requests"), ("User", "users")] {
        let path = &document.schema(resource)["properties"]["path"];
        let example = example_of(path).expect("a resource has the example of a path");
        assert!(walker.compared.contains(&example.to_string()), "{why} were not compared");
    }

    for request in sandbox.requests() {
        let Some(operation) = document.operation(&request.method, &request.path) else { continue };
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Ok(value) = serde_json::from_slice(&request.body) else { continue };
        walker.walk(schema, &value, &format!("the body of {} {}", request.method, request.path));
    }
    walker.assert_right();
    for (example, why) in DIFFERENT {
        assert!(walker.different.contains(example), "the example {example} is followed now: {why}");
    }
}

/// The document has one example of a whole response: to an update with a mask.
#[test]
fn the_example_of_an_update_is_read() {
    let document = Document::as_written();
    let update = document.operation("PATCH", "/assets/v1/assets/1").expect("it is described");
    let example = &update["responses"]["200"]["content"]["application/json"]["schema"]["example"];
    let server = Server::script([Reply::text(200, example.as_str().expect("a text"))]);
    let previews = [Preview::new(123, "preview 1"), Preview::new(456, "preview 2")];
    let update = AssetUpdate::default().previews(previews.clone());
    let operation = server.client().asset(789).update_with(update).expect("it is accepted");
    assert!(operation.is_done());
    let asset = operation.wait().expect("it is done");
    assert_eq!((asset.id, asset.previews), (789, previews.to_vec()));
}

/// Returns the form of the ids of each collection, from the examples of paths in the schemas.
fn collections(document: &Document) -> BTreeMap<String, Form> {
    let schemas = document.0["components"]["schemas"].as_object().expect("it has schemas").values();
    let paths = schemas.filter_map(|schema| example_of(&schema["properties"]["path"]));
    let paths: Vec<String> = paths.filter_map(|path| Some(path.as_str()?.to_owned())).collect();
    let known = paths.iter().filter(|path| !DIFFERENT.iter().any(|(different, _)| path == different));
    known
        .filter_map(|path| match Form::of(path) {
            Form::Path(pairs) => Some(pairs),
            _ => None,
        })
        .flatten()
        .collect()
}

#[test]
fn ids_in_paths_have_the_form_of_the_examples() {
    let document = Document::as_written();
    let (sandbox, _) = make_every_call();
    let collections = collections(&document);
    assert_eq!(collections.get("join-requests"), Some(&Form::Decimal), "{collections:#?}");
    assert!(collections.len() > 10, "{collections:#?}");
    let mut compared = BTreeSet::new();
    let mut problems = BTreeSet::new();
    for request in sandbox.requests() {
        // The other APIs don't have the paths of resources.
        let path = ["/cloud/v2/", "/assets/v1/"].iter().find_map(|api| request.path.strip_prefix(api));
        let segments: Vec<&str> = path.unwrap_or_default().split('/').collect();
        for pair in segments.chunks_exact(2) {
            // The verb of a custom method follows an id, or the name of a collection.
            let (Some(form), id) = (collections.get(pair[0]), pair[1].split(':').next().unwrap_or_default()) else {
                continue;
            };
            let id = percent_decode_str(id).decode_utf8_lossy();
            // It stands for all groups.
            if id == "-" {
                continue;
            }
            compared.insert(pair[0].to_owned());
            if !form.allows(&id) {
                problems.insert(format!("{id} in {} {} is not {form:?}", request.method, request.path));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    for collection in ["users", "groups", "roles", "join-requests", "assets", "versions", "universes"] {
        assert!(compared.contains(collection), "no id of {collection} was compared: {compared:?}");
    }
}

/// The samples show forms and JSON where the schemas disagree with the service.
#[test]
fn bodies_are_of_the_type_in_the_samples() {
    let document = Document::as_written();
    let (sandbox, _) = make_every_call();
    let requests = sandbox.requests();
    let mut compared = BTreeSet::new();
    for (method, path, operation) in served(&document) {
        for sample in operation["x-roblox-cloud-api-operation-code-samples"].as_array().into_iter().flatten() {
            let script = sample["script"].as_str().expect("a script");
            let expected = match (script.contains("--form"), script.contains("--data")) {
                (true, _) => Some("multipart/form-data"),
                (_, true) => Some("application/json"),
                _ => None,
            };
            for request in requests.iter().filter(|request| request.method == method && fits(&path, &request.path)) {
                let given = request.header("content-type").and_then(|value| value.split(';').next());
                assert_eq!(given, expected, "{method} {}: {script}", request.path);
                compared.insert((path.clone(), expected));
            }
        }
    }
    let rollback = "/assets/v1/assets/{assetId}/versions:rollback".to_owned();
    assert!(compared.contains(&(rollback, Some("application/json"))) && compared.len() >= 8, "{compared:#?}");
}

/// Returns the endpoints of the document that the sandbox serves: method, template, and what is described.
fn served(document: &Document) -> Vec<(String, String, Value)> {
    let (sandbox, _) = make_every_call();
    let requests = sandbox.requests();
    let paths = document.0["paths"].as_object().expect("it has paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    operations
        .filter(|(method, path, _)| {
            requests.iter().any(|request| request.method == *method && fits(path, &request.path))
        })
        .collect()
}

/// Fills in ids that exist in the sandbox of `exchanges`.
fn filled(template: &str) -> String {
    let ids = [
        ("{user_id}", "156"),
        ("{userId}", "156"),
        ("{group_id}", "7"),
        ("{groupId}", "7"),
        ("{assetId}", "4242"),
        ("{universe_id}", "13058"),
        ("{universeId}", "13058"),
        ("{place_id}", "1818"),
        ("{placeId}", "1818"),
        ("{subscription_product_id}", "EXP-1"),
        ("{subscription_id}", "156"),
        ("{data_store_id}", "Players"),
        ("{ordered_data_store_id}", "Coins"),
        ("{scope_id}", "global"),
        ("{entry_id}", "user_156"),
        ("{sorted_map_id}", "Matches"),
        ("{item_id}", "a"),
        ("{queue_id}", "Jobs"),
    ];
    ids.iter().fold(template.to_owned(), |path, (name, id)| path.replace(name, id))
}

/// Runs a task in a sandbox, and returns [`filled`] for it: the id of a task can't be made up. Writes the player data that it
/// names.
fn filled_for(sandbox: &Sandbox) -> impl Fn(&str) -> String + use<> {
    let experience = sandbox.client().experience(13058);
    experience.data_store("Players").set("user_156", &7).expect("it is set");
    let flush = experience.memory_store().flush().expect("it begins");
    let flush = format!("/{}", flush.name().expect("it has a path"));
    let memory = experience.memory_store();
    memory.sorted_map("Matches").set("a", NewSortedMapItem::new(&1, Duration::from_secs(60))).expect("it is set");
    // Each read takes some.
    for _ in 0..20 {
        memory.queue("Jobs").add(NewQueueItem::new(&1)).expect("it is added");
    }
    let task = sandbox.client().experience(13058).place(1818).run_luau(LuauScript::new("return 1")).expect("it is run");
    let task = format!("/cloud/v2/{}", task.name().expect("it has a path"));
    move |template| match template.strip_suffix("/tasks/{task_id}/logs") {
        Some(_) => format!("{task}/logs"),
        None if template.ends_with("/tasks/{task_id}") => task.clone(),
        None if template.ends_with("/memory-store/operations/{operation_id}") => flush.clone(),
        None => filled(template),
    }
}

fn requested(sandbox: &Sandbox, path: &str, name: &str, value: &str) -> (u16, String) {
    let needed = if path.ends_with(":search") { "searchCategoryType=Model&" } else { "" };
    get(sandbox, &format!("{path}?{needed}{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// The examples of a parameter: those of its schema, all values of an enum, and texts in the description of a filter or a mask.
fn examples_of(document: &Document, parameter: &Value) -> Vec<String> {
    let schema = document.resolve(&parameter["schema"]);
    let named = parameter["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    let values = named.chain(schema["enum"].as_array().into_iter().flatten()).chain(schema.get("example"));
    let values = values.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let description = parameter["description"].as_str().unwrap_or_default();
    let (_, shown) = description.split_once("xample").unwrap_or_default();
    let quoted = shown.split('`').skip(1).step_by(2);
    // Some repeat the name of the parameter.
    let name = format!("{}=", parameter["name"].as_str().unwrap_or_default());
    let quoted = quoted.map(|text| text.strip_prefix(&name).unwrap_or(text));
    values
        .chain(quoted.map(|text| percent_decode_str(unquoted(text)).decode_utf8_lossy().into_owned()))
        // Long ones are on several lines.
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_sandbox_accepts_the_examples_of_parameters() {
    let document = Document::as_written();
    let sandbox = sandbox();
    let filled = filled_for(&sandbox);
    let mut tried = Vec::new();
    for (_, path, operation) in served(&document).iter().filter(|(method, ..)| method == "GET") {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            if parameter["in"] != "query" || parameter["schema"]["type"] == "array" {
                continue;
            }
            // The sandbox has no music charts, and no assets in all categories.
            for example in examples_of(&document, parameter) {
                let (status, body) = requested(&sandbox, &filled(path), name, &example);
                assert_eq!(status, 200, "{path}?{name}={example}: {body}");
                tried.push(format!("{name}={example}"));
            }
        }
    }
    for expected in [
        "format=FORMAT_UNSPECIFIED",
        "shape=SHAPE_UNSPECIFIED",
        "view=VIEW_UNSPECIFIED",
        "maxPageSize=10",
        "filter=user == 'users/156'",
        "filter=quotaType == RateLimitUpload && assetType == Audio",
        "readMask=previews,twitchSocialLink",
        "sortCategory=Top",
    ] {
        assert!(tried.iter().any(|tried| tried == expected), "{expected} was not tried: {tried:#?}");
    }
}

/// Reads the default and the largest page size from the words of the document.
fn page_sizes(parameter: &Value) -> Option<(u64, u64)> {
    let words = parameter["description"].as_str()?.replace('\n', " ");
    let after = |before: &str| {
        let (_, rest) = words.split_once(before)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let default = parameter["schema"]["default"].as_u64();
    let default = default.or_else(|| after("If unspecified, at most ")).or_else(|| after("Defaults to "));
    let largest = parameter["schema"]["maximum"].as_u64();
    Some((default?, largest.or_else(|| after("maximum value is ")).or_else(|| after("from 1 to "))?))
}

#[test]
fn page_sizes_are_those_of_the_document() {
    let document = Document::as_written();
    let (recorded, _) = make_every_call();
    let sandbox = crowded();
    let served = served(&document);
    let mut compared = BTreeSet::new();
    for (_, path, operation) in served.iter().filter(|(method, ..)| method == "GET") {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let Some(parameter) = parameters.into_iter().find(|parameter| parameter["name"] == "maxPageSize") else {
            continue;
        };
        let (default, largest) = page_sizes(parameter).unwrap_or_else(|| panic!("{path}: {parameter:#}"));
        let requests = recorded.requests();
        let sizes: BTreeSet<u64> = requests
            .iter()
            .filter(|request| fits(path, &request.path))
            .filter_map(|request| request.query_value("maxPageSize")?.parse().ok())
            .collect();
        // The best entries of an ordered data store can be less than a page.
        let smaller = if path.contains("/ordered-data-stores/") { Some(1) } else { None };
        let expected = BTreeSet::from_iter(smaller.into_iter().chain([largest]));
        assert_eq!(sizes, expected, "the client's pages of {path}");
        // Quotas are one for each type of asset, and a task has one log, so there are never enough of them.
        if path.ends_with("asset-quotas") || path.ends_with("/tasks/{task_id}/logs") {
            continue;
        }
        let count = |query: &str| {
            let needed = if path.ends_with(":search") { "searchCategoryType=Model" } else { "" };
            let (status, body) = get(&sandbox, &format!("{}?{needed}{query}", filled(path)));
            assert_eq!(status, 200, "{path}{query}: {body}");
            let page: Value = serde_json::from_str(&body).expect("JSON");
            page.as_object().into_iter().flatten().find_map(|(_, list)| list.as_array()).map_or(0, Vec::len) as u64
        };
        assert_eq!((count(""), count(&format!("&maxPageSize={largest}"))), (default, largest), "{path}");
        compared.insert(path.as_str());
    }
    assert!(compared.len() >= 12, "{compared:?}");
}

/// A sandbox in which each listing has more than a page.
fn crowded() -> Sandbox {
    let sandbox = sandbox();
    let client = sandbox.client();
    let free = StoreProductUpdate::new().base_price(Money::usd("0").expect("a price")).published(true);
    for number in 1..=120 {
        let mut asset = Asset::new(number);
        asset.asset_type = Some(AssetType::Model);
        asset.creator = Some(Creator::User(156));
        sandbox.add_asset(asset);
        client.asset(number).create_store_product(&CreatorStoreProductType::Model, &free).expect("it is new");
        sandbox.set_asset_content(4242, "a.rbxm", "model/x-rbxm", *b"<roblox!");
        sandbox.add_role(GroupRole::new(7, number, "Role", 1));
        sandbox.add_membership(GroupMembership::new(7, 1_000_000 + number, 1));
        sandbox.add_join_request(7, 2_000_000 + number);
        let experience = client.experience(13058);
        experience.restrict_user(number, Restriction::permanent()).expect("it is made");
        experience.data_store(format!("Store {number}")).create("a", &1).expect("it is created");
        experience.data_store("Players").set("user_156", &number).expect("it is set");
        // A revision is kept for each hour.
        sandbox.advance_clock(Duration::from_secs(3600));
        sandbox.set_ordered_entry(13058, "Coins", "global", &format!("player_{number}"), 1);
        let item = NewSortedMapItem::new(&1, Duration::from_secs(1_000_000));
        experience.memory_store().sorted_map("Matches").set(&format!("item_{number}"), item).expect("it is set");
    }
    let lines: String = (0..300).map(|number| format!("{{\"id\":\"key_{number}\",\"value\":1}}\n")).collect();
    sandbox.load_entries(13058, "Players", &lines).expect("they are entries");
    sandbox
}
