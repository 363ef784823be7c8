use std::net::IpAddr;

use ureq::Agent;
use ureq::http::Uri;

use super::{BUFFER, SERVICE};

pub(super) fn default_agent(on_loopback: bool) -> Agent {
    let mut config = Agent::config_builder()
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .max_idle_connections(32)
        .max_idle_connections_per_host(32);
    if on_loopback {
        // A proxy of the environment is for the world outside.
        config = config.proxy(None);
    }
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
    Agent::new_with_config(config.build())
}

/// The host of a base URL.
pub(super) struct Host {
    pub(super) is_loopback: bool,
    pub(super) is_name: bool,
}

/// HTTPS goes everywhere, plain HTTP only to this machine: a key must not cross a network in the clear.
pub(super) fn check_base_url(base_url: &str) -> Result<Host, String> {
    // What isn't even shaped like one may be the key, in the wrong place.
    let no_url = || match base_url.contains("://") {
        true => format!("{base_url:?} is no base URL; one looks like {SERVICE}"),
        false => format!("the base URL is no URL; one looks like {SERVICE}"),
    };
    let uri: Uri = base_url.parse().map_err(|_| no_url())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(no_url()) };
    if authority.as_str().contains('@') || uri.query().is_some() || base_url.contains('#') {
        return Err(format!("a base URL has no user, query or fragment; one looks like {SERVICE}"));
    }
    // The parser takes any text for a port, and the scheme's own port would then be asked.
    let has_port = authority.as_str() != authority.host();
    if has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err(format!("{base_url:?} has no port from 1 to 65535 behind its colon"));
    }
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    if name.is_empty() {
        return Err(no_url());
    }
    let address: Option<IpAddr> = name.parse().ok();
    let is_loopback = address.map_or(name.eq_ignore_ascii_case("localhost"), |address| address.is_loopback());
    let host = Host { is_loopback, is_name: address.is_none() };
    match scheme {
        "https" => Ok(host),
        "http" if host.is_loopback => Ok(host),
        "http" => Err(format!(
            "{base_url:?} is plain HTTP to another machine, where everybody on the way could read the key; use https"
        )),
        _ => Err(no_url()),
    }
}
