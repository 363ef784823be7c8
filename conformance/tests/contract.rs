//! Checks every request of the client, every response of the sandbox and every endpoint against Roblox's own description of
//! the API. The environment variable `OPEN_CLOUD_SPEC` is the path of that OpenAPI document.

mod support;

use std::collections::BTreeSet;
use std::{env, fs};

use jsonschema::Validator;
use rblxopencloud::sandbox::{RecordedRequest, Sandbox};
use rblxopencloud::{
    AssetFile, AssetPrivacy, AssetState, AssetType, AssetUpdate, AssetUpload, InventoryAssetType, InventoryFilter,
    Preview, Result, SocialLink, SocialLinkKind, SocialNetworkVisibility,
};
use serde_json::{Map, Value, json};
use support::calls::{Call, calls};

const PNG: &[u8] = include_bytes!("../../examples/assets/crate.png");

/// Roblox's document.
struct Document(Value);

impl Document {
    fn open() -> Self {
        let path = env::var("OPEN_CLOUD_SPEC").expect("OPEN_CLOUD_SPEC names Roblox's OpenAPI document");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut document: Value = serde_json::from_str(&text).expect("the description is JSON");
        let schemas = document["components"]["schemas"].as_object_mut().expect("it has schemas");
        name_social_links(schemas);
        schemas.values_mut().for_each(make_strict);
        Self(document)
    }

    /// Returns the operation of a request.
    fn operation(&self, request: &RecordedRequest) -> &Value {
        let paths = self.0["paths"].as_object().expect("it has paths");
        let method = request.method.to_lowercase();
        let found = paths.iter().find(|(template, item)| fits(template, &request.path) && item.get(&method).is_some());
        match found {
            Some((_, item)) => &item[&method],
            None => panic!("{} {} is not described", request.method, request.path),
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut root = schema.clone();
        root["components"] = self.0["components"].clone();
        jsonschema::validator_for(&root).expect("the description's schemas are schemas")
    }

    fn assert_valid(&self, schema: &Value, value: &Value, what: &str) {
        let validator = self.validator(schema);
        let problems: Vec<String> =
            validator.iter_errors(value).map(|problem| format!("{}: {problem}", problem.instance_path())).collect();
        assert!(problems.is_empty(), "{what}: {problems:#?} in {value:#}");
    }

    fn values(&self, pointer: &str) -> BTreeSet<String> {
        let values = self.0.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no {pointer}"));
        values.iter().map(|value| value.as_str().expect("a string").to_owned()).collect()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, segment)| {
            part == segment || (part.starts_with('{') && part.ends_with('}') && !segment.is_empty())
        })
}

/// The document has one field `socialLink`, and lists the actual names in its text.
fn name_social_links(schemas: &mut Map<String, Value>) {
    let words = schemas["SocialLink"]["description"].as_str().expect("in words").to_owned();
    let names: Vec<&str> = words.split('`').filter(|word| word.ends_with("SocialLink")).collect();
    let names: BTreeSet<&str> = names.into_iter().filter(|name| !name.contains(' ')).collect();
    let known: BTreeSet<String> = SocialLinkKind::KNOWN.iter().map(|kind| format!("{kind}SocialLink")).collect();
    assert_eq!(known, names.iter().map(|name| (*name).to_owned()).collect());
    let properties = schemas["Asset"]["properties"].as_object_mut().expect("an asset has properties");
    let link = properties.remove("socialLink").expect("it is there");
    properties.extend(names.into_iter().map(|name| (name.to_owned(), link.clone())));
}

/// Forbids unknown properties, and removes OpenAPI's `required: true` of single fields, which isn't valid JSON Schema.
fn make_strict(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.get("required").is_some_and(Value::is_boolean) {
        object.remove("required");
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(make_strict);
        object.entry("additionalProperties").or_insert(json!(false));
    }
    if let Some(items) = object.get_mut("items") {
        make_strict(items);
    }
}

/// Makes every call of the table, and those with many shapes in every shape.
fn make_every_call(sandbox: &Sandbox) -> Result<()> {
    for call in calls() {
        let _ = (call.make)(&sandbox.client());
    }
    let user = sandbox.client().user(156);
    user.fetch_info()?;
    user.list_inventory().take(150).try_for_each(|item| item.map(drop))?;
    let every_kind = InventoryFilter::kinds().all_assets().only_collectibles().badges().game_passes().private_servers();
    user.list_inventory_with(every_kind).try_for_each(|item| item.map(drop))?;
    let types = InventoryFilter::kinds().asset_types(InventoryAssetType::KNOWN.iter().cloned());
    user.list_inventory_with(types).try_for_each(|item| item.map(drop))?;
    let ids = InventoryFilter::ids().assets([1, 2]).badges([111]).game_passes([777]).private_servers([3]);
    user.list_inventory_with(ids).try_for_each(|item| item.map(drop))?;
    user.list_groups().try_for_each(|member| member.map(drop))?;

    let image = || AssetFile::from_bytes("crate.png", PNG);
    let decal = user.upload_asset(AssetUpload::new(image(), AssetType::Decal, "crate", "of wood"))?.wait()?;
    let image =
        AssetUpload::new(image(), AssetType::Image, "crate", "").expected_price(0).privacy(AssetPrivacy::OpenUse);
    let image = user.upload_asset(image)?.wait()?;
    let model = AssetFile::from_bytes("crate.rbxm", *b"<roblox!\x89\xff\r\n\x1a\n\0\0");
    let model = user.upload_asset(AssetUpload::new(model, AssetType::Model, "crate", "of wood"))?.wait()?;

    let everything = AssetUpdate::new(model.id)
        .file(AssetFile::from_bytes("crate.rbxm", *b"<roblox!\x89\xff\r\n\x1a\n\0\0"))
        .display_name("new")
        .description("better")
        .icon(image.id)
        .previews([Preview::new(image.id, "from the front")])
        .social_link(SocialLinkKind::GitHub, SocialLink::new("https://github.com/your-repo").title("source"))
        .social_link(SocialLinkKind::Twitch, SocialLink::new("https://twitch.tv/your-channel"));
    user.update_asset(everything)?.wait()?;
    user.update_asset(AssetUpdate::new(model.id).file(AssetFile::from_bytes("crate.rbxm", *b"<roblox!")))?.wait()?;
    let nothing_left = AssetUpdate::new(decal.id)
        .remove_description()
        .remove_icon()
        .remove_previews()
        .remove_social_link(SocialLinkKind::GitHub);
    user.update_asset(nothing_left)?.wait()?;
    Ok(())
}

#[test]
fn every_request_is_documented() -> Result<()> {
    let document = Document::open();
    let sandbox = Sandbox::builder().demo().start()?;
    make_every_call(&sandbox)?;

    let requests = sandbox.requests();
    assert!(requests.len() > 15, "{}", requests.len());
    let key =
        document.0.pointer("/components/securitySchemes/roblox-api-key/name").and_then(Value::as_str).expect("named");
    for request in &requests {
        let what = format!("{} {}", request.method, request.target);
        let operation = document.operation(request);
        assert!(request.header(key).is_some(), "{what} has no key");
        assert_parameters(&document, operation, request, &what);
        match operation.pointer("/requestBody/content/multipart~1form-data/schema") {
            Some(form) => assert_form(&document, form, request, &what),
            None => assert_eq!(request.body_length, 0, "{what} has a body"),
        }
    }
    Ok(())
}

fn assert_parameters(document: &Document, operation: &Value, request: &RecordedRequest, what: &str) {
    let described = operation["parameters"].as_array().cloned().unwrap_or_default();
    for (name, value) in &request.query {
        let parameter = described.iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == **name);
        let schema = &parameter.unwrap_or_else(|| panic!("{what}: the parameter {name} is not described"))["schema"];
        let value = match schema["type"].as_str() {
            Some("integer") => json!(value.parse::<i64>().unwrap_or_else(|_| panic!("{what}: {name} is no integer"))),
            _ => json!(value),
        };
        document.assert_valid(schema, &value, what);
    }
}

fn assert_form(document: &Document, form: &Value, request: &RecordedRequest, what: &str) {
    for part in &request.parts {
        assert!(form["properties"].get(&part.name).is_some(), "{what}: the part {} is not described", part.name);
    }
    let required = form["required"].as_array().expect("a list");
    for name in required.iter().filter_map(Value::as_str) {
        // The document requires a file even if only metadata changes; its samples leave it out.
        let only_metadata = request.method == "PATCH" && request.query_value("updateMask").is_some();
        assert!(request.part(name).is_some() || (only_metadata && name == "fileContent"), "{what}: no part {name}");
    }
    let part = request.part("request").expect("checked above");
    let value: Value = serde_json::from_slice(&part.body).expect("the request is JSON");
    document.assert_valid(&form["properties"]["request"], &value, what);
    let mask = request.query_value("updateMask").unwrap_or_default();
    let fields = &document.0["components"]["schemas"]["Asset"]["properties"];
    for field in mask.split(',').filter(|field| !field.is_empty()) {
        assert!(fields.get(field).is_some(), "{what}: {field} in the mask is not described");
    }
}

#[test]
fn every_sandbox_response_is_documented() -> Result<()> {
    let document = Document::open();
    let sandbox = Sandbox::builder().demo().start()?;
    make_every_call(&sandbox)?;

    let gets: BTreeSet<String> = sandbox
        .requests()
        .iter()
        .filter(|request| request.method == "GET" && request.status == Some(200))
        .map(|request| request.target.clone())
        .collect();
    for target in gets {
        let mut answer = ureq::get(format!("{}{target}", sandbox.url()))
            .header("x-api-key", sandbox.api_key())
            .call()
            .unwrap_or_else(|error| panic!("{target}: {error}"));
        let text = answer.body_mut().read_to_string().expect("a body");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        let recorded = sandbox.requests().pop().expect("just made");
        let operation = document.operation(&recorded);
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        as_described(&mut value);
        document.assert_valid(schema, &value, &target);
    }
    Ok(())
}

/// The live service differs from its document in known ways, and the sandbox follows the live service: 64-bit numbers are
/// strings, operations repeat their id and have the type of their result, and inventories have undocumented kinds and
/// types.
fn as_described(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.remove("operationId");
            object.remove("@type");
            for name in ["userId", "groupId"] {
                integer(object, name);
            }
            if object.contains_key("assetType") {
                integer(object, "assetId");
            }
            object.values_mut().for_each(as_described);
        }
        Value::Array(values) => {
            values.retain(|item| {
                let is_item = item["path"].as_str().is_some_and(|path| path.contains("/inventory-items/"));
                let known = ["assetDetails", "badgeDetails", "gamePassDetails", "privateServerDetails"];
                let has_new_type = item.pointer("/assetDetails/inventoryItemAssetType").is_some_and(|asset_type| {
                    asset_type.as_str().is_none_or(|name| !InventoryAssetType::KNOWN.contains(&name.into()))
                });
                !is_item || (!has_new_type && known.iter().any(|kind| item.get(kind).is_some()))
            });
            values.iter_mut().for_each(as_described);
        }
        _ => {}
    }
}

fn integer(object: &mut Map<String, Value>, name: &str) {
    if let Some(number) = object.get(name).and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok()) {
        object.insert(name.to_owned(), json!(number));
    }
}

#[test]
fn enums_match_the_document() {
    let document = Document::open();
    let described = |pointer: &str| {
        let mut values = document.values(&format!("/components/schemas/{pointer}/enum"));
        values.retain(|value| !value.to_uppercase().ends_with("UNSPECIFIED"));
        values
    };
    fn known<T: ToString>(values: &[T]) -> BTreeSet<String> {
        values.iter().map(ToString::to_string).collect()
    }
    assert_eq!(
        known(InventoryAssetType::KNOWN),
        described("InventoryItem_AssetDetails/properties/inventoryItemAssetType")
    );
    assert_eq!(known(SocialNetworkVisibility::KNOWN), described("User_SocialNetworkProfiles/properties/visibility"));
    assert_eq!(known(AssetPrivacy::KNOWN), described("AssetPrivacy"));
    assert_eq!(known(AssetState::KNOWN), described("State"));
    assert_eq!(InventoryAssetType::KNOWN.len(), 52);
}

/// Returns a path without the names of its parameters, which differ from Roblox's.
fn shape(path: &str) -> String {
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
