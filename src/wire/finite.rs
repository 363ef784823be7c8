//! Numbers that JSON can't hold. `serde_json` writes them as `null`, so that a value would be lost without an error.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// Writes a value as JSON. A number that isn't finite is an error.
pub(crate) fn to_value(value: &(impl Serialize + ?Sized)) -> Result<serde_json::Value, String> {
    value.serialize(Finite).map_err(|problem| problem.0)?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// Writes a value as the text of JSON. A number that isn't finite is an error.
pub(crate) fn to_text(value: &(impl Serialize + ?Sized)) -> Result<String, String> {
    value.serialize(Finite).map_err(|problem| problem.0)?;
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// Looks at the numbers of a value.
struct Finite;

#[derive(Debug)]
struct NotFinite(String);

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFinite {}

impl ser::Error for NotFinite {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self(problem.to_string())
    }
}

macro_rules! pass {
    ($($name:ident($($type:ty),*);)*) => {
        $(fn $name(self, $(_: $type),*) -> Result<(), NotFinite> {
            Ok(())
        })*
    };
}

macro_rules! parts {
    ($($part:ident, $($method:ident($($name:ty)?)),+;)*) => {
        $(impl ser::$part for Finite {
            type Ok = ();
            type Error = NotFinite;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? value: &T) -> Result<(), NotFinite> {
                value.serialize(Self)
            })+

            fn end(self) -> Result<(), NotFinite> {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq, serialize_element();
    SerializeTuple, serialize_element();
    SerializeTupleStruct, serialize_field();
    SerializeTupleVariant, serialize_field();
    SerializeStruct, serialize_field(&'static str);
    SerializeStructVariant, serialize_field(&'static str);
    SerializeMap, serialize_key(), serialize_value();
}

impl Serializer for Finite {
    type Ok = ();
    type Error = NotFinite;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    pass! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_f32(self, number: f32) -> Result<(), NotFinite> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), NotFinite> {
        match number.is_finite() {
            true => Ok(()),
            false => Err(NotFinite(format!("JSON can't hold the number {number}"))),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(serde::Serialize)]
    enum Kind {
        Unit,
        New(f64),
        Tuple(u8, f64),
        Struct { a: f64 },
    }

    #[derive(serde::Serialize)]
    struct Player {
        name: String,
        coins: f64,
        best: Option<f32>,
        kinds: Vec<Kind>,
        map: BTreeMap<String, (f64, char)>,
    }

    fn player(numbers: [f64; 6]) -> Player {
        let [coins, best, new, tuple, field, map] = numbers;
        #[allow(clippy::cast_possible_truncation)]
        let best = best as f32;
        Player {
            name: "a".to_owned(),
            coins,
            best: Some(best),
            kinds: vec![Kind::Unit, Kind::New(new), Kind::Tuple(1, tuple), Kind::Struct { a: field }],
            map: BTreeMap::from([("x".to_owned(), (map, 'c'))]),
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_found_anywhere() {
        assert!(to_value(&player([1.0; 6])).is_ok());
        for at in 0..6 {
            for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut numbers = [1.0; 6];
                numbers[at] = number;
                let problem = to_value(&player(numbers)).expect_err("it isn't finite");
                assert_eq!(problem, format!("JSON can't hold the number {number}"), "{at}");
                assert_eq!(to_text(&player(numbers)), Err(problem), "{at}");
            }
        }
        assert_eq!(to_value(&(None::<u8>, (), 1_u64 << 60)), Ok(json!([null, null, 1_u64 << 60])));
    }
}
