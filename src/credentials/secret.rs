use zeroize::Zeroizing;

use crate::error::{Error, REDACTED, Result};

/// The shortest text that is redacted. Real keys, tokens and client secrets are longer.
const SHORTEST: usize = 8;

/// A key or a token. Its memory is wiped when it is dropped. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Removes the secret from a text. A text that is shorter than any real secret stays: it would be found in words.
    pub(crate) fn redact(&self, text: &str) -> String {
        if self.0.len() < SHORTEST { text.to_owned() } else { text.replace(self.0.as_str(), REDACTED) }
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
}
