//! The pages that the browser shows.

use crate::oauth2::web_page::{HEADERS, escaped, html};

/// A page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Page {
    SignedIn,
    Denied,
    Failed,
    /// The redirect isn't that of this sign-in, or the sign-in is complete.
    OtherSignIn,
    /// The redirect has an error and no state.
    StrayError,
    /// The request names the host of another site.
    OtherHost,
    NotFound,
    BadRequest,
    BadMethod,
    TooLarge,
}

impl Page {
    /// Returns the status line, the title and the text.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignedIn => ("200 OK", "You are signed in", "You can close this tab and go back to the program."),
            Self::Denied => (
                "200 OK",
                "You are not signed in",
                "You did not authorize the app, so it can do nothing for you. You can close this tab.",
            ),
            Self::Failed => ("200 OK", "The sign-in failed", "The program tells why. You can close this tab."),
            Self::OtherSignIn => (
                "400 Bad Request",
                "This page belongs to another sign-in",
                "It is complete, or was started in another tab. You can close this tab.",
            ),
            Self::StrayError => (
                "400 Bad Request",
                "The sign-in may have failed",
                "These words came back without the state of the sign-in, so anyone can have made them up, and the program goes \
                 on waiting. They may still tell what is wrong:",
            ),
            Self::OtherHost => {
                ("421 Misdirected Request", "Nothing is here", "This address belongs to a program on this machine.")
            }
            Self::NotFound => ("404 Not Found", "Nothing is here", "This address is for signing in only."),
            Self::BadRequest => ("400 Bad Request", "Bad request", "This address is for signing in only."),
            Self::TooLarge => (
                "431 Request Header Fields Too Large",
                "Too many cookies",
                "Delete the cookies of localhost, or open the address in a private window.",
            ),
            Self::BadMethod => ("405 Method Not Allowed", "Bad request", "This address is for signing in only."),
        }
    }

    /// Returns the whole response. `words` are those of the service, if any.
    pub(super) fn response(self, words: Option<&str>) -> String {
        let (status, title, text) = self.words();
        let (mark, class) = if self == Self::SignedIn { ("✓", "done") } else { ("!", "problem") };
        let words = words.map(|words| format!("<p><q>{}</q></p>\n", escaped(words))).unwrap_or_default();
        let main = format!(
            "<p class=\"mark {class}\" aria-hidden=\"true\">{mark}</p>\n<h1>{title}</h1>\n<p>{text}</p>\n{words}"
        );
        let body = html(title, STYLE, &main);
        let headers: String = HEADERS.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }
}

const STYLE: &str = "\
main{text-align:center}h1,p{margin:.5rem 0;text-wrap:balance;overflow-wrap:anywhere}\
.mark{font-size:3rem;line-height:1}.done{color:light-dark(#1a7f37,#4ac26b)}.problem{color:light-dark(#9a6700,#d4a72c)}";
