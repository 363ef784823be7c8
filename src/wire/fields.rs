//! Reading models. Their fields are first read as [`Json`], by code that is compiled once, and not for each model.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::{mem, vec};

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::de::StrRead;
use serde_json::{Map, Value};

use super::{Json, Model};
use crate::json::{Fill, fill_from_slice};

/// Reads a model.
pub(crate) fn from_slice<T: Model>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut slot = Slot(None);
    fill_from_slice(&mut slot, body)?;
    slot.0.ok_or_else(|| Error::custom("expected a value"))
}

/// Reads a model from the fields of an object.
pub(crate) fn from_fields<T: Model>(fields: Map<String, Value>) -> Result<T, serde_json::Error> {
    T::deserialize(Fields(FromJson::new(Json::Object(fields))))
}

/// Reads a model from a value.
pub(crate) fn from_value<T: Model>(value: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(Fields(FromJson::new(Json::from(value.clone()))))
}

struct Slot<T>(Option<T>);

impl<T: Model> Fill for Slot<T> {
    fn fill(&mut self, deserializer: &mut serde_json::Deserializer<StrRead<'_>>) -> Result<(), serde_json::Error> {
        self.0 = Some(T::deserialize(Fields(deserializer))?);
        Ok(())
    }
}

/// Reads a model from an object only.
pub(crate) struct Fields<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Fields<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_map(self.0.deserialize_map(EntriesVisitor(Some(names), PhantomData))?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_map(self.0.deserialize_map(EntriesVisitor(None, PhantomData))?)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The fields of an object, those that the model has.
struct Entries<'de, E> {
    entries: vec::IntoIter<(Cow<'static, str>, Json<'de>)>,
    name: Cow<'static, str>,
    value: Json<'de>,
    error: PhantomData<E>,
}

impl<'de, E> Entries<'de, E> {
    fn of(entries: Vec<(Cow<'static, str>, Json<'de>)>) -> Self {
        Self { entries: entries.into_iter(), name: Cow::Borrowed(""), value: Json::Null, error: PhantomData }
    }

    fn of_object(object: Map<String, Value>) -> Self {
        let mut entries = Vec::with_capacity(object.len());
        for (name, value) in object {
            entries.push((Cow::Owned(name), Json::from(value)));
        }
        Self::of(entries)
    }

    /// Goes to the next field, and returns its name.
    fn advance(&mut self) -> Option<&str> {
        (self.name, self.value) = self.entries.next()?;
        Some(&self.name)
    }

    fn take_value(&mut self) -> FromJson<'de, E> {
        FromJson::new(mem::replace(&mut self.value, Json::Null))
    }
}

impl<'de, E: Error> MapAccess<'de> for Entries<'de, E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, E> {
        match self.advance() {
            Some(name) => seed.deserialize(StrDeserializer::new(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, E> {
        seed.deserialize(self.take_value())
    }
}

/// Reads the fields with these names, or all.
struct EntriesVisitor<E>(Option<&'static [&'static str]>, PhantomData<E>);

impl<'de, E: Error> Visitor<'de> for EntriesVisitor<E> {
    type Value = Entries<'de, E>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name {
                Some(name) => entries.push((name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Entries::of(entries))
    }
}

/// Reads the name of a field. `None` if it is none of these.
struct Name(Option<&'static [&'static str]>);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<Cow<'static, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<Cow<'static, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match self.0 {
            Some(names) => names.iter().find(|known| **known == name).map(|known| Cow::Borrowed(*known)),
            None => Some(Cow::Owned(name.to_owned())),
        })
    }
}

/// Reads from a [`Json`].
pub(crate) struct FromJson<'de, E>(Json<'de>, PhantomData<E>);

impl<'de, E> FromJson<'de, E> {
    pub(crate) fn new(json: Json<'de>) -> Self {
        Self(json, PhantomData)
    }
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Json<'de> {
    type Deserializer = FromJson<'de, E>;

    fn into_deserializer(self) -> FromJson<'de, E> {
        FromJson::new(self)
    }
}

impl<'de, E: Error> Deserializer<'de> for FromJson<'de, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(value),
            Json::Unsigned(number) => visitor.visit_u64(number),
            Json::Signed(number) => visitor.visit_i64(number),
            Json::Float(number) => visitor.visit_f64(number),
            Json::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Json::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Json::List(values) => visitor.visit_seq(SeqDeserializer::new(values.into_iter())),
            Json::Object(fields) => visitor.visit_map(Entries::of_object(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            Json::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
