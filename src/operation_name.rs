use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of an [`Operation`](crate::Operation). Persist it to resume waiting in another process.
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
pub struct OperationName {
    id: String,
}

const OPERATIONS: &str = "operations/";

impl OperationName {
    pub(crate) fn from_id(id: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#%\\\"<>".contains(&byte);
        let is_id =
            !id.is_empty() && id.len() <= 256 && id.bytes().all(is_plain) && !id.bytes().all(|byte| byte == b'.');
        is_id.then(|| Self { id: id.to_owned() })
    }

    /// Reads `operations/{id}`, or says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix(OPERATIONS).and_then(Self::from_id);
        name.ok_or_else(|| format!("invalid operation name {text:?}; expected the form operations/8f2c"))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPERATIONS}{}", self.id)
    }
}

impl Serialize for OperationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
