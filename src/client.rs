use std::env::{self, VarError};
use std::fmt;
use std::time::{Duration, Instant};

use crate::call::Session;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;
use crate::transport::{HttpSettings, Timeouts, check_base_url, shown_url};

const KEY_VARIABLE: &str = "ROBLOX_API_KEY";
const URL_VARIABLE: &str = "ROBLOX_OPEN_CLOUD_URL";

/// A client for Roblox Open Cloud. Holds the credentials, the base URL and a connection pool.
///
/// Clones are cheap and share all of these, and so do the handles that a client returns. A client can be used from many
/// threads.
///
/// ```
/// use rblxopencloud::Client;
///
/// let client = Client::new("api-key");
/// let user = client.user(156);
/// assert_eq!(user.id(), 156);
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "blocking")]
#[doc(alias = "connection")]
#[doc(alias = "RblxOpenCloud")]
pub struct Client {
    session: Session,
}

impl Client {
    /// Creates a client for `https://apis.roblox.com` with the default settings.
    ///
    /// An invalid key (empty, or with a line break) is an error of the first call. To get the error at once, use
    /// [`builder`](Self::builder).
    #[must_use]
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        let session = Session::new(credentials.into(), HttpSettings::default(), RetryPolicy::default(), None, None);
        Self { session }
    }

    /// Creates a client from the environment: the API key in `ROBLOX_API_KEY` and, if it is set, the base URL in
    /// `ROBLOX_OPEN_CLOUD_URL`. An empty variable counts as unset.
    ///
    /// ```no_run
    /// use rblxopencloud::Client;
    ///
    /// # fn main() -> rblxopencloud::Result<()> {
    /// let client = Client::from_env()?;
    /// println!("{}", client.user(156).fetch_info()?.username);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput), which names the variable, if the key isn't set or either value
    /// is invalid.
    #[doc(alias = "environment")]
    #[doc(alias = "dotenv")]
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(Error::invalid_input("it is not UTF-8").about_variable(name).concerning_run())
            }
        })
    }

    fn from_variables(variable: impl Fn(&str) -> Result<Option<String>>) -> Result<Self> {
        let set =
            |name: &str| Ok::<_, Error>(variable(name)?.map(|value| value.trim().to_owned()).filter(|v| !v.is_empty()));
        let (key, url) = (set(KEY_VARIABLE)?, set(URL_VARIABLE)?);
        let Some(key) = key else {
            let error = Error::invalid_input("it is not set").about_variable(KEY_VARIABLE);
            return Err(error.advise("set it to an API key").concerning_run());
        };
        let credentials = Credentials::from(key);
        credentials.check().map_err(|error| error.about_variable(KEY_VARIABLE))?;
        let builder = Self::builder(credentials);
        match url {
            None => builder.build(),
            Some(url) => {
                check_base_url(&url)
                    .map_err(|problem| Error::invalid_input(problem).about_variable(URL_VARIABLE).concerning_run())?;
                builder.base_url(url).build()
            }
        }
    }

    /// Returns a client with a time limit for each whole call. Connections, credentials and rate limits are shared.
    ///
    /// A call ends within `timeout`, including its retries, its backoff and its wait for the rate limit. A call that would have
    /// to wait longer fails at once. The error is [`RateLimited`](crate::ErrorKind::RateLimited), with the wait in
    /// [`retry_after`](crate::Error::retry_after), if the rate limit is the cause; [`Timeout`](crate::ErrorKind::Timeout) if the
    /// time ran out during an attempt; and that of the last attempt if no time was left for another one.
    ///
    /// Each page of a listing and each poll of an operation is a call. [`WaitOptions`](crate::WaitOptions) sets how long to wait
    /// for an operation. A custom reader that blocks can exceed the limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use rblxopencloud::Client;
    ///
    /// let client = Client::new("api-key");
    /// let hasty = client.with_timeout(Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { session: self.session.with_timeout(timeout) }
    }

    /// Returns a client that tries for at most this time to make a connection, until the service has answered a call.
    #[cfg(feature = "publish")]
    pub(crate) fn with_first_contact(&self, limit: Duration) -> Self {
        Self { session: self.session.with_first_contact(limit) }
    }

    /// Returns a client whose calls must all have ended at `deadline`. Connections, credentials and rate limits are shared.
    ///
    /// A server that makes several calls for one of its own requests sets the deadline of that request once; each call then gets
    /// the time that is left. A call that starts later fails without being sent, as [`Timeout`](crate::ErrorKind::Timeout).
    /// Otherwise the errors are those of [`with_timeout`](Self::with_timeout), which can limit single calls further.
    ///
    /// The handles have this method, too: a [`Group`](crate::Group) keeps its roles.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use rblxopencloud::{Client, Group, Result};
    ///
    /// /// Responds to a request within two seconds. The client and the group belong to the server.
    /// fn may_enter(client: &Client, group: &Group, user_id: u64) -> Result<bool> {
    ///     let deadline = Instant::now() + Duration::from_secs(2);
    ///     let rank = group.with_deadline(deadline).rank_of(user_id)?;
    ///     Ok(rank > Some(100) && client.with_deadline(deadline).user(user_id).owns_game_pass(777)?.is_owned())
    /// }
    /// # let _ = may_enter;
    /// ```
    #[must_use]
    #[doc(alias = "time limit")]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { session: self.session.with_deadline(deadline) }
    }

    /// Returns a client with the same settings and other credentials. Connections and TLS sessions are shared; rate limits
    /// aren't.
    ///
    /// One process can serve many signed-in users this way.
    ///
    /// ```
    /// use rblxopencloud::{Client, Credentials};
    ///
    /// let client = Client::new("api-key");
    /// let signed_in = client.with_credentials(Credentials::access_token("token"));
    /// ```
    #[must_use]
    pub fn with_credentials(&self, credentials: impl Into<Credentials>) -> Self {
        Self { session: self.session.with_credentials(credentials.into()) }
    }

    /// Returns a builder for a client with custom settings.
    pub fn builder(credentials: impl Into<Credentials>) -> ClientBuilder {
        ClientBuilder {
            credentials: credentials.into(),
            settings: HttpSettings::default(),
            retry: RetryPolicy::default(),
            timeout: None,
            documented_budgets: None,
        }
    }

    /// Returns the base URL, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.session.base_url()
    }

    pub(crate) fn of(session: Session) -> Self {
        Self { session }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

/// Builds a [`Client`].
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::Client;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::builder("api-key")
///     .base_url("http://127.0.0.1:4000")
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    settings: HttpSettings,
    retry: RetryPolicy,
    timeout: Option<Duration>,
    documented_budgets: Option<bool>,
}

impl ClientBuilder {
    /// Sets the base URL: HTTPS, or plain HTTP on the loopback interface. Defaults to `https://apis.roblox.com`.
    ///
    /// `localhost` and the names below it are always this machine: they aren't looked up.
    #[doc(alias = "mock")]
    #[doc(alias = "fake server")]
    #[doc(alias = "endpoint url")]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.settings.base_url = url.into();
        self
    }

    /// Sets the `User-Agent` header. Defaults to `rblxopencloud/<version>`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.settings.user_agent = user_agent.into();
        self
    }

    /// Sets the time limit for each whole call, including its retries, its backoff and its wait for the rate limit. Defaults to
    /// none: only attempts ([`Timeouts`]), retries and single waits ([`RetryPolicy`]) are limited.
    ///
    /// See [`Client::with_timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the limits of a single attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// Sets how transient failures are retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets whether calls keep within the [budgets](crate::endpoints::Budget) of their endpoints while no response announces a
    /// rate limit. Defaults to `true` for `https://apis.roblox.com`, and to `false` for any other [base URL](Self::base_url):
    /// the budgets describe Roblox, and not a stand-in for tests.
    ///
    /// With `true`, a budget of less than a minute also counts after a response has announced a rate limit, because the service
    /// announces minutes only. With `false`, only what responses announce counts. [`Slots`](crate::endpoints::Slots) count in any
    /// case.
    pub fn documented_budgets(mut self, count: bool) -> Self {
        self.documented_budgets = Some(count);
        self
    }

    /// Uses settings of a custom agent, in connections that this crate makes itself:
    ///
    /// | setting of the agent | |
    /// |---|---|
    /// | TLS: roots, client certificate, verification, SNI, the crypto provider | used, with the TLS libraries that this crate is built with |
    /// | proxy | used, also for other hosts and for this machine; a SOCKS proxy needs the feature `socks` |
    /// | sizes of the pool and the buffers, address family, `no_delay`, `https_only` | used |
    /// | middleware | used: it sees the credentials, and can change requests and responses |
    /// | timeouts, redirects, `http_status_as_error`, size of response headers | not used: [`Timeouts`] and the methods of this crate decide |
    /// | `user_agent`, `accept`, `accept_encoding` | not used: see [`user_agent`](Self::user_agent) |
    /// | connections and cookies that the agent has | not used: no cookie is ever kept or sent |
    /// | connector and resolver, as in `Agent::with_parts` | **refused** |
    ///
    /// [`build`](Self::build) refuses an agent with a connector or a resolver of its own, which may pin certificates or lead
    /// through Tor: the credentials would take another way than was configured. It tells such an agent by its `Debug` output, so
    /// one that looks like an ordinary agent isn't recognized. It also refuses TLS settings that need a feature which this crate
    /// is built without, and plain HTTP through a proxy on another machine.
    #[doc(alias = "proxy")]
    #[doc(alias = "certificate")]
    pub fn agent(mut self, agent: ureq::Agent) -> Self {
        self.settings.agent = Some(agent);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the key or token isn't valid in a header, if the base URL is
    /// invalid, plain HTTP to another machine or contains the credentials, or if a proxy variable or a setting of a custom
    /// [agent](Self::agent) can't be honored.
    pub fn build(self) -> Result<Client> {
        let session = Session::new(self.credentials, self.settings, self.retry, self.timeout, self.documented_budgets);
        session.check().map_err(Error::of_setting)?;
        Ok(Client { session })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key may have been set in the wrong place.
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("base_url", &self.credentials.redact(&shown_url(&self.settings.base_url)))
            .field("user_agent", &self.credentials.redact(&self.settings.user_agent))
            .field("timeouts", &self.settings.timeouts)
            .field("own_agent", &self.settings.agent.is_some())
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .field("documented_budgets", &self.documented_budgets)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(key: Option<&str>, url: Option<&str>) -> Result<Client> {
        Client::from_variables(|name| Ok(if name == KEY_VARIABLE { key } else { url }.map(str::to_owned)))
    }

    #[test]
    fn from_env_builds_a_client() {
        let client = from(Some("key"), Some(" http://127.0.0.1:4000/ ")).expect("both are fine");
        assert_eq!(client.base_url(), "http://127.0.0.1:4000");
        for url in [None, Some(""), Some(" ")] {
            assert_eq!(from(Some("key\n"), url).expect("it is fine").base_url(), "https://apis.roblox.com");
        }
    }

    #[test]
    fn documented_budgets_count_for_the_service_by_default() {
        let holds = |client: &Client| {
            let holds = format!("{client:?}").contains("holds_budgets: true");
            let of_another = format!("{:?}", client.with_credentials("other")).contains("holds_budgets: true");
            assert_eq!(holds, of_another);
            holds
        };
        assert!(holds(&Client::new("key")));
        for (url, is_service) in
            [("https://apis.roblox.com", true), ("HTTPS://apis.roblox.com/", true), ("http://127.0.0.1:1", false)]
        {
            let builder = || Client::builder("key").base_url(url);
            assert_eq!(holds(&builder().build().expect("it is fine")), is_service, "{url}");
            for count in [true, false] {
                let client = builder().documented_budgets(count).build().expect("it is fine");
                assert_eq!(holds(&client), count, "{url}");
            }
        }
    }

    #[test]
    fn from_env_names_the_invalid_variable() {
        for (key, url, named, other) in [
            (None, None, KEY_VARIABLE, URL_VARIABLE),
            (Some(""), Some("http://127.0.0.1:1"), KEY_VARIABLE, URL_VARIABLE),
            (Some("two words"), None, KEY_VARIABLE, URL_VARIABLE),
            (Some("key"), Some("localhost"), URL_VARIABLE, KEY_VARIABLE),
            (Some("key"), Some("http://elsewhere.example"), URL_VARIABLE, KEY_VARIABLE),
            (Some("key"), Some("https://me:secret@host.example"), URL_VARIABLE, KEY_VARIABLE),
        ] {
            let error = from(key, url).expect_err("it can't be used").to_string();
            assert!(error.starts_with(&format!("{named}: ")) && !error.contains(other), "{key:?}, {url:?}: {error}");
            assert!(!error.contains("secret") && !error.contains("two words"), "{error}");
        }
    }
}
