//! Entry points for the fuzzer.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::id_token::{Expected, KeySet, read_claims, verify};
use super::redirect::Redirect;
use super::tokens::TokenAnswer;

const STATE: &str = "state-of-sixteen-characters";

/// Any text is a redirect with a code, or an error that doesn't tell the state.
pub(crate) fn redirect(text: &str) {
    for text in [text.to_owned(), format!("{text}&state={STATE}")] {
        match Redirect::parse(&text).and_then(|redirect| redirect.into_code(STATE)) {
            Ok(code) => assert!(!code.is_empty() && text.contains("state")),
            Err(error) => {
                let line = error.redact(&|text| text.replace(STATE, "[redacted]")).to_string();
                assert!(!line.contains(STATE) && !line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}

/// Any body is a set of tokens, or an error that tells none of them.
pub(crate) fn token_answer(body: &[u8]) {
    match TokenAnswer::decode(body, Timestamp::UNIX_EPOCH) {
        Ok(answer) => {
            assert!(answer.tokens.access_token.check("token").is_ok());
            let debug = format!("{:?}", answer.tokens);
            assert!(answer.tokens.access_token().len() < 32 || !debug.contains(answer.tokens.access_token()));
            let text = serde_json::to_string(&answer.tokens).expect("it can be written");
            assert!(serde_json::from_str::<super::TokenSet>(&text).expect("and read") == answer.tokens);
        }
        Err(problem) => {
            let text = format!("{problem:?}");
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            for name in ["access_token", "refresh_token", "id_token", "token_type", "scope"] {
                let secret = json.get(name).and_then(Value::as_str).filter(|secret| secret.len() >= 16);
                assert!(secret.is_none_or(|secret| !text.contains(secret)), "{text}");
            }
        }
    }
}

/// No text is an id token: a fuzzer doesn't find a signature. Claims are accepted or refused without showing their values.
pub(crate) fn id_token(text: &str) {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "x": x, "y": y }] });
    let keys = KeySet::from_json(&keys).expect("a key set");
    let expected = Expected { issuer: "i", audience: "a", nonce: Some("n"), began: None, now: Timestamp::UNIX_EPOCH };
    assert!(verify(text, &keys, expected).is_err());
    if let Ok(json) = serde_json::from_str(text) {
        let keys = KeySet::from_json(&json).unwrap_or_default();
        let body = "eyJzdWIiOiIxIn0";
        assert!(verify(&format!("eyJhbGciOiJFUzI1NiJ9.{body}.AAAA"), &keys, expected).is_err());
    }
    if let Ok(Value::Object(claims)) = serde_json::from_str(text) {
        let secrets: Vec<String> =
            claims.values().filter_map(Value::as_str).filter(|text| text.len() >= 16).map(str::to_owned).collect();
        match read_claims(claims, expected) {
            Ok(claims) => assert!(claims.expires_at.is_some() && claims.identity.user_id > 0),
            Err(error) => assert!(secrets.iter().all(|secret| !error.to_string().contains(secret.as_str()))),
        }
    }
    let body = text.as_bytes();
    let _ = serde_json::from_slice::<super::Identity>(body);
    let _ = serde_json::from_slice::<super::TokenInfo>(body);
    let _ = serde_json::from_slice::<super::GrantedResources>(body);
}
