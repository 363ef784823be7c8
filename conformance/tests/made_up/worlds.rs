//! The form of worlds: what the schema says, what the sandbox accepts, and what it writes.

use jsonschema::Validator;
use rblxopencloud::asset::{AssetAction, AssetPrivacy, AssetState, ModerationState};
use rblxopencloud::experience::{AgeRating, ExperienceVisibility};
use rblxopencloud::group::GroupPermission;
use rblxopencloud::inventory::CollectibleInstanceState;
use rblxopencloud::user::{
    SocialNetworkVisibility, SubscriptionExpirationReason, SubscriptionPaymentProvider, SubscriptionPurchasePlatform,
    SubscriptionState,
};
use rblxopencloud::{AssetType, InventoryAssetType};
use rblxopencloud_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use crate::support::random::Random;

const SCHEMA: &str = include_str!("../../../sandbox/world.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("it is JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).expect("it is a schema");
    jsonschema::options().should_validate_formats(true).build(schema).expect("it is a schema")
}

fn accepted(validator: &Validator, world: &Value) -> Result<(), String> {
    validator.validate(world).map_err(|error| format!("{}: {error}", error.instance_path()))
}

/// Makes worlds up from the schema.
struct Maker {
    schema: Value,
    choices: Random,
    /// Ids are taken in turn, so that none is there twice.
    next_id: u64,
}

impl Maker {
    fn chance(&mut self, percent: u64) -> bool {
        self.choices.below(100) < percent
    }

    fn value(&mut self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().expect("a name").to_owned();
            let schema = self.schema["$defs"][&name].clone();
            return if name == "id" { self.id() } else { self.value(&schema) };
        }
        if let Some(all) = schema["anyOf"].as_array() {
            let first = &all[0];
            return match first["enum"].as_array() {
                Some(_) if self.chance(10) => json!("?Unknown yet"),
                _ => {
                    let index = if first.get("enum").is_some() { 0 } else { self.choices.below(all.len() as u64) };
                    self.value(&all[usize::try_from(index).expect("a small number")].clone())
                }
            };
        }
        if let Some(known) = schema["enum"].as_array() {
            return known[usize::try_from(self.choices.below(known.len() as u64)).expect("a small number")].clone();
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        match schema["type"].as_str() {
            Some("object") => Value::Object(self.object(schema)),
            Some("array") => {
                let count = self.choices.below(4);
                (0..count).map(|_| schema.get("items").map_or(json!("x"), |items| self.value(items))).collect()
            }
            Some("boolean") => json!(self.chance(50)),
            Some("null") => Value::Null,
            Some("number") => json!([0.0, -7.0, 1_500.0][usize::try_from(self.choices.below(3)).expect("small")]),
            Some("integer") => {
                let least = schema["minimum"].as_i64().unwrap_or(0);
                json!(least.max(0) + i64::try_from(self.choices.below(200)).expect("a small number"))
            }
            Some("string") => match (schema["format"].as_str(), schema["pattern"].as_str()) {
                (Some(_), _) => {
                    json!(format!("20{:02}-02-03T04:05:06.{:03}Z", self.choices.below(90), self.choices.below(1000)))
                }
                (_, Some(pattern)) => {
                    let form = pattern.trim_matches(['^', '$']);
                    json!(form.replace("[0-9]{1,20}", &self.choices.below(1_000_000).to_string()))
                }
                _ => json!(
                    ["", "x", "<b>&\"'", "ä\u{1F600}\n", "null"]
                        [usize::try_from(self.choices.below(5)).expect("small")]
                ),
            },
            _ => json!({ "any": ["thing", 1, null] }),
        }
    }

    fn id(&mut self) -> Value {
        self.next_id += 1;
        if self.chance(50) { json!(self.next_id) } else { json!(self.next_id.to_string()) }
    }

    fn object(&mut self, schema: &Value) -> Map<String, Value> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || self.chance(60) {
                object.insert(name.clone(), self.value(property));
            }
        }
        if let Some(names) = schema.get("propertyNames") {
            for _ in 0..self.choices.below(3) {
                let name = match self.value(names) {
                    Value::String(name) => name,
                    id => id.to_string(),
                };
                object.insert(name, self.value(&schema["additionalProperties"]));
            }
        }
        object
    }

    /// Makes a world that holds together beyond what a schema can say.
    fn world(&mut self) -> Value {
        let schema = self.schema.clone();
        let mut world = Value::Object(self.object(&schema));
        for user in list(&mut world, "users") {
            user["name"] = json!("somebody");
            for item in list(user, "inventory") {
                *item = self.item(item.clone());
            }
        }
        for (number, app) in list(&mut world, "apps").iter_mut().enumerate() {
            app["clientId"] = json!(number.to_string());
        }
        for group in list(&mut world, "groups") {
            let roles: Vec<Value> = list(group, "roles").iter().map(|role| role["id"].clone()).collect();
            for member in list(group, "members") {
                let fields = member.as_object_mut().expect("an object");
                fields.remove("roleId");
                fields.insert("roleIds".to_owned(), json!(roles));
                if let Some(first) = roles.first().filter(|_| self.chance(50)) {
                    fields.insert("roleId".to_owned(), first.clone());
                }
            }
        }
        for asset in list(&mut world, "assets") {
            let count = list(asset, "versions").len() as u64;
            if asset.get("revisionId").is_some() {
                asset["revisionId"] = json!(count + self.choices.below(5));
            }
            for content in list(asset, "versions") {
                if content.is_object() {
                    *content = json!({ "fileName": "a.png", "contentType": "image/png", "base64": "iVBORw0KGgo=" });
                }
            }
            for permission in list(asset, "permissions") {
                permission["subjectId"] = json!(1 + self.choices.below(9));
            }
            if let Some(creator) = asset.pointer_mut("/creationContext/creator") {
                *creator = json!({ "userId": self.choices.below(9) });
            }
        }
        self.player_data(&mut world);
        if let Some(settings) = world["settings"].as_object_mut() {
            settings.insert(
                "keyOwner".to_owned(),
                [json!({ "userId": 1 }), json!({ "groupId": "7" }), Value::Null]
                    [usize::try_from(self.choices.below(3)).expect("small")]
                .clone(),
            );
            settings.insert(
                "rateLimit".to_owned(),
                [json!({ "documented": true }), json!({ "requests": 3, "milliseconds": 5 }), Value::Null]
                    [usize::try_from(self.choices.below(3)).expect("small")]
                .clone(),
            );
        }
        if world["settings"].is_null() {
            world.as_object_mut().expect("an object").remove("settings");
        }
        world
    }

    /// Makes names, ids and times of player data hold together.
    fn player_data(&mut self, world: &mut Value) {
        for name in ["dataStores", "orderedDataStores", "sortedMaps", "queues"] {
            for (number, one) in list(world, name).iter_mut().enumerate() {
                one["name"] = json!(format!("n{number}"));
            }
        }
        for store in list(world, "dataStores") {
            for (number, entry) in list(store, "entries").iter_mut().enumerate() {
                entry["id"] = json!(format!("k{number}"));
                put_if_there(entry, "scope", json!("eu"));
                put_if_there(entry, "revisionCreateTime", json!("2090-01-01T00:00:00Z"));
                self.revision(entry);
                for (number, revision) in list(entry, "earlier").iter_mut().enumerate() {
                    revision["revisionCreateTime"] = json!(format!("2020-01-0{}T00:00:00Z", number + 1));
                    self.revision(revision);
                }
            }
        }
        for store in list(world, "orderedDataStores") {
            store["entries"] = json!({ "user_1": self.choices.below(9), "user_2": -1.0 });
        }
        for map in list(world, "sortedMaps") {
            for (number, item) in list(map, "items").iter_mut().enumerate() {
                item["id"] = json!(format!("i{number}"));
                put_if_there(item, "etag", json!(format!("{:x}", self.choices.below(999))));
                if item.get("numericSortKey").is_some() {
                    item.as_object_mut().expect("an object").remove("stringSortKey");
                }
            }
        }
        for queue in list(world, "queues") {
            for item in list(queue, "items") {
                for name in ["id", "readId"] {
                    put_if_there(item, name, json!(format!("{:016x}", self.choices.below(999))));
                }
            }
        }
    }

    /// Leaves one form of the value and of the attributes.
    fn revision(&mut self, revision: &mut Value) {
        put_if_there(revision, "users", json!(["users/1"]));
        put_if_there(revision, "attributes", json!({ "a": 1.5 }));
        put_if_there(revision, "attributesText", json!("{\"b\":1.50}"));
        let fields = revision.as_object_mut().expect("an object");
        if fields.contains_key("attributes") {
            fields.remove("attributesText");
        }
        for name in ["value", "valueText", "deleted"] {
            fields.remove(name);
        }
        let (name, value) = match self.choices.below(3) {
            0 => ("value", self.value(&json!({}))),
            1 => ("valueText", json!("{\"z\":1.50,\"a\":[1e2]}")),
            _ => ("deleted", json!(true)),
        };
        revision[name] = value;
    }

    /// Leaves one kind.
    fn item(&mut self, item: Value) -> Value {
        let fields = item.as_object().expect("an object");
        let kinds: Vec<&String> = fields.keys().filter(|name| name.ends_with("Details")).collect();
        if kinds.is_empty() {
            return json!({ "unknown": { "hologramDetails": { "hologramId": "4" } } });
        }
        let kept = kinds[usize::try_from(self.choices.below(kinds.len() as u64)).expect("small")].clone();
        let mut item = fields.clone();
        item.retain(|name, _| *name == kept || name == "addTime" || (name == "path" && fields["path"] != ""));
        Value::Object(item)
    }
}

fn put_if_there(object: &mut Value, name: &str, value: Value) {
    if let Some(there) = object.get_mut(name) {
        *there = value;
    }
}

fn list<'a>(object: &'a mut Value, name: &str) -> &'a mut [Value] {
    match object.get_mut(name) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

#[test]
fn made_up_worlds_are_loaded_and_dumped_the_same_again() {
    let schema = schema();
    let validator = validator(&schema);
    let mut maker = Maker { schema, choices: Random::new(), next_id: 0 };
    let sandbox = Sandbox::start().expect("a free port");
    for case in 0..300 {
        let world = maker.world();
        assert_eq!(accepted(&validator, &world), Ok(()), "case {case}: {world:#}");
        sandbox.load_world(&world.to_string()).unwrap_or_else(|error| panic!("case {case}: {error}: {world:#}"));
        let dump = sandbox.dump_world();
        let parsed: Value = serde_json::from_str(&dump).expect("it is JSON");
        assert_eq!(accepted(&validator, &parsed), Ok(()), "case {case}: {dump}");
        sandbox.load_world(&dump).unwrap_or_else(|error| panic!("case {case}: {error}: {dump}"));
        similar(&dump, &sandbox.dump_world(), case);
        // Nothing is lost on the way in: what is given is there, however ids are written.
        for name in [
            "users",
            "groups",
            "experiences",
            "assets",
            "apps",
            "dataStores",
            "dataStoreSnapshots",
            "orderedDataStores",
            "sortedMaps",
            "queues",
        ] {
            let count = |world: &Value| world[name].as_array().map_or(0, Vec::len);
            assert!(count(&parsed) >= count(&world), "case {case}: {name}");
        }
    }
}

/// Shows the first line that differs, not all of both.
fn similar(first: &str, second: &str, case: usize) {
    let mut lines = first.lines().zip(second.lines()).enumerate();
    if let Some((number, (one, two))) = lines.find(|(_, (one, two))| one != two) {
        panic!("case {case}, line {number}: {one} became {two}");
    }
    assert_eq!(first.lines().count(), second.lines().count(), "case {case}");
}

/// What breaks the schema is refused by the sandbox too, with the place.
#[test]
fn the_sandbox_refuses_what_the_schema_refuses() {
    let schema = schema();
    let validator = validator(&schema);
    let mut maker = Maker { schema, choices: Random::new(), next_id: 0 };
    let sandbox = Sandbox::start().expect("a free port");
    let mut refused = 0;
    for case in 0..400 {
        let mut world = maker.world();
        spoil(&mut world, &mut maker.choices);
        let text = world.to_string();
        if accepted(&validator, &world).is_err() {
            refused += 1;
            let error = sandbox.load_world(&text).expect_err(&format!("case {case}: {world:#}")).to_string();
            assert!(!error.contains('\n') && error.len() < 700, "{error}");
        }
    }
    assert!(refused > 100, "{refused} cases are few");
}

/// Changes one value somewhere to one of another type, or renames a property.
fn spoil(value: &mut Value, choices: &mut Random) {
    let below = |choices: &mut Random, count: usize| usize::try_from(choices.below(count as u64)).expect("small");
    match value {
        Value::Object(object) if !object.is_empty() && choices.below(8) > 0 => {
            let index = below(choices, object.len());
            let name = object.keys().nth(index).expect("it is there").clone();
            if choices.below(6) == 0 {
                let value = object.remove(&name).expect("it is there");
                object.insert(format!("{name}x"), value);
            } else {
                spoil(&mut object[&name], choices);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let index = below(choices, items.len());
            spoil(&mut items[index], choices);
        }
        other => {
            let wrong = [json!(-1), json!(1.5), json!("nonsense"), json!(true), json!([]), json!({}), Value::Null];
            *other = wrong[below(choices, wrong.len())].clone();
        }
    }
}

#[test]
fn each_documented_example_is_a_world_or_a_fault() {
    let schema = schema();
    let worlds = validator(&schema);
    let mut faults = schema.clone();
    for name in ["properties", "additionalProperties", "type"] {
        faults.as_object_mut().expect("an object").remove(name);
    }
    faults["$ref"] = json!("#/$defs/fault");
    let faults = validator(&faults);
    let sandbox = Sandbox::start().expect("a free port");
    let mut seen = 0;
    for page in [
        include_str!("../../../sandbox/docs/world_files.md"),
        include_str!("../../../sandbox/docs/control.md"),
        include_str!("../../../sandbox/README.md"),
    ] {
        for block in page.split("```json\n").skip(1) {
            let text = block.split("```").next().expect("it ends");
            let example: Value = serde_json::from_str(text).expect("it is JSON");
            seen += 1;
            if let Some(list) = example.as_array() {
                list.iter().for_each(|fault| assert_eq!(accepted(&faults, fault), Ok(()), "{fault}"));
                continue;
            }
            assert_eq!(accepted(&worlds, &example), Ok(()), "{text}");
            sandbox.load_world(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        }
    }
    assert!(seen >= 3, "{seen} examples");
    for unknown_kinds in [false, true] {
        let demo = Sandbox::builder().demo();
        let demo = if unknown_kinds { demo.unknown_kinds() } else { demo };
        let dump = demo.start().expect("a free port").dump_world();
        assert_eq!(accepted(&worlds, &serde_json::from_str(&dump).expect("it is JSON")), Ok(()));
    }
}

/// The schema lists each word that the client knows.
#[test]
fn the_schema_knows_every_known_word() {
    let schema = schema();
    let words = |pointer: &str| -> Vec<String> {
        let all = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        let all = all["anyOf"][0]["enum"].as_array().unwrap_or_else(|| panic!("{pointer}"));
        all.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    macro_rules! check {
        ($($pointer:literal: $type:ident,)+) => {$(
            let known: Vec<&str> = $type::KNOWN.iter().map(|word| word.as_str()).collect();
            assert_eq!(words($pointer), known, $pointer);
        )+};
    }
    check! {
        "/$defs/inventoryAssetType": InventoryAssetType,
        "/$defs/assetType": AssetType,
        "/$defs/groupPermission": GroupPermission,
        "/$defs/user/properties/socialNetworkProfiles/properties/visibility": SocialNetworkVisibility,
        "/$defs/item/properties/assetDetails/properties/collectibleDetails/properties/instanceState": CollectibleInstanceState,
        "/$defs/experience/properties/visibility": ExperienceVisibility,
        "/$defs/experience/properties/ageRating": AgeRating,
        "/$defs/asset/properties/state": AssetState,
        "/$defs/asset/properties/moderationResult/properties/moderationState": ModerationState,
        "/$defs/asset/properties/creationContext/properties/assetPrivacy": AssetPrivacy,
        "/$defs/asset/properties/permissions/items/properties/action": AssetAction,
        "/$defs/subscription/properties/state": SubscriptionState,
        "/$defs/subscription/properties/expirationDetails/properties/reason": SubscriptionExpirationReason,
        "/$defs/subscription/properties/purchasePlatform": SubscriptionPurchasePlatform,
        "/$defs/subscription/properties/paymentProvider": SubscriptionPaymentProvider,
    }
}
