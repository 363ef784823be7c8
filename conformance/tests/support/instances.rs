//! Values made up from schemas.

use serde_json::{Map, Value, json};

use super::document::Document;
use super::random::Random;

/// What a value is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    /// It has every property, and is as the schema says.
    Full,
    /// Properties are missing or `null`, integers are strings and strings of digits are integers.
    Loose,
    /// There are also values of enums and properties that the schema doesn't know.
    Newer,
    /// Properties have any value.
    Wild,
}

pub struct Maker<'a> {
    document: &'a Document,
    pub mood: Mood,
    choices: Random,
    /// Cycles through the values of enums and the alternatives of a choice.
    turn: usize,
    /// Cycles through properties that exclude each other.
    objects: usize,
}

/// What strings look like whose schema doesn't say it, by property.
const FORMS: &[(&str, &str)] = &[
    ("user", "users/156"),
    ("owner", "users/156"),
    ("role", "groups/7/roles/9"),
    ("roles", "groups/7/roles/9"),
    ("icon", "assets/1234"),
    ("asset", "assets/1234"),
    ("userSeller", "156"),
    ("groupSeller", "7"),
    ("serialNumber", "12"),
    ("assetType", "Model"),
    ("moderationState", "Approved"),
    ("revisionId", "3"),
    ("creator", "user/156"),
];

/// The properties without which an item is none, or which answer the question of a call.
const IDENTITY: &[&str] = &[
    "id",
    "path",
    "user",
    "asset",
    "assetId",
    "badgeId",
    "gamePassId",
    "privateServerId",
    "assetDetails",
    "badgeDetails",
    "gamePassDetails",
    "imageUri",
    "IsFollowing",
    "active",
    "rank",
    "willRenew",
    "privateServerDetails",
    "actionType",
];

impl<'a> Maker<'a> {
    pub fn new(document: &'a Document, mood: Mood) -> Self {
        Self { document, mood, choices: Random::new(), turn: 0, objects: 0 }
    }

    fn random(&mut self, below: usize) -> usize {
        usize::try_from(self.choices.below(below as u64)).expect("it is small")
    }

    fn next(&mut self, length: usize) -> usize {
        self.turn += 1;
        self.turn % length
    }

    /// Makes a value of a schema.
    pub fn item(&mut self, schema: &str) -> Value {
        let document = self.document;
        self.value(document.schema(schema), "")
    }

    /// Makes a value of a schema, which is that of the property `name`.
    pub fn value(&mut self, schema: &'a Value, name: &str) -> Value {
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let index = self.next(alternatives.len());
            return self.value(&alternatives[index], name);
        }
        let schema = self.document.resolve(schema);
        // A value that may be null.
        if let Some(alternatives) = schema["anyOf"].as_array() {
            return self.value(&alternatives[0], name);
        }
        if let Some(values) = schema["enum"].as_array() {
            if self.mood == Mood::Newer && self.random(3) == 0 {
                return json!("HOLOGRAM_7");
            }
            let known: Vec<&Value> = values.iter().filter(|value| is_set(value)).collect();
            let index = self.next(known.len());
            return known[index].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => {
                let items = 1 + self.random(3);
                (0..items).map(|_| self.value(&schema["items"], name)).collect()
            }
            Some("integer") => self.integer(schema),
            Some("number") => json!(1.5),
            Some("boolean") => json!(true),
            Some("string") => self.string(schema, name),
            _ => json!({}),
        }
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let bound = |name: &str, default: usize| {
            schema[name].as_u64().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(default)
        };
        let (least, most) = (bound("minimum", 1), bound("maximum", 1_000_000).min(1_000_000));
        let number = least + self.random(most.saturating_sub(least) + 1);
        if self.mood == Mood::Full || self.random(2) == 0 { json!(number) } else { json!(number.to_string()) }
    }

    fn string(&mut self, schema: &Value, name: &str) -> Value {
        if schema["format"] == "date-time" {
            let fraction = ["", ".125", ".125375", ".125375625"][self.random(4)];
            return json!(format!("2024-02-29T12:34:56{fraction}Z"));
        }
        if schema["format"] == "duration" {
            return json!(format!("{}s", self.random(600)));
        }
        let description = schema["description"].as_str().unwrap_or_default();
        let form = FORMS.iter().find(|(known, _)| *known == name).map(|(_, form)| (*form).to_owned());
        let path = description.split("ormat: `").nth(1).and_then(|rest| rest.split('`').next());
        let is_id = name == "id" || name.ends_with("Id");
        let is_uuid = ["itemId", "messageId"].contains(&name) || description.contains("UUID");
        match (path.filter(|_| name == "path"), form) {
            (Some(path), _) => json!(fill(path)),
            (None, Some(form)) => json!(form),
            (None, None) if is_id && !is_uuid => {
                let id = 1 + self.random(1_000_000);
                if self.mood == Mood::Full || self.random(2) == 0 { json!(id.to_string()) } else { json!(id) }
            }
            (None, None) => json!(format!("text {}", self.random(100))),
        }
    }

    fn object(&mut self, schema: &'a Value) -> Value {
        let mut properties: Map<String, Value> = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(inherited) = self.value(part, "") {
                properties.extend(inherited);
            }
        }
        let dropped = self.dropped(schema);
        let own = schema["properties"].as_object().into_iter().flatten();
        for (name, property) in own.filter(|(name, _)| !dropped.contains(&name.as_str())) {
            let is_identity = IDENTITY.contains(&name.as_str());
            let value = self.value(property, name);
            let mood = self.mood;
            let value = match mood {
                Mood::Full => value,
                Mood::Wild if self.random(3) == 0 => self.anything(),
                Mood::Loose | Mood::Newer if is_identity => value,
                _ => match self.random(6) {
                    0 => continue,
                    1 => Value::Null,
                    _ => value,
                },
            };
            properties.insert(name.clone(), value);
        }
        // An asset's path has its id.
        if let (Some(id), Some(Value::String(path))) = (properties.get("assetId").cloned(), properties.get_mut("path"))
        {
            *path = format!("assets/{}", id.to_string().trim_matches('"'));
        }
        if self.mood == Mood::Newer {
            properties.insert("hologram".to_owned(), self.anything());
        }
        Value::Object(properties)
    }

    /// Of properties that exclude each other, all but one.
    fn dropped(&mut self, schema: &'a Value) -> Vec<&'a str> {
        let mut dropped = Vec::new();
        for names in schema["x-oneOf"].as_object().into_iter().flat_map(Map::values) {
            let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            // Not by the same turns as the values of enums, which could skip an alternative for ever.
            self.objects += 1;
            let kept = self.objects % names.len();
            dropped.extend(names.into_iter().enumerate().filter(|(index, _)| *index != kept).map(|(_, name)| name));
        }
        let is_creator = ["userId", "groupId"].iter().all(|name| schema["properties"].get(*name).is_some());
        if is_creator {
            dropped.push(["userId", "groupId"][self.next(2)]);
        }
        dropped
    }

    fn anything(&mut self) -> Value {
        let values = [
            Value::Null,
            json!(true),
            json!(-7),
            json!(1.5e300),
            json!(u64::MAX),
            json!(""),
            json!("🦀 \u{0} text"),
            json!([]),
            json!([[null]]),
            json!({}),
            json!({ "": { "a": [1, "b", null] } }),
        ];
        values[self.random(values.len())].clone()
    }
}

fn is_set(value: &Value) -> bool {
    let is_unset = |text: &str| text.to_uppercase().ends_with("UNSPECIFIED") || text == "Invalid";
    !value.as_str().is_some_and(is_unset)
}

/// Fills numbers into `users/{user_id}`.
fn fill(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{group_id}" => "7",
        segment if segment.starts_with('{') => "156",
        segment => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}
