use ureq::http::Uri;

use super::host::Host;

/// A resource named by a whole URL, on the host of the service or on another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Scheme, host and port, without the scheme's own port.
    pub(crate) origin: String,
    pub(crate) path: String,
    /// With its question mark; empty if there is none.
    pub(crate) query: String,
}

impl Target {
    /// Reads an absolute URL: HTTPS, or plain HTTP to this machine if `allow_loopback`.
    ///
    /// Error messages leave the query out, because a signed URL has its secret there.
    pub(crate) fn parse(url: &str, allow_loopback: bool) -> Result<Self, String> {
        let url = url.split('#').next().unwrap_or_default();
        let shown = super::shown_url(url);
        let invalid = || format!("invalid URL {shown:?}; expected the form https://host/path");
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(invalid()) };
        if authority.as_str().contains('@') {
            return Err(format!("{shown:?} has a user name in it; expected the form https://host/path"));
        }
        let host = Host::of(scheme, authority).ok_or_else(invalid)?;
        match scheme {
            "https" => {}
            "http" if host.is_loopback && allow_loopback => {}
            "http" => return Err(format!("{shown:?} is plain HTTP; only HTTPS is used")),
            _ => return Err(invalid()),
        }
        let default = if scheme == "https" { 443 } else { 80 };
        let port = if host.port == default { String::new() } else { format!(":{}", host.port) };
        let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
        Ok(Self {
            origin: format!("{scheme}://{}{port}", authority.host().to_ascii_lowercase()),
            path: uri.path().to_owned(),
            query,
        })
    }

    /// Reads a URL that a server has chosen.
    ///
    /// Internationalized host names are left to the caller of this crate: many are invalid, which ureq answers with a panic if
    /// another crate enables its cookies.
    pub(crate) fn parse_location(url: &str, allow_loopback: bool) -> Result<Self, String> {
        let target = Self::parse(url, allow_loopback)?;
        if target.origin.contains("//xn--") || target.origin.contains(".xn--") {
            return Err(format!("{:?} has an internationalized host name", target.origin));
        }
        Ok(target)
    }

    /// Returns the URL that a `location` header on this resource's response names, without dot segments (RFC 3986, section 5.2).
    pub(crate) fn join(&self, location: &str) -> String {
        let url = self.join_as_is(location.trim());
        let start = url.find("://").map_or(0, |at| at + 3);
        let start = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
        let end = url[start..].find(['?', '#']).map_or(url.len(), |at| start + at);
        format!("{}{}{}", &url[..start], without_dots(&url[start..end]), &url[end..])
    }

    fn join_as_is(&self, location: &str) -> String {
        let is_absolute = location.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
        let scheme = self.origin.split(':').next().unwrap_or_default();
        if is_absolute {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{}{location}", self.origin)
        } else if location.starts_with('?') {
            format!("{}{}{location}", self.origin, self.path)
        } else {
            let directory = self.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{}{directory}/{location}", self.origin)
        }
    }
}

/// Resolves the segments `.` and `..` of an absolute path, also where their dots are escaped.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let dots = segment.replace("%2e", ".").replace("%2E", ".");
        match dots.as_str() {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    kept.iter().flat_map(|segment| ["/", segment]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_refused() {
        let target = |url: &str| Target::parse(url, true).map(|target| (target.origin, target.path + &target.query));
        for (url, origin, rest) in [
            ("https://host.example/a/b?c=d#e", "https://host.example", "/a/b?c=d"),
            ("https://HOST.example:443", "https://host.example", "/"),
            ("https://host.example:8443/?x", "https://host.example:8443", "/?x"),
            ("http://127.0.0.1:4000/a", "http://127.0.0.1:4000", "/a"),
            ("http://[::1]:4000/a", "http://[::1]:4000", "/a"),
            ("http://localhost/a", "http://localhost", "/a"),
        ] {
            assert_eq!(target(url), Ok((origin.to_owned(), rest.to_owned())), "{url}");
        }
        for url in [
            "http://host.example/a",
            "ftp://host.example/a",
            "https://me@host.example/",
            "https://",
            "https://host.example:99999/",
            "/a",
            "a",
            "",
            "https://host.example/a b",
        ] {
            assert!(target(url).is_err(), "{url}");
        }
        assert!(Target::parse("http://127.0.0.1:4000/a", false).is_err());
        for url in ["https://xn--0/", "https://XN--bcher-kva.example/", "https://a.xn--a.example/"] {
            assert!(Target::parse(url, false).is_ok() && Target::parse_location(url, false).is_err(), "{url}");
        }
        assert!(Target::parse_location("https://axn--a.example/xn--a", false).is_ok());
        let error = Target::parse("http://host.example/a?signature=secret", true).expect_err("it is plain HTTP");
        assert!(error.contains("host.example") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn locations_are_joined() {
        let base = Target::parse("https://host.example/a/b?c", false).expect("it is a URL");
        for (location, url) in [
            ("https://other.example/x", "https://other.example/x"),
            ("//other.example/x", "https://other.example/x"),
            ("/x?y", "https://host.example/x?y"),
            ("x?y=1:2", "https://host.example/a/x?y=1:2"),
            ("?y", "https://host.example/a/b?y"),
            (" /x ", "https://host.example/x"),
            ("./x", "https://host.example/a/x"),
            ("../x?y=/../z#/../", "https://host.example/x?y=/../z#/../"),
            ("../../../x/.", "https://host.example/x/"),
            ("/x/y/..", "https://host.example/x/"),
            ("/x//../y/./z/", "https://host.example/x/y/z/"),
            ("/x/%2e%2E/.%2e/y.%2e", "https://host.example/y.%2e"),
            ("https://other.example/x/../y", "https://other.example/y"),
            ("//other.example/../y", "https://other.example/y"),
            ("https://other.example", "https://other.example"),
            ("https://other.example?a=/../b", "https://other.example?a=/../b"),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ] {
            assert_eq!(base.join(location), url, "{location}");
        }
    }
}
