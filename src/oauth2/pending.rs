use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Scope, secret_text};
use crate::credentials::Secret;
use crate::error::{Error, REDACTED, Result};

/// A sign-in that has begun: the URL to send the user to, and what is needed to complete it. From
/// [`OAuth2App::authorize_url`](super::OAuth2App::authorize_url).
///
/// It can be serialized. Keep it where only this user's browser leads to it: in an `HttpOnly` cookie, as the example
/// `oauth2_server` does, or under the id in one. Whoever can choose it can sign others in as themselves, so no other host of the
/// domain may be able to set that cookie. In the cookie, a sign-in costs a server nothing until it is completed, however many
/// are begun, and outlives a restart. It holds secrets; `Debug` doesn't show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct PendingSignIn {
    pub(super) url: String,
    #[serde(with = "super::secret_text")]
    pub(super) state: Secret,
    #[serde(with = "super::secret_text")]
    pub(super) nonce: Secret,
    /// The PKCE verifier.
    #[serde(with = "super::secret_text")]
    pub(super) verifier: Secret,
    pub(super) scopes: Vec<Scope>,
    pub(super) created_at: Timestamp,
}

impl PendingSignIn {
    /// Returns the URL to open in the user's browser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the state, which the redirect repeats. A server can use it to find the sign-in of a redirect.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Returns when the sign-in began, to forget those that are never completed.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Refuses what [`authorize_url`](super::OAuth2App::authorize_url) never returns, such as a record that was emptied where it
    /// was stored: a forged redirect could match it.
    pub(super) fn check(&self) -> Result<()> {
        if [&self.state, &self.nonce, &self.verifier].iter().any(|secret| secret.expose().is_empty()) {
            let error = Error::invalid_input("the pending sign-in has no state, nonce or verifier");
            return Err(error.advise("begin the sign-in again, and keep what is returned unchanged"));
        }
        Ok(())
    }

    /// Removes the secrets from a text.
    pub(super) fn redact(&self, text: &str) -> String {
        [&self.state, &self.nonce, &self.verifier].iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

// The derived methods, which `remote` makes inherent ones.
impl Serialize for PendingSignIn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for PendingSignIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Compact formats can't hold any value, and don't tell values.
        if !deserializer.is_human_readable() {
            return Self::deserialize(deserializer);
        }
        secret_text::quietly(deserializer, "a pending sign-in", Self::deserialize)
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn")
            .field("url", &REDACTED)
            .field("scopes", &self.scopes)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
