//! Which host a request is for.
//!
//! A server on the loopback interface isn't private: any web page can have its own name resolve to 127.0.0.1 (DNS rebinding), and
//! the browser then takes that server for the page's own. Such a request names the page's host.
//!
//! The sandbox has a check of its own (`sandbox/src/http/target.rs`), because it uses only the public API of this crate.

use std::net::Ipv6Addr;

/// What a request is for.
#[derive(Debug, PartialEq)]
pub(super) struct Target<'a> {
    /// The path and the query.
    pub(super) path: &'a str,
    /// The host of the target, if it has the absolute form, and that of the header. Empty only for HTTP/1.0.
    pub(super) hosts: Vec<Host<'a>>,
}

impl<'a> Target<'a> {
    /// Reads the target and the header `Host` of a request. The error tells what is malformed.
    pub(super) fn of(request: &httparse::Request<'_, 'a>) -> Result<Self, &'static str> {
        let mut hosts = Vec::new();
        for header in request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host")) {
            if !hosts.is_empty() {
                return Err("two hosts");
            }
            let host = std::str::from_utf8(header.value).ok().and_then(Host::parse);
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
        hosts.push(Host::parse(authority).ok_or("the host is malformed")?);
        Ok(Self { path: if path.is_empty() { "/" } else { path }, hosts })
    }
}

/// A host and its port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    pub(super) port: u16,
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        // The colons of an IPv6 address stand in brackets.
        let (name, port) = match text.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((name, port)) => (name, port),
            None => (text, ""),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        let is_good = match name.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
            None => !name.is_empty() && name.bytes().all(is_name),
        };
        let port = match port {
            "" => 80,
            digits => digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?,
        };
        is_good.then_some(Self { name, port })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &str) -> Result<(String, Vec<String>), &'static str> {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut request = httparse::Request::new(&mut headers);
        request.parse(head.as_bytes()).expect("it is HTTP");
        let target = Target::of(&request)?;
        Ok((target.path.to_owned(), target.hosts.iter().map(|host| format!("{} {}", host.name, host.port)).collect()))
    }

    #[test]
    fn a_request_names_its_host_once() {
        for (head, path, hosts) in [
            ("GET /a?b HTTP/1.1\r\nHost: localhost:4000\r\n\r\n", "/a?b", &["localhost 4000"][..]),
            ("GET / HTTP/1.1\r\nhOST: \t LOCALHOST \r\n\r\n", "/", &["LOCALHOST 80"]),
            ("GET / HTTP/1.1\r\nhost: [::1]:4000\r\n\r\n", "/", &["[::1] 4000"]),
            ("GET / HTTP/1.1\r\nhost: [::1]\r\n\r\n", "/", &["[::1] 80"]),
            ("GET / HTTP/1.1\r\nhost: a:\r\n\r\n", "/", &["a 80"]),
            ("GET / HTTP/1.0\r\n\r\n", "/", &[]),
            ("GET http://a:1/b?c HTTP/1.1\r\nhost: d\r\n\r\n", "/b?c", &["d 80", "a 1"]),
            ("GET HTTP://a HTTP/1.1\r\nhost: a\r\n\r\n", "/", &["a 80", "a 80"]),
            ("GET http://a?b HTTP/1.1\r\nhost: a\r\n\r\n", "?b", &["a 80", "a 80"]),
            ("GET /b?c=http://d HTTP/1.1\r\nhost: a\r\n\r\n", "/b?c=http://d", &["a 80"]),
            ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "*", &["a 80"]),
        ] {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            assert_eq!(of(head), Ok((path.to_owned(), hosts)), "{head}");
        }
        for bad in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.0\r\nhost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: \r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a, b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: me@a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:+80\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a:70000\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: ::1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: [a]\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: [::1\r\n\r\n",
            "GET http:///b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET http://me:pw@a/b HTTP/1.1\r\nhost: a\r\n\r\n",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
