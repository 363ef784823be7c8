use zeroize::Zeroizing;

use crate::error::{Error, REDACTED, Result};

/// The shortest text that is removed from texts of any origin. Real keys, tokens and client secrets are longer; a shorter one
/// would be found in words.
pub(crate) const SHORTEST: usize = 8;

/// A key or a token. It has no `Debug` and no `Display`.
///
/// Its memory is wiped when it is dropped. That is one of several copies: a request copies the secret into a header value and into
/// the buffers of the connection and its encryption, which belong to other crates and aren't wiped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Removes the secret from a text, in any case: hosts are written in lower case, and that tells most of a key. A secret that
    /// is shorter than any real one stays.
    pub(crate) fn redact(&self, text: &str) -> String {
        if self.0.len() < SHORTEST { text.to_owned() } else { self.redact_at_any_length(text) }
    }

    /// Removes the secret from a text, in any case, however short it is.
    pub(crate) fn redact_at_any_length(&self, text: &str) -> String {
        let (secret, mut rest) = (self.0.as_bytes(), text);
        let mut redacted = String::new();
        let find =
            |text: &str| text.as_bytes().windows(secret.len()).position(|part| part.eq_ignore_ascii_case(secret));
        while let Some(at) = if secret.is_empty() { None } else { find(rest) } {
            redacted.push_str(&rest[..at]);
            redacted.push_str(REDACTED);
            rest = &rest[at + secret.len()..];
        }
        redacted + rest
    }

    /// Refuses a secret that isn't valid in a header. `what` names it.
    pub(crate) fn check(&self, what: &str) -> Result<()> {
        let problem = if self.0.is_empty() {
            "is empty"
        } else if self.0.bytes().any(|byte| byte.is_ascii_control()) {
            "has a control character in it, such as a trailing line break"
        } else if !self.0.is_ascii() || self.0.contains(' ') {
            "has a space or a non-ASCII character in it"
        } else if let Some(problem) = wrapping(&self.0) {
            problem
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(format!("the {what} {problem}"))
            .advise("copy the whole of it again, and nothing else")
            .concerning_run())
    }
}

/// Tells what a file of settings, a template or a header has left around a secret. No key and no token begins like that.
fn wrapping(secret: &str) -> Option<&'static str> {
    let name = secret.split_once('=').map(|(name, _)| name);
    let is_variable = |name: &str| {
        let is_word = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        is_word && name.len() >= 3 && name.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    match (secret.as_bytes().first(), secret.as_bytes().last()) {
        (Some(b'"' | b'\'' | b'`'), _) | (_, Some(b'"' | b'\'' | b'`')) => Some("has quotation marks around it"),
        (Some(b'<'), _) | (_, Some(b'>')) => Some("has angle brackets around it"),
        (Some(b'$' | b'{' | b'%'), _) => Some("is the name of a variable, not its value"),
        _ if name.is_some_and(|name| is_variable(name) && !secret.ends_with('=')) => {
            Some("has the name of a variable before it")
        }
        _ if secret.starts_with("x-api-key:") || secret.starts_with("Bearer:") => {
            Some("has the name of a header before it")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_refused_with_what_is_left_around_them() {
        let problem = |text: &str| Secret::new(text.to_owned()).check("API key").err().map(|error| error.to_string());
        for (text, words) in [
            ("", "is empty"),
            ("abc\n", "control character"),
            ("a bc", "space"),
            ("Bearer abc", "space"),
            ("schlüssel", "non-ASCII"),
            ("\"abc\"", "quotation marks"),
            ("'abc'", "quotation marks"),
            ("abc\"", "quotation marks"),
            ("<abc>", "angle brackets"),
            ("ROBLOX_API_KEY=abc", "name of a variable before"),
            ("KEY=abc", "name of a variable before"),
            ("ROBLOX_API_KEY=\"abc\"", "quotation marks"),
            ("$ROBLOX_API_KEY", "name of a variable, not"),
            ("${{secrets.KEY}}", "name of a variable, not"),
            ("%ROBLOX_API_KEY%", "name of a variable, not"),
            ("x-api-key:abc", "name of a header"),
        ] {
            let problem = problem(text).unwrap_or_else(|| panic!("{text} is taken"));
            assert!(problem.contains(words), "{text}: {problem}");
            assert!(!problem.contains("abc"), "{problem}");
        }
        // Base64 in its forms, tokens with dots, and the secrets of apps.
        for text in
            ["abc", "aB3+/x==", "QUJD=", "QUJDREVGR0g=", "eyJh.eyJi.c2ln_-", "RBX-CR9-St12L", "a=b", "ABC=", "ABC=="]
        {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn words_that_hold_a_short_secret_stay() {
        let redact = |secret: &str| Secret::new(secret.to_owned()).redact("looking up key-1234 of a user");
        assert_eq!(redact("k"), "looking up key-1234 of a user");
        assert_eq!(redact("looking"), "looking up key-1234 of a user");
        assert_eq!(redact("key-1234"), "looking up [redacted] of a user");
    }

    #[test]
    fn secrets_are_redacted_in_any_case() {
        for (secret, text, shown) in [
            ("Key", "the Key", "the [redacted]"),
            ("Key", "keykEy, ke y", "[redacted][redacted], ke y"),
            ("K\u{e9}y", "a k\u{e9}Y \u{e9}", "a [redacted] \u{e9}"),
            ("Key", "", ""),
            ("Key", "\u{e9}", "\u{e9}"),
            ("", "text", "text"),
        ] {
            assert_eq!(Secret::new(secret.to_owned()).redact_at_any_length(text), shown, "{secret} in {text}");
        }
    }
}
