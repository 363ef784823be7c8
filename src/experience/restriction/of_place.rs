use super::desired::Restriction;
use super::log::{RestrictionLog, RestrictionLogFilter};
use super::model::UserRestriction;
use super::of_experience::LIST_USER_RESTRICTION_LOGS;
use super::sync::RestrictionSync;
use super::target::{Endpoints, Target};
use crate::api::{Budget, Endpoint};
use crate::error::Result;
use crate::experience::place::handle::Place;
use crate::page::Pager;

/// Fetches whether a user may join a place.
pub const GET_PLACE_USER_RESTRICTION: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/places/{place}/user-restrictions/{user}")
        .with_scopes(&["universe.user-restriction:read"])
        .with_key_budget(Budget::per_second(150))
        .with_oauth_budget(Budget::per_second(30))
        .with_shared_budget_for("get user restriction", &["universe"], Budget::per_second(50));

/// Changes whether a user may join a place. See [`UPDATE_USER_RESTRICTION`] for its idempotency key.
///
/// [`UPDATE_USER_RESTRICTION`]: crate::endpoints::UPDATE_USER_RESTRICTION
pub const UPDATE_PLACE_USER_RESTRICTION: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/places/{place}/user-restrictions/{user}")
        .with_scopes(&["universe.user-restriction:write"])
        .with_key_budget(Budget::per_second(150))
        .with_oauth_budget(Budget::per_second(30))
        .with_shared_budget_for("update user restriction", &["universe"], Budget::per_second(10))
        .with_shared_budget_for("update user restriction", &["universe", "user"], Budget::per_minute(2))
        .harmless();

/// Lists who may not join a place.
pub const LIST_PLACE_USER_RESTRICTIONS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/places/{place}/user-restrictions")
        .with_scopes(&["universe.user-restriction:read"])
        .with_key_budget(Budget::per_second(150))
        .with_oauth_budget(Budget::per_second(30))
        .with_shared_budget_for("list user restrictions", &["universe"], Budget::per_second(50));

const ENDPOINTS: Endpoints = Endpoints { list: LIST_PLACE_USER_RESTRICTIONS, update: UPDATE_PLACE_USER_RESTRICTION };

impl Place {
    fn restrictions(&self) -> Target {
        Target::Place(self.clone())
    }

    /// Fetches whether a user may join the place. If only the experience keeps the user out, the restriction is
    /// [`inherited`](crate::experience::GameJoinRestriction::inherited).
    ///
    /// Calls [`GET_PLACE_USER_RESTRICTION`], which needs the scope `universe.user-restriction:read`.
    ///
    /// # Errors
    /// See [`Experience::fetch_restriction`](crate::Experience::fetch_restriction).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_GetUserRestriction__Using_Universes_Places>
    pub fn fetch_restriction(&self, user_id: u64) -> Result<UserRestriction> {
        self.restrictions().fetch(&GET_PLACE_USER_RESTRICTION, user_id)
    }

    /// Keeps a user out of the place. See
    /// [`Experience::restrict_user`](crate::Experience::restrict_user), with which it shares the limit for a user.
    ///
    /// Calls [`UPDATE_PLACE_USER_RESTRICTION`], which needs the scope `universe.user-restriction:write`.
    ///
    /// ```
    /// use rblxopencloud::experience::Restriction;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let place = sandbox.client().experience(13058).place(1818);
    /// place.restrict_user(156, Restriction::permanent())?;
    /// assert!(place.fetch_restriction(156)?.is_in_force());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Experience::restrict_user`](crate::Experience::restrict_user).
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_UpdateUserRestriction__Using_Universes_Places>
    pub fn restrict_user(&self, user_id: u64, restriction: Restriction) -> Result<UserRestriction> {
        self.restrictions().restrict(&UPDATE_PLACE_USER_RESTRICTION, user_id, &restriction)
    }

    /// Lifts the restriction of a user of the place. One of the whole experience stays in force.
    ///
    /// Calls [`UPDATE_PLACE_USER_RESTRICTION`], which needs the scope `universe.user-restriction:write`.
    ///
    /// # Errors
    /// See [`Experience::restrict_user`](crate::Experience::restrict_user).
    pub fn lift_restriction(&self, user_id: u64) -> Result<UserRestriction> {
        self.restrictions().lift(&UPDATE_PLACE_USER_RESTRICTION, user_id)
    }

    /// Lists the restrictions of users of the place. See
    /// [`Experience::list_restrictions`](crate::Experience::list_restrictions).
    ///
    /// If the handle doesn't know the experience of the place, it is looked up when the list is created. A failure of that is
    /// the first item.
    ///
    /// Calls [`LIST_PLACE_USER_RESTRICTIONS`], which needs the scope `universe.user-restriction:read`. A page has 100 of them.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_ListUserRestrictions__Using_Universes_Places>
    pub fn list_restrictions(&self) -> Pager<UserRestriction> {
        self.restrictions().list(&LIST_PLACE_USER_RESTRICTIONS)
    }

    /// Lists the changes of who may join the place, without those of the whole experience. See
    /// [`Experience::list_restriction_logs`](crate::Experience::list_restriction_logs).
    ///
    /// Calls [`LIST_USER_RESTRICTION_LOGS`](crate::endpoints::LIST_USER_RESTRICTION_LOGS), which needs the scope
    /// `universe.user-restriction:read`.
    pub fn list_restriction_logs(&self) -> Pager<RestrictionLog> {
        let filter = RestrictionLogFilter::new().place(self.id).expression().unwrap_or_default();
        self.of_experience(&LIST_USER_RESTRICTION_LOGS).query("filter", filter).pages()
    }

    /// Prepares to restrict these users of the place. See
    /// [`Experience::sync_restrictions`](crate::Experience::sync_restrictions).
    pub fn sync_restrictions(&self, desired: impl IntoIterator<Item = (u64, Restriction)>) -> RestrictionSync {
        RestrictionSync::new(self.restrictions(), &ENDPOINTS, desired)
    }
}
