use std::fmt;
use std::str::FromStr;

use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::transport::SEGMENT;

/// The name of an [`Operation`](crate::Operation), by which another process can go on waiting.
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
    pub(super) fn from_id(id: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#%\\\"<>".contains(&byte);
        let is_id =
            !id.is_empty() && id.len() <= 256 && id.bytes().all(is_plain) && !id.bytes().all(|byte| byte == b'.');
        is_id.then(|| Self { id: id.to_owned() })
    }

    pub(crate) fn request_path(&self) -> String {
        format!("/assets/v1/{OPERATIONS}{}", utf8_percent_encode(&self.id, SEGMENT))
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPERATIONS}{}", self.id)
    }
}

impl FromStr for OperationName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.strip_prefix(OPERATIONS).and_then(Self::from_id).ok_or_else(|| {
            Error::invalid_input(format!("{text:?} is no operation's name"))
                .advise("one looks like operations/8f2c, and Operation::name gives it")
        })
    }
}

impl Serialize for OperationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
