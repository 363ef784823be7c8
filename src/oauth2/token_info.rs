use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Scope;
use crate::wire::{self, model};

model! {
    /// What the service knows of a token, from [`OAuth2App::introspect`](super::OAuth2App::introspect).
    ///
    /// If the token isn't active, no other field is set.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct TokenInfo {
        /// Whether the token hasn't expired. It stays `true` if the user revokes the authorization.
        pub active: bool,
        /// The id of the token.
        #[serde(rename = "jti")]
        pub id: Option<String>,
        /// The id of the user.
        #[serde(rename = "sub", with = "wire::option_id")]
        pub user_id: Option<u64>,
        /// The client id of the app.
        pub client_id: Option<String>,
        /// The scopes.
        #[serde(rename = "scope", default, with = "joined", skip_serializing_if = "Vec::is_empty")]
        pub scopes: Vec<Scope>,
        /// When the token expires.
        #[serde(rename = "exp", with = "super::identity::unix_time")]
        pub expires_at: Option<Timestamp>,
        /// When the token was issued.
        #[serde(rename = "iat", with = "super::identity::unix_time")]
        pub issued_at: Option<Timestamp>,
        /// Everything else.
        #[serde(flatten)]
        pub other: BTreeMap<String, Value>,
    }
}

/// Scopes with spaces between them.
mod joined {
    use super::{Deserializer, Scope, Serializer, wire};

    pub(super) fn serialize<S: Serializer>(scopes: &[Scope], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Scope>, D::Error> {
        let text: String = wire::or_default(deserializer)?;
        Ok(Scope::split(&text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_documented_response_is_read() {
        let json = json!({
            "active": true, "jti": "RT.2Gc", "iss": "https://apis.roblox.com/oauth/", "token_type": "Bearer",
            "client_id": "840974200211308101", "aud": "4239311013248676173", "sub": "156",
            "scope": "openid asset:read", "exp": 1_676_394_509, "iat": 1_660_842_510,
        });
        let info: TokenInfo = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((info.active, info.user_id), (true, Some(156)));
        assert_eq!(info.scopes, [Scope::OPENID, Scope::ASSET_READ]);
        assert_eq!(info.expires_at.unwrap().as_second(), 1_676_394_509);
        assert_eq!(info.other["token_type"], "Bearer");
        assert_eq!(serde_json::to_value(&info).unwrap(), json);
        for unreadable in [json!({}), json!({ "active": null }), json!({ "active": true, "scope": ["openid"] })] {
            assert!(serde_json::from_value::<TokenInfo>(unreadable.clone()).is_err(), "{unreadable}");
        }
        let inactive: TokenInfo = serde_json::from_value(json!({ "active": false })).unwrap();
        assert!(!inactive.active && inactive.user_id.is_none());
    }
}
