use std::fmt;

use jiff::Timestamp;

use crate::wire::{self, model};

model! {
    /// Who a user is, from [`AccessToken::fetch_user_info`](super::AccessToken::fetch_user_info) and in
    /// [`IdTokenClaims`](super::IdTokenClaims).
    ///
    /// Without the scope `profile`, only the id is there. Names can change; the id doesn't.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Identity {
        /// The user's id.
        #[serde(rename = "sub", serialize_with = "wire::id::serialize")]
        pub user_id: u64,
        /// The unique name.
        #[serde(rename = "preferred_username")]
        pub username: Option<String>,
        /// The display name.
        #[serde(rename = "name")]
        pub display_name: Option<String>,
        /// When the account was created.
        #[with(unix_time::read)]
        #[serde(rename = "created_at", serialize_with = "unix_time::serialize")]
        pub created_at: Option<Timestamp>,
        /// The URL of the profile.
        #[serde(rename = "profile")]
        pub profile_url: Option<String>,
        /// The URL of a picture of the avatar. `None` also if the picture hasn't been generated yet or was moderated.
        #[serde(rename = "picture")]
        pub picture_url: Option<String>,
    }
}

/// The display name and the unique name, or the id.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.display_name, &self.username) {
            (Some(display_name), Some(username)) => write!(f, "{display_name} (@{username})"),
            (Some(name), None) | (None, Some(name)) => f.write_str(name),
            (None, None) => write!(f, "user {}", self.user_id),
        }
    }
}

/// Seconds since 1970, which may be missing.
pub(super) mod unix_time {
    use jiff::Timestamp;
    use serde::{Deserializer, Serializer};

    use crate::wire::{self, Field, Json, Unreadable};

    pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_i64(time.as_second()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        wire::lenient(deserializer).map(at)
    }

    pub(crate) fn read(json: Option<Json<'_>>) -> Result<Option<Timestamp>, Unreadable> {
        Ok(at(json.and_then(i64::of)))
    }

    fn at(seconds: Option<i64>) -> Option<Timestamp> {
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_identity_is_read_with_and_without_profile() {
        let full = json!({
            "sub": "156", "name": "Builder", "nickname": "Builder", "preferred_username": "builderman",
            "created_at": 1_141_000_000, "profile": "https://www.roblox.com/users/156/profile", "picture": null,
        });
        let identity: Identity = serde_json::from_value(full).unwrap();
        assert_eq!((identity.user_id, identity.to_string().as_str()), (156, "Builder (@builderman)"));
        assert_eq!(identity.created_at.unwrap().as_second(), 1_141_000_000);
        assert_eq!(identity.picture_url, None);
        let again: Identity = serde_json::from_value(json!(identity)).unwrap();
        assert_eq!(again, identity);

        let bare: Identity = serde_json::from_value(json!({ "sub": "156", "created_at": "soon" })).unwrap();
        assert_eq!((bare.to_string().as_str(), bare.created_at), ("user 156", None));
        assert!(serde_json::from_value::<Identity>(json!({ "name": "a" })).is_err());
    }
}
