use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{GrantedResources, IdTokenClaims, Identity, OAuth2App, PendingSignIn, Scope, TokenSet};
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
/// [`OAuth2App::exchange_code`](super::OAuth2App::exchange_code) or [`SignedIn::access_token`](super::SignedIn::access_token).
///
/// Clones share the client. `Debug` doesn't show the token.
#[derive(Clone)]
pub struct AccessToken {
    pub(super) app: OAuth2App,
    pub(super) tokens: Arc<TokenSet>,
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
}

impl OAuth2App {
    /// Completes a sign-in: checks the redirect, and exchanges its code for a token.
    ///
    /// `redirect` is the URL to which the service has sent the user, its path and query, or the query alone. Its
    /// state is compared with that of `pending`; parameters that OAuth 2.0 doesn't know are ignored. Forget `pending`
    /// afterwards: a code can be used once, and within a minute.
    ///
    /// Calls [`GET_TOKEN`](crate::endpoints::GET_TOKEN), which needs no scope.
    ///
    /// # Errors
    /// Returns
    /// - [`StateMismatch`](crate::ErrorKind::StateMismatch) if the redirect belongs to another sign-in;
    /// - [`ConsentDenied`](crate::ErrorKind::ConsentDenied) if the user did not authorize the app;
    /// - [`InvalidRedirect`](crate::ErrorKind::InvalidRedirect) if it has no code, or a parameter twice;
    /// - [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if the code is wrong, was used before, or is older than a minute;
    /// - [`InvalidIdToken`](crate::ErrorKind::InvalidIdToken) if the id token can't be trusted;
    /// - [`ClockSkew`](crate::ErrorKind::ClockSkew) if the local clock is wrong by more than 180 seconds.
    pub fn exchange_code(&self, redirect: &str, pending: &PendingSignIn) -> Result<AccessToken> {
        Ok(AccessToken::new(self, self.exchange(redirect, pending)?))
    }

    /// Exchanges a refresh token for new tokens, which may be for fewer scopes. The old refresh token can't be used again.
    ///
    /// Store the new [`TokenSet::refresh_token`] before anything else. [`resume`](Self::resume) and
    /// [`AccessToken::keep_in`] do all of that by themselves.
    ///
    /// Calls [`GET_TOKEN`](crate::endpoints::GET_TOKEN), which needs no scope.
    ///
    /// # Errors
    /// Returns [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if the refresh token is wrong, expired, revoked, or was used
    /// before. If [`outcome_unknown`](Error::outcome_unknown) is true, the service may have spent it without returning the new
    /// one.
    pub fn refresh(&self, tokens: &TokenSet) -> Result<AccessToken> {
        let (mut tokens, id_token) = self.renew(tokens)?;
        if let Some(claims) = self.missing_claims(&tokens, id_token.as_ref()) {
            tokens.claims = Some(claims);
        }
        Ok(AccessToken::new(self, tokens))
    }

    /// Returns a handle for tokens that were stored before. Makes no request.
    ///
    /// It doesn't renew them; [`resume`](Self::resume) does.
    #[must_use]
    pub fn access_token(&self, tokens: TokenSet) -> AccessToken {
        AccessToken::new(self, tokens)
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
