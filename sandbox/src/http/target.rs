//! Which host a request is for.
//!
//! A server on the loopback interface isn't private: any web page can have its own name resolve to 127.0.0.1 (DNS rebinding), and
//! the browser then takes that server for the page's own. Such a request names the page's host.
//!
//! The client has the same check for its own server (`oauth2/loopback/host.rs`), which isn't part of its public API. The copy is
//! deliberate: the sandbox uses only that API.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What a request is for.
#[derive(Debug, PartialEq)]
pub(crate) struct Target<'a> {
    /// The path and the query.
    pub(crate) path: &'a str,
    /// The names of the host of the target, if it has the absolute form, and of the header's. Empty only for HTTP/1.0.
    pub(crate) hosts: Vec<&'a str>,
}

impl<'a> Target<'a> {
    /// Reads the target and the header `Host` of a request. The error tells what is malformed.
    pub(crate) fn of(request: &httparse::Request<'_, 'a>) -> Result<Self, &'static str> {
        let mut hosts = Vec::new();
        for header in request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host")) {
            if !hosts.is_empty() {
                return Err("two hosts");
            }
            let host = std::str::from_utf8(header.value).ok().and_then(host_name);
            hosts.push(host.ok_or("the host is malformed")?);
        }
        if hosts.is_empty() && request.version == Some(1) {
            return Err("no host");
        }
        let target = request.path.unwrap_or_default();
        let absolute = match target.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            _ => return Ok(Self { path: target, hosts }),
        };
        let (authority, path) = absolute.split_at(absolute.find(['/', '?']).unwrap_or(absolute.len()));
        hosts.push(host_name(authority).ok_or("the host is malformed")?);
        Ok(Self { path: if path.is_empty() { "/" } else { path }, hosts })
    }
}

/// Returns the name of a host that may have a port.
fn host_name(text: &str) -> Option<&str> {
    let text = text.trim();
    // The colons of an IPv6 address stand in brackets.
    let (name, port) = text.rsplit_once(':').filter(|(_, port)| !port.contains(']')).unwrap_or((text, ""));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    let is_name = match name.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)),
    };
    (is_name && is_port).then_some(name)
}

/// Returns whether it is `localhost` or an IP address. A page of another site has neither.
pub(crate) fn is_address(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_target(head: &str, check: impl FnOnce(Result<Target<'_>, &'static str>)) {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(head.as_bytes()).expect("it is HTTP");
        check(Target::of(&request));
    }

    #[test]
    fn a_request_names_its_host_once() {
        for (head, path, hosts) in [
            ("GET /a?b HTTP/1.1\r\nHost: localhost:4000\r\n\r\n", "/a?b", &["localhost"][..]),
            ("GET / HTTP/1.1\r\nhOST: \t LOCALHOST \r\n\r\n", "/", &["LOCALHOST"]),
            ("GET / HTTP/1.1\r\nhost: [::1]:4000\r\n\r\n", "/", &["[::1]"]),
            ("GET / HTTP/1.1\r\nhost: [::1]\r\n\r\n", "/", &["[::1]"]),
            ("GET / HTTP/1.1\r\nhost: a:\r\n\r\n", "/", &["a"]),
            ("GET / HTTP/1.0\r\n\r\n", "/", &[]),
            ("GET http://a:1/b?c HTTP/1.1\r\nhost: d\r\n\r\n", "/b?c", &["d", "a"]),
            ("GET HTTP://a HTTP/1.1\r\nhost: a\r\n\r\n", "/", &["a", "a"]),
            ("GET /b?c=http://d HTTP/1.1\r\nhost: a\r\n\r\n", "/b?c=http://d", &["a"]),
            ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "*", &["a"]),
        ] {
            with_target(head, |target| assert_eq!(target, Ok(Target { path, hosts: hosts.to_vec() }), "{head}"));
        }
        for bad in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: \r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a, b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: me@a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:+80\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:70000\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: ::1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: [::1\r\n\r\n",
            "GET http:///b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET http://me:pw@a/b HTTP/1.1\r\nhost: a\r\n\r\n",
        ] {
            with_target(bad, |target| assert!(target.is_err(), "{bad}"));
        }
    }

    #[test]
    fn pages_of_other_sites_have_a_name() {
        for own in ["localhost", "LocalHost", "127.0.0.1", "192.168.0.7", "[::1]", "[fe80::1]"] {
            assert!(is_address(own), "{own}");
        }
        for other in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "1.2.3", "0x7f000001", "2130706433"]
        {
            assert!(!is_address(other), "{other}");
        }
    }
}
