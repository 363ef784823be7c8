//! Resolves host names, with a cache.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::failure::Failure;
use crate::single_flight::{Flight, SingleFlight};

/// How long addresses are used before they are resolved again.
const FRESH: Duration = Duration::from_secs(60);
/// How long a call waits for new addresses when it has old ones.
const PATIENCE: Duration = Duration::from_secs(1);
/// The delay after a failure before the name is resolved again.
const RETRY: Duration = Duration::from_secs(5);
/// The most addresses that ureq accepts.
const MAX_ADDRESSES: usize = 16;

/// The addresses of `localhost`.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

type LookUp = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// A cache of resolved names. Clones share it.
///
/// Addresses are resolved again after a while. If that fails or is slow, the old ones stay in use, so that a transient DNS
/// failure doesn't fail a call.
#[derive(Clone)]
pub(super) struct Names {
    known: Arc<Mutex<Vec<Known>>>,
    look_ups: Arc<Mutex<LookUps>>,
    look_up: Arc<LookUp>,
}

/// A lookup for all threads that need it.
type Resolution = SingleFlight<Result<Vec<SocketAddr>, Arc<io::Error>>>;

/// The lookups by host and port.
type LookUps = Vec<(String, u16, Arc<Resolution>)>;

struct Known {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    /// When to resolve it again.
    stale_at: Instant,
    /// The address of the last connection.
    worked: Option<SocketAddr>,
}

impl Default for Names {
    fn default() -> Self {
        Self::with(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }
}

impl Names {
    fn with(look_up: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self { known: Arc::default(), look_ups: Arc::default(), look_up: Arc::new(look_up) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the addresses in the order in which to try them.
    fn addresses(&self, host: &str, port: u16, limit: NextTimeout) -> Result<Vec<SocketAddr>, ureq::Error> {
        let mut old = None;
        if let Some(known) = find(&mut self.lock(), host, port) {
            let now = Instant::now();
            if now < known.stale_at {
                return Ok(known.addresses.clone());
            }
            // Other threads use the old addresses meanwhile.
            known.stale_at = now + RETRY;
            old = Some(known.addresses.clone());
        }
        let wait = if old.is_some() { PATIENCE.min(*limit.after) } else { *limit.after };
        match (self.look_up(host, port, wait, old.is_none()), old) {
            (Some(Ok(found)), _) => Ok(found),
            (_, Some(old)) => Ok(old),
            (Some(Err(error)), None) => Err(Failure::LookUp { host: host.to_owned(), error }.into()),
            (None, None) => Err(Failure::late(format!("{host} (looking it up)"), limit.reason)),
        }
    }

    /// Resolves a name in a separate thread. `None` if it takes too long.
    fn look_up(&self, host: &str, port: u16, wait: Duration, is_first: bool) -> Option<io::Result<Vec<SocketAddr>>> {
        if is_local_name(host) {
            return Some(self.look_up_here(host, port));
        }
        let (names, name) = (self.clone(), host.to_owned());
        let look_up = move || {
            // Another thread has resolved it since.
            let found = find(&mut names.lock(), &name, port).filter(|_| is_first).map(|known| known.addresses.clone());
            found.map_or_else(|| names.look_up_here(&name, port), Ok).map_err(Arc::new)
        };
        let deadline = Instant::now().checked_add(wait);
        match self.resolution(host, port).run_apart("look-up", deadline, look_up) {
            Flight::Own(found) | Flight::Shared(found) => {
                Some(found.map_err(|error| io::Error::new(error.kind(), error)))
            }
            Flight::Panicked => Some(Err(io::Error::other("the look-up broke off"))),
            Flight::Late => None,
        }
    }

    fn resolution(&self, host: &str, port: u16) -> Arc<Resolution> {
        let mut all = self.look_ups.lock().unwrap_or_else(PoisonError::into_inner);
        let same = all.iter().find(|(name, at, _)| *at == port && name.eq_ignore_ascii_case(host));
        if let Some((_, _, resolution)) = same {
            return Arc::clone(resolution);
        }
        let resolution = Arc::<Resolution>::default();
        all.push((host.to_owned(), port, Arc::clone(&resolution)));
        resolution
    }

    fn look_up_here(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match is_local_name(host) {
            true => LOOPBACK.map(|address| SocketAddr::new(address, port)).to_vec(),
            false => (self.look_up)(host, port)?,
        };
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
        }
        let mut all = self.lock();
        let worked = find(&mut all, host, port).and_then(|known| known.worked);
        let addresses = in_order(found, worked);
        all.retain(|known| !known.is(host, port));
        all.push(Known {
            host: host.to_owned(),
            port,
            addresses: addresses.clone(),
            stale_at: Instant::now() + FRESH,
            worked,
        });
        Ok(addresses)
    }

    /// Puts the address of a connection first.
    pub(super) fn worked(&self, host: &str, port: u16, address: SocketAddr) {
        if let Some(known) = find(&mut self.lock(), host, port) {
            known.worked = Some(address);
            if known.addresses.first() != Some(&address) {
                known.addresses = in_order(std::mem::take(&mut known.addresses), known.worked);
            }
        }
    }

    /// Records that no address accepted a connection, so they may have changed.
    pub(super) fn failed(&self, host: &str, port: u16) {
        if let Some(known) = find(&mut self.lock(), host, port) {
            known.worked = None;
            known.stale_at = Instant::now();
        }
    }
}

impl Known {
    fn is(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

fn find<'a>(all: &'a mut [Known], host: &str, port: u16) -> Option<&'a mut Known> {
    all.iter_mut().find(|known| known.is(host, port))
}

/// Sorts the last working address first; the two families alternate behind it, so that a broken one costs one attempt.
fn in_order(addresses: Vec<SocketAddr>, worked: Option<SocketAddr>) -> Vec<SocketAddr> {
    let worked = worked.filter(|worked| addresses.contains(worked));
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().filter(|a| Some(*a) != worked).partition(|a| a.is_ipv6() == first_is_v6);
    let mut ordered: Vec<SocketAddr> = worked.into_iter().collect();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            return ordered;
        }
        ordered.extend(one.into_iter().chain(other));
    }
}

/// Whether a host is this machine for certain: a loopback address, or a name that is never looked up.
pub(in crate::transport) fn is_loopback(host: &str) -> bool {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().map_or_else(|_| is_local_name(host), |address| address.is_loopback())
}

/// Whether a name is `localhost` or ends in it. As RFC 6761 requires in section 6.3, such a name is a loopback address, whatever
/// the resolver, which a network can control, would say.
fn is_local_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let Some(at) = host.len().checked_sub("localhost".len()) else { return false };
    let (before, end) = host.split_at(at);
    end.eq_ignore_ascii_case(b"localhost") && (before.is_empty() || (before.len() > 1 && before.ends_with(b".")))
}

/// Returns the host, without brackets, and the port of a URI.
pub(super) fn host_and_port(uri: &Uri) -> Option<(&str, u16)> {
    let host = uri.host()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = uri.port_u16().or_else(|| match uri.scheme_str()? {
        "http" => Some(80),
        "https" => Some(443),
        scheme if scheme.starts_with("socks") => Some(1080),
        _ => None,
    })?;
    Some((host, port))
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let (host, port) = host_and_port(uri).ok_or(ureq::Error::HostNotFound)?;
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.addresses(host, port, limit)?,
        };
        let mut result = self.empty();
        for address in config.ip_family().keep_wanted(addresses.into_iter()).take(MAX_ADDRESSES) {
            result.push(address);
        }
        if result.is_empty() {
            let error = io::Error::new(io::ErrorKind::NotFound, "it has no address of the requested family");
            return Err(Failure::LookUp { host: host.to_owned(), error }.into());
        }
        Ok(result)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use ureq::Timeout;

    use super::*;

    const PORT: u16 = 443;

    fn address(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().expect("an address"), PORT)
    }

    fn limit(seconds: u64) -> NextTimeout {
        NextTimeout {
            after: Duration::from_secs(seconds).into(),
            reason: Timeout::Resolve,
            per_read: None,
            per_write: None,
        }
    }

    /// A cache whose n-th lookup returns what the function says.
    fn names(
        answer: impl Fn(usize) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> (Names, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        (Names::with(move |_, _| answer(counter.fetch_add(1, Ordering::SeqCst))), count)
    }

    fn expire(names: &Names) {
        for known in names.lock().iter_mut() {
            known.stale_at = Instant::now();
        }
    }

    #[test]
    fn names_are_resolved_once() {
        let (names, count) = names(|_| Ok(vec![address("10.0.0.1")]));
        for host in ["example.test", "EXAMPLE.test", "example.test"] {
            assert_eq!(names.addresses(host, PORT, limit(5)).expect("found"), [address("10.0.0.1")]);
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        names.addresses("example.test", 8443, limit(5)).expect("another port is another question");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn localhost_is_this_machine_whatever_the_resolver_says() {
        let (names, count) = names(|_| Ok(vec![address("10.0.0.1")]));
        for host in ["localhost", "LocalHost", "localhost.", "a.localhost", "a.b.LOCALHOST."] {
            for _ in 0..2 {
                let found = names.addresses(host, PORT, limit(5)).expect("it is known");
                assert_eq!(found, [address("127.0.0.1"), address("::1")], "{host}");
                assert!(is_loopback(host));
                expire(&names);
            }
        }
        // The address that works is tried first.
        names.worked("localhost", PORT, address("::1"));
        assert_eq!(
            names.addresses("localhost", PORT, limit(5)).expect("known"),
            [address("::1"), address("127.0.0.1")]
        );
        let uri = Uri::from_static("https://localhost./");
        let found = names.resolve(&uri, &ureq::Agent::config_builder().build(), limit(5)).expect("it is known");
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(count.load(Ordering::SeqCst), 0, "the resolver isn't needed");

        for host in ["localhosts", "xlocalhost", ".localhost", "localhost..", "localhost.example", "local", "", "."] {
            assert!(!is_loopback(host), "{host}");
        }
        for (host, expected) in [
            ("127.0.0.1", true),
            ("127.255.255.254", true),
            ("::1", true),
            ("[::1]", true),
            ("128.0.0.1", false),
            ("0.0.0.0", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("127.1", false),
            ("2130706433", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{host}");
        }
        assert_eq!(names.addresses("localhosts", PORT, limit(5)).expect("found"), [address("10.0.0.1")]);
    }

    #[test]
    fn a_name_is_resolved_once_for_all_threads() {
        let (names, count) = names(|_| Ok(vec![address("10.0.0.1")]));
        let all = Barrier::new(32);
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    all.wait();
                    assert_eq!(names.addresses("example.test", PORT, limit(60)).expect("found"), [address("10.0.0.1")]);
                });
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn stale_names_are_resolved_again() {
        let (names, count) = names(|n| Ok(vec![address(["10.0.0.1", "10.0.0.2"][n])]));
        names.addresses("example.test", PORT, limit(5)).expect("found");
        expire(&names);
        assert_eq!(names.addresses("example.test", PORT, limit(5)).expect("found"), [address("10.0.0.2")]);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn failed_or_slow_lookups_fall_back_on_old_addresses() {
        for slow in [false, true] {
            let (names, count) = names(move |n| match n {
                0 => Ok(vec![address("10.0.0.1")]),
                _ if slow => {
                    thread::sleep(Duration::from_secs(20));
                    Ok(vec![address("10.0.0.9")])
                }
                _ => Err(io::Error::other("no network")),
            });
            names.addresses("example.test", PORT, limit(5)).expect("found");
            expire(&names);
            let began = Instant::now();
            for _ in 0..3 {
                let found = names.addresses("example.test", PORT, limit(60)).expect("the old ones are there");
                assert_eq!(found, [address("10.0.0.1")]);
            }
            assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
            assert_eq!(count.load(Ordering::SeqCst), 2, "the next question waits a while");
        }
    }

    #[test]
    fn failed_first_lookups_name_the_host_and_end_in_time() {
        let (failing, _) = names(|_| Err(io::Error::other("no network")));
        let error = failing.addresses("example.test", PORT, limit(5)).expect_err("nothing is known");
        assert!(error.to_string().contains("example.test"), "{error}");
        let (slow, _) = names(|_| {
            thread::sleep(Duration::from_secs(60));
            Ok(Vec::new())
        });
        let began = Instant::now();
        let error = slow.addresses("example.test", PORT, limit(1)).expect_err("it takes too long");
        assert!(error.to_string().contains("example.test"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn address_families_alternate_after_the_last_working_address() {
        let [six, sixth, four, fourth] = ["::1", "::2", "10.0.0.1", "10.0.0.2"].map(address);
        assert_eq!(in_order(vec![six, sixth, four, fourth], None), [six, four, sixth, fourth]);
        assert_eq!(in_order(vec![four, six, sixth], None), [four, six, sixth]);
        assert_eq!(in_order(vec![six, sixth, four], Some(four)), [four, six, sixth]);
        assert_eq!(in_order(vec![six], Some(four)), [six], "it is gone");

        let (names, _) = names(move |_| Ok(vec![six, sixth, four]));
        names.addresses("example.test", PORT, limit(5)).expect("found");
        names.worked("example.test", PORT, four);
        assert_eq!(names.addresses("example.test", PORT, limit(5)).expect("found")[0], four);
        expire(&names);
        assert_eq!(names.addresses("example.test", PORT, limit(5)).expect("found")[0], four, "after a new look-up too");
        names.failed("example.test", PORT);
        assert_eq!(names.addresses("example.test", PORT, limit(5)).expect("found")[0], six);
    }
}
