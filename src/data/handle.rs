use std::fmt;
#[cfg(feature = "bulk")]
use std::{thread, time::Duration};

use super::check;
use super::share::{Share, Use};
use crate::api::{Budget, Endpoint};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::experience::handle::Experience;
use crate::request::Request;

/// The documented budget. The real one is smaller, and shared with the servers of the game.
pub(super) const DOCUMENTED: Budget = Budget::per_minute(1_000_000);

/// The scope of entries that aren't in another one.
const GLOBAL: &str = "global";

/// A handle for a data store of an experience, from [`Experience::data_store`].
///
/// Its entries are those of the scope `global`, unless [`with_scope`](Self::with_scope) names another one.
///
/// A key, a scope and a store's name have at most 50 characters. They can hold any of them, which are escaped, except that none
/// of the pieces between slashes can be `.` or `..`.
///
/// <https://create.roblox.com/docs/cloud/reference/features/data-stores>
#[derive(Clone, Debug)]
#[doc(alias = "datastore")]
#[doc(alias = "GetDataStore")]
pub struct DataStore {
    experience: Experience,
    name: String,
    /// `None` is the one that is called `global`.
    scope: Option<String>,
    /// `None` is all that the service allows.
    share: Option<Share>,
    cancel: Option<CancelToken>,
}

/// The endpoint of entries without a scope, and that of entries in one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoints {
    pub(super) global: &'static Endpoint,
    pub(super) scoped: &'static Endpoint,
    pub(super) used: Use,
}

impl Experience {
    /// Returns a handle for a data store of the experience. Makes no request.
    #[doc(alias = "datastore")]
    #[must_use]
    pub fn data_store(&self, name: impl Into<String>) -> DataStore {
        DataStore { experience: self.clone(), name: name.into(), scope: None, share: None, cancel: None }
    }
}

impl DataStore {
    /// Returns a handle for the entries of another scope. Makes no request.
    #[must_use]
    pub fn with_scope(&self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()).filter(|scope| scope != GLOBAL), ..self.clone() }
    }

    /// Returns a handle whose requests keep to a share of the limits, of which the servers of the game need the rest: at most this
    /// many reads a minute, and as many writes, listings and deletions. They are spread over the minute. 0 counts as 1. Makes no
    /// request.
    ///
    /// An experience without players can make 300 of each. When the service refuses a request, they become slower, up to 16 times,
    /// and recover over some minutes. Clones of the handle, and its other scopes, have one share together.
    ///
    /// ```
    /// # fn main() -> rblxopencloud::Result<()> {
    /// # let sandbox = rblxopencloud_sandbox::Sandbox::builder().demo().start()?;
    /// # let client = sandbox.client();
    /// let store = client.experience(13058).data_store("Players").with_requests_per_minute(100);
    /// # assert!(store.fetch::<u64>("user_156")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_requests_per_minute(&self, requests: u32) -> Self {
        self.within(&Share::per_minute(requests))
    }

    /// Returns a handle whose requests keep to this share, together with all others that do.
    pub(super) fn within(&self, share: &Share) -> Self {
        Self { share: Some(share.clone()), ..self.clone() }
    }

    /// Returns a handle whose calls end when the token cancels them while they wait. See
    /// [`Request::cancel_by`](crate::Request::cancel_by). Makes no request.
    #[must_use]
    pub fn cancel_by(&self, token: &CancelToken) -> Self {
        Self { cancel: Some(token.clone()), ..self.clone() }
    }

    #[cfg(feature = "bulk")]
    pub(super) fn has_share(&self) -> bool {
        self.share.is_some()
    }

    /// Waits, or until the token cancels it. The next call tells which.
    #[cfg(feature = "bulk")]
    pub(super) fn pause(&self, pause: Duration) {
        match &self.cancel {
            Some(cancel) => _ = cancel.as_cancel().wait_timeout(pause),
            None => thread::sleep(pause),
        }
    }

    /// Returns a handle that shares the limits with another one.
    #[cfg(feature = "bulk")]
    pub(super) fn sharing_with(&self, other: &Self) -> Self {
        Self { share: other.share.clone(), cancel: other.cancel.clone(), ..self.clone() }
    }

    /// Returns the name of the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.scope.as_deref().unwrap_or(GLOBAL)
    }

    /// Returns the experience that has the store.
    #[must_use]
    pub fn experience(&self) -> &Experience {
        &self.experience
    }

    /// Starts a request about the store.
    pub(super) fn of_store(&self, endpoint: &Endpoint) -> Request {
        let mut request = self.experience.client().call(endpoint).param("universe", self.experience.id());
        if let Some(cancel) = &self.cancel {
            request = request.cancel_by(cancel);
        }
        match check::name("the name of a data store", &self.name) {
            Ok(()) => request.key_param("store", &self.name),
            Err(problem) => request.key_param("store", &self.name).failed(problem),
        }
    }

    /// Starts a request about the entries of the scope.
    pub(super) fn of_scope(&self, endpoints: Endpoints) -> Request {
        let request = match &self.scope {
            None => self.of_store(endpoints.global),
            Some(scope) => self.of_store(endpoints.scoped).key_param("scope", scope),
        };
        self.within_share(request, endpoints.used)
    }

    /// Starts a request about the entries of all scopes.
    pub(super) fn of_all_scopes(&self, endpoints: Endpoints) -> Request {
        self.within_share(self.of_store(endpoints.scoped).param("scope", "-"), endpoints.used)
    }

    fn within_share(&self, request: Request, used: Use) -> Request {
        match &self.share {
            Some(share) => request.paced_by(share.pace(used)),
            None => request,
        }
    }

    /// Starts a request about an entry. `segment` is its key, or where it is read, its key and a revision.
    pub(super) fn of_entry(&self, endpoints: Endpoints, key: &str, segment: impl fmt::Display) -> Request {
        let request = self.of_scope(endpoints).key_param("entry", segment).echo(key);
        match self.check(key) {
            Ok(()) => request,
            Err(problem) => request.failed(problem),
        }
    }

    /// Refuses what can't be the key of an entry, before anything is sent.
    pub(super) fn check(&self, key: &str) -> Result<()> {
        check::name("the name of a data store", &self.name)?;
        check::scope(self.scope())?;
        check::name("the key of an entry", key)
    }

    /// Names the entry in errors.
    pub(super) fn shown(&self, key: &str) -> String {
        match &self.scope {
            None => format!("the entry {key:?} of the data store {:?}", self.name),
            Some(scope) => format!("the entry {key:?} in the scope {scope:?} of the data store {:?}", self.name),
        }
    }
}
