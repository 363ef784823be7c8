use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{GrantedResources, IdTokenClaims, Identity, OAuth2App, Scope, SignedIn, TokenSet, TokenStore, store};
use crate::api::Endpoint;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::user::User;

/// Tells who the user of an access token is.
pub const GET_USER_INFO: Endpoint = Endpoint::get("/oauth/v1/userinfo").with_scopes(&["openid"]);
/// Lists what a user has granted to an app.
pub const GET_TOKEN_RESOURCES: Endpoint = Endpoint::post("/oauth/v1/token/resources").without_key().harmless();

/// An access token, which acts for a user for 15 minutes. A handle, from
/// [`OAuth2App::exchange_code`](super::OAuth2App::exchange_code) or [`SignedIn::access_token`].
///
/// Clones share the client. `Debug` doesn't show the token.
#[derive(Clone)]
pub struct AccessToken {
    app: OAuth2App,
    tokens: Arc<TokenSet>,
    client: Client,
}

impl AccessToken {
    pub(super) fn new(app: &OAuth2App, tokens: TokenSet) -> Self {
        let credentials = Credentials::access_token(tokens.access_token());
        let client = Client::of(app.session().with_credentials(credentials));
        Self::with_client(app, tokens, client)
    }

    pub(super) fn with_client(app: &OAuth2App, tokens: TokenSet, client: Client) -> Self {
        Self { app: app.clone(), tokens: Arc::new(tokens), client }
    }

    /// Returns the tokens themselves, to store them.
    #[must_use]
    pub fn tokens(&self) -> &TokenSet {
        &self.tokens
    }

    /// Returns when the token expires, by the local clock.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.tokens.expires_at()
    }

    /// Returns how much longer the token can be used. Zero if it has expired.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.tokens.expires_in()
    }

    /// Returns whether the token has expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.tokens.is_expired()
    }

    /// Returns the scopes that were granted, which can be fewer than those that were requested.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        self.tokens.scopes()
    }

    /// Returns whether a scope was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &Scope) -> bool {
        self.scopes().contains(scope)
    }

    /// Returns what the id token tells of the user. Its signature has been checked. `None` without the scope `openid`.
    #[must_use]
    pub fn claims(&self) -> Option<&IdTokenClaims> {
        self.tokens.claims()
    }

    /// Returns a client that acts for the user until the token expires. It has its own rate limits, which clones of this handle
    /// share, and the connections of the app.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns the user who authorized the app.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) without the scope `openid`.
    pub fn user(&self) -> Result<User> {
        user_of(&self.client, &self.tokens)
    }

    /// Fetches who the user is.
    ///
    /// Calls [`GET_USER_INFO`], which needs the scope `openid`. With the scope `profile`, the result has more
    /// than the id.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn fetch_user_info(&self) -> Result<Identity> {
        self.client.call(&GET_USER_INFO).fetch()
    }

    /// Fetches what the user has granted: users, groups and experiences.
    ///
    /// Calls [`GET_TOKEN_RESOURCES`], which needs no scope.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn fetch_resources(&self) -> Result<Vec<GrantedResources>> {
        #[derive(Deserialize)]
        struct Answer {
            resource_infos: Vec<GrantedResources>,
        }
        let answer: Answer = self.app.describe_token(&GET_TOKEN_RESOURCES, self.tokens.access_token())?;
        Ok(answer.resource_infos)
    }

    /// Stays signed in: stores the tokens, and renews them from now on.
    ///
    /// A closure is a store, too: it is called with each new set, before that is used. The rate limits are those of this handle.
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if the tokens can't be stored.
    pub fn keep_in(&self, store: impl TokenStore + 'static) -> Result<SignedIn> {
        let failed = |error| store::from_io(error).redact(|text| self.tokens.redact(text));
        store.with_lock(&mut || store.save(&self.tokens)).map_err(failed)?;
        Ok(SignedIn::new(&self.app, self.client.session(), (*self.tokens).clone(), Box::new(store)))
    }
}

/// Returns the user that tokens belong to.
pub(super) fn user_of(client: &Client, tokens: &TokenSet) -> Result<User> {
    let id = tokens.user_id().ok_or_else(|| {
        Error::invalid_input("the user of the access token is not known; request the scope openid").concerning_run()
    })?;
    Ok(client.user(id))
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
