use super::desired::Restriction;
use super::log::{RestrictionLog, RestrictionLogFilter};
use super::model::UserRestriction;
use super::sync::RestrictionSync;
use super::target::{Endpoints, Target};
use crate::api::{Budget, Endpoint};
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::page::Pager;

/// Fetches whether a user may join an experience.
pub const GET_USER_RESTRICTION: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}/user-restrictions/{user}")
    .with_scopes(&["universe.user-restriction:read"])
    .with_key_budget(Budget::per_second(150))
    .with_oauth_budget(Budget::per_second(30))
    .with_shared_budget_for("get user restriction", &["universe"], Budget::per_second(50));

/// Changes whether a user may join an experience.
///
/// A request has an idempotency key, as the parameters `idempotencyKey.key` and `idempotencyKey.firstSent` of its query, with
/// which the service recognizes repetitions.
pub const UPDATE_USER_RESTRICTION: Endpoint =
    Endpoint::patch("/cloud/v2/universes/{universe}/user-restrictions/{user}")
        .with_scopes(&["universe.user-restriction:write"])
        .with_key_budget(Budget::per_second(150))
        .with_oauth_budget(Budget::per_second(30))
        .with_shared_budget_for("update user restriction", &["universe"], Budget::per_second(10))
        .with_shared_budget_for("update user restriction", &["universe", "user"], Budget::per_minute(2))
        .harmless();

/// Lists who may not join an experience.
pub const LIST_USER_RESTRICTIONS: Endpoint = Endpoint::get("/cloud/v2/universes/{universe}/user-restrictions")
    .with_scopes(&["universe.user-restriction:read"])
    .with_key_budget(Budget::per_second(150))
    .with_oauth_budget(Budget::per_second(30))
    .with_shared_budget_for("list user restrictions", &["universe"], Budget::per_second(50));

/// Lists the changes of who may join an experience and its places.
pub const LIST_USER_RESTRICTION_LOGS: Endpoint =
    Endpoint::get("/cloud/v2/universes/{universe}/user-restrictions:listLogs")
        .with_scopes(&["universe.user-restriction:read"])
        .with_key_budget(Budget::per_second(150))
        .with_oauth_budget(Budget::per_second(30))
        .with_budget_for(&["universe"], Budget::per_second(50));

const ENDPOINTS: Endpoints = Endpoints { list: LIST_USER_RESTRICTIONS, update: UPDATE_USER_RESTRICTION };

impl Experience {
    fn restrictions(&self) -> Target {
        Target::Experience(self.clone())
    }

    /// Fetches whether a user may join the experience. For a user who was never restricted, it is a restriction that isn't
    /// active.
    ///
    /// Calls [`GET_USER_RESTRICTION`], which needs the scope `universe.user-restriction:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// if experience.fetch_restriction(156)?.is_in_force() {
    ///     println!("the user may not join");
    /// }
    /// # assert!(!experience.fetch_restriction(156)?.is_in_force());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the experience doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response doesn't tell whether the user may join.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_GetUserRestriction>
    pub fn fetch_restriction(&self, user_id: u64) -> Result<UserRestriction> {
        self.restrictions().fetch(&GET_USER_RESTRICTION, user_id)
    }

    /// Keeps a user out of the experience. One who is playing is kicked. A restriction that the user has is replaced.
    ///
    /// The service accepts two changes a minute for each user of an experience and its places; a third one waits. The call is
    /// repeated after transient failures, and the service carries it out once.
    ///
    /// Calls [`UPDATE_USER_RESTRICTION`], which needs the scope `universe.user-restriction:write`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rblxopencloud::experience::Restriction;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// let week = Restriction::lasting(Duration::from_secs(7 * 24 * 3600)).display_reason("Exploiting");
    /// let restriction = experience.restrict_user(156, week)?;
    /// println!("{restriction}");
    /// # assert!(restriction.is_in_force());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the restriction doesn't last whole seconds, has ended
    /// already, or has a reason that is too long.
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_UpdateUserRestriction>
    pub fn restrict_user(&self, user_id: u64, restriction: Restriction) -> Result<UserRestriction> {
        self.restrictions().restrict(&UPDATE_USER_RESTRICTION, user_id, &restriction)
    }

    /// Lifts the restriction of a user of the experience. One of a single place stays: see
    /// [`Place::lift_restriction`](crate::Place::lift_restriction). A user who isn't restricted stays so.
    ///
    /// Calls [`UPDATE_USER_RESTRICTION`], which needs the scope `universe.user-restriction:write`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// let restriction = experience.lift_restriction(156)?;
    /// # assert!(!restriction.is_in_force());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`restrict_user`](Self::restrict_user).
    pub fn lift_restriction(&self, user_id: u64) -> Result<UserRestriction> {
        self.restrictions().lift(&UPDATE_USER_RESTRICTION, user_id)
    }

    /// Lists the restrictions of users of the experience. Those that were lifted or have ended can be among them: see
    /// [`UserRestriction::is_in_force`].
    ///
    /// Calls [`LIST_USER_RESTRICTIONS`], which needs the scope `universe.user-restriction:read`. A page has 100 of them.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// # experience.restrict_user(156, rblxopencloud::experience::Restriction::permanent())?;
    /// for restriction in experience.list_restrictions() {
    ///     println!("{}", restriction?);
    /// }
    /// # assert_eq!(experience.list_restrictions().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_ListUserRestrictions>
    pub fn list_restrictions(&self) -> Pager<UserRestriction> {
        self.restrictions().list(&LIST_USER_RESTRICTIONS)
    }

    /// Lists the changes of who may join the experience and its places.
    ///
    /// Calls [`LIST_USER_RESTRICTION_LOGS`], which needs the scope `universe.user-restriction:read`. A page has 100 of them.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// # experience.lift_restriction(156)?;
    /// for change in experience.list_restriction_logs() {
    ///     println!("{}", change?);
    /// }
    /// # assert_eq!(experience.list_restriction_logs().count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://create.roblox.com/docs/cloud/reference/features/user-restrictions#Cloud_ListUserRestrictionLogs>
    pub fn list_restriction_logs(&self) -> Pager<RestrictionLog> {
        self.client.call(&LIST_USER_RESTRICTION_LOGS).param("universe", self.id).pages()
    }

    /// Lists the changes for one user or in one place. See [`list_restriction_logs`](Self::list_restriction_logs).
    ///
    /// Calls [`LIST_USER_RESTRICTION_LOGS`], which needs the scope `universe.user-restriction:read`.
    ///
    /// ```
    /// use rblxopencloud::experience::RestrictionLogFilter;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let experience = sandbox.client().experience(13058);
    /// # experience.lift_restriction(156)?;
    /// let of_user = RestrictionLogFilter::new().user(156);
    /// for change in experience.list_restriction_logs_with(of_user) {
    ///     println!("{}", change?);
    /// }
    /// # assert_eq!(experience.list_restriction_logs_with(RestrictionLogFilter::new().user(1)).count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_restriction_logs_with(&self, filter: RestrictionLogFilter) -> Pager<RestrictionLog> {
        let request = self.client.call(&LIST_USER_RESTRICTION_LOGS).param("universe", self.id);
        filter.expression().into_iter().fold(request, |request, filter| request.query("filter", filter)).pages()
    }

    /// Prepares to restrict these users of the experience, and nobody else if that is requested: with a plan that tells each
    /// change before it is made. Makes no request yet. See [`RestrictionSync`].
    pub fn sync_restrictions(&self, desired: impl IntoIterator<Item = (u64, Restriction)>) -> RestrictionSync {
        RestrictionSync::new(self.restrictions(), &ENDPOINTS, desired)
    }
}
