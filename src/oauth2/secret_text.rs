//! Secrets in serialized form.

use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

use crate::credentials::Secret;

pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// Reads something with secrets. serde's own errors repeat values, such as a text where an object was expected.
pub(super) fn quietly<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &str,
    read: impl FnOnce(Value) -> Result<T, serde_json::Error>,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    read(value).map_err(|_| serde::de::Error::custom(format_args!("it is not {what}, or incomplete")))
}

/// A secret that may be missing.
pub(super) mod option {
    use super::{Deserialize, Deserializer, Secret, Serializer};

    pub(in crate::oauth2) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => serializer.serialize_str(secret.expose()),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::oauth2) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}
