//! Roblox's document.

use std::collections::BTreeSet;
use std::{env, fs};

use jsonschema::Validator;
use rblxopencloud::asset::SocialLinkKind;
use serde_json::{Map, Value, json};

/// What to do without the document.
const WHERE_TO_GET_IT: &str = "\
OPEN_CLOUD_SPEC is not set. Get Roblox's OpenAPI document from the repository github.com/Roblox/creator-docs \
(content/en-us/reference/cloud/cloud.docs.json; https://create.roblox.com/docs/cloud/reference/openapi tells more) and set \
OPEN_CLOUD_SPEC to its path. To run only the tests that don't need it: cargo test";

pub struct Document(pub Value);

impl Document {
    /// Opens the document for validation.
    pub fn open() -> Self {
        let mut document = Self::as_written();
        let schemas = document.0["components"]["schemas"].as_object_mut().expect("it has schemas");
        schemas.values_mut().for_each(make_strict);
        document
    }

    /// Opens the document, whose schemas allow unknown properties.
    pub fn as_written() -> Self {
        let path = env::var("OPEN_CLOUD_SPEC").unwrap_or_else(|_| panic!("{WHERE_TO_GET_IT}"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut document: Value = serde_json::from_str(&text).expect("the description is JSON");
        let schemas = document["components"]["schemas"].as_object_mut().expect("it has schemas");
        name_social_links(schemas);
        Self(document)
    }

    /// Returns the operation of a request, and the template of its path.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object().expect("it has paths");
        let method = method.to_lowercase();
        let found = paths.iter().find(|(template, item)| fits(template, path) && item.get(&method).is_some());
        found.map(|(_, item)| &item[&method])
    }

    pub fn validator(&self, schema: &Value) -> Validator {
        let mut root = schema.clone();
        root["components"] = self.0["components"].clone();
        jsonschema::validator_for(&root).expect("the description's schemas are schemas")
    }

    pub fn problems(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|problem| format!("{}: {problem}", problem.instance_path())).collect()
    }

    #[track_caller]
    pub fn assert_valid(&self, schema: &Value, value: &Value, what: &str) {
        let problems = self.problems(schema, value);
        assert!(problems.is_empty(), "{what}: {problems:#?} in {value:#}");
    }

    pub fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "no schema {name}");
        schema
    }

    /// Follows a reference, and the first part of an `allOf`.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.resolve(self.schema(name.rsplit('/').next().expect("a name")));
        }
        match schema["allOf"].as_array() {
            Some(parts) if parts.len() == 1 => self.resolve(&parts[0]),
            _ => schema,
        }
    }

    /// Returns an object of the examples of a schema. Of properties that exclude each other, `turn` chooses one. Models can't
    /// be read without an id, so one is made up where the document has no example.
    pub fn example(&self, schema: &Value, turn: usize) -> Value {
        if let Some(example) = example_of(schema) {
            return if schema["type"] == "array" { json!([example]) } else { example };
        }
        let schema = self.resolve(schema);
        let excluded: Vec<&str> = schema["x-oneOf"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
            .filter_map(Value::as_array)
            .flat_map(|names| names.iter().enumerate().filter(move |(index, _)| *index != turn % names.len()))
            .filter_map(|(_, name)| name.as_str())
            .collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        let properties = properties.filter(|(name, _)| !excluded.contains(&name.as_str()));
        let examples = properties.filter_map(|(name, property)| {
            let example = match (self.example(property, turn), name.as_str()) {
                (Value::Null, "id" | "assetId" | "UniverseId") => json!(2_205_400_862_u64),
                (Value::Null, "IsFollowing") => json!(true),
                (Value::Null, "actionType") => json!("ChangeRank"),
                (Value::Null, "imageUri") => json!("https://host.example/a"),
                (example, _) => example,
            };
            Some((name.clone(), example)).filter(|(_, example)| !example.is_null())
        });
        let examples: Map<String, Value> = examples.collect();
        if examples.is_empty() { Value::Null } else { Value::Object(examples) }
    }

    pub fn values(&self, pointer: &str) -> BTreeSet<String> {
        let values = self.0.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no {pointer}"));
        values.iter().map(|value| value.as_str().expect("a string").to_owned()).collect()
    }
}

/// Returns the example of a property: a field of its own, or in its description.
pub fn example_of(schema: &Value) -> Option<Value> {
    let described = || {
        let (_, rest) = schema["description"].as_str()?.split_once("Example: `")?;
        Some(Value::from(rest.split('`').next()?))
    };
    schema.get("example").cloned().or_else(described).filter(|example| !example.is_null())
}

/// Whether a path matches a template, whose parameters can be followed by a verb: `{user_id}:generateThumbnail`.
pub fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, segment)| {
            let Some((_, verb)) = part.strip_prefix('{').and_then(|part| part.split_once('}')) else {
                return part == segment;
            };
            segment.strip_suffix(verb).is_some_and(|id| !id.is_empty() && !id.contains(':'))
        })
}

/// The document has one field `socialLink`, and lists the actual names in its text.
fn name_social_links(schemas: &mut Map<String, Value>) {
    let words = schemas["SocialLink"]["description"].as_str().expect("in words").to_owned();
    let names: Vec<&str> = words.split('`').filter(|word| word.ends_with("SocialLink")).collect();
    let names: BTreeSet<&str> = names.into_iter().filter(|name| !name.contains(' ')).collect();
    // Answers have a link to try an asset, which the document doesn't describe.
    let known = SocialLinkKind::KNOWN.iter().filter(|kind| **kind != SocialLinkKind::TryAsset);
    let known: BTreeSet<String> = known.map(|kind| format!("{kind}SocialLink")).collect();
    assert_eq!(known, names.iter().map(|name| (*name).to_owned()).collect());
    let properties = schemas["Asset"]["properties"].as_object_mut().expect("an asset has properties");
    let link = properties["socialLink"].clone();
    properties.extend(names.into_iter().map(|name| (name.to_owned(), link.clone())));
}

/// Forbids unknown properties, allows `null` where the document does, and removes OpenAPI's `required: true` of single fields,
/// which isn't valid JSON Schema.
fn make_strict(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.get("required").is_some_and(Value::is_boolean) {
        object.remove("required");
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(make_strict);
        // The parts of an `allOf` know only their own properties.
        if !object.contains_key("allOf") {
            object.entry("additionalProperties").or_insert(json!(false));
        }
    }
    if let Some(items) = object.get_mut("items") {
        make_strict(items);
    }
    if object.get("nullable") == Some(&json!(true)) {
        let mut inner = object.clone();
        inner.remove("nullable");
        *schema = json!({ "anyOf": [inner, { "type": "null" }] });
    }
}
