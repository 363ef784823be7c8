//! What came instead of the redirect, for the error of a sign-in that nobody completed.

use std::time::Duration;

use crate::error::{Error, ErrorKind, ErrorScope};

/// What a sign-in met while it waited.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// How many redirects of other sign-ins were ignored.
    pub(super) strays: usize,
    /// Whether a browser tried `https://`.
    pub(super) has_tls: bool,
    /// Whether a request was too large, which cookies make it.
    pub(super) has_too_large: bool,
    /// The words of an error without a state, which anyone can make up.
    words: Option<String>,
    /// Why the last pasted line wasn't accepted.
    pasted: Option<String>,
}

impl Met {
    /// Remembers the words of an error without a state.
    pub(super) fn hear(&mut self, words: &str) {
        // A page that repeats itself isn't logged each time.
        if self.words.as_deref() != Some(words) {
            log::warn!("a redirect without the state of the sign-in says {words:?}; the sign-in goes on");
            self.words = Some(words.to_owned());
        }
    }

    /// Remembers why a pasted line wasn't accepted.
    pub(super) fn refuse_pasted(&mut self, problem: impl Into<String>) {
        let problem = problem.into();
        log::warn!("the pasted line was not accepted: {problem}; the sign-in goes on");
        self.pasted = Some(problem);
    }

    /// Returns the error of the time-out.
    pub(super) fn into_error(self, uri: &str, timeout: Duration) -> Error {
        let mut problem = format!("nobody came back to {uri} within {timeout:?}");
        let mut advice = Vec::new();
        match self.strays {
            0 => {}
            1 => problem += "; a redirect of another sign-in was ignored",
            strays => problem += &format!("; {strays} redirects of other sign-ins were ignored"),
        }
        if let Some(words) = &self.words {
            problem += &format!("; a redirect without a state had the error {words:?}");
        }
        if let Some(pasted) = &self.pasted {
            problem += &format!("; a pasted line was not accepted: {pasted}");
        }
        if self.has_tls {
            problem += "; a browser tried https://";
            advice.push("open the address with http://, not https://".to_owned());
        }
        if self.has_too_large {
            problem += "; a browser sent too many cookies";
            advice.push("delete the browser's cookies of localhost, or use a private window".to_owned());
        }
        advice.push(format!(
            "look at what the browser shows: the redirect URI that is registered for the app has to be exactly {uri}"
        ));
        advice.push("start it again".to_owned());
        let error = Error::new(ErrorKind::Timeout, "the sign-in").reaching(ErrorScope::Later);
        error.explain(problem).advise(advice.join("; "))
    }
}
