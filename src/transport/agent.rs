use ureq::http::Uri;
use ureq::{Agent, Proxy, ProxyProtocol};

use super::host::Host;
use super::net;

/// The smallest buffer of a custom agent: the head of an ordinary request or response has to fit.
const BUFFER: usize = 32 * 1024;
const SMALLEST_BUFFER: usize = 8 * 1024;

const OWN_PARTS: &str = "the agent was made by Agent::with_parts, but its connector and its resolver can't be used; set TLS, the \
                         client certificate and the proxy in its config, and make it by Agent::new_with_config";

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

/// Refuses a custom agent whose settings can't be honored: a key must not take another route than the configured one.
pub(super) fn check_agent(agent: &Agent, is_https: bool) -> Result<(), String> {
    let config = agent.config();
    if has_own_parts(agent) {
        return Err(OWN_PARTS.to_owned());
    }
    if config.input_buffer_size().min(config.output_buffer_size()) < SMALLEST_BUFFER {
        return Err(format!("the buffers of the agent are too small; expected at least {SMALLEST_BUFFER} bytes"));
    }
    if is_https { check_tls(agent) } else { Ok(()) }
}

/// Whether an agent has a connector or a resolver of its own. ureq gives no access to them, but `Debug` shows them.
fn has_own_parts(agent: &Agent) -> bool {
    const JAR: &str = ", jar: ";
    let usual = format!("{:?}", Agent::new_with_config(agent.config().clone()));
    // The cookies of an agent, which come last, aren't used.
    let end = usual.rfind(JAR).map_or(usual.len(), |at| at + JAR.len());
    !format!("{agent:?}").starts_with(&usual[..end])
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn check_tls(agent: &Agent) -> Result<(), String> {
    use ureq::tls::{RootCerts, TlsProvider};
    let tls = agent.config().tls_config();
    let missing = match tls.provider() {
        TlsProvider::Rustls if !cfg!(feature = "rustls") => "rustls",
        TlsProvider::NativeTls if !cfg!(feature = "native-tls") => "native-tls",
        // Without its feature, ureq would panic.
        TlsProvider::Rustls
            if matches!(tls.root_certs(), RootCerts::PlatformVerifier) && !cfg!(feature = "platform-verifier") =>
        {
            "platform-verifier"
        }
        _ => return Ok(()),
    };
    Err(format!("the TLS settings of the agent need the feature `{missing}` of this crate"))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn check_tls(_: &Agent) -> Result<(), String> {
    Ok(())
}

/// Returns the proxy for a URL: that of a custom agent, or that of the environment.
pub(super) fn proxy_to(host: &Host, own: Option<&Agent>, url: &Uri) -> Result<Option<Proxy>, String> {
    let given = own.and_then(|agent| agent.config().proxy()).filter(|proxy| !proxy.is_from_env());
    if let Some(given) = given {
        use ProxyProtocol::{Http, Https};
        if !cfg!(feature = "socks") && !matches!(given.protocol(), Http | Https) {
            return Err("the proxy of the agent can't be used: a SOCKS proxy needs the feature `socks`".to_owned());
        }
        let given = Some(given.clone()).filter(|proxy| !proxy.is_no_proxy(url));
        let is_near = |proxy: &Proxy| proxy.uri().authority().is_some_and(|proxy| net::is_loopback(proxy.host()));
        if url.scheme_str() == Some("http") && given.as_ref().is_some_and(|proxy| !is_near(proxy)) {
            return Err("plain HTTP through a proxy on another machine would expose the key; use https".to_owned());
        }
        return Ok(given);
    }
    if host.is_loopback {
        // Proxies of the environment aren't for this machine.
        return Ok(None);
    }
    let was_declined = own.is_some_and(|agent| agent.config().proxy().is_none()) && Proxy::try_from_env().is_some();
    if was_declined { Ok(None) } else { net::proxy::choose(&host.name, host.port, net::proxy::environment) }
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::DefaultConnector;

    use super::*;

    #[test]
    fn agents_whose_settings_can_not_be_honored_are_refused() {
        let config = || Agent::config_builder().proxy(None);
        for (agent, word) in [
            (Agent::new_with_config(config().build()), None),
            (Agent::new_with_defaults(), None),
            (Agent::new_with_config(config().user_agent("a").https_only(true).build()), None),
            (
                Agent::with_parts(config().build(), DefaultConnector::new(), DefaultResolver::default()),
                Some("with_parts"),
            ),
            (net::agent(config().build()), Some("with_parts")),
            (Agent::new_with_config(config().input_buffer_size(0).build()), Some("buffers")),
            (Agent::new_with_config(config().output_buffer_size(100).build()), Some("buffers")),
        ] {
            let problem = check_agent(&agent, false).err();
            let is_expected = match (&problem, word) {
                (None, None) => true,
                (Some(problem), Some(word)) => problem.contains(word),
                _ => false,
            };
            assert!(is_expected, "{agent:?}: {problem:?}");
        }
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn tls_settings_without_their_feature_are_refused() {
        use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
        let agent = |tls| Agent::new_with_config(Agent::config_builder().tls_config(tls).build());
        let rows = [
            (TlsConfig::builder().build(), true),
            (TlsConfig::builder().provider(TlsProvider::NativeTls).build(), cfg!(feature = "native-tls")),
            (TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build(), cfg!(feature = "platform-verifier")),
        ];
        for (tls, is_usable) in rows {
            assert_eq!(check_agent(&agent(tls.clone()), true).is_ok(), is_usable, "{tls:?}");
            check_agent(&agent(tls), false).expect("plain HTTP needs no TLS");
        }
    }

    #[test]
    fn plain_http_does_not_leave_the_machine_through_a_proxy() {
        let url = |text: &str| text.parse::<Uri>().expect("it is a URL");
        for (target, proxy, is_used) in [
            ("http://127.0.0.1:4000", "http://127.0.0.1:8080", true),
            ("http://localhost:4000", "http://LOCALHOST.:8080", true),
            ("http://localhost:4000", "http://[::1]:8080", true),
            ("http://localhost:4000", "http://proxy.example:8080", false),
            ("http://127.0.0.1:4000", "http://10.0.0.1:8080", false),
            ("https://localhost:4000", "http://proxy.example:8080", true),
        ] {
            let agent = Agent::config_builder().proxy(Some(Proxy::new(proxy).expect("a proxy"))).build().new_agent();
            let uri = url(target);
            let host = Host::of(uri.scheme_str().unwrap(), uri.authority().unwrap()).expect("a host");
            assert_eq!(proxy_to(&host, Some(&agent), &uri).is_ok(), is_used, "{target} through {proxy}");
        }
    }
}
