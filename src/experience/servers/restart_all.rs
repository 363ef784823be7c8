use std::time::Duration;

use serde_json::{Map, json};

use super::restart_options::whole_minutes;
use crate::api::Endpoint;
use crate::error::Result;
use crate::experience::handle::Experience;

/// Restarts the servers of an experience, without an id to follow the restart by. [`RESTART_SERVERS`] has one.
///
/// [`RESTART_SERVERS`]: crate::endpoints::RESTART_SERVERS
pub const RESTART_UNIVERSE_SERVERS: Endpoint = Endpoint::post("/cloud/v2/universes/{universe}:restartServers")
    .with_scopes(&["universe:write"])
    .with_budget(30, 30);

const LONGEST_BLEED_OFF: u64 = 60;

/// Which servers to restart and how, for [`Experience::restart_universe_servers`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct UniverseRestartOptions {
    place_ids: Vec<u64>,
    all_versions: bool,
    bleed_off: Option<Duration>,
}

impl UniverseRestartOptions {
    /// Returns options that restart the outdated servers of all places at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Restarts the servers of these places only.
    pub fn places(mut self, place_ids: impl IntoIterator<Item = u64>) -> Self {
        self.place_ids.extend(place_ids);
        self
    }

    /// Sets whether servers of the newest version are restarted, too. Defaults to `false`.
    pub fn all_versions(mut self, all: bool) -> Self {
        self.all_versions = all;
        self
    }

    /// Sets how long servers go on before they are closed: 1 to 60 whole minutes. In this time no player joins them. Defaults
    /// to closing them at once.
    pub fn bleed_off(mut self, time: Duration) -> Self {
        self.bleed_off = Some(time);
        self
    }
}

impl Experience {
    /// Restarts servers of the experience through the older endpoint. Its response is empty, so that nothing tells how far the
    /// restart is, or whether it has begun if the response is lost: prefer [`restart_servers`](Self::restart_servers).
    ///
    /// Calls [`RESTART_UNIVERSE_SERVERS`], which needs the scope `universe:write`.
    ///
    /// ```
    /// use rblxopencloud::experience::UniverseRestartOptions;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.restart_universe_servers(UniverseRestartOptions::new().places([1818]))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the bleed-off time isn't 1 to 60 whole minutes. If
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is true, the servers may be restarted.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#Cloud_RestartUniverseServers>
    pub fn restart_universe_servers(&self, options: UniverseRestartOptions) -> Result<()> {
        let mut body = Map::new();
        if !options.place_ids.is_empty() {
            body.insert("placeIds".to_owned(), json!(options.place_ids));
        }
        if options.all_versions {
            body.insert("closeAllVersions".to_owned(), json!(true));
        }
        if let Some(time) = options.bleed_off {
            body.insert("bleedOffServers".to_owned(), json!(true));
            body.insert("bleedOffDurationMinutes".to_owned(), json!(whole_minutes(time, LONGEST_BLEED_OFF)?));
        }
        self.client.call(&RESTART_UNIVERSE_SERVERS).param("universe", self.id).json(&body).send()
    }
}
