//! What all pages that a browser shows have in common.

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:17px/1.5 system-ui,sans-serif;\
background:light-dark(#f4f5f7,#17181c);color:light-dark(#1f2328,#e8eaed)}\
main{max-width:28rem;margin:1rem;padding:2rem;border-radius:1rem;\
background:light-dark(#fff,#24262c);box-shadow:0 .5rem 2rem #0002}\
h1{font-size:1.4rem;margin:.5rem 0}";

/// The headers of every page. Its URL can have a code: it goes into no cache, and to no other page.
pub(crate) const HEADERS: &[(&str, &str)] = &[
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
];

/// Returns a page. `style` is added to the common one; all arguments are markup.
pub(crate) fn html(title: &str, style: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{main}</main>\n</body>\n</html>\n"
    )
}

/// Returns a page that leads to another one at once, for a file: it has no headers.
pub(crate) fn redirect(url: &str) -> String {
    let url = escaped(url);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta http-equiv=\"refresh\" content=\"0; url={url}\">\n\
         <title>Sign in</title>\n</head>\n<body>\n<p><a href=\"{url}\">Sign in</a></p>\n</body>\n</html>\n"
    )
}

/// Returns text as markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
