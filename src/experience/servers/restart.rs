use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use super::restart_options::RestartOptions;
use super::restart_status::RestartStatus;
use crate::api::Endpoint;
use crate::error::{Error, Result};
use crate::experience::handle::Experience;
use crate::wire::model;

/// Restarts servers of an experience.
pub const RESTART_SERVERS: Endpoint = Endpoint::post("/server-management/v1/universes/{universe}/restarts")
    .with_scopes(&["universe:write"])
    .with_budget(100, 100);

/// When a restart whose response was lost is looked for, after the failure. It may be listed a little later than it begins.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

model! {
    /// A restart that has begun, from [`Experience::restart_servers`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Restart {
        /// The id, for [`Experience::restart_status`].
        pub id: String,
        /// How many players have to move.
        pub players_impacted: Option<u64>,
        /// How many servers are closed.
        pub instances_impacted: Option<u64>,
    }
}

impl From<RestartStatus> for Restart {
    fn from(status: RestartStatus) -> Self {
        Self {
            players_impacted: status.total_of(|place| place.total_players),
            instances_impacted: status.total_of(|place| place.total_instances),
            id: status.id,
        }
    }
}

/// `restart 8f2c`.
impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "restart {}", self.id)
    }
}

impl Experience {
    /// Restarts servers of the experience, so that players come to the newest version of each place. Publishing a version alone
    /// restarts nothing.
    ///
    /// The request is sent once. If its response is lost, the restarts are listed: one that wasn't there before and fits the
    /// options is returned. It can be that of somebody else, who has started the same at the same time. If none is listed, the
    /// error of the request is returned. To go on after a crash, see [`RestartOptions::after`].
    ///
    /// Calls [`RESTART_SERVERS`], which needs the scope `universe:write`. Calls
    /// [`LIST_RESTARTS`](crate::endpoints::LIST_RESTARTS) before, which needs the scope `universe:read`, unless
    /// [`RestartOptions::settle`] says not to.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rblxopencloud::experience::RestartOptions;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # sandbox.add_game_server(13058, 1818, 7, [156]);
    /// # let experience = sandbox.client().experience(13058);
    /// let restart = experience.restart_servers(RestartOptions::new().bleed_off(Duration::from_secs(600)))?;
    /// println!("{restart} moves {:?} players", restart.players_impacted);
    /// # assert_eq!(restart.players_impacted, Some(1));
    /// # sandbox.advance_clock(Duration::from_secs(601));
    /// let is_done = experience.restart_status(&restart.id)?.is_some_and(|status| status.is_done());
    /// # assert!(is_done);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the bleed-off time isn't 1 to 240 whole minutes, or the
    /// attributes are too large. If [`outcome_unknown`](Error::outcome_unknown) is true, the servers may be restarted.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/servers>
    pub fn restart_servers(&self, options: RestartOptions) -> Result<Restart> {
        let request = self.client.call(&RESTART_SERVERS).param("universe", self.id).json(&options.json()?);
        if !options.settles {
            return request.fetch_model();
        }
        let listed = self.list_restarts()?;
        let known = match &options.known {
            None => listed.into_iter().map(|status| status.id).collect(),
            Some(known) => match options.find_in(listed, known) {
                Some(begun) => return Ok(begun.into()),
                None => known.clone(),
            },
        };
        match request.fetch_model() {
            Err(error) if error.outcome_unknown() => self.find_restart(&options, &known, error),
            result => result,
        }
    }

    /// Looks for the restart of a request that failed with this error.
    fn find_restart(&self, options: &RestartOptions, known: &[String], error: Error) -> Result<Restart> {
        for pause in LOOKS {
            let end = self.client.session().end().map(|(end, _)| end);
            if end.is_some_and(|end| end.saturating_duration_since(Instant::now()) <= pause) {
                break;
            }
            thread::sleep(pause);
            // The error of the request says more than that of a listing.
            let listed = self.list_restarts().unwrap_or_default();
            if let Some(begun) = options.find_in(listed, known) {
                return Ok(begun.into());
            }
        }
        Err(error.advise("no new restart is listed; look at list_restarts before the servers are restarted again"))
    }
}
