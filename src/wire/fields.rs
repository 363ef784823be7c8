//! Reading models. The fields of an object are first read as [`Json`], by code that is compiled once, and not for each model.

use std::fmt;
use std::vec;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{Field, Json, Model};
use crate::json::{Fill, StrDeserializer, fill_from_slice};

/// A model that is read while the text is there.
pub(crate) struct Unread<T>(pub(crate) Option<T>);

impl<T> Default for Unread<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Model> Fill for Unread<T> {
    fn fill(&mut self, deserializer: &mut StrDeserializer<'_>) -> Result<(), serde_json::Error> {
        let mut fields = Fields::read(deserializer, Names::of::<T>())?;
        self.0 = Some(T::of(&mut fields).map_err(Error::custom)?);
        Ok(())
    }
}

/// Reads a model.
pub(crate) fn from_slice<T: Model>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut model = Unread::default();
    fill_from_slice(&mut model, body)?;
    model.0.ok_or_else(|| Error::custom("expected a value"))
}

/// Reads a model from the fields of an object.
pub(crate) fn from_fields<T: Model>(fields: Map<String, Value>) -> Result<T, Unreadable> {
    T::of(&mut Fields::of(fields, Names::of::<T>())?)
}

/// Reads a model from a value.
pub(crate) fn from_value<T: Model>(value: &Value) -> Result<T, serde_json::Error> {
    match value {
        Value::Object(fields) => from_fields(fields.clone()).map_err(Error::custom),
        _ => Err(Error::custom("expected an object")),
    }
}

/// Reads a model, from an object only.
pub(crate) fn read<'de, T: Model, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut fields = Fields::read(deserializer, Names::of::<T>())?;
    T::of(&mut fields).map_err(Error::custom)
}

/// The name of a field in JSON.
#[derive(Debug)]
pub(crate) struct Name {
    name: &'static str,
    /// Whether it is the name of the field in Rust, which JSON has in camel case.
    is_of_rust: bool,
    alias: Option<&'static str>,
}

impl Name {
    pub(crate) const fn of(field: &'static str) -> Self {
        Self { name: field, is_of_rust: true, alias: None }
    }

    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, is_of_rust: false, alias: None }
    }

    pub(crate) const fn or(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    fn is(&self, name: &str) -> bool {
        let is_name = if self.is_of_rust { is_camel_case_of(self.name, name) } else { self.name == name };
        is_name || self.alias == Some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_of_rust {
            return f.write_str(self.name);
        }
        for (at, word) in self.name.split('_').enumerate() {
            let (first, rest) = word.split_at(at.min(1));
            write!(f, "{}{rest}", first.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// Whether `displayName` is the name of the field `display_name`. A name without underscores is itself.
fn is_camel_case_of(field: &str, name: &str) -> bool {
    let mut letters = field.bytes();
    let mut next = || match letters.next()? {
        b'_' => letters.next().map(|letter| letter.to_ascii_uppercase()),
        letter => Some(letter),
    };
    name.bytes().all(|letter| next() == Some(letter)) && next().is_none()
}

/// The names of the fields of a model, and of those of a model that is part of it.
#[derive(Clone, Copy)]
pub(crate) struct Names([&'static [Name]; 2]);

impl Names {
    pub(crate) fn of<T: Model>() -> Self {
        Self([T::NAMES, T::REST])
    }

    fn len(self) -> usize {
        self.0[0].len() + self.0[1].len()
    }

    fn position(self, name: &str) -> Option<usize> {
        let [own, rest] = self.0;
        let in_rest = || Some(own.len() + rest.iter().position(|known| known.is(name))?);
        own.iter().position(|known| known.is(name)).or_else(in_rest)
    }

    fn get(self, at: usize) -> &'static Name {
        let [own, rest] = self.0;
        own.get(at).unwrap_or_else(|| &rest[at - own.len()])
    }
}

/// The fields of an object, those that a model has, in its order. Missing ones are `None`.
pub(crate) struct Fields<'a> {
    names: Names,
    values: vec::IntoIter<Option<Json<'a>>>,
}

impl<'a> Fields<'a> {
    fn new(names: Names, values: Vec<Option<Json<'a>>>) -> Self {
        Self { names, values: values.into_iter() }
    }

    /// Reads an object.
    pub(crate) fn read<'de: 'a, D: Deserializer<'de>>(deserializer: D, names: Names) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(names))
    }

    /// Takes the fields of an object.
    pub(crate) fn take(json: Json<'_>, names: Names) -> Result<Self, Unreadable> {
        match json {
            Json::Object(fields) => Self::of(fields, names),
            json => Err(Unreadable::unexpected("an object", json.kind())),
        }
    }

    fn of(object: Map<String, Value>, names: Names) -> Result<Self, Unreadable> {
        let mut values = unread(names);
        for (name, value) in object {
            let Some(at) = names.position(&name) else { continue };
            if values[at].is_some() {
                return Err(twice(names, at));
            }
            values[at] = Some(Json::from(value));
        }
        Ok(Self::new(names, values))
    }

    /// Returns a field that isn't read yet, before any of them is.
    pub(crate) fn get_mut(&mut self, field: &str) -> Option<&mut Option<Json<'a>>> {
        let at = self.names.position(field)?;
        self.values.as_mut_slice().get_mut(at)
    }

    /// Reads the next field, which must be there and be readable.
    pub(crate) fn required<T: Field>(&mut self) -> Result<T, Unreadable> {
        match self.next() {
            Some(json) => T::read(json),
            None => Err(self.missing()),
        }
    }

    /// Reads the next field. One that is missing or unreadable is the default.
    pub(crate) fn lenient<T: Field + Default>(&mut self) -> T {
        self.next().and_then(T::of).unwrap_or_default()
    }

    /// Reads the next field with a function.
    pub(crate) fn with<T>(&mut self, read: fn(Option<Json<'_>>) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
        read(self.next())
    }

    /// Reads the model that the rest of the fields are.
    pub(crate) fn rest<T: Model>(&mut self) -> Result<T, Unreadable> {
        T::of(self)
    }

    /// A field that is only written.
    pub(crate) fn unread<T: Default>(&self) -> T {
        T::default()
    }

    fn next(&mut self) -> Option<Json<'a>> {
        self.values.next().flatten()
    }

    #[cold]
    fn missing(&self) -> Unreadable {
        let name = self.names.get(self.names.len() - self.values.len() - 1);
        Unreadable(format!("missing field `{name}`"))
    }
}

/// Why a model can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }

    #[cold]
    pub(crate) fn unexpected(expected: &str, found: &str) -> Self {
        Self(format!("expected {expected}, found {found}"))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads an object.
struct FieldsVisitor(Names);

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut values = unread(self.0);
        while let Some(at) = map.next_key_seed(Position(self.0))? {
            let Some(at) = at else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if values[at].is_some() {
                return Err(A::Error::custom(twice(self.0, at)));
            }
            values[at] = Some(map.next_value()?);
        }
        Ok(Fields::new(self.0, values))
    }
}

fn unread<'a>(names: Names) -> Vec<Option<Json<'a>>> {
    let mut values = Vec::new();
    values.resize_with(names.len(), || None);
    values
}

#[cold]
fn twice(names: Names, at: usize) -> Unreadable {
    Unreadable(format!("duplicate field `{}`", names.get(at)))
}

/// Reads the name of a field. `None` if the model has none of that name.
struct Position(Names);

impl<'de> DeserializeSeed<'de> for Position {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Position {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.position(name))
    }
}
