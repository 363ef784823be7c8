use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Who is asking: an API key, or the access token of an OAuth 2.0 authorization.
///
/// A string is taken for an API key wherever credentials are wanted. The secret is in no `Debug`, error or log line, and
/// its memory is wiped when it is dropped. There is one exception: at the level `trace`, the target `ureq_proto` dumps the
/// bytes that are sent, with the secret among them, so leave that level off for that target.
///
/// ```
/// use rblxopencloud::{Client, Credentials};
///
/// let with_key = Client::new("api-key");
/// let with_token = Client::new(Credentials::access_token("token"));
/// assert_eq!(format!("{:?}", Credentials::api_key("secret")), "ApiKey([redacted])");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    scheme: Scheme,
    secret: Zeroizing<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    ApiKey,
    AccessToken,
}

impl Credentials {
    /// An API key. Keys are made at <https://create.roblox.com/dashboard/credentials>.
    #[must_use]
    pub fn api_key(key: impl Into<String>) -> Self {
        Self { scheme: Scheme::ApiKey, secret: Zeroizing::new(key.into()) }
    }

    /// The access token of an OAuth 2.0 authorization.
    #[must_use]
    pub fn access_token(token: impl Into<String>) -> Self {
        Self { scheme: Scheme::AccessToken, secret: Zeroizing::new(token.into()) }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// Refuses what can't stand in a header.
    pub(crate) fn check(&self) -> Result<()> {
        let what = match self.scheme {
            Scheme::ApiKey => "API key",
            Scheme::AccessToken => "access token",
        };
        let problem = if self.secret.is_empty() {
            "is empty"
        } else if self.secret.bytes().any(|byte| byte.is_ascii_control()) {
            "has a control character in it, such as a line break at its end"
        } else if !self.secret.is_ascii() || self.secret.contains(' ') {
            "has a space or a character that isn't ASCII in it"
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(format!("the {what} {problem}"))
            .advise("copy it again, whole, and nothing else")
            .concerning_run())
    }
}

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

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scheme {
            Scheme::ApiKey => "ApiKey([redacted])",
            Scheme::AccessToken => "AccessToken([redacted])",
        })
    }
}
