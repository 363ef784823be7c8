//! The types of fields, which are read from JSON of several types.

use super::{Fields, Json, Model, Names, Unreadable, decimal};
use jiff::Timestamp;
use serde_json::Value;

/// The type of a field, which can be read from JSON of another type. It isn't read by serde, of which there would be a copy for
/// each type and for each form of input.
pub(crate) trait Field: Sized {
    /// What is expected, for errors.
    const EXPECTED: &'static str;

    /// Reads a value. `None` if it has the wrong type.
    fn of(json: Json<'_>) -> Option<Self>;

    /// Reads a value, which must be readable.
    fn read(json: Json<'_>) -> Result<Self, Unreadable> {
        let found = json.kind();
        Self::of(json).ok_or_else(|| Unreadable::unexpected(Self::EXPECTED, found))
    }
}

impl<T: Field> Field for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Null => Some(None),
            json => T::of(json).map(Some),
        }
    }

    fn read(json: Json<'_>) -> Result<Self, Unreadable> {
        match json {
            Json::Null => Ok(None),
            json => T::read(json).map(Some),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    const EXPECTED: &'static str = "a list";

    fn of(json: Json<'_>) -> Option<Self> {
        let Json::List(values) = json else { return None };
        let mut read = Self::with_capacity(values.len());
        for value in values {
            read.push(T::of(value)?);
        }
        Some(read)
    }

    fn read(json: Json<'_>) -> Result<Self, Unreadable> {
        let Json::List(values) = json else { return Err(Unreadable::unexpected(Self::EXPECTED, json.kind())) };
        values.into_iter().map(T::read).collect()
    }
}

impl Field for bool {
    const EXPECTED: &'static str = "a boolean";

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(value),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl Field for String {
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text.into_owned()),
            Json::Unsigned(number) => Some(number.to_string()),
            Json::Signed(number) => Some(number.to_string()),
            Json::Float(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Field for u64 {
    const EXPECTED: &'static str = "a decimal string or an integer";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Unsigned(number) => Some(number),
            Json::Text(text) => decimal(&text),
            _ => None,
        }
    }
}

impl Field for u32 {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        u64::of(json)?.try_into().ok()
    }
}

impl Field for i64 {
    const EXPECTED: &'static str = u64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Signed(number) => Some(number),
            Json::Text(text) if text.starts_with('-') => text.parse().ok(),
            json => u64::of(json)?.try_into().ok(),
        }
    }
}

impl Field for i32 {
    const EXPECTED: &'static str = i64::EXPECTED;

    fn of(json: Json<'_>) -> Option<Self> {
        i64::of(json)?.try_into().ok()
    }
}

impl Field for f64 {
    const EXPECTED: &'static str = "a number";

    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            #[allow(clippy::cast_precision_loss, reason = "the service's numbers are doubles")]
            Json::Unsigned(number) => Some(number as Self),
            #[allow(clippy::cast_precision_loss, reason = "the service's numbers are doubles")]
            Json::Signed(number) => Some(number as Self),
            Json::Float(number) => Some(number),
            Json::Text(text) => text.parse().ok().filter(|number: &Self| number.is_finite()),
            _ => None,
        }
    }
}

impl Field for Value {
    const EXPECTED: &'static str = "a value";

    fn of(json: Json<'_>) -> Option<Self> {
        Some(json.into())
    }
}

impl Field for Timestamp {
    const EXPECTED: &'static str = "an RFC 3339 time";

    #[inline]
    fn of(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => parse_timestamp(&text),
            _ => None,
        }
    }
}

impl<T: Model> Field for T {
    const EXPECTED: &'static str = "an object";

    fn of(json: Json<'_>) -> Option<Self> {
        Self::read(json).ok()
    }

    fn read(json: Json<'_>) -> Result<Self, Unreadable> {
        T::of(&mut Fields::take(json, Names::of::<T>())?)
    }
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    match text.parse() {
        Ok(time) => Some(time),
        // .NET services send this for "never". It is an hour after jiff's maximum.
        Err(_) if text.starts_with("9999-12-3") => Some(Timestamp::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_the_maximum_are_clamped() {
        assert_eq!(parse_timestamp("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
        assert_eq!(parse_timestamp("9999-12-31T23:59:59.9999999Z"), Some(Timestamp::MAX));
        assert!(parse_timestamp("0001-01-01T00:00:00Z").is_some());
        assert_eq!(parse_timestamp("yesterday"), None);
    }
}
