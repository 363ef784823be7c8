//! The pages of the authorization server.

use crate::http::Answer;
use crate::world::sign_ins::words;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:17px/1.5 system-ui,sans-serif}\
main{max-width:28rem;margin:1rem;padding:2rem;border-radius:1rem;border:1px solid #8884}\
h1{font-size:1.4rem;margin:.5rem 0}\
ul{padding-left:1.2rem}small{opacity:.7}\
form{display:flex;gap:1rem;margin-top:1.5rem}\
button{flex:1;font:inherit;padding:.7rem;border-radius:.6rem;border:1px solid #8884;cursor:pointer}\
button[value=allow]{background:#0b57d0;border-color:#0b57d0;color:#fff}";

/// The headers of every page. Its URL can have a ticket: it goes into no cache, and to no other page.
const HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
];

/// The page on which a user authorizes an app.
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
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – sandbox</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    );
    HEADERS.iter().fold(Answer::new(status, html), |answer, (name, value)| answer.with_header(*name, *value))
}

/// Returns text as markup.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
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
