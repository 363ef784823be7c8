use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::keyed::{self, by_id_if_any};
use crate::api::Endpoint;
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::open_enum::open_enum;
use crate::wire::{Json, Unreadable, model};

/// Lists the restarts of an experience's servers.
pub const LIST_RESTARTS: Endpoint = Endpoint::get("/server-management/v1/universes/{universe}/restarts")
    .with_scopes(&["universe:read"])
    .with_budget(100, 100);

open_enum! {
    /// How far the restart of a place's servers is.
    RestartState {
        /// The servers still run, and no player joins them.
        Delaying = "DELAYING",
        /// The servers are being closed.
        Restarting = "RESTARTING",
        /// All servers are closed.
        Succeeded = "SUCCEEDED",
    }
}

model! {
    /// How far a restart is, from [`Experience::list_restarts`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct RestartStatus {
        /// The restart's id. The service has it beside the status.
        #[optional]
        pub id: String,
        /// The universe id.
        pub universe_id: Option<u64>,
        /// When the restart was requested.
        #[serde(rename = "scheduledTime")]
        pub scheduled_at: Option<Timestamp>,
        /// When the servers begin to be closed, after the bleed-off time.
        #[serde(rename = "startTime")]
        pub starts_at: Option<Timestamp>,
        /// The places whose servers are restarted, by their ids.
        #[with(by_id_if_any)]
        #[serde(rename = "placeRestartStatuses")]
        pub places: BTreeMap<u64, PlaceRestartStatus>,
    }
}

model! {
    /// How far the restart of one place's servers is, for a [`RestartStatus`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct PlaceRestartStatus {
        /// How far it is.
        pub state: RestartState,
        /// When its first server was closed.
        #[serde(rename = "startTime")]
        pub started_at: Option<Timestamp>,
        /// When its last server was closed.
        #[serde(rename = "endTime")]
        pub ended_at: Option<Timestamp>,
        /// How many players there were when it was requested.
        pub total_players: Option<u32>,
        /// How many servers there were when it was requested.
        pub total_instances: Option<u32>,
        /// How many of the players are left.
        pub remaining_players: Option<u32>,
        /// How many of the servers are left.
        pub remaining_instances: Option<u32>,
        /// The versions that were chosen.
        pub filter: Option<PlaceRestartFilter>,
        /// The newest version when it was requested.
        pub latest_version: Option<u64>,
    }
}

model! {
    /// The versions of a place whose servers are restarted, for a [`PlaceRestartStatus`]. All of them if nothing is set.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct PlaceRestartFilter {
        /// These versions.
        pub versions: Option<Vec<u64>>,
        /// All versions but the newest published one.
        pub exclude_current_version: Option<bool>,
    }
}

impl PlaceRestartFilter {
    /// Whether it chooses the same versions.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let versions = |filter: &Self| {
            let mut versions = filter.versions.clone().unwrap_or_default();
            versions.sort_unstable();
            versions.dedup();
            versions
        };
        let is_excluded = |filter: &Self| filter.exclude_current_version == Some(true);
        versions(self) == versions(other) && is_excluded(self) == is_excluded(other)
    }
}

impl RestartStatus {
    /// Returns whether all servers are closed. `false` also if no place is listed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.places.is_empty() && self.places.values().all(|place| place.state == RestartState::Succeeded)
    }

    /// Returns how many players are left on the servers. `None` if the service doesn't tell it of each place, or lists none.
    #[must_use]
    pub fn remaining_players(&self) -> Option<u64> {
        self.total_of(|place| place.remaining_players)
    }

    /// Adds up a number of all places. `None` if the service doesn't tell it of each place, or of any.
    pub(super) fn total_of(&self, number: fn(&PlaceRestartStatus) -> Option<u32>) -> Option<u64> {
        let mut total = None;
        for place in self.places.values() {
            total = Some(total.unwrap_or(0) + u64::from(number(place)?));
        }
        total
    }
}

/// `restart 8f2c: place 1818 RESTARTING`.
impl fmt::Display for RestartStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "restart {}", self.id)?;
        for (at, (id, place)) in self.places.iter().enumerate() {
            write!(f, "{} place {id} {}", if at == 0 { ":" } else { "," }, place.state)?;
        }
        Ok(())
    }
}

model! {
    /// The response with all restarts.
    struct RestartStatuses {
        #[with(with_ids)]
        restart_statuses: Vec<RestartStatus>,
    }
}

/// Reads an object of statuses by their ids, the newest last.
fn with_ids(json: Option<Json<'_>>) -> std::result::Result<Vec<RestartStatus>, Unreadable> {
    let mut statuses = Vec::new();
    for (id, value) in keyed::fields(json)? {
        let status: RestartStatus = keyed::read(&id, value)?;
        let at = statuses.partition_point(|other: &RestartStatus| other.scheduled_at <= status.scheduled_at);
        statuses.insert(at, RestartStatus { id, ..status });
    }
    Ok(statuses)
}

impl Experience {
    /// Lists the restarts of the experience's servers, the newest last.
    ///
    /// Calls [`LIST_RESTARTS`], which needs the scope `universe:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let experience = sandbox.client().experience(13058);
    /// # experience.restart_servers(rblxopencloud::experience::RestartOptions::new())?;
    /// for restart in experience.list_restarts()? {
    ///     println!("{restart}");
    /// }
    /// # assert_eq!(experience.list_restarts()?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if a status can't be read.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn list_restarts(&self) -> Result<Vec<RestartStatus>> {
        let listed: RestartStatuses = self.client.call(&LIST_RESTARTS).param("universe", self.id).fetch_model()?;
        Ok(listed.restart_statuses)
    }

    /// Fetches how far a restart is. Returns `None` if no restart with this id is listed. See
    /// [`list_restarts`](Self::list_restarts).
    ///
    /// Calls [`LIST_RESTARTS`], which needs the scope `universe:read`.
    ///
    /// # Errors
    /// See [`list_restarts`](Self::list_restarts).
    pub fn restart_status(&self, restart_id: &str) -> Result<Option<RestartStatus>> {
        Ok(self.list_restarts()?.into_iter().find(|status| status.id == restart_id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_place_tells_is_not_zero() {
        let place = |players: serde_json::Value| json!({ "state": "DELAYING", "remainingPlayers": players });
        for (places, left) in [
            (json!({}), None),
            (json!({ "1": place(json!(null)) }), None),
            (json!({ "1": place(json!(2)), "2": place(json!(null)) }), None),
            (json!({ "1": place(json!(2)), "2": place(json!(0)) }), Some(2)),
        ] {
            let json = json!({ "placeRestartStatuses": places });
            let status: RestartStatus = serde_json::from_value(json.clone()).expect("a status");
            assert_eq!((status.remaining_players(), status.is_done()), (left, false), "{json}");
        }
    }
}
