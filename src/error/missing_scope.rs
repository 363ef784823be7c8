//! Finds the scopes that a refusal names as missing.

use super::ServiceError;
use super::text::words;

/// A scope as a refusal names it, such as `universe.place:1:write`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MissingScope {
    /// The name in the dashboard, `universe.place:write`.
    name: String,
    /// What the scope must be allowed for, `1`.
    target: Option<String>,
}

/// Returns the missing scopes if the refusal is about scopes. The service may not name any.
///
/// API version 1 has a code for it. Version 2 only has a sentence, which has to be the whole message: an asset may be named
/// like it, and its name may be repeated in a message about something else.
pub(super) fn missing_scopes(reported: &ServiceError, echoes: &[String]) -> Option<Vec<MissingScope>> {
    let message = reported.message.as_deref().unwrap_or_default();
    let is_echo = echoes.iter().any(|echo| words(echo) == words(message));
    let named = if is_echo { None } else { message.split("; ").map(sentence).collect::<Option<Vec<_>>>() };
    let named = named.map(|sentences| sentences.concat());
    // OAuth 2.0 writes it in lower case.
    named.or_else(|| (words(reported.code.as_deref().unwrap_or_default()) == ["insufficient", "scope"]).then(Vec::new))
}

/// Reads "The required scope <universe:write> is missing."
fn sentence(text: &str) -> Option<Vec<MissingScope>> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'.!".contains(c));
    let mut words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let mut is_next = |expected: &[&str]| {
        words.next().is_some_and(|word| expected.iter().any(|expected| word.eq_ignore_ascii_case(expected)))
    };
    if !(is_next(&["the"]) && is_next(&["required"]) && is_next(&["scope", "scopes"])) {
        return None;
    }
    let rest: Vec<&str> = words.collect();
    let [names @ .., verb, end] = rest.as_slice() else { return None };
    if !(["is", "are"].contains(verb) && *end == "missing") || names.is_empty() {
        return None;
    }
    names.iter().filter(|name| **name != "and").map(|name| MissingScope::parse(name)).collect()
}

impl MissingScope {
    fn parse(text: &str) -> Option<Self> {
        const LONGEST: usize = 200;
        let text = text.trim_matches(|c: char| "<>\"'`".contains(c));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:*/".contains(&byte);
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(is_plain) {
            return None;
        }
        let parts = text.split_once(':').and_then(|(name, rest)| Some((name, rest.rsplit_once(':')?)));
        Some(match parts {
            Some((name, (target, operation))) => {
                Self { name: format!("{name}:{operation}"), target: Some(target.to_owned()) }
            }
            None => Self { name: text.to_owned(), target: None },
        })
    }

    /// Returns the scope, and what it must be allowed for.
    pub(super) fn text(&self) -> String {
        match &self.target {
            Some(target) => format!("{} for {target}", self.name),
            None => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, message: &str, echoes: &[&str]) -> Option<Vec<String>> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let echoes: Vec<String> = echoes.iter().map(|&echo| echo.to_owned()).collect();
        let reported = ServiceError { code: text(code), message: text(message) };
        missing_scopes(&reported, &echoes).map(|scopes| scopes.iter().map(MissingScope::text).collect())
    }

    #[test]
    fn scopes_are_read_from_the_whole_message() {
        for (message, scopes) in [
            ("The required scope <universe:write> is missing.", &["universe:write"][..]),
            ("the required scope <universe:write> is missing", &["universe:write"]),
            ("The required scope universe:write is missing.", &["universe:write"]),
            ("\"The required scope <openid> is missing.\"", &["openid"]),
            ("The required scopes <a:read>, <b:write> are missing.", &["a:read", "b:write"]),
            ("The required scopes <a:read> and <b:write> are missing.", &["a:read", "b:write"]),
            ("The required scope <a:read> is missing.; The required scope <b:read> is missing.", &["a:read", "b:read"]),
            (
                "The required scope <universe.place.luau-execution-session:1:write> is missing.",
                &["universe.place.luau-execution-session:write for 1"],
            ),
            (
                "The required scope <universe-datastores:1:coins:read> is missing.",
                &["universe-datastores:read for 1:coins"],
            ),
        ] {
            let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            for code in ["PERMISSION_DENIED", "", "INSUFFICIENT_SCOPE"] {
                assert_eq!(read(code, message, &["crate"]), Some(scopes.clone()), "{message}");
            }
        }
        for code in ["INSUFFICIENT_SCOPE", "insufficient_scope", "InsufficientScope"] {
            assert_eq!(read(code, "no", &[]), Some(Vec::new()), "{code}");
        }
    }

    #[test]
    fn other_messages_have_no_scope() {
        for message in [
            "",
            "Inventory is private.",
            "The authorized user does not have sufficient permissions",
            "The required scope is missing.",
            "The required scope <> is missing.",
            "The required scope <a b> is missing from the description",
            "The required field <a:b> is missing.",
            "The required scope <a:read> is missing is moderated.",
            "AssetName The required scope <a:read> is missing.",
            "\"The required scope <a:read> is missing\" is moderated.",
            "The required scope <a:read> is missing; AssetName is moderated.",
            "The required scope <á:read> is missing.",
        ] {
            assert_eq!(read("PERMISSION_DENIED", message, &[]), None, "{message}");
        }
        let name = "The required scope <a:read> is missing";
        assert_eq!(read("PERMISSION_DENIED", name, &[name]), None);
    }
}
