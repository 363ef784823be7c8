//! Properties of filters, responses, uploads and pages, with thousands of made-up cases.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rblxopencloud::asset::Check;
use rblxopencloud::{
    AssetFile, AssetType, AssetUpload, Client, InventoryAssetType, InventoryItem, InventoryItems, RetryPolicy, UserInfo,
};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::random::Random;

/// This many cases of these choices.
fn cases(cases: u32, choices: &Random) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(choices.seed());
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

fn sandbox_with_user() -> Sandbox {
    let sandbox = Sandbox::start().expect("a free port");
    sandbox.add_user(UserInfo::new(156, "builderman"));
    sandbox
}

/// A client without retries.
fn hasty(sandbox: &Sandbox) -> Client {
    let client = Client::builder(sandbox.api_key()).base_url(sandbox.url()).retry(RetryPolicy::none());
    client.timeouts(rblxopencloud::Timeouts::new().attempt(Duration::from_secs(5))).build().expect("fine")
}

/// A step in building a filter by kind, and what it adds.
#[derive(Clone, Debug)]
enum Named {
    AllAssets,
    Types(Vec<InventoryAssetType>),
    OnlyCollectibles,
    Badges,
    GamePasses,
    PrivateServers,
}

fn named() -> impl Strategy<Value = Named> {
    let types = vec(prop::sample::select(InventoryAssetType::KNOWN), 0..6).prop_map(Named::Types);
    let others = prop::sample::select(vec![
        Named::AllAssets,
        Named::OnlyCollectibles,
        Named::Badges,
        Named::GamePasses,
        Named::PrivateServers,
    ]);
    prop_oneof![types, others]
}

fn build(items: InventoryItems, named: &Named) -> InventoryItems {
    match named {
        Named::AllAssets => items.assets(true),
        Named::Types(types) => items.assets(types),
        Named::OnlyCollectibles => items.only_collectibles(true),
        Named::Badges => items.badges(true),
        Named::GamePasses => items.game_passes(true),
        Named::PrivateServers => items.private_servers(true),
    }
}

/// The fields and values of a filter.
fn parse(filter: &str) -> Vec<(String, Vec<String>)> {
    let fields: Vec<(String, Vec<String>)> = filter
        .split(';')
        .map(|field| {
            let (name, values) = field.split_once('=').expect("a value");
            (name.to_owned(), values.split(',').map(str::to_owned).collect())
        })
        .collect();
    let names: BTreeSet<&String> = fields.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), fields.len(), "{filter}");
    fields
}

/// The filter that was sent, if any.
fn sent(sandbox: &Sandbox) -> Option<String> {
    let requests = sandbox.requests();
    sandbox.clear_requests();
    requests.last().map(|request| request.query_value("filter").unwrap_or_default().to_owned())
}

#[test]
fn filters_by_kind_contain_exactly_the_kinds() {
    let sandbox = sandbox_with_user();
    let user = hasty(&sandbox).user(156);
    let choices = Random::new();
    proptest!(cases(300, &choices), |(steps in vec(named(), 0..7))| {
        // Without a setter, everything is listed.
        let items = steps.iter().fold(user.list_inventory().badges(false), build);
        let items: Result<Vec<_>, _> = items.collect();
        prop_assert!(items.is_ok(), "the sandbox refused it: {items:?}");

        let has = |wanted: fn(&Named) -> bool| steps.iter().any(wanted);
        let only_collectibles = has(|step| matches!(step, Named::OnlyCollectibles));
        let all = || BTreeSet::from(["*".to_owned()]);
        // The last call counts.
        let assets = match steps.iter().rev().find(|step| matches!(step, Named::AllAssets | Named::Types(_))) {
            Some(Named::Types(types)) => types.iter().map(ToString::to_string).collect(),
            None if !only_collectibles => BTreeSet::new(),
            _ => all(),
        };
        let mut wanted: BTreeSet<(String, BTreeSet<String>)> = BTreeSet::new();
        let yes = || BTreeSet::from(["true".to_owned()]);
        if !assets.is_empty() {
            wanted.insert(("inventoryItemAssetTypes".to_owned(), assets));
            if only_collectibles {
                wanted.insert(("onlyCollectibles".to_owned(), yes()));
            }
        }
        for (is_named, field) in [
            (has(|step| matches!(step, Named::Badges)), "badges"),
            (has(|step| matches!(step, Named::GamePasses)), "gamePasses"),
            (has(|step| matches!(step, Named::PrivateServers)), "privateServers"),
        ] {
            if is_named {
                wanted.insert((field.to_owned(), yes()));
            }
        }
        match sent(&sandbox) {
            None => prop_assert!(wanted.is_empty(), "no request has {wanted:?}"),
            Some(filter) => {
                let sent_values = parse(&filter);
                prop_assert!(sent_values.iter().all(|(_, values)| values.iter().collect::<BTreeSet<_>>().len() == values.len()));
                let sent_values: BTreeSet<_> =
                    sent_values.into_iter().map(|(name, values)| (name, values.into_iter().collect())).collect();
                prop_assert_eq!(sent_values, wanted);
            }
        }
    });
}

#[test]
fn filters_by_id_contain_each_id_once() {
    let sandbox = sandbox_with_user();
    let user = hasty(&sandbox).user(156);
    type Name = fn(InventoryItems, Vec<u64>) -> InventoryItems;
    let fields: [(&str, Name); 4] = [
        ("assetIds", |items, ids| items.assets(ids)),
        ("badgeIds", |items, ids| items.badge_ids(ids)),
        ("gamePassIds", |items, ids| items.game_passes(&ids)),
        ("privateServerIds", |items, ids| items.private_servers(ids.as_slice())),
    ];
    let choices = Random::new();
    proptest!(cases(200, &choices), |(steps in vec((0_usize..4, vec(0_u64..50, 0..8)), 0..6))| {
        let items = steps.iter().fold(user.list_inventory().badges(false), |items, (field, ids)| fields[*field].1(items, ids.clone()));
        let items: Result<Vec<_>, _> = items.collect();
        prop_assert!(items.is_ok(), "the sandbox refused it: {items:?}");
        let sent_values = sent(&sandbox).map(|filter| parse(&filter)).unwrap_or_default();
        for (at, (field, _)) in fields.iter().enumerate() {
            // The last call counts.
            let last = steps.iter().rev().find(|(step, _)| *step == at);
            let wanted: BTreeSet<String> = last.into_iter().flat_map(|(_, ids)| ids).map(ToString::to_string).collect();
            let values = sent_values.iter().find(|(name, _)| name == field).map(|(_, values)| values.clone()).unwrap_or_default();
            prop_assert_eq!(values.len(), wanted.len());
            prop_assert_eq!(values.into_iter().collect::<BTreeSet<_>>(), wanted);
        }
    });
}

/// JSON that resembles the service's.
fn jsonish() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "code",
        "message",
        "error",
        "errors",
        "details",
        "title",
        "status",
        "errorCode",
        "errorMessage",
        "path",
        "done",
        "response",
        "metadata",
        "operationId",
        "assetId",
        "inventoryItems",
        "nextPageToken",
        "x",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(names.clone(), inner, 0..6)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn any_refusal_is_an_error_of_one_line() {
    let sandbox = sandbox_with_user();
    let user = hasty(&sandbox).user(156);
    let body = prop_oneof![
        vec(any::<u8>(), 0..600),
        jsonish().prop_map(|json| json.to_string().into_bytes()),
        "<html>.{0,200}".prop_map(String::into_bytes),
    ];
    let choices = Random::new();
    proptest!(cases(400, &choices), |(status in 300_u16..600, body in body)| {
        sandbox.inject(Fault::status(status).body(body));
        let error = user.fetch_info().expect_err("a refusal");
        prop_assert_eq!(error.status(), Some(status));
        let line = error.to_string();
        prop_assert!(line.starts_with("GET /cloud/v2/users/156: ") && line.len() < 3000, "{}", line);
        prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        prop_assert!(error.message().is_none_or(|message| !message.is_empty()));
    });
}

#[test]
fn any_response_is_read_or_refused() {
    let sandbox = sandbox_with_user();
    let client = hasty(&sandbox);
    let user = client.user(156);
    let choices = Random::new();
    proptest!(cases(400, &choices), |(json in jsonish())| {
        sandbox.clear_faults();
        for _ in 0..3 {
            sandbox.inject(Fault::status(200).body(json.to_string()));
        }
        let _ = user.fetch_info();
        let listed: Vec<_> = user.list_inventory().take(100).collect();
        if listed.is_empty() {
            // A page without items is accepted only if nothing looks like an error.
            let is_complaint = |error: &Value| error.get("message").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
            let errors = json.get("errors").and_then(Value::as_array);
            prop_assert!(json.is_object() && !errors.is_some_and(|errors| errors.iter().any(is_complaint)), "{}", json);
        }
        let operation = client.operation("operations/8f2c".parse().expect("a name"));
        if let Ok(Some(asset)) = operation.poll() {
            prop_assert!(json.get("response").is_some_and(Value::is_object), "{} isn't {:?}", json, asset);
        }
    });
}

#[test]
fn uploads_arrive_whole_with_any_name_and_content() {
    let sandbox = sandbox_with_user();
    let user = hasty(&sandbox).user(156);
    let name = prop_oneof![".{0,30}", "[\"\\\\\r\n;=%é-]{0,20}", Just("a\"; filename=\"b".to_owned())];
    let content = prop_oneof![
        vec(any::<u8>(), 0..5000),
        Just(b"\r\n--rblxopencloud-0000\r\ncontent-disposition: form-data; name=\"request\"\r\n\r\n{}".to_vec()),
        Just(b"\r\n--".repeat(500)),
    ];
    let choices = Random::new();
    proptest!(cases(200, &choices), |(name in name, content in content, title in "[a-zé\"\\\\\u{7}🦀]{1,20}", text in ".{0,300}")| {
        let file_name = format!("{name}.png");
        let file = AssetFile::from_bytes(&file_name, content.clone()).content_type("image/png");
        let length = file.len();
        let upload = AssetUpload::new(file, AssetType::Image, title.clone(), text.clone()).skip_check(Check::FileSize).skip_check(Check::Content).skip_check(Check::Dimensions);
        sandbox.clear_requests();
        let asset = user.upload_asset_with(upload).and_then(|operation| operation.wait());
        let request = sandbox.requests().into_iter().next().expect("it was sent");
        let declared = request.header("content-length").and_then(|text| text.parse::<u64>().ok());
        prop_assert_eq!(declared, Some(request.body_length));
        prop_assert_eq!(request.parts.len(), 2);
        let sent_values: Value = serde_json::from_slice(&request.part("request").expect("a part").body).expect("JSON");
        prop_assert_eq!(&sent_values["displayName"], &json!(title));
        prop_assert_eq!(&sent_values["description"], &json!(text));
        let part = request.part("fileContent").expect("a part");
        prop_assert_eq!(part.length, length);
        prop_assert_eq!(&part.body, &content);
        let sent_name = part.file_name.clone().expect("a name");
        prop_assert!(sent_name.ends_with(".png") && !sent_name.contains(['\r', '\n', '"', '/']), "{:?}", sent_name);
        if let Ok(asset) = asset {
            prop_assert_eq!(sandbox.asset_content(asset.id).expect("content").bytes, content);
        }
    });
}

#[test]
fn any_pages_yield_every_item_once_in_order() {
    let sandbox = sandbox_with_user();
    let user = hasty(&sandbox).user(156);
    let choices = Random::new();
    proptest!(cases(200, &choices), |(sizes in vec(0_usize..5, 1..12), first in 0_usize..60)| {
        let mut id = 0_u64;
        let pages: Vec<Vec<u64>> = sizes.iter().map(|size| (0..*size).map(|_| { id += 1; id }).collect()).collect();
        let page = |at: usize| {
            let items: Vec<Value> = pages[at].iter().map(|id| json!({"badgeDetails": {"badgeId": id.to_string()}})).collect();
            let next = if at + 1 < pages.len() { format!("page-{}", at + 1) } else { String::new() };
            json!({"inventoryItems": items, "nextPageToken": next}).to_string()
        };
        let badge = |item: InventoryItem| if let InventoryItem::Badge(badge) = item { badge.id } else { 0 };
        for at in 0..pages.len() {
            sandbox.inject(Fault::status(200).body(page(at)));
        }
        let mut listing = user.list_inventory();
        let mut seen: Vec<u64> = listing.by_ref().take(first).map(|item| item.map(badge)).collect::<Result<_, _>>()?;
        let cursor = listing.cursor();
        let text = cursor.to_string();
        let at = text.rsplit_once("page-").map_or(0, |(_, number)| number.parse::<usize>().expect("a number"));
        seen.extend(listing.map(|item| item.map(badge)).collect::<Result<Vec<_>, _>>()?);
        prop_assert_eq!(&seen, &(1..=id).collect::<Vec<_>>());

        // Another process resumes at the cursor without skipping.
        for at in at..pages.len() {
            sandbox.inject(Fault::status(200).body(page(at)));
        }
        let rest: Vec<u64> =
            user.list_inventory().resume_from(cursor).map(|item| item.map(badge)).collect::<Result<_, _>>()?;
        let taken = u64::try_from(first).expect("small").min(id);
        prop_assert_eq!(rest, (taken + 1..=id).collect::<Vec<_>>(), "nothing is repeated and nothing is skipped");
    });
}
