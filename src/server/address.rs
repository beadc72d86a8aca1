//! The address from which a client asks, also if proxies pass its request on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ledger::network_of;

/// The header in which each proxy adds the address from which it got the request, at the right end.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client that made a request. An IPv4 address that is written as an IPv6 address (`::ffff:192.0.2.1`) is that IPv4
/// address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

/// The addresses that count as one client: one IPv4 address, or a network of IPv6 addresses with a prefix of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network that comes first in their order.
    pub(crate) const LEAST: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
}

impl ClientAddress {
    /// The client with this address.
    pub fn of(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The network of the client. A client can use each address of it, so all of them count as one.
    pub fn network(self) -> Network {
        Network(network_of(self.0))
    }
}

/// The proxies whose header `X-Forwarded-For` the server believes: a list of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Range>);

/// The addresses that begin with these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    prefix: u32,
}

impl Proxies {
    /// Reads addresses and networks that are separated by commas: `10.0.0.0/8, 2001:db8::1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
        ranges
            .map(Range::parse)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| {
                "must be addresses and networks such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32".to_owned()
            })
    }

    /// The client of a request that came from `peer` with these headers. If a proxy passed it on, the header's last address that is no
    /// proxy is the client: the client itself may have sent the addresses to the left of it. If the server meets a malformed address first,
    /// the client is the peer.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = ClientAddress::of(peer.ip());
        if !self.has(peer) {
            return peer;
        }
        let mut client = peer;
        for value in headers.get_all(FORWARDED_FOR).iter().rev() {
            for hop in value.as_bytes().rsplit(|byte| *byte == b',') {
                let hop = hop.trim_ascii();
                if hop.is_empty() {
                    continue;
                }
                let Some(address) = hop_of(hop) else {
                    return peer;
                };
                client = ClientAddress::of(address);
                if !self.has(client) {
                    return client;
                }
            }
        }
        client
    }

    fn has(&self, client: ClientAddress) -> bool {
        self.0.iter().any(|range| range.has(client.0))
    }
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse::<IpAddr>().ok()?, Some(digits(prefix)?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let first = address.to_canonical();
        let is_mapped = first != address;
        let prefix = match prefix {
            // The prefix counts the 96 bits before the IPv4 address, too.
            Some(prefix) if is_mapped => prefix.checked_sub(96)?,
            Some(prefix) => prefix,
            None => bits(first),
        };
        let range = Self { first, prefix };
        // The bits after the prefix mean nothing.
        let first = range.cut(first);
        (prefix <= bits(first)).then_some(Self { first, prefix })
    }

    fn has(self, address: IpAddr) -> bool {
        self.cut(address) == self.first
    }

    /// The address without what follows the prefix.
    fn cut(self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => {
                let cut = u32::MAX
                    .checked_shl(32_u32.saturating_sub(self.prefix))
                    .unwrap_or(0);
                IpAddr::V4((address.to_bits() & cut).into())
            }
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(masked(address.to_bits(), self.prefix))),
        }
    }
}

/// The first `prefix` bits; the others are 0.
fn masked(bits: u128, prefix: u32) -> u128 {
    bits & u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0)
}

fn bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// A number that is written with digits only.
fn digits(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The address of one hop. Some proxies add the port.
fn hop_of(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?;
    let with_port = || Some(hop.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || {
        let address = hop.strip_prefix('[')?.strip_suffix(']')?;
        Some(IpAddr::V6(address.parse().ok()?))
    };
    hop.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        let client = Proxies::parse(trusted).unwrap().client(peer, &headers);
        client.ip().to_string()
    }

    #[test]
    fn without_a_trusted_proxy_the_peer_is_the_client() {
        for trusted in ["", "192.0.2.2", "10.0.0.0/8, ::1"] {
            assert_eq!(client(trusted, "192.0.2.1", &[b"198.51.100.7"]), "192.0.2.1");
        }
    }

    #[test]
    fn the_last_hop_that_is_no_proxy_is_the_client() {
        let trusted = "10.0.0.0/8, 2001:db8::/32";
        for (forwarded, expected) in [
            (&[&b"198.51.100.7"[..]][..], "198.51.100.7"),
            (&[b"1.2.3.4, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            (&[b"1.2.3.4", b"198.51.100.7 , 2001:db8::5"], "198.51.100.7"),
            (&[b"198.51.100.7:4711"], "198.51.100.7"),
            (&[b"[2001:db9::7]:4711"], "2001:db9::7"),
            (&[b"[2001:db9::7]"], "2001:db9::7"),
            (&[b"::ffff:198.51.100.7"], "198.51.100.7"),
            (&[b"::ffff:10.1.1.1"], "10.1.1.1"),
            // Everybody on the way is a proxy, so the first of them asks.
            (&[b"10.7.7.7, 10.1.1.1"], "10.7.7.7"),
            (&[b", ,198.51.100.7,,"], "198.51.100.7"),
            (&[b""], "10.0.0.9"),
            (&[], "10.0.0.9"),
        ] {
            assert_eq!(client(trusted, "10.0.0.9", forwarded), expected, "{forwarded:?}");
            assert_eq!(
                client(trusted, "::ffff:10.0.0.9", forwarded),
                expected,
                "{forwarded:?}"
            );
        }
    }

    #[test]
    fn what_a_client_sends_itself_does_not_hide_its_address() {
        for sent in [
            &b"garbage"[..],
            b"\xff\xfe",
            b"10.0.0.1",
            b"198.51.100.7, unknown",
            b"%",
            b"1.2.3.4/8",
        ] {
            let added = [sent, b", 203.0.113.5"].concat();
            assert_eq!(
                client("10.0.0.0/8", "10.0.0.9", &[&added]),
                "203.0.113.5",
                "{sent:?}"
            );
            assert_eq!(
                client("10.0.0.0/8", "10.0.0.9", &[sent, b"203.0.113.5"]),
                "203.0.113.5",
                "{sent:?}"
            );
        }
    }

    #[test]
    fn a_malformed_hop_leaves_the_peer() {
        for hop in [
            &b"unknown"[..],
            b"_hidden",
            b"1.2.3",
            b"010.1.2.3",
            b"1.2.3.4:",
            b"1.2.3.4:70000",
            b"fe80::1%eth0",
            b"\"1.2.3.4\"",
            b"\xff",
            b"1.2.3.4 5.6.7.8",
        ] {
            for forwarded in [
                hop.to_vec(),
                [b"198.51.100.7, ", hop].concat(),
                [hop, b", 10.2.2.2"].concat(),
            ] {
                let text = String::from_utf8_lossy(&forwarded).into_owned();
                assert_eq!(
                    client("10.0.0.0/8", "10.0.0.9", &[&forwarded]),
                    "10.0.0.9",
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn networks_are_read_and_mistakes_refused() {
        for good in [
            "",
            " 192.0.2.1 ",
            "0.0.0.0/0",
            "::/0",
            "::1/128",
            "::ffff:10.0.0.0/104",
            "10.0.0.0/8,,",
        ] {
            assert!(Proxies::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "localhost",
            "*",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "10.0.0.0 10.0.0.1",
            "::ffff:10.0.0.0/95",
            "10.0.0.0/4294967304",
        ] {
            assert!(Proxies::parse(bad).is_err(), "{bad}");
        }
        for same in ["::ffff:10.0.0.0/104", "10.1.2.3/8"] {
            assert_eq!(Proxies::parse(same), Proxies::parse("10.0.0.0/8"), "{same}");
        }
    }

    #[test]
    fn a_network_of_one_family_has_no_address_of_the_other() {
        assert_eq!(client("0.0.0.0/0", "2001:db8::1", &[b"1.2.3.4"]), "2001:db8::1");
        assert_eq!(client("::/0", "192.0.2.1", &[b"1.2.3.4"]), "192.0.2.1");
        assert_eq!(client("0.0.0.0/0", "192.0.2.1", &[b"1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn a_client_has_one_address_of_ipv4_and_64_bits_of_ipv6() {
        let network = |text: &str| ClientAddress::of(text.parse().unwrap()).network();
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("::1"), network("127.0.0.1"));
    }
}
