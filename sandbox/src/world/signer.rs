//! Signed id tokens, and the keys that are published for them.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// How many keys are published: the current one and the one before.
const PUBLISHED: usize = 2;

/// What is wrong with an id token, for
/// [`Sandbox::spoil_next_id_token`](crate::Sandbox::spoil_next_id_token).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdTokenFault {
    /// Its header says `alg: none`, and it has no signature.
    Unsigned,
    /// Its header names another algorithm, `HS256`, and it is signed with the public key as the secret.
    OtherAlgorithm,
    /// It was changed after it was signed.
    WrongSignature,
    /// It is signed with a key that isn't published, under the id of one that is.
    ForgedKey,
    /// It is signed with a key that isn't published.
    UnknownKey,
    /// It was issued by another service.
    OtherIssuer,
    /// It is meant for another app.
    OtherAudience,
    /// It has the nonce of another sign-in.
    OtherNonce,
    /// It has expired.
    Expired,
    /// It isn't there, although the scope `openid` was granted.
    Missing,
}

impl IdTokenFault {
    pub(crate) const ALL: [Self; 10] = [
        Self::Unsigned,
        Self::OtherAlgorithm,
        Self::WrongSignature,
        Self::ForgedKey,
        Self::UnknownKey,
        Self::OtherIssuer,
        Self::OtherAudience,
        Self::OtherNonce,
        Self::Expired,
        Self::Missing,
    ];
}

#[derive(Debug)]
struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(number: u64) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("there are random numbers");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("it was just made");
        Self { id: format!("sandbox-{number}"), pair }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).expect("there are random numbers");
        signature.as_ref().to_vec()
    }

    fn published(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let coordinate = |at: usize| URL_SAFE_NO_PAD.encode(&point[at..at + 32]);
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id,
            "x": coordinate(1), "y": coordinate(33),
        })
    }
}

/// The keys, the newest last. The first one is made when it is needed.
#[derive(Debug, Default)]
pub(crate) struct Signer {
    keys: VecDeque<Key>,
    made: u64,
    pub(crate) faults: VecDeque<IdTokenFault>,
}

impl Signer {
    pub(crate) fn rotate(&mut self) {
        self.made += 1;
        self.keys.push_back(Key::new(self.made));
        if self.keys.len() > PUBLISHED {
            self.keys.pop_front();
        }
    }

    fn current(&mut self) -> &Key {
        if self.keys.is_empty() {
            self.rotate();
        }
        self.keys.back().expect("there is one now")
    }

    /// Returns the published key set.
    pub(crate) fn published(&mut self) -> Value {
        self.current();
        // An RSA key, as services have them that sign in several ways.
        let other = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa", "n": "AQAB", "e": "AQAB" });
        json!({ "keys": std::iter::once(other).chain(self.keys.iter().map(Key::published)).collect::<Vec<_>>() })
    }

    /// Returns a signed token, with the next fault. `None` if that is that there is none.
    pub(crate) fn sign(&mut self, mut claims: Value) -> Option<String> {
        use IdTokenFault as F;
        let fault = self.faults.pop_front();
        match fault {
            Some(F::Missing) => return None,
            Some(F::OtherIssuer) => claims["iss"] = json!("https://elsewhere.example/oauth/"),
            Some(F::OtherAudience) => claims["aud"] = json!("1111111111111111111"),
            Some(F::OtherNonce) => claims["nonce"] = json!("another-nonce"),
            Some(F::Expired) => claims["exp"] = json!(claims["iat"].as_i64().unwrap_or_default() - 600),
            _ => {}
        }
        let stranger = || Key::new(0);
        let (id, public) = {
            let key = self.current();
            (key.id.clone(), key.pair.public_key().as_ref().to_vec())
        };
        let (algorithm, id) = match fault {
            Some(F::Unsigned) => ("none", id),
            Some(F::OtherAlgorithm) => ("HS256", id),
            Some(F::UnknownKey) => ("ES256", stranger().id),
            _ => ("ES256", id),
        };
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": algorithm, "kid": id, "typ": "JWT" })), part(claims));
        let mut signature = match fault {
            Some(F::Unsigned) => Vec::new(),
            Some(F::OtherAlgorithm) => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
                ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
            }
            Some(F::UnknownKey | F::ForgedKey) => stranger().sign(&signed),
            _ => self.current().sign(&signed),
        };
        if fault == Some(F::WrongSignature) {
            signature[0] ^= 1;
        }
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
