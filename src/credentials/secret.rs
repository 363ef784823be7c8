use zeroize::Zeroizing;

use crate::error::{Error, REDACTED, Result};

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

    pub(crate) fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(self.0.as_str(), REDACTED) }
    }

    /// Refuses a secret that isn't valid in a header. `what` names it.
    pub(crate) fn check(&self, what: &str) -> Result<()> {
        let problem = if self.0.is_empty() {
            "is empty"
        } else if self.0.bytes().any(|byte| byte.is_ascii_control()) {
            "has a control character in it, such as a trailing line break"
        } else if !self.0.is_ascii() || self.0.contains(' ') {
            "has a space or a non-ASCII character in it"
        } else {
            return Ok(());
        };
        Err(Error::invalid_input(format!("the {what} {problem}"))
            .advise("copy the whole of it again, and nothing else")
            .concerning_run())
    }
}
