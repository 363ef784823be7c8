use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Group, GroupRole};
use crate::error::Result;

/// The roles of a group, by id.
type Roles = Arc<BTreeMap<u64, GroupRole>>;

/// The roles that were fetched last. All clones of a handle share them.
#[derive(Clone)]
pub(super) struct RoleCache {
    lifetime: Duration,
    roles: Arc<Mutex<Option<(Instant, Roles)>>>,
}

impl Default for RoleCache {
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(60), roles: Arc::default() }
    }
}

/// Leaves out the roles, of which there can be many.
impl fmt::Debug for RoleCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleCache").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl Group {
    /// Sets how long [`rank_of`](Self::rank_of) and [`role_of`](Self::role_of) keep the group's roles. Defaults to 60 seconds.
    ///
    /// Clones of the returned handle share the roles.
    #[must_use]
    pub fn with_roles_kept_for(self, lifetime: Duration) -> Self {
        Self { roles: RoleCache { lifetime, roles: Arc::default() }, ..self }
    }

    /// Returns a user's rank in the group, from 1 to 255. `None` if the user isn't a member.
    ///
    /// It is the rank of the member's highest-ranked role. The roles of the group are fetched once and
    /// [kept](Self::with_roles_kept_for) for a minute, so this is one request. A server keeps the handle.
    ///
    /// Needs the scope `group:read`. Budgets are those of [`list_memberships`](Self::list_memberships).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let group = client.group(7).with_roles_kept_for(Duration::from_secs(600));
    /// assert_eq!(group.rank_of(156)?, Some(255));
    /// assert_eq!(group.rank_of(1)?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group doesn't exist.
    pub fn rank_of(&self, user_id: u64) -> Result<Option<u32>> {
        Ok(self.role_of(user_id)?.map(|role| role.rank))
    }

    /// Returns a user's highest-ranked role in the group. `None` if the user isn't a member. See [`rank_of`](Self::rank_of).
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud::sandbox::Sandbox::builder().demo().start()?;
    /// # let group = sandbox.client().group(7);
    /// let role = group.role_of(156)?.expect("builderman is a member");
    /// assert_eq!(role.display_name, "Owner");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`rank_of`](Self::rank_of).
    pub fn role_of(&self, user_id: u64) -> Result<Option<GroupRole>> {
        let Some(membership) = self.membership_of(user_id)? else { return Ok(None) };
        let highest = |roles: &Roles| {
            let own = membership.role_ids.iter().chain(&membership.role_id).filter_map(|id| roles.get(id));
            own.max_by_key(|role| role.rank).cloned()
        };
        let (roles, is_fresh) = self.roles()?;
        let knows_all = membership.role_ids.iter().all(|id| roles.contains_key(id));
        match highest(&roles) {
            Some(role) if knows_all || is_fresh => Ok(Some(role)),
            None if is_fresh => self.fetch_role_of(membership.role_id),
            // A role that was created since.
            _ => match highest(&self.fetch_roles()?) {
                Some(role) => Ok(Some(role)),
                None => self.fetch_role_of(membership.role_id),
            },
        }
    }

    /// Fetches a role that the listing doesn't have.
    fn fetch_role_of(&self, role_id: Option<u64>) -> Result<Option<GroupRole>> {
        role_id.map(|id| self.fetch_role(id)).transpose()
    }

    /// Returns the roles, and whether they were fetched just now.
    fn roles(&self) -> Result<(Roles, bool)> {
        let known = self.roles.roles.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((fetched, roles)) if fetched.elapsed() < self.roles.lifetime => Ok((roles, false)),
            _ => Ok((self.fetch_roles()?, true)),
        }
    }

    fn fetch_roles(&self) -> Result<Roles> {
        let fetched = Instant::now();
        let roles = self.list_roles().map(|role| role.map(|role| (role.id, role)));
        let roles: Roles = Arc::new(roles.collect::<Result<_>>()?);
        *self.roles.roles.lock().unwrap_or_else(PoisonError::into_inner) = Some((fetched, Arc::clone(&roles)));
        Ok(roles)
    }
}
