//! `NO_PROXY`: the hosts that need no proxy, parsed as curl does.

use std::net::IpAddr;

/// Returns whether a list of hosts names this one.
///
/// Entries are separated by commas and spaces. A name matches itself and its subdomains, with or without a leading dot; `*`
/// matches everything; an address matches itself; `10.0.0.0/8` matches a network. An entry with a port matches that port.
pub(super) fn matches_no_proxy(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = host.parse().ok().map(plain);
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .any(|entry| matches(entry, host, address, port))
}

fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, only_port) = parts(entry);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match address {
        Some(address) => match name.split_once('/') {
            Some((network, bits)) => is_within(address, network, bits),
            None => name.parse().ok().map(plain) == Some(address),
        },
        None => {
            let name = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name).trim_end_matches('.');
            !name.is_empty() && is_or_is_below(host, name)
        }
    }
}

/// Splits an entry from its port.
fn parts(entry: &str) -> (&str, Option<u16>) {
    let Some((name, port)) = entry.rsplit_once(':') else { return (entry, None) };
    // An IPv6 address without brackets has colons too.
    if name.contains(':') && !name.ends_with(']') {
        return (entry, None);
    }
    match port.parse() {
        Ok(port) => (name, Some(port)),
        Err(_) => (entry, None),
    }
}

fn is_or_is_below(host: &str, name: &str) -> bool {
    let Some(at) = host.len().checked_sub(name.len()) else { return false };
    let (before, end) = host.as_bytes().split_at(at);
    end.eq_ignore_ascii_case(name.as_bytes()) && before.last().is_none_or(|byte| *byte == b'.')
}

fn is_within(address: IpAddr, network: &str, bits: &str) -> bool {
    let network = network.strip_prefix('[').and_then(|network| network.strip_suffix(']')).unwrap_or(network);
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let differing = u32::from(address) ^ u32::from(network);
            differing.leading_zeros() >= bits
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let differing = u128::from(address) ^ u128::from(network);
            differing.leading_zeros() >= bits
        }
        _ => false,
    }
}

/// Converts an IPv4-mapped IPv6 address.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::matches_no_proxy;

    #[test]
    fn hosts_are_matched_as_curl_matches_them() {
        for (list, host, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.COM", true),
            ("Example.Com", "a.b.example.com", true),
            (".example.com", "example.com", true),
            (".example.com", "a.example.com", true),
            ("*.example.com", "a.example.com", true),
            ("example.com.", "example.com", true),
            ("example.com", "example.com.", true),
            ("example.com", "notexample.com", false),
            ("a.example.com", "example.com", false),
            ("com", "example.com", true),
            ("localhost, .example.com", "a.example.com", true),
            ("localhost .example.com", "a.example.com", true),
            (" localhost ,\texample.com ", "example.com", true),
            ("localhost,,", "example.com", false),
            (",", "example.com", false),
            (".", "example.com", false),
            ("*", "example.com", true),
            ("a.test, *", "example.com", true),
            ("example.com:443", "example.com", true),
            ("example.com:8443", "example.com", false),
            ("*example.com", "example.com", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("0.0.1", "10.0.0.1", false),
            ("10.0.0.1:443", "10.0.0.1", true),
            ("10.0.0.1:80", "10.0.0.1", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/0", "11.0.0.1", true),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("10.0.0.1/33", "10.0.0.1", false),
            ("10.0.0.0/x", "10.0.0.1", false),
            ("10.0.0.0/8", "10.example.com", false),
            ("::1", "::1", true),
            ("[::1]", "[::1]", true),
            ("[::1]:443", "::1", true),
            ("[::1]:80", "::1", false),
            ("0:0::1", "::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("\u{e9}.example", "example.com", false),
        ] {
            assert_eq!(matches_no_proxy(list, host, 443), expected, "{list:?} and {host:?}");
        }
    }
}
