use std::time::Instant;

use super::authorization::Authorization;
use super::secret::Secret;
use crate::api::Scheme;
use crate::error::Result;

/// A source of authorizations.
pub(super) trait Provider: Send + Sync {
    fn scheme(&self) -> Scheme;

    /// Returns what to send. If that has to be fetched first, the wait ends at the deadline.
    fn authorize(&self, deadline: Option<Instant>) -> Result<Authorization>;

    /// Returns whether there is a new one.
    fn rejected(&self, refused: &Authorization, deadline: Option<Instant>) -> Result<bool>;

    fn check(&self) -> Result<()>;

    fn redact(&self, text: &str) -> String;
}

/// A secret that doesn't change.
pub(super) struct Fixed {
    scheme: Scheme,
    secret: Secret,
}

impl Fixed {
    pub(super) fn new(scheme: Scheme, secret: String) -> Self {
        Self { scheme, secret: Secret::new(secret) }
    }
}

impl Provider for Fixed {
    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn authorize(&self, _: Option<Instant>) -> Result<Authorization> {
        Ok(Authorization { scheme: self.scheme, secret: self.secret.clone(), version: 0 })
    }

    fn rejected(&self, _: &Authorization, _: Option<Instant>) -> Result<bool> {
        Ok(false)
    }

    fn check(&self) -> Result<()> {
        self.secret.check(match self.scheme {
            Scheme::ApiKey => "API key",
            Scheme::AccessToken => "access token",
        })
    }

    fn redact(&self, text: &str) -> String {
        self.secret.redact(text)
    }
}
