//! The connections of a client, and its settings for HTTP.

use std::fmt;

use ureq::http::HeaderValue;
use ureq::{Agent, Proxy};

use super::agent::{adopted_agent, check_agent, default_agent, proxy_to};
use super::host::{SERVICE, check_base_url};
use super::timeouts::Timeouts;
use crate::api::Endpoint;
use crate::error::{Error, Result};

/// The HTTP settings of a client.
pub(crate) struct HttpSettings {
    pub(crate) base_url: String,
    pub(crate) user_agent: String,
    pub(crate) timeouts: Timeouts,
    pub(crate) agent: Option<Agent>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            base_url: SERVICE.to_owned(),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            agent: None,
        }
    }
}

/// Connections to the service, and how they are used.
pub(crate) struct Http {
    pub(super) agent: Agent,
    base_url: String,
    /// The proxy to the base URL.
    pub(super) proxy: Option<Proxy>,
    /// The custom agent, whose proxy is used for other hosts too.
    pub(super) own_agent: Option<Agent>,
    /// Why no call can be made.
    problem: Option<String>,
    pub(super) user_agent: String,
    pub(super) timeouts: Timeouts,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        let base_url = settings.base_url.trim().trim_end_matches('/');
        // Other code tells them apart by their beginning.
        let base_url = match base_url.split_once("://") {
            Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
            None => base_url.to_owned(),
        };
        let own = settings.agent.as_ref();
        let proxy = check_base_url(&base_url)
            .and_then(|host| {
                own.map_or(Ok(()), |agent| check_agent(agent, base_url.starts_with("https:")))?;
                proxy_to(&host, own, &base_url.parse().unwrap_or_default())
            })
            .and_then(|proxy| match HeaderValue::from_str(&settings.user_agent) {
                Ok(_) => Ok(proxy),
                Err(_) => Err(format!("{:?} is not a valid user agent", settings.user_agent)),
            });
        let agent = own.map_or_else(default_agent, adopted_agent);
        let (proxy, problem) = match proxy {
            Ok(proxy) => (proxy, None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            agent,
            base_url,
            proxy,
            own_agent: settings.agent,
            problem,
            user_agent: settings.user_agent,
            timeouts: settings.timeouts,
        }
    }

    /// Returns the origin of an endpoint on another host, unless a custom base URL replaces it.
    pub(crate) fn other_host(&self, endpoint: &Endpoint) -> Option<&'static str> {
        endpoint.host().filter(|_| self.is_for_service())
    }

    /// Whether the base URL is the service's own.
    pub(crate) fn is_for_service(&self) -> bool {
        self.base_url == SERVICE
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns an error that every call would have.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.problem {
            None => Ok(()),
            Some(problem) => Err(Error::invalid_input(problem.clone()).concerning_run()),
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("timeouts", &self.timeouts)
            .field("own_agent", &self.own_agent.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_base_url_replaces_other_hosts() {
        const NAMES: Endpoint = Endpoint::post("/names").on_host("https://users.example");
        const USER: Endpoint = Endpoint::get("/users/{user}");
        let origin = |base_url: Option<&str>, endpoint: &Endpoint| {
            let mut settings = HttpSettings::default();
            settings.base_url = base_url.map_or(settings.base_url, str::to_owned);
            Http::new(settings).other_host(endpoint)
        };
        assert_eq!(origin(None, &NAMES), Some("https://users.example"));
        assert_eq!(origin(Some("https://apis.roblox.com/"), &NAMES), Some("https://users.example"));
        assert_eq!(origin(Some("http://127.0.0.1:4000"), &NAMES), None);
        assert_eq!(origin(None, &USER), None);
    }
}
