//! Redirects that the user pastes, because the browser is on another machine.

use std::io::{BufRead, Read};
use std::sync::mpsc::Sender;
use std::thread;

use super::server::Event;
use crate::oauth2::redirect::Redirect;

/// A longer line is cut. What is pasted has a code and a state.
const LONGEST_LINE: u64 = 64 * 1024;

/// What a line holds.
#[derive(Debug, PartialEq)]
pub(super) enum Pasted {
    /// Nothing.
    Blank,
    /// The redirect of this sign-in, with its state.
    Redirect(String),
    /// The words of an error without a state.
    Words(String),
    /// Something else, and why it isn't accepted.
    Other(&'static str),
}

/// Reads lines on a thread of its own, which ends with the input, or with the first line after the sign-in.
pub(super) fn read_lines(mut reader: Box<dyn BufRead + Send>, events: Sender<Event>) {
    let started = thread::Builder::new().name("sign-in-paste".to_owned()).spawn(move || {
        loop {
            let mut line = Vec::new();
            let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line);
            if !read.is_ok_and(|read| read > 0) {
                return;
            }
            if events.send(Event::Line(String::from_utf8_lossy(&line).into_owned())).is_err() {
                return;
            }
        }
    });
    if let Err(error) = started {
        log::warn!("nothing can be pasted: {error}");
    }
}

impl Pasted {
    /// Reads a line: a URL, a query, or a code, with quotes around it or not.
    pub(super) fn parse(line: &str, state: &str) -> Self {
        let text = unquoted(line);
        if text.is_empty() {
            return Self::Blank;
        }
        if text.contains(char::is_whitespace) {
            return Self::Other("it isn't the address of a redirect");
        }
        let is_code = !text.contains("://") && !text.contains(['?', '&', '#']) && !has_name(&text);
        if is_code {
            return Self::of_code(&text, state);
        }
        let Ok(redirect) = Redirect::parse(&text) else { return Self::Other("it has a parameter twice") };
        match redirect.has_state(state) {
            Ok(true) if redirect.has_end() => return Self::Redirect(text),
            Ok(true) => return Self::Other("it is the address to open, not the one that the browser ends at"),
            _ if !redirect.is_without_state() => return Self::Other("it is the redirect of another sign-in"),
            _ => {}
        }
        if let Some(words) = redirect.stray_words() {
            return Self::Words(words);
        }
        match text.split(['?', '&', '#']).find_map(|pair| pair.strip_prefix("code=")).filter(|code| !code.is_empty()) {
            Some(code) => Self::of_code(code, state),
            None => Self::Other("it has no code"),
        }
    }

    /// PKCE binds a code to this sign-in, so that it needs no state.
    fn of_code(code: &str, state: &str) -> Self {
        Self::Redirect(format!("code={code}&state={state}"))
    }
}

/// Whether a text begins with a parameter of a redirect.
fn has_name(text: &str) -> bool {
    ["code=", "state=", "error="].iter().any(|name| text.starts_with(name))
}

/// Removes spaces, control characters and quotes around a text.
fn unquoted(line: &str) -> String {
    const QUOTES: [(char, char); 4] = [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>')];
    let line: String = line.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    let mut text = line.trim();
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close)) {
        text = inner.trim();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_redirect_a_query_or_a_code() {
        let parse = |line: &str| Pasted::parse(line, "s1");
        let code = Pasted::Redirect("code=a-b&state=s1".to_owned());
        for line in
            ["a-b", " a-b\r\n", "\"a-b\"", "'a-b'", "`a-b`", "<a-b>", " \"<a-b>\" ", "code=a-b", "?code=a-b&state="]
        {
            assert_eq!(parse(line), code, "{line}");
        }
        for line in ["http://localhost:4000/callback?code=a&state=s1", "code=a&state=s1", "?state=s1&error=x"] {
            assert_eq!(parse(&format!("<{line}>\n")), Pasted::Redirect(line.to_owned()), "{line}");
        }
        assert_eq!(parse(" \r\n"), Pasted::Blank);
        assert_eq!(parse("\"\""), Pasted::Blank);
        assert_eq!(parse("?error=invalid_scope&error_description=No."), Pasted::Words("invalid_scope: No.".to_owned()));
        for (line, word) in [
            ("http://localhost:4000/callback?code=a&state=s2", "another sign-in"),
            ("https://apis.example/oauth/v1/authorize?client_id=1&state=s1", "address to open"),
            ("http://localhost:4000/callback", "no code"),
            ("what do I paste", "address"),
            ("code=a&code=b&state=s1", "twice"),
        ] {
            assert!(matches!(parse(line), Pasted::Other(problem) if problem.contains(word)), "{line}");
        }
    }
}
