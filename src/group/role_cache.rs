use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::role::GroupRole;
use crate::error::Result;
use crate::single_flight::SingleFlight;

/// The roles of a group.
pub(super) type Roles = Arc<Vec<GroupRole>>;

/// The roles that were fetched last. All clones of a handle share them.
#[derive(Clone)]
pub(super) struct RoleCache {
    lifetime: Duration,
    roles: Arc<Mutex<Option<(Instant, Roles)>>>,
    /// One listing for all threads.
    pub(super) listing: Arc<SingleFlight<Result<Roles>>>,
}

impl Default for RoleCache {
    fn default() -> Self {
        Self::new(Duration::from_secs(60))
    }
}

impl RoleCache {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, roles: Arc::default(), listing: Arc::default() }
    }

    /// Returns the roles, unless they are too old.
    pub(super) fn get(&self) -> Option<Roles> {
        let kept = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.as_ref().filter(|(fetched, _)| fetched.elapsed() < self.lifetime);
        fresh.map(|(_, roles)| Arc::clone(roles))
    }

    pub(super) fn put(&self, fetched: Instant, roles: Roles) -> Roles {
        *self.roles.lock().unwrap_or_else(PoisonError::into_inner) = Some((fetched, Arc::clone(&roles)));
        roles
    }
}

/// Leaves out the roles, of which there can be many.
impl fmt::Debug for RoleCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleCache").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
