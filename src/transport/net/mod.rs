//! Connections: name resolution, TCP, proxies, TLS, and early responses. ureq speaks HTTP over them.

#[cfg(test)]
mod assumptions;
mod countdown;
mod early;
mod failure;
mod hidden;
mod no_proxy;
pub(crate) mod proxy;
mod resolver;
#[cfg(feature = "socks")]
mod socks;
mod tcp;
mod tunnel;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};
use ureq::{Agent, Body, Error};

pub(super) use self::early::{EarlyAnswer, is_pause};
pub(super) use self::failure::{Failure, ProxyReason, untrusted};
pub(super) use self::resolver::is_loopback;

pub(super) use self::hidden::{CONTENT_TYPE, REASON};

use self::countdown::Countdown;
use self::early::Early;
use self::resolver::{Names, host_and_port};
use self::tcp::Tcp;

/// The limit for the rest of an early response, whose status is known.
const REST_OF_EARLY_ANSWER: Duration = Duration::from_secs(5);

/// Creates an agent with these settings and this module's connections.
pub(super) fn agent(config: Config) -> Agent {
    let names = Names::default();
    Agent::with_parts(config, Net { names: names.clone(), tls: Tls::default() }, names)
}

/// Makes connections.
#[derive(Debug)]
struct Net {
    names: Names,
    tls: Tls,
}

impl Connector for Net {
    type Out = Early;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Early>, Error> {
        let time = Countdown::since(began(details), details.timeout);
        let (host, port) = host_and_port(details.uri).ok_or(Error::HostNotFound)?;
        let stream: Box<dyn Transport> = match details.config.proxy() {
            None => Box::new(self.reach(details, host, port, &details.addrs, time)?),
            Some(proxy) => self.reach_through(proxy, details, time).map_err(|error| match error {
                // Whatever it was, nothing of the request was sent.
                Error::Io(error) => Failure::refused_by(proxy, ProxyReason::Passing, error.to_string()),
                Error::Timeout(passed) => Failure::late(format!("the proxy {}:{}", proxy.host(), proxy.port()), passed),
                error => error,
            })?,
        };
        let stream = secured(self.tls.secure(details, details.uri, stream)?, details.needs_tls())?;
        Ok(Some(Early::new(stream)))
    }
}

impl Net {
    /// Connects to one of the addresses of a host.
    fn reach(
        &self,
        details: &ConnectionDetails,
        host: &str,
        port: u16,
        addresses: &[SocketAddr],
        time: Countdown,
    ) -> Result<Tcp, Error> {
        let to = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let (stream, address) = match tcp::connect(&to, addresses, time) {
            Ok(reached) => reached,
            Err(error) => {
                self.names.failed(host, port);
                return Err(error);
            }
        };
        self.names.worked(host, port, address);
        if details.config.no_delay() {
            stream.set_nodelay(true).map_err(|error| Failure::Connect { to, error })?;
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Tcp::new(stream, buffers))
    }

    fn reach_through(
        &self,
        proxy: &ureq::Proxy,
        details: &ConnectionDetails,
        time: Countdown,
    ) -> Result<Box<dyn Transport>, Error> {
        let (host, port) = (proxy.host().trim_start_matches('[').trim_end_matches(']'), proxy.port());
        let addresses = self.names.resolve(proxy.uri(), details.config, time.rest()?)?;
        let stream: Box<dyn Transport> = Box::new(self.reach(details, host, port, &addresses, time)?);
        match proxy.protocol() {
            ureq::ProxyProtocol::Http => tunnel::open(stream, proxy, details, time),
            ureq::ProxyProtocol::Https => {
                tunnel::open(secured(self.tls.secure(details, proxy.uri(), stream)?, true)?, proxy, details, time)
            }
            #[cfg(feature = "socks")]
            _ => socks::open(stream, proxy, details, time),
            // Proxies of the environment are refused earlier; this is one of a custom agent.
            #[cfg(not(feature = "socks"))]
            _ => Err(Error::InvalidProxyUrl),
        }
    }
}

/// Refuses a connection without TLS where it is needed. A TLS library skips connections whose settings name another one, and
/// without a library nothing secures them.
fn secured(stream: Box<dyn Transport>, needs_tls: bool) -> Result<Box<dyn Transport>, Error> {
    if needs_tls && !stream.is_tls() { Err(Error::TlsRequired) } else { Ok(stream) }
}

fn began(details: &ConnectionDetails) -> Instant {
    match details.now {
        ureq::unversioned::transport::time::Instant::Exact(now) => now,
        _ => Instant::now(),
    }
}

/// The TLS libraries that are compiled in.
#[derive(Debug, Default)]
struct Tls {
    #[cfg(feature = "rustls")]
    rustls: ureq::unversioned::transport::RustlsConnector,
    #[cfg(feature = "native-tls")]
    native: ureq::unversioned::transport::NativeTlsConnector,
}

impl Tls {
    /// Starts TLS on a connection to an `https` host, with the library of the settings.
    fn secure(
        &self,
        details: &ConnectionDetails,
        uri: &Uri,
        stream: Box<dyn Transport>,
    ) -> Result<Box<dyn Transport>, Error> {
        let details = ConnectionDetails {
            uri,
            addrs: no_addresses(),
            config: details.config,
            // All requests have the agent's TLS settings, so these are prepared once, and sessions are resumed.
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.connect(&details, stream).map_err(|error| failure::of_handshake(uri.host().unwrap_or_default(), error))
    }

    #[allow(unused_mut, unused_variables)]
    fn connect(
        &self,
        details: &ConnectionDetails,
        mut stream: Box<dyn Transport>,
    ) -> Result<Box<dyn Transport>, Error> {
        #[cfg(feature = "rustls")]
        {
            stream = boxed(self.rustls.connect(details, Some(stream))?)?;
        }
        #[cfg(feature = "native-tls")]
        {
            stream = boxed(self.native.connect(details, Some(stream))?)?;
        }
        Ok(stream)
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn boxed(stream: Option<impl Transport>) -> Result<Box<dyn Transport>, Error> {
    stream.map(|stream| Box::new(stream) as Box<dyn Transport>).ok_or(Error::ConnectionFailed)
}

fn no_addresses() -> ResolvedSocketAddrs {
    Names::default().empty()
}

/// Reads a response that came before the whole request was sent.
pub(super) fn read_early_answer(
    answer: EarlyAnswer,
    uri: Uri,
    largest_head: usize,
    left: Duration,
) -> Result<Response<Body>, Error> {
    let config = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_response_header_size(largest_head)
        .timeout_global(Some(left.min(REST_OF_EARLY_ANSWER)))
        .build();
    let replay = Replay(Mutex::new(Some(answer.into_transport())));
    let request = Request::get(uri).body(()).map_err(Error::Http)?;
    Agent::with_parts(config, replay, NoLookUp).run(request)
}

/// Returns a connection with a pending response.
#[derive(Debug)]
struct Replay(Mutex<Option<Early>>);

impl Connector for Replay {
    type Out = Early;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Early>, Error> {
        Ok(self.0.lock().ok().and_then(|mut connection| connection.take()))
    }
}

#[derive(Debug)]
struct NoLookUp;

impl Resolver for NoLookUp {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
