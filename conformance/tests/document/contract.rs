//! Checks every request of the client, every response of the sandbox and every endpoint against Roblox's own description of
//! the API. The environment variable `OPEN_CLOUD_SPEC` is the path of that OpenAPI document.
//!
//! The tables of this file name each place where the live service is known to differ. An entry that isn't needed fails.

use std::collections::BTreeSet;

use rblxopencloud::asset::{AssetAction, AssetPrivacy, AssetState, PermissionErrorCode, PermissionSubject};
use rblxopencloud::endpoints::Budget;
use rblxopencloud::experience::{
    AgeRating, ExperienceVisibility, GameServerStatus, LuauErrorCode, LuauMessageType, LuauState, RestartState,
};
use rblxopencloud::store::{
    AssetSearchCategory, AssetSearchSort, AssetSearchView, CreatorStoreProductType, ModelInstanceType, ModelSubType,
    MusicChart, ProductRestriction, SortDirection,
};
use rblxopencloud::user::{
    AssetQuotaKind, AssetQuotaPeriod, AssetQuotaType, SocialNetworkVisibility, SubscriptionExpirationReason,
    SubscriptionPaymentProvider, SubscriptionPurchasePlatform, SubscriptionState, ThumbnailFormat, ThumbnailShape,
};
use rblxopencloud::{Endpoint, InventoryAssetType, endpoints};
use rblxopencloud_sandbox::RecordedRequest;
use serde_json::{Map, Value, json};

use crate::support::call::Call;
use crate::support::calls::calls;
use crate::support::document::{Document, fits};
use crate::support::exchanges::make_every_call;

/// The endpoints that the document doesn't have, and where they are known from.
const UNDOCUMENTED: &[(Endpoint, &str)] = &[
    (endpoints::FIND_USERS, "an endpoint of users.roblox.com, which is not Open Cloud"),
    (endpoints::LIST_PLACES, "an endpoint of develop.roblox.com, which is not Open Cloud"),
    (endpoints::GET_PLACE_EXPERIENCE, "known from other tools, which look up the experience of a place"),
    (endpoints::INSPECT_KEY, "described in the guide about API keys"),
    (endpoints::GET_TOKEN, "described in the reference of OAuth 2.0"),
    (endpoints::INTROSPECT_TOKEN, "described in the reference of OAuth 2.0"),
    (endpoints::REVOKE_TOKEN, "described in the reference of OAuth 2.0"),
    (endpoints::GET_TOKEN_RESOURCES, "described in the reference of OAuth 2.0"),
];

/// The parts of forms that the document requires, and that requests leave out: method, path, part, and why.
const OPTIONAL_PARTS: &[(&str, &str, &str, &str)] = &[(
    "PATCH",
    "/assets/v1/assets/{assetId}",
    "fileContent",
    "the guide shows requests without it, which update metadata only",
)];

/// The paths to which the client sends JSON, where the document describes a form, and why.
const JSON_IN_PLACE_OF_A_FORM: &[(&str, &str)] = &[(
    "/assets/v1/assets/{assetId}/versions:rollback",
    "the sample in the document sends JSON, and the live service was seen to accept it",
)];

/// The paths to which the client sends a file, whose form the document describes in words only.
const FILES: &[&str] = &["/universes/v1/{universeId}/places/{placeId}/versions"];

/// The fields that the document requires of a resource, and that only its creation has: the path of an update, and the field.
const ONLY_AT_CREATION: &[(&str, &str)] = &[
    ("/cloud/v2/universes/{universe_id}", "templateRootPlace"),
    ("/cloud/v2/universes/{universe_id}/places/{place_id}", "templatePlace"),
];

/// A way in which the live service's responses differ from the document, and the change that undoes it.
struct Difference {
    why: &'static str,
    undo: fn(&mut Map<String, Value>),
}

/// The sandbox follows the live service.
const DIFFERENCES: &[Difference] = &[
    Difference { why: "an operation on an asset repeats its id", undo: |object| drop(object.remove("operationId")) },
    Difference {
        why: "a product has the texts of its asset",
        undo: |object| {
            let path = object.get("path").and_then(Value::as_str).unwrap_or_default();
            if path.starts_with("creator-store-products/") {
                ["displayName", "description"].iter().for_each(|field| drop(object.remove(*field)));
            }
        },
    },
    Difference { why: "the result of an operation names its type", undo: |object| drop(object.remove("@type")) },
    Difference {
        why: "64-bit numbers are strings",
        undo: |object| {
            for name in ["userId", "groupId", "assetId"] {
                let is_of_an_inventory = object.contains_key("inventoryItemAssetType");
                let number = object.get(name).and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok());
                if let Some(number) = number.filter(|_| !is_of_an_inventory) {
                    object.insert(name.to_owned(), json!(number));
                }
            }
        },
    },
    Difference {
        why: "the versions of an asset are in an object with a page token, not in a bare list",
        undo: |object| {
            if let Some(versions) = object.remove("assetVersions") {
                *object = Map::from_iter([(BARE.to_owned(), versions)]);
            }
        },
    },
    Difference {
        why: "a read of a queue has other names for its items and its id",
        undo: |object| {
            if let Some(items) = object.remove("queueItems") {
                let id = object.remove("id").unwrap_or_default();
                *object = Map::from_iter([("items".to_owned(), items), ("readId".to_owned(), id)]);
            }
        },
    },
    Difference {
        why: "a cursor is null at an end of a listing",
        undo: |object| object.retain(|name, value| !(name.ends_with("PageCursor") && value.is_null())),
    },
    Difference {
        why: "the template of an experience is required, and in no response",
        undo: |object| {
            let path = object.get("path").and_then(Value::as_str).unwrap_or_default();
            if path.starts_with("universes/") && object.contains_key("rootPlace") {
                object.insert("templateRootPlace".to_owned(), json!(path));
            }
        },
    },
    Difference {
        why: "the template of a place is required, and in no response",
        undo: |object| {
            let path = object.get("path").and_then(Value::as_str).unwrap_or_default();
            if path.rsplit('/').nth(1) == Some("places") {
                object.insert("templatePlace".to_owned(), json!(path));
            }
        },
    },
];

/// Stands for a list without an object around it.
const BARE: &str = "bare list";

/// Undoes differences in a value and in all values within it.
fn undo(value: &mut Value, differences: &[&Difference]) {
    match value {
        Value::Object(object) => {
            differences.iter().for_each(|difference| (difference.undo)(object));
            if let Some(list) = object.remove(BARE) {
                *value = list;
                return undo(value, differences);
            }
            object.values_mut().for_each(|value| undo(value, differences));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| undo(value, differences)),
        _ => {}
    }
}

#[test]
fn every_request_is_documented() {
    let document = Document::open();
    let (sandbox, _) = make_every_call();
    let requests = sandbox.requests();
    let key =
        document.0.pointer("/components/securitySchemes/roblox-api-key/name").and_then(Value::as_str).expect("named");
    let mut seen = BTreeSet::new();
    for request in &requests {
        let what = format!("{} {}", request.method, request.target);
        // The host that delivers contents isn't Open Cloud.
        let host = request.header("host").unwrap_or_default();
        if !sandbox.url().ends_with(host) {
            assert!(request.header(key).is_none() && request.header("authorization").is_none(), "{what} has a key");
            continue;
        }
        if UNDOCUMENTED.iter().any(|(endpoint, _)| fits(endpoint.path(), &request.path)) {
            assert!(request.header(key).is_none(), "{what} has a key");
            continue;
        }
        let operation = document.operation(&request.method, &request.path);
        let operation = operation.unwrap_or_else(|| panic!("{what} is not described"));
        seen.insert(std::ptr::from_ref(operation));
        assert!(request.header(key).is_some(), "{what} has no key");
        assert_parameters(&document, operation, request, &what);
        assert_body(&document, operation, request, &what);
    }
    for (path, why) in JSON_IN_PLACE_OF_A_FORM {
        let operation = document.operation("POST", &path.replace(['{', '}'], "")).expect("it is described");
        let json = operation.pointer("/requestBody/content/application~1json");
        assert!(json.is_none(), "{path} is described as JSON now: {why}");
    }
    for (method, path, part, why) in OPTIONAL_PARTS {
        let leaves_out = |request: &&RecordedRequest| {
            request.method == *method && fits(path, &request.path) && request.part(part).is_none()
        };
        assert!(requests.iter().any(|request| leaves_out(&request)), "no request leaves out {part}: {why}");
        let operation = document.operation(method, &path.replace(['{', '}'], "")).expect("it is described");
        let required = operation.pointer("/requestBody/content/multipart~1form-data/schema/required");
        assert!(
            required.is_some_and(|required| required.to_string().contains(part)),
            "it isn't required any more: {why}"
        );
    }
    let documented: BTreeSet<String> = calls()
        .iter()
        .map(|call| call.endpoint)
        .filter(|endpoint| UNDOCUMENTED.iter().all(|(known, _)| known != endpoint))
        .map(|endpoint| endpoint.to_string())
        .collect();
    assert_eq!(seen.len(), documented.len(), "not every endpoint was called: {documented:#?}");
}

fn assert_parameters(document: &Document, operation: &Value, request: &RecordedRequest, what: &str) {
    let described = operation["parameters"].as_array().cloned().unwrap_or_default();
    for (name, value) in &request.query {
        let parameter = described.iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == **name);
        let schema = &parameter.unwrap_or_else(|| panic!("{what}: the parameter {name} is not described"))["schema"];
        // A list is sent as one parameter for each of its values.
        let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
        let schema = document.resolve(schema);
        let value = match schema["type"].as_str() {
            Some("integer") => {
                json!(value.parse::<i64>().unwrap_or_else(|_| panic!("{what}: {name} isn't an integer")))
            }
            Some("boolean") => {
                json!(value.parse::<bool>().unwrap_or_else(|_| panic!("{what}: {name} isn't a boolean")))
            }
            _ => json!(value),
        };
        document.assert_valid(schema, &value, what);
    }
}

fn assert_body(document: &Document, operation: &Value, request: &RecordedRequest, what: &str) {
    let described = match operation["requestBody"]["$ref"].as_str() {
        Some(path) => document.0.pointer(path.trim_start_matches('#')).expect("it is there"),
        None => &operation["requestBody"],
    };
    let body = |kind: &str| described.pointer(&format!("/content/{kind}/schema"));
    if FILES.iter().any(|path| fits(path, &request.path)) {
        assert!(described.is_null() && request.body_length > 0, "{what} is described now, or has no body");
        return;
    }
    match (body("multipart~1form-data"), body("application~1json")) {
        (Some(form), _) if JSON_IN_PLACE_OF_A_FORM.iter().any(|(path, _)| fits(path, &request.path)) => {
            assert_eq!(request.header("content-type"), Some("application/json"), "{what}");
            let value = serde_json::from_slice(&request.body).expect("the body is JSON");
            document.assert_valid(form, &value, what);
        }
        (Some(form), _) => assert_form(document, form, request, what),
        (_, Some(schema)) => {
            assert_eq!(request.header("content-type"), Some("application/json"), "{what}");
            let mut value: Value = serde_json::from_slice(&request.body).expect("the body is JSON");
            for (_, field) in ONLY_AT_CREATION.iter().filter(|(path, _)| fits(path, &request.path)) {
                assert!(!document.problems(schema, &value).is_empty(), "{what}: {field} isn't required any more");
                value[*field] = json!("universes/1/places/1");
            }
            document.assert_valid(schema, &value, what);
        }
        _ => assert_eq!(request.body_length, 0, "{what} has a body"),
    }
}

fn assert_form(document: &Document, form: &Value, request: &RecordedRequest, what: &str) {
    for part in &request.parts {
        assert!(form["properties"].get(&part.name).is_some(), "{what}: the part {} is not described", part.name);
    }
    let required = form["required"].as_array().expect("a list");
    for name in required.iter().filter_map(Value::as_str) {
        let is_optional = || is_optional(request, name);
        assert!(request.part(name).is_some() || is_optional(), "{what}: no part {name}");
    }
    let Some(part) = request.part("request") else { return };
    let value: Value = serde_json::from_slice(&part.body).expect("the request is JSON");
    document.assert_valid(&form["properties"]["request"], &value, what);
    let mask = request.query_value("updateMask").unwrap_or_default();
    let fields = &document.schema("Asset")["properties"];
    for field in mask.split(',').filter(|field| !field.is_empty()) {
        assert!(fields.get(field).is_some(), "{what}: {field} in the mask is not described");
    }
}

fn is_optional(request: &RecordedRequest, part: &str) -> bool {
    OPTIONAL_PARTS
        .iter()
        .any(|(method, path, known, _)| *method == request.method && fits(path, &request.path) && *known == part)
}

#[test]
fn every_sandbox_response_is_documented() {
    let document = Document::open();
    let (_, exchanges) = make_every_call();
    let mut described = Vec::new();
    let mut succeeded = BTreeSet::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.status == 200) {
        let Some(operation) = document.operation(&exchange.method, &exchange.path) else { continue };
        succeeded.insert(std::ptr::from_ref(operation));
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        if schema.is_object() {
            let value = exchange.json().unwrap_or_else(|| panic!("{} has no JSON", exchange.target));
            described.push((format!("{} {}", exchange.method, exchange.target), schema, value));
        }
    }
    let documented = calls()
        .iter()
        .filter(|call| document.operation(call.endpoint.method().as_str(), &call.path()).is_some())
        .map(|call| call.endpoint.to_string())
        .collect::<BTreeSet<_>>();
    assert_eq!(succeeded.len(), documented.len(), "not every call succeeds in the sandbox: {documented:#?}");

    let all: Vec<&Difference> = DIFFERENCES.iter().collect();
    for (what, schema, value) in &described {
        let mut value = value.clone();
        undo(&mut value, &all);
        document.assert_valid(schema, &value, what);
    }
    for difference in DIFFERENCES {
        let others: Vec<&Difference> = DIFFERENCES.iter().filter(|other| other.why != difference.why).collect();
        let is_needed = described.iter().any(|(_, schema, value)| {
            let mut value = value.clone();
            undo(&mut value, &others);
            !document.problems(schema, &value).is_empty()
        });
        assert!(is_needed, "nothing differs any more: {}", difference.why);
    }
}

#[test]
fn enums_match_the_document() {
    let document = Document::open();
    let described = |pointer: &str| {
        let mut values = document.values(&format!("/components/schemas/{pointer}/enum"));
        values.retain(|value| !value.to_uppercase().ends_with("UNSPECIFIED") && value != "Invalid");
        values
    };
    fn known<T: ToString>(values: &[T]) -> BTreeSet<String> {
        values.iter().map(ToString::to_string).collect()
    }
    for (ours, pointer) in [
        (known(InventoryAssetType::KNOWN), "InventoryItem_AssetDetails/properties/inventoryItemAssetType"),
        (known(SocialNetworkVisibility::KNOWN), "User_SocialNetworkProfiles/properties/visibility"),
        (known(ExperienceVisibility::KNOWN), "Universe/properties/visibility"),
        (known(AgeRating::KNOWN), "Universe/properties/ageRating"),
        (known(AssetPrivacy::KNOWN), "AssetPrivacy"),
        (known(AssetState::KNOWN), "State"),
        (known(AssetQuotaKind::KNOWN), "AssetQuota/properties/quotaType"),
        (known(AssetQuotaType::KNOWN), "AssetQuota/properties/assetType"),
        (known(AssetQuotaPeriod::KNOWN), "AssetQuota/properties/period"),
        (known(SubscriptionState::KNOWN), "Subscription/properties/state"),
        (known(SubscriptionPurchasePlatform::KNOWN), "Subscription/properties/purchasePlatform"),
        (known(SubscriptionPaymentProvider::KNOWN), "Subscription/properties/paymentProvider"),
        (known(SubscriptionExpirationReason::KNOWN), "Subscription_ExpirationDetails/properties/reason"),
        (known(ProductRestriction::KNOWN), "CreatorStoreProduct/properties/restrictions/items"),
        (known(AssetAction::KNOWN), "AssetAction"),
        (known(PermissionErrorCode::KNOWN), "AssetPermissions.ErrorCode"),
        (known(AssetSearchCategory::KNOWN), "SearchCategoryType"),
        (known(AssetSearchSort::KNOWN), "SortCategory"),
        (known(SortDirection::KNOWN), "SortDirection"),
        (known(AssetSearchView::KNOWN), "SearchView"),
        (known(ModelSubType::KNOWN), "ModelSubType"),
        (known(ModelInstanceType::KNOWN), "ModelInstanceType"),
        (known(MusicChart::KNOWN), "MusicChartType"),
        (known(LuauState::KNOWN), "LuauExecutionSessionTask/properties/state"),
        (known(LuauErrorCode::KNOWN), "LuauExecutionSessionTask_Error/properties/code"),
        (known(LuauMessageType::KNOWN), "LuauExecutionSessionTaskLog_LogMessage/properties/messageType"),
        (known(GameServerStatus::KNOWN), "ServerStatus"),
        (known(RestartState::KNOWN), "RestartState"),
    ] {
        assert_eq!(ours, described(pointer), "{pointer}");
    }
    let subjects = [
        PermissionSubject::User(1),
        PermissionSubject::Group(1),
        PermissionSubject::GroupRoleset(1),
        PermissionSubject::Universe(1),
        PermissionSubject::All,
    ];
    assert_eq!(known(&subjects.map(|subject| subject.type_name())), described("SubjectType"));
    let thumbnail = document.operation("GET", "/cloud/v2/users/1:generateThumbnail").expect("it is described");
    for (index, values) in [(2, known(ThumbnailFormat::KNOWN)), (3, known(ThumbnailShape::KNOWN))] {
        let described = thumbnail["parameters"][index]["schema"]["enum"].as_array().expect("an enum");
        assert_eq!(values.len() + 1, described.len());
        assert!(values.iter().all(|value| described.contains(&json!(value))), "{described:?}");
    }
    let fields = document.schema("CreatorStoreProduct")["x-oneOf"]["productType"].as_array().expect("a list");
    let products: Vec<String> = CreatorStoreProductType::KNOWN.iter().map(|named| format!("{named}AssetId")).collect();
    assert_eq!(json!(products), json!(fields));
}

/// Returns a path without the names of its parameters, which differ from Roblox's.
pub(super) fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once('{') {
        Some((before, after)) => format!("{before}{{{}", after.split_once('}').map_or("", |(_, rest)| rest)),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[test]
fn endpoints_match_the_document() {
    let document = Document::open();
    let paths = document.0["paths"].as_object().expect("it has paths");
    for Call { endpoint, .. } in calls() {
        let method = endpoint.method().as_str().to_lowercase();
        let described = paths
            .iter()
            .find(|(path, item)| shape(path) == shape(endpoint.path()) && item.get(&method).is_some())
            .map(|(_, item)| &item[&method]);
        let exception = UNDOCUMENTED.iter().find(|(known, _)| *known == endpoint);
        let Some(described) = described else {
            assert!(exception.is_some(), "{endpoint} is not described");
            continue;
        };
        assert!(exception.is_none(), "{endpoint} is described now");
        let scopes = described["x-roblox-scopes"].as_array().into_iter().flatten();
        let scopes: BTreeSet<&str> = scopes.filter_map(|scope| scope["name"].as_str()).collect();
        assert_eq!(endpoint.scopes().iter().copied().collect::<BTreeSet<_>>(), scopes, "{endpoint}");
        let takes_tokens = described["security"]
            .as_array()
            .is_none_or(|ways| ways.iter().any(|way| way.get("roblox-oauth2").is_some()));
        assert_eq!(endpoint.takes_access_tokens(), takes_tokens, "{endpoint}: access tokens");
        let limits = &described["x-roblox-rate-limits"];
        for (budget, name) in
            [(endpoint.key_budget(), "perApiKeyOwner"), (endpoint.oauth_budget(), "perOauth2Authorization")]
        {
            let described = limits[name]["maxInPeriod"].as_u64().map(|most| {
                let most = u32::try_from(most).expect("a number of requests");
                match limits[name]["period"].as_str() {
                    Some("SECOND") => Budget::per_second(most),
                    Some("MINUTE") => Budget::per_minute(most),
                    other => panic!("{endpoint}: {name} has the period {other:?}"),
                }
            });
            assert_eq!(budget, described, "{endpoint}: {name}");
        }
    }
}
