//! JSON as text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::schema::Problem;

/// How long a line may be that holds a whole object.
const LINE: usize = 140;

/// Reads JSON. A property that is there twice is refused: one of them would be ignored.
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    // Programs on Windows write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problem::new("", "the text is empty; expected JSON"));
    }
    serde_json::from_str(text).map(|Once(value)| value).map_err(|error| Problem::new("", format!("{error}")))
}

/// A value whose objects have each property once.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Once(value))) = entries.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(Error::custom(format_args!("the property {name:?} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Writes JSON so that it can be read and edited: what is short stands on one line.
pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Value, indent: usize) {
    let line = value.to_string();
    let is_short = indent > 0 && line.len() + indent <= LINE;
    let (open, close) = match value {
        Value::Array(items) if !is_short && !items.is_empty() => ('[', ']'),
        Value::Object(entries) if !is_short && !entries.is_empty() => ('{', '}'),
        _ => return out.push_str(&line),
    };
    let begin = |out: &mut String, index: usize| {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', indent + 2));
    };
    out.push(open);
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                begin(out, index);
                write(out, item, indent + 2);
            }
        }
        Value::Object(entries) => {
            for (index, (name, value)) in entries.iter().enumerate() {
                begin(out, index);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(": ");
                write(out, value, indent + 2);
            }
        }
        _ => {}
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_property_that_is_there_twice_is_refused() {
        let problem = parse("{\"a\": {\"b\": 1,\n \"b\": 2}}").expect_err("b is there twice");
        assert!(problem.to_string().contains("the property \"b\" is there twice at line 2"), "{problem}");
        assert_eq!(parse("\u{feff}[1, -1, 1.5, null, true, \"a\"]").unwrap(), json!([1, -1, 1.5, null, true, "a"]));
    }

    #[test]
    fn an_empty_text_is_refused_with_what_is_expected() {
        for text in ["", " \r\n", "\u{feff}"] {
            assert_eq!(parse(text).expect_err("it is empty").to_string(), "the text is empty; expected JSON");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = "x".repeat(200);
        let value = json!({ "a": [], "b": {}, "c": [{ "d": long, "e": [1, 2] }, { "f": "\"\n" }] });
        let text = pretty(&value);
        assert_eq!(parse(&text).unwrap(), value);
        assert!(text.contains("\n    {\"f\":\"\\\"\\n\"}\n"), "{text}");
    }
}
