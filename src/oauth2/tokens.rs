use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{IdTokenClaims, Scope, secret_text};
use crate::call::DecodeError;
use crate::credentials::Secret;
use crate::error::{Error, ErrorKind, REDACTED, Result};

/// The lifetime of an access token, unless the service tells another one.
const LIFETIME: i64 = 15 * 60;
/// Far longer than any token lives.
const LONGEST_LIFETIME: f64 = 10.0 * 365.0 * 24.0 * 3600.0;

/// The tokens of an authorization: an access token and, with it, the refresh token that gets the next one.
///
/// It can be serialized, and then holds the secrets in plain text: store it where only its user can read it. `Debug` doesn't
/// show them. [`OAuth2App::access_token`](super::OAuth2App::access_token) makes calls with it,
/// [`OAuth2App::resume`](super::OAuth2App::resume) renews it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct TokenSet {
    #[serde(with = "super::secret_text")]
    pub(super) access_token: Secret,
    #[serde(with = "super::secret_text::option", default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<Secret>,
    pub(super) expires_at: Timestamp,
    #[serde(default)]
    pub(super) scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<IdTokenClaims>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
}

impl TokenSet {
    /// Creates a set from a refresh token alone, such as one that another program has stored. Its access token counts as
    /// expired.
    #[must_use]
    pub fn from_refresh_token(refresh_token: impl Into<String>) -> Self {
        Self {
            access_token: Secret::new(String::new()),
            refresh_token: Some(Secret::new(refresh_token.into())),
            expires_at: Timestamp::UNIX_EPOCH,
            scopes: Vec::new(),
            claims: None,
            client_id: None,
        }
    }

    /// Creates a set from an access token alone. It can't be refreshed.
    #[must_use]
    pub fn from_access_token(access_token: impl Into<String>, expires_at: Timestamp) -> Self {
        Self {
            access_token: Secret::new(access_token.into()),
            refresh_token: None,
            expires_at,
            scopes: Vec::new(),
            claims: None,
            client_id: None,
        }
    }

    /// Returns the access token, a secret.
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.access_token.expose()
    }

    /// Returns the refresh token, a secret. It can be used once, within 90 days.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(Secret::expose)
    }

    /// Returns when the access token expires, by the local clock.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Returns how much longer the access token can be used. Zero if it has expired.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        Duration::try_from(self.expires_at.duration_since(Timestamp::now())).unwrap_or_default()
    }

    /// Returns whether the access token has expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.expires_in().is_zero()
    }

    /// Returns the scopes that were granted, which can be fewer than those that were requested.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Returns what the id token tells of the user. `None` without the scope `openid`.
    #[must_use]
    pub fn claims(&self) -> Option<&IdTokenClaims> {
        self.claims.as_ref()
    }

    /// Returns the user who authorized the app. `None` without the scope `openid`.
    #[must_use]
    pub fn user_id(&self) -> Option<u64> {
        self.claims.as_ref().map(|claims| claims.identity.user_id)
    }

    /// Returns the client id of the app that the user has authorized. `None` if the tokens come from elsewhere, until they are
    /// refreshed.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Refuses tokens of another app.
    pub(super) fn check_app(&self, client_id: &str) -> Result<()> {
        match &self.client_id {
            Some(other) if other != client_id => {
                Err(foreign(format!("they belong to the app {other:?}, not to {client_id:?}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses tokens that aren't newer ones of the same authorization.
    pub(super) fn check_successor(&self, newer: &Self, client_id: &str) -> Result<()> {
        newer.check_app(client_id)?;
        match (self.user_id(), newer.user_id()) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err(foreign(format!("they belong to user {theirs}, not to user {ours}")))
            }
            // A renewal keeps the claims, so these are of a new sign-in.
            (Some(ours), None) => {
                Err(foreign(format!("they don't tell whose they are, and should be those of user {ours}")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn redact(&self, text: &str) -> String {
        let secrets = std::iter::once(&self.access_token).chain(&self.refresh_token);
        secrets.fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

// The derived methods, which `remote` makes inherent ones.
impl Serialize for TokenSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for TokenSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Compact formats can't hold any value, and don't tell values.
        if !deserializer.is_human_readable() {
            return Self::deserialize(deserializer);
        }
        secret_text::quietly(deserializer, "a set of tokens", Self::deserialize)
    }
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet")
            .field("access_token", &REDACTED)
            .field("refresh_token", &self.refresh_token.as_ref().map(|_| REDACTED))
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .field("claims", &self.claims)
            .field("client_id", &self.client_id)
            .finish()
    }
}

/// A response with tokens.
pub(crate) struct TokenAnswer {
    pub(crate) tokens: TokenSet,
    pub(crate) id_token: Option<Secret>,
    /// Whether the response tells the scopes.
    pub(super) has_scopes: bool,
}

impl TokenAnswer {
    /// Reads a response. No value of it becomes part of an error.
    pub(crate) fn decode(body: &[u8], now: Timestamp) -> Result<Self, DecodeError> {
        let json: Value = crate::json::from_slice(body)?;
        let invalid = |problem: &str| <serde_json::Error as serde::de::Error>::custom(problem);
        let Value::Object(object) = json else { return Err(invalid("expected an object").into()) };
        let secret = |name: &str| {
            let text = object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(|text| Secret::new(text.to_owned()))
        };
        let access_token = secret("access_token").ok_or_else(|| invalid("it has no access token"))?;
        if access_token.check("access token").is_err() {
            return Err(invalid("the access token has characters that are invalid in a header").into());
        }
        let kind = object.get("token_type").and_then(Value::as_str).unwrap_or("Bearer");
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(invalid("the token's type is not Bearer").into());
        }
        let scope = object.get("scope").and_then(Value::as_str);
        let expires_at = now.checked_add(jiff::SignedDuration::from_secs(lifetime(&object))).unwrap_or(now);
        Ok(Self {
            tokens: TokenSet {
                access_token,
                refresh_token: secret("refresh_token"),
                expires_at,
                scopes: scope.map(Scope::split).unwrap_or_default(),
                claims: None,
                client_id: None,
            },
            id_token: secret("id_token"),
            has_scopes: scope.is_some(),
        })
    }
}

/// Returns the lifetime in seconds.
fn lifetime(object: &Map<String, Value>) -> i64 {
    let seconds = match object.get("expires_in") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    #[allow(clippy::cast_possible_truncation)]
    seconds
        .filter(|seconds: &f64| seconds.is_finite())
        .map_or(LIFETIME, |seconds| seconds.clamp(0.0, LONGEST_LIFETIME) as i64)
}

fn foreign(problem: String) -> Error {
    Error::new(ErrorKind::ForeignTokens, "the stored tokens")
        .explain(problem)
        .advise("keep the tokens of each app and each user in a store of their own")
        .concerning_run()
}

/// Refuses a refresh token that can't be sent.
pub(super) fn check_refresh_token(tokens: &TokenSet) -> Result<&Secret> {
    let Some(token) = &tokens.refresh_token else {
        return Err(Error::invalid_input("the tokens have no refresh token").advise("sign in again").concerning_run());
    };
    token.check("refresh token")?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> Result<TokenAnswer, DecodeError> {
        TokenAnswer::decode(json.to_string().as_bytes(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn lifetimes_are_seconds() {
        for (expires_in, seconds) in [
            (json!(899), 899),
            (json!("899"), 899),
            (json!(899.9), 899),
            (json!(0), 0),
            (json!(-5), 0),
            (json!(null), 900),
            (json!("soon"), 900),
            (json!(1e300), 10 * 365 * 24 * 3600),
        ] {
            let answer = read(&json!({ "access_token": "a", "expires_in": expires_in })).unwrap();
            assert_eq!(answer.tokens.expires_at.as_second(), seconds, "{expires_in}");
        }
    }

    #[test]
    fn responses_are_read() {
        let full = json!({ "access_token": "AAA", "refresh_token": "RRR", "token_type": "bearer", "id_token": "III",
            "scope": "openid asset:read", "expires_in": 899, "more": [1] });
        let answer = read(&full).unwrap();
        assert_eq!(answer.tokens.access_token(), "AAA");
        assert_eq!(answer.tokens.refresh_token(), Some("RRR"));
        assert_eq!(answer.tokens.scopes(), [Scope::OPENID, Scope::ASSET_READ]);
        assert_eq!(answer.id_token.unwrap().expose(), "III");
        let debug = format!("{:?} {:#?}", answer.tokens, answer.tokens);
        assert!(!debug.contains("AAA") && !debug.contains("RRR"), "{debug}");

        let bare = read(&json!({ "access_token": "AAA", "refresh_token": "" })).unwrap();
        assert!(bare.tokens.refresh_token().is_none() && bare.id_token.is_none() && !bare.has_scopes);
    }

    #[test]
    fn bad_responses_are_refused_without_their_values() {
        for bad in [
            json!({}),
            json!([]),
            json!("SECRET"),
            json!({ "access_token": 5 }),
            json!({ "access_token": "SECRET\n" }),
            json!({ "access_token": "SECRET", "token_type": "SECRET" }),
            json!({ "access_token": "" }),
        ] {
            let problem = read(&bad).map(drop).expect_err("it is bad");
            assert!(!format!("{problem:?}").contains("SECRET"), "{problem:?}");
        }
    }

    #[test]
    fn sets_survive_a_round_trip() {
        let tokens = read(&json!({ "access_token": "AAA", "refresh_token": "RRR", "scope": "a b" })).unwrap().tokens;
        let text = serde_json::to_string(&tokens).unwrap();
        assert_eq!(serde_json::from_str::<TokenSet>(&text).unwrap(), tokens);
        assert!(!tokens.is_expired() || tokens.expires_in().is_zero());
        assert!(TokenSet::from_refresh_token("RRR").is_expired());
    }

    #[test]
    fn errors_of_unreadable_sets_omit_their_values() {
        for bad in [
            "\"SECRET\"",
            "[\"SECRET\"]",
            "{\"access_token\":\"SECRET\",\"expires_at\":\"SECRET\"}",
            "{\"access_token\":{\"SECRET\":1}}",
            "{\"access_token\":\"SECRET",
            "SECRET",
        ] {
            let set = serde_json::from_str::<TokenSet>(bad).expect_err("it is bad");
            let pending = serde_json::from_str::<crate::oauth2::PendingSignIn>(bad).expect_err("it is bad");
            assert!(!format!("{set} {set:?} {pending} {pending:?}").contains("SECRET"), "{set} {pending}");
        }
    }
}
