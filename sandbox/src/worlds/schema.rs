//! Reads and writes JSON by the schema of worlds, which is the only place that lists their properties.
//!
//! It knows the words of JSON Schema that this schema uses, and `x-unique`: the property in which no two items agree. Ids are
//! read as strings of digits. A value that isn't known yet stands with a question mark before it in a file, and without in the
//! sandbox.

use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The schema as text.
pub(crate) const TEXT: &str = include_str!("../../world.schema.json");
/// How many values a message lists.
const MOST_LISTED: usize = 16;

/// What is wrong with a value, and where it stands.
#[derive(Debug)]
pub(crate) struct Problem {
    path: String,
    reason: String,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

/// `users[0].name: expected a string`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Out of a file.
    In,
    /// Into a file.
    Out,
}

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(TEXT).expect("the schema is JSON"))
}

fn definition(name: &str) -> &'static Value {
    &schema()["$defs"][name]
}

/// Reads a world.
pub(crate) fn read(value: &Value) -> Result<Map<String, Value>, Problem> {
    match convert(schema(), value, "", Way::In)? {
        Value::Object(object) => Ok(object),
        _ => Err(Problem::new("", "expected an object")),
    }
}

/// Reads a value of one of the definitions.
pub(crate) fn read_as(name: &str, value: &Value, path: &str) -> Result<Value, Problem> {
    convert(definition(name), value, path, Way::In)
}

/// Writes a value of one of the definitions. Fails if the schema doesn't know such a value.
pub(super) fn write_as(name: &str, value: &Value) -> Result<Value, Problem> {
    convert(definition(name), value, "", Way::Out)
}

fn convert(schema: &'static Value, value: &Value, path: &str, way: Way) -> Result<Value, Problem> {
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
        let value = convert(definition(name), value, path, way)?;
        return if name == "id" { id(value, path) } else { Ok(value) };
    }
    let wrong = || Problem::new(path, expected(schema));
    if let Some(all) = schema["anyOf"].as_array() {
        return match all.iter().find_map(|one| one["enum"].as_array()) {
            Some(known) => open(known, value, path, way).ok_or_else(wrong)?,
            None => {
                let fitting = all.iter().find(|one| has_type(one, value)).ok_or_else(wrong)?;
                convert(fitting, value, path, way)
            }
        };
    }
    if let Some(known) = schema["enum"].as_array() {
        return if known.contains(value) { Ok(value.clone()) } else { Err(unknown(known, value, path)) };
    }
    if schema.get("const").is_some_and(|only| only != value) || !has_type(schema, value) {
        return Err(wrong());
    }
    match value {
        Value::Object(object) => convert_object(schema, object, path, way),
        Value::Array(items) => convert_items(schema, items, path, way),
        Value::String(text) if !matches(schema, text) => Err(wrong()),
        Value::Number(number) if !is_within(schema, number) => Err(wrong()),
        _ => Ok(value.clone()),
    }
}

fn convert_object(schema: &'static Value, object: &Map<String, Value>, path: &str, way: Way) -> Result<Value, Problem> {
    let properties = schema["properties"].as_object();
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let mut converted = Map::new();
    for (name, value) in object {
        let property = properties.and_then(|known| known.get(name));
        let (name, value) = match (property, &schema["additionalProperties"]) {
            (Some(property), _) => (name.clone(), convert(property, value, &below(name), way)?),
            (None, Value::Bool(false)) => match (way, schema.get("patternProperties"), name.strip_prefix('?')) {
                (Way::In, Some(_), Some(name)) => (name.to_owned(), value.clone()),
                (Way::Out, Some(_), None) => (format!("?{name}"), value.clone()),
                _ => {
                    let names = properties.into_iter().flatten().map(|(name, _)| name.as_str());
                    let known = names.filter(|name| !name.starts_with('$')).collect::<Vec<_>>().join(", ");
                    let reason = format!("unknown property {name:?}; expected one of {known}");
                    return Err(Problem::new(path, reason));
                }
            },
            (None, Value::Null) => (name.clone(), value.clone()),
            (None, others) => {
                let converted = match schema.get("propertyNames") {
                    Some(names) => convert(names, &Value::from(name.as_str()), path, way)?,
                    None => Value::from(name.as_str()),
                };
                let known = converted.as_str().unwrap_or_default().to_owned();
                (known, convert(others, value, &below(name), way)?)
            }
        };
        converted.insert(name, value);
    }
    let mut needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = needed.find(|name| !object.contains_key(*name)) {
        return Err(Problem::new(path, format!("the property {name:?} is missing")));
    }
    let count = object.len() as u64;
    if schema["minProperties"].as_u64().is_some_and(|least| count < least)
        || schema["maxProperties"].as_u64().is_some_and(|most| count > most)
    {
        let names: Vec<&str> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let reason = format!("expected {} of {}", if count == 0 { "one" } else { "only one" }, names.join(", "));
        return Err(Problem::new(path, reason));
    }
    Ok(Value::Object(converted))
}

fn convert_items(schema: &'static Value, items: &[Value], path: &str, way: Way) -> Result<Value, Problem> {
    let mut seen = HashSet::new();
    let mut converted = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let here = format!("{path}[{index}]");
        let item = match schema.get("items") {
            Some(each) => convert(each, item, &here, way)?,
            None => item.clone(),
        };
        if let Some(name) = schema["x-unique"].as_str() {
            if !seen.insert(item[name].to_string()) {
                return Err(Problem::new(format!("{here}.{name}"), format!("{} is there twice", item[name])));
            }
        }
        converted.push(item);
    }
    Ok(Value::Array(converted))
}

/// Returns an id as a string without leading zeros.
fn id(value: Value, path: &str) -> Result<Value, Problem> {
    let number = match &value {
        Value::String(text) => text.parse::<u64>().ok(),
        value => value.as_u64(),
    };
    let number = number.ok_or_else(|| Problem::new(path, format!("the id {value} is too large")))?;
    Ok(Value::String(number.to_string()))
}

/// Returns a value of an enum that may have more values. `None` if it isn't a string.
fn open(known: &[Value], value: &Value, path: &str, way: Way) -> Option<Result<Value, Problem>> {
    let text = value.as_str()?;
    if known.contains(value) {
        return Some(Ok(value.clone()));
    }
    Some(match (way, text.strip_prefix('?')) {
        (Way::In, Some(text)) => Ok(text.into()),
        (Way::In, None) => Err(unknown(known, value, path)),
        (Way::Out, _) => Ok(format!("?{text}").into()),
    })
}

fn unknown(known: &[Value], value: &Value, path: &str) -> Problem {
    let letters = |text: &str| text.to_ascii_lowercase().replace(['_', '-', ' '], "");
    let text = value.as_str().unwrap_or_default();
    let mut all = known.iter().filter_map(Value::as_str);
    let advice = match all.clone().find(|known| letters(known) == letters(text)) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.len() <= MOST_LISTED => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("expected one of {}", known.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        None => format!("expected one of {} values, such as {}", known.len(), all.next().unwrap_or_default()),
    };
    Problem::new(path, format!("unknown value {value}; {advice}"))
}

/// Resolves a reference.
fn resolved(schema: &'static Value) -> &'static Value {
    let name = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/$defs/"));
    name.map_or(schema, definition)
}

fn has_type(schema: &'static Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => false,
    };
    match &resolved(schema)["type"] {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

fn is_within(schema: &Value, number: &serde_json::Number) -> bool {
    let of = |number: &serde_json::Number| number.as_i128();
    let limit = |name: &str| schema[name].as_number().and_then(of);
    let number = of(number);
    limit("minimum").is_none_or(|least| number >= Some(least))
        && limit("maximum").is_none_or(|most| number <= Some(most))
}

/// Whether a text is of the form that the schema tells.
fn matches(schema: &Value, text: &str) -> bool {
    (schema["format"] != "date-time" || text.parse::<Timestamp>().is_ok())
        && schema["pattern"].as_str().is_none_or(|pattern| matches_pattern(pattern, text))
}

/// A pattern has literal parts and, between them, numbers of up to 20 digits.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.trim_start_matches('^').trim_end_matches('$').split("[0-9]{1,20}");
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    for part in parts {
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        match rest[digits..].strip_prefix(part) {
            Some(after) if (1..=20).contains(&digits) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Says what a value should be.
fn expected(schema: &'static Value) -> String {
    let schema = resolved(schema);
    let article = |name: &str| match name {
        "null" => "null".to_owned(),
        "integer" => "a number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        "boolean" => "true or false".to_owned(),
        name => format!("a {name}"),
    };
    if let Some(all) = schema["anyOf"].as_array().filter(|all| all.iter().all(|one| one.get("enum").is_none())) {
        let all: Vec<String> = all
            .iter()
            .filter(|one| one.get("pattern").is_none())
            .map(|one| expected(one).trim_start_matches("expected ").to_owned())
            .collect();
        if !all.is_empty() {
            return format!("expected {}", all.join(" or "));
        }
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(article).collect(),
        Value::String(name) => vec![article(name)],
        _ if schema["const"] == true => vec!["true".to_owned()],
        _ => vec!["another value".to_owned()],
    };
    let mut text = format!("expected {}", types.join(" or "));
    if schema["format"] == "date-time" {
        text.push_str(" of the form 2024-02-29T12:00:00Z");
    } else if let Some(pattern) = schema["pattern"].as_str() {
        let form = pattern.trim_start_matches('^').trim_end_matches('$').replace("[0-9]{1,20}", "156");
        text.push_str(&format!(" of the form {form}"));
    }
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) if schema.get("pattern").is_none() => {
            text.push_str(&format!(" from {least} to {most}"))
        }
        (Some(least), None) => text.push_str(&format!(" from {least}")),
        _ => {}
    }
    text
}
