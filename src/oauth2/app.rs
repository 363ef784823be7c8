use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;

use super::id_token::{Expected, missing as missing_id_token};
use super::keys::{Keys, Origin};
use super::redirect::{FORM as REDIRECT_FORM, Redirect};
use super::tokens::{TokenAnswer, check_refresh_token};
use super::{IdTokenClaims, PendingSignIn, Prompt, Scope, TokenInfo, TokenSet, random};
use crate::api::{Endpoint, SEGMENT, push_query};
use crate::call::Session;
use crate::client::Client;
use crate::credentials::{Credentials, SHORTEST, Secret};
use crate::error::{Error, REDACTED, Result};
use crate::log_target::LOG_TARGET;
use crate::request::Request;
use crate::transport::shown_url;

/// The page on which a user authorizes an app, for the browser.
pub const AUTHORIZE: Endpoint = Endpoint::get("/oauth/v1/authorize").without_key();
/// Exchanges a code or a refresh token for new tokens.
pub const GET_TOKEN: Endpoint = Endpoint::post("/oauth/v1/token").without_key();
/// Tells what a token can do.
pub const INTROSPECT_TOKEN: Endpoint = Endpoint::post("/oauth/v1/token/introspect").without_key().harmless();
/// Revokes an authorization.
pub const REVOKE_TOKEN: Endpoint = Endpoint::post("/oauth/v1/token/revoke").without_key().harmless();

/// An app that users authorize to act for them. A handle: clones are cheap and share connections.
///
/// See [the module](crate::oauth2) for the two ways to sign a user in.
///
/// ```
/// use rblxopencloud::oauth2::Scope;
/// use rblxopencloud::OAuth2App;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let app = OAuth2App::new("840974200211308101", "https://app.example/callback").secret("RBX-CR9-St12L");
/// let pending = app.authorize_url([Scope::OPENID, Scope::PROFILE])?;
/// assert!(pending.url().starts_with("https://apis.roblox.com/oauth/v1/authorize?client_id=840974200211308101&"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "login")]
#[doc(alias = "log in")]
#[doc(alias = "sso")]
#[doc(alias = "oauth")]
pub struct OAuth2App {
    client_id: Arc<str>,
    redirect_uri: Arc<str>,
    secret: Option<Arc<Secret>>,
    prompt: Option<Prompt>,
    session: Session,
    keys: Arc<Keys>,
}

impl OAuth2App {
    /// Creates an app from its client id and its redirect URI, which must be one of those that are registered.
    ///
    /// Without a [`secret`](Self::secret), it is a public client, such as a script or a desktop program.
    #[must_use]
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        let client = Client::new(Credentials::none());
        Self {
            client_id: client_id.into().into(),
            redirect_uri: redirect_uri.into().into(),
            secret: None,
            prompt: None,
            session: client.session().clone(),
            keys: Arc::default(),
        }
    }

    /// Sets the client secret. Defaults to none. Only a program that runs on your own machines can keep one.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(Arc::new(Secret::new(secret.into())));
        self
    }

    /// Sets the page that the service shows to a user who signs in. Defaults to what the service chooses: who is logged in to
    /// Roblox and has authorized the app before may see none.
    ///
    /// ```
    /// use rblxopencloud::oauth2::{Prompt, Scope};
    /// use rblxopencloud::OAuth2App;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let app = OAuth2App::new("840974200211308101", "https://app.example/callback");
    /// // "Sign in with another account".
    /// let pending = app.clone().prompt(Prompt::SelectAccount).authorize_url([Scope::OPENID])?;
    /// assert!(pending.url().contains("&prompt=select_account"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// Uses the connections, the base URL and the settings of a client. Its credentials aren't used.
    #[must_use]
    pub fn client(mut self, client: &Client) -> Self {
        self.session = client.session().with_credentials(Credentials::none());
        self.keys = Arc::default();
        self
    }

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Begins a sign-in: returns the URL to send the user to, and what to keep until they come back.
    ///
    /// The URL has a state, a nonce and a PKCE challenge, also for an app with a secret. Makes no request.
    /// [`Scope::for_endpoints`] returns the scopes of the calls that a program makes.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the client id, the secret, the redirect URI or a scope is
    /// invalid, or if there are no scopes.
    pub fn authorize_url<S: Into<Scope>>(&self, scopes: impl IntoIterator<Item = S>) -> Result<PendingSignIn> {
        self.check()?;
        let scopes: Vec<Scope> = scopes.into_iter().map(Into::into).collect();
        let joined = Scope::join(&scopes)?;
        let (state, nonce, verifier) = (random::token()?, random::token()?, random::token()?);
        let mut query = String::new();
        for (name, value) in [
            ("client_id", &*self.client_id),
            ("redirect_uri", &*self.redirect_uri),
            ("scope", &joined),
            ("response_type", "code"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &random::challenge(&verifier)),
            ("code_challenge_method", "S256"),
        ] {
            push_query(&mut query, name, value);
        }
        if let Some(prompt) = self.prompt {
            push_query(&mut query, "prompt", prompt.as_str());
        }
        Ok(PendingSignIn {
            url: format!("{}{}{query}", self.session.base_url(), AUTHORIZE.path()),
            state: Secret::new(state),
            nonce: Secret::new(nonce),
            verifier: Secret::new(verifier),
            scopes,
            created_at: Timestamp::now(),
        })
    }

    /// Revokes the authorization of these tokens: neither token can be used any more. Revoking it twice does no harm.
    ///
    /// Calls [`REVOKE_TOKEN`], which needs no scope.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn revoke(&self, tokens: &TokenSet) -> Result<()> {
        self.check()?;
        let token = tokens.refresh_token.as_ref().unwrap_or(&tokens.access_token);
        token.check("token")?;
        let token = token.expose();
        self.call(&REVOKE_TOKEN, &[("token", token)], &[token]).send()
    }

    /// Fetches what a token can do: an access token, a refresh token or an id token.
    ///
    /// It tells whether the token has expired, not whether the user has revoked it.
    ///
    /// Calls [`INTROSPECT_TOKEN`], which needs no scope.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn introspect(&self, token: &str) -> Result<TokenInfo> {
        self.describe_token(&INTROSPECT_TOKEN, token)
    }

    /// Checks an id token of this app that came from elsewhere, such as from a game or a web page. `nonce` is the one that it
    /// has to have. With `None`, any nonce will do, and so will none: the token may belong to another sign-in of its user.
    ///
    /// # Errors
    /// Returns [`InvalidIdToken`](crate::ErrorKind::InvalidIdToken) if the token can't be trusted, and
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if `nonce` is empty or the client id is invalid.
    pub fn verify_id_token(&self, id_token: &str, nonce: Option<&str>) -> Result<IdTokenClaims> {
        // A program that only checks tokens has no redirect URI.
        self.check_client_id()?;
        if nonce == Some("") {
            let error = Error::invalid_input("the nonce that the id token has to have is empty");
            return Err(error.advise("pass the nonce of the sign-in, or None to accept any token of this app"));
        }
        let issuer = self.issuer();
        let expected = Expected { nonce, ..self.expected(&issuer) };
        self.keys.verify(&self.session, id_token, Origin::Unknown, expected)
    }

    fn check_client_id(&self) -> Result<()> {
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_id(&self.client_id) {
            // It may be the client secret, in the wrong place.
            let problem = "invalid client id; expected the form 840974200211308101";
            return Err(Error::invalid_input(problem).of_setting().concerning_run());
        }
        Ok(())
    }

    /// Checks what can be checked without a request.
    fn check(&self) -> Result<()> {
        self.check_client_id()?;
        let uri = &*self.redirect_uri;
        let is_web =
            ["https://", "http://"].iter().any(|scheme| uri.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        if !is_web || !uri.bytes().all(|byte| byte.is_ascii_graphic()) || uri.contains('#') {
            return Err(Error::invalid_text("redirect URI", &shown_url(uri), REDIRECT_FORM).concerning_run());
        }
        if let Some(secret) = &self.secret {
            secret.check("client secret").map_err(Error::of_setting)?;
        }
        self.session.check().map_err(Error::of_setting)
    }

    /// Returns the app without a time limit for its calls.
    pub(super) fn patient(&self) -> Self {
        Self { session: self.session.without_time_limit(), ..self.clone() }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Makes a call about a token.
    pub(super) fn describe_token<T: serde::de::DeserializeOwned>(&self, endpoint: &Endpoint, token: &str) -> Result<T> {
        self.check()?;
        self.call(endpoint, &[("token", token)], &[token]).fetch()
    }

    /// Exchanges the code of a redirect.
    pub(super) fn exchange(&self, redirect: &str, pending: &PendingSignIn) -> Result<TokenSet> {
        self.check()?;
        pending.check()?;
        let code = Redirect::parse(redirect)
            .and_then(|redirect| redirect.into_code(pending.state()))
            .map_err(|error| error.redact(&|text| pending.redact(text)))?;
        // If they can't be fetched, the code isn't spent.
        if pending.scopes.contains(&Scope::OPENID) {
            self.keys.prepare(&self.session)?;
        }
        let verifier = pending.verifier.expose();
        let grant = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", verifier)];
        let mut answer = self.get_token(&grant, &[&code, verifier]).map_err(|error| match error.outcome_unknown() {
            true => error.advise("the code may be spent; sign in again"),
            false => error,
        })?;
        if !answer.has_scopes {
            answer.tokens.scopes.clone_from(&pending.scopes);
        }
        match &answer.id_token {
            Some(id_token) => answer.tokens.claims = Some(self.verify(id_token.expose(), Some(pending))?),
            // Without it, nobody has checked the nonce.
            None if answer.tokens.scopes.contains(&Scope::OPENID) => return Err(missing_id_token()),
            None => {}
        }
        Ok(answer.tokens)
    }

    /// Exchanges a refresh token. Its id token, if there is one, isn't checked yet: that may take requests, and the new refresh
    /// token must be stored first.
    pub(super) fn renew(&self, old: &TokenSet) -> Result<(TokenSet, Option<Secret>)> {
        self.check()?;
        old.check_app(&self.client_id)?;
        let token = check_refresh_token(old)?.expose();
        let answer = self.get_token(&[("grant_type", "refresh_token"), ("refresh_token", token)], &[token]);
        let answer = answer.map_err(|error| match error.outcome_unknown() {
            true => error.advise("the refresh token may be spent; if the next refresh is refused, sign in again"),
            false => error,
        })?;
        let TokenAnswer { mut tokens, id_token, has_scopes } = answer;
        if !has_scopes {
            tokens.scopes.clone_from(&old.scopes);
        }
        tokens.refresh_token = tokens.refresh_token.or_else(|| old.refresh_token.clone());
        tokens.claims.clone_from(&old.claims);
        Ok((tokens, id_token))
    }

    /// Returns the claims of an id token if they aren't known yet. A refresh doesn't fail because of them.
    pub(super) fn missing_claims(&self, tokens: &TokenSet, id_token: Option<&Secret>) -> Option<IdTokenClaims> {
        let id_token = id_token.filter(|_| tokens.claims.is_none())?;
        match self.verify(id_token.expose(), None) {
            Ok(claims) => Some(claims),
            Err(error) => {
                log::warn!(target: LOG_TARGET, "{error}");
                None
            }
        }
    }

    fn verify(&self, id_token: &str, pending: Option<&PendingSignIn>) -> Result<IdTokenClaims> {
        let issuer = self.issuer();
        let expected = Expected {
            nonce: pending.map(|pending| pending.nonce.expose()),
            began: pending.map(|pending| pending.created_at),
            ..self.expected(&issuer)
        };
        self.keys.verify(&self.session, id_token, Origin::Service, expected)
    }

    fn issuer(&self) -> String {
        format!("{}/oauth/", self.session.base_url())
    }

    fn expected<'a>(&'a self, issuer: &'a str) -> Expected<'a> {
        Expected { issuer, audience: &self.client_id, nonce: None, began: None, now: Timestamp::now() }
    }

    fn get_token(&self, grant: &[(&str, &str)], secrets: &[&str]) -> Result<TokenAnswer> {
        let now = Timestamp::now();
        let mut answer = self.call(&GET_TOKEN, grant, secrets).read(|body| TokenAnswer::decode(body, now))?;
        answer.tokens.client_id = Some(self.client_id().to_owned());
        Ok(answer)
    }

    /// Returns a request with the app's own credentials in its form.
    fn call(&self, endpoint: &Endpoint, fields: &[(&str, &str)], secrets: &[&str]) -> Request {
        let secret = self.secret.as_ref().map(|secret| ("client_secret", secret.expose()));
        let fields = fields.iter().copied().chain([("client_id", &*self.client_id)]).chain(secret);
        Request::of(&self.session, endpoint).form(fields).secrets(self.secrets(secrets))
    }

    /// Returns the secrets of a call, also in the form in which its body has them.
    fn secrets(&self, of_call: &[&str]) -> Vec<Secret> {
        let all = of_call.iter().copied().chain(self.secret.as_ref().map(|secret| secret.expose()));
        let forms = all.flat_map(|secret| [secret.to_owned(), utf8_percent_encode(secret, SEGMENT).to_string()]);
        forms.filter(|form| form.len() >= SHORTEST).map(Secret::new).collect()
    }
}

impl fmt::Debug for OAuth2App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2App")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &shown_url(&self.redirect_uri))
            .field("secret", &self.secret.as_ref().map(|_| REDACTED))
            .finish_non_exhaustive()
    }
}
