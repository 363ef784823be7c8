//! What an endpoint says.

use super::endpoint::{Endpoint, Key, Need};
use crate::api::Scheme;
use crate::api::budget::{Budget, KeyedBudget, Slots};
use crate::api::method::Method;

impl Endpoint {
    pub(crate) const fn error_as_data(&self) -> Option<&'static str> {
        self.error_as_data
    }

    /// Returns the HTTP method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the path, with its parameters in braces.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the documented scopes. See [`required_scopes`](Self::required_scopes).
    #[must_use]
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Returns the scopes without each of which the service refuses the call. The others are alternatives, or are needed for
    /// a part of the response only.
    #[must_use]
    pub const fn required_scopes(&self) -> &'static [&'static str] {
        match self.need {
            Need::All => self.scopes,
            Need::Any | Need::Part => &[],
        }
    }

    /// Returns whether the call is refused without an API key or an access token.
    #[must_use]
    pub const fn needs_credentials(&self) -> bool {
        matches!(self.key, Key::Needed)
    }

    /// Returns whether the credentials never authorize requests to this endpoint.
    #[must_use]
    pub const fn is_keyless(&self) -> bool {
        matches!(self.key, Key::Never | Key::InBody)
    }

    pub(crate) const fn has_key_in_body(&self) -> bool {
        matches!(self.key, Key::InBody)
    }

    /// Returns a scope that API keys need although the reference doesn't name it.
    #[must_use]
    pub const fn undocumented_scope(&self) -> Option<&'static str> {
        self.undocumented_scope
    }

    pub(crate) const fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// Returns the documented scopes that are missing if `has` tells which are there. Of alternatives, it returns the first.
    #[must_use]
    pub fn missing_scopes(&self, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
        match self.need {
            Need::All => self.scopes.iter().copied().filter(|scope| !has(scope)).collect(),
            Need::Any if self.scopes.iter().any(|scope| has(scope)) => Vec::new(),
            Need::Any => self.scopes.first().copied().into_iter().collect(),
            Need::Part => Vec::new(),
        }
    }

    /// Returns what the service accepts from all API keys of one owner.
    #[must_use]
    pub const fn key_budget(&self) -> Option<Budget> {
        self.key_budget
    }

    /// Returns what the service accepts from one OAuth 2.0 authorization.
    #[must_use]
    pub const fn oauth_budget(&self) -> Option<Budget> {
        self.oauth_budget
    }

    /// Returns the budgets that only requests with the same values of parameters share.
    pub fn keyed_budgets(&self) -> impl Iterator<Item = KeyedBudget> {
        self.keyed_budgets.into_iter().flatten()
    }

    /// Returns the pool from which a request takes a slot.
    #[must_use]
    pub const fn slots(&self) -> Option<Slots> {
        self.slots
    }

    /// Returns what the service accepts with these credentials.
    pub(crate) const fn budget_for(&self, scheme: Scheme) -> Option<Budget> {
        match scheme {
            Scheme::ApiKey => self.key_budget,
            Scheme::AccessToken => self.oauth_budget,
        }
    }

    /// Returns whether an API key that belongs to a group is accepted.
    #[must_use]
    pub const fn takes_group_keys(&self) -> bool {
        self.takes_group_keys
    }

    /// Returns whether an OAuth 2.0 access token is accepted.
    #[must_use]
    pub const fn takes_access_tokens(&self) -> bool {
        self.takes_access_tokens
    }

    /// Returns whether the same content has the same result. See [`repeatable`](Self::repeatable).
    #[must_use]
    pub const fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// Returns by what the time limits of an attempt are multiplied.
    #[must_use]
    pub const fn patience(&self) -> u32 {
        self.patience
    }

    /// Returns what to do after a status of a request whose body has this size.
    pub(crate) fn advice_after(&self, status: u16, upload: Option<u64>) -> Option<String> {
        let of_size = self.size_advice.zip(upload).filter(|((large, _), bytes)| match status {
            413 => true,
            500 => bytes >= large,
            _ => false,
        });
        if let Some(((_, advice), bytes)) = of_size {
            return Some(format!("the body has {bytes} bytes; {advice}"));
        }
        self.advice.iter().find(|(known, _)| *known == status).map(|(_, advice)| (*advice).to_owned())
    }

    /// Returns whether a second call has no further effect.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        self.harmless
    }

    pub(crate) const fn is_poll(&self) -> bool {
        self.polls
    }

    /// Returns the scopes to request from a user, or to name when one is missing. Of alternatives, it is the first.
    pub(crate) fn scopes_to_request(&self) -> Vec<&'static str> {
        let documented = match self.need {
            Need::All | Need::Part => self.scopes,
            Need::Any => self.scopes.get(..1).unwrap_or_default(),
        };
        documented.iter().copied().chain(self.undocumented_scope).collect()
    }

    /// Returns the scopes without which the call is refused. Of alternatives, it is the first.
    pub(crate) fn scopes_to_check(&self) -> Vec<&'static str> {
        self.missing_scopes(|_| false).into_iter().chain(self.undocumented_scope).collect()
    }

    /// Whether a 401 can mean that a scope is missing.
    pub(crate) fn refuses_scopes_with_401(&self) -> bool {
        self.path.starts_with("/assets/v1/")
    }

    pub(crate) const fn denied_hint(&self) -> Option<&'static str> {
        self.denied_hint
    }

    pub(crate) const fn precondition(&self) -> Option<&'static str> {
        self.precondition
    }

    /// Whether the request names a resource. If it doesn't, as when creating one, a 403 concerns the caller.
    pub(crate) fn names_a_resource(&self) -> bool {
        self.path.is_empty() || self.path.contains('{') || self.names_in_body
    }
}
