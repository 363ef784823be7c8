use serde_json::{Map, Value};

use super::raw::{RawEntry, Texts};
use crate::error::{Error, Result};

/// The users and the attributes of an entry, for a write. What isn't set stays as it is.
///
/// ```
/// use rblxopencloud::data::EntryMetadata;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
/// # let store = sandbox.client().experience(13058).data_store("Players");
/// let metadata = EntryMetadata::new().users([156]).attribute("origin", "migration");
/// store.set_with("user_156", &7, metadata)?;
/// # assert_eq!(store.fetch::<u64>("user_156")?.expect("it is there").user_ids(), [156]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct EntryMetadata {
    users: Option<Vec<String>>,
    attributes: Option<Map<String, Value>>,
    /// In place of both, as texts of JSON.
    verbatim: Option<Texts>,
}

/// What the service accepts of the attributes, in characters.
const LONGEST_NAME: usize = 50;
const LONGEST_VALUE: usize = 250;
const LONGEST_IN_ALL: usize = 300;

impl EntryMetadata {
    /// Returns metadata that keeps users and attributes as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the ids of the users that the entry is about, in place of those that it has.
    pub fn users(mut self, user_ids: impl IntoIterator<Item = u64>) -> Self {
        self.users = Some(user_ids.into_iter().map(|id| format!("users/{id}")).collect());
        self
    }

    /// Sets all attributes, in place of those that the entry has.
    pub fn attributes(mut self, attributes: impl Into<Map<String, Value>>) -> Self {
        self.attributes = Some(attributes.into());
        self
    }

    /// Adds an attribute to those that replace the entry's.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attributes.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Refuses attributes that are too long.
    pub(super) fn check(&self) -> Result<()> {
        let mut total = 0;
        for (name, value) in self.attributes.iter().flatten() {
            let of_name = name.chars().count();
            let of_value = match value {
                Value::String(text) => text.chars().count(),
                other => other.to_string().chars().count(),
            };
            for (what, length, most) in [("name", of_name, LONGEST_NAME), ("value", of_value, LONGEST_VALUE)] {
                if length > most {
                    return Err(Error::invalid_input(format!(
                        "the {what} of the attribute {name:?} has {length} characters, and at most {most} are allowed"
                    )));
                }
            }
            total += of_name + of_value;
        }
        match total {
            0..=LONGEST_IN_ALL => Ok(()),
            _ => Err(Error::invalid_input(format!(
                "the attributes have {total} characters, and at most {LONGEST_IN_ALL} are allowed in all"
            ))),
        }
    }

    /// Returns metadata of these texts of JSON.
    #[cfg(feature = "bulk")]
    pub(super) fn verbatim(texts: Texts) -> Self {
        Self { verbatim: Some(texts), ..Self::default() }
    }

    /// Returns users and attributes as texts of JSON, those of the entry where none are set.
    pub(super) fn texts(&self, known: Option<&RawEntry>) -> Result<Texts> {
        let written = |json: serde_json::Result<String>| {
            json.map_err(|error| Error::invalid_input(format!("the metadata can't be written as JSON: {error}")))
        };
        if let Some(texts) = &self.verbatim {
            return Ok(texts.clone());
        }
        let mut texts = known.map_or_else(|| RawEntry::default().texts(), RawEntry::texts);
        if let Some(users) = &self.users {
            texts.users = written(serde_json::to_string(users))?;
        }
        if let Some(attributes) = &self.attributes {
            texts.attributes = written(serde_json::to_string(attributes))?;
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_at_most_300_characters() {
        let one = |name: usize, value: usize| EntryMetadata::new().attribute("n".repeat(name), "é".repeat(value));
        assert!(one(50, 250).check().is_ok() && one(1, 250).check().is_ok());
        assert!(one(51, 1).check().is_err() && one(1, 251).check().is_err());
        assert!(one(50, 250).attribute("a", "").check().is_err());
        assert!(EntryMetadata::new().attribute("n", "9".repeat(149)).attribute("m", "a".repeat(150)).check().is_err());
    }
}
