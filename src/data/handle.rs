use std::fmt;

use super::check;
use crate::api::{Budget, Endpoint};
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
}

/// The endpoint of entries without a scope, and that of entries in one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoints {
    pub(super) global: &'static Endpoint,
    pub(super) scoped: &'static Endpoint,
}

impl Experience {
    /// Returns a handle for a data store of the experience. Makes no request.
    #[doc(alias = "datastore")]
    #[must_use]
    pub fn data_store(&self, name: impl Into<String>) -> DataStore {
        DataStore { experience: self.clone(), name: name.into(), scope: None }
    }
}

impl DataStore {
    /// Returns a handle for the entries of another scope. Makes no request.
    #[must_use]
    pub fn with_scope(&self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()).filter(|scope| scope != GLOBAL), ..self.clone() }
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
        let request = self.experience.client().call(endpoint).param("universe", self.experience.id());
        match check::name("the name of a data store", &self.name) {
            Ok(()) => request.key_param("store", &self.name),
            Err(problem) => request.key_param("store", &self.name).failed(problem),
        }
    }

    /// Starts a request about the entries of the scope.
    pub(super) fn of_scope(&self, endpoints: Endpoints) -> Request {
        match &self.scope {
            None => self.of_store(endpoints.global),
            Some(scope) => self.of_store(endpoints.scoped).key_param("scope", scope),
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
