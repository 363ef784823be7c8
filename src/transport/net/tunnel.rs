//! Tunnels through HTTP proxies, by `CONNECT`.

use std::io::Write;

use ureq::unversioned::transport::{Buffers, ConnectionDetails, NextTimeout, Transport, TransportAdapter};
use ureq::{Error, Proxy};

use super::countdown::Countdown;
use super::early::{MOST_INTERIM, Status, head_end, status};
use super::failure::{Failure, ProxyReason, ProxyRefusal};
use super::proxy::{basic, logins};
use super::resolver::host_and_port;

/// The largest head of a proxy's response.
const LARGEST_HEAD: usize = 16 * 1024;
const CLOSED: &str = "it closed the connection";

/// Connects to the host of the request through a proxy.
pub(super) fn open(
    stream: Box<dyn Transport>,
    proxy: &Proxy,
    details: &ConnectionDetails,
    time: Countdown,
) -> Result<Box<dyn Transport>, Error> {
    let failed = |problem: String| Failure::refused_by(proxy, ProxyReason::Passing, problem);
    let (host, port) = host_and_port(details.uri).ok_or(Error::HostNotFound)?;
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };

    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(credentials) = basic(proxy) {
        request.push_str(&format!("Proxy-Authorization: Basic {credentials}\r\n"));
    }
    request.push_str("\r\n");
    let mut adapter = TransportAdapter::new(stream, details.current_time.clone());
    adapter.set_timeout(time.rest()?);
    adapter.write_all(request.as_bytes())?;
    adapter.flush()?;

    let mut stream = adapter.into_inner();
    let mut interim = 0;
    loop {
        let more = stream.await_input(time.rest()?)?;
        loop {
            let input = stream.buffers().input();
            let Some(end) = head_end(input) else { break };
            let answered = match status(input) {
                Status::Of(status) => status,
                _ => return Err(failed("it doesn't speak HTTP".to_owned())),
            };
            let line = input[..end].split(|byte| *byte == b'\n').find(|line| line.len() > 1).unwrap_or_default();
            let line = shown(line);
            stream.buffers().input_consume(end);
            match answered {
                100 | 102..=199 if interim < MOST_INTERIM => interim += 1,
                100 | 102..=199 => return Err(failed("it sent too many interim responses".to_owned())),
                200..=299 => return Ok(Box::new(Tunnel(stream))),
                _ => return Err(Failure::refused_by(proxy, reason(answered), line)),
            }
        }
        let input = stream.buffers().input();
        if matches!(status(input), Status::Foreign) || input.len() > LARGEST_HEAD {
            return Err(failed("it doesn't speak HTTP".to_owned()));
        }
        if !more {
            return Err(failed(CLOSED.to_owned()));
        }
    }
}

fn reason(status: u16) -> ProxyReason {
    match status {
        407 => ProxyReason::Login,
        408 | 425 | 429 | 500.. => ProxyReason::Passing,
        _ => ProxyReason::Rules,
    }
}

/// Makes a line from a peer printable.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).collect()
}

impl Failure {
    pub(super) fn refused_by(proxy: &Proxy, reason: ProxyReason, problem: String) -> Error {
        let scheme = proxy.protocol().to_string().to_ascii_lowercase();
        // The proxy may repeat what it was sent. A cut must not leave a part of that.
        let problem = logins(proxy).iter().fold(problem, |problem, secret| secret.redact_at_any_length(&problem));
        let problem = problem.chars().take(100).collect();
        Self::Proxy(ProxyRefusal { proxy: format!("{scheme}://{}:{}", proxy.host(), proxy.port()), problem, reason })
            .into()
    }
}

/// A connection to another host. It may use TLS to the proxy, but not yet to that host.
#[derive(Debug)]
pub(super) struct Tunnel(pub(super) Box<dyn Transport>);

impl Transport for Tunnel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, limit: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, limit)
    }

    fn await_input(&mut self, limit: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(limit)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}
