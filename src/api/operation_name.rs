use std::fmt;

use super::ResourcePath;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of an [`Operation`](crate::Operation) or a task: its resource path. Persist it to resume waiting in another process.
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
pub struct OperationName(ResourcePath);

/// What a name looks like.
pub(crate) const FORM: &str = "expected the form operations/8f2c";

impl OperationName {
    /// Returns the name of an operation that belongs to no other resource.
    pub(crate) fn from_id(id: &str) -> Option<Self> {
        Self::parse(&format!("operations/{id}"))
    }

    /// Reads a resource path that ends in `operations/{id}` or `tasks/{id}`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name = Self(ResourcePath::parse(text)?);
        matches!(name.collection(), "operations" | "tasks").then_some(name)
    }

    /// Returns what it is one of: `operations` or `tasks`.
    pub(crate) fn collection(&self) -> &str {
        self.as_str().rsplit('/').nth(1).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for OperationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format_args!("invalid operation name {text:?}; {FORM}")))
    }
}
