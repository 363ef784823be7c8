use super::handle::Experience;
use crate::api::Endpoint;
use crate::error::Result;

/// Makes an experience public.
pub const ACTIVATE_EXPERIENCE: Endpoint = Endpoint::post("/legacy-develop/v1/universes/{universe}/activate")
    .with_scopes(&["legacy-universe:manage"])
    .with_denied_hint("the root place may be under review, or the creator have as many active experiences as allowed")
    .with_budget(100, 100)
    .harmless();

/// Makes an experience private, which removes all players.
pub const DEACTIVATE_EXPERIENCE: Endpoint = Endpoint::post("/legacy-develop/v1/universes/{universe}/deactivate")
    .with_scopes(&["legacy-universe:manage"])
    .with_budget(100, 100)
    .harmless();

impl Experience {
    /// Makes the experience public, so that users can join. Does nothing if it is.
    ///
    /// Calls [`ACTIVATE_EXPERIENCE`], which needs the scope `legacy-universe:manage`.
    ///
    /// ```
    /// use rblxopencloud::experience::ExperienceVisibility;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.activate()?;
    /// assert_eq!(experience.fetch_info()?.visibility, Some(ExperienceVisibility::Public));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) also if the root place is under review.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#post_legacy_develop_v1_universes__universeId__activate>
    pub fn activate(&self) -> Result<()> {
        self.client.call(&ACTIVATE_EXPERIENCE).param("universe", self.id).send()
    }

    /// Makes the experience private, and **removes all players from all of its servers** at once. Does nothing if it is private.
    ///
    /// Calls [`DEACTIVATE_EXPERIENCE`], which needs the scope `legacy-universe:manage`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// experience.deactivate()?;
    /// # use rblxopencloud::experience::ExperienceVisibility;
    /// # assert_eq!(experience.fetch_info()?.visibility, Some(ExperienceVisibility::Private));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`PermissionDenied`](crate::ErrorKind::PermissionDenied) if the owner of the credentials may not manage the experience.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/universes#post_legacy_develop_v1_universes__universeId__deactivate>
    #[doc(alias = "remove_all_players")]
    pub fn deactivate(&self) -> Result<()> {
        self.client.call(&DEACTIVATE_EXPERIENCE).param("universe", self.id).send()
    }
}
