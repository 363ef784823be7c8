//! Id tokens: their signature and their claims.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Identity;
use super::random::is_same;
use crate::error::{Error, ErrorKind, Result};

/// How far the clocks can differ.
const SKEW: i64 = 180;

/// What an id token tells of a user. Its signature has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IdTokenClaims {
    /// Who the user is.
    #[serde(flatten)]
    pub identity: Identity,
    /// When the token was issued.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "iat", with = "super::identity::unix_time")]
    pub issued_at: Option<Timestamp>,
    /// When the token expires.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "exp", with = "super::identity::unix_time")]
    pub expires_at: Option<Timestamp>,
}

/// The published keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// An uncompressed point.
    point: Vec<u8>,
}

impl KeySet {
    /// Reads a key set. Keys of other kinds are skipped.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let keys = json.get("keys")?.as_array()?;
        Some(Self(keys.iter().filter_map(Key::from_json).collect()))
    }

    fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Key {
    fn from_json(json: &Value) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let other = |name: &str, expected: &str| text(name).is_some_and(|value| value != expected);
        if text("kty") != Some("EC") || text("crv") != Some("P-256") || other("alg", "ES256") || other("use", "sig") {
            return None;
        }
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
        let (x, y) = (coordinate("x")?, coordinate("y")?);
        (x.len() == 32 && y.len() == 32)
            .then(|| Self { id: text("kid").map(str::to_owned), point: [&[4][..], &x, &y].concat() })
    }
}

/// What a token has to say.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// `None` if the token has no nonce of ours.
    pub(crate) nonce: Option<&'a str>,
    /// When the sign-in began, by the local clock.
    pub(crate) began: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

/// Why a token is refused.
pub(crate) enum Problem {
    /// Its key isn't among those that are known: there may be new ones.
    UnknownKey,
    Refused(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Problem {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::UnknownKey => invalid("no published key has signed it"),
            Self::Refused(error) => error,
        }
    }
}

/// Checks a token. No value of it becomes part of an error.
pub(crate) fn verify(token: &str, keys: &KeySet, expected: Expected<'_>) -> Result<IdTokenClaims, Problem> {
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(invalid("it is not a signed JSON Web Token").into());
    };
    let head = object(head).ok_or_else(|| invalid("its header is not readable"))?;
    match head.get("alg").and_then(Value::as_str) {
        Some("ES256") => {}
        Some("none") => return Err(invalid("it is not signed; expected ES256").into()),
        _ => return Err(invalid("it is signed with another algorithm; expected ES256").into()),
    }
    if head.contains_key("crit") {
        return Err(invalid("it has critical extensions, which are not supported").into());
    }
    let key = keys.find(head.get("kid").and_then(Value::as_str)).ok_or(Problem::UnknownKey)?;
    let signed = &token[..token.len() - signature.len() - 1];
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid("its signature is not readable"))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.point)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| invalid("its signature is wrong"))?;

    let claims = object(body).ok_or_else(|| invalid("its claims are not readable"))?;
    Ok(read_claims(claims, expected)?)
}

/// Checks and reads the claims of a token whose signature is right.
pub(crate) fn read_claims(claims: Map<String, Value>, expected: Expected<'_>) -> Result<IdTokenClaims> {
    check_claims(&claims, expected)?;
    crate::json::from_value::<IdTokenClaims>(&Value::Object(claims)).map_err(|_| invalid("it has no user"))
}

fn check_claims(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = text("iss").unwrap_or_default().trim_end_matches('/');
    if issuer != expected.issuer.trim_end_matches('/') {
        return Err(invalid("another service has issued it"));
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::String(audience)) => audience == expected.audience,
        // One token for several apps would need an authorized party.
        Some(Value::Array(audiences)) => matches!(audiences.as_slice(), [only] if only == expected.audience),
        _ => false,
    };
    if !is_for_us || expected.audience.is_empty() {
        return Err(invalid("it is meant for another app"));
    }
    if let Some(nonce) = expected.nonce {
        match text("nonce").filter(|given| !given.is_empty()) {
            Some(given) if is_same(nonce, given)? => {}
            Some(_) => return Err(invalid("its nonce is that of another sign-in")),
            None => return Err(invalid("it has no nonce")),
        }
    }
    // A time that can't be read must not count as one that isn't there.
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(time) => {
            let seconds = time.as_i64().or_else(|| Some(time.as_f64()? as i64));
            seconds.map(Some).ok_or_else(|| invalid("one of its times is not a number"))
        }
    };
    let now = expected.now.as_second();
    let Some(expires) = time("exp")? else { return Err(invalid("it never expires")) };
    if let Some(issued) = time("iat")? {
        // Its nonce tells that it was issued after the sign-in began.
        let earliest = expected.began.filter(|_| expected.nonce.is_some()).map_or(i64::MIN, Timestamp::as_second);
        if issued.saturating_sub(SKEW) > now {
            return Err(skewed(issued.saturating_sub(now), "behind"));
        }
        if issued.saturating_add(SKEW) < earliest {
            return Err(skewed(earliest.saturating_sub(issued), "ahead of"));
        }
    }
    if time("nbf")?.is_some_and(|begins| begins.saturating_sub(SKEW) > now) {
        return Err(invalid("it is not valid yet"));
    }
    if expires.saturating_add(SKEW) < now {
        return Err(invalid("it has expired"));
    }
    Ok(())
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The error of a response without an id token, although the scope `openid` was granted.
pub(super) fn missing() -> Error {
    invalid("the service has sent none")
}

fn invalid(problem: &str) -> Error {
    Error::new(ErrorKind::InvalidIdToken, "the id token").explain(problem)
}

fn skewed(seconds: i64, how: &str) -> Error {
    let off = Duration::from_secs(seconds.unsigned_abs());
    Error::new(ErrorKind::ClockSkew, "the id token")
        .explain(format!("the local clock is about {off:?} {how} the service's"))
        .advise("set the clock and sign in again")
        .concerning_run()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn check(change: impl Fn(&mut Value)) -> Result<()> {
        let mut claims = json!({
            "sub": "156", "iss": "https://apis.roblox.com/oauth/", "aud": "1234", "nonce": "n-1",
            "iat": NOW, "exp": NOW + 900,
        });
        change(&mut claims);
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let expected = Expected {
            issuer: "https://apis.roblox.com/oauth/",
            audience: "1234",
            nonce: Some("n-1"),
            began: Some(time(NOW - 60)),
            now: time(NOW),
        };
        check_claims(claims.as_object().unwrap(), expected)
    }

    #[test]
    fn claims_of_this_sign_in_are_accepted() {
        for change in [
            (|_| {}) as fn(&mut Value),
            |claims| claims["iss"] = json!("https://apis.roblox.com/oauth"),
            |claims| claims["aud"] = json!(["1234"]),
            |claims| claims["iat"] = json!(NOW + SKEW),
            |claims| claims["iat"] = json!(NOW - 60 - SKEW),
            |claims| claims["exp"] = json!(NOW - SKEW),
            |claims| claims["nbf"] = json!(NOW + SKEW),
            |claims| claims["iat"] = json!(1_800_000_000.5),
        ] {
            check(change).unwrap();
        }
    }

    #[test]
    fn other_claims_are_refused() {
        for (change, word) in [
            ((|claims| claims["iss"] = json!("https://evil.example/oauth/")) as fn(&mut Value), "another service"),
            (|claims| claims["iss"] = json!(null), "another service"),
            (|claims| claims["aud"] = json!("12345"), "another app"),
            (|claims| claims["aud"] = json!(["1234", "5"]), "another app"),
            (|claims| claims["aud"] = json!([]), "another app"),
            (|claims| claims["aud"] = json!(1234), "another app"),
            (|claims| claims["nonce"] = json!("n-2"), "nonce"),
            (|claims| drop(claims.as_object_mut().unwrap().remove("nonce")), "no nonce"),
            (|claims| claims["nonce"] = json!(""), "no nonce"),
            (|claims| claims["nonce"] = json!(null), "no nonce"),
            (|claims| claims["nonce"] = json!(["n-1"]), "no nonce"),
            (|claims| claims["exp"] = json!(NOW - SKEW - 1), "expired"),
            (|claims| drop(claims.as_object_mut().unwrap().remove("exp")), "never expires"),
            (|claims| claims["exp"] = json!("never"), "not a number"),
            (|claims| claims["nbf"] = json!("99999999999"), "not a number"),
            (|claims| claims["iat"] = json!(null), "not a number"),
            (|claims| claims["nbf"] = json!(NOW + SKEW + 1), "not valid yet"),
        ] {
            let error = check(change).expect_err(word);
            assert_eq!(error.kind(), ErrorKind::InvalidIdToken, "{word}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    /// An expectation that isn't set must not be met by a token in which it isn't set either.
    #[test]
    fn empty_expectations_are_never_met() {
        for (audience, nonce) in [("", Some("n-1")), ("1234", Some("")), ("", None)] {
            let time = |seconds| Timestamp::from_second(seconds).unwrap();
            let issuer = "https://apis.roblox.com/oauth/";
            let expected = Expected { issuer, audience, nonce, began: None, now: time(NOW) };
            for (given_audience, given_nonce) in
                [(json!(audience), json!(nonce)), (json!([""]), json!("")), (json!(""), json!(null))]
            {
                let claims =
                    json!({ "sub": "156", "iss": issuer, "aud": given_audience, "nonce": given_nonce, "exp": NOW + 9 });
                let error = check_claims(claims.as_object().unwrap(), expected).expect_err("nothing was expected");
                assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
            }
        }
    }

    #[test]
    fn users_have_decimal_ids() {
        for (sub, is_id) in [
            (json!("156"), true),
            (json!(156), true),
            (json!("+156"), false),
            (json!("-156"), false),
            (json!(" 156"), false),
            (json!("156 "), false),
            (json!("0156"), false),
            (json!("1_56"), false),
            (json!("0x9c"), false),
            (json!("156.0"), false),
            (json!(156.0), false),
            (json!("\u{661}\u{665}\u{666}"), false),
            (json!("18446744073709551616"), false),
            (json!(""), false),
            (json!(null), false),
            (json!(["156"]), false),
        ] {
            let claims = json!({ "sub": sub, "iss": "i", "aud": "1234", "exp": NOW + 900 });
            let now = Timestamp::from_second(NOW).unwrap();
            let expected = Expected { issuer: "i", audience: "1234", nonce: None, began: None, now };
            let read = read_claims(claims.as_object().unwrap().clone(), expected);
            assert_eq!(read.ok().map(|claims| claims.identity.user_id), is_id.then_some(156), "{sub}");
        }
    }

    #[test]
    fn a_wrong_clock_is_distinguished_from_an_old_token() {
        for (issued, how) in [(NOW + SKEW + 1, "behind"), (NOW + 3600, "3600s behind"), (NOW - 3660, "3600s ahead of")]
        {
            let error = check(|claims| {
                claims["iat"] = json!(issued);
                claims["exp"] = json!(issued + 900);
            });
            let error = error.expect_err("the clock is wrong");
            assert_eq!(error.kind(), ErrorKind::ClockSkew);
            assert!(error.to_string().contains(how), "{error}");
        }
        for odd in [json!(i64::MAX), json!(i64::MIN), json!(u64::MAX), json!(1e300), json!(-1e300)] {
            for name in ["iat", "exp", "nbf"] {
                let _ = check(|claims| claims[name] = odd.clone());
            }
        }
    }

    #[test]
    fn keys_of_other_kinds_are_skipped() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let keys = KeySet::from_json(&json!({ "keys": [
            { "kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB" },
            { "kty": "EC", "crv": "P-384", "kid": "b", "x": x, "y": x },
            { "kty": "EC", "crv": "P-256", "kid": "c", "x": x, "y": "AQAB" },
            { "kty": "EC", "crv": "P-256", "kid": "d", "x": x, "y": x, "use": "enc" },
            { "kty": "EC", "crv": "P-256", "kid": "e", "x": x, "y": x, "alg": "ES384" },
            { "kty": "EC", "crv": "P-256", "kid": "f", "x": x, "y": x },
            5,
        ] }));
        let keys = keys.unwrap();
        assert_eq!(keys.0.len(), 1);
        assert!(keys.find(Some("f")).is_some() && keys.find(None).is_some() && keys.find(Some("a")).is_none());
        assert!(KeySet::from_json(&json!([])).is_none() && KeySet::from_json(&json!({ "keys": 1 })).is_none());
    }

    #[test]
    fn anything_but_a_signed_token_is_refused() {
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let body = part(json!({ "sub": "156" }));
        for (token, word) in [
            (String::new(), "not a signed"),
            ("a.b".to_owned(), "not a signed"),
            ("a.b.c.d".to_owned(), "not a signed"),
            ("a.b.c".to_owned(), "header"),
            (format!("{}.{body}.", part(json!([]))), "header"),
            (format!("{}.{body}.", part(json!({ "alg": "none" }))), "not signed"),
            (format!("{}.{body}.", part(json!({ "alg": "NONE" }))), "another algorithm"),
            (format!("{}.{body}.AA", part(json!({ "alg": "HS256" }))), "another algorithm"),
            (format!("{}.{body}.AA", part(json!({ "alg": "RS256" }))), "another algorithm"),
            (format!("{}.{body}.AA", part(json!({}))), "another algorithm"),
            (format!("{}.{body}.AA", part(json!({ "alg": "ES256", "crit": ["b64"] }))), "critical"),
            (format!("{}.{body}.AA", part(json!({ "alg": "ES256", "kid": "a" }))), "no published key"),
        ] {
            let expected = Expected { issuer: "", audience: "", nonce: None, began: None, now: Timestamp::UNIX_EPOCH };
            let problem = verify(&token, &KeySet::default(), expected).map(drop).expect_err(word);
            let error = problem.into_error();
            assert!(error.to_string().contains(word), "{token}: {error}");
            assert_eq!(error.kind(), ErrorKind::InvalidIdToken);
        }
    }
}
