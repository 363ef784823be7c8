use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

use super::authorization::Authorization;
use super::provider::{Fixed, Provider};
use super::renewed::Renewed;
#[cfg(feature = "oauth2")]
use super::renewed::TokenSource;
use super::secret::Secret;
use crate::api::Scheme;
use crate::error::{Error, ErrorKind, REDACTED, Result};

/// The credentials of a client: an API key, an OAuth 2.0 access token, or a source of tokens.
///
/// A string converts to an API key. The secret is never part of `Debug`, an error or a log line of this crate. Other crates log
/// it at the level `trace`; see [Logging](crate#logging).
///
/// The copy that the credentials hold is wiped when it is dropped. The copies that each request makes, in a header value and in
/// the buffers of the connection and its encryption, belong to other crates and aren't wiped, and neither is what the caller
/// passed by reference.
///
/// ```
/// use rblxopencloud::{Client, Credentials};
///
/// let with_key = Client::new("api-key");
/// let with_token = Client::new(Credentials::access_token("token"));
/// assert_eq!(format!("{:?}", Credentials::api_key("secret")), "ApiKey([redacted])");
/// ```
#[derive(Clone)]
#[doc(alias = "api_key")]
#[doc(alias = "apikey")]
#[doc(alias = "x-api-key")]
#[doc(alias = "auth")]
#[doc(alias = "authentication")]
pub struct Credentials(Option<Arc<dyn Provider>>);

impl Credentials {
    /// Uses an API key. Create one at <https://create.roblox.com/dashboard/credentials>.
    #[must_use]
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Some(Arc::new(Fixed::new(Scheme::ApiKey, key.into()))))
    }

    /// Uses the access token of an OAuth 2.0 authorization.
    #[must_use]
    pub fn access_token(token: impl Into<String>) -> Self {
        Self(Some(Arc::new(Fixed::new(Scheme::AccessToken, token.into()))))
    }

    /// Uses access tokens that `fetch` returns. It is called before the first call, and again each time the service has refused
    /// a token.
    ///
    /// A call that was refused with 401 is made once more with the new token. `fetch` is called once, however many threads and
    /// clones of the client were refused; the others wait for its result.
    ///
    /// An error of `fetch` is returned by the calls that waited for it, which were not carried out: its
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is `false`, and secrets are removed from its texts. One of
    /// [`Error::other`](crate::Error::other) reaches all calls of the [`Run`](crate::ErrorScope::Run), and stops a batch. If there may
    /// be a token later, base it on an [`io::Error`](std::io::Error) of a kind like
    /// [`TimedOut`](std::io::ErrorKind::TimedOut): then it reaches this call only, and a batch or a wait goes on.
    ///
    /// A call with a [time limit](crate::Client::with_timeout) doesn't wait longer. `fetch` then runs on another thread, and
    /// later calls use its result.
    ///
    /// ```
    /// use rblxopencloud::{Client, Credentials};
    ///
    /// # fn token_from_vault() -> rblxopencloud::Result<String> { Ok("token".to_owned()) }
    /// let client = Client::new(Credentials::access_tokens_from(token_from_vault));
    /// ```
    #[must_use]
    pub fn access_tokens_from(fetch: impl Fn() -> Result<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Renewed::new(fetch))))
    }

    /// Uses the tokens of a source.
    #[cfg(feature = "oauth2")]
    pub(crate) fn from_source(source: impl TokenSource + 'static) -> Self {
        Self(Some(Arc::new(Renewed::new(source))))
    }

    /// Uses no credentials. Only few calls accept that, such as [`Client::find_users`](crate::Client::find_users); the others
    /// fail before a request.
    ///
    /// ```
    /// use rblxopencloud::{Client, Credentials, ErrorKind};
    ///
    /// let client = Client::new(Credentials::none());
    /// assert_eq!(client.user(156).fetch_info().unwrap_err().kind(), ErrorKind::InvalidInput);
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Returns what to send with a request. If a token has to be fetched first, the wait ends at the deadline.
    pub(crate) fn authorize(&self, deadline: Option<Instant>) -> Result<Option<Authorization>> {
        self.0.as_ref().map(|provider| provider.authorize(deadline)).transpose().map_err(|error| self.failed(error))
    }

    /// Returns the API key. `None` for a token, and without credentials.
    pub(crate) fn key(&self) -> Result<Option<Secret>> {
        // A token isn't fetched to find that it is none.
        if self.scheme() != Some(Scheme::ApiKey) {
            return Ok(None);
        }
        Ok(self.authorize(None)?.map(|given| given.secret))
    }

    /// Handles a 401. Returns whether there is a new token, with which to make the call once more.
    pub(crate) fn rejected(&self, refused: &Authorization, deadline: Option<Instant>) -> Result<bool> {
        let renewed = self.0.as_ref().map_or(Ok(false), |provider| provider.rejected(refused, deadline));
        renewed.map_err(|error| self.failed(error))
    }

    /// The error of a call that has no authorization. What became of a request for one doesn't concern the call itself, which was
    /// not sent or has been refused.
    fn failed(&self, error: Error) -> Error {
        let error = error.redact(&|text| self.redact(text)).without_effect();
        // Without a token, no other call succeeds either, unless there will be one later.
        if error.kind() == ErrorKind::Other && !error.is_transient() { error.concerning_run() } else { error }
    }

    /// Returns `None` without credentials.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.0.as_ref().map(|provider| provider.scheme())
    }

    /// Checks what can be checked without a request.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |provider| provider.check())
    }

    /// Removes the secrets of these credentials from a text. Of renewed tokens, it knows the last few.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0.as_ref().map_or_else(|| text.to_owned(), |provider| provider.redact(text))
    }

    /// Whether a text contains the secret. One that is too short to be real, as in tests, can be a part of any text.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        const SHORTEST: usize = 12;
        let redacted = self.redact(text);
        let count = redacted.matches(REDACTED).count();
        count > 0 && text.len() + count * REDACTED.len() >= redacted.len() + count * SHORTEST
    }
}

// If a source of tokens panics, it is called again for the next call.
impl UnwindSafe for Credentials {}
impl RefUnwindSafe for Credentials {}

impl From<&str> for Credentials {
    fn from(key: &str) -> Self {
        Self::api_key(key)
    }
}

impl From<String> for Credentials {
    fn from(key: String) -> Self {
        Self::api_key(key)
    }
}

impl From<&String> for Credentials {
    fn from(key: &String) -> Self {
        Self::api_key(key.as_str())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme() {
            Some(scheme) => write!(f, "{scheme:?}({REDACTED})"),
            None => f.write_str("None"),
        }
    }
}
