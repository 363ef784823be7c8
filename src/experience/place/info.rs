use std::fmt;

use jiff::Timestamp;

use serde_json::{Map, Value, json};

use super::handle::{IN_TEAM_CREATE, Place};
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::experience::update::updated;
use crate::wire::{self, model};

/// Fetches a place.
pub const GET_PLACE: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}/places/{place}").with_budget(100, 100);

/// Updates a place.
pub const UPDATE_PLACE: Endpoint = Endpoint::patch("/cloud/v2/universes/{universe}/places/{place}")
    .with_scopes(&["universe.place:write"])
    .with_advice(IN_TEAM_CREATE)
    .with_budget(100, 100)
    .harmless();

impl Place {
    /// Fetches the place.
    ///
    /// Calls [`GET_PLACE`], which needs no scope.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let place = client.place(1818).fetch_info()?;
    /// println!("{place}, for up to {:?} users", place.server_size);
    /// # assert_eq!(place.id(), Some(1818));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the place doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#Cloud_GetPlace>
    pub fn fetch_info(&self) -> Result<PlaceInfo> {
        self.client
            .call(&GET_PLACE)
            .param("universe", self.experience_id_for(&GET_PLACE)?)
            .param("place", self.id)
            .fetch_model()
    }

    /// Updates the place. Returns it; the response may have the updated fields only.
    ///
    /// Calls [`UPDATE_PLACE`], which needs the scope `universe.place:write`. The name and the description of the root place are
    /// those of the experience.
    ///
    /// ```
    /// use rblxopencloud::experience::PlaceUpdate;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let place = client.place(1818).update(PlaceUpdate::new().display_name("Crossroads 2").server_size(30))?;
    /// # assert_eq!(place.display_name.as_deref(), Some("Crossroads 2"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the update changes nothing, and
    /// [`Conflict`](crate::ErrorKind::Conflict) while the place is open in Team Create.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#Cloud_UpdatePlace>
    pub fn update(&self, update: PlaceUpdate) -> Result<PlaceInfo> {
        update.check()?;
        let universe = self.experience_id_for(&UPDATE_PLACE)?;
        let request = self.client.call(&UPDATE_PLACE).param("universe", universe).param("place", self.id);
        updated(request, update.fields, format!("universes/{universe}/places/{}", self.id))
    }
}

/// An update of a place, for [`Place::update`]. Fields that aren't set stay unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "an update does nothing until it is handed to a place"]
pub struct PlaceUpdate {
    fields: Map<String, Value>,
}

impl PlaceUpdate {
    /// Creates an update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        self.set("displayName", json!(name.into()))
    }

    /// Sets the description.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.set("description", json!(description.into()))
    }

    /// Sets the largest number of users in one server.
    pub fn server_size(self, users: u32) -> Self {
        self.set("serverSize", json!(users))
    }

    fn set(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    fn check(&self) -> Result<()> {
        let text = |field: &str| self.fields.get(field).and_then(Value::as_str);
        if text("displayName").is_some_and(|name| name.trim().is_empty()) {
            return Err(Error::invalid_input("the name of the place is empty"));
        }
        if self.fields.get("serverSize").and_then(Value::as_u64) == Some(0) {
            return Err(Error::invalid_input("the server size is 0; a server has room for at least one user"));
        }
        Ok(())
    }
}

model! {
    /// A place, from [`Place::fetch_info`].
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/places#Cloud_GetPlace>
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct PlaceInfo {
        /// The resource path, `universes/{universe}/places/{place}`.
        pub path: String,
        /// The name. `None` if the response doesn't tell it, as that to an update of other fields.
        pub display_name: Option<String>,
        /// The description, often empty. `None` if the response doesn't tell it.
        pub description: Option<String>,
        /// The largest number of users in one server. `None` if the response doesn't tell it.
        #[with(wire::strict)]
        pub server_size: Option<u32>,
        /// Whether it is the root place, in which users arrive. `None` if the response doesn't tell it.
        #[with(wire::strict)]
        #[serde(rename = "root")]
        pub is_root: Option<bool>,
        /// Whether a script of the experience created the place. `None` if the response doesn't tell it.
        #[with(wire::strict)]
        #[serde(rename = "universeRuntimeCreation")]
        pub is_created_at_runtime: Option<bool>,
        /// When the place was created.
        #[serde(rename = "createTime")]
        pub created_at: Option<Timestamp>,
        /// When the place last changed.
        #[serde(rename = "updateTime")]
        pub updated_at: Option<Timestamp>,
    }
}

impl PlaceInfo {
    /// Creates a place, for tests.
    #[must_use]
    pub fn new(universe_id: u64, place_id: u64, display_name: impl Into<String>) -> Self {
        Self {
            path: format!("universes/{universe_id}/places/{place_id}"),
            display_name: Some(display_name.into()),
            description: None,
            server_size: None,
            is_root: None,
            is_created_at_runtime: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// Returns the place's id. `None` if the path doesn't name it.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        wire::path_id(&self.path, "places")
    }

    /// Returns the universe id of the experience. `None` if the path doesn't name it.
    #[must_use]
    pub fn experience_id(&self) -> Option<u64> {
        wire::path_id(&self.path, "universes")
    }
}

/// `universes/13058/places/1818 (Crossroads)`.
impl fmt::Display for PlaceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path, self.display_name.as_deref().unwrap_or_default())
    }
}
