use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::experience::duration::seconds;
use crate::page::{PageItem, Values};
use crate::wire::{self, model};

model! {
    /// Whether a user may join, from [`Experience::fetch_restriction`](crate::Experience::fetch_restriction).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct UserRestriction {
        /// The resource path, `universes/{universe}/user-restrictions/{user}`, or that of a place.
        #[lenient]
        pub path: String,
        /// The resource path of the user, `users/{user}`.
        #[with(wire::non_empty)]
        pub user: Option<String>,
        /// When it last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
        /// The restriction. The service returns one that isn't active for a user who was never restricted.
        pub game_join_restriction: GameJoinRestriction,
    }
}

model! {
    /// Since when, how long and why a user may not join, for a [`UserRestriction`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct GameJoinRestriction {
        /// Whether it is active. See [`is_in_force`](Self::is_in_force).
        pub active: bool,
        /// When it began.
        #[serde(rename = "startTime")]
        pub started_at: Option<Timestamp>,
        /// How long it lasts. `None` if it has no end.
        #[with(seconds::read)]
        #[serde(serialize_with = "seconds::serialize")]
        pub duration: Option<Duration>,
        /// The reason that the user is shown.
        #[lenient]
        pub display_reason: String,
        /// The reason that only moderators see.
        #[lenient]
        pub private_reason: String,
        /// Whether other accounts of the same person are **not** restricted.
        #[with(wire::strict)]
        pub exclude_alt_accounts: Option<bool>,
        /// Whether it is that of the experience, and not one of the place.
        #[with(wire::strict)]
        pub inherited: Option<bool>,
    }
}

impl UserRestriction {
    /// Creates a permanent restriction, for tests.
    #[must_use]
    pub fn new(universe_id: u64, user_id: u64) -> Self {
        Self {
            path: format!("universes/{universe_id}/user-restrictions/{user_id}"),
            user: Some(format!("users/{user_id}")),
            updated_at: None,
            game_join_restriction: GameJoinRestriction { active: true, ..GameJoinRestriction::default() },
        }
    }

    /// Returns the user's id. `None` if the response doesn't name the user.
    #[must_use]
    pub fn user_id(&self) -> Option<u64> {
        let user = self.user.as_deref().and_then(id_of_user);
        user.or_else(|| wire::path_id(&self.path, "user-restrictions"))
    }

    /// Returns whether the restriction keeps the user out now, by the local clock.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.game_join_restriction.is_in_force(Timestamp::now())
    }
}

/// Reads `users/156` or `156`. The service writes both.
pub(super) fn id_of_user(text: &str) -> Option<u64> {
    wire::path_id(text, "users").or_else(|| wire::decimal(text))
}

impl GameJoinRestriction {
    /// Returns when it ends. `None` if it has no end, or if the response doesn't tell when it began.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        // One that ends after the last timestamp has no end.
        self.started_at?.checked_add(self.duration?).ok()
    }

    /// Returns whether it keeps the user out at this time: whether it is active and hasn't ended.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.active && self.ends_at().is_none_or(|end| now < end)
    }
}

/// `user 156: active until 2026-01-08T00:00:00Z`.
impl fmt::Display for UserRestriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.user_id() {
            Some(user) => write!(f, "user {user}: ")?,
            None => write!(f, "{}: ", self.path)?,
        }
        let restriction = &self.game_join_restriction;
        match (restriction.active, restriction.ends_at()) {
            (false, _) => f.write_str("not restricted"),
            (true, Some(end)) => write!(f, "restricted until {end}"),
            (true, None) => f.write_str("restricted"),
        }
    }
}

impl PageItem for UserRestriction {
    const FIELD: &'static str = "userRestrictions";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_restriction_is_read_and_written() {
        let json = json!({
            "path": "universes/13058/user-restrictions/156", "user": "users/156", "updateTime": "2026-01-01T00:00:00Z",
            "gameJoinRestriction": {
                "active": true, "startTime": "2026-01-01T00:00:00Z", "duration": "604800s", "displayReason": "a",
                "privateReason": "b", "excludeAltAccounts": false, "inherited": false,
            },
        });
        let restriction: UserRestriction = serde_json::from_value(json.clone()).expect("it is a restriction");
        assert_eq!(restriction.user_id(), Some(156));
        assert_eq!(restriction.to_string(), "user 156: restricted until 2026-01-08T00:00:00Z");
        assert_eq!(serde_json::to_value(&restriction).expect("it is JSON"), json);
        assert_eq!(wire::from_value::<UserRestriction>(&json).expect("it is a restriction"), restriction);
        let end = restriction.game_join_restriction.ends_at().expect("it ends");
        let second = jiff::SignedDuration::from_secs(1);
        assert!(restriction.game_join_restriction.is_in_force(end - second));
        assert!(!restriction.game_join_restriction.is_in_force(end));
    }

    #[test]
    fn whether_a_user_is_restricted_is_never_guessed() {
        for restriction in [
            json!(null),
            json!({}),
            json!({ "active": null }),
            json!({ "active": "perhaps" }),
            json!({ "active": true, "duration": "soon" }),
            json!({ "active": true, "duration": {} }),
            json!({ "active": true, "inherited": 1 }),
        ] {
            let json = json!({ "path": "universes/1/user-restrictions/2", "gameJoinRestriction": restriction });
            assert!(wire::from_value::<UserRestriction>(&json).is_err(), "{json}");
        }
        assert!(wire::from_value::<UserRestriction>(&json!({ "path": "universes/1/user-restrictions/2" })).is_err());
        let never = json!({ "gameJoinRestriction": { "active": false, "duration": null, "startTime": "soon" } });
        assert!(!wire::from_value::<UserRestriction>(&never).expect("it is a restriction").is_in_force());
        let long = json!({ "active": true, "startTime": "2026-01-01T00:00:00Z", "duration": "315576000000s" });
        let long: GameJoinRestriction = serde_json::from_value(long).expect("it is a restriction");
        assert!(long.ends_at().is_none() && long.is_in_force(Timestamp::MAX));
    }
}
