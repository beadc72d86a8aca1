//! From which networks each user has logged in.
//!
//! Only a right password makes an entry, so strangers can neither add entries nor push out those of others.

use std::collections::HashMap;

use super::{Draw, Who, bounded::Bounded};
use crate::address::Network;

/// How many names have a place.
const MOST_NAMES: usize = 65_536;
/// How many networks each name has.
const MOST_NETWORKS: usize = 8;
/// After so many seconds without a login from there, a network is not known any more: its addresses may be somebody else's.
const KNOWN_FOR: i64 = 90 * 24 * 3_600;

/// A name that has logged in.
#[derive(Debug)]
struct Good {
    /// A few bits that depend on the right password.
    mark: Option<u8>,
    /// The second of the last login.
    at: i64,
    /// The networks, and the second of the last login from each. The last one comes last.
    networks: Vec<(Network, i64)>,
}

/// All names that have logged in.
#[derive(Debug)]
pub(super) struct Known {
    names: Bounded<u64, Good>,
    /// How many names know each network.
    networks: HashMap<Network, usize>,
}

impl Known {
    pub(super) fn new() -> Self {
        Self::with_room(MOST_NAMES)
    }

    fn with_room(most: usize) -> Self {
        Self {
            names: Bounded::new(most),
            networks: HashMap::new(),
        }
    }

    /// Notes a login at this second. Without a mark, the mark stays as it is.
    pub(super) fn learn(&mut self, who: Who, mark: Option<u8>, at: i64, draw: &mut Draw<'_>) {
        let Some(good) = self.names.get_mut(&who.name) else {
            let good = Good {
                mark,
                at,
                networks: vec![(who.network, at)],
            };
            self.gain(who.network);
            if let Some((_, gone)) = self.names.add(who.name, good, |good| good.at as f64, draw) {
                gone.networks.iter().for_each(|(network, _)| self.lose(*network));
            }
            return;
        };
        good.mark = mark.or(good.mark);
        good.at = good.at.max(at);
        let before = good.networks.len();
        good.networks.retain(|(network, _)| *network != who.network);
        let is_new = good.networks.len() == before;
        good.networks.push((who.network, at));
        let oldest = (good.networks.len() > MOST_NETWORKS).then(|| good.networks.remove(0).0);
        if is_new {
            self.gain(who.network);
        }
        if let Some(oldest) = oldest {
            self.lose(oldest);
        }
    }

    /// Whether this name has logged in from this network, as of this second.
    pub(super) fn has(&self, who: Who, now: i64) -> bool {
        let good = self.names.get(&who.name);
        let mut networks = good.into_iter().flat_map(|good| &good.networks);
        networks.any(|(network, at)| *network == who.network && now.saturating_sub(*at) <= KNOWN_FOR)
    }

    /// Whether anybody has logged in from this network.
    pub(super) fn has_network(&self, network: Network) -> bool {
        self.networks.contains_key(&network)
    }

    /// The mark of a name's last login.
    pub(super) fn mark(&self, name: u64) -> Option<u8> {
        self.names.get(&name)?.mark
    }

    fn gain(&mut self, network: Network) {
        *self.networks.entry(network).or_default() += 1;
    }

    fn lose(&mut self, network: Network) {
        if let Some(names) = self.networks.get_mut(&network) {
            *names -= 1;
            if *names == 0 {
                self.networks.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::ids::SystemEntropy;

    use super::*;
    use crate::address::ClientAddress;

    fn who(name: u64, address: u32) -> Who {
        let address = std::net::Ipv4Addr::from_bits(address);
        Who {
            name,
            network: ClientAddress::of(address.into()).network(),
        }
    }

    #[test]
    fn a_login_makes_its_name_and_network_known() {
        let (mut known, mut draw) = (Known::new(), Draw::from(&SystemEntropy));
        known.learn(who(1, 1), Some(7), 100, &mut draw);
        known.learn(who(1, 2), None, 101, &mut draw);
        assert!(known.has(who(1, 1), 102) && known.has(who(1, 2), 102));
        assert!(!known.has(who(2, 1), 102) && !known.has(who(1, 3), 102));
        assert!(known.has_network(who(0, 1).network) && !known.has_network(who(0, 3).network));
        assert_eq!((known.mark(1), known.mark(2)), (Some(7), None));
        assert!(!known.has(who(1, 1), 102 + KNOWN_FOR), "too long ago");
    }

    #[test]
    fn one_user_with_many_addresses_pushes_out_only_own_ones() {
        let (mut known, mut draw) = (Known::with_room(10), Draw::from(&SystemEntropy));
        known.learn(who(1, 1), Some(1), 100, &mut draw);
        for address in 2..1_000 {
            known.learn(who(2, address), Some(2), 100, &mut draw);
        }
        assert!(known.has(who(1, 1), 100));
        assert!(known.has(who(2, 999), 100) && !known.has(who(2, 2), 100));
        assert_eq!(known.networks.len(), 1 + MOST_NETWORKS);
    }

    #[test]
    fn networks_are_forgotten_with_the_names_that_know_them() {
        let (mut known, mut draw) = (Known::with_room(10), Draw::from(&SystemEntropy));
        for number in 0..1_000 {
            known.learn(who(u64::from(number), number), None, i64::from(number), &mut draw);
            known.learn(who(u64::from(number), 77), None, i64::from(number), &mut draw);
        }
        assert_eq!(known.names.len(), 10);
        let of_names: usize = known.names.iter().map(|(_, good)| good.networks.len()).sum();
        assert_eq!(known.networks.values().sum::<usize>(), of_names);
        assert!(known.networks.len() <= 11);
        assert!(known.has_network(who(0, 77).network));
    }
}
