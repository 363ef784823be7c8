//! What the service refuses, in words, before anything is sent.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::wire;

/// The most characters of a key, a scope and the name of a store.
const LONGEST_NAME: usize = 50;
/// The most bytes of a value.
pub(super) const LARGEST_VALUE: usize = 4_194_304;
/// The largest whole number that the service keeps exactly.
pub(super) const LARGEST_EXACT: i64 = 1 << 53;

/// Checks a key, a scope or the name of a store. It isn't known whether the service counts characters or bytes, so only what is
/// too long either way is refused.
pub(super) fn name(what: &str, name: &str) -> Result<()> {
    let length = name.chars().count();
    match length {
        0 => Err(Error::invalid_input(format!("{what} is empty"))),
        // An entry of such a key could be created, but not read again.
        _ if name.split(['/', '\\']).any(|piece| matches!(piece, "." | "..")) => {
            Err(Error::invalid_input(format!("{what} can't be {name:?}, which has a dot segment")))
        }
        1..=LONGEST_NAME => Ok(()),
        _ => {
            Err(Error::invalid_input(format!("{what} has {length} characters, and at most {LONGEST_NAME} are allowed")))
        }
    }
}

pub(super) fn scope(scope: &str) -> Result<()> {
    if scope == "-" {
        return Err(Error::invalid_input("the scope \"-\" stands for all of them, which only a listing can have")
            .advise("call list_entries().all_scopes(true), and with_scope with the scope of an entry"));
    }
    name("the scope", scope)
}

/// Writes a value as JSON, and checks it.
pub(super) fn to_text<T: Serialize + ?Sized>(what: &T) -> Result<String> {
    let text = wire::to_finite_text(what)
        .map_err(|problem| Error::invalid_input(format!("the value can't be written as JSON: {problem}")))?;
    value(&text)?;
    Ok(text)
}

/// Checks the JSON text of a value.
pub(super) fn value(text: &str) -> Result<()> {
    match text.len() {
        0..=LARGEST_VALUE => Ok(()),
        length => Err(Error::invalid_input(format!(
            "the value has {length} bytes of JSON, and at most {LARGEST_VALUE} are allowed"
        ))
        .advise("split it into several entries")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_to_fifty_characters() {
        for (text, is_good) in [
            ("", false),
            ("a", true),
            (&"é".repeat(50), true),
            (&"a".repeat(51), false),
            ("a/b@c d", true),
            ("a/..", false),
        ] {
            assert_eq!(name("the key", text).is_ok(), is_good, "{text}");
        }
        assert!(scope("-").is_err() && scope("").is_err() && scope("global").is_ok());
    }

    #[test]
    fn values_have_at_most_four_mebibytes() {
        assert!(value(&"1".repeat(LARGEST_VALUE)).is_ok());
        assert!(value(&"1".repeat(LARGEST_VALUE + 1)).is_err());
    }
}
