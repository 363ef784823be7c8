//! Who may use the control routes: programs on this machine, and the sandbox's own page. No page of another site.
//!
//! The server listens on the loopback interface only, and it refuses hosts that it doesn't know (`Shared::misdirected`). What
//! is left is a page of another site that sends requests to the sandbox's own address: the headers that its browser adds, and
//! that a page can't change, tell that.

use crate::http::{Answer, Head, MOST_HEADERS};

use super::refusal;

/// Whether a browser opens the root of the server, which leads to the page.
pub(super) fn opens_root(head: &Head) -> bool {
    let accepts = |head: &Head| header(head, "accept").is_some_and(|types| types.contains("text/html"));
    head.method == "GET" && head.path == "/" && head.api_key.is_none() && head.authorization.is_none() && accepts(head)
}

/// Refuses requests of pages of other sites.
pub(crate) fn check(head: &Head) -> Result<(), Answer> {
    let refused = || {
        let message =
            "The sandbox takes this from programs on this machine and from its own page, not from other sites.";
        Err(refusal(403, message))
    };
    // A link from elsewhere may lead to the page, which does nothing by itself.
    let is_page = head.method == "GET" && matches!(head.path.as_str(), "/" | "/sandbox" | "/sandbox/");
    let is_opened = is_page && header(head, "sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    if let Some(origin) = header(head, "origin") {
        let host = header(head, "host").unwrap_or_default();
        if !origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host.trim())) {
            return refused();
        }
    }
    match header(head, "sec-fetch-site").as_deref() {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if is_opened => Ok(()),
        Some(_) => refused(),
    }
}

/// Returns the value of a header. These are few requests: their heads are read again.
fn header(head: &Head, name: &str) -> Option<String> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head.raw).ok()?;
    let named = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(named.value).trim().to_owned())
}
