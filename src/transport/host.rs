//! Hosts and base URLs: which are accepted, and how much of a URL is shown.

use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;
use ureq::http::uri::Authority;

use super::net;
use crate::api::has_dot_segment;

pub(super) const SERVICE: &str = "https://apis.roblox.com";

/// The host of a base URL.
pub(crate) struct Host {
    pub(super) is_loopback: bool,
    pub(super) name: String,
    pub(super) port: u16,
}

impl Host {
    /// `None` if the name is missing or invalid, or the port isn't one.
    pub(super) fn of(scheme: &str, authority: &Authority) -> Option<Self> {
        // The parser accepts any text as a port, and ureq would use the default port then.
        let port = match has_port(authority) {
            true => authority.port_u16().filter(|port| *port != 0)?,
            false if scheme == "https" => 443,
            false => 80,
        };
        let name = authority.host();
        if !is_valid_name(name) {
            return None;
        }
        let is_loopback = net::is_loopback(name);
        Some(Self { is_loopback, name: name.trim_start_matches('[').trim_end_matches(']').to_owned(), port })
    }
}

/// Accepts names and addresses that every parser of URLs reads in the same way. The one of the `http` crate takes almost any
/// text, and ureq panics if it is built with cookies and its other parser refuses a host.
fn is_valid_name(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
    // A name that ends in a number is an address.
    let is_number = |label: &str| {
        let digits = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
        digits.map_or_else(
            || label.bytes().all(|byte| byte.is_ascii_digit()),
            |digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        )
    };
    labels.clone().all(is_label) && (!labels.next_back().is_some_and(is_number) || name.parse::<Ipv4Addr>().is_ok())
}

fn has_port(authority: &Authority) -> bool {
    authority.as_str() != authority.host()
}

/// Accepts HTTPS to any host, but plain HTTP only to this machine: a key must not cross a network unencrypted.
///
/// The error doesn't show the URL: it may be the key, in the wrong place.
pub(crate) fn check_base_url(base_url: &str) -> Result<Host, String> {
    let no_url = || format!("the base URL is not a URL; expected the form {SERVICE}");
    let uri: Uri = base_url.parse().map_err(|_| no_url())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(no_url()) };
    if authority.as_str().contains('@') || uri.query().is_some() || base_url.contains('#') {
        return Err(format!("a base URL has no user, query or fragment; expected the form {SERVICE}"));
    }
    if has_dot_segment(uri.path()) {
        return Err(format!("the base URL has a dot segment; expected the form {SERVICE}"));
    }
    if !is_valid_name(authority.host()) {
        return Err(format!("the base URL has no valid host; expected the form {SERVICE}"));
    }
    let Some(host) = Host::of(scheme, authority) else {
        return Err("the base URL has an invalid port; expected 1 to 65535".to_owned());
    };
    match scheme {
        "https" => Ok(host),
        "http" if host.is_loopback => Ok(host),
        "http" => {
            Err("the base URL is plain HTTP to another machine, which would expose the key; use https".to_owned())
        }
        _ => Err(no_url()),
    }
}

/// Returns a URL without its possible secrets: user, password and query.
///
/// Everything before the last `@` is left out, because the parts of an invalid URL are unknown.
pub(crate) fn shown_url(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // A path has no login.
    let (login, rest) = match rest.rsplit_once('@').filter(|_| !url.starts_with('/')) {
        Some((_, rest)) => ("[redacted]@", rest),
        None => ("", rest),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let more = if end < rest.len() { "?[redacted]" } else { "" };
    format!("{scheme}{login}{}{more}", &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::shown_url;

    #[test]
    fn a_shown_url_has_no_secret() {
        for (url, shown) in [
            ("https://apis.roblox.com", "https://apis.roblox.com"),
            ("https://me:secret@proxy.example/path", "https://[redacted]@proxy.example/path"),
            ("https://me:sec ret@proxy.example", "https://[redacted]@proxy.example"),
            ("https://me:s@cr/e#t?@proxy.example", "https://[redacted]@proxy.example"),
            ("https://secret@", "https://[redacted]@"),
            ("me:secret@proxy.example", "[redacted]@proxy.example"),
            ("https://host/?key=secret", "https://host/?[redacted]"),
            ("https://host/#secret", "https://host/?[redacted]"),
            ("http://me:secret@localhost:99999", "http://[redacted]@localhost:99999"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }
}
