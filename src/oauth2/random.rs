//! Values that nobody can guess, and comparisons that tell nothing by their duration.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, ErrorKind, Result};

/// Returns 256 random bits: 43 characters that are valid in a URL.
pub(crate) fn token() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    SystemRandom::new().fill(bytes).map_err(|_| {
        Error::new(ErrorKind::Io, "the operating system's random numbers").explain("there are none").concerning_run()
    })
}

/// Returns the challenge of a PKCE verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Compares two texts in a time that doesn't depend on where they differ.
pub(crate) fn is_same(expected: &str, given: &str) -> Result<bool> {
    let mut key = [0; 32];
    fill(&mut key)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, expected.as_bytes());
    Ok(hmac::verify(&key, given.as_bytes(), tag.as_ref()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (token().unwrap(), token().unwrap());
        assert_eq!(one.len(), 43);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{one}");
        assert_ne!(one, other);
    }

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn only_equal_texts_are_the_same() {
        for (one, other, same) in
            [("a", "a", true), ("a", "b", false), ("a", "", false), ("", "", true), ("a", "aa", false)]
        {
            assert_eq!(is_same(one, other).unwrap(), same, "{one:?}, {other:?}");
        }
    }
}
