//! The proxy of the environment.
//!
//! ureq would read the variables itself, and use no proxy if it can't parse one. A key must not take another route than the
//! configured one, so a proxy that can't be honored is an error here.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ureq::{Proxy, ProxyProtocol};

use super::no_proxy::matches_no_proxy;
use crate::credentials::Secret;

/// The variables, in order: the specific one has precedence over the general one.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Returns the proxy for HTTPS connections to a host.
///
/// The error says which variable can't be honored, and why, but not its value, which can contain a password.
pub(crate) fn choose(
    host: &str,
    port: u16,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, String> {
    let value_of = |name: &'static str| {
        let value = variable(name)?.trim().to_owned();
        if value.is_empty() { None } else { Some((name, value)) }
    };
    let Some((variable, value)) = VARIABLES.into_iter().find_map(value_of) else { return Ok(None) };
    if let Some((_, exceptions)) = EXCEPTIONS.into_iter().find_map(value_of) {
        if matches_no_proxy(&exceptions, host, port) {
            return Ok(None);
        }
    }
    match parse(&value) {
        Ok(proxy) => Ok(Some(proxy)),
        Err(problem) => Err(format!(
            "the proxy in {variable} can't be used: {problem}; expected the form http://user:password@host:port, \
             or no value"
        )),
    }
}

/// Returns the user name and the password of a proxy, as they are sent to an HTTP proxy.
pub(super) fn basic(proxy: &Proxy) -> Option<String> {
    let (user, password) = (proxy.username(), proxy.password());
    (user.is_some() || password.is_some())
        .then(|| BASE64_STANDARD.encode(format!("{}:{}", user.unwrap_or_default(), password.unwrap_or_default())))
}

/// Returns the user name and the password of a proxy in all forms in which a peer may repeat them, longer ones first.
pub(crate) fn logins(proxy: &Proxy) -> Vec<Secret> {
    /// Shorter ones are parts of ordinary words.
    const SHORTEST: usize = 4;
    const SHORTEST_NAME: usize = 8;
    let Some(basic) = basic(proxy) else { return Vec::new() };
    let (user, password) = (proxy.username().unwrap_or_default(), proxy.password().unwrap_or_default());
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut all = vec![
        basic.trim_end_matches('=').to_owned(),
        format!("{user}:{password}"),
        format!("{}:{}", encoded(user), encoded(password)),
        encoded(password),
        password.to_owned(),
        encoded(user),
        user.to_owned(),
    ];
    all.retain(|text| text.len() >= SHORTEST);
    // A user name isn't a secret by itself, and is often a word.
    if user.len() < SHORTEST_NAME {
        all.retain(|text| text != user && *text != encoded(user));
    }
    all.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all.into_iter().map(Secret::new).collect()
}

/// Reads an environment variable.
pub(crate) fn environment(name: &str) -> Option<String> {
    // A value that isn't UTF-8 is an error like others, and doesn't count as unset.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn parse(value: &str) -> Result<Proxy, &'static str> {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("http".to_owned(), value),
    };
    let (protocol, default_port) = match scheme.as_str() {
        "http" => (ProxyProtocol::Http, 80),
        "https" if cfg!(any(feature = "rustls", feature = "native-tls")) => (ProxyProtocol::Https, 443),
        "https" => return Err("a proxy behind https needs one of the features rustls and native-tls"),
        "socks4" | "socks4a" | "socks" | "socks5" | "socks5h" if !cfg!(feature = "socks") => {
            return Err("a SOCKS proxy needs the feature `socks`, which isn't built in");
        }
        "socks4" => (ProxyProtocol::Socks4, 1080),
        "socks4a" => (ProxyProtocol::Socks4A, 1080),
        "socks" | "socks5" => (ProxyProtocol::Socks5, 1080),
        "socks5h" => (ProxyProtocol::Socks5h, 1080),
        _ => return Err("its scheme is none of http, https, socks4, socks4a, socks5 and socks5h"),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (login, address) = match authority.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, authority),
    };
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']').ok_or("its address has an opening bracket only")?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| "its address in brackets isn't an IPv6 address")?;
            let port = match behind.strip_prefix(':') {
                Some(port) => Some(port),
                None if behind.is_empty() => None,
                None => return Err("its port isn't a number from 1 to 65535"),
            };
            (format!("[{host}]"), port)
        }
        None => match address.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (address.to_owned(), None),
        },
    };
    if !host.starts_with('[') && !is_host(&host) {
        return Err("it has no valid host");
    }
    let port = match port {
        None => default_port,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse::<u16>().ok().filter(|port| *port > 0).ok_or("its port isn't a number from 1 to 65535")?
        }
        Some(_) => return Err("its port isn't a number from 1 to 65535"),
    };
    let mut proxy = Proxy::builder(protocol).host(&host).port(port);
    if let Some(login) = login {
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        proxy = proxy.username(&decoded(user)?);
        if let Some(password) = password {
            proxy = proxy.password(&decoded(password)?);
        }
    }
    proxy.build().map_err(|_| "it isn't a URL")
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn decoded(text: &str) -> Result<String, &'static str> {
    const PROBLEM: &str = "its user name or password isn't text";
    let text = percent_decode_str(text).decode_utf8().map_err(|_| PROBLEM)?;
    if text.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err(PROBLEM);
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose_from(variables: &[(&str, &str)]) -> Result<Option<Proxy>, String> {
        choose("apis.roblox.com", 443, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn chosen(variables: &[(&str, &str)]) -> Option<String> {
        let proxy = choose_from(variables).expect("it can be honoured")?;
        let login = proxy.username().map(|user| format!("{user}:{}@", proxy.password().unwrap_or("-")));
        Some(format!("{} {}{}:{}", proxy.protocol(), login.unwrap_or_default(), proxy.host(), proxy.port()))
    }

    #[test]
    fn specific_variables_have_precedence_and_empty_ones_are_unset() {
        for (variables, expected) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://a:1")], Some("HTTP a:1")),
            (&[("ALL_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:2")], Some("HTTP b:2")),
            (&[("all_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2")], Some("HTTP b:2")),
            (&[("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2")], Some("HTTP a:1")),
            (&[("https_proxy", ""), ("HTTPS_PROXY", " "), ("ALL_PROXY", "http://a:1")], Some("HTTP a:1")),
            (&[("ALL_PROXY", "broken://"), ("HTTPS_PROXY", "http://b:2")], Some("HTTP b:2")),
            (&[("HTTP_PROXY", "http://a:1"), ("http_proxy", "http://a:1")], None),
            (&[("ALL_PROXY", "broken://"), ("NO_PROXY", "roblox.com")], None),
            (&[("ALL_PROXY", "http://a:1"), ("NO_PROXY", "example.com")], Some("HTTP a:1")),
        ] {
            assert_eq!(chosen(variables).as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn proxies_are_read() {
        for (value, expected) in [
            ("http://proxy.example:3128", "HTTP proxy.example:3128"),
            ("HTTP://proxy.example:3128/", "HTTP proxy.example:3128"),
            (" proxy.example:3128 ", "HTTP proxy.example:3128"),
            ("proxy_1", "HTTP proxy_1:80"),
            ("http://[::1]:3128", "HTTP [::1]:3128"),
            ("http://[::1]", "HTTP [::1]:80"),
            ("http://me:secret@proxy:3128", "HTTP me:secret@proxy:3128"),
            ("http://me:p%40ss%2Fw%3Ard@proxy:3128", "HTTP me:p@ss/w:rd@proxy:3128"),
            ("http://me:p@ss/w:rd@proxy:3128", "HTTP me:p@ss/w:rd@proxy:3128"),
            ("http://me@proxy:3128", "HTTP me:-@proxy:3128"),
        ] {
            assert_eq!(chosen(&[("HTTPS_PROXY", value)]).as_deref(), Some(expected), "{value:?}");
        }
    }

    #[test]
    fn logins_are_redacted_in_all_forms() {
        let proxy =
            choose_from(&[("ALL_PROXY", "http://me:p%40ss%2Fw%3Ard@proxy")]).expect("it is fine").expect("a proxy");
        for text in [
            "bWU6cEBzcy93OnJk",
            "Basic bWU6cEBzcy93OnJk, again",
            "BWU6CEBZCY93OnJk",
            "me:p@ss/w:rd",
            "p@ss/w:rd",
            "p%40ss%2Fw%3Ard",
            "p%40ss%2fw%3ard",
        ] {
            let shown = logins(&proxy).iter().fold(text.to_owned(), |text, secret| secret.redact_at_any_length(&text));
            assert!(shown.contains("[redacted]"), "{text}: {shown}");
            assert!(!shown.to_lowercase().contains("ss") && !shown.contains("cEBz"), "{text}: {shown}");
        }
        let nobody = choose_from(&[("ALL_PROXY", "http://proxy")]).expect("it is fine").expect("a proxy");
        assert!(logins(&nobody).is_empty());
    }

    #[test]
    fn invalid_proxies_are_refused_with_the_name_of_the_variable() {
        for value in [
            "http//secret",
            "http:/secret",
            "http:secret",
            "secret:port",
            "http://",
            "http:///",
            "http://:8080",
            "http://me:secret@",
            "http://me:secret@:1",
            "http://proxy:0",
            "http://proxy:65536",
            "http://proxy:",
            "http://proxy:+80",
            "http://proxy/secret",
            "http://proxy?secret",
            "http://proxy:80#secret",
            "ftp://secret",
            "quic://proxy:443",
            "://proxy",
            "secret proxy",
            "http://pro xy:80",
            "http://[::1",
            "http://[secret]:80",
            "http://[::1]80",
            "http://::1:80",
            "http://me:%ff@proxy:80",
            "http://me:secret%0d%0a@proxy",
            "http://prox\u{fffd}y:80",
            "direct://secret",
            "\u{1f600}",
        ] {
            let problem = choose_from(&[("ALL_PROXY", value)]).expect_err(value);
            assert!(problem.contains("ALL_PROXY") && !problem.contains("secret"), "{value:?}: {problem}");
        }
    }

    #[test]
    fn socks_depends_on_its_feature() {
        for (value, expected) in [
            ("socks4://proxy", "SOCKS4 proxy:1080"),
            ("socks4a://proxy:1", "SOCKS4a proxy:1"),
            ("socks5://me:secret@proxy:1", "SOCKS5 me:secret@proxy:1"),
            ("SOCKS5H://proxy:1", "SOCKS5h proxy:1"),
            ("socks://proxy:1", "SOCKS5 proxy:1"),
        ] {
            match choose_from(&[("ALL_PROXY", value)]) {
                Ok(_) if cfg!(feature = "socks") => {
                    assert_eq!(chosen(&[("ALL_PROXY", value)]).as_deref(), Some(expected));
                }
                Err(problem) if !cfg!(feature = "socks") => {
                    assert!(problem.contains("ALL_PROXY") && problem.contains("`socks`"), "{problem}");
                }
                other => panic!("{value}: {other:?}"),
            }
        }
    }
}
