use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handle::Group;
use super::membership::{KnownRoles, LIST_GROUP_MEMBERSHIPS};
use super::role::GroupRole;
use super::role_cache::{RoleCache, Roles};
use crate::error::{Error, ErrorKind, Result};
use crate::single_flight::Flight;

impl Group {
    /// Sets how long [`rank_of`](Self::rank_of) and [`role_of`](Self::role_of) keep the group's roles. Defaults to 60 seconds.
    ///
    /// Clones of the returned handle share the roles.
    #[must_use]
    pub fn with_roles_kept_for(self, lifetime: Duration) -> Self {
        Self { roles: RoleCache::new(lifetime), ..self }
    }

    /// Returns a user's rank in the group, from 1 to 255. `None` if the user isn't a member.
    ///
    /// It is the rank of the member's highest-ranked role. The roles of the group are fetched once and
    /// [kept](Self::with_roles_kept_for) for a minute, so this is one request. A server keeps the handle.
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key, and
    /// [`LIST_GROUP_ROLES`](crate::endpoints::LIST_GROUP_ROLES), which needs the scope `group:read`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let group = client.group(7).with_roles_kept_for(Duration::from_secs(600));
    /// assert_eq!(group.rank_of(156)?, Some(255));
    /// assert_eq!(group.rank_of(1)?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`NotFound`](crate::ErrorKind::NotFound) if the group doesn't exist, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the user is a member whose role isn't known.
    #[doc(alias = "get_rank")]
    pub fn rank_of(&self, user_id: u64) -> Result<Option<u32>> {
        Ok(self.role_of(user_id)?.map(|role| role.rank))
    }

    /// Returns a user's highest-ranked role in the group. `None` if the user isn't a member. See [`rank_of`](Self::rank_of).
    ///
    /// Calls [`LIST_GROUP_MEMBERSHIPS`], which needs the scope `group:read` with an API key, and
    /// [`LIST_GROUP_ROLES`](crate::endpoints::LIST_GROUP_ROLES), which needs the scope `group:read`.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
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
        let needed: Vec<u64> = match membership.known_roles {
            KnownRoles::Highest => membership.role_id.into_iter().collect(),
            KnownRoles::All => membership.role_ids.clone(),
            KnownRoles::Part => return Err(self.unknown_role(user_id, "has no role that can be read")),
        };
        let roles = self.roles_with(&needed, user_id)?;
        let own = membership.role_ids.iter().chain(&membership.role_id).filter_map(|id| find(&roles, *id));
        Ok(own.max_by_key(|role| role.rank).cloned())
    }

    /// Returns roles among which are those that a user has.
    fn roles_with(&self, ids: &[u64], user_id: u64) -> Result<Roles> {
        let has_all = |roles: &Roles| ids.iter().all(|id| find(roles, *id).is_some());
        if let Some(roles) = self.roles.get().filter(has_all) {
            return Ok(roles);
        }
        // A role may have been created since.
        let listed = self.listed_roles(&has_all)?;
        if has_all(&listed) {
            return Ok(listed);
        }
        // The listing doesn't have them, or they can't be read in it.
        let fetched = Instant::now();
        let mut roles = Vec::clone(&listed);
        for id in ids {
            if find(&roles, *id).is_some() {
                continue;
            }
            let role = self.fetch_role(*id).map_err(|error| match error.kind() {
                // The caller takes it for the group's.
                ErrorKind::NotFound => self.unknown_role(user_id, &format!("has the role {id}, which doesn't exist")),
                _ => error,
            })?;
            roles.push(role);
        }
        Ok(self.roles.put(fetched, Arc::new(roles)))
    }

    /// Lists the roles, or waits for the thread that does.
    fn listed_roles(&self, has_all: &dyn Fn(&Roles) -> bool) -> Result<Roles> {
        loop {
            let listed = self.roles.listing.run(self.client.session().deadline(), || {
                // Another thread has listed them since.
                if let Some(roles) = self.roles.get().filter(has_all) {
                    return Ok(roles);
                }
                let fetched = Instant::now();
                Ok(self.roles.put(fetched, Arc::new(self.list_roles().collect::<Result<_>>()?)))
            });
            match listed {
                Flight::Own(listed) => return listed,
                Flight::Shared(Ok(roles)) => return Ok(roles),
                // The other thread may have had less time.
                Flight::Shared(Err(_)) | Flight::Panicked => {}
                Flight::Late => {
                    return Err(Error::new(ErrorKind::Timeout, format!("the roles of group {}", self.id))
                        .explain("they were not there within the call's timeout")
                        .transient());
                }
            }
        }
    }

    /// The error of a member whose highest-ranked role isn't known.
    fn unknown_role(&self, user_id: u64, problem: &str) -> Error {
        let subject = self.client.call(&LIST_GROUP_MEMBERSHIPS).param("group", self.id).subject();
        Error::invalid_response(subject, format!("user {user_id} is a member, but {problem}"))
    }
}

fn find(roles: &[GroupRole], id: u64) -> Option<&GroupRole> {
    roles.iter().find(|role| role.id == id)
}
