use serde_json::json;

use super::handle::Experience;
use crate::api::Endpoint;
use crate::error::Result;
use crate::wire::model;

/// Tells whether Team Create is enabled.
pub const GET_TEAM_CREATE: Endpoint = Endpoint::get("/legacy-develop/v1/universes/{universe}/teamcreate")
    .with_scopes(&["legacy-team-collaboration:manage"])
    .with_budget(100, 100);

/// Enables or disables Team Create.
pub const SET_TEAM_CREATE: Endpoint = Endpoint::patch("/legacy-develop/v1/universes/{universe}/teamcreate")
    .with_scopes(&["legacy-team-collaboration:manage"])
    .with_budget(100, 100)
    .harmless();

impl Experience {
    /// Fetches whether Team Create is enabled: several users can edit a place of the experience at once.
    /// [`Place::list_team_create_members`](crate::Place::list_team_create_members) tells who does.
    ///
    /// Calls [`GET_TEAM_CREATE`], which needs the scope `legacy-team-collaboration:manage`.
    ///
    /// # Errors
    /// Returns [`Rejected`](crate::ErrorKind::Rejected) if the experience doesn't exist.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/team-create#get_legacy_develop_v1_universes__universeId__teamcreate>
    pub fn has_team_create(&self) -> Result<bool> {
        let settings: Settings = self.client.call(&GET_TEAM_CREATE).param("universe", self.id).fetch_model()?;
        Ok(settings.is_enabled)
    }

    /// Enables or disables Team Create. To disable it ends the sessions of all who edit.
    ///
    /// Calls [`SET_TEAM_CREATE`], which needs the scope `legacy-team-collaboration:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.set_team_create(true)?;
    /// assert!(experience.has_team_create()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the owner of the credentials may not manage the experience.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/team-create#patch_legacy_develop_v1_universes__universeId__teamcreate>
    pub fn set_team_create(&self, enabled: bool) -> Result<()> {
        let request = self.client.call(&SET_TEAM_CREATE).param("universe", self.id);
        request.json(&json!({ "isEnabled": enabled })).send()
    }
}

model! {
    struct Settings {
        is_enabled: bool,
    }
}
