use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::{Agent, Proxy, ProxyProtocol};

use super::{BUFFER, SERVICE, net};
use crate::api::has_dot_segment;

pub(super) fn default_agent() -> Agent {
    #[allow(unused_mut)]
    let mut config = Agent::config_builder()
        .proxy(None)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_connections(32)
        .max_idle_connections_per_host(32);
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    {
        use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
        config = config.tls_config(
            TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build(),
        );
    }
    #[cfg(feature = "platform-verifier")]
    {
        use ureq::tls::{RootCerts, TlsConfig};
        config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
    }
    net::agent(config.build())
}

/// Creates an agent with the settings of a custom one, and this crate's connections.
pub(super) fn adopted_agent(agent: &Agent) -> Agent {
    net::agent(agent.config().clone())
}

/// Returns the proxy for a host: that of a custom agent, or that of the environment.
pub(super) fn proxy_to(host: &Host, own: Option<&Agent>, base_url: &Uri) -> Result<Option<Proxy>, String> {
    let given = own.and_then(|agent| agent.config().proxy()).filter(|proxy| !proxy.is_from_env());
    if let Some(given) = given {
        use ProxyProtocol::{Http, Https};
        if !cfg!(feature = "socks") && !matches!(given.protocol(), Http | Https) {
            return Err("the proxy of the agent can't be used: a SOCKS proxy needs the feature `socks`".to_owned());
        }
        return Ok(Some(given.clone()).filter(|proxy| !proxy.is_no_proxy(base_url)));
    }
    if host.is_loopback {
        // Proxies of the environment aren't for this machine.
        return Ok(None);
    }
    let was_declined = own.is_some_and(|agent| agent.config().proxy().is_none()) && Proxy::try_from_env().is_some();
    if was_declined { Ok(None) } else { net::proxy::choose(&host.name, host.port, net::proxy::environment) }
}

/// The host of a base URL.
pub(crate) struct Host {
    pub(super) is_loopback: bool,
    pub(super) name: String,
    pub(super) port: u16,
}

impl Host {
    /// `None` if the name is missing, or the port isn't one.
    pub(super) fn of(scheme: &str, authority: &Authority) -> Option<Self> {
        // The parser accepts any text as a port, and ureq would use the default port then.
        let port = match has_port(authority) {
            true => authority.port_u16().filter(|port| *port != 0)?,
            false if scheme == "https" => 443,
            false => 80,
        };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        if name.is_empty() {
            return None;
        }
        let address: Option<IpAddr> = name.parse().ok();
        let is_loopback = address.map_or(name.eq_ignore_ascii_case("localhost"), |address| address.is_loopback());
        Some(Self { is_loopback, name: name.to_owned(), port })
    }
}

fn has_port(authority: &Authority) -> bool {
    authority.as_str() != authority.host()
}

/// Accepts HTTPS to any host, but plain HTTP only to this machine: a key must not cross a network unencrypted.
pub(crate) fn check_base_url(base_url: &str) -> Result<Host, String> {
    let shown = shown_url(base_url);
    // A text without `://` may be the key, in the wrong place, so it isn't shown.
    let no_url = || match base_url.contains("://") {
        true => format!("{shown:?} is not a base URL; expected the form {SERVICE}"),
        false => format!("the base URL is not a URL; expected the form {SERVICE}"),
    };
    let uri: Uri = base_url.parse().map_err(|_| no_url())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(no_url()) };
    if authority.as_str().contains('@') || uri.query().is_some() || base_url.contains('#') {
        return Err(format!("a base URL has no user, query or fragment; expected the form {SERVICE}"));
    }
    if has_dot_segment(uri.path()) {
        return Err(format!("{shown:?} has a dot segment; expected the form {SERVICE}"));
    }
    if has_port(authority) && Host::of(scheme, authority).is_none() {
        return Err(format!("{shown:?} has an invalid port; expected 1 to 65535"));
    }
    let host = Host::of(scheme, authority).ok_or_else(no_url)?;
    match scheme {
        "https" => Ok(host),
        "http" if host.is_loopback => Ok(host),
        "http" => Err(format!("{shown:?} is plain HTTP to another machine, which would expose the key; use https")),
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
    let (login, rest) = match rest.rsplit_once('@') {
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
