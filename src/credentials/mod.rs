//! Who is asking.

mod provider;
mod secret;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

pub(crate) use provider::{Authorization, Scheme};
pub(crate) use secret::REDACTED;

use self::provider::{Fixed, Provider, Renewed};
use crate::error::Result;

/// The credentials of a client: an API key, an OAuth 2.0 access token, or a source of tokens.
///
/// A string is taken for an API key wherever credentials are wanted. The secret is in no `Debug`, error or log line, and its
/// memory is wiped when it is dropped. There is one exception: at the level `trace`, the target `ureq_proto` dumps the bytes
/// that are sent, with the secret among them. Leave that level off for that target.
///
/// ```
/// use rblxopencloud::{Client, Credentials};
///
/// let with_key = Client::new("api-key");
/// let with_token = Client::new(Credentials::access_token("token"));
/// assert_eq!(format!("{:?}", Credentials::api_key("secret")), "ApiKey([redacted])");
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<dyn Provider>);

impl Credentials {
    /// Uses an API key. Keys are made at <https://create.roblox.com/dashboard/credentials>.
    #[must_use]
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Arc::new(Fixed::new(Scheme::ApiKey, key.into())))
    }

    /// Uses the access token of an OAuth 2.0 authorization.
    #[must_use]
    pub fn access_token(token: impl Into<String>) -> Self {
        Self(Arc::new(Fixed::new(Scheme::AccessToken, token.into())))
    }

    /// Uses access tokens that `fetch` gives: before the first call, and again each time the service has refused one.
    ///
    /// A call that was refused with 401 is made once more with the fresh token. However many threads and clones of the
    /// client are refused at once, `fetch` is called once; the others wait for what it returns. Its error is returned by
    /// the call.
    ///
    /// ```
    /// use rblxopencloud::{Client, Credentials};
    ///
    /// # fn token_from_vault() -> rblxopencloud::Result<String> { Ok("token".to_owned()) }
    /// let client = Client::new(Credentials::access_tokens_from(token_from_vault));
    /// ```
    #[must_use]
    pub fn access_tokens_from(fetch: impl Fn() -> Result<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Renewed::new(fetch)))
    }

    /// What to send with a request.
    pub(crate) fn authorize(&self) -> Result<Authorization> {
        self.0.authorize()
    }

    /// The service has refused it with 401. `true` if there is a fresh one, with which to make the call once more.
    pub(crate) fn rejected(&self, refused: &Authorization) -> Result<bool> {
        self.0.rejected(refused)
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.0.scheme()
    }

    /// Says what is wrong with them, as far as that is known without a request.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// Takes every secret that these credentials ever held out of a text.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0.redact(text)
    }
}

// A source of tokens that panics is called again for the next token.
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
        write!(f, "{:?}({REDACTED})", self.scheme())
    }
}
