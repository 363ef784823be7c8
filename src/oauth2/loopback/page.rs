//! The pages that the browser shows.

/// A page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Page {
    SignedIn,
    Denied,
    Failed,
    /// The redirect isn't that of this sign-in, or the sign-in is complete.
    OtherSignIn,
    NotFound,
    BadRequest,
    BadMethod,
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
            Self::NotFound => ("404 Not Found", "Nothing is here", "This address is for signing in only."),
            Self::BadRequest => ("400 Bad Request", "Bad request", "This address is for signing in only."),
            Self::BadMethod => ("405 Method Not Allowed", "Bad request", "This address is for signing in only."),
        }
    }

    /// Returns the whole response.
    pub(super) fn response(self) -> String {
        let (status, title, text) = self.words();
        let (mark, class) = if self == Self::SignedIn { ("✓", "done") } else { ("!", "problem") };
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<p class=\"mark {class}\" aria-hidden=\"true\">{mark}</p>\n<h1>{title}</h1>\n<p>{text}</p>\n\
             </main>\n</body>\n</html>\n"
        );
        // The address has the code: it goes into no cache, and to no other page.
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\
             cache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\
             content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n{body}",
            body.len()
        )
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:18px/1.5 system-ui,sans-serif;\
background:light-dark(#f4f5f7,#17181c);color:light-dark(#1f2328,#e8eaed)}\
main{max-width:26rem;margin:1rem;padding:2.5rem;border-radius:1rem;text-align:center;\
background:light-dark(#fff,#24262c);box-shadow:0 .5rem 2rem #0002}\
h1,p{margin:.5rem 0;text-wrap:balance}h1{font-size:1.5rem}\
.mark{font-size:3rem;line-height:1}.done{color:light-dark(#1a7f37,#4ac26b)}.problem{color:light-dark(#9a6700,#d4a72c)}";
