use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::Result;
use crate::group::Group;
use crate::retry::RetryPolicy;
use crate::transport::{Session, Timeouts, Transport, TransportOptions};
use crate::user::User;

/// The way to Open Cloud: credentials, an address and a pool of connections.
///
/// Clones are cheap and share all of it; so do the handles that a client gives out. It can be used from many threads at
/// once.
///
/// ```
/// use rblxopencloud::Client;
///
/// let client = Client::new("api-key");
/// let user = client.user(156);
/// assert_eq!(user.id(), 156);
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    session: Session,
}

impl Client {
    /// A client of `https://apis.roblox.com` with the default settings.
    ///
    /// A key that can't be one (empty, or with a line break in it) is an error of the first call; use
    /// [`builder`](Self::builder) to hear of it at once.
    #[must_use]
    pub fn new(credentials: impl Into<Credentials>) -> Self {
        Self { session: Session::new(Transport::new(credentials.into(), TransportOptions::default()), None) }
    }

    /// Returns the same client with another limit for each whole call: connections, credentials and rate limits are
    /// shared.
    ///
    /// A call, with its repetitions, its pauses and its wait for the rate limit, ends within `timeout`. It fails at once
    /// when it would have to wait for longer than the time that is left. The error is of the kind
    /// [`RateLimited`](crate::ErrorKind::RateLimited) if the rate limit is the cause, and carries the wait in
    /// [`retry_after`](crate::Error::retry_after); of the kind [`Timeout`](crate::ErrorKind::Timeout) if the time ran out
    /// in the middle of an attempt; and what came of the last attempt if there was no time for another one.
    ///
    /// Each page of a listing is a call, and so is each poll of an operation; how long to wait for the operation is in
    /// [`WaitOptions`](crate::WaitOptions). A reader of the caller's own that blocks is waited for: the time is looked at
    /// when it returns.
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

    /// Starts a client with other settings.
    pub fn builder(credentials: impl Into<Credentials>) -> ClientBuilder {
        ClientBuilder { credentials: credentials.into(), options: TransportOptions::default(), timeout: None }
    }

    /// The handle of a user. Costs no request.
    #[must_use]
    pub fn user(&self, id: u64) -> User {
        User::with_client(id, self.clone())
    }

    /// The handle of a group. Costs no request.
    #[must_use]
    pub fn group(&self, id: u64) -> Group {
        Group::with_client(id, self.clone())
    }

    /// The address that calls go to, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.session.base_url()
    }

    pub(crate) fn transport(&self) -> &Session {
        &self.session
    }
}

/// Makes a [`Client`] with other settings than the default ones.
///
/// ```
/// use std::time::Duration;
///
/// use rblxopencloud::Client;
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::builder("api-key")
///     .base_url("http://127.0.0.1:4000")
///     .call_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    options: TransportOptions,
    timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Another address than `https://apis.roblox.com`, a sandbox's say. HTTPS, or plain HTTP on the loopback interface,
    /// where the environment's proxies are passed by.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.options.base_url = url.into();
        self
    }

    /// What the service is told of the caller, in place of this crate's name and version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.options.user_agent = user_agent.into();
        self
    }

    /// Sets the limit for each whole call, its repetitions, its pauses and its wait for the rate limit included. Defaults
    /// to none: an attempt has a limit ([`Timeouts::call`]), and so have the repetitions ([`RetryPolicy::budget`]) and each
    /// single wait for the rate limit ([`RetryPolicy::longest_retry_after`]).
    ///
    /// [`Client::with_timeout`] says more, and sets it for some calls only.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// All time limits at once.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.options.timeouts = timeouts;
        self
    }

    /// How long one attempt at a call may take, its body and its answer included; an upload's is longer by
    /// [`Timeouts::upload_rate`]. The limit for a whole call with all its repetitions is [`timeout`](Self::timeout).
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.options.timeouts.call = limit;
        self
    }

    /// How long making a connection may take.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.options.timeouts.connect = limit;
        self
    }

    /// What is sent again, how often, and how long the pauses are.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = policy;
        self
    }

    /// An agent of the caller's own, with its TLS roots, proxy and resolver. Time limits, redirects and the treatment of
    /// error answers stay this crate's.
    pub fn agent(mut self, agent: ureq::Agent) -> Self {
        self.options.agent = Some(agent);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the key or token can't stand in a header, or the base URL is
    /// no URL, or is plain HTTP to another machine.
    pub fn build(self) -> Result<Client> {
        let transport = Transport::new(self.credentials, self.options);
        transport.check()?;
        Ok(Client { session: Session::new(transport, self.timeout) })
    }
}
