use std::collections::BTreeMap;

use jiff::Timestamp;

use serde_json::Value;

use super::keyed::by_id;
use crate::api::Endpoint;
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::wire::model;

/// Forecasts what a restart of all servers of an experience would do.
pub const FORECAST_RESTART: Endpoint = Endpoint::get("/server-management/v1/universes/{universe}/restarts:forecast")
    .with_scopes(&["universe:read"])
    .with_budget(100, 100);

model! {
    /// What a restart would do, from [`Experience::forecast_restart`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct RestartForecast {
        /// The places with running servers, by their ids.
        #[with(by_id)]
        #[serde(rename = "placeForecasts")]
        pub places: BTreeMap<u64, PlaceForecast>,
    }
}

model! {
    /// What a restart would do in one place, for a [`RestartForecast`].
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct PlaceForecast {
        /// The players who would have to move.
        pub players_impacted: u32,
        /// All players in the place.
        pub total_players: Option<u32>,
        /// The servers that would be closed.
        pub instances_impacted: u32,
        /// All servers of the place.
        pub total_instances: Option<u32>,
        /// The newest version that runs on a server.
        pub latest_place_version: Option<u64>,
        /// When the newest version was published.
        #[serde(rename = "publishTime")]
        pub published_at: Option<Timestamp>,
        /// Whether the place has moved to another experience, and still has servers from before.
        pub is_not_in_universe: Option<bool>,
        /// The players of each version, as the service sent them.
        #[optional]
        pub players_per_version: Value,
        /// The servers of each version, as the service sent them.
        #[optional]
        pub instances_per_version: Value,
    }
}

impl RestartForecast {
    /// Returns how many players would have to move, in all places.
    #[must_use]
    pub fn players_impacted(&self) -> u64 {
        self.places.values().map(|place| u64::from(place.players_impacted)).sum()
    }

    /// Returns how many servers would be closed, in all places.
    #[must_use]
    pub fn instances_impacted(&self) -> u64 {
        self.places.values().map(|place| u64::from(place.instances_impacted)).sum()
    }
}

impl Experience {
    /// Forecasts what a restart of all servers would do: how many players would have to move, and how many servers would be
    /// closed.
    ///
    /// Calls [`FORECAST_RESTART`], which needs the scope `universe:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156, 1007]);
    /// # let experience = sandbox.client().experience(13058);
    /// println!("{} players to move", experience.forecast_restart()?.players_impacted());
    /// # assert_eq!(experience.forecast_restart()?.players_impacted(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response doesn't tell the numbers of a place.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn forecast_restart(&self) -> Result<RestartForecast> {
        self.client.call(&FORECAST_RESTART).param("universe", self.id).fetch_model()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire;

    #[test]
    fn a_forecast_adds_its_places_up() {
        let json = json!({ "placeForecasts": {
            "1818": { "playersImpacted": 3, "totalPlayers": 4, "instancesImpacted": 1, "totalInstances": 2,
                "latestPlaceVersion": "7", "playersPerVersion": { "7": 3 } },
            "1819": { "playersImpacted": 4, "instancesImpacted": 5 },
        } });
        let forecast: RestartForecast = serde_json::from_value(json.clone()).expect("it is a forecast");
        assert_eq!((forecast.players_impacted(), forecast.instances_impacted()), (7, 6));
        assert_eq!(forecast.places[&1818].latest_place_version, Some(7));
        assert_eq!(wire::from_value::<RestartForecast>(&json).expect("it is a forecast"), forecast);
        for empty in [json!({ "placeForecasts": {} }), json!({ "placeForecasts": null })] {
            assert_eq!(wire::from_value::<RestartForecast>(&empty).expect("nothing runs").players_impacted(), 0);
        }
    }

    #[test]
    fn what_is_not_told_is_not_zero() {
        for unreadable in [
            json!({}),
            json!({ "placeForecasts": [] }),
            json!({ "placeForecasts": { "1818": {} } }),
            json!({ "placeForecasts": { "1818": { "playersImpacted": null, "instancesImpacted": 1 } } }),
            json!({ "placeForecasts": { "x": { "playersImpacted": 1, "instancesImpacted": 1 } } }),
        ] {
            assert!(wire::from_value::<RestartForecast>(&unreadable).is_err(), "{unreadable}");
        }
    }
}
