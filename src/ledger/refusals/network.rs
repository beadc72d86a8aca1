//! The addresses that count as one client.

use std::net::{IpAddr, Ipv6Addr};

/// The network of an address: one client with IPv6 usually has a whole /64. An IPv4 address stands for itself.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}
