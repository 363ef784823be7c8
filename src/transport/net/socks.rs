//! Connections through SOCKS proxies: versions 4, 4a, 5 and 5h.
//!
//! ureq's own connector opens connections on which an early response can't be detected without losing a byte.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};

use ureq::unversioned::transport::{ConnectionDetails, Transport, TransportAdapter};
use ureq::{Error, Proxy, ProxyProtocol};

use super::countdown::Countdown;
use super::failure::{Failure, ProxyReason};
use super::resolver::host_and_port;

/// The destination of a connection.
#[derive(Clone, Copy)]
enum Target<'a> {
    Address(SocketAddr),
    Name(&'a str, u16),
}

/// Connects to the host of the request through a proxy.
pub(super) fn open(
    stream: Box<dyn Transport>,
    proxy: &Proxy,
    details: &ConnectionDetails,
    time: Countdown,
) -> Result<Box<dyn Transport>, Error> {
    let (host, port) = host_and_port(details.uri).ok_or(Error::HostNotFound)?;
    let target = match (host.parse::<IpAddr>(), details.addrs.first()) {
        (Ok(address), _) => Target::Address(SocketAddr::new(address, port)),
        // ureq has resolved the name if the protocol requires an address.
        (Err(_), Some(address)) if proxy.resolve_target() => Target::Address(*address),
        (Err(_), _) => Target::Name(host, port),
    };
    let mut adapter = TransportAdapter::new(stream, details.current_time.clone());
    adapter.set_timeout(time.rest()?);
    let greeted = match proxy.protocol() {
        ProxyProtocol::Socks4 | ProxyProtocol::Socks4A => version_4(&mut adapter, proxy, target),
        _ => version_5(&mut adapter, proxy, target),
    };
    greeted.map_err(|error| match Error::from(error) {
        Error::Io(error) => {
            let reason = match error.kind() {
                io::ErrorKind::PermissionDenied => ProxyReason::Login,
                io::ErrorKind::Unsupported => ProxyReason::Rules,
                _ => ProxyReason::Passing,
            };
            Failure::refused_by(proxy, reason, error.to_string())
        }
        error => error,
    })?;
    Ok(adapter.into_inner())
}

fn version_4(proxied: &mut (impl Read + Write), proxy: &Proxy, target: Target) -> io::Result<()> {
    let (Target::Address(SocketAddr::V4(_)) | Target::Name(..)) = target else {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "SOCKS4 has no IPv6; use socks5"));
    };
    let (address, port, name) = match target {
        Target::Address(SocketAddr::V4(address)) => (address.ip().octets(), address.port(), None),
        Target::Address(SocketAddr::V6(address)) => ([0; 4], address.port(), None),
        // An invalid address announces that a name follows.
        Target::Name(name, port) => ([0, 0, 0, 1], port, Some(name)),
    };
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    request.extend(address);
    request.extend(proxy.username().unwrap_or_default().bytes());
    request.push(0);
    if let Some(name) = name {
        request.extend(name.bytes());
        request.push(0);
    }
    proxied.write_all(&request)?;
    proxied.flush()?;
    let mut answer = [0; 8];
    proxied.read_exact(&mut answer)?;
    match answer[..2] {
        [0, 90] => Ok(()),
        [0, code @ 91..=93] => Err(io::Error::other(format!("it refused the connection (code {code})"))),
        _ => Err(io::Error::other("it doesn't speak SOCKS4")),
    }
}

fn version_5(proxied: &mut (impl Read + Write), proxy: &Proxy, target: Target) -> io::Result<()> {
    let user = proxy.username();
    proxied.write_all(if user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] })?;
    proxied.flush()?;
    let mut answer = [0; 2];
    proxied.read_exact(&mut answer)?;
    match (answer, user) {
        ([5, 0], _) => {}
        ([5, 2], Some(user)) => log_in(proxied, user, proxy.password().unwrap_or_default())?,
        ([5, _], None) => return Err(login("it asks for a user name and a password")),
        ([5, _], Some(_)) => return Err(login("it takes no user name and password")),
        _ => return Err(io::Error::other("it doesn't speak SOCKS5")),
    }
    let mut request = vec![5, 1, 0];
    let port = match target {
        Target::Address(address) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    request.push(1);
                    request.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    request.push(4);
                    request.extend(ip.octets());
                }
            }
            address.port()
        }
        Target::Name(name, port) => {
            request.push(3);
            request.push(short(name, "the host name")?);
            request.extend(name.bytes());
            port
        }
    };
    request.extend(port.to_be_bytes());
    proxied.write_all(&request)?;
    proxied.flush()?;

    let mut head = [0; 4];
    proxied.read_exact(&mut head)?;
    match head[1] {
        _ if head[0] != 5 => return Err(io::Error::other("it doesn't speak SOCKS5")),
        0 => {}
        2 => return Err(io::Error::new(io::ErrorKind::Unsupported, "its rules forbid the connection")),
        code => return Err(io::Error::other(refusal(code))),
    }
    // The address that the proxy connects from is skipped.
    let length = match head[3] {
        1 => 4,
        4 => 16,
        3 => {
            let mut length = [0];
            proxied.read_exact(&mut length)?;
            usize::from(length[0])
        }
        _ => return Err(io::Error::other("it doesn't speak SOCKS5")),
    };
    proxied.read_exact(&mut vec![0; length + 2])
}

fn log_in(proxied: &mut (impl Read + Write), user: &str, password: &str) -> io::Result<()> {
    let mut request = vec![1, short(user, "the user name")?];
    request.extend(user.bytes());
    request.push(short(password, "the password")?);
    request.extend(password.bytes());
    proxied.write_all(&request)?;
    proxied.flush()?;
    let mut answer = [0; 2];
    proxied.read_exact(&mut answer)?;
    match answer[1] {
        0 => Ok(()),
        _ => Err(login("it refused the user name and the password")),
    }
}

fn login(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, problem)
}

fn short(text: &str, what: &str) -> io::Result<u8> {
    u8::try_from(text.len()).map_err(|_| io::Error::other(format!("{what} is longer than 255 bytes")))
}

fn refusal(code: u8) -> &'static str {
    match code {
        3 => "it can't reach the network",
        4 => "it can't reach the host",
        5 => "the host refused the connection",
        6 => "the connection took too many hops",
        _ => "it could not make the connection",
    }
}
