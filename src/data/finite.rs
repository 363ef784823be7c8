//! JSON of a caller's value, without what JSON can't hold.

use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};

use super::check;
use crate::error::{Error, Result};

/// Writes a value as JSON. A number that isn't finite, which serde_json writes as `null`, is refused: the entry would lose it.
pub(super) fn to_text<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let problem =
        |error: serde_json::Error| Error::invalid_input(format!("the value can't be written as JSON: {error}"));
    value.serialize(Finite).map_err(problem)?;
    let text = serde_json::to_string(value).map_err(problem)?;
    check::value(&text)?;
    Ok(text)
}

/// Looks for numbers that aren't finite. Writes nothing.
struct Finite;

type Looked = std::result::Result<(), serde_json::Error>;

impl Finite {
    fn number(number: f64) -> Looked {
        match number.is_finite() {
            true => Ok(()),
            false => Err(ser::Error::custom(format_args!("it has the number {number}, which JSON doesn't have"))),
        }
    }
}

macro_rules! nothing {
    ($($method:ident($($type:ty),*))*) => { $(fn $method(self, $(_: $type),*) -> Looked { Ok(()) })* };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    nothing! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128) serialize_char(char)
        serialize_str(&str) serialize_bytes(&[u8]) serialize_none() serialize_unit() serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn serialize_f32(self, number: f32) -> Looked {
        Self::number(number.into())
    }

    fn serialize_f64(self, number: f64) -> Looked {
        Self::number(number)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Looked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Looked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Looked {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> std::result::Result<Self, Self::Error> {
        Ok(self)
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Looked {
        Ok(())
    }
}

macro_rules! compound {
    ($($trait:ident $method:ident($($key:ty)?))*) => {
        $(impl ser::$trait for Finite {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $key,)? value: &T) -> Looked {
                value.serialize(Finite)
            }

            fn end(self) -> Looked {
                Ok(())
            }
        })*
    };
}

compound! {
    SerializeSeq serialize_element()
    SerializeTuple serialize_element()
    SerializeTupleStruct serialize_field()
    SerializeTupleVariant serialize_field()
    SerializeStruct serialize_field(&'static str)
    SerializeStructVariant serialize_field(&'static str)
}

impl ser::SerializeMap for Finite {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Looked {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Looked {
        value.serialize(Finite)
    }

    fn end(self) -> Looked {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Serialize)]
    enum Shape {
        Circle { radius: f32 },
        Pair(f64, f64),
        Point,
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_anywhere() {
        assert!(to_text(&1.5).is_ok() && to_text(&Option::<f64>::None).is_ok());
        assert!(to_text(&[Shape::Circle { radius: 1.0 }, Shape::Pair(0.0, -1.0), Shape::Point]).is_ok());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(to_text(&bad).is_err() && to_text(&[1.0, bad]).is_err() && to_text(&Some(bad)).is_err());
            assert!(to_text(&BTreeMap::from([("a", vec![bad])])).is_err() && to_text(&(1, bad)).is_err());
            assert!(to_text(&Shape::Pair(0.0, bad)).is_err());
        }
        let error = to_text(&Shape::Circle { radius: f32::NAN }).expect_err("it isn't finite");
        assert!(error.to_string().contains("NaN"), "{error}");
    }
}
