use std::collections::BTreeMap;

use serde_json::Value;

use super::keyed::by_name;
use crate::api::Endpoint;
use crate::error::Result;
use crate::experience::place::handle::Place;
use crate::request::Request;
use crate::wire::{self, Json, Unreadable, model};

/// Fetches by which values the game servers of a place can be filtered.
pub const GET_GAME_SERVER_FILTERS: Endpoint =
    Endpoint::get("/server-management/v1/universes/{universe}/places/{place}/game-servers:filter-options")
        .with_scopes(&["universe:read"])
        .with_budget(100, 100);

model! {
    /// The values of the fields by which game servers can be filtered, from [`Place::fetch_game_server_filters`].
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct GameServerFilters {
        /// The fields, by their names.
        #[with(by_name)]
        #[serde(rename = "filters")]
        pub fields: BTreeMap<String, GameServerFilterField>,
    }
}

model! {
    /// The values of one field, for [`GameServerFilters`].
    #[derive(Clone, Debug, Default, PartialEq)]
    #[non_exhaustive]
    pub struct GameServerFilterField {
        /// The name of the field, such as `PlaceVersion`.
        pub field: Option<String>,
        /// The type of its values, `String` or `Number`.
        #[serde(rename = "type")]
        pub value_type: Option<String>,
        /// The values that servers have, as the service sent them.
        #[with(or_empty)]
        pub values: Vec<Value>,
    }
}

/// Reads a list of any values. A missing one and `null` are empty.
fn or_empty(json: Option<Json<'_>>) -> Result<Vec<Value>, Unreadable> {
    wire::strict_or_null(json)
}

impl GameServerFilters {
    /// Returns the versions of the place that servers run, the newest first.
    #[must_use]
    pub fn place_versions(&self) -> Vec<u64> {
        let mut versions: Vec<u64> = Vec::new();
        for (name, field) in &self.fields {
            if field.field.as_ref().unwrap_or(name).eq_ignore_ascii_case("PlaceVersion") {
                let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
                versions.extend(field.values.iter().filter_map(number));
            }
        }
        versions.sort_unstable();
        versions.reverse();
        versions
    }
}

impl Place {
    /// Starts a request about the place's experience.
    pub(in crate::experience) fn of_experience(&self, endpoint: &Endpoint) -> Request {
        let (universe, problem) = match self.experience_id_for(endpoint) {
            Ok(universe) => (universe, None),
            Err(problem) => (0, Some(problem)),
        };
        problem.into_iter().fold(self.client.call(endpoint).param("universe", universe), Request::failed)
    }

    /// Starts a request about the place, whose path has the experience, too.
    pub(in crate::experience) fn of_place(&self, endpoint: &Endpoint) -> Request {
        self.of_experience(endpoint).param("place", self.id)
    }

    /// Fetches by which values the game servers of the place can be filtered: the versions that they run, and those of the
    /// engine.
    ///
    /// Calls [`GET_GAME_SERVER_FILTERS`], which needs the scope `universe:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// for version in place.fetch_game_server_filters()?.place_versions() {
    ///     println!("version {version}: {:?} servers", place.count_game_servers(version)?.total);
    /// }
    /// # assert_eq!(place.fetch_game_server_filters()?.place_versions(), [7]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the owner of the credentials may not manage the
    /// experience.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn fetch_game_server_filters(&self) -> Result<GameServerFilters> {
        self.of_place(&GET_GAME_SERVER_FILTERS).fetch_model()
    }
}
