use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of an [`Operation`](crate::Operation): its resource path. Persist it to resume waiting in another process.
///
/// ```
/// use rblxopencloud::OperationName;
///
/// let name: OperationName = "operations/8f2c".parse()?;
/// assert_eq!(name.to_string(), "operations/8f2c");
/// assert!("https://elsewhere.example/operations/8f2c".parse::<OperationName>().is_err());
/// # Ok::<(), rblxopencloud::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperationName(String);

const MAX_LENGTH: usize = 512;

/// What a name looks like.
pub(crate) const FORM: &str = "expected the form operations/8f2c";

impl OperationName {
    /// Returns the name of an operation that belongs to no other resource.
    pub(crate) fn from_id(id: &str) -> Option<Self> {
        Self::parse(&format!("operations/{id}"))
    }

    /// Reads a resource path that ends in `operations/{id}`. Each segment is checked, so that the name can't point elsewhere.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_operation = text.rsplit('/').nth(1) == Some("operations");
        (is_operation && is_resource_path(text)).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is the path of a resource: pairs of a collection and an id, such as `universes/1/places/2`. It can't point
/// elsewhere.
pub(crate) fn is_resource_path(text: &str) -> bool {
    text.len() <= MAX_LENGTH && text.split('/').count() % 2 == 0 && text.split('/').all(is_plain)
}

/// Whether it is safe as a path segment.
fn is_plain(segment: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_graphic() && !b"/?#%\\\"<>".contains(&byte);
    !segment.is_empty() && segment.bytes().all(is_word) && !segment.bytes().all(|byte| byte == b'.')
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for OperationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format_args!("invalid operation name {text:?}; {FORM}")))
    }
}
