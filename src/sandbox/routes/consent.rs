//! The pages of the authorization server.

use crate::oauth2::web_page::{HEADERS, escaped, html};
use crate::sandbox::http::Answer;
use crate::sandbox::world::sign_ins::words;

const STYLE: &str = "\
ul{padding-left:1.2rem}small{opacity:.7}\
form{display:flex;gap:1rem;margin-top:1.5rem}\
button{flex:1;font:inherit;padding:.7rem;border-radius:.6rem;border:1px solid #8884;cursor:pointer}\
button[value=allow]{background:#0b57d0;border-color:#0b57d0;color:#fff}";

/// The page that asks a user to authorize an app.
pub(super) fn page(client_id: &str, user: &str, scopes: &[String], redirect_uri: &str, ticket: &str) -> Answer {
    let scopes: String = scopes
        .iter()
        .map(|scope| match words(scope) {
            Some(words) => format!("<li>{words} <small>({})</small></li>\n", escaped(scope)),
            None => format!("<li>Use the scope <code>{}</code></li>\n", escaped(scope)),
        })
        .collect();
    let body = format!(
        "<h1>Authorize app {client_id}?</h1>\n<p>It will act for <strong>{user}</strong>, and be able to:</p>\n\
         <ul>\n{scopes}</ul>\n<p><small>Afterwards, you will be sent to {redirect_uri}.</small></p>\n\
         <form method=\"post\" action=\"/oauth/v1/authorize\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\n\
         <button name=\"choice\" value=\"deny\">Cancel</button>\n\
         <button name=\"choice\" value=\"allow\">Authorize</button>\n</form>\n",
        client_id = escaped(client_id),
        user = escaped(user),
        redirect_uri = escaped(redirect_uri),
    );
    answer(200, "Authorize app", &body)
}

/// A page that tells what is wrong. Nobody is redirected.
pub(super) fn refusal(problem: &str) -> Answer {
    answer(400, "Invalid request", &format!("<h1>Invalid request</h1>\n<p>{}</p>\n", escaped(problem)))
}

fn answer(status: u16, title: &str, main: &str) -> Answer {
    let answer = Answer::new(status, html(&format!("{title} – sandbox"), STYLE, main));
    HEADERS.iter().fold(answer, |answer, (name, value)| answer.with_header(*name, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_request_becomes_markup() {
        let evil = "<script>alert('1')</script>\"&";
        let answer = page(evil, evil, &[evil.to_owned()], evil, "ticket");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("<script>") && !text.contains("\"&<"), "{text}");
        assert!(text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"), "{text}");
    }
}
