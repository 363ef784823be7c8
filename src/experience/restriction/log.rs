use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use serde_json::{Map, Value};

use super::model::id_of_user;
use crate::experience::duration::seconds;
use crate::page::{PageItem, Values};
use crate::wire::{self, model};

model! {
    /// A change of who may join an experience or a place, from
    /// [`Experience::list_restriction_logs`](crate::Experience::list_restriction_logs).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_ListUserRestrictionLogs>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct RestrictionLog {
        /// The resource path of the user, `users/{user}`.
        #[lenient]
        pub user: String,
        /// The resource path of the place, `places/{place}`. `None` if the change is one of the whole experience.
        #[with(wire::non_empty)]
        pub place: Option<String>,
        /// Who made the change.
        pub moderator: Option<RestrictionModerator>,
        /// When the change was made.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// Whether the restriction was active after it.
        pub active: bool,
        /// When the restriction began.
        #[serde(rename = "startTime")]
        pub started_at: Option<Timestamp>,
        /// How long the restriction lasts. `None` if it has no end.
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
        pub exclude_alt_accounts: Option<bool>,
    }
}

model! {
    /// Who has changed a restriction, for a [`RestrictionLog`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct RestrictionModerator {
        /// The resource path of a user, `users/{user}`. Of a change through Open Cloud, it is the owner of the key.
        #[with(wire::non_empty)]
        pub roblox_user: Option<String>,
        /// An empty object if a script of the game made the change.
        #[optional]
        pub game_server_script: Value,
    }
}

impl RestrictionModerator {
    /// Returns the user's id. `None` if it isn't a user.
    #[must_use]
    pub fn user_id(&self) -> Option<u64> {
        self.roblox_user.as_deref().and_then(id_of_user)
    }

    /// Returns whether a script of the game made the change.
    #[must_use]
    pub fn is_script(&self) -> bool {
        !self.game_server_script.is_null()
    }

    /// Creates a script, for tests.
    #[must_use]
    pub fn script() -> Self {
        Self { roblox_user: None, game_server_script: Value::Object(Map::new()) }
    }
}

impl RestrictionLog {
    /// Returns the user's id. `None` if the response doesn't name the user.
    #[must_use]
    pub fn user_id(&self) -> Option<u64> {
        id_of_user(&self.user)
    }

    /// Returns the id of the place. `None` if the change is one of the whole experience.
    #[must_use]
    pub fn place_id(&self) -> Option<u64> {
        let place = self.place.as_deref()?;
        wire::path_id(place, "places").or_else(|| wire::decimal(place))
    }
}

/// `2026-01-01T00:00:00Z: user 156 restricted`.
impl fmt::Display for RestrictionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.created_at {
            write!(f, "{time}: ")?;
        }
        match self.user_id() {
            Some(user) => write!(f, "user {user} ")?,
            None => write!(f, "{} ", self.user)?,
        }
        f.write_str(if self.active { "restricted" } else { "lifted" })?;
        match self.place_id() {
            Some(place) => write!(f, " in place {place}"),
            None => Ok(()),
        }
    }
}

impl PageItem for RestrictionLog {
    const FIELD: &'static str = "logs";

    fn read(values: &mut Values<'_>) -> Option<Self> {
        values.read_fields()
    }
}

/// Which changes of restrictions to list, for
/// [`Experience::list_restriction_logs_with`](crate::Experience::list_restriction_logs_with).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RestrictionLogFilter {
    user: Option<u64>,
    place: Option<u64>,
}

impl RestrictionLogFilter {
    /// Returns a filter that all changes match.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists the changes for this user.
    pub fn user(mut self, user_id: u64) -> Self {
        self.user = Some(user_id);
        self
    }

    /// Lists the changes in this place.
    pub fn place(mut self, place_id: u64) -> Self {
        self.place = Some(place_id);
        self
    }

    pub(super) fn expression(&self) -> Option<String> {
        let user = self.user.map(|id| format!("user == 'users/{id}'"));
        let place = self.place.map(|id| format!("place == 'places/{id}'"));
        let parts: Vec<String> = user.into_iter().chain(place).collect();
        Some(parts.join(" && ")).filter(|expression| !expression.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_read_and_written() {
        let json = json!({
            "user": "users/156", "place": "places/1818", "moderator": { "robloxUser": "users/1" },
            "createTime": "2026-01-01T00:00:00Z", "active": true, "startTime": "2026-01-01T00:00:00Z",
            "duration": "3s", "displayReason": "a", "privateReason": "b", "excludeAltAccounts": false,
        });
        let change: RestrictionLog = serde_json::from_value(json.clone()).expect("it is a change");
        assert_eq!(change.to_string(), "2026-01-01T00:00:00Z: user 156 restricted in place 1818");
        assert_eq!(change.moderator.as_ref().and_then(RestrictionModerator::user_id), Some(1));
        assert_eq!(serde_json::to_value(&change).expect("it is JSON"), json);
    }

    #[test]
    fn bare_ids_and_scripts_are_read() {
        let json = json!({
            "user": "156", "place": "", "moderator": { "gameServerScript": {} }, "active": false, "duration": null,
            "restrictionType": { "gameJoinRestriction": {} },
        });
        let change = wire::from_value::<RestrictionLog>(&json).expect("it is a change");
        assert_eq!((change.user_id(), change.place_id()), (Some(156), None));
        assert_eq!(change.moderator, Some(RestrictionModerator::script()));
        assert!(change.moderator.is_some_and(|moderator| moderator.is_script() && moderator.user_id().is_none()));
        assert!(wire::from_value::<RestrictionLog>(&json!({ "user": "users/1" })).is_err());
    }

    #[test]
    fn filters_are_joined() {
        let filter = RestrictionLogFilter::new();
        assert_eq!(filter.expression(), None);
        assert_eq!(filter.clone().user(1).expression().as_deref(), Some("user == 'users/1'"));
        let both = filter.user(1).place(2).expression();
        assert_eq!(both.as_deref(), Some("user == 'users/1' && place == 'places/2'"));
    }
}
