//! The redirect with which a sign-in ends.

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::random::is_same;
use crate::error::{Error, ErrorKind, Result, ServiceError, one_line, shorten};

/// What a redirect URI looks like.
pub(super) const FORM: &str = "expected the form http://localhost:4000/callback";

const SUBJECT: &str = "the redirect of the sign-in";

/// The parameters of a redirect. Others are ignored, as RFC 6749 requires.
#[derive(Default)]
pub(super) struct Redirect {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Redirect {
    /// Reads a URL, its path and query, or the query alone.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        let mut redirect = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name);
            let field = match name.as_str() {
                "code" => &mut redirect.code,
                "state" => &mut redirect.state,
                "error" => &mut redirect.error,
                "error_description" => &mut redirect.error_description,
                _ => continue,
            };
            if field.replace(decoded(value)).is_some() {
                return Err(invalid(format!("it has the parameter {name:?} twice")));
            }
        }
        Ok(redirect)
    }

    pub(super) fn has_state(&self, state: &str) -> Result<bool> {
        match &self.state {
            Some(given) => is_same(state, given),
            None => Ok(false),
        }
    }

    /// Returns whether there is no state to compare.
    pub(super) fn is_without_state(&self) -> bool {
        self.state.as_deref().is_none_or(str::is_empty)
    }

    /// Returns whether a sign-in ends with it: it has a code or an error.
    pub(super) fn has_end(&self) -> bool {
        self.code.is_some() || self.error.is_some()
    }

    /// Returns the words of an error without a state, in one line. They may be forged.
    pub(super) fn stray_words(&self) -> Option<String> {
        let error = self.error.as_deref().filter(|error| self.is_without_state() && !error.trim().is_empty())?;
        let words = match self.error_description.as_deref() {
            Some(description) => format!("{error}: {description}"),
            None => error.to_owned(),
        };
        Some(shorten(&one_line(&words)))
    }

    /// Returns the code, if this is the redirect of the sign-in with this state.
    pub(super) fn into_code(self, state: &str) -> Result<String> {
        if !self.has_state(state)? {
            let problem = match &self.state {
                Some(_) => "its state is that of another sign-in",
                None => "it has no state",
            };
            return Err(Error::new(ErrorKind::StateMismatch, SUBJECT)
                .explain(problem)
                .advise("it may be from another tab, or forged; sign in again"));
        }
        match (self.code.filter(|code| !code.is_empty()), self.error) {
            (Some(_), Some(_)) => Err(invalid("it has a code and an error")),
            (Some(code), None) => Ok(code),
            (None, Some(error)) => Err(denial(error, self.error_description)),
            (None, None) => Err(invalid("it has neither a code nor an error")),
        }
    }
}

fn denial(error: String, description: Option<String>) -> Error {
    let kind = if error == "access_denied" { ErrorKind::ConsentDenied } else { ErrorKind::Rejected };
    let reported =
        ServiceError::from_json(&json!({ "error": error, "error_description": description })).unwrap_or_default();
    let error = Error::service(kind, SUBJECT, reported);
    match kind {
        ErrorKind::ConsentDenied => error.explain("the user did not authorize the app"),
        _ => error,
    }
}

fn invalid(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRedirect, SUBJECT).explain(problem).advise("sign in again")
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Result<String> {
        Redirect::parse(text).and_then(|redirect| redirect.into_code("state-1"))
    }

    #[test]
    fn a_redirect_is_a_url_or_a_query() {
        for text in [
            "http://localhost:4000/callback?code=a%2Bb&state=state-1",
            "/callback?state=state-1&code=a%2Bb",
            "?code=a%2Bb&state=state-1#_=_",
            " code=a%2Bb&state=state%2D1\n",
            "code=a%2Bb&state=state-1&iss=https%3A%2F%2Fhost.example&session_state=x&&x",
        ] {
            assert_eq!(code(text).unwrap(), "a+b", "{text}");
        }
    }

    #[test]
    fn each_bad_redirect_has_its_kind() {
        use ErrorKind::{ConsentDenied, InvalidRedirect, Rejected, StateMismatch};
        for (text, kind, word) in [
            ("", StateMismatch, "no state"),
            ("code=a", StateMismatch, "no state"),
            ("code=a&state=", StateMismatch, "another"),
            ("code=a&state=state-2", StateMismatch, "another"),
            ("code=a&state=state-11", StateMismatch, "another"),
            ("error=access_denied", StateMismatch, "no state"),
            ("state=state-1", InvalidRedirect, "neither"),
            ("state=state-1&code=", InvalidRedirect, "neither"),
            ("code=a&code=b&state=state-1", InvalidRedirect, "twice"),
            ("code=a&state=state-1&state=state-1", InvalidRedirect, "twice"),
            ("code=a&error=access_denied&state=state-1", InvalidRedirect, "a code and an error"),
            ("error=access_denied&state=state-1&error_description=No+thanks.", ConsentDenied, "No thanks"),
            ("error=invalid_scope&state=state-1", Rejected, "invalid_scope"),
        ] {
            let error = code(text).expect_err("it is bad");
            assert_eq!(error.kind(), kind, "{text}");
            let text = error.to_string();
            assert!(text.contains(word) && !text.contains("state-"), "{text}");
        }
    }
}
