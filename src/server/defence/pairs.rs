//! The failures of each pair of a name and a network, which are also found by the name.

use std::{collections::BTreeSet, time::Duration};

use super::{Draw, Who, bounded::Bounded, failures::Score};
use crate::address::Network;

/// The failures of a name from a network.
#[derive(Debug)]
pub(super) struct OfPair {
    pub(super) score: Score,
    /// When the network may try the name again, if it is throttled.
    pub(super) next: Duration,
}

/// The pairs that have a place.
#[derive(Debug)]
pub(super) struct Pairs {
    pairs: Bounded<Who, OfPair>,
    /// The same pairs, the name first.
    by_name: BTreeSet<(u64, Network)>,
}

impl Pairs {
    pub(super) fn new(most: usize) -> Self {
        Self {
            pairs: Bounded::new(most),
            by_name: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, who: Who) -> Option<&OfPair> {
        self.pairs.get(&who)
    }

    pub(super) fn get_mut(&mut self, who: Who) -> Option<&mut OfPair> {
        self.pairs.get_mut(&who)
    }

    /// Counts a failure of a pair. Returns how many there are now.
    pub(super) fn count(&mut self, who: Who, now: Duration, draw: &mut Draw<'_>) -> f64 {
        if let Some(pair) = self.pairs.get_mut(&who) {
            pair.score.add(1.0, now);
            return pair.score.now(now);
        }
        let fresh = OfPair {
            score: Score::one(now),
            next: Duration::ZERO,
        };
        if let Some((gone, _)) = self.pairs.add(who, fresh, |pair| pair.score.now(now), draw) {
            self.by_name.remove(&(gone.name, gone.network));
        }
        self.by_name.insert((who.name, who.network));
        1.0
    }

    /// Takes all pairs of a name out. This costs as much as the name has pairs.
    pub(super) fn take(&mut self, name: u64) -> Vec<(Network, OfPair)> {
        let later = self.by_name.range((name, Network::LEAST)..);
        let of_name = later.take_while(|(of, _)| *of == name);
        let networks: Vec<Network> = of_name.map(|(_, network)| *network).collect();
        let mut taken = Vec::with_capacity(networks.len());
        for network in networks {
            self.by_name.remove(&(name, network));
            let pair = self.pairs.remove(&Who { name, network });
            taken.extend(pair.map(|pair| (network, pair)));
        }
        taken
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.pairs.len(), self.by_name.len());
        self.pairs.len()
    }
}

#[cfg(test)]
mod tests {
    use ledger::ids::SystemEntropy;

    use super::*;
    use crate::address::ClientAddress;

    fn who(name: u64, address: u128) -> Who {
        let address = std::net::Ipv6Addr::from_bits(address);
        Who {
            name,
            network: ClientAddress::of(address.into()).network(),
        }
    }

    #[test]
    fn a_name_loses_its_pairs_and_no_others_whatever_was_pushed_out() {
        let mut draw = Draw::from(&SystemEntropy);
        let mut pairs = Pairs::new(100);
        // The first and the last address, and IPv4.
        let addresses = [0, u128::MAX, 0xffff_0000_0000, 0xffff_ffff_ffff];
        for name in [0, 1, u64::MAX] {
            for address in addresses {
                pairs.count(who(name, address), Duration::ZERO, &mut draw);
            }
        }
        assert_eq!(pairs.take(1).len(), addresses.len());
        assert_eq!(pairs.take(1).len(), 0);
        assert_eq!(pairs.len(), 2 * addresses.len());
        for name in 0..1_000 {
            let address = u128::from(name % 7) << 64;
            pairs.count(who(name, address), Duration::ZERO, &mut draw);
        }
        assert_eq!(pairs.len(), 100);
        let left: usize = (0..1_000)
            .chain([u64::MAX])
            .map(|name| pairs.take(name).len())
            .sum();
        assert_eq!((left, pairs.len()), (100, 0));
    }
}
