//! What items hold, and for how long.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::experience::duration::to_seconds;
use crate::wire;

/// The largest value of an item, in bytes of JSON.
const LARGEST: usize = 32 * 1024;
/// The longest time that an item is kept.
const LONGEST_TTL: Duration = Duration::from_secs(45 * 24 * 3600);

/// The value of an item that is to be written: JSON, or why it can't be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NewValue(Result<Value, String>);

impl NewValue {
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Self {
        Self(wire::to_finite_value(value))
    }

    /// Returns the value, if the service takes it.
    pub(super) fn check(&self) -> Result<&Value> {
        let value = self.0.as_ref().map_err(|problem| {
            Error::invalid_input(format!("the value of the item can't be written as JSON: {problem}"))
        })?;
        match value.to_string().len() {
            size if size > LARGEST => {
                let problem = format!("the value of the item has {size} bytes of JSON; at most {LARGEST} are allowed");
                Err(Error::invalid_input(problem)
                    .advise("keep it in a data store, and the key of its entry in the memory store"))
            }
            _ => Ok(value),
        }
    }
}

/// Returns how long an item is kept as the service reads it.
pub(super) fn check_ttl(ttl: Duration) -> Result<String> {
    let problem = match ttl {
        Duration::ZERO => "the time that the item is kept is zero".to_owned(),
        _ if ttl > LONGEST_TTL => {
            format!("the time that the item is kept, {} s, is longer than 45 days", ttl.as_secs())
        }
        _ => return Ok(to_seconds(ttl)),
    };
    Err(Error::invalid_input(problem))
}

/// Refuses a name that the service would refuse. Its limits of names aren't documented.
pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
    check_length(what, name, usize::MAX)
}

pub(super) fn check_length(what: &str, text: &str, most: usize) -> Result<()> {
    match text.chars().count() {
        0 => Err(Error::invalid_input(format!("the {what} is empty"))),
        length if length > most => {
            Err(Error::invalid_input(format!("the {what} has {length} characters; at most {most} are allowed")))
        }
        _ => Ok(()),
    }
}

/// Refuses a number that JSON can't hold.
pub(super) fn check_finite(what: &str, number: f64) -> Result<f64> {
    match number.is_finite() {
        true => Ok(number),
        false => Err(Error::invalid_input(format!("the {what} is {number}; it must be a finite number"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_measured_as_json() {
        // With its quotes.
        assert!(NewValue::of(&"x".repeat(LARGEST - 2)).check().is_ok());
        let error = NewValue::of(&"x".repeat(LARGEST - 1)).check().expect_err("it is too large").to_string();
        assert!(error.contains("32769 bytes") && error.contains("data store") && !error.contains("xx"), "{error}");
        assert!(NewValue::of(&"é".repeat(LARGEST / 2)).check().is_err());
        assert!(NewValue::of(&[1.0, f64::NAN]).check().expect_err("it isn't a number").to_string().contains("NaN"));
    }

    #[test]
    fn items_are_kept_for_up_to_45_days() {
        for (ttl, text) in [
            (Duration::ZERO, None),
            (Duration::from_secs(5), Some("5s")),
            (Duration::from_millis(1500), Some("1.5s")),
            (LONGEST_TTL, Some("3888000s")),
            (LONGEST_TTL + Duration::from_secs(1), None),
        ] {
            assert_eq!(check_ttl(ttl).ok().as_deref(), text, "{ttl:?}");
        }
    }
}
